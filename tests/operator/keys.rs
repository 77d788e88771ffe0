//! Renewing the stream key by annotation: once, never under somebody who is live, and with a receipt.

use serde_json::json;
use simulator::faults::{Action, Fault};

use crate::harness::{CLIENT, World, condition, status_of};

const RESET: &str = "/streaming/streams/{id}/reset_push_token";

async fn ready(name: &str) -> (World, u64) {
    let world = World::new(name).await;
    world
        .stream(
            "keynote",
            json!({"active": true, "ingestSecret": {"name": "keynote-ingest"}}),
        )
        .await;
    world.until_ready("keynote").await;
    let id = world.stream_id("keynote").await;
    (world, id)
}

async fn ask(world: &World, token: &str) {
    world
        .patch(
            "LiveStream",
            "keynote",
            json!({"metadata": {"annotations": {"livestream-operator.io/reset-ingest-key": token}}}),
        )
        .await
        .unwrap();
}

async fn until_receipt(world: &World, token: &str, result: &str) {
    world
        .until(
            "LiveStream",
            "keynote",
            &format!("receipt {token} {result}"),
            |object| {
                let receipt = &status_of(object)["ingestKeyReset"];
                receipt["token"] == token && receipt["result"] == result
            },
        )
        .await;
}

fn resets(world: &World) -> u64 {
    world.sim.count("POST", RESET)
}

async fn push_url(world: &World) -> String {
    let secret = world.secrets().get("keynote-ingest").await.unwrap();
    String::from_utf8(secret.data.unwrap()["pushUrl"].0.clone()).unwrap()
}

/// The Secret holds what the provider has.
async fn until_secret_is_new(world: &World, id: u64) {
    world
        .until_true("the Secret holds the new address", async || {
            world.sim.stream(id).unwrap()["push_url"] == push_url(world).await
        })
        .await;
}

#[tokio::test]
async fn a_key_is_renewed_once_for_each_value() {
    let (world, id) = ready("key-once").await;
    let before = push_url(&world).await;
    ask(&world, "one").await;
    until_receipt(&world, "one", "Done").await;
    until_secret_is_new(&world, id).await;
    assert_ne!(push_url(&world).await, before);
    world.walks(3).await;
    assert_eq!(resets(&world), 1);
    ask(&world, "two").await;
    until_receipt(&world, "two", "Done").await;
    until_secret_is_new(&world, id).await;
    assert_eq!(resets(&world), 2);
    world.until_event("keynote", "IngestKeyReset").await;
    world.until_ready("keynote").await;
    assert!(
        !world
            .told()
            .await
            .contains(before.rsplit('?').next().unwrap())
    );
}

#[tokio::test]
async fn an_encoder_that_could_not_be_cut_off_is_said() {
    let (world, id) = ready("key-202").await;
    let before = push_url(&world).await;
    world
        .sim
        .behaviour(CLIENT, |b| b.reset_token_accepted = true);
    ask(&world, "one").await;
    until_receipt(&world, "one", "RestartEncoder").await;
    until_secret_is_new(&world, id).await;
    assert_ne!(push_url(&world).await, before);
    world.until_event("keynote", "RestartEncoder").await;
    assert_eq!(resets(&world), 1);
}

#[tokio::test]
async fn nobody_is_cut_off_who_is_live_unless_protection_is_off() {
    let (world, id) = ready("key-live").await;
    world.sim.set_live(id, true).unwrap();
    ask(&world, "one").await;
    until_receipt(&world, "one", "Refused").await;
    world.until_event("keynote", "IngestKeyResetRefused").await;
    let object = world.until_ready("keynote").await;
    assert_eq!(condition(&object, "Ready").unwrap()["status"], "True");
    world.sim.set_live(id, false).unwrap();
    world.walks(2).await;
    assert_eq!(
        resets(&world),
        0,
        "what was refused is not made up for later"
    );

    world.sim.set_live(id, true).unwrap();
    world
        .edit("keynote", json!({"liveProtection": "Disabled"}))
        .await;
    ask(&world, "two").await;
    until_receipt(&world, "two", "Done").await;
    until_secret_is_new(&world, id).await;
    assert_eq!(resets(&world), 1);
}

#[tokio::test]
async fn what_may_have_been_renewed_is_not_renewed_again() {
    for (name, action, result) in [
        ("key-cut", Action::CutAfterApply, "Unknown"),
        ("key-cut-before", Action::CutBeforeApply, "Unknown"),
        ("key-timeout", Action::TimeoutAfterApply, "Unknown"),
        ("key-500", Action::status_after_apply(500), "Unknown"),
        ("key-422", Action::status(422), "Refused"),
        ("key-404", Action::status(404), "Refused"),
    ] {
        let (world, id) = ready(name).await;
        world
            .sim
            .fault(Fault::new(action).method("POST").route(RESET));
        ask(&world, "one").await;
        until_receipt(&world, "one", result).await;
        until_secret_is_new(&world, id).await;
        world.walks(2).await;
        assert_eq!(resets(&world), 1, "{name}");
        world.until_ready("keynote").await;
    }
}

#[tokio::test]
async fn killed_while_the_key_is_renewed_it_is_not_renewed_again() {
    let (mut world, id) = ready("key-killed").await;
    world.sim.fault(
        Fault::new(Action::TimeoutAfterApply)
            .method("POST")
            .route(RESET),
    );
    ask(&world, "one").await;
    world
        .until_sim("it was sent", |sim| sim.count("POST", RESET) == 1)
        .await;
    world.operator().kill();
    world.start(&[]);
    until_receipt(&world, "one", "Unknown").await;
    until_secret_is_new(&world, id).await;
    assert_eq!(resets(&world), 1);
}

#[tokio::test]
async fn the_new_addresses_are_read_though_the_list_is_not() {
    let mut world = World::bare("key-no-list").await;
    world.account(json!({"pollIntervalSeconds": 3600})).await;
    world.start(&["--live-poll=1h", "--settling=30s"]);
    let spec = json!({"active": true, "ingestSecret": {"name": "keynote-ingest"}});
    world.stream("keynote", spec).await;
    world.until_ready("keynote").await;
    let id = world.stream_id("keynote").await;
    world
        .sim
        .behaviour(CLIENT, |b| b.reset_token_accepted = true);
    ask(&world, "one").await;
    until_receipt(&world, "one", "RestartEncoder").await;
    until_secret_is_new(&world, id).await;
    assert_eq!(resets(&world), 1);
}
