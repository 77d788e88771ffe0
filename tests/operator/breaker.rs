//! What happens while the provider does not answer, or not to this key.

use std::time::Duration;

use kube::{ResourceExt as _, api::ListParams};
use serde_json::json;
use simulator::{
    Outage,
    counters::Call,
    faults::{Action, Fault},
};

use crate::harness::{CLIENT, KEY, World, condition, reason};

/// Another client of the provider, and its key.
const OTHER: u64 = 2002;
const OTHER_KEY: &str = "2002$canary-other-key";

const ME: &str = "/iam/clients/me";

/// Waits until nobody of a client may call.
async fn until_open(world: &World, client: u64) {
    let name = format!("breaker_open{{client=\"{client}\"}}");
    let operator = world.operator.as_ref().unwrap();
    world
        .until_true("the breaker is open", async || {
            operator.figure(&name).await > 0.5
        })
        .await;
}

/// Waits until nobody calls but a probe, and that rarely: two calls with this long between them.
async fn until_rare(world: &World, from: u64, gap: u64) -> Vec<Call> {
    world
        .until_sim("calls are rare", |sim| {
            let calls = sim.calls_after(from);
            calls
                .windows(2)
                .last()
                .is_some_and(|two| two[1].elapsed_ms - two[0].elapsed_ms >= gap)
        })
        .await;
    world.sim.calls_after(from)
}

async fn ready_streams(world: &World, count: usize) {
    for i in 0..count {
        world.stream(&format!("s{i}"), json!({})).await;
    }
    world
        .until_true("all are ready", async || world.ready().await == count)
        .await;
}

#[tokio::test]
async fn an_hour_without_the_provider_costs_few_calls_no_writes_and_one_event() {
    const RATE: usize = 20;
    const PENDING: usize = 40;
    let mut world = World::bare("hour").await;
    world.account(json!({"requestsPerSecond": RATE})).await;
    world.start(&[]);
    ready_streams(&world, 5).await;
    world.walks(2).await;
    let in_step: Vec<_> = world
        .api("LiveStream")
        .list(&ListParams::default())
        .await
        .unwrap()
        .items
        .iter()
        .map(|o| (o.name_any(), o.resource_version()))
        .filter(|(name, _)| name != "s0")
        .collect();

    let from = world.sim.last_call();
    let outage = Outage::Status { status: 503 };
    world.sim.set_outage_for(outage, Duration::from_hours(1));
    world.until_account("default", "ProviderUnavailable").await;
    until_open(&world, CLIENT).await;
    let history = world.history("LiveStream").await;
    world.edit("s0", json!({"displayName": "Edited"})).await;
    for i in 0..PENDING {
        world.stream(&format!("new{i}"), json!({})).await;
    }
    let object = world
        .until_reason("s0", "Ready", "ProviderUnavailable")
        .await;
    assert_eq!(reason(&object, "Reconciling"), "ProviderUnavailable");
    // What was never sent needs no provider to go.
    world
        .until_reason("new0", "Ready", "ProviderUnavailable")
        .await;
    world.delete("LiveStream", "new0").await;
    world.until_gone("LiveStream", "new0").await;
    // Through all of the hour it is asked now and then.
    for _ in 0..5 {
        world.sim.advance(Duration::from_mins(10));
        let last = world.sim.last_call();
        world
            .until_sim("it is asked again", |sim| sim.last_call() > last)
            .await;
    }
    assert_eq!(world.sim.current_outage(), Some(outage));
    let calls = until_rare(&world, from, 3000).await;
    assert!(calls.len() <= 45, "{} calls", calls.len());
    // Each who waits says it once: the spec, and the status.
    assert_eq!(
        history.ready("s0"),
        ["True InStep", "False ProviderUnavailable"]
    );
    assert!(history.len() <= 2 + 2 * PENDING + 2, "{}", history.len());

    // It ends by itself.
    world.sim.forget_calls();
    world.sim.advance(Duration::from_mins(10));
    world.until_ready("s0").await;
    world
        .until_true("all are ready", async || world.ready().await == 4 + PENDING)
        .await;
    let peak = world.sim.peak_per_second(CLIENT);
    assert!(peak <= RATE, "{peak} calls in a second");
    assert_eq!(world.posts(), PENDING as u64 - 1);
    for (name, version) in in_step {
        let now = world.get("LiveStream", &name).await.unwrap();
        assert_eq!(now.resource_version(), version, "{name} was written");
    }
    let account = world.until_account("default", "InStep").await;
    assert!(condition(&account, "Reconciling").is_none());
    let events = world.events("default").await;
    let told = events.iter().filter(|e| *e == "ProviderUnavailable");
    assert_eq!(told.count(), 1, "{events:?}");
}

