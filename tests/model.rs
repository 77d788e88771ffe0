//! The model of the operator, explored: every order of what can happen within its bounds. With
//! `MODEL=wide` in the environment it goes further, which takes long.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a test that cannot go on ends"
)]
#![allow(
    clippy::too_many_lines,
    clippy::wildcard_enum_match_arm,
    reason = "a list of flows is a list"
)]

#[path = "model/mod.rs"]
mod model;

use model::{Bounded, all, bugs, explore};

const THREADS: usize = 2;

#[test]
fn in_every_order_no_rule_is_broken_and_at_rest_the_goal_holds() {
    let wide = std::env::var("MODEL").is_ok_and(|how| how == "wide");
    let how = if wide {
        Bounded::Widely
    } else {
        Bounded::Narrowly
    };
    let mut broken = Vec::new();
    for flow in all(how) {
        let counts = explore(flow, None, THREADS);
        println!(
            "{}: {} states, {} unique, depth {}, {:.1?}",
            flow.name, counts.states, counts.unique, counts.depth, counts.took
        );
        // A row of the campaign's table: each state is a point, each step into it a run.
        let row = serde_json::json!({
            "part": format!("model: {}", flow.name), "points": counts.unique, "faults": 0,
            "runs": counts.states, "violations": counts.violations.len(),
        });
        println!("campaign-row: {row}");
        for (rule, story) in counts.violations {
            broken.push(format!("{}: {rule}: {story}", flow.name));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn each_seeded_bug_is_found() {
    for (bug, flow) in bugs() {
        let counts = explore(flow, Some(bug), THREADS);
        println!(
            "{bug:?}: {} states, {} unique, depth {}, {:.1?}: {:?}",
            counts.states,
            counts.unique,
            counts.depth,
            counts.took,
            counts.violations.values().next()
        );
        assert!(!counts.violations.is_empty(), "{bug:?} is not found");
        // The same flow is without fault where the bug is not.
        let sound = explore(flow, None, THREADS);
        assert!(sound.violations.is_empty(), "{:?}", sound.violations);
    }
}
