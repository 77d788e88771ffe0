//! What it was measured on, and with what.

use std::{fs, process::Command};

use serde::{Deserialize, Serialize};

use super::control_plane::control_plane;

/// The machine and the versions.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    pub date: String,
    pub cores: usize,
    pub processor: String,
    pub memory_gb: f64,
    pub kernel: String,
    pub kubernetes: String,
    pub go: String,
    pub rustc: String,
    pub operator: String,
    pub commit: String,
    pub build: String,
}

/// The first line that a program prints.
fn says(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let text = text.unwrap_or_default();
    text.lines().next().unwrap_or("unknown").trim().to_owned()
}

/// What comes after a word at the begin of a line of a file.
fn field(file: &str, key: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    let value = line.map(|text| text.trim_start_matches(['\t', ' ', ':']));
    value.unwrap_or("unknown").to_owned()
}

impl Machine {
    /// This one.
    pub fn new() -> Self {
        let memory = field("/proc/meminfo", "MemTotal");
        let kilobytes: f64 = memory.trim_end_matches(" kB").parse().unwrap_or(f64::NAN);
        let kubectl = control_plane().binary.with_file_name("kubectl");
        let changed = !Command::new("git")
            .args(["diff", "--quiet", "HEAD", "--", "src"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status()
            .is_ok_and(|status| status.success());
        let kubernetes = says(&kubectl.to_string_lossy(), &["version", "--client"]);
        Self {
            date: says("date", &["-u", "+%Y-%m-%d"]),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            processor: field("/proc/cpuinfo", "model name"),
            memory_gb: kilobytes / 1024.0 / 1024.0,
            kernel: says("uname", &["-sr"]),
            kubernetes: kubernetes.trim_start_matches("Client Version: ").to_owned(),
            go: says("go", &["env", "GOVERSION"]),
            rustc: says("rustc", &["--version"]),
            operator: env!("CARGO_PKG_VERSION").to_owned(),
            commit: format!(
                "{}{}",
                says("git", &["rev-parse", "--short", "HEAD"]),
                if changed { " with changes" } else { "" }
            ),
            build: if cfg!(debug_assertions) {
                "debug".to_owned()
            } else {
                "release".to_owned()
            },
        }
    }
}
