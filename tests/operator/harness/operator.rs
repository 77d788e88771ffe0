//! The operator as a process.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::control_plane;

/// An operator that runs. Dropped: it is killed.
pub struct Operator {
    process: Child,
    log: PathBuf,
}

impl Operator {
    /// Starts one with these arguments after `run`; its log goes to a file of this name.
    pub fn start(name: &str, arguments: &[String]) -> Self {
        let log = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.log"));
        let file = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_livestream-operator"))
            .arg("run")
            .args(arguments)
            .env("KUBECONFIG", &control_plane().kubeconfig)
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap();
        Self { process, log }
    }

    /// All that it and those before it under this name logged.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Where it serves probes and metrics, once it says so.
    pub async fn address(&self) -> String {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let listening = self.log().lines().rev().find_map(|line| {
                let line: serde_json::Value = serde_json::from_str(line).ok()?;
                Some(line.get("listening")?.as_str()?.to_owned())
            });
            if let Some(address) = listening {
                return address;
            }
            assert!(
                Instant::now() < deadline,
                "the operator does not say where it listens:\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Kills it at once.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Asks it to stop, and returns whether it ended well.
    pub async fn terminate(&mut self) -> bool {
        let sent = Command::new("kill")
            .args(["-TERM", &self.pid().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status.success();
            }
            assert!(
                Instant::now() < deadline,
                "the operator does not stop:\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
