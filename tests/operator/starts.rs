//! Starts that cannot succeed: what is said, and that the process ends.

use std::{net::TcpListener, path::Path};

use serde_json::json;

use crate::harness::{Operator, World, control_plane, program};

/// Starts one with these flags; what it says when it has ended, which it must not do well.
async fn refused(world: &World, kubeconfig: &Path, flags: &[&str]) -> String {
    let arguments = world.arguments(&world.sim.url(), flags);
    let name = format!("{}-refused", world.namespace);
    let mut operator = Operator::start_at(&program(), kubeconfig, &name, &arguments, &[]);
    assert!(!operator.until_ended().await, "it ended well");
    operator.log()
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let world = World::bare("taken").await;
    world.account(json!({})).await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let kubeconfig = &control_plane().kubeconfig;
    for flag in ["--listen", "--webhook-listen"] {
        let log = refused(&world, kubeconfig, &[&format!("{flag}={address}")]).await;
        assert!(
            log.contains(&format!("cannot listen on {address}")),
            "{log}"
        );
    }
}

#[tokio::test]
async fn a_kubeconfig_that_is_not_there_is_said_with_what_to_do() {
    let world = World::bare("nowhere").await;
    let log = refused(&world, Path::new("nowhere.kubeconfig"), &[]).await;
    assert!(
        log.contains("Set KUBECONFIG, or run inside a cluster"),
        "{log}"
    );
}

#[tokio::test]
async fn a_proxy_for_the_provider_is_none_for_the_apiserver() {
    let mut world = World::bare("proxied").await;
    world.account(json!({})).await;
    let environment = [("HTTPS_PROXY", "http://127.0.0.1:1".to_owned())];
    world.operator = Some(world.another("proxied", &[], &environment));
    world.stream("keynote", json!({})).await;
    world.until_ready("keynote").await;
}
