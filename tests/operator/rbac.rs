//! The operator with the rights of `charts/livestream-operator/files/rules.yaml` and no others.

use std::{collections::BTreeSet, fs, path::PathBuf};

use k8s_openapi::api::{
    authentication::v1::TokenRequest,
    core::v1::{Secret, ServiceAccount},
    rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding},
};
use kube::{
    Api, Client, Config,
    api::{ListParams, PostParams},
    config::{KubeConfigOptions, Kubeconfig},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::harness::{Operator, Right, World, control_plane, is_rare, rights};

const GROUP: &str = "livestream-operator.io";

/// The rules, by the place that they are for.
pub fn rules() -> Value {
    let file = "charts/livestream-operator/files/rules.yaml";
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file);
    serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

async fn make<K>(api: Api<K>, object: Value)
where
    K: Clone + DeserializeOwned + Serialize + std::fmt::Debug,
{
    let object = serde_json::from_value(object).unwrap();
    api.create(&PostParams::default(), &object).await.unwrap();
}

/// A service account with the rules, and a kubeconfig with its token.
pub async fn restricted(world: &World, rules: &Value) -> PathBuf {
    let (client, namespace) = (&world.client, &world.namespace);
    let name = json!({"name": "operator"});
    let accounts = Api::<ServiceAccount>::namespaced(client.clone(), namespace);
    make(accounts.clone(), json!({"metadata": name})).await;
    let subjects = json!([{"kind": "ServiceAccount", "name": "operator", "namespace": namespace}]);
    let roles = Api::<Role>::namespaced(client.clone(), namespace);
    let bindings = Api::<RoleBinding>::namespaced(client.clone(), namespace);
    for place in ["served", "own"] {
        let name = json!({"name": place});
        make(
            roles.clone(),
            json!({"metadata": name, "rules": rules[place]}),
        )
        .await;
        let role = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": place});
        let binding = json!({"metadata": name, "roleRef": role, "subjects": subjects});
        make(bindings.clone(), binding).await;
    }
    let name = json!({"name": namespace});
    let role = json!({"metadata": name, "rules": rules["cluster"]});
    make(Api::<ClusterRole>::all(client.clone()), role).await;
    let role =
        json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": namespace});
    let binding = json!({"metadata": name, "roleRef": role, "subjects": subjects});
    make(Api::<ClusterRoleBinding>::all(client.clone()), binding).await;

    let request: TokenRequest = serde_json::from_value(json!({"spec": {"audiences": []}})).unwrap();
    let answer = accounts
        .create_token_request("operator", &PostParams::default(), &request)
        .await
        .unwrap();
    let token = answer.status.unwrap().token;
    let text = fs::read_to_string(&control_plane().kubeconfig).unwrap();
    let mut kubeconfig: Value = serde_saphyr::from_str(&text).unwrap();
    kubeconfig["users"][0]["user"] = json!({"token": token});
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{namespace}.kubeconfig"));
    fs::write(&path, kubeconfig.to_string()).unwrap();
    path
}

/// What the service account asked for, and what of it was forbidden.
fn asked(world: &World) -> (BTreeSet<Right>, Vec<Right>) {
    let user = format!("system:serviceaccount:{}:operator", world.namespace);
    let (mut asked, mut forbidden) = (BTreeSet::new(), Vec::new());
    for entry in world.audited() {
        if entry["user"]["username"] != *user {
            continue;
        }
        let object = &entry["objectRef"];
        // What the apiserver serves everybody may ask.
        let uri = entry["requestURI"].as_str().unwrap_or_default();
        if object.is_null() && uri.starts_with("/openapi/") {
            continue;
        }
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let part = object["subresource"].as_str();
        let part = part.map(|part| format!("/{part}")).unwrap_or_default();
        let resource = format!(
            "{} {}{part}",
            word(&object["apiGroup"]),
            word(&object["resource"])
        );
        let right = (word(&entry["verb"]), resource);
        if entry["responseStatus"]["code"] == 403 {
            forbidden.push(right.clone());
        }
        let elsewhere = object["namespace"] != *world.namespace;
        assert!(!elsewhere || object["name"] == "kube-system", "{object}");
        asked.insert(right);
    }
    (asked, forbidden)
}

#[tokio::test]
async fn the_rules_are_enough_and_none_is_idle() {
    let mut world = World::bare("rbac").await;
    world.account(json!({})).await;
    let kubeconfig = restricted(&world, &rules()).await;
    let lease_namespace = format!("--lease-namespace={}", world.namespace);
    let flags = [
        "--webhook-listen=127.0.0.1:0",
        "--lease=operator",
        &lease_namespace,
    ];
    world.start_as(&kubeconfig, &flags);
    world.tour().await;
    let arguments = world.arguments(&world.sim.url(), &flags);
    let name = format!("{}-standby", world.namespace);
    let mut standby = Operator::start(&name, &kubeconfig, &arguments);
    world
        .until_true("another stands by", async || {
            standby.log().contains("standing by")
        })
        .await;
    assert!(world.operator().terminate().await);
    world
        .until_true("it leads", async || standby.log().contains("leading"))
        .await;
    assert!(standby.terminate().await);

    let (asked, forbidden) = asked(&world);
    assert!(forbidden.is_empty(), "{forbidden:?}");
    let rules = rules();
    let mut given = rights(&rules["served"]);
    given.extend(rights(&rules["cluster"]));
    given.extend(rights(&rules["own"]));
    let idle: Vec<&Right> = given
        .difference(&asked)
        .filter(|right| !is_rare(right))
        .collect();
    assert!(idle.is_empty(), "{idle:?}");
    let beyond: Vec<&Right> = asked.difference(&given).collect();
    assert!(beyond.is_empty(), "{beyond:?}");
    assert!(asked.len() >= 20, "{asked:?}");
}

#[tokio::test]
async fn whoever_steals_the_token_reaches_no_other_namespace() {
    let world = World::bare("rbac-stolen").await;
    let other = World::bare("rbac-other").await;
    other.secret("gcore", &[("apiKey", "1002$other")]).await;
    let kubeconfig = Kubeconfig::read_from(restricted(&world, &rules()).await).unwrap();
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
        .await
        .unwrap();
    let stolen = Client::try_from(config).unwrap();
    let secrets = |client: Client, namespace: &str| Api::<Secret>::namespaced(client, namespace);
    let forbidden = |result: kube::Result<()>| {
        assert!(
            matches!(&result, Err(kube::Error::Api(status)) if status.code == 403),
            "{result:?}"
        );
    };
    let there = secrets(stolen.clone(), &other.namespace);
    forbidden(there.get("gcore").await.map(drop));
    forbidden(there.list(&ListParams::default()).await.map(drop));
    let everywhere = Api::<Secret>::all(stolen.clone());
    forbidden(everywhere.list(&ListParams::default()).await.map(drop));
    let accounts = Api::<ServiceAccount>::namespaced(stolen.clone(), &world.namespace);
    let request: TokenRequest = serde_json::from_value(json!({"spec": {"audiences": []}})).unwrap();
    let token = accounts
        .create_token_request("operator", &PostParams::default(), &request)
        .await;
    forbidden(token.map(drop));
    // In its own it can: the token is good.
    let own = secrets(stolen, &world.namespace);
    own.list(&ListParams::default()).await.unwrap();
}

#[test]
fn the_rules_give_no_way_to_more() {
    let rules = rules();
    let places = rules.as_object().unwrap();
    let names: Vec<&String> = places.keys().collect();
    assert_eq!(names, ["cluster", "own", "served"]);
    for (place, rules) in places {
        for (verb, resource) in rights(rules) {
            let known = [
                "create", "delete", "get", "list", "patch", "update", "watch",
            ];
            assert!(known.contains(&verb.as_str()), "{place}: {verb} {resource}");
            assert!(!resource.contains('*'), "{place}: {resource}");
            let own = [GROUP, "coordination.k8s.io", "events.k8s.io"];
            let (group, name) = resource.split_once(' ').unwrap();
            let fine = own.contains(&group) || ["secrets", "namespaces"].contains(&name);
            assert!(fine, "{place}: {resource}");
        }
    }
    assert!(
        rights(&rules["cluster"])
            .iter()
            .all(|(_, resource)| !resource.contains("secrets"))
    );
}
