//! Recordings and videos.

use serde_json::Value;

use super::{public, timestamp};
use crate::{
    api::VideoState,
    provider::{ObservedVideo, Start, Storage, StreamId, VideoId, gcore::wire},
};

/// A video as it was read; `None` where its id is no whole number. `words` makes safe what the
/// provider says.
pub(in crate::provider::gcore) fn observed(
    video: wire::Video,
    words: impl Fn(&Value) -> String,
) -> Option<ObservedVideo> {
    let error = words(&video.error);
    Some(ObservedVideo {
        id: VideoId::new(video.id?),
        stream: video.stream_id.map(StreamId::new),
        state: state(video.status.as_deref().unwrap_or("")),
        started_at: timestamp(video.recording_started_at.as_deref()),
        duration_seconds: video.duration.filter(|ms| *ms >= 0).map(|ms| ms / 1000),
        hls_url: public(video.hls_url).or(public(video.hls_cmaf_url)),
        dash_url: public(video.dash_url),
        iframe_url: public(video.iframe_url),
        error: Some(error).filter(|text| !text.is_empty()),
        expires_at: None,
        files: Vec::new(),
    })
}

fn state(word: &str) -> VideoState {
    match word.to_ascii_lowercase().as_str() {
        "empty" => VideoState::Empty,
        "pending" => VideoState::Pending,
        "viewable" => VideoState::Viewable,
        "ready" => VideoState::Ready,
        "error" => VideoState::Error,
        _ => VideoState::Unknown,
    }
}

/// What a refusal to record means; `None` where it does not say. There is one documented text, "No
/// space for recording the stream." (API spec). That video must be coming in is documented, too,
/// but not what is said where it is not.
pub(in crate::provider::gcore) fn refusal(text: &str) -> Option<Start> {
    let text = text.to_ascii_lowercase();
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
    if words.any(|word| word == "space" || word == "storage") {
        return Some(Start::NoSpace);
    }
    let not_live = ["not live", "must be live", "offline"];
    let not_live = not_live.iter().any(|words| text.contains(words));
    not_live.then_some(Start::NotLive)
}

/// Whether a success names errors.
pub(in crate::provider::gcore) fn names_errors(errors: &Value) -> bool {
    match errors {
        Value::Null => false,
        Value::Bool(is) => *is,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Number(_) => true,
    }
}

/// How full the storage is, where an answer warns of it: in the warning or, without numbers there,
/// in the client that it is about.
pub(in crate::provider::gcore) fn storage(started: &wire::Started) -> Option<Storage> {
    let warnings = started.warnings.as_array()?;
    let warning = warnings.iter().find(|warning| {
        let key = warning.get("key").and_then(Value::as_str);
        key == Some("client_storage_almost_exceeded")
    })?;
    let client = started.data.pointer("/stream/client");
    let places = [warning.get("meta"), client];
    places.into_iter().flatten().find_map(|place| {
        Some(Storage {
            used_mb: megabytes(place.get("storage_usage_mb")?)?,
            limit_mb: megabytes(place.get("storage_limit_mb")?)?,
        })
    })
}

