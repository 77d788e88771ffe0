//! A stand-in for the machines of a cluster: it runs the Pods of a namespace as processes, with each Pod's own
//! arguments, environment and token, and tells the apiserver what becomes of them. So whatever waits for
//! Pods (Deployments, `helm --wait`, `kubectl drain`) sees real ones.
//!
//! All Pods have the same host, so a port that a Pod listens on becomes a free one of loopback.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use k8s_openapi::api::{
    authentication::v1::TokenRequest,
    core::v1::{ConfigMap, Container, Node as Machine, Pod, Secret, ServiceAccount},
};
use kube::{
    Api, Client, ResourceExt as _,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::harness::{Operator, World, program};

/// How often it looks.
const PACE: Duration = Duration::from_millis(50);

/// Machines that run the Pods of a namespace, for as long as this lives.
pub struct Machines {
    pods: Arc<Mutex<BTreeMap<String, Running>>>,
    task: JoinHandle<()>,
}

/// A Pod that runs.
struct Running {
    name: String,
    process: Operator,
    restarts: u32,
    /// When it was asked to end.
    asked: Option<Instant>,
    /// What the apiserver was told of it.
    told: Option<(bool, bool)>,
}

/// All that the task needs.
struct Keeper {
    client: Client,
    namespace: String,
    kubeconfig: PathBuf,
    machines: [String; 2],
    pods: Arc<Mutex<BTreeMap<String, Running>>>,
    probe: reqwest::Client,
}

impl Machines {
    /// Two machines for the Pods of this namespace.
    pub async fn of(world: &World, namespace: &str) -> Self {
        let names = ["a", "b"].map(|letter| format!("{namespace}-{letter}"));
        let api = Api::<Machine>::all(world.client.clone());
        for name in &names {
            let machine = json!({"metadata": {"name": name}});
            let machine = serde_json::from_value(machine).unwrap();
            api.create(&PostParams::default(), &machine).await.unwrap();
        }
        let pods = Arc::default();
        let keeper = Keeper {
            client: world.client.clone(),
            namespace: namespace.to_owned(),
            kubeconfig: world.plane.kubeconfig.clone(),
            machines: names,
            pods: Arc::clone(&pods),
            probe: reqwest::Client::new(),
        };
        let task = tokio::spawn(keeper.keep());
        Self { pods, task }
    }

    fn pods(&self) -> MutexGuard<'_, BTreeMap<String, Running>> {
        self.pods.lock().unwrap()
    }

    /// How many processes run.
    pub fn running(&self) -> usize {
        self.pods().len()
    }

    /// How often containers were started anew.
    pub fn restarts(&self) -> u32 {
        self.pods().values().map(|pod| pod.restarts).sum()
    }

    /// The logs of all Pods that run, each line with the name of its Pod.
    pub fn logs(&self) -> String {
        let mut all = String::new();
        for pod in self.pods().values() {
            for line in pod.process.log().lines() {
                let _ = writeln!(all, "{}: {line}", pod.name);
            }
        }
        all
    }

    /// The Pods that say in this field of their logs where they listen, and where that is.
    pub fn addresses(&self, field: &str) -> Vec<(String, String)> {
        let pods = self.pods();
        let said = pods
            .values()
            .filter_map(|pod| Some((pod.name.clone(), pod.process.said(field)?)));
        said.collect()
    }

    /// The Pods whose log has this word.
    pub fn saying(&self, word: &str) -> Vec<String> {
        let pods = self.pods();
        let saying = pods.values().filter(|pod| pod.process.log().contains(word));
        saying.map(|pod| pod.name.clone()).collect()
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        self.task.abort();
        self.pods().clear();
    }
}

impl Running {
    /// Asks its process to end, once; returns whether it has ended, or was given no more time.
    fn ends(&mut self, grace: Duration) -> bool {
        if self.process.ended() {
            return true;
        }
        if self.asked.is_none() {
            self.process.signal("TERM");
        }
        let late = self.asked.get_or_insert_with(Instant::now).elapsed() > grace;
        if late {
            self.process.kill();
        }
        late
    }
}

impl Keeper {
    async fn keep(self) {
        loop {
            // The control plane ends with the test, perhaps before this does.
            if let Ok(pods) = self.api().list(&ListParams::default()).await {
                for pod in pods.items {
                    let uid = pod.uid().unwrap();
                    let runs = self.pods().contains_key(&uid);
                    if pod.metadata.deletion_timestamp.is_some() {
                        self.end(&uid, &pod).await;
                    } else if runs {
                        self.tell(&uid, &pod).await;
                    } else {
                        self.start(&uid, pod).await;
                    }
                }
            }
            tokio::time::sleep(PACE).await;
        }
    }

