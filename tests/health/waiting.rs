//! A fresh apply: who waits goes on only when all is in step, and by no set-up of theirs.

use std::time::Duration;

use serde_json::{Value, json};
use simulator::faults::{Action, Fault};

use crate::{
    harness::{CLIENT, KEY, World, is_ready},
    judges::{chart, install},
};

/// How long tools may wait: far longer than it takes.
const LONG: &str = "3m";

fn manifests(world: &World) -> [Value; 4] {
    let of = |kind: &str, name: &str, spec: Value| {
        json!({
            "apiVersion": "livestream-operator.io/v1alpha1", "kind": kind,
            "metadata": {"name": name}, "spec": spec,
        })
    };
    [
        json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "gcore"},
            "stringData": {"apiKey": KEY},
        }),
        of(
            "StreamingAccount",
            "default",
            json!({
                "gcore": {
                    "apiKeySecretRef": {"name": "gcore", "key": "apiKey"},
                    "endpoint": world.sim.url(),
                },
                "requestsPerSecond": 500,
                "pollIntervalSeconds": 1,
            }),
        ),
        of(
            "LiveStream",
            "keynote",
            json!({"active": true, "recording": true}),
        ),
        of(
            "Broadcast",
            "keynote",
            json!({"streams": [{"name": "keynote"}]}),
        ),
    ]
}

/// The three objects, all of which must be in step now: nobody waits here.
async fn all_are_in_step(world: &World) {
    for (kind, name) in [
        ("StreamingAccount", "default"),
        ("LiveStream", "keynote"),
        ("Broadcast", "keynote"),
    ] {
        let object = world.get(kind, name).await.unwrap();
        assert!(is_ready(&object), "{kind}: {object:?}");
    }
    assert_eq!(world.sim.streams(CLIENT).len(), 1);
    assert_eq!(world.sim.broadcasts(CLIENT).len(), 1);
}

/// The provider takes its time over creations, so that who does not wait is too early.
async fn slow_world(name: &str) -> World {
    let mut world = World::bare(name).await;
    world.start(&["--call-deadline=20s", "--settling=30s"]);
    let slow = Fault::new(Action::Delay { millis: 1500 }).method("POST");
    world.sim.fault(slow.always());
    world
}

#[tokio::test]
async fn helm_install_waits_until_all_is_in_step() {
    let world = slow_world("wait-helm").await;
    let chart = chart(&world.namespace, "event", &manifests(&world));
    let output = install(&world, "event", &chart, LONG).await;
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    all_are_in_step(&world).await;
}

#[tokio::test]
async fn kubectl_wait_waits_until_all_is_in_step() {
    let world = slow_world("wait-kubectl").await;
    let list = json!({"apiVersion": "v1", "kind": "List", "items": manifests(&world)}).to_string();
    let applied = world.kubectl(&["apply", "--filename=-"], &list).await;
    assert!(applied.status.success(), "{applied:?}");
    let timeout = format!("--timeout={LONG}");
    let waited = world
        .kubectl(
            &[
                "wait",
                "--for=condition=Ready",
                &timeout,
                "streamingaccount/default",
                "livestream/keynote",
                "broadcast/keynote",
            ],
            "",
        )
        .await;
    assert!(waited.status.success(), "{waited:?}");
    all_are_in_step(&world).await;
}

#[tokio::test]
async fn helm_does_not_wait_for_what_a_human_must_mend() {
    let world = slow_world("wait-stalled").await;
    let refused = Fault::new(Action::status(422)).method("POST");
    world.sim.clear_faults();
    world.sim.fault(refused.always());
    // The broadcast would wait for the stream, and Helm for the broadcast: it gives up early only where
    // nothing else is under way.
    let manifests = &manifests(&world)[..3];
    let chart = chart(&world.namespace, "event", manifests);
    // An hour is what nobody would sit through: the end comes of Stalled, not of the time.
    let install = install(&world, "event", &chart, "1h");
    let output = tokio::time::timeout(Duration::from_mins(3), install)
        .await
        .expect("helm ends by itself");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{error}");
    assert!(error.contains("status: Failed"), "{error}");
}
