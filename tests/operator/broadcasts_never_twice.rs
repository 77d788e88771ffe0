//! Never twice, never lost: unknown outcomes, replies without an id, wiped status.

use futures::future::join_all;
use serde_json::{Value, json};
use simulator::{
    faults::{Action, ErrorBody, Fault},
    gcore::{BroadcastAnswer, Spoilt, SpoiltItem},
};

use crate::harness::{CLIENT, World, condition, message, reason, status_of};

const POST: &str = "/streaming/broadcasts";

fn on_post(action: Action) -> Fault {
    Fault::new(action).method("POST").route(POST)
}

/// An object's name for an action.
fn name_of(action: &Action) -> String {
    let word = action.word().replace('_', "-");
    match action {
        Action::Status { status, .. } => format!("{word}-{status}"),
        _ => word,
    }
}

/// How many broadcasts the provider has under this name.
fn named(world: &World, name: &str) -> usize {
    let all = world.sim.broadcasts(CLIENT);
    all.iter()
        .filter(|broadcast| broadcast["name"] == name)
        .count()
}

/// Creates a Broadcast of the stream `cam`, one at a time, with this in the way of its creation.
async fn create_with(world: &World, action: Action) -> String {
    let name = name_of(&action);
    let fault = world.sim.fault(on_post(action));
    world
        .broadcast(
            &name,
            json!({"state": "paused", "streams": [{"name": "cam"}]}),
        )
        .await;
    world
        .until_sim("the fault has fired", |sim| sim.fired(fault) == 1)
        .await;
    name
}

#[tokio::test]
async fn a_creation_that_was_carried_out_but_not_confirmed_is_sent_once() {
    let world = World::new("bcast-unconfirmed").await;
    world.ready_stream("cam").await;
    let actions = [
        Action::TimeoutAfterApply,
        Action::CutAfterApply,
        Action::status_after_apply(500),
        Action::status_after_apply(503),
        Action::Truncated,
        Action::Garbled,
        Action::Html { applied: true },
        Action::EndlessBody,
    ];
    let mut names = Vec::new();
    for action in actions {
        names.push(create_with(&world, action).await);
    }
    join_all(names.iter().map(async |name| {
        world.until_broadcast(name).await;
        world.until_event(name, "FoundAgain").await;
    }))
    .await;
    world.settled_walks(2).await;
    for name in &names {
        assert_eq!(named(&world, name), 1, "{name}");
    }
    let made = u64::try_from(names.len()).unwrap();
    assert_eq!(
        (
            world.broadcast_posts(),
            world.sim.broadcasts_created(CLIENT)
        ),
        (made, made)
    );
}

#[tokio::test]
async fn a_creation_that_came_to_nothing_is_repeated_once_that_is_proved() {
    let world = World::new("bcast-nothing").await;
    world.ready_stream("cam").await;
    let actions = [
        Action::TimeoutBeforeApply,
        Action::CutBeforeApply,
        Action::status(500),
    ];
    let mut names = Vec::new();
    for action in actions {
        names.push(create_with(&world, action).await);
    }
    join_all(names.iter().map(async |name| {
        let object = world
            .until_broadcast_reason(name, "Ready", "CreationUnknown")
            .await;
        assert!(condition(&object, "Stalled").is_none());
        let creation = &status_of(&object)["creation"];
        assert_eq!(
            (&creation["attempt"], &creation["result"]),
            (&json!(1), &json!("Unknown"))
        );
        let object = world.until_broadcast(name).await;
        assert_eq!(status_of(&object)["creation"], Value::Null);
    }))
    .await;
    assert_eq!(
        (
            world.broadcast_posts(),
            world.sim.broadcasts_created(CLIENT)
        ),
        (6, 3)
    );
}

