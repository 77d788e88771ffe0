//! Recording: what each call is answered, when files begin and end, and what becomes of them.

use std::time::Duration;

use serde_json::{Value, json};
use simulator::faults::{Action, Fault};
use simulator::gcore::{
    Behaviour, Canned, Encoder, Fate, NothingStopped, Simulator, StartErrors, WorldError,
};

use crate::support::{
    CLIENT, STREAMS, call, on_air, patch, recording, remove, seen, send, start, statuses, with_key,
};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);

/// `recording` and `recording_duration`.
async fn state(sim: &Simulator, id: u64) -> (bool, Value) {
    let stream = seen(sim, id).await;
    let recording = stream["recording"].as_bool().expect("a switch");
    (recording, stream["recording_duration"].clone())
}

/// The lengths of a stream's videos in seconds, the oldest first.
fn lengths(sim: &Simulator, id: u64) -> Vec<i64> {
    // Past `empty`, where the length is not said.
    sim.advance(SECOND);
    let videos = sim.videos_of(id);
    let length = |video: &Value| video["duration"].as_i64().expect("a length") / 1000;
    videos.iter().map(length).collect()
}

#[tokio::test]
async fn a_start_takes_five_seconds_and_a_stop_none() {
    let sim = start().await;
    let id = on_air(&sim, json!({}));
    let answer = recording(&sim, id, "start").await;
    assert_eq!((answer.status, answer.body.len()), (204, 0));
    assert_eq!(state(&sim, id).await, (false, Value::Null));
    sim.advance(Duration::from_millis(4_999));
    assert_eq!(state(&sim, id).await, (false, Value::Null));
    sim.advance(Duration::from_millis(1));
    assert_eq!(state(&sim, id).await, (true, json!(0)));
    sim.advance(Duration::from_millis(48_900));
    assert_eq!(state(&sim, id).await, (true, json!(48)));
    let video = recording(&sim, id, "stop").await;
    assert_eq!(state(&sim, id).await, (false, Value::Null));
    assert_eq!(
        (video.status, &video.json()["status"]),
        (200, &json!("empty"))
    );
    assert_eq!(lengths(&sim, id), [48]);
    let route = "/streaming/streams/{id}/start_recording";
    assert_eq!(sim.count("PUT", route), 1);
    assert!(sim.calls_where(0, |call| call.route == route)[0].applied);
}

/// Each answer to `start_recording` that a document shows, and those that none does.
#[tokio::test]
async fn the_answers_to_a_start() {
    let error = || json!({"key": "some_error"});
    let started = |usage: u64, limit: u64, warned: bool, errors: Vec<Value>| {
        let warning = json!({
            "key": "client_storage_almost_exceeded",
            "source_object": {"id": CLIENT, "type": "client"},
            "meta": {"storage_usage_mb": usage, "storage_limit_mb": limit},
        });
        json!({
            "data": {"stream": {"id": 0, "client": {
                "id": CLIENT, "storage_usage_mb": usage, "storage_limit_mb": limit,
            }}},
            "warnings": if warned { vec![warning] } else { vec![] },
            "errors": errors,
        })
    };
    let plain = Behaviour::default;
    let errors = |starts| StartErrors {
        errors: vec![error()],
        starts,
    };
    let no_room = json!({"errors": {"name": ["Error text: No space for recording the stream."]}});
    // Behaviour, status, body, whether it then records.
    let table = [
        (plain(), 204, Value::Null, true),
        (
            Behaviour {
                storage_limit_minutes: 100.0,
                storage_used_minutes: 89.9,
                ..plain()
            },
            204,
            Value::Null,
            true,
        ),
        (
            Behaviour {
                storage_limit_minutes: 100.0,
                storage_used_minutes: 90.0,
                ..plain()
            },
            200,
            started(2700, 3000, true, vec![]),
            true,
        ),
        (
            Behaviour {
                storage_limit_minutes: 100.0,
                storage_used_minutes: 100.0,
                ..plain()
            },
            422,
            no_room,
            false,
        ),
        (
            Behaviour {
                start_errors: Some(errors(false)),
                ..plain()
            },
            200,
            started(0, 3_000_000, false, vec![error()]),
            false,
        ),
        (
            Behaviour {
                start_errors: Some(errors(true)),
                ..plain()
            },
            200,
            started(0, 3_000_000, false, vec![error()]),
            true,
        ),
    ];
    for (ways, status, mut body, records) in table {
        let sim = start().await;
        sim.behaviour(CLIENT, |b| *b = ways.clone());
        let id = on_air(&sim, json!({}));
        if let Some(stream) = body.pointer_mut("/data/stream/id") {
            *stream = json!(id);
        }
        let answer = recording(&sim, id, "start").await;
        assert_eq!(answer.status, status, "{body}");
        if body.is_null() {
            assert!(answer.body.is_empty());
        } else {
            assert_eq!(answer.json(), body);
        }
        sim.advance(5 * SECOND);
        assert_eq!(state(&sim, id).await.0, records, "{body}");
        assert_eq!(sim.calls()[0].applied, records, "{body}");
    }
}

