//! What a webhook's body hints at. Pure.
//!
//! Old and new payloads are read alike: only ids count, for what they name is read again. Whatever else
//! the body says, such as the address with the push key, is skipped and never taken out of it.

use serde::Deserialize;
use serde_json::Value;

use crate::provider::{BroadcastId, Hint, NoWebhook, StreamId};

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    stream: Option<Ids>,
    video: Option<Ids>,
    broadcast: Option<Ids>,
}

#[derive(Deserialize)]
struct Ids {
    id: Option<Value>,
    stream_id: Option<Value>,
}

/// What the body hints at; `None` where it says nothing that we could read again.
///
/// A stream's payload hints at the stream alone: that a recording has ended shows in the stream, and
/// the file that came of it has payloads of its own.
///
/// # Errors
/// It is not a webhook's JSON.
pub(super) fn hint(body: &[u8]) -> Result<Option<Hint>, NoWebhook> {
    let Envelope { kind, message } = serde_json::from_slice(body).map_err(|_| NoWebhook)?;
    let id = |ids: Option<Ids>| ids.and_then(|ids| id(&ids.id?));
    let stream_id = |ids: Option<Ids>| ids.and_then(|ids| self::id(&ids.stream_id?));
    Ok(match kind.as_str() {
        "stream" => id(message.stream).map(|id| Hint::Stream(StreamId::new(id))),
        "video" | "video_delete" => {
            stream_id(message.video).map(|id| Hint::VideoOf(StreamId::new(id)))
        }
        "broadcast" => id(message.broadcast).map(|id| Hint::Broadcast(BroadcastId::new(id))),
        _ => None,
    })
}

