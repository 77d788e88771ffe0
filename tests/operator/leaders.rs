//! Two operators: of those that share a Lease one acts, and where both act, nothing is doubled.

use std::{fs, path::PathBuf};

use futures::future::join_all;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use kube::{Api, ResourceExt as _, api::DeleteParams};
use serde_json::json;

use crate::harness::{CLIENT, Operator, World};

/// The Lease of a test.
const LEASE: &str = "operator";

/// How often objects come and go while two act.
const ROUNDS: usize = 3;

/// A Lease that ends within the patience of a test; more flags besides.
fn sharing(world: &World, lasts: &str) -> Vec<String> {
    vec![
        format!("--lease={LEASE}"),
        format!("--lease-namespace={}", world.namespace),
        format!("--lease-duration={lasts}"),
    ]
}

async fn world(name: &str) -> World {
    let world = World::bare(name).await;
    world.account(json!({})).await;
    world
}

/// Starts an operator that shares the Lease.
fn start(world: &World, word: &str, lasts: &str) -> Operator {
    let flags = sharing(world, lasts);
    let identity = format!("--lease-identity={word}");
    let mut flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    flags.push(&identity);
    world.another(word, &flags, &[])
}

fn leases(world: &World) -> Api<Lease> {
    Api::namespaced(world.client.clone(), &world.namespace)
}

async fn record(world: &World) -> LeaseSpec {
    let lease = leases(world).get_opt(LEASE).await.unwrap();
    lease.and_then(|lease| lease.spec).unwrap_or_default()
}

async fn until_held_by(world: &World, holder: &str) -> LeaseSpec {
    world
        .until_true(&format!("{holder} leads"), async || {
            record(world).await.holder_identity.as_deref() == Some(holder)
        })
        .await;
    record(world).await
}

async fn until_logged(world: &World, operator: &Operator, what: &str) {
    let said = format!("an operator says {what:?}");
    world
        .until_true(&said, async || operator.log().contains(what))
        .await;
}

/// Whether it ever called the provider.
fn has_called(operator: &Operator) -> bool {
    let log = operator.log();
    log.contains("the provider answered") || log.contains("no answer from the provider")
}

#[tokio::test]
async fn of_two_one_acts_and_the_other_follows_at_once_when_it_is_asked_to_stop() {
    let world = world("leaders").await;
    // So long that nobody follows because it has ended.
    let mut first = start(&world, "first", "1h");
    until_held_by(&world, "first").await;
    let second = start(&world, "second", "1h");
    until_logged(&world, &second, "another leads; standing by").await;
    world.stream("keynote", json!({})).await;
    world.until_ready("keynote").await;
    assert!(!has_called(&second), "{}", second.log());
    let leads = async |operator: &Operator| operator.figure("leader").await > 0.5;
    assert_eq!((leads(&first).await, leads(&second).await), (true, false));
    // It stands by with all that it needs, and says so.
    let ready = format!("http://{}/readyz", second.address().await);
    assert!(reqwest::get(ready).await.unwrap().status().is_success());
    assert!(second.log().contains("\"ready\""));

    assert!(first.terminate().await, "{}", first.log());
    until_held_by(&world, "second").await;
    world.stream("next", json!({})).await;
    world.until_ready("next").await;
    world
        .edit("keynote", json!({"displayName": "Edited"}))
        .await;
    world.until_ready("keynote").await;
    assert!(leads(&second).await);
    assert_eq!((world.posts(), world.patches()), (2, 1));
    assert_eq!(record(&world).await.lease_transitions, Some(1));
}

