//! Never twice, never lost: unknown outcomes, lagging lists, wiped status.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, Hasher as _},
    time::Duration,
};

use futures::future::join_all;
use kube::ResourceExt as _;
use serde_json::{Value, json};
use simulator::{
    counters::Call,
    faults::{Action, ErrorBody, Fault},
    gcore::{PageShift, QuotaRefusal, Shift, Spoilt, SpoiltItem},
};

use crate::harness::{CLIENT, World, condition, message, reason, status_of};

const FINALIZER: &str = "livestream-operator.io/finalizer";

fn on_post(action: Action) -> Fault {
    Fault::new(action)
        .method("POST")
        .route("/streaming/streams")
}

fn on_patch(action: Action) -> Fault {
    Fault::new(action)
        .method("PATCH")
        .route("/streaming/streams/{id}")
}

/// An object's name for an action.
fn name_of(action: &Action) -> String {
    let word = action.word().replace('_', "-");
    match action {
        Action::Status { status, .. } => format!("{word}-{status}"),
        _ => word,
    }
}

/// How many creations of a stream of this name were sent.
fn posts_of(world: &World, name: &str) -> usize {
    let calls = world.sim.calls_where(0, |call| {
        call.method == "POST"
            && call.route == "/streaming/streams"
            && call.body.as_ref().is_some_and(|body| body["name"] == name)
    });
    calls.len()
}

/// Streams at the provider that carry the mark of this object.
async fn marked(world: &World, name: &str) -> usize {
    let uid = world.get("LiveStream", name).await.unwrap().uid().unwrap();
    world.sim.streams_marked(CLIENT, &uid).len()
}

/// Wipes what the operator wrote about an object: its status and its finalizer.
async fn wipe(world: &World, name: &str) {
    world.patch_status("LiveStream", name, Value::Null).await;
    world
        .patch(
            "LiveStream",
            name,
            json!({"metadata": {"finalizers": null}}),
        )
        .await
        .unwrap();
}

async fn creation_that_was_carried_out(world: &World, name: &str) {
    world.stream(name, json!({})).await;
    world.until_ready(name).await;
    world.until_event(name, "CreationUnknown").await;
    world.until_event(name, "FoundAgain").await;
    assert_eq!(marked(world, name).await, 1, "{name}");
}

#[tokio::test]
async fn a_creation_that_was_carried_out_but_not_confirmed_is_sent_once() {
    let world = World::new("unconfirmed").await;
    let actions = [
        Action::TimeoutAfterApply,
        Action::CutAfterApply,
        Action::status_after_apply(500),
        Action::status_after_apply(502),
        Action::status_after_apply(503),
        Action::status_after_apply(504),
        Action::Truncated,
        Action::Stalled,
        Action::Garbled,
        Action::Html { applied: true },
        Action::EmptyBody,
        Action::EndlessBody,
    ];
    let names: Vec<String> = actions.iter().map(name_of).collect();
    for (action, name) in actions.into_iter().zip(&names) {
        world.sim.fault(on_post(action).name_contains(name));
    }
    join_all(
        names
            .iter()
            .map(|name| creation_that_was_carried_out(&world, name)),
    )
    .await;
    world.settled_walks(3).await;
    for name in &names {
        assert_eq!(posts_of(&world, name), 1, "{name}");
    }
    assert_eq!(world.sim.streams(CLIENT).len(), names.len());
    assert_eq!(world.sim.changing_calls(), names.len() as u64);
}

async fn creation_that_came_to_nothing(world: &World, name: &str) {
    world.stream(name, json!({})).await;
    let object = world.until_reason(name, "Ready", "CreationUnknown").await;
    assert_eq!(
        (
            reason(&object, "Reconciling"),
            condition(&object, "Ready").unwrap()["status"].clone()
        ),
        ("CreationUnknown".to_owned(), json!("False")),
        "{name}"
    );
    assert!(condition(&object, "Stalled").is_none(), "{name}");
    let creation = &status_of(&object)["creation"];
    assert_eq!(
        (&creation["attempt"], &creation["result"]),
        (&json!(1), &json!("Unknown")),
        "{name}"
    );
    let object = world.until_ready(name).await;
    assert_eq!(status_of(&object)["creation"], Value::Null, "{name}");
    world.until_event(name, "CreationUnknown").await;
    assert_eq!(posts_of(world, name), 2, "{name}");
    assert_eq!(marked(world, name).await, 1, "{name}");
}

#[tokio::test]
async fn a_creation_that_came_to_nothing_is_repeated_once_that_is_proved() {
    let world = World::new("nothing").await;
    let actions = [
        Action::CutBeforeApply,
        Action::TimeoutBeforeApply,
        Action::status(500),
        Action::status(503),
        Action::Html { applied: false },
    ];
    let names: Vec<String> = actions.iter().map(name_of).collect();
    for (action, name) in actions.into_iter().zip(&names) {
        world.sim.fault(on_post(action).name_contains(name));
    }
    join_all(
        names
            .iter()
            .map(|name| creation_that_came_to_nothing(&world, name)),
    )
    .await;
    world.settled_walks(2).await;
    assert_eq!(world.posts(), 2 * names.len() as u64);
    assert_eq!(world.sim.created_total(CLIENT), names.len() as u64);
}

#[tokio::test]
async fn a_creation_that_takes_effect_after_its_caller_has_gone_is_sent_once() {
    let world = World::new("later").await;
    // The call is given up after a second; what it leads to may come until 1.5 s after that.
    world
        .sim
        .fault(on_post(Action::ApplyLater { millis: 1800 }));
    world.stream("keynote", json!({})).await;
    world
        .until_reason("keynote", "Ready", "CreationUnknown")
        .await;
    world.until_ready("keynote").await;
    world.settled_walks(2).await;
    assert_eq!((world.posts(), world.sim.created_total(CLIENT)), (1, 1));
}

#[tokio::test]
async fn a_stream_that_lists_show_late_is_found_after_its_reply_was_lost() {
    let world = World::new("latelist").await;
    // Shown within the settling time, which begins when the call is given up.
    world
        .sim
        .behaviour(CLIENT, |b| b.hide_new_from_list_seconds = 2.0);
    world.sim.fault(on_post(Action::TimeoutAfterApply));
    world.stream("keynote", json!({})).await;
    world.until_ready("keynote").await;
    world.settled_walks(2).await;
    assert_eq!((world.posts(), world.sim.created_total(CLIENT)), (1, 1));
}