#[tokio::test]
async fn a_creation_that_is_carried_out_after_all_is_not_repeated() {
    let world = World::new("bcast-late").await;
    world.ready_stream("cam").await;
    let name = create_with(&world, Action::ApplyLater { millis: 1200 }).await;
    world.until_broadcast(&name).await;
    assert_eq!(
        (
            world.broadcast_posts(),
            world.sim.broadcasts_created(CLIENT)
        ),
        (1, 1)
    );
}

#[tokio::test]
async fn a_refusal_is_certain_and_its_object_goes_without_a_call() {
    let world = World::new("bcast-refused").await;
    world.ready_stream("cam").await;
    let refused = Action::Status {
        status: 422,
        retry_after: None,
        body: ErrorBody::Json,
        applied: false,
    };
    world.sim.fault(on_post(refused).always());
    world
        .broadcast("keynote", json!({"streams": [{"name": "cam"}]}))
        .await;
    world
        .until_broadcast_reason("keynote", "Stalled", "Refused")
        .await;
    world.delete("Broadcast", "keynote").await;
    world.until_gone("Broadcast", "keynote").await;
    assert_eq!(
        (world.broadcast_posts(), world.broadcast_deletions()),
        (1, 0)
    );
}

#[tokio::test]
async fn an_answer_without_an_id_is_found_by_the_list() {
    let world = World::new("bcast-no-id").await;
    world.ready_stream("cam").await;
    for (name, answer) in [
        ("without", BroadcastAnswer::WithoutId),
        ("empty", BroadcastAnswer::Empty),
    ] {
        world.sim.behaviour(CLIENT, |ways| {
            ways.broadcast_answer = answer;
            ways.streams_without_broadcasts = true;
        });
        world
            .broadcast(name, json!({"state": "live", "streams": [{"name": "cam"}]}))
            .await;
        world.until_broadcast(name).await;
        assert_eq!(named(&world, name), 1);
    }
    assert_eq!(world.broadcast_posts(), 2);
}

#[tokio::test]
async fn an_answer_without_an_id_is_found_by_the_stream_where_the_list_shows_none() {
    let world = World::new("bcast-by-stream").await;
    let cam = world.ready_stream("cam").await;
    // A human's, of the same stream, is read and not taken.
    let human = world
        .sim
        .create_broadcast(
            CLIENT,
            json!({"name": "keynote", "status": "pending", "stream_ids": [cam]}),
        )
        .unwrap();
    world.sim.behaviour(CLIENT, |ways| {
        ways.broadcast_answer = BroadcastAnswer::Empty;
        ways.broadcasts_without_id = true;
    });
    world
        .broadcast(
            "keynote",
            json!({"state": "live", "streams": [{"name": "cam"}]}),
        )
        .await;
    world.until_broadcast("keynote").await;
    assert_ne!(world.broadcast_id("keynote").await, human);
    assert_eq!(world.sim.broadcast(human).unwrap()["status"], "pending");
    assert_eq!(world.broadcast_posts(), 1);
    // It is kept in step and goes, though no list ever shows it.
    world
        .edit_broadcast("keynote", json!({"state": "finished"}))
        .await;
    world.until_broadcast("keynote").await;
    world.delete("Broadcast", "keynote").await;
    world.until_gone("Broadcast", "keynote").await;
    assert_eq!(world.the_broadcast()["id"], human);
}

