//! An encoder is switched on where a recording is wanted: how soon the provider is asked for it.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::{
    bench::Bench,
    clock::{ms_between, unix_us},
    figure::{Figure, Part},
    provider::Call,
    world::{UNLIMITED, Ways, World},
};

/// The route that begins a recording.
pub const START: &str = "/streaming/streams/{id}/start_recording";

/// As shipped: what is about to go on air is read every two seconds.
const LIVE_POLL_MS: f64 = 2000.0;

/// With webhooks, and without.
pub async fn measure(bench: &Bench) {
    for hints in [true, false] {
        let mut ways = Ways::at(UNLIMITED);
        ways.webhooks = hints;
        let name = if hints {
            "recorded-hint"
        } else {
            "recorded-poll"
        };
        let world = World::new(name, ways).await;
        let mut times = Vec::new();
        for i in 0..bench.plan.recordings {
            times.push(record(&world, &format!("r{i}"), i).await);
        }
        let floor = bench.floors().read_and_tell.unwrap_or(f64::NAN);
        let figure = if hints {
            let what = "(b1) encoder on → start_recording arrives, by webhook";
            let figure = Figure::new("b1-record", what, "ms", times);
            figure
                .limit(floor, "GET and a status write by hand")
                .aim(Part::P99, 300.0)
        } else {
            let what = "(b2) encoder on → start_recording arrives, looked at every 2 s";
            let figure = Figure::new("b2-record", what, "ms", times);
            let least = LIVE_POLL_MS + floor;
            figure
                .limit_of(Part::Max, least, "the interval, GET and a status write")
                .aim(Part::Max, 2100.0)
        };
        bench.tell(figure);
        world.abandon().await;
    }
}

/// Milliseconds of one.
async fn record(world: &World, name: &str, i: usize) -> f64 {
    let spec = json!({"active": true, "recording": true, "displayName": name});
    world.cluster.create("LiveStream", name, spec).await;
    let id = world.board.until_ready(name).await.stream_id.unwrap();
    // Each finds the interval at another place.
    tokio::time::sleep(Duration::from_millis(270 * (u64::try_from(i).unwrap() % 8))).await;
    let mark = world.provider.mark().await;
    let begun = unix_us();
    world.provider.encoder(&id, true).await;
    let call = until_started(world, mark, &id).await;
    let took = ms_between(begun, call.unix_us);
    world.provider.encoder(&id, false).await;
    let off = json!({"active": false, "recording": null});
    world.cluster.edit(name, off).await;
    world
        .board
        .until(name, "off air", |seen| !seen.live && !seen.active)
        .await;
    took
}

/// Waits until a recording of a stream is asked for after a call.
pub async fn until_started(world: &World, mark: u64, id: &str) -> Call {
    let deadline = Instant::now() + Duration::from_mins(2);
    loop {
        let calls = world.provider.calls(mark, Some("PUT")).await;
        let call = calls
            .into_iter()
            .find(|call| call.route == START && call.id.as_deref() == Some(id));
        if let Some(call) = call {
            return call;
        }
        assert!(Instant::now() < deadline, "{id} is not recorded");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
