//! Objects that are gone although they carry our finalizer. The apiserver does that to a deletion that
//! reads the object just before the finalizer is written; here it is done in etcd, which looks the same to
//! whoever watches.

use k8s_openapi::ByteString;
use serde_json::{Value, json};
use simulator::faults::{Action, ErrorBody, Fault};

use crate::harness::{CLIENT, World, control_plane, status_of};

/// Removes an object from under the apiserver.
async fn tear_out(world: &World, plural: &str, name: &str) {
    let socket = control_plane()
        .audit_log
        .with_file_name("etcd-client.sock:1");
    let etcd = reqwest::Client::builder()
        .unix_socket(socket)
        .build()
        .unwrap();
    let key = format!(
        "/registry/livestream-operator.io/{plural}/{}/{name}",
        world.namespace
    );
    let answer = etcd
        .post("http://etcd/v3/kv/deleterange")
        .body(json!({"key": ByteString(key.into_bytes())}).to_string())
        .send()
        .await
        .unwrap();
    let text = answer.text().await.unwrap();
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(answer["deleted"], "1", "{text}");
}

async fn until_nothing_is_left(world: &World) {
    world
        .until_sim("nothing is left", |sim| sim.streams(CLIENT).is_empty())
        .await;
    world.settled_walks(2).await;
    assert_eq!(world.sim.streams(CLIENT), Vec::<Value>::new());
    let account = world.get("StreamingAccount", "default").await.unwrap();
    assert_eq!(status_of(&account)["streams"]["orphaned"], json!(0));
}

/// All ways in which the answer to a creation comes late or never.
const SLOW: [Action; 4] = [
    Action::Delay { millis: 700 },
    Action::TimeoutAfterApply,
    Action::ApplyLater { millis: 1200 },
    Action::CutAfterApply,
];

/// Neither does their deletion work at once.
fn hinder(world: &World, route: &str, slow: Action) {
    world
        .sim
        .fault(Fault::new(slow).method("POST").route(route));
    let refused = Action::Status {
        status: 500,
        retry_after: None,
        body: ErrorBody::Json,
        applied: false,
    };
    let each = format!("{route}/{{id}}");
    for action in [refused, Action::TimeoutBeforeApply] {
        world
            .sim
            .fault(Fault::new(action).method("DELETE").route(&each));
    }
}

/// A LiveStream is gone while its stream is created.
async fn torn_out_while_created(world: &World, slow: Action) {
    let posts = world.posts();
    hinder(world, "/streaming/streams", slow);
    world.stream("keynote", json!({"active": true})).await;
    world.until_posts(posts + 1).await;
    tear_out(world, "livestreams", "keynote").await;
}

#[tokio::test]
async fn what_is_being_created_for_an_object_that_vanishes_goes_too() {
    let world = World::new("vanished").await;
    for slow in SLOW {
        let posts = world.posts();
        torn_out_while_created(&world, slow).await;
        until_nothing_is_left(&world).await;
        assert_eq!(world.posts(), posts + 1);
    }
    world.until_event("keynote", "Deleted").await;
}

#[tokio::test]
async fn one_of_the_same_name_takes_over_what_vanished() {
    let world = World::new("vanished-again").await;
    for slow in SLOW {
        torn_out_while_created(&world, slow).await;
        world.stream("keynote", json!({"active": true})).await;
        world.until_ready("keynote").await;
        world.settled_walks(2).await;
        assert_eq!(world.sim.streams(CLIENT).len(), 1);
        world.delete("LiveStream", "keynote").await;
        world.until_gone("LiveStream", "keynote").await;
        until_nothing_is_left(&world).await;
    }
}

#[tokio::test]
async fn a_finished_object_that_vanishes_is_cleaned_up_after() {
    let world = World::new("vanished-late").await;
    world.stream("keynote", json!({"active": true})).await;
    world
        .stream("kept", json!({"deletionPolicy": "Retain"}))
        .await;
    world.until_ready("keynote").await;
    world.until_ready("kept").await;
    tear_out(&world, "livestreams", "keynote").await;
    tear_out(&world, "livestreams", "kept").await;
    world
        .until_sim("one is released, the other gone", |sim| {
            let left = sim.streams(CLIENT);
            left.len() == 1
                && left[0]["client_entity_data"]
                    .to_string()
                    .contains("released")
        })
        .await;
    // The account is not held up by them.
    world.delete("StreamingAccount", "default").await;
    world.until_gone("StreamingAccount", "default").await;
}

#[tokio::test]
async fn what_is_being_created_for_a_broadcast_that_vanishes_goes_too() {
    let world = World::new("vanished-show").await;
    world.stream("keynote", json!({})).await;
    world.until_ready("keynote").await;
    for slow in SLOW {
        hinder(&world, "/streaming/broadcasts", slow);
        let before = world.sim.count("POST", "/streaming/broadcasts");
        world
            .broadcast("show", json!({"streams": [{"name": "keynote"}]}))
            .await;
        world
            .until_sim("it is created", |sim| {
                sim.count("POST", "/streaming/broadcasts") == before + 1
            })
            .await;
        tear_out(&world, "broadcasts", "show").await;
        world
            .until_sim("it is gone", |sim| sim.broadcasts(CLIENT).is_empty())
            .await;
        world.settled_walks(2).await;
        assert_eq!(world.sim.broadcasts(CLIENT), Vec::<Value>::new());
        assert_eq!(world.sim.count("POST", "/streaming/broadcasts"), before + 1);
    }
}
