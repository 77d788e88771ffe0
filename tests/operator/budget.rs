//! The budget of a client: who is served while much waits, and what can be seen of that.

use std::time::Duration;

use serde_json::{Value, json};
use simulator::{
    faults::{Action, Fault},
    gcore::Simulator,
};

use crate::{
    harness::{CLIENT, World, condition, reason, status_of},
    tenants::{RATE, another_is_served, crowd, tenants, tenants_of},
};

const STREAMS: &str = "/streaming/streams";
const START: &str = "/streaming/streams/{id}/start_recording";

/// What one tenant has waiting.
const MANY: usize = 400;

/// One figure of a class in the metrics.
async fn figure(world: &World, name: &str, class: &str) -> f64 {
    let name = format!("{name}{{client=\"{CLIENT}\",class=\"{class}\"}}");
    world.operator.as_ref().unwrap().figure(&name).await
}

#[tokio::test]
async fn while_one_tenant_has_hundreds_waiting_another_is_served_within_a_few_calls() {
    another_is_served("fair", MANY).await;
}

#[tokio::test]
async fn three_tenants_take_turns() {
    const EACH: usize = 150;
    let (mut first, second) = tenants_of("turns", 3).await;
    // All of it is there before anybody looks.
    first.operator().kill();
    let all: Vec<&World> = [&first].into_iter().chain(&second).collect();
    // One after the other: in one line the last would wait for all before it.
    for world in &all {
        let creations = (0..EACH).map(|i| async move {
            let spec = json!({"active": false, "displayName": world.namespace});
            world.stream(&format!("s{i}"), spec).await;
        });
        futures::future::join_all(creations).await;
    }
    let namespaces = second
        .iter()
        .map(|w| format!("--namespace={}", w.namespace));
    let mut flags: Vec<String> = namespaces.collect();
    flags.push("--settling=60s".to_owned());
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    first.start(&flags);
    let sent = |sim: &Simulator| sim.calls_where(0, |call| call.method == "POST");
    first
        .until_sim("sixty are sent", |sim| sent(sim).len() >= 60)
        .await;
    // The first few are sent before all wait.
    let posts = sent(&first.sim);
    for world in [&first].into_iter().chain(&second) {
        let theirs = posts[30..60].iter().filter(|call| {
            let body = call.body.as_ref();
            body.is_some_and(|body| body["name"] == world.namespace)
        });
        // Ten each, but for those whose turn was given before, and those who come late to theirs.
        let theirs = theirs.count();
        assert!(theirs >= 5, "{theirs} of {}", world.namespace);
    }
}

#[tokio::test]
async fn edits_and_recordings_that_wait_are_told_as_what_they_are() {
    const LIVE: usize = 24;
    let mut world = World::bare("classes").await;
    world.account(json!({})).await;
    world.start(&["--settling=60s", "--live-poll=60s"]);
    for i in 0..LIVE {
        let name = format!("s{i}");
        world
            .stream(&name, json!({"active": true, "recording": false}))
            .await;
        world.until_ready(&name).await;
        let id = world.stream_id(&name).await;
        world.sim.set_live(id, true).unwrap();
    }
    for i in 0..LIVE {
        world
            .until("LiveStream", &format!("s{i}"), "live", |object| {
                status_of(object)["live"] == true
            })
            .await;
    }
    let rate = json!({"spec": {"requestsPerSecond": 2}});
    let account = world.patch("StreamingAccount", "default", rate).await;
    let generation = account.unwrap().metadata.generation;
    world
        .until("StreamingAccount", "default", "slow", |account| {
            status_of(account)["observedGeneration"] == json!(generation)
        })
        .await;
    let history = world.history("StreamingAccount").await;
    let told = |class: &str| {
        let statuses = history.statuses("default");
        statuses
            .iter()
            .any(|s| s["waiting"][class].as_i64() > Some(0))
    };
    // While calls wait, walks are rare, and the status is written at the end of one.
    for round in 1.. {
        for i in 0..LIVE {
            let spec = match i % 2 {
                0 => json!({"displayName": format!("Edited {round}")}),
                _ => json!({"recording": round % 2 == 1}),
            };
            world.edit(&format!("s{i}"), spec).await;
        }
        for class in ["change", "live"] {
            world
                .until_true("it waits in the metrics", async || {
                    round > 1 || figure(&world, "budget_waiting", class).await > 0.5
                })
                .await;
        }
        if told("changes") && told("live") {
            break;
        }
        assert!(round < 20, "{:?}", history.statuses("default"));
        world
            .until_true("few wait", async || {
                figure(&world, "budget_waiting", "change").await < 4.0
            })
            .await;
    }
    assert!(!told("creations"), "{:?}", history.statuses("default"));
}

#[tokio::test]
async fn the_call_that_says_whose_the_key_is_is_one_of_the_budget() {
    let mut world = World::bare("first-call").await;
    world.account(json!({"requestsPerSecond": 1})).await;
    world.start(&[]);
    world
        .until_sim("the list is read", |sim| sim.count("GET", STREAMS) > 0)
        .await;
    let calls = world.sim.calls();
    assert_eq!(calls[0].route, "/iam/clients/me");
    let wait = calls[1].elapsed_ms - calls[0].elapsed_ms;
    assert!(wait >= 900, "the next call came after {wait} ms");
}

#[tokio::test]
async fn a_recording_begins_in_time_while_hundreds_of_creations_wait() {
    let (busy, calm) = tenants("on-air").await;
    calm.stream("keynote", json!({"active": true, "recording": true}))
        .await;
    calm.until_ready("keynote").await;
    let id = calm.stream_id("keynote").await;
    crowd(&busy, MANY).await;

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
