//! The documents' own sample of the end of a recording, from the provider's answers to the status.

use serde_json::json;

#[path = "../provider_live_station/sample.rs"]
mod sample;

use crate::{
    harness::{Front, Reply, status_of},
    live_station::Naver,
};

/// This, as the answer to requests that begin so.
fn said(only: String, body: &str) -> Reply {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    Reply {
        head: head.into_bytes(),
        only: only.leak(),
        ..Reply::default()
    }
}

#[tokio::test]
async fn the_three_files_of_the_documented_stop_end_in_the_status_as_one_video() {
    let mut naver = Naver::new("naver-sample").await;
    let list = Front::of(&naver.sim.url()).await;
    let stop = Front::of(&list.url).await;
    let allow = [
        format!("--allow-endpoint={}", naver.sim.url()),
        format!("--allow-endpoint={}", stop.url),
    ];
    let allow = allow.each_ref().map(String::as_str);
    naver.world.start(&allow);
    let world = &naver.world;
    let endpoint = json!({"spec": {"liveStation": {"endpoint": stop.url}}});
    world
        .patch("StreamingAccount", "default", endpoint)
        .await
        .unwrap();
    let spec = json!({"active": true, "recording": true});
    world.stream("keynote", spec).await;
    world.until_ready("keynote").await;
    let id = naver.id();
    let sample = sample::sample(&id).to_string();
    let route = format!("/api/v2/channels/{id}");
    list.say(Some(said(format!("GET {route}/records "), &sample)));
    stop.say(Some(said(format!("PUT {route}/stopRecord "), &sample)));
    naver.sim.set_live(&id, true).unwrap();
    world
        .until("LiveStream", "keynote", "recording", |object| {
            status_of(object)["recording"] == true
        })
        .await;

    world.edit("keynote", json!({"recording": false})).await;
    let stopped = async || stop.sent() > 0;
    world.until_true("the stop was answered", stopped).await;
    // Nobody else has told the simulator.
    naver.sim.set_recording(&id, false).unwrap();
    let object = world
        .until("LiveStream", "keynote", "told of its video", |object| {
            let status = status_of(object);
            status["recording"] == false && status["videoCount"] == 1
        })
        .await;
    let file = |format: &str, resolution: &str| json!({"format": format, "resolution": resolution, "state": "processing"});
    assert_eq!(
        status_of(&object)["videos"],
        json!([{
            "id": "1307133", "state": "pending", "startedAt": "2025-08-14T00:06:40Z",
            "durationSeconds": 137,
            "files": [file("MP4", "1920x1080"), file("HLS", "1280x720"), file("HLS", "854x480")],
        }])
    );
}
