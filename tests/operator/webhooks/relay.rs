//! Two operators that share a Lease: what the one receives that stands by reaches the one that leads.

use serde_json::json;

use super::{SECRET, about, path, post::post, switched_on, until_live, until_webhook};
use crate::harness::{Operator, World};

const TOKEN: &str = "/webhooks/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// One of two; it says that it is reached on the loopback.
fn one_of_two(world: &World, word: &str, flags: &[&str]) -> Operator {
    let namespace = format!("--lease-namespace={}", world.namespace);
    let identity = format!("--lease-identity={word}");
    let mut all = vec![
        "--webhook-listen=127.0.0.1:0",
        "--live-poll=1h",
        "--lease=operator",
        "--lease-duration=1h",
        &namespace,
        &identity,
    ];
    all.extend(flags);
    world.another(word, &all, &[])
}

async fn counted(operator: &Operator, result: &str) -> f64 {
    let name = format!("webhooks_total{{result=\"{result}\"}}");
    operator.figure(&name).await
}

/// The leader of this world, and one that stands by.
async fn two(world: &World, flags: &[&str]) -> (Operator, Operator) {
    world.account(json!({"pollIntervalSeconds": 3600})).await;
    let leader = one_of_two(world, "leader", flags);
    until_webhook(world, "default", "Listening").await;
    let standby = one_of_two(world, "standby", flags);
    world
        .until_true("the other stands by", async || {
            standby.log().contains("another leads; standing by")
        })
        .await;
    (leader, standby)
}

#[tokio::test]
async fn a_webhook_that_reaches_the_standby_shows_in_the_status() {
    let world = World::bare("relay").await;
    let (mut leader, standby) = two(&world, &["--pod-ip=127.0.0.1"]).await;
    let id = switched_on(&world, "keynote").await;
    let (address, path) = (standby.webhooks().await, path(&world, SECRET).await);
    world.sim.set_live(id, true).unwrap();
    assert_eq!(post(&address, &path, &about(id, true)).await, 200);
    until_live(&world, "keynote", true).await;
    assert!(counted(&standby, "relayed").await > 0.5);
    assert!(counted(&leader, "accepted").await > 0.5);

    // What no account is for is refused by the leader, and what looks like no webhook by the standby.
    assert_eq!(post(&address, TOKEN, &json!({})).await, 404);
    assert!(counted(&leader, "unknown_token").await > 0.5);
    assert_eq!(post(&address, "/webhooks/short", &json!({})).await, 404);
    assert_eq!(post(&address, "/metrics", &json!({})).await, 404);
    assert!(counted(&leader, "unknown_token").await < 1.5);

    // A name in the log would be a path in the log.
    let token = path.trim_start_matches("/webhooks/");
    assert!(!standby.log().contains(token) && !leader.log().contains(token));

    // The port stays where it is when the other leads.
    assert!(leader.terminate().await);
    world
        .until_true("the standby leads and knows the path", async || {
            post(&address, &path, &about(id, true)).await == 200
        })
        .await;
    assert!(counted(&standby, "accepted").await > 0.5);
    world.sim.set_live(id, false).unwrap();
    assert_eq!(post(&address, &path, &about(id, false)).await, 200);
    until_live(&world, "keynote", false).await;
}

#[tokio::test]
async fn what_was_passed_on_once_is_not_passed_on_again() {
    let world = World::bare("relay-loop").await;
    let (leader, standby) = two(&world, &["--pod-ip=127.0.0.1"]).await;
    let address = standby.webhooks().await;
    let relayed = format!(
        "POST {TOKEN} HTTP/1.1\r\nHost: operator\r\nX-Livestream-Operator-Relayed: 1\r\nContent-Length: 0\r\n\r\n"
    );
    let (status, _) = super::post::send(&address, relayed).await.unwrap();
    assert_eq!(status, 503);
    assert!(counted(&standby, "no_leader").await > 0.5);
    assert!(counted(&leader, "unknown_token").await < 0.5);
}

#[tokio::test]
async fn a_leader_that_is_gone_is_said() {
    let world = World::bare("relay-gone").await;
    let (leader, standby) = two(&world, &["--pod-ip=127.0.0.1"]).await;
    let address = standby.webhooks().await;
    drop(leader);
    assert_eq!(post(&address, TOKEN, &json!({})).await, 502);
    assert!(counted(&standby, "relay_failed").await > 0.5);
    let log = standby.log();
    assert!(
        log.contains("could not be passed on to the leader"),
        "{log}"
    );
}

#[tokio::test]
async fn without_a_way_to_the_leader_the_port_of_the_standby_is_closed() {
    let world = World::bare("relay-none").await;
    let (_leader, standby) = two(&world, &[]).await;
    assert!(!standby.log().contains("webhooks are received"));
}
