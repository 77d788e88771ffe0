//! The commands that the pages tell people to type: which tests play them, and which none does.

/// Pages whose commands `tests/operator/book.rs` plays, all but those of [`NOT_PLAYED`].
pub const PLAYED: [&str; 9] = [
    "docs/first-stream.md",
    "docs/tutorial.md",
    "docs/conditions.md",
    "docs/accounts.md",
    "docs/broadcasts.md",
    "docs/gitops.md",
    "docs/recordings.md",
    "docs/troubleshooting.md",
    "docs/webhooks.md",
];

/// A page, the beginning of a command on it, and why `tests/operator/book.rs` does not play it.
pub const NOT_PLAYED: &[(&str, &str, &str)] = &[
    ("docs/tutorial.md", "make up", "the test brings its own"),
    (
        "docs/tutorial.md",
        "export KUBECONFIG",
        "the test brings its own",
    ),
    ("docs/tutorial.md", "make down", "the test brings its own"),
    (
        "docs/high-availability.md",
        "livestream-operator run --lease",
        "tests/operator/leaders.rs starts it so",
    ),
    (
        "docs/gitops.md",
        "helm upgrade argo-cd",
        "tests/argo_cd puts the same values into the same ConfigMap",
    ),
    (
        "docs/gitops.md",
        "kubectl create",
        "tests/argo_cd creates the same for a real Argo CD",
    ),
    (
        "docs/gitops.md",
        "kubectl apply -f examples/gitops/app-of-apps.yaml",
        "tests/argo_cd applies it to a real Argo CD",
    ),
    (
        "docs/performance.md",
        "make bench",
        "it takes half an hour; CI builds it, and people run it",
    ),
    (
        "docs/reliability.md",
        "make campaign",
        "it takes more than an hour; `cargo test` runs a part of it",
    ),
    (
        "docs/reliability.md",
        "cargo test --test campaign",
        "it takes half an hour; `cargo test` runs a part of it",
    ),
    (
        "docs/security.md",
        "make fuzz",
        "needs cargo-fuzz and a nightly toolchain",
    ),
    (
        "docs/security.md",
        "FUZZ_SECONDS=600 make fuzz",
        "needs cargo-fuzz and a nightly toolchain",
    ),
    ("README.md", "make demo", "CI runs it"),
    ("README.md", "make test", "CI runs it"),
    ("README.md", "helm install", "tests/chart installs it so"),
    (
        "README.md",
        "kubectl",
        "the same as in docs/first-stream.md, which is played",
    ),
];

/// The commands of a page: what stands behind `$ ` in blocks `console`, without remarks.
pub fn commands(page: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let (mut inside, mut goes_on) = (false, false);
    for line in page.lines().map(str::trim) {
        if line.starts_with("```") {
            inside = line == "```console";
            goes_on = false;
            continue;
        }
        let Some(part) = (if goes_on {
            Some(line)
        } else {
            line.strip_prefix("$ ")
        })
        .filter(|_| inside) else {
            continue;
        };
        let part = part.split("   #").next().unwrap_or(part).trim_end();
        let text = part.trim_end_matches('\\').trim_end();
        match found.last_mut().filter(|_| goes_on) {
            Some(command) => {
                command.push(' ');
                command.push_str(text);
            }
            None => found.push(text.to_owned()),
        }
        goes_on = part.ends_with('\\');
    }
    found
}

/// The entry of [`NOT_PLAYED`] for a command of a page; `None` where it is to be played.
pub fn not_played(
    page: &str,
    command: &str,
) -> Option<&'static (&'static str, &'static str, &'static str)> {
    NOT_PLAYED
        .iter()
        .find(|(of, beginning, _)| *of == page && command.starts_with(beginning))
}
