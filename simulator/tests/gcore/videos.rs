//! Videos: how they are processed, listed, changed and removed.

use std::time::Duration;

use serde_json::{Value, json};
use simulator::gcore::{Fate, Simulator, WorldError};

use crate::support::{CLIENT, VIDEOS, call, get, on_air, recording, start};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);

/// A recording of a minute, just stopped.
async fn record(sim: &Simulator, fields: Value) -> (u64, Value) {
    let stream = on_air(sim, fields);
    recording(sim, stream, "start").await;
    sim.advance(5 * SECOND);
    sim.advance(MINUTE);
    (stream, recording(sim, stream, "stop").await.json())
}

async fn video(sim: &Simulator, id: &Value) -> Value {
    get(sim, &format!("{VIDEOS}/{id}")).await.json()
}

/// The ids that a query finds, in their order.
async fn found(sim: &Simulator, query: &str) -> Vec<u64> {
    let answer = get(sim, &format!("{VIDEOS}?{query}")).await;
    assert_eq!(answer.status, 200, "{query}");
    let items = answer.json();
    let items = items.as_array().expect("a bare array");
    items
        .iter()
        .map(|item| item["id"].as_u64().expect("an id"))
        .collect()
}

#[tokio::test]
async fn a_recording_has_every_documented_field() {
    let sim = start().await;
    let fields = json!({"name": "key note", "client_user_id": 5});
    let (stream, stopped) = record(&sim, fields).await;
    let id = &stopped["id"];
    assert_eq!(stopped["duration"], Value::Null, "no file yet");
    sim.advance(SECOND + 20 * SECOND + 30 * SECOND);
    let ready = video(&sim, id).await;
    let slug = ready["slug"].as_str().expect("a slug");
    for (field, value) in [
        ("id", id.clone()),
        ("client_id", json!(CLIENT)),
        ("description", Value::Null),
        ("status", json!("ready")),
        ("error", Value::Null),
        ("stream_id", json!(stream)),
        ("record_type", json!("origin")),
        ("duration", json!(60_000)),
        ("origin_video_duration", json!(60_000)),
        ("origin_size", json!(30_000_000)),
        ("origin_height", json!(1080)),
        ("origin_width", json!(1920)),
        ("origin_audio_channels", json!(2)),
        ("clip_start_seconds", Value::Null),
        ("clip_duration_seconds", Value::Null),
        ("poster", Value::Null),
        ("poster_thumb", Value::Null),
        ("screenshot_id", json!(0)),
        ("views", json!(0)),
        ("cdn_views", json!(0)),
        ("ad_id", Value::Null),
        ("share_url", Value::Null),
        ("custom_iframe_url", Value::Null),
        ("projection", json!("regular")),
        ("priority", json!(0)),
        ("quality_set_id", Value::Null),
        ("directory_id", Value::Null),
        ("client_user_id", Value::Null),
    ] {
        assert_eq!(ready.get(field), Some(&value), "{field}");
    }
    for field in [
        "hls_url",
        "hls_cmaf_url",
        "dash_url",
        "iframe_url",
        "origin_url",
        "screenshot",
        "sprite",
        "sprite_vtt",
    ] {
        let url = ready[field].as_str().expect(field);
        assert!(url.contains(&format!("{CLIENT}_{slug}")), "{field}: {url}");
    }
    // 5 s after the call, and so in the API's form of times.
    let started = ready["recording_started_at"].as_str().expect("a time");
    assert_eq!((started.len(), started.ends_with('Z')), (24, true));
    let name = ready["name"].as_str().expect("a name");
    let end = name
        .strip_prefix("Stream Record: key note, ")
        .expect("the form of the name");
    assert_eq!((end.len(), &end[19..]), (25, " +0000"));
    assert!(end[..10] >= started[..10]);
    for (field, later) in [("created_at", started), ("updated_at", started)] {
        assert!(ready[field].as_str().expect("a time") > later, "{field}");
    }
    let renditions = ready["converted_videos"].as_array().expect("a list");
    assert_eq!(renditions.len(), 3);
    for rendition in renditions {
        assert_eq!(
            (
                &rendition["status"],
                &rendition["progress"],
                &rendition["error"]
            ),
            (&json!("complete"), &json!(100), &Value::Null)
        );
        for field in ["id", "width", "height", "size"] {
            assert!(rendition[field].is_u64(), "{field}");
        }
        assert!(rendition["name"].is_string() && rendition["mp4_url"].is_string());
    }
    assert_eq!(sim.video(id.as_u64().expect("an id")), Some(ready));
}