    fn api(&self) -> Api<Pod> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    fn pods(&self) -> MutexGuard<'_, BTreeMap<String, Running>> {
        self.pods.lock().unwrap()
    }

    /// Finds a machine for a Pod, and starts its container there.
    async fn start(&self, uid: &str, pod: Pod) {
        let name = pod.name_any();
        let spec = pod.spec.as_ref().unwrap();
        if spec.node_name.is_none() {
            let turn = self.pods().len();
            let Some(machine) = self.free_machine(turn).await else {
                return;
            };
            let binding = json!({
                "apiVersion": "v1", "kind": "Binding", "metadata": {"name": name},
                "target": {"apiVersion": "v1", "kind": "Node", "name": machine},
            });
            let path = format!("/api/v1/namespaces/{}/pods/{name}/binding", self.namespace);
            let body = serde_json::to_vec(&binding).unwrap();
            let request = axum::http::Request::post(path)
                .header("content-type", "application/json")
                .body(body)
                .unwrap();
            // Who was quicker to change the Pod is seen in the next round.
            let _ = self.client.request::<Value>(request).await;
        }
        let Some(process) = self.process(uid, &pod).await else {
            return;
        };
        let running = Running {
            name,
            process,
            restarts: 0,
            asked: None,
            told: None,
        };
        self.pods().insert(uid.to_owned(), running);
    }

    /// A machine that takes Pods; they take turns.
    async fn free_machine(&self, turn: usize) -> Option<String> {
        let api = Api::<Machine>::all(self.client.clone());
        let mut free = Vec::new();
        for name in &self.machines {
            let machine = api.get(name).await.ok()?;
            let closed = machine.spec.and_then(|spec| spec.unschedulable);
            if closed != Some(true) {
                free.push(name.clone());
            }
        }
        let turn = turn.checked_rem(free.len())?;
        Some(free.swap_remove(turn))
    }

    /// The process of a Pod's container; `None` where something that it needs is not there.
    async fn process(&self, uid: &str, pod: &Pod) -> Option<Operator> {
        let spec = pod.spec.as_ref().unwrap();
        let container = &spec.containers[0];
        let account = spec.service_account_name.as_deref().unwrap_or("default");
        let kubeconfig = self.kubeconfig_of(uid, account).await?;
        let mounts = self.mounts(uid, pod).await?;
        let mut environment = environment(container, pod);
        for (_, value) in &mut environment {
            for (inside, outside) in &mounts {
                if let Some(rest) = value.strip_prefix(inside.as_str()) {
                    *value = format!("{outside}{rest}");
                }
            }
        }
        let arguments = arguments(container, &environment);
        let environment: Vec<(&str, String)> = environment
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone()))
            .collect();
        let name = format!("{}-{uid}", pod.name_any());
        Some(Operator::start_at(
            &program(),
            &kubeconfig,
            &name,
            &arguments,
            &environment,
        ))
    }

    /// A kubeconfig with a token of the Pod's service account.
    async fn kubeconfig_of(&self, uid: &str, account: &str) -> Option<PathBuf> {
        let request = json!({"spec": {"audiences": []}});
        let request: TokenRequest = serde_json::from_value(request).unwrap();
        let accounts = Api::<ServiceAccount>::namespaced(self.client.clone(), &self.namespace);
        let answer = accounts
            .create_token_request(account, &PostParams::default(), &request)
            .await
            .ok()?;
        let text = fs::read_to_string(&self.kubeconfig).unwrap();
        let mut kubeconfig: Value = serde_saphyr::from_str(&text).unwrap();
        kubeconfig["users"][0]["user"] = json!({"token": answer.status?.token});
        kubeconfig["contexts"][0]["context"]["namespace"] = json!(self.namespace);
        let path = folder(uid).join("kubeconfig");
        fs::write(&path, kubeconfig.to_string()).unwrap();
        Some(path)
    }

    /// Writes what the Pod's volumes hold, and tells where: the path in the container, and the one here.
    async fn mounts(&self, uid: &str, pod: &Pod) -> Option<Vec<(String, String)>> {
        let spec = pod.spec.as_ref().unwrap();
        let mut mounts = Vec::new();
        for volume in spec.volumes.iter().flatten() {
            let data = if let Some(source) = &volume.config_map {
                let maps = Api::<ConfigMap>::namespaced(self.client.clone(), &self.namespace);
                maps.get(&source.name).await.ok()?.data.unwrap_or_default()
            } else if let Some(source) = &volume.secret {
                let secrets = Api::<Secret>::namespaced(self.client.clone(), &self.namespace);
                let secret = secrets.get(source.secret_name.as_ref()?).await.ok()?;
                let data = secret.data.unwrap_or_default().into_iter();
                data.map(|(key, value)| (key, String::from_utf8(value.0).unwrap()))
                    .collect()
            } else {
                continue;
            };
            let folder = folder(uid).join(&volume.name);
            fs::create_dir_all(&folder).unwrap();
            for (key, value) in data {
                fs::write(folder.join(key), value).unwrap();
            }
            let all = spec.containers[0].volume_mounts.iter().flatten();
            for mount in all.filter(|mount| mount.name == volume.name) {
                mounts.push((mount.mount_path.clone(), folder.display().to_string()));
            }
        }
        Some(mounts)
    }

    /// Tells the apiserver how a Pod does, and starts its container anew where it has ended.
    async fn tell(&self, uid: &str, pod: &Pod) {
        let (ended, address) = {
            let mut pods = self.pods();
            let running = pods.get_mut(uid).unwrap();
            (running.process.ended(), running.process.said("listening"))
        };
        let ready = match address {
            Some(address) if !ended => self.is_ready(&address).await,
            _ => false,
        };
        let restarts = {
            let pods = self.pods();
            let running = &pods[uid];
            if running.told == Some((ended, ready)) && !ended {
                return;
            }
            running.restarts + u32::from(ended)
        };
        let container = &pod.spec.as_ref().unwrap().containers[0];
        let now = jiff::Timestamp::now().to_string();
        let state = if ended {
            json!({"waiting": {"reason": "CrashLoopBackOff"}, "running": null})
        } else {
            json!({"running": {"startedAt": now}, "waiting": null})
        };
        let word = if ready { "True" } else { "False" };
        let conditions: Vec<Value> = [
            ("Initialized", "True"),
            ("PodScheduled", "True"),
            ("ContainersReady", word),
            ("Ready", word),
        ]
        .iter()
        .map(|(kind, word)| json!({"type": kind, "status": word, "lastTransitionTime": now}))
        .collect();
        let status = json!({"status": {
            "phase": "Running", "podIP": "127.0.0.1", "podIPs": [{"ip": "127.0.0.1"}],
            "conditions": conditions,
            "containerStatuses": [{
                "name": container.name, "image": container.image, "imageID": "",
                "ready": ready, "started": !ended, "restartCount": restarts, "state": state,
            }],
        }});
        let told = self
            .api()
            .patch_status(
                &pod.name_any(),
                &PatchParams::default(),
                &Patch::Merge(status),
            )
            .await
            .is_ok();
        let anew = if ended {
            self.process(uid, pod).await
        } else {
            None
        };
        let mut pods = self.pods();
        let running = pods.get_mut(uid).unwrap();
        if told {
            running.told = Some((ended, ready));
        }
        if let Some(process) = anew {
            running.process = process;
            running.restarts = restarts;
        }
    }

    async fn is_ready(&self, address: &str) -> bool {
        let answer = self
            .probe
            .get(format!("http://{address}/readyz"))
            .timeout(Duration::from_secs(1))
            .send()
            .await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// Ends a Pod as a kubelet does: it asks, waits as long as the Pod may take, and then removes it.
    async fn end(&self, uid: &str, pod: &Pod) {
        let grace = pod.metadata.deletion_grace_period_seconds.unwrap_or(0);
        let grace = Duration::from_secs(u64::try_from(grace).unwrap());
        let gone = match self.pods().get_mut(uid) {
            None => true,
            Some(running) => running.ends(grace),
        };
        if gone {
            self.pods().remove(uid);
            let at_once = DeleteParams::default().grace_period(0);
            let _ = self.api().delete(&pod.name_any(), &at_once).await;
        }
    }
}

