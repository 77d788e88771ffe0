//! docs/metrics.md has what `/metrics` serves, and nothing else; docs/logs.md has the fields of the lines.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde_json::{Value, json};

use super::{
    post,
    samples::{families, labels_of, read},
    until_listening,
};
use crate::harness::World;

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs")
        .join(name);
    fs::read_to_string(path).unwrap()
}

/// The rows of a page's tables whose first cell is a word of code: the cells.
fn rows(text: &str) -> Vec<Vec<String>> {
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells = row.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().to_owned()).collect()
    })
    .collect()
}

/// The words of code in a cell.
fn words(cell: &str) -> BTreeSet<String> {
    let words = cell.split('`').skip(1).step_by(2);
    words.map(str::to_owned).collect()
}

#[tokio::test]
async fn each_metric_is_documented_and_each_documented_one_is_served() {
    let mut world = World::bare("pages").await;
    world.account(json!({"pollIntervalSeconds": 3600})).await;
    world.start(&["--webhook-listen=127.0.0.1:0", "--live-poll=1h"]);
    until_listening(&world).await;
    // A family is served as soon as it has something to tell, so all of them get it: a call, a change, an
    // object that is not ready, and a webhook that shows.
    let missing = json!({"srtPassphraseSecretRef": {"name": "none", "key": "none"}});
    world.stream("broken", missing).await;
    world.stream("keynote", json!({"active": true})).await;
    world.until_ready("keynote").await;
    let id = world.stream_id("keynote").await;
    world.sim.set_live(id, true).unwrap();
    post(&world, id, true).await;
    let operator = world.operator.as_ref().unwrap();
    let told = async || {
        let samples = read(&operator.metrics().await);
        let names = [
            "hint_to_status_seconds_count",
            "objects_not_ready",
            "streams",
        ];
        names
            .iter()
            .all(|name| samples.iter().any(|sample| sample.name.ends_with(name)))
    };
    world.until_true("all of it was told", told).await;
    let text = operator.metrics().await;
    let samples = read(&text);
    let served: BTreeMap<String, String> = families(&text)
        .into_iter()
        .map(|(name, kind)| match kind.as_str() {
            "counter" => (format!("{name}_total"), kind),
            "info" => (format!("{name}_info"), kind),
            _ => (name, kind),
        })
        .collect();
    let mut documented = BTreeMap::new();
    for row in rows(&page("metrics.md")) {
        let name = words(&row[0]).pop_first().unwrap();
        let family = name.trim_end_matches("_total").trim_end_matches("_info");
        let labels = labels_of(&samples, family);
        assert_eq!(labels, words(&row[2]), "the labels of {name}");
        documented.insert(name, row[1].clone());
    }
    assert_eq!(documented, served);
}

/// The fields that a page has under a heading, in the first cells of its table.
pub fn fields_of(heading: &str) -> BTreeSet<String> {
    let text = page("logs.md");
    let (_, part) = text.split_once(&format!("## {heading}\n")).unwrap();
    let part = part.split("\n## ").next().unwrap();
    rows(part).iter().flat_map(|row| words(&row[0])).collect()
}

/// All fields of these lines, but for those that each line has.
pub fn fields(lines: &[Value]) -> BTreeSet<String> {
    let names = lines.iter().filter_map(Value::as_object).flatten();
    names
        .map(|(name, _)| name.clone())
        .filter(|name| !["timestamp", "level", "target", "message"].contains(&name.as_str()))
        .collect()
}
