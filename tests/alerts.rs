//! The alert rules and the dashboard that the chart ships: promtool finds them good, each alert fires and
//! is silent where it should, each has its entry in the runbook, and both ask only for what is served.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on ends"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

const RULES: &str = "charts/livestream-operator/files/alerts.yaml";
const TESTS: &str = "tests/prometheus/alerts.test.yaml";
const DASHBOARD: &str = "charts/livestream-operator/files/dashboard.json";
const METRICS: &str = "docs/metrics.md";
const RUNBOOK: &str = "docs/alerts.md";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

fn yaml(path: &str) -> Value {
    serde_saphyr::from_str(&text(path)).unwrap()
}

/// The rules, by the names of their alerts.
fn alerts() -> BTreeMap<String, Value> {
    let rules = yaml(RULES);
    let groups = rules["groups"].as_array().unwrap().iter();
    let all = groups.flat_map(|group| group["rules"].as_array().unwrap().clone());
    all.map(|rule| (rule["alert"].as_str().unwrap().to_owned(), rule))
        .collect()
}

/// Runs promtool in a folder that has the rules and their tests side by side.
fn promtool(arguments: &[&str]) {
    let build = Command::new(root().join("tests/prometheus/build.sh"))
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(build.status.success(), "promtool could not be built");
    let programs = PathBuf::from(String::from_utf8(build.stdout).unwrap().trim());
    let name = format!("promtool-{}-{}", arguments[0], std::process::id());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    fs::copy(root().join(RULES), folder.join("alerts.yaml")).unwrap();
    fs::copy(root().join(TESTS), folder.join("alerts.test.yaml")).unwrap();
    let run = Command::new(programs.join("promtool"))
        .args(arguments)
        .current_dir(&folder)
        .output()
        .unwrap();
    let told = [run.stdout, run.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(
        run.status.success(),
        "promtool {arguments:?}:\n{}",
        told.concat()
    );
    println!("{}", told.concat());
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn promtool_finds_the_rules_good() {
    promtool(&[
        "check",
        "rules",
        "--lint=all",
        "--lint-fatal",
        "alerts.yaml",
    ]);
}

#[test]
fn each_alert_fires_and_is_silent_as_its_tests_say() {
    promtool(&["test", "rules", "alerts.test.yaml"]);
}

#[test]
fn each_alert_has_a_test_in_which_it_fires_and_one_in_which_it_does_not() {
    let (mut fires, mut silent) = (BTreeSet::new(), BTreeSet::new());
    for test in yaml(TESTS)["tests"].as_array().unwrap() {
        for case in test["alert_rule_test"].as_array().unwrap() {
            let name = case["alertname"].as_str().unwrap().to_owned();
            let expected = case["exp_alerts"]
                .as_array()
                .is_some_and(|it| !it.is_empty());
            if expected { &mut fires } else { &mut silent }.insert(name);
        }
    }
    let all: BTreeSet<String> = alerts().into_keys().collect();
    assert_eq!((fires, silent), (all.clone(), all));
}

#[test]
fn each_alert_says_what_to_do_and_its_runbook_is_there() {
    let page = text(RUNBOOK);
    let headings = page.lines().filter_map(|line| line.strip_prefix("## "));
    let entries: BTreeSet<String> = headings
        .filter(|heading| heading.starts_with("Livestream"))
        .map(str::to_owned)
        .collect();
    assert_eq!(entries, alerts().into_keys().collect::<BTreeSet<_>>());
    for (name, rule) in alerts() {
        let severity = rule["labels"]["severity"].as_str().unwrap();
        assert!(["critical", "warning"].contains(&severity), "{name}");
        let (_, entry) = page.split_once(&format!("## {name}\n")).unwrap();
        let entry = entry.split("\n## ").next().unwrap();
        assert!(
            entry.contains(&format!("*{severity}*")),
            "the severity of {name}"
        );
        let notes = &rule["annotations"];
        for note in ["summary", "description"] {
            let words = notes[note].as_str().unwrap();
            assert!(words.len() > 20, "{name}: {note}");
        }
        let anchor = format!("{RUNBOOK}#{}", name.to_lowercase());
        assert_eq!(notes["runbook_url"], anchor);
    }
}

/// The names of metrics in a query.
fn names(query: &str) -> BTreeSet<String> {
    let words = query.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words
        .filter(|word| word.starts_with("livestream_operator_") || word.starts_with("process_"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn alerts_and_dashboard_ask_only_for_what_is_served() {
    // What the page has is what is served: tests/operator/metrics/documents.rs.
    let page = text(METRICS);
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let mut known = BTreeSet::new();
    for (name, rest) in rows.filter_map(|row| row.split_once("` | ")) {
        let suffixes: &[&str] = if rest.starts_with("histogram") {
            &["_bucket", "_count", "_sum"]
        } else {
            &[""]
        };
        known.extend(suffixes.iter().map(|suffix| format!("{name}{suffix}")));
    }
    let mut asked = BTreeSet::new();
    for rule in alerts().values() {
        asked.extend(names(rule["expr"].as_str().unwrap()));
    }
    let dashboard: Value = serde_json::from_str(&text(DASHBOARD)).unwrap();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            asked.extend(names(target["expr"].as_str().unwrap()));
            // Whoever imports it chooses the Prometheus.
            assert_eq!(target["datasource"]["uid"], "${datasource}");
        }
    }
    let unknown: Vec<_> = asked.difference(&known).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    assert!(asked.len() > 20, "{asked:?}");
    assert!(dashboard["schemaVersion"].as_i64() >= Some(39));
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    assert!(variables.iter().any(|it| it["type"] == "datasource"));
}