#[tokio::test]
async fn where_there_is_nothing_to_record() {
    let sim = start().await;
    let missing = json!({"status": 404, "error": "Stream not found"});
    for what in ["start", "stop"] {
        let answer = recording(&sim, 7, what).await;
        assert_eq!((answer.status, answer.json()), (404, missing.clone()));
    }
    let id = sim
        .create(CLIENT, json!({"name": "a", "active": true}))
        .expect("created");
    let not_live = json!({"status": 422, "error": "Stream is not live"});
    let answer = recording(&sim, id, "start").await;
    assert_eq!((answer.status, answer.json()), (422, not_live.clone()));
    assert_eq!(sim.record(id, true), Err(WorldError::Refused(not_live)));

    // It may as well say that all is well.
    let ways = json!({"not_live": {"status": 204}});
    sim.behaviour(CLIENT, |b| {
        *b = b.with(ways.as_object().expect("an object")).expect("good");
    });
    let answer = recording(&sim, id, "start").await;
    assert_eq!((answer.status, answer.body.len()), (204, 0));
    sim.set_live(id, true).expect("taken");
    sim.advance(MINUTE);
    assert!(!state(&sim, id).await.0);

    let get = call(
        &sim,
        "GET",
        &format!("{STREAMS}/{id}/start_recording"),
        Value::Null,
    )
    .await;
    assert_eq!(get.status, 405);
    // The backup server will do.
    sim.set_live(id, false).expect("taken");
    let backup = Encoder {
        backup: Some(true),
        ..Encoder::default()
    };
    sim.encoder(id, backup).expect("taken");
    assert_eq!(recording(&sim, id, "start").await.status, 204);
    sim.advance(5 * SECOND);
    assert!(state(&sim, id).await.0);
}

#[tokio::test]
async fn the_answers_to_a_stop_that_made_no_video() {
    for (how, status, body) in [
        (NothingStopped::Empty, 200, ""),
        (NothingStopped::Null, 200, "null"),
        (NothingStopped::NoContent, 204, ""),
    ] {
        let sim = start().await;
        sim.behaviour(CLIENT, |ways| ways.nothing_stopped = how);
        let id = on_air(&sim, json!({}));
        let nothing = async || {
            let answer = recording(&sim, id, "stop").await;
            assert_eq!((answer.status, &answer.body[..]), (status, body.as_bytes()));
        };
        nothing().await;
        // Not begun yet; too short to be kept.
        for seconds in [4, 14] {
            recording(&sim, id, "start").await;
            sim.advance(seconds * SECOND);
            nothing().await;
        }
        recording(&sim, id, "start").await;
        sim.advance(15 * SECOND);
        let video = recording(&sim, id, "stop").await;
        assert_eq!(
            (video.status, &video.json()["stream_id"]),
            (200, &json!(id))
        );
        nothing().await;
        sim.advance(MINUTE);
        assert_eq!(sim.videos(CLIENT).len(), 1);
    }
}

#[tokio::test]
async fn a_second_start() {
    let sim = start().await;
    let id = on_air(&sim, json!({}));
    for wait in [2, 3, 30] {
        assert_eq!(recording(&sim, id, "start").await.status, 204);
        sim.advance(wait * SECOND);
    }
    assert_eq!(
        state(&sim, id).await,
        (true, json!(30)),
        "the first one counts"
    );
    sim.behaviour(CLIENT, |ways| {
        ways.already_recording = Some(Canned::unprocessable("Stream is already being recorded"));
    });
    let answer = recording(&sim, id, "start").await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.json()["error"], "Stream is already being recorded");
    assert!(state(&sim, id).await.0);
}

