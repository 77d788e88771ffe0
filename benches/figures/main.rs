//! `make figures`: what the docs quote, measured on a real control plane with the simulator on
//! loopback. It asserts counts; times and bytes are only printed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a measurement that cannot be made ends"
)]

#[path = "../../tests/operator/harness/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests use more of it")]
mod harness;
mod on_air;

use std::{
    fs,
    time::{Duration, Instant},
};

use futures::StreamExt as _;
use serde_json::{Value, json};

use harness::{CLIENT, World, condition, control_plane};

#[tokio::main]
async fn main() {
    machine();
    latency().await;
    on_air::webhook().await;
    on_air::tutorial().await;
    on_air::recording().await;
    calls().await;
    at_once().await;
    at_rest().await;
}

fn machine() {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown", |model| {
            model.trim_start_matches(['\t', ' ', ':'])
        });
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!(
        "machine: {cores} cores, {model}; everything runs on it, on loopback, etcd without fsync"
    );
    println!(
        "build: {}, livestream-operator {}",
        if cfg!(debug_assertions) {
            "debug"
        } else {
            "release"
        },
        env!("CARGO_PKG_VERSION")
    );
}

/// An operator as it is shipped, quick only in what the provider may be asked.
async fn world(name: &str, poll: u32) -> World {
    let mut world = World::bare(name).await;
    world
        .account(json!({"requestsPerSecond": 1000, "pollIntervalSeconds": poll}))
        .await;
    world.start(&[
        "--log=info",
        "--settling=60s",
        "--call-deadline=20s",
        "--retry-base=1s",
        "--grace=60s",
    ]);
    world
        .until("StreamingAccount", "default", "ready", |a| {
            condition(a, "Ready").is_some_and(|c| c["status"] == "True")
        })
        .await;
    world
}

/// A line about times, in milliseconds.
fn print_times(what: &str, mut times: Vec<Duration>) {
    times.sort();
    println!(
        "{what}, {} times: p50 {:.1} ms, p99 {:.1} ms, min {:.1}, max {:.1}",
        times.len(),
        percentile(&times, 50),
        percentile(&times, 99),
        percentile(&times, 0),
        percentile(&times, 100),
    );
}

fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)].as_secs_f64() * 1000.0
}

/// From the moment at which a manifest is sent to the apiserver to the POST at the provider.
async fn latency() {
    const COUNT: u64 = 200;
    let world = world("latency", 60).await;
    let mut times = Vec::new();
    for i in 0..COUNT {
        let begin = Instant::now();
        world.stream(&format!("s{i}"), json!({})).await;
        world
            .sim
            .until(|sim| sim.count("POST", "/streaming/streams") > i)
            .await;
        times.push(begin.elapsed());
        world.until_ready(&format!("s{i}")).await;
    }
    print_times("apply to POST, spaced objects", times);
}

/// Calls for one object's life.
async fn calls() {
    let world = world("calls", 3600).await;
    let count = |before: u64| {
        world
            .sim
            .calls_after(before)
            .iter()
            .map(|call| call.method.clone())
            .collect::<Vec<_>>()
    };
    let begin = world.sim.last_call();
    world.stream("one", json!({"active": false})).await;
    world.until_ready("one").await;
    println!("calls to create one: {:?}", count(begin));
    let begin = world.sim.last_call();
    world
        .edit(
            "one",
            json!({"displayName": "One", "dvr": {"enabled": true}}),
        )
        .await;
    world.until_ready("one").await;
    println!("calls to edit one: {:?}", count(begin));
    let begin = world.sim.last_call();
    world.delete("LiveStream", "one").await;
    world.until_gone("LiveStream", "one").await;
    println!("calls to delete one: {:?}", count(begin));
}

