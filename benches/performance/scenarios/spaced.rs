//! One creation or edit after the other while others exist: how soon the provider is called.

use serde_json::json;

use crate::{
    bench::Bench,
    clock::{ms_between, unix_us},
    cluster::spec,
    figure::{Figure, Part},
    provider::{Call, STREAM, STREAMS},
    stats::count,
    table::number,
    world::World,
};

/// Measures both, while `size` objects exist.
pub async fn measure(bench: &Bench, world: &World, size: usize) {
    let creations = creations(bench, world).await;
    let beside = number(count(size));
    let figure = Figure::new(
        format!("a-create-{size}"),
        format!("(a) apply → POST arrives, beside {beside} objects"),
        "ms",
        creations,
    );
    let floors = bench.floors();
    let floor = floors.create.unwrap_or(f64::NAN);
    let figure = figure.limit(floor, "create, watch, finalizer and POST by hand");
    bench.tell(figure.aim(Part::Median, 15.0).aim(Part::P99, 100.0));

    let edits = edits(bench, world).await;
    let figure = Figure::new(
        format!("a-edit-{size}"),
        format!("(a) edit → PATCH arrives, beside {beside} objects"),
        "ms",
        edits,
    );
    let floor = floors.edit.unwrap_or(f64::NAN);
    let figure = figure.limit(floor, "edit, watch and PATCH by hand");
    bench.tell(figure.aim(Part::Median, 15.0).aim(Part::P99, 100.0));
}

/// When a call that gives a stream this name arrived.
fn arrival(calls: &[Call], route: &str, name: &str) -> Option<i64> {
    let call = calls
        .iter()
        .find(|call| call.route == route && call.name() == Some(name));
    call.map(|call| call.unix_us)
}

async fn creations(bench: &Bench, world: &World) -> Vec<f64> {
    let mark = world.provider.mark().await;
    let mut began = Vec::new();
    for i in 0..bench.plan.spaced {
        let name = format!("spaced-{i}");
        began.push((name.clone(), unix_us()));
        world.cluster.create("LiveStream", &name, spec(&name)).await;
        world.board.until_ready(&name).await;
        // What comes next is alone again.
        world.cluster.delete("LiveStream", &name).await;
        world.board.until_gone(&name).await;
    }
    let calls = world.provider.calls(mark, Some("POST")).await;
    times(&began, &calls, STREAMS)
}

async fn edits(bench: &Bench, world: &World) -> Vec<f64> {
    let name = "edited";
    world.cluster.create("LiveStream", name, spec(name)).await;
    world.board.until_ready(name).await;
    let mark = world.provider.mark().await;
    let mut began = Vec::new();
    for i in 0..bench.plan.spaced {
        let display = format!("edit {i}");
        began.push((display.clone(), unix_us()));
        let edited = world.cluster.edit(name, json!({"displayName": display}));
        let generation = edited.await.metadata.generation.unwrap();
        world.board.until_generation(name, generation).await;
    }
    let calls = world.provider.calls(mark, Some("PATCH")).await;
    world.cluster.delete("LiveStream", name).await;
    world.board.until_gone(name).await;
    times(&began, &calls, STREAM)
}

fn times(began: &[(String, i64)], calls: &[Call], route: &str) -> Vec<f64> {
    let arrived = began.iter().map(|(name, begun)| {
        let arrived = arrival(calls, route, name);
        ms_between(*begun, arrived.expect("what is ready was asked for"))
    });
    arrived.collect()
}
