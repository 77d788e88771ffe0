//! One tenant has far more to do than its budget allows: what others feel of it.

use std::time::{Duration, Instant};

use crate::{
    bench::Bench,
    board::Board,
    clock::{ms_between, unix_us},
    cluster::{Cluster, spec},
    figure::{Figure, Part},
    provider::{CLIENT, OTHER, STREAMS},
    stats::count,
    table::number,
    world::{self, Ways, World},
};

use super::bursts::names;

/// As shipped.
const RATE: u32 = 4;

/// Objects of those others.
const OTHERS: usize = 10;

/// What was created by a neighbour: of the same client, and of another one.
pub async fn measure(bench: &Bench) {
    let world = World::new("crowd", Ways::at(RATE)).await;
    let same = neighbour(&world, "neighbour", CLIENT).await;
    let other = neighbour(&world, "stranger", OTHER).await;
    let crowd = bench.plan.crowd;
    bench.say(&format!("{crowd} objects are put before the others"));
    world.cluster.create_many(names("a", 0..crowd)).await;
    let waiting = number(count(crowd));

    let ready = world.board.look(crate::board::Objects::ready);
    let times = created(&world, &same, CLIENT).await;
    let what = format!("(g) apply → POST, {waiting} of another namespace wait, one client");
    let figure = Figure::new("g-same", what, "s", times);
    let token = 1.0 / f64::from(RATE);
    let figure = figure.limit(token, "1/L").aim(Part::Max, 1.0 + token);
    bench.tell(figure.note(format!(
        "{RATE} calls/s as shipped; {ready} of the others were done"
    )));

    let times = created(&world, &other, OTHER).await;
    let what = format!("(g) apply → POST, {waiting} of another client wait");
    let figure = Figure::new("g-other", what, "s", times);
    let floor = bench.floors().create.unwrap_or(f64::NAN) / 1000.0;
    let figure = figure.limit(floor, "by hand").aim(Part::Max, 1.0 + token);
    bench.tell(figure.note("one after the other, so that its own budget has tokens"));

    let done = world.board.look(crate::board::Objects::ready);
    bench.tell(Figure::one(
        "g-left",
        "(g) objects that still waited at the end",
        "",
        count(crowd - done),
    ));
    for (cluster, _) in [&same, &other] {
        cluster.strike("StreamingAccount").await;
    }
    world.abandon().await;
}

/// A namespace with an account of this client.
async fn neighbour(world: &World, name: &str, client: u64) -> (Cluster, Board) {
    let cluster = Cluster::new(name).await;
    world.account(&cluster, client).await;
    world::until_account(&cluster).await;
    let board = Board::new(&cluster);
    (cluster, board)
}

/// Seconds until each of some objects, one after the other, was asked for. They are gone afterwards.
async fn created(world: &World, (cluster, board): &(Cluster, Board), client: u64) -> Vec<f64> {
    let mark = world.provider.mark().await;
    let names = names(&format!("b{client}-"), 0..OTHERS);
    let mut began = Vec::new();
    for name in &names {
        began.push((name, unix_us()));
        cluster.create("LiveStream", name, spec(name)).await;
        board.until_ready(name).await;
        // A token for the next one.
        tokio::time::sleep(Duration::from_secs_f64(1.0 / f64::from(RATE))).await;
    }
    let calls = world.provider.calls(mark, Some("POST")).await;
    let times = began.into_iter().map(|(name, begun)| {
        let call = calls
            .iter()
            .find(|call| call.route == STREAMS && call.name() == Some(name));
        ms_between(begun, call.unwrap().unix_us) / 1000.0
    });
    let times = times.collect();
    cluster.delete_many(names).await;
    let begun = Instant::now();
    let gone = board.within(Duration::from_mins(2), |objects| {
        (objects.count() == 0).then_some(())
    });
    assert!(gone.await.is_some(), "{:?}", begun.elapsed());
    times
}
