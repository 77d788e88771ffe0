//! The table of values in the chart's README is what values.yaml says.

use std::{env, fmt::Write as _, fs};

use serde_json::Value;

use crate::{
    helm::{chart, helm},
    values::documented,
};

const BEGIN: &str = "<!-- values: written by `make chart-readme` -->\n";
const END: &str = "<!-- end of values -->\n";

fn table() -> String {
    let mut table = String::from("| value | default | |\n|---|---|---|\n");
    for value in documented().0 {
        let cell = |text: &str| text.replace('|', "\\|");
        let (path, default) = (&value.path, cell(&value.default));
        let comment = cell(&value.comment);
        writeln!(table, "| `{path}` | `{default}` | {comment} |").unwrap();
    }
    table
}

#[test]
fn the_table_is_what_values_yaml_says() {
    let path = chart().join("README.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the mark of its beginning");
    let (_, after) = rest.split_once(END).expect("the mark of its end");
    let wanted = format!("{before}{BEGIN}{}{END}{after}", table());
    if env::var("CHART_WRITE").as_deref() == Ok("readme") {
        fs::write(&path, wanted).unwrap();
        return;
    }
    assert!(text == wanted, "run `make chart-readme` and commit it");
}

#[test]
fn every_value_has_a_comment() {
    let (found, silent) = documented();
    assert_eq!(silent, Vec::<String>::new());
    assert!(found.len() > 100, "{}", found.len());
}

/// Each value of the schema is in values.yaml, and the other way round.
#[test]
fn the_schema_knows_the_same_values() {
    let text = fs::read_to_string(chart().join("values.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    for value in documented().0 {
        let mut here = &schema;
        for key in value.path.split('.') {
            here = &here["properties"][key];
        }
        assert!(here.is_object(), "{} is not in the schema", value.path);
    }
    let (documented, _) = documented();
    let mut open = vec![(String::new(), &schema)];
    while let Some((path, here)) = open.pop() {
        let is_ours = here["additionalProperties"] == false;
        let whole = documented.iter().any(|value| value.path == path);
        if whole || path == "global" {
            continue;
        }
        assert!(is_ours, "{path} is not in values.yaml");
        for (key, inner) in here["properties"].as_object().unwrap() {
            let path = if path.is_empty() {
                key.clone()
            } else {
                format!("{path}.{key}")
            };
            open.push((path, inner));
        }
    }
}

#[test]
fn the_versions_are_those_of_the_program() {
    let text = fs::read_to_string(chart().join("Chart.yaml")).unwrap();
    let about: Value = serde_saphyr::from_str(&text).unwrap();
    assert_eq!(about["appVersion"], env!("CARGO_PKG_VERSION"));
    assert_eq!(about["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn helm_lint_has_nothing_to_say() {
    let output = helm()
        .args(["lint", "--strict"])
        .arg(chart())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("[WARNING]"), "{said}");
}
