//! Webhooks: hints that are never believed, the receiver under attack, and the Secret with the path.

mod attacks;
mod hints;
mod paths;
pub mod post;
mod relay;

use std::collections::BTreeMap;

use kube::core::DynamicObject;
use serde_json::{Value, json};

use crate::harness::{CLIENT, World, condition, status_of};

/// The Secret with the path of the account `default`.
const SECRET: &str = "default-webhook";

/// One stream's own address at the provider.
const STREAM: &str = "/streaming/streams/{id}";

/// An account whose list is read once in an hour, and an operator that receives webhooks.
async fn receiving(name: &str, flags: &[&str]) -> World {
    let mut world = World::bare(name).await;
    world.account(json!({"pollIntervalSeconds": 3600})).await;
    start(&mut world, flags);
    until_webhook(&world, "default", "Listening").await;
    world
}

/// Starts an operator that receives webhooks, and does not read by itself what is on air.
fn start(world: &mut World, flags: &[&str]) {
    let mut all = vec!["--webhook-listen=127.0.0.1:0", "--live-poll=1h"];
    all.extend(flags);
    world.start(&all);
}

async fn until_webhook(world: &World, account: &str, reason: &str) -> DynamicObject {
    world
        .until(
            "StreamingAccount",
            account,
            &format!("Webhook {reason}"),
            |object| {
                condition(object, "Webhook").is_some_and(|c| c["reason"] == reason)
                    && condition(object, "Ready").is_some_and(|c| c["status"] == "True")
            },
        )
        .await
}

/// What a Secret holds, as text; nothing where there is none.
async fn held(world: &World, secret: &str) -> BTreeMap<String, String> {
    let secret = world.secrets().get_opt(secret).await.unwrap();
    let data = secret.and_then(|secret| secret.data).unwrap_or_default();
    data.into_iter()
        .map(|(key, value)| (key, String::from_utf8(value.0).unwrap()))
        .collect()
}

/// The path that a Secret holds.
async fn path(world: &World, secret: &str) -> String {
    held(world, secret).await["path"].clone()
}

/// Where the operator receives webhooks.
async fn address(world: &World) -> String {
    world.operator.as_ref().unwrap().webhooks().await
}

/// From now on the provider posts webhooks to the path of the account `default`.
async fn hook(world: &World) {
    let url = format!(
        "http://{}{}",
        address(world).await,
        path(world, SECRET).await
    );
    world.sim.webhook(CLIENT, Some(&url)).unwrap();
}

/// A stream that is ready and switched on; its id.
async fn switched_on(world: &World, name: &str) -> u64 {
    world.stream(name, json!({"active": true})).await;
    world.until_ready(name).await;
    world.stream_id(name).await
}

async fn until_live(world: &World, name: &str, live: bool) {
    world
        .until("LiveStream", name, &format!("live: {live}"), |object| {
            status_of(object)["live"] == live
        })
        .await;
}

/// A stream's payload.
fn about(id: u64, live: bool) -> Value {
    json!({"type": "stream", "message": {"stream": {"id": id, "live": live, "recording": false}}})
}

/// How often a stream was read by its id.
fn reads(world: &World, id: u64) -> usize {
    let by_id = world.sim.calls_where(0, |call| {
        call.method == "GET" && call.route == STREAM && call.id == Some(id.to_string())
    });
    by_id.len()
}

async fn until_reads(world: &World, id: u64, count: usize) {
    world
        .until_sim("the stream is read again", |_| reads(world, id) >= count)
        .await;
}

/// How many requests the receiver counted under a word.
async fn counted(world: &World, result: &str) -> u64 {
    let line = format!("livestream_operator_webhooks_total{{result=\"{result}\"}} ");
    let metrics = world.operator.as_ref().unwrap().metrics().await;
    let count = metrics.lines().find_map(|text| text.strip_prefix(&line));
    count.map_or(0, |count| count.parse().unwrap())
}
