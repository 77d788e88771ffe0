//! What documents say of tests is so: each test that they name exists.

use std::{fs, path::Path};

/// The map of scenarios. (`tests/security_page.rs` looks after the other one.)
const MAP: &str = "docs/reliability.md";

/// The words between backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The file of a test: `never_twice`, `webhooks/attacks` and `tests/provider_gcore/faults` are possible.
fn file_of(root: &Path, place: &str) -> Option<String> {
    let whole = [
        format!("tests/operator/{place}.rs"),
        format!("{place}.rs"),
        format!("tests/{place}.rs"),
    ];
    whole
        .iter()
        .find_map(|path| fs::read_to_string(root.join(path)).ok())
}

#[test]
fn each_test_that_the_map_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join(MAP)).unwrap();
    let mut named = 0;
    let mut missing = Vec::new();
    for word in quoted(&text) {
        if let Some((place, name)) = word.rsplit_once("::").filter(|it| !it.0.is_empty()) {
            named += 1;
            let file = file_of(root, place);
            if !file.is_some_and(|file| file.contains(&format!("fn {name}("))) {
                missing.push(word);
            }
        } else if Path::new(word).extension().is_some_and(|it| it == "rs")
            && !root.join(word).exists()
        {
            missing.push(word);
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(named > 50, "only {named} tests are named");
}

#[test]
fn each_scenario_has_its_row() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join(MAP)).unwrap();
    for number in 1..=34 {
        let row = format!("| R{number} |");
        assert!(text.contains(&row), "there is no row {row}");
    }
}
