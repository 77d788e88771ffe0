//! A flow: what a user does, from a beginning that nothing disturbs to an end that must always come.

use futures::future::LocalBoxFuture;
use serde_json::Value;

use crate::{provider::At, stage::Stage};

/// A part of a flow.
pub type Step = for<'a> fn(&'a mut Stage) -> LocalBoxFuture<'a, ()>;

/// A flow.
#[derive(Clone, Copy)]
pub struct Flow {
    /// What it is called.
    pub name: &'static str,
    /// Where it runs.
    pub at: At,
    /// What is there when it begins.
    pub set_up: Step,
    /// What the user does, until its end has come. Each call in it is a point.
    pub act: Step,
    /// What a fault may leave.
    pub traces: &'static [Trace],
}

impl Flow {
    /// The same at another provider.
    pub fn at(self, at: At) -> Self {
        Self { at, ..self }
    }

    /// What it is called, and where it runs.
    pub fn title(&self) -> String {
        format!("{}{}", self.at.prefix(), self.name)
    }
}

/// Fields in which a fault may leave its trace, and rightly so.
#[derive(Clone, Copy)]
pub struct Trace {
    /// Where they are in a picture.
    pub at: &'static [&'static str],
    /// Their values that are right together; others are shown.
    pub values: &'static [&'static [&'static str]],
}

impl Trace {
    /// Hides values that are right.
    pub fn hide(&self, picture: &mut Value) {
        let text = |at: &&str| picture.pointer(at).map(text).unwrap_or_default();
        let found: Vec<String> = self.at.iter().map(text).collect();
        let right = |values: &&&[&str]| values.iter().copied().eq(found.iter().map(String::as_str));
        if !self.values.iter().any(|values| right(&values)) {
            return;
        }
        for at in self.at {
            if let Some(value) = picture.pointer_mut(at) {
                *value = Value::from(format!("one of {:?}", self.values));
            }
        }
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
