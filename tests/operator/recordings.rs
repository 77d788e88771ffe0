//! Recording as an intent, and the videos that come of it. Each case ends with the same question: is
//! every video that the provider has told by the status, an Event and a log line?

use std::{collections::BTreeSet, time::Duration};

use kube::{Api, api::ListParams, core::DynamicObject};
use serde_json::{Value, json};
use simulator::{
    faults::{Action, Fault},
    gcore::{Fate, StartErrors},
};

use crate::harness::{CLIENT, World, condition, message, reason, status_of};

const START: &str = "/streaming/streams/{id}/start_recording";
const STOP: &str = "/streaming/streams/{id}/stop_recording";

/// A world with a stream `keynote` that is switched on and ready, and its id.
async fn ready(name: &str, spec: Value) -> (World, u64) {
    let world = World::new(name).await;
    ready_in(world, spec).await
}

async fn ready_in(world: World, mut spec: Value) -> (World, u64) {
    if spec.get("active").is_none() {
        spec["active"] = json!(true);
    }
    world.stream("keynote", spec).await;
    world.until_ready("keynote").await;
    let id = world.stream_id("keynote").await;
    (world, id)
}

fn starts(world: &World) -> u64 {
    world.sim.count("PUT", START)
}

fn stops(world: &World) -> u64 {
    world.sim.count("PUT", STOP)
}

async fn until_recording(world: &World) -> DynamicObject {
    world
        .until("LiveStream", "keynote", "recording", |object| {
            status_of(object)["recording"] == true
        })
        .await
}

/// Puts the provider's clock forward until its recorder has begun.
async fn recorder_begins(world: &World, id: u64) {
    world
        .until_sim("a start was sent", |sim| sim.count("PUT", START) > 0)
        .await;
    world.sim.advance(Duration::from_secs(6));
    assert_eq!(world.sim.stream(id).unwrap()["recording"], true);
}

fn id_of(video: &Value) -> String {
    video["id"].to_string().trim_matches('"').to_owned()
}

fn videos_at_provider(world: &World, stream: u64) -> BTreeSet<String> {
    world.sim.videos_of(stream).iter().map(id_of).collect()
}

fn videos_in_status(object: &DynamicObject) -> BTreeSet<String> {
    let status = status_of(object);
    let videos = status["videos"].as_array().cloned().unwrap_or_default();
    videos.iter().map(id_of).collect()
}

/// The ids that log lines name.
fn videos_in_log(world: &World) -> BTreeSet<String> {
    let log = world.operator.as_ref().unwrap().log();
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let found = lines
        .filter(|line| line["fields"]["reason"] == "VideoFound" || line["reason"] == "VideoFound");
    found
        .filter_map(|line| {
            let video = line["fields"]["video"].as_str().or(line["video"].as_str());
            video.map(str::to_owned)
        })
        .collect()
}

/// The ids that Events name.
async fn videos_in_events(world: &World) -> BTreeSet<String> {
    let events = Api::<k8s_openapi::api::events::v1::Event>::namespaced(
        world.client.clone(),
        &world.namespace,
    );
    let events = events.list(&ListParams::default()).await.unwrap();
    let found = events
        .items
        .into_iter()
        .filter(|event| event.reason.as_deref() == Some("VideoFound"));
    found
        .filter_map(|event| Some(event.note?.split(' ').nth(1)?.to_owned()))
        .collect()
}

/// Waits until every video that the provider has is told everywhere, and that there are so many.
async fn all_told(world: &World, stream: u64, count: usize) -> DynamicObject {
    world
        .until_sim(&format!("there are {count} videos"), |sim| {
            sim.videos_of(stream).len() == count
        })
        .await;
    let wanted = videos_at_provider(world, stream);
    let object = world
        .until(
            "LiveStream",
            "keynote",
            &format!("videos {wanted:?}"),
            |object| {
                videos_in_status(object) == wanted
                    && status_of(object)["videoCount"] == json!(wanted.len())
            },
        )
        .await;
    world
        .until_true(&format!("Events tell of {wanted:?}"), async || {
            videos_in_events(world).await == wanted
        })
        .await;
    world
        .until_true(&format!("log lines tell of {wanted:?}"), async || {
            videos_in_log(world) == wanted
        })
        .await;
    object
}

#[tokio::test]
async fn it_records_whenever_it_is_live_and_tells_the_videos() {
    let (world, id) = ready("rec-whole", json!({"recording": true})).await;
    let object = world.get("LiveStream", "keynote").await.unwrap();
    assert_eq!(reason(&object, "Recording"), "WaitingForIngest");
    assert_eq!(condition(&object, "Ready").unwrap()["status"], "True");
    assert_eq!(starts(&world), 0, "nobody sends video");

    world.sim.set_live(id, true).unwrap();
    recorder_begins(&world, id).await;
    let object = until_recording(&world).await;
    assert_eq!(reason(&object, "Recording"), "Recording");
    assert_eq!(status_of(&object)["recordingRequest"], Value::Null);
    assert_eq!(starts(&world), 1);

    world.sim.advance(Duration::from_mins(2));
    world.edit("keynote", json!({"recording": false})).await;
    world
        .until_sim("it was stopped", |sim| sim.count("PUT", STOP) == 1)
        .await;
    world.until_ready("keynote").await;
    let object = all_told(&world, id, 1).await;
    let video = &status_of(&object)["videos"][0];
    assert!(video["startedAt"].is_string());
    world.sim.advance(Duration::from_mins(2));
    let object = world
        .until("LiveStream", "keynote", "the video is ready", |object| {
            status_of(object)["videos"][0]["state"] == "ready"
        })
        .await;
    let video = status_of(&object)["videos"][0].clone();
    let seconds = video["durationSeconds"].as_i64().unwrap();
    assert!((100..200).contains(&seconds), "{seconds}");
    assert!(video["hlsUrl"].as_str().unwrap().starts_with("https://"));
    world
        .until_true("the Event says that it is ready", async || {
            world
                .events("keynote")
                .await
                .contains(&"VideoReady".to_owned())
        })
        .await;
    assert_eq!((starts(&world), stops(&world)), (1, 1));
}

