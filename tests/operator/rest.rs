//! At rest, and many at once: what is called and written, counted at the provider and in the
//! apiserver's audit log.

use serde_json::json;

use crate::harness::{CLIENT, World};

#[tokio::test]
async fn a_hundred_objects_at_rest_cost_the_pages_of_the_list_and_nothing_else() {
    let mut world = World::bare("rest").await;
    world.account(json!({})).await;
    // What is counted must not depend on how quickly this machine answers.
    world.start(&["--call-deadline=20s", "--settling=21s"]);
    for i in 0..100 {
        world
            .stream(&format!("s{i}"), json!({"active": i % 2 == 0}))
            .await;
    }
    world
        .until_true("all are ready", async || world.ready().await == 100)
        .await;
    // What the creations left to settle has settled when the account's counts are right.
    world
        .until("StreamingAccount", "default", "100 managed", |a| {
            a.data["status"]["streams"]["managed"] == 100
        })
        .await;
    // Events are written behind the passes: one for each creation, and one of the account.
    world
        .until_true("all Events are written", async || {
            world.writes().get("create events") == Some(&101)
        })
        .await;
    let before = (world.writes(), world.sim.last_call());

    world.walks(8).await;
    assert_eq!(world.writes(), before.0, "something was written at rest");
    let calls = world.sim.calls_after(before.1);
    assert!(
        calls
            .iter()
            .all(|call| call.method == "GET" && call.route == "/streaming/streams"),
        "{calls:?}"
    );
    // Each walk is the pages 1 to 5, the last of them empty, in order.
    let pages: Vec<String> = calls.iter().filter_map(|call| call.query.clone()).collect();
    let first = pages
        .iter()
        .position(|query| query.contains("page=1"))
        .unwrap();
    for walk in pages[first..].chunks_exact(5) {
        let expected: Vec<String> = (1..=5).map(|page| format!("page={page}")).collect();
        assert_eq!(walk, expected);
    }
}

#[tokio::test]
async fn a_thousand_objects_at_once_become_a_thousand_streams_by_a_thousand_calls() {
    const COUNT: usize = 1000;
    let world = World::bare("thousand").await;
    world.account(json!({"requestsPerSecond": 1000})).await;
    let mut world = world;
    world.start(&["--log=info", "--call-deadline=20s", "--settling=21s"]);
    let world_of = &world;
    let creations = (0..COUNT).map(async |i| {
        let name = format!("s{i}");
        world_of
            .create("LiveStream", &name, json!({"active": false}))
            .await
    });
    for created in futures::future::join_all(creations).await {
        created.unwrap();
    }
    world
        .until_true("all are ready", async || world.ready().await == COUNT)
        .await;
    assert_eq!(world.posts(), COUNT as u64);
    assert_eq!(world.sim.streams(CLIENT).len(), COUNT);
    assert_eq!(world.sim.created_total(CLIENT), COUNT as u64);
    assert_eq!(world.sim.changing_calls(), COUNT as u64);
    let writes = world.writes();
    assert_eq!(
        writes["patch livestreams"], COUNT,
        "one finalizer each: {writes:?}"
    );
    assert_eq!(
        writes["patch livestreams/status"], COUNT,
        "one status each: {writes:?}"
    );
}
