//! Nothing is left of what is gone: not in memory, not as a task, a socket or a series of a metric.

use std::{collections::BTreeMap, fs};

use futures::future::join_all;
use serde_json::json;

use crate::harness::{CLIENT, Operator, World};

/// So many LiveStreams and as many Broadcasts, in each round.
const EACH: usize = 4;

/// After so many rounds everything that stays is there.
const FIRST: usize = 5;

const ROUNDS: usize = 50;

/// How many more there may be: connections are kept for as many passes as once ran side by side, each
/// has a task, and an outcome may show for the first time; a route that is first called brings the
/// buckets of its histogram. All are far fewer than the objects that lived.
const SOCKETS: usize = 8;
const TASKS: usize = 24;
const SERIES: usize = 40;

/// What an operator holds.
#[derive(Debug, PartialEq, Eq)]
struct Holdings {
    /// The gauges of what is kept in memory and of what waits.
    kept: BTreeMap<String, String>,
    tasks: usize,
    /// Sockets to the apiserver, and to the provider.
    sockets: (usize, usize),
    /// The series of all metrics.
    series: usize,
}

/// The gauges that must come back to where they were.
fn gauges(metrics: &str) -> BTreeMap<String, String> {
    let named = metrics.lines().filter_map(|line| {
        let line = line.strip_prefix("livestream_operator_")?;
        let (name, value) = line.rsplit_once(' ')?;
        Some((name.to_owned(), value.to_owned()))
    });
    named
        .filter(|(name, _)| {
            let family = name.split('{').next().unwrap_or_default();
            ["kept", "budget_waiting"].contains(&family)
        })
        .collect()
}

/// How many sockets of a process are connected to this port.
fn sockets(pid: u32, port: u16) -> usize {
    let sockets: Vec<String> = fs::read_dir(format!("/proc/{pid}/fd"))
        .unwrap()
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
        .filter_map(|link| {
            let inode = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
            Some(inode.to_owned())
        })
        .collect();
    let table = fs::read_to_string(format!("/proc/{pid}/net/tcp")).unwrap();
    let remote = format!(":{port:04X}");
    let connected = table.lines().skip(1).filter(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        fields[2].ends_with(&remote) && sockets.iter().any(|inode| inode == fields[9])
    });
    connected.count()
}

fn port(url: &str) -> u16 {
    let authority = url.trim_end_matches('/').rsplit(':').next().unwrap();
    authority.parse().unwrap()
}

async fn holdings(world: &World, operator: &Operator, apiserver: u16) -> Holdings {
    let metrics = operator.metrics().await;
    let pid = operator.pid();
    let tasks = operator.figure("tasks").await;
    Holdings {
        kept: gauges(&metrics),
        tasks: tasks.to_string().parse().unwrap(),
        sockets: (
            sockets(pid, apiserver),
            sockets(pid, port(&world.sim.url())),
        ),
        series: metrics
            .lines()
            .filter(|line| !line.starts_with('#'))
            .count(),
    }
}

/// Creates objects of both kinds, and deletes them.
async fn round(world: &World, round: usize) {
    let names = |kind: &'static str| (0..EACH).map(move |i| format!("{kind}-{round}-{i}"));
    let pairs: Vec<(String, String)> = names("stream").zip(names("show")).collect();
    join_all(pairs.iter().map(async |(stream, show)| {
        world.stream(stream, json!({"active": true})).await;
        let spec = json!({"state": "pending", "streams": [{"name": stream}]});
        world.broadcast(show, spec).await;
    }))
    .await;
    for (stream, show) in &pairs {
        world.until_ready(stream).await;
        world.until_broadcast(show).await;
    }
    join_all(pairs.iter().map(async |(stream, show)| {
        world.delete("Broadcast", show).await;
        world.delete("LiveStream", stream).await;
    }))
    .await;
    for (stream, show) in &pairs {
        world.until_gone("Broadcast", show).await;
        world.until_gone("LiveStream", stream).await;
    }
}

#[tokio::test]
async fn after_fifty_rounds_nothing_is_held_that_was_not_held_after_five() {
    let mut world = World::bare("growth").await;
    world.account(json!({"requestsPerSecond": 1000})).await;
    world.start(&["--log=info"]);
    let apiserver = port(&world.apiserver);
    let operator = world.operator.as_ref().unwrap();
    for n in 0..FIRST {
        round(&world, n).await;
    }
    // What is forgotten with the next walks is forgotten.
    let quiet = |gauges: &BTreeMap<String, String>| {
        gauges
            .iter()
            .all(|(name, value)| name.contains("accounts") || value == "0")
    };
    let at_rest = async || {
        let found = holdings(&world, operator, apiserver).await;
        quiet(&found.kept)
    };
    world.until_true("nothing is kept", at_rest).await;
    let base = holdings(&world, operator, apiserver).await;

    for n in FIRST..ROUNDS {
        round(&world, n).await;
    }
    let back = async || holdings(&world, operator, apiserver).await.kept == base.kept;
    world
        .until_true(&format!("it is as before: {base:?}"), back)
        .await;
    let end = holdings(&world, operator, apiserver).await;
    assert!(end.tasks <= base.tasks + TASKS, "{base:?} {end:?}");
    assert!(
        end.sockets.0 <= base.sockets.0 + SOCKETS,
        "{base:?} {end:?}"
    );
    assert!(
        end.sockets.1 <= base.sockets.1 + SOCKETS,
        "{base:?} {end:?}"
    );
    assert!(end.series <= base.series + SERIES, "{base:?} {end:?}");
    assert_eq!(world.sim.created_total(CLIENT), (EACH * ROUNDS) as u64);
    assert_eq!(world.sim.deleted_total(CLIENT), (EACH * ROUNDS) as u64);
}
