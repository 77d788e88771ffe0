//! Somebody changes streams in the portal, and no webhook tells of it: how soon it is mended.

use std::time::Duration;

use serde_json::json;

use crate::{
    bench::Bench,
    clock::{ms_between, unix_us},
    figure::{Figure, Part},
    provider::STREAM,
    stats::count,
    table::number,
    world::World,
};

/// How many changes there are in one interval: each finds it at another place.
const IN_AN_INTERVAL: f64 = 7.3;

/// Changes some of `names` behind the operator's back, while `size` objects exist and the list is read
/// every `poll` seconds at `rate` calls a second.
pub async fn measure(bench: &Bench, world: &mut World, names: &[String], poll: u32, rate: u32) {
    world.pace(rate, poll).await;
    // An interval that is under way goes on with its old length.
    world.start();
    world.operator().ready().await;
    super::rest::until_quiet().await;
    let size = world.board.look(crate::board::Objects::count);
    let mark = world.provider.mark().await;
    let mut changed = Vec::new();
    for name in names.iter().take(bench.plan.outside) {
        let seen = world.board.look(|objects| objects.get(name).cloned());
        let id = seen.and_then(|seen| seen.stream_id).unwrap();
        changed.push((id.clone(), unix_us()));
        let fields = json!({"name": "changed in the portal"});
        world.provider.edit(&id, &fields).await;
        tokio::time::sleep(Duration::from_secs_f64(f64::from(poll) / IN_AN_INTERVAL)).await;
    }
    let pages = count(size.div_ceil(25) + 1);
    let most = f64::from(poll) + pages / f64::from(rate);
    let deadline = std::time::Instant::now() + Duration::from_secs_f64(most * 4.0 + 30.0);
    let mended = loop {
        let calls = world.provider.calls(mark, Some("PATCH")).await;
        let found: Vec<Option<f64>> = changed
            .iter()
            .map(|(id, begun)| {
                let call = calls.iter().find(|call| {
                    call.route == STREAM && call.id.as_ref() == Some(id) && call.unix_us > *begun
                });
                call.map(|call| ms_between(*begun, call.unix_us) / 1000.0)
            })
            .collect();
        if found.iter().all(Option::is_some) {
            break found;
        }
        if std::time::Instant::now() > deadline {
            break found;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let missing = mended.iter().filter(|found| found.is_none()).count();
    let values: Vec<f64> = mended.into_iter().flatten().collect();
    let mean = crate::stats::mean(&values);
    let figure = Figure::new(
        format!("b2-{size}"),
        format!(
            "(b2) changed in the portal → mended, list read every {poll} s, {} objects",
            number(count(size))
        ),
        "s",
        values,
    );
    let figure = figure
        .limit_of(Part::Max, most, "T + pages/L")
        .aim(Part::Max, most)
        .note(format!(
            "mean {mean:.2} s, of which the half of an interval is {:.2} s",
            f64::from(poll) / 2.0
        ));
    bench.tell(figure);
    let what = format!(
        "(b2) changes in the portal that were not mended, {} objects",
        number(count(size))
    );
    bench.tell(Figure::exactly(
        format!("b2-{size}-missing"),
        what,
        missing,
        0,
    ));
}
