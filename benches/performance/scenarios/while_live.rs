//! A burst while many streams are on air and recorded: neither may starve the other.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::{
    bench::Bench,
    clock::{ms_between, unix_us},
    cluster::Cluster,
    figure::{Figure, Part},
    provider::CLIENT,
    stats::count,
    world::{POLL, SCALE, UNLIMITED, Ways, World},
};

use super::{
    bursts::{converge, limit, names, plural, vanish},
    recordings::until_started,
};

/// On air and recorded from the beginning.
const LIVE: usize = 50;

/// Go on air one after the other while the burst goes on, in each run.
const NEWS: usize = 8;

/// Four calls a second with every interval a tenth.
const RATE: u32 = 40;

/// As shipped, and a tenth of it: how often what is on air is read, and how long a recording that is
/// wanted may not run before the object is not ready.
const LIVE_POLL: f64 = 0.2;
const PATIENCE: f64 = 3.0;

/// The burst's time, and how late recordings begin.
pub async fn measure(bench: &Bench) {
    let plan = bench.plan.while_live;
    let mut ways = Ways::scaled(RATE);
    ways.rate = UNLIMITED;
    let world = World::new("while-live", ways).await;
    let live = streams(&world, "live", LIVE).await;
    for id in &live {
        world.provider.encoder(id, true).await;
    }
    let recorded = world.board.within(Duration::from_mins(1), |objects| {
        (objects.recording() == LIVE).then_some(())
    });
    assert!(recorded.await.is_some(), "not all are recorded");

    let (mut seconds, mut starts, mut stuck) = (Vec::new(), Vec::new(), 0);
    for run in 0..plan.runs {
        let news = streams(&world, &format!("news{run}-"), NEWS).await;
        world.pace(RATE, POLL / SCALE).await;
        let (least, _) = limit(bench, plan.objects, RATE, 3.0);
        let names = names(&format!("b{run}-"), 0..plan.objects);
        let (converged, late) = futures::join!(
            converge(&world, names.clone(), least),
            go_on_air(&world, &news, least)
        );
        seconds.push(converged.seconds);
        stuck += converged.stuck;
        starts.extend(late);
        world.pace(UNLIMITED, POLL / SCALE).await;
        stuck += vanish(&world, names, least).await.stuck;
    }
    tell(bench, &world, seconds, starts, stuck).await;
    world.abandon().await;
}

/// Streams that are to be recorded; gives their ids.
async fn streams(world: &World, prefix: &str, many: usize) -> Vec<String> {
    let names = names(prefix, 0..many);
    Cluster::for_many(&names, async |name| {
        let spec = json!({"active": true, "recording": true, "displayName": name});
        world.cluster.create("LiveStream", name, spec).await;
    })
    .await;
    let mut ids = Vec::new();
    for name in &names {
        ids.push(world.board.until_ready(name).await.stream_id.unwrap());
    }
    ids
}

/// Switches their encoders on, one after the other, over the time of the burst; gives the seconds until
/// each recording was asked for.
async fn go_on_air(world: &World, ids: &[String], burst: f64) -> Vec<f64> {
    let gap = Duration::from_secs_f64(burst / count(ids.len() + 1));
    let mark = world.provider.mark().await;
    let mut began = Vec::new();
    for id in ids {
        sleep(gap).await;
        began.push((id, unix_us()));
        world.provider.encoder(id, true).await;
    }
    let mut times = Vec::new();
    for (id, begun) in began {
        let call = until_started(world, mark, id).await;
        times.push(ms_between(begun, call.unix_us) / 1000.0);
    }
    times
}

async fn tell(bench: &Bench, world: &World, seconds: Vec<f64>, starts: Vec<f64>, stuck: usize) {
    let plan = bench.plan.while_live;
    let (least, from) = limit(bench, plan.objects, RATE, 3.0);
    let counts = world.provider.counts().await.client(CLIENT);
    let beside =
        format!("{RATE} calls/s (4/s with every interval a tenth), {LIVE} streams recorded");
    let figure = Figure::new(
        "d-live",
        format!("(d) {} at once → all Ready, {beside}", plural(plan.objects)),
        "s",
        seconds,
    );
    let figure = figure
        .runs(plan.runs)
        .limit(least, from)
        .aim(Part::Ratio, 1.4);
    bench.tell(figure);
    // With half of the rate, all that is on air is read one by one, or by the pages of the list.
    let streams = LIVE + plan.runs * NEWS;
    let reads = streams.min((plan.objects + streams).div_ceil(25) + 1);
    let read = (count(reads) / (f64::from(RATE) / 2.0)).max(LIVE_POLL);
    let late = starts.iter().filter(|seconds| **seconds > PATIENCE).count();
    let figure = Figure::new(
        "d-live-starts",
        format!("(d) encoder on → start_recording arrives meanwhile, {beside}"),
        "s",
        starts,
    );
    let figure = figure
        .runs(plan.runs)
        .limit_of(Part::Max, read, format!("{reads} reads at half of L"))
        .aim(Part::Ratio, 1.4);
    bench.tell(figure.note("ten times that at 4 calls/s"));
    let what =
        format!("(d) recordings that began later than the operator's own patience, {beside}");
    let figure = Figure::one("d-live-late", what, "", count(late));
    bench.tell(figure.aim(Part::Max, 0.0));
    let made = plan.runs * (plan.objects + NEWS) + LIVE;
    let created = usize::try_from(counts.streams_created).unwrap();
    for (id, what, value) in [
        (
            "d-live-duplicates",
            "streams beyond one each",
            created.saturating_sub(made),
        ),
        ("d-live-stuck", "objects that got stuck", stuck),
    ] {
        let what = format!("(d') {what}, of {made}, {beside}");
        bench.tell(Figure::exactly(id, what, value, 0));
    }
}
