//! The JSON merge patch that leads from one value to another (RFC 7396).

use serde_json::{Map, Value};

/// The patch that makes `new` out of `old`; `None` where they are equal.
pub fn between(old: &Value, new: &Value) -> Option<Value> {
    if old == new {
        return None;
    }
    let (Value::Object(old), Value::Object(new)) = (old, new) else {
        return Some(new.clone());
    };
    let gone = old
        .keys()
        .filter(|key| !new.contains_key(*key))
        .map(|key| (key.clone(), Value::Null));
    let changed = new.iter().filter_map(|(key, value)| {
        let patch = match old.get(key) {
            Some(before) => between(before, value)?,
            None => value.clone(),
        };
        Some((key.clone(), patch))
    });
    Some(Value::Object(gone.chain(changed).collect::<Map<_, _>>()))
}

/// The path of the first field that a patch set and that is not in what came of it. Values may have been
/// brought into another form; a field that is gone was dropped.
pub fn dropped(patch: &Value, kept: &Value) -> Option<String> {
    match (patch, kept) {
        (Value::Object(patch), Value::Object(kept)) => patch
            .iter()
            .filter(|(_, value)| !value.is_null())
            .find_map(|(key, value)| {
                let Some(kept) = kept.get(key) else {
                    return Some(key.clone());
                };
                Some(format!("{key}.{}", dropped(value, kept)?))
            }),
        (Value::Array(patch), Value::Array(kept)) => patch
            .iter()
            .zip(kept)
            .find_map(|(patch, kept)| dropped(patch, kept)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// RFC 7396, section 2.
    fn apply(target: Value, patch: &Value) -> Value {
        let Value::Object(patch) = patch else {
            return patch.clone();
        };
        let mut target = if let Value::Object(map) = target {
            map
        } else {
            Map::new()
        };
        for (key, value) in patch {
            if value.is_null() {
                target.remove(key);
            } else {
                let before = target.remove(key).unwrap_or(Value::Null);
                target.insert(key.clone(), apply(before, value));
            }
        }
        Value::Object(target)
    }

    fn object() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            "[a-c]{0,2}".prop_map(Value::from),
            any::<u8>().prop_map(Value::from)
        ];
        let value = leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a-c]", inner, 0..3)
                    .prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        });
        prop::collection::btree_map("[a-d]", value, 0..4)
            .prop_map(|m| Value::Object(m.into_iter().collect()))
    }

    proptest! {
        #[test]
        fn applying_the_patch_gives_the_new_value(old in object(), new in object()) {
            if let Some(patch) = between(&old, &new) {
                prop_assert_eq!(dropped(&patch, &new), None);
                prop_assert_eq!(apply(old, &patch), new);
            } else {
                prop_assert_eq!(old, new);
            }
        }
    }

    #[test]
    fn a_field_that_is_not_kept_is_named() {
        let patch = json!({"a": null, "b": {"c": 2, "d": 3}, "e": [{"f": 1}]});
        let kept = json!({"b": {"c": 2, "d": 3}, "e": [{"f": "1"}], "g": 0});
        assert_eq!(dropped(&patch, &kept), None);
        for (kept, path) in [
            (json!({"b": {"c": 2}, "e": [{"f": 1}]}), "b.d"),
            (json!({"b": {"c": 2, "d": 3}}), "e"),
            (json!({"b": {"c": 2, "d": 3}, "e": [{}]}), "e.f"),
        ] {
            assert_eq!(dropped(&patch, &kept).as_deref(), Some(path));
        }
    }

    #[test]
    fn what_is_equal_is_not_sent() {
        let old = json!({"a": 1, "b": {"c": 2, "d": 3}, "e": [1]});
        let new = json!({"a": 1, "b": {"c": 2, "d": 4}});
        assert_eq!(between(&old, &new), Some(json!({"b": {"d": 4}, "e": null})));
        assert_eq!(between(&new, &new), None);
    }
}
