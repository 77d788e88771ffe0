//! What the second provider costs in calls: one object's life, and many at rest.

use serde_json::json;

use crate::{
    bench::Bench,
    figure::Figure,
    provider::{Brand, CLIENT},
    world::{UNLIMITED, Ways, World},
};

use super::{calls::step, rest};

/// So many are at rest.
const MANY: usize = 1_000;

/// A channel is created, edited, switched off and deleted, and then many are.
pub async fn measure(bench: &Bench) {
    let mut ways = Ways::at(UNLIMITED);
    ways.brand = Brand::LiveStation;
    let length = bench.plan.rest;
    let poll = u32::try_from(length.as_secs()).unwrap_or(60) / 5;
    ways.poll = 3600;
    let world = World::new("live-station", ways).await;
    rest::until_quiet().await;
    let at = |what: &str| format!("{what} a LiveStream{}", Brand::LiveStation.suffix());
    let edit = async |spec| {
        let edited = world.cluster.edit("one", spec).await;
        let generation = edited.metadata.generation.unwrap();
        world.board.until_generation("one", generation).await;
    };
    // The least: the POST, and two reads, of the channel and of where viewers watch.
    let what = at("create");
    step(bench, &world, ("ls-create", &what, 3, 2), async {
        let spec = json!({"active": true});
        world.cluster.create("LiveStream", "one", spec).await;
        world.board.until_ready("one").await;
    })
    .await;
    // A change names all settings, so they are read before; the answer shows none of them.
    let what = at("edit");
    step(bench, &world, ("ls-edit", &what, 3, 1), async {
        edit(json!({"autoRecord": true})).await;
    })
    .await;
    let what = at("switch off");
    step(bench, &world, ("ls-off", &what, 1, 1), async {
        edit(json!({"active": false})).await;
    })
    .await;
    // It has to be released before.
    let what = at("delete, when it is off,");
    step(bench, &world, ("ls-delete", &what, 2, 1), async {
        world.cluster.delete("LiveStream", "one").await;
        world.board.until_gone("one").await;
    })
    .await;

    for number in 0..MANY {
        let spec = json!({"active": true});
        let name = format!("many-{number:04}");
        world.cluster.create("LiveStream", &name, spec).await;
    }
    let patience = std::time::Duration::from_mins(10);
    let ready = |objects: &crate::board::Objects| (objects.ready() == MANY).then_some(());
    let ready = world.board.within(patience, ready).await;
    assert!(ready.is_some(), "not all become ready");
    let counts = world.provider.counts().await;
    let made = usize::try_from(counts.client(CLIENT).streams_created).unwrap();
    bench.tell(Figure::exactly(
        "ls-doubles",
        format!("(c2) channels too many, {MANY} objects at once"),
        made - 1 - MANY,
        0,
    ));
    world.pace(UNLIMITED, poll).await;
    rest::measure(bench, &world, length, poll).await;
    world.end().await;
}