#[tokio::test]
async fn a_new_key_is_tried_at_once_though_nobody_may_call() {
    let mut world = World::bare("new-key").await;
    world.account(json!({})).await;
    // The next probe is far off when the new key comes.
    world.start(&["--retry-base=60s"]);
    ready_streams(&world, 1).await;
    world.sim.fault(Fault::new(Action::status(401)).always());
    world.until_account("default", "Unauthorized").await;
    for i in 0..6 {
        world.stream(&format!("new{i}"), json!({})).await;
    }
    until_open(&world, CLIENT).await;

    world.sim.clear_faults();
    world.sim.revoke_key(KEY);
    world.sim.add_key("1001$canary-better", CLIENT);
    let before = world.sim.last_call();
    world
        .secret("gcore", &[("apiKey", "1001$canary-better")])
        .await;
    world.until_ready("new5").await;
    world.until_account("default", "InStep").await;
    // A call may have been under way. The first one that is answered asks whose the new key is, and
    // who waited calls with the new one: of the six, only passes that were about to call may still
    // have the old one in hand.
    let calls = world.sim.calls_after(before);
    let answered = calls
        .iter()
        .position(|call| call.status == Some(200))
        .unwrap();
    assert_eq!(calls[answered].route, ME);
    let refused = calls[answered..]
        .iter()
        .filter(|call| call.status == Some(401));
    assert!(refused.count() < 6, "{calls:?}");
}

#[tokio::test]
async fn an_outage_of_one_client_is_not_noticed_by_another() {
    let world = World::new("one-of-two").await;
    world.sim.add_key(OTHER_KEY, OTHER);
    world.secret("other-key", &[("apiKey", OTHER_KEY)]).await;
    let spec = json!({
        "gcore": {"apiKeySecretRef": {"name": "other-key", "key": "apiKey"}, "endpoint": world.sim.url()},
        "requestsPerSecond": 500, "pollIntervalSeconds": 1,
    });
    world
        .create("StreamingAccount", "other", spec)
        .await
        .unwrap();
    world.until_account("other", "InStep").await;
    ready_streams(&world, 2).await;

    let history = world.history("StreamingAccount").await;
    let fault = Fault::new(Action::status(500)).client(OTHER).always();
    world.sim.fault(fault);
    world.until_account("other", "ProviderUnavailable").await;
    until_open(&world, OTHER).await;
    world
        .stream("theirs", json!({"accountRef": {"name": "other"}}))
        .await;
    world
        .until_reason("theirs", "Ready", "ProviderUnavailable")
        .await;
    world.stream("ours", json!({})).await;
    world.until_ready("ours").await;
    world.edit("s0", json!({"active": true})).await;
    world.until_ready("s0").await;
    world.walks(3).await;
    let ready = history.ready("default");
    assert!(ready.iter().all(|r| r == "True InStep"), "{ready:?}");
    assert!(
        world.sim.streams(OTHER).is_empty(),
        "something was created in the outage"
    );

    world.sim.clear_faults();
    world.until_ready("theirs").await;
    assert_eq!(world.sim.created_total(OTHER), 1);
}