#[tokio::test]
async fn one_walk_that_misses_a_stream_proves_nothing() {
    let mut world = World::bare("onewalk").await;
    // Walks are nearly a second apart, so that the list can change between two of them.
    world.account(json!({"requestsPerSecond": 10})).await;
    world.start(&[]);
    world
        .sim
        .behaviour(CLIENT, |b| b.hide_new_from_list_seconds = 1000.0);
    world.sim.fault(on_post(Action::CutAfterApply));
    world.stream("keynote", json!({})).await;
    world.until_posts(1).await;
    let sent = world.sim.calls_where(0, |call| call.method == "POST")[0].elapsed_ms;
    // The first walk after the settling time does not show it, the second one does.
    world
        .until_true("a walk begins after the settling time", async || {
            let begun = world.sim.calls_where(0, |call| {
                call.elapsed_ms >= sent + 1500 && call.query.as_deref() == Some("page=1")
            });
            !begun.is_empty()
        })
        .await;
    world
        .sim
        .behaviour(CLIENT, |b| b.hide_new_from_list_seconds = 0.0);
    world.until_ready("keynote").await;
    world.settled_walks(1).await;
    assert_eq!((world.posts(), world.sim.created_total(CLIENT)), (1, 1));
}

#[tokio::test]
async fn a_list_with_an_unreadable_item_proves_no_absence() {
    let world = World::new("spoilt").await;
    // The one item that cannot be read could be the stream that is looked for.
    let other = world.sim.create(CLIENT, json!({"name": "other"})).unwrap();
    let spoil = |how: Option<Spoilt>| {
        world.sim.behaviour(CLIENT, |b| {
            b.spoilt_item = how.map(|how| SpoiltItem { id: other, how });
        });
    };
    let mark = |data: &str| {
        let data = json!({"client_entity_data": data});
        world.sim.edit(other, data).unwrap();
    };
    spoil(Some(Spoilt::IdMissing));
    world.sim.fault(on_post(Action::CutBeforeApply));
    world.stream("keynote", json!({})).await;
    world
        .until_reason("keynote", "Ready", "CreationUnknown")
        .await;
    world.settled_walks(2).await;
    for how in [Spoilt::MarkOfWrongType, Spoilt::NotAnObject] {
        spoil(Some(how));
        world.settled_walks(2).await;
        assert_eq!(world.posts(), 1, "{how:?}");
    }
    mark("livestream-operator.io/owner=a mark that is none");
    spoil(None);
    world.settled_walks(2).await;
    assert_eq!(world.posts(), 1);

    mark("");
    world.until_ready("keynote").await;
    assert_eq!((world.posts(), world.sim.streams(CLIENT).len()), (2, 2));
}

#[tokio::test]
async fn a_list_that_leaves_out_the_marks_proves_no_absence() {
    let world = World::new("thin").await;
    world.stream("before", json!({})).await;
    world.until_ready("before").await;
    let history = world.history("LiveStream").await;
    world.sim.behaviour(CLIENT, |b| {
        b.thin_lists = vec!["client_entity_data".to_owned()];
    });
    world.sim.fault(on_post(Action::CutAfterApply));
    world.stream("keynote", json!({})).await;
    world
        .until_reason("keynote", "Ready", "CreationUnknown")
        .await;
    world.settled_walks(3).await;
    assert_eq!(posts_of(&world, "keynote"), 1);
    // What is known to be ours does not look like nobody's.
    assert_eq!(history.ready("before"), Vec::<String>::new());
    world.sim.behaviour(CLIENT, |b| b.thin_lists = vec![]);
    world.until_ready("keynote").await;
    assert_eq!((world.posts(), world.sim.created_total(CLIENT)), (2, 2));
}

async fn stream_that_may_not_be_active(refusal: QuotaRefusal, word: &str) {
    let world = World::new("quota").await;
    world.sim.behaviour(CLIENT, |b| {
        (b.active_limit, b.active_limit_refusal) = (Some(0), refusal);
    });
    world.stream("keynote", json!({"active": true})).await;
    let object = world.until_reason("keynote", "Stalled", word).await;
    let message = message(&object, "Stalled");
    assert!(
        message.contains("The limit of active live streams"),
        "{message}"
    );
    world.until_event("keynote", "CreatedInactive").await;
    assert_eq!(status_of(&object)["active"], json!(false), "{refusal:?}");
    let sent = world.sim.calls_where(0, |call| call.method == "POST");
    let active = sent
        .iter()
        .map(|call| &call.body.as_ref().unwrap()["active"]);
    assert_eq!(active.collect::<Vec<_>>(), [&json!(true), &json!(false)]);
    let id = world.stream_id("keynote").await;
    assert_eq!(world.changes(id), [json!({"stream": {"active": true}})]);
    // It is not tried over and over.
    world.settled_walks(2).await;
    assert_eq!((world.posts(), world.patches()), (2, 1), "{refusal:?}");
    assert_eq!(world.sim.streams(CLIENT).len(), 1);

    world.sim.behaviour(CLIENT, |b| b.active_limit = None);
    world
        .edit("keynote", json!({"displayName": "Keynote"}))
        .await;
    world.until_ready("keynote").await;
    let stream = world.the_stream("Keynote");
    assert_eq!(
        (&stream["id"], &stream["active"]),
        (&json!(id), &json!(true))
    );
    assert_eq!(world.posts(), 2);
}

#[tokio::test]
async fn a_stream_that_may_not_be_active_is_created_switched_off() {
    tokio::join!(
        stream_that_may_not_be_active(QuotaRefusal::Unprocessable, "Refused"),
        // The same status says that a key may not write.
        stream_that_may_not_be_active(QuotaRefusal::Forbidden, "Unauthorized"),
    );
}

async fn creation_that_is_refused(status: u16, active: Option<bool>, word: &str, posts: u64) {
    let world = World::new("refused").await;
    let fault = world.sim.fault(on_post(Action::status(status)).always());
    world.stream("keynote", json!({"active": active})).await;
    let object = world.until_reason("keynote", "Stalled", word).await;
    assert_eq!(reason(&object, "Ready"), word, "{status}");
    assert!(condition(&object, "Reconciling").is_none(), "{status}");
    assert_eq!(status_of(&object)["creation"]["result"], "Refused");
    world.settled_walks(3).await;
    assert_eq!(world.posts(), posts, "{status}");

    world.sim.clear_fault(fault);
    world
        .edit("keynote", json!({"displayName": "Keynote"}))
        .await;
    world.until_ready("keynote").await;
    world.the_stream("Keynote");
    assert_eq!(world.posts(), posts + 1, "{status}");
    assert_eq!(world.sim.created_total(CLIENT), 1, "{status}");
}

