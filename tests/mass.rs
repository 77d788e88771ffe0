//! Very many objects, a provider at which everything goes wrong for ten minutes of its clock, and a kill
//! in the middle. A process of its own, which no other test runs beside.
//!
//! `MASS_OBJECTS` says how many (300), `MASS_SEED` which weather (another one each time, printed).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::similar_names,
    clippy::cmp_owned,
    reason = "a test that cannot go on ends"
)]

#[path = "operator/harness/mod.rs"]
#[expect(dead_code, unused_imports, reason = "made for many tests")]
mod harness;

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    time::{Duration, Instant},
};

use futures::{StreamExt as _, stream};
use harness::{CLIENT, World, is_ready, status_of};
use kube::{ResourceExt as _, api::ListParams, core::DynamicObject};
use serde_json::{Value, json};
use simulator::weather::Weather;

/// So many requests of the test are under way at once.
const AT_ONCE: usize = 16;

fn setting(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().unwrap())
}

/// Does something with each name, some at once.
async fn each(names: &[String], act: impl AsyncFn(&str)) {
    stream::iter(names)
        .for_each_concurrent(AT_ONCE, |name| act(name))
        .await;
}

async fn objects(world: &World) -> Vec<DynamicObject> {
    let api = world.api("LiveStream");
    let mut all = Vec::new();
    let mut page = ListParams::default().limit(500);
    loop {
        let list = api.list(&page).await.unwrap();
        all.extend(list.items);
        match list.metadata.continue_.filter(|more| !more.is_empty()) {
            Some(more) => page = page.continue_token(&more),
            None => return all,
        }
    }
}

/// Waits until so many objects are there and all are ready.
async fn until_all_ready(world: &World, many: usize) {
    let began = Instant::now();
    let mut best = 0;
    let mut moved = Instant::now();
    loop {
        let all = objects(world).await;
        let ready = all.iter().filter(|object| is_ready(object)).count();
        if (all.len(), ready) == (many, many) {
            return;
        }
        if ready > best {
            (best, moved) = (ready, Instant::now());
        }
        let late = all.iter().find(|object| !is_ready(object));
        assert!(
            moved.elapsed() < Duration::from_mins(5),
            "{ready} of {} are ready after {:?}, and no more for five minutes; one that is not: {}",
            all.len(),
            began.elapsed(),
            late.map_or(Value::Null, |late| late.data.clone())
        );
        // The lists of very many objects are work for the apiserver, too.
        tokio::time::sleep(Duration::from_millis(200 + many as u64 / 2)).await;
    }
}

/// From now on the provider posts webhooks to the operator that runs.
async fn hook(world: &World) {
    world
        .until_true("the receiver's path is in its Secret", async || {
            let secret = world.secrets().get_opt("default-webhook").await.unwrap();
            secret.and_then(|secret| secret.data).is_some()
        })
        .await;
    let secret = world.secrets().get("default-webhook").await.unwrap();
    let path = String::from_utf8(secret.data.unwrap()["path"].0.clone()).unwrap();
    let address = world.operator.as_ref().unwrap().webhooks().await;
    let url = format!("http://{address}{path}");
    world.sim.webhook(CLIENT, Some(&url)).unwrap();
}

/// Whether this one is to be switched on.
fn is_on(name: &str) -> bool {
    !name.ends_with('3')
}