#[tokio::test]
async fn a_short_loss_goes_on_in_the_same_file() {
    let sim = start().await;
    let id = on_air(&sim, json!({}));
    recording(&sim, id, "start").await;
    sim.advance(35 * SECOND);
    sim.set_live(id, false).expect("taken");
    assert_eq!(state(&sim, id).await, (false, json!(30)));
    sim.behaviour(CLIENT, |ways| ways.recording_while_waiting = true);
    assert_eq!(state(&sim, id).await, (true, json!(30)));
    sim.advance(9 * SECOND);
    assert_eq!(
        recording(&sim, id, "start").await.status,
        422,
        "it waits, and is not live"
    );
    sim.set_live(id, true).expect("taken");
    sim.advance(20 * SECOND);
    assert_eq!(state(&sim, id).await, (true, json!(50)));
    recording(&sim, id, "stop").await;
    assert_eq!(lengths(&sim, id), [50]);
}

#[tokio::test]
async fn a_longer_loss_ends_the_file_and_the_recording() {
    for resumes in [false, true] {
        let sim = start().await;
        sim.behaviour(CLIENT, |ways| ways.recording_resumes = resumes);
        let id = on_air(&sim, json!({}));
        recording(&sim, id, "start").await;
        sim.advance(35 * SECOND);
        sim.set_live(id, false).expect("taken");
        sim.advance(9 * SECOND);
        assert!(sim.videos_of(id).is_empty());
        sim.advance(SECOND);
        assert_eq!(statuses(&sim, id), ["empty"]);
        assert_eq!(state(&sim, id).await, (false, Value::Null));
        sim.set_live(id, true).expect("taken");
        sim.advance(20 * SECOND);
        assert_eq!(state(&sim, id).await.0, resumes);
        // The start has to be made again, or changes nothing.
        recording(&sim, id, "start").await;
        sim.advance(20 * SECOND);
        assert!(state(&sim, id).await.0);
        recording(&sim, id, "stop").await;
        assert_eq!(lengths(&sim, id), if resumes { [30, 35] } else { [30, 15] });
        sim.set_live(id, false).expect("taken");
        sim.advance(MINUTE);
        sim.set_live(id, true).expect("taken");
        sim.advance(MINUTE);
        assert!(!state(&sim, id).await.0, "stopped is stopped");
    }
}

#[tokio::test]
async fn the_time_of_the_gap_is_a_setting() {
    let sim = start().await;
    let id = on_air(&sim, json!({}));
    recording(&sim, id, "start").await;
    sim.advance(35 * SECOND);
    sim.set_live(id, false).expect("taken");
    sim.behaviour(CLIENT, |ways| ways.recording_gap_seconds = 60.0);
    sim.advance(59 * SECOND);
    assert!(sim.videos_of(id).is_empty());
    sim.behaviour(CLIENT, |ways| ways.recording_gap_seconds = 30.0);
    assert_eq!(sim.videos_of(id).len(), 1, "measured by it at once");
}

#[tokio::test]
async fn a_loss_before_it_records() {
    let sim = start().await;
    let id = on_air(&sim, json!({}));
    recording(&sim, id, "start").await;
    sim.advance(SECOND);
    sim.set_live(id, false).expect("taken");
    sim.advance(SECOND);
    sim.set_live(id, true).expect("taken");
    sim.advance(MINUTE);
    assert!(!state(&sim, id).await.0, "it must be asked for again");
}

