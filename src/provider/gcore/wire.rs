//! What Gcore's API sends, as leniently as it can be read: unknown fields are passed over, a field
//! that is missing, null or of another type is `None`, a number may come as text and text as a
//! number. Field names: API spec, schema `stream`; `recording` and `transcoding_region` stand
//! only in older texts and real answers.
//!
//! Secret fields go into [`Secret`] at once, and nothing here has a `Debug`.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

pub(super) use crate::provider::http::body::{Page, object};
use crate::secret::Secret;

/// A stream.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Stream {
    #[serde(deserialize_with = "id")]
    pub(super) id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) name: Option<String>,
    #[serde(deserialize_with = "boolean")]
    pub(super) active: Option<bool>,
    #[serde(deserialize_with = "boolean")]
    pub(super) auto_record: Option<bool>,
    #[serde(deserialize_with = "boolean")]
    pub(super) pull: Option<bool>,
    #[serde(deserialize_with = "secret")]
    pub(super) uri: Option<Secret>,
    #[serde(deserialize_with = "secret")]
    pub(super) srt_passphrase: Option<Secret>,
    #[serde(deserialize_with = "boolean")]
    pub(super) dvr_enabled: Option<bool>,
    #[serde(deserialize_with = "integer")]
    pub(super) dvr_duration: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub(super) record_type: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) projection: Option<String>,
    #[serde(deserialize_with = "boolean")]
    pub(super) html_overlay: Option<bool>,
    #[serde(deserialize_with = "boolean")]
    pub(super) hls_mpegts_endlist_tag: Option<bool>,
    #[serde(deserialize_with = "integer")]
    pub(super) cdn_id: Option<i64>,
    #[serde(deserialize_with = "integer")]
    pub(super) quality_set_id: Option<i64>,
    #[serde(deserialize_with = "integer")]
    pub(super) client_user_id: Option<i64>,
    pub(super) client_entity_data: EntityData,
    #[serde(deserialize_with = "text")]
    pub(super) transcoding_region: Option<String>,
    #[serde(deserialize_with = "boolean")]
    pub(super) live: Option<bool>,
    #[serde(deserialize_with = "boolean")]
    pub(super) backup_live: Option<bool>,
    #[serde(deserialize_with = "boolean")]
    pub(super) recording: Option<bool>,
    #[serde(deserialize_with = "text")]
    pub(super) started_at_primary: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) started_at_backup: Option<String>,
    pub(super) broadcast_ids: Ids,
    #[serde(deserialize_with = "secret")]
    pub(super) push_url: Option<Secret>,
    #[serde(deserialize_with = "secret")]
    pub(super) backup_push_url: Option<Secret>,
    #[serde(deserialize_with = "secret")]
    pub(super) push_url_srt: Option<Secret>,
    #[serde(deserialize_with = "secret")]
    pub(super) backup_push_url_srt: Option<Secret>,
    #[serde(deserialize_with = "secret")]
    pub(super) push_url_whip: Option<Secret>,
    #[serde(deserialize_with = "text")]
    pub(super) hls_cmaf_url: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) hls_mpegts_url: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) dash_url: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) iframe_url: Option<String>,
}

/// The field that holds the owner mark, where it matters whether nothing stands there or nothing is
/// shown.
#[derive(Default)]
pub(super) enum EntityData {
    /// The field is not there.
    #[default]
    Missing,
    /// Text; null is none.
    Text(String),
    /// Something else.
    WrongType,
}

impl<'de> Deserialize<'de> for EntityData {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Value::deserialize(deserializer)? {
            Value::Null => Self::Text(String::new()),
            Value::String(text) => Self::Text(text),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                Self::WrongType
            }
        })
    }
}

/// What `start_recording` answers when there is something to say about it: warnings, and even
/// errors, in a success. Both are lists of objects.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Started {
    pub(super) data: Value,
    pub(super) warnings: Value,
    pub(super) errors: Value,
}

/// A video (schema `video`), without what a client of this operator does not need: its `slug`,
/// `origin_url` and name stay where they are.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Video {
    #[serde(deserialize_with = "id")]
    pub(super) id: Option<String>,
    #[serde(deserialize_with = "id")]
    pub(super) stream_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) status: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) recording_started_at: Option<String>,
    /// Milliseconds.
    #[serde(deserialize_with = "integer")]
    pub(super) duration: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub(super) hls_url: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) hls_cmaf_url: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) dash_url: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) iframe_url: Option<String>,
    /// Text, by the schema; nothing that is said here may be lost.
    pub(super) error: Value,
}

/// A broadcast (SDK for Python, which alone has its `id`).
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Broadcast {
    #[serde(deserialize_with = "id")]
    pub(super) id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) name: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) status: Option<String>,
    pub(super) stream_ids: Ids,
    #[serde(deserialize_with = "text_or_empty")]
    pub(super) share_url: Option<String>,
    #[serde(deserialize_with = "text_or_empty")]
    pub(super) custom_iframe_url: Option<String>,
    #[serde(deserialize_with = "text_or_empty")]
    pub(super) pending_message: Option<String>,
    #[serde(deserialize_with = "boolean")]
    pub(super) show_dvr_after_finish: Option<bool>,
    #[serde(deserialize_with = "integer")]
    pub(super) ad_id: Option<i64>,
    #[serde(deserialize_with = "integer")]
    pub(super) player_id: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub(super) iframe_url: Option<String>,
}

/// A list of ids, with `None` for each that cannot be read; `None` where it is not shown.
#[derive(Default)]
pub(super) struct Ids(pub(super) Option<Vec<Option<String>>>);

impl<'de> Deserialize<'de> for Ids {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Value::deserialize(deserializer)? {
            Value::Array(ids) => Some(ids.into_iter().map(id_of).collect()),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_) => None,
        }))
    }
}

