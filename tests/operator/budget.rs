//! The budget of a client: who is served while much waits, and what can be seen of that.

use std::time::Duration;

use serde_json::{Value, json};
use simulator::faults::{Action, Fault};

use crate::harness::{CLIENT, World, condition, reason, status_of};

const STREAMS: &str = "/streaming/streams";
const START: &str = "/streaming/streams/{id}/start_recording";

/// So many calls a second in these tests.
const RATE: usize = 20;

/// What one tenant has waiting.
const MANY: usize = 400;

/// Two tenants of one client: an operator that serves both namespaces, and an account in each. The
/// provider is that of the first.
async fn tenants(name: &str) -> (World, World) {
    let mut busy = World::bare(&format!("{name}-busy")).await;
    let calm = World::bare(&format!("{name}-calm")).await;
    busy.account(json!({"requestsPerSecond": RATE})).await;
    let provider =
        json!({"apiKeySecretRef": {"name": "gcore", "key": "apiKey"}, "endpoint": busy.sim.url()});
    calm.account(json!({"requestsPerSecond": RATE, "gcore": provider}))
        .await;
    // What the creations leave to settle is not what is looked at here.
    let flags = [
        format!("--namespace={}", calm.namespace),
        "--settling=60s".to_owned(),
        "--live-poll=1s".to_owned(),
    ];
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    busy.start(&flags);
    (busy, calm)
}

/// Applies what waits for many seconds, and waits until it does.
async fn crowd(world: &World) {
    let before = world.posts();
    let creations = (0..MANY).map(|i| {
        let spec = json!({"active": false});
        let name = format!("many{i}");
        async move { world.create("LiveStream", &name, spec).await.unwrap() }
    });
    futures::future::join_all(creations).await;
    world
        .until_sim("creations are sent one after the other", |sim| {
            sim.count("POST", STREAMS) >= before + 5
        })
        .await;
}

/// One figure of a class in the metrics.
async fn figure(world: &World, name: &str, class: &str) -> f64 {
    let name = format!("{name}{{client=\"{CLIENT}\",class=\"{class}\"}}");
    world.operator.as_ref().unwrap().figure(&name).await
}

#[tokio::test]
async fn while_one_tenant_has_hundreds_waiting_another_is_served_within_a_few_calls() {
    let (busy, calm) = tenants("fair").await;
    calm.stream("edited", json!({"displayName": "before"}))
        .await;
    calm.until_ready("edited").await;
    crowd(&busy).await;

    let from = busy.sim.last_call();
    calm.edit("edited", json!({"displayName": "after"})).await;
    let sent = |from, method: &'static str, name: &'static str| {
        let calls = busy.sim.calls_after(from);
        calls.iter().position(|call| {
            let body = call.body.as_ref();
            call.method == method
                && body.is_some_and(|b| b["name"] == name || b["stream"]["name"] == name)
        })
    };
    busy.until_sim("the edit is sent", |_| {
        sent(from, "PATCH", "after").is_some()
    })
    .await;
    let edit = sent(from, "PATCH", "after").unwrap();
    let from = busy.sim.last_call();
    calm.stream("new", json!({"displayName": "new"})).await;
    busy.until_sim("the other tenant's creation is sent", |_| {
        sent(from, "POST", "new").is_some()
    })
    .await;
    let creation = sent(from, "POST", "new").unwrap();
    // Each waits for a round of the classes and namespaces; the rest is the way from the apiserver,
    // which is busy. In one line behind the others each would be among the last.
    assert!(edit <= RATE, "{edit} calls before the edit");
    assert!(creation <= RATE, "{creation} calls before the creation");
    assert!(busy.posts() < MANY as u64 / 2, "nothing waited any more");
}

#[tokio::test]
async fn a_recording_begins_in_time_while_hundreds_of_creations_wait() {
    let (busy, calm) = tenants("on-air").await;
    calm.stream("keynote", json!({"active": true, "recording": true}))
        .await;
    calm.until_ready("keynote").await;
    let id = calm.stream_id("keynote").await;
    crowd(&busy).await;

    let from = busy.sim.last_call();
    busy.sim.set_live(id, true).unwrap();
    busy.until_sim("the start is sent", |sim| sim.count("PUT", START) == 1)
        .await;
    let calls = busy.sim.calls_after(from);
    let start = calls.iter().position(|call| call.method == "PUT").unwrap();
    // It is looked at each second, and then it takes one turn.
    assert!(start <= RATE * 2, "{start} calls before the start");
    assert!(busy.posts() < MANY as u64 / 2, "nothing waited any more");
}

