//! What the chart renders for some sets of values, as text that people review.

use std::{env, fs};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinitionSpec;
use serde_json::{Value, json};

use crate::helm::{chart, objects, of_kind, rendered, rendered_text, root};

/// The definitions have a test of their own: here stands only how they are marked.
fn without_definitions(text: &str) -> String {
    let parts = text.split_inclusive("\n---\n").map(|part| {
        if !part.contains("\nkind: CustomResourceDefinition\n") {
            return part.to_owned();
        }
        let (head, tail) = part.split_once("\nspec:\n").unwrap();
        let end = if tail.ends_with("\n---\n") {
            "---\n"
        } else {
            ""
        };
        format!("{head}\nspec: of files/crds/\n{end}")
    });
    parts.collect()
}

#[test]
fn the_golden_sets_are_rendered_as_they_were() {
    let write = env::var("CHART_WRITE").as_deref() == Ok("golden");
    let mut sets: Vec<_> = fs::read_dir(root("tests/chart/golden"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    sets.sort();
    assert!(sets.len() >= 5, "{sets:?}");
    for set in sets {
        let text = without_definitions(&rendered_text(&set.join("values.yaml")));
        let path = set.join("rendered.yaml");
        if write {
            fs::write(&path, &text).unwrap();
            continue;
        }
        let wanted = fs::read_to_string(&path).unwrap();
        let differs = wanted.lines().zip(text.lines()).find(|(a, b)| a != b);
        assert!(
            wanted == text,
            "{}: {differs:?}; if that is right: make chart-golden",
            set.display()
        );
    }
}

#[test]
fn the_definitions_are_kept_and_otherwise_as_generated() {
    let rendered = rendered(&json!({}));
    let definitions = of_kind(&rendered, "CustomResourceDefinition");
    assert_eq!(definitions.len(), 3);
    for definition in definitions {
        let annotations = &definition["metadata"]["annotations"];
        assert_eq!(annotations["helm.sh/resource-policy"], "keep");
        let name = definition["metadata"]["name"].as_str().unwrap();
        let file = format!("files/crds/{}.yaml", name.split_once('.').unwrap().0);
        let text = fs::read_to_string(chart().join(file)).unwrap();
        let wanted = spec(&objects(&text)[0]);
        assert!(spec(definition) == wanted, "{name}");
    }
}

/// Typed: Helm writes the number 1.0 as 1.
fn spec(definition: &Value) -> CustomResourceDefinitionSpec {
    serde_json::from_value(definition["spec"].clone()).unwrap()
}

#[test]
fn no_template_is_left_unused() {
    let mut seen = String::new();
    for set in fs::read_dir(root("tests/chart/golden")).unwrap() {
        seen += &fs::read_to_string(set.unwrap().path().join("rendered.yaml")).unwrap();
    }
    for template in fs::read_dir(chart().join("templates")).unwrap() {
        let name = template.unwrap().file_name().into_string().unwrap();
        // Names and notes render no object; what comes of files/ has its own tests.
        let is_rendered = ["_", "NOTES", "argocd"]
            .iter()
            .all(|it| !name.starts_with(it));
        let source = format!("# Source: livestream-operator/templates/{name}\n");
        assert!(!is_rendered || seen.contains(&source), "{name}");
    }
}