#[tokio::test]
async fn a_creation_that_is_refused_is_not_repeated_until_the_spec_changes() {
    tokio::join!(
        creation_that_is_refused(422, None, "Refused", 1),
        creation_that_is_refused(400, None, "Refused", 1),
        creation_that_is_refused(422, Some(true), "Refused", 2),
        creation_that_is_refused(401, Some(true), "Unauthorized", 1),
    );
}

#[tokio::test]
async fn a_creation_that_was_refused_survives_a_restart_without_a_second_stream() {
    let mut world = World::new("refusedrestart").await;
    let fault = world.sim.fault(on_post(Action::status(422)).always());
    world.stream("keynote", json!({})).await;
    world.until_reason("keynote", "Stalled", "Refused").await;
    world.operator().kill();
    world.sim.clear_fault(fault);
    world.start(&[]);
    world.until_ready("keynote").await;
    assert_eq!((world.posts(), world.sim.created_total(CLIENT)), (2, 1));
}

#[tokio::test]
async fn a_provider_that_wants_fewer_calls_is_obeyed() {
    let world = World::new("fewer").await;
    world.sim.fault(on_post(Action::too_many(Some("1"))));
    world.stream("keynote", json!({})).await;
    world.until_ready("keynote").await;
    let posts = world.sim.calls_where(0, |call| call.method == "POST");
    assert_eq!(posts.len(), 2);
    let (refused, pause) = (
        posts[0].seq,
        posts[0].elapsed_ms..posts[0].elapsed_ms + 1000,
    );
    // The pause holds for every call of this client, but for one that was under way.
    let within = world
        .sim
        .calls_where(refused, |call| pause.contains(&call.elapsed_ms));
    assert!(within.len() <= 1, "{within:?}");
    assert_eq!(world.sim.created_total(CLIENT), 1);
}

#[tokio::test]
async fn a_pause_that_the_provider_does_not_measure_is_said_and_ends_with_a_stream() {
    let mut world = World::new("pause").await;
    world.sim.fault(on_post(Action::too_many(None)));
    world.stream("keynote", json!({})).await;
    let object = world.until_reason("keynote", "Ready", "RateLimited").await;
    assert_eq!(reason(&object, "Reconciling"), "RateLimited");
    assert_eq!(status_of(&object)["creation"]["result"], "Refused");
    assert_eq!(world.posts(), 1);
    // The minute's pause is forgotten with the process.
    world.operator().kill();
    world.start(&[]);
    world.until_ready("keynote").await;
    assert_eq!((world.posts(), world.sim.created_total(CLIENT)), (2, 1));
}

#[tokio::test]
async fn a_new_stream_that_reads_do_not_show_yet_stays_ready_and_single() {
    let world = World::new("lagging").await;
    world.sim.behaviour(CLIENT, |b| {
        b.hide_new_from_list_seconds = 1.2;
        b.hide_new_from_get_seconds = 1.2;
    });
    let history = world.history("LiveStream").await;
    world
        .stream("keynote", json!({"displayName": "Keynote"}))
        .await;
    world.until_ready("keynote").await;
    world.settled_walks(3).await;
    let ready = history.ready("keynote");
    let since = ready.iter().position(|r| r == "True InStep").unwrap();
    assert_eq!(ready[since..], ["True InStep"], "{ready:?}");
    assert_eq!((world.posts(), world.sim.changing_calls()), (1, 1));
}

#[tokio::test]
async fn a_new_stream_that_lists_hide_for_long_is_asked_for_by_its_id() {
    let world = World::new("hidden").await;
    world
        .sim
        .behaviour(CLIENT, |b| b.hide_new_from_list_seconds = 1000.0);
    let history = world.history("LiveStream").await;
    world.stream("keynote", json!({})).await;
    world.until_ready("keynote").await;
    world.settled_walks(3).await;
    let ready = history.ready("keynote");
    assert_eq!(ready.last().unwrap(), "True InStep", "{ready:?}");
    assert_eq!((world.posts(), world.sim.changing_calls()), (1, 1));
}

#[tokio::test]
async fn a_stream_that_lists_no_longer_show_stays_ready_and_single() {
    let world = World::new("unlisted").await;
    world.stream("keynote", json!({})).await;
    world.until_ready("keynote").await;
    let id = world.stream_id("keynote").await;
    world.settled_walks(1).await;
    let history = world.history("LiveStream").await;
    world.sim.behaviour(CLIENT, |b| b.unlisted = vec![id]);
    world.settled_walks(2).await;
    world.sim.behaviour(CLIENT, |b| {
        b.unlisted = vec![];
        b.empty_page = Some(1);
    });
    world.settled_walks(2).await;
    assert_eq!(history.ready("keynote"), Vec::<String>::new());
    assert_eq!(world.posts(), 1);
}

#[tokio::test]
async fn items_that_move_between_pages_are_neither_lost_nor_created_again() {
    let world = World::new("pages").await;
    for n in 0..24 {
        let stream = json!({"name": format!("foreign-{n}")});
        world.sim.create(CLIENT, stream).unwrap();
    }
    // The first page ends with the first of ours.
    world.sim.behaviour(CLIENT, |b| {
        b.list_order = simulator::gcore::ListOrder::OldestFirst;
    });
    let names = ["a", "b", "c", "d", "e"];
    for name in names {
        world.stream(name, json!({})).await;
        world.until_ready(name).await;
    }
    world.settled_walks(1).await;
    let before = world.sim.streams(CLIENT);
    let history = world.history("LiveStream").await;
    for how in [Shift::Skip, Shift::Double] {
        world.sim.behaviour(CLIENT, |b| {
            b.page_shift = Some(PageShift {
                after_page: 1,
                how,
                walks: None,
            });
        });
        world.settled_walks(2).await;
    }
    assert_eq!(history.len(), 0);
    assert_eq!((world.posts(), world.sim.changing_calls()), (5, 5));
    assert_eq!(world.sim.streams(CLIENT), before);
}

