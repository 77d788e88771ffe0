//! The threat model names controls and tests by their files and functions: each of them is there.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use std::{collections::BTreeSet, fs, path::Path};

/// What stands between backticks and begins like a path of this repository.
fn named(page: &str) -> BTreeSet<String> {
    let code = page.split('`').skip(1).step_by(2);
    let ours = ["src/", "tests/", "fuzz/", "charts/", "docs/"];
    let is_path = |text: &&str| ours.iter().any(|folder| text.starts_with(folder));
    code.filter(is_path).map(str::to_owned).collect()
}

#[test]
fn every_control_and_every_test_of_the_page_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/security.md")).unwrap();
    let named = named(&page);
    let tests = named.iter().filter(|name| name.contains("::")).count();
    assert!(tests >= 30, "{tests} tests are named");
    for name in &named {
        let (file, test) = name.split_once("::").unwrap_or((name, ""));
        let path = root.join(file);
        assert!(path.exists(), "{name}: there is no such file");
        if !test.is_empty() {
            let code = fs::read_to_string(path).unwrap();
            let found = code.contains(&format!("fn {test}("));
            assert!(found, "{name}: there is no such test");
        }
    }
    // No threat is without a test.
    for number in 1..=12 {
        let row = page
            .lines()
            .find(|line| line.starts_with(&format!("| S{number} |")));
        let row = row.unwrap_or_else(|| panic!("no row S{number}"));
        assert!(row.contains("::") || row.contains("make deny"), "{row}");
    }
}
