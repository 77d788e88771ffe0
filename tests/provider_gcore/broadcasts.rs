//! Broadcasts: each answer that the documents have, and that they contradict each other in.

use std::sync::{Arc, Mutex};

use livestream_operator::{
    api::BroadcastState,
    provider::{BroadcastId, BroadcastSettings, ProviderError, StreamId},
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};
use simulator::gcore::BroadcastAnswer;

use crate::{
    bench::*,
    server::{Heard, answer, server},
};

fn broadcast(id: u64) -> BroadcastId {
    BroadcastId::new(id.to_string())
}

/// First lines and JSON bodies of what was sent.
fn said(heard: &Heard) -> Vec<(String, Value)> {
    let read = |(_, text): &(usize, String)| {
        let (fields, body) = text.split_once("\r\n\r\n").expect("a head");
        let line = fields.lines().next().unwrap_or_default().to_owned();
        (line, serde_json::from_str(body).unwrap_or(Value::Null))
    };
    let heard = heard.lock().expect("no panic");
    heard.iter().map(read).collect()
}

#[tokio::test]
async fn a_creation_is_wrapped_and_says_its_state() {
    let (url, heard) = server(|_| answer(200, "", "{\"id\": 7}")).await;
    let gcore = connect(&url, hasty());
    let broadcasts = gcore.broadcasts.unwrap();
    let made = broadcasts.create(&named("Keynote")).await;
    assert_eq!(made, Ok(Some(broadcast(7))));
    let whole = BroadcastSettings {
        name: Some("Keynote".into()),
        state: Some(BroadcastState::Live),
        streams: Some(vec![id(9), id(8)]),
        share_url: Some("https://share".into()),
        custom_iframe_url: Some("https://frame".into()),
        pending_message: Some("Soon".into()),
        show_dvr_after_finish: Some(true),
        ad_id: Some(1),
        player_id: Some(2),
    };
    broadcasts.create(&whole).await.unwrap();
    let line = "POST /streaming/broadcasts HTTP/1.1".to_owned();
    let pending = json!({"broadcast": {"name": "Keynote", "status": "pending"}});
    let all = json!({"broadcast": {
        "name": "Keynote", "status": "live", "stream_ids": [9, 8], "share_url": "https://share",
        "custom_iframe_url": "https://frame", "pending_message": "Soon",
        "show_dvr_after_finish": true, "ad_id": 1, "player_id": 2,
    }});
    assert_eq!(said(&heard), [(line.clone(), pending), (line, all)]);
}

#[tokio::test]
async fn an_answer_to_a_creation_may_leave_the_id_out() {
    for (status, body, expected) in [
        (
            200,
            include_str!("../fixtures/gcore/broadcast.json"),
            Some(broadcast(192_470)),
        ),
        (201, "{\"id\": \"7\"}", Some(broadcast(7))),
        (
            200,
            "{\"name\": \"Keynote\", \"status\": \"pending\"}",
            None,
        ),
        (200, "{\"id\": null}", None),
        (200, "{}", None),
        (200, "null", None),
        (200, "", None),
        (204, "", None),
    ] {
        let (url, heard) = server(move |_| answer(status, "", body)).await;
        let gcore = connect(&url, hasty());
        let made = gcore.broadcasts.unwrap().create(&named("x")).await;
        assert_eq!(made, Ok(expected), "{status} {body}");
        assert_eq!(heard.lock().unwrap().len(), 1);
    }
    for body in ["<html>", "[]", "7", "\"\"", "{"] {
        let (url, heard) = server(move |_| answer(200, "", body)).await;
        let gcore = connect(&url, hasty());
        let made = gcore.broadcasts.unwrap().create(&named("x")).await;
        assert!(matches!(made, Err(ProviderError::Garbled { .. })), "{body}");
        assert_eq!(heard.lock().unwrap().len(), 1);
    }
    let blank = json!({"errors": {"status": ["can't be blank"]}}).to_string();
    let (url, _) = server(move |_| answer(422, "", &blank)).await;
    let gcore = connect(&url, hasty());
    let made = gcore.broadcasts.unwrap().create(&named("")).await;
    assert_eq!(made.map(drop), refused(422, "status: can't be blank"));
}

