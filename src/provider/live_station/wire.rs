//! What Live Station's API sends, as leniently as it can be read: unknown fields are passed over, a field
//! that is missing, null or of another type is `None`. Field names and states: pages "Get channel list", "Get
//! channel information" and "Stop recording".
//!
//! The stream key goes into [`Secret`] at once, and nothing here that holds one has a `Debug`.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Map, Value, value::RawValue};

use crate::provider::http::body::item_of;
pub(super) use crate::provider::http::body::{Page, object};
use crate::{provider::StreamId, secret::Secret};

/// The most recordings' files that one answer is taken to have: it has no pages.
const MOST_FILES: usize = 20_000;

/// An id that can stand in a path and in a status; `None` where it is none.
pub(super) fn id(text: String) -> Option<StreamId> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let fine = (1..=64).contains(&text.len()) && text.bytes().all(known);
    fine.then(|| StreamId::new(text))
}

/// What every success is wrapped in.
#[derive(Deserialize)]
pub(super) struct Envelope<T> {
    pub(super) content: T,
}

/// A channel.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Channel {
    #[serde(rename = "channelId", deserialize_with = "text")]
    pub(super) id: Option<String>,
    #[serde(rename = "channelName", deserialize_with = "text")]
    pub(super) name: Option<String>,
    #[serde(rename = "channelStatus", deserialize_with = "text")]
    pub(super) status: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) is_recording: Option<bool>,
    /// Requests have `useDvr`, answers `useDVR`.
    #[serde(rename = "useDVR", alias = "useDvr", deserialize_with = "lenient")]
    pub(super) use_dvr: Option<bool>,
    #[serde(deserialize_with = "number")]
    pub(super) timemachine_min: Option<i64>,
    #[serde(deserialize_with = "lenient")]
    pub(super) immediate_on_air: Option<bool>,
    #[serde(deserialize_with = "number")]
    pub(super) quality_set_id: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub(super) output_protocol: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) env_type: Option<String>,
    /// As it stands, for a change must name it whole.
    #[serde(deserialize_with = "lenient")]
    pub(super) record: Option<Map<String, Value>>,
    #[serde(deserialize_with = "text")]
    pub(super) publish_url: Option<String>,
    #[serde(deserialize_with = "secret")]
    pub(super) stream_key: Option<Secret>,
    #[serde(deserialize_with = "secret")]
    pub(super) backup_stream_key: Option<Secret>,
    #[serde(deserialize_with = "number")]
    pub(super) recent_publish_start_time: Option<i64>,
}

/// An address for viewers.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ServiceUrl {
    #[serde(deserialize_with = "text")]
    pub(super) url: Option<String>,
}

/// A file of a recording.
#[derive(Deserialize, Default, Debug)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct File {
    #[serde(deserialize_with = "text")]
    pub(super) channel_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) record_type: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) status: Option<String>,
    #[serde(deserialize_with = "number")]
    pub(super) record_seq: Option<i64>,
    #[serde(deserialize_with = "number")]
    pub(super) record_begin_time: Option<i64>,
    #[serde(deserialize_with = "number")]
    pub(super) should_delete_time: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub(super) resolution: Option<String>,
    #[serde(deserialize_with = "number")]
    pub(super) duration: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub(super) object_storage_url: Option<String>,
}

/// The files of a channel's recordings, each with its id, in the order in which they came. The documents have
/// a map by id, not a list; their sample shows one id three times, because it is masked.
#[derive(Default)]
pub(super) struct Files(pub(super) Vec<(String, Option<File>)>);

#[derive(Deserialize)]
struct RecordList {
    #[serde(rename = "recordList", default)]
    files: Files,
}

/// The content of an answer about recordings.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Records(RecordList);

impl Records {
    pub(super) fn files(self) -> Files {
        self.0.files
    }
}

impl<'de> Deserialize<'de> for Files {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Files;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a map of files by id")
            }

            fn visit_unit<E>(self) -> Result<Files, E> {
                Ok(Files::default())
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Files, A::Error> {
                let mut files = Vec::new();
                while let Some((id, file)) = map.next_entry::<String, &RawValue>()? {
                    if files.len() == MOST_FILES {
                        return Err(serde::de::Error::custom("too many files"));
                    }
                    files.push((id, item_of(file)));
                }
                Ok(Files(files))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// The body of an error. The table of errors has codes as text, samples have them as numbers, and the
/// gateway's own have no name.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Failure {
    #[serde(deserialize_with = "number")]
    pub(super) error_code: Option<i64>,
}

fn lenient<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).ok())
}

/// A text, or a number as one: older pages have texts where newer ones have numbers.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    })
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    })
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    let text = text(deserializer)?;
    Ok(text.filter(|text| !text.is_empty()).map(Secret::new))
}
