//! Between Gcore's words and the seam's: what a stream that was read says, and the fields that a
//! wanted setting is written as. Pure. Streams are here, what goes with them is below.

pub(super) mod broadcast;
pub(super) mod video;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    mark,
    wire::{self, EntityData},
};
use crate::{
    api::{GcoreStream, LiveStationStream, Playback, Projection, RecordType},
    provider::{
        BroadcastId, Ingest, Mark, ObservedStream, Phase, Source, StreamId, StreamSettings,
        Unreadable, http::body::public,
    },
    secret::Secret,
};

/// A stream as it was read; `None` is what was no object. Without an id, or with a
/// `client_entity_data` that is no text, it cannot be told whose it is.
///
/// `unshown` is the mark of a stream without that field. That can mean that there is nothing in it,
/// or that it is not shown here: lists have been seen to be thinner than single reads (official
/// Android demo app), and a stream of ours in such a list must not look like nobody's.
pub(super) fn observed(
    stream: Option<wire::Stream>,
    unshown: Mark,
) -> Result<ObservedStream, Unreadable> {
    let unreadable = |id, what: &str| Unreadable {
        id,
        what: what.to_owned(),
    };
    let stream = stream.ok_or_else(|| unreadable(None, "it is no object"))?;
    let session_started_at = session_start(&stream);
    let Some(id) = stream.id.map(StreamId::new) else {
        return Err(unreadable(None, "its id is no whole number"));
    };
    let (client_entity_data, mark) = match stream.client_entity_data {
        EntityData::Missing => (None, unshown),
        EntityData::Text(data) => {
            let (text, mark) = mark::read(&data);
            (Some(text), mark)
        }
        EntityData::WrongType => {
            return Err(unreadable(Some(id), "its client_entity_data is no text"));
        }
    };
    Ok(ObservedStream {
        id,
        mark,
        settings: StreamSettings {
            name: stream.name,
            active: stream.active,
            auto_record: stream.auto_record,
            source: stream.pull.map(|pull| source(pull, stream.uri.as_ref())),
            srt_passphrase: stream.srt_passphrase,
            dvr_enabled: stream.dvr_enabled,
            dvr_seconds: stream.dvr_duration.and_then(|n| i32::try_from(n).ok()),
            gcore: GcoreStream {
                record_type: stream.record_type.as_deref().and_then(record_type),
                projection: stream.projection.as_deref().and_then(projection),
                html_overlay: stream.html_overlay,
                hls_endlist_tag: stream.hls_mpegts_endlist_tag,
                cdn_resource_id: stream.cdn_id,
                quality_set_id: stream.quality_set_id,
                client_user_id: stream.client_user_id,
                client_entity_data,
                transcoding_region: stream.transcoding_region,
            },
            live_station: LiveStationStream::default(),
        },
        live: stream.live == Some(true) || stream.backup_live == Some(true),
        recording: stream.recording,
        session_started_at,
        broadcasts: broadcasts(stream.broadcast_ids),
        ingest: Ingest {
            push: stream.push_url,
            backup_push: stream.backup_push_url,
            srt: stream.push_url_srt,
            backup_srt: stream.backup_push_url_srt,
            whip: stream.push_url_whip,
        },
        playback: Some(Playback {
            hls: public(stream.hls_cmaf_url),
            hls_mpegts: public(stream.hls_mpegts_url),
            dash: public(stream.dash_url),
            iframe: public(stream.iframe_url),
        }),
        // What is created can be used at once.
        phase: Phase::Usable,
    })
}

/// Several addresses stand in one field, with spaces between them (product page on primary and
/// backup ingest).
fn source(pull: bool, uri: Option<&Secret>) -> Source {
    if !pull {
        return Source::Push;
    }
    let addresses = uri.map_or("", Secret::expose).split_whitespace();
    Source::Pull(addresses.map(Secret::new).collect())
}

/// Both servers have a time of their own, which stays when they are left (API spec). The primary's
/// counts, unless only the backup is live. To the second, for that is what an object's status can hold
/// and what is compared with it.
fn session_start(stream: &wire::Stream) -> Option<Timestamp> {
    let primary = timestamp(stream.started_at_primary.as_deref());
    let backup = timestamp(stream.started_at_backup.as_deref());
    let start = if stream.backup_live == Some(true) && stream.live != Some(true) {
        backup.or(primary)
    } else {
        primary.or(backup)
    };
    start.map(|at| Timestamp::from_second(at.as_second()).unwrap_or(at))
}

fn timestamp(text: Option<&str>) -> Option<Timestamp> {
    text?.parse().ok()
}

