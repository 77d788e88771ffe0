//! What goes wrong when things are installed.

use k8s_openapi::api::{apps::v1::Deployment, core::v1::ResourceQuota};
use kube::{Api, api::PostParams};
use serde_json::json;

use crate::{
    harness::{CLIENT, Front, World, message, reason},
    helm::{chart, root, values_file},
    release::{Release, bare_plane, shared_plane},
};

#[tokio::test]
async fn two_releases_never_serve_the_same_namespace() {
    let world = World::on(bare_plane("two"), "two").await;
    let first = Release::prepare(&world, "first").await;
    let second = Release::prepare(&world, "second").await;

    first.install(&first.values(&json!({}))).await;
    let said = second.refused(&second.values(&json!({}))).await;
    let owner = format!("belongs to release first in namespace {}", first.namespace);
    assert!(
        said.contains(&owner) && said.contains("crds.install=false"),
        "{said}"
    );
    let without = json!({"crds": {"install": false}});
    let said = second.refused(&second.values(&without)).await;
    assert!(
        said.contains("all namespaces are served by release first"),
        "{said}"
    );

    // Both with their own namespaces: side by side.
    let listed = json!({"watchNamespaces": [world.namespace], "clusterId": "one"});
    first.upgrade(&first.values(&listed)).await;
    let said = second.refused(&second.values(&without)).await;
    let served = format!("namespace {} is served by release first", world.namespace);
    assert!(said.contains(&served), "{said}");
    let said = second.refused(&second.namespaced(&json!({}))).await;
    assert!(said.contains(&served), "{said}");
    let other = json!({"watchNamespaces": [second.namespace]});
    second.install(&second.namespaced(&other)).await;
    world.account(json!({})).await;
    world.stream("keynote", json!({"active": true})).await;
    world.until_ready("keynote").await;
    second.uninstall().await;
    world
        .edit("keynote", json!({"displayName": "Still here"}))
        .await;
    world.until_ready("keynote").await;
    assert_eq!(world.posts(), 1);
}

#[tokio::test]
async fn a_namespace_with_a_quota_admits_the_pods() {
    let world = World::on(shared_plane(), "quota").await;
    let release = Release::prepare(&world, "video").await;
    let quota = json!({"metadata": {"name": "all"}, "spec": {"hard": {
        "requests.cpu": "200m", "requests.memory": "256Mi", "limits.cpu": "3", "limits.memory": "1Gi", "pods": "3",
    }}});
    let quotas = Api::<ResourceQuota>::namespaced(world.client.clone(), &release.namespace);
    quotas
        .create(
            &PostParams::default(),
            &serde_json::from_value(quota).unwrap(),
        )
        .await
        .unwrap();
    world
        .until_true("the quota counts", async || {
            let quota = quotas.get("all").await.unwrap();
            quota.status.is_some_and(|status| status.hard.is_some())
        })
        .await;
    release.install(&release.namespaced(&json!({}))).await;
    let used = quotas
        .get("all")
        .await
        .unwrap()
        .status
        .unwrap()
        .used
        .unwrap();
    let used = |what: &str| used[what].0.as_str();
    assert_eq!((used("pods"), used("limits.cpu")), ("2", "2"));
    assert_eq!(
        (used("limits.memory"), used("requests.memory")),
        ("512Mi", "128Mi")
    );
    // And the namespace admits nothing that is not restricted.
    let loose = [
        "run",
        "--namespace",
        &release.namespace,
        "loose",
        "--image=none",
        "--dry-run=server",
    ];
    let said = world.kubectl(&loose, "").await.stderr;
    let said = String::from_utf8(said).unwrap();
    assert!(
        said.contains("violates PodSecurity \"restricted:latest\""),
        "{said}"
    );
}

