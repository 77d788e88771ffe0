//! Argo CD as a process, and what it says of its Applications.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use kube::{
    Api,
    api::{ApiResource, DeleteParams, Patch, PatchParams},
    core::{DynamicObject, GroupVersionKind},
};
use serde_json::{Value, json};

use crate::harness::{World, control_plane};

/// Where Argo CD lives.
pub const NAMESPACE: &str = "argocd";

/// How long a condition may take: far longer than it does, on the slowest machine.
const PATIENCE: Duration = Duration::from_mins(5);

/// An Argo CD that runs for the control plane. Dropped: it ends.
pub struct ArgoCd {
    /// Its API, without a login.
    server: String,
    applications: Api<DynamicObject>,
    /// Holds the pipe whose end is its end.
    process: Child,
    logs: PathBuf,
}

impl ArgoCd {
    /// Installs it, with the health scripts as a user of its chart gets them, and starts it.
    pub async fn start(world: &World) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let program = built(&root.join("tests/gitops/build.sh"));
        let crds = program.with_file_name("crds");
        let crds = format!("--filename={}", crds.display());
        kubectl(&["apply", "--server-side", &crds], "");
        world
            .until_true("Argo CD's kinds are served", async || {
                let kinds = "applications,appprojects,applicationsets";
                run_kubectl(&["get", kinds], "").status.success()
            })
            .await;
        kubectl(&["create", "namespace", NAMESPACE], "");
        let of_argo_cd = format!("--namespace={NAMESPACE}");
        let install = fs::read_to_string(root.join("tests/argo_cd/install.yaml")).unwrap();
        kubectl(&["apply", &of_argo_cd, "--filename=-"], &install);
        kubectl(
            &["apply", &of_argo_cd, "--filename=-"],
            &settings(root).to_string(),
        );

        let logs = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("argo-cd-{}", std::process::id()));
        let mut process = Command::new(program)
            .arg("up")
            .arg("--kubeconfig")
            .arg(&control_plane().kubeconfig)
            .arg("--dir")
            .arg(&logs)
            // Without it waves are two seconds apart, and what waits for nothing looks as if it did.
            .env("ARGOCD_SYNC_WAVE_DELAY", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let up: Value = serde_json::from_str(&line).expect("Argo CD says where it is");
        let gvk = GroupVersionKind::gvk("argoproj.io", "v1alpha1", "Application");
        let resource = ApiResource::from_gvk_with_plural(&gvk, "applications");
        Self {
            server: up["server"].as_str().unwrap().to_owned(),
            applications: Api::namespaced_with(world.client.clone(), NAMESPACE, &resource),
            process,
            logs,
        }
    }

    /// An Application.
    pub async fn application(&self, name: &str) -> Option<DynamicObject> {
        self.applications.get_opt(name).await.unwrap()
    }

    /// Has an Application compared with the newest commit, and waits for that.
    pub async fn refresh(&self, name: &str) {
        let refresh = json!({"metadata": {"annotations": {"argocd.argoproj.io/refresh": "hard"}}});
        self.patch(name, refresh).await;
        self.until(name, "compared", |application| {
            let annotations = application.metadata.annotations.as_ref();
            annotations.is_none_or(|all| !all.contains_key("argocd.argoproj.io/refresh"))
        })
        .await;
    }

    /// Changes an Application by a merge patch.
    async fn patch(&self, name: &str, patch: Value) {
        self.applications
            .patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await
            .unwrap();
    }

    /// Deletes an Application, as a person does.
    pub async fn delete(&self, name: &str) {
        self.applications
            .delete(name, &DeleteParams::default())
            .await
            .unwrap();
    }

    /// Waits until an Application is so, and returns it.
    pub async fn until(
        &self,
        name: &str,
        what: &str,
        holds: impl Fn(&DynamicObject) -> bool,
    ) -> DynamicObject {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let application = self.application(name).await;
            if let Some(found) = application.as_ref().filter(|found| holds(found)) {
                return found.clone();
            }
            assert!(
                Instant::now() < deadline,
                "Application {name} does not become: {what}. It is {}; logs are in {}",
                serde_json::to_string_pretty(&application).unwrap(),
                self.logs.display()
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until a commit was compared and, where something was to do, synced to its end.
    pub async fn until_synced_to(&self, name: &str, commit: &str, health: &str) -> DynamicObject {
        self.refresh(name).await;
        let what = format!("synced to {commit} and {health}");
        self.until(name, &what, |application| {
            let status = &application.data["status"];
            status["sync"]["status"] == "Synced"
                && status["sync"]["revision"] == commit
                && status["health"]["status"] == health
        })
        .await
    }

    /// The actions that a person is offered for an object.
    pub async fn actions(&self, application: &str, object: &Target<'_>) -> Value {
        let query = object.query();
        self.call(|http, base| http.get(format!("{base}/{application}/resource/actions?{query}")))
            .await
    }

    /// Presses the button.
    pub async fn run_action(&self, application: &str, object: &Target<'_>, action: &str) {
        let body = json!({
            "name": application, "namespace": object.namespace, "resourceName": object.name,
            "kind": object.kind, "group": "livestream-operator.io", "version": "v1alpha1",
            "action": action,
        });
        self.call(|http, base| {
            http.post(format!("{base}/{application}/resource/actions/v2"))
                .json(&body)
        })
        .await;
    }

    async fn call(
        &self,
        request: impl FnOnce(&reqwest::Client, &str) -> reqwest::RequestBuilder,
    ) -> Value {
        let base = format!("{}/api/v1/applications", self.server);
        let answer = request(&reqwest::Client::new(), &base)
            .send()
            .await
            .unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{status}: {text}");
        serde_json::from_str(&text).unwrap()
    }
}

impl Drop for ArgoCd {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// An object of ours.
pub struct Target<'a> {
    pub namespace: &'a str,
    pub kind: &'a str,
    pub name: &'a str,
}

impl Target<'_> {
    fn query(&self) -> String {
        format!(
            "namespace={}&resourceName={}&kind={}&group=livestream-operator.io&version=v1alpha1",
            self.namespace, self.name, self.kind
        )
    }
}

/// The `ConfigMap` argocd-cm with what the values for Argo CD's chart put there.
fn settings(root: &Path) -> Value {
    let values = "charts/livestream-operator/files/health/argo-cd-values.yaml";
    let values = fs::read_to_string(root.join(values)).unwrap();
    let values: Value = serde_saphyr::from_str(&values).unwrap();
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "argocd-cm", "labels": {"app.kubernetes.io/part-of": "argocd"}},
        "data": values["configs"]["cm"],
    })
}

fn built(script: &Path) -> PathBuf {
    let build = Command::new(script)
        .arg("argo-cd")
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(build.status.success(), "{} failed", script.display());
    PathBuf::from(String::from_utf8(build.stdout).unwrap().trim())
}

/// Runs kubectl, with this on its standard input, and gives what it printed.
pub fn kubectl(arguments: &[&str], input: &str) -> String {
    let output = run_kubectl(arguments, input);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "kubectl {arguments:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

fn run_kubectl(arguments: &[&str], input: &str) -> Output {
    let mut process = control_plane()
        .kubectl()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Where it reads nothing, it may have ended.
    let _ = process.stdin.take().unwrap().write_all(input.as_bytes());
    process.wait_with_output().unwrap()
}
