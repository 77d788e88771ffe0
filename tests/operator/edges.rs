//! Where rules meet: cases that a review by reading found.

use serde_json::json;

use crate::harness::{CLIENT, World, reason, status_of};

#[tokio::test]
async fn an_object_goes_whose_active_stream_was_deleted_at_the_provider_a_moment_ago() {
    let world = World::bare("gone-active").await;
    // No walk comes in between: what is known is from the creation.
    world.account(json!({"pollIntervalSeconds": 3600})).await;
    let mut world = world;
    world.start(&["--live-poll=1h"]);
    world.stream("keynote", json!({"active": true})).await;
    world
        .stream("kept", json!({"active": true, "deletionPolicy": "Retain"}))
        .await;
    for name in ["keynote", "kept"] {
        world.until_ready(name).await;
        let id = world.stream_id(name).await;
        assert!(world.sim.remove(id));
        world.delete("LiveStream", name).await;
        world.until_gone("LiveStream", name).await;
    }
    assert_eq!(world.posts(), 2);
    let reads = world.sim.count("GET", "/streaming/streams/{id}");
    assert!(reads < 10, "{reads} reads of streams that are gone");
}

#[tokio::test]
async fn an_edit_of_a_stream_that_is_gone_does_not_call_it_not_taking() {
    let world = World::new("gone-edit").await;
    world.stream("keynote", json!({"displayName": "One"})).await;
    world.until_ready("keynote").await;
    let old = world.stream_id("keynote").await;
    assert!(world.sim.remove(old));
    world.edit("keynote", json!({"displayName": "Two"})).await;
    world
        .until("LiveStream", "keynote", "created again", |object| {
            let id = status_of(object)["streamId"].clone();
            id.is_string() && id != old.to_string() && reason(object, "Ready") == "InStep"
        })
        .await;
    assert_eq!(world.posts(), 2);
    assert_eq!(world.sim.streams(CLIENT).len(), 1);
    assert!(
        !world
            .events("keynote")
            .await
            .contains(&"NotTaking".to_owned())
    );
}

#[tokio::test]
async fn of_two_with_our_mark_the_other_is_held_when_the_held_one_is_deleted() {
    let world = World::new("other-double").await;
    world.stream("keynote", json!({})).await;
    world.until_ready("keynote").await;
    let held = world.stream_id("keynote").await;
    let mark = world.sim.stream(held).unwrap()["client_entity_data"].clone();
    let double = world
        .sim
        .create(
            CLIENT,
            json!({"name": "keynote", "client_entity_data": mark}),
        )
        .unwrap();
    world
        .until_reason("keynote", "Ready", "DuplicateStreams")
        .await;
    assert!(world.sim.remove(held));
    world
        .until("LiveStream", "keynote", "the other is held", |object| {
            status_of(object)["streamId"] == double.to_string()
                && reason(object, "Ready") == "InStep"
        })
        .await;
    world.walks(3).await;
    assert_eq!(
        world.posts(),
        1,
        "a stream was created while one with our mark was there"
    );
}

#[tokio::test]
async fn the_key_of_somebody_elses_stream_is_not_delivered() {
    let world = World::new("foreign-key").await;
    world.stream("owner", json!({})).await;
    world.until_ready("owner").await;
    let id = world.stream_id("owner").await.to_string();
    world
        .stream(
            "thief",
            json!({"externalId": id, "ingestSecret": {"name": "loot"}}),
        )
        .await;
    let thief = world.until_reason("thief", "Ready", "OwnedElsewhere").await;
    world.walks(2).await;
    assert!(world.secrets().get_opt("loot").await.unwrap().is_none());
    assert!(
        status_of(&thief)["streamId"].is_null(),
        "{:?}",
        status_of(&thief)
    );
    assert!(!world.events("thief").await.contains(&"Adopted".to_owned()));
}