#[tokio::test]
async fn what_nothing_shows_is_waited_for_and_never_created_again() {
    let world = World::new("bcast-nowhere").await;
    world.ready_stream("cam").await;
    world.sim.behaviour(CLIENT, |ways| {
        ways.broadcast_answer = BroadcastAnswer::Empty;
        ways.broadcasts_without_id = true;
        ways.streams_without_broadcasts = true;
    });
    world
        .broadcast(
            "keynote",
            json!({"state": "live", "streams": [{"name": "cam"}]}),
        )
        .await;
    let object = world
        .until(
            "Broadcast",
            "keynote",
            "it says what it waits for",
            |object| message(object, "Ready").contains("show no id"),
        )
        .await;
    assert_eq!(reason(&object, "Ready"), "CreationUnknown");
    assert_eq!(status_of(&object)["creation"]["result"], "Unknown");
    // Far longer than it takes to prove an absence from a list that can be read.
    world.settled_walks(1).await;
    world.broadcast_walks(6).await;
    assert_eq!(world.broadcast_posts(), 1);
    // Its name is still the one that nothing else has.
    assert_eq!(world.the_broadcast()["name"].as_str().unwrap().len(), 26);

    world
        .sim
        .behaviour(CLIENT, |ways| ways.streams_without_broadcasts = false);
    world.until_broadcast("keynote").await;
    assert_eq!((world.broadcast_posts(), named(&world, "keynote")), (1, 1));
}

#[tokio::test]
async fn a_list_with_one_unreadable_item_proves_nothing() {
    let world = World::new("bcast-spoilt").await;
    world.ready_stream("cam").await;
    let odd = world
        .sim
        .create_broadcast(CLIENT, json!({"name": "odd", "status": "pending"}))
        .unwrap();
    world.sim.behaviour(CLIENT, |ways| {
        ways.spoilt_item = Some(SpoiltItem {
            id: odd,
            how: Spoilt::IdMissing,
        });
    });
    let name = create_with(&world, Action::CutBeforeApply).await;
    world.settled_walks(1).await;
    world.broadcast_walks(5).await;
    assert_eq!(world.broadcast_posts(), 1);
    world.sim.behaviour(CLIENT, |ways| ways.spoilt_item = None);
    world.until_broadcast(&name).await;
    assert_eq!(world.broadcast_posts(), 2);
}

#[tokio::test]
async fn a_kill_between_creation_and_name_leaves_one_with_its_name() {
    let mut world = World::new("bcast-kill").await;
    world.ready_stream("cam").await;
    // The id is known, and the change of the name does not come through.
    let rename = Fault::new(Action::CutBeforeApply)
        .method("PATCH")
        .route("/streaming/broadcasts/{id}")
        .always();
    let fault = world.sim.fault(rename);
    let spec = json!({"displayName": "Keynote", "state": "live", "streams": [{"name": "cam"}]});
    world.broadcast("keynote", spec).await;
    world
        .until_sim("the rename is tried", |sim| sim.fired(fault) > 0)
        .await;
    // By then the id stands in the status.
    let id = world.broadcast_id("keynote").await;
    world.operator().kill();
    world.sim.clear_faults();
    assert_eq!(world.the_broadcast()["name"].as_str().unwrap().len(), 26);
    assert_eq!(world.the_broadcast()["status"], "pending");
    world.start(&[]);
    world.until_broadcast("keynote").await;
    assert_eq!(
        (
            world.the_broadcast()["id"].clone(),
            named(&world, "Keynote")
        ),
        (json!(id), 1)
    );
    assert_eq!(world.broadcast_posts(), 1);
}

#[tokio::test]
async fn a_kill_before_the_answer_to_a_creation_leaves_one() {
    let mut world = World::new("bcast-kill-post").await;
    world.ready_stream("cam").await;
    let fault = world.sim.fault(on_post(Action::TimeoutAfterApply));
    world
        .broadcast(
            "keynote",
            json!({"state": "live", "streams": [{"name": "cam"}]}),
        )
        .await;
    world
        .until_sim("it was created", |sim| {
            sim.fired(fault) == 1 && sim.broadcasts_created(CLIENT) == 1
        })
        .await;
    world.operator().kill();
    world.start(&[]);
    world.until_broadcast("keynote").await;
    assert_eq!((world.broadcast_posts(), named(&world, "keynote")), (1, 1));
}

