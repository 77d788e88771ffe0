//! What goes with a Broadcast, in which order, and what blocks it.

use serde_json::{Value, json};
use simulator::faults::{Action, Fault};

use crate::harness::{CLIENT, World, message, reason};

/// A stream `cam` and a Broadcast `keynote` that shows it, with these fields of its spec besides.
async fn keynote(world: &World, fields: Value) -> u64 {
    let stream = world.ready_stream("cam").await;
    let mut spec = json!({"state": "live", "streams": [{"name": "cam"}]});
    for (field, value) in fields.as_object().unwrap() {
        spec[field] = value.clone();
    }
    world.broadcast("keynote", spec).await;
    world.until_broadcast("keynote").await;
    stream
}

/// Removes the account's key.
async fn remove_key(world: &World) {
    world
        .secrets()
        .delete("gcore", &kube::api::DeleteParams::default())
        .await
        .unwrap();
}

/// The routes of the deletions that were sent, in order.
fn deletions(world: &World) -> Vec<String> {
    let calls = world.sim.calls_where(0, |call| call.method == "DELETE");
    calls.into_iter().map(|call| call.route.clone()).collect()
}

const STREAM: &str = "/streaming/streams/{id}";
const BROADCAST: &str = "/streaming/broadcasts/{id}";

#[tokio::test]
async fn a_deleted_object_takes_its_broadcast_with_it_and_leaves_the_streams() {
    let world = World::new("bcast-deleted").await;
    let cam = keynote(&world, json!({})).await;
    world.delete("Broadcast", "keynote").await;
    world.until_gone("Broadcast", "keynote").await;
    world.until_event("keynote", "Deleted").await;
    assert!(world.sim.broadcasts(CLIENT).is_empty());
    assert!(world.sim.stream(cam).is_some());
    assert_eq!(deletions(&world), [BROADCAST]);
}

#[tokio::test]
async fn where_both_are_deleted_the_broadcast_goes_first() {
    let world = World::new("bcast-order").await;
    keynote(&world, json!({})).await;
    // The stream is asked for first, and the broadcast's deletion does not come through at first.
    let fault = Fault::new(Action::status(503))
        .method("DELETE")
        .route(BROADCAST);
    let fault = world.sim.fault(fault.times(3));
    world.delete("LiveStream", "cam").await;
    world.delete("Broadcast", "keynote").await;
    world
        .until(
            "LiveStream",
            "cam",
            "it waits for the broadcast",
            |object| message(object, "Ready").contains("Broadcast keynote is being deleted"),
        )
        .await;
    world.until_gone("LiveStream", "cam").await;
    world.until_gone("Broadcast", "keynote").await;
    assert_eq!(world.sim.fired(fault), 3);
    assert_eq!(
        deletions(&world),
        [BROADCAST, BROADCAST, BROADCAST, BROADCAST, STREAM]
    );
}

#[tokio::test]
async fn a_stream_whose_broadcast_stays_is_deleted_all_the_same() {
    let world = World::new("bcast-stays").await;
    keynote(&world, json!({})).await;
    world.delete("LiveStream", "cam").await;
    world.until_gone("LiveStream", "cam").await;
    world
        .until(
            "Broadcast",
            "keynote",
            "it waits for the stream",
            |object| {
                reason(object, "Ready") == "WaitingForStream"
                    && message(object, "Ready").contains("no LiveStream cam")
            },
        )
        .await;
    assert_eq!(world.the_broadcast()["stream_ids"], json!([]));
}

#[tokio::test]
async fn a_namespace_with_all_kinds_goes_broadcasts_first() {
    let world = World::new("bcast-namespace").await;
    let cam = world.ready_stream("cam").await;
    world.sim.record(cam, true).unwrap_err();
    for name in ["a", "b", "c"] {
        world
            .broadcast(name, json!({"state": "live", "streams": [{"name": "cam"}]}))
            .await;
        world.until_broadcast(name).await;
    }
    world.delete_namespace().await;
    world.until_namespace_gone().await;
    assert!(world.sim.broadcasts(CLIENT).is_empty() && world.sim.streams(CLIENT).is_empty());
    assert_eq!(deletions(&world), [BROADCAST, BROADCAST, BROADCAST, STREAM]);
}

#[tokio::test]
async fn a_namespace_goes_where_the_broadcast_is_on_air_as_soon_as_it_is_not() {
    let world = World::new("bcast-namespace-live").await;
    let cam = keynote(&world, json!({})).await;
    world.sim.set_live(cam, true).unwrap();
    world.sim.record(cam, true).unwrap();
    world
        .until_broadcast_reason("keynote", "Live", "Live")
        .await;
    world.delete_namespace().await;
    world
        .until_broadcast_reason("keynote", "Ready", "LiveProtected")
        .await;
    world.sim.set_live(cam, false).unwrap();
    world.until_namespace_gone().await;
    assert_eq!(deletions(&world), [BROADCAST, STREAM]);
}