#[tokio::test]
async fn an_item_that_moves_between_pages_once_is_not_created_again() {
    let mut world = World::bare("moved").await;
    // Walks are nearly a second apart, so that the list can change between two of them.
    world.account(json!({"requestsPerSecond": 12})).await;
    world.start(&[]);
    for n in 0..25 {
        let stream = json!({"name": format!("foreign-{n}")});
        world.sim.create(CLIENT, stream).unwrap();
    }
    let shift = |how: Option<Shift>| {
        world.sim.behaviour(CLIENT, |b| {
            b.list_order = simulator::gcore::ListOrder::OldestFirst;
            b.page_shift = how.map(|how| PageShift {
                after_page: 1,
                how,
                walks: None,
            });
        });
    };
    // It is the first of the second page, and moves to the first one when that was read.
    shift(Some(Shift::Skip));
    world.sim.fault(on_post(Action::CutAfterApply));
    world.stream("keynote", json!({})).await;
    world.until_posts(1).await;
    let sent = world.sim.calls_where(0, |call| call.method == "POST")[0].elapsed_ms;
    world
        .until_true("a walk after the settling time has missed it", async || {
            let pages = world.sim.calls_where(0, |call| {
                call.elapsed_ms >= sent + 1500 && call.route == "/streaming/streams"
            });
            let page = |n: &'static str| move |call: &&Call| call.query.as_deref() == Some(n);
            let begun = pages.iter().find(page("page=1"));
            begun.is_some_and(|begun| {
                pages
                    .iter()
                    .filter(page("page=2"))
                    .any(|call| call.seq > begun.seq)
            })
        })
        .await;
    shift(None);
    world.until_ready("keynote").await;
    world.settled_walks(1).await;
    assert_eq!(
        (world.posts(), world.sim.streams(CLIENT).len()),
        (1, 26),
        "one walk that missed it was believed"
    );
}

#[tokio::test]
async fn a_wiped_object_finds_its_stream_again() {
    let mut world = World::new("wiped").await;
    world.stream("keynote", json!({"active": true})).await;
    world.until_ready("keynote").await;
    let id = world.stream_id("keynote").await;
    let found = async |world: &World| {
        world.until_ready("keynote").await;
        world
            .until("LiveStream", "keynote", "finalized", |object| {
                object.finalizers().iter().any(|f| f == FINALIZER)
                    && status_of(object)["streamId"] == id.to_string()
            })
            .await;
    };

    wipe(&world, "keynote").await;
    found(&world).await;
    world.until_event("keynote", "FoundAgain").await;

    world.operator().kill();
    wipe(&world, "keynote").await;
    world.start(&[]);
    found(&world).await;
    world.settled_walks(3).await;
    assert_eq!((world.posts(), world.sim.changing_calls()), (1, 1));
}

#[tokio::test]
async fn a_manifest_that_drops_our_finalizer_gets_it_back() {
    let world = World::new("replaced").await;
    world.stream("keynote", json!({})).await;
    world.until_ready("keynote").await;
    let manifest = json!({
        "apiVersion": "livestream-operator.io/v1alpha1", "kind": "LiveStream",
        "metadata": {"name": "keynote"}, "spec": {"displayName": "Replaced"},
    });
    let output = world
        .kubectl(&["replace", "-f", "-"], &manifest.to_string())
        .await;
    assert!(output.status.success(), "{output:?}");
    world
        .until("LiveStream", "keynote", "finalized", |object| {
            object.finalizers().iter().any(|f| f == FINALIZER)
        })
        .await;
    world.until_ready("keynote").await;
    world.the_stream("Replaced");
    assert_eq!((world.posts(), world.sim.changing_calls()), (1, 2));
}

#[tokio::test]
async fn an_operator_that_is_killed_while_it_creates_makes_no_second_stream() {
    let mut world = World::new("killed").await;
    let table = [
        // What becomes of the call, and how many are sent in the end.
        (Action::TimeoutAfterApply, 1),
        (Action::TimeoutBeforeApply, 2),
        (Action::ApplyLater { millis: 900 }, 1),
        (Action::Delay { millis: 800 }, 1),
    ];
    for (action, posts) in table {
        let name = name_of(&action);
        world.sim.fault(on_post(action).name_contains(&name));
        world.stream(&name, json!({})).await;
        world
            .until_true("it is sent", async || posts_of(&world, &name) == 1)
            .await;
        world.operator().kill();
        world.start(&[]);
        world.until_ready(&name).await;
        assert_eq!(posts_of(&world, &name), posts, "{name}");
        assert_eq!(marked(&world, &name).await, 1, "{name}");
    }
    world.settled_walks(2).await;
    assert_eq!(world.sim.created_total(CLIENT), 4);
}

#[tokio::test]
async fn an_operator_that_is_killed_at_any_step_of_a_creation_makes_one_stream() {
    let mut world = World::new("steps").await;
    for name in ["finalizer", "post", "answered", "recorded"] {
        world.stream(name, json!({})).await;
        world
            .until_true("the step is reached", async || match name {
                "finalizer" => {
                    let object = world.get("LiveStream", name).await.unwrap();
                    !object.finalizers().is_empty()
                }
                "post" => posts_of(&world, name) > 0,
                "answered" => {
                    // The answer has left as soon as the stream is there and something else was asked.
                    posts_of(&world, name) > 0
                        && world.sim.calls().last().is_some_and(|c| c.method == "GET")
                }
                _ => {
                    let object = world.get("LiveStream", name).await.unwrap();
                    status_of(&object)["streamId"].is_string()
                }
            })
            .await;
        world.operator().kill();
        world.start(&[]);
        world.until_ready(name).await;
        assert_eq!(marked(&world, name).await, 1, "{name}");
    }
    world.settled_walks(2).await;
    assert_eq!(world.sim.created_total(CLIENT), 4);
    assert_eq!(world.sim.deleted_total(CLIENT), 0);
}

