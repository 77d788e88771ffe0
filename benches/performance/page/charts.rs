//! Which charts there are.

use super::{
    super::{figure::Part, report::Report},
    bars::{self, Panel},
    by_size,
    lines::{self, Series},
    rival,
};

/// File names and drawings.
pub fn all(report: &Report) -> Vec<(&'static str, String)> {
    vec![
        ("latency.svg", latency(report)),
        ("converge.svg", converge(report)),
        ("memory.svg", memory(report)),
        ("rival.svg", rival::chart(report)),
    ]
}

fn latency(report: &Report) -> String {
    let mut series = Vec::new();
    for (i, (prefix, what)) in [("a-create-", "apply → POST"), ("a-edit-", "edit → PATCH")]
        .into_iter()
        .enumerate()
    {
        for (part, word, colour) in [(Part::Median, "p50", 2 * i), (Part::P99, "p99", 2 * i + 1)] {
            series.push(Series {
                name: format!("{what}, {word}"),
                points: by_size(report, prefix, part),
                colour: Some(colour),
                dashed: false,
            });
        }
    }
    let sizes = by_size(report, "a-create-", Part::Median);
    let ends = || sizes.first().zip(sizes.last());
    for (name, value) in [("aim for p50", 15.0), ("aim for p99", 100.0)] {
        series.extend(flat(name, ends(), value));
    }
    if let Some(floor) = report
        .get("floor-create")
        .and_then(|f| f.part(Part::Median))
    {
        series.extend(flat("the same calls by hand, p50", ends(), floor));
    }
    let title = "How soon the provider is called, while so many objects exist";
    lines::chart(title, "ms", &series)
}

type Ends<'a> = Option<(&'a (f64, f64), &'a (f64, f64))>;

fn flat(name: &str, ends: Ends<'_>, value: f64) -> Option<Series> {
    let (first, last) = ends?;
    Some(Series {
        name: name.to_owned(),
        points: vec![(first.0, value), (last.0, value)],
        colour: None,
        dashed: true,
    })
}

fn converge(report: &Report) -> String {
    let mut series = Vec::new();
    for (i, (prefix, what)) in [
        ("d-40-", "40 calls/s"),
        ("d-100-", "100 calls/s"),
        ("d-unlimited-", "no limit that binds"),
    ]
    .into_iter()
    .enumerate()
    {
        let limits = report.figures.iter().filter_map(|figure| {
            let size: usize = figure.id.strip_prefix(prefix)?.parse().ok()?;
            Some((super::count(size), figure.limit.as_ref()?.value))
        });
        for (dashed, points) in [
            (false, by_size(report, prefix, Part::Median)),
            (true, limits.collect()),
        ] {
            series.push(Series {
                name: if dashed {
                    format!("{what}: limit")
                } else {
                    what.to_owned()
                },
                points,
                colour: Some(i),
                dashed,
            });
        }
    }
    let title = "Manifests applied at once → all Ready";
    lines::chart(title, "s", &series)
}

fn memory(report: &Report) -> String {
    let mut panels = Vec::new();
    for (prefix, title, unit, aim) in [
        ("e-memory-", "memory in use, by objects", "MB", Some(60.0)),
        ("e-object-", "for each object, by objects", "KB", Some(5.0)),
    ] {
        let figures = report.figures.iter().filter_map(|figure| {
            let size = figure.id.strip_prefix(prefix)?;
            let again = size.contains("-restarted");
            let name = size.replace("-restarted", " *");
            Some((name, figure.part(Part::Median)?, usize::from(again)))
        });
        let bars = figures.collect();
        panels.push(Panel {
            title: title.to_owned(),
            unit: unit.to_owned(),
            bars,
            aim,
        });
    }
    let title = "Memory (* after a restart; dashed: the aim at 10,000)";
    bars::chart(title, 2, &panels)
}
