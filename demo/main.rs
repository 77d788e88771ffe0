//! `make demo`: the main job by itself, shown step by step. It ends with 0 only if all was reached.
//!
//! It starts a real control plane (or takes the cluster of `KUBECONFIG`), the Gcore simulator and
//! the operator, and then does what users do, with kubectl.

mod cluster;
mod event;
mod kubectl;
mod steps;

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
};

use simulator::gcore::{Options, Simulator};

use crate::{cluster::Cluster, kubectl::Kubectl};

/// What can stop the demo: a sentence for a person.
type Result<T> = std::result::Result<T, String>;

/// The simulator's client.
const CLIENT: u64 = 1001;

/// All that runs.
struct Demo {
    kubectl: Kubectl,
    simulator: Simulator,
    operator: Child,
    log: PathBuf,
    _cluster: Cluster,
}

#[tokio::main]
async fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    match show(root).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("\nThe demo did not reach its end: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn show(root: &Path) -> Result<()> {
    let mut demo = Demo::start(root).await?;
    let result = steps::all(&mut demo, root).await;
    let cleaned = demo.kubectl.clean();
    demo.operator.kill().ok();
    demo.operator.wait().ok();
    result.map_err(|error| format!("{error}\nThe operator's log is {}", demo.log.display()))?;
    // Nobody needs the log of a demo that went well.
    std::fs::remove_file(&demo.log).ok();
    cleaned
}

impl Demo {
    async fn start(root: &Path) -> Result<Self> {
        let cluster = Cluster::start(root)?;
        let kubectl = Kubectl::new(&cluster);
        kubectl.prepare(root)?;
        println!("  kube-apiserver {}", kubectl.version()?);

        let options = Options {
            keys: vec![(steps::FIRST_KEY.to_owned(), CLIENT)],
            ..Options::default()
        };
        let simulator = Simulator::start(options)
            .await
            .map_err(|error| format!("no simulator: {error}"))?;
        println!("  Gcore simulator at {}", simulator.url());

        // Built beside this program's folder; `make demo` sees to it that it is the newest.
        let this = std::env::current_exe().map_err(|error| error.to_string())?;
        let operator = this.with_file_name("../livestream-operator");
        let log = std::env::temp_dir().join(format!(
            "livestream-operator-demo-{}.log",
            std::process::id()
        ));
        let file =
            std::fs::File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
        let operator = Command::new(operator)
            .args([
                "run",
                "--listen=127.0.0.1:0",
                "--settling=4s",
                "--call-deadline=2s",
            ])
            .arg(format!("--namespace={}", kubectl::NAMESPACE))
            .arg(format!("--allow-endpoint={}", simulator.url()))
            .env("KUBECONFIG", cluster.kubeconfig())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .map_err(|error| format!("no operator: {error}"))?;
        println!("  livestream-operator {}", env!("CARGO_PKG_VERSION"));
        Ok(Self {
            kubectl,
            simulator,
            operator,
            log,
            _cluster: cluster,
        })
    }
}