#[tokio::test]
async fn in_bad_weather_and_through_a_kill_each_object_gets_its_one_stream() {
    let many = usize::try_from(setting("MASS_OBJECTS").unwrap_or(300)).unwrap();
    let seed = setting("MASS_SEED").unwrap_or_else(|| RandomState::new().build_hasher().finish());
    println!("MASS_OBJECTS={many} MASS_SEED={seed}");
    let mut world = World::bare("mass").await;
    world.account(json!({})).await;
    let flags = [
        "--webhook-listen=127.0.0.1:0",
        "--settling=3s",
        "--call-deadline=2s",
        "--stalled-retry=2s",
        "--log=info",
    ];
    world.start(&flags);
    hook(&world).await;
    // Its ten minutes in two of ours for the many, in some seconds for the few.
    world
        .sim
        .clock()
        .set_speed(if many > 2000 { 4 } else { 20 });
    world.sim.set_weather(Weather {
        per_cent: 10,
        seed,
        late_millis: 500,
        length: Duration::from_mins(10),
    });

    let names: Vec<String> = (0..many).map(|n| format!("camera-{n:05}")).collect();
    let (first, second) = names.split_at(many / 2);
    each(first, async |name| {
        world.stream(name, json!({"active": is_on(name)})).await;
    })
    .await;
    // In the middle, whatever it is about: half are there, some are created, none is finished with.
    world
        .until_sim("creations are under way", |sim| {
            sim.created_total(CLIENT) >= u64::try_from(many / 8).unwrap()
        })
        .await;
    world.operator().kill();
    world.start(&flags);
    let world = &world;
    hook(world).await;
    each(second, async |name| {
        world.stream(name, json!({"active": is_on(name)})).await;
    })
    .await;
    let edited: Vec<String> = names.iter().step_by(7).cloned().collect();
    each(&edited, async |name| {
        world.edit(name, json!({"displayName": "Edited"})).await;
    })
    .await;
    let gone: BTreeSet<String> = names.iter().skip(1).step_by(10).cloned().collect();
    each(&gone.iter().cloned().collect::<Vec<_>>(), async |name| {
        world.delete("LiveStream", name).await;
    })
    .await;

    // Encoders begin to send, which webhooks tell.
    let left = many - gone.len();
    until_all_ready(world, left).await;
    let live: Vec<String> = names.iter().step_by(50).cloned().collect();
    for name in &live {
        world
            .sim
            .set_live(world.stream_id(name).await, true)
            .unwrap();
    }
    world
        .until_sim("the weather is over", |sim| sim.weather_is_over())
        .await;
    until_all_ready(world, left).await;
    for name in &live {
        let live = |object: &DynamicObject| status_of(object)["live"] == true;
        world.until("LiveStream", name, "live", live).await;
    }
    world.walks(3).await;
    println!("the weather met {} calls", world.sim.met_by_weather());

    exact(world, &edited, left, many).await;

    // And then rest.
    let rest = world.sim.last_call();
    world.walks(2).await;
    let changes = world.sim.calls_where(rest, |call| call.method != "GET");
    assert!(changes.is_empty(), "{changes:?}");
    // A row of the campaign's table.
    let row = json!({
        "part": format!("mass, {many} objects"), "points": many, "faults": Weather::WAYS,
        "runs": 1, "violations": 0, "seed": seed, "met": world.sim.met_by_weather(),
    });
    println!("campaign-row: {row}");
}

/// One stream for each object, as its spec wants it; nothing else.
async fn exact(world: &World, edited: &[String], left: usize, many: usize) {
    let mut marked: BTreeMap<u64, Value> = BTreeMap::new();
    for stream in world.sim.streams(CLIENT) {
        marked.insert(stream["id"].as_u64().unwrap(), stream);
    }
    let all = objects(world).await;
    let known: BTreeSet<u64> = all
        .iter()
        .filter_map(|object| status_of(object)["streamId"].as_str()?.parse().ok())
        .collect();
    let more: Vec<&Value> = marked
        .iter()
        .filter(|(id, _)| !known.contains(id))
        .map(|(_, stream)| stream)
        .collect();
    assert!(more.is_empty(), "streams of no object: {more:?}");
    assert_eq!(marked.len(), left);
    for object in all {
        let name = object.name_any();
        let id = status_of(&object)["streamId"]
            .as_str()
            .unwrap()
            .parse::<u64>();
        let stream = &marked[&id.unwrap()];
        let data = stream["client_entity_data"].as_str().unwrap_or_default();
        assert!(data.contains(&object.uid().unwrap()), "{name}: {stream}");
        assert_eq!(stream["active"], json!(is_on(&name)), "{name}");
        let wanted: &str = if edited.contains(&name) {
            "Edited"
        } else {
            &name
        };
        assert_eq!(stream["name"], wanted, "{name}");
    }
    // An object that was deleted before its creation was sent never had a stream.
    let (created, deleted) = (
        world.sim.created_total(CLIENT),
        world.sim.deleted_total(CLIENT),
    );
    assert_eq!(usize::try_from(created - deleted).unwrap(), left);
    assert!(
        usize::try_from(created).unwrap() <= many,
        "{created} of {many}"
    );
}