#[tokio::test]
async fn a_drop_of_nine_seconds_goes_on_in_the_same_file_and_one_of_eleven_in_another() {
    let (world, id) = ready("rec-gap", json!({"recording": true})).await;
    world.sim.set_live(id, true).unwrap();
    recorder_begins(&world, id).await;
    until_recording(&world).await;
    world.sim.advance(Duration::from_secs(60));

    let dropped = async |seconds| {
        world.sim.set_live(id, false).unwrap();
        world
            .until("LiveStream", "keynote", "off air", |object| {
                status_of(object)["live"] == false
            })
            .await;
        world.sim.advance(Duration::from_secs(seconds));
        world.sim.set_live(id, true).unwrap();
        world
            .until("LiveStream", "keynote", "on air", |object| {
                status_of(object)["live"] == true
            })
            .await;
    };
    // The time that the operator needs to see it passes at the provider too.
    dropped(7).await;
    until_recording(&world).await;
    assert_eq!((starts(&world), world.sim.videos_of(id).len()), (1, 0));
    world.sim.advance(Duration::from_secs(60));

    dropped(11).await;
    world
        .until_sim("it was started again", |sim| sim.count("PUT", START) == 2)
        .await;
    world.sim.advance(Duration::from_secs(6));
    until_recording(&world).await;
    world.sim.advance(Duration::from_secs(60));
    world.sim.set_live(id, false).unwrap();
    world.sim.advance(Duration::from_secs(11));
    all_told(&world, id, 2).await;
    assert_eq!((starts(&world), stops(&world)), (2, 0));
    world.until_ready("keynote").await;
}

#[tokio::test]
async fn what_is_not_managed_is_left_alone_and_reported() {
    let (world, id) = ready("rec-absent", json!({})).await;
    world.sim.set_live(id, true).unwrap();
    world.sim.record(id, true).unwrap();
    world.sim.advance(Duration::from_secs(40));
    until_recording(&world).await;
    world.sim.record(id, false).unwrap();
    all_told(&world, id, 1).await;
    world.sim.record(id, true).unwrap();
    world.sim.advance(Duration::from_secs(40));
    until_recording(&world).await;
    world.walks(2).await;
    assert_eq!((starts(&world), stops(&world)), (0, 0));
}

#[tokio::test]
async fn what_is_not_wanted_is_stopped() {
    let (world, id) = ready("rec-false", json!({"recording": false})).await;
    world.sim.set_live(id, true).unwrap();
    world.sim.record(id, true).unwrap();
    world.sim.advance(Duration::from_secs(40));
    world
        .until_sim("it was stopped", |sim| sim.count("PUT", STOP) == 1)
        .await;
    all_told(&world, id, 1).await;
    world.until_ready("keynote").await;
    assert_eq!((starts(&world), stops(&world)), (0, 1));
}

#[tokio::test]
async fn the_record_type_is_set_before_the_recording_starts() {
    let (world, id) = ready("rec-type", json!({"recording": true})).await;
    // It is edited in the moment in which it goes live.
    world
        .sim
        .fault(Fault::new(Action::Delay { millis: 700 }).method("PATCH"));
    world
        .edit("keynote", json!({"gcore": {"recordType": "transcoded"}}))
        .await;
    world.sim.set_live(id, true).unwrap();
    recorder_begins(&world, id).await;
    world.sim.advance(Duration::from_secs(40));
    world.edit("keynote", json!({"recording": false})).await;
    all_told(&world, id, 1).await;
    assert_eq!(world.sim.videos_of(id)[0]["record_type"], "transcoded");
}

#[tokio::test]
async fn a_setting_that_is_refused_does_not_keep_it_from_recording() {
    let (world, id) = ready("rec-refused-setting", json!({"recording": true})).await;
    world
        .sim
        .fault(Fault::new(Action::status(422)).method("PATCH").always());
    world
        .edit("keynote", json!({"dvr": {"enabled": true}}))
        .await;
    world.until_reason("keynote", "Stalled", "Refused").await;
    world.sim.set_live(id, true).unwrap();
    recorder_begins(&world, id).await;
    let object = until_recording(&world).await;
    assert_eq!(reason(&object, "Stalled"), "Refused");
    assert_eq!(starts(&world), 1);
}

#[tokio::test]
async fn nobody_waits_for_a_recording_of_what_is_switched_off() {
    let (world, _) = ready("rec-off", json!({"recording": true, "active": false})).await;
    let object = world.get("LiveStream", "keynote").await.unwrap();
    assert_eq!(reason(&object, "Recording"), "WaitingForIngest");
    assert!(message(&object, "Recording").contains("switched on"));
    assert_eq!(starts(&world), 0);
}