#[tokio::test]
async fn the_accounts_finalizer_is_put_back() {
    let world = World::new("account-finalizer").await;
    world.stream("keynote", json!({})).await;
    world.until_ready("keynote").await;
    let has = |object: &kube::core::DynamicObject| {
        object
            .metadata
            .finalizers
            .as_ref()
            .is_some_and(|f| !f.is_empty())
    };
    world
        .until("StreamingAccount", "default", "finalizer", has)
        .await;
    world
        .patch(
            "StreamingAccount",
            "default",
            json!({"metadata": {"finalizers": null}}),
        )
        .await
        .unwrap();
    world
        .until("StreamingAccount", "default", "finalizer again", has)
        .await;
}

#[tokio::test]
async fn a_token_that_no_receipt_can_hold_does_not_stop_the_status() {
    let world = World::new("long-token").await;
    let long = "x".repeat(300);
    world.stream("keynote", json!({})).await;
    world
        .patch(
            "LiveStream",
            "keynote",
            json!({"metadata": {"annotations": {"livestream-operator.io/reconcile-requested-at": long}}}),
        )
        .await
        .unwrap();
    world.until_ready("keynote").await;
    world.edit("keynote", json!({"displayName": "Two"})).await;
    world.until_ready("keynote").await;
    world
        .patch(
            "LiveStream",
            "keynote",
            json!({"metadata": {"annotations": {"livestream-operator.io/reconcile-requested-at": "now"}}}),
        )
        .await
        .unwrap();
    world
        .until("LiveStream", "keynote", "the receipt", |o| {
            status_of(o)["lastHandledReconcileAt"] == "now"
        })
        .await;
}

#[tokio::test]
async fn a_secret_that_cannot_be_written_is_said_and_the_rest_goes_on() {
    let world = World::new("immutable").await;
    world
        .stream("keynote", json!({"ingestSecret": {"name": "ingest"}}))
        .await;
    world.until_ready("keynote").await;
    let patch = kube::api::Patch::Merge(json!({"immutable": true}));
    world
        .secrets()
        .patch("ingest", &kube::api::PatchParams::default(), &patch)
        .await
        .unwrap();
    let id = world.stream_id("keynote").await;
    world
        .sim
        .edit(id, json!({"push_url": "rtmp://elsewhere/in/1?new"}))
        .unwrap();
    world
        .until_reason("keynote", "Ready", "SecretRefused")
        .await;
    world.sim.set_live(id, false).unwrap();
    world.edit("keynote", json!({"displayName": "Two"})).await;
    world
        .until_true("the edit is made", async || {
            world.sim.stream(id).unwrap()["name"] == "Two"
        })
        .await;
}

#[tokio::test]
async fn an_object_retained_while_the_operator_was_down_is_released() {
    let mut world = World::new("retain-down").await;
    world
        .stream("keynote", json!({"deletionPolicy": "Retain"}))
        .await;
    world.until_ready("keynote").await;
    let id = world.stream_id("keynote").await;
    world.operator().kill();
    world.delete("LiveStream", "keynote").await;
    world.start(&[]);
    world.until_gone("LiveStream", "keynote").await;
    let data = world.sim.stream(id).unwrap()["client_entity_data"].clone();
    assert!(
        data.as_str()
            .unwrap()
            .contains("livestream-operator.io/released"),
        "{data}"
    );
    world
        .stream("keynote", json!({"deletionPolicy": "Retain"}))
        .await;
    world.until_ready("keynote").await;
    assert_eq!(
        world.posts(),
        2,
        "the released stream came back without its id"
    );
}

#[tokio::test]
async fn a_provider_that_takes_a_value_and_drops_it_later_is_not_patched_for_ever() {
    let world = World::new("reverts").await;
    world
        .stream("keynote", json!({"displayName": "Keynote"}))
        .await;
    world.until_ready("keynote").await;
    let id = world.stream_id("keynote").await;
    // Each time it is set right, somebody sets it wrong again.
    let mut set = 0;
    while reason(&world.get("LiveStream", "keynote").await.unwrap(), "Ready") != "NotTaking" {
        if world.sim.stream(id).unwrap()["name"] == "Keynote" {
            set += 1;
            assert!(set < 10, "it is mended for ever");
            world.sim.edit(id, json!({"name": "Other"})).unwrap();
        }
        world.walks(1).await;
    }
    assert_eq!(world.patches(), 5);
}
