//! The parts of the campaign that are tests of their own: they are run as anybody runs them, and what
//! they come to becomes rows of the same table.

use std::{process::Command, time::Instant};

use serde::Deserialize;

use crate::row::Row;

/// What stands before a row that a test prints.
const OWN: &str = "campaign-row: ";

/// How much of what went wrong is shown.
const LINES: usize = 80;

/// Tests that are a part.
struct Suite {
    part: &'static str,
    /// What `cargo test` is told to run.
    target: &'static [&'static str],
    /// Only tests with such names; empty: all.
    names: &'static [&'static str],
    /// What makes them thorough.
    setting: Option<(&'static str, &'static str)>,
}

const fn suite(
    part: &'static str,
    target: &'static [&'static str],
    names: &'static [&'static str],
) -> Suite {
    Suite {
        part,
        target,
        names,
        setting: None,
    }
}

/// The whole operator, on a real control plane.
const OPERATOR: &[&str] = &["--test", "operator"];

/// All of them, the longest last.
const SUITES: [Suite; 12] = [
    suite("views", OPERATOR, &["views::", "apiserver::", "mid_walk"]),
    suite("two operators", OPERATOR, &["leaders::"]),
    suite(
        "never twice",
        OPERATOR,
        &[
            "never_twice::",
            "deletion::",
            "edges::",
            "keys::",
            "vanished::",
        ],
    ),
    suite(
        "security",
        OPERATOR,
        &[
            "canary::",
            "tenants",
            "endpoints::",
            "rbac::",
            "hostile::",
            "plain_log::",
            "webhooks::",
        ],
    ),
    suite("Live Station", OPERATOR, &["live_station"]),
    suite("hostile answers", &["--test", "provider_gcore"], &[]),
    suite(
        "hostile answers, Live Station",
        &["--test", "provider_live_station"],
        &[],
    ),
    suite("panics", &["--test", "panics"], &[]),
    suite("fuzzing, kept inputs", &["--lib"], &["fuzzing"]),
    suite("model", &["--test", "model"], &[]),
    Suite {
        setting: Some(("SCHEMA", "wide")),
        ..suite("schema", &["--test", "schema"], &[])
    },
    Suite {
        setting: Some(("MASS_OBJECTS", "10000")),
        ..suite("mass", &["--test", "mass"], &[])
    },
];

/// A row as a test prints it.
#[derive(Debug, Deserialize)]
struct Told {
    part: String,
    points: usize,
    faults: usize,
    runs: usize,
    violations: usize,
}

/// What they came to, and what was wrong. `only`: the part of this name.
pub fn suites(only: Option<&str>) -> (Vec<Row>, Vec<String>) {
    let mut rows = Vec::new();
    let mut violations = Vec::new();
    for suite in SUITES
        .iter()
        .filter(|suite| only.is_none_or(|only| only == suite.part))
    {
        println!("{}: {}", suite.part, suite.typed());
        let begin = Instant::now();
        let (output, fine) = suite.run();
        let found = suite.rows(&output, fine, begin.elapsed().as_secs_f64());
        if found.iter().any(|row| row.violations > 0) {
            let lines: Vec<&str> = output.lines().collect();
            let tail = lines[lines.len().saturating_sub(LINES)..].join("\n");
            violations.push(format!("{}\n{tail}", suite.typed()));
        }
        rows.extend(found);
    }
    (rows, violations)
}

impl Suite {
    fn arguments(&self) -> Vec<&'static str> {
        let mut arguments = vec!["test", "--locked"];
        arguments.extend(self.target);
        arguments.extend(["--", "--nocapture"]);
        arguments.extend(self.names);
        arguments
    }

    /// What anybody can type to run it again.
    fn typed(&self) -> String {
        let setting = self.setting.map(|(name, value)| format!("{name}={value} "));
        let arguments = self.arguments().join(" ");
        format!("{}cargo {arguments}", setting.unwrap_or_default())
    }

    fn run(&self) -> (String, bool) {
        let output = Command::new("cargo")
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(self.arguments())
            .envs(self.setting)
            .output()
            .unwrap();
        let fine = output.status.success();
        let text = [output.stdout, output.stderr].concat();
        (String::from_utf8_lossy(&text).into_owned(), fine)
    }

    /// The rows that its tests printed; one that counts the tests where they printed none. A part that
    /// ended badly, or in which nothing ran, has a violation at least.
    fn rows(&self, output: &str, fine: bool, seconds: f64) -> Vec<Row> {
        let own = output.lines().filter_map(|line| {
            let told: Told = serde_json::from_str(line.split_once(OWN)?.1).ok()?;
            Some(Row {
                part: told.part,
                points: told.points,
                faults: told.faults,
                runs: told.runs,
                violations: told.violations,
                is_suite: true,
                ..Row::default()
            })
        });
        let mut rows: Vec<Row> = own.collect();
        let (passed, failed) = tests(output);
        if rows.is_empty() {
            rows.push(Row {
                part: format!("{}: tests", self.part),
                points: passed + failed,
                runs: passed + failed,
                violations: failed,
                is_suite: true,
                ..Row::default()
            });
        }
        let wrong: usize = rows.iter().map(|row| row.violations).sum();
        if let Some(row) = rows.last_mut() {
            row.seconds = seconds;
            if wrong == 0 && (!fine || passed == 0) {
                row.violations = 1;
            }
        }
        rows
    }
}

/// How many tests passed and failed, as their programs say at the end.
fn tests(output: &str) -> (usize, usize) {
    let mut sum = (0, 0);
    for line in output
        .lines()
        .filter(|line| line.starts_with("test result: "))
    {
        let count = |word: &str| {
            let before = line.split(word).next()?.trim_end();
            before.rsplit(' ').next()?.parse::<usize>().ok()
        };
        sum.0 += count(" passed").unwrap_or(0);
        sum.1 += count(" failed").unwrap_or(0);
    }
    sum
}
