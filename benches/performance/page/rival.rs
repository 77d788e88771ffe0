//! The nearest rival's figures, which were measured once, beside ours.

use super::{
    super::{figure::Part, report::Report},
    bars::{self, Panel},
    median,
};

/// What, its figures with its default flags and with a hundred reconciles a second, and ours: ids,
/// and what each is of.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

const ROWS: [Row; 11] = [
    (
        "one object: calls at the provider",
        "4",
        "",
        &[("c1-create", "")],
    ),
    (
        "one object: writes at the apiserver",
        "16: 10 on the object, 5 for its configuration, 1 Event",
        "",
        &[("c1-create-writes", "")],
    ),
    (
        "apply → first call",
        "about 150 ms, the first object",
        "",
        &[
            ("a-create-0", "median beside 0"),
            ("a-create-1000", "beside 1,000"),
        ],
    ),
    (
        "1,000 at once: until all are ready",
        "331.6 s",
        "never: 707 ready, 293 stuck; its last POST after 78 s",
        &[
            ("d-unlimited-1000", "without limit"),
            ("d-100-1000", "at 100/s"),
            ("d-40-1000", "at 40/s"),
        ],
    ),
    (
        "1,000 at once: streams beyond one each",
        "132",
        "896",
        &[("d-unlimited-duplicates", "in all bursts without limit")],
    ),
    (
        "memory, no object",
        "43.9 MB",
        "44.3 MB",
        &[("e-memory-0", "")],
    ),
    (
        "memory, 1,000 objects",
        "212 MB",
        "382 MB",
        &[("e-memory-1000", "")],
    ),
    (
        "open files or sockets, 1,000 objects",
        "3,557, and 590 more each minute",
        "8,152",
        &[
            ("e-sockets-1000", "sockets"),
            ("e-sockets-10000", "sockets, 10,000 objects"),
        ],
    ),
    (
        "at rest, 1,000 objects: writes at the apiserver",
        "19.7/s",
        "27.7/s",
        &[
            ("c4-1000", "in all"),
            ("c4-10000", "in all, 10,000 objects"),
        ],
    ),
    (
        "at rest, 1,000 objects: share of a core",
        "8.5 %",
        "9.2 %",
        &[("e-cpu-1000", ""), ("e-cpu-10000", "10,000 objects")],
    ),
    (
        "edit → PATCH, 1,000 objects",
        "median 26 ms, p90 19.9 s, most over 40 s",
        "not measured",
        &[("a-edit-1000", "median, one after the other")],
    ),
];

/// Beside ours.
pub fn table(report: &Report) -> String {
    let mut text = String::from(
        "| | provider-http | with `--max-reconcile-rate=100` | livestream-operator |\n|---|---|---|---|\n",
    );
    for (what, usual, fast, ours) in ROWS {
        let ours: Vec<String> = ours
            .iter()
            .filter(|(id, _)| report.get(id).is_some())
            .map(|(id, when)| {
                let value = median(report, id);
                if when.is_empty() {
                    value
                } else {
                    format!("{when}: {value}")
                }
            })
            .collect();
        let ours = if ours.is_empty() {
            "not measured".to_owned()
        } else {
            ours.join(", ")
        };
        text.push_str(&format!("| {what} | {usual} | {fast} | {ours} |\n"));
    }
    text
}

/// A few of them as bars.
pub fn chart(report: &Report) -> String {
    let ours = |id: &str| report.get(id).and_then(|figure| figure.part(Part::Median));
    let mut panels = Vec::new();
    for (title, unit, theirs, value) in [
        (
            "calls to create one object",
            "",
            vec![("default", 4.0)],
            ours("c1-create"),
        ),
        (
            "writes to create one object",
            "",
            vec![("default", 16.0)],
            ours("c1-create-writes"),
        ),
        (
            "streams beyond one each, 1,000 at once",
            "",
            vec![("default", 132.0), ("rate=100", 896.0)],
            ours("d-unlimited-duplicates"),
        ),
        (
            "1,000 at once → all ready",
            "s",
            vec![("default", 331.6)],
            ours("d-unlimited-1000"),
        ),
        (
            "memory at 1,000 objects",
            "MB",
            vec![("default", 212.0), ("rate=100", 382.0)],
            ours("e-memory-1000"),
        ),
        (
            "writes/s at rest (ours beside 10,000)",
            "",
            vec![("default", 19.7), ("rate=100", 27.7)],
            ours("c4-10000"),
        ),
    ] {
        let Some(value) = value else {
            continue;
        };
        let mut bars = vec![("ours".to_owned(), value, 0)];
        for (name, value) in theirs {
            bars.push((name.to_owned(), value, 1));
        }
        panels.push(Panel {
            title: title.to_owned(),
            unit: unit.to_owned(),
            bars,
            aim: None,
        });
    }
    let title = "livestream-operator and provider-http (see what cannot be compared)";
    bars::chart(title, 3, &panels)
}
