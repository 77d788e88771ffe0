//! `make gitops`: a whole real Argo CD brings the streams of examples/gitops out of a git repository,
//! and tells the truth about them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot go on ends"
)]

mod argo_cd;
#[path = "../operator/harness/mod.rs"]
#[expect(dead_code, unused_imports, reason = "made for many tests")]
mod harness;
mod order;
mod repository;

use std::time::Instant;

use serde_json::{Value, json};
use simulator::faults::{Action, Fault};

use crate::{
    argo_cd::{ArgoCd, Target, kubectl},
    harness::{CLIENT, KEY, World},
    repository::{Repository, SYNC_OPTIONS},
};

const ROOT: &str = "live-streaming";

/// Says what was shown, and how long it took.
struct Steps(Instant);

impl Steps {
    fn shown(&mut self, what: &str) {
        println!("{:6.1} s  {what}", self.0.elapsed().as_secs_f64());
        self.0 = Instant::now();
    }
}

#[tokio::test]
async fn argo_cd_brings_the_examples_and_tells_the_truth_about_them() {
    let mut steps = Steps(Instant::now());
    let events: Vec<String> = SYNC_OPTIONS
        .iter()
        .map(|set| format!("keynote-{}", set.word))
        .collect();
    let namespaces: Vec<&str> = events
        .iter()
        .map(String::as_str)
        .chain(["channels"])
        .collect();
    let mut world = World::bare("argo-cd").await;
    let served: Vec<String> = namespaces
        .iter()
        .map(|n| format!("--namespace={n}"))
        .collect();
    world.start(&served.iter().map(String::as_str).collect::<Vec<_>>());
    let argo_cd = ArgoCd::start(&world).await;
    steps.shown("control plane, simulator, operator and Argo CD are up");

    // Somebody's secret store has written the key; Argo CD may not be the first to need it.
    for namespace in &namespaces {
        kubectl(&["create", "namespace", namespace], "");
        key(namespace, KEY);
    }
    // So slow that a wave that does not wait would be seen.
    let slow = Fault::new(Action::Delay { millis: 500 }).method("POST");
    let slow = world.sim.fault(slow.always());
    let repository = Repository::new(&world.sim.url());
    let first = repository.commit("The examples");
    kubectl(
        &["apply", "--filename=-"],
        &repository.read("examples/gitops/app-of-apps.yaml"),
    );
    argo_cd.until_synced_to(ROOT, &first, "Healthy").await;
    for name in &namespaces {
        argo_cd.until(name, "there", |_| true).await;
        argo_cd.until_synced_to(name, &first, "Healthy").await;
    }
    world.sim.clear_fault(slow);
    let streams = world.sim.streams(CLIENT);
    assert!(
        streams.iter().all(|stream| stream["live"] == false),
        "{streams:?}"
    );
    assert_eq!((streams.len(), world.sim.broadcasts(CLIENT).len()), (5, 3));
    steps.shown("the app of apps is Synced and Healthy; no encoder sends");

    for event in &events {
        in_waves(&world, event).await;
    }
    steps.shown(
        "in waves: account, then stream, then broadcast, each when the one before was Ready",
    );

    for name in &namespaces {
        let application = argo_cd.until_synced_to(name, &first, "Healthy").await;
        let syncs = application.data["status"]["history"].as_array().unwrap();
        assert_eq!(syncs.len(), 1, "{name} was synced again: {syncs:?}");
    }
    steps.shown("compared afresh: Synced with each set of sync options, and never synced again");

    asked_for_a_pass(&world, &argo_cd, "keynote-ssa").await;
    steps.shown("the action \"reconcile\" has its receipt in status, and nothing is out of sync");

    let refused = Fault::new(Action::status(422))
        .method("PATCH")
        .route("/streaming/streams/{id}");
    let refused = world.sim.fault(refused.always());
    let file = "examples/gitops/keynote-default/stream.yaml";
    repository.edit(file, "displayName: Keynote", "displayName: Refused");
    let commit = repository.commit("A value that the provider refuses");
    let degraded = argo_cd
        .until_synced_to("keynote-default", &commit, "Degraded")
        .await;
    let (kind, message) = unhealthy(&degraded);
    assert_eq!(kind, "LiveStream");
    assert!(message.contains("422"), "{message}");
    world.sim.clear_fault(refused);
    repository.edit(file, "displayName: Refused", "displayName: Mended");
    let commit = repository.commit("Another value");
    argo_cd
        .until_synced_to("keynote-default", &commit, "Healthy")
        .await;
    steps.shown("a value that the provider refuses is Degraded with its words; mended, Healthy");

    world.sim.revoke_key(KEY);
    for name in &namespaces {
        let what = "Degraded for its account";
        let application = argo_cd
            .until(name, what, |application| {
                application.data["status"]["health"]["status"] == "Degraded"
            })
            .await;
        assert_eq!(unhealthy(&application).0, "StreamingAccount", "{name}");
    }
    let new = "1001$another-key";
    world.sim.add_key(new, CLIENT);
    for namespace in &namespaces {
        key(namespace, new);
    }
    for name in &namespaces {
        argo_cd.until_synced_to(name, &commit, "Healthy").await;
    }
    steps.shown("a key that is refused is Degraded, the account alone; a new one, Healthy");

    repository.remove("examples/gitops/keynote-ssd/broadcast.yaml");
    let commit = repository.commit("No page any more");
    argo_cd
        .until_synced_to("keynote-ssd", &commit, "Healthy")
        .await;
    world
        .until_sim("the broadcast is gone", |sim| {
            sim.broadcasts(CLIENT).len() == 2
        })
        .await;
    assert_eq!(world.sim.streams(CLIENT).len(), 5);
    steps.shown("what is taken out of Git is pruned, at the provider too");

    argo_cd.delete(ROOT).await;
    world
        .until_true("all Applications are gone", async || {
            let mut left = Vec::new();
            for name in namespaces.iter().chain([&ROOT]) {
                left.extend(argo_cd.application(name).await);
            }
            left.is_empty()
        })
        .await;
    let left = world.sim.streams(CLIENT);
    let mut names: Vec<_> = left.iter().map(|stream| stream["name"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, [Some("Channel One"), Some("Channel Two")]);
    assert!(world.sim.broadcasts(CLIENT).is_empty());
    steps.shown("deleted: nothing is left at the provider but the channels, which say Retain");
}

/// Puts a key into the Secret that the accounts name.
fn key(namespace: &str, key: &str) {
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "gcore", "namespace": namespace},
        "stringData": {"apiKey": key},
    });
    kubectl(
        &["apply", "--server-side", "--filename=-"],
        &secret.to_string(),
    );
}

