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
mod row;
mod run;
mod stage;
mod verdict;

use std::{
    fs,
    process::{Command, ExitCode},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::{
    choice::Choice,
    cli::{Enumerate, Part},
    enumerate::{BOUND, enumerate},
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
    let ended = match part {
        Part::Enumerate(wanted) => enumeration(wanted),
    };
    stage::over();
    ended
}

fn enumeration(wanted: Enumerate) -> ExitCode {
    let begin = Instant::now();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = wanted.seed.unwrap_or(u64::from(now.subsec_nanos()));
    let choice = Choice {
        flow: wanted.flow,
        point: wanted.point,
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
    let outcome = enumerate(&choice);
    println!("\n{}\n", row::table(&outcome.rows));
    println!("{:.0} s on {}", begin.elapsed().as_secs_f64(), machine());
    if outcome.left_out > 0 {
        println!("{} runs were left out: the time was over", outcome.left_out);
    }
    if let Some(file) = wanted.json {
        let text = serde_json::json!({
            "seed": seed, "seconds": begin.elapsed().as_secs_f64(), "machine": machine(),
            "rows": outcome.rows, "violations": outcome.violations, "leftOut": outcome.left_out,
        });
        fs::write(file, serde_json::to_string_pretty(&text).unwrap()).unwrap();
    }
    if outcome.violations.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("{} violations:", outcome.violations.len());
    for violation in &outcome.violations {
        println!("{violation}");
    }
    ExitCode::FAILURE
}

/// What this is measured on.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = Command::new("uname").arg("-srm").output();
    let kernel = kernel.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    format!("{cores} cores, {}", kernel.unwrap_or_default())
}
