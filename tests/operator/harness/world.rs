//! A namespace, a simulator and an operator for one test.

use std::{
    io::Write as _,
    path::Path,
    process::Stdio,
    sync::{
        Once,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::{
    Api, Client, Config,
    api::{ApiResource, DeleteParams, ListParams, Patch, PatchParams, PostParams},
    config::{KubeConfigOptions, Kubeconfig},
    core::{DynamicObject, GroupVersionKind, ObjectMeta},
};
use reqwest::header::{HeaderValue, USER_AGENT};
use serde_json::{Value, json};
use simulator::gcore::{Options, Simulator};

use super::{
    ControlPlane, Operator, audit::TESTS, control_plane, documented, objects, operator::program,
    pace::Pace,
};

/// The simulator's client of each test.
pub const CLIENT: u64 = 1001;

/// The key of that client.
pub const KEY: &str = "1001$canary-api-key";

/// How long a condition may take: far longer than it does, on the slowest machine.
const PATIENCE: Duration = Duration::from_mins(3);

/// All that one test has.
pub struct World {
    /// Where all of it is.
    pub plane: &'static ControlPlane,
    /// Its namespace.
    pub namespace: String,
    /// The apiserver, as an administrator.
    pub client: Client,
    /// Where that is.
    pub apiserver: String,
    /// The provider.
    pub sim: Simulator,
    /// The operator, once it is started.
    pub operator: Option<Operator>,
    name: String,
}

impl World {
    /// A namespace and a provider; no operator yet, and no account.
    pub async fn bare(name: &str) -> Self {
        Self::on(control_plane(), name).await
    }

    /// The same on another control plane than that of the other tests.
    pub async fn on(plane: &'static ControlPlane, name: &str) -> Self {
        static TLS: Once = Once::new();
        static COUNT: AtomicU32 = AtomicU32::new(0);
        TLS.call_once(|| {
            rustls::crypto::ring::default_provider()
                .install_default()
                .unwrap();
        });
        let kubeconfig = Kubeconfig::read_from(&plane.kubeconfig).unwrap();
        let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
            .await
            .unwrap();
        let agent = HeaderValue::from_static(TESTS);
        config.headers.push((USER_AGENT, agent));
        let apiserver = config.cluster_url.to_string();
        let client = Client::try_from(config).unwrap();
        let namespace = format!(
            "{name}-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let sim = Simulator::start(Options {
            keys: vec![(KEY.to_owned(), CLIENT)],
            ..Options::default()
        })
        .await
        .unwrap();
        let world = Self {
            plane,
            namespace,
            client,
            apiserver,
            sim,
            operator: None,
            name: name.to_owned(),
        };
        let object = Namespace {
            metadata: ObjectMeta {
                name: Some(world.namespace.clone()),
                ..ObjectMeta::default()
            },
            ..Namespace::default()
        };
        Api::<Namespace>::all(world.client.clone())
            .create(&PostParams::default(), &object)
            .await
            .unwrap();
        world
    }

    /// The usual: an account that works, and an operator that serves the namespace.
    pub async fn new(name: &str) -> Self {
        let mut world = Self::bare(name).await;
        world.account(json!({})).await;
        world.start(&[]);
        world
    }

    /// The key's Secret and the account `default`, with these fields of its spec besides.
    pub async fn account(&self, fields: Value) {
        self.secret("gcore", &[("apiKey", KEY)]).await;
        let mut spec = json!({
            "gcore": {"apiKeySecretRef": {"name": "gcore", "key": "apiKey"}, "endpoint": self.sim.url()},
            "requestsPerSecond": 500,
            "pollIntervalSeconds": 1,
        });
        merge(&mut spec, fields);
        self.create("StreamingAccount", "default", spec)
            .await
            .unwrap();
    }

    /// Starts an operator with small intervals and these flags; what ran before is gone.
    pub fn start(&mut self, flags: &[&str]) {
        self.start_as(&self.plane.kubeconfig, flags);
    }

    /// The same, as somebody else than the administrator.
    pub fn start_as(&mut self, kubeconfig: &Path, flags: &[&str]) {
        self.operator = None;
        let arguments = self.arguments(&self.sim.url(), flags);
        self.operator = Some(Operator::start(&self.namespace, kubeconfig, &arguments));
    }

    /// Starts another one beside it, with small intervals and these flags, in this environment; it is
    /// called by this word.
    pub fn another(&self, word: &str, flags: &[&str], environment: &[(&str, String)]) -> Operator {
        let name = format!("{}-{word}", self.namespace);
        let arguments = self.arguments(&self.sim.url(), flags);
        Operator::start_at(
            &program(),
            &self.plane.kubeconfig,
            &name,
            &arguments,
            environment,
        )
    }

    /// The flags of an operator with small intervals that serves this namespace and may call this
    /// endpoint. A flag that is given replaces the default one.
    pub fn arguments(&self, endpoint: &str, flags: &[&str]) -> Vec<String> {
        let mut arguments = vec![format!("--namespace={}", self.namespace)];
        let endpoint = format!("--allow-endpoint={endpoint}");
        let defaults = [
            endpoint.as_str(),
            "--listen=127.0.0.1:0",
            "--settling=1500ms",
            "--call-deadline=1s",
            "--grace=1s",
            "--retry-base=100ms",
            "--live-poll=200ms",
            "--log=info,livestream_operator=debug",
        ];
        let name = |flag: &str| flag.split('=').next().unwrap_or_default().to_owned();
        let kept = defaults
            .iter()
            .filter(|default| !flags.iter().any(|flag| name(flag) == name(default)));
        arguments.extend(kept.chain(flags).map(ToString::to_string));
        arguments
    }

    /// The operator.
    pub fn operator(&mut self) -> &mut Operator {
        self.operator.as_mut().unwrap()
    }

    /// The objects of one of our kinds.
    pub fn api(&self, kind: &str) -> Api<DynamicObject> {
        let plural = format!("{}s", kind.to_lowercase());
        let gvk = GroupVersionKind::gvk("livestream-operator.io", "v1alpha1", kind);
        Api::namespaced_with(
            self.client.clone(),
            &self.namespace,
            &ApiResource::from_gvk_with_plural(&gvk, &plural),
        )
    }

    /// The Secrets.
    pub fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Creates an object.
    pub async fn create(&self, kind: &str, name: &str, spec: Value) -> kube::Result<DynamicObject> {
        let object = serde_json::from_value(json!({
            "apiVersion": "livestream-operator.io/v1alpha1", "kind": kind,
            "metadata": {"name": name, "namespace": self.namespace}, "spec": spec,
        }))
        .unwrap();
        self.api(kind).create(&PostParams::default(), &object).await
    }

    /// Creates a LiveStream.
    pub async fn stream(&self, name: &str, spec: Value) -> DynamicObject {
        self.create("LiveStream", name, spec).await.unwrap()
    }

    /// Creates a Broadcast.
    pub async fn broadcast(&self, name: &str, spec: Value) -> DynamicObject {
        self.create("Broadcast", name, spec).await.unwrap()
    }

    /// Changes an object by a merge patch.
    pub async fn patch(&self, kind: &str, name: &str, patch: Value) -> kube::Result<DynamicObject> {
        self.api(kind)
            .patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await
    }

    /// Changes the spec of a LiveStream by a merge patch.
    pub async fn edit(&self, name: &str, spec: Value) -> DynamicObject {
        self.patch("LiveStream", name, json!({"spec": spec}))
            .await
            .unwrap()
    }

    /// Asks for the deletion of an object.
    pub async fn delete(&self, kind: &str, name: &str) {
        self.api(kind)
            .delete(name, &DeleteParams::default())
            .await
            .unwrap();
    }

    /// Creates or replaces a Secret.
    pub async fn secret(&self, name: &str, data: &[(&str, &str)]) {
        let data: serde_json::Map<String, Value> = data
            .iter()
            .map(|(k, v)| ((*k).to_owned(), Value::from(*v)))
            .collect();
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data});
        let params = PatchParams::apply("test").force();
        self.secrets()
            .patch(name, &params, &Patch::Apply(secret))
            .await
            .unwrap();
    }

    /// An object as it is now; `None` where there is none.
    pub async fn get(&self, kind: &str, name: &str) -> Option<DynamicObject> {
        self.api(kind).get_opt(name).await.unwrap()
    }

    /// Waits until an object is so, and returns it.
    pub async fn until(
        &self,
        kind: &str,
        name: &str,
        what: &str,
        holds: impl Fn(&DynamicObject) -> bool,
    ) -> DynamicObject {
        let deadline = Instant::now() + PATIENCE;
        let mut pace = Pace::new();
        loop {
            let object = self.get(kind, name).await;
            if let Some(object) = &object {
                documented::check(kind, object);
            }
            if let Some(object) = object.as_ref().filter(|object| holds(object)) {
                return object.clone();
            }
            assert!(
                Instant::now() < deadline,
                "{kind} {name} does not become: {what}. It is {}\n{}",
                serde_json::to_string_pretty(&object).unwrap(),
                self.tail()
            );
            pace.wait().await;
        }
    }

    /// Waits until a condition of a LiveStream has this reason.
    pub async fn until_reason(&self, name: &str, kind: &str, reason: &str) -> DynamicObject {
        self.until("LiveStream", name, &format!("{kind} {reason}"), |object| {
            objects::reason(object, kind) == reason
        })
        .await
    }

    /// Waits until a LiveStream is ready for its newest generation, and returns it.
    pub async fn until_ready(&self, name: &str) -> DynamicObject {
        self.until("LiveStream", name, "ready", is_ready).await
    }

    /// How many LiveStreams are ready.
    pub async fn ready(&self) -> usize {
        let objects = self
            .api("LiveStream")
            .list(&ListParams::default())
            .await
            .unwrap();
        let ready = |object: &DynamicObject| {
            objects::condition(object, "Ready").is_some_and(|c| c["status"] == "True")
        };
        objects.items.iter().filter(|object| ready(object)).count()
    }

    /// Waits until an object is gone.
    pub async fn until_gone(&self, kind: &str, name: &str) {
        self.until_true(&format!("{kind} {name} is gone"), async || {
            self.get(kind, name).await.is_none()
        })
        .await;
    }

    /// Waits until something holds.
    pub async fn until_true(&self, what: &str, holds: impl AsyncFn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let mut pace = Pace::new();
        while !holds().await {
            assert!(
                Instant::now() < deadline,
                "it does not come true that {what}\n{}",
                self.tail()
            );
            pace.wait().await;
        }
    }

    /// Waits until something holds at the provider.
    pub async fn until_sim(&self, what: &str, holds: impl Fn(&Simulator) -> bool) {
        self.until_true(what, async || holds(&self.sim)).await;
    }

    /// Waits until so many more whole walks of the list have been made: the simulator's own count.
    pub async fn walks(&self, more: usize) {
        let ends = |sim: &Simulator| {
            sim.calls_where(0, |call| {
                call.method == "GET"
                    && call.route == "/streaming/streams"
                    && call.status == Some(200)
            })
            .len()
        };
        let pages = self.sim.streams(CLIENT).len().div_ceil(25) + 1;
        let wanted = ends(&self.sim) + more * pages + pages;
        self.until_true("the list is walked", async || ends(&self.sim) >= wanted)
            .await;
    }

    /// The id of the stream that a LiveStream's status names.
    pub async fn stream_id(&self, name: &str) -> u64 {
        let object = self.get("LiveStream", name).await.unwrap();
        objects::status_of(&object)["streamId"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap()
    }

    /// How many creations were sent.
    pub fn posts(&self) -> u64 {
        self.sim.count("POST", "/streaming/streams")
    }

    /// How many changes of streams were sent.
    pub fn patches(&self) -> u64 {
        self.sim.count("PATCH", "/streaming/streams/{id}")
    }

    /// The reasons of all Events about an object, the oldest first.
    pub async fn events(&self, name: &str) -> Vec<String> {
        let api = Api::<k8s_openapi::api::events::v1::Event>::namespaced(
            self.client.clone(),
            &self.namespace,
        );
        let mut events = api.list(&ListParams::default()).await.unwrap().items;
        events.sort_by_key(|event| event.event_time.clone().map(|t| t.0));
        let about = events.into_iter().filter(|e| {
            e.regarding
                .as_ref()
                .is_some_and(|r| r.name.as_deref() == Some(name))
        });
        about.filter_map(|event| event.reason).collect()
    }

    /// Runs kubectl in the namespace, with this on its standard input.
    pub async fn kubectl(&self, arguments: &[&str], input: &str) -> std::process::Output {
        let mut command = self.plane.kubectl();
        command.arg("--namespace").arg(&self.namespace);
        command.args(arguments);
        let input = input.to_owned();
        // The simulator lives on this thread.
        tokio::task::spawn_blocking(move || {
            let mut process = command
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            // Where it reads nothing, it may have ended.
            let _ = process.stdin.take().unwrap().write_all(input.as_bytes());
            process.wait_with_output().unwrap()
        })
        .await
        .unwrap()
    }

    /// Waits until `Ready` of an account has this reason, and returns it.
    pub async fn until_account(&self, name: &str, reason: &str) -> DynamicObject {
        self.until("StreamingAccount", name, reason, |object| {
            objects::reason(object, "Ready") == reason
        })
        .await
    }

    /// All that users can read: the objects, the Events about them and the operator's log.
    pub async fn told(&self) -> String {
        let mut told = self
            .operator
            .as_ref()
            .map(Operator::log)
            .unwrap_or_default();
        for kind in ["LiveStream", "Broadcast", "StreamingAccount"] {
            for object in self.api(kind).list(&ListParams::default()).await.unwrap() {
                told.push_str(&serde_json::to_string(&object).unwrap());
            }
        }
        let events = Api::<k8s_openapi::api::events::v1::Event>::namespaced(
            self.client.clone(),
            &self.namespace,
        );
        for event in events.list(&ListParams::default()).await.unwrap() {
            told.push_str(&serde_json::to_string(&event).unwrap());
        }
        told
    }

    /// The end of the operator's log.
    fn tail(&self) -> String {
        let log = self
            .operator
            .as_ref()
            .map(Operator::log)
            .unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines[lines.len().saturating_sub(40)..].join("\n");
        let calls: Vec<String> = self
            .sim
            .calls()
            .iter()
            .rev()
            .take(20)
            .map(|c| format!("{} {} {:?}", c.method, c.path, c.status))
            .collect();
        format!(
            "namespace {} ({})\noperator:\n{last}\nlast calls, newest first: {calls:?}",
            self.namespace, self.name
        )
    }
}

/// It is ready for its newest generation.
pub fn is_ready(object: &DynamicObject) -> bool {
    let ready = objects::condition(object, "Ready").unwrap_or_default();
    ready["status"] == "True" && ready["observedGeneration"] == json!(object.metadata.generation)
}

fn merge(target: &mut Value, patch: Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            for (key, value) in patch {
                merge(target.entry(key).or_insert(Value::Null), value);
            }
        }
        (target, patch) => *target = patch,
    }
}
