//! What the machine itself can do: the same calls, made by hand, without an operator.

use std::time::{Duration, Instant};

use futures::join;
use kube::api::{Patch, PatchParams};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    bench::{Bench, Floors},
    clock::{ms, ms_between, unix_us},
    cluster::{Cluster, spec},
    figure::Figure,
    provider::{STREAM, STREAMS},
    stats::{count, median, percentile},
    world::{UNLIMITED, Ways, World},
};

/// A finalizer that nobody acts on.
const FINALIZER: &str = "bench.example.org/floor";

/// How often the apiserver's rate is measured.
const ROUNDS: usize = 3;

/// Measures how quickly the bare calls go.
pub async fn measure(bench: &Bench) {
    let status = sample().await;
    let world = World::bare("floors", Ways::at(UNLIMITED)).await;
    let writes = writes(bench, &world, &status).await;
    let (create, converge) = creations(bench, &world, &status).await;
    let edit = edits(bench, &world).await;
    let read_and_tell = reads(bench, &world, &status).await;
    let floors = Floors {
        writes: Some(writes),
        create: Some(median(&create)),
        converge: Some(median(&converge)),
        edit: Some(median(&edit)),
        read_and_tell: Some(median(&read_and_tell)),
    };
    for (id, what, values) in [
        (
            "floor-create",
            "floor: create → watch → finalizer → POST arrives, by hand",
            create,
        ),
        (
            "floor-converge",
            "floor: the same and status → watch, by hand",
            converge,
        ),
        (
            "floor-edit",
            "floor: edit → watch → PATCH arrives, by hand",
            edit,
        ),
        (
            "floor-tell",
            "floor: GET, status → watch, by hand",
            read_and_tell,
        ),
    ] {
        bench.tell(Figure::new(id, what, "ms", values));
    }
    bench.set_floors(floors);
}

/// The status that the operator writes.
async fn sample() -> Value {
    let world = World::new("sample", Ways::at(UNLIMITED)).await;
    world.cluster.create("LiveStream", "one", spec("one")).await;
    world.board.until_ready("one").await;
    let object = world.cluster.api("LiveStream").get("one").await.unwrap();
    let status = object.data["status"].clone();
    world.end().await;
    status
}

async fn add_finalizer(cluster: &Cluster, name: &str) {
    let patch = json!({"metadata": {"finalizers": [FINALIZER]}});
    let api = cluster.api("LiveStream");
    api.patch_metadata(name, &PatchParams::default(), &Patch::Merge(patch))
        .await
        .unwrap();
}

async fn remove(world: &World, name: &str) {
    world.cluster.delete("LiveStream", name).await;
    let patch = json!({"metadata": {"finalizers": null}});
    let api = world.cluster.api("LiveStream");
    // Where it never had one, it is gone by now.
    let _ = api
        .patch_metadata(name, &PatchParams::default(), &Patch::Merge(patch))
        .await;
}

async fn write_status(cluster: &Cluster, name: &str, status: &Value) {
    let patch = json!({ "status": status });
    let api = cluster.api("LiveStream");
    api.patch_status(name, &PatchParams::default(), &Patch::Merge(patch))
        .await
        .unwrap();
}

/// Writes a second: the creation, the finalizer and the status of many objects, as many at once as
/// the generator makes. The best of some rounds: a limit is what is possible.
async fn writes(bench: &Bench, world: &World, status: &Value) -> f64 {
    let mut rates = Vec::new();
    for round in 0..ROUNDS {
        let many = 0..bench.plan.ceiling / ROUNDS;
        let names: Vec<String> = many.map(|i| format!("w{round}-{i}")).collect();
        let begun = Instant::now();
        Cluster::for_many(&names, async |name| {
            world.cluster.create("LiveStream", name, spec(name)).await;
            add_finalizer(&world.cluster, name).await;
            write_status(&world.cluster, name, status).await;
        })
        .await;
        rates.push(3.0 * count(names.len()) / begun.elapsed().as_secs_f64());
        Cluster::for_many(&names, async |name| remove(world, name).await).await;
    }
    let best = percentile(&rates, 100.0);
    let what = "writes that the apiserver takes from the bench's generator";
    let figure = Figure::new("floor-writes", what, "/s", rates).runs(ROUNDS);
    bench.tell(figure.note(format!(
        "{} objects in each round: created, finalizer, status; a watch beside it. The greatest is W",
        bench.plan.ceiling / ROUNDS
    )));
    best
}

