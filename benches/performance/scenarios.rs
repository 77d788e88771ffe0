//! What is measured, in order.

mod bursts;
mod calls;
mod fairness;
mod floors;
mod hints;
mod live_station;
mod outside;
mod population;
mod recordings;
mod rest;
mod rest_on_air;
mod restart;
mod spaced;
mod tutorial;
mod while_live;

use futures::{FutureExt as _, future::LocalBoxFuture};

use super::bench::Bench;

/// What the others are compared with.
pub const FLOORS: &str = "floors";

/// A scenario.
pub type Scenario = fn(&Bench) -> LocalBoxFuture<'_, ()>;

/// All of them, by name.
pub fn all() -> Vec<(&'static str, Scenario)> {
    vec![
        (FLOORS, |bench| floors::measure(bench).boxed_local()),
        ("calls", |bench| calls::measure(bench).boxed_local()),
        ("live-station", |bench| {
            live_station::measure(bench).boxed_local()
        }),
        ("tutorial", |bench| tutorial::measure(bench).boxed_local()),
        ("hints", |bench| hints::measure(bench).boxed_local()),
        ("recordings", |bench| {
            recordings::measure(bench).boxed_local()
        }),
        ("rest-on-air", |bench| {
            rest_on_air::measure(bench).boxed_local()
        }),
        ("burst-unlimited", |bench| {
            bursts::unlimited(bench).boxed_local()
        }),
        ("burst-100", |bench| bursts::at_100(bench).boxed_local()),
        ("burst-40", |bench| bursts::at_40(bench).boxed_local()),
        ("while-live", |bench| {
            while_live::measure(bench).boxed_local()
        }),
        ("fairness", |bench| fairness::measure(bench).boxed_local()),
        ("population", |bench| {
            population::measure(bench).boxed_local()
        }),
    ]
}
