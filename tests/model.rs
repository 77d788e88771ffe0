//! The model of the operator, explored: every order of what can happen within its bounds.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a test that cannot go on ends"
)]

#[path = "model/mod.rs"]
mod model;

use model::*;

const NONE: Left = Left {
    crashes: 0,
    losses: 0,
    refusals: 0,
    doubles: 0,
    edits: 0,
    deletions: 0,
    creations: 0,
    outside: 0,
    lags: 0,
    strips: 0,
    polls: 0,
};

fn one(
    name: &'static str,
    operators: u8,
    objects: u8,
    ticks: u8,
    left: Left,
    retain: bool,
    slow: bool,
    reached: &'static [Reached],
) {
    let flow = Flow {
        name,
        bounds: Bounds {
            operators,
            objects,
            ticks,
            left,
            retain,
            slow,
        },
        reached,
    };
    let c = explore(flow, None, 2);
    println!(
        "{name}: {} states, {} unique, depth {}, {:?}",
        c.states, c.unique, c.depth, c.took
    );
    for (k, v) in c.violations {
        println!("  VIOLATION {k}: {v}");
    }
}

#[test]
fn probe() {
    one(
        "create2x1",
        2,
        1,
        3,
        Left {
            losses: 1,
            lags: 0,
            crashes: 0,
            ..NONE
        },
        false,
        false,
        &[LOST_AND_ONE, BOTH_ACT],
    );
    one(
        "claim1",
        1,
        1,
        4,
        Left {
            deletions: 1,
            strips: 1,
            creations: 1,
            ..NONE
        },
        false,
        false,
        &[CLAIMED],
    );
    one(
        "outside1x1",
        1,
        1,
        6,
        Left {
            losses: 0,
            lags: 1,
            polls: 2,
            outside: 1,
            ..NONE
        },
        false,
        false,
        &[REPLACED],
    );
}