#[tokio::test]
async fn a_storage_that_fills_up_is_told_once_and_a_full_one_is_tried_again() {
    let mut world = World::bare("rec-storage").await;
    world.account(json!({})).await;
    world.start(&["--stalled-retry=500ms"]);
    let (world, id) = ready_in(world, json!({"recording": true})).await;
    world.sim.behaviour(CLIENT, |b| {
        b.storage_limit_minutes = 1000.0;
        b.storage_used_minutes = 950.0;
    });
    world.sim.set_live(id, true).unwrap();
    recorder_begins(&world, id).await;
    let object = until_recording(&world).await;
    assert_eq!(condition(&object, "StorageLow").unwrap()["status"], "True");
    assert!(
        message(&object, "StorageLow").contains("28500 of 30000 MB"),
        "{}",
        message(&object, "StorageLow")
    );
    assert_eq!(condition(&object, "Ready").unwrap()["status"], "True");

    // The next session is told the same, and people are not.
    world.sim.set_live(id, false).unwrap();
    world.sim.advance(Duration::from_mins(1));
    world.sim.set_live(id, true).unwrap();
    world
        .until_sim("a start was sent again", |sim| sim.count("PUT", START) == 2)
        .await;
    world.sim.advance(Duration::from_secs(6));
    until_recording(&world).await;
    let log = world.operator.as_ref().unwrap().log();
    let told = log.lines().filter(|line| line.contains("\"StorageLow\""));
    assert_eq!(told.count(), 1);

    // It is full, and the next session finds no room.
    world.sim.set_live(id, false).unwrap();
    world.sim.advance(Duration::from_mins(1));
    world
        .sim
        .behaviour(CLIENT, |b| b.storage_used_minutes = 1001.0);
    world.sim.set_live(id, true).unwrap();
    let object = world
        .until_reason("keynote", "Stalled", "StorageFull")
        .await;
    assert_eq!(reason(&object, "Recording"), "StorageFull");
    // The rest of it goes on.
    world
        .edit("keynote", json!({"displayName": "Still here"}))
        .await;
    world
        .until_sim("the name is set", |sim| {
            sim.streams(CLIENT)[0]["name"] == "Still here"
        })
        .await;
    let before = starts(&world);
    world
        .until_sim("it is tried again", |sim| sim.count("PUT", START) > before)
        .await;
    world
        .sim
        .behaviour(CLIENT, |b| b.storage_used_minutes = 0.0);
    world
        .until_sim("a start is accepted", |sim| {
            sim.advance(Duration::from_secs(1));
            sim.stream(id).unwrap()["recording"] == true
        })
        .await;
    let object = until_recording(&world).await;
    assert_eq!(condition(&object, "Ready").unwrap()["status"], "True");
    assert!(condition(&object, "StorageLow").is_none());
    let events = world.events("keynote").await;
    for reason in ["StorageLow", "StorageFull"] {
        assert_eq!(
            events.iter().filter(|e| *e == reason).count(),
            1,
            "{events:?}"
        );
    }
}

#[tokio::test]
async fn a_start_after_which_nothing_records_is_said_and_repeated() {
    let mut world = World::bare("rec-not-started").await;
    world.account(json!({})).await;
    world.start(&["--recording-patience=1s"]);
    let (world, id) = ready_in(world, json!({"recording": true})).await;
    world.sim.behaviour(CLIENT, |b| {
        b.start_errors = Some(StartErrors {
            errors: vec![],
            starts: false,
        });
    });
    world.sim.set_live(id, true).unwrap();
    let object = world
        .until_reason("keynote", "Reconciling", "RecordingNotStarted")
        .await;
    assert_eq!(reason(&object, "Ready"), "RecordingNotStarted");
    world
        .until_sim("it is asked for again", |sim| sim.count("PUT", START) > 1)
        .await;
    world.sim.behaviour(CLIENT, |b| b.start_errors = None);
    world
        .until_sim("it records", |sim| {
            sim.advance(Duration::from_secs(1));
            sim.stream(id).unwrap()["recording"] == true
        })
        .await;
    until_recording(&world).await;
    world.until_ready("keynote").await;
}

#[tokio::test]
async fn a_success_with_errors_inside_is_none() {
    let (world, id) = ready("rec-errors-inside", json!({"recording": true})).await;
    world.sim.behaviour(CLIENT, |b| {
        b.start_errors = Some(StartErrors {
            errors: vec![json!("the recorder is out of order")],
            starts: false,
        });
    });
    world.sim.set_live(id, true).unwrap();
    let object = world.until_reason("keynote", "Stalled", "Refused").await;
    assert!(
        message(&object, "Stalled").contains("out of order"),
        "{}",
        message(&object, "Stalled")
    );
    assert_eq!(starts(&world), 1, "it is not sent again at once");
    // A human mends it and edits the object.
    world.sim.behaviour(CLIENT, |b| b.start_errors = None);
    world.edit("keynote", json!({"displayName": "Again"})).await;
    world
        .until_sim("it is asked for again", |sim| sim.count("PUT", START) == 2)
        .await;
    world.sim.advance(Duration::from_secs(6));
    until_recording(&world).await;
    world.until_ready("keynote").await;
    assert_eq!(starts(&world), 2);
}

#[tokio::test]
async fn an_unknown_end_of_a_start_is_not_followed_by_a_second_one() {
    let (world, id) = ready("rec-start-lost", json!({"recording": true})).await;
    world
        .sim
        .fault(Fault::new(Action::CutAfterApply).method("PUT").route(START));
    world.sim.set_live(id, true).unwrap();
    recorder_begins(&world, id).await;
    until_recording(&world).await;
    world.until_ready("keynote").await;
    assert_eq!(starts(&world), 1);
}