#[tokio::test]
async fn a_stream_that_was_deleted_outside_is_created_again_once() {
    let mut world = World::new("outside").await;
    world
        .stream("keynote", json!({"displayName": "Keynote", "active": true}))
        .await;
    let renewed = async |world: &World, old: u64| {
        let object = world
            .until("LiveStream", "keynote", "created again", |object| {
                let id = &status_of(object)["streamId"];
                id.is_string() && *id != old.to_string() && reason(object, "Ready") == "InStep"
            })
            .await;
        status_of(&object)["streamId"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap()
    };
    world.until_ready("keynote").await;
    let first = world.stream_id("keynote").await;
    assert!(world.sim.remove(first));
    world
        .until_reason("keynote", "Ready", "StreamMissing")
        .await;
    let second = renewed(&world, first).await;
    world.until_event("keynote", "DeletedOutside").await;
    let stream = world.the_stream("Keynote");
    assert_eq!(
        (&stream["id"], &stream["active"]),
        (&json!(second), &json!(true))
    );
    assert_eq!((world.posts(), world.sim.changing_calls()), (2, 2));

    // The reply to the next creation is lost.
    world.sim.fault(on_post(Action::CutAfterApply));
    assert!(world.sim.remove(second));
    let third = renewed(&world, second).await;
    assert_eq!(world.posts(), 3);

    // The operator is killed while it waits for the reply to the one after that.
    world.sim.fault(on_post(Action::TimeoutAfterApply));
    assert!(world.sim.remove(third));
    world.until_posts(4).await;
    world.operator().kill();
    world.start(&[]);
    renewed(&world, third).await;
    world.settled_walks(2).await;
    assert_eq!((world.posts(), world.sim.created_total(CLIENT)), (4, 4));
    assert_eq!(world.sim.streams(CLIENT).len(), 1);
}

#[tokio::test]
async fn a_stream_that_was_deleted_while_the_operator_was_down_is_created_again_once() {
    let mut world = World::new("absent").await;
    world.stream("keynote", json!({})).await;
    world.until_ready("keynote").await;
    let first = world.stream_id("keynote").await;
    world.operator().kill();
    assert!(world.sim.remove(first));
    world.start(&[]);
    world
        .until("LiveStream", "keynote", "created again", |object| {
            let id = &status_of(object)["streamId"];
            id.is_string() && *id != first.to_string() && reason(object, "Ready") == "InStep"
        })
        .await;
    world.settled_walks(2).await;
    assert_eq!((world.posts(), world.sim.streams(CLIENT).len()), (2, 1));
}

/// Ten objects with their streams.
async fn ten(world: &World) -> Vec<String> {
    let names: Vec<String> = (0..10).map(|n| format!("camera-{n}")).collect();
    join_all(names.iter().map(async |name| {
        world.stream(name, json!({})).await;
        world.until_ready(name).await;
    }))
    .await;
    world.settled_walks(1).await;
    names
}

#[tokio::test]
async fn a_list_that_is_suddenly_empty_creates_nothing() {
    let world = World::new("empty").await;
    let names = ten(&world).await;
    let history = world.history("LiveStream").await;
    world.sim.behaviour(CLIENT, |b| b.empty_lists = true);
    let account = world.until_account("default", "MassDisappearance").await;
    assert_eq!(reason(&account, "Stalled"), "MassDisappearance");
    assert!(message(&account, "Ready").contains("10 of 10"));
    assert!(message(&account, "Ready").contains("livestream-operator.io/confirm-disappearance"));
    world.settled_walks(3).await;
    assert_eq!((world.posts(), world.sim.changing_calls()), (10, 10));

    world.sim.behaviour(CLIENT, |b| b.empty_lists = false);
    world.until_account("default", "InStep").await;
    world.settled_walks(2).await;
    for name in &names {
        assert_eq!(history.ready(name), Vec::<String>::new(), "{name}");
    }
    assert_eq!((world.posts(), world.sim.changing_calls()), (10, 10));
}

#[tokio::test]
async fn streams_that_vanish_together_are_created_again_only_when_a_human_says_so() {
    let mut world = World::new("vanished").await;
    let names = ten(&world).await;
    let remove_all = |world: &World| {
        for stream in world.sim.streams(CLIENT) {
            assert!(world.sim.remove(stream["id"].as_u64().unwrap()));
        }
    };
    remove_all(&world);
    world.until_account("default", "MassDisappearance").await;
    world.settled_walks(3).await;
    assert_eq!(world.posts(), 10);

    // A new process knows no more than the status, and waits all the same.
    world.operator().kill();
    world.start(&[]);
    world.settled_walks(3).await;
    world.until_account("default", "MassDisappearance").await;
    assert_eq!(world.posts(), 10);

    let confirm = json!({"metadata": {"annotations": {"livestream-operator.io/confirm-disappearance": "they are gone"}}});
    world
        .patch("StreamingAccount", "default", confirm)
        .await
        .unwrap();
    world.until_posts(20).await;
    for name in &names {
        world.until_ready(name).await;
    }
    let account = world.until_account("default", "InStep").await;
    assert_eq!(
        status_of(&account)["confirmedDisappearance"],
        "they are gone"
    );
    world.settled_walks(2).await;
    assert_eq!((world.posts(), world.sim.streams(CLIENT).len()), (20, 10));
    for name in &names {
        assert_eq!(marked(&world, name).await, 1, "{name}");
    }

    // What was confirmed once is not confirmed for ever.
    remove_all(&world);
    world.until_account("default", "MassDisappearance").await;
    world.settled_walks(3).await;
    assert_eq!(world.posts(), 20);
}

#[tokio::test]
async fn two_streams_with_one_mark_are_shown_and_not_touched() {
    let world = World::new("double").await;
    world
        .stream("keynote", json!({"displayName": "Keynote"}))
        .await;
    world.until_ready("keynote").await;
    let kept = world.the_stream("Keynote");
    let copy = json!({"name": "Copy", "client_entity_data": kept["client_entity_data"]});
    let copy = world.sim.create(CLIENT, copy).unwrap();
    let object = world
        .until_reason("keynote", "Stalled", "DuplicateStreams")
        .await;
    assert!(message(&object, "Stalled").contains(&copy.to_string()));
    assert_eq!(status_of(&object)["streamId"], kept["id"].to_string());
    world.settled_walks(2).await;
    assert_eq!(
        (world.patches(), world.deletions(), world.posts()),
        (0, 0, 1)
    );

    assert!(world.sim.remove(copy));
    world.until_ready("keynote").await;
    assert_eq!(world.the_stream("Keynote"), kept);
    assert_eq!(world.sim.changing_calls(), 1);
}

#[tokio::test]
async fn a_stream_that_lost_its_mark_is_not_touched_until_it_is_adopted() {
    let world = World::new("marklost").await;
    world
        .stream("keynote", json!({"displayName": "Keynote"}))
        .await;
    world.until_ready("keynote").await;
    let id = world.stream_id("keynote").await;
    world
        .sim
        .edit(id, json!({"client_entity_data": ""}))
        .unwrap();
    let object = world.until_reason("keynote", "Stalled", "MarkLost").await;
    assert!(message(&object, "Stalled").contains(&format!("spec.externalId to {id}")));
    world
        .edit("keynote", json!({"displayName": "Renamed"}))
        .await;
    world
        .until(
            "LiveStream",
            "keynote",
            "stalled for the new spec",
            |object| {
                let stalled = condition(object, "Stalled").unwrap_or_default();
                stalled["reason"] == "MarkLost" && stalled["observedGeneration"] == 2
            },
        )
        .await;
    world.settled_walks(2).await;
    assert_eq!((world.patches(), world.posts()), (0, 1));

    world
        .edit("keynote", json!({"externalId": id.to_string()}))
        .await;
    world.until_ready("keynote").await;
    let stream = world.the_stream("Renamed");
    assert_eq!(stream["id"], json!(id));
    assert_eq!((world.patches(), world.posts()), (1, 1));
}

#[tokio::test]
async fn a_stream_of_an_earlier_object_of_the_same_name_is_taken_over() {
    let world = World::bare("takeover").await;
    let cluster = world.cluster().await;
    let namespace = &world.namespace;
    let mark = format!("livestream-operator.io/owner={cluster}/{namespace}/keynote/an-older-uid");
    let stream =
        json!({"name": "Old", "client_entity_data": format!("camera 7\n{mark}"), "active": true});
    let old = world.sim.create(CLIENT, stream).unwrap();
    world.account(json!({})).await;
    let mut world = world;
    world.start(&[]);
    world
        .stream("keynote", json!({"displayName": "Keynote"}))
        .await;
    let object = world.until_ready("keynote").await;
    world.until_event("keynote", "TakenOver").await;
    let stream = world.the_stream("Keynote");
    assert_eq!(
        (&stream["id"], &stream["active"]),
        (&json!(old), &json!(true))
    );
    let data = stream["client_entity_data"].as_str().unwrap();
    assert!(
        data.starts_with("camera 7\n") && !data.contains("an-older-uid"),
        "{data}"
    );
    assert!(data.contains(&object.uid().unwrap()), "{data}");
    assert_eq!(world.posts(), 0);
}

#[tokio::test]
async fn a_stream_of_another_cluster_is_not_touched_unless_that_was_said() {
    let world = World::bare("elsewhere").await;
    let namespace = &world.namespace;
    let mark = format!("livestream-operator.io/owner=another-cluster/{namespace}/keynote/a-uid");
    let old = json!({"name": "Theirs", "client_entity_data": mark});
    let old = world.sim.create(CLIENT, old).unwrap();
    world.account(json!({})).await;
    let mut world = world;
    world.start(&[]);
    let before = world.sim.streams(CLIENT);
    world
        .stream("keynote", json!({"displayName": "Keynote"}))
        .await;
    let object = world
        .until_reason("keynote", "Stalled", "OwnedElsewhere")
        .await;
    assert!(message(&object, "Stalled").contains("--take-over-from=another-cluster"));
    world.settled_walks(2).await;
    assert_eq!(world.sim.streams(CLIENT), before);
    assert_eq!(world.sim.changing_calls(), 0);

    world.start(&["--take-over-from=another-cluster"]);
    world.until_ready("keynote").await;
    world.until_event("keynote", "TakenOver").await;
    assert_eq!(world.the_stream("Keynote")["id"], json!(old));
    assert_eq!(world.posts(), 0);
}

#[tokio::test]
async fn what_is_not_ours_is_never_touched() {
    let world = World::bare("foreign").await;
    let cluster = world.cluster().await;
    let namespace = &world.namespace;
    let foreign = [
        Value::Null,
        json!("a text"),
        json!("{\"a\": 1}"),
        json!(format!(
            "livestream-operator.io/owner=other/{namespace}/other/uid"
        )),
        json!(format!(
            "livestream-operator.io/owner={cluster}/{namespace}/another/uid"
        )),
        json!(format!(
            "livestream-operator.io/released={cluster}/{namespace}/keynote/uid"
        )),
    ];
    for data in &foreign {
        // The names are those of the objects.
        let stream = json!({"name": "keynote", "client_entity_data": data});
        world.sim.create(CLIENT, stream).unwrap();
    }
    let before = world.sim.streams(CLIENT);
    world.account(json!({})).await;
    let mut world = world;
    world.start(&[]);
    world.stream("keynote", json!({})).await;
    world.until_ready("keynote").await;
    world
        .edit(
            "keynote",
            json!({"active": true, "gcore": {"projection": "vr360"}}),
        )
        .await;
    world.until_ready("keynote").await;
    let id = world.stream_id("keynote").await;
    assert!(world.sim.remove(id));
    world.until_event("keynote", "DeletedOutside").await;
    world.until_ready("keynote").await;
    world.delete("LiveStream", "keynote").await;
    world.until_gone("LiveStream", "keynote").await;
    world.settled_walks(2).await;
    assert_eq!(world.sim.streams(CLIENT), before);
    assert_eq!((world.posts(), world.deletions()), (2, 1));
}

#[tokio::test]
async fn drift_of_what_is_managed_is_mended_and_the_rest_left_alone() {
    let world = World::new("drift").await;
    let spec = json!({"displayName": "Keynote", "dvr": {"durationSeconds": 600}});
    world.stream("keynote", spec).await;
    world.until_ready("keynote").await;
    let id = world.stream_id("keynote").await;
    world
        .sim
        .edit(
            id,
            json!({"dvr_duration": 900, "projection": "vr360", "active": true}),
        )
        .unwrap();
    world
        .until_true("the drift is mended", async || {
            world.sim.stream(id).unwrap()["dvr_duration"] == 600
        })
        .await;
    world.until_event("keynote", "DriftMended").await;
    world.settled_walks(2).await;
    let stream = world.sim.stream(id).unwrap();
    assert_eq!(
        (&stream["projection"], &stream["active"]),
        (&json!("vr360"), &json!(true))
    );
    assert_eq!(
        world.changes(id),
        [json!({"stream": {"dvr_duration": 600}})]
    );

    // An edit sends what it changes.
    let edit = json!({"displayName": "Closing", "autoRecord": true});
    world.edit("keynote", edit).await;
    world.until_ready("keynote").await;
    world.settled_walks(2).await;
    let changes = world.changes(id);
    assert_eq!(changes.len(), 2);
    assert_eq!(
        changes[1],
        json!({"stream": {"name": "Closing", "auto_record": true}})
    );
}

#[tokio::test]
async fn a_value_that_the_provider_does_not_keep_is_not_sent_for_ever() {
    let world = World::new("nottaking").await;
    world.sim.behaviour(CLIENT, |b| {
        b.ignore_fields = vec!["projection".to_owned()];
        b.round_dvr = 60;
    });
    let table = [
        (
            "ignored",
            json!({"gcore": {"projection": "vr180"}}),
            "gcore.projection",
            json!({"gcore": {"projection": null}}),
        ),
        (
            "rounded",
            json!({"dvr": {"durationSeconds": 100}}),
            "dvr.durationSeconds",
            json!({"dvr": {"durationSeconds": 120}}),
        ),
        (
            "region",
            json!({"gcore": {"transcodingRegion": "ed1"}}),
            "gcore.transcodingRegion",
            json!({"gcore": {"transcodingRegion": null}}),
        ),
    ];
    for (name, spec, ..) in &table {
        world.stream(name, spec.clone()).await;
    }
    for (name, _, field, _) in &table {
        let object = world.until_reason(name, "Stalled", "NotTaking").await;
        assert!(message(&object, "Stalled").contains(field), "{name}");
    }
    let sent = world.patches();
    assert!(sent <= 5 * table.len() as u64, "{sent}");
    world.settled_walks(3).await;
    assert_eq!((world.patches(), world.posts()), (sent, 3));
    for (name, .., correction) in &table {
        world.edit(name, correction.clone()).await;
        world.until_ready(name).await;
    }
    assert_eq!(world.posts(), 3);
}

#[tokio::test]
async fn an_idle_pull_is_switched_on_again_once() {
    let mut world = World::new("pull").await;
    let spec = json!({"active": true, "pull": {"urls": ["https://example.com/live.m3u8"]}});
    world.stream("feed", spec).await;
    world.until_ready("feed").await;
    let id = world.stream_id("feed").await;
    let active = |world: &World| world.sim.stream(id).unwrap()["active"] == true;
    assert!(active(&world));

    world.sim.advance(Duration::from_secs(7300));
    assert!(!active(&world));
    world.until_event("feed", "PullReactivated").await;
    let object = world.until_ready("feed").await;
    assert!(status_of(&object)["pullReactivatedAt"].is_string());
    assert!(active(&world));
    assert_eq!(world.changes(id), [json!({"stream": {"active": true}})]);

    // A new process remembers it, and does not fight with the provider.
    world.operator().kill();
    world.start(&[]);
    world.settled_walks(1).await;
    world.sim.advance(Duration::from_secs(7300));
    let object = world.until_reason("feed", "Ready", "PullSwitchedOff").await;
    assert_eq!(reason(&object, "Reconciling"), "PullSwitchedOff");
    world.settled_walks(2).await;
    assert_eq!((world.patches(), active(&world)), (1, false));

    // A user's edit is obeyed at once.
    world.edit("feed", json!({"active": false})).await;
    world.until_ready("feed").await;
    assert_eq!(world.patches(), 1);
    world.edit("feed", json!({"active": true})).await;
    world.until_ready("feed").await;
    assert_eq!((world.patches(), active(&world)), (2, true));
}

#[tokio::test]
async fn a_suspended_object_changes_nothing_and_still_tells() {
    let world = World::new("suspended").await;
    world
        .stream("keynote", json!({"displayName": "Keynote", "active": true}))
        .await;
    world.until_ready("keynote").await;
    let id = world.stream_id("keynote").await;
    world.stream("never", json!({"suspend": true})).await;
    world
        .edit(
            "keynote",
            json!({"suspend": true, "displayName": "Closing"}),
        )
        .await;
    let suspended = |object: &kube::core::DynamicObject| {
        condition(object, "Suspended").is_some_and(|c| c["status"] == "True")
    };
    for name in ["keynote", "never"] {
        world
            .until("LiveStream", name, "suspended", suspended)
            .await;
    }
    world.sim.set_live(id, true).unwrap();
    world
        .until("LiveStream", "keynote", "live", |object| {
            status_of(object)["live"] == true
        })
        .await;
    world.settled_walks(2).await;
    assert_eq!((world.posts(), world.sim.changing_calls()), (1, 1));

    for name in ["keynote", "never"] {
        world.edit(name, json!({"suspend": false})).await;
        let object = world.until_ready(name).await;
        assert!(!suspended(&object), "{name}");
    }
    assert_eq!(world.changes(id), [json!({"stream": {"name": "Closing"}})]);
    assert_eq!(world.posts(), 2);
}

/// Every call that was made for an object, the oldest first.
fn story(world: &World, name: &str) -> String {
    let mark = format!("/{name}/");
    let marked = world.sim.streams_marked(CLIENT, &mark);
    let ids: Vec<String> = marked.iter().map(|s| s["id"].to_string()).collect();
    let calls = world.sim.calls_where(0, |call| {
        let body = call.body.as_ref().map(Value::to_string);
        body.is_some_and(|body| body.contains(&mark))
            || call.id.as_ref().is_some_and(|id| ids.contains(id))
    });
    let lines = calls.iter().map(|call| {
        format!(
            "\n{} ms: {} {} {:?} applied {} fault {:?} body {}",
            call.elapsed_ms,
            call.method,
            call.path,
            call.status,
            call.applied,
            call.fault,
            call.body.clone().unwrap_or_default()
        )
    });
    lines.collect()
}

/// Random choices from a seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let n = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (n ^ (n >> 31)) % sides
    }

    /// Something that goes wrong, and that passes by itself.
    fn action(&mut self) -> Action {
        let actions = [
            Action::TimeoutAfterApply,
            Action::TimeoutBeforeApply,
            Action::CutAfterApply,
            Action::CutBeforeApply,
            Action::status(500),
            Action::status(503),
            Action::status_after_apply(500),
            Action::status_after_apply(504),
            Action::too_many(Some("0")),
            Action::too_many(Some("1")),
            Action::Truncated,
            Action::Stalled,
            Action::Garbled,
            Action::EmptyBody,
            Action::Html { applied: true },
            Action::Html { applied: false },
            Action::Status {
                status: 502,
                retry_after: None,
                body: ErrorBody::Html,
                applied: true,
            },
            Action::Delay { millis: 300 },
            Action::ApplyLater { millis: 1500 },
        ];
        let one = self.roll(actions.len() as u64);
        actions[usize::try_from(one).unwrap()].clone()
    }
}

