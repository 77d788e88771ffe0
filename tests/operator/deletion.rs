//! What must go, what must stay, and what blocks it.

use std::{collections::BTreeMap, time::Duration};

use futures::future::join_all;
use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, ResourceExt as _,
    api::{DeleteParams, ListParams},
};
use serde_json::{Value, json};
use simulator::{
    Outage,
    faults::{Action, ErrorBody, Fault},
};

use crate::harness::{CLIENT, World, message, reason, status_of};

const FINALIZER: &str = "livestream-operator.io/finalizer";

fn on(method: &str, action: Action) -> Fault {
    Fault::new(action).method(method)
}

/// An object's name for an action.
fn name_of(action: &Action) -> String {
    let word = action.word().replace('_', "-");
    match action {
        Action::Status {
            status, applied, ..
        } => {
            let done = if *applied { "done" } else { "not-done" };
            format!("{word}-{status}-{done}")
        }
        _ => word,
    }
}

/// Removes our finalizer as a careless tool does.
async fn drop_finalizer(world: &World, name: &str) {
    let patch = json!({"metadata": {"finalizers": null}});
    world.patch("LiveStream", name, patch).await.unwrap();
}

/// Removes the account's key.
async fn remove_key(world: &World) {
    world
        .secrets()
        .delete("gcore", &DeleteParams::default())
        .await
        .unwrap();
}

/// Three streams with Secrets for their encoders.
async fn three(world: &World, deletion_policy: Value) -> Vec<String> {
    let names: Vec<String> = ["a", "b", "c"].map(str::to_owned).into();
    join_all(names.iter().map(async |name| {
        let spec = json!({"ingestSecret": {"name": format!("{name}-ingest")}, "deletionPolicy": deletion_policy});
        world.stream(name, spec).await;
        world.until_ready(name).await;
    }))
    .await;
    names
}

/// The resourceVersion of every object of ours.
async fn versions(world: &World) -> BTreeMap<(&'static str, String), Option<String>> {
    let mut versions = BTreeMap::new();
    for kind in ["LiveStream", "StreamingAccount"] {
        for object in world.api(kind).list(&ListParams::default()).await.unwrap() {
            versions.insert((kind, object.name_any()), object.resource_version());
        }
    }
    versions
}

#[tokio::test]
async fn a_deleted_object_takes_its_stream_with_it_by_one_call() {
    let world = World::new("deleted").await;
    world.stream("keynote", json!({"active": true})).await;
    world.until_ready("keynote").await;
    let stays = world
        .sim
        .create(CLIENT, json!({"name": "keynote"}))
        .unwrap();
    world.delete("LiveStream", "keynote").await;
    world.until_gone("LiveStream", "keynote").await;
    world.until_event("keynote", "Deleted").await;
    assert_eq!((world.deletions(), world.sim.changing_calls()), (1, 2));
    world.settled_walks(2).await;
    let left = world.sim.streams(CLIENT);
    assert_eq!((left.len(), &left[0]["id"]), (1, &json!(stays)));
    assert_eq!((world.deletions(), world.posts()), (1, 1));
}

#[tokio::test]
async fn a_deletion_whose_end_is_unclear_ends_with_nothing() {
    let world = World::new("unclear").await;
    let actions = [
        Action::TimeoutAfterApply,
        Action::TimeoutBeforeApply,
        Action::CutAfterApply,
        Action::CutBeforeApply,
        Action::status(500),
        Action::status_after_apply(500),
        Action::status(429),
        Action::Status {
            status: 404,
            retry_after: None,
            body: ErrorBody::Json,
            applied: true,
        },
        Action::Html { applied: false },
        Action::ApplyLater { millis: 1200 },
    ];
    let names: Vec<String> = actions.iter().map(name_of).collect();
    join_all(actions.iter().zip(&names).map(async |(action, name)| {
        world.stream(name, json!({})).await;
        world.until_ready(name).await;
        let id = world.stream_id(name).await;
        let action = match action {
            Action::Status { status: 429, .. } => Action::too_many(Some("1")),
            other => other.clone(),
        };
        world.sim.fault(on("DELETE", action).id(id));
    }))
    .await;
    join_all(names.iter().map(async |name| {
        world.delete("LiveStream", name).await;
        world.until_gone("LiveStream", name).await;
    }))
    .await;
    assert_eq!(world.sim.streams(CLIENT), Vec::<Value>::new());
    world.settled_walks(2).await;
    let all = names.len() as u64;
    assert_eq!((world.posts(), world.sim.deleted_total(CLIENT)), (all, all));
}

