//! The whole of the official tutorial, step by step, with its webhooks.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{BROADCASTS, CLIENT, Manner, Receiver, STREAMS, VIDEOS, call, start};

const SECOND: Duration = Duration::from_secs(1);

/// What of a webhook the tutorial shows.
fn short(webhook: &Value) -> Value {
    let message = &webhook["message"];
    let kind = webhook["type"].as_str().expect("a type");
    let about = &message[kind];
    assert_eq!(message.as_object().map(serde_json::Map::len), Some(1));
    match kind {
        "stream" => json!([kind, about["live"], about["recording"]]),
        _ => json!([kind, about["status"]]),
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, told in its order")]
async fn all_nineteen_steps() {
    let sim = start().await;
    sim.behaviour(CLIENT, |ways| {
        ways.webhook_broadcasts = true;
        ways.webhook_old_payload = true;
        ways.legacy_fields = true;
    });
    let receiver = Receiver::of(&sim, CLIENT, Manner::Status(200)).await;
    let told = async |count: usize| {
        let all = receiver.wait(&sim, count).await;
        assert_eq!(all.len(), count, "{all:?}");
        short(&all[count - 1])
    };

    // 1 and 2: a stream that is off, and a broadcast of it.
    let stream = json!({"name": "My stream", "active": false, "transcoding_region": "ix1"});
    let made = call(&sim, "POST", STREAMS, stream).await;
    assert_eq!(made.status, 200);
    let stream = made.json()["id"].as_u64().expect("an id");
    assert_eq!(made.json()["live"], false);
    let broadcast = json!({"broadcast": {
        "name": "My broadcast", "status": "pending", "stream_ids": [stream],
        "ad_id": null, "player_id": null,
    }});
    let made = call(&sim, "POST", BROADCASTS, broadcast).await;
    assert_eq!(made.status, 200);
    let broadcast = made.json()["id"].as_u64().expect("an id");
    assert_eq!(made.json()["status"], "pending");
    let (stream_path, broadcast_path) = (
        format!("{STREAMS}/{stream}"),
        format!("{BROADCASTS}/{broadcast}"),
    );
    let turn = async |active: bool| {
        let body = json!({"stream": {"active": active}});
        call(&sim, "PATCH", &stream_path, body).await
    };
    let show = async |status: &str| {
        let body = json!({"broadcast": {"status": status}});
        call(&sim, "PATCH", &broadcast_path, body).await
    };

    // 3 and 4: it is switched on, and the encoder begins; a little later it can be played.
    assert_eq!(turn(true).await.json()["active"], true);
    sim.set_live(stream, true).expect("taken");
    assert_eq!(told(1).await, json!(["stream", true, false]));
    sim.advance(3 * SECOND);
    assert_eq!(told(2).await, json!(["stream", true, false]));

    // 5 and 6: the broadcast is shown.
    assert_eq!(show("live").await.json()["status"], "live");
    assert_eq!(told(3).await, json!(["broadcast", "live"]));

    // 7 and 8: recording.
    let answer = call(
        &sim,
        "PUT",
        &format!("{stream_path}/start_recording"),
        Value::Null,
    )
    .await;
    assert_eq!((answer.status, answer.body.len()), (204, 0));
    assert_eq!(
        call(&sim, "GET", &stream_path, Value::Null).await.json()["recording"],
        false
    );
    sim.advance(5 * SECOND);
    assert_eq!(told(4).await, json!(["stream", true, true]));

    // 9 to 11: it is stopped, and there is a video.
    sim.advance(60 * SECOND);
    let recording = call(&sim, "GET", &stream_path, Value::Null).await.json();
    assert_eq!(
        (&recording["recording"], &recording["recording_duration"]),
        (&json!(true), &json!(60))
    );
    let answer = call(
        &sim,
        "PUT",
        &format!("{stream_path}/stop_recording"),
        Value::Null,
    )
    .await;
    assert_eq!(answer.status, 200);
    let video = answer.json();
    assert_eq!(video["stream_id"], stream);
    let name = video["name"].as_str().expect("a name");
    assert!(name.starts_with("Stream Record: My stream, 20") && name.ends_with(" +0000"));
    let video_path = format!("{VIDEOS}/{}", video["id"]);
    assert_eq!(told(5).await, json!(["stream", true, false]));
    sim.advance(SECOND);
    assert_eq!(told(6).await, json!(["video", "pending"]));

    // 12 and 13: the broadcast is over.
    assert_eq!(show("finished").await.json()["status"], "finished");
    assert_eq!(told(7).await, json!(["broadcast", "finished"]));

    // 14 and 15: the answer still says live, the webhook after it does not.
    let off = turn(false).await.json();
    assert_eq!(
        (&off["active"], &off["live"]),
        (&json!(false), &json!(true))
    );
    sim.advance(2 * SECOND);
    assert_eq!(told(8).await, json!(["stream", false, false]));

    // 16: the broadcast goes.
    let gone = call(&sim, "DELETE", &broadcast_path, Value::Null).await;
    assert_eq!((gone.status, gone.body.len()), (204, 0));

    // 17 to 19: the video can be played, then all of it is there.
    sim.advance(20 * SECOND);
    assert_eq!(told(9).await, json!(["video", "viewable"]));
    sim.advance(30 * SECOND);
    assert_eq!(told(10).await, json!(["video", "ready"]));
    let ready = call(&sim, "GET", &video_path, Value::Null).await.json();
    assert_eq!(
        (&ready["status"], &ready["duration"]),
        (&json!("ready"), &json!(60_000))
    );
    assert!(ready["hls_url"].is_string() && ready["converted_videos"][0]["mp4_url"].is_string());

    // And the stream.
    let gone = call(&sim, "DELETE", &stream_path, Value::Null).await;
    assert_eq!(gone.status, 204);
    assert_eq!(
        call(&sim, "GET", &video_path, Value::Null).await.json(),
        ready
    );
    assert_eq!(receiver.got().len(), 10);
}
