//! Every flag of `run` can be set by a value, and the chart's defaults are those of the program.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command,
};

use serde_json::{Value, json};

use crate::{
    harness,
    helm::{arguments, rendered, root},
};

/// The flags of `run`, each with its default.
fn flags() -> BTreeMap<String, Option<String>> {
    let output = Command::new(harness::program())
        .args(["run", "--help"])
        .output()
        .unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let mut flags = BTreeMap::new();
    let mut current = None;
    for line in help.lines().map(str::trim) {
        if let Some(flag) = line.strip_prefix("--") {
            let name = flag.split_whitespace().next().unwrap().to_owned();
            flags.insert(name.clone(), None);
            current = Some(name);
        } else if let (Some(name), Some(default)) = (&current, line.strip_prefix("[default: ")) {
            let default = default.trim_end_matches(']').to_owned();
            flags.insert(name.clone(), Some(default));
        }
    }
    assert!(flags.len() > 20, "{help}");
    flags
}

fn name(argument: &str) -> &str {
    let flag = argument.strip_prefix("--").unwrap();
    flag.split('=').next().unwrap()
}

/// Values that set everything.
fn all() -> Value {
    let text = fs::read_to_string(root("tests/chart/golden/everything/values.yaml")).unwrap();
    serde_saphyr::from_str(&text).unwrap()
}

#[test]
fn every_flag_is_set_by_a_value() {
    let mut values = all();
    values["extraArgs"] = json!([]);
    let arguments = arguments(&rendered(&values));
    assert_eq!(arguments[0], "run");
    let set: BTreeSet<&str> = arguments[1..].iter().map(|a| name(a)).collect();
    let flags = flags();
    let known: BTreeSet<&str> = flags.keys().map(String::as_str).collect();
    assert_eq!(set, known);
}

#[test]
fn the_defaults_are_those_of_the_program() {
    let arguments = arguments(&rendered(&json!({})));
    let flags = flags();
    let mut compared = 0;
    for argument in &arguments[1..] {
        let value = argument.split_once('=').unwrap().1;
        // The program listens on loopback alone unless it is told otherwise: in a Pod nobody would reach it.
        if let Some(default) = &flags[name(argument)]
            && name(argument) != "listen"
        {
            assert_eq!(value, default, "{argument}");
            compared += 1;
        }
    }
    assert!(compared >= 15, "{compared}");
}

#[test]
fn the_program_takes_what_the_chart_gives() {
    for values in [json!({}), all()] {
        let given = arguments(&rendered(&values));
        // What a kubelet puts in.
        let given = given.iter().map(|it| it.replace("$(POD_IP)", "10.1.2.3"));
        let mut arguments: Vec<String> = given.collect();
        // It would run; with a word too many it says that it understood the others.
        arguments.push("--no-such-flag".to_owned());
        let output = Command::new(harness::program())
            .args(&arguments)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("'--no-such-flag'"), "{said}");
    }
}
