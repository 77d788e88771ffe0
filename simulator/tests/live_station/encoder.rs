//! Encoders, and what the provider does of its own accord.

use serde_json::{Value, json};
use simulator::live_station::{Encoder, Refused, Simulator};

use crate::support::{CLIENT, SECOND, put, ready, seen, start, status};

/// The events of a channel, without the two about it being made and changed.
fn events(sim: &Simulator, id: &str) -> Vec<String> {
    let code = |event: Value| event["eventCode"].as_str().expect("a code").to_owned();
    let all = sim.events(id).into_iter().map(code);
    all.filter(|code| !code.starts_with("STREAM_")).collect()
}

#[tokio::test]
async fn a_broadcast_begins_at_once_and_ends_a_little_late() {
    let sim = start().await;
    let id = ready(&sim, json!({}));
    let began = sim.clock().now().as_millis();
    sim.set_live(&id, true).expect("taken");
    sim.set_live(&id, true).expect("again");
    let shown = seen(&sim, &id).await;
    assert_eq!(shown["channelStatus"], "PUBLISHING");
    assert_eq!(shown["recentPublishStartTime"], began);
    sim.advance(60 * SECOND);
    sim.set_live(&id, false).expect("stopped");
    assert_eq!(status(&sim, &id), "PUBLISHING");
    sim.advance(SECOND);
    // Back in time: the same broadcast goes on, and the time counts anew from the next loss.
    sim.set_live(&id, true).expect("taken");
    sim.advance(SECOND);
    sim.set_live(&id, false).expect("stopped");
    sim.advance(2 * SECOND);
    assert_eq!(status(&sim, &id), "PUBLISHING");
    sim.advance(SECOND);
    let shown = seen(&sim, &id).await;
    assert_eq!(shown["channelStatus"], "READY");
    assert_eq!(shown["recentPublishStartTime"], began);
    assert_eq!(shown["totalPublishSeconds"], 65);
    assert_eq!(events(&sim, &id), ["PUBLISH_START", "PUBLISH_END"]);
    sim.behaviour(CLIENT, |ways| ways.ready_after_seconds = 0.0);
    sim.set_live(&id, true).expect("taken");
    sim.advance(3 * SECOND);
    sim.set_live(&id, false).expect("stopped");
    assert_eq!(status(&sim, &id), "READY");
    assert_eq!(seen(&sim, &id).await["totalPublishSeconds"], 68);
}

#[tokio::test]
async fn where_an_encoder_is_turned_away() {
    let sim = start().await;
    let id = sim.create(CLIENT, json!({})).expect("created");
    assert_eq!(sim.set_live(&id, true), Err(Refused::NotReady), "CREATING");
    assert_eq!(sim.set_live(&id, false), Ok(()), "nothing to stop");
    sim.advance(5 * SECOND);
    put(&sim, &id, "off").await;
    assert_eq!(sim.set_live(&id, true), Err(Refused::NotReady), "BLOCK");
    sim.force_block(&id);
    assert_eq!(
        sim.set_live(&id, true),
        Err(Refused::NotReady),
        "FORCE_BLOCK"
    );
    sim.reclaim(&id);
    assert_eq!(sim.set_live(&id, true), Err(Refused::NoSuchChannel));
    assert_eq!(sim.set_live("ls-none", true), Err(Refused::NoSuchChannel));
}

#[tokio::test]
async fn an_encoder_that_keeps_trying_comes_back_after_off_and_on() {
    let sim = start().await;
    let id = ready(&sim, json!({}));
    let encoder = Encoder {
        on: true,
        keep_trying: true,
    };
    sim.encoder(&id, encoder).expect("taken");
    assert_eq!(
        put(&sim, &id, "off").await.json()["content"]["channelStatus"],
        "BLOCK"
    );
    sim.advance(60 * SECOND);
    assert_eq!(
        put(&sim, &id, "on").await.json()["content"]["channelStatus"],
        "READY"
    );
    sim.advance(9 * SECOND);
    assert_eq!(status(&sim, &id), "READY");
    sim.advance(SECOND);
    assert_eq!(status(&sim, &id), "PUBLISHING");
    // One that does not keep trying is gone for good.
    sim.set_live(&id, true).expect("taken");
    put(&sim, &id, "off").await;
    put(&sim, &id, "on").await;
    sim.advance(60 * SECOND);
    assert_eq!(status(&sim, &id), "READY");
    assert_eq!(
        events(&sim, &id),
        [
            "PUBLISH_START",
            "PUBLISH_END",
            "PUBLISH_START",
            "PUBLISH_END"
        ]
    );
    // One that gives up while it is expected does not come.
    sim.encoder(&id, encoder).expect("taken");
    put(&sim, &id, "off").await;
    put(&sim, &id, "on").await;
    sim.set_live(&id, false).expect("gives up");
    sim.advance(60 * SECOND);
    assert_eq!(status(&sim, &id), "READY");
    // It may wait for a channel that is still being made.
    let id = sim.create(CLIENT, json!({})).expect("created");
    sim.encoder(&id, encoder).expect("waits");
    sim.advance(15 * SECOND);
    assert_eq!(status(&sim, &id), "PUBLISHING");
}

#[tokio::test]
async fn what_the_provider_blocks_or_takes_back() {
    let sim = start().await;
    let id = ready(&sim, json!({}));
    sim.set_live(&id, true).expect("taken");
    assert!(sim.force_block(&id));
    assert_eq!(seen(&sim, &id).await["channelStatus"], "FORCE_BLOCK");
    assert_eq!(events(&sim, &id), ["PUBLISH_START", "PUBLISH_END"]);
    assert!(sim.lift_block(&id));
    assert_eq!(status(&sim, &id), "READY");
    sim.set_live(&id, true).expect("taken");
    assert!(sim.reclaim(&id) && !sim.reclaim(&id) && !sim.force_block(&id));
    assert_eq!(sim.gone(CLIENT)[0]["channelStatus"], "FORCE_DELETED");
    assert_eq!(
        (sim.channels(CLIENT).len(), sim.deleted_total(CLIENT)),
        (0, 1)
    );
    assert_eq!(events(&sim, &id).len(), 4);
}