#[tokio::test]
async fn auto_record_takes_every_session_without_a_call() {
    let sim = start().await;
    let id = on_air(&sim, json!({"auto_record": true}));
    sim.advance(5 * SECOND);
    assert!(state(&sim, id).await.0);
    sim.advance(20 * SECOND);
    sim.set_live(id, false).expect("taken");
    sim.advance(MINUTE);
    sim.set_live(id, true).expect("taken");
    sim.advance(45 * SECOND);
    // Stopped, it stays so until the next session.
    recording(&sim, id, "stop").await;
    sim.advance(MINUTE);
    assert!(!state(&sim, id).await.0);
    for live in [false, true] {
        sim.set_live(id, live).expect("taken");
    }
    sim.advance(65 * SECOND);
    assert!(state(&sim, id).await.0);
    // Switched off, it goes on to the end of the session; the next one is not recorded.
    patch(&sim, id, json!({"stream": {"auto_record": false}})).await;
    sim.advance(10 * SECOND);
    sim.set_live(id, false).expect("taken");
    sim.advance(MINUTE);
    sim.set_live(id, true).expect("taken");
    sim.advance(MINUTE);
    // Switched on in the middle of a session, it begins with the next one.
    patch(&sim, id, json!({"stream": {"auto_record": true}})).await;
    sim.advance(MINUTE);
    assert!(!state(&sim, id).await.0);
    assert_eq!(lengths(&sim, id), [20, 40, 70]);
    assert_eq!(
        sim.count("PUT", "/streaming/streams/{id}/start_recording"),
        0
    );
}

#[tokio::test]
async fn only_what_a_call_began_is_taken_up_again() {
    let sim = start().await;
    sim.behaviour(CLIENT, |ways| ways.recording_resumes = true);
    let id = on_air(&sim, json!({"auto_record": true}));
    sim.advance(MINUTE);
    patch(&sim, id, json!({"stream": {"auto_record": false}})).await;
    sim.set_live(id, false).expect("taken");
    sim.advance(MINUTE);
    sim.set_live(id, true).expect("taken");
    sim.advance(MINUTE);
    assert!(!state(&sim, id).await.0);
}

#[tokio::test]
async fn a_file_ends_with_its_last_second() {
    let sim = start().await;
    let id = on_air(&sim, json!({}));
    recording(&sim, id, "start").await;
    sim.advance(MINUTE);
    sim.set_live(id, false).expect("taken");
    let end = sim.clock().now().to_string();
    sim.advance(10 * SECOND);
    let name = sim.videos_of(id)[0]["name"].clone();
    let expected = format!("keynote, {} {} +0000", &end[..10], &end[11..19]);
    assert_eq!(name, format!("Stream Record: {expected}"));
}

#[tokio::test]
async fn a_new_file_after_four_hours() {
    let sim = start().await;
    let id = on_air(&sim, json!({}));
    recording(&sim, id, "start").await;
    sim.advance(5 * SECOND);
    sim.advance(Duration::from_hours(9));
    assert_eq!(
        state(&sim, id).await,
        (true, json!(9 * 3600)),
        "one recording"
    );
    assert_eq!(statuses(&sim, id), ["ready", "ready"]);
    recording(&sim, id, "stop").await;
    assert_eq!(lengths(&sim, id), [4 * 3600, 4 * 3600, 3600]);
    let videos = sim.videos_of(id);
    let times = ["/0/recording_started_at", "/1/recording_started_at"];
    let times = times.map(|path| json!(videos).pointer(path).expect("there").clone());
    assert_ne!(times[0], times[1]);

    // The piece after a cut is too short: a stop with nothing to show, although there is a video.
    recording(&sim, id, "start").await;
    sim.advance(5 * SECOND);
    sim.advance(Duration::from_hours(4) + 9 * SECOND);
    let answer = recording(&sim, id, "stop").await;
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    assert_eq!(sim.videos_of(id).len(), 4);
}

#[tokio::test]
async fn the_type_is_that_of_the_start() {
    let sim = start().await;
    let id = on_air(&sim, json!({"record_type": "transcoded"}));
    recording(&sim, id, "start").await;
    patch(&sim, id, json!({"stream": {"record_type": "origin"}})).await;
    sim.advance(MINUTE);
    assert_eq!(
        recording(&sim, id, "stop").await.json()["record_type"],
        "transcoded"
    );
    recording(&sim, id, "start").await;
    sim.advance(MINUTE);
    assert_eq!(
        recording(&sim, id, "stop").await.json()["record_type"],
        "origin"
    );
}

#[tokio::test]
async fn a_stream_that_is_deleted_leaves_its_videos() {
    let sim = start().await;
    let id = on_air(&sim, json!({}));
    recording(&sim, id, "start").await;
    sim.advance(MINUTE);
    assert_eq!(remove(&sim, id).await.status, 204);
    assert_eq!(lengths(&sim, id), [55]);
    sim.advance(MINUTE);
    assert_eq!(statuses(&sim, id), ["ready"]);
    let listed = call(
        &sim,
        "GET",
        &format!("/streaming/videos?stream_id={id}"),
        Value::Null,
    )
    .await;
    assert_eq!(listed.json()[0]["stream_id"], id);
    assert_eq!(sim.stream(id), None);
}

