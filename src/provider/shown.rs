//! What of settings may be shown to people: every value but those that are secret or may hold a secret.

use serde_json::{Map, Value, json};

use super::{BroadcastSettings, Source, StreamSettings};
use crate::api::{GcoreStream, LiveStationStream};

/// How much of a text is shown, in characters.
const LONGEST: usize = 200;

/// Settings by the names that the user knows, in words that may be shown.
pub type Shown = Map<String, Value>;

impl StreamSettings {
    /// The settings that are there. An address to pull from may hold a password, and the user's own data
    /// may hold anything, so that of those only what they are is said.
    pub fn shown(&self) -> Shown {
        // Whole, without `..`, so that a new setting cannot be forgotten here.
        let Self {
            name,
            active,
            auto_record,
            source,
            srt_passphrase,
            dvr_enabled,
            dvr_seconds,
            gcore:
                GcoreStream {
                    record_type,
                    projection,
                    html_overlay,
                    hls_endlist_tag,
                    cdn_resource_id,
                    quality_set_id,
                    client_user_id,
                    client_entity_data,
                    transcoding_region,
                },
            live_station:
                LiveStationStream {
                    quality_set_id: live_station_quality_set_id,
                },
        } = self;
        let source = source.as_ref().map(|source| match source {
            Source::Push => "push".to_owned(),
            Source::Pull(urls) => format!("(pull from {} addresses)", urls.len()),
        });
        let data = client_entity_data.as_ref();
        let data = data.map(|data| format!("({} characters)", data.chars().count()));
        collect([
            ("displayName", text(name.as_deref())),
            ("active", json!(active)),
            ("autoRecord", json!(auto_record)),
            ("pull", json!(source)),
            (
                "srtPassphraseSecretRef",
                json!(srt_passphrase.as_ref().map(|_| "(secret)")),
            ),
            ("dvr.enabled", json!(dvr_enabled)),
            ("dvr.durationSeconds", json!(dvr_seconds)),
            ("gcore.recordType", json!(record_type)),
            ("gcore.projection", json!(projection)),
            ("gcore.htmlOverlay", json!(html_overlay)),
            ("gcore.hlsEndlistTag", json!(hls_endlist_tag)),
            ("gcore.cdnResourceId", json!(cdn_resource_id)),
            ("gcore.qualitySetId", json!(quality_set_id)),
            ("gcore.clientUserId", json!(client_user_id)),
            (
                "liveStation.qualitySetId",
                json!(live_station_quality_set_id),
            ),
            ("gcore.clientEntityData", json!(data)),
            (
                "gcore.transcodingRegion",
                text(transcoding_region.as_deref()),
            ),
        ])
    }
}

impl BroadcastSettings {
    /// The settings that are there.
    pub fn shown(&self) -> Shown {
        let Self {
            name,
            state,
            streams,
            share_url,
            custom_iframe_url,
            pending_message,
            show_dvr_after_finish,
            ad_id,
            player_id,
        } = self;
        let streams = streams.as_ref();
        let ids = streams.map(|ids| ids.iter().map(ToString::to_string).collect::<Vec<_>>());
        collect([
            ("displayName", text(name.as_deref())),
            ("state", json!(state)),
            ("streams", json!(ids)),
            ("shareUrl", text(share_url.as_deref())),
            ("customIframeUrl", text(custom_iframe_url.as_deref())),
            ("pendingMessage", text(pending_message.as_deref())),
            ("showDvrAfterFinish", json!(show_dvr_after_finish)),
            ("adId", json!(ad_id)),
            ("playerId", json!(player_id)),
        ])
    }
}

fn text(text: Option<&str>) -> Value {
    json!(text.map(|text| text.chars().take(LONGEST).collect::<String>()))
}

fn collect<const N: usize>(values: [(&str, Value); N]) -> Shown {
    let there = values.into_iter().filter(|(_, value)| !value.is_null());
    there
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{provider::StreamId, secret::Secret};

    #[test]
    fn no_secret_is_shown() {
        let settings = StreamSettings {
            name: Some("n".repeat(300)),
            active: Some(true),
            source: Some(Source::Pull(vec![Secret::new("srt://u:canary@h")])),
            srt_passphrase: Some(Secret::new("canary")),
            gcore: GcoreStream {
                client_entity_data: Some("{\"password\": \"canary\"}".to_owned()),
                ..GcoreStream::default()
            },
            ..StreamSettings::default()
        };
        let shown = Value::Object(settings.shown());
        assert!(!shown.to_string().contains("canary"), "{shown}");
        assert_eq!(shown["displayName"], "n".repeat(LONGEST));
        assert_eq!(shown["pull"], "(pull from 1 addresses)");
        assert_eq!(shown["gcore.clientEntityData"], "(22 characters)");
        assert!(shown.get("autoRecord").is_none(), "it is not there");
        let broadcast = BroadcastSettings {
            streams: Some(vec![StreamId::new("7")]),
            ..BroadcastSettings::default()
        };
        let shown = Value::Object(broadcast.shown());
        assert_eq!(shown, json!({"streams": ["7"]}));
    }
}
