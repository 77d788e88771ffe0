//! Streams that are switched on, each with its page, while nobody sends video.

use std::time::Duration;

use serde_json::json;

use crate::{
    audit,
    bench::Bench,
    cluster::Cluster,
    figure::Figure,
    world::{UNLIMITED, Ways, World, is_ready},
};

use super::{bursts::names, rest};

/// How many of each.
const COUNT: usize = 100;

/// Seconds between two walks.
const POLL: u32 = 10;

/// A stream that was just switched on is looked at closely for a minute.
const CALM: Duration = Duration::from_secs(65);

/// Writes and calls at rest, with as many broadcasts as streams. Not in a quick run.
pub async fn measure(bench: &Bench) {
    let length = bench.plan.broadcasts_rest;
    if length.is_zero() {
        return;
    }
    let mut ways = Ways::at(UNLIMITED);
    ways.poll = POLL;
    let world = World::new("rest-on-air", ways).await;
    let names = names("s", 0..COUNT);
    Cluster::for_many(&names, async |name| {
        let spec = json!({"active": true, "displayName": name});
        world.cluster.create("LiveStream", name, spec).await;
        let page = json!({"streams": [{"name": name}]});
        world.cluster.create("Broadcast", name, page).await;
        world.board.until_ready(name).await;
        world.until("Broadcast", name, "ready", is_ready).await;
    })
    .await;
    tokio::time::sleep(CALM).await;
    rest::until_quiet().await;

    let (mark, before) = (audit::mark(), world.provider.mark().await);
    tokio::time::sleep(length).await;
    let writes = audit::writes_since(mark);
    let calls = world.provider.calls(before, None).await;
    let calls = calls.iter().filter(|call| call.client.is_some());
    let (mut changing, mut single, mut pages) = (0, 0, 0);
    for call in calls {
        match (call.method.as_str(), &call.id) {
            ("GET", None) => pages += 1,
            ("GET", Some(_)) => single += 1,
            _ => changing += 1,
        }
    }
    let here = format!(
        "{COUNT} streams switched on and {COUNT} broadcasts at rest for {} s",
        length.as_secs()
    );
    for (id, what, value) in [
        (
            "c4-on-air",
            "(c4) writes at the apiserver",
            writes.values().sum(),
        ),
        ("c3-on-air-changing", "(c3) changing calls", changing),
        ("c3-on-air-single", "(c3) reads of single things", single),
    ] {
        let figure = Figure::exactly(id, format!("{what}, {here}"), value, 0);
        bench.tell(figure.note(audit::told(&writes)));
    }
    let figure = Figure::one(
        "c3-on-air",
        format!("(c3) pages of both lists, {here}"),
        "",
        crate::stats::count(pages),
    );
    let walks = crate::stats::count(usize::try_from(length.as_secs()).unwrap()) / f64::from(POLL);
    let each = crate::stats::count(2 * (COUNT.div_ceil(25) + 1));
    bench.tell(figure.limit(walks * each, format!("{each} for each {POLL} s")));
    Cluster::for_many(&names, async |name| {
        world.cluster.delete("Broadcast", name).await;
    })
    .await;
    world.end().await;
}
