//! The operator as a process.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// The operator that is tested.
pub fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_livestream-operator"))
}

/// An operator that runs. Dropped: it is killed.
pub struct Operator {
    process: Child,
    log: PathBuf,
    /// Where its own lines begin in the log.
    from: usize,
}

impl Operator {
    /// Starts one with this way to the apiserver and these arguments after `run`; its log goes to a file of
    /// this name.
    pub fn start(name: &str, kubeconfig: &Path, arguments: &[String]) -> Self {
        Self::start_at(&program(), kubeconfig, name, arguments, &[])
    }

    /// The same with another program, and in this environment.
    pub fn start_at(
        program: &Path,
        kubeconfig: &Path,
        name: &str,
        arguments: &[String],
        environment: &[(&str, String)],
    ) -> Self {
        let log = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.log"));
        let file = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .unwrap();
        let from = fs::read(&log).map_or(0, |old| old.len());
        let process = Command::new(program)
            .arg("run")
            .args(arguments)
            .env("KUBECONFIG", kubeconfig)
            .envs(environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap();
        Self { process, log, from }
    }

    /// All that it and those before it under this name logged.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Where it serves probes and metrics, once it says so.
    pub async fn address(&self) -> String {
        self.logged("listening").await
    }

    /// Where it receives webhooks, once it says so.
    pub async fn webhooks(&self) -> String {
        self.logged("webhooks").await
    }

    /// What a field of its log lines says, once it is there.
    async fn logged(&self, field: &str) -> String {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(value) = self.said(field) {
                return value;
            }
            assert!(
                Instant::now() < deadline,
                "the operator does not say where it listens ({field}):\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What a field of its own log lines says, where one has it.
    pub fn said(&self, field: &str) -> Option<String> {
        let log = self.log();
        log[self.from..].lines().find_map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).ok()?;
            Some(line.get(field)?.as_str()?.to_owned())
        })
    }

    /// Its metrics.
    pub async fn metrics(&self) -> String {
        let url = format!("http://{}/metrics", self.address().await);
        reqwest::get(url).await.unwrap().text().await.unwrap()
    }

    /// One figure of the metrics, by its name and labels; 0 where there is none.
    pub async fn figure(&self, name: &str) -> f64 {
        let begin = format!("livestream_operator_{name} ");
        let metrics = self.metrics().await;
        let value = metrics.lines().find_map(|line| line.strip_prefix(&begin));
        value.map_or(0.0, |value| value.parse().unwrap())
    }

    /// Kilobytes of it that are in memory.
    pub fn resident(&self) -> u64 {
        self.kilobytes("VmRSS:")
    }

    /// The most kilobytes of it that ever were.
    pub fn peak(&self) -> u64 {
        self.kilobytes("VmHWM:")
    }

    fn kilobytes(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kilobytes = line.unwrap().trim().trim_end_matches(" kB");
        kilobytes.parse().unwrap()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Stops it where it is (`STOP`), lets it go on (`CONT`), or asks it to end (`TERM`).
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{signal}"), &self.pid().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Whether it has ended by itself.
    pub fn ended(&mut self) -> bool {
        self.process.try_wait().unwrap().is_some()
    }

    /// Waits until it has ended by itself, and returns whether that was well.
    pub async fn until_ended(&mut self) -> bool {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status.success();
            }
            assert!(
                Instant::now() < deadline,
                "the operator does not end:\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Kills it at once.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Asks it to stop, and returns whether it ended well.
    pub async fn terminate(&mut self) -> bool {
        self.signal("TERM");
        self.until_ended().await
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
