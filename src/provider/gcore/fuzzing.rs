//! The one door for fuzzing: every reader of foreign bytes, each as a function of bytes that panics where
//! something is not as it must be. It is there in tests and under `cargo fuzz` (`cfg(fuzzing)`) only, so
//! the program that is shipped has no such door.
//!
//! The targets in `fuzz/` call these functions and nothing else, and the test below feeds them what the
//! fuzzer has found worth keeping.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "what must not be, ends the run; the functions are named as their targets"
)]

use std::{sync::OnceLock, time::Duration};

use jiff::Timestamp;
use reqwest::header::{DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use serde_json::Value;

use super::{broadcasts, decode, map, mark, no_matter, stream, webhook, wire};
use crate::{
    clock,
    object_key::ObjectKey,
    provider::{
        BroadcastId, Hint, Mark, ObservedStream, Owner,
        fuzzing::{Target, is_packed_whole, is_public, is_safe, key},
        http::{failure, message},
    },
    secret::Secret,
    webhooks::{Doors, Knock, Token},
};

/// All targets for this provider.
pub const TARGETS: [Target; 9] = [
    ("broadcasts", broadcasts_reply),
    ("error", error_reply),
    ("mark", mark_in_data),
    ("retry_after", retry_after),
    ("started", started_reply),
    ("stream", stream_reply),
    ("streams", streams_page),
    ("videos", videos_page),
    ("webhook", webhook_request),
];

/// Any one stream: an answer to a creation, a read or a change.
pub fn stream_reply(body: &[u8]) {
    let _ = no_matter(body);
    let client: Result<wire::Client, _> = decode(body);
    if let Some(id) = client.ok().and_then(|client| client.id) {
        is_id(&id);
    }
    for unshown in [Mark::None, Mark::Unreadable] {
        if let Ok(seen) = stream(body, unshown) {
            examine(&seen);
        }
    }
}

/// A page of the list of streams. What it holds is what each of its items says alone.
pub fn streams_page(body: &[u8]) {
    let Ok(wire::Page(items)) = decode(body) else {
        return;
    };
    let values: Vec<Value> = serde_json::from_slice(body).unwrap_or_default();
    assert!(
        values.is_empty() || values.len() == items.len(),
        "an item was lost"
    );
    for item in items {
        if let Ok(seen) = map::observed(item, Mark::Unreadable) {
            examine(&seen);
        }
    }
}

/// A page of the list of videos, and one video.
pub fn videos_page(body: &[u8]) {
    let words = |said: &Value| message::of_value(said, &[key()]);
    let page: Result<wire::Page<wire::Video>, _> = decode(body);
    let mut videos = page.map(|wire::Page(items)| items).unwrap_or_default();
    videos.push(decode(body).ok().and_then(wire::object));
    for video in videos.into_iter().flatten() {
        let Some(video) = map::video::observed(video, words) else {
            continue;
        };
        is_id(video.id.as_str());
        if let Some(stream) = &video.stream {
            is_id(stream.as_str());
        }
        assert!(video.duration_seconds.is_none_or(|seconds| seconds >= 0));
        for address in [&video.hls_url, &video.dash_url, &video.iframe_url] {
            is_public(address.as_deref());
        }
        is_safe(video.error.as_deref().unwrap_or_default());
    }
}

/// A page of the list of broadcasts, and one broadcast.
pub fn broadcasts_reply(body: &[u8]) {
    let page: Result<wire::Page<wire::Broadcast>, _> = decode(body);
    let mut found = page.map(|wire::Page(items)| items).unwrap_or_default();
    found.push(broadcasts::read(body).ok());
    for broadcast in found.into_iter().flatten() {
        let Some(id) = broadcast.id.clone() else {
            continue;
        };
        is_id(&id);
        let seen = map::broadcast::observed(BroadcastId::new(id), broadcast);
        is_public(seen.iframe_url.as_deref());
        is_packed_whole(&seen);
    }
}

/// What a start of a recording is answered with.
pub fn started_reply(body: &[u8]) {
    let started: Option<wire::Started> = decode(body).ok().and_then(wire::object);
    let Some(started) = started else {
        return;
    };
    let _ = map::video::storage(&started);
    if map::video::names_errors(&started.errors) {
        let words = message::of_value(&started.errors, &[key()]);
        is_safe(&words);
        let _ = map::video::refusal(&words);
    }
}

/// An error's body, after a line with a secret that was sent.
pub fn error_reply(data: &[u8]) {
    let line = data.iter().position(|byte| *byte == b'\n');
    let (secret, body) = data.split_at(line.unwrap_or(0));
    let secret = String::from_utf8_lossy(secret).into_owned();
    let words = message::of(body, &[key(), Secret::new(secret.clone())]);
    is_safe(&words);
    // What cannot be told from the signs that we write ourselves is no secret. A message has one space
    // between words, whatever was there.
    let told = |c: char| c.is_ascii_graphic() && !"*/:".contains(c) || c == ' ';
    let words_of = |text: &str| text.split(' ').map(str::len).min().unwrap_or(0);
    if secret.len() >= 6 && secret.chars().all(told) && words_of(&secret) > 0 {
        assert!(!words.contains(&secret), "{secret:?} in {words:?}");
    }
}

/// The header `Retry-After`, and after a line break the header `Date`.
pub fn retry_after(data: &[u8]) {
    const DAY: Duration = Duration::from_hours(24);
    let mut headers = HeaderMap::new();
    let names: [HeaderName; 2] = [RETRY_AFTER, DATE];
    for (name, value) in names.into_iter().zip(data.split(|byte| *byte == b'\n')) {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.insert(name, value);
        }
    }
    for now in [
        Timestamp::MIN,
        Timestamp::UNIX_EPOCH,
        Timestamp::constant(1_787_220_000, 0),
        Timestamp::MAX,
    ] {
        assert!(failure::retry_after(&headers, now).is_none_or(|wait| wait <= DAY));
    }
}

