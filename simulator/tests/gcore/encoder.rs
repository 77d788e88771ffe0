//! Encoders, sources, and what time does to streams.

use std::time::Duration;

use serde_json::{Value, json};
use simulator::gcore::{Encoder, Protocol, Refused};

use crate::support::{CLIENT, patch, seen, start};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn push_goes_live_at_once_and_is_playable_a_little_later() {
    let sim = start().await;
    let id = sim
        .create(CLIENT, json!({"name": "a", "active": true}))
        .expect("created");
    let both = Encoder {
        primary: Some(true),
        backup: Some(true),
        protocol: Some(Protocol::Srt),
        keep_trying: false,
    };
    sim.encoder(id, both).expect("taken");
    let live = seen(&sim, id).await;
    let started = live["started_at_primary"].clone();
    assert_eq!(
        (&live["live"], &live["backup_live"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(live["active_ingest_region_primary"], "ed1");
    assert_eq!(live["active_ingest_region_backup"], "anx2");
    assert!(started.is_string() && live["started_at_backup"].is_string());
    assert_eq!(
        live["stream_source_type"],
        Value::Null,
        "live, but not playable yet"
    );

    sim.advance(3 * SECOND);
    let playable = seen(&sim, id).await;
    assert_eq!(playable["stream_source_type"], "srt");
    assert!(playable["transcoded_qualities"].is_array());

    sim.set_live(id, false).expect("taken");
    let half = seen(&sim, id).await;
    assert_eq!(
        (&half["live"], &half["backup_live"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(half["stream_source_type"], "srt");
    assert_eq!(half["active_ingest_region_primary"], Value::Null);
    let backup_off = Encoder {
        backup: Some(false),
        ..Encoder::default()
    };
    sim.encoder(id, backup_off).expect("taken");
    let off = seen(&sim, id).await;
    assert_eq!(off["backup_live"], false);
    assert_eq!(off["transcoded_qualities"], Value::Null);
    let finished = off["finished_at_primary"].as_str().expect("a time");
    assert!(finished > started.as_str().expect("a time"));

    sim.advance(SECOND);
    sim.set_live(id, true).expect("taken");
    let again = seen(&sim, id).await;
    assert_eq!(
        again["finished_at_primary"], finished,
        "not reset by a restart"
    );
    assert!(again["started_at_primary"].as_str().expect("a time") > finished);
}

#[tokio::test]
async fn push_is_refused_where_there_is_nothing_active() {
    let sim = start().await;
    assert_eq!(sim.set_live(7, true), Err(Refused::NoSuchStream));
    let id = sim.create(CLIENT, json!({"name": "a"})).expect("created");
    assert_eq!(sim.set_live(id, true), Err(Refused::Disabled));
    assert_eq!(Refused::Disabled.codes(), (403, 2004));
    assert_eq!(seen(&sim, id).await["live"], false);
}

#[tokio::test]
async fn an_encoder_that_keeps_trying() {
    let sim = start().await;
    let id = sim.create(CLIENT, json!({"name": "a"})).expect("created");
    let patient = Encoder {
        primary: Some(true),
        keep_trying: true,
        ..Encoder::default()
    };
    sim.encoder(id, patient).expect("it waits");
    assert_eq!(seen(&sim, id).await["live"], false);
    patch(&sim, id, json!({"stream": {"active": true}})).await;
    assert_eq!(seen(&sim, id).await["live"], false);
    sim.advance(10 * SECOND);
    assert_eq!(seen(&sim, id).await["live"], true);
    patch(&sim, id, json!({"stream": {"active": false}})).await;
    sim.advance(2 * SECOND);
    assert_eq!(seen(&sim, id).await["live"], false);
    patch(&sim, id, json!({"stream": {"active": true}})).await;
    sim.advance(10 * SECOND);
    assert_eq!(seen(&sim, id).await["live"], true);
}

/// The tutorial, steps 14 and 15.
#[tokio::test]
async fn switching_off_still_answers_live_and_then_ends_it() {
    let sim = start().await;
    let id = sim
        .create(CLIENT, json!({"name": "a", "active": true}))
        .expect("created");
    sim.set_live(id, true).expect("taken");
    let answer = patch(&sim, id, json!({"stream": {"active": false}}))
        .await
        .json();
    assert_eq!(
        (&answer["active"], &answer["live"]),
        (&json!(false), &json!(true))
    );
    sim.advance(2 * SECOND);
    assert_eq!(seen(&sim, id).await["live"], false);
}

#[tokio::test]
async fn off_and_on_again_within_the_delay_goes_unnoticed() {
    let sim = start().await;
    let id = sim
        .create(CLIENT, json!({"name": "a", "active": true}))
        .expect("created");
    sim.set_live(id, true).expect("taken");
    for active in [false, true] {
        patch(&sim, id, json!({"stream": {"active": active}})).await;
    }
    sim.advance(2 * SECOND);
    assert_eq!(seen(&sim, id).await["live"], true);
}

#[tokio::test]
async fn pull_goes_live_some_time_after_its_source_is_up() {
    let sim = start().await;
    let id = sim
        .create(
            CLIENT,
            json!({"name": "a", "pull": true, "uri": "https://a.example/x.m3u8"}),
        )
        .expect("created");
    sim.set_live(id, true).expect("the source is up");
    sim.advance(60 * SECOND);
    assert_eq!(seen(&sim, id).await["live"], false, "not active");
    patch(&sim, id, json!({"stream": {"active": true}})).await;
    sim.advance(14 * SECOND);
    assert_eq!(seen(&sim, id).await["live"], false);
    sim.advance(SECOND);
    assert_eq!(seen(&sim, id).await["live"], true);
    sim.advance(3 * SECOND);
    let playable = seen(&sim, id).await;
    assert_eq!(playable["stream_source_type"], "https");
    assert_eq!(playable["backup_live"], false);
    sim.set_live(id, false).expect("the source is down");
    let down = seen(&sim, id).await;
    assert_eq!(
        (&down["live"], &down["active"]),
        (&json!(false), &json!(true))
    );
}

#[tokio::test]
async fn idle_pull_is_switched_off() {
    let sim = start().await;
    let pull = || json!({"name": "a", "pull": true, "active": true});
    let idle = sim.create(CLIENT, pull()).expect("created");
    let fetched = sim.create(CLIENT, pull()).expect("created");
    let push = sim
        .create(CLIENT, json!({"name": "a", "active": true}))
        .expect("created");
    sim.set_live(fetched, true).expect("the source is up");
    let active = async || {
        let mut states = Vec::new();
        for id in [idle, fetched, push] {
            states.push(seen(&sim, id).await["active"] == true);
        }
        states
    };
    sim.advance(7199 * SECOND);
    assert_eq!(active().await, [true, true, true]);
    sim.advance(SECOND);
    assert_eq!(active().await, [false, true, true]);

    // The time counts from the end of the last success.
    sim.set_live(fetched, false).expect("the source is down");
    sim.advance(7199 * SECOND);
    assert_eq!(active().await, [false, true, true]);
    sim.advance(SECOND);
    assert_eq!(active().await, [false, false, true]);

    // Switched on again, it gets the whole time again; and the time is a setting.
    patch(&sim, idle, json!({"stream": {"active": true}})).await;
    sim.advance(60 * SECOND);
    assert_eq!(active().await, [true, false, true]);
    sim.behaviour(CLIENT, |ways| ways.pull_idle_seconds = 30.0);
    assert_eq!(active().await, [false, false, true]);
}

#[tokio::test]
async fn a_short_success_gives_idle_pull_its_whole_time_again() {
    let sim = start().await;
    let id = sim
        .create(CLIENT, json!({"name": "a", "pull": true, "active": true}))
        .expect("created");
    sim.set_live(id, true).expect("the source is up");
    sim.advance(100 * SECOND);
    sim.set_live(id, false).expect("the source is down");
    sim.advance(7199 * SECOND);
    assert_eq!(seen(&sim, id).await["active"], true);
    sim.advance(SECOND);
    assert_eq!(seen(&sim, id).await["active"], false);
}
