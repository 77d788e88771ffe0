//! The door for fuzzing, as `provider::gcore::fuzzing` is: it is there in tests and under `cargo fuzz` only.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "what must not be, ends the run; the functions are named as their targets"
)]

use jiff::Timestamp;
use reqwest::{StatusCode, header::HeaderMap};
use serde_json::Value;

use super::{callback, failure, map, map::Item, recordings, shown, wire};
use crate::{
    provider::{
        Hint, Mark, ProviderError, StreamId, StreamSettings,
        fuzzing::{Target, is_packed_whole, is_public, is_safe, key},
        http::body::decode,
    },
    secret::Secret,
};

/// All targets for this provider.
pub const TARGETS: [Target; 4] = [
    ("live_station_callback", callback_body),
    ("live_station_channels", channels_page),
    ("live_station_error", error_reply),
    ("live_station_records", records_reply),
];

/// The body of a callback.
pub fn callback_body(body: &[u8]) {
    match callback::hint(body) {
        Ok(Some(Hint::Stream(id) | Hint::VideoOf(id))) => is_id(id.as_str()),
        Ok(Some(Hint::Broadcast(_))) => panic!("there are no broadcasts here"),
        Ok(None) | Err(_) => {}
    }
}

/// A page of the list of channels, one channel, and the addresses of one.
pub fn channels_page(body: &[u8]) {
    let page: Result<wire::Envelope<wire::Page<wire::Channel>>, _> = decode(body);
    for item in page
        .into_iter()
        .flat_map(|wire::Envelope { content }| content.0)
    {
        match map::observed(item, &Mark::Unreadable) {
            Ok(Item::There(seen)) => {
                is_id(seen.id.as_str());
                is_packed_whole(&*seen);
            }
            Ok(Item::Gone) => {}
            Err(unreadable) => {
                unreadable.id.iter().for_each(|id| is_id(id.as_str()));
                is_safe(&unreadable.what);
            }
        }
    }
    let one: Result<wire::Envelope<Value>, _> = decode(body);
    if let Ok(wire::Envelope { content }) = one {
        let id = content["channelId"].as_str().unwrap_or_default();
        if let Ok(Some(seen)) = shown(&StreamId::new(id), content.clone(), &Mark::None) {
            assert_eq!(seen.id.as_str(), id);
            is_packed_whole(&seen);
        }
        // What is known of it can be sent back.
        if let Some(channel) = wire::object(content) {
            let defaults = super::Defaults {
                quality_set_id: 1,
                cdn_profile_id: 1,
                cdn_region: "KOREA".into(),
                record: Value::Null,
            };
            let body = map::change(&channel, "x", &StreamSettings::default(), &defaults);
            assert_eq!(body["channelName"], "x");
        }
    }
    let urls: Result<wire::Envelope<wire::Page<wire::ServiceUrl>>, _> = decode(body);
    if let Ok(wire::Envelope { content }) = urls {
        let playback = map::playback(content.0.into_iter().flatten().collect());
        is_public(playback.hls.as_deref());
        is_public(playback.dash.as_deref());
    }
}

/// The files of a channel's recordings.
pub fn records_reply(body: &[u8]) {
    let id = StreamId::new("ls-1");
    let records: Result<wire::Envelope<wire::Records>, _> = decode(body);
    let Ok(wire::Envelope { content }) = records else {
        return;
    };
    for video in recordings::videos(content, &id, false)
        .into_iter()
        .flatten()
        .flatten()
    {
        let number = video.id.as_str();
        assert!(
            number.parse::<i64>().is_ok_and(|number| number >= 0),
            "{number}"
        );
        assert_eq!(video.stream.as_ref(), Some(&id));
        assert!(video.duration_seconds.is_none_or(|seconds| seconds >= 0));
        is_public(video.hls_url.as_deref());
        is_safe(video.error.as_deref().unwrap_or_default());
    }
}

/// An error's status, in two bytes, and its body.
pub fn error_reply(data: &[u8]) {
    let Some((status, body)) = data.split_first_chunk::<2>() else {
        return;
    };
    let Ok(status) = StatusCode::from_u16(u16::from_be_bytes(*status)) else {
        return;
    };
    let sent = Secret::new("canary-secret-key");
    let headers = HeaderMap::new();
    let now = Timestamp::UNIX_EPOCH;
    let error = failure::of(status, &headers, body, &[key(), sent.clone()], now);
    let words = match &error {
        ProviderError::Refused { message, .. } | ProviderError::Unauthorized { message, .. } => {
            message
        }
        ProviderError::Unavailable { what } | ProviderError::Garbled { what } => what,
        ProviderError::RateLimited { .. } => "",
    };
    is_safe(words);
    assert!(!words.contains(sent.expose()), "{words:?}");
}

/// It can stand in a path, and in a status.
fn is_id(id: &str) {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    assert!(
        (1..=64).contains(&id.len()) && id.bytes().all(known),
        "{id:?} is no id"
    );
}