/// A text of `client_entity_data`, from a provider or from a user.
pub fn mark_in_data(data: &[u8]) {
    let Ok(data) = std::str::from_utf8(data) else {
        return;
    };
    let owner = Owner {
        cluster: "0c-1".into(),
        namespace: "events".into(),
        name: "key.note".into(),
        uid: "5b7c".into(),
    };
    let (text, found) = mark::read(data);
    match &found {
        // A text without a mark is taken as it stands, and a mark can be put into it.
        Mark::None => {
            assert_eq!(text, data);
            assert!(mark::write(&text, &Mark::Owned(owner.clone())).is_ok());
            assert_eq!(mark::write(&text, &Mark::None).as_deref(), Ok(data));
        }
        Mark::Unreadable => assert_eq!(text, data),
        // What is read can be written, and is then read as the same.
        Mark::Owned(_) | Mark::Released(_) => {
            let written = mark::write(&text, &found).unwrap();
            assert_eq!(mark::read(&written), (text.clone(), found.clone()));
        }
    }
    for mark in [Mark::Owned(owner.clone()), Mark::Released(owner)] {
        let Ok(once) = mark::write(&text, &mark) else {
            continue;
        };
        // The user's text survives, to the byte, and adding twice is adding once.
        let (survived, read) = mark::read(&once);
        assert_eq!((&survived, &read), (&text, &mark));
        assert_eq!(mark::write(&survived, &mark).unwrap(), once);
    }
}

/// A webhook's path, and after a line break its body.
pub fn webhook_request(data: &[u8]) {
    static DOORS: OnceLock<(Doors, Secret)> = OnceLock::new();
    let (doors, path) = DOORS.get_or_init(|| {
        let token = Token::of_path(&format!("/webhooks/{}", "0123456789abcdef".repeat(4)));
        let (doors, token) = (Doors::default(), token.unwrap());
        doors.open(&ObjectKey::new("events", "default"), vec![token.digest()]);
        (doors, token.path())
    });
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let (asked, body) = data.split_at(end);
    let asked = String::from_utf8_lossy(asked);
    let known = match doors.knock(Some(&asked), clock::now().mono) {
        Knock::Known(_) | Knock::KnownTooOften(_) => true,
        Knock::Stranger | Knock::StrangerTooOften => false,
    };
    assert_eq!(known, asked == path.expose());
    if let Ok(Some(hint)) = webhook::hint(body) {
        match hint {
            Hint::Stream(id) | Hint::VideoOf(id) => is_id(id.as_str()),
            Hint::Broadcast(id) => is_id(id.as_str()),
        }
    }
}

/// It can stand in a path, and in a status.
fn is_id(id: &str) {
    let digits = id.bytes().all(|byte| byte.is_ascii_digit());
    assert!(digits && (1..=20).contains(&id.len()), "{id:?} is no id");
}

fn examine(seen: &ObservedStream) {
    is_id(seen.id.as_str());
    for id in &seen.broadcasts {
        is_id(id.as_str());
    }
    let shown = seen.playback.clone().unwrap_or_default();
    for address in [&shown.hls, &shown.hls_mpegts, &shown.dash, &shown.iframe] {
        is_public(address.as_deref());
    }
    // What is known of it can be sent back.
    let data = seen.settings.gcore.client_entity_data.clone();
    let _ = map::fields(&seen.settings, data);
    is_packed_whole(seen);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Texts that are marks, nearly.
        #[test]
        fn near_marks_pass(
            parts in prop::collection::vec(
                prop_oneof![
                    Just("livestream-operator.io/owner".to_owned()),
                    Just("livestream-operator.io/released".to_owned()),
                    Just("=a/b/c/d".to_owned()),
                    Just("\"livestream-operator.io/owner\":\"a/b/c/d\"".to_owned()),
                    "[{}\\[\\],:\" \n\r=/\\\\]{0,3}",
                    "\\PC{0,5}",
                ],
                0..8,
            ),
        ) {
            mark_in_data(parts.concat().as_bytes());
        }
    }
}
