//! What each method does, and what is never sent.

use livestream_operator::{
    provider::{Mark, ObservedStream, Source, StreamId, StreamSettings, difference},
    secret::Secret,
};
use serde_json::json;
use simulator::gcore::Encoder;

use crate::bench::*;

#[tokio::test]
async fn names_the_client() {
    let (_sim, gcore) = start().await;
    let client = gcore.identity.client(None).await.unwrap().unwrap();
    assert_eq!(client.as_str(), "1001");
    assert_eq!(gcore.identity.fingerprint(), None);
}

#[tokio::test]
async fn lists_page_by_page_until_one_is_empty() {
    let (sim, gcore) = start().await;
    for n in 0..30 {
        sim.create(CLIENT, json!({"name": format!("stream {n}")}))
            .unwrap();
    }
    let mut lengths = Vec::new();
    for page in 1..=3 {
        let items = gcore.streams.list(page).await.unwrap();
        assert!(items.iter().all(Result::is_ok));
        lengths.push(items.len());
    }
    assert_eq!(lengths, [25, 5, 0]);
    let queries: Vec<_> = sim.calls().into_iter().map(|call| call.query).collect();
    let expected = ["page=1", "page=2", "page=3"].map(|query| Some(query.to_owned()));
    assert_eq!(queries, expected);
}

#[tokio::test]
async fn gets_one_stream_or_none() {
    let (sim, gcore) = start().await;
    let made = sim
        .create(
            CLIENT,
            json!({"name": "by hand", "client_entity_data": "a note"}),
        )
        .unwrap();
    sim.create(CLIENT, json!({"name": "without", "pull": true}))
        .unwrap();
    let seen = gcore.streams.get(&id(made)).await.unwrap().unwrap();
    assert_eq!((seen.id, seen.mark), (id(made), Mark::None));
    assert_eq!(seen.settings.name.as_deref(), Some("by hand"));
    assert_eq!(
        seen.settings.gcore.client_entity_data.as_deref(),
        Some("a note")
    );
    assert!(!seen.live && seen.recording == Some(false));
    assert!(seen.ingest.push.is_some() && seen.ingest.whip.is_some());
    assert!(
        seen.playback
            .is_some_and(|it| it.hls.is_some() && it.iframe.is_some())
    );
    assert_eq!(gcore.streams.get(&id(made + 77)).await, Ok(None));
    assert_eq!(gcore.streams.get(&StreamId::new("abc")).await, Ok(None));
}

#[tokio::test]
async fn is_live_over_any_way_in() {
    let (sim, gcore) = start().await;
    let made = sim
        .create(CLIENT, json!({"name": "x", "active": true}))
        .unwrap();
    let backup = Encoder {
        backup: Some(true),
        ..Default::default()
    };
    sim.encoder(made, backup).unwrap();
    assert!(gcore.streams.get(&id(made)).await.unwrap().unwrap().live);
    sim.edit(made, json!({"recording": true})).unwrap();
    let seen = gcore.streams.get(&id(made)).await.unwrap().unwrap();
    assert_eq!(seen.recording, Some(true));
    // In no typed schema, so it may be absent.
    sim.edit(made, json!({"recording": null})).unwrap();
    let seen = gcore.streams.get(&id(made)).await.unwrap().unwrap();
    assert_eq!(seen.recording, None);
}

