//! docs/performance.md and its charts, from the figures of a run.

mod bars;
mod charts;
mod lines;
mod rival;
mod svg;

use std::{fs, path::Path};

use super::{
    figure::{Figure, Part},
    report::Report,
    stats::count,
    table,
};

/// What people wrote; the rest comes from the run.
const TEMPLATE: &str = include_str!("page/performance.md");

/// Writes them.
pub fn write(report: &Report) {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let folder = docs.join("performance");
    fs::create_dir_all(&folder).unwrap();
    let page = TEMPLATE
        .replace("{{run}}", &run(report))
        .replace("{{settings}}", &settings(report))
        .replace("{{verdict}}", &verdict(report))
        .replace("{{figures}}", &figures(report))
        .replace("{{rival}}", &rival::table(report))
        .replace("{{lengths}}", &lengths(report));
    fs::write(docs.join("performance.md"), page).unwrap();
    for (name, chart) in charts::all(report) {
        fs::write(folder.join(name), chart).unwrap();
    }
    println!("docs/performance.md is written");
}

/// When, where, and with what.
fn run(report: &Report) -> String {
    let machine = &report.machine;
    let kind = match (report.quick, report.partial) {
        (_, true) => "some scenarios",
        (true, false) => "`make bench-quick`",
        (false, false) => "`make bench`",
    };
    format!(
        "The last run: {kind} on {} in {:.0} minutes, on {} cores of an {} with {:.0} GB, {}. livestream-operator {} at {} ({} build, {}), \
         kube-apiserver {} built with {}, etcd without fsync.",
        machine.date,
        report.seconds / 60.0,
        machine.cores,
        machine.processor,
        machine.memory_gb,
        machine.kernel,
        machine.operator,
        machine.commit,
        machine.build,
        machine.rustc,
        machine.kubernetes,
        machine.go
    )
}

fn settings(report: &Report) -> String {
    let writes = report
        .apiserver_writes
        .map_or("–".to_owned(), table::number);
    format!(
        "W, the best of three rounds of the bench's own generator in this run, is {writes} writes a second."
    )
}

/// How many aims are met, and which are not.
fn verdict(report: &Report) -> String {
    let aims = report
        .figures
        .iter()
        .flat_map(|figure| figure.aims.iter().map(move |aim| (figure, *aim)));
    let (met, missed): (Vec<_>, Vec<_>) = aims.partition(|(figure, aim)| figure.meets(*aim));
    let mut text = format!("{} aims are met, {} are missed", met.len(), missed.len());
    let end = if missed.is_empty() { "." } else { ":\n" };
    text.push_str(end);
    for (figure, aim) in missed {
        let value = match aim.part {
            Part::Ratio => format!(
                "{:.2} times the limit",
                figure.part(aim.part).unwrap_or(f64::NAN)
            ),
            part @ (Part::Median | Part::P99 | Part::Max) => {
                table::with_unit(figure.part(part).unwrap_or(f64::NAN), &figure.unit)
            }
        };
        text.push_str(&format!(
            "\n- {}: {value}, aim {}",
            figure.what,
            table::number(aim.at_most)
        ));
    }
    for broken in &report.broken {
        text.push_str(&format!("\n- not measured: {broken}"));
    }
    text
}

/// What a figure's id begins with, and what that is about.
const METRICS: [(&str, &str); 8] = [
    ("floor", "What this machine can do, without an operator"),
    ("a", "(a) How soon the provider is called"),
    ("b", "(b) How soon it is seen what happens outside"),
    ("c", "(c) How many calls and writes"),
    ("d", "(d) Many at once"),
    ("e", "(e) Memory, processor and sockets"),
    ("f", "(f) Restarts"),
    ("g", "(g) Fairness"),
];

/// Tables, metric by metric.
fn figures(report: &Report) -> String {
    let mut text = String::new();
    for (letter, title) in METRICS {
        let of_it = |figure: &&Figure| {
            let begin = figure.id.split('-').next().unwrap_or_default();
            begin == letter || letter.len() == 1 && begin.len() < 3 && begin.starts_with(letter)
        };
        let found: Vec<&Figure> = report.figures.iter().filter(of_it).collect();
        if !found.is_empty() {
            text.push_str(&format!("### {title}\n\n{}\n", metric(&found)));
        }
    }
    text.trim_end().to_owned()
}

/// One table, and what else was seen.
fn metric(figures: &[&Figure]) -> String {
    let mut text = String::from(
        "| | of | median | p99 | spread | limit | ratio | aim |\n|---|---|---|---|---|---|---|---|\n",
    );
    let mut notes = String::new();
    for figure in figures {
        let mut cells = table::cells(figure);
        let what = short(figure).to_owned();
        if let Some(limit) = figure
            .limit
            .as_ref()
            .filter(|limit| limit.from != "a count")
        {
            cells[5].push_str(&format!(" ({})", limit.from));
        }
        cells[0].clone_from(&what);
        let cells = cells.map(|cell| cell.replace('|', "\\|").replace("MISSED", "**missed**"));
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
        if !figure.notes.is_empty() {
            notes.push_str(&format!("- {what}: {}\n", figure.notes.join("; ")));
        }
    }
    if !notes.is_empty() {
        text.push_str(&format!("\n{notes}"));
    }
    text
}

/// What it is, without the letter that the heading has.
fn short(figure: &Figure) -> &str {
    let what = figure.what.as_str();
    let what = what.strip_prefix("floor: ").unwrap_or(what);
    match what.split_once(") ") {
        Some((letter, rest)) if letter.starts_with('(') => rest,
        _ => what,
    }
}

/// How long each scenario took.
fn lengths(report: &Report) -> String {
    let parts: Vec<String> = report
        .scenarios
        .iter()
        .map(|(name, seconds)| format!("{name} {seconds:.0} s"))
        .collect();
    parts.join(", ")
}

/// A figure's median as text.
fn median(report: &Report, id: &str) -> String {
    let found = report.get(id);
    let value = found.and_then(|figure| Some((figure.part(Part::Median)?, &figure.unit)));
    value.map_or("not measured".to_owned(), |(value, unit)| {
        table::with_unit(value, unit)
    })
}

/// A figure's part at each size that it was measured at.
fn by_size(report: &Report, prefix: &str, part: Part) -> Vec<(f64, f64)> {
    let found = report.figures.iter().filter_map(|figure| {
        let size: usize = figure.id.strip_prefix(prefix)?.parse().ok()?;
        Some((count(size), figure.part(part)?))
    });
    found.collect()
}