/// How long nobody leads is printed; it is measured, not asserted.
#[tokio::test]
async fn one_leader_after_the_other_is_asked_to_stop() {
    const TIMES: usize = 8;
    let world = world("leaders-row").await;
    let word = |n: usize| format!("number-{n}");
    let mut leader = start(&world, &word(0), "1h");
    until_held_by(&world, &word(0)).await;
    let mut gaps = Vec::new();
    for n in 1..=TIMES {
        let next = start(&world, &word(n), "1h");
        until_logged(&world, &next, "another leads; standing by").await;
        let asked = jiff::Timestamp::now();
        leader.signal("TERM");
        let taken = until_held_by(&world, &word(n))
            .await
            .acquire_time
            .unwrap()
            .0;
        gaps.push(taken.duration_since(asked).as_millis());
        assert!(leader.until_ended().await, "{}", leader.log());
        leader = next;
        let name = format!("camera-{n}");
        world.stream(&name, json!({})).await;
        world.until_ready(&name).await;
    }
    gaps.sort_unstable();
    println!(
        "from SIGTERM to the next leader, {TIMES} times: {} ms at least, {} in the middle, {} at most",
        gaps[0],
        gaps[TIMES / 2],
        gaps[TIMES - 1]
    );
    assert_eq!(world.posts(), u64::try_from(TIMES).unwrap());
    let transitions = record(&world).await.lease_transitions;
    assert_eq!(transitions, Some(i32::try_from(TIMES).unwrap()));
}

#[tokio::test]
async fn a_leader_that_was_killed_is_followed_when_its_lease_has_ended_and_not_before() {
    let world = world("leader-killed").await;
    let mut first = start(&world, "first", "8s");
    until_held_by(&world, "first").await;
    let second = start(&world, "second", "8s");
    until_logged(&world, &second, "another leads; standing by").await;
    first.kill();
    let last = record(&world).await.renew_time.unwrap().0;
    world.stream("keynote", json!({})).await;
    let spec = until_held_by(&world, "second").await;
    let waited = spec.acquire_time.unwrap().0.duration_since(last);
    assert!(waited >= jiff::SignedDuration::from_secs(8), "{waited:?}");
    world.until_ready("keynote").await;
    assert_eq!(world.posts(), 1);
}

#[tokio::test]
async fn a_leader_that_slept_through_its_lease_changes_nothing_and_ends() {
    let world = world("leader-asleep").await;
    let names: Vec<String> = (0..10).map(|n| format!("camera-{n}")).collect();
    let mut first = start(&world, "first", "8s");
    until_held_by(&world, "first").await;
    join_all(names.iter().map(|name| world.stream(name, json!({})))).await;
    join_all(names.iter().map(|name| world.until_ready(name))).await;
    let second = start(&world, "second", "8s");
    until_logged(&world, &second, "another leads; standing by").await;

    first.signal("STOP");
    until_held_by(&world, "second").await;
    let edited = json!({"displayName": "Edited"});
    join_all(names.iter().map(|name| world.edit(name, edited.clone()))).await;
    join_all(names.iter().map(|name| world.until_ready(name))).await;
    // It wakes with ten edits to make, and a Lease that it held a moment ago, as it believes.
    first.signal("CONT");
    assert!(!first.until_ended().await, "it lost what it needs");
    let log = first.log();
    assert_eq!((world.posts(), world.patches()), (10, 10), "{log}");
    assert_eq!(
        record(&world).await.holder_identity.as_deref(),
        Some("second")
    );
}

#[tokio::test]
async fn a_lease_that_somebody_labels_or_deletes_is_kept_by_who_has_it() {
    let world = world("leader-label").await;
    let first = start(&world, "first", "8s");
    until_held_by(&world, "first").await;
    let second = start(&world, "second", "1h");
    until_logged(&world, &second, "another leads; standing by").await;
    let label = json!({"metadata": {"labels": {"team": "video"}}});
    let lease = leases(&world)
        .patch(
            LEASE,
            &kube::api::PatchParams::default(),
            &kube::api::Patch::Merge(label),
        )
        .await
        .unwrap();
    let renewed = async |than: Option<&LeaseSpec>| {
        let now = record(&world).await;
        now.renew_time > than.and_then(|than| than.renew_time.clone())
    };
    world
        .until_true("it is renewed", async || renewed(lease.spec.as_ref()).await)
        .await;
    let kept = leases(&world).get(LEASE).await.unwrap();
    assert_eq!(kept.labels()["team"], "video");
    assert_eq!(kept.spec.unwrap().holder_identity.as_deref(), Some("first"));

    // Its holder makes it anew; the other knows that it may still act.
    leases(&world)
        .delete(LEASE, &DeleteParams::default())
        .await
        .unwrap();
    until_held_by(&world, "first").await;
    world.stream("keynote", json!({})).await;
    world.until_ready("keynote").await;
    assert_eq!(world.posts(), 1);
    drop((first, second));
}

