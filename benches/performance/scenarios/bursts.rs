//! Many manifests at once, and all of them away again.

use std::{
    ops::Range,
    time::{Duration, Instant},
};

use futures::join;

use crate::{
    bench::Bench,
    figure::{Figure, Part},
    plan::Burst,
    provider::{CLIENT, STREAM, STREAMS, peak},
    stats::count,
    table::with_unit,
    world::{POLL, UNLIMITED, Ways, World},
};

/// A larger burst is the last of its world and goes with it: the deletion of ten thousand objects is
/// measured on the growing population.
const MOST_DELETED: usize = 1_000;

/// A tenth of every interval, so four calls a second are forty.
pub async fn at_40(bench: &Bench) {
    let what = "40 calls/s (4/s with every interval a tenth)";
    bursts(bench, what, "40", Ways::scaled(40), &bench.plan.at_40).await;
}

/// The limit that Gcore once published for all of its API.
pub async fn at_100(bench: &Bench) {
    bursts(
        bench,
        "100 calls/s",
        "100",
        Ways::at(100),
        &bench.plan.at_100,
    )
    .await;
}

/// What binds is the apiserver.
pub async fn unlimited(bench: &Bench) {
    let ways = Ways::at(UNLIMITED);
    bursts(
        bench,
        "no limit that binds",
        "unlimited",
        ways,
        &bench.plan.unlimited,
    )
    .await;
}

/// What a burst came to.
pub struct Converged {
    pub seconds: f64,
    /// Not ready when nobody waited any longer.
    pub stuck: usize,
}

/// Names of these numbers.
pub fn names(prefix: &str, numbers: Range<usize>) -> Vec<String> {
    numbers.map(|i| format!("{prefix}{i}")).collect()
}

/// Creates them all at once and waits until they are ready, far longer than the expected seconds.
pub async fn converge(world: &World, names: Vec<String>, expected: f64) -> Converged {
    let (begun, wanted) = (Instant::now(), names.len());
    let before = world.board.look(crate::board::Objects::ready);
    let patience = Duration::from_secs_f64(expected * 6.0 + 120.0);
    let ready = world.board.within(patience, |objects| {
        (objects.ready() >= before + wanted).then_some(())
    });
    let (all, ()) = join!(ready, world.cluster.create_many(names));
    let seconds = begun.elapsed().as_secs_f64();
    let now = world.board.look(crate::board::Objects::ready);
    Converged {
        seconds,
        stuck: if all.is_some() {
            0
        } else {
            (before + wanted).saturating_sub(now)
        },
    }
}

/// Deletes them all at once and waits until they are gone; gives the seconds.
pub async fn vanish(world: &World, names: Vec<String>, expected: f64) -> Converged {
    let begun = Instant::now();
    let left = world.board.look(crate::board::Objects::count) - names.len();
    let patience = Duration::from_secs_f64(expected * 6.0 + 120.0);
    let gone = world
        .board
        .within(patience, |objects| (objects.count() <= left).then_some(()));
    let (all, ()) = join!(gone, world.cluster.delete_many(names));
    let now = world.board.look(crate::board::Objects::count);
    Converged {
        seconds: begun.elapsed().as_secs_f64(),
        stuck: if all.is_some() { 0 } else { now - left },
    }
}

/// The time that so many objects take at least: the calls, or the writes.
pub fn limit(bench: &Bench, objects: usize, rate: u32, writes: f64) -> (f64, String) {
    let calls = count(objects) / f64::from(rate);
    let apiserver = bench.floors().writes.unwrap_or(f64::NAN);
    let written = writes * count(objects) / apiserver;
    let apiserver_binds = written > calls;
    if rate < UNLIMITED && !apiserver_binds {
        (calls, "N/L".to_owned())
    } else {
        let from = format!("{writes} N/W, W = {}", with_unit(apiserver, "/s"));
        (written, from)
    }
}

