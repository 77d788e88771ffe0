//! Channels, against the simulator.

use livestream_operator::{
    api::LiveStationStream,
    provider::{Deletion, Mark, Phase, ProviderError, StreamId, StreamSettings},
};
use serde_json::json;
use simulator::faults::{Action, Fault};

use crate::{
    CLIENT, connect, owner,
    server::{answer, server},
    start,
};

fn active(active: bool) -> StreamSettings {
    StreamSettings {
        active: Some(active),
        ..StreamSettings::default()
    }
}

#[tokio::test]
async fn a_channel_is_found_by_its_mark_and_lives_as_it_is_told() {
    let (sim, live_station) = start().await;
    let streams = &live_station.streams;
    let form = live_station.capabilities.owner;
    let made = streams
        .create(&owner("a"), &StreamSettings::default())
        .await
        .unwrap();
    let mark = Mark::Owned(form(&owner("a")));
    assert_eq!(made.mark, mark);
    let listed = streams.list(1).await.unwrap();
    let [Ok(listed)] = &listed[..] else {
        panic!("{listed:?}");
    };
    assert_eq!((&listed.id, &listed.mark), (&made.id, &mark));
    assert_eq!(streams.list(2).await.unwrap(), Vec::new());

    let seen = streams.get(&made.id).await.unwrap().unwrap();
    assert_eq!(
        (seen.phase, seen.settings.active),
        (Phase::Usable, Some(true))
    );
    assert!(seen.ingest.push.is_some() && seen.playback.unwrap().hls.is_some());
    let off = streams
        .update(&made.id, Some(&owner("a")), &active(false))
        .await;
    assert_eq!(off.unwrap().unwrap().settings.active, Some(false));
    let change = StreamSettings {
        auto_record: Some(true),
        dvr_enabled: Some(true),
        ..StreamSettings::default()
    };
    let changed = streams.update(&made.id, Some(&owner("a")), &change).await;
    let changed = changed.unwrap().unwrap();
    assert_eq!(changed.mark, mark, "a change keeps the name");
    assert_eq!(changed.settings.auto_record, Some(true));
    assert_eq!(changed.settings.dvr_enabled, Some(true));
    assert_eq!(changed.settings.active, Some(false));

    // Another one of the same name takes it, and leaves it behind.
    let claimed = streams.claim(&changed, &owner("b")).await.unwrap().unwrap();
    assert_eq!(claimed.mark, Mark::Owned(form(&owner("b"))));
    let left = streams
        .release(&claimed, &owner("b"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(left.mark, Mark::Released(form(&owner("b"))));

    // It is stopped, so it is released first, and terminated by the next call.
    let Deletion::Underway(ready) = streams.delete(&left).await.unwrap() else {
        panic!("a stopped channel cannot be terminated");
    };
    assert_eq!(ready.settings.active, Some(true));
    assert_eq!(streams.delete(&ready).await, Ok(Deletion::Gone));
    assert_eq!(
        streams.delete(&ready).await,
        Ok(Deletion::Gone),
        "it is gone already"
    );
    assert_eq!(streams.get(&made.id).await, Ok(None));
    assert_eq!(sim.count("POST", "/api/v2/channels"), 1);
}

#[tokio::test]
async fn what_is_live_is_stopped_before_it_is_terminated() {
    let (sim, live_station) = start().await;
    let streams = &live_station.streams;
    let made = streams
        .create(&owner("a"), &StreamSettings::default())
        .await
        .unwrap();
    sim.set_live(made.id.as_str(), true).unwrap();
    let live = streams.get(&made.id).await.unwrap().unwrap();
    assert!(live.live);
    let mut seen = live;
    let mut steps = 0;
    while let Deletion::Underway(now) = streams.delete(&seen).await.unwrap() {
        seen = *now;
        steps += 1;
        assert!(steps < 3, "{seen:?}");
    }
    assert_eq!(sim.channels(CLIENT).len(), 0);
    assert_eq!(steps, 2, "off, on, and then the end");
}

#[tokio::test]
async fn a_creation_is_sent_once() {
    let (sim, live_station) = start().await;
    let streams = &live_station.streams;
    for action in [
        Action::TimeoutAfterApply,
        Action::CutAfterApply,
        Action::CutBeforeApply,
        Action::status(503),
        Action::EmptyBody,
    ] {
        let before = sim.count("POST", "/api/v2/channels");
        sim.fault(Fault::new(action).method("POST"));
        let made = streams
            .create(&owner("a"), &StreamSettings::default())
            .await;
        let error = made.unwrap_err();
        assert!(!error.refused_for_certain(), "{error}");
        assert_eq!(sim.count("POST", "/api/v2/channels"), before + 1);
    }
}

#[tokio::test]
async fn no_error_shows_a_key() {
    let (sim, live_station) = start().await;
    sim.revoke_key(crate::ACCESS);
    let error = live_station.identity.client(None).await.unwrap_err();
    assert!(
        matches!(error, ProviderError::Unauthorized { .. }),
        "{error}"
    );
    let text = format!("{error} {error:?} {:?}", live_station.line);
    assert!(!text.contains(crate::SECRET), "{text}");
}

#[test]
fn what_it_does_not_have_is_named() {
    let capabilities = crate::connect("http://127.0.0.1:9").capabilities;
    let want = StreamSettings {
        name: Some("Keynote".into()),
        dvr_seconds: Some(60),
        live_station: LiveStationStream {
            quality_set_id: Some(4),
        },
        ..StreamSettings::default()
    };
    assert_eq!(
        (capabilities.unsupported)(&want),
        ["displayName", "dvr.durationSeconds"]
    );
    assert_eq!((capabilities.replaced)(&want), ["liveStation.qualitySetId"]);
}

/// What a refused state means at a creation is not documented: it may have been carried out.
#[tokio::test]
async fn a_creation_that_is_against_a_state_is_unknown_and_not_refused() {
    let refusal =
        json!({"error": {"errorCode": 250_005, "errorName": "NOT_AVAILABLE", "message": "no"}});
    let (url, heard) = server(move |_| answer(400, "", &refusal.to_string())).await;
    let connection = connect(&url);
    let settings = StreamSettings::default();
    let created = connection.streams.create(&owner("u"), &settings).await;
    assert!(
        matches!(created, Err(ProviderError::Unavailable { .. })),
        "{created:?}"
    );
    assert_eq!(heard.lock().unwrap().len(), 1);
}

/// A change names all settings: those that are not shown would be lost.
#[tokio::test]
async fn a_channel_that_does_not_show_its_settings_is_not_changed() {
    let channel = json!({"content": {
        "channelId": "ls-1", "channelName": "name", "channelStatus": "READY", "useDVR": false,
        "immediateOnAir": false,
    }});
    let (url, heard) = server(move |_| answer(200, "", &channel.to_string())).await;
    let connection = connect(&url);
    let settings = StreamSettings {
        auto_record: Some(true),
        ..StreamSettings::default()
    };
    let id = StreamId::new("ls-1");
    let changed = connection.streams.update(&id, None, &settings).await;
    assert!(
        matches!(changed, Err(ProviderError::Garbled { .. })),
        "{changed:?}"
    );
    let heard = heard.lock().unwrap();
    assert!(heard.iter().all(|(_, text)| text.starts_with("GET ")));
}
