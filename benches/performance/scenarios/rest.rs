//! Nothing happens: what that costs.

use std::time::{Duration, Instant};

use kube::core::DynamicObject;

use crate::{
    audit,
    bench::Bench,
    figure::{Figure, Part},
    process::{self, Memory},
    provider::{Brand, Call},
    stats::{count, median, slope},
    table::number,
    world::World,
};

/// How often memory is looked at.
const STEP: Duration = Duration::from_secs(1);

/// So long must be rested before growth is told from a page that was touched.
const LONG: Duration = Duration::from_mins(3);

/// Waits until the operator has written nothing for a while: Events come behind the passes.
pub async fn until_quiet() {
    let deadline = Instant::now() + Duration::from_mins(3);
    loop {
        let mark = audit::mark();
        tokio::time::sleep(STEP).await;
        if audit::writes_since(mark).is_empty() {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "the operator does not cease to write"
        );
    }
}

/// Waits until a walk has counted all streams into the account's status, and nothing is written any more.
pub async fn until_counted(world: &World, size: usize) {
    let counted = |object: &DynamicObject| object.data["status"]["streams"]["managed"] == size;
    world
        .until("StreamingAccount", "default", "counts all streams", counted)
        .await;
    until_quiet().await;
}

/// What is in memory for some seconds, second by second.
pub async fn memory(pid: u32, length: Duration) -> Vec<(f64, Memory)> {
    let begun = Instant::now();
    let mut seen = Vec::new();
    while begun.elapsed() < length {
        tokio::time::sleep(STEP.min(length)).await;
        seen.push((begun.elapsed().as_secs_f64(), process::memory(pid)));
    }
    seen
}

/// Tells what is in memory. Gives the megabytes.
pub async fn tell_memory(
    bench: &Bench,
    world: &World,
    id: &str,
    what: &str,
    aim: Option<f64>,
) -> f64 {
    let seen = memory(world.operator().pid(), Duration::from_secs(3)).await;
    let middle = |part: fn(&Memory) -> f64| {
        median(
            &seen
                .iter()
                .map(|(_, memory)| part(memory))
                .collect::<Vec<_>>(),
        )
    };
    let resident = middle(|memory| memory.resident);
    let figure = Figure::one(id, format!("(e) memory in use, {what}"), "MB", resident);
    let figure = figure.note(format!(
        "{:.1} MB its own, {:.1} MB pages of files",
        middle(|memory| memory.anonymous),
        middle(|memory| memory.file)
    ));
    bench.tell(match aim {
        Some(aim) => figure.aim(Part::Median, aim),
        None => figure,
    });
    resident
}

/// The pages of whole walks among calls: how many walks, and the pages of each.
fn walks(calls: &[Call], brand: Brand) -> (usize, f64) {
    let pages = calls.iter().filter(|call| call.route == brand.list());
    let pages: Vec<&Call> = pages.collect();
    let begins: Vec<usize> = pages
        .iter()
        .enumerate()
        .filter(|(_, call)| {
            let query = call.query.as_deref().unwrap_or_default();
            query.split('&').any(|part| part == brand.first_page())
        })
        .map(|(i, _)| i)
        .collect();
    match (begins.first(), begins.last()) {
        (Some(first), Some(last)) if last > first => {
            let walks = begins.len() - 1;
            (walks, count(last - first) / count(walks))
        }
        _ => (begins.len(), f64::NAN),
    }
}

/// Rests, while the list is read every `poll` seconds.
pub async fn measure(bench: &Bench, world: &World, length: Duration, poll: u32) {
    let size = world.board.look(crate::board::Objects::count);
    until_counted(world, size).await;
    let pid = world.operator().pid();
    let (mark, before) = (audit::mark(), world.provider.counts().await.last_call);
    let cpu = process::cpu_seconds(pid);
    let begun = Instant::now();
    let seen = memory(pid, length).await;
    let used = process::cpu_seconds(pid) - cpu;
    let passed = begun.elapsed().as_secs_f64();
    let sockets = process::sockets_to(pid, world.provider.port());
    let writes = audit::writes_since(mark);
    let calls = world.provider.calls(before, None).await;
    let calls: Vec<Call> = calls.into_iter().filter(|c| c.client.is_some()).collect();
    let here = format!(
        "{} objects at rest for {} s{}",
        number(count(size)),
        length.as_secs(),
        world.brand().suffix()
    );

    let (walked, pages) = walks(&calls, world.brand());
    let least = count(size.div_ceil(world.brand().page()) + 1);
    let figure = Figure::one(
        format!("c3-{size}"),
        format!("(c3) calls for one interval, {here}"),
        "",
        pages,
    );
    bench.tell(
        figure
            .limit(least, "pages, the empty one too")
            .aim(Part::Median, least)
            .note(format!(
                "{walked} whole walks, list read every {poll} s, {} calls",
                calls.len()
            )),
    );
    let changing = calls.iter().filter(|call| call.method != "GET").count();
    let single = calls.iter().filter(|call| call.id.is_some()).count();
    for (id, what, value) in [
        ("changing", "changing calls", changing),
        ("single", "reads of single things", single),
    ] {
        bench.tell(Figure::exactly(
            format!("c3-{size}-{id}"),
            format!("(c3) {what}, {here}"),
            value,
            0,
        ));
    }
    let figure = Figure::exactly(
        format!("c4-{size}"),
        format!("(c4) writes at the apiserver, {here}"),
        writes.values().sum(),
        0,
    );
    bench.tell(figure.note(audit::told(&writes)));

    let figure = Figure::one(
        format!("e-cpu-{size}"),
        format!("(e) share of a core, {here}"),
        "%",
        used / passed * 100.0,
    );
    let each = used * 1000.0 / count(calls.len().max(1));
    let figure = figure.note(format!("{each:.2} ms for each page that was read"));
    bench.tell(figure.aim(Part::Median, 0.5));

    let points: Vec<(f64, f64)> = seen
        .iter()
        .map(|(at, memory)| (at / 60.0, memory.resident * 1024.0))
        .collect();
    let figure = Figure::one(
        format!("e-slope-{size}"),
        format!("(e) growth of memory, {here}"),
        "KB/min",
        slope(&points),
    );
    let ends = seen.first().zip(seen.last());
    let figure = match ends {
        Some(((_, first), (_, last))) => figure.note(format!(
            "from {:.2} MB to {:.2} MB",
            first.resident, last.resident
        )),
        None => figure,
    };
    // One page of memory more is much in a short time, and says nothing.
    bench.tell(if length >= LONG {
        figure.aim(Part::Median, 10.0)
    } else {
        figure
    });

    let figure = Figure::one(
        format!("e-sockets-{size}"),
        format!("(e) open sockets to the provider, {here}"),
        "",
        count(sockets),
    );
    bench.tell(figure.limit(1.0, "one connection").aim(Part::Median, 8.0));
}
