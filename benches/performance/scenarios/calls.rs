//! What one object's life costs, in calls at the provider and in writes at the apiserver.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    audit,
    bench::Bench,
    cluster::spec,
    figure::{Figure, Part},
    provider::Call,
    stats::count,
    world::{UNLIMITED, Ways, World, is_ready},
};

use super::rest;

/// An object, its edit and its deletion, for both kinds.
pub async fn measure(bench: &Bench) {
    let mut ways = Ways::at(UNLIMITED);
    // No walk but the first.
    ways.poll = 3600;
    let world = World::new("calls", ways).await;
    rest::until_quiet().await;

    step(
        bench,
        &world,
        ("c1-create", "create a LiveStream", 1, 2),
        async {
            world.cluster.create("LiveStream", "one", spec("one")).await;
            world.board.until_ready("one").await;
        },
    )
    .await;
    step(
        bench,
        &world,
        ("c1-edit", "edit a LiveStream", 1, 1),
        async {
            let edit = json!({"displayName": "One", "dvr": {"enabled": true}});
            let edited = world.cluster.edit("one", edit).await;
            let generation = edited.metadata.generation.unwrap();
            world.board.until_generation("one", generation).await;
        },
    )
    .await;

    let page =
        |state: &str| json!({"displayName": "Page", "state": state, "streams": [{"name": "one"}]});
    // The first of an account has the list of broadcasts read; what the next one costs is measured.
    world
        .cluster
        .create("Broadcast", "first", page("pending"))
        .await;
    world.until("Broadcast", "first", "ready", is_ready).await;
    rest::until_quiet().await;
    step(
        bench,
        &world,
        ("c1-page", "create a Broadcast", 2, 2),
        async {
            world
                .cluster
                .create("Broadcast", "page", page("pending"))
                .await;
            world.until("Broadcast", "page", "ready", is_ready).await;
        },
    )
    .await;
    step(
        bench,
        &world,
        ("c1-page-edit", "edit a Broadcast", 1, 1),
        async {
            let change: Value = json!({"spec": {"displayName": "Another"}});
            world.cluster.patch("Broadcast", "page", change).await;
            world.until("Broadcast", "page", "ready", is_ready).await;
        },
    )
    .await;
    step(
        bench,
        &world,
        ("c1-page-delete", "delete a Broadcast", 1, 1),
        async {
            world.cluster.delete("Broadcast", "page").await;
            until_gone(&world, "Broadcast", "page").await;
        },
    )
    .await;
    world.cluster.delete("Broadcast", "first").await;
    until_gone(&world, "Broadcast", "first").await;
    rest::until_quiet().await;
    step(
        bench,
        &world,
        ("c1-delete", "delete a LiveStream", 1, 1),
        async {
            world.cluster.delete("LiveStream", "one").await;
            world.board.until_gone("one").await;
        },
    )
    .await;
    world.end().await;
}

async fn until_gone(world: &World, kind: &str, name: &str) {
    let api = world.cluster.api(kind);
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    while api.get_opt(name).await.unwrap().is_some() {
        assert!(std::time::Instant::now() < deadline, "{name} does not go");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

/// Does something, and tells its calls and writes.
pub(super) async fn step(
    bench: &Bench,
    world: &World,
    (id, what, least, least_writes): (&str, &str, usize, usize),
    work: impl Future<Output = ()>,
) {
    let (mark, before) = (audit::mark(), world.provider.mark().await);
    work.await;
    // Events come behind the passes.
    rest::until_quiet().await;
    let calls = world.provider.calls(before, None).await;
    let calls: Vec<&Call> = calls.iter().filter(|call| call.client.is_some()).collect();
    let mut kinds = BTreeMap::<String, usize>::new();
    for call in &calls {
        *kinds
            .entry(format!("{} {}", call.method, call.route))
            .or_default() += 1;
    }
    let figure = Figure::one(id, format!("(c1) calls to {what}"), "", count(calls.len()));
    let figure = figure.limit(count(least), "a count");
    let figure = figure.aim(Part::Median, count(least));
    bench.tell(figure.note(audit::told(&kinds)));
    let writes = audit::writes_since(mark);
    let sum = writes.values().sum::<usize>();
    let figure = Figure::one(
        format!("{id}-writes"),
        format!("(c1) the operator's writes at the apiserver to {what}"),
        "",
        count(sum),
    );
    // The status, and where it comes or goes the finalizer. Events are for people.
    let figure = figure.limit(count(least_writes), "status and finalizer");
    bench.tell(figure.note(audit::told(&writes)));
}
