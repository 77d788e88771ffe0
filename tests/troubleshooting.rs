//! docs/troubleshooting.md has an entry for every reason that the code can give, and no other.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use std::{collections::BTreeSet, fs, path::Path};

use livestream_operator::{conditions::ORDER, outcome::Reason, report::EventReason};

const KINDS: [&str; 3] = ["StreamingAccount", "LiveStream", "Broadcast"];

fn page(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(root.join("docs").join(name)).unwrap()
}

/// The entries of conditions' reasons: reason, and what is written under it.
fn entries(page: &str) -> Vec<(&str, &str)> {
    let parts = page.split("\n### `").skip(1);
    parts
        .map(|part| {
            let (reason, text) = part.split_once("`\n").unwrap();
            (reason, text.split("\n## ").next().unwrap())
        })
        .collect()
}

/// The rows of the table of Events: reason, type, kinds and meaning.
fn events(page: &str) -> Vec<Vec<&str>> {
    let (_, table) = page.split_once("\n## Events\n").unwrap();
    let rows = table.split("\n## ").next().unwrap().lines();
    rows.filter(|line| line.starts_with("| `"))
        .map(|line| {
            line.trim_matches('|')
                .split(" | ")
                .map(|cell| cell.trim().trim_matches('`'))
                .collect()
        })
        .collect()
}

/// Both say the same, each once.
fn same(documented: &[&str], known: &BTreeSet<&str>) {
    let once: BTreeSet<&str> = documented.iter().copied().collect();
    let undocumented: Vec<_> = known.difference(&once).collect();
    let unknown: Vec<_> = once.difference(known).collect();
    assert!(
        undocumented.is_empty() && unknown.is_empty(),
        "docs/troubleshooting.md has no entry for {undocumented:?}, and entries that no code gives for {unknown:?}"
    );
    assert_eq!(documented.len(), once.len(), "an entry is there twice");
}

#[test]
fn every_reason_of_a_condition_has_its_entry() {
    let page = page("troubleshooting.md");
    let documented: Vec<&str> = entries(&page).iter().map(|entry| entry.0).collect();
    let known = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    same(&documented, &known);
}

#[test]
fn every_reason_of_an_event_has_its_row() {
    let page = page("troubleshooting.md");
    let rows = events(&page);
    let documented: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    let known = EventReason::ALL
        .iter()
        .map(|reason| reason.as_str())
        .collect();
    same(&documented, &known);
    for row in rows {
        assert!(["Normal", "Warning"].contains(&row[1]), "{row:?}");
        let on: BTreeSet<&str> = row[2].split(", ").collect();
        let kinds = ["stream", "broadcast", "account"];
        assert!(on.iter().all(|kind| kinds.contains(kind)), "{row:?}");
        assert!(row[3].len() > 20, "{row:?}");
    }
}

/// `tests/operator/harness/documented.rs` holds every state that a test of the operator meets against
/// these lines.
#[test]
fn every_entry_says_which_kind_shows_it_in_which_condition() {
    let page = page("troubleshooting.md");
    let mut shown = BTreeSet::new();
    for (reason, text) in entries(&page) {
        let line = text
            .trim_start()
            .lines()
            .next()
            .unwrap()
            .strip_prefix("Shown by ");
        let line = line.unwrap_or_else(|| panic!("{reason} does not begin with `Shown by`"));
        let types: Vec<&str> = line.split('`').skip(1).step_by(2).collect();
        let unknown: Vec<_> = types.iter().filter(|it| !ORDER.contains(it)).collect();
        assert!(!types.is_empty() && unknown.is_empty(), "{reason}: {line}");
        assert!(
            KINDS.iter().any(|kind| line.contains(kind)),
            "{reason}: {line}"
        );
        assert!(text.trim().lines().count() > 2, "{reason} is not explained");
        shown.extend(types);
    }
    assert_eq!(shown, ORDER.into_iter().collect());
}

#[test]
fn every_type_of_condition_is_explained() {
    let page = page("conditions.md");
    for kind in ORDER {
        assert!(
            page.contains(&format!("| `{kind}` |")),
            "docs/conditions.md has no row for {kind}"
        );
    }
}

/// A word that nobody gives any more would be explained for ever.
#[test]
fn every_reason_is_given_somewhere() {
    let code = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut text = String::new();
    read(&code, &mut text);
    let conditions = Reason::ALL.iter().map(|it| format!("Reason::{it:?}"));
    let events = EventReason::ALL
        .iter()
        .map(|it| format!("EventReason::{it:?}"));
    for name in conditions.chain(events) {
        let whole = text.match_indices(&name).any(|(at, _)| {
            let before = text[..at].ends_with("Event");
            let after = text[at + name.len()..].starts_with(char::is_alphanumeric);
            (!before || name.starts_with("Event")) && !after
        });
        assert!(whole, "{name} is given nowhere");
    }
}

/// All code, without tests.
fn read(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, text);
        } else if path.file_name().unwrap() != "tests.rs" {
            let file = fs::read_to_string(&path).unwrap();
            text.push_str(file.split("#[cfg(test)]").next().unwrap());
        }
    }
}
