//! A release on a real apiserver.

use std::{path::Path, process::Output, sync::OnceLock};

use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, api::PostParams};
use serde_json::{Value, json};

use crate::{
    harness::{ControlPlane, World, start},
    helm::{chart, helm, root, values_file},
    node::Machines,
};

/// What makes Pods of a Deployment, and says how many may be away.
const CONTROLLERS: [&str; 5] = [
    // Gives the roles of users what those of the chart add.
    "clusterrole-aggregation-controller",
    "deployment-controller",
    "replicaset-controller",
    "disruption-controller",
    "resourcequota-controller",
];

/// How long Helm waits: far longer than it takes.
const PATIENCE: &str = "--timeout=5m";

/// A control plane that has never seen the chart, nor the kinds, for one test alone: it may install what is of the
/// whole cluster.
pub fn bare_plane(name: &str) -> &'static ControlPlane {
    Box::leak(Box::new(start(name, None, &CONTROLLERS)))
}

/// The control plane of the tests that install nothing of the whole cluster. It has the kinds.
pub fn shared_plane() -> &'static ControlPlane {
    static RUNNING: OnceLock<ControlPlane> = OnceLock::new();
    RUNNING.get_or_init(|| start("chart", Some(&root("crds")), &CONTROLLERS))
}

/// A release of the chart, in a namespace of its own that admits restricted Pods only, and machines that run its Pods.
pub struct Release<'a> {
    /// Its name.
    pub name: &'static str,
    /// Its namespace.
    pub namespace: String,
    /// What runs its Pods.
    pub machines: Machines,
    world: &'a World,
}

impl<'a> Release<'a> {
    /// A place for a release; nothing is installed yet.
    pub async fn prepare(world: &'a World, name: &'static str) -> Self {
        let namespace = format!("{}-{name}", world.namespace);
        let object = json!({"metadata": {
            "name": namespace, "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
        }});
        Api::<Namespace>::all(world.client.clone())
            .create(
                &PostParams::default(),
                &serde_json::from_value(object).unwrap(),
            )
            .await
            .unwrap();
        let machines = Machines::of(world, &namespace).await;
        Self {
            name,
            namespace,
            machines,
            world,
        }
    }

    /// Values with small intervals, for the test's provider; these besides.
    pub fn values(&self, more: &Value) -> Value {
        let mut values = small(self.world);
        merge(&mut values, more);
        values
    }

    /// The values of a release that serves the test's namespace alone.
    pub fn namespaced(&self, more: &Value) -> Value {
        let mut values = json!({
            "crds": {"install": false}, "watchNamespaces": [self.world.namespace],
            "clusterId": self.world.namespace,
        });
        merge(&mut values, more);
        self.values(&values)
    }

    /// Runs Helm for this release, and returns what came of it.
    pub async fn try_helm(&self, arguments: &[&str]) -> Output {
        let mut command = helm();
        command
            .arg("--kubeconfig")
            .arg(&self.world.plane.kubeconfig)
            .args(["--namespace", &self.namespace])
            .args(arguments);
        // The provider and the machines live on this thread.
        tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap()
    }

    /// The same where it has to go well.
    pub async fn helm(&self, arguments: &[&str]) -> String {
        let output = self.try_helm(arguments).await;
        assert!(
            output.status.success(),
            "helm {arguments:?}: {}\n{}",
            String::from_utf8_lossy(&output.stderr),
            self.machines.logs()
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// `helm install --wait` of a chart with these values.
    pub async fn install_chart(&self, chart: &Path, values: &Value) -> String {
        self.apply("install", chart, values).await
    }

    /// `helm install --wait` of the chart.
    pub async fn install(&self, values: &Value) -> String {
        self.install_chart(&chart(), values).await
    }

    /// `helm install` that is refused: what it says.
    pub async fn refused(&self, values: &Value) -> String {
        let file = values_file(values);
        let (chart, file) = (chart(), file.to_str().unwrap().to_owned());
        let arguments = [
            "install",
            self.name,
            chart.to_str().unwrap(),
            "--values",
            &file,
        ];
        let output = self.try_helm(&arguments).await;
        assert!(!output.status.success(), "it was installed");
        String::from_utf8(output.stderr).unwrap()
    }

    /// `helm upgrade --wait` to the chart.
    pub async fn upgrade(&self, values: &Value) -> String {
        self.apply("upgrade", &chart(), values).await
    }

    async fn apply(&self, verb: &str, chart: &Path, values: &Value) -> String {
        let file = values_file(values);
        let (chart, file) = (chart.to_str().unwrap(), file.to_str().unwrap());
        self.helm(&[verb, self.name, chart, "--values", file, "--wait", PATIENCE])
            .await
    }

    /// `helm rollback --wait` to a revision.
    pub async fn roll_back(&self, revision: &str) {
        self.helm(&["rollback", self.name, revision, "--wait", PATIENCE])
            .await;
    }

    /// `helm uninstall --wait`.
    pub async fn uninstall(&self) -> String {
        self.helm(&["uninstall", self.name, "--wait", PATIENCE])
            .await
    }

    /// Waits until so many processes run, and one leads.
    pub async fn until_led(&self, processes: usize) {
        self.world
            .until_true("one leads", async || {
                self.machines.running() == processes && self.leaders().len() == 1
            })
            .await;
    }

    /// The Pods that lead, or did.
    pub fn leaders(&self) -> Vec<String> {
        self.machines.saying("\"leading\"")
    }
}

/// Values with small intervals, for the test's provider.
pub fn small(world: &World) -> Value {
    json!({
        "allowEndpoints": [world.sim.url()],
        "settings": {
            "settling": "1500ms", "callDeadline": "1s", "grace": "1s", "retryBase": "100ms",
            "livePoll": "200ms",
        },
        "logging": {"filter": "info,livestream_operator=debug"},
    })
}

fn merge(target: &mut Value, more: &Value) {
    match (target, more) {
        (Value::Object(target), Value::Object(more)) => {
            for (key, value) in more {
                merge(target.entry(key).or_insert(Value::Null), value);
            }
        }
        (target, more) => *target = more.clone(),
    }
}