#[tokio::test]
async fn toggled_ten_times_in_a_second_it_ends_as_it_was_left() {
    for (last, name) in [(true, "rec-toggle-on"), (false, "rec-toggle-off")] {
        let (world, id) = ready(name, json!({"recording": true})).await;
        world.sim.set_live(id, true).unwrap();
        recorder_begins(&world, id).await;
        until_recording(&world).await;
        world.sim.advance(Duration::from_secs(60));
        for i in 0..10 {
            let recording = if last { i % 2 == 1 } else { i % 2 == 0 };
            world.edit("keynote", json!({"recording": recording})).await;
        }
        assert_eq!(
            world.get("LiveStream", "keynote").await.unwrap().data["spec"]["recording"],
            last
        );
        // What was asked for in between may still begin.
        world
            .until_sim("it is as wanted, and stays", |sim| {
                sim.advance(Duration::from_millis(500));
                sim.stream(id).unwrap()["recording"] == last
            })
            .await;
        world
            .until("LiveStream", "keynote", "as wanted", |object| {
                status_of(object)["recording"] == last
            })
            .await;
        world.until_ready("keynote").await;
        let (starts, stops) = (starts(&world), stops(&world));
        assert!(starts <= 7 && stops <= 11, "{starts} starts, {stops} stops");
        let videos = world.sim.videos_of(id).len();
        all_told(&world, id, videos).await;
    }
}

#[tokio::test]
async fn a_lost_answer_to_a_stop_loses_no_video() {
    let (world, id) = ready("rec-stop-lost", json!({"recording": true})).await;
    world.sim.set_live(id, true).unwrap();
    recorder_begins(&world, id).await;
    until_recording(&world).await;
    world.sim.advance(Duration::from_secs(60));
    world
        .sim
        .fault(Fault::new(Action::CutAfterApply).method("PUT").route(STOP));
    world.edit("keynote", json!({"recording": false})).await;
    all_told(&world, id, 1).await;
    world.until_ready("keynote").await;
    assert_eq!(stops(&world), 1);
}

#[tokio::test]
async fn videos_that_come_to_nothing_are_told_as_they_are() {
    for (fate, state, name) in [
        (Fate::Error, "error", "vid-error"),
        (Fate::StaysEmpty, "empty", "vid-empty"),
        (Fate::ViewableWithError, "viewable", "vid-viewable"),
    ] {
        let (world, id) = ready(name, json!({"recording": true})).await;
        world.sim.next_video(CLIENT, fate);
        world.sim.set_live(id, true).unwrap();
        recorder_begins(&world, id).await;
        world.sim.advance(Duration::from_secs(60));
        world.edit("keynote", json!({"recording": false})).await;
        all_told(&world, id, 1).await;
        world.sim.advance(Duration::from_mins(5));
        let object = world
            .until("LiveStream", "keynote", state, |object| {
                status_of(object)["videos"][0]["state"] == state
            })
            .await;
        assert_eq!(condition(&object, "Ready").unwrap()["status"], "True");
        if fate == Fate::Error {
            world.until_event("keynote", "VideoFailed").await;
        }
    }
}

#[tokio::test]
async fn a_restart_in_the_middle_of_a_recording_starts_no_second_one() {
    let (mut world, id) = ready("rec-restart", json!({"recording": true})).await;
    world.sim.set_live(id, true).unwrap();
    recorder_begins(&world, id).await;
    until_recording(&world).await;
    world.operator().kill();
    world.sim.advance(Duration::from_secs(60));
    world.start(&[]);
    world.walks(2).await;
    assert_eq!((starts(&world), stops(&world)), (1, 0));
    // It ends while nobody looks, and its video is told all the same.
    world.operator().kill();
    world.sim.set_live(id, false).unwrap();
    world.sim.advance(Duration::from_secs(11));
    world.start(&[]);
    all_told(&world, id, 1).await;
    world.until_ready("keynote").await;
    assert_eq!((starts(&world), stops(&world)), (1, 0));
}

#[tokio::test]
async fn a_whole_session_that_nobody_saw_is_told() {
    let (mut world, id) = ready("rec-unseen", json!({"autoRecord": true})).await;
    world.operator().kill();
    world.sim.set_live(id, true).unwrap();
    world.sim.advance(Duration::from_secs(60));
    world.sim.set_live(id, false).unwrap();
    world.sim.advance(Duration::from_secs(60));
    world.start(&[]);
    all_told(&world, id, 1).await;
}

#[tokio::test]
async fn a_restart_before_the_recorder_has_begun_starts_no_second_one() {
    let (mut world, id) = ready("rec-restart-early", json!({"recording": true})).await;
    world
        .sim
        .behaviour(CLIENT, |b| b.recording_starts_after_seconds = 3600.0);
    world.sim.set_live(id, true).unwrap();
    world
        .until("LiveStream", "keynote", "asked for", |object| {
            status_of(object)["recordingRequest"]["at"].is_string()
        })
        .await;
    world
        .until_sim("a start was sent", |sim| sim.count("PUT", START) == 1)
        .await;
    world.operator().kill();
    world.start(&[]);
    world.walks(3).await;
    assert_eq!(starts(&world), 1);
    world.sim.advance(Duration::from_secs(3601));
    until_recording(&world).await;
    world.until_ready("keynote").await;
    assert_eq!(starts(&world), 1);
}