#[tokio::test]
async fn fifty_objects_come_through_a_storm_of_faults_with_one_stream_each() {
    let seed = std::hash::RandomState::new().build_hasher().finish();
    println!("the seed of the storm is {seed}");
    let mut dice = Dice(seed);
    let mut world = World::new("storm").await;
    for (method, route, faults) in [
        ("POST", "/streaming/streams", 30),
        ("PATCH", "/streaming/streams/{id}", 30),
        ("DELETE", "/streaming/streams/{id}", 8),
        ("GET", "/streaming/streams/{id}", 10),
        ("GET", "/streaming/streams", 10),
    ] {
        for _ in 0..faults {
            let skip = dice.roll(3);
            let fault = Fault::new(dice.action()).method(method).route(route);
            world.sim.fault(fault.skip(skip));
        }
    }
    let names: Vec<String> = (0..50).map(|n| format!("camera-{n:02}")).collect();
    join_all(names.iter().map(|name| {
        world.stream(
            name,
            json!({"displayName": format!("{name} first"), "active": true}),
        )
    }))
    .await;
    world.until_posts(25).await;
    world.operator().kill();
    world.start(&[]);
    world.until_posts(40).await;
    join_all(names.iter().map(|name| {
        world.edit(
            name,
            json!({"displayName": format!("{name} last"), "dvr": {"durationSeconds": 1200}}),
        )
    }))
    .await;
    let (going, staying) = names.split_at(5);
    // The apiserver may remove an object at once whose first finalizer comes together with its
    // deletion; that is another story.
    for name in going {
        world
            .until("LiveStream", name, "finalized", |object| {
                !object.finalizers().is_empty()
            })
            .await;
    }
    join_all(going.iter().map(|name| world.delete("LiveStream", name))).await;
    for name in going {
        world.until_gone("LiveStream", name).await;
    }
    for name in staying {
        world.until_ready(name).await;
    }
    world.settled_walks(2).await;

    let mut by_name: HashMap<String, Vec<Value>> = HashMap::new();
    for stream in world.sim.streams(CLIENT) {
        let name = stream["name"].as_str().unwrap().to_owned();
        by_name.entry(name).or_default().push(stream);
    }
    for name in going {
        let left = world.sim.streams_marked(CLIENT, &format!("/{name}/"));
        assert_eq!(
            left,
            Vec::<Value>::new(),
            "seed {seed}: {}",
            story(&world, name)
        );
    }
    assert_eq!(by_name.len(), staying.len(), "seed {seed}");
    for name in staying {
        let object = world.get("LiveStream", name).await.unwrap();
        assert_eq!(reason(&object, "Ready"), "InStep", "seed {seed}: {name}");
        let streams = &by_name[&format!("{name} last")];
        assert_eq!(streams.len(), 1, "seed {seed}: {name}");
        let stream = &streams[0];
        assert_eq!(status_of(&object)["streamId"], stream["id"].to_string());
        assert_eq!(
            (&stream["active"], &stream["dvr_duration"]),
            (&json!(true), &json!(1200)),
            "seed {seed}: {name}"
        );
        let data = stream["client_entity_data"].as_str().unwrap();
        assert!(data.contains(&object.uid().unwrap()), "seed {seed}: {name}");
    }
    // Each object had one stream in its life.
    assert_eq!(
        world.sim.created_total(CLIENT) - world.sim.deleted_total(CLIENT),
        45
    );
    assert!(world.sim.created_total(CLIENT) <= 50, "seed {seed}");
    // At rest again.
    let calls = world.sim.changing_calls();
    let history = world.history("LiveStream").await;
    world.settled_walks(2).await;
    assert_eq!(
        (world.sim.changing_calls(), history.len()),
        (calls, 0),
        "seed {seed}"
    );
}

