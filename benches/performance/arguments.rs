//! What was typed.

use std::path::PathBuf;

use clap::Parser;

/// Measures the operator. `make bench` and `make bench-quick` call it.
#[derive(Debug, Parser)]
pub struct Arguments {
    /// Small sizes: some minutes instead of forty.
    #[arg(long)]
    pub quick: bool,

    /// Only scenarios whose name contains this; may be given several times. They are floors (always),
    /// calls, live-station, tutorial, hints, recordings, rest-on-air, burst-unlimited, burst-100, burst-40,
    /// while-live, fairness and population.
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,

    /// Where all values go.
    #[arg(long, default_value = concat!(env!("CARGO_TARGET_TMPDIR"), "/performance.json"), value_name = "FILE")]
    pub json: PathBuf,

    /// Write docs/performance.md and its charts.
    #[arg(long)]
    pub docs: bool,

    /// Measure nothing: write the page from values that were kept.
    #[arg(long, value_name = "FILE")]
    pub render: Option<PathBuf>,

    /// What cargo says to every benchmark.
    #[arg(long, hide = true)]
    pub bench: bool,
}
