//! Tenants of one client of the provider, and what one of them may do to another.

use futures::{StreamExt as _, stream};
use serde_json::json;
use simulator::{counters::Call, gcore::Simulator};

use crate::harness::World;

const STREAMS: &str = "/streaming/streams";

/// So many calls a second in these tests.
pub const RATE: usize = 20;

/// Tenants of one client: an operator that serves all their namespaces, and an account in each. The
/// provider is that of the first.
pub async fn tenants_of(name: &str, count: usize) -> (World, Vec<World>) {
    let mut busy = World::bare(&format!("{name}-busy")).await;
    busy.account(json!({"requestsPerSecond": RATE})).await;
    let provider =
        json!({"apiKeySecretRef": {"name": "gcore", "key": "apiKey"}, "endpoint": busy.sim.url()});
    // What the creations leave to settle is not what is looked at here.
    let mut flags = vec!["--settling=60s".to_owned(), "--live-poll=1s".to_owned()];
    let mut others = Vec::new();
    for _ in 1..count {
        let calm = World::bare(&format!("{name}-calm")).await;
        calm.account(json!({"requestsPerSecond": RATE, "gcore": provider}))
            .await;
        flags.push(format!("--namespace={}", calm.namespace));
        others.push(calm);
    }
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    busy.start(&flags);
    (busy, others)
}

pub async fn tenants(name: &str) -> (World, World) {
    let (busy, mut others) = tenants_of(name, 2).await;
    (busy, others.remove(0))
}

/// Applies what waits for many seconds, and waits until it does.
pub async fn crowd(world: &World, many: usize) {
    let before = world.posts();
    let creations = (0..many).map(|i| {
        let spec = json!({"active": false});
        let name = format!("many{i}");
        async move { world.create("LiveStream", &name, spec).await.unwrap() }
    });
    let created = stream::iter(creations).buffer_unordered(32);
    assert_eq!(created.count().await, many);
    world
        .until_sim("creations are sent one after the other", |sim| {
            sim.count("POST", STREAMS) >= before + 5
        })
        .await;
}

/// One tenant applies so many, and another edits one and creates one.
pub async fn another_is_served(name: &str, many: usize) {
    let (busy, calm) = tenants(name).await;
    calm.stream("edited", json!({"displayName": "before"}))
        .await;
    calm.until_ready("edited").await;
    crowd(&busy, many).await;

    // How many calls came between the apiserver's yes and this one.
    let sent = async |from: u64, method: &'static str, name: &'static str| {
        let accepted = busy.sim.last_call();
        let it = |call: &Call| {
            let body = call.body.as_ref();
            call.method == method
                && body.is_some_and(|b| b["name"] == name || b["stream"]["name"] == name)
        };
        let found = |sim: &Simulator| sim.calls_after(from).into_iter().find(it);
        busy.until_sim("it is sent", |sim| found(sim).is_some())
            .await;
        let seq = found(&busy.sim).unwrap().seq;
        usize::try_from(seq.saturating_sub(accepted)).unwrap()
    };
    let from = busy.sim.last_call();
    calm.edit("edited", json!({"displayName": "after"})).await;
    let edit = sent(from, "PATCH", "after").await;
    let from = busy.sim.last_call();
    calm.stream("new", json!({"displayName": "new"})).await;
    let creation = sent(from, "POST", "new").await;
    // Each waits for a round of the classes and namespaces; the rest is the way from the apiserver,
    // which is busy. In one line behind the others each would be among the last.
    assert!(edit <= RATE * 2, "{edit} calls before the edit");
    assert!(creation <= RATE * 2, "{creation} calls before the creation");
    assert!(busy.posts() < many as u64 / 2, "nothing waited any more");
}
