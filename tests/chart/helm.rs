//! The real Helm.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use serde_json::Value;

/// A path in this repository.
pub fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The chart.
pub fn chart() -> PathBuf {
    root("charts/livestream-operator")
}

/// The program; built where there is none of this version.
fn program() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let build = Command::new(root("tests/helm/build.sh"))
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        assert!(build.status.success(), "Helm could not be built");
        PathBuf::from(String::from_utf8(build.stdout).unwrap().trim())
    })
}

/// Helm with nothing of the user's: no plug-ins, no repositories, no cluster.
pub fn helm() -> Command {
    let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("helm");
    let mut command = Command::new(program());
    for (name, folder) in [
        ("HELM_CACHE_HOME", "cache"),
        ("HELM_CONFIG_HOME", "config"),
        ("HELM_DATA_HOME", "data"),
    ] {
        command.env(name, home.join(folder));
    }
    command.env_remove("KUBECONFIG").env("HOME", &home);
    command
}

/// Values as a file that Helm can read.
pub fn values_file(values: &Value) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("values-{}-{count}.json", std::process::id());
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, values.to_string()).unwrap();
    path
}

/// `helm template` of a release `video` in the namespace `video-system`.
pub fn template(values: &Path, more: &[&str]) -> Output {
    helm()
        .args(["template", "video"])
        .arg(chart())
        .args(["--namespace", "video-system", "--values"])
        .arg(values)
        .args(more)
        .output()
        .unwrap()
}

/// What it renders with these values, as text.
pub fn rendered_text(values: &Path) -> String {
    let output = template(values, &[]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// The objects that it renders with these values.
pub fn rendered(values: &Value) -> Vec<Value> {
    let file = values_file(values);
    let text = rendered_text(&file);
    fs::remove_file(file).unwrap();
    objects(&text)
}

/// The objects of a text of several YAML documents.
pub fn objects(text: &str) -> Vec<Value> {
    let parts = text.split("\n---\n");
    let documents = parts.map(|part| serde_saphyr::from_str::<Value>(part).unwrap());
    documents.filter(Value::is_object).collect()
}

/// Those of a kind.
pub fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    let ours = objects.iter().filter(|object| object["kind"] == *kind);
    ours.collect()
}

/// The only one of a kind.
pub fn only<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
    let found = of_kind(objects, kind);
    assert_eq!(found.len(), 1, "{kind}");
    found[0]
}

/// The arguments of the operator's container.
pub fn arguments(objects: &[Value]) -> Vec<String> {
    let deployment = only(objects, "Deployment");
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    serde_json::from_value(container["args"].clone()).unwrap()
}
