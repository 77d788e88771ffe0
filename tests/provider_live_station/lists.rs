//! Lists that mislead, and single answers that do.

use livestream_operator::provider::{Mark, StreamId, StreamSettings};
use serde_json::{Value, json};
use simulator::live_station::{Spoilt, SpoiltItem};

use crate::{
    CLIENT, connect,
    methods::{CHANNEL, CHANNELS, garbled},
    owner,
    server::{answer, server},
    start,
};

#[tokio::test]
async fn one_unreadable_item_does_not_hide_the_others() {
    let (sim, connection) = start().await;
    for name in ["one", "two", "three"] {
        sim.create(CLIENT, json!({"channelName": name})).unwrap();
    }
    let second = sim.channels(CLIENT)[1]["channelId"].clone();
    let second = second.as_str().unwrap();
    for (how, id_is_known) in [
        (Spoilt::IdMissing, false),
        (Spoilt::StatusUnknown, true),
        (Spoilt::NotAnObject, false),
    ] {
        let spoilt = SpoiltItem {
            id: second.into(),
            how,
        };
        sim.behaviour(CLIENT, |ways| ways.spoilt_item = Some(spoilt));
        let page = connection.streams.list(1).await.unwrap();
        assert_eq!(page.len(), 3, "{how:?}");
        let unreadable: Vec<_> = page.into_iter().filter_map(Result::err).collect();
        let known = id_is_known.then(|| StreamId::new(second));
        assert_eq!(unreadable.len(), 1, "{how:?}");
        assert_eq!(unreadable[0].id, known, "{how:?}");
    }
    // What shows no name may be ours.
    for how in [Spoilt::NameMissing, Spoilt::NameOfWrongType] {
        let spoilt = SpoiltItem {
            id: second.into(),
            how,
        };
        sim.behaviour(CLIENT, |ways| ways.spoilt_item = Some(spoilt));
        let page = connection.streams.list(1).await.unwrap();
        let marks: Vec<Mark> = page.into_iter().map(|item| item.unwrap().mark).collect();
        assert_eq!(marks, [Mark::None, Mark::Unreadable, Mark::None], "{how:?}");
    }
}

#[tokio::test]
async fn a_new_channel_that_no_list_shows_is_found_by_its_id() {
    let (sim, connection) = start().await;
    let streams = &connection.streams;
    sim.behaviour(CLIENT, |ways| ways.hide_new_from_list_seconds = 3600.0);
    let plain = StreamSettings::default();
    let made = streams.create(&owner("a"), &plain).await.unwrap();
    assert_eq!(streams.list(1).await, Ok(Vec::new()));
    let seen = streams.get(&made.id).await.unwrap().unwrap();
    assert_eq!(seen.mark, made.mark);
    assert_eq!(sim.count("POST", CHANNELS), 1);
    assert!(sim.count("GET", CHANNEL) >= 1);
}

/// What each answer to a read of one channel is taken for.
#[tokio::test]
async fn a_single_channel_that_cannot_be_read_is_garbled() {
    for (channel, what) in [
        (
            json!({"channelId": "ls-2", "channelName": "x"}),
            "it is another channel",
        ),
        (json!({"channelName": "x"}), "it has no channelId"),
        (
            json!({"channelId": "", "channelName": "x"}),
            "it has no channelId",
        ),
        (
            json!({"channelId": "../ls-1", "channelName": "x"}),
            "it has no channelId",
        ),
        (
            json!({"channelId": "ls\u{1b}[2J", "channelName": "x"}),
            "it has no channelId",
        ),
        (
            json!({"channelId": "l".repeat(65), "channelName": "x"}),
            "it has no channelId",
        ),
        (
            json!({"channelId": "ls-1", "channelName": "x", "channelStatus": "?"}),
            "its channelStatus is unknown",
        ),
        // Whose it is, is not known.
        (json!({"channelId": "ls-1"}), "it has no channelName"),
        (
            json!({"channelId": "ls-1", "channelName": {}}),
            "it has no channelName",
        ),
        (json!([]), "it is no object"),
        (json!(null), "it is no object"),
    ] {
        let body = json!({"content": channel}).to_string();
        let (url, _) = server(move |_| answer(200, "", &body)).await;
        let result = connect(&url).streams.get(&StreamId::new("ls-1")).await;
        assert_eq!(result, garbled(what), "{channel}");
    }
}