#[tokio::test]
async fn a_stream_that_is_gone_already_does_not_hold_its_object() {
    let mut world = World::new("gonealready").await;
    world.stream("keynote", json!({})).await;
    world.until_ready("keynote").await;
    let id = world.stream_id("keynote").await;
    // Nobody has seen yet that it is gone.
    world.operator().kill();
    assert!(world.sim.remove(id));
    world.delete("LiveStream", "keynote").await;
    world.start(&[]);
    world.until_gone("LiveStream", "keynote").await;
    world.settled_walks(2).await;
    assert_eq!((world.posts(), world.sim.streams(CLIENT).len()), (1, 0));
}

#[tokio::test]
async fn a_retained_stream_stays_and_comes_back_only_by_its_id() {
    let world = World::new("retained").await;
    let spec = json!({"displayName": "Keynote", "deletionPolicy": "Retain", "gcore": {"clientEntityData": "camera 7"}});
    world.stream("keynote", spec.clone()).await;
    let object = world.until_ready("keynote").await;
    let first = world.stream_id("keynote").await;
    world.delete("LiveStream", "keynote").await;
    world.until_gone("LiveStream", "keynote").await;
    world.until_event("keynote", "Released").await;
    assert_eq!((world.deletions(), world.patches()), (0, 1));
    let released = world.the_stream("Keynote");
    let data = released["client_entity_data"].as_str().unwrap();
    let mark = format!("/{}/keynote/{}", world.namespace, object.uid().unwrap());
    assert!(
        data.starts_with("camera 7\nlivestream-operator.io/released="),
        "{data}"
    );
    assert!(data.ends_with(&mark) && !data.contains("/owner="), "{data}");

    // The same manifest is another object.
    world.stream("keynote", spec).await;
    world.until_ready("keynote").await;
    assert_ne!(world.stream_id("keynote").await, first);
    assert_eq!(world.posts(), 2);
    assert_eq!(world.sim.stream(first).unwrap(), released);

    world
        .stream(
            "again",
            json!({"externalId": first.to_string(), "displayName": "Again"}),
        )
        .await;
    world.until_ready("again").await;
    assert_eq!(world.the_stream("Again")["id"], json!(first));
    assert_eq!(world.posts(), 2);
}

#[tokio::test]
async fn an_adopted_stream_stays_as_it_is_unless_its_deletion_is_asked_for() {
    let world = World::new("adopted").await;
    let create = |name: &str| {
        let stream = json!({"name": name, "active": true, "client_entity_data": "theirs"});
        world.sim.create(CLIENT, stream).unwrap()
    };
    let [stays, goes, retained] = ["stays", "goes", "retained"].map(create);
    let before = world.sim.streams(CLIENT);
    world
        .stream("stays", json!({"externalId": stays.to_string()}))
        .await;
    world
        .stream(
            "goes",
            json!({"externalId": goes.to_string(), "deletionPolicy": "Delete"}),
        )
        .await;
    world
        .stream(
            "retained",
            json!({"externalId": retained.to_string(), "deletionPolicy": "Retain"}),
        )
        .await;
    for name in ["stays", "goes", "retained"] {
        let object = world.until_ready(name).await;
        assert_eq!(status_of(&object)["adopted"], json!(true), "{name}");
    }
    assert_eq!(world.sim.streams(CLIENT), before);
    for name in ["stays", "goes", "retained"] {
        world.delete("LiveStream", name).await;
        world.until_gone("LiveStream", name).await;
    }
    world.settled_walks(1).await;
    assert_eq!(world.sim.stream(goes), None);
    let mut left = before;
    left.retain(|stream| stream["id"] != json!(goes));
    assert_eq!(world.sim.streams(CLIENT), left);
    assert_eq!((world.deletions(), world.sim.changing_calls()), (1, 1));
}

