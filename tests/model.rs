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
};

#[test]
fn probe() {
    let flow = Flow {
        name: "create",
        bounds: Bounds {
            operators: 1,
            objects: 1,
            ticks: 4,
            left: Left {
                losses: 1,
                lags: 1,
                ..NONE
            },
            retain: false,
            long_walks: false,
        },
        reached: &[LOST_AND_ONE],
    };
    println!("{:?}", explore(flow, None, 2));
}
