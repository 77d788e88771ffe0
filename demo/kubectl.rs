//! kubectl, as a user calls it.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{Result, cluster::Cluster};

/// Where the demo plays.
pub const NAMESPACE: &str = "livestream-demo";

pub struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
}

impl Kubectl {
    pub fn new(cluster: &Cluster) -> Self {
        Self {
            program: cluster.kubectl(),
            kubeconfig: cluster.kubeconfig().to_owned(),
        }
    }

    /// The definitions and the namespace.
    pub fn prepare(&self, root: &Path) -> Result<()> {
        let crds = root.join("crds");
        self.quietly(&["apply", "-f", &crds.to_string_lossy()], None)?;
        self.quietly(
            &[
                "wait",
                "--for=condition=Established",
                "--timeout=30s",
                "-f",
                &crds.to_string_lossy(),
            ],
            None,
        )?;
        self.quietly(&["create", "namespace", NAMESPACE], None)?;
        Ok(())
    }

    /// Takes the namespace away again.
    pub fn clean(&self) -> Result<()> {
        self.quietly(&["delete", "namespace", NAMESPACE, "--timeout=60s"], None)
            .map(|_| ())
    }

    pub fn version(&self) -> Result<String> {
        let text = self.quietly(&["version"], None)?;
        let server = text
            .lines()
            .find_map(|line| line.strip_prefix("Server Version: "));
        Ok(server.unwrap_or("of an unknown version").to_owned())
    }

    /// Shows the command and what it prints.
    pub fn show(&self, arguments: &[&str]) -> Result<()> {
        println!("  $ kubectl {}", arguments.join(" "));
        let text = self.quietly(arguments, None)?;
        text.lines().for_each(|line| println!("    {line}"));
        Ok(())
    }

    /// Applies a manifest from a text and shows that.
    pub fn apply(&self, file: &str, text: &str) -> Result<()> {
        println!("  $ kubectl apply -f {file}");
        let text = self.quietly(&["apply", "-f", "-"], Some(text))?;
        text.lines().for_each(|line| println!("    {line}"));
        Ok(())
    }

    /// What the command prints.
    pub fn quietly(&self, arguments: &[&str], input: Option<&str>) -> Result<String> {
        let mut child = Command::new(&self.program)
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .args(["--namespace", NAMESPACE])
            .args(arguments)
            .stdin(if input.is_some() {
                Stdio::piped()
            } else {
                Stdio::null()
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("kubectl: {error}"))?;
        if let (Some(input), Some(mut stdin)) = (input, child.stdin.take()) {
            stdin
                .write_all(input.as_bytes())
                .map_err(|error| format!("kubectl: {error}"))?;
        }
        let output = child
            .wait_with_output()
            .map_err(|error| format!("kubectl: {error}"))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(format!(
                "kubectl {}: {}",
                arguments.join(" "),
                String::from_utf8_lossy(&output.stderr).trim()
            ))
        }
    }
}