/// In an order of their own, so that a provider that shuffles them changes nothing.
fn broadcasts(wire::Ids(ids): wire::Ids) -> Vec<BroadcastId> {
    let ids = ids.unwrap_or_default().into_iter().flatten();
    let mut ids: Vec<BroadcastId> = ids.map(BroadcastId::new).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn record_type(word: &str) -> Option<RecordType> {
    match word {
        "origin" => Some(RecordType::Origin),
        "transcoded" => Some(RecordType::Transcoded),
        _ => None,
    }
}

fn record_type_word(record_type: RecordType) -> &'static str {
    match record_type {
        RecordType::Origin => "origin",
        RecordType::Transcoded => "transcoded",
    }
}

fn projection(word: &str) -> Option<Projection> {
    match word {
        "regular" => Some(Projection::Regular),
        "vr360" => Some(Projection::Vr360),
        "vr180" => Some(Projection::Vr180),
        "vr360tb" => Some(Projection::Vr360tb),
        _ => None,
    }
}

fn projection_word(projection: Projection) -> &'static str {
    match projection {
        Projection::Regular => "regular",
        Projection::Vr360 => "vr360",
        Projection::Vr180 => "vr180",
        Projection::Vr360tb => "vr360tb",
    }
}

/// The fields that just these settings are written as. `client_entity_data` is the whole field,
/// with the mark: the settings hold only the user's part of it.
pub(super) fn fields(
    settings: &StreamSettings,
    client_entity_data: Option<String>,
) -> Map<String, Value> {
    // Whole patterns, without `..`, so that a new setting cannot be forgotten here.
    let StreamSettings {
        name,
        active,
        auto_record,
        source,
        srt_passphrase,
        dvr_enabled,
        dvr_seconds,
        gcore,
        // Another provider's: a plan does not let it come here.
        live_station: _,
    } = settings;
    let GcoreStream {
        record_type,
        projection,
        html_overlay,
        hls_endlist_tag,
        cdn_resource_id,
        quality_set_id,
        client_user_id,
        client_entity_data: _,
        transcoding_region,
    } = gcore;
    let mut fields = Map::new();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    let (pull, uri) = match source.as_ref().map(uri) {
        None => (None, None),
        Some(None) => (Some(false), Some(Value::Null)),
        Some(Some(uri)) => (Some(true), Some(Value::from(uri))),
    };
    set("name", name.as_deref().map(Value::from));
    set("active", active.map(Value::from));
    set("auto_record", auto_record.map(Value::from));
    set("pull", pull.map(Value::from));
    set("uri", uri);
    set(
        "srt_passphrase",
        srt_passphrase.as_ref().map(|s| Value::from(s.expose())),
    );
    set("dvr_enabled", dvr_enabled.map(Value::from));
    set("dvr_duration", dvr_seconds.map(Value::from));
    set(
        "record_type",
        record_type.map(|t| Value::from(record_type_word(t))),
    );
    set(
        "projection",
        projection.map(|p| Value::from(projection_word(p))),
    );
    set("html_overlay", html_overlay.map(Value::from));
    set("hls_mpegts_endlist_tag", hls_endlist_tag.map(Value::from));
    set("cdn_id", cdn_resource_id.map(Value::from));
    set("quality_set_id", quality_set_id.map(Value::from));
    set("client_user_id", client_user_id.map(Value::from));
    set("client_entity_data", client_entity_data.map(Value::from));
    set(
        "transcoding_region",
        transcoding_region.as_deref().map(Value::from),
    );
    fields
}

/// The addresses in one field; `None` for push, which is also what no address means.
fn uri(source: &Source) -> Option<String> {
    match source {
        Source::Push => None,
        Source::Pull(addresses) if addresses.is_empty() => None,
        Source::Pull(addresses) => {
            let addresses: Vec<&str> = addresses.iter().map(Secret::expose).collect();
            Some(addresses.join(" "))
        }
    }
}