#[tokio::test]
async fn storage_fills_up() {
    let sim = start().await;
    sim.behaviour(CLIENT, |ways| ways.storage_limit_minutes = 10.0);
    let id = on_air(&sim, json!({}));
    let start_and_run = async |minutes: u64| {
        let answer = recording(&sim, id, "start").await;
        sim.advance(5 * SECOND);
        sim.advance(Duration::from_mins(minutes));
        answer
    };
    assert_eq!(start_and_run(9).await.status, 204);
    assert!(
        (sim.storage(CLIENT).used_minutes - 9.0).abs() < 1e-9,
        "open files count"
    );
    recording(&sim, id, "stop").await;
    let warned = start_and_run(2).await;
    assert_eq!(
        warned.json()["warnings"][0]["meta"],
        json!({"storage_usage_mb": 270, "storage_limit_mb": 300})
    );
    // Too much: this one has no room any more.
    let video = recording(&sim, id, "stop").await.json();
    sim.advance(SECOND);
    let video = sim
        .video(video["id"].as_u64().expect("an id"))
        .expect("there");
    assert_eq!(video["status"], "empty");
    assert_eq!(video["error"], "The storage limit has been exceeded");
    assert_eq!(start_and_run(1).await.status, 200);
    recording(&sim, id, "stop").await;
    assert_eq!(recording(&sim, id, "start").await.status, 422);
    assert!(matches!(sim.record(id, true), Err(WorldError::Refused(_))));

    // Without room a session is not recorded either; what is deleted makes room.
    let other = on_air(&sim, json!({"auto_record": true}));
    sim.advance(MINUTE);
    assert!(!state(&sim, other).await.0);
    for video in sim.videos(CLIENT) {
        sim.remove_video(video["id"].as_u64().expect("an id"));
    }
    assert_eq!(recording(&sim, id, "start").await.status, 204);
}

#[tokio::test]
async fn by_hand_and_by_call_are_the_same() {
    let sim = start().await;
    let id = on_air(&sim, json!({}));
    assert_eq!(sim.record(id, true), Ok(None));
    sim.advance(MINUTE);
    assert!(state(&sim, id).await.0);
    let video = sim.record(id, false).expect("stopped").expect("a video");
    assert_eq!(sim.video(video).expect("there")["stream_id"], id);
    assert_eq!(sim.record(id, false), Ok(None));
    assert_eq!(sim.record(7, true), Err(WorldError::NoSuchStream(7)));
}

#[tokio::test]
async fn the_indicators_can_be_left_out() {
    let sim = start().await;
    sim.behaviour(CLIENT, |ways| ways.recording_field = false);
    let id = on_air(&sim, json!({}));
    recording(&sim, id, "start").await;
    sim.advance(15 * SECOND);
    let stream = seen(&sim, id).await;
    assert_eq!(stream.get("recording"), None);
    assert_eq!(stream["recording_duration"], 10);
    let listed = call(&sim, "GET", STREAMS, Value::Null).await.json();
    assert_eq!(listed, json!([stream]));
}

#[tokio::test]
async fn a_stop_whose_answer_is_lost_has_made_its_video() {
    let sim = start().await;
    sim.next_video(CLIENT, Fate::Error);
    let id = on_air(&sim, json!({}));
    recording(&sim, id, "start").await;
    sim.advance(MINUTE);
    let route = "/streaming/streams/{id}/stop_recording";
    let fault = Fault::new(Action::CutAfterApply)
        .method("PUT")
        .route(route)
        .name_contains("keynote");
    sim.fault(fault);
    let request = with_key("PUT", &format!("{STREAMS}/{id}/stop_recording"), None);
    assert!(send(&sim, request).await.is_err());
    let call = &sim.calls_where(0, |call| call.route == route)[0];
    assert_eq!((call.status, call.applied), (None, true));
    let again = recording(&sim, id, "stop").await;
    assert_eq!((again.status, again.body.len()), (200, 0));
    sim.advance(MINUTE);
    assert_eq!(statuses(&sim, id), ["error"]);
}
