//! The git repository that Argo CD follows: examples/gitops as it stands, but for the addresses.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

/// A way to apply and compare, of those that Argo CD has.
pub struct SyncOptions {
    /// In names.
    pub word: &'static str,
    pub options: &'static [&'static str],
    /// The annotation of the Application that says how to compare.
    pub compare: Option<&'static str>,
}

/// All of them that matter to custom resources.
pub const SYNC_OPTIONS: [SyncOptions; 3] = [
    SyncOptions {
        word: "default",
        options: &[],
        compare: None,
    },
    SyncOptions {
        word: "ssa",
        options: &["ServerSideApply=true"],
        compare: None,
    },
    SyncOptions {
        word: "ssd",
        options: &["ServerSideApply=true"],
        compare: Some("ServerSideDiff=true"),
    },
];

/// A repository in a folder.
pub struct Repository {
    folder: PathBuf,
}

impl Repository {
    /// A new one with the examples. The simulator is the provider, and the event is there once for each
    /// way to apply, in a namespace of its own.
    pub fn new(endpoint: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("gitops-repository-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let this = Self { folder };
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/gitops");
        this.copy(&examples, Path::new("examples/gitops"), endpoint);
        let event = this.read("examples/gitops/apps/keynote.yaml");
        this.remove("examples/gitops/apps/keynote.yaml");
        for SyncOptions {
            word,
            options,
            compare,
        } in SYNC_OPTIONS
        {
            let name = format!("keynote-{word}");
            let mut application: Value = serde_saphyr::from_str(&event).unwrap();
            application["metadata"]["name"] = json!(name);
            application["spec"]["destination"]["namespace"] = json!(name);
            application["spec"]["source"]["path"] = json!(format!("examples/gitops/{name}"));
            let all = application["spec"]["syncPolicy"]["syncOptions"]
                .as_array_mut()
                .unwrap();
            all.extend(options.iter().map(|option| json!(option)));
            if let Some(compare) = compare {
                application["metadata"]["annotations"] =
                    json!({"argocd.argoproj.io/compare-options": compare});
            }
            let text = serde_json::to_string_pretty(&application).unwrap();
            this.write(&format!("examples/gitops/apps/{name}.json"), &text);
            this.copy(
                &examples.join("keynote"),
                Path::new(&format!("examples/gitops/{name}")),
                endpoint,
            );
        }
        this.git(&["init", "--quiet", "--initial-branch=main"]);
        this
    }

    /// A file of it.
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.folder.join(path)).unwrap()
    }

    /// Writes a file.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Replaces a text that is there.
    pub fn edit(&self, path: &str, old: &str, new: &str) {
        let text = self.read(path);
        assert!(text.contains(old), "{path} has no {old}");
        self.write(path, &text.replace(old, new));
    }

    /// Takes a file out.
    pub fn remove(&self, path: &str) {
        fs::remove_file(self.folder.join(path)).unwrap();
    }

    /// Commits all, and returns the commit's id.
    pub fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
        self.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    fn copy(&self, from: &Path, to: &Path, endpoint: &str) {
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let to = to.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                self.copy(&entry.path(), &to, endpoint);
                continue;
            }
            let text = fs::read_to_string(entry.path())
                .unwrap()
                .replace(
                    "https://git.example.com/video/streams.git",
                    &format!("file://{}", self.folder.display()),
                )
                .replace("https://api.gcore.com", endpoint)
                .replace("requestsPerSecond: 4", "requestsPerSecond: 500")
                .replace("pollIntervalSeconds: 60", "pollIntervalSeconds: 1");
            self.write(to.to_str().unwrap(), &text);
        }
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args([
                "-c",
                "user.name=A person",
                "-c",
                "user.email=person@example.com",
                "-c",
                "commit.gpgsign=false",
            ])
            .args(arguments)
            .current_dir(&self.folder)
            .output()
            .expect("git is needed: Argo CD reads a repository");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}