#[tokio::test]
async fn what_is_live_is_not_deleted_until_it_may() {
    let world = World::new("live").await;
    let names = ["offair", "disabled", "retained", "unprotected"];
    for name in names {
        let protection = if name == "unprotected" {
            json!("Disabled")
        } else {
            Value::Null
        };
        world
            .stream(name, json!({"active": true, "liveProtection": protection}))
            .await;
        world.until_ready(name).await;
        let id = world.stream_id(name).await;
        world.sim.set_live(id, true).unwrap();
        world
            .until("LiveStream", name, "live", |object| {
                status_of(object)["live"] == true
            })
            .await;
    }
    for name in names {
        world.delete("LiveStream", name).await;
    }
    world.until_gone("LiveStream", "unprotected").await;
    for name in &names[..3] {
        let object = world
            .until_reason(name, "Reconciling", "LiveProtected")
            .await;
        assert_eq!(reason(&object, "Ready"), "LiveProtected");
        let message = message(&object, "Ready");
        for way_out in ["liveProtection: Disabled", "deletionPolicy: Retain"] {
            assert!(message.contains(way_out), "{message}");
        }
    }
    world.settled_walks(2).await;
    assert_eq!((world.deletions(), world.sim.streams(CLIENT).len()), (1, 3));

    let id = world.stream_id("offair").await;
    world.sim.set_live(id, false).unwrap();
    world.until_gone("LiveStream", "offair").await;
    assert_eq!(world.sim.stream(id), None);

    let id = world.stream_id("disabled").await;
    world
        .edit("disabled", json!({"liveProtection": "Disabled"}))
        .await;
    world.until_gone("LiveStream", "disabled").await;
    assert_eq!(world.sim.stream(id), None);

    world
        .edit("retained", json!({"deletionPolicy": "Retain"}))
        .await;
    world.until_gone("LiveStream", "retained").await;
    let stream = world.the_stream("retained");
    assert_eq!(stream["live"], json!(true));
    assert!(
        stream["client_entity_data"]
            .as_str()
            .unwrap()
            .contains("released")
    );
    assert_eq!(world.deletions(), 3);
}

#[tokio::test]
async fn what_went_live_unseen_is_protected() {
    let mut world = World::bare("unseen").await;
    // The list is walked too seldom to show it.
    world.account(json!({"pollIntervalSeconds": 3600})).await;
    world.start(&[]);
    world.stream("keynote", json!({"active": true})).await;
    world.until_ready("keynote").await;
    let read = world.sim.clock().elapsed();
    let id = world.stream_id("keynote").await;
    world.sim.set_live(id, true).unwrap();
    world
        .until_true("what was read is too old to decide on", async || {
            world.sim.clock().elapsed() > read + Duration::from_secs(5)
        })
        .await;
    world.delete("LiveStream", "keynote").await;
    world
        .until_reason("keynote", "Ready", "LiveProtected")
        .await;
    assert_eq!((world.deletions(), world.sim.streams(CLIENT).len()), (0, 1));
    world.sim.set_live(id, false).unwrap();
    world.until_gone("LiveStream", "keynote").await;
    assert_eq!((world.deletions(), world.sim.streams(CLIENT).len()), (1, 0));
}

#[tokio::test]
async fn an_object_that_is_deleted_while_its_creation_is_unclear_leaves_nothing() {
    let world = World::new("inflight").await;
    let actions = [
        Action::TimeoutAfterApply,
        Action::TimeoutBeforeApply,
        Action::CutAfterApply,
        Action::CutBeforeApply,
        Action::status(500),
        Action::status_after_apply(500),
        Action::ApplyLater { millis: 1800 },
        Action::Delay { millis: 500 },
        Action::status(422),
        Action::too_many(Some("0")),
    ];
    let names: Vec<String> = actions.iter().map(name_of).collect();
    join_all(actions.into_iter().zip(&names).map(async |(action, name)| {
        world.sim.fault(on("POST", action).name_contains(name));
        world.stream(name, json!({})).await;
        world
            .until_true("the creation is sent", async || {
                let sent = world.sim.calls_where(0, |call| {
                    call.method == "POST" && call.body.as_ref().unwrap()["name"] == *name
                });
                !sent.is_empty()
            })
            .await;
        world.delete("LiveStream", name).await;
        world.until_gone("LiveStream", name).await;
        // What may still come had come before the object went.
        let made = world.sim.streams(CLIENT);
        assert!(made.iter().all(|stream| stream["name"] != *name), "{name}");
    }))
    .await;
    world.settled_walks(2).await;
    assert_eq!(world.sim.streams(CLIENT), Vec::<Value>::new());
    assert_eq!(world.posts(), names.len() as u64);
}