/// Milliseconds from a creation to the arrival of a POST, and to a watch that shows the status.
async fn creations(bench: &Bench, world: &World, status: &Value) -> (Vec<f64>, Vec<f64>) {
    let (mut began, mut told) = (Vec::new(), Vec::new());
    let mark = world.provider.mark().await;
    for i in 0..bench.plan.chains {
        let name = format!("c{i}");
        let begun = unix_us();
        let clock = Instant::now();
        let follow = async {
            world.board.until(&name, "there", |_| true).await;
            add_finalizer(&world.cluster, &name).await;
            let body = json!({"name": name, "active": false});
            world.provider.api(Method::POST, STREAMS, Some(&body)).await;
            write_status(&world.cluster, &name, status).await;
            world.board.until_ready(&name).await;
        };
        join!(
            world.cluster.create("LiveStream", &name, spec(&name)),
            follow
        );
        told.push(ms(clock.elapsed()));
        began.push(begun);
        remove(world, &name).await;
        world.board.until_gone(&name).await;
    }
    let calls = world.provider.calls(mark, Some("POST")).await;
    let arrived = began.iter().zip(&calls);
    let posts = arrived.map(|(begun, call)| ms_between(*begun, call.unix_us));
    (posts.collect(), told)
}

/// Milliseconds from an edit to the arrival of a PATCH.
async fn edits(bench: &Bench, world: &World) -> Vec<f64> {
    let name = "edited";
    world.cluster.create("LiveStream", name, spec(name)).await;
    let body = json!({"name": name, "active": false});
    let stream = world.provider.api(Method::POST, STREAMS, Some(&body)).await;
    let path = STREAM.replace("{id}", &stream["id"].to_string());
    let generation = world.board.until(name, "there", |_| true).await.generation;
    let mark = world.provider.mark().await;
    let mut began = Vec::new();
    for i in 1..=bench.plan.chains {
        let display = format!("edit {i}");
        let wanted = generation + i64::try_from(i).unwrap();
        let follow = async {
            let newer = |seen: &crate::board::Seen| seen.generation >= wanted;
            world.board.until(name, "edited", newer).await;
            let body = json!({"stream": {"name": display}});
            world.provider.api(Method::PATCH, &path, Some(&body)).await;
        };
        began.push(unix_us());
        join!(
            world.cluster.edit(name, json!({"displayName": display})),
            follow
        );
    }
    remove(world, name).await;
    let calls = world.provider.calls(mark, Some("PATCH")).await;
    let arrived = began.iter().zip(&calls);
    arrived
        .map(|(begun, call)| ms_between(*begun, call.unix_us))
        .collect()
}

/// Milliseconds for one read at the provider, one status write, and its event.
async fn reads(bench: &Bench, world: &World, status: &Value) -> Vec<f64> {
    let body = json!({"name": "read", "active": true});
    let stream = world.provider.api(Method::POST, STREAMS, Some(&body)).await;
    let path = STREAM.replace("{id}", &stream["id"].to_string());
    let mut times = Vec::new();
    for i in 0..bench.plan.chains {
        let name = format!("r{i}");
        world.cluster.create("LiveStream", &name, spec(&name)).await;
        let mut status = status.clone();
        status["live"] = json!(true);
        let begun = Instant::now();
        world.provider.api(Method::GET, &path, None).await;
        let seen = world.board.until(&name, "live", |seen| seen.live);
        let written = async {
            write_status(&world.cluster, &name, &status).await;
        };
        join!(written, seen);
        times.push(ms(begun.elapsed()));
        remove(world, &name).await;
    }
    let gone = world
        .board
        .within(Duration::from_mins(1), |objects| {
            (objects.count() == 0).then_some(())
        })
        .await;
    assert!(gone.is_some(), "objects of the floors are left");
    times
}
