//! Not in the way: thousands of streams, many calls at once, many simulators.

use serde_json::json;

use crate::support::{CLIENT, STREAMS, get, page, soon, start};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_calls_over_three_thousand_streams() {
    let sim = start().await;
    for n in 0..3000 {
        sim.create(CLIENT, json!({"name": format!("stream {n}")}))
            .expect("created");
    }
    let sim = std::sync::Arc::new(sim);
    let workers: Vec<_> = (0..10)
        .map(|worker| {
            let sim = std::sync::Arc::clone(&sim);
            tokio::spawn(async move {
                for n in 0..100_u64 {
                    let listed = page(&sim, 1 + (worker * 100 + n) % 120).await;
                    assert_eq!(listed.len(), 25);
                }
            })
        })
        .collect();
    for worker in workers {
        soon(worker).await.expect("no panic");
    }
    assert_eq!(sim.count("GET", STREAMS), 1000);
}

#[tokio::test]
async fn each_test_its_own() {
    let mut sims = Vec::new();
    for _ in 0..50 {
        sims.push(start().await);
    }
    for sim in &sims {
        assert_eq!(get(sim, STREAMS).await.status, 200);
    }
}
