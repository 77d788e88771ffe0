//! What goes wrong at the second provider: recordings that are refused, spoilt, fail or expire, and an account
//! that is to be another's.

use std::time::Duration;

use kube::core::DynamicObject;
use serde_json::{Value, json};
use simulator::live_station::{Fate, GatewayClock};

use crate::{
    harness::{reason, status_of},
    live_station::{CLIENT, Naver},
};

const START: &str = "/api/v2/channels/{channelId}/startRecord";
const STOP: &str = "/api/v2/channels/{channelId}/stopRecord";

/// A LiveStream `keynote` that is on air.
async fn on_air(naver: &Naver, recording: bool) {
    naver.sim.behaviour(CLIENT, |ways| {
        ways.creating_seconds = 0.5;
        ways.processing_seconds = 0.5;
        ways.transfer_seconds = 0.5;
    });
    let world = &naver.world;
    let spec = json!({"active": true, "recording": recording});
    world.stream("keynote", spec).await;
    world.until_ready("keynote").await;
    naver.sim.set_live(&naver.id(), true).unwrap();
    until(naver, "on air", |status| {
        status["live"] == true && status["recording"] == recording
    })
    .await;
}

async fn until(naver: &Naver, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let holds = |object: &DynamicObject| holds(&status_of(object));
    let world = &naver.world;
    let object = world.until("LiveStream", "keynote", what, holds).await;
    status_of(&object)
}

/// It is recorded, the recording ended, and its video has failed, which an Event says.
async fn failed(naver: &Naver) -> Value {
    on_air(naver, true).await;
    let world = &naver.world;
    world.edit("keynote", json!({"recording": false})).await;
    let status = until(naver, "told of its failure", |status| {
        status["videos"][0]["state"] == "error"
    })
    .await;
    world.until_event("keynote", "VideoFailed").await;
    status["videos"][0].clone()
}

/// From now on nobody looks but at lists, and these show for ten minutes what was before a change.
fn blind(naver: &mut Naver) {
    naver.sim.behaviour(CLIENT, |ways| {
        ways.gateway_clock = GatewayClock::Machine;
        ways.stale_list_seconds = 600.0;
    });
    let allow = format!("--allow-endpoint={}", naver.sim.url());
    naver.world.start(&[&allow, "--live-poll=1h"]);
}

/// The ten minutes are over.
fn seeing(naver: &Naver) {
    naver
        .sim
        .behaviour(CLIENT, |ways| ways.stale_list_seconds = 0.0);
    naver.sim.advance(Duration::from_mins(11));
}

/// The answers to calls of a route.
fn answers(naver: &Naver, route: &str) -> Vec<Option<u16>> {
    let calls = naver.sim.calls_where(0, |call| call.route == route);
    calls.into_iter().map(|call| call.status).collect()
}

#[tokio::test]
async fn a_start_that_is_refused_as_nothing_is_published_is_made_when_something_is() {
    let mut naver = Naver::new("naver-not-live").await;
    on_air(&naver, false).await;
    blind(&mut naver);
    until(&naver, "seen as live", |status| status["live"] == true).await;
    naver.sim.set_live(&naver.id(), false).unwrap();
    let world = &naver.world;
    let over = async || naver.channel()["channelStatus"] == "READY";
    world.until_true("it is off air", over).await;
    world.edit("keynote", json!({"recording": true})).await;
    let refused = async || answers(&naver, START) == [Some(400)];
    world.until_true("the start is refused", refused).await;
    seeing(&naver);
    until(&naver, "off air", |status| status["live"] == false).await;
    world.until_ready("keynote").await;
    naver.sim.set_live(&naver.id(), true).unwrap();
    until(&naver, "recording", |status| status["recording"] == true).await;
    assert_eq!(answers(&naver, START).last(), Some(&Some(200)));
}

#[tokio::test]
async fn a_stop_of_what_has_ended_by_itself_is_no_trouble() {
    let mut naver = Naver::new("naver-stopped").await;
    on_air(&naver, true).await;
    blind(&mut naver);
    until(&naver, "seen as recording", |status| {
        status["recording"] == true
    })
    .await;
    naver.sim.set_recording(&naver.id(), false).unwrap();
    let world = &naver.world;
    world.edit("keynote", json!({"recording": false})).await;
    let refused = async || answers(&naver, STOP).first() == Some(&Some(400));
    world.until_true("the stop is refused", refused).await;
    seeing(&naver);
    until(&naver, "told of its video", |status| {
        status["recording"] == false && status["videos"][0]["state"] == "ready"
    })
    .await;
    world.until_ready("keynote").await;
}