/// Every course that a video can take: status and whether there is an error, after 1, 20 and 30
/// seconds more.
#[tokio::test]
async fn every_fate() {
    let fine = |status: &'static str| (status, false);
    let table = [
        (
            Fate::Ready,
            [fine("pending"), fine("viewable"), fine("ready")],
        ),
        (
            Fate::Error,
            [fine("pending"), ("error", true), ("error", true)],
        ),
        (
            Fate::ViewableWithError,
            [fine("pending"), fine("viewable"), ("viewable", true)],
        ),
        (
            Fate::EmptyWithError,
            [("empty", true), ("empty", true), ("empty", true)],
        ),
        (
            Fate::StaysEmpty,
            [fine("empty"), fine("empty"), fine("empty")],
        ),
        (
            Fate::StaysPending,
            [fine("pending"), fine("pending"), fine("pending")],
        ),
    ];
    for (fate, course) in table {
        let sim = start().await;
        sim.next_video(CLIENT, fate);
        let (_, stopped) = record(&sim, json!({})).await;
        assert_eq!(stopped["status"], "empty");
        assert_eq!(stopped["converted_videos"], json!([]));
        for (seconds, (status, failed)) in [1, 20, 30].into_iter().zip(course) {
            sim.advance(seconds * SECOND);
            let now = video(&sim, &stopped["id"]).await;
            assert_eq!(
                (&now["status"], now["error"].is_string()),
                (&json!(status), failed),
                "{fate:?}"
            );
            let done = |rendition: &&Value| rendition["status"] == "complete";
            let renditions = now["converted_videos"].as_array().expect("a list");
            let expected = match status {
                "ready" => 3,
                "viewable" => 1,
                _ => 0,
            };
            assert_eq!(renditions.iter().filter(done).count(), expected, "{fate:?}");
            assert_eq!(now["duration"].is_null(), status == "empty");
        }
        sim.advance(Duration::from_hours(24));
        let end = video(&sim, &stopped["id"]).await;
        assert_eq!(end["status"], course[2].0, "{fate:?}");
        // It was for one video only.
        let (_, next) = record(&sim, json!({})).await;
        sim.advance(MINUTE);
        assert_eq!(video(&sim, &next["id"]).await["status"], "ready");
    }
}

#[tokio::test]
async fn how_long_it_takes_is_a_setting() {
    let sim = start().await;
    sim.behaviour(CLIENT, |ways| {
        ways.video_pending_after_seconds = 0.0;
        ways.video_viewable_after_seconds = 7.0;
        ways.video_ready_after_seconds = 0.0;
        ways.original_kept_seconds = 60.0;
        ways.recordings_inherit_user = true;
    });
    let (_, stopped) = record(&sim, json!({"client_user_id": 5})).await;
    assert_eq!(stopped["client_user_id"], 5);
    let id = &stopped["id"];
    assert_eq!(video(&sim, id).await["status"], "pending");
    sim.advance(6 * SECOND);
    assert_eq!(video(&sim, id).await["status"], "pending");
    sim.advance(SECOND);
    let ready = video(&sim, id).await;
    assert_eq!(
        (&ready["status"], ready["origin_url"].is_string()),
        (&json!("ready"), true)
    );
    sim.advance(MINUTE);
    assert_eq!(video(&sim, id).await["origin_url"], Value::Null);
    sim.behaviour(CLIENT, |ways| ways.original_kept_seconds = 0.0);
    let (_, other) = record(&sim, json!({})).await;
    assert_eq!(video(&sim, &other["id"]).await["origin_url"], Value::Null);
}