#[tokio::test]
async fn an_object_that_is_deleted_while_its_creation_is_unclear_survives_a_kill() {
    let mut world = World::new("inflightkill").await;
    for action in [
        Action::TimeoutAfterApply,
        Action::TimeoutBeforeApply,
        Action::ApplyLater { millis: 1000 },
    ] {
        let name = name_of(&action);
        let before = world.posts();
        world.sim.fault(on("POST", action));
        world.stream(&name, json!({})).await;
        world.until_posts(before + 1).await;
        world.operator().kill();
        world.delete("LiveStream", &name).await;
        world.start(&[]);
        world.until_gone("LiveStream", &name).await;
        assert_eq!(world.posts(), before + 1, "{name}");
    }
    world.settled_walks(2).await;
    assert_eq!(world.sim.streams(CLIENT), Vec::<Value>::new());
}

#[tokio::test]
async fn what_waits_for_the_end_of_an_unclear_creation_says_so() {
    let world = World::new("blocked").await;
    world.sim.fault(on("POST", Action::CutBeforeApply));
    world.stream("keynote", json!({})).await;
    world
        .until_reason("keynote", "Ready", "CreationUnknown")
        .await;
    world.delete("LiveStream", "keynote").await;
    let object = world
        .until_reason("keynote", "Ready", "DeletionBlocked")
        .await;
    assert_eq!(reason(&object, "Reconciling"), "DeletionBlocked");
    world.until_gone("LiveStream", "keynote").await;
    assert_eq!((world.posts(), world.sim.created_total(CLIENT)), (1, 0));
}

#[tokio::test]
async fn what_was_never_sent_goes_at_once() {
    let mut world = World::bare("neversent").await;
    world.start(&[]);
    world.stream("keynote", json!({})).await;
    world
        .until_reason("keynote", "Ready", "AccountNotFound")
        .await;
    world.delete("LiveStream", "keynote").await;
    world.until_gone("LiveStream", "keynote").await;
    assert_eq!(world.sim.calls(), []);

    // With an account, and refused for certain: that needs no call either.
    world.account(json!({})).await;
    world.sim.fault(on("POST", Action::status(422)).always());
    world.stream("refused", json!({})).await;
    world.until_reason("refused", "Stalled", "Refused").await;
    world.delete("LiveStream", "refused").await;
    world.until_gone("LiveStream", "refused").await;
    assert_eq!((world.posts(), world.sim.changing_calls()), (1, 1));
}

#[tokio::test]
async fn a_namespace_goes_with_everything_in_it() {
    let world = World::new("namespace").await;
    three(&world, Value::Null).await;
    world.delete_namespace().await;
    world.until_namespace_gone().await;
    assert_eq!(world.sim.streams(CLIENT), Vec::<Value>::new());
    assert_eq!((world.posts(), world.deletions()), (3, 3));
}

#[tokio::test]
async fn a_namespace_goes_and_retained_streams_stay() {
    let world = World::new("nsretain").await;
    three(&world, json!("Retain")).await;
    world.delete_namespace().await;
    world.until_namespace_gone().await;
    let left = world.sim.streams(CLIENT);
    assert_eq!((left.len(), world.deletions()), (3, 0));
    for stream in left {
        let data = stream["client_entity_data"].as_str().unwrap();
        assert!(data.contains("livestream-operator.io/released="), "{data}");
    }
}

#[tokio::test]
async fn a_namespace_whose_key_went_first_is_emptied_all_the_same() {
    let world = World::new("keyfirst").await;
    three(&world, Value::Null).await;
    remove_key(&world).await;
    world.until_account("default", "SecretNotFound").await;
    world.delete_namespace().await;
    world.until_namespace_gone().await;
    assert_eq!(world.sim.streams(CLIENT), Vec::<Value>::new());
}