#[tokio::test]
async fn a_change_whose_reply_is_lost_ends_as_the_spec_says() {
    let world = World::new("lostedit").await;
    let actions = [
        Action::TimeoutAfterApply,
        Action::TimeoutBeforeApply,
        Action::CutAfterApply,
        Action::status(500),
        Action::status_after_apply(503),
        Action::Garbled,
        Action::EmptyBody,
        Action::ApplyLater { millis: 1200 },
    ];
    let names: Vec<String> = actions.iter().map(name_of).collect();
    join_all(actions.iter().zip(&names).map(async |(action, name)| {
        world
            .stream(name, json!({"dvr": {"durationSeconds": 600}}))
            .await;
        world.until_ready(name).await;
        let id = world.stream_id(name).await;
        world.sim.fault(on_patch(action.clone()).id(id).times(2));
        world
            .edit(name, json!({"dvr": {"durationSeconds": 1200}}))
            .await;
        world.until_ready(name).await;
    }))
    .await;
    world.settled_walks(2).await;
    for name in &names {
        let id = world.stream_id(name).await;
        assert_eq!(
            world.sim.stream(id).unwrap()["dvr_duration"],
            1200,
            "{name}"
        );
    }
    assert_eq!(world.posts(), names.len() as u64);
    assert_eq!(world.sim.created_total(CLIENT), names.len() as u64);
}

#[tokio::test]
async fn settings_that_lists_leave_out_are_not_drift() {
    let world = World::new("thinlist").await;
    let spec =
        json!({"active": true, "dvr": {"durationSeconds": 600}, "gcore": {"projection": "vr360"}});
    world.stream("keynote", spec).await;
    world.until_ready("keynote").await;
    world.settled_walks(1).await;
    let history = world.history("LiveStream").await;
    world.sim.behaviour(CLIENT, |b| {
        b.thin_lists = ["dvr_duration", "projection", "push_url", "hls_cmaf_url"]
            .map(str::to_owned)
            .into();
    });
    world.settled_walks(4).await;
    assert_eq!((world.patches(), world.posts()), (0, 1));
    assert_eq!(history.len(), 0);
}
