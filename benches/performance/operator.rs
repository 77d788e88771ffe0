//! The operator as a process of its own, as it is shipped.

use std::{
    fs::File,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use super::control_plane::control_plane;

/// An operator that runs. Dropped: it is killed.
pub struct Operator {
    process: Child,
    begun: Instant,
    probes: u16,
    /// Where it receives webhooks, if it does.
    pub webhooks: u16,
    log: PathBuf,
}

/// A port of this machine that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

impl Operator {
    /// Starts one that may call this endpoint, with these flags besides.
    pub fn start(name: &str, endpoint: &str, webhooks: bool, flags: &[String]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let log = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("performance-{name}-{number}.log"));
        let file = File::create(&log).unwrap();
        let (probes, hooks) = (free_port(), free_port());
        let mut command = Command::new(env!("CARGO_BIN_EXE_livestream-operator"));
        command
            .arg("run")
            .arg(format!("--allow-endpoint={endpoint}"))
            .arg(format!("--listen=127.0.0.1:{probes}"))
            .args(flags);
        if webhooks {
            command.arg(format!("--webhook-listen=127.0.0.1:{hooks}"));
        }
        let begun = Instant::now();
        let process = command
            .env("KUBECONFIG", &control_plane().kubeconfig)
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap();
        Self {
            process,
            begun,
            probes,
            webhooks: hooks,
            log,
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// How long ago it was started.
    pub fn age(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Waits until it says that it is ready; gives the time since its start.
    pub async fn ready(&self) -> Duration {
        let url = format!("http://127.0.0.1:{}/readyz", self.probes);
        let client = reqwest::Client::new();
        loop {
            let answer = client.get(&url).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return self.age();
            }
            assert!(
                self.age() < Duration::from_mins(2),
                "the operator does not become ready; its log is {}",
                self.log.display()
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// How many of its passes over LiveStreams ended with the objects in step.
    pub async fn passes_in_step(&self) -> usize {
        let url = format!("http://127.0.0.1:{}/metrics", self.probes);
        let text = reqwest::get(url).await.unwrap().text().await.unwrap();
        let lines = text.lines().filter(|line| {
            line.starts_with("livestream_operator_passes_total{")
                && line.contains("kind=\"LiveStream\"")
                && line.contains("outcome=\"in_step\"")
        });
        lines
            .filter_map(|line| line.rsplit_once(' ')?.1.parse::<usize>().ok())
            .sum()
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