#[tokio::test]
async fn a_deletion_without_a_key_says_how_to_end_it() {
    let mut world = World::new("nokey").await;
    let names = three(&world, Value::Null).await;
    // The key is in no process's memory any more.
    world.operator().kill();
    remove_key(&world).await;
    world.delete_namespace().await;
    world.start(&[]);
    for name in &names {
        let object = world.until_reason(name, "Ready", "DeletionBlocked").await;
        let message = message(&object, "Ready");
        assert!(message.contains("deletionPolicy: Retain"), "{message}");
        assert!(
            message.contains(status_of(&object)["streamId"].as_str().unwrap()),
            "{message}"
        );
    }
    assert_eq!(world.deletions(), 0);
    for name in &names {
        world.edit(name, json!({"deletionPolicy": "Retain"})).await;
    }
    world.until_namespace_gone().await;
    assert_eq!((world.sim.streams(CLIENT).len(), world.deletions()), (3, 0));
}

#[tokio::test]
async fn a_key_that_comes_back_ends_a_blocked_deletion() {
    let mut world = World::new("keyback").await;
    world.stream("keynote", json!({})).await;
    world.until_ready("keynote").await;
    world.operator().kill();
    remove_key(&world).await;
    world.delete("LiveStream", "keynote").await;
    world.start(&[]);
    world
        .until_reason("keynote", "Ready", "DeletionBlocked")
        .await;
    world
        .secret("gcore", &[("apiKey", crate::harness::KEY)])
        .await;
    world.until_gone("LiveStream", "keynote").await;
    assert_eq!((world.sim.streams(CLIENT).len(), world.deletions()), (0, 1));
}

#[tokio::test]
async fn a_replaced_manifest_that_is_deleted_at_once_never_doubles() {
    let world = World::new("dropped").await;
    world.stream("keynote", json!({})).await;
    world.until_ready("keynote").await;
    let manifest = json!({
        "apiVersion": "livestream-operator.io/v1alpha1", "kind": "LiveStream",
        "metadata": {"name": "keynote"}, "spec": {},
    });
    let output = world
        .kubectl(&["replace", "-f", "-"], &manifest.to_string())
        .await;
    assert!(output.status.success(), "{output:?}");
    world.delete("LiveStream", "keynote").await;
    world.until_gone("LiveStream", "keynote").await;
    // Who was quicker is open; what is left is told.
    world
        .until_true("the stream is gone or counted as an orphan", async || {
            let account = world.get("StreamingAccount", "default").await.unwrap();
            world.sim.streams(CLIENT).is_empty()
                || status_of(&account)["streams"]["orphaned"] == json!(1)
        })
        .await;
    world.stream("keynote", json!({})).await;
    world.until_ready("keynote").await;
    world.settled_walks(2).await;
    assert_eq!(world.sim.streams(CLIENT).len(), 1);
}

#[tokio::test]
async fn an_orphan_is_counted_left_alone_and_taken_over_by_its_name() {
    let mut world = World::new("orphan").await;
    world
        .stream("keynote", json!({"displayName": "Keynote"}))
        .await;
    world.stream("other", json!({})).await;
    world.until_ready("keynote").await;
    world.until_ready("other").await;
    world.operator().kill();
    drop_finalizer(&world, "keynote").await;
    world.delete("LiveStream", "keynote").await;
    world.until_gone("LiveStream", "keynote").await;
    let before = world.sim.streams(CLIENT);
    world.start(&[]);
    let counts = json!({"managed": 1, "unmanaged": 0, "orphaned": 1, "duplicated": 0});
    world
        .until(
            "StreamingAccount",
            "default",
            "counting an orphan",
            |account| status_of(account)["streams"] == counts,
        )
        .await;
    world.settled_walks(2).await;
    assert_eq!(world.sim.streams(CLIENT), before);

    world
        .stream("keynote", json!({"displayName": "Keynote"}))
        .await;
    let object = world.until_ready("keynote").await;
    world.until_event("keynote", "TakenOver").await;
    let stream = world.the_stream("Keynote");
    assert!(
        stream["client_entity_data"]
            .as_str()
            .unwrap()
            .contains(&object.uid().unwrap())
    );
    assert_eq!((world.posts(), world.deletions()), (2, 0));
    world
        .until(
            "StreamingAccount",
            "default",
            "without an orphan",
            |account| status_of(account)["streams"]["orphaned"] == json!(0),
        )
        .await;
}