/// libfaketime, which shifts what a process takes for the time.
fn faketime() -> String {
    let places = [
        "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
        "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
        "/usr/lib64/faketime/libfaketimeMT.so.1",
        "/usr/lib/faketime/libfaketimeMT.so.1",
    ];
    let found = places.iter().find(|place| fs::exists(place).unwrap());
    (*found.expect("this test needs libfaketime: install the package faketime")).to_owned()
}

/// Objects are created, edited and deleted while two operators that know nothing of each other act on all
/// of them, the second in this environment.
async fn both_act(name: &str, environment: &[(&str, String)], before_round: impl Fn(usize)) {
    let mut world = world(name).await;
    before_round(0);
    world.start(&[]);
    let second = world.another("second", &[], environment);
    until_logged(&world, &second, "the provider answered").await;
    for round in 0..ROUNDS {
        before_round(round);
        let world = &world;
        let names: Vec<String> = (0..10).map(|n| format!("camera-{round}-{n}")).collect();
        join_all(names.iter().map(|name| async move {
            let keys = format!("{name}-keys");
            let spec = json!({"active": true, "ingestSecret": {"name": keys}});
            world.stream(name, spec).await;
            let spec = json!({"state": "pending", "streams": [{"name": name}]});
            world.broadcast(name, spec).await;
            world.until_ready(name).await;
            world.until_broadcast(name).await;
            world.edit(name, json!({"displayName": "Edited"})).await;
            world.until_ready(name).await;
        }))
        .await;
        join_all(names.iter().skip(5).map(|name| async move {
            world.delete("Broadcast", name).await;
            world.delete("LiveStream", name).await;
            world.until_gone("Broadcast", name).await;
            world.until_gone("LiveStream", name).await;
        }))
        .await;
    }
    let rounds = u64::try_from(ROUNDS).unwrap();
    let log = || {
        format!(
            "{}\n{}",
            world.operator.as_ref().unwrap().log(),
            second.log()
        )
    };
    let total = (
        world.sim.created_total(CLIENT),
        world.sim.deleted_total(CLIENT),
    );
    assert_eq!(total, (10 * rounds, 5 * rounds), "{}", log());
    assert_eq!(world.sim.streams(CLIENT).len(), 5 * ROUNDS, "{}", log());
    assert_eq!(world.sim.broadcasts(CLIENT).len(), 5 * ROUNDS, "{}", log());
    world.walks(3).await;
    let rest = world.sim.last_call();
    world.walks(3).await;
    let changes = world.sim.calls_where(rest, |call| call.method != "GET");
    assert!(changes.is_empty(), "{changes:?}\n{}", log());
}

#[tokio::test]
async fn two_that_both_act_make_nothing_twice() {
    both_act("both", &[], |_| {}).await;
}

/// The environment of a process whose time is not ours.
fn time(faked: &str, monotonic: bool) -> Vec<(&'static str, String)> {
    let mut environment = vec![("LD_PRELOAD", faketime()), ("FAKETIME", faked.to_owned())];
    if !monotonic {
        environment.push(("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()));
    }
    environment
}

#[tokio::test]
async fn two_that_both_act_make_nothing_twice_where_one_lives_an_hour_ahead() {
    both_act("both-ahead", &time("+1h", false), |_| {}).await;
}

#[tokio::test]
async fn two_that_both_act_make_nothing_twice_where_one_clock_runs_twice_as_fast() {
    both_act("both-fast", &time("+0 x2", true), |_| {}).await;
}

#[tokio::test]
async fn two_that_both_act_make_nothing_twice_where_one_clock_runs_half_as_fast() {
    both_act("both-slow", &time("+0 x0.5", true), |_| {}).await;
}

#[tokio::test]
async fn two_that_both_act_make_nothing_twice_where_one_calendar_steps_back_and_forth() {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("both-steps-{}", std::process::id()));
    let environment = [
        ("LD_PRELOAD", faketime()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        ("FAKETIME_TIMESTAMP_FILE", file.display().to_string()),
    ];
    both_act("both-steps", &environment, |round| {
        fs::write(&file, ["+1h\n", "-30m\n", "+20m\n"][round]).unwrap();
    })
    .await;
}