/// Each wave was written when the one before it had been Ready.
async fn in_waves(world: &World, namespace: &str) {
    let resources = ["streamingaccounts", "livestreams", "broadcasts"];
    // An answer can be here before its line is in the log.
    world
        .until_true("all is in the audit log", async || {
            resources
                .iter()
                .all(|resource| order::times(namespace, resource).is_some())
        })
        .await;
    let times: Vec<_> = resources
        .iter()
        .map(|resource| order::times(namespace, resource).unwrap())
        .collect();
    for (before, after) in times.iter().zip(&times[1..]) {
        assert!(before.ready < after.made, "{namespace}: {times:#?}");
    }
}

/// The button is there, it works, and Argo CD does not take it for a change.
async fn asked_for_a_pass(world: &World, argo_cd: &ArgoCd, application: &str) {
    let target = Target {
        namespace: application,
        kind: "LiveStream",
        name: "keynote",
    };
    let offered = argo_cd.actions(application, &target).await;
    assert_eq!(offered["actions"][0]["name"], "reconcile", "{offered}");
    let read = || -> Value {
        let object = ["get", "livestream", "keynote", "--output=json"];
        let namespace = format!("--namespace={application}");
        let text = kubectl(&[&object[..], &[&namespace]].concat(), "");
        serde_json::from_str(&text).unwrap()
    };
    let before = read();
    assert!(before["status"]["lastHandledReconcileAt"].is_null());
    argo_cd.run_action(application, &target, "reconcile").await;
    let annotation = livestream_operator::api::RECONCILE_ANNOTATION;
    world
        .until_true("the receipt is there", async || {
            let now = read();
            let asked = &now["metadata"]["annotations"][annotation];
            asked.is_string() && now["status"]["lastHandledReconcileAt"] == *asked
        })
        .await;
    assert_eq!(read()["spec"], before["spec"]);
    argo_cd.refresh(application).await;
    argo_cd
        .until(application, "compared, Synced and Healthy", |application| {
            let annotations = application.metadata.annotations.as_ref();
            let compared =
                annotations.is_none_or(|all| !all.contains_key("argocd.argoproj.io/refresh"));
            let status = &application.data["status"];
            compared
                && status["sync"]["status"] == "Synced"
                && status["health"]["status"] == "Healthy"
                && status["history"].as_array().unwrap().len() == 1
        })
        .await;
}

/// The kind and the message of the only thing that is not Healthy.
fn unhealthy(application: &kube::core::DynamicObject) -> (String, String) {
    let resources = application.data["status"]["resources"].as_array().unwrap();
    let bad: Vec<&Value> = resources
        .iter()
        .filter(|one| one["health"]["status"] != "Healthy" && !one["health"].is_null())
        .collect();
    let [one] = bad[..] else {
        panic!("not one is unhealthy: {resources:#?}");
    };
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (word(&one["kind"]), word(&one["health"]["message"]))
}
