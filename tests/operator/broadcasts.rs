//! A Broadcast's life: create, edit, wait for streams, pause by itself, finish.

use std::time::{Duration, Instant};

use futures::future::join_all;
use kube::api::DeleteParams;
use serde_json::{Value, json};
use simulator::faults::{Action, Fault};

use crate::harness::{CLIENT, World, condition, is_ready, message, reason, status_of};

/// Who is not woken looks again after a minute.
const FALLBACK: Duration = Duration::from_secs(50);

/// The states that were sent to the provider, in order.
fn states(world: &World) -> Vec<String> {
    let changes = world.broadcast_changes();
    let sent = changes
        .iter()
        .filter_map(|change| change["status"].as_str());
    sent.map(str::to_owned).collect()
}

#[tokio::test]
async fn a_manifest_becomes_a_broadcast_by_two_calls() {
    let world = World::new("bcast-create").await;
    let second = world.ready_stream("second").await;
    let first = world.ready_stream("first").await;
    let spec = json!({
        "displayName": "Keynote", "state": "live", "streams": [{"name": "first"}, {"id": second.to_string()}],
        "shareUrl": "https://example.org/share", "pendingMessage": "Soon", "showDvrAfterFinish": true, "playerId": 7,
    });
    world.broadcast("keynote", spec).await;
    let object = world.until_broadcast("keynote").await;

    let broadcast = world.the_broadcast();
    let expected = json!({
        "name": "Keynote", "status": "live", "stream_ids": [first, second], "share_url": "https://example.org/share",
        "pending_message": "Soon", "show_dvr_after_finish": true, "player_id": 7,
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(broadcast[field], *value, "{field}");
    }
    // Under a name that nothing else has, and pending; then one change.
    let posts = world.sim.calls_where(0, |call| {
        call.method == "POST" && call.route == "/streaming/broadcasts"
    });
    let body = posts[0].body.as_ref().unwrap();
    assert_eq!(posts.len(), 1);
    assert_eq!(body["broadcast"]["status"], "pending");
    assert_eq!(body["broadcast"]["name"].as_str().unwrap().len(), 26);
    assert_eq!(
        world.broadcast_changes(),
        [json!({"name": "Keynote", "status": "live"})]
    );

    let status = status_of(&object);
    assert_eq!(status["broadcastId"], broadcast["id"].to_string());
    assert_eq!(status["state"], "live");
    assert_eq!(
        status["streamIds"],
        json!([first.to_string(), second.to_string()])
    );
    assert_eq!(status["playback"]["iframe"], broadcast["iframe_url"]);
    assert_eq!(
        status["observedGeneration"],
        json!(object.metadata.generation)
    );
    assert_eq!(
        (reason(&object, "Live"), &status["creation"]),
        ("Idle".into(), &Value::Null)
    );
    assert!(condition(&object, "Reconciling").is_none() && condition(&object, "Stalled").is_none());
}

/// A stream `cam` and a Broadcast `keynote` that shows it, with these fields of its spec besides.
async fn keynote(world: &World, fields: Value) -> u64 {
    let stream = world.ready_stream("cam").await;
    let mut spec = json!({"streams": [{"name": "cam"}]});
    for (field, value) in fields.as_object().unwrap() {
        spec[field] = value.clone();
    }
    world.broadcast("keynote", spec).await;
    world.until_broadcast("keynote").await;
    stream
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_what_to_do() {
    let world = World::bare("bcast-schema").await;
    let refusals = [
        (json!({}), "at least one stream"),
        (json!({"streams": []}), "at least one stream"),
        (
            json!({"streams": [{"name": "a"}, {"id": "1"}, {"name": "a"}]}),
            "repeated name",
        ),
        (
            json!({"streams": [{"id": "1"}, {"name": "a"}, {"id": "1"}]}),
            "repeated id",
        ),
        (
            json!({"streams": [{"name": "a", "id": "1"}]}),
            "exactly one of name",
        ),
        (json!({"streams": [{}]}), "exactly one of name"),
        (json!({"streams": vec![json!({"id": "1"}); 17]}), "16"),
        (
            json!({"streams": [{"name": "a"}], "displayName": " a"}),
            "white space",
        ),
        (
            json!({"streams": [{"name": "a"}], "state": "over"}),
            "Unsupported value",
        ),
        (
            json!({"streams": [{"name": "a"}], "shareUrl": "javascript:1"}),
            "shareUrl",
        ),
        (
            json!({"streams": [{"name": "a"}], "interruption": {"afterSeconds": 0}}),
            "afterSeconds",
        ),
    ];
    for (spec, words) in refusals {
        let error = world
            .create("Broadcast", "bad", spec.clone())
            .await
            .unwrap_err();
        assert!(error.to_string().contains(words), "{spec}: {error}");
    }
    let most: Vec<Value> = (0..16)
        .map(|i| json!({"name": format!("{}{i}", "a".repeat(240))}))
        .collect();
    let spec = json!({"streams": most, "state": "finished", "externalId": "7"});
    world.broadcast("good", spec).await;
    let edits = [
        (json!({"state": "live"}), "finished is final"),
        (json!({"state": null}), "finished is final"),
        (json!({"externalId": "8"}), "externalId cannot change"),
        (json!({"externalId": null}), "externalId cannot change"),
        (json!({"accountRef": {"name": "other"}}), "another account"),
    ];
    for (spec, words) in edits {
        let edit = world
            .patch("Broadcast", "good", json!({"spec": spec}))
            .await;
        let error = edit.unwrap_err().to_string();
        assert!(error.contains(words), "{spec}: {error}");
    }
}

#[tokio::test]
async fn a_stream_that_is_missing_is_waited_for_and_its_arrival_wakes() {
    let world = World::new("bcast-missing").await;
    let cam = world.ready_stream("cam").await;
    let spec = json!({"state": "pending", "streams": [{"name": "late"}, {"name": "cam"}]});
    world.broadcast("keynote", spec).await;
    let object = world
        .until_broadcast_reason("keynote", "Ready", "WaitingForStream")
        .await;
    assert!(message(&object, "Ready").contains("no LiveStream late"));
    assert_eq!(reason(&object, "Reconciling"), "WaitingForStream");
    assert_eq!(world.broadcast_posts(), 0);

    // It is there, but has no stream yet.
    world.stream("late", json!({"suspend": true})).await;
    world
        .until(
            "Broadcast",
            "keynote",
            "it waits for the stream",
            |object| message(object, "Ready").contains("LiveStream late has no stream yet"),
        )
        .await;
    assert_eq!(world.broadcast_posts(), 0);

    let begin = Instant::now();
    world.edit("late", json!({"suspend": false})).await;
    world.until_broadcast("keynote").await;
    assert!(begin.elapsed() < FALLBACK, "nothing woke it");
    let late = world.stream_id("late").await;
    assert_eq!(world.the_broadcast()["stream_ids"], json!([late, cam]));
}

#[tokio::test]
async fn a_stream_that_is_being_deleted_is_not_linked_and_the_rest_goes_on() {
    let world = World::new("bcast-leaving").await;
    let stream = keynote(&world, json!({"state": "pending"})).await;
    let other = world.ready_stream("other").await;
    world.sim.set_live(other, true).unwrap();
    world.until_reason("other", "Live", "Live").await;
    world.delete("LiveStream", "other").await;
    world.until_reason("other", "Ready", "LiveProtected").await;

    let spec = json!({"state": "live", "streams": [{"name": "cam"}, {"name": "other"}]});
    world.edit_broadcast("keynote", spec).await;
    let object = world
        .until_broadcast_reason("keynote", "Ready", "WaitingForStream")
        .await;
    assert!(message(&object, "Ready").contains("other is being deleted"));
    world
        .until_sim("the state goes on", |sim| {
            sim.broadcasts(CLIENT)[0]["status"] == "live"
        })
        .await;
    assert_eq!(world.the_broadcast()["stream_ids"], json!([stream]));

    // It is gone, and one of the same name comes.
    world.sim.set_live(other, false).unwrap();
    world.until_gone("LiveStream", "other").await;
    let again = world.ready_stream("other").await;
    world.until_broadcast("keynote").await;
    assert_eq!(world.the_broadcast()["stream_ids"], json!([stream, again]));
}

#[tokio::test]
async fn a_stream_of_another_client_stalls_and_one_of_the_same_client_does_not() {
    const OTHER: u64 = 2002;
    let mut world = World::new("bcast-account").await;
    world.sim.add_key("2002$other", OTHER);
    for (name, key) in [("theirs", "2002$other"), ("same", crate::harness::KEY)] {
        world
            .secret(&format!("{name}-key"), &[("apiKey", key)])
            .await;
        let spec = json!({
            "gcore": {"apiKeySecretRef": {"name": format!("{name}-key"), "key": "apiKey"}, "endpoint": world.sim.url()},
            "requestsPerSecond": 500, "pollIntervalSeconds": 1,
        });
        world.create("StreamingAccount", name, spec).await.unwrap();
        world.until_account(name, "InStep").await;
        world
            .stream(name, json!({"accountRef": {"name": name}}))
            .await;
        world.until_ready(name).await;
    }
    world
        .broadcast("keynote", json!({"streams": [{"name": "theirs"}]}))
        .await;
    let object = world
        .until_broadcast_reason("keynote", "Stalled", "StreamInOtherAccount")
        .await;
    assert!(message(&object, "Ready").contains("LiveStream theirs"));
    assert_eq!(world.broadcast_posts(), 0);
    world
        .edit_broadcast("keynote", json!({"streams": [{"name": "same"}]}))
        .await;
    world.until_broadcast("keynote").await;
    let same = world.stream_id("same").await;
    assert_eq!(world.the_broadcast()["stream_ids"], json!([same]));

    // What was in step stays so where that account cannot be used any more: the account tells.
    world.operator().kill();
    let history = world.history("Broadcast").await;
    world
        .secrets()
        .delete("same-key", &DeleteParams::default())
        .await
        .unwrap();
    world.start(&[]);
    world.until_account("same", "SecretNotFound").await;
    world.broadcast_walks(3).await;
    assert!(is_ready(&world.get("Broadcast", "keynote").await.unwrap()));
    assert!(
        history.ready("keynote").len() <= 1,
        "{:?}",
        history.ready("keynote")
    );
}

#[tokio::test]
async fn one_stream_by_its_name_and_by_its_id_stalls() {
    let world = World::new("bcast-twice").await;
    let cam = world.ready_stream("cam").await;
    let both = json!({"streams": [{"id": cam.to_string()}, {"name": "cam"}]});
    world.broadcast("keynote", both).await;
    let object = world
        .until_broadcast_reason("keynote", "Stalled", "StreamListedTwice")
        .await;
    assert!(message(&object, "Ready").contains(&cam.to_string()));
    assert_eq!(world.broadcast_posts(), 0);
    world
        .edit_broadcast("keynote", json!({"streams": [{"name": "cam"}]}))
        .await;
    world.until_broadcast("keynote").await;
}

#[tokio::test]
async fn an_id_that_the_provider_does_not_know_stalls_until_it_is_mended() {
    let world = World::new("bcast-unknown").await;
    let cam = world.ready_stream("cam").await;
    world
        .broadcast("keynote", json!({"streams": [{"id": "4711"}]}))
        .await;
    let object = world
        .until_broadcast_reason("keynote", "Stalled", "Refused")
        .await;
    assert!(
        message(&object, "Ready").contains("4711"),
        "{}",
        message(&object, "Ready")
    );
    assert_eq!(status_of(&object)["creation"]["result"], "Refused");
    assert_eq!(world.broadcast_posts(), 1);
    world
        .edit_broadcast("keynote", json!({"streams": [{"id": cam.to_string()}]}))
        .await;
    world.until_broadcast("keynote").await;
    assert_eq!(
        (
            world.broadcast_posts(),
            world.sim.broadcasts_created(CLIENT)
        ),
        (2, 1)
    );
}

#[tokio::test]
async fn the_order_of_the_streams_is_kept_and_drift_is_mended() {
    let world = World::new("bcast-drift").await;
    let cam = keynote(&world, json!({"displayName": "Keynote", "state": "paused"})).await;
    let other = world.ready_stream("other").await;
    let both = json!({"streams": [{"name": "other"}, {"name": "cam"}]});
    world.edit_broadcast("keynote", both).await;
    world.until_broadcast("keynote").await;
    assert_eq!(world.the_broadcast()["stream_ids"], json!([other, cam]));

    // What we wrote is not believed to be otherwise before it has settled.
    world.settled_walks(1).await;
    let id = world.broadcast_id("keynote").await;
    let drift = json!({"stream_ids": [cam, other], "name": "Oops", "status": "live", "ad_id": 9});
    world.sim.edit_broadcast(id, drift).unwrap();
    world
        .until_sim("the drift is mended", |sim| {
            let broadcast = sim.broadcast(id).unwrap();
            broadcast["stream_ids"] == json!([other, cam])
                && broadcast["name"] == "Keynote"
                && broadcast["status"] == "paused"
        })
        .await;
    world.until_event("keynote", "DriftMended").await;
    // What the spec does not name stays as it is.
    assert_eq!(world.the_broadcast()["ad_id"], 9);
    let last = world.broadcast_changes().pop().unwrap();
    assert_eq!(
        last,
        json!({"stream_ids": [other, cam], "name": "Keynote", "status": "paused"})
    );
}

#[tokio::test]
async fn at_rest_there_are_only_walks_and_none_of_broadcasts_without_one() {
    let mut world = World::bare("bcast-rest").await;
    world.account(json!({})).await;
    // Nor does anybody look closely at a stream that was just switched on.
    world.start(&["--live-poll=1h"]);
    world.ready_stream("cam").await;
    world.walks(3).await;
    assert_eq!(world.sim.count("GET", "/streaming/broadcasts"), 0);

    world
        .broadcast(
            "keynote",
            json!({"state": "live", "streams": [{"name": "cam"}]}),
        )
        .await;
    world.until_broadcast("keynote").await;
    world.settled_walks(2).await;
    let history = world.history("Broadcast").await;
    let from = world.sim.last_call();
    world.broadcast_walks(3).await;
    let others = world.sim.calls_where(from, |call| {
        call.route != "/streaming/streams" && call.route != "/streaming/broadcasts"
    });
    assert!(others.is_empty(), "{others:?}");
    assert_eq!(history.len(), 0);

    // The last one is gone, and so are the walks.
    world.delete("Broadcast", "keynote").await;
    world.until_gone("Broadcast", "keynote").await;
    world.walks(2).await;
    let walked = world.sim.count("GET", "/streaming/broadcasts");
    world.walks(3).await;
    assert_eq!(world.sim.count("GET", "/streaming/broadcasts"), walked);
}

#[tokio::test]
async fn what_is_suspended_is_not_changed_and_its_status_follows() {
    let world = World::new("bcast-suspend").await;
    let cam = keynote(&world, json!({"state": "live"})).await;
    world.settled_walks(1).await;
    world
        .edit_broadcast("keynote", json!({"suspend": true, "state": "paused"}))
        .await;
    world
        .until_broadcast_reason("keynote", "Suspended", "Suspended")
        .await;
    world.sim.set_live(cam, true).unwrap();
    let object = world
        .until_broadcast_reason("keynote", "Live", "Live")
        .await;
    assert_eq!(status_of(&object)["state"], "live");
    assert_eq!(states(&world), ["live"]);
    world
        .edit_broadcast("keynote", json!({"suspend": false}))
        .await;
    world.until_broadcast("keynote").await;
    assert_eq!(states(&world), ["live", "paused"]);
}

#[tokio::test]
async fn a_finished_broadcast_is_ready_and_its_streams_can_be_used_again() {
    let world = World::new("bcast-finished").await;
    let cam = keynote(&world, json!({"state": "live"})).await;
    world
        .edit_broadcast("keynote", json!({"state": "finished"}))
        .await;
    let object = world.until_broadcast("keynote").await;
    assert_eq!(status_of(&object)["state"], "finished");
    assert_eq!(reason(&object, "Live"), "Idle");
    let back = world
        .patch("Broadcast", "keynote", json!({"spec": {"state": "live"}}))
        .await;
    assert!(
        back.unwrap_err()
            .to_string()
            .contains("create another Broadcast")
    );

    world
        .broadcast(
            "next",
            json!({"state": "live", "streams": [{"name": "cam"}]}),
        )
        .await;
    world.until_broadcast("next").await;
    for broadcast in world.sim.broadcasts(CLIENT) {
        assert_eq!(broadcast["stream_ids"], json!([cam]));
    }
    // Somebody in the portal sends it on air again.
    world.settled_walks(1).await;
    let id = world.broadcast_id("keynote").await;
    world
        .sim
        .edit_broadcast(id, json!({"status": "live"}))
        .unwrap();
    world
        .until_sim("it is finished again", |sim| {
            sim.broadcast(id).unwrap()["status"] == "finished"
        })
        .await;
}

#[tokio::test]
async fn a_lost_signal_pauses_and_a_new_one_ends_the_pause() {
    let world = World::new("bcast-interrupted").await;
    let pause = json!({"state": "live", "interruption": {"action": "Pause", "afterSeconds": 1}});
    let cam = world.ready_stream("cam").await;
    world.sim.set_live(cam, true).unwrap();
    world.until_reason("cam", "Live", "Live").await;
    world.stream("spare", json!({"active": true})).await;
    world.until_ready("spare").await;
    let spare = world.stream_id("spare").await;
    let mut spec = pause;
    spec["streams"] = json!([{"name": "cam"}, {"name": "spare"}]);
    world.broadcast("keynote", spec).await;
    world
        .until_broadcast_reason("keynote", "Live", "Live")
        .await;
    world.until_broadcast("keynote").await;
    let history = world.history("Broadcast").await;
    assert_eq!(states(&world), ["live"]);

    world.sim.set_live(cam, false).unwrap();
    let object = world
        .until_broadcast_reason("keynote", "Live", "Interrupted")
        .await;
    assert_eq!(status_of(&object)["state"], "paused");
    assert!(is_ready(&object));
    assert_eq!(world.the_broadcast()["status"], "paused");
    world.until_event("keynote", "Interrupted").await;

    // Any of its streams will do.
    world.sim.set_live(spare, true).unwrap();
    world
        .until_broadcast_reason("keynote", "Live", "Live")
        .await;
    world.until_event("keynote", "Resumed").await;
    assert_eq!(states(&world), ["live", "paused", "live"]);
    assert!(
        history
            .ready("keynote")
            .iter()
            .all(|ready| ready == "True InStep"),
        "{:?}",
        history.ready("keynote")
    );
}

#[tokio::test]
async fn a_short_loss_of_signal_is_no_interruption() {
    let world = World::new("bcast-short").await;
    let pause = json!({"state": "live", "interruption": {"action": "Pause", "afterSeconds": 30}});
    let cam = keynote(&world, pause).await;
    world.sim.set_live(cam, true).unwrap();
    world
        .until_broadcast_reason("keynote", "Live", "Live")
        .await;
    world.until_broadcast("keynote").await;
    let history = world.history("Broadcast").await;
    // An encoder that flaps: each loss is seen, none lasts.
    for _ in 0..5 {
        world.sim.set_live(cam, false).unwrap();
        world
            .until_broadcast_reason("keynote", "Live", "Idle")
            .await;
        world.sim.set_live(cam, true).unwrap();
        world
            .until_broadcast_reason("keynote", "Live", "Live")
            .await;
    }
    assert_eq!(states(&world), ["live"]);
    assert_eq!(history.ready("keynote"), ["True InStep"]);
}

#[tokio::test]
async fn a_signal_is_waited_for_just_as_long_as_the_spec_says() {
    let world = World::new("bcast-seconds").await;
    let pause = json!({"state": "live", "interruption": {"action": "Pause", "afterSeconds": 10}});
    let cam = keynote(&world, pause).await;
    world.sim.set_live(cam, true).unwrap();
    world
        .until_broadcast_reason("keynote", "Live", "Live")
        .await;
    let sent = states(&world).len();
    for (seconds, pauses) in [(9, false), (11, true)] {
        world.sim.set_live(cam, false).unwrap();
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        // The time that a read and a change take.
        if pauses {
            world
                .until_broadcast_reason("keynote", "Live", "Interrupted")
                .await;
        }
        world.sim.set_live(cam, true).unwrap();
        world
            .until_broadcast_reason("keynote", "Live", "Live")
            .await;
        let expected: &[&str] = if pauses { &["paused", "live"] } else { &[] };
        assert_eq!(states(&world)[sent..], *expected, "{seconds}");
    }
}

#[tokio::test]
async fn an_encoder_that_flaps_costs_few_changes_and_is_no_news() {
    let world = World::new("bcast-flap").await;
    let pause = json!({"state": "live", "interruption": {"action": "Pause", "afterSeconds": 1}});
    let cam = keynote(&world, pause).await;
    world.sim.set_live(cam, true).unwrap();
    world
        .until_broadcast_reason("keynote", "Live", "Live")
        .await;
    world.until_broadcast("keynote").await;
    let history = world.history("Broadcast").await;
    let sent = states(&world).len();
    let turns = 20;
    for turn in 0..turns {
        world.sim.set_live(cam, turn % 2 == 1).unwrap();
        // About as long as it takes until the pause is due: now and then it comes.
        tokio::time::sleep(Duration::from_millis(1100)).await;
    }
    let object = world
        .until_broadcast_reason("keynote", "Live", "Live")
        .await;
    assert!(is_ready(&object));
    let sent = states(&world).len() - sent;
    assert!(sent <= turns, "{sent} changes");
    assert_eq!(world.the_broadcast()["status"], "live");
    let ready = history.ready("keynote");
    assert!(
        ready.iter().all(|ready| ready == "True InStep"),
        "{ready:?}"
    );
}

#[tokio::test]
async fn a_setting_that_is_refused_does_not_freeze_the_interruption() {
    let world = World::new("bcast-gate").await;
    let pause = json!({"state": "live", "interruption": {"action": "Pause", "afterSeconds": 1}});
    let cam = keynote(&world, pause).await;
    world.sim.set_live(cam, true).unwrap();
    world
        .until_broadcast_reason("keynote", "Live", "Live")
        .await;
    let refused = Fault::new(Action::status(422))
        .method("PATCH")
        .route("/streaming/broadcasts/{id}");
    let fault = world.sim.fault(refused);
    world.edit_broadcast("keynote", json!({"adId": 9})).await;
    world
        .until_broadcast_reason("keynote", "Stalled", "Refused")
        .await;
    assert_eq!(world.sim.fired(fault), 1);
    let sent = world.broadcast_changes().len();
    world.sim.set_live(cam, false).unwrap();
    world
        .until_sim("viewers see the pause", |sim| {
            sim.broadcasts(CLIENT)[0]["status"] == "paused"
        })
        .await;
    world.sim.set_live(cam, true).unwrap();
    world
        .until_sim("and the stream again", |sim| {
            sim.broadcasts(CLIENT)[0]["status"] == "live"
        })
        .await;
    assert_eq!(
        world.broadcast_changes()[sent..],
        [json!({"status": "paused"}), json!({"status": "live"})]
    );
    world
        .until_broadcast_reason("keynote", "Stalled", "Refused")
        .await;
}

#[tokio::test]
async fn what_is_adopted_again_is_read_again() {
    let world = World::new("bcast-readopt").await;
    let cam = world.ready_stream("cam").await;
    let by_hand = json!({"name": "by hand", "status": "live", "stream_ids": [cam]});
    let id = world.sim.create_broadcast(CLIENT, by_hand).unwrap();
    let spec = json!({"externalId": id.to_string(), "state": "paused"});
    world.broadcast("first", spec.clone()).await;
    world.until_broadcast("first").await;
    world.delete("Broadcast", "first").await;
    world.until_gone("Broadcast", "first").await;
    // Nobody walks the list any more.
    world.walks(3).await;
    world
        .sim
        .edit_broadcast(id, json!({"status": "live"}))
        .unwrap();
    world.broadcast("again", spec).await;
    world.until_broadcast("again").await;
    assert_eq!(world.sim.broadcast(id).unwrap()["status"], "paused");
    // And the walks go on.
    world.broadcast_walks(2).await;
}

#[tokio::test]
async fn streams_and_broadcasts_of_one_name_share_a_small_budget() {
    let mut world = World::bare("bcast-budget").await;
    world.account(json!({"requestsPerSecond": 5})).await;
    world.start(&[]);
    let begin = Instant::now();
    let names = ["a", "b", "c", "d", "e"];
    for name in names {
        world.stream(name, json!({"active": true})).await;
        world
            .broadcast(name, json!({"state": "live", "streams": [{"name": name}]}))
            .await;
    }
    join_all(names.iter().map(async |name| {
        world.until_ready(name).await;
        world.until_broadcast(name).await;
    }))
    .await;
    assert!(begin.elapsed() < FALLBACK, "a grant woke somebody else");
    assert_eq!((world.posts(), world.broadcast_posts()), (5, 5));
    assert_eq!(world.broadcast_changes().len(), 5);
}

#[tokio::test]
async fn a_pause_that_the_user_asked_for_stays() {
    let world = World::new("bcast-pause").await;
    let pause = json!({"state": "live", "interruption": {"action": "Pause", "afterSeconds": 1}});
    let cam = keynote(&world, pause).await;
    world
        .until_broadcast_reason("keynote", "Live", "Interrupted")
        .await;
    world
        .edit_broadcast("keynote", json!({"state": "paused"}))
        .await;
    world.until_broadcast("keynote").await;
    world.sim.set_live(cam, true).unwrap();
    world.until_reason("cam", "Live", "Live").await;
    world.broadcast_walks(2).await;
    let object = world.until_broadcast("keynote").await;
    assert_eq!(reason(&object, "Live"), "Idle");
    assert_eq!(world.the_broadcast()["status"], "paused");
    world
        .edit_broadcast("keynote", json!({"state": "live"}))
        .await;
    world
        .until_broadcast_reason("keynote", "Live", "Live")
        .await;
    assert_eq!(world.the_broadcast()["status"], "live");
}

#[tokio::test]
async fn a_restart_in_the_middle_of_an_interruption_does_not_end_the_pause() {
    let mut world = World::new("bcast-restart").await;
    let pause = json!({"state": "live", "interruption": {"action": "Pause", "afterSeconds": 1}});
    let cam = keynote(&world, pause).await;
    world
        .until_broadcast_reason("keynote", "Live", "Interrupted")
        .await;
    let sent = states(&world);
    world.operator().kill();
    let walked = world.sim.count("GET", "/streaming/broadcasts");
    world.start(&[]);
    world
        .until_true("it was looked at again", async || {
            world.sim.count("GET", "/streaming/broadcasts") > walked
        })
        .await;
    world.broadcast_walks(3).await;
    let object = world.until_broadcast("keynote").await;
    assert_eq!(reason(&object, "Live"), "Interrupted");
    assert_eq!(states(&world), sent);
    world.sim.set_live(cam, true).unwrap();
    world
        .until_broadcast_reason("keynote", "Live", "Live")
        .await;
    assert_eq!(world.the_broadcast()["status"], "live");
}

#[tokio::test]
async fn an_adopted_broadcast_is_changed_only_where_the_spec_says_and_stays() {
    let world = World::new("bcast-adopt").await;
    let cam = world.ready_stream("cam").await;
    let by_hand = json!({"name": "by hand", "status": "live", "stream_ids": [cam], "pending_message": "hello"});
    let id = world.sim.create_broadcast(CLIENT, by_hand).unwrap();
    world
        .broadcast("watch", json!({"externalId": id.to_string()}))
        .await;
    let object = world.until_broadcast("watch").await;
    let status = status_of(&object);
    assert_eq!(
        (&status["adopted"], &status["state"], &status["streamIds"]),
        (&json!(true), &json!("live"), &json!([cam.to_string()]))
    );
    assert!(world.broadcast_changes().is_empty());

    world
        .edit_broadcast("watch", json!({"state": "paused"}))
        .await;
    world.until_broadcast("watch").await;
    assert_eq!(world.broadcast_changes(), [json!({"status": "paused"})]);
    world.delete("Broadcast", "watch").await;
    world.until_gone("Broadcast", "watch").await;
    assert_eq!(
        (
            world.the_broadcast()["name"].clone(),
            world.broadcast_deletions()
        ),
        (json!("by hand"), 0)
    );
}

#[tokio::test]
async fn what_is_adopted_must_be_there_and_have_one_object() {
    let world = World::new("bcast-adopt-two").await;
    let cam = keynote(&world, json!({})).await;
    let created = world.broadcast_id("keynote").await;
    let by_hand = json!({"name": "by hand", "status": "pending", "stream_ids": [cam]});
    let id = world.sim.create_broadcast(CLIENT, by_hand).unwrap();

    world
        .broadcast("nothing", json!({"externalId": "4711"}))
        .await;
    world
        .until_broadcast_reason("nothing", "Stalled", "BroadcastNotFound")
        .await;

    world
        .broadcast(
            "thief",
            json!({"externalId": created.to_string(), "state": "finished"}),
        )
        .await;
    let object = world
        .until_broadcast_reason("thief", "Stalled", "OwnedElsewhere")
        .await;
    assert!(message(&object, "Ready").contains("keynote"));

    world
        .broadcast("first", json!({"externalId": id.to_string()}))
        .await;
    world.until_broadcast("first").await;
    // The time of creation counts in seconds; the lower uid decides within one.
    let created_at = world
        .get("Broadcast", "first")
        .await
        .unwrap()
        .metadata
        .creation_timestamp;
    world
        .until_true("a second has passed", async || {
            let probe = world
                .create("Broadcast", "probe", json!({"externalId": "4712"}))
                .await
                .unwrap();
            world.delete("Broadcast", "probe").await;
            world.until_gone("Broadcast", "probe").await;
            probe.metadata.creation_timestamp > created_at
        })
        .await;
    world
        .broadcast(
            "second",
            json!({"externalId": id.to_string(), "state": "finished"}),
        )
        .await;
    let object = world
        .until_broadcast_reason("second", "Stalled", "AdoptedElsewhere")
        .await;
    assert!(message(&object, "Ready").contains("first"));
    assert!(
        world
            .sim
            .broadcasts(CLIENT)
            .iter()
            .all(|broadcast| broadcast["status"] == "pending")
    );

    // The first lets go, and the second has it.
    world.delete("Broadcast", "first").await;
    world.until_gone("Broadcast", "first").await;
    world.until_broadcast("second").await;
    assert_eq!(world.sim.broadcast(id).unwrap()["status"], "finished");
    world.delete("Broadcast", "thief").await;
    world.until_gone("Broadcast", "thief").await;
    assert_eq!(
        (
            world.broadcast_deletions(),
            world.sim.broadcast(created).is_some()
        ),
        (0, true)
    );
}

#[tokio::test]
async fn kubectl_tells_at_a_glance_and_an_annotation_asks_for_a_pass() {
    let world = World::new("bcast-glance").await;
    let cam = keynote(&world, json!({"state": "live"})).await;
    world
        .broadcast("waits", json!({"streams": [{"name": "nobody"}]}))
        .await;
    world
        .until_broadcast_reason("waits", "Ready", "WaitingForStream")
        .await;
    let shown = world.kubectl(&["get", "broadcasts"], "").await;
    let shown = String::from_utf8(shown.stdout).unwrap();
    let line = |name: &str| {
        shown
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap()
            .to_owned()
    };
    for words in ["True", "live", "False", &cam.to_string(), "InStep"] {
        assert!(
            line("keynote").contains(words),
            "{words} is not in\n{shown}"
        );
    }
    assert!(line("waits").contains("WaitingForStream"), "{shown}");

    let asked = json!({"metadata": {"annotations": {"livestream-operator.io/reconcile-requested-at": "now"}}});
    world.patch("Broadcast", "keynote", asked).await.unwrap();
    world
        .until("Broadcast", "keynote", "the receipt", |object| {
            status_of(object)["lastHandledReconcileAt"] == "now"
        })
        .await;
}

#[tokio::test]
async fn the_example_works_with_the_example_of_a_stream() {
    let world = World::new("bcast-example").await;
    for file in ["examples/broadcast.yaml", "examples/push.yaml"] {
        let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
        let applied = world.kubectl(&["apply", "-f", &path], "").await;
        assert!(
            applied.status.success(),
            "{file}: {}",
            String::from_utf8_lossy(&applied.stderr)
        );
    }
    world.until_broadcast("keynote").await;
    let stream = world.stream_id("keynote").await;
    assert_eq!(world.the_broadcast()["stream_ids"], json!([stream]));
    // To the apiserver, what it stores is what the file says.
    let path = format!("{}/examples/broadcast.yaml", env!("CARGO_MANIFEST_DIR"));
    let diff = world.kubectl(&["diff", "-f", &path], "").await;
    assert!(
        diff.status.success(),
        "{}",
        String::from_utf8_lossy(&diff.stdout)
    );
}
