//! One line in the log for each change that was asked of a provider: for which object, what was there
//! before, what was asked for, and what came of it. What is secret is not in it.

use std::fmt::Write as _;

use kube::{Resource, ResourceExt as _};
use serde_json::{Value, json};

use super::Reporter;
use crate::provider::{ClientId, Mark, Owner, ProviderError, Shown};

/// Where the lines stand in the filter of `--log`.
pub const TARGET: &str = "livestream_operator::changes";

/// A change that was asked of a provider.
#[derive(Clone, Debug)]
pub struct Change {
    what: &'static str,
    id: Option<String>,
    before: Shown,
    after: Shown,
}

/// What came of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeResult {
    /// It was carried out.
    Done,
    /// It was not carried out, for certain.
    Refused(String),
    /// It may or may not have been carried out.
    Unknown(String),
}

impl Change {
    /// One that is called so, about the thing with this id.
    pub fn of(what: &'static str, id: &impl ToString) -> Self {
        Self {
            id: Some(id.to_string()),
            ..Self::unnamed(what)
        }
    }

    /// One about a thing whose id is not known.
    pub fn unnamed(what: &'static str) -> Self {
        Self {
            what,
            id: None,
            before: Shown::new(),
            after: Shown::new(),
        }
    }

    /// The same, about the thing with this id, where that is known.
    #[must_use]
    pub fn named(mut self, id: Option<impl ToString>) -> Self {
        self.id = id.map(|id| id.to_string());
        self
    }

    /// What was there before.
    #[must_use]
    pub fn from(mut self, before: Shown) -> Self {
        self.before = before;
        self
    }

    /// What was asked for. Of what was there before only the same names are told.
    #[must_use]
    pub fn to(mut self, after: Shown) -> Self {
        self.before.retain(|name, _| after.contains_key(name));
        self.after = after;
        self
    }

    /// One word about it before and after.
    #[must_use]
    pub fn word(mut self, name: &str, before: impl Into<Value>, after: impl Into<Value>) -> Self {
        self.before.insert(name.to_owned(), before.into());
        self.after.insert(name.to_owned(), after.into());
        self
    }

    /// The owner's mark before and after.
    #[must_use]
    pub fn mark(self, before: &Mark, after: &Mark) -> Self {
        self.word("owner", marked(before), marked(after))
    }
}

fn marked(mark: &Mark) -> Value {
    let name = |owner: &Owner| {
        let Owner {
            cluster,
            namespace,
            name,
            uid,
        } = owner;
        format!("{namespace}/{name} uid {uid} cluster {cluster}")
    };
    match mark {
        Mark::None => Value::Null,
        Mark::Owned(owner) => json!(name(owner)),
        Mark::Released(owner) => json!(format!("released by {}", name(owner))),
        Mark::Unreadable => json!("unreadable"),
    }
}

impl ChangeResult {
    /// What the answer to a call says.
    pub fn of<T>(result: &Result<T, ProviderError>) -> Self {
        match result {
            Ok(_) => Self::Done,
            Err(error) if error.refused_for_certain() => Self::Refused(error.to_string()),
            Err(error) => Self::Unknown(error.to_string()),
        }
    }

    fn label(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused(_) => "refused",
            Self::Unknown(_) => "unknown",
        }
    }

    fn error(&self) -> Option<&str> {
        match self {
            Self::Done => None,
            Self::Refused(error) | Self::Unknown(error) => Some(error),
        }
    }
}

impl Reporter {
    /// Tells and counts a change that was asked of a provider for an object.
    pub fn changed<K: Resource<DynamicType = ()>>(
        &self,
        object: &K,
        client: &ClientId,
        change: &Change,
        result: &ChangeResult,
    ) {
        self.metrics.change(change.what, result.label());
        tracing::info!(
            target: TARGET,
            change = change.what,
            result = result.label(),
            error = result.error(),
            kind = %K::kind(&()),
            namespace = object.namespace().unwrap_or_default(),
            name = object.name_any(),
            uid = object.uid().unwrap_or_default(),
            generation = object.meta().generation,
            client = client.as_str(),
            id = change.id,
            before = text(&change.before),
            after = text(&change.after),
            "a change at the provider"
        );
    }
}

/// As JSON in which no character moves a terminal; `None` where there is nothing.
fn text(shown: &Shown) -> Option<String> {
    if shown.is_empty() {
        return None;
    }
    let json = Value::Object(shown.clone()).to_string();
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        let turns = matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if character.is_control() || turns {
            // None of these needs more than four digits.
            let _ = write!(text, "\\u{:04x}", u32::from(character));
        } else {
            text.push(character);
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: Value) -> Shown {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn of_what_was_before_only_what_is_changed_is_told() {
        let change = Change::of("update", &7)
            .from(shown(json!({"active": true, "displayName": "A"})))
            .to(shown(json!({"active": false, "autoRecord": true})));
        assert_eq!(change.before, shown(json!({"active": true})));
        let after = shown(json!({"active": false, "autoRecord": true}));
        assert_eq!(change.after, after);
        assert_eq!(change.id.as_deref(), Some("7"));
    }

    #[test]
    fn values_stay_json_and_move_no_terminal() {
        let wild = shown(json!({"displayName": "a\n\u{1b}[31m\u{9b}31m\u{202e}\"b"}));
        let text = text(&wild).unwrap();
        assert!(!text.chars().any(char::is_control), "{text:?}");
        assert!(!text.contains('\u{202e}'), "{text:?}");
        assert_eq!(serde_json::from_str::<Shown>(&text).unwrap(), wild);
    }

    #[test]
    fn what_is_not_certain_is_not_said_to_be() {
        let unavailable = ProviderError::Unavailable {
            what: "no answer in time".to_owned(),
        };
        let refused = ProviderError::RateLimited { retry_after: None };
        let label = |result: Result<(), ProviderError>| ChangeResult::of(&result).label();
        let labels = [Ok(()), Err(unavailable), Err(refused)].map(label);
        assert_eq!(labels, ["done", "unknown", "refused"]);
    }
}