#[tokio::test]
async fn filters() {
    let sim = start().await;
    let put = |fields: Value| sim.create_video(CLIENT, fields).expect("put there");
    let a = put(json!({"name": "first talk, live", "stream_id": 7, "client_user_id": 1}));
    let b = put(json!({"name": "second talk", "stream_id": 7, "status": "viewable"}));
    let c = put(json!({"name": "uploaded", "client_user_id": 2, "status": "error", "error": "no"}));
    let slug = sim.video(c).expect("there")["slug"].clone();
    let slug = slug.as_str().expect("a slug");
    for (query, expected) in [
        ("page=1".to_owned(), vec![c, b, a]),
        ("stream_id=7".to_owned(), vec![b, a]),
        ("stream_id=8".to_owned(), vec![]),
        ("stream_id=7&status=viewable".to_owned(), vec![b]),
        ("status=error".to_owned(), vec![c]),
        ("status=new".to_owned(), vec![]),
        ("client_user_id=2".to_owned(), vec![c]),
        (format!("id={a}"), vec![a]),
        (format!("id={a},{c}"), vec![c, a]),
        (format!("id={a}%2C{c}&stream_id=7"), vec![a]),
        ("search=talk".to_owned(), vec![b, a]),
        ("search=talk%2C%20live".to_owned(), vec![a]),
        ("search=first+talk".to_owned(), vec![a]),
        (format!("search={b}"), vec![b]),
        (format!("search={slug}"), vec![c]),
        ("search=".to_owned(), vec![c, b, a]),
        ("page=2&stream_id=7&per_page=1".to_owned(), vec![a]),
    ] {
        assert_eq!(found(&sim, &query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn pages() {
    let sim = start().await;
    let mut made: Vec<u64> = (0..130)
        .map(|n| {
            sim.create_video(CLIENT, json!({"stream_id": n % 2}))
                .expect("put there")
        })
        .collect();
    made.reverse();
    assert_eq!(found(&sim, "").await, made[..25]);
    assert_eq!(found(&sim, "page=2").await, made[25..50]);
    assert_eq!(found(&sim, "page=2&per_page=60").await, made[60..120]);
    assert_eq!(
        found(&sim, "per_page=1000").await,
        made[..100],
        "and nothing is said"
    );
    sim.behaviour(CLIENT, |ways| ways.videos_per_page_max = 1000);
    assert_eq!(found(&sim, "per_page=1000").await, made);
    assert_eq!(found(&sim, "page=9").await, [0_u64; 0]);
    let odd = found(&sim, "stream_id=1&page=3").await;
    assert_eq!(odd.len(), 15);
    for wrong in ["page=0", "per_page=0", "per_page=x"] {
        assert_eq!(
            get(&sim, &format!("{VIDEOS}?{wrong}")).await.status,
            400,
            "{wrong}"
        );
    }
    // What list items lack, and what can be chosen.
    let item = get(&sim, &format!("{VIDEOS}?id={}", made[0])).await.json()[0].clone();
    let mut whole = sim.video(made[0]).expect("there");
    for field in ["iframe_url", "sprite", "sprite_vtt"] {
        assert!(
            whole
                .as_object_mut()
                .expect("an object")
                .remove(field)
                .is_some()
        );
    }
    assert_eq!(item, whole);
    let path = format!(
        "{VIDEOS}?id={}&fields=id,status,recording_started_at",
        made[0]
    );
    let chosen = get(&sim, &path).await.json();
    assert_eq!(chosen, json!([{"id": made[0], "status": "ready"}]));
}

#[tokio::test]
async fn lists_lag_and_mislead_as_those_of_streams_do() {
    let sim = start().await;
    let put = |fields: Value| sim.create_video(CLIENT, fields).expect("put there");
    let (a, b) = (put(json!({"stream_id": 7})), put(json!({"stream_id": 7})));
    sim.behaviour(CLIENT, |ways| {
        ways.stale_list_seconds = 60.0;
        ways.hide_new_from_list_seconds = 60.0;
    });
    sim.advance(MINUTE);
    let new = put(json!({"stream_id": 7}));
    sim.remove_video(a);
    sim.edit_video(b, json!({"status": "error"}))
        .expect("edited");
    assert_eq!(found(&sim, "stream_id=7").await, [b, a]);
    assert_eq!(found(&sim, "stream_id=7&status=ready").await, [b, a]);
    assert_eq!(found(&sim, "stream_id=8").await, [0_u64; 0]);
    sim.advance(MINUTE);
    assert_eq!(found(&sim, "stream_id=7").await, [new, b]);
    assert_eq!(found(&sim, "status=ready").await, [new]);
    sim.behaviour(CLIENT, |ways| ways.unlisted = vec![new]);
    assert_eq!(found(&sim, "stream_id=7").await, [b]);
}

#[tokio::test]
async fn changes_are_flat() {
    let sim = start().await;
    let (stream, stopped) = record(&sim, json!({})).await;
    let path = format!("{VIDEOS}/{}", stopped["id"]);
    let change = async |body: Value| call(&sim, "PATCH", &path, body).await;
    let fields = json!({
        "name": "new", "description": "d", "priority": -10, "quality_set_id": 1, "directory_id": 2,
        "client_user_id": 3, "screenshot_id": -1, "share_url": "https://a.example", "ad_id": 4,
    });
    let changed = change(fields.clone()).await;
    assert_eq!(changed.status, 200);
    for (field, value) in fields.as_object().expect("an object") {
        assert_eq!(&changed.json()[field], value, "{field}");
    }
    // What is not writable is passed over.
    let same = change(json!({"stream_id": 7, "status": "ready", "slug": "x", "duration": 1})).await;
    assert_eq!(same.json(), changed.json());
    assert_eq!(same.json()["stream_id"], stream);
    for (body, errors) in [
        (json!({"name": ""}), json!({"name": ["can't be blank"]})),
        (json!({"name": null}), json!({"name": ["can't be blank"]})),
        (
            json!({"priority": 11}),
            json!({"priority": ["must be less than or equal to 10"]}),
        ),
        (
            json!({"priority": "1"}),
            json!({"priority": ["is not a number"]}),
        ),
    ] {
        let refused = change(body).await;
        assert_eq!(
            (refused.status, refused.json()),
            (422, json!({"errors": errors}))
        );
    }
    assert!(change(json!({"poster": "data:,"})).await.json()["poster"].is_string());
    let removed = change(json!({"remove_poster": true})).await.json();
    assert_eq!(removed["poster"], Value::Null);
    let wrapped = json!({"video": {"name": "wrapped"}});
    let refused = change(wrapped.clone()).await;
    let message = "param is not permitted: video";
    assert_eq!(
        (refused.status, refused.json()),
        (400, json!({"status": 400, "error": message}))
    );
    sim.behaviour(CLIENT, |ways| ways.strict = false);
    assert_eq!(change(wrapped).await.json()["name"], "wrapped");
}

#[tokio::test]
async fn what_is_not_there_and_deletion() {
    let sim = start().await;
    let missing = json!({"status": 404, "error": "Video not found"});
    for method in ["GET", "PATCH", "DELETE"] {
        for id in ["7", "null"] {
            let answer = call(&sim, method, &format!("{VIDEOS}/{id}"), json!({})).await;
            assert_eq!(
                (answer.status, answer.json()),
                (404, missing.clone()),
                "{method}"
            );
        }
    }
    let (stream, stopped) = record(&sim, json!({})).await;
    let path = format!("{VIDEOS}/{}", stopped["id"]);
    assert_eq!(call(&sim, "POST", VIDEOS, json!({})).await.status, 405);
    let gone = call(&sim, "DELETE", &path, Value::Null).await;
    assert_eq!((gone.status, gone.body.len()), (204, 0));
    assert_eq!(call(&sim, "DELETE", &path, Value::Null).await.status, 404);
    sim.advance(MINUTE);
    assert!(sim.videos_of(stream).is_empty() && sim.videos(CLIENT).is_empty());
    assert_eq!(sim.count("DELETE", "/streaming/videos/{id}"), 4);
}

#[tokio::test]
async fn edits_by_hand() {
    let sim = start().await;
    let (_, stopped) = record(&sim, json!({})).await;
    let id = stopped["id"].as_u64().expect("an id");
    sim.edit_video(
        id,
        json!({"status": "viewable", "error": "odd", "stream_id": 9, "name": "x"}),
    )
    .expect("edited");
    let seen = video(&sim, &json!(id)).await;
    assert_eq!(
        (
            &seen["status"],
            &seen["error"],
            &seen["stream_id"],
            &seen["name"]
        ),
        (&json!("viewable"), &json!("odd"), &json!(9), &json!("x"))
    );
    assert_eq!(sim.videos_of(9).len(), 1);
    // It stays as it was said, whatever was due.
    let (_, other) = record(&sim, json!({})).await;
    let held = other["id"].as_u64().expect("an id");
    sim.edit_video(held, json!({"status": "empty"}))
        .expect("edited");
    sim.advance(Duration::from_hours(1));
    assert_eq!(video(&sim, &json!(held)).await["status"], "empty");
    // Even what there is not.
    sim.edit_video(id, json!({"status": "new", "duration": "long"}))
        .expect("edited");
    let seen = video(&sim, &json!(id)).await;
    assert_eq!(
        (&seen["status"], &seen["duration"]),
        (&json!("new"), &json!("long"))
    );
    assert_eq!(
        sim.edit_video(7, json!({})),
        Err(WorldError::NoSuchVideo(7))
    );
    assert!(matches!(
        sim.create_video(CLIENT, json!(1)),
        Err(WorldError::Malformed(_))
    ));
    assert!(sim.remove_video(id) && !sim.remove_video(id));
}