#[tokio::test]
async fn a_deletion_waits_for_a_provider_that_is_down() {
    let world = World::new("down").await;
    for (outage, name) in [
        (Outage::Refuse, "refuse"),
        (Outage::Cut, "cut"),
        (Outage::Status { status: 503 }, "status"),
    ] {
        world.stream(name, json!({})).await;
        world.until_ready(name).await;
        world.sim.set_outage(Some(outage));
        world.delete("LiveStream", name).await;
        let object = world
            .until_reason(name, "Ready", "ProviderUnavailable")
            .await;
        assert_eq!(
            reason(&object, "Reconciling"),
            "ProviderUnavailable",
            "{name}"
        );
        assert!(!object.finalizers().is_empty());
        world.sim.set_outage(None);
        world.until_gone("LiveStream", name).await;
        assert_eq!(world.sim.streams(CLIENT), Vec::<Value>::new(), "{name}");
    }
    assert_eq!((world.posts(), world.sim.deleted_total(CLIENT)), (3, 3));
}

#[tokio::test]
async fn an_operator_that_is_told_to_stop_finishes_its_creation() {
    let mut world = World::new("sigterm").await;
    world.sim.fault(on("POST", Action::Delay { millis: 500 }));
    world.stream("keynote", json!({})).await;
    world.until_posts(1).await;
    assert!(world.operator().terminate().await);
    let object = world.get("LiveStream", "keynote").await.unwrap();
    let id = world.the_stream("keynote")["id"].to_string();
    assert_eq!(status_of(&object)["streamId"], id);
    world.start(&[]);
    world.until_ready("keynote").await;
    world.settled_walks(2).await;
    assert_eq!((world.posts(), world.sim.changing_calls()), (1, 1));
}

#[tokio::test]
async fn a_restart_at_rest_changes_and_writes_nothing() {
    let mut world = World::new("rest").await;
    let names: Vec<String> = (0..30).map(|n| format!("camera-{n}")).collect();
    join_all(names.iter().map(async |name| {
        world
            .stream(
                name,
                json!({"active": true, "dvr": {"durationSeconds": 600}}),
            )
            .await;
        world.until_ready(name).await;
    }))
    .await;
    world
        .until("StreamingAccount", "default", "counting all", |account| {
            status_of(account)["streams"]["managed"] == json!(30)
        })
        .await;
    world.settled_walks(2).await;
    assert!(world.operator().terminate().await);
    let before = versions(&world).await;
    let streams = world.sim.streams(CLIENT);
    let last = world.sim.last_call();
    world.start(&[]);
    world.settled_walks(3).await;
    assert_eq!(versions(&world).await, before);
    assert_eq!(world.sim.streams(CLIENT), streams);
    let calls = world.sim.calls_after(last);
    let (pages, others): (Vec<_>, Vec<_>) = calls
        .iter()
        .partition(|call| call.method == "GET" && call.route == "/streaming/streams");
    let others: Vec<_> = others.iter().map(|c| (&*c.method, &*c.route)).collect();
    assert_eq!(others, [("GET", "/iam/clients/me")]);
    assert!(!pages.is_empty());
}

#[tokio::test]
async fn only_our_finalizer_is_taken_off() {
    let world = World::new("finalizers").await;
    world.stream("keynote", json!({})).await;
    world.until_ready("keynote").await;
    let patch = json!({"metadata": {"finalizers": [FINALIZER, "example.com/other"]}});
    world.patch("LiveStream", "keynote", patch).await.unwrap();
    world.delete("LiveStream", "keynote").await;
    let object = world
        .until("LiveStream", "keynote", "left by us", |object| {
            object.finalizers() == ["example.com/other"]
        })
        .await;
    assert!(object.metadata.deletion_timestamp.is_some());
    assert_eq!(world.sim.streams(CLIENT), Vec::<Value>::new());
    world.settled_walks(1).await;
    assert_eq!((world.posts(), world.deletions()), (1, 1));
    drop_finalizer(&world, "keynote").await;
    world.until_gone("LiveStream", "keynote").await;
}

#[tokio::test]
async fn the_secret_for_the_encoder_goes_with_its_object() {
    let world = World::new("ingestgone").await;
    world
        .stream(
            "keynote",
            json!({"ingestSecret": {"name": "keynote-ingest"}}),
        )
        .await;
    world.until_ready("keynote").await;
    let secrets: Api<Secret> = world.secrets();
    assert!(secrets.get_opt("keynote-ingest").await.unwrap().is_some());
    world.delete("LiveStream", "keynote").await;
    world.until_gone("LiveStream", "keynote").await;
    world
        .until_true("the Secret is collected", async || {
            secrets.get_opt("keynote-ingest").await.unwrap().is_none()
        })
        .await;
    assert_eq!(world.sim.streams(CLIENT), Vec::<Value>::new());
}

