//! A channel as the operator's stream, and back. Pure.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Defaults, mark, wire};
use crate::{
    api::{LiveStationStream, Playback},
    provider::{
        Ingest, Mark, ObservedStream, Phase, Source, StreamSettings, Unreadable, http::body::public,
    },
    secret::Secret,
};

/// How far back viewers can go, in minutes: the only value (page "Create channel").
const TIMEMACHINE_MINUTES: i64 = 360;

/// A record policy under which nothing is recorded.
const NO_RECORD: &str = "NO_RECORD";

/// What became of an item of a list.
pub(super) enum Item {
    /// A channel.
    There(Box<ObservedStream>),
    /// A channel that was terminated and is still shown.
    Gone,
}

/// A channel as it was read. One whose name is not shown has the mark `unshown`.
///
/// # Errors
/// What is wrong with it.
pub(super) fn observed(channel: Option<wire::Channel>, unshown: &Mark) -> Result<Item, Unreadable> {
    let Some(channel) = channel else {
        return Err(Unreadable {
            id: None,
            what: "it is no object".to_owned(),
        });
    };
    let Some(id) = channel.id.and_then(wire::id) else {
        return Err(Unreadable {
            id: None,
            what: "it has no channelId".to_owned(),
        });
    };
    // Older pages have another word for it.
    let (active, live, phase) = match channel.status.as_deref() {
        Some("READY") => (Some(true), false, Phase::Usable),
        Some("PUBLISHING" | "PUBLISH") => (Some(true), true, Phase::Usable),
        Some("BLOCK") => (Some(false), false, Phase::Usable),
        Some("FORCE_BLOCK") => (Some(false), false, Phase::Blocked),
        // The answer to a creation need not show the status.
        Some("CREATING") | None => (None, false, Phase::Creating),
        Some("DELETED" | "FORCE_DELETED") => return Ok(Item::Gone),
        Some(_) => {
            return Err(Unreadable {
                id: Some(id),
                what: "its channelStatus is unknown".to_owned(),
            });
        }
    };
    let policy = channel
        .record
        .as_ref()
        .and_then(|record| record.get("type"));
    let recordable = policy.and_then(Value::as_str) != Some(NO_RECORD);
    let minutes = channel
        .timemachine_min
        .and_then(|min| i32::try_from(min).ok());
    Ok(Item::There(Box::new(ObservedStream {
        mark: match &channel.name {
            Some(name) => mark::read(name),
            None => unshown.clone(),
        },
        settings: StreamSettings {
            active,
            auto_record: channel.immediate_on_air.map(|auto| auto && recordable),
            source: Some(Source::Push),
            dvr_enabled: channel.use_dvr,
            dvr_seconds: minutes.map(|minutes| minutes.saturating_mul(60)),
            live_station: LiveStationStream {
                quality_set_id: channel.quality_set_id,
            },
            ..StreamSettings::default()
        },
        live,
        recording: channel.is_recording,
        session_started_at: channel
            .recent_publish_start_time
            .filter(|millis| *millis > 0)
            .and_then(|millis| Timestamp::from_second(millis / 1000).ok()),
        broadcasts: Vec::new(),
        ingest: ingest(
            channel.publish_url.as_deref(),
            channel.stream_key.as_ref(),
            channel.backup_stream_key.as_ref(),
        ),
        playback: None,
        phase,
        id,
    })))
}

/// Where viewers watch: of each kind the first, which has all qualities (page "Get service URLs").
pub(super) fn playback(urls: Vec<wire::ServiceUrl>) -> Playback {
    let urls: Vec<String> = urls
        .into_iter()
        .filter_map(|service| public(service.url))
        .filter(|url| url.starts_with("https://"))
        .collect();
    let first = |end: &str| urls.iter().find(|url| url.ends_with(end)).cloned();
    Playback {
        hls: first(".m3u8"),
        dash: first(".mpd"),
        ..Playback::default()
    }
}

/// An encoder's address is that of the server and the key behind it.
fn ingest(url: Option<&str>, key: Option<&Secret>, backup: Option<&Secret>) -> Ingest {
    let url = url.filter(|url| !url.is_empty() && url.len() <= 2048);
    let whole = |key: Option<&Secret>| {
        let (url, key) = (url?, key?);
        let whole = format!("{}/{}", url.trim_end_matches('/'), key.expose());
        Some(Secret::new(whole))
    };
    Ingest {
        push: whole(key),
        backup_push: whole(backup),
        ..Ingest::default()
    }
}