#[tokio::test]
async fn an_encoder_that_flaps_for_a_minute_makes_few_calls_and_ready_stays() {
    let (world, id) = ready("rec-flap", json!({"recording": true})).await;
    let history = world.history("LiveStream").await;
    for i in 0..60 {
        world.sim.set_live(id, i % 2 == 0).unwrap();
        world.sim.advance(Duration::from_millis(900));
        // A hundred milliseconds of the minute are real ones, so that it is seen.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    world.sim.set_live(id, true).unwrap();
    world
        .until_sim("it records", |sim| {
            sim.advance(Duration::from_millis(500));
            sim.stream(id).unwrap()["recording"] == true
        })
        .await;
    until_recording(&world).await;
    let (starts, stops) = (starts(&world), stops(&world));
    // It was live thirty times.
    assert!(starts <= 8 && stops == 0, "{starts} starts, {stops} stops");
    let seen = history.statuses("keynote");
    for live in [true, false] {
        assert!(
            seen.iter().any(|status| status["live"] == live),
            "{live} was not seen"
        );
    }
    let ready = history.ready("keynote");
    assert!(
        ready.iter().all(|status| status.starts_with("True")),
        "{ready:?}"
    );
}

#[tokio::test]
async fn auto_record_is_given_time_before_a_start_is_sent() {
    let (world, id) = ready("rec-auto", json!({"recording": true, "autoRecord": true})).await;
    world.sim.set_live(id, true).unwrap();
    world
        .until("LiveStream", "keynote", "on air", |object| {
            status_of(object)["live"] == true
        })
        .await;
    world.sim.advance(Duration::from_secs(6));
    until_recording(&world).await;
    world.sim.advance(Duration::from_secs(60));
    world.sim.set_live(id, false).unwrap();
    world.sim.advance(Duration::from_secs(11));
    all_told(&world, id, 1).await;
    assert_eq!((starts(&world), stops(&world)), (0, 0));
}

#[tokio::test]
async fn where_auto_record_does_not_begin_a_start_is_sent_after_all() {
    let mut world = World::bare("rec-auto-late").await;
    world.account(json!({})).await;
    world.start(&["--recording-patience=1s"]);
    let (world, id) = ready_in(world, json!({"recording": true})).await;
    world.sim.set_live(id, true).unwrap();
    world.sim.advance(Duration::from_secs(1));
    recorder_begins(&world, id).await;
    until_recording(&world).await;
    // Changed in a session it counts from the next one.
    world.edit("keynote", json!({"autoRecord": true})).await;
    world.until_ready("keynote").await;
    world.sim.record(id, false).unwrap();
    world
        .until_sim("a start is sent", |sim| sim.count("PUT", START) == 2)
        .await;
}

#[tokio::test]
async fn a_provider_that_does_not_say_what_records_is_asked_once_a_session() {
    let mut world = World::bare("rec-blind").await;
    world.account(json!({})).await;
    world.sim.behaviour(CLIENT, |b| b.recording_field = false);
    world.start(&["--recording-patience=500ms"]);
    let (world, id) = ready_in(world, json!({"recording": true})).await;
    world.sim.set_live(id, true).unwrap();
    world
        .until_sim("a start was sent", |sim| sim.count("PUT", START) == 1)
        .await;
    world.sim.advance(Duration::from_secs(60));
    world.walks(3).await;
    assert_eq!(
        starts(&world),
        1,
        "not seeing it is not seeing that it is not"
    );
    world.until_ready("keynote").await;
    world.sim.set_live(id, false).unwrap();
    world.sim.advance(Duration::from_secs(30));
    all_told(&world, id, 1).await;
    world.sim.set_live(id, true).unwrap();
    world
        .until_sim("a start was sent again", |sim| sim.count("PUT", START) == 2)
        .await;
    world.sim.advance(Duration::from_secs(60));
    world.edit("keynote", json!({"recording": false})).await;
    all_told(&world, id, 2).await;
    assert_eq!(stops(&world), 1);
}

#[tokio::test]
async fn before_a_stream_that_records_is_deleted_its_recording_is_ended_and_told() {
    let (world, id) = ready(
        "rec-delete",
        json!({"recording": true, "liveProtection": "Disabled"}),
    )
    .await;
    world.sim.set_live(id, true).unwrap();
    recorder_begins(&world, id).await;
    until_recording(&world).await;
    world.sim.advance(Duration::from_secs(60));
    world
        .sim
        .behaviour(CLIENT, |b| b.hide_new_from_list_seconds = 5.0);
    let since = world.sim.last_call();
    world.delete("LiveStream", "keynote").await;
    world.until_gone("LiveStream", "keynote").await;
    assert!(world.sim.stream(id).is_none());
    let videos = videos_at_provider(&world, id);
    assert_eq!(videos.len(), 1, "a video is never deleted");
    assert_eq!(videos_in_log(&world), videos);
    let changes: Vec<String> = world
        .sim
        .calls_where(since, |call| call.method != "GET")
        .iter()
        .map(|call| format!("{} {}", call.method, call.route))
        .collect();
    assert_eq!(
        changes,
        [
            format!("PUT {STOP}"),
            "DELETE /streaming/streams/{id}".to_owned()
        ]
    );
}

#[tokio::test]
async fn a_namespace_that_is_deleted_while_it_records_loses_no_id() {
    let (world, id) = ready(
        "rec-namespace",
        json!({"recording": true, "liveProtection": "Disabled"}),
    )
    .await;
    world.sim.set_live(id, true).unwrap();
    recorder_begins(&world, id).await;
    until_recording(&world).await;
    world.sim.advance(Duration::from_secs(60));
    world.delete_namespace().await;
    world.until_namespace_gone().await;
    assert!(world.sim.stream(id).is_none());
    let videos = videos_at_provider(&world, id);
    assert_eq!(videos.len(), 1);
    assert_eq!(videos_in_log(&world), videos);
}

#[tokio::test]
async fn of_many_videos_the_newest_fifty_are_listed_and_all_are_counted() {
    let world = World::new("vid-many").await;
    let id = world
        .sim
        .create(CLIENT, json!({"name": "Studio", "active": true}))
        .unwrap();
    for i in 0..60 {
        let started = format!("2026-10-01T00:{i:02}:00.000Z");
        world
            .sim
            .create_video(
                CLIENT,
                json!({"name": "old", "stream_id": id, "recording_started_at": started}),
            )
            .unwrap();
    }
    world.sim.set_live(id, true).unwrap();
    world
        .stream("keynote", json!({"externalId": id.to_string()}))
        .await;
    let object = world
        .until("LiveStream", "keynote", "60 videos", |object| {
            status_of(object)["videoCount"] == 60
        })
        .await;
    let status = status_of(&object);
    let videos = status["videos"].as_array().unwrap();
    assert_eq!(videos.len(), 50);
    let started: Vec<&str> = videos
        .iter()
        .map(|v| v["startedAt"].as_str().unwrap())
        .collect();
    assert!(started.is_sorted_by(|a, b| a >= b), "{started:?}");
    assert_eq!(started[0], "2026-10-01T00:59:00Z");
    // One that a human deletes goes, one that was pushed out comes back and is not news.
    let newest = videos[0]["id"].as_str().unwrap().parse().unwrap();
    assert!(world.sim.remove_video(newest));
    world
        .until_true("they are logged", async || {
            videos_in_log(&world).len() == 50
        })
        .await;
    let told = videos_in_log(&world);
    world.sim.set_live(id, false).unwrap();
    world
        .until("LiveStream", "keynote", "59 videos", |object| {
            status_of(object)["videoCount"] == 59
        })
        .await;
    assert_eq!(videos_in_log(&world), told);
}

#[tokio::test]
async fn at_rest_nobody_reads_videos_or_single_streams() {
    let (world, id) = ready("rec-rest", json!({"recording": true})).await;
    world.sim.set_live(id, true).unwrap();
    recorder_begins(&world, id).await;
    world.sim.advance(Duration::from_secs(60));
    world
        .edit("keynote", json!({"recording": false, "active": false}))
        .await;
    world.sim.set_live(id, false).unwrap();
    all_told(&world, id, 1).await;
    world.sim.advance(Duration::from_mins(5));
    world
        .until("LiveStream", "keynote", "the video is ready", |object| {
            status_of(object)["videos"][0]["state"] == "ready"
        })
        .await;
    // What was followed is let go.
    world
        .until_true("only the list is read", async || {
            let since = world.sim.last_call();
            world.walks(2).await;
            world
                .sim
                .calls_where(since, |call| call.route != "/streaming/streams")
                .is_empty()
        })
        .await;
}

fn always(status: u16, method: &str, route: &str) -> Fault {
    Fault::new(Action::status(status))
        .method(method)
        .route(route)
        .always()
}

#[tokio::test]
async fn what_cannot_be_read_holds_up_no_other_stream() {
    let (world, bad) = ready("rec-reader", json!({"recording": true})).await;
    // The videos of no stream can be read, nor this stream by itself.
    world.sim.fault(always(403, "GET", "/streaming/videos"));
    world.sim.set_live(bad, true).unwrap();
    recorder_begins(&world, bad).await;
    world.edit("keynote", json!({"recording": false})).await;
    world
        .until_sim("the videos were asked for", |sim| {
            sim.calls_where(0, |call| call.route == "/streaming/videos")
                .len()
                > 1
        })
        .await;
    world
        .sim
        .fault(always(500, "GET", "/streaming/streams/{id}").id(bad));
    world
        .stream("other", json!({"active": true, "recording": true}))
        .await;
    world.until_ready("other").await;
    let other = world.stream_id("other").await;
    for _ in 0..3 {
        let before = starts(&world);
        world.sim.set_live(other, true).unwrap();
        world
            .until_sim("it is recorded at once", |sim| {
                sim.count("PUT", START) > before
            })
            .await;
        world.sim.advance(Duration::from_secs(6));
        world.sim.set_live(other, false).unwrap();
        world.sim.advance(Duration::from_secs(11));
        world
            .until("LiveStream", "other", "off air", |object| {
                status_of(object)["live"] == false
            })
            .await;
    }
    let failed = world.sim.calls_where(0, |call| call.status == Some(403));
    assert!(
        failed.len() < 60,
        "{} reads of what cannot be read",
        failed.len()
    );
    world.sim.clear_faults();
    world.sim.set_live(bad, false).unwrap();
    world.sim.advance(Duration::from_secs(60));
    world.until_ready("keynote").await;
}

#[tokio::test]
async fn one_edit_with_a_setting_that_is_refused_still_records() {
    let (world, id) = ready("rec-refused-too", json!({})).await;
    world.sim.set_live(id, true).unwrap();
    world
        .until("LiveStream", "keynote", "on air", |object| {
            status_of(object)["live"] == true
        })
        .await;
    world
        .sim
        .fault(always(422, "PATCH", "/streaming/streams/{id}"));
    world
        .edit(
            "keynote",
            json!({"recording": true, "dvr": {"enabled": true}}),
        )
        .await;
    recorder_begins(&world, id).await;
    until_recording(&world).await;
    world.until_reason("keynote", "Stalled", "Refused").await;
    assert_eq!(starts(&world), 1);
}

#[tokio::test]
async fn a_deletion_right_after_a_drop_tells_the_video_that_is_not_listed_yet() {
    let (world, id) = ready("rec-drop-delete", json!({"recording": true})).await;
    world.sim.set_live(id, true).unwrap();
    recorder_begins(&world, id).await;
    until_recording(&world).await;
    world.sim.advance(Duration::from_secs(60));
    world
        .sim
        .behaviour(CLIENT, |b| b.hide_new_from_list_seconds = 5.0);
    world.sim.set_live(id, false).unwrap();
    world
        .until("LiveStream", "keynote", "off air", |object| {
            status_of(object)["live"] == false
        })
        .await;
    world.sim.advance(Duration::from_secs(11));
    assert_eq!(world.sim.videos_of(id).len(), 1);
    world.delete("LiveStream", "keynote").await;
    world.until_gone("LiveStream", "keynote").await;
    assert_eq!(videos_in_log(&world), videos_at_provider(&world, id));
}

#[tokio::test]
async fn an_outage_during_the_deletion_leaves_no_recording_running_and_no_video_untold() {
    let (world, id) = ready(
        "rec-outage-delete",
        json!({"recording": true, "liveProtection": "Disabled"}),
    )
    .await;
    world.sim.set_live(id, true).unwrap();
    recorder_begins(&world, id).await;
    until_recording(&world).await;
    world.sim.advance(Duration::from_secs(60));
    let outage = world.sim.fault(always(503, "PUT", STOP));
    world.delete("LiveStream", "keynote").await;
    world
        .until_true("the end was asked for and not answered", async || {
            world.sim.fired(outage) >= 2
        })
        .await;
    assert!(world.sim.stream(id).is_some(), "it still records");
    world.sim.clear_faults();
    world.until_gone("LiveStream", "keynote").await;
    assert_eq!(videos_at_provider(&world, id).len(), 1);
    assert_eq!(videos_in_log(&world), videos_at_provider(&world, id));
}

#[tokio::test]
async fn a_stream_that_a_human_deletes_after_a_recording_has_its_video_told() {
    let (world, id) = ready("rec-deleted-outside", json!({"recording": true})).await;
    world.sim.set_live(id, true).unwrap();
    recorder_begins(&world, id).await;
    until_recording(&world).await;
    world.sim.advance(Duration::from_secs(60));
    // Its file is closed with it.
    assert!(world.sim.remove(id));
    assert_eq!(world.sim.videos_of(id).len(), 1);
    let wanted = videos_at_provider(&world, id);
    world
        .until_true("its video is logged", async || {
            videos_in_log(&world) == wanted
        })
        .await;
    world
        .until("LiveStream", "keynote", "created again", |object| {
            let now = status_of(object)["streamId"].clone();
            now.is_string() && now != id.to_string()
        })
        .await;
}

#[tokio::test]
async fn nothing_is_created_in_place_of_a_stream_before_its_videos_are_told() {
    let (mut world, id) = ready("rec-replaced", json!({"recording": true})).await;
    world.sim.set_live(id, true).unwrap();
    recorder_begins(&world, id).await;
    until_recording(&world).await;
    world.sim.advance(Duration::from_secs(60));
    // What is listed comes later than all that a creation waits for otherwise, even after a restart.
    world.sim.fault(always(503, "GET", "/streaming/videos"));
    for restarts in [false, true] {
        if restarts {
            world.operator().kill();
        } else {
            assert!(world.sim.remove(id));
            assert_eq!(world.sim.videos_of(id).len(), 1);
        }
        if restarts {
            world.start(&[]);
        }
        world
            .until("LiveStream", "keynote", "waits for its videos", |object| {
                condition(object, "Ready").is_some_and(|ready| {
                    let message = ready["message"].as_str().unwrap_or_default();
                    message.contains("are listed before it is created again")
                })
            })
            .await;
        assert_eq!(world.posts(), 1);
    }
    let wanted = videos_at_provider(&world, id);
    world.sim.clear_faults();
    world
        .until("LiveStream", "keynote", "created again", |object| {
            let now = status_of(object)["streamId"].clone();
            now.is_string() && now != id.to_string()
        })
        .await;
    assert_eq!(videos_in_log(&world), wanted);
    assert_eq!(world.posts(), 2);
}

#[tokio::test]
async fn a_request_from_a_clock_that_was_ahead_holds_no_recording_up() {
    let (mut world, id) = ready("rec-clock", json!({"recording": true})).await;
    world.operator().kill();
    let ahead = "2099-01-01T00:00:00Z";
    world
        .patch_status(
            "LiveStream",
            "keynote",
            json!({"recordingRequest": {"at": ahead}}),
        )
        .await;
    world.sim.set_live(id, true).unwrap();
    world.start(&[]);
    recorder_begins(&world, id).await;
    until_recording(&world).await;
    assert_eq!(starts(&world), 1);
}

#[tokio::test]
async fn killed_while_a_start_is_sent_it_sends_no_second_one() {
    let (mut world, id) = ready("rec-start-killed", json!({"recording": true})).await;
    world
        .sim
        .behaviour(CLIENT, |b| b.recording_starts_after_seconds = 3600.0);
    world.sim.fault(
        Fault::new(Action::TimeoutAfterApply)
            .method("PUT")
            .route(START),
    );
    world.sim.set_live(id, true).unwrap();
    world
        .until_sim("it was sent", |sim| sim.count("PUT", START) == 1)
        .await;
    world.operator().kill();
    world.start(&[]);
    world.walks(3).await;
    assert_eq!(starts(&world), 1);
}

#[tokio::test]
async fn nobody_follows_a_stream_that_was_let_go() {
    let (world, id) = ready("rec-let-go", json!({"deletionPolicy": "Retain"})).await;
    world.sim.set_live(id, true).unwrap();
    world
        .until("LiveStream", "keynote", "on air", |object| {
            status_of(object)["live"] == true
        })
        .await;
    world.delete("LiveStream", "keynote").await;
    world.until_gone("LiveStream", "keynote").await;
    world
        .until_true("only the list is read", async || {
            let since = world.sim.last_call();
            world.walks(2).await;
            world
                .sim
                .calls_where(since, |call| call.route != "/streaming/streams")
                .is_empty()
        })
        .await;
}

#[tokio::test]
async fn where_nothing_shows_that_it_recorded_a_deletion_waits_for_the_video_all_the_same() {
    for (name, cut) in [("rec-blind-delete", false), ("rec-blind-cut", true)] {
        let world = World::new(name).await;
        world.sim.behaviour(CLIENT, |b| b.recording_field = false);
        let spec = json!({"recording": true, "liveProtection": "Disabled"});
        let (world, id) = ready_in(world, spec).await;
        world.sim.set_live(id, true).unwrap();
        world
            .until_sim("a start was sent", |sim| sim.count("PUT", START) == 1)
            .await;
        world.sim.advance(Duration::from_secs(60));
        world
            .sim
            .behaviour(CLIENT, |b| b.hide_new_from_list_seconds = 5.0);
        if cut {
            let fault = Fault::new(Action::CutAfterApply);
            world.sim.fault(fault.method("PUT").route(STOP));
        }
        world.delete("LiveStream", "keynote").await;
        world.until_gone("LiveStream", "keynote").await;
        let videos = videos_at_provider(&world, id);
        assert_eq!(videos.len(), 1, "{name}");
        assert_eq!(videos_in_log(&world), videos, "{name}");
        assert_eq!(stops(&world), 1, "{name}");
    }
}

#[tokio::test]
async fn a_stop_shows_at_once_and_ready_stays() {
    let (world, id) = ready("rec-stop-shows", json!({"recording": true})).await;
    world.sim.set_live(id, true).unwrap();
    recorder_begins(&world, id).await;
    until_recording(&world).await;
    world.sim.advance(Duration::from_secs(60));
    let history = world.history("LiveStream").await;
    world.edit("keynote", json!({"recording": false})).await;
    all_told(&world, id, 1).await;
    let ready = history.ready("keynote");
    assert!(
        !ready.iter().any(|it| it.contains("RecordingNotStopped")),
        "{ready:?}"
    );
}

#[tokio::test]
async fn passes_do_not_count_as_readings_of_the_videos() {
    let (world, id) = ready("vid-passes", json!({"recording": true})).await;
    world.sim.set_live(id, true).unwrap();
    recorder_begins(&world, id).await;
    world.sim.advance(Duration::from_secs(60));
    world.edit("keynote", json!({"recording": false})).await;
    all_told(&world, id, 1).await;
    for i in 0..12 {
        let name = format!("Edit {i}");
        world.edit("keynote", json!({"displayName": name})).await;
        world.until_ready("keynote").await;
    }
    world.sim.advance(Duration::from_mins(5));
    world
        .until("LiveStream", "keynote", "the video is ready", |object| {
            status_of(object)["videos"][0]["state"] == "ready"
        })
        .await;
}

#[tokio::test]
async fn many_that_are_live_are_read_by_the_list() {
    let mut world = World::bare("rec-many-live").await;
    world
        .account(json!({"pollIntervalSeconds": 3600, "requestsPerSecond": 20}))
        .await;
    world.start(&[]);
    let names = ["a", "b", "c", "d", "e"];
    for name in names {
        world.stream(name, json!({"active": true})).await;
        world.until_ready(name).await;
    }
    for name in names {
        let id = world.stream_id(name).await;
        world.sim.set_live(id, true).unwrap();
        world
            .until("LiveStream", name, "on air", |object| {
                status_of(object)["live"] == true
            })
            .await;
    }
    let since = world.sim.last_call();
    world.walks(5).await;
    let single = "/streaming/streams/{id}";
    let singles = world
        .sim
        .calls_where(since, |call| call.route == single)
        .len();
    assert!(singles <= 5, "{singles} single reads");
}

#[tokio::test]
async fn a_start_that_is_refused_because_nobody_sends_is_not_repeated_at_once() {
    let mut world = World::bare("rec-not-live").await;
    world.account(json!({"pollIntervalSeconds": 3600})).await;
    world.start(&["--live-poll=1h"]);
    let settings = json!({"name": "Studio", "active": true});
    let id = world.sim.create(CLIENT, settings).unwrap();
    world.sim.set_live(id, true).unwrap();
    world
        .stream("keynote", json!({"externalId": id.to_string()}))
        .await;
    world
        .until("LiveStream", "keynote", "on air", |object| {
            status_of(object)["live"] == true
        })
        .await;
    // It ends, and nobody says so.
    world.sim.set_live(id, false).unwrap();
    let asked = std::time::Instant::now();
    world.edit("keynote", json!({"recording": true})).await;
    world
        .until_sim("it is tried again", |sim| sim.count("PUT", START) >= 2)
        .await;
    assert!(asked.elapsed() >= Duration::from_secs(2));
}

#[tokio::test]
async fn killed_before_the_video_of_what_has_ended_is_listed_it_is_looked_for_on() {
    let (mut world, id) = ready("rec-killed-end", json!({"recording": true})).await;
    // The file is closed only when this test says so.
    world.sim.clock().set_speed(0);
    world.sim.set_live(id, true).unwrap();
    recorder_begins(&world, id).await;
    until_recording(&world).await;
    world.sim.advance(Duration::from_mins(1));
    world.sim.set_live(id, false).unwrap();
    world
        .until("LiveStream", "keynote", "off air, no video yet", |object| {
            let status = status_of(object);
            status["live"] == false && status["recording"] == false && status["videoCount"] == 0
        })
        .await;
    world.operator().kill();
    world.sim.advance(Duration::from_mins(1));
    world.start(&[]);
    all_told(&world, id, 1).await;
}