#[tokio::test]
async fn a_human_s_broadcast_with_the_same_name_and_streams_is_never_taken() {
    let world = World::new("bcast-human").await;
    let cam = world.ready_stream("cam").await;
    let theirs = json!({"name": "Keynote", "status": "pending", "stream_ids": [cam], "pending_message": "mine"});
    let human = world.sim.create_broadcast(CLIENT, theirs).unwrap();
    let before = world.sim.broadcast(human);
    let spec = json!({"displayName": "Keynote", "state": "live", "pendingMessage": "ours", "streams": [{"name": "cam"}]});
    world.broadcast("keynote", spec).await;
    world.until_broadcast("keynote").await;
    assert_ne!(world.broadcast_id("keynote").await, human);
    world.delete("Broadcast", "keynote").await;
    world.until_gone("Broadcast", "keynote").await;
    assert_eq!(world.sim.broadcast(human), before);
    assert_eq!(world.sim.broadcasts(CLIENT).len(), 1);
}

/// A Broadcast that was created, whose operator is dead and whose status is wiped.
async fn wiped(world: &mut World) -> u64 {
    world.ready_stream("cam").await;
    let spec = json!({"displayName": "Keynote", "state": "live", "streams": [{"name": "cam"}]});
    world.broadcast("keynote", spec).await;
    world.until_broadcast("keynote").await;
    let id = world.broadcast_id("keynote").await;
    world.operator().kill();
    world
        .patch_status("Broadcast", "keynote", Value::Null)
        .await;
    id
}

#[tokio::test]
async fn a_lost_id_is_never_guessed_and_answered_by_external_id() {
    let mut world = World::new("bcast-wiped").await;
    let id = wiped(&mut world).await;
    let human = json!({"name": "Keynote", "status": "pending"});
    let human = world.sim.create_broadcast(CLIENT, human).unwrap();
    let strange = json!({"name": "else", "status": "pending"});
    let strange = world.sim.create_broadcast(CLIENT, strange).unwrap();
    world.start(&[]);
    let object = world
        .until_broadcast_reason("keynote", "Stalled", "BroadcastLost")
        .await;
    let says = message(&object, "Ready");
    assert!(
        says.contains(&id.to_string()) && says.contains(&human.to_string()),
        "{says}"
    );
    assert!(!says.contains(&strange.to_string()), "{says}");
    assert_eq!(
        (world.broadcast_posts(), world.broadcast_changes().len()),
        (1, 1)
    );

    world
        .edit_broadcast(
            "keynote",
            json!({"externalId": id.to_string(), "state": "paused"}),
        )
        .await;
    let object = world.until_broadcast("keynote").await;
    assert_eq!(status_of(&object)["broadcastId"], id.to_string());
    assert_eq!(world.sim.broadcast(id).unwrap()["status"], "paused");
    assert_eq!(world.broadcast_posts(), 1);
}

#[tokio::test]
async fn a_lost_id_of_a_broadcast_that_is_gone_too_is_created_again() {
    let mut world = World::new("bcast-wiped-gone").await;
    let id = wiped(&mut world).await;
    world.sim.remove_broadcast(id);
    world.start(&[]);
    world.until_broadcast("keynote").await;
    assert_eq!((world.broadcast_posts(), named(&world, "Keynote")), (2, 1));
}

#[tokio::test]
async fn a_status_that_is_wiped_under_a_running_operator_is_written_again() {
    let world = World::new("bcast-wiped-live").await;
    world.ready_stream("cam").await;
    world
        .broadcast("keynote", json!({"streams": [{"name": "cam"}]}))
        .await;
    world.until_broadcast("keynote").await;
    let id = world.broadcast_id("keynote").await;
    world
        .patch_status("Broadcast", "keynote", Value::Null)
        .await;
    world.until_broadcast("keynote").await;
    assert_eq!(world.broadcast_id("keynote").await, id);
    assert_eq!(world.broadcast_posts(), 1);
}

