//! Figures as text.

use super::figure::{Aim, Figure, Part};

/// A number with as many digits as it deserves.
pub fn number(value: f64) -> String {
    let size = value.abs();
    if value.fract() == 0.0 && size < 1e9 {
        thousands(value)
    } else if size >= 1000.0 {
        thousands(value.round())
    } else if size >= 100.0 {
        format!("{value:.0}")
    } else if size >= 10.0 {
        format!("{value:.1}")
    } else if size >= 0.1 {
        format!("{value:.2}")
    } else {
        format!("{value:.3}")
    }
}

fn thousands(whole: f64) -> String {
    let digits = format!("{:.0}", whole.abs());
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if whole < 0.0 {
        format!("-{text}")
    } else {
        text
    }
}

/// A number and its unit.
pub fn with_unit(value: f64, unit: &str) -> String {
    match unit {
        "" => number(value),
        "%" => format!("{} %", number(value)),
        unit => format!("{} {unit}", number(value)),
    }
}

/// The cells of a row: what, count, median, p99, spread, limit, ratio, aims.
pub fn cells(figure: &Figure) -> [String; 8] {
    let part = |part| figure.part(part).map_or("–".to_owned(), number);
    let many = figure.values.len() > 1;
    let of = match (figure.values.len(), figure.runs) {
        (values, 1) => values.to_string(),
        (values, runs) if values == runs => format!("{runs} runs"),
        (values, runs) => format!("{values} in {runs} runs"),
    };
    let median = figure
        .part(Part::Median)
        .map_or("–".to_owned(), |value| with_unit(value, &figure.unit));
    let p99 = if figure.values.len() >= 20 {
        part(Part::P99)
    } else {
        "–".to_owned()
    };
    let spread = match (many, figure.least(), figure.part(Part::Max)) {
        (true, Some(least), Some(most)) => format!("{} to {}", number(least), number(most)),
        _ => "–".to_owned(),
    };
    let limit = figure.limit.as_ref().map_or("–".to_owned(), |limit| {
        format!(
            "{}{}",
            word(limit.part),
            with_unit(limit.value, &figure.unit)
        )
    });
    let ratio = figure
        .ratio()
        .map_or("–".to_owned(), |ratio| format!("{ratio:.2}"));
    let aims: Vec<String> = figure
        .aims
        .iter()
        .map(|aim| verdict(figure, *aim))
        .collect();
    let aims = if aims.is_empty() {
        "–".to_owned()
    } else {
        aims.join(", ")
    };
    [
        figure.what.clone(),
        of,
        median,
        p99,
        spread,
        limit,
        ratio,
        aims,
    ]
}

fn word(part: Part) -> &'static str {
    match part {
        Part::Median | Part::Ratio => "",
        Part::P99 => "p99 ",
        Part::Max => "max ",
    }
}

/// `p99 ≤ 100: met`.
fn verdict(figure: &Figure, aim: Aim) -> String {
    let name = match aim.part {
        Part::Median if figure.values.len() > 1 => "p50 ",
        Part::Median | Part::Max if figure.values.len() == 1 => "",
        Part::Median => "",
        Part::P99 => "p99 ",
        Part::Max => "max ",
        Part::Ratio => "ratio ",
    };
    let met = if figure.meets(aim) { "met" } else { "MISSED" };
    format!("{name}≤ {}: {met}", number(aim.at_most))
}

/// A figure as one line.
pub fn line(figure: &Figure) -> String {
    let [what, of, median, p99, spread, limit, ratio, aims] = cells(figure);
    let mut line = format!("{what}: {median}");
    for (name, cell) in [
        ("p99", p99),
        ("spread", spread),
        ("of", of),
        ("limit", limit),
        ("ratio", ratio),
        ("aim", aims),
    ] {
        if cell != "–" && !(name == "of" && cell == "1") {
            line.push_str(&format!("; {name} {cell}"));
        }
    }
    for note in &figure.notes {
        line.push_str(&format!(" ({note})"));
    }
    line
}

/// All figures, in columns.
pub fn print(figures: &[Figure]) {
    let heads = ["", "of", "median", "p99", "spread", "limit", "ratio", "aim"];
    let mut rows = vec![heads.map(str::to_owned)];
    rows.extend(figures.iter().map(cells));
    let mut widths = [0; 8];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in &rows {
        let cells = row.iter().zip(widths);
        let padded: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        println!("{}", padded.join("  ").trim_end());
    }
}
