//! An operator that lacks one permission: who looks at the object or the log reads which.

use k8s_openapi::api::rbac::v1::Role;
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use serde_json::{Value, json};

use crate::{
    harness::{World, condition},
    rbac::{restricted, rules},
};

/// The rules without one verb on one resource of the namespace.
fn without(verb: &str, resource: &str) -> Value {
    let mut rules = rules();
    let mut narrowed = Vec::new();
    for rule in rules["served"].as_array().unwrap() {
        for each in rule["resources"].as_array().unwrap() {
            let mut rule = rule.clone();
            rule["resources"] = json!([each]);
            if each == resource {
                let verbs = rule["verbs"].as_array_mut().unwrap();
                let before = verbs.len();
                verbs.retain(|given| given != verb);
                assert_eq!(verbs.len(), before - 1, "{verb} {resource}");
            }
            // A rule without verbs is none.
            if rule["verbs"] != json!([]) {
                narrowed.push(rule);
            }
        }
    }
    rules["served"] = Value::Array(narrowed);
    rules
}

/// A world whose operator may do all but this.
async fn lacking(verb: &str, resource: &str) -> World {
    let mut world = World::bare("forbidden").await;
    world.account(json!({})).await;
    let kubeconfig = restricted(&world, &without(verb, resource)).await;
    world.start_as(&kubeconfig, &[]);
    world
}

async fn until_logged(world: &World, what: &str) {
    let operator = world.operator.as_ref().unwrap();
    world
        .until_true(&format!("the log says {what:?}"), async || {
            // In JSON each quote has a stroke before it.
            operator.log().replace('\\', "").contains(what)
        })
        .await;
}

#[tokio::test]
async fn an_object_names_the_verb_that_is_missing_and_goes_on_when_it_is_given() {
    let world = lacking("patch", "livestreams").await;
    world.stream("keynote", json!({})).await;
    let missing = "cannot patch resource \"livestreams\"";
    world
        .until("LiveStream", "keynote", "Stalled Forbidden", |object| {
            condition(object, "Stalled").is_some_and(|stalled| {
                stalled["reason"] == "Forbidden"
                    && stalled["message"].as_str().unwrap().contains(missing)
            })
        })
        .await;
    until_logged(&world, missing).await;
    world.until_event("keynote", "Forbidden").await;
    assert_eq!(world.posts(), 0, "nothing is made that no finalizer holds");

    let roles = Api::<Role>::namespaced(world.client.clone(), &world.namespace);
    let whole = Patch::Merge(json!({"rules": rules()["served"]}));
    roles
        .patch("served", &PatchParams::default(), &whole)
        .await
        .unwrap();
    // An edit is tried at once; else it takes a minute.
    world
        .edit("keynote", json!({"displayName": "Keynote"}))
        .await;
    world.until_ready("keynote").await;
    assert_eq!(world.posts(), 1);
}

#[tokio::test]
async fn an_account_names_the_verb_that_is_missing() {
    let world = lacking("patch", "streamingaccounts").await;
    let missing = "cannot patch resource \"streamingaccounts\"";
    world
        .until(
            "StreamingAccount",
            "default",
            "Stalled Forbidden",
            |object| {
                condition(object, "Stalled")
                    .is_some_and(|stalled| stalled["message"].as_str().unwrap().contains(missing))
            },
        )
        .await;
}

#[tokio::test]
async fn what_cannot_stand_on_the_object_stands_in_the_log() {
    let world = lacking("patch", "livestreams/status").await;
    world.stream("keynote", json!({})).await;
    until_logged(&world, "cannot patch resource \"livestreams/status\"").await;

    let mut world = lacking("list", "livestreams").await;
    until_logged(&world, "cannot list resource \"livestreams\"").await;
    let ready = format!("http://{}/readyz", world.operator().address().await);
    assert_eq!(reqwest::get(ready).await.unwrap().status(), 503);
}