#[tokio::test]
async fn one_that_somebody_deleted_is_created_again_when_that_is_proved() {
    let world = World::new("bcast-outside").await;
    world.ready_stream("cam").await;
    world
        .broadcast(
            "keynote",
            json!({"state": "live", "streams": [{"name": "cam"}]}),
        )
        .await;
    world.until_broadcast("keynote").await;
    let id = world.broadcast_id("keynote").await;
    world.settled_walks(1).await;
    world.sim.remove_broadcast(id);
    world.until_event("keynote", "DeletedOutside").await;
    world
        .until("Broadcast", "keynote", "it has another one", |object| {
            crate::harness::is_ready(object) && status_of(object)["broadcastId"] != id.to_string()
        })
        .await;
    assert_eq!((world.broadcast_posts(), named(&world, "keynote")), (2, 1));
    assert_eq!(world.the_broadcast()["status"], "live");
}

#[tokio::test]
async fn one_that_the_list_loses_for_a_while_is_not_created_again() {
    let world = World::new("bcast-unlisted").await;
    world.ready_stream("cam").await;
    world
        .broadcast("keynote", json!({"streams": [{"name": "cam"}]}))
        .await;
    world.until_broadcast("keynote").await;
    let id = world.broadcast_id("keynote").await;
    world.settled_walks(1).await;
    let from = world.sim.last_call();
    world.sim.behaviour(CLIENT, |ways| ways.unlisted = vec![id]);
    world.broadcast_walks(4).await;
    let asked = world.sim.calls_where(from, |call| {
        call.method == "GET" && call.route == "/streaming/broadcasts/{id}"
    });
    assert!(!asked.is_empty(), "nobody asked for it by its id");
    let object = world.until_broadcast("keynote").await;
    assert_eq!(status_of(&object)["broadcastId"], id.to_string());
    assert_eq!(world.broadcast_posts(), 1);
}

#[tokio::test]
async fn when_many_vanish_nothing_is_created_until_a_human_confirms_it() {
    let world = World::new("bcast-vanished").await;
    world.ready_stream("cam").await;
    let names = ["a", "b", "c", "d", "e"];
    join_all(names.iter().map(async |name| {
        world
            .broadcast(name, json!({"streams": [{"name": "cam"}]}))
            .await;
        world.until_broadcast(name).await;
    }))
    .await;
    world.settled_walks(1).await;
    for broadcast in world.sim.broadcasts(CLIENT) {
        world
            .sim
            .remove_broadcast(broadcast["id"].as_u64().unwrap());
    }
    let account = world.until_account("default", "MassDisappearance").await;
    assert!(message(&account, "Ready").contains("5 of 5 broadcasts"));
    world.settled_walks(2).await;
    assert_eq!(world.broadcast_posts(), 5);
    let confirm = json!({"metadata": {"annotations": {"livestream-operator.io/confirm-disappearance": "yes"}}});
    world
        .patch("StreamingAccount", "default", confirm)
        .await
        .unwrap();
    world
        .until_sim("all are created again", |sim| {
            sim.broadcasts(CLIENT).len() == 5
        })
        .await;
    join_all(
        names
            .iter()
            .map(async |name| world.until_broadcast(name).await),
    )
    .await;
    assert_eq!(world.broadcast_posts(), 10);
}

#[tokio::test]
async fn two_operators_at_once_create_one() {
    let mut world = World::new("bcast-two").await;
    world.ready_stream("cam").await;
    let first = world.operator.take();
    world.start(&[]);
    let names: Vec<String> = (0..8).map(|i| format!("b{i}")).collect();
    join_all(names.iter().map(async |name| {
        world
            .broadcast(name, json!({"streams": [{"name": "cam"}]}))
            .await;
        world.until_broadcast(name).await;
    }))
    .await;
    world.settled_walks(1).await;
    for name in &names {
        assert_eq!(named(&world, name), 1, "{name}");
    }
    assert_eq!(world.sim.broadcasts_created(CLIENT), 8);
    drop(first);
}