/// What the provider learns from these settings and must not show to others.
pub(super) fn secrets(settings: &StreamSettings) -> Vec<Secret> {
    let addresses = match &settings.source {
        Some(Source::Pull(addresses)) => addresses.as_slice(),
        Some(Source::Push) | None => &[],
    };
    let passphrase = settings.srt_passphrase.iter();
    passphrase.chain(addresses).cloned().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> Result<ObservedStream, Unreadable> {
        observed(wire::object(value), Mark::Unreadable)
    }

    /// The example of the API spec, shortened.
    fn example() -> Value {
        json!({
            "id": 7, "name": "Keynote", "active": true, "live": false, "backup_live": true,
            "auto_record": false, "pull": false, "uri": null, "srt_passphrase": "canary-passphrase",
            "dvr_enabled": true, "dvr_duration": 7200, "record_type": "transcoded",
            "projection": "vr360tb", "html_overlay": false, "hls_mpegts_endlist_tag": true,
            "cdn_id": null, "quality_set_id": 5, "client_user_id": "12", "token": "canary-token",
            "client_entity_data": "Camera 1\nlivestream-operator.io/owner=c/n/o/u",
            "push_url": "rtmp://host/in/7?canary-token", "backup_push_url": "rtmp://other/in/7b?canary",
            "push_url_srt": "srt://host:5001?streamid=7#canary",
            "backup_push_url_srt": "srt://other:5001?streamid=7b#canary",
            "push_url_whip": "https://whip.host/7_canary/whip",
            "hls_cmaf_url": "https://1.gvideo.io/cmaf/1_7/master.m3u8",
            "hls_mpegts_url": "https://1.gvideo.io/mpegts/1_7/master_mpegts.m3u8",
            "dash_url": "", "iframe_url": format!("https://{}", "x".repeat(2048)),
            "recording": true, "recording_duration": 12.5, "broadcast_ids": [30, 4, {}, "5", 30],
            "started_at_primary": "2026-07-14T09:05:00.000Z",
            "started_at_backup": "2026-07-14T10:00:00Z",
        })
    }

    #[test]
    fn an_address_is_one_word_that_no_terminal_obeys() {
        let public = |text: &str| public(Some(text.to_owned()));
        for good in ["https://a.example/b.m3u8?c=d", "https://ü.example/b", "//a"] {
            assert_eq!(public(good).as_deref(), Some(good));
        }
        for bad in [
            "",
            "https://a/b c",
            "https://a/\nb",
            "https://a/\u{1b}[2J",
            "https://a/\u{9b}31m",
            "\u{a0}",
        ] {
            assert_eq!(public(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn every_field_has_its_place() {
        let seen = read(example()).unwrap();
        assert_eq!(seen.id, StreamId::new("7"));
        assert!(matches!(&seen.mark, Mark::Owned(owner) if owner.uid == "u"));
        assert_eq!(
            seen.settings,
            StreamSettings {
                name: Some("Keynote".into()),
                active: Some(true),
                auto_record: Some(false),
                source: Some(Source::Push),
                srt_passphrase: Some(Secret::new("canary-passphrase")),
                dvr_enabled: Some(true),
                dvr_seconds: Some(7200),
                gcore: GcoreStream {
                    record_type: Some(RecordType::Transcoded),
                    projection: Some(Projection::Vr360tb),
                    html_overlay: Some(false),
                    hls_endlist_tag: Some(true),
                    cdn_resource_id: None,
                    quality_set_id: Some(5),
                    client_user_id: Some(12),
                    client_entity_data: Some("Camera 1".into()),
                    transcoding_region: None,
                },
                live_station: LiveStationStream::default(),
            }
        );
        assert_eq!((seen.live, seen.recording), (true, Some(true)));
        assert_eq!(
            seen.ingest.whip.as_ref().map(Secret::expose),
            Some("https://whip.host/7_canary/whip")
        );
        assert_eq!(
            seen.ingest.backup_srt.as_ref().map(Secret::expose),
            Some("srt://other:5001?streamid=7b#canary")
        );
        // Empty and absurdly long addresses are none.
        let playback = seen.playback.unwrap();
        assert_eq!((playback.dash, playback.iframe), (None, None));
        assert!(playback.hls.is_some() && playback.hls_mpegts.is_some());
    }

    #[test]
    fn broadcasts_have_an_order_of_their_own() {
        let seen = read(example()).unwrap().broadcasts;
        assert_eq!(seen, ["30", "4", "5"].map(BroadcastId::new));
        for none in [json!(null), json!({}), json!("4")] {
            let value = json!({"id": 7, "broadcast_ids": none});
            assert_eq!(read(value).unwrap().broadcasts, []);
        }
    }

    #[test]
    fn a_session_began_where_it_is_live() {
        let (primary, backup) = ("2026-07-14T09:05:00Z", "2026-07-14T10:00:00Z");
        for (live, backup_live, expected) in [
            (true, false, primary),
            (true, true, primary),
            (false, false, primary),
            (false, true, backup),
        ] {
            let mut value = example();
            value["live"] = live.into();
            value["backup_live"] = backup_live.into();
            let seen = read(value).unwrap().session_started_at;
            assert_eq!(seen, Some(expected.parse().unwrap()));
        }
        let only = |field: &str, text: &str| {
            let value = json!({"id": 7, "live": true, field: text});
            read(value).unwrap().session_started_at
        };
        assert_eq!(only("started_at_backup", backup), backup.parse().ok());
        assert_eq!(only("started_at_primary", "just now"), None);
        let fine = only("started_at_primary", "2026-07-14T09:05:00.987Z");
        assert_eq!(fine, primary.parse().ok());
    }

    #[test]
    fn no_secret_is_printed() {
        let text = format!("{:?} {:#?}", read(example()), read(example()));
        assert!(!text.contains("canary"), "{text}");
    }

    #[test]
    fn what_is_not_shown_is_not_known() {
        let seen = read(json!({"id": 7})).unwrap();
        assert_eq!(seen.settings, StreamSettings::default());
        assert_eq!((seen.live, seen.recording), (false, None));
        assert_eq!((seen.session_started_at, seen.broadcasts), (None, vec![]));
        assert_eq!(seen.ingest, Ingest::default());
        assert_eq!(seen.playback, Some(Playback::default()));
        assert_eq!(seen.mark, Mark::Unreadable);
        let whole = observed(wire::object(json!({"id": 7})), Mark::None).unwrap();
        assert_eq!(
            (whole.mark, whole.settings),
            (Mark::None, StreamSettings::default())
        );
        let bare = read(json!({"id": 7, "client_entity_data": null})).unwrap();
        assert_eq!(bare.mark, Mark::None);
        assert_eq!(bare.settings.gcore.client_entity_data.as_deref(), Some(""));
    }

    #[test]
    fn what_cannot_be_read_keeps_its_id() {
        let unreadable = |value| read(value).unwrap_err();
        assert_eq!(unreadable(json!("text")).id, None);
        assert_eq!(unreadable(json!({"name": "x"})).id, None);
        assert_eq!(
            unreadable(json!({"id": 7, "client_entity_data": {"canary": 1}})),
            Unreadable {
                id: Some(StreamId::new("7")),
                what: "its client_entity_data is no text".into()
            }
        );
    }

    #[test]
    fn pull_addresses_stand_in_one_field() {
        let source = |value: Value| read(value).unwrap().settings.source;
        let pull =
            |urls: &[&str]| Some(Source::Pull(urls.iter().map(|u| Secret::new(*u)).collect()));
        assert_eq!(
            source(json!({"id": 7, "pull": true, "uri": " rtmp://a  srt://b\n"})),
            pull(&["rtmp://a", "srt://b"])
        );
        assert_eq!(
            source(json!({"id": 7, "pull": true, "uri": null})),
            pull(&[])
        );
        assert_eq!(
            source(json!({"id": 7, "pull": false, "uri": "rtmp://a"})),
            Some(Source::Push)
        );
        assert_eq!(source(json!({"id": 7, "uri": "rtmp://a"})), None);
    }

    #[test]
    fn unknown_words_are_not_guessed() {
        let seen = read(json!({"id": 7, "record_type": "Origin", "projection": "cube"})).unwrap();
        assert_eq!(seen.settings, StreamSettings::default());
    }

    #[test]
    fn only_what_is_wanted_is_written() {
        assert_eq!(fields(&StreamSettings::default(), None), Map::new());
        let push = StreamSettings {
            source: Some(Source::Push),
            ..Default::default()
        };
        let written = json!({"pull": false, "uri": null});
        assert_eq!(Value::from(fields(&push, None)), written);
        let none = StreamSettings {
            source: Some(Source::Pull(Vec::new())),
            ..Default::default()
        };
        assert_eq!(Value::from(fields(&none, None)), written);
        let all = StreamSettings {
            name: Some("Keynote".into()),
            active: Some(true),
            auto_record: Some(false),
            source: Some(Source::Pull(vec![
                Secret::new("rtmp://a"),
                Secret::new("srt://b"),
            ])),
            srt_passphrase: Some(Secret::new("passphrase")),
            dvr_enabled: Some(true),
            dvr_seconds: Some(30),
            gcore: GcoreStream {
                record_type: Some(RecordType::Origin),
                projection: Some(Projection::Vr180),
                html_overlay: Some(true),
                hls_endlist_tag: Some(false),
                cdn_resource_id: Some(1),
                quality_set_id: Some(2),
                client_user_id: Some(3),
                client_entity_data: Some("not this".into()),
                transcoding_region: Some("ed1".into()),
            },
            live_station: LiveStationStream::default(),
        };
        assert_eq!(
            Value::from(fields(&all, Some("with a mark".into()))),
            json!({
                "name": "Keynote", "active": true, "auto_record": false, "pull": true,
                "uri": "rtmp://a srt://b", "srt_passphrase": "passphrase", "dvr_enabled": true,
                "dvr_duration": 30, "record_type": "origin", "projection": "vr180",
                "html_overlay": true, "hls_mpegts_endlist_tag": false, "cdn_id": 1,
                "quality_set_id": 2, "client_user_id": 3, "client_entity_data": "with a mark",
                "transcoding_region": "ed1",
            })
        );
        assert_eq!(
            secrets(&all),
            [
                Secret::new("passphrase"),
                Secret::new("rtmp://a"),
                Secret::new("srt://b")
            ]
        );
    }
}
