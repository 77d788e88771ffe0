//! The operator with the roles of the chart, as Helm installs it: what it asks the apiserver for, as the audit
//! log has it, is what it may, and nothing of that is idle.

use std::{collections::BTreeSet, fs};

use serde_json::{Value, json};

use crate::{
    harness::{Right, World, is_rare, rights},
    helm::{chart, of_kind, rendered},
    release::{Release, bare_plane, shared_plane},
};

/// What the release's service account asked for, and what of it was forbidden.
fn asked(world: &World, release: &Release<'_>) -> (BTreeSet<Right>, Vec<Value>) {
    let user = format!(
        "system:serviceaccount:{}:{}-livestream-operator",
        release.namespace, release.name
    );
    let (mut asked, mut forbidden) = (BTreeSet::new(), Vec::new());
    let log = fs::read_to_string(&world.plane.audit_log).unwrap();
    let lines = log.lines().filter(|line| line.contains(&user));
    // The last line may not be whole yet.
    for entry in lines.filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let object = &entry["objectRef"];
        if entry["user"]["username"] != *user {
            continue;
        }
        // What the apiserver serves everybody may ask.
        if object.is_null() {
            let uri = entry["requestURI"].as_str().unwrap();
            assert!(uri.starts_with("/openapi/"), "{uri}");
            continue;
        }
        if entry["responseStatus"]["code"] == 403 {
            forbidden.push(entry.clone());
        }
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let part = object["subresource"].as_str();
        let part = part.map(|part| format!("/{part}")).unwrap_or_default();
        let resource = format!(
            "{} {}{part}",
            word(&object["apiGroup"]),
            word(&object["resource"])
        );
        asked.insert((word(&entry["verb"]), resource));
    }
    (asked, forbidden)
}

/// Takes the tour with a release, changes its leader, and compares what was asked with what the rendered roles give.
async fn compare(world: &World, release: &Release<'_>, values: &Value) {
    release.install(values).await;
    release.until_led(2).await;
    world.account(json!({})).await;
    world.tour().await;
    // The leader gives the Lease back, and the other takes it.
    release
        .helm(&[
            "upgrade",
            release.name,
            chart().to_str().unwrap(),
            "--reuse-values",
            "--wait",
            "--timeout=5m",
            "--set=podLabels.again=once",
        ])
        .await;
    release.until_led(2).await;

    let (asked, forbidden) = asked(world, release);
    assert!(forbidden.is_empty(), "{forbidden:?}");
    let objects = rendered(values);
    let mut given = BTreeSet::new();
    for kind in ["ClusterRole", "Role"] {
        for role in of_kind(&objects, kind) {
            // The roles of users are no rights of the operator.
            if role["metadata"]["labels"]["rbac.authorization.k8s.io/aggregate-to-admin"].is_null()
            {
                given.extend(rights(&role["rules"]));
            }
        }
    }
    let beyond: Vec<&Right> = asked.difference(&given).collect();
    assert!(beyond.is_empty(), "{beyond:?}");
    let idle: Vec<&Right> = given
        .difference(&asked)
        .filter(|right| !is_rare(right))
        .collect();
    assert!(idle.is_empty(), "{idle:?}");
    println!(
        "{} verbs were asked for, of {} that are given:",
        asked.len(),
        given.len()
    );
    for (verb, resource) in &asked {
        println!("  {verb} {resource}");
    }
}

#[tokio::test]
async fn where_all_namespaces_are_served_the_roles_are_enough_and_nothing_is_idle() {
    let world = World::on(bare_plane("rbac"), "rbac-all").await;
    let release = Release::prepare(&world, "video").await;
    let values = release.values(&json!({"webhook": {"enabled": true}}));
    compare(&world, &release, &values).await;
    let log = fs::read_to_string(&world.plane.audit_log).unwrap();
    for entry in log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
    {
        let user = entry["user"]["username"].as_str().unwrap_or_default();
        let object = &entry["objectRef"];
        let of_secrets =
            user.ends_with(":video-livestream-operator") && object["resource"] == "secrets";
        assert!(
            !of_secrets || !object["namespace"].is_null(),
            "Secrets of the cluster: {entry}"
        );
    }
}

#[tokio::test]
async fn where_namespaces_are_listed_the_roles_are_enough_and_nothing_is_idle() {
    let world = World::on(shared_plane(), "rbac-listed").await;
    let release = Release::prepare(&world, "video").await;
    let values = release.namespaced(&json!({"webhook": {"enabled": true}}));
    compare(&world, &release, &values).await;
}