/// The body of a creation (page "Create channel").
pub(super) fn creation(name: &str, settings: &StreamSettings, defaults: &Defaults) -> Value {
    let quality_set = settings.live_station.quality_set_id;
    let mut body = Map::from_iter([
        ("channelName".to_owned(), json!(name)),
        (
            "cdn".to_owned(),
            json!({
                "createCdn": true,
                "cdnType": "GLOBAL_EDGE",
                "profileId": defaults.cdn_profile_id,
                "regionType": defaults.cdn_region,
            }),
        ),
        (
            "qualitySetId".to_owned(),
            json!(quality_set.unwrap_or(defaults.quality_set_id)),
        ),
        (
            "immediateOnAir".to_owned(),
            json!(settings.auto_record.unwrap_or(false)),
        ),
        ("record".to_owned(), defaults.record.clone()),
    ]);
    rewind(&mut body, settings.dvr_enabled.unwrap_or(false));
    Value::Object(body)
}

/// The body of a change: all settings, as they were read, with those that are wanted (page "Change channel").
pub(super) fn change(
    seen: &wire::Channel,
    name: &str,
    settings: &StreamSettings,
    defaults: &Defaults,
) -> Value {
    let auto = settings.auto_record.or(seen.immediate_on_air);
    let record = seen.record.clone().map(Value::Object);
    let none = record
        .as_ref()
        .is_none_or(|record| record["type"] == NO_RECORD);
    // Under a policy that records nothing nothing would be recorded.
    let wanted = settings.auto_record == Some(true);
    let policy = record.filter(|_| !(none && wanted));
    let mut body = Map::from_iter([
        ("channelName".to_owned(), json!(name)),
        ("immediateOnAir".to_owned(), json!(auto.unwrap_or(false))),
        (
            "record".to_owned(),
            policy.unwrap_or_else(|| defaults.record.clone()),
        ),
    ]);
    // Left out they might be reset.
    for (field, value) in [
        ("outputProtocol", &seen.output_protocol),
        ("envType", &seen.env_type),
    ] {
        if let Some(value) = value {
            body.insert(field.to_owned(), json!(value));
        }
    }
    let dvr = settings.dvr_enabled.or(seen.use_dvr);
    rewind(&mut body, dvr.unwrap_or(false));
    Value::Object(body)
}