#[tokio::test]
async fn what_is_on_air_is_protected_unless_the_spec_says_otherwise() {
    let world = World::new("bcast-protected").await;
    let cam = keynote(&world, json!({})).await;
    world.sim.set_live(cam, true).unwrap();
    world
        .until_broadcast_reason("keynote", "Live", "Live")
        .await;
    world.delete("Broadcast", "keynote").await;
    let object = world
        .until_broadcast_reason("keynote", "Ready", "LiveProtected")
        .await;
    let says = message(&object, "Ready");
    assert!(
        says.contains("liveProtection: Disabled") && says.contains("Retain"),
        "{says}"
    );
    assert!(deletions(&world).is_empty());
    world
        .edit_broadcast("keynote", json!({"liveProtection": "Disabled"}))
        .await;
    world.until_gone("Broadcast", "keynote").await;
    assert_eq!(deletions(&world), [BROADCAST]);
}

#[tokio::test]
async fn what_just_went_on_air_is_protected_though_no_list_has_shown_it() {
    let mut world = World::bare("bcast-fresh").await;
    world.account(json!({"pollIntervalSeconds": 3600})).await;
    world.start(&[]);
    let cam = keynote(&world, json!({})).await;
    world.sim.set_live(cam, true).unwrap();
    world.delete("Broadcast", "keynote").await;
    world
        .until_broadcast_reason("keynote", "Ready", "LiveProtected")
        .await;
    assert!(deletions(&world).is_empty());
    // A pause is no broadcast on air, and an edit is obeyed at once.
    let id = world.broadcast_id("keynote").await;
    world
        .sim
        .edit_broadcast(id, json!({"status": "paused"}))
        .unwrap();
    world.until_gone("Broadcast", "keynote").await;
    assert_eq!(deletions(&world), [BROADCAST]);
}

#[tokio::test]
async fn a_stream_that_is_to_go_on_air_or_not_does_not_wait_for_its_protected_broadcast() {
    let world = World::new("bcast-deadlock").await;
    let cam = keynote(&world, json!({})).await;
    world
        .edit("cam", json!({"liveProtection": "Disabled"}))
        .await;
    world.sim.set_live(cam, true).unwrap();
    world
        .until_broadcast_reason("keynote", "Live", "Live")
        .await;
    world.delete("Broadcast", "keynote").await;
    world
        .until_broadcast_reason("keynote", "Ready", "LiveProtected")
        .await;
    world.delete("LiveStream", "cam").await;
    world.until_gone("LiveStream", "cam").await;
    world.until_gone("Broadcast", "keynote").await;
    assert_eq!(deletions(&world), [STREAM, BROADCAST]);
}

#[tokio::test]
async fn a_stream_does_not_wait_for_a_broadcast_that_needs_a_human() {
    let world = World::new("bcast-stuck").await;
    keynote(&world, json!({})).await;
    let fault = Fault::new(Action::status(422))
        .method("DELETE")
        .route(BROADCAST);
    world.sim.fault(fault.always());
    world.delete("Broadcast", "keynote").await;
    world
        .until_broadcast_reason("keynote", "Stalled", "Refused")
        .await;
    world.delete("LiveStream", "cam").await;
    world.until_gone("LiveStream", "cam").await;
    // The way out that its message names.
    let object = world
        .until_broadcast_reason("keynote", "Stalled", "Refused")
        .await;
    assert!(message(&object, "Ready").contains("deletionPolicy: Retain"));
    world
        .edit_broadcast("keynote", json!({"deletionPolicy": "Retain"}))
        .await;
    world.until_gone("Broadcast", "keynote").await;
    assert_eq!(world.sim.broadcasts(CLIENT).len(), 1);
}

#[tokio::test]
async fn what_is_retained_stays_as_it_is() {
    let world = World::new("bcast-retain").await;
    keynote(&world, json!({"deletionPolicy": "Retain"})).await;
    let before = world.the_broadcast();
    world.delete("Broadcast", "keynote").await;
    world.until_gone("Broadcast", "keynote").await;
    world.broadcast_deletions();
    assert_eq!(world.the_broadcast(), before);
    assert!(deletions(&world).is_empty());
}

