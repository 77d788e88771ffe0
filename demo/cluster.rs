//! The cluster that the demo plays on.

use std::{
    env,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde::Deserialize;

use crate::Result;

/// A control plane of our own, or the cluster of `KUBECONFIG`.
pub enum Cluster {
    /// Ours: it ends when its standard input does.
    Own {
        /// What it says of itself.
        up: Up,
        /// The program.
        binary: PathBuf,
        /// Holds the pipe.
        _process: Child,
    },
    /// Somebody's.
    Given(PathBuf),
}

/// What the control plane says when it is up.
#[derive(Deserialize)]
pub struct Up {
    kubeconfig: PathBuf,
}

impl Cluster {
    #[expect(
        clippy::disallowed_methods,
        reason = "the demo's one look at the environment"
    )]
    pub fn start(root: &Path) -> Result<Self> {
        if let Some(kubeconfig) = env::var_os("KUBECONFIG").filter(|path| !path.is_empty()) {
            println!("  the cluster of KUBECONFIG={}", kubeconfig.display());
            return Ok(Self::Given(kubeconfig.into()));
        }
        let build = Command::new(root.join("tests/control-plane/build.sh"))
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| format!("tests/control-plane/build.sh: {error}"))?;
        if !build.status.success() {
            return Err("the control plane could not be built".to_owned());
        }
        let binary = PathBuf::from(String::from_utf8_lossy(&build.stdout).trim());
        let folder =
            env::temp_dir().join(format!("livestream-operator-demo-{}", std::process::id()));
        let mut process = Command::new(&binary)
            .args(["up", "--dir"])
            .arg(&folder)
            .arg("--crds")
            .arg(root.join("crds"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", binary.display()))?;
        let mut line = String::new();
        if let Some(stdout) = process.stdout.take() {
            BufReader::new(stdout)
                .read_line(&mut line)
                .map_err(|error| error.to_string())?;
        }
        let up = serde_json::from_str(&line)
            .map_err(|_| "the control plane did not come up".to_owned())?;
        Ok(Self::Own {
            up,
            binary,
            _process: process,
        })
    }

    /// The kubeconfig.
    pub fn kubeconfig(&self) -> &Path {
        match self {
            Self::Own { up, .. } => &up.kubeconfig,
            Self::Given(kubeconfig) => kubeconfig,
        }
    }

    /// The kubectl to use: the one that comes with our control plane, else the user's.
    pub fn kubectl(&self) -> PathBuf {
        match self {
            Self::Own { binary, .. } => binary.with_file_name("kubectl"),
            Self::Given(_) => PathBuf::from("kubectl"),
        }
    }
}
