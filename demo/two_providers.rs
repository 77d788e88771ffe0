//! `make demo-two`: one manifest on two providers, from its creation to its deletion. It ends with 0 only if all
//! was reached.
//!
//! It starts a real control plane (or takes the cluster of `KUBECONFIG`), both simulators and the operator,
//! applies `examples/two-providers/`, and then does the same with each LiveStream.

mod cluster;
#[expect(dead_code, reason = "made for the other demo, too")]
mod kubectl;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
    time::Duration,
};

use serde_json::Value;
use simulator::{gcore, live_station};

use crate::{cluster::Cluster, kubectl::Kubectl};

/// What can stop the demo: a sentence for a person.
type Result<T> = std::result::Result<T, String>;

const CLIENT: u64 = 1001;
const GCORE_KEY: &str = "1001$demo-key";
const ACCESS_KEY: &str = "demo-access-key";
const SECRET_KEY: &str = "demo-secret-key";

/// All that runs.
struct Demo {
    kubectl: Kubectl,
    gcore: gcore::Simulator,
    naver: live_station::Simulator,
    operator: Child,
    /// A copy of the examples in which the endpoints and keys are those of the simulators.
    examples: PathBuf,
    log: PathBuf,
    _cluster: Cluster,
}

#[tokio::main]
async fn main() -> ExitCode {
    match show(Path::new(env!("CARGO_MANIFEST_DIR"))).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("\nThe demo did not reach its end: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn show(root: &Path) -> Result<()> {
    let mut demo = Demo::start(root).await?;
    let result = demo.play();
    let cleaned = demo.kubectl.clean();
    demo.operator.kill().ok();
    demo.operator.wait().ok();
    fs::remove_dir_all(&demo.examples).ok();
    result.map_err(|error| format!("{error}\nThe operator's log is {}", demo.log.display()))?;
    // Nobody needs the log of a demo that went well.
    fs::remove_file(&demo.log).ok();
    cleaned
}

impl Demo {
    async fn start(root: &Path) -> Result<Self> {
        let cluster = Cluster::start(root)?;
        let kubectl = Kubectl::new(&cluster);
        kubectl.prepare(root)?;
        println!("  kube-apiserver {}", kubectl.version()?);
        let gcore = gcore::Simulator::start(gcore::Options::default()).await;
        let gcore = gcore.map_err(|error| format!("no Gcore simulator: {error}"))?;
        gcore.add_key(GCORE_KEY, CLIENT);
        println!("  Gcore simulator at {}", gcore.url());
        let naver = live_station::Simulator::start(live_station::Options::default()).await;
        let naver = naver.map_err(|error| format!("no Live Station simulator: {error}"))?;
        naver.add_key(ACCESS_KEY, SECRET_KEY, CLIENT);
        println!("  Live Station simulator at {}", naver.url());

        let name = format!("livestream-operator-demo-two-{}", std::process::id());
        let examples = std::env::temp_dir().join(&name);
        let here = |text: &str| {
            text.replace("1001$replace-me", GCORE_KEY)
                .replace("accessKey: replace-me", &format!("accessKey: {ACCESS_KEY}"))
                .replace("secretKey: replace-me", &format!("secretKey: {SECRET_KEY}"))
                .replace("  gcore:\n", &format!("  pollIntervalSeconds: 1\n  requestsPerSecond: 50\n  gcore:\n    endpoint: {}\n", gcore.url()))
                .replace("  liveStation:\n", &format!("  pollIntervalSeconds: 1\n  requestsPerSecond: 50\n  liveStation:\n    endpoint: {}\n", naver.url()))
        };
        copy(&root.join("examples/two-providers"), &examples, &here)
            .map_err(|error| format!("examples/two-providers: {error}"))?;

        // Built beside this program's folder; `make demo-two` sees to it that it is the newest.
        let this = std::env::current_exe().map_err(|error| error.to_string())?;
        let log = std::env::temp_dir().join(format!("{name}.log"));
        let file = fs::File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
        let operator = Command::new(this.with_file_name("../livestream-operator"))
            .args([
                "run",
                "--listen=127.0.0.1:0",
                "--settling=4s",
                "--call-deadline=2s",
            ])
            .arg(format!("--namespace={}", kubectl::NAMESPACE))
            .arg(format!("--allow-endpoint={},{}", gcore.url(), naver.url()))
            .env("KUBECONFIG", cluster.kubeconfig())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .map_err(|error| format!("no operator: {error}"))?;
        println!("  livestream-operator {}", env!("CARGO_PKG_VERSION"));
        Ok(Self {
            kubectl,
            gcore,
            naver,
            operator,
            examples,
            log,
            _cluster: cluster,
        })
    }

    /// The steps, each done with both.
    fn play(&self) -> Result<()> {
        title("1. Created: the same manifest, but for accountRef");
        for provider in ["gcore", "naver"] {
            println!("  $ kubectl apply -k examples/two-providers/{provider}");
            let folder = self.examples.join(provider);
            let folder = folder.to_string_lossy();
            let text = self.kubectl.quietly(&["apply", "-k", &folder], None)?;
            text.lines().for_each(|line| println!("    {line}"));
        }
        Self::each(|name| self.wait(name, "condition=Ready"))?;
        self.kubectl.show(&["get", "livestreams", "-o=wide"])?;

        title("2. Live: an encoder sends video to each");
        self.signal(true)?;
        Self::each(|name| self.wait(name, "jsonpath={.status.live}=true"))?;

        title("3. Recorded");
        self.patch(r#"{"spec":{"recording":true}}"#)?;
        Self::each(|name| self.wait(name, "jsonpath={.status.recording}=true"))?;
        println!("  (half a minute of the providers' time passes)");
        self.gcore.clock().advance(Duration::from_secs(30));
        self.naver.clock().advance(Duration::from_secs(30));

        title("4. Stopped: one recording, one video, however many files it has");
        self.patch(r#"{"spec":{"recording":false}}"#)?;
        Self::each(|name| self.wait(name, "jsonpath={.status.videoCount}=1"))?;
        for name in ["keynote-gcore", "keynote-naver"] {
            let video = "-o=jsonpath={.status.videos[0]}";
            self.kubectl.show(&["get", "livestream", name, video])?;
        }

        title("5. Edited");
        self.signal(false)?;
        Self::each(|name| self.wait(name, "jsonpath={.status.live}=false"))?;
        self.patch(r#"{"spec":{"recording":null,"autoRecord":true}}"#)?;
        Self::each(|name| self.wait(name, "condition=Ready"))?;
        let stream = self.gcore.streams(CLIENT);
        let channel = self.naver.channels(CLIENT);
        let both = stream.iter().all(|stream| stream["auto_record"] == true)
            && channel
                .iter()
                .all(|channel| channel["immediateOnAir"] == true);
        check(both, "both record by themselves")?;

        title("6. Deleted");
        self.kubectl
            .show(&["delete", "livestreams", "--all", "--timeout=60s"])?;
        let left = self.gcore.streams(CLIENT).len() + self.naver.channels(CLIENT).len();
        check(left == 0, "nothing is left at either provider")?;
        let made = (
            self.gcore.created_total(CLIENT),
            self.naver.created_total(CLIENT),
        );
        check(made == (1, 1), "each provider created one")?;
        self.kubectl
            .show(&["delete", "streamingaccounts", "--all", "--timeout=60s"])?;
        println!(
            "\nAll steps were reached: 1 manifest, 2 providers, 1 creation at each, 0 left behind."
        );
        Ok(())
    }

    fn each(act: impl Fn(&str) -> Result<()>) -> Result<()> {
        ["keynote-gcore", "keynote-naver"]
            .into_iter()
            .try_for_each(act)
    }

    fn wait(&self, name: &str, what: &str) -> Result<()> {
        let (object, what) = (format!("livestream/{name}"), format!("--for={what}"));
        self.kubectl
            .show(&["wait", &what, "--timeout=60s", &object])
    }

    fn patch(&self, patch: &str) -> Result<()> {
        Self::each(|name| {
            self.kubectl.show(&[
                "patch",
                "livestream",
                name,
                "--type=merge",
                "--patch",
                patch,
            ])
        })
    }

    /// An encoder begins, or ends, to send.
    fn signal(&self, on: bool) -> Result<()> {
        let id = |item: &Value, field: &str| item[field].clone();
        for stream in self.gcore.streams(CLIENT) {
            let id = id(&stream, "id").as_u64().unwrap_or_default();
            self.gcore.set_live(id, on).map_err(|e| format!("{e:?}"))?;
        }
        for channel in self.naver.channels(CLIENT) {
            let id = id(&channel, "channelId");
            let id = id.as_str().unwrap_or_default();
            self.naver.set_live(id, on).map_err(|e| format!("{e:?}"))?;
        }
        Ok(())
    }
}

fn copy(from: &Path, to: &Path, here: &impl Fn(&str) -> String) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let Some(name) = path.file_name() else {
            continue;
        };
        if path.is_dir() {
            copy(&path, &to.join(name), here)?;
        } else {
            fs::write(to.join(name), here(&fs::read_to_string(&path)?))?;
        }
    }
    Ok(())
}

fn title(text: &str) {
    println!("\n{text}");
}

fn check(holds: bool, what: &str) -> Result<()> {
    if holds {
        println!("  {what}");
        return Ok(());
    }
    Err(format!("it is not so: {what}"))
}
