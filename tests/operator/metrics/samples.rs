//! Reading what `/metrics` serves, as text, without the operator's types.

use std::collections::{BTreeMap, BTreeSet};

/// One line of the metrics.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Its whole name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
}

impl Sample {
    /// A label; empty where it has none of this name.
    pub fn label(&self, name: &str) -> String {
        self.labels.get(name).cloned().unwrap_or_default()
    }
}

/// All lines. No label of ours holds a quote or a comma.
pub fn read(text: &str) -> Vec<Sample> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            let labels = labels.trim_end_matches('}').split(',').filter_map(|pair| {
                let (name, value) = pair.split_once('=')?;
                Some((name.to_owned(), value.trim_matches('"').to_owned()))
            });
            Sample {
                name: name.to_owned(),
                labels: labels.collect(),
                value: value.parse().unwrap(),
            }
        })
        .collect()
}

/// The sum of the series of ours with this name, without its prefix, and at least these labels.
pub fn sum(samples: &[Sample], name: &str, labels: &[(&str, &str)]) -> f64 {
    let name = format!("livestream_operator_{name}");
    let found = samples.iter().filter(|sample| {
        sample.name == name
            && labels
                .iter()
                .all(|(label, value)| sample.label(label) == *value)
    });
    // The sum of nothing would be -0.
    found.fold(0.0, |sum, sample| sum + sample.value)
}

/// The families that are served: name and type.
pub fn families(text: &str) -> BTreeMap<String, String> {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types
        .filter_map(|line| line.split_once(' '))
        .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
        .collect()
}

/// The labels of a family's series, but for the bounds of buckets.
pub fn labels_of(samples: &[Sample], family: &str) -> BTreeSet<String> {
    let ours = samples.iter().filter(|sample| {
        let rest = sample.name.strip_prefix(family);
        rest.is_some_and(|rest| {
            ["", "_total", "_bucket", "_count", "_sum", "_info"].contains(&rest)
        })
    });
    let names = ours.flat_map(|sample| sample.labels.keys().cloned());
    names.filter(|name| name != "le").collect()
}
