//! A walk that fails at one of its pages proves nothing, however often it fails.

use serde_json::json;
use simulator::{
    faults::{Action, ErrorBody, Fault},
    gcore::ListOrder,
};

use crate::harness::{CLIENT, World, reason};

const STREAMS: &str = "/streaming/streams";

/// How many creations of a stream of this name were sent.
fn posts_of(world: &World, name: &str) -> usize {
    let posts = world.sim.calls_where(0, |call| {
        let body = call.body.as_ref();
        call.method == "POST" && call.route == STREAMS && body.is_some_and(|b| b["name"] == name)
    });
    posts.len()
}

/// A stream that the provider has, while nobody was told so.
async fn unconfirmed(world: &World, name: &str) {
    let lost = Fault::new(Action::CutAfterApply).method("POST");
    world.sim.fault(lost.route(STREAMS).name_contains(name));
    world.stream(name, json!({})).await;
    world.until_reason(name, "Ready", "CreationUnknown").await;
}

#[tokio::test]
async fn a_page_that_fails_in_mid_walk_proves_no_absence() {
    let world = World::new("mid-walk").await;
    // The oldest are on the first page, and what is new is not.
    world.sim.behaviour(CLIENT, |b| {
        (b.page_size, b.list_order) = (4, ListOrder::OldestFirst);
    });
    let before: Vec<String> = (0..6).map(|n| format!("before-{n}")).collect();
    for name in &before {
        world.stream(name, json!({})).await;
        world.until_ready(name).await;
    }
    world.settled_walks(1).await;
    let history = world.history("LiveStream").await;
    let odd = Action::Status {
        status: 404,
        retry_after: None,
        body: ErrorBody::Json,
        applied: false,
    };
    let ways = [
        Action::status(500),
        Action::TimeoutBeforeApply,
        Action::Garbled,
        Action::Truncated,
        odd,
    ];
    let mut created = before.len() as u64;
    for (n, way) in ways.into_iter().enumerate() {
        let word = way.word();
        let (kept, leaving) = (format!("kept-{n}"), format!("leaving-{n}"));
        let fails = Fault::new(way).method("GET").route(STREAMS).page(2);
        let fails = world.sim.fault(fails.always());
        unconfirmed(&world, &kept).await;
        unconfirmed(&world, &leaving).await;
        world.delete("LiveStream", &leaving).await;

        world.settled_walks(3).await;
        assert!(world.sim.fired(fails) >= 3, "{word}");
        let posts = (posts_of(&world, &kept), posts_of(&world, &leaving));
        assert_eq!(posts, (1, 1), "{word}: something was created again");
        let object = world.get("LiveStream", &leaving).await;
        assert!(object.is_some(), "{word}: its stream was left behind");
        let object = world.get("LiveStream", &kept).await.unwrap();
        assert_ne!(reason(&object, "Ready"), "InStep", "{word}");

        world.sim.clear_fault(fails);
        world.until_ready(&kept).await;
        world.until_gone("LiveStream", &leaving).await;
        created += 2;
        assert_eq!(world.sim.created_total(CLIENT), created, "{word}");
        world.the_stream(&kept);
        let names = world.sim.streams(CLIENT);
        assert!(names.iter().all(|s| s["name"] != leaving), "{names:?}");
    }
    for name in &before {
        assert_eq!(history.ready(name), Vec::<String>::new(), "{name}");
    }
    world.settled_walks(2).await;
    assert_eq!((world.posts(), world.deletions()), (created, 5));
    assert_eq!(world.patches(), 0);
}
