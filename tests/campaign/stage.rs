//! What one run has: a namespace, a simulator, an operator, and a proxy before each of the two
//! servers that it calls.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::{
    harness::{
        Operator, World,
        proxy::{Proxy, Script, Side, to_apiserver, to_provider},
    },
    provider::{At, Provider},
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
    /// The namespace.
    pub world: World,
    /// The simulator.
    pub provider: Box<dyn Provider>,
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
    pub async fn new(name: &str, at: At, script: Arc<Script>) -> Self {
        let world = World::bare(name).await;
        let simulator = at.start(&world).await;
        let upstream = to_apiserver().await;
        let apiserver = Proxy::start(Side::Apiserver, upstream, Arc::clone(&script)).await;
        let upstream = to_provider(&simulator.url());
        let provider = Proxy::start(Side::Provider, upstream, Arc::clone(&script)).await;
        let kubeconfig = apiserver.kubeconfig(&world.namespace);
        Self {
            world,
            provider: simulator,
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
        let (name, data) = self.provider.secret();
        self.world.secret(name, &data).await;
        let mut spec = self.provider.block(&self.endpoint);
        spec["requestsPerSecond"] = json!(500);
        spec["pollIntervalSeconds"] = json!(1);
        let created = self.world.create("StreamingAccount", "default", spec);
        created.await.unwrap();
    }

    /// Starts the operator, and starts it again whenever it ends, as a kubelet does.
    pub fn start(&mut self) {
        let mut flags = FLAGS.to_vec();
        // Sooner than what a run may take.
        flags.extend(["--stalled-retry=2s", "--apiserver-deadline=1s"]);
        // Whoever has the same name in the Lease need not wait for it to end.
        let home = format!("--lease-namespace={}", self.world.namespace);
        flags.extend(["--lease=operator", "--lease-identity=the-only-one", &home]);
        let arguments = self.world.arguments(&self.endpoint, &flags);
        let (life, script) = (Arc::clone(&self.life), Arc::clone(&self.script));
        let (kubeconfig, name) = (self.kubeconfig.clone(), self.world.namespace.clone());
        let start = move || Operator::start_at(program(), &kubeconfig, &name, &arguments, &[]);
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

    /// The id that a LiveStream's status names.
    pub async fn id_of(&self, name: &str) -> String {
        let object = self.world.get("LiveStream", name).await.unwrap();
        let id = &crate::harness::status_of(&object)["streamId"];
        id.as_str().unwrap().to_owned()
    }

    /// Waits until nothing is written for several polls.
    pub async fn rest(&self) {
        self.no_writes_for(WALKS).await;
    }

    /// Waits until what was done has led to all that it leads to.
    pub async fn quiet(&self) {
        self.no_writes_for(1).await;
    }

    async fn no_writes_for(&self, walks: usize) {
        loop {
            let before = self.script.writes().len();
            self.walks(walks).await;
            if self.script.writes().len() == before {
                return;
            }
        }
    }

    /// Waits until so many walks have begun and ended.
    async fn walks(&self, walks: usize) {
        let begun = || self.provider.walks();
        // A walk is whole when the next one begins.
        let wanted = begun() + walks + 1;
        self.world
            .until_true("the list is walked", async || begun() >= wanted)
            .await;
    }

    /// Sees that everything can be deleted: what is on air goes off air, and all objects go.
    pub async fn clean_up(&self) {
        for stream in self.provider.streams() {
            if self.provider.is_live(&stream) {
                self.provider.set_live(&self.provider.id(&stream), false);
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
        self.until_collected().await;
    }

    /// Waits until the garbage collector has taken the Secrets of what is gone.
    async fn until_collected(&self) {
        let api = self.world.secrets();
        self.world
            .until_true("no Secret has an owner that is gone", async || {
                let all = api.list(&kube::api::ListParams::default()).await.unwrap();
                all.iter().all(|secret| {
                    let owners = secret.metadata.owner_references.as_deref();
                    owners.unwrap_or_default().is_empty()
                })
            })
            .await;
    }

    /// The end of the operator's log, without the reads that went well.
    pub fn tail(&self) -> String {
        let log = fs::read_to_string(self.log_file()).unwrap_or_default();
        let reads = |line: &&str| {
            line.contains("walked the list")
                || (line.contains(r#""method":"GET""#) && line.contains(r#""status":200"#))
        };
        let lines: Vec<&str> = log.lines().filter(|line| !reads(line)).collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }

    /// What the operator logged of a panic.
    pub fn panicked(&self) -> Option<String> {
        let log = fs::read_to_string(self.log_file()).unwrap_or_default();
        let mut lines = log.lines().filter(|line| line.contains("panicked at"));
        lines.next().map(str::to_owned)
    }

    /// The calls at the provider, but for those that only look.
    pub fn changes_at_provider(&self) -> Vec<Value> {
        let calls = self.provider.changes();
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

/// Nobody starts an operator any more.
pub fn over() {
    let _ = fs::remove_file(program());
}

/// The operator's program, as it was when the campaign began: a campaign takes long, and who builds
/// meanwhile is to change nothing in it.
fn program() -> &'static Path {
    static COPY: OnceLock<PathBuf> = OnceLock::new();
    COPY.get_or_init(|| {
        let name = format!("operator-{}", std::process::id());
        let copy = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::copy(env!("CARGO_BIN_EXE_livestream-operator"), &copy).unwrap();
        copy
    })
}
