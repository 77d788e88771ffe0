//! A real Prometheus that scrapes an operator.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_mins(3);

/// A Prometheus that runs. Dropped: it is killed.
pub struct Prometheus {
    process: Child,
    log: PathBuf,
    url: String,
}

impl Prometheus {
    /// Starts one that scrapes this address each second and evaluates the chart's alert rules.
    pub async fn start(name: &str, target: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let programs = tokio::task::spawn_blocking(|| programs(root))
            .await
            .unwrap();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("prometheus-{name}"));
        fs::create_dir_all(&folder).unwrap();
        let rules = root.join("charts/livestream-operator/files/alerts.yaml");
        let config = format!(
            "global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}\n\
             rule_files: [{}]\n\
             scrape_configs:\n\
             - job_name: operator\n  static_configs: [{{targets: ['{target}'], labels: {{namespace: video}}}}]\n",
            rules.display()
        );
        let file = folder.join("prometheus.yml");
        fs::write(&file, config).unwrap();
        let log = folder.join("log");
        let output = File::create(&log).unwrap();
        let process = Command::new(programs.join("prometheus"))
            .arg(format!("--config.file={}", file.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.join("data").display()
            ))
            .arg("--web.listen-address=127.0.0.1:0")
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        let mut new = Self {
            process,
            log,
            url: String::new(),
        };
        new.url = format!("http://{}", new.address().await);
        new
    }

    /// Where it listens, once it says so.
    async fn address(&mut self) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let log = fs::read_to_string(&self.log).unwrap();
            let line = log.lines().find(|line| line.contains("\"Listening on\""));
            let address = line.and_then(|line| line.split("address=").nth(1));
            if let Some(address) = address {
                return address.split_whitespace().next().unwrap().to_owned();
            }
            let ended = self.process.try_wait().unwrap();
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "Prometheus does not say where it listens ({ended:?}):\n{log}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Value {
        let url = reqwest::Url::parse_with_params(&format!("{}{path}", self.url), query);
        let answer = reqwest::get(url.unwrap()).await;
        // It may still be replaying an empty log.
        let Ok(answer) = answer else {
            return Value::Null;
        };
        let status = answer.status();
        let answer: Value = answer.json().await.unwrap_or_default();
        let failed = answer["status"] == "error" && status != 503;
        assert!(!failed, "{path} {query:?}: {answer}");
        answer["data"].clone()
    }

    /// How many rows a query gives whose value is a finite number.
    pub async fn rows(&self, query: &str) -> usize {
        let data = self.get("/api/v1/query", &[("query", query)]).await;
        let rows = data["result"].as_array().cloned().unwrap_or_default();
        let value = |row: &Value| row["value"][1].as_str()?.parse::<f64>().ok();
        rows.iter()
            .filter(|row| value(row).is_some_and(f64::is_finite))
            .count()
    }

    /// What a query gives over a time, with so many seconds between two points.
    pub async fn range(&self, query: &str, from: i64, to: i64, step: u32) -> Vec<Value> {
        let (from, to, step) = (from.to_string(), to.to_string(), step.to_string());
        let query = [
            ("query", query),
            ("start", from.as_str()),
            ("end", to.as_str()),
            ("step", step.as_str()),
        ];
        let data = self.get("/api/v1/query_range", &query).await;
        data["result"].as_array().cloned().unwrap_or_default()
    }

    /// The alert rules that it evaluates.
    pub async fn alerts(&self) -> Vec<Value> {
        let data = self.get("/api/v1/rules", &[("type", "alert")]).await;
        let groups = data["groups"].as_array().cloned().unwrap_or_default();
        let rules = groups.iter().filter_map(|group| group["rules"].as_array());
        rules.flatten().cloned().collect()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The folder that has the programs; the first time they are built.
fn programs(root: &Path) -> PathBuf {
    let build = Command::new(root.join("tests/prometheus/build.sh"))
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(build.status.success(), "Prometheus could not be built");
    PathBuf::from(String::from_utf8(build.stdout).unwrap().trim())
}