#[tokio::test]
async fn creates_with_its_mark_and_nothing_unasked() {
    let (sim, gcore) = start().await;
    let seen = gcore
        .streams
        .create(&owner(), &StreamSettings::default())
        .await
        .unwrap();
    assert_eq!(seen.mark, Mark::Owned(owner()));
    assert_eq!(
        sim.calls()[0].body,
        Some(json!({
            "name": "keynote", "active": false, "pull": false,
            "client_entity_data": "livestream-operator.io/owner=cluster-1/events/keynote/5b7c",
        }))
    );
    let mut wanted = with_data(r#"{"camera": 1}"#);
    wanted.name = Some("Keynote".into());
    wanted.active = Some(true);
    wanted.source = Some(Source::Pull(vec![
        Secret::new("rtmp://a"),
        Secret::new("srt://b"),
    ]));
    let seen = gcore.streams.create(&owner(), &wanted).await.unwrap();
    assert_eq!(seen.mark, Mark::Owned(owner()));
    assert_eq!(difference(&wanted, &seen.settings), None);
    assert_eq!(
        sim.calls()[1].body,
        Some(json!({
            "name": "Keynote", "active": true, "pull": true, "uri": "rtmp://a srt://b",
            "client_entity_data":
                r#"{"camera": 1,"livestream-operator.io/owner":"cluster-1/events/keynote/5b7c"}"#,
        }))
    );
    // It is found again by its mark.
    let page = gcore.streams.list(1).await.unwrap();
    let ours = |item: &Result<ObservedStream, _>| {
        item.as_ref()
            .is_ok_and(|stream| stream.mark == Mark::Owned(owner()))
    };
    assert_eq!(page.iter().filter(|item| ours(item)).count(), 2);
}

#[tokio::test]
async fn updates_exactly_what_is_wanted() {
    let (sim, gcore) = start().await;
    let streams = &gcore.streams;
    let made = streams
        .create(&owner(), &with_data("Camera 1"))
        .await
        .unwrap();
    let body = || sim.calls().last().and_then(|call| call.body.clone());

    let seen = streams
        .update(&made.id, Some(&owner()), &active(true))
        .await;
    let seen = seen.unwrap().unwrap();
    assert_eq!(body(), Some(json!({"stream": {"active": true}})));
    assert_eq!(seen.settings.active, Some(true));
    assert_eq!(seen.mark, Mark::Owned(owner()));
    assert_eq!(
        seen.settings.gcore.client_entity_data.as_deref(),
        Some("Camera 1")
    );

    let wanted = with_data("Camera 2");
    let seen = streams.update(&made.id, Some(&owner()), &wanted).await;
    let seen = seen.unwrap().unwrap();
    assert_eq!(
        body(),
        Some(json!({"stream": {"client_entity_data":
            "Camera 2\nlivestream-operator.io/owner=cluster-1/events/keynote/5b7c"}}))
    );
    assert_eq!(seen.mark, Mark::Owned(owner()));
    assert_eq!(difference(&wanted, &seen.settings), None);

    let wanted = secretive();
    let seen = streams.update(&made.id, Some(&owner()), &wanted).await;
    assert_eq!(difference(&wanted, &seen.unwrap().unwrap().settings), None);
    assert_eq!(
        body(),
        Some(json!({"stream": {"pull": true, "uri": PULL, "srt_passphrase": PASSPHRASE}}))
    );
    let push = StreamSettings {
        source: Some(Source::Push),
        ..Default::default()
    };
    let seen = streams.update(&made.id, Some(&owner()), &push).await;
    assert_eq!(difference(&push, &seen.unwrap().unwrap().settings), None);
    assert_eq!(
        body(),
        Some(json!({"stream": {"pull": false, "uri": null}}))
    );

    let gone = id(77);
    let seen = streams.update(&gone, Some(&owner()), &active(true)).await;
    assert_eq!(seen, Ok(None));
}

#[tokio::test]
async fn an_adopted_stream_gets_no_mark() {
    let (sim, gcore) = start().await;
    let made = sim.create(CLIENT, json!({"name": "by hand"})).unwrap();
    let wanted = with_data("a note");
    let seen = gcore.streams.update(&id(made), None, &wanted).await;
    let seen = seen.unwrap().unwrap();
    assert_eq!(seen.mark, Mark::None);
    assert_eq!(difference(&wanted, &seen.settings), None);
    let data = &sim.stream(made).unwrap()["client_entity_data"];
    assert_eq!(data, &json!("a note"));
    // Empty text is the same as none, however the provider keeps it.
    sim.behaviour(CLIENT, |ways| ways.empty_means_null = true);
    let wanted = with_data("");
    let seen = gcore.streams.update(&id(made), None, &wanted).await;
    assert_eq!(difference(&wanted, &seen.unwrap().unwrap().settings), None);
}

#[tokio::test]
async fn an_update_of_nothing_is_a_read() {
    let (sim, gcore) = start().await;
    let made = sim.create(CLIENT, json!({"name": "by hand"})).unwrap();
    let nothing = StreamSettings::default();
    let seen = gcore.streams.update(&id(made), None, &nothing).await;
    assert_eq!(seen.unwrap().unwrap().id, id(made));
    assert_eq!((sim.changing_calls(), sim.count("GET", STREAM)), (0, 1));
}

#[tokio::test]
async fn releases_without_losing_the_users_text() {
    let (_sim, gcore) = start().await;
    let streams = &gcore.streams;
    for text in ["", "Camera 1\n", r#"{"camera": [1, 2] }"#] {
        let made = streams.create(&owner(), &with_data(text)).await.unwrap();
        let seen = streams.release(&made, &owner()).await.unwrap().unwrap();
        assert_eq!(seen.mark, Mark::Released(owner()));
        assert_eq!(
            seen.settings.gcore.client_entity_data.as_deref(),
            Some(text)
        );
        assert_eq!(seen.settings, made.settings);
        streams.delete(&made).await.unwrap();
        assert_eq!(streams.release(&made, &owner()).await, Ok(None));
    }
}

#[tokio::test]
async fn deletes_and_does_not_mind_that_it_is_gone() {
    let (sim, gcore) = start().await;
    let made = sim.create(CLIENT, json!({"name": "by hand"})).unwrap();
    assert_eq!(
        gcore.streams.delete(&of_id(id(made))).await,
        Ok(livestream_operator::provider::Deletion::Gone)
    );
    assert_eq!(sim.stream(made), None);
    assert_eq!(
        gcore.streams.delete(&of_id(id(made))).await,
        Ok(livestream_operator::provider::Deletion::Gone)
    );
    assert_eq!(sim.count("DELETE", STREAM), 2);
}

#[tokio::test]
async fn an_id_leads_nowhere_else() {
    let (sim, gcore) = start().await;
    for odd in ["", ".", "..", "7/start_recording", "7?x", "%2e%2e", "ü"] {
        let odd = StreamId::new(odd);
        let refusals = [
            gcore.streams.get(&odd).await.map(drop),
            gcore.streams.delete(&of_id(odd.clone())).await.map(drop),
            gcore
                .streams
                .update(&odd, None, &active(true))
                .await
                .map(drop),
        ];
        for refusal in refusals {
            assert_eq!(refusal, refused(400, "this cannot be the id of a stream"));
        }
    }
    assert_eq!(sim.last_call(), 0);
}

#[tokio::test]
async fn a_text_that_would_hide_the_mark_is_refused_before_it_is_sent() {
    let (sim, gcore) = start().await;
    let made = sim.create(CLIENT, json!({"name": "by hand"})).unwrap();
    for text in [
        "livestream-operator.io/owner=cluster-1/events/other/1",
        r#"{"livestream-operator.io/released":"cluster-1/events/other/1"}"#,
    ] {
        let wanted = with_data(text);
        let streams = &gcore.streams;
        let refusals = [
            streams.create(&owner(), &wanted).await.map(drop),
            streams.update(&id(made), None, &wanted).await.map(drop),
            streams
                .update(&id(made), Some(&owner()), &wanted)
                .await
                .map(drop),
        ];
        for refusal in refusals {
            assert!(
                matches!(&refusal, Err(error) if error.refused_for_certain()),
                "{refusal:?}"
            );
        }
    }
    assert_eq!(sim.last_call(), 0);
}