#[tokio::test]
async fn calls_go_through_the_proxy_and_to_whom_the_bundle_trusts() {
    let world = World::on(shared_plane(), "proxy").await;
    let release = Release::prepare(&world, "video").await;
    // Nobody finds this host: only a proxy can.
    let behind = "http://gcore.invalid";
    let proxy = Front::of(&world.sim.url()).await;
    let apiserver = world.apiserver.trim_end_matches('/').to_owned();
    let mut values = release.namespaced(&json!({
        "allowEndpoints": [behind, apiserver], "proxy": {"http": proxy.url},
    }));
    release.install(&values).await;
    world.account(json!({"gcore": {"endpoint": behind}})).await;
    world.stream("keynote", json!({"active": true})).await;
    world.until_ready("keynote").await;
    assert_eq!(world.sim.streams(CLIENT).len(), 1);

    // A server whose certificate nobody knows, and then somebody does: the apiserver stands for the provider.
    let strange = json!({
        "gcore": {"apiKeySecretRef": {"name": "gcore", "key": "apiKey"}, "endpoint": apiserver},
    });
    world
        .create("StreamingAccount", "strange", strange)
        .await
        .unwrap();
    world
        .until("StreamingAccount", "strange", "not trusted", |object| {
            message(object, "Ready").contains("its TLS certificate is not trusted")
        })
        .await;
    // Each namespace has the apiserver's authority in a ConfigMap.
    values["caBundle"] = json!({"configMap": "kube-root-ca.crt"});
    release.upgrade(&values).await;
    world
        .until("StreamingAccount", "strange", "answered", |object| {
            reason(object, "Ready") == "Unauthorized"
        })
        .await;
}

/// Whoever has all rights in two namespaces, and none in the cluster, can install for them.
#[tokio::test]
async fn who_has_no_right_in_the_cluster_installs_for_listed_namespaces() {
    let world = World::on(shared_plane(), "modest").await;
    let release = Release::prepare(&world, "video").await;
    for namespace in [&world.namespace, &release.namespace] {
        let bound = world
            .kubectl(
                &[
                    "create",
                    "rolebinding",
                    "jane",
                    "--clusterrole=cluster-admin",
                    "--user=jane",
                    "--namespace",
                    namespace,
                ],
                "",
            )
            .await;
        assert!(bound.status.success());
    }
    let (chart, jane) = (chart(), "--kube-as-user=jane");
    let chart = chart.to_str().unwrap();
    let install = async |values: &serde_json::Value| {
        let file = values_file(values);
        let values = file.to_str().unwrap();
        release
            .try_helm(&[
                "install",
                release.name,
                chart,
                "--values",
                values,
                "--wait",
                "--timeout=5m",
                jane,
            ])
            .await
    };
    let output = install(&release.namespaced(&json!({}))).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    release
        .helm(&["uninstall", release.name, "--wait", jane])
        .await;
    // For all namespaces she may not: it is her rights that are few.
    let output = install(&release.values(&json!({"crds": {"install": false}}))).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("forbidden"), "{said}");
}

#[tokio::test]
async fn pods_without_definitions_say_so_and_go_on_when_they_are_there() {
    let world = World::on(bare_plane("early"), "early").await;
    let release = Release::prepare(&world, "video").await;
    let values = release.namespaced(&json!({}));
    let (chart, file) = (chart(), values_file(&values));
    let (chart, file) = (chart.to_str().unwrap(), file.to_str().unwrap());
    release
        .helm(&["install", release.name, chart, "--values", file])
        .await;
    world
        .until_true("both Pods say what is missing", async || {
            let saying = release
                .machines
                .saying("nothing is done before the definitions can be used");
            saying.len() == 2
        })
        .await;
    let deployments = Api::<Deployment>::namespaced(world.client.clone(), &release.namespace);
    let ready = async || {
        let deployment = deployments.get("video-livestream-operator").await.unwrap();
        deployment.status.and_then(|status| status.ready_replicas)
    };
    assert_eq!(ready().await, None);

    let crds = root("crds");
    let applied = world
        .kubectl(
            &["apply", "--server-side", "-f", crds.to_str().unwrap()],
            "",
        )
        .await;
    assert!(applied.status.success());
    release.upgrade(&values).await;
    assert_eq!(ready().await, Some(2));
    assert_eq!(release.machines.restarts(), 0);
    world.account(json!({})).await;
    world.stream("keynote", json!({})).await;
    world.until_ready("keynote").await;
}