#[tokio::test]
async fn what_is_no_list_is_not_an_empty_list() {
    for body in [
        "null",
        "{}",
        "[]",
        "\"\"",
        "0",
        r#"{"content": null}"#,
        r#"{"content": {}}"#,
        r#"{"content": ""}"#,
        r#"{"total": 0}"#,
        r#"{"content": []"#,
        "{",
    ] {
        let (url, _) = server(|_| answer(200, "", body)).await;
        let result = connect(&url).streams.list(1).await;
        assert!(result.is_err(), "{body}: {result:?}");
    }
    let (url, _) = server(|_| answer(200, "", r#"{"content": []}"#)).await;
    assert_eq!(connect(&url).streams.list(1).await, Ok(Vec::new()));
}

#[tokio::test]
async fn terminated_channels_are_passed_over_but_not_for_ever() {
    let gone = |id: &str| json!({"channelId": id, "channelStatus": "DELETED"});
    let page = |items: Vec<Value>| json!({"content": items}).to_string();
    let (first, then) = (
        page(vec![gone("ls-1")]),
        page(vec![gone("ls-2"), json!({"channelId": "ls-3"})]),
    );
    let (url, heard) = server(move |request| {
        answer(
            200,
            "",
            if request.contains("pageNo=1&") {
                &first
            } else {
                &then
            },
        )
    })
    .await;
    let listed = connect(&url).streams.list(1).await.unwrap();
    let ids: Vec<StreamId> = listed.into_iter().map(|item| item.unwrap().id).collect();
    assert_eq!(ids, [StreamId::new("ls-3")]);
    assert_eq!(heard.lock().unwrap().len(), 2);

    let always = page(vec![gone("ls-1")]);
    let (url, heard) = server(move |_| answer(200, "", &always)).await;
    let listed = connect(&url).streams.list(1).await;
    assert_eq!(
        listed,
        garbled("page upon page of the list holds terminated channels alone")
    );
    assert_eq!(heard.lock().unwrap().len(), 10);
}

/// Nothing that a terminal obeys comes into a status.
#[tokio::test]
async fn addresses_are_one_word() {
    let id = StreamId::new("ls-1");
    for bad in [
        "https://a/\u{1b}[2J.m3u8",
        "https://a/ b.m3u8",
        "http://a/x.m3u8",
        "javascript:x.m3u8",
    ] {
        let (url, _) = server(move |request| {
            let urls = json!([{"url": bad}, {"url": "https://a/x.mpd"}]);
            let file = json!({"recordSeq": 7, "recordType": "HLS", "objectStorageUrl": bad});
            let content = if request.contains("serviceUrls") {
                urls
            } else if request.contains("records") {
                json!({"recordList": {"1": file}})
            } else {
                json!({"channelId": "ls-1", "channelName": "x", "channelStatus": "READY"})
            };
            answer(200, "", &json!({"content": content}).to_string())
        })
        .await;
        let connection = connect(&url);
        let seen = connection.streams.get(&id).await.unwrap().unwrap();
        let playback = seen.playback.unwrap();
        assert_eq!(playback.hls, None, "{bad:?}");
        assert_eq!(playback.dash.as_deref(), Some("https://a/x.mpd"));
        let videos = connection.recordings.videos(&id, 1).await.unwrap();
        let shown = videos[0].as_ref().unwrap().hls_url.clone();
        // A bucket's address may be of any scheme.
        let fine = shown.is_none_or(|url| url == "http://a/x.m3u8");
        assert!(fine, "{bad:?}");
    }
}

#[tokio::test]
async fn a_thousand_channels_are_read_by_eleven_calls() {
    let (sim, connection) = start().await;
    for number in 0..1000 {
        let name = format!("channel_{number}");
        sim.create(CLIENT, json!({ "channelName": name })).unwrap();
    }
    let mut ids = std::collections::BTreeSet::new();
    for page in 1.. {
        let items = connection.streams.list(page).await.unwrap();
        if items.is_empty() {
            break;
        }
        ids.extend(items.into_iter().map(|item| item.unwrap().id.to_string()));
    }
    assert_eq!((ids.len(), sim.count("GET", CHANNELS)), (1000, 11));
}