#[tokio::test]
async fn a_deletion_without_a_key_waits_and_can_be_let_go() {
    let mut world = World::new("bcast-keyless").await;
    keynote(&world, json!({})).await;
    world.operator().kill();
    remove_key(&world).await;
    world.start(&[]);
    world.delete("Broadcast", "keynote").await;
    let object = world
        .until_broadcast_reason("keynote", "Ready", "DeletionBlocked")
        .await;
    assert!(message(&object, "Ready").contains("deletionPolicy: Retain"));
    world
        .edit_broadcast("keynote", json!({"deletionPolicy": "Retain"}))
        .await;
    world.until_gone("Broadcast", "keynote").await;
    assert_eq!(world.sim.broadcasts(CLIENT).len(), 1);
}

#[tokio::test]
async fn a_creation_of_which_nothing_is_known_is_looked_for_before_the_object_goes() {
    let world = World::new("bcast-unknown-gone").await;
    world.ready_stream("cam").await;
    for (name, action, left) in [
        ("made", Action::TimeoutAfterApply, 1),
        ("nothing", Action::TimeoutBeforeApply, 1),
    ] {
        let fault = world.sim.fault(
            Fault::new(action)
                .method("POST")
                .route("/streaming/broadcasts"),
        );
        world
            .broadcast(name, json!({"streams": [{"name": "cam"}]}))
            .await;
        world
            .until_sim("it was sent", |sim| sim.fired(fault) == 1)
            .await;
        world.delete("Broadcast", name).await;
        world.until_gone("Broadcast", name).await;
        assert_eq!(world.sim.broadcasts_created(CLIENT), left, "{name}");
        assert!(world.sim.broadcasts(CLIENT).is_empty(), "{name}");
    }
    assert_eq!(world.broadcast_posts(), 2);
}

#[tokio::test]
async fn an_object_whose_id_is_lost_goes_and_leaves_what_may_be_its_own() {
    let mut world = World::new("bcast-lost-gone").await;
    keynote(&world, json!({})).await;
    world.operator().kill();
    world
        .patch_status("Broadcast", "keynote", Value::Null)
        .await;
    world.start(&[]);
    world
        .until_broadcast_reason("keynote", "Stalled", "BroadcastLost")
        .await;
    world.delete("Broadcast", "keynote").await;
    world.until_gone("Broadcast", "keynote").await;
    world.until_event("keynote", "LeftBehind").await;
    assert_eq!(world.sim.broadcasts(CLIENT).len(), 1);
}

#[tokio::test]
async fn an_account_stays_while_a_broadcast_uses_it() {
    let world = World::new("bcast-in-use").await;
    keynote(&world, json!({})).await;
    world.delete("StreamingAccount", "default").await;
    let account = world.until_account("default", "InUse").await;
    let says = message(&account, "Ready");
    assert!(
        says.contains("1 LiveStreams (cam) and 1 Broadcasts (keynote)"),
        "{says}"
    );
    world.delete("LiveStream", "cam").await;
    world.until_gone("LiveStream", "cam").await;
    world
        .until(
            "StreamingAccount",
            "default",
            "the broadcast is left",
            |object| message(object, "Ready").starts_with("1 Broadcasts (keynote) still use"),
        )
        .await;
    world.delete("Broadcast", "keynote").await;
    world.until_gone("StreamingAccount", "default").await;
    assert!(world.sim.broadcasts(CLIENT).is_empty());
}

#[tokio::test]
async fn a_stream_does_not_wait_for_a_broadcast_whose_account_cannot_be_used() {
    let mut world = World::new("bcast-other-key").await;
    world
        .secret("second", &[("apiKey", crate::harness::KEY)])
        .await;
    let spec = json!({
        "gcore": {"apiKeySecretRef": {"name": "second", "key": "apiKey"}, "endpoint": world.sim.url()},
        "requestsPerSecond": 500, "pollIntervalSeconds": 1,
    });
    world
        .create("StreamingAccount", "second", spec)
        .await
        .unwrap();
    world.until_account("second", "InStep").await;
    keynote(&world, json!({"accountRef": {"name": "second"}})).await;
    world.operator().kill();
    world
        .secrets()
        .delete("second", &kube::api::DeleteParams::default())
        .await
        .unwrap();
    world.start(&[]);
    world.until_account("second", "SecretNotFound").await;
    world.delete("Broadcast", "keynote").await;
    world
        .until_broadcast_reason("keynote", "Ready", "DeletionBlocked")
        .await;
    world.delete("LiveStream", "cam").await;
    world.until_gone("LiveStream", "cam").await;
    // And with the key, the broadcast goes too.
    world
        .secret("second", &[("apiKey", crate::harness::KEY)])
        .await;
    world.until_gone("Broadcast", "keynote").await;
    assert_eq!(deletions(&world), [STREAM, BROADCAST]);
}