/// The provider's ids are whole numbers above zero; some of its pages write them as text.
fn id(value: &Value) -> Option<String> {
    let number = match value {
        Value::Number(number) => number.as_u64()?,
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            text.parse().ok()?
        }
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            return None;
        }
    };
    (number > 0).then(|| number.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn stream(id: &str) -> Hint {
        Hint::Stream(StreamId::new(id))
    }

    fn video_of(id: &str) -> Hint {
        Hint::VideoOf(StreamId::new(id))
    }

    #[test]
    fn documented_payloads_old_and_new() {
        let table = [
            (
                json!({"type": "stream", "message": {"stream": {
                    "id": 201_693, "live": true, "backup_live": false, "recording": false, "transcoding": false,
                    "client_user_id": 2003, "client_entity_data": "{\"userName\": \"Anna\"}", "pull": false,
                    "uri": "rtmp://vp-push.example/in/201693?key", "stream_source_type": "rtmp",
                }}}),
                Some(stream("201693")),
            ),
            (
                json!({"type": "stream", "message": {"stream": {"id": 7, "live": false, "recording": false}}}),
                Some(stream("7")),
            ),
            (
                json!({"type": "stream", "message": {"stream": {"id": "7", "client_user_id": "2003", "client_entity_data": null}}}),
                Some(stream("7")),
            ),
            (
                json!({"type": "video", "message": {"video": {
                    "id": 5, "slug": "a", "name": "b", "duration": null, "stream_id": 7, "status": "pending",
                    "converted_videos": [{"name": "vod720n", "status": "processing", "mp4_url": "https://a.example/b.mp4"}],
                }}}),
                Some(video_of("7")),
            ),
            // Uploaded; and the old form, which does not say where it came from.
            (
                json!({"type": "video", "message": {"video": {"id": 5, "stream_id": null, "status": "ready"}}}),
                None,
            ),
            (
                json!({"type": "video", "message": {"video": {"id": 5, "slug": "a", "status": "ready", "converted_videos": []}}}),
                None,
            ),
            (
                json!({"type": "video_delete", "message": {"video": {"id": 5, "status": "ready", "deleted_at": "2025-01-01T00:00:00.000Z"}}}),
                None,
            ),
            (
                json!({"type": "video_delete", "message": {"video": {"id": 5, "stream_id": "7"}}}),
                Some(video_of("7")),
            ),
            (
                json!({"type": "restream", "message": {"restream": {"id": 9, "name": "r", "stream_id": 7, "live": true}}}),
                None,
            ),
            (
                json!({"type": "broadcast", "message": {"broadcast": {"id": 3, "status": "live"}}}),
                Some(Hint::Broadcast(BroadcastId::new("3"))),
            ),
        ];
        for (body, expected) in table {
            assert_eq!(hint(body.to_string().as_bytes()), Ok(expected), "{body}");
        }
    }

    #[test]
    fn what_names_nothing_gives_no_hint() {
        for body in [
            json!({"type": "other", "message": {"stream": {"id": 7}}}),
            json!({"type": "stream", "message": {"video": {"id": 7, "stream_id": 7}}}),
            json!({"type": "stream", "message": {"stream": {}}}),
            json!({"type": "stream", "message": {"stream": null}}),
            json!({"type": "stream", "message": {"stream": {"id": null}}}),
            json!({"type": "stream", "message": {"stream": {"id": 0}}}),
            json!({"type": "stream", "message": {"stream": {"id": -7}}}),
            json!({"type": "stream", "message": {"stream": {"id": 7.5}}}),
            json!({"type": "stream", "message": {"stream": {"id": 1e30}}}),
            json!({"type": "stream", "message": {"stream": {"id": ""}}}),
            json!({"type": "stream", "message": {"stream": {"id": "+7"}}}),
            json!({"type": "stream", "message": {"stream": {"id": "7/../8"}}}),
            json!({"type": "stream", "message": {"stream": {"id": "٧"}}}),
            json!({"type": "stream", "message": {"stream": {"id": "99999999999999999999999"}}}),
            json!({"type": "stream", "message": {"stream": {"id": [7]}}}),
            json!({"type": "stream", "message": {"stream": {"id": {"id": 7}}}}),
        ] {
            assert_eq!(hint(body.to_string().as_bytes()), Ok(None), "{body}");
        }
    }

    #[test]
    fn what_is_no_webhook_is_unreadable() {
        let deep = "[".repeat(60_000);
        let nested =
            format!("{{\"type\": \"stream\", \"message\": {{\"stream\": {{\"id\": {deep}}}}}}}");
        for body in [
            "",
            "null",
            "[]",
            "{}",
            "7",
            "\"stream\"",
            "{\"type\": \"stream\"}",
            "{\"type\": 7, \"message\": {}}",
            "{\"type\": \"stream\", \"message\": []}x",
            "{\"type\": \"stream\", \"type\": \"video\", \"message\": {}}",
            "type=stream&id=7",
            &deep,
            &nested,
        ] {
            let start = body.get(..40).unwrap_or(body);
            assert_eq!(hint(body.as_bytes()), Err(NoWebhook), "{start}");
        }
        assert_eq!(hint(b"\xff\xfe{}"), Err(NoWebhook));
    }

    fn is_an_id(hint: &Hint) -> bool {
        let id = match hint {
            Hint::Stream(id) | Hint::VideoOf(id) => id.as_str(),
            Hint::Broadcast(id) => id.as_str(),
        };
        !id.starts_with('0') && id.parse::<u64>().is_ok_and(|id| id > 0)
    }

    /// Any JSON, with the words of webhooks in it more often than chance would have them.
    fn hostile() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "[0-9+./ a]{0,22}".prop_map(Value::from),
            "stream|video|video_delete|broadcast".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            let word = "type|message|stream|video|broadcast|id|stream_id|uri";
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map(word, inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn bytes_never_give_what_is_no_id(body in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(hint(&body).ok().flatten().iter().all(is_an_id));
        }

        #[test]
        fn hostile_messages_never_give_what_is_no_id(kind in "stream|video|video_delete|broadcast|.{0,4}", message in hostile()) {
            let body = json!({"type": kind, "message": message}).to_string();
            prop_assert!(hint(body.as_bytes()).ok().flatten().iter().all(is_an_id));
        }

        #[test]
        fn hostile_ids_never_give_what_is_no_id(id in hostile()) {
            let body = json!({"type": "stream", "message": {"stream": {"id": id}}}).to_string();
            prop_assert!(hint(body.as_bytes()).ok().flatten().iter().all(is_an_id));
        }
    }
}