#[tokio::test]
async fn many_deletions_share_a_small_budget() {
    let world = World::bare("budget").await;
    world.account(json!({"pollIntervalSeconds": 3600})).await;
    let mut world = world;
    world.start(&[]);
    let names: Vec<String> = (0..12).map(|n| format!("camera-{n}")).collect();
    join_all(names.iter().map(async |name| {
        world.stream(name, json!({"active": true})).await;
        world.until_ready(name).await;
    }))
    .await;
    // Each waits longer for its turn than a read of it is good for.
    let spec = json!({"spec": {"requestsPerSecond": 1}});
    world
        .patch("StreamingAccount", "default", spec)
        .await
        .unwrap();
    world
        .until(
            "StreamingAccount",
            "default",
            "at the new rate",
            |account| status_of(account)["observedGeneration"] == json!(2),
        )
        .await;
    // A stream that was just created is read now and then, for somebody may send to it at once.
    join_all(names.iter().map(|name| world.delete("LiveStream", name))).await;
    let since = world.sim.last_call();
    let reads = || {
        let route = "/streaming/streams/{id}";
        let read = |call: &simulator::counters::Call| call.method == "GET" && call.route == route;
        world.sim.calls_where(since, read).len()
    };
    world
        .until_true("all are deleted, or read over and over", async || {
            world.sim.streams(CLIENT).is_empty() || reads() > 24
        })
        .await;
    assert!(reads() <= 14, "{} reads for 12 deletions", reads());
    for name in &names {
        world.until_gone("LiveStream", name).await;
    }
}

#[tokio::test]
async fn a_deletion_that_was_carried_out_unseen_is_found_out_by_one_read() {
    let world = World::new("unseenend").await;
    world.stream("keynote", json!({"active": true})).await;
    world.until_ready("keynote").await;
    let id = world.stream_id("keynote").await;
    world.sim.fault(on("DELETE", Action::TimeoutAfterApply));
    // By the time that it may be tried again, what was read is too old to decide on.
    world.sim.fault(on("DELETE", Action::too_many(Some("6"))));
    let since = world.sim.last_call();
    world.delete("LiveStream", "keynote").await;
    let reads = || {
        let read = |call: &simulator::counters::Call| {
            call.method == "GET" && call.id == Some(id.to_string())
        };
        world.sim.calls_where(since, read).len()
    };
    world
        .until_true("it is found out, or asked over and over", async || {
            world.get("LiveStream", "keynote").await.is_none() || reads() > 10
        })
        .await;
    assert!(reads() <= 3, "{} reads", reads());
    world.until_gone("LiveStream", "keynote").await;
    assert_eq!((world.posts(), world.sim.streams(CLIENT).len()), (1, 0));
}

#[tokio::test]
async fn an_object_that_vanishes_while_its_stream_is_created_leaves_nothing_untold() {
    let world = World::new("vanishes").await;
    for action in [
        Action::Delay { millis: 700 },
        Action::TimeoutAfterApply,
        Action::ApplyLater { millis: 1200 },
    ] {
        let posts = world.posts();
        world.sim.fault(on("POST", action));
        world.stream("keynote", json!({})).await;
        world.until_posts(posts + 1).await;
        // So it goes, too, where the first finalizer comes together with the deletion.
        drop_finalizer(&world, "keynote").await;
        world.delete("LiveStream", "keynote").await;
        world.until_gone("LiveStream", "keynote").await;
        world.settled_walks(2).await;
        world
            .until_true("the stream is gone or counted as an orphan", async || {
                let account = world.get("StreamingAccount", "default").await.unwrap();
                world.sim.streams(CLIENT).is_empty()
                    || status_of(&account)["streams"]["orphaned"] == json!(1)
            })
            .await;
        world.stream("keynote", json!({})).await;
        world.until_ready("keynote").await;
        assert_eq!(world.sim.streams(CLIENT).len(), 1);
        world.delete("LiveStream", "keynote").await;
        world.until_gone("LiveStream", "keynote").await;
        assert_eq!(world.sim.streams(CLIENT), Vec::<Value>::new());
    }
}
