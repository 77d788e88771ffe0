//! What one run has: a namespace, a simulator, an operator, and a proxy before each of the two
//! servers that it calls.

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::harness::{
    CLIENT, Operator, World, control_plane,
    proxy::{Proxy, Script, Side},
};

/// The intervals of the runs.
const FLAGS: [&str; 8] = [
    "--settling=2s",
    "--call-deadline=1s",
    "--connect-deadline=1s",
    "--grace=1s",
    "--retry-base=100ms",
    "--live-poll=200ms",
    "--recording-patience=3s",
    "--resync=1h",
];

/// How often it is looked whether the operator has ended by itself.
const GLANCE: Duration = Duration::from_millis(50);

/// How many walks without a write are a rest.
const WALKS: usize = 3;

/// What one run has.
pub struct Stage {
    /// The namespace and the simulator.
    pub world: World,
    /// What was called, and what goes wrong.
    pub script: Arc<Script>,
    /// Where the operator finds the provider.
    pub endpoint: String,
    life: Arc<Life>,
    kubeconfig: PathBuf,
    keeper: Option<JoinHandle<()>>,
    _proxies: [Proxy; 2],
}

/// The operator's processes, one after the other.
#[derive(Default)]
struct Life {
    operator: Mutex<Option<Operator>>,
    ended: Mutex<usize>,
}

