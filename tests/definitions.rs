//! Definitions that are missing, or older than the operator. A control plane of its own: they belong to the
//! whole cluster.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::cmp_owned,
    reason = "a test that cannot go on ends"
)]

#[path = "operator/harness/mod.rs"]
#[expect(dead_code, unused_imports, reason = "made for many tests")]
mod harness;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams},
};
use livestream_operator::api::definitions;
use serde_json::json;

use harness::World;

/// Applies all definitions; `change` makes one of them what it was once.
async fn install(world: &World, change: impl Fn(&mut CustomResourceDefinition)) {
    let api = Api::<CustomResourceDefinition>::all(world.client.clone());
    let apply = PatchParams::apply("test").force();
    for (_, mut definition) in definitions() {
        change(&mut definition);
        let name = definition.metadata.name.clone().unwrap();
        api.patch(&name, &apply, &Patch::Apply(&definition))
            .await
            .unwrap();
    }
}

/// Removes all definitions, and waits until they are gone.
async fn uninstall(world: &World) {
    let api = Api::<CustomResourceDefinition>::all(world.client.clone());
    for (_, definition) in definitions() {
        let name = definition.metadata.name.unwrap();
        api.delete(&name, &DeleteParams::background())
            .await
            .unwrap();
        world
            .until_true(&format!("{name} is gone"), async || {
                api.get_opt(&name).await.unwrap().is_none()
            })
            .await;
    }
}

/// What a probe is answered.
async fn probe(world: &mut World, path: &str) -> u16 {
    let address = world.operator().address().await;
    let answer = reqwest::get(format!("http://{address}{path}")).await;
    answer.unwrap().status().as_u16()
}

async fn until_said(world: &mut World, what: &str) {
    let operator = world.operator.take().unwrap();
    let said = format!("the operator says {what:?}");
    world
        .until_true(&said, async || operator.log().contains(what))
        .await;
    world.operator = Some(operator);
}

/// As it was before a creation left its trace in the status.
fn older(definition: &mut CustomResourceDefinition) {
    if definition.spec.names.kind != "LiveStream" {
        return;
    }
    let schema = definition.spec.versions[0].schema.as_mut().unwrap();
    let schema = schema.open_api_v3_schema.as_mut().unwrap();
    let status = schema
        .properties
        .as_mut()
        .unwrap()
        .get_mut("status")
        .unwrap();
    let gone = status.properties.as_mut().unwrap().remove("creation");
    assert!(gone.is_some());
}

#[tokio::test]
async fn missing_and_older_definitions_are_waited_for_and_said() {
    let mut world = World::bare("definitions").await;
    uninstall(&world).await;
    world.start(&[]);
    until_said(&mut world, "are not installed").await;
    assert_eq!(probe(&mut world, "/livez").await, 200);
    assert_eq!(probe(&mut world, "/readyz").await, 503);
    // Who waits ends when it is asked to.
    assert!(world.operator().terminate().await);

    install(&world, older).await;
    world.start(&[]);
    until_said(&mut world, "older than this operator").await;
    until_said(&mut world, "LiveStream status.creation").await;
    assert_eq!(probe(&mut world, "/livez").await, 200);
    assert_eq!(probe(&mut world, "/readyz").await, 503);
    world.account(json!({})).await;
    world.stream("keynote", json!({})).await;

    install(&world, |_| {}).await;
    world.until_ready("keynote").await;
    assert_eq!(probe(&mut world, "/readyz").await, 200);
    // Only the fitting definitions let it begin.
    let log = world.operator().log();
    let (waiting, began) = (log.rfind("older than this operator"), log.find("\"ready\""));
    assert!(waiting < began, "{log}");
    assert_eq!(world.posts(), 1);

    // Taken back while it runs: what it counts before a creation would be lost, so it creates nothing.
    install(&world, older).await;
    let id = world.stream_id("keynote").await;
    assert!(world.sim.remove(id));
    until_said(&mut world, "they dropped status.creation").await;
    assert_eq!(world.posts(), 1);
    install(&world, |_| {}).await;
    world
        .until("LiveStream", "keynote", "made again", |object| {
            let now = &harness::status_of(object)["streamId"];
            now.is_string() && *now != id.to_string()
        })
        .await;
    world.until_ready("keynote").await;
    assert_eq!(world.posts(), 2);
}