fn rewind(body: &mut Map<String, Value>, dvr: bool) {
    body.insert("useDvr".to_owned(), json!(dvr));
    if dvr {
        body.insert("timemachineMin".to_owned(), json!(TIMEMACHINE_MINUTES));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::StreamId;

    fn read(value: Value) -> Result<Item, Unreadable> {
        observed(wire::object(value), &Mark::Unreadable)
    }

    fn there(value: Value) -> ObservedStream {
        match read(value) {
            Ok(Item::There(stream)) => *stream,
            Ok(Item::Gone) => panic!("it is gone"),
            Err(unreadable) => panic!("{unreadable:?}"),
        }
    }

    #[test]
    fn states() {
        for (status, active, live, phase) in [
            ("READY", Some(true), false, Phase::Usable),
            ("PUBLISHING", Some(true), true, Phase::Usable),
            ("PUBLISH", Some(true), true, Phase::Usable),
            ("BLOCK", Some(false), false, Phase::Usable),
            ("FORCE_BLOCK", Some(false), false, Phase::Blocked),
            ("CREATING", None, false, Phase::Creating),
        ] {
            let seen = there(json!({"channelId": "ls-1", "channelStatus": status}));
            assert_eq!(
                (seen.settings.active, seen.live, seen.phase),
                (active, live, phase)
            );
        }
        for status in ["DELETED", "FORCE_DELETED"] {
            let gone = read(json!({"channelId": "ls-1", "channelStatus": status}));
            assert!(matches!(gone, Ok(Item::Gone)));
        }
        let unknown = read(json!({"channelId": "ls-1", "channelStatus": "SLEEPING"}));
        assert!(unknown.is_err_and(|unreadable| unreadable.id == Some(StreamId::new("ls-1"))));
    }

    #[test]
    fn a_whole_channel() {
        let seen = there(json!({
            "channelId": "ls-20250814000000-PZohi", "channelName": "studio", "instanceNo": "12",
            "channelStatus": "PUBLISHING", "isRecording": true, "useDVR": true, "timemachineMin": 360,
            "immediateOnAir": true, "qualitySetId": 3, "record": {"type": "MANUAL_UPLOAD"},
            "publishUrl": "rtmp://rtmp-ls2-k1.video.media.ntruss.com:8080/relay/",
            "streamKey": "canary", "recentPublishStartTime": 1_755_129_600_123_i64,
        }));
        assert_eq!(seen.mark, Mark::None);
        assert_eq!(seen.settings.auto_record, Some(true));
        assert_eq!(
            (seen.settings.dvr_enabled, seen.settings.dvr_seconds),
            (Some(true), Some(21_600))
        );
        assert_eq!(seen.settings.live_station.quality_set_id, Some(3));
        assert_eq!((seen.live, seen.recording), (true, Some(true)));
        assert_eq!(
            seen.session_started_at.map(Timestamp::as_second),
            Some(1_755_129_600)
        );
        let push = seen.ingest.push.as_ref().map(Secret::expose);
        assert_eq!(
            push,
            Some("rtmp://rtmp-ls2-k1.video.media.ntruss.com:8080/relay/canary")
        );
        assert!(!format!("{seen:?}").contains("canary"));
    }

    #[test]
    fn viewers_have_an_address_of_each_kind() {
        let urls = [
            "https://a/playlist.m3u8",
            "https://a/480p/playlist.m3u8",
            "https://a/x.mpd",
            "rtmp://a",
            "",
        ];
        let urls = urls.map(|url| wire::object(json!({"name": "ABR", "url": url})).unwrap());
        let playback = playback(urls.into());
        assert_eq!(playback.hls.as_deref(), Some("https://a/playlist.m3u8"));
        assert_eq!(playback.dash.as_deref(), Some("https://a/x.mpd"));
    }

    #[test]
    fn nothing_is_recorded_by_itself_under_a_policy_that_records_nothing() {
        let seen = there(json!({
            "channelId": "ls-1", "channelStatus": "READY", "immediateOnAir": true, "record": {"type": "NO_RECORD"},
        }));
        assert_eq!(seen.settings.auto_record, Some(false));
    }

    fn defaults() -> Defaults {
        Defaults {
            quality_set_id: 5,
            cdn_profile_id: 7,
            cdn_region: "KOREA".into(),
            record: json!({"type": "MANUAL_UPLOAD"}),
        }
    }

    #[test]
    fn a_creation_names_all_that_is_required() {
        let wanted = StreamSettings {
            auto_record: Some(true),
            dvr_enabled: Some(true),
            ..StreamSettings::default()
        };
        assert_eq!(
            creation("name", &wanted, &defaults()),
            json!({
                "channelName": "name",
                "cdn": {"createCdn": true, "cdnType": "GLOBAL_EDGE", "profileId": 7, "regionType": "KOREA"},
                "qualitySetId": 5, "useDvr": true, "timemachineMin": 360, "immediateOnAir": true,
                "record": {"type": "MANUAL_UPLOAD"},
            })
        );
    }

    #[test]
    fn a_change_keeps_what_is_not_wanted_otherwise() {
        let policy =
            json!({"type": "AUTO_UPLOAD", "format": "MP4", "bucketName": "b", "filePath": "/x"});
        let seen = |record: &Value| {
            wire::object(json!({
                "channelId": "ls-1", "useDVR": true, "immediateOnAir": false, "record": record,
                "outputProtocol": "HLS", "envType": "STAGE",
            }))
            .unwrap()
        };
        let wanted = StreamSettings {
            auto_record: Some(true),
            ..StreamSettings::default()
        };
        assert_eq!(
            change(&seen(&policy), "name", &wanted, &defaults()),
            json!({
                "channelName": "name", "useDvr": true, "timemachineMin": 360, "immediateOnAir": true,
                "record": policy, "outputProtocol": "HLS", "envType": "STAGE",
            })
        );
        let none = change(
            &seen(&json!({"type": "NO_RECORD"})),
            "name",
            &wanted,
            &defaults(),
        );
        assert_eq!(none["record"], json!({"type": "MANUAL_UPLOAD"}));
        // What says that it records by itself and does not is not set going by another change.
        let mut idle = seen(&json!({"type": "NO_RECORD"}));
        idle.immediate_on_air = Some(true);
        let renamed = change(&idle, "name", &StreamSettings::default(), &defaults());
        assert_eq!(renamed["record"], json!({"type": "NO_RECORD"}));
        let off = change(
            &seen(&json!({"type": "NO_RECORD"})),
            "name",
            &StreamSettings {
                dvr_enabled: Some(false),
                ..StreamSettings::default()
            },
            &defaults(),
        );
        assert_eq!(
            off,
            json!({
                "channelName": "name", "useDvr": false, "immediateOnAir": false, "record": {"type": "NO_RECORD"},
                "outputProtocol": "HLS", "envType": "STAGE",
            })
        );
    }
}
