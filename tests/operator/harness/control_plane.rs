//! One real control plane for all tests of this process, and others for tests that need their own.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use serde::Deserialize;

/// Where the control plane is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ControlPlane {
    /// A kubeconfig for an administrator.
    pub kubeconfig: PathBuf,
    /// A line of JSON for each request.
    pub audit_log: PathBuf,
    /// The program; its folder has kubectl.
    #[serde(skip)]
    pub binary: PathBuf,
    /// Holds the pipe whose end is the end of the control plane, also where this process is killed.
    #[serde(skip)]
    process: Option<Child>,
}

impl ControlPlane {
    /// The kubectl of the same version.
    pub fn kubectl(&self) -> Command {
        let mut command = Command::new(self.binary.with_file_name("kubectl"));
        command.arg("--kubeconfig").arg(&self.kubeconfig);
        command
    }
}

/// Starts it, or returns the one that runs.
pub fn control_plane() -> &'static ControlPlane {
    static RUNNING: OnceLock<ControlPlane> = OnceLock::new();
    RUNNING.get_or_init(|| {
        let crds = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("crds");
        start("shared", Some(&crds), &[])
    })
}

/// Starts another one, with its own folder of this name: with these definitions, and with these controllers
/// besides the usual ones.
pub fn start(name: &str, crds: Option<&Path>, controllers: &[&str]) -> ControlPlane {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let build = Command::new(root.join("tests/control-plane/build.sh"))
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(
        build.status.success(),
        "the control plane could not be built"
    );
    let binary = PathBuf::from(String::from_utf8(build.stdout).unwrap().trim());
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("control-plane-{}-{name}", std::process::id()));
    let mut command = Command::new(&binary);
    command.args(["up", "--dir"]).arg(&folder);
    if let Some(crds) = crds {
        command.arg("--crds").arg(crds);
    }
    if !controllers.is_empty() {
        command.arg("--controllers").arg(controllers.join(","));
    }
    let mut process = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let mut up: ControlPlane =
        serde_json::from_str(&line).expect("the control plane says where it is");
    up.binary = binary;
    up.process = Some(process);
    up
}
