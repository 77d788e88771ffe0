//! What documents say of tests is so: each test that they name exists. And each command that they tell
//! people to type is played by a test, or it is said why not.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

#[path = "operator/book/commands.rs"]
mod commands;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use self::commands::{NOT_PLAYED, PLAYED, commands, not_played};

/// The map of scenarios. (`tests/security_page.rs` looks after the other one.)
const MAP: &str = "docs/reliability.md";

/// Pages that have tests of their own, which look after their commands.
const ELSEWHERE: [&str; 5] = [
    "docs/install.md",
    "docs/upgrade.md",
    "docs/image.md",
    "docs/metrics.md",
    "docs/alerts.md",
];

/// The words between backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The file of a test: `never_twice`, `webhooks/attacks` and `tests/provider_gcore/faults` are possible.
fn file_of(root: &Path, place: &str) -> Option<String> {
    let whole = [
        format!("tests/operator/{place}.rs"),
        format!("{place}.rs"),
        format!("tests/{place}.rs"),
    ];
    whole
        .iter()
        .find_map(|path| fs::read_to_string(root.join(path)).ok())
}

#[test]
fn each_test_that_the_map_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join(MAP)).unwrap();
    let mut named = 0;
    let mut missing = Vec::new();
    for word in quoted(&text) {
        if let Some((place, name)) = word.rsplit_once("::").filter(|it| !it.0.is_empty()) {
            named += 1;
            let file = file_of(root, place);
            if !file.is_some_and(|file| file.contains(&format!("fn {name}("))) {
                missing.push(word);
            }
        } else if Path::new(word).extension().is_some_and(|it| it == "rs")
            && !root.join(word).exists()
        {
            missing.push(word);
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(named > 50, "only {named} tests are named");
}

#[test]
fn each_scenario_has_its_row() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join(MAP)).unwrap();
    for number in 1..=34 {
        let row = format!("| R{number} |");
        assert!(text.contains(&row), "there is no row {row}");
    }
}

/// All pages, as paths in the repository.
fn pages(root: &Path, folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(root.join(folder)).unwrap() {
        let path: PathBuf = folder.join(entry.unwrap().file_name());
        if root.join(&path).is_dir() {
            pages(root, &path, found);
        } else if path.extension().is_some_and(|it| it == "md") {
            found.push(path.to_string_lossy().into_owned());
        }
    }
}

#[test]
fn each_command_is_played_or_it_is_said_why_not() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = vec!["README.md".to_owned()];
    pages(root, Path::new("docs"), &mut found);
    let (mut played, mut excused, mut open) = (0, BTreeSet::new(), Vec::new());
    for page in found.iter().map(String::as_str) {
        let text = fs::read_to_string(root.join(page)).unwrap();
        for command in commands(&text) {
            if let Some(entry) = not_played(page, &command) {
                excused.insert(entry);
            } else if PLAYED.contains(&page) {
                played += 1;
            } else if !ELSEWHERE.contains(&page) {
                open.push(format!("{page}: {command}"));
            }
        }
    }
    assert!(open.is_empty(), "no test plays {open:#?}");
    assert!(played > 50, "only {played} commands are played");
    let tests = fs::read_to_string(root.join("tests/operator/book.rs")).unwrap();
    for page in PLAYED {
        assert!(
            tests.contains(&format!("\"{page}\"")),
            "no test plays {page}"
        );
    }
    for entry in NOT_PLAYED {
        assert!(excused.contains(entry), "no page has {entry:?} any more");
    }
}

#[test]
fn commands_are_found_without_what_they_print() {
    let page = "```console\n$ one   # a remark\nprinted\n$ two \\\n    three\n```\n\n$ four\n\n```yaml\n$ five\n```\n   ```console\n   $ six\n   ```\n";
    assert_eq!(commands(page), ["one", "two three", "six"]);
}

/// A figure of the README, and the beginning of the row that it is taken from.
const FIGURES: [(&str, &str, &str); 5] = [
    (
        "47 MB",
        "docs/performance.md",
        "| memory in use, 10,000 objects | 1 | 46.6 MB |",
    ),
    (
        "0.75 % of a core",
        "docs/performance.md",
        "| share of a core, 10,000 objects at rest for 180 s | 1 | 0.75 % |",
    ),
    (
        "apply → call 8 ms",
        "docs/performance.md",
        "| apply → POST arrives, beside 0 objects | 100 | 8.23 ms |",
    ),
    (
        "encoder on → status 12 ms",
        "docs/performance.md",
        "| encoder on → status.live in a watch, by webhook | 200 | 11.5 ms |",
    ),
    (
        "Of 89 aims 73 are met",
        "docs/performance.md",
        "73 aims are met, 16 are missed",
    ),
];

/// Whoever measures again writes the README again.
#[test]
fn the_figures_of_the_readme_are_those_of_the_pages() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |page: &str| fs::read_to_string(root.join(page)).unwrap();
    let readme = read("README.md");
    for (figure, page, row) in FIGURES {
        assert!(readme.contains(figure), "README.md no longer says {figure}");
        assert!(
            read(page).contains(row),
            "{page} no longer says {row:?}, which README.md (and docs/index.md) has as {figure:?}"
        );
    }
}

/// The rows of the campaign's tables of flows, and their sums.
#[test]
fn the_runs_of_the_readme_are_those_of_the_campaign() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |page: &str| fs::read_to_string(root.join(page)).unwrap();
    let map = read(MAP);
    let (mut flows, mut runs) = (0, 0);
    for table in ["campaign", "campaign at Live Station"] {
        let (_, rest) = map.split_once(&format!("<!-- {table} -->")).unwrap();
        let (table, _) = rest.split_once(&format!("<!-- /{table} -->")).unwrap();
        let rows = table
            .lines()
            .map(|line| line.split('|').map(str::trim).collect());
        let of_flows = rows.take_while(|row: &Vec<&str>| row.get(1) != Some(&"all"));
        let before = flows;
        for row in of_flows.filter(|row| row.len() == 9) {
            if let (Ok(of_flow), Ok(wrong)) = (row[4].parse::<u32>(), row[6].parse::<u32>()) {
                flows += 1;
                runs += of_flow;
                assert_eq!(wrong, 0, "README.md says that there was none");
            }
        }
        assert!(flows > before, "a table has no flow");
    }
    let said = format!("{},{:03} runs", runs / 1000, runs % 1000);
    for page in ["README.md", "docs/index.md"] {
        assert!(read(page).contains(&said), "{page} does not say {said}");
    }
    let readme = read("README.md");
    let said = format!("{flows} flows");
    assert!(readme.contains(&said), "README.md does not say {said}");
}
