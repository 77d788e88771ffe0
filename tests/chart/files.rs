//! What other tools read is in the chart's files/, and reaches the cluster as it stands there.

use std::fs;

use serde_json::{Value, json};

use crate::helm::{chart, of_kind, rendered};

fn file(path: &str) -> Option<String> {
    fs::read_to_string(chart().join(path)).ok()
}

fn everything() -> Vec<Value> {
    rendered(&json!({
        "crds": {"install": false},
        "metrics": {
            "prometheusRule": {"enabled": true, "labels": {"release": "prometheus"}},
            "dashboard": {"enabled": true, "namespace": "monitoring"},
        },
        "argocd": {"healthConfigMap": {"enabled": true, "namespace": "argocd"}},
    }))
}

fn config_map(objects: &[Value], name: &str) -> Option<Value> {
    let maps = of_kind(objects, "ConfigMap");
    let named = maps
        .iter()
        .find(|map| map["metadata"]["name"].as_str().unwrap().ends_with(name));
    named.map(|map| (*map).clone())
}

#[test]
fn alerts_are_rendered_as_they_stand_in_their_file() {
    let objects = everything();
    let rules = of_kind(&objects, "PrometheusRule");
    match file("files/alerts.yaml") {
        Some(text) => {
            let wanted: Value = serde_saphyr::from_str(&text).unwrap();
            assert_eq!(rules.len(), 1);
            assert_eq!(rules[0]["spec"], wanted);
            assert_eq!(rules[0]["metadata"]["labels"]["release"], "prometheus");
        }
        None => assert!(rules.is_empty()),
    }
}

#[test]
fn the_dashboard_is_rendered_as_it_stands_in_its_file() {
    let map = config_map(&everything(), "-dashboard");
    match file("files/dashboard.json") {
        Some(text) => {
            let map = map.unwrap();
            let rendered = map["data"]["livestream-operator.json"].as_str().unwrap();
            let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
            assert!(parse(rendered) == parse(&text));
            assert_eq!(map["metadata"]["labels"]["grafana_dashboard"], "1");
            assert_eq!(map["metadata"]["namespace"], "monitoring");
        }
        None => assert_eq!(map, None),
    }
}

#[test]
fn health_and_actions_are_rendered_as_they_stand_in_their_file() {
    let map = config_map(&everything(), "-argocd-health");
    match file("files/health/argo-cd-values.yaml") {
        Some(text) => {
            let wanted: Value = serde_saphyr::from_str(&text).unwrap();
            let map = map.unwrap();
            assert!(map["data"] == wanted["configs"]["cm"]);
            assert_eq!(map["metadata"]["namespace"], "argocd");
        }
        None => assert_eq!(map, None),
    }
}

/// Without being asked the chart makes nothing that needs kinds of other projects.
#[test]
fn nothing_of_other_projects_is_made_unless_it_is_asked_for() {
    for object in rendered(&json!({})) {
        let group = object["apiVersion"].as_str().unwrap();
        let foreign = ["monitoring.coreos.com", "gateway.networking"];
        assert!(!foreign.iter().any(|it| group.contains(it)), "{object}");
    }
}
