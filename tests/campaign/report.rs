//! What a campaign came to, told at its end.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::Duration,
};

use serde_json::json;

use crate::{
    provider::At,
    row::{Row, table},
};

/// Between two lines of this name a table stands in docs/reliability.md, with the rows that belong into it.
type Place = (&'static str, fn(&Row) -> bool);

const TABLES: [Place; 3] = [
    ("campaign", |row| !row.is_suite && !at_second(row)),
    ("campaign at Live Station", |row| {
        !row.is_suite && at_second(row)
    }),
    ("campaign, other parts", |row| row.is_suite),
];

fn at_second(flow: &Row) -> bool {
    flow.part.starts_with(At::LiveStation.prefix())
}

/// What a campaign came to.
#[derive(Debug, Default)]
pub struct Report {
    /// Where the choice of the enumeration began.
    pub seed: Option<u64>,
    /// The table.
    pub rows: Vec<Row>,
    /// What was wrong.
    pub violations: Vec<String>,
    /// How many runs were left out as the time was over.
    pub left_out: usize,
    /// Where it is written.
    pub json: Option<PathBuf>,
}

impl Report {
    /// Tells it. A violation is a failure.
    pub fn tell(&self, took: Duration) -> ExitCode {
        let table = table(&self.rows);
        let words = self.words(took);
        println!("\n{table}\n\n{words}");
        if let Some(file) = &self.json {
            let text = json!({
                "seed": self.seed, "seconds": took.as_secs_f64(), "machine": machine(),
                "rows": self.rows, "violations": self.violations, "leftOut": self.left_out,
            });
            fs::write(file, serde_json::to_string_pretty(&text).unwrap()).unwrap();
        }
        if self.violations.is_empty() {
            return ExitCode::SUCCESS;
        }
        println!("{} violations:", self.violations.len());
        for violation in &self.violations {
            println!("{violation}");
        }
        ExitCode::FAILURE
    }

    /// Writes the tables of which there are rows into the documents.
    pub fn write(&self, took: Duration) {
        let words = self.words(took);
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reliability.md");
        let mut text = fs::read_to_string(&path).unwrap();
        for (name, belongs) in TABLES {
            let rows = self.rows.iter().filter(|row| belongs(row));
            let rows: Vec<Row> = rows.cloned().collect();
            if rows.is_empty() {
                continue;
            }
            let [begin, end] = ["", "/"].map(|slash| format!("<!-- {slash}{name} -->"));
            let (before, rest) = text.split_once(&begin).unwrap();
            let (_, after) = rest.split_once(&end).unwrap();
            text = format!("{before}{begin}\n{words}\n\n{}\n{end}{after}", table(&rows));
        }
        fs::write(&path, text).unwrap();
    }

    /// How long it took, on what, and what is missing of it.
    fn words(&self, took: Duration) -> String {
        let minutes = took.as_secs_f64() / 60.0;
        let seed = self.seed.map(|seed| format!("; seed {seed}"));
        let left = match self.left_out {
            0 => String::new(),
            left => format!(" {left} runs were left out: the time was over."),
        };
        format!(
            "{minutes:.0} minutes on {}{}; {} violations.{left}",
            machine(),
            seed.unwrap_or_default(),
            self.violations.len()
        )
    }
}

/// What this is measured on.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = Command::new("uname").arg("-srm").output();
    let kernel = kernel.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    format!("{cores} cores, {}", kernel.unwrap_or_default())
}
