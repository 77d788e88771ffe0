//! The commands of the book, typed as they are written. Only what a machine has of its own is
//! replaced: where the simulator listens, the key, and how long `kubectl wait` waits at most.

mod commands;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::json;

use self::commands::{PLAYED, commands, not_played};
use crate::harness::{KEY, World, control_plane, status_of};

/// A folder in which the commands of a page work, as they do at the root of the repository.
struct Desk {
    folder: PathBuf,
    simulator: String,
}

impl Desk {
    fn new(world: &World) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(&world.namespace);
        let simulator = world.sim.url();
        let desk = Self { folder, simulator };
        fs::create_dir_all(desk.folder.join("bin")).unwrap();
        desk.copy(&root.join("examples"), &desk.folder.join("examples"));
        let kubectl = control_plane().kubectl();
        let mut words = vec![kubectl.get_program().to_string_lossy().into_owned()];
        words.extend(
            kubectl
                .get_args()
                .map(|word| word.to_string_lossy().into_owned()),
        );
        // A busy machine takes its time.
        let script = format!(
            "#!/bin/sh\ncase \"$1\" in wait) set -- \"$@\" --timeout=180s ;; esac\nexec '{}' --namespace '{}' \"$@\"\n",
            words.join("' '"),
            world.namespace
        );
        let program = desk.folder.join("bin/kubectl");
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        desk
    }

    /// What stands on the page, as it is here.
    fn here(&self, text: &str) -> String {
        text.replace(
            "http://localhost:8090",
            self.simulator.trim_end_matches('/'),
        )
        .replace(
            "localhost:8090",
            self.simulator.trim_start_matches("http://"),
        )
        .replace("https://api.gcore.com", &self.simulator)
        .replace("1001$replace-me", KEY)
        .replace("1001$your-new-key", KEY)
        .replace("pollIntervalSeconds: 60", "pollIntervalSeconds: 1")
        .replace("requestsPerSecond: 4", "requestsPerSecond: 500")
    }

    fn copy(&self, from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let to = to.join(path.file_name().unwrap());
            if path.is_dir() {
                self.copy(&path, &to);
            } else {
                fs::write(to, self.here(&fs::read_to_string(path).unwrap())).unwrap();
            }
        }
    }

    /// Types the commands of a page, one after the other, into one shell.
    async fn play(&self, page: &str) {
        assert!(PLAYED.contains(&page), "{page} is not in the list");
        let text = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
        let text = fs::read_to_string(text).unwrap();
        let typed: Vec<String> = commands(&text)
            .into_iter()
            .filter(|command| not_played(page, command).is_none())
            .map(|command| self.here(&command))
            .collect();
        assert!(!typed.is_empty(), "{page} has no commands");
        let script: Vec<String> = typed
            .iter()
            .map(|command| format!("cat <<'COMMAND' >&2\n$ {command}\nCOMMAND\n{command}"))
            .collect();
        let output = self.shell(script.join("\n")).await;
        assert!(
            output.status.success(),
            "{page}: the last command failed\n{}\n{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }

    async fn shell(&self, script: String) -> Output {
        let path = format!(
            "{}:{}",
            self.folder.join("bin").display(),
            std::env::var("PATH").unwrap()
        );
        let mut shell = Command::new("bash");
        shell
            .args(["-euo", "pipefail", "-c", &script])
            .env("PATH", path)
            .current_dir(&self.folder);
        // The simulator lives on this thread.
        tokio::task::spawn_blocking(move || shell.output().unwrap())
            .await
            .unwrap()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // What a failed test leaves is looked at.
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

#[tokio::test]
async fn the_first_stream_is_had_as_it_is_written() {
    let mut world = World::bare("book-first").await;
    world.start(&[]);
    let desk = Desk::new(&world);
    desk.play("docs/first-stream.md").await;
    assert_eq!(world.posts(), 1, "creations that were sent");
    world.until_gone("LiveStream", "keynote").await;
    assert_eq!(world.deletions(), 1, "deletions that were sent");
}

#[tokio::test]
async fn the_tutorial_is_played_as_it_is_written() {
    let world = World::new("book-tutorial").await;
    let desk = Desk::new(&world);
    desk.play("docs/tutorial.md").await;
    let recordings = world
        .sim
        .count("PUT", "/streaming/streams/{id}/start_recording");
    assert_eq!(recordings, 2, "the drop ended the first recording");
    world.until_gone("LiveStream", "keynote").await;
}

#[tokio::test]
async fn what_other_pages_tell_to_type_works() {
    let world = World::new("book-pages").await;
    let desk = Desk::new(&world);
    let prepare = "kubectl apply -f examples/push.yaml -f examples/broadcast.yaml\n\
                   kubectl wait --for=condition=Ready livestream/keynote broadcast/keynote";
    let prepared = desk.shell(prepare.to_owned()).await;
    assert!(prepared.status.success(), "{prepared:?}");
    for page in [
        "docs/conditions.md",
        "docs/accounts.md",
        "docs/broadcasts.md",
        "docs/recordings.md",
        "docs/troubleshooting.md",
    ] {
        desk.play(page).await;
    }
    // The key was renewed once, as docs/recordings.md says.
    world
        .until("LiveStream", "keynote", "a new key", |object| {
            status_of(object)["ingestKeyReset"]["result"] == "Done"
        })
        .await;
    let object = world.get("LiveStream", "keynote").await.unwrap();
    assert_eq!(object.data["spec"]["deletionPolicy"], json!("Retain"));

    // What waits for a broadcast to be live needs somebody who sends video.
    world
        .sim
        .set_live(world.stream_id("keynote").await, true)
        .unwrap();
    desk.play("docs/gitops.md").await;
}

#[tokio::test]
async fn the_path_for_webhooks_is_rotated_as_it_is_written() {
    let mut world = World::bare("book-webhooks").await;
    world.account(json!({})).await;
    world.start(&["--webhook-listen=127.0.0.1:0"]);
    world
        .until("StreamingAccount", "default", "a path", |object| {
            status_of(object)["webhookSecretName"].is_string()
        })
        .await;
    let path = async || {
        let secret = world.secrets().get("default-webhook").await.unwrap();
        let data = secret.data.unwrap();
        (data["path"].0.clone(), data.contains_key("previousPath"))
    };
    let first = path().await;
    let desk = Desk::new(&world);
    desk.play("docs/webhooks.md").await;
    world
        .until_true("there is a new path, and only that", async || {
            let now = path().await;
            now.0 != first.0 && !now.1
        })
        .await;
}
