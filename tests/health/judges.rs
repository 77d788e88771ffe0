//! The four tools.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::OnceLock,
};

use kube::core::DynamicObject;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    harness::{World, control_plane},
    situations::Row,
    values,
};

/// What a tool says of an object.
#[derive(Debug, Deserialize)]
pub struct Verdict {
    /// In the tool's own word.
    pub status: String,
    /// For people.
    pub message: String,
}

/// What Argo CD's actions make of an object.
#[derive(Debug, Deserialize)]
pub struct Acted {
    /// What a person is offered.
    pub actions: Vec<Value>,
    /// The object after each of them.
    pub results: serde_json::Map<String, Value>,
}

/// What kstatus says, which Flux and Helm follow.
pub async fn kstatus(objects: &[DynamicObject]) -> Vec<Verdict> {
    judge(&["kstatus"], objects).await
}

/// What Argo CD says with our scripts.
pub async fn argo_cd(objects: &[DynamicObject]) -> Vec<Verdict> {
    let values = values::path();
    judge(
        &["argo-health", "--values", values.to_str().unwrap()],
        objects,
    )
    .await
}

/// What Argo CD lets people do with our scripts, and what that does.
pub async fn argo_cd_actions(objects: &[DynamicObject]) -> Vec<Acted> {
    let values = values::path();
    judge(
        &["argo-actions", "--values", values.to_str().unwrap()],
        objects,
    )
    .await
}

/// Whether `kubectl wait --for=condition=Ready` is content with it as it is.
pub async fn kubectl_wait(world: &World, row: &Row) -> String {
    let object = format!("{}/{}", row.kind.to_lowercase(), row.name);
    let wait = ["wait", "--for=condition=Ready", "--timeout=0", &object];
    let output = world.kubectl(&wait, "").await;
    let error = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        "met".to_owned()
    } else if error.contains("condition not met") || error.contains("timed out") {
        "not met".to_owned()
    } else {
        panic!("kubectl wait for {object}: {error}")
    }
}

/// How `helm install --wait` ends for a chart that has the object just as it is.
pub async fn helm(world: &World, row: &Row, object: &DynamicObject) -> String {
    let manifest = json!({
        "apiVersion": "livestream-operator.io/v1alpha1",
        "kind": row.kind,
        "metadata": {"name": row.name},
        "spec": object.data["spec"],
    });
    let release = format!("{}-{}", row.kind.to_lowercase(), row.name);
    let chart = chart(&world.namespace, &release, &[manifest]);
    // What is not there yet after this time will not come: the situations stand still.
    let output = install(world, &release, &chart, "3s").await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        return "deployed".to_owned();
    }
    let status = said
        .split("status: ")
        .nth(1)
        .and_then(|rest| rest.split([',', '\n']).next());
    status.unwrap_or_else(|| panic!("helm: {said}")).to_owned()
}

/// A chart with these objects.
pub fn chart(namespace: &str, name: &str, objects: &[Value]) -> PathBuf {
    let folder = scratch().join(namespace).join(name);
    fs::create_dir_all(folder.join("templates")).unwrap();
    let about = format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\n");
    fs::write(folder.join("Chart.yaml"), about).unwrap();
    for (i, object) in objects.iter().enumerate() {
        let file = folder.join(format!("templates/{i}.yaml"));
        fs::write(file, serde_json::to_string_pretty(object).unwrap()).unwrap();
    }
    folder
}

/// Installs a chart, as its owner where the objects are there already, and waits as long as this.
pub async fn install(world: &World, release: &str, chart: &Path, timeout: &str) -> Output {
    static HELM: OnceLock<PathBuf> = OnceLock::new();
    let mut command = Command::new(built(&HELM, "tests/helm/build.sh", &[]));
    for (variable, folder) in [
        ("HELM_CACHE_HOME", "cache"),
        ("HELM_CONFIG_HOME", "config"),
        ("HELM_DATA_HOME", "data"),
    ] {
        command.env(variable, scratch().join("helm").join(folder));
    }
    command
        .args(["install", release])
        .arg(chart)
        .args(["--take-ownership", "--wait", "--timeout", timeout])
        .args(["--namespace", &world.namespace])
        .arg("--kubeconfig")
        .arg(&control_plane().kubeconfig);
    run(command, String::new()).await
}

/// Where the charts are.
fn scratch() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("health-{}", std::process::id()))
}

/// Runs one of our Go program's judges over objects.
async fn judge<T: DeserializeOwned>(arguments: &[&str], objects: &[DynamicObject]) -> Vec<T> {
    static JUDGE: OnceLock<PathBuf> = OnceLock::new();
    let mut command = Command::new(built(&JUDGE, "tests/gitops/build.sh", &["judge"]));
    command.args(arguments);
    let output = run(command, serde_json::to_string(objects).unwrap()).await;
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {error}");
    let verdicts: Vec<T> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(verdicts.len(), objects.len());
    verdicts
}

/// The program that a script builds.
fn built(program: &OnceLock<PathBuf>, script: &str, arguments: &[&str]) -> PathBuf {
    let build = || {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(script);
        let built = Command::new(&script)
            .args(arguments)
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        assert!(built.status.success(), "{} failed", script.display());
        PathBuf::from(String::from_utf8(built.stdout).unwrap().trim())
    };
    program.get_or_init(build).clone()
}

/// Runs a program with this on its standard input. The simulator lives on this thread.
async fn run(mut command: Command, input: String) -> Output {
    let run = move || {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Where it reads nothing, it may have ended.
        let _ = process.stdin.take().unwrap().write_all(input.as_bytes());
        process.wait_with_output().unwrap()
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}
