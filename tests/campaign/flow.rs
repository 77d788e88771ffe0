//! A flow: what a user does, from a beginning that nothing disturbs to an end that must always come.

use futures::future::LocalBoxFuture;
use serde_json::Value;

use crate::stage::Stage;

/// A part of a flow.
pub type Step = for<'a> fn(&'a mut Stage) -> LocalBoxFuture<'a, ()>;

/// A flow.
#[derive(Clone, Copy)]
pub struct Flow {
    /// What it is called.
    pub name: &'static str,
    /// What is there when it begins.
    pub set_up: Step,
    /// What the user does, until its end has come. Each call in it is a point.
    pub act: Step,
    /// What a fault may leave.
    pub traces: &'static [Trace],
}

/// A field in which a fault may leave its trace, and rightly so.
#[derive(Clone, Copy)]
pub struct Trace {
    /// The kind of the object.
    pub kind: &'static str,
    /// Where it is in the object.
    pub at: &'static str,
    /// Its values that are right; others are shown.
    pub values: &'static [&'static str],
}

impl Trace {
    /// Hides a value that is right.
    pub fn hide(&self, object: &mut Value) {
        if let Some(value) = object.pointer_mut(self.at)
            && self.values.iter().any(|right| *value == *right)
        {
            *value = Value::from(self.values.join(" or "));
        }
    }
}