#[tokio::test]
async fn what_waits_is_in_the_metrics_and_in_the_accounts_status_and_at_rest_it_is_nothing() {
    let mut world = World::bare("waiting").await;
    world.account(json!({"requestsPerSecond": RATE})).await;
    world.start(&["--settling=60s"]);
    let count = 120;
    let creations = (0..count).map(|i| {
        let (world, name) = (&world, format!("s{i}"));
        async move { world.stream(&name, json!({"active": false})).await }
    });
    futures::future::join_all(creations).await;
    world
        .until_true("creations wait in the metrics", async || {
            figure(&world, "budget_waiting", "create").await > 20.0
        })
        .await;
    assert!(figure(&world, "budget_oldest_seconds", "create").await > 0.0);
    let waiting = |object: &kube::core::DynamicObject| status_of(object)["waiting"].clone();
    world
        .until(
            "StreamingAccount",
            "default",
            "creations wait in its status",
            |account| waiting(account)["creations"].as_i64() > Some(0),
        )
        .await;
    world
        .until_true("all are ready", async || world.ready().await == count)
        .await;
    let nothing = json!({"live": 0, "changes": 0, "creations": 0});
    world
        .until("StreamingAccount", "default", "nothing waits", |account| {
            waiting(account) == nothing
        })
        .await;
    assert!(figure(&world, "budget_waiting", "create").await < 1.0);
    assert!(figure(&world, "budget_oldest_seconds", "create").await < f64::EPSILON);
    let history = world.history("StreamingAccount").await;
    world.walks(4).await;
    let waits: Vec<Value> = history.statuses("default");
    assert!(
        waits.iter().all(|status| status["waiting"] == nothing),
        "{waits:?}"
    );
}

#[tokio::test]
async fn each_kind_of_wait_that_a_provider_asks_for_is_kept_and_who_waits_says_so_once() {
    let mut world = World::new("kinds-of-wait").await;
    world.stream("keynote", json!({})).await;
    world.until_ready("keynote").await;
    // Nothing, nonsense, a negative number, a far date, and more seconds than a year has: no call
    // until the operator forgets it with its process.
    let long = [
        None,
        Some("later"),
        Some("-7"),
        Some("Fri, 31 Dec 2100 23:59:59 GMT"),
        Some("99999999999"),
    ];
    for (i, header) in long.into_iter().enumerate() {
        let fault = world
            .sim
            .fault(Fault::new(Action::too_many(header)).route(STREAMS));
        world
            .until_sim("a call is asked to wait", |sim| sim.fired(fault) == 1)
            .await;
        let history = world.history("LiveStream").await;
        let name = format!("long {i}");
        world.edit("keynote", json!({"displayName": name})).await;
        let object = world.until_reason("keynote", "Ready", "RateLimited").await;
        assert_eq!(reason(&object, "Reconciling"), "RateLimited", "{header:?}");
        assert!(condition(&object, "Stalled").is_none());
        let refused = world.sim.calls_where(0, |call| call.status == Some(429));
        let later = world.sim.calls_after(refused.last().unwrap().seq);
        assert!(later.len() <= 1, "{header:?}: {later:?}");
        // The edit, and that it waits.
        assert!(
            history.len() <= 2,
            "{header:?}: {:?}",
            history.ready("keynote")
        );
        world.operator().kill();
        world.start(&[]);
        world.until_ready("keynote").await;
    }
    // No time, a date that has passed, and a second: it goes on by itself.
    let short = [Some("0"), Some("Wed, 21 Oct 2015 07:28:00 GMT"), Some("1")];
    for (i, header) in short.into_iter().enumerate() {
        let fault = world
            .sim
            .fault(Fault::new(Action::too_many(header)).route(STREAMS));
        world
            .until_sim("a call is asked to wait", |sim| sim.fired(fault) == 1)
            .await;
        let name = format!("short {i}");
        world.edit("keynote", json!({"displayName": name})).await;
        world.until_ready("keynote").await;
        world.the_stream(&name);
    }
    let refused = world.sim.calls_where(0, |call| call.status == Some(429));
    let last = refused.last().unwrap();
    let next = world.sim.calls_after(last.seq).remove(0);
    let wait = Duration::from_millis(next.elapsed_ms - last.elapsed_ms);
    assert!(wait >= Duration::from_millis(900), "{wait:?}");
}