#[tokio::test]
async fn what_is_recorded_is_ended_before_the_channel_is_switched_off() {
    let naver = Naver::new("naver-spoil").await;
    naver
        .sim
        .behaviour(CLIENT, |ways| ways.off_spoils_recording = true);
    on_air(&naver, true).await;
    let world = &naver.world;
    world.edit("keynote", json!({"active": false})).await;
    until(&naver, "off, and its video whole", |status| {
        status["active"] == false && status["videos"][0]["state"] == "ready"
    })
    .await;
    assert_eq!(answers(&naver, STOP), [Some(200)]);
    assert_eq!(naver.channel()["channelStatus"], "BLOCK");
}

#[tokio::test]
async fn a_recording_that_cannot_be_processed_is_told() {
    for (fate, says) in [
        (Fate::ProcessingFails, "3 of 3 files could not be processed"),
        (
            Fate::OneProcessingFails,
            "1 of 3 files could not be processed",
        ),
    ] {
        let naver = Naver::new("naver-process").await;
        naver.sim.next_recording(CLIENT, fate);
        let video = failed(&naver).await;
        assert_eq!(video["error"], says);
    }
}

#[tokio::test]
async fn a_recording_that_cannot_be_uploaded_is_told_and_can_still_be_taken() {
    let record = json!({"bucketName": "archive", "filePath": "/live", "format": "ALL"});
    let naver = Naver::with("naver-upload", json!({"record": record})).await;
    naver.sim.next_recording(CLIENT, Fate::TransferFails);
    let video = failed(&naver).await;
    let error = video["error"].as_str().unwrap();
    assert!(
        error.contains("could not be uploaded to the bucket"),
        "{error}"
    );
    assert!(video["expiresAt"].is_string(), "{video}");
}

#[tokio::test]
async fn a_recording_that_nobody_takes_is_warned_of_and_shown_as_deleted() {
    let naver = Naver::new("naver-expires").await;
    naver.sim.behaviour(CLIENT, |ways| {
        ways.gateway_clock = GatewayClock::Machine;
        ways.records_kept_seconds = 23.0 * 3600.0;
        ways.deleted_records_listed_seconds = 72.0 * 3600.0;
    });
    on_air(&naver, true).await;
    let world = &naver.world;
    world.edit("keynote", json!({"recording": false})).await;
    let status = until(&naver, "told when it expires", |status| {
        status["videos"][0]["expiresAt"].is_string()
    })
    .await;
    let video = &status["videos"][0];
    assert_eq!(video["files"].as_array().unwrap().len(), 3, "{video}");
    assert_eq!(video["files"][0]["state"], "stored", "{video}");
    assert_eq!(video["files"][0]["url"], Value::Null, "{video}");
    world.until_event("keynote", "RecordingExpires").await;
    // By the provider's clock; what is recorded next has the list read again.
    naver.sim.advance(Duration::from_hours(24));
    for recording in [true, false] {
        let spec = json!({"recording": recording});
        world.edit("keynote", spec).await;
        let what = format!("recording: {recording}");
        until(&naver, &what, |status| status["recording"] == recording).await;
    }
    let status = until(&naver, "told of both", |status| {
        let videos = status["videos"].as_array();
        let states = videos.into_iter().flatten().map(|video| &video["state"]);
        states.eq(["ready", "deleted"])
    })
    .await;
    let video = &status["videos"][1];
    assert_eq!(video["expiresAt"], Value::Null, "{video}");
    world.until_ready("keynote").await;
}

#[tokio::test]
async fn an_account_stays_with_its_provider() {
    let naver = Naver::new("naver-switch").await;
    let world = &naver.world;
    world.stream("keynote", json!({"active": true})).await;
    world.until_ready("keynote").await;
    let gcore = json!({"apiKeySecretRef": {"name": "gcore", "key": "apiKey"}});
    let only = "exactly one provider";
    for (spec, says) in [
        (
            json!({"gcore": gcore, "liveStation": null}),
            "cannot change",
        ),
        (json!({"gcore": gcore}), only),
        (json!({"liveStation": null}), only),
    ] {
        let patch = world.patch("StreamingAccount", "default", json!({"spec": spec}));
        let refusal = patch.await.unwrap_err().to_string();
        assert!(refusal.contains(says), "{refusal}");
    }
    let none = world.create("StreamingAccount", "none", json!({})).await;
    let refusal = none.unwrap_err().to_string();
    assert!(refusal.contains(only), "{refusal}");
    let account = world.get("StreamingAccount", "default").await.unwrap();
    assert_eq!(reason(&account, "Ready"), "InStep");
    assert_eq!(naver.sim.channels(CLIENT).len(), 1);
}
