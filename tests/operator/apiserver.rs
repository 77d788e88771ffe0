//! An apiserver that does not answer.

use std::sync::Arc;

use serde_json::json;

use crate::harness::{
    Operator, World, program,
    proxy::{Fault, Proxy, Script, Side, to_apiserver},
};

/// An operator whose call of this name is never answered.
async fn operator(world: &World, point: &str) -> (Operator, Proxy, Arc<Script>) {
    let script = Script::new(Some((point.parse().unwrap(), Fault::Late)));
    let proxy = Proxy::start(Side::Apiserver, to_apiserver().await, Arc::clone(&script)).await;
    script.begin();
    let flags = ["--apiserver-deadline=500ms"];
    let arguments = world.arguments(&world.sim.url(), &flags);
    let kubeconfig = proxy.kubeconfig(&world.namespace);
    let operator = Operator::start_at(&program(), &kubeconfig, &world.namespace, &arguments, &[]);
    (operator, proxy, script)
}

#[tokio::test]
async fn a_start_that_is_not_answered_is_made_again() {
    let world = World::bare("mute-start").await;
    world.account(json!({})).await;
    let (operator, _proxy, script) = operator(&world, "get namespaces#1").await;
    world.stream("keynote", json!({})).await;
    world.until_ready("keynote").await;
    assert!(script.fired());
    let log = operator.log();
    assert!(log.contains("did not answer within"), "{log}");
}

#[tokio::test]
async fn calls_that_are_not_answered_are_made_again() {
    for point in [
        "list livestreams#1",
        "watch livestreams#1",
        "get secrets#1",
        "patch livestreams#1",
        "patch livestreams/status#1",
        "create events#1",
    ] {
        let world = World::bare("mute-call").await;
        world.account(json!({})).await;
        let (_operator, _proxy, script) = operator(&world, point).await;
        world.stream("keynote", json!({"active": true})).await;
        world.until_ready("keynote").await;
        world.until_event("keynote", "Created").await;
        assert!(script.fired(), "{point}");
        assert_eq!(world.posts(), 1, "{point}");
    }
}