/// Whose key it is: `GET /iam/clients/me`.
#[derive(Deserialize)]
pub(super) struct Client {
    #[serde(default, deserialize_with = "id")]
    pub(super) id: Option<String>,
}

/// An id: a whole number or its digits (API spec: a number).
fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(id_of(Value::deserialize(deserializer)?))
}

fn id_of(value: Value) -> Option<String> {
    match value {
        Value::Number(number) => number.as_u64().map(|number| number.to_string()),
        Value::String(text) => {
            let digits = (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
            digits.then_some(text)
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    })
}

/// Text, where null is the empty one.
fn text_or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Null => Some(String::new()),
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    })
}

/// Text that is not empty.
fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    let text = text(deserializer)?.filter(|text| !text.is_empty());
    Ok(text.map(Secret::new))
}

fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    })
}

fn boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Bool(value) => Some(value),
        Value::Number(number) => match number.as_i64() {
            Some(0) => Some(false),
            Some(1) => Some(true),
            _ => None,
        },
        Value::String(text) => text.trim().to_ascii_lowercase().parse().ok(),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::provider::http::body::LONGEST_PAGE;

    fn read(value: Value) -> Stream {
        object(value).unwrap()
    }

    #[test]
    fn a_field_of_any_type_is_read_or_passed_over() {
        let odd = read(json!({
            "id": "320423", "name": 7, "active": "True", "pull": 0, "dvr_duration": "3600",
            "client_user_id": "12", "cdn_id": 1.5, "html_overlay": 2, "record_type": ["origin"],
            "uri": "", "srt_passphrase": null, "live": {}, "unheard_of": {"a": [1]},
        }));
        assert_eq!(odd.id.as_deref(), Some("320423"));
        assert_eq!(odd.name.as_deref(), Some("7"));
        assert_eq!(
            (odd.active, odd.pull, odd.html_overlay),
            (Some(true), Some(false), None)
        );
        assert_eq!(
            (odd.dvr_duration, odd.client_user_id, odd.cdn_id),
            (Some(3600), Some(12), None)
        );
        assert!(odd.uri.is_none() && odd.srt_passphrase.is_none() && odd.live.is_none());
        assert!(odd.record_type.is_none());
        assert!(read(json!({})).id.is_none());
    }

    #[test]
    fn an_id_is_a_whole_number() {
        for good in [json!(0), json!(u64::MAX), json!("007")] {
            assert!(read(json!({ "id": good })).id.is_some(), "{good}");
        }
        for bad in [
            json!(null),
            json!(-1),
            json!(1.5),
            json!(""),
            json!(".."),
            json!("12a"),
            json!("1".repeat(21)),
            json!([1]),
        ] {
            assert!(read(json!({ "id": bad })).id.is_none(), "{bad}");
        }
    }

    #[test]
    fn nothing_said_is_not_nothing_there() {
        let data = |value| read(value).client_entity_data;
        assert!(matches!(data(json!({})), EntityData::Missing));
        assert!(
            matches!(data(json!({"client_entity_data": null})), EntityData::Text(t) if t.is_empty())
        );
        assert!(
            matches!(data(json!({"client_entity_data": "a"})), EntityData::Text(t) if t == "a")
        );
        for wrong in [json!(7), json!(true), json!([]), json!({})] {
            let value = json!({ "client_entity_data": wrong });
            assert!(matches!(data(value), EntityData::WrongType));
        }
    }

    #[test]
    fn a_page_is_an_array() {
        let page = |text: &str| serde_json::from_str::<Page<Stream>>(text).map(|page| page.0);
        assert_eq!(page("[]").unwrap().len(), 0);
        let items = page(r#"[{"id": 1}, 7, null, {"id": 1, "id": 2}]"#).unwrap();
        let ids: Vec<_> = items
            .iter()
            .map(|item| item.as_ref().and_then(|stream| stream.id.as_deref()))
            .collect();
        assert_eq!(ids, [Some("1"), None, None, Some("2")]);
        assert_eq!(items.iter().filter(|item| item.is_none()).count(), 2);
        for bad in [
            "",
            "null",
            "{}",
            "{\"results\":[]}",
            "[",
            "[1,]",
            "[] []",
            "\"[]\"",
        ] {
            assert!(page(bad).is_err(), "{bad}");
        }
        let many = |n: usize| format!("[{}]", vec!["0"; n].join(","));
        assert!(page(&many(LONGEST_PAGE)).is_ok());
        assert!(page(&many(LONGEST_PAGE + 1)).is_err());
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(2, 8, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..3)
                    .prop_map(|members| members.into_iter().collect::<Value>()),
            ]
        })
    }

    const FIELDS: &[&str] = &[
        "id",
        "name",
        "active",
        "pull",
        "uri",
        "dvr_duration",
        "client_entity_data",
        "projection",
        "client_user_id",
        "recording",
        "push_url",
        "hls_cmaf_url",
        "started_at_primary",
        "broadcast_ids",
        "status",
        "stream_id",
        "stream_ids",
        "duration",
        "error",
        "share_url",
        "data",
        "warnings",
        "errors",
    ];

    proptest! {
        #[test]
        fn no_type_of_a_field_spoils_an_object(
            fields in prop::collection::vec((prop::sample::select(FIELDS), values()), 0..12),
        ) {
            let value: Value = fields.into_iter().collect();
            prop_assert!(object::<Stream>(value.clone()).is_some());
            prop_assert!(object::<Video>(value.clone()).is_some());
            prop_assert!(object::<Broadcast>(value.clone()).is_some());
            prop_assert!(object::<Started>(value).is_some());
        }
    }
}
