//! The fields of one kind, from its definition.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::plain;

/// What the page is generated from is said where somebody would edit it.
const HEADER: &str =
    "<!-- Generated from the definitions by `make reference`; do not edit. -->\n\n";

/// The file name and the text of the page of a kind.
pub fn page(definition: &Value) -> (String, String) {
    let spec = &definition["spec"];
    let version = &spec["versions"][0];
    let schema = &version["schema"]["openAPIV3Schema"];
    let kind = word(&spec["names"]["kind"]);
    let mut text = format!("{HEADER}# {kind}\n\n");
    writeln!(text, "{}\n", plain(word(&schema["description"]))).unwrap();
    let short: Vec<String> = list(&spec["names"]["shortNames"])
        .chain(list(&spec["names"]["categories"]))
        .map(|name| format!("`{}`", word(name)))
        .collect();
    writeln!(
        text,
        "| | |\n|---|---|\n| apiVersion | `{}/{}` |\n| scope | {} |\n| for kubectl | `{}`, {} |",
        word(&spec["group"]),
        word(&version["name"]),
        word(&spec["scope"]),
        word(&spec["names"]["plural"]),
        short.join(", ")
    )
    .unwrap();
    let columns: Vec<&str> = list(&version["additionalPrinterColumns"])
        .filter(|column| column["priority"].as_i64().unwrap_or_default() == 0)
        .map(|column| word(&column["name"]))
        .collect();
    let wide: Vec<&str> = list(&version["additionalPrinterColumns"])
        .filter(|column| column["priority"].as_i64().unwrap_or_default() > 0)
        .map(|column| word(&column["name"]))
        .collect();
    writeln!(text, "| columns | {} |", columns.join(", ")).unwrap();
    writeln!(text, "| more with `-o wide` | {} |\n", wide.join(", ")).unwrap();
    text.push_str("What you write is `spec`. The operator writes `status`, and never `spec`.\n");
    for (part, title) in [("spec", "What you write"), ("status", "What you read")] {
        let part_schema = &schema["properties"][part];
        writeln!(text, "\n## {title}: `{part}`").unwrap();
        rules(&mut text, part_schema, part);
        fields(&mut text, part_schema, part);
    }
    (format!("{}.md", kind.to_lowercase()), text)
}

/// The fields of an object, each with its path, and then those in it.
fn fields(text: &mut String, schema: &Value, path: &str) {
    let empty = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&empty);
    for (name, field) in properties {
        let required = list(&schema["required"]).any(|it| it == name);
        let path = format!("{path}.{name}");
        let items = &field["items"];
        // Conditions are Kubernetes' own.
        let inside = if name == "conditions" {
            &Value::Null
        } else if items.is_object() {
            items
        } else {
            field
        };
        writeln!(text, "\n### `{path}`\n").unwrap();
        writeln!(text, "*{}*\n", facts(field, required).join("; ")).unwrap();
        writeln!(text, "{}", plain(word(&field["description"]))).unwrap();
        if name == "conditions" {
            text.push_str(
                "\n[How to read them](../conditions.md), [what each reason means](../troubleshooting.md).\n",
            );
        }
        let path = if items.is_object() {
            format!("{path}[]")
        } else {
            path
        };
        rules(text, inside, &path);
        fields(text, inside, &path);
    }
}

/// What can be said of a field in a few words: its type, its limits, its default.
fn facts(field: &Value, required: bool) -> Vec<String> {
    let mut facts = vec![type_of(field)];
    facts.extend(range(field, "minimum", "maximum", ""));
    facts.extend(range(field, "minLength", "maxLength", " characters"));
    facts.extend(range(field, "minItems", "maxItems", " items"));
    if let Some(pattern) = field["pattern"].as_str() {
        facts.push(format!("like `{pattern}`"));
    }
    if let Some(default) = field.get("default") {
        facts.push(format!("default `{default}`"));
    }
    if required {
        facts.push("required".to_owned());
    }
    facts
}

fn type_of(field: &Value) -> String {
    let words: Vec<String> = list(&field["enum"])
        .filter(|value| !value.is_null())
        .map(|value| format!("`{}`", word(value)))
        .collect();
    let items = &field["items"];
    match (field["type"].as_str(), field["format"].as_str()) {
        _ if !words.is_empty() => format!("one of {}", words.join(", ")),
        (Some("string"), Some("date-time")) => "time".to_owned(),
        (Some("array"), _) => format!("list: {}", facts(items, false).join("; ")),
        (Some(name), _) => name.to_owned(),
        (None, _) => panic!("a field without a type: {field}"),
    }
}

/// What is between two limits, in words.
fn range(field: &Value, least: &str, most: &str, unit: &str) -> Option<String> {
    let number = |key: &str| {
        let value = &field[key];
        let whole = value.as_f64().filter(|value| value.fract() == 0.0);
        whole.map(|value| format!("{value:.0}"))
    };
    match (number(least).filter(|n| n != "0"), number(most)) {
        (Some(least), Some(most)) => Some(format!("{least} to {most}{unit}")),
        (None, Some(most)) => Some(format!("at most {most}{unit}")),
        (Some(least), None) => Some(format!("at least {least}{unit}")),
        (None, None) => None,
    }
}

/// What the apiserver refuses beyond that, with its words.
fn rules(text: &mut String, schema: &Value, path: &str) {
    let mut rules = list(&schema["x-kubernetes-validations"]).peekable();
    if rules.peek().is_none() {
        return;
    }
    writeln!(text, "\nThe apiserver refuses `{path}` with these words:\n").unwrap();
    for rule in rules {
        let at = rule["fieldPath"]
            .as_str()
            .map(|at| format!("`{path}{at}`: "))
            .unwrap_or_default();
        writeln!(text, "- {at}{}", plain(word(&rule["message"]))).unwrap();
        // A rule may hold backticks nowhere, and is one line.
        writeln!(
            text,
            "  unless `{}`",
            word(&rule["rule"]).replace('\n', " ")
        )
        .unwrap();
    }
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
