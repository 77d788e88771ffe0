//! What the roles of the chart give, and where.

use std::{collections::BTreeSet, fs};

use serde_json::{Value, json};

use crate::{
    harness::{Right, rights},
    helm::{chart, of_kind, only, rendered},
};

fn rules() -> Value {
    let text = fs::read_to_string(chart().join("files/rules.yaml")).unwrap();
    serde_saphyr::from_str(&text).unwrap()
}

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap()
}

#[test]
fn where_namespaces_are_listed_nothing_is_of_the_cluster() {
    let objects = rendered(&json!({
        "watchNamespaces": ["team-a", "team-b"], "clusterId": "west", "crds": {"install": false},
    }));
    let kinds: BTreeSet<&str> = objects
        .iter()
        .map(|object| object["kind"].as_str().unwrap())
        .collect();
    for kind in &kinds {
        assert!(!kind.starts_with("Cluster"), "{kind}");
        assert_ne!(*kind, "CustomResourceDefinition");
    }
    let roles = of_kind(&objects, "Role");
    let places: Vec<&str> = roles
        .iter()
        .map(|role| role["metadata"]["namespace"].as_str().unwrap())
        .collect();
    assert_eq!(places, ["team-a", "team-b", "video-system"]);
    for role in &roles[..2] {
        assert_eq!(rights(&role["rules"]), rights(&rules()["served"]));
    }
    for binding in of_kind(&objects, "RoleBinding") {
        assert_eq!(binding["subjects"][0]["namespace"], "video-system");
        assert_eq!(binding["roleRef"]["kind"], "Role");
    }
    let all: BTreeSet<Right> = roles.iter().flat_map(|r| rights(&r["rules"])).collect();
    assert!(!all.iter().any(|(_, resource)| resource == " namespaces"));
}

#[test]
fn where_all_namespaces_are_served_there_is_one_cluster_role() {
    let objects = rendered(&json!({}));
    let roles = of_kind(&objects, "ClusterRole");
    let names: Vec<&str> = roles.iter().map(|role| name(role)).collect();
    assert_eq!(
        names,
        [
            "livestream-operator",
            "video-livestream-operator-view",
            "video-livestream-operator-edit"
        ]
    );
    let mut wanted = rights(&rules()["served"]);
    wanted.extend(rights(&rules()["cluster"]));
    assert_eq!(rights(&roles[0]["rules"]), wanted);
    let binding = only(&objects, "ClusterRoleBinding");
    assert_eq!(binding["roleRef"]["name"], "livestream-operator");
    // With an id of its own it need not read kube-system.
    let objects = rendered(&json!({"clusterId": "west"}));
    let role = of_kind(&objects, "ClusterRole")[0];
    assert_eq!(rights(&role["rules"]), rights(&rules()["served"]));
}

#[test]
fn only_its_own_lease_can_be_changed() {
    let objects = rendered(&json!({}));
    let role = only(&objects, "Role");
    assert_eq!(rights(&role["rules"]), rights(&rules()["own"]));
    for rule in role["rules"].as_array().unwrap() {
        let all = rule["resourceNames"].is_null();
        assert_eq!(all, rule["verbs"] == json!(["create"]), "{rule}");
        if !all {
            assert_eq!(rule["resourceNames"], json!(["video-livestream-operator"]));
        }
    }
}

#[test]
fn who_may_view_or_edit_may_do_so_with_streams_too() {
    let objects = rendered(&json!({}));
    let roles = of_kind(&objects, "ClusterRole");
    for role in &roles[1..] {
        let labels = role["metadata"]["labels"].as_object().unwrap();
        let aggregated = labels.keys().any(|key| key.contains("aggregate-to-edit"));
        assert!(aggregated, "{}", name(role));
        for (_, resource) in rights(&role["rules"]) {
            assert!(!resource.contains("/status"), "{resource}");
        }
    }
}