/// Bursts of several sizes, each some times, with everything deleted in between.
async fn bursts(bench: &Bench, what: &str, id: &str, ways: Ways, plan: &[Burst]) {
    let rate = ways.rate;
    let poll = ways.poll;
    let world = World::new(&format!("burst-{id}"), ways).await;
    let (mut made, mut stuck, mut most, mut deletions) = (0, 0, 0, Vec::new());
    let sizes = plan.iter().map(|burst| burst.objects);
    let largest = sizes.filter(|size| *size <= MOST_DELETED).max();
    let largest = largest.unwrap_or_default();
    for burst in plan {
        let (least, from) = limit(bench, burst.objects, rate, 3.0);
        let mut seconds = Vec::new();
        for run in 0..burst.runs {
            let prefix = format!("n{}-{run}-", burst.objects);
            let names = names(&prefix, 0..burst.objects);
            let mark = world.provider.mark().await;
            let converged = converge(&world, names.clone(), least).await;
            let mut calls = world.provider.calls(mark, None).await;
            calls.retain(|call| call.client.is_some());
            most = most.max(peak(&calls));
            made += burst.objects;
            stuck += converged.stuck;
            seconds.push(converged.seconds);
            if burst.objects > MOST_DELETED {
                continue;
            }
            // Deletions are measured where the limit is the one that somebody may really have, and
            // are got over with elsewhere.
            let measured = (100..UNLIMITED).contains(&rate) && burst.objects >= 100;
            if !measured {
                world.pace(UNLIMITED, POLL).await;
            }
            let gone = vanish(&world, names, least).await;
            stuck += gone.stuck;
            if measured && burst.objects == largest {
                deletions.push(gone.seconds);
            }
            if !measured {
                world.pace(rate, poll).await;
            }
        }
        let name = format!("d-{id}-{}", burst.objects);
        let figure = Figure::new(
            name,
            format!("(d) {} at once → all Ready, {what}", plural(burst.objects)),
            "s",
            seconds,
        )
        .runs(burst.runs);
        let figure = if burst.objects == 1 {
            let floor = bench.floors().converge.unwrap_or(f64::NAN) / 1000.0;
            figure.limit(floor, "the same by hand")
        } else {
            let aim = if rate < UNLIMITED { 1.1 } else { 1.2 };
            figure.limit(least, from).aim(Part::Ratio, aim)
        };
        bench.tell(figure);
    }
    if rate < UNLIMITED {
        let text = format!("(d) most calls that arrive within a second of these bursts, {what}");
        let figure = Figure::one(format!("d-{id}-peak"), text, "", count(most));
        let rate = f64::from(rate);
        bench.tell(figure.limit(rate, "L").aim(Part::Max, rate));
    }
    if !deletions.is_empty() {
        let (least, from) = limit(bench, largest, rate, 2.0);
        let text = format!("(d) {} deleted at once → all gone, {what}", plural(largest));
        let runs = deletions.len();
        let figure = Figure::new(format!("d-{id}-delete"), text, "s", deletions);
        bench.tell(figure.runs(runs).limit(least, from).aim(Part::Ratio, 1.1));
    }
    counts(bench, &world, id, what, made, stuck).await;
    world.abandon().await;
}

/// Each object was created once, deleted once, and none is stuck.
pub async fn counts(bench: &Bench, world: &World, id: &str, what: &str, made: usize, stuck: usize) {
    let counts = world.provider.counts().await;
    let created = counts.client(CLIENT).streams_created;
    let calls = |method, route| usize::try_from(counts.of(CLIENT, method, route)).unwrap();
    let created = usize::try_from(created).unwrap();
    for (part, text, value) in [
        (
            "duplicates",
            "streams beyond one each",
            created.saturating_sub(made),
        ),
        (
            "posts",
            "POSTs beyond one each",
            calls("POST", STREAMS).saturating_sub(made),
        ),
        (
            "deletes",
            "DELETEs beyond one each",
            calls("DELETE", STREAM).saturating_sub(made),
        ),
        ("stuck", "objects that got stuck", stuck),
    ] {
        let text = format!("(d') {text}, of {made}, {what}");
        bench.tell(Figure::exactly(format!("d-{id}-{part}"), text, value, 0));
    }
}

/// `1,000 objects`.
pub fn plural(objects: usize) -> String {
    let number = crate::table::number(count(objects));
    if objects == 1 {
        format!("{number} object")
    } else {
        format!("{number} objects")
    }
}
