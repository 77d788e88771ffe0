//! What was typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::{
    harness::proxy::{Fault, Point},
    provider::At,
};

/// What can go wrong between the operator and the two servers that it calls, one call at a time.
#[derive(Debug, Parser)]
#[command(name = "campaign")]
pub struct Cli {
    /// Which part.
    #[command(subcommand)]
    pub part: Part,
}

/// The parts.
#[derive(Debug, Subcommand)]
pub enum Part {
    /// Each flow again, with one fault at one call.
    Enumerate(Enumerate),
    /// The parts that are tests of their own.
    Suites(Suites),
    /// Both.
    Everything(Everything),
}

/// Which of the parts that are tests of their own.
#[derive(Clone, Debug, Default, Args)]
pub struct Suites {
    /// Only this one.
    #[arg(long)]
    pub part: Option<String>,
    /// Write the table into docs/reliability.md, too.
    #[arg(long)]
    pub docs: bool,
}

/// The whole campaign.
#[derive(Clone, Debug, Default, Args)]
pub struct Everything {
    /// Which runs of the enumeration.
    #[command(flatten)]
    pub enumerate: Enumerate,
}

/// Which runs of the enumeration.
#[derive(Clone, Debug, Default, Args)]
pub struct Enumerate {
    /// All of them; otherwise some, from another place each time.
    #[arg(long)]
    pub all: bool,
    /// Only of flows at this provider.
    #[arg(long)]
    pub provider: Option<At>,
    /// Only of this flow.
    #[arg(long)]
    pub flow: Option<String>,
    /// Only at this call: ROUTE#N.
    #[arg(long)]
    pub point: Option<Point>,
    /// Only with this fault.
    #[arg(long, value_parser = fault)]
    pub fault: Option<Fault>,
    /// Only list the calls of each flow.
    #[arg(long)]
    pub list: bool,
    /// Where the choice begins. Said at the start of each campaign.
    #[arg(long)]
    pub seed: Option<u64>,
    /// None is begun after so many minutes.
    #[arg(long)]
    pub minutes: Option<u64>,
    /// How many runs at once.
    #[arg(long)]
    pub jobs: Option<usize>,
    /// Write the table into docs/reliability.md, too.
    #[arg(long)]
    pub docs: bool,
    /// Write the table into this file, too.
    #[arg(long)]
    pub json: Option<PathBuf>,
}

fn fault(name: &str) -> Result<Fault, String> {
    let found = Fault::ALL.into_iter().find(|fault| fault.name() == name);
    let names = Fault::ALL.map(Fault::name).join(", ");
    found.ok_or_else(|| format!("no such fault; there are {names}"))
}

/// What was typed, or `None`: nothing that is meant for this program. `cargo test` gives its own
/// flags, and the names of tests, to every test program.
pub fn typed(arguments: &[String]) -> Option<Cli> {
    let known = ["enumerate", "suites", "everything", "help", "--help", "-h"];
    let ours = arguments
        .get(1)
        .is_some_and(|it| known.contains(&it.as_str()));
    ours.then(|| Cli::parse_from(arguments))
}

/// Whether `cargo test` wants other tests than this: it lists them, or filters by another name.
pub fn others_are_meant(arguments: &[String]) -> bool {
    let mut names = Vec::new();
    let mut rest = arguments.iter().skip(1);
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--list" => return true,
            "--test-threads" | "--skip" | "--format" | "--color" | "--logfile" | "-Z" => {
                rest.next();
            }
            flag if flag.starts_with('-') => {}
            name => names.push(name),
        }
    }
    !names.is_empty() && !names.iter().any(|name| "campaign".contains(name))
}
