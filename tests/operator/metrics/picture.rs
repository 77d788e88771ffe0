//! A picture of the dashboard: each panel's queries, as the real Prometheus of the test answered them. It
//! is drawn from those data, and is no screenshot of Grafana.

use std::fmt::Write as _;

use serde_json::Value;

use super::{dashboard::Panel, prometheus::Prometheus};

const COLUMNS: usize = 4;
const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 150.0;
/// The most lines of one panel.
const LINES: usize = 6;
const COLOURS: [&str; LINES] = [
    "#3b7dd8", "#e0752d", "#56a64b", "#b877d9", "#e02f44", "#8a8f98",
];
const STYLE: &str = "text{font:10px sans-serif;fill:#444}.t{font:bold 11px sans-serif;fill:#222}\
                     rect{fill:#fff;stroke:#ddd}polyline{fill:none;stroke-width:1.4}";

/// A line of a panel.
struct Line {
    name: String,
    points: Vec<(f64, f64)>,
}

/// Draws all panels, of the seconds between these.
pub async fn draw(prometheus: &Prometheus, panels: &[Panel], from: i64, to: i64) -> String {
    let rows = panels.len().div_ceil(COLUMNS);
    let (width, height) = (number(COLUMNS) * WIDTH, number(rows) * HEIGHT + 24.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n\
         <title>The panels of the dashboard, drawn from what Prometheus scraped in a test</title>\n<style>{STYLE}</style>\n"
    );
    for (at, panel) in panels.iter().enumerate() {
        let mut lines = Vec::new();
        for (query, legend) in &panel.queries {
            for row in prometheus.range(query, from, to, 1).await {
                lines.push(line(&row, legend));
            }
        }
        let (x, y) = (number(at % COLUMNS) * WIDTH, number(at / COLUMNS) * HEIGHT);
        frame(
            &mut svg,
            panel,
            &lines,
            (x, y),
            (number_of(from), number_of(to)),
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"4\" y=\"{}\">Drawn from the answers of a real Prometheus to the dashboard's own queries, {} s of a test with the simulator. \
         Not a screenshot of Grafana.</text>\n</svg>",
        height - 8.0,
        to - from
    );
    svg
}

fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(0.0, f64::from)
}

fn number_of(seconds: i64) -> f64 {
    seconds.to_string().parse().unwrap()
}

/// A row of a range, named as its legend says.
fn line(row: &Value, legend: &str) -> Line {
    let mut name = legend.to_owned();
    for (label, value) in row["metric"].as_object().into_iter().flatten() {
        name = name.replace(
            &format!("{{{{{label}}}}}"),
            value.as_str().unwrap_or_default(),
        );
    }
    let points = row["values"].as_array().into_iter().flatten();
    let points = points.filter_map(|point| {
        let value = point[1].as_str()?.parse::<f64>().ok()?;
        Some((point[0].as_f64()?, value)).filter(|_| value.is_finite())
    });
    Line {
        name,
        points: points.collect(),
    }
}

/// Draws one panel at a place.
fn frame(svg: &mut String, panel: &Panel, lines: &[Line], at: (f64, f64), time: (f64, f64)) {
    let (x, y) = at;
    let (left, top, right, bottom) = (x + 8.0, y + 22.0, x + WIDTH - 12.0, y + HEIGHT - 34.0);
    let most = lines
        .iter()
        .flat_map(|line| &line.points)
        .map(|(_, value)| *value);
    let most = most.fold(0.0, f64::max);
    let _ = writeln!(
        svg,
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n<text class=\"t\" x=\"{}\" y=\"{}\">{}</text>\n\
         <text x=\"{right}\" y=\"{}\" text-anchor=\"end\">max {} {}</text>",
        x + 2.0,
        y + 2.0,
        WIDTH - 4.0,
        HEIGHT - 4.0,
        x + 8.0,
        y + 15.0,
        plain(&panel.title),
        y + 15.0,
        short(most),
        plain(panel.unit.trim_start_matches("none")),
    );
    for (n, line) in lines.iter().take(LINES).enumerate() {
        let mut points = String::new();
        for (seconds, value) in &line.points {
            let across = (seconds - time.0) / (time.1 - time.0).max(1.0);
            let up = if most > 0.0 { value / most } else { 0.0 };
            let _ = write!(
                points,
                "{:.1},{:.1} ",
                left + across * (right - left),
                bottom - up * (bottom - top)
            );
        }
        let colour = COLOURS[n];
        let (column, row) = (number(n % 3), number(n / 3));
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" stroke=\"{colour}\"/>\n<text x=\"{}\" y=\"{}\" style=\"fill:{colour}\">{}</text>",
            points.trim_end(),
            left + column * 96.0,
            bottom + 12.0 + row * 12.0,
            plain(&line.name.chars().take(17).collect::<String>()),
        );
    }
    if lines.len() > LINES {
        let _ = writeln!(
            svg,
            "<text x=\"{right}\" y=\"{}\" text-anchor=\"end\">+{}</text>",
            y + HEIGHT - 7.0,
            lines.len() - LINES
        );
    }
}

fn short(value: f64) -> String {
    if value >= 1_000_000.0 {
        format!("{:.1} M", value / 1_000_000.0)
    } else if value >= 10.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}

fn plain(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
