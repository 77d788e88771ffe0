//! What a callback's body hints at. Pure.
//!
//! A callback names a channel and an event, no recording and no state (page "Callback information"), and
//! nothing proves who sent it: what it names is read again.

use serde::Deserialize;

use super::wire;
use crate::provider::{Hint, NoWebhook};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Callback {
    channel_id: String,
    event: String,
}

/// What the body hints at; `None` where it says nothing that could be read again.
///
/// # Errors
/// It is no callback.
pub(super) fn hint(body: &[u8]) -> Result<Option<Hint>, NoWebhook> {
    let Callback { channel_id, event } = serde_json::from_slice(body).map_err(|_| NoWebhook)?;
    let Some(id) = wire::id(channel_id) else {
        return Ok(None);
    };
    Ok(match event.as_str() {
        // A recording began or ended; the name misleads.
        "ONAIR_END" => Some(Hint::VideoOf(id)),
        "THUMBNAIL_CREATE" => None,
        _ => Some(Hint::Stream(id)),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::provider::StreamId;

    fn read(channel: &str, event: &str) -> Result<Option<Hint>, NoWebhook> {
        let body = format!(
            r#"{{"id":1,"logLevel":"INFO","channelId":"{channel}","event":"{event}","timestamp":1755129600123}}"#
        );
        hint(body.as_bytes())
    }

    #[test]
    fn events() {
        let id = StreamId::new("ls-20250814000000-PZohi");
        let stream = Ok(Some(Hint::Stream(id.clone())));
        for event in [
            "PUBLISH_START",
            "PUBLISH_END",
            "ONAIR_START",
            "STREAM_UPDATE",
            "NEW",
        ] {
            assert_eq!(read(id.as_str(), event), stream, "{event}");
        }
        assert_eq!(
            read(id.as_str(), "ONAIR_END"),
            Ok(Some(Hint::VideoOf(id.clone())))
        );
        assert_eq!(read(id.as_str(), "THUMBNAIL_CREATE"), Ok(None));
        for odd in ["", "../x", "ls 1"] {
            assert_eq!(read(odd, "PUBLISH_START"), Ok(None));
        }
        assert_eq!(hint(b"{}"), Err(NoWebhook));
    }

    proptest! {
        #[test]
        fn no_body_breaks_it(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = hint(&body);
        }
    }
}