#[tokio::test]
async fn reads_one_with_or_without_its_id() {
    let documented = include_str!("../fixtures/gcore/broadcast.json");
    let mut without: Value = serde_json::from_str(documented).unwrap();
    without.as_object_mut().unwrap().remove("id");
    for body in [documented.to_owned(), without.to_string()] {
        let list = format!("[{body}]");
        let (url, heard) = server(move |request| {
            let listed = request.contains("?page=");
            answer(200, "", if listed { &list } else { &body })
        })
        .await;
        let broadcasts = connect(&url, hasty()).broadcasts.unwrap();
        let seen = broadcasts.get(&broadcast(192_470)).await.unwrap().unwrap();
        assert_eq!(seen.id, broadcast(192_470));
        assert_eq!(
            seen.settings,
            BroadcastSettings {
                name: Some("Keynote".into()),
                state: Some(BroadcastState::Pending),
                streams: Some(vec![id(320_423), id(320_422)]),
                share_url: Some(String::new()),
                custom_iframe_url: Some(String::new()),
                pending_message: Some("Broadcast isn't started yet".into()),
                show_dvr_after_finish: Some(false),
                ad_id: None,
                player_id: Some(2716),
            }
        );
        let frame = "https://player.gvideo.co/broadcasts/58725_192470";
        assert_eq!(seen.iframe_url.as_deref(), Some(frame));
        // In a list it is nothing without its id, but it is not lost either.
        let listed = broadcasts.list(3).await.unwrap();
        assert_eq!(listed.len(), 1);
        assert!(listed[0].as_ref().is_none_or(|listed| *listed == seen));
        let lines: Vec<String> = said(&heard).into_iter().map(|(line, _)| line).collect();
        assert_eq!(
            lines,
            [
                "GET /streaming/broadcasts/192470 HTTP/1.1",
                "GET /streaming/broadcasts?page=3 HTTP/1.1"
            ]
        );
    }
}

#[tokio::test]
async fn what_is_no_broadcast_is_garbled() {
    for body in [
        "",
        "null",
        "{}",
        "[]",
        "7",
        "<html>",
        "{\"id\": 8, \"name\": \"x\"}",
    ] {
        let (url, _) = server(move |_| answer(200, "", body)).await;
        let broadcasts = connect(&url, hasty()).broadcasts.unwrap();
        let wanted = named("x");
        let (seen, changed) = (
            broadcasts.get(&broadcast(7)).await,
            broadcasts.update(&broadcast(7), &wanted).await,
        );
        for result in [seen, changed] {
            assert!(
                matches!(result, Err(ProviderError::Garbled { .. })),
                "{body}"
            );
        }
    }
    for body in ["", "null", "{}", "{\"results\": []}", "<html>"] {
        let (url, _) = server(move |_| answer(200, "", body)).await;
        let listed = connect(&url, hasty()).broadcasts.unwrap().list(1).await;
        assert!(
            matches!(listed, Err(ProviderError::Garbled { .. })),
            "{body}"
        );
    }
    let (url, _) = server(|_| answer(200, "", "[7, null, {\"id\": 7}, {\"name\": \"x\"}]")).await;
    let listed = connect(&url, hasty()).broadcasts.unwrap().list(1).await;
    let known: Vec<bool> = listed.unwrap().iter().map(Option::is_some).collect();
    assert_eq!(known, [false, false, true, false]);
}

#[tokio::test]
async fn updates_exactly_what_is_wanted() {
    let (url, heard) = server(|_| answer(200, "", "{\"id\": 7, \"status\": \"LIVE\"}")).await;
    let broadcasts = connect(&url, hasty()).broadcasts.unwrap();
    let live = BroadcastSettings {
        state: Some(BroadcastState::Live),
        ..Default::default()
    };
    let seen = broadcasts.update(&broadcast(7), &live).await.unwrap();
    assert_eq!(seen.unwrap().settings.state, Some(BroadcastState::Live));
    let none = BroadcastSettings {
        streams: Some(Vec::new()),
        ..Default::default()
    };
    broadcasts.update(&broadcast(7), &none).await.unwrap();
    let nothing = BroadcastSettings::default();
    broadcasts.update(&broadcast(7), &nothing).await.unwrap();
    let patch = "PATCH /streaming/broadcasts/7 HTTP/1.1".to_owned();
    assert_eq!(
        said(&heard),
        [
            (patch.clone(), json!({"broadcast": {"status": "live"}})),
            (patch, json!({"broadcast": {"stream_ids": []}})),
            // What it has now is what it had.
            (
                "GET /streaming/broadcasts/7 HTTP/1.1".to_owned(),
                Value::Null
            ),
        ]
    );
}

