//! What a part of the campaign came to, as a row of its table.

use serde::Serialize;

/// One row.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Which part, and which flow of it.
    pub part: String,
    /// A part that is a test of its own, and no flow.
    pub is_suite: bool,
    /// How many calls the flow makes.
    pub points: usize,
    /// How many kinds of faults there were.
    pub faults: usize,
    /// How many runs were made.
    pub runs: usize,
    /// In how many of them the fault never came, because its call was not made.
    pub not_reached: usize,
    /// How many were wrong.
    pub violations: usize,
    /// How long they took together.
    pub seconds: f64,
}

const HEADS: [&str; 7] = [
    "part",
    "points",
    "faults",
    "runs",
    "not reached",
    "violations",
    "seconds a run",
];

impl Row {
    fn cells(&self) -> [String; 7] {
        #[expect(clippy::cast_precision_loss, reason = "some thousands of runs")]
        let each = self.seconds / self.runs.max(1) as f64;
        [
            self.part.clone(),
            self.points.to_string(),
            self.faults.to_string(),
            self.runs.to_string(),
            self.not_reached.to_string(),
            self.violations.to_string(),
            format!("{each:.1}"),
        ]
    }

    fn add(mut self, other: &Self) -> Self {
        self.points += other.points;
        self.faults = self.faults.max(other.faults);
        self.runs += other.runs;
        self.not_reached += other.not_reached;
        self.violations += other.violations;
        self.seconds += other.seconds;
        self
    }
}

/// The rows and their sum, as a Markdown table.
pub fn table(rows: &[Row]) -> String {
    let sum = Row {
        part: "all".to_owned(),
        ..Row::default()
    };
    let sum = rows.iter().fold(sum, Row::add);
    let cells: Vec<[String; 7]> = std::iter::once(HEADS.map(str::to_owned))
        .chain(rows.iter().chain([&sum]).map(Row::cells))
        .collect();
    let width = |column: usize| cells.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: [usize; 7] = std::array::from_fn(width);
    let line = |row: &[String; 7]| {
        let cells = row.iter().zip(widths).enumerate();
        let cells = cells.map(|(at, (cell, width))| {
            if at == 0 {
                format!("{cell:<width$}")
            } else {
                format!("{cell:>width$}")
            }
        });
        format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
    };
    let mut lines: Vec<String> = cells.iter().map(line).collect();
    let rule = widths.iter().enumerate().map(|(at, width)| {
        let dashes = "-".repeat(width + 1);
        if at == 0 {
            format!(":{dashes}")
        } else {
            format!("{dashes}:")
        }
    });
    lines.insert(1, format!("|{}|", rule.collect::<Vec<_>>().join("|")));
    lines.join("\n")
}