/// A folder for what is the Pod's.
fn folder(uid: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("pod-{uid}"));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// What the container's environment is.
fn environment(container: &Container, pod: &Pod) -> Vec<(String, String)> {
    let variables = container.env.iter().flatten();
    let known = variables.filter_map(|variable| {
        let value = match &variable.value_from {
            None => variable.value.clone().unwrap_or_default(),
            Some(source) => match source.field_ref.as_ref()?.field_path.as_str() {
                "metadata.name" => pod.name_any(),
                "metadata.namespace" => pod.namespace()?,
                "metadata.uid" => pod.uid()?,
                "status.podIP" => "127.0.0.1".to_owned(),
                other => panic!("{other} is not known here"),
            },
        };
        Some((variable.name.clone(), value))
    });
    known.collect()
}

/// The arguments after `run`, with what the environment puts into them, and with free ports.
fn arguments(container: &Container, environment: &[(String, String)]) -> Vec<String> {
    let given = container.args.as_deref().unwrap_or_default();
    assert_eq!(given[0], "run", "{given:?}");
    let given = given[1..].iter().map(|argument| {
        let mut argument = argument.clone();
        for (name, value) in environment {
            argument = argument.replace(&format!("$({name})"), value);
        }
        match argument.split_once('=') {
            Some((flag @ ("--listen" | "--webhook-listen"), _)) => format!("{flag}=127.0.0.1:0"),
            _ => argument,
        }
    });
    given.collect()
}
