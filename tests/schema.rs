//! Every field of every kind with every boundary value, and there and back, on the real control plane. With
//! `SCHEMA=wide` in the environment the pairs of values, too, which takes long.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::similar_names,
    clippy::cmp_owned,
    missing_docs,
    reason = "a test that cannot go on ends"
)]

#[path = "operator/harness/mod.rs"]
#[expect(dead_code, unused_imports, reason = "made for many tests")]
mod harness;
#[path = "schema/mod.rs"]
mod schema;

use schema::{Bounded, run};

#[tokio::test]
async fn each_value_of_each_field_is_refused_carried_out_or_has_a_condition() {
    let wide = std::env::var("SCHEMA").is_ok_and(|how| how == "wide");
    let counts = run(if wide {
        Bounded::Widely
    } else {
        Bounded::Narrowly
    })
    .await;
    println!("{counts}");
    // A row of the campaign's table: values are points, transitions are runs.
    let row = serde_json::json!({
        "part": "schema", "points": counts.values, "faults": 0, "runs": counts.transitions,
        "violations": counts.violations.len(),
    });
    println!("campaign-row: {row}");
    assert!(
        counts.violations.is_empty(),
        "{}",
        counts.violations.join("\n")
    );
}

#[test]
fn it_is_known_where_each_field_goes() {
    let strays = schema::strays();
    assert!(strays.is_empty(), "{}", strays.join("\n"));
}
