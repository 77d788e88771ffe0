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

/// All that runs.
struct Scene {
    world: World,
    argo_cd: ArgoCd,
    repository: Repository,
    /// The Applications of the app of apps; each has a namespace of its name.
    names: Vec<String>,
    steps: Steps,
}

#[tokio::test]
async fn argo_cd_brings_the_examples_and_tells_the_truth_about_them() {
    let mut scene = Scene::start().await;
    let first = scene.brings_the_examples().await;
    scene.stays_in_sync(&first).await;
    asked_for_a_pass(&scene.world, &scene.argo_cd, "keynote-ssa").await;
    scene
        .steps
        .shown("the action \"reconcile\" has its receipt in status, and nothing is out of sync");
    let mended = scene.says_what_is_refused().await;
    scene.says_what_key_is_wrong(&mended).await;
    scene.prunes().await;
    scene.deletes().await;
}

impl Scene {
    async fn start() -> Self {
        let mut steps = Steps(Instant::now());
        let events = SYNC_OPTIONS
            .iter()
            .map(|set| format!("keynote-{}", set.word));
        let names: Vec<String> = events.chain(["channels".to_owned()]).collect();
        let mut world = World::bare("argo-cd").await;
        let served: Vec<String> = names.iter().map(|n| format!("--namespace={n}")).collect();
        world.start(&served.iter().map(String::as_str).collect::<Vec<_>>());
        let argo_cd = ArgoCd::start(&world).await;
        steps.shown("control plane, simulator, operator and Argo CD are up");
        let repository = Repository::new(&world.sim.url());
        Self {
            world,
            argo_cd,
            repository,
            names,
            steps,
        }
    }

    async fn brings_the_examples(&mut self) -> String {
        // Somebody's secret store has written the key.
        for namespace in &self.names {
            kubectl(&["create", "namespace", namespace], "");
            key(namespace, KEY);
        }
        // So slow that a wave that does not wait is seen.
        let slow = || Fault::new(Action::Delay { millis: 500 }).always();
        let slow = [
            self.world.sim.fault(slow().method("POST")),
            self.world.sim.fault(slow().route("/iam/clients/me")),
        ];
        let first = self.repository.commit("The examples");
        let root = self.repository.read("examples/gitops/app-of-apps.yaml");
        kubectl(&["apply", "--filename=-"], &root);
        self.argo_cd.until_synced_to(ROOT, &first, "Healthy").await;
        for name in &self.names {
            self.argo_cd.until(name, "there", |_| true).await;
            self.argo_cd.until_synced_to(name, &first, "Healthy").await;
        }
        for fault in slow {
            self.world.sim.clear_fault(fault);
        }
        for namespace in self.names.iter().filter(|name| *name != "channels") {
            in_waves(&self.world, namespace).await;
        }
        let streams = self.world.sim.streams(CLIENT);
        assert!(
            streams.iter().all(|stream| stream["live"] == false),
            "{streams:?}"
        );
        assert_eq!(
            (streams.len(), self.world.sim.broadcasts(CLIENT).len()),
            (5, 3)
        );
        self.steps.shown(
            "the app of apps is Synced and Healthy, though no encoder sends; in waves: account, then \
             stream, then broadcast, each when the one before was Ready",
        );
        first
    }

    async fn stays_in_sync(&mut self, first: &str) {
        for name in &self.names {
            let application = self.argo_cd.until_synced_to(name, first, "Healthy").await;
            let syncs = application.data["status"]["history"].as_array().unwrap();
            assert_eq!(syncs.len(), 1, "{name} was synced again: {syncs:?}");
        }
        self.steps
            .shown("compared afresh: Synced with each set of sync options, and never synced again");
    }

    async fn says_what_is_refused(&mut self) -> String {
        let refused = Fault::new(Action::status(422))
            .method("PATCH")
            .route("/streaming/streams/{id}");
        let refused = self.world.sim.fault(refused.always());
        let (name, file) = (
            "keynote-default",
            "examples/gitops/keynote-default/stream.yaml",
        );
        let (good, bad) = ("displayName: Keynote", "displayName: Refused");
        self.repository.edit(file, good, bad);
        let commit = self.repository.commit("A value that the provider refuses");
        let degraded = self
            .argo_cd
            .until_synced_to(name, &commit, "Degraded")
            .await;
        let (kind, message) = unhealthy(&degraded);
        assert_eq!(kind, "LiveStream");
        assert!(message.contains("422"), "{message}");
        self.world.sim.clear_fault(refused);
        self.repository.edit(file, bad, "displayName: Mended");
        let commit = self.repository.commit("Another value");
        self.argo_cd.until_synced_to(name, &commit, "Healthy").await;
        self.steps
            .shown("a value that the provider refuses is Degraded with its words; mended, Healthy");
        commit
    }

    async fn says_what_key_is_wrong(&mut self, commit: &str) {
        self.world.sim.revoke_key(KEY);
        for name in &self.names {
            let degraded = |application: &kube::core::DynamicObject| {
                application.data["status"]["health"]["status"] == "Degraded"
            };
            let what = "Degraded for its account";
            let application = self.argo_cd.until(name, what, degraded).await;
            assert_eq!(unhealthy(&application).0, "StreamingAccount", "{name}");
        }
        let new = "1001$another-key";
        self.world.sim.add_key(new, CLIENT);
        for namespace in &self.names {
            key(namespace, new);
        }
        for name in &self.names {
            self.argo_cd.until_synced_to(name, commit, "Healthy").await;
        }
        self.steps
            .shown("a key that is refused is Degraded, the account alone; a new one, Healthy");
    }

    async fn prunes(&mut self) {
        let name = "keynote-ssd";
        self.repository
            .remove("examples/gitops/keynote-ssd/broadcast.yaml");
        let commit = self.repository.commit("No page any more");
        self.argo_cd.until_synced_to(name, &commit, "Healthy").await;
        self.world
            .until_sim("the broadcast is gone", |sim| {
                sim.broadcasts(CLIENT).len() == 2
            })
            .await;
        assert_eq!(self.world.sim.streams(CLIENT).len(), 5);
        self.steps
            .shown("what is taken out of Git is pruned, at the provider too");
    }

    async fn deletes(&mut self) {
        self.argo_cd.delete(ROOT).await;
        let (argo_cd, names) = (&self.argo_cd, &self.names);
        self.world
            .until_true("all Applications are gone", async || {
                let mut left = argo_cd.application(ROOT).await.is_some();
                for name in names {
                    left |= argo_cd.application(name).await.is_some();
                }
                !left
            })
            .await;
        let left = self.world.sim.streams(CLIENT);
        let mut names: Vec<_> = left.iter().map(|stream| stream["name"].as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, [Some("Channel One"), Some("Channel Two")]);
        assert!(self.world.sim.broadcasts(CLIENT).is_empty());
        self.steps
            .shown("deleted: nothing is left at the provider but the channels, which say Retain");
    }
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