impl Stage {
    /// One without an operator and without an account. A video is made quickly here.
    pub async fn new(name: &str, script: Arc<Script>) -> Self {
        let world = World::bare(name).await;
        world.sim.behaviour(CLIENT, |b| {
            b.transcoding_after_seconds = 0.1;
            b.live_ends_after_seconds = 0.1;
            b.recording_starts_after_seconds = 0.5;
            b.recording_gap_seconds = 0.5;
            b.recording_shortest_seconds = 0.0;
            b.video_pending_after_seconds = 0.1;
            b.video_viewable_after_seconds = 0.1;
            b.video_ready_after_seconds = 0.1;
        });
        let kubeconfig = Kubeconfig::read_from(&control_plane().kubeconfig).unwrap();
        let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
            .await
            .unwrap();
        let admin = bare_client(config);
        let apiserver = Proxy::start(Side::Apiserver, admin, Arc::clone(&script)).await;
        let config = Config::new(world.sim.url().parse().unwrap());
        let provider = Proxy::start(Side::Provider, bare_client(config), Arc::clone(&script)).await;
        let kubeconfig = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("{}.kubeconfig", world.namespace));
        let text = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "proxy",
            "clusters": [{"name": "proxy", "cluster": {"server": apiserver.url}}],
            "users": [{"name": "proxy", "user": {}}],
            "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "proxy"}}],
        });
        fs::write(&kubeconfig, text.to_string()).unwrap();
        Self {
            world,
            script,
            endpoint: provider.url.clone(),
            life: Arc::default(),
            kubeconfig,
            keeper: None,
            _proxies: [apiserver, provider],
        }
    }

    /// The key's Secret and the account.
    pub async fn account(&self) {
        self.world
            .account(json!({"gcore": {"endpoint": self.endpoint}}))
            .await;
    }

    /// Starts the operator, and starts it again whenever it ends, as a kubelet does.
    pub fn start(&mut self) {
        let mut flags = FLAGS.to_vec();
        // Sooner than what a run may take.
        flags.extend(["--stalled-retry=2s", "--apiserver-deadline=1s"]);
        let arguments = self.world.arguments(&self.endpoint, &flags);
        let (life, script) = (Arc::clone(&self.life), Arc::clone(&self.script));
        let (kubeconfig, name) = (self.kubeconfig.clone(), self.world.namespace.clone());
        let start = move || Operator::start_at(&kubeconfig, &name, &arguments, &[]);
        *self.life.operator.lock().unwrap() = Some(start());
        self.keeper = Some(tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = script.death() => {}
                    () = tokio::time::sleep(GLANCE) => {
                        let ended = life.operator.lock().unwrap().as_mut().is_some_and(Operator::ended);
                        if !ended {
                            continue;
                        }
                        *life.ended.lock().unwrap() += 1;
                    }
                }
                // Dropped: it is killed, and has been waited for.
                *life.operator.lock().unwrap() = None;
                script.revive();
                *life.operator.lock().unwrap() = Some(start());
            }
        }));
    }

    /// Kills the operator, and starts none.
    pub fn stop(&mut self) {
        if let Some(keeper) = self.keeper.take() {
            keeper.abort();
        }
        *self.life.operator.lock().unwrap() = None;
    }

    /// How often the operator ended without having been killed.
    pub fn ended(&self) -> usize {
        *self.life.ended.lock().unwrap()
    }

    /// Waits until the account is open and its streams have been counted.
    pub async fn until_walked(&self) {
        self.world
            .until("StreamingAccount", "default", "walked", |account| {
                let ready = crate::harness::condition(account, "Ready");
                ready.is_some_and(|ready| ready["status"] == "True")
                    && crate::harness::status_of(account)["streams"].is_object()
            })
            .await;
    }

    /// Waits until nothing is written for several polls.
    pub async fn rest(&self) {
        loop {
            let before = self.script.writes().len();
            self.walks().await;
            if self.script.writes().len() == before {
                return;
            }
        }
    }

    /// Waits until several walks have begun and ended.
    async fn walks(&self) {
        let begun = || {
            let pages = self.world.sim.calls_where(0, |call| {
                call.route == "/streaming/streams" && call.query.as_deref() == Some("page=1")
            });
            pages.len()
        };
        // A walk is whole when the next one begins.
        let wanted = begun() + WALKS + 1;
        self.world
            .until_true("the list is walked", async || begun() >= wanted)
            .await;
    }

    /// Sees that everything can be deleted: what is on air goes off air, and all objects go.
    pub async fn clean_up(&self) {
        for stream in self.world.sim.streams(CLIENT) {
            let id = stream["id"].as_u64().unwrap();
            if stream["live"] == true {
                self.world.sim.set_live(id, false).unwrap();
            }
        }
        let params = kube::api::DeleteParams::default();
        for kind in ["Broadcast", "LiveStream", "StreamingAccount"] {
            let api = self.world.api(kind);
            let all = kube::api::ListParams::default();
            api.delete_collection(&params, &all).await.unwrap();
        }
        for kind in ["Broadcast", "LiveStream", "StreamingAccount"] {
            let api = self.world.api(kind);
            self.world
                .until_true(&format!("every {kind} is gone"), async || {
                    let left = api.list(&kube::api::ListParams::default()).await.unwrap();
                    left.items.is_empty()
                })
                .await;
        }
    }

    /// The end of the operator's log.
    pub fn tail(&self) -> String {
        let log = fs::read_to_string(self.log_file()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }

    /// The calls at the provider, but for those that only look.
    pub fn changes_at_provider(&self) -> Vec<Value> {
        let calls = self.world.sim.calls_where(0, |call| call.method != "GET");
        let line = |call: &simulator::counters::Call| {
            json!({
                "at": call.elapsed_ms, "call": format!("{} {}", call.method, call.path),
                "body": call.body, "status": call.status, "applied": call.applied,
            })
        };
        calls.iter().map(line).collect()
    }

    /// Ends all of it, and leaves nothing behind.
    pub async fn leave(mut self) {
        self.stop();
        self.world.delete_namespace().await;
        let _ = fs::remove_file(self.log_file());
        let _ = fs::remove_file(&self.kubeconfig);
    }

    /// Where the operator logs.
    pub fn log_file(&self) -> PathBuf {
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.log", self.world.namespace))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A client that repeats nothing and says nothing about itself.
fn bare_client(mut config: Config) -> Client {
    config.default_retry = false;
    Client::try_from(config).unwrap()
}
