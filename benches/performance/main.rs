//! `make bench`: how fast, how much and how often, beside what physics allows.
//!
//! A real control plane, the operator as it is shipped and the simulated provider, each a process of
//! its own, on loopback. Counts that are wrong make it fail; seconds and bytes never do.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a measurement that cannot be made ends"
)]
#![allow(
    clippy::too_many_lines,
    clippy::similar_names,
    reason = "a scenario is a story, told from its beginning to its end"
)]
#![allow(
    clippy::format_push_string,
    reason = "a page is put together once, after everything was measured"
)]

mod arguments;
mod audit;
mod bench;
mod board;
mod clock;
mod cluster;
#[path = "../../tests/operator/harness/control_plane.rs"]
mod control_plane;
mod figure;
mod machine;
mod operator;
mod page;
mod plan;
mod process;
mod provider;
mod report;
mod scenarios;
mod stats;
mod table;
mod world;

use std::{fs, process::ExitCode};

use clap::Parser as _;

use self::{arguments::Arguments, bench::Bench, report::Report};

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(file) = &arguments.render {
        let text = fs::read_to_string(file).unwrap();
        let report: Report = serde_json::from_str(&text).unwrap();
        table::print(&report.figures);
        page::write(&report);
        return ExitCode::SUCCESS;
    }
    rustls::crypto::ring::default_provider()
        .install_default()
        .unwrap();
    let report = Bench::run(&arguments).await;
    println!();
    table::print(&report.figures);
    let json = serde_json::to_string_pretty(&report).unwrap();
    fs::write(&arguments.json, json).unwrap();
    println!("\nall values: {}", arguments.json.display());
    if arguments.docs {
        page::write(&report);
    }
    for broken in &report.broken {
        println!("not measured: {broken}");
    }
    for figure in report.figures.iter().filter(|figure| figure.is_wrong()) {
        println!("wrong: {}", table::line(figure));
    }
    if report.is_right() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
