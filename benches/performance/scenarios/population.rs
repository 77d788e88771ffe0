//! One population that grows: what the operator does beside so many objects.

use crate::{
    bench::Bench,
    figure::{Figure, Part},
    stats::count,
    table::number,
    world::{POLL, SCALE, UNLIMITED, Ways, World},
};

use super::{
    bursts::{self, converge, names, plural, vanish},
    outside, rest, restart, spaced,
};

/// What the account may call at rest and at restarts: what Gcore once published for all of its API.
const RATE: u32 = 100;

/// Grows it from nothing to the largest size, and takes it away.
pub async fn measure(bench: &Bench) {
    let mut ways = Ways::at(UNLIMITED);
    // At least five walks while nothing happens. An interval that is under way goes on with its old
    // length, so it is not changed in between.
    let length = bench.plan.rest;
    let poll = POLL.min(u32::try_from(length.as_secs()).unwrap() / 5);
    ways.poll = poll;
    let mut world = World::new("population", ways).await;
    rest::until_quiet().await;
    let what = "one account, no object";
    let empty = rest::tell_memory(bench, &world, "e-memory-0", what, Some(10.0)).await;
    let largest = bench.plan.sizes.last().copied().unwrap_or_default();
    let (mut grown, mut stuck) = (0, 0);
    for size in bench.plan.sizes.iter().copied() {
        if size > grown {
            stuck += grow(bench, &world, grown, size).await;
            grown = size;
            rest::until_quiet().await;
            memory(bench, &world, size, empty, "").await;
        }
        spaced::measure(bench, &world, size).await;
        world.pace(RATE, poll).await;
        rest::until_quiet().await;
        if size == largest {
            rest::measure(bench, &world, length, poll).await;
        }
        if size >= 1_000 {
            let aim = match size {
                1_000 => Some(1.0),
                10_000 => Some(2.5),
                _ => None,
            };
            restart::measure(bench, &mut world, RATE, aim).await;
            rest::until_quiet().await;
            memory(bench, &world, size, empty, ", after a restart").await;
        }
        world.pace(UNLIMITED, poll).await;
    }
    let some = names("p", 0..bench.plan.outside);
    outside::measure(bench, &mut world, &some, POLL / SCALE, UNLIMITED).await;
    stuck += shrink(bench, &world, grown).await;
    let spaced = bench.plan.sizes.len() * (bench.plan.spaced + 1);
    let what = "in the population";
    bursts::counts(bench, &world, "population", what, grown + spaced, stuck).await;
    world.end().await;
}

/// Creates what is missing, all at once. Gives how many got stuck.
async fn grow(bench: &Bench, world: &World, from: usize, to: usize) -> usize {
    let more = to - from;
    let (least, limit) = bursts::limit(bench, more, UNLIMITED, 3.0);
    let converged = converge(world, names("p", from..to), least).await;
    let text = format!(
        "(d) {} at once beside {} → all Ready, no limit that binds",
        plural(more),
        number(count(from))
    );
    let figure = Figure::one(format!("d-grow-{to}"), text, "s", converged.seconds);
    bench.tell(figure.limit(least, limit).aim(Part::Ratio, 1.2));
    converged.stuck
}

/// Deletes all of them. Gives how many got stuck.
async fn shrink(bench: &Bench, world: &World, size: usize) -> usize {
    // The deletion itself and the finalizer.
    let (least, limit) = bursts::limit(bench, size, UNLIMITED, 2.0);
    let gone = vanish(world, names("p", 0..size), least).await;
    let text = format!(
        "(d) {} deleted at once → all gone, no limit that binds",
        plural(size)
    );
    let figure = Figure::one("d-unlimited-delete", text, "s", gone.seconds);
    bench.tell(figure.limit(least, limit).aim(Part::Ratio, 1.2));
    gone.stuck
}

async fn memory(bench: &Bench, world: &World, size: usize, empty: f64, when: &str) {
    let at = number(count(size));
    let suffix = if when.is_empty() { "" } else { "-restarted" };
    let aim = (size == 10_000).then_some(60.0);
    let id = format!("e-memory-{size}{suffix}");
    let full = rest::tell_memory(bench, world, &id, &format!("{at} objects{when}"), aim).await;
    let each = (full - empty) * 1024.0 / count(size);
    let text = format!("(e) memory for each of {at} objects{when}");
    let figure = Figure::one(format!("e-object-{size}{suffix}"), text, "KB", each);
    bench.tell(figure.aim(Part::Median, 5.0));
}