/// A thousand manifests at once, and what the operator's memory is then.
async fn at_once() {
    const COUNT: usize = 1000;
    let mut world = world("at-once", 60).await;
    let idle = resident(world.operator().pid());
    let world_of = &world;
    let begin = Instant::now();
    let created: Vec<_> = futures::stream::iter(0..COUNT)
        .map(async |i| {
            world_of
                .create("LiveStream", &format!("s{i}"), json!({"active": false}))
                .await
        })
        .buffer_unordered(32)
        .collect()
        .await;
    assert!(created.iter().all(Result::is_ok));
    world
        .until_true("all are ready", async || world.ready().await == COUNT)
        .await;
    let took = begin.elapsed();
    assert_eq!(
        (world.posts(), world.sim.created_total(CLIENT)),
        (COUNT as u64, COUNT as u64)
    );
    let full = resident(world.operator().pid());
    println!(
        "{COUNT} objects at once: {:.1} s until all are Ready, {} POSTs, {} streams",
        took.as_secs_f64(),
        world.posts(),
        world.sim.streams(CLIENT).len()
    );
    println!(
        "memory (resident): idle {:.1} MB, at {COUNT} objects {:.1} MB, {:.1} KB an object",
        idle / 1024.0,
        full / 1024.0,
        (full - idle) / 1000.0
    );
    world.start(&["--log=info", "--settling=60s", "--call-deadline=20s"]);
    let posts = world.posts();
    world
        .until_true("it is warm", async || {
            world
                .operator
                .as_ref()
                .is_some_and(|o| o.log().matches("\"ready\"").count() >= 2)
        })
        .await;
    world.walks(1).await;
    assert_eq!(world.posts(), posts);
    println!(
        "memory (resident): after a restart at {COUNT} objects {:.1} MB",
        resident(world.operator().pid()) / 1024.0
    );
}

/// Two minutes of rest, with as many broadcasts as streams.
async fn at_rest() {
    const COUNT: usize = 100;
    const LENGTH: Duration = Duration::from_mins(2);
    // A stream that was just switched on is looked at closely for a minute.
    const CALM: Duration = Duration::from_secs(65);
    let world = world("at-rest", 10).await;
    for i in 0..COUNT {
        world
            .stream(&format!("s{i}"), json!({"active": true}))
            .await;
        let spec = json!({"streams": [{"name": format!("s{i}")}]});
        world
            .create("Broadcast", &format!("s{i}"), spec)
            .await
            .unwrap();
    }
    world
        .until_true("all are ready", async || world.ready().await == COUNT)
        .await;
    for i in 0..COUNT {
        world.until_broadcast(&format!("s{i}")).await;
    }
    world
        .until("StreamingAccount", "default", "all managed", |a| {
            a.data["status"]["streams"]["managed"] == COUNT
        })
        .await;
    tokio::time::sleep(CALM).await;
    let (before, mark) = (writes(&world.namespace, ""), world.sim.last_call());
    tokio::time::sleep(LENGTH).await;
    let calls = world.sim.calls_after(mark);
    let changing = calls.iter().filter(|call| call.method != "GET").count();
    let single = calls.iter().filter(|call| call.id.is_some()).count();
    println!(
        "{COUNT} streams and {COUNT} broadcasts at rest for {} s, lists read every 10 s: {} writes at the apiserver, {changing} changing calls, \
         {single} reads of single things, {} of pages ({} pages a walk of each list)",
        LENGTH.as_secs(),
        writes(&world.namespace, "") - before,
        calls.len() - changing - single,
        COUNT.div_ceil(25) + 1
    );
}

/// Kilobytes of a process that are in memory.
fn resident(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Writes to objects of a namespace in the audit log, leases apart; of one resource, or of all.
fn writes(namespace: &str, resource: &str) -> usize {
    let log = fs::read_to_string(&control_plane().audit_log).unwrap();
    let entries = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    entries
        .filter(|entry| {
            let object = &entry["objectRef"];
            let reads =
                ["get", "list", "watch"].contains(&entry["verb"].as_str().unwrap_or_default());
            !reads
                && object["namespace"] == namespace
                && object["resource"] != "leases"
                && (resource.is_empty() || object["resource"] == resource)
        })
        .count()
}