#[tokio::test]
async fn what_is_gone_is_gone() {
    let (url, heard) =
        server(|_| answer(404, "", "{\"status\":404,\"error\":\"not found\"}")).await;
    let broadcasts = connect(&url, hasty()).broadcasts.unwrap();
    assert_eq!(broadcasts.get(&broadcast(7)).await, Ok(None));
    assert_eq!(
        broadcasts.update(&broadcast(7), &named("x")).await,
        Ok(None)
    );
    assert_eq!(broadcasts.delete(&broadcast(7)).await, Ok(()));
    assert_eq!(heard.lock().unwrap().len(), 3);
    // A creation has nothing that could be gone.
    let made = broadcasts.create(&named("x")).await;
    assert_eq!(made.map(drop), refused(404, "not found"));
    let (url, _) = server(|_| answer(204, "", "")).await;
    let broadcasts = connect(&url, hasty()).broadcasts.unwrap();
    assert_eq!(broadcasts.delete(&broadcast(7)).await, Ok(()));
}

#[tokio::test]
async fn an_id_leads_nowhere_else() {
    let (url, heard) = server(|_| answer(200, "", "{}")).await;
    let broadcasts = connect(&url, hasty()).broadcasts.unwrap();
    for odd in ["", "..", "7/spectators", "7?x", "%2e%2e"] {
        let odd = BroadcastId::new(odd);
        let refusals = [
            broadcasts.get(&odd).await.map(drop),
            broadcasts.update(&odd, &named("x")).await.map(drop),
            broadcasts.delete(&odd).await,
        ];
        for refusal in refusals {
            assert_eq!(
                refusal,
                refused(400, "this cannot be the id of a broadcast")
            );
        }
    }
    // Nor is a stream guessed.
    let odd = BroadcastSettings {
        streams: Some(vec![StreamId::new("7x")]),
        ..Default::default()
    };
    let refusals = [
        broadcasts.create(&odd).await.map(drop),
        broadcasts.update(&broadcast(7), &odd).await.map(drop),
    ];
    for refusal in refusals {
        assert_eq!(refusal, refused(400, "this cannot be the id of a stream"));
    }
    assert_eq!(heard.lock().unwrap().len(), 0);
}

fn settings() -> impl Strategy<Value = BroadcastSettings> {
    let text = || prop::option::of(any::<String>());
    let number = || prop::option::of(1..=9_007_199_254_740_991_i64);
    let state = prop_oneof![
        Just(BroadcastState::Pending),
        Just(BroadcastState::Live),
        Just(BroadcastState::Paused),
        Just(BroadcastState::Finished),
    ];
    let streams = prop::collection::vec(any::<u64>().prop_map(id), 0..5);
    (
        text(),
        prop::option::of(state),
        prop::option::of(streams),
        (text(), text(), text()),
        prop::option::of(any::<bool>()),
        number(),
        number(),
    )
        .prop_map(
            |(name, state, streams, (share, frame, message), dvr, ad, player)| BroadcastSettings {
                name,
                state,
                streams,
                share_url: share,
                custom_iframe_url: frame,
                pending_message: message,
                show_dvr_after_finish: dvr,
                ad_id: ad,
                player_id: player,
            },
        )
}

/// What the provider keeps of a change, with nothing made of it, is read as what was wanted.
#[test]
fn what_was_written_is_read() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let kept = Arc::new(Mutex::new(json!({})));
    let (url, _) = runtime.block_on(server(move |request| {
        let (_, body) = request.split_once("\r\n\r\n").expect("a head");
        if let Ok(mut body) = serde_json::from_str::<Value>(body) {
            *kept.lock().unwrap() = body["broadcast"].take();
        }
        let mut broadcast = kept.lock().unwrap().clone();
        broadcast["id"] = json!(7);
        answer(200, "", &broadcast.to_string())
    }));
    let broadcasts = connect(&url, hasty()).broadcasts.unwrap();
    let mut runner = TestRunner::new(Config::with_cases(128));
    runner
        .run(&(settings(), settings()), |(first, second)| {
            runtime.block_on(async {
                let made = broadcasts.create(&first).await.expect("create");
                let made = made.expect("an id");
                let seen = broadcasts.get(&made).await.expect("get").expect("there");
                let mut expected = first;
                expected.state.get_or_insert(BroadcastState::Pending);
                prop_assert_eq!(&seen.settings, &expected);
                let seen = broadcasts.update(&made, &second).await;
                let seen = seen.expect("update").expect("there").settings;
                if second != BroadcastSettings::default() {
                    prop_assert_eq!(seen, second);
                }
                Ok(())
            })
        })
        .unwrap();
}

