//! The campaign: what can go wrong between the operator and the two servers that it calls, one call
//! at a time, on a real kube-apiserver and the simulator, with a real process that really dies.
//!
//! `cargo test --test campaign` makes some of the runs, other ones each time; `make campaign` all.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot go on ends"
)]
#![allow(
    clippy::similar_names,
    clippy::cmp_owned,
    clippy::wildcard_enum_match_arm,
    reason = "a test is a story, told from its beginning to its end"
)]

mod choice;
mod cli;
mod enumerate;
mod flow;
mod flows;
#[path = "../operator/harness/mod.rs"]
#[expect(dead_code, unused_imports, reason = "made for many tests")]
mod harness;
mod picture;
mod provider;
mod report;
mod row;
mod run;
mod stage;
mod suites;
mod verdict;

use std::{
    process::ExitCode,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::{
    choice::Choice,
    cli::{Enumerate, Everything, Part, Suites},
    enumerate::{BOUND, enumerate},
    report::Report,
    suites::suites,
};

/// How many runs are made where not all are wanted.
const SOME: usize = 150;

/// How many runs are made at once: they mostly wait.
const JOBS: usize = 12;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let part = match cli::typed(&arguments) {
        Some(cli) => cli.part,
        None if cli::others_are_meant(&arguments) => return ExitCode::SUCCESS,
        None => Part::Enumerate(Enumerate::default()),
    };
    // What breaks off is told by its run.
    std::panic::set_hook(Box::new(|_| {}));
    let begin = Instant::now();
    let report = match part {
        Part::Enumerate(wanted) => enumeration(&wanted),
        Part::Suites(wanted) => others(&wanted),
        Part::Everything(wanted) => everything(&wanted),
    };
    stage::over();
    report.tell(begin.elapsed())
}

/// The enumeration and all other parts.
fn everything(wanted: &Everything) -> Report {
    let mut report = enumeration(&wanted.enumerate);
    stage::over();
    let others = others(&Suites {
        part: None,
        docs: wanted.enumerate.docs,
    });
    report.rows.extend(others.rows);
    report.violations.extend(others.violations);
    report
}

/// The parts that are tests of their own.
fn others(wanted: &Suites) -> Report {
    let begin = Instant::now();
    let (rows, violations) = suites(wanted.part.as_deref());
    let report = Report {
        rows,
        violations,
        ..Report::default()
    };
    if wanted.docs {
        report.write(begin.elapsed());
    }
    report
}

fn enumeration(wanted: &Enumerate) -> Report {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = wanted.seed.unwrap_or(u64::from(now.subsec_nanos()));
    let choice = Choice {
        provider: wanted.provider,
        flow: wanted.flow.clone(),
        point: wanted.point.clone(),
        fault: wanted.fault,
        most: (!wanted.all).then_some(SOME),
        seed,
        list: wanted.list,
        jobs: wanted.jobs.unwrap_or(JOBS),
        bound: match wanted.minutes {
            Some(minutes) => Some(Duration::from_mins(minutes)),
            None => (!wanted.all).then_some(BOUND),
        },
    };
    println!("campaign: the seed is {seed}");
    let begin = Instant::now();
    let outcome = enumerate(&choice);
    let report = Report {
        seed: Some(seed),
        rows: outcome.rows,
        violations: outcome.violations,
        left_out: outcome.left_out,
        json: wanted.json.clone(),
    };
    if wanted.docs {
        report.write(begin.elapsed());
    }
    report
}