/// A number, or its digits; parts are dropped.
fn megabytes(value: &Value) -> Option<u64> {
    let digits = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let whole = digits
        .split_once('.')
        .map_or(digits.as_str(), |(whole, _)| whole);
    whole.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> Option<ObservedVideo> {
        let words = |said: &Value| said.as_str().unwrap_or("").to_owned();
        observed(wire::object(value)?, words)
    }

    #[test]
    fn every_field_has_its_place() {
        let example = json!({
            "id": 8031, "client_id": 5, "name": "Stream Record: Keynote, 2026-07-14 10:00:00 UTC",
            "description": null, "slug": "canary", "status": "ready", "stream_id": 3204,
            "recording_started_at": "2026-07-14T09:05:03.000Z", "record_type": "origin",
            "duration": 48999, "origin_video_duration": 49000, "origin_url": "https://canary",
            "hls_url": "https://1.gvideo.io/videos/1_x/master.m3u8", "hls_cmaf_url": "https://other",
            "dash_url": "https://1.gvideo.io/videos/1_x/index.mpd",
            "iframe_url": "https://player.gvideo.co/videos/1_x", "error": "", "views": 0,
            "converted_videos": [{"id": 1, "status": "complete"}], "directory_id": null,
        });
        assert_eq!(
            read(example),
            Some(ObservedVideo {
                id: VideoId::new("8031"),
                stream: Some(StreamId::new("3204")),
                state: VideoState::Ready,
                started_at: Some("2026-07-14T09:05:03Z".parse().unwrap()),
                duration_seconds: Some(48),
                hls_url: Some("https://1.gvideo.io/videos/1_x/master.m3u8".into()),
                dash_url: Some("https://1.gvideo.io/videos/1_x/index.mpd".into()),
                iframe_url: Some("https://player.gvideo.co/videos/1_x".into()),
                error: None,
                expires_at: None,
                files: Vec::new(),
            })
        );
    }

    #[test]
    fn what_is_not_shown_is_not_known() {
        let bare = read(json!({"id": "7"})).unwrap();
        assert_eq!((bare.stream, bare.state), (None, VideoState::Unknown));
        assert_eq!((bare.started_at, bare.duration_seconds), (None, None));
        assert_eq!((bare.hls_url, bare.dash_url), (None, None));
        assert_eq!((bare.iframe_url, bare.error), (None, None));
        let odd = json!({
            "id": 7, "stream_id": "seven", "status": 3, "recording_started_at": "yesterday",
            "duration": -1, "hls_url": "", "hls_cmaf_url": "https://cmaf", "error": "canary",
        });
        let odd = read(odd).unwrap();
        assert_eq!((odd.stream, odd.state), (None, VideoState::Unknown));
        assert_eq!((odd.started_at, odd.duration_seconds), (None, None));
        assert_eq!(odd.hls_url.as_deref(), Some("https://cmaf"));
        assert_eq!(odd.error.as_deref(), Some("canary"));
        for bad in [
            json!({}),
            json!({"id": null}),
            json!({"id": "x"}),
            json!([7]),
        ] {
            assert_eq!(read(bad), None);
        }
    }

    #[test]
    fn states_are_words() {
        for (word, expected) in [
            ("empty", VideoState::Empty),
            ("pending", VideoState::Pending),
            ("viewable", VideoState::Viewable),
            ("ready", VideoState::Ready),
            ("Ready", VideoState::Ready),
            ("error", VideoState::Error),
            ("new", VideoState::Unknown),
            ("", VideoState::Unknown),
        ] {
            assert_eq!(state(word), expected, "{word}");
        }
    }

    #[test]
    fn a_refusal_is_told_by_its_words() {
        for (text, expected) in [
            (
                "name: Error text: No space for recording the stream.",
                Some(Start::NoSpace),
            ),
            ("key: client_storage_exceeded", Some(Start::NoSpace)),
            ("The storage limit has been exceeded", Some(Start::NoSpace)),
            ("NO SPACE", Some(Start::NoSpace)),
            ("stream: is not live", Some(Start::NotLive)),
            ("Stream must be live", Some(Start::NotLive)),
            ("The stream is offline", Some(Start::NotLive)),
            ("namespace: can't be blank", None),
            ("live: recording is not allowed", None),
            ("", None),
        ] {
            assert_eq!(refusal(text), expected, "{text}");
        }
    }

    fn started(value: Value) -> wire::Started {
        wire::object(value).unwrap()
    }

    #[test]
    fn a_warning_says_how_full_the_storage_is() {
        let warned = |meta: Value, client: Value| {
            storage(&started(json!({
                "data": {"stream": {"id": 7, "client": client}},
                "warnings": [
                    {"key": "another"},
                    {
                        "key": "client_storage_almost_exceeded",
                        "source_object": {"id": 5, "type": "client"}, "meta": meta,
                    },
                ],
                "errors": [],
            })))
        };
        let numbers = |used: Value| json!({"storage_usage_mb": used, "storage_limit_mb": 1000});
        let full = |used_mb| {
            Some(Storage {
                used_mb,
                limit_mb: 1000,
            })
        };
        assert_eq!(warned(numbers(json!(950)), json!({})), full(950));
        assert_eq!(warned(numbers(json!(950.7)), json!({})), full(950));
        assert_eq!(warned(numbers(json!("950")), json!({})), full(950));
        assert_eq!(warned(json!({}), numbers(json!(951))), full(951));
        assert_eq!(warned(json!(null), json!(null)), None);
        assert_eq!(warned(numbers(json!(-1)), json!([])), None);
        for quiet in [
            json!({}),
            json!({"warnings": null}),
            json!({"warnings": [], "data": {"stream": {"client": numbers(json!(1))}}}),
            json!({"warnings": ["client_storage_almost_exceeded"]}),
            json!({"warnings": {"key": "client_storage_almost_exceeded"}}),
        ] {
            assert_eq!(storage(&started(quiet)), None);
        }
    }

    #[test]
    fn errors_are_there_or_not() {
        for none in [json!(null), json!([]), json!({}), json!(""), json!(false)] {
            assert!(!names_errors(&none), "{none}");
        }
        for some in [
            json!([{}]),
            json!(["x"]),
            json!({"name": []}),
            json!("x"),
            json!(7),
        ] {
            assert!(names_errors(&some), "{some}");
        }
    }

    proptest! {
        #[test]
        fn a_length_is_never_longer_than_it_is(ms in any::<i64>()) {
            let seconds = read(json!({"id": 7, "duration": ms})).unwrap().duration_seconds;
            let exact = (ms >= 0).then_some(ms);
            prop_assert_eq!(seconds.is_some(), exact.is_some());
            prop_assert!(seconds.unwrap_or(0) * 1000 <= exact.unwrap_or(0));
            prop_assert!(exact.unwrap_or(0) - seconds.unwrap_or(0) * 1000 < 1000);
        }
    }
}
