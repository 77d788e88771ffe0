//! The operator is killed and started again.

use std::time::{Duration, Instant};

use kube::api::ListParams;

use crate::{
    audit,
    bench::Bench,
    clock::{ms_between, unix_us},
    figure::{Figure, Part},
    provider::STREAMS,
    stats::count,
    table::number,
    world::World,
};

use super::rest;

/// How long after all was checked it is watched for calls and writes that should not be.
const AFTER: Duration = Duration::from_secs(3);

/// Restarts it some times, while `size` objects exist and it may call `rate` times a second.
pub async fn measure(bench: &Bench, world: &mut World, rate: u32, aim: Option<f64>) {
    let size = world.board.look(crate::board::Objects::count);
    settle(world, size).await;
    let runs = bench.plan.restarts;
    let list = list(world).await;
    let (mut ready, mut checked) = (Vec::new(), Vec::new());
    let (mut changing, mut written) = (0, std::collections::BTreeMap::<String, usize>::new());
    for _ in 0..runs {
        world.stop();
        let before = world.provider.mark().await;
        let mark = audit::mark();
        let begun = unix_us();
        world.start();
        ready.push(world.operator().ready().await.as_secs_f64());
        checked.push(until_checked(world, before, begun, size).await);
        tokio::time::sleep(AFTER).await;
        let calls = world.provider.calls(before, None).await;
        let calls = calls.iter().filter(|call| call.client.is_some());
        changing += calls.filter(|call| call.method != "GET").count();
        for (what, times) in audit::writes_since(mark) {
            *written.entry(what).or_default() += times;
        }
    }
    let at = number(count(size));
    let figure = Figure::new(
        format!("f-ready-{size}"),
        format!("(f) start → ready, {at} objects"),
        "s",
        ready,
    );
    let figure = figure.runs(runs).limit(list, "one list by the bench");
    bench.tell(match aim {
        Some(aim) => figure.aim(Part::Max, aim),
        None => figure,
    });
    let pages = size.div_ceil(25) + 1;
    let figure = Figure::new(
        format!("f-checked-{size}"),
        format!("(f) start → all checked, {at} objects, {rate} calls/s"),
        "s",
        checked,
    );
    let least = count(pages) / f64::from(rate);
    bench.tell(figure.runs(runs).limit(least, "pages/L"));
    bench.tell(Figure::exactly(
        format!("f-changing-{size}"),
        format!("(f) changing calls after {runs} restarts, {at} objects"),
        changing,
        0,
    ));
    let figure = Figure::exactly(
        format!("f-writes-{size}"),
        format!("(f) writes at the apiserver after {runs} restarts, {at} objects"),
        written.values().sum(),
        0,
    );
    bench.tell(figure.note(audit::told(&written)));
}

/// Restarts it once, unmeasured, so that the account's status counts the streams that there are now, and
/// not those at the last walk.
async fn settle(world: &mut World, size: usize) {
    world.start();
    world.operator().ready().await;
    rest::until_counted(world, size).await;
}

/// Seconds in which the bench itself lists all objects.
async fn list(world: &World) -> f64 {
    let api = world.cluster.slim("LiveStream");
    let begun = Instant::now();
    let mut params = ListParams::default().limit(500);
    loop {
        let page = api.list(&params).await.unwrap();
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => return begun.elapsed().as_secs_f64(),
        }
    }
}

/// Waits until the whole list was read and every object was found in step; gives the seconds since the
/// start.
async fn until_checked(world: &World, before: u64, begun: i64, size: usize) -> f64 {
    let deadline = Instant::now() + Duration::from_mins(5);
    let pages = size.div_ceil(25) + 1;
    loop {
        let passes = world.operator().passes_in_step().await;
        if passes >= size {
            let now = unix_us();
            let calls = world.provider.calls(before, Some("GET")).await;
            let read = calls.iter().filter(|call| call.route == STREAMS);
            let read: Vec<i64> = read.map(|call| call.unix_us).collect();
            if let Some(last) = read.get(pages - 1) {
                return ms_between(begun, now.max(*last)) / 1000.0;
            }
        }
        assert!(
            Instant::now() < deadline,
            "not all objects are checked: {passes} of {size}"
        );
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}