/// Whatever the answer to a creation leaves out, the first stream leads to what was made.
#[tokio::test]
async fn a_broadcast_without_an_id_is_found_by_its_stream() {
    let (sim, gcore) = start().await;
    let broadcasts = gcore.broadcasts.as_ref().unwrap();
    for (n, how) in [
        BroadcastAnswer::Whole,
        BroadcastAnswer::WithoutId,
        BroadcastAnswer::Empty,
    ]
    .into_iter()
    .enumerate()
    {
        for shown in [true, false] {
            sim.behaviour(CLIENT, |ways| {
                ways.broadcast_answer = how;
                ways.broadcasts_without_id = !shown;
            });
            let stream = sim.create(CLIENT, json!({"name": "x"})).unwrap();
            let wanted = BroadcastSettings {
                streams: Some(vec![id(stream)]),
                ..named(&format!("hash {n} {shown}"))
            };
            let made = broadcasts.create(&wanted).await.unwrap();
            let seen = gcore.streams.get(&id(stream)).await.unwrap().unwrap();
            let [found] = &seen.broadcasts[..] else {
                panic!("{:?}", seen.broadcasts);
            };
            assert!(made.is_none_or(|made| made == *found));
            let seen = broadcasts.get(found).await.unwrap().unwrap();
            assert_eq!((&seen.id, seen.settings.name), (found, wanted.name));
            assert_eq!(seen.settings.state, Some(BroadcastState::Pending));
        }
    }
    assert_eq!(sim.broadcasts_created(CLIENT), 6);
}

#[tokio::test]
async fn a_broadcast_goes_through_its_states() {
    let (sim, gcore) = start().await;
    let broadcasts = gcore.broadcasts.as_ref().unwrap();
    let streams = ["first", "second"].map(|name| sim.create(CLIENT, json!({"name": name})));
    let streams = streams.map(|made| id(made.unwrap()));
    let wanted = BroadcastSettings {
        streams: Some(streams.to_vec()),
        share_url: Some("https://share".into()),
        ..named("Keynote")
    };
    let made = broadcasts.create(&wanted).await.unwrap().unwrap();
    for state in [
        BroadcastState::Live,
        BroadcastState::Paused,
        BroadcastState::Live,
        BroadcastState::Finished,
    ] {
        let change = BroadcastSettings {
            state: Some(state),
            ..Default::default()
        };
        let seen = broadcasts.update(&made, &change).await.unwrap().unwrap();
        assert_eq!(seen.settings.state, Some(state));
        assert_eq!(broadcasts.get(&made).await, Ok(Some(seen.clone())));
        assert_eq!(seen.settings.streams, wanted.streams);
        assert_eq!(seen.settings.share_url, wanted.share_url);
    }
    // The order of the streams counts, and it is replaced.
    let turned = BroadcastSettings {
        streams: Some(streams.iter().rev().cloned().collect()),
        share_url: Some(String::new()),
        ..Default::default()
    };
    sim.behaviour(CLIENT, |ways| ways.empty_means_null = true);
    let seen = broadcasts.update(&made, &turned).await.unwrap().unwrap();
    assert_eq!(seen.settings.streams, turned.streams);
    assert_eq!(seen.settings.share_url, turned.share_url);

    assert_eq!(broadcasts.delete(&made).await, Ok(()));
    assert_eq!(broadcasts.delete(&made).await, Ok(()));
    assert_eq!(broadcasts.get(&made).await, Ok(None));
    assert_eq!(sim.broadcasts(CLIENT), Vec::<Value>::new());
}

#[tokio::test]
async fn lists_page_by_page_until_one_is_empty() {
    let (sim, gcore) = start().await;
    let broadcasts = gcore.broadcasts.as_ref().unwrap();
    for n in 0..30 {
        let broadcast = json!({"name": format!("broadcast {n}"), "status": "live"});
        sim.create_broadcast(CLIENT, broadcast).unwrap();
    }
    let mut found = Vec::new();
    for (page, length) in [(1, 25), (2, 5), (3, 0)] {
        let items = broadcasts.list(page).await.unwrap();
        assert_eq!(items.len(), length);
        found.extend(items.into_iter().map(|item| item.unwrap().id));
    }
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 30);
    // One that does not show ids is no list of nothing.
    sim.behaviour(CLIENT, |ways| ways.broadcasts_without_id = true);
    assert_eq!(broadcasts.list(1).await, Ok(vec![None; 25]));
}
