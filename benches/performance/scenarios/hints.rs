//! (b1) An encoder is switched on, and a webhook tells of it: one read, one write.

use std::time::Instant;

use serde_json::json;

use crate::{
    bench::Bench,
    clock::ms,
    cluster::Cluster,
    figure::{Figure, Part},
    world::{UNLIMITED, Ways, World},
};

use super::bursts::names;

/// From the encoder to the moment at which a watch shows `status.live`.
pub async fn measure(bench: &Bench) {
    let mut ways = Ways::at(UNLIMITED);
    ways.poll = 3600;
    ways.webhooks = true;
    // What is seen was hinted at: nothing else looks.
    ways.flags = vec!["--live-poll=1h".to_owned()];
    let world = World::new("hints", ways).await;
    let names = names("h", 0..bench.plan.hints);
    Cluster::for_many(&names, async |name| {
        let spec = json!({"active": true, "displayName": name});
        world.cluster.create("LiveStream", name, spec).await;
        world.board.until_ready(name).await;
    })
    .await;
    super::rest::until_quiet().await;
    let mut times = Vec::new();
    for name in &names {
        let seen = world.board.look(|objects| objects.get(name).cloned());
        let id = seen.and_then(|seen| seen.stream_id).unwrap();
        let begun = Instant::now();
        world.provider.encoder(&id, true).await;
        world.board.until(name, "live", |seen| seen.live).await;
        times.push(ms(begun.elapsed()));
    }
    let what = "(b1) encoder on → status.live in a watch, by webhook";
    let figure = Figure::new("b1-live", what, "ms", times);
    let floor = bench.floors().read_and_tell.unwrap_or(f64::NAN);
    let figure = figure.limit(floor, "GET, status and watch by hand");
    bench.tell(figure.aim(Part::P99, 300.0));
    world.abandon().await;
}
