//! Recordings and their videos: each answer that the documents have, and some that they leave open.

use std::time::Duration;

use livestream_operator::{
    api::VideoState,
    provider::{Connection, ObservedVideo, ProviderError, Start, Storage, StreamId, VideoId},
};
use serde_json::{Value, json};
use simulator::gcore::{Behaviour, NothingStopped, Simulator, Spoilt, SpoiltItem, StartErrors};

use crate::{
    bench::*,
    server::{Heard, answer, server},
};

/// The one request that was sent: its first line, and all of it in lower case.
fn only(heard: &Heard) -> (String, String) {
    let heard = heard.lock().expect("no panic");
    assert_eq!(heard.len(), 1);
    let (_, text) = &heard[0];
    let line = text.lines().next().unwrap_or_default().to_owned();
    (line, text.to_lowercase())
}

async fn start_with(status: u16, body: &str) -> Result<Start, ProviderError> {
    let body = body.to_owned();
    let (url, heard) = server(move |_| answer(status, "", &body)).await;
    let result = connect(&url, hasty()).recordings.start(&id(7)).await;
    let (line, text) = only(&heard);
    assert_eq!(line, "PUT /streaming/streams/7/start_recording HTTP/1.1");
    assert!(text.contains("\r\ncontent-length: 0\r\n") && !text.contains("content-type"));
    assert!(text.ends_with("\r\n\r\n"));
    result
}

fn refused_with(status: u16, message: &str) -> Result<Start, ProviderError> {
    Err(ProviderError::Refused {
        status,
        message: message.to_owned(),
    })
}

fn warned() -> Value {
    json!({
        "data": {"stream": {"id": 7, "client": {
            "id": 5, "storage_usage_mb": 950, "storage_limit_mb": 1000,
        }}},
        "warnings": [{
            "key": "client_storage_almost_exceeded",
            "source_object": {"id": 5, "type": "client"},
            "meta": {"storage_usage_mb": 950, "storage_limit_mb": 1000},
        }],
        "errors": [],
    })
}

#[tokio::test]
async fn a_start_is_accepted_with_or_without_words() {
    let quiet = json!({"data": {"stream": {"id": 7}}, "warnings": [], "errors": []}).to_string();
    let accepted = Ok(Start::Accepted { storage: None });
    for (status, body) in [
        (204, ""),
        (200, ""),
        (200, "null"),
        (200, "{}"),
        (200, &quiet),
        (202, ""),
    ] {
        assert_eq!(start_with(status, body).await, accepted, "{status} {body}");
    }
    let storage = Storage {
        used_mb: 950,
        limit_mb: 1000,
    };
    assert_eq!(
        start_with(200, &warned().to_string()).await,
        Ok(Start::Accepted {
            storage: Some(storage)
        })
    );
}

#[tokio::test]
async fn a_start_that_names_errors_is_none() {
    let failed = |errors: Value| {
        let mut body = warned();
        body["errors"] = errors;
        async move { start_with(200, &body.to_string()).await }
    };
    assert_eq!(
        failed(json!([{"message": "Recorder is broken, see https://host/path?key"}])).await,
        refused_with(200, "Recorder is broken, see https://host/…")
    );
    assert_eq!(failed(json!([{}])).await, refused_with(200, ""));
    assert_eq!(
        failed(json!({"active": ["is off"]})).await,
        refused_with(200, "active: is off")
    );
    let full = json!([{"key": "client_storage_exceeded", "meta": {"storage_limit_mb": 1000}}]);
    assert_eq!(failed(full).await, Ok(Start::NoSpace));
    assert_eq!(
        failed(json!(["Stream is not live"])).await,
        Ok(Start::NotLive)
    );
}

#[tokio::test]
async fn a_refused_start_says_why() {
    let full =
        json!({"errors": {"name": ["Error text: No space for recording the stream."]}}).to_string();
    let storage = json!({"status": 422, "error": "Storage limit exceeded"}).to_string();
    let idle = json!({"status": 422, "error": "Stream is not live"}).to_string();
    let other = json!({"status": 422, "error": "Recording is switched off"}).to_string();
    let missing = json!({"status": 404, "error": "Stream not found"}).to_string();
    for (status, body, expected) in [
        (422, &full, Ok(Start::NoSpace)),
        (422, &storage, Ok(Start::NoSpace)),
        (422, &idle, Ok(Start::NotLive)),
        (400, &idle, Ok(Start::NotLive)),
        (422, &other, refused_with(422, "Recording is switched off")),
        (422, &String::new(), refused_with(422, "")),
        (404, &missing, Ok(Start::Gone)),
        (404, &String::new(), Ok(Start::Gone)),
        (
            403,
            &full,
            Err(ProviderError::Unauthorized {
                status: 403,
                message: "name: Error text: No space for recording the stream.".into(),
            }),
        ),
        (
            409,
            &idle,
            Err(ProviderError::Unavailable {
                what: "HTTP 409".into(),
            }),
        ),
    ] {
        assert_eq!(start_with(status, body).await, expected, "{status} {body}");
    }
}

#[tokio::test]
async fn a_start_that_cannot_be_read_is_not_taken_for_one() {
    for body in ["<html>", "{", "[]", "7", "\"\""] {
        let result = start_with(200, body).await;
        assert!(
            matches!(result, Err(ProviderError::Garbled { .. })),
            "{body}"
        );
    }
}

async fn stop_with(status: u16, body: &str) -> Result<Option<ObservedVideo>, ProviderError> {
    let body = body.to_owned();
    let (url, heard) = server(move |_| answer(status, "", &body)).await;
    let result = connect(&url, hasty()).recordings.stop(&id(7)).await;
    let (line, text) = only(&heard);
    assert_eq!(line, "PUT /streaming/streams/7/stop_recording HTTP/1.1");
    assert!(text.contains("\r\ncontent-length: 0\r\n") && text.ends_with("\r\n\r\n"));
    result
}

#[tokio::test]
async fn a_stop_gives_the_video_or_nothing() {
    for (status, body) in [
        (200, ""),
        (200, "\n"),
        (200, "null"),
        (204, ""),
        (404, "{\"status\":404,\"error\":\"Stream not found\"}"),
        (404, ""),
    ] {
        assert_eq!(stop_with(status, body).await, Ok(None), "{status} {body}");
    }
    let made = include_str!("../fixtures/gcore/video.json");
    let video = stop_with(200, &made.replace("320423", "7")).await.unwrap();
    assert_eq!(
        video,
        Some(ObservedVideo {
            id: VideoId::new("1046126"),
            stream: Some(id(7)),
            state: VideoState::Pending,
            started_at: Some("2026-07-14T09:06:00Z".parse().unwrap()),
            duration_seconds: None,
            hls_url: Some(
                "https://58725.gvideo.io/videos/58725_oxqnZwWd4cRAuSbq/master.m3u8".into()
            ),
            dash_url: Some(
                "https://58725.gvideo.io/videos/58725_oxqnZwWd4cRAuSbq/index.mpd".into()
            ),
            iframe_url: Some("https://player.gvideo.co/videos/58725_oxqnZwWd4cRAuSbq".into()),
            error: None,
            expires_at: None,
            files: Vec::new(),
        })
    );
    // Its stream is not shown everywhere.
    let bare = stop_with(200, "{\"id\": 9}").await.unwrap().unwrap();
    assert_eq!((bare.id.as_str(), bare.stream), ("9", None));
}

#[tokio::test]
async fn a_stop_that_cannot_be_read_is_garbled() {
    for body in [made_by(8).as_str(), "<html>", "{}", "[]", "7", "{\"id\":"] {
        let result = stop_with(200, body).await;
        assert!(
            matches!(result, Err(ProviderError::Garbled { .. })),
            "{body}"
        );
    }
    let refused = ProviderError::Refused {
        status: 422,
        message: "no".into(),
    };
    let result = stop_with(422, "{\"error\":\"no\"}").await;
    assert_eq!(result, Err(refused));
}

/// A video of a stream.
fn made_by(stream: u64) -> String {
    json!({"id": 9, "stream_id": stream, "status": "ready"}).to_string()
}

#[tokio::test]
async fn videos_are_found_by_their_stream() {
    let (url, heard) = server(|request| {
        let items: Vec<Value> = match request {
            first if first.contains("page=1 ") => vec![
                json!({
                    "id": 9, "stream_id": 7, "status": "ready", "duration": 48_999,
                    "recording_started_at": "2026-07-14T09:06:00.000Z",
                }),
                json!({"id": 8, "stream_id": null, "status": "viewable", "error": "360p failed"}),
                json!({"id": 6, "status": "new", "error": {"message": "deep"}}),
            ],
            second if second.contains("page=2 ") => vec![json!({"id": {}}), json!(7), json!(null)],
            _ => Vec::new(),
        };
        answer(200, "", &Value::from(items).to_string())
    })
    .await;
    let gcore = connect(&url, hasty());
    let stream = id(7);
    let page = |page| gcore.recordings.videos(&stream, page);
    let first = page(1).await.unwrap();
    let first: Vec<ObservedVideo> = first.into_iter().flatten().collect();
    let ids: Vec<&str> = first.iter().map(|video| video.id.as_str()).collect();
    assert_eq!(ids, ["9", "8", "6"]);
    assert_eq!(first[0].stream, Some(id(7)));
    assert_eq!(first[0].duration_seconds, Some(48));
    assert!(first[0].started_at.is_some());
    assert_eq!(first[1].error.as_deref(), Some("360p failed"));
    assert_eq!(first[1].state, VideoState::Viewable);
    assert_eq!(first[2].error.as_deref(), Some("deep"));
    assert_eq!(first[2].state, VideoState::Unknown);
    // What cannot be read does not end the list.
    assert_eq!(page(2).await, Ok(vec![None, None, None]));
    assert_eq!(page(3).await, Ok(Vec::new()));
    let lines: Vec<String> = {
        let heard = heard.lock().unwrap();
        let line = |(_, text): &(usize, String)| text.lines().next().unwrap_or("").to_owned();
        heard.iter().map(line).collect()
    };
    let expected =
        [1, 2, 3].map(|n| format!("GET /streaming/videos?stream_id=7&page={n} HTTP/1.1"));
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn whole_documented_videos_are_read() {
    let list = format!("[{}]", include_str!("../fixtures/gcore/video.json"));
    let (url, _) = server(move |_| answer(200, "", &list)).await;
    let gcore = connect(&url, hasty());
    let page = gcore.recordings.videos(&id(320_423), 1).await.unwrap();
    assert_eq!(page.len(), 1);
    assert!(
        page[0]
            .as_ref()
            .is_some_and(|video| video.started_at.is_some())
    );
}

/// Who does not heed the filter would have every video of the client counted as one stream's.
#[tokio::test]
async fn a_list_of_all_videos_is_not_this_streams() {
    for body in [
        format!("[{}]", made_by(8)),
        format!("[{}, {}]", made_by(7), made_by(8)),
    ] {
        let (url, _) = server(move |_| answer(200, "", &body)).await;
        let page = connect(&url, hasty())
            .recordings
            .videos(&id(7), 1)
            .await
            .map(drop);
        assert_eq!(page, garbled("it is about another stream"));
    }
    for body in ["", "null", "{}", "{\"results\": []}", "<html>", "["] {
        let (url, _) = server(move |_| answer(200, "", body)).await;
        let page = connect(&url, hasty()).recordings.videos(&id(7), 1).await;
        assert!(matches!(page, Err(ProviderError::Garbled { .. })), "{body}");
    }
}

#[tokio::test]
async fn the_words_about_a_video_are_safe_and_short() {
    let text = format!(
        "cannot fetch rtmp://user:hunter2@host/live/canary?canary with {KEY} \
         at 2026-07-14T09:06:00Z {}",
        "x".repeat(300)
    );
    let list = json!([{"id": 9, "stream_id": 7, "status": "error", "error": text}]).to_string();
    let (url, _) = server(move |_| answer(200, "", &list)).await;
    let gcore = connect(&url, hasty());
    let page = gcore.recordings.videos(&id(7), 1).await.unwrap();
    let error = page[0].as_ref().and_then(|video| video.error.as_deref());
    let error = error.unwrap();
    let beginning = "cannot fetch rtmp://host/… with *** at … xxx";
    assert!(
        error.starts_with(beginning) && error.len() <= 256,
        "{error}"
    );
}

#[tokio::test]
async fn an_id_leads_nowhere_else() {
    let (url, heard) = server(|_| answer(200, "", "[]")).await;
    let gcore = connect(&url, hasty());
    for odd in ["", "..", "7/start_recording", "7&page=2", "7 "] {
        let odd = StreamId::new(odd);
        let refusals = [
            gcore.recordings.start(&odd).await.map(drop),
            gcore.recordings.stop(&odd).await.map(drop),
            gcore.recordings.videos(&odd, 1).await.map(drop),
            gcore.streams.reset_ingest_key(&odd).await.map(drop),
        ];
        for refusal in refusals {
            assert_eq!(refusal, refused(400, "this cannot be the id of a stream"));
        }
    }
    assert_eq!(heard.lock().unwrap().len(), 0);
}

/// A stream that is live, and its number.
async fn live(sim: &Simulator, gcore: &Connection) -> (StreamId, u64) {
    let stream = on_air(sim, gcore).await.id;
    let number = stream.as_str().parse().expect("a number");
    sim.behaviour(CLIENT, |ways| *ways = Behaviour::default());
    (stream, number)
}

#[tokio::test]
async fn a_recording_becomes_a_video() {
    let (sim, gcore) = start().await;
    let (stream, number) = live(&sim, &gcore).await;
    let recordings = &gcore.recordings;
    let seen = async || gcore.streams.get(&stream).await.unwrap().unwrap();
    let session = seen().await.session_started_at;
    assert!(session.is_some());

    let accepted = Ok(Start::Accepted { storage: None });
    assert_eq!(recordings.start(&stream).await, accepted);
    sim.advance(Duration::from_secs(10));
    assert_eq!(seen().await.recording, Some(true));
    // It is a wish, not an event.
    assert_eq!(recordings.start(&stream).await, accepted);
    sim.advance(Duration::from_secs(60));
    let video = recordings.stop(&stream).await.unwrap().unwrap();
    assert_eq!(video.stream.as_ref(), Some(&stream));
    assert!(matches!(
        video.state,
        VideoState::Empty | VideoState::Pending
    ));
    assert!(video.started_at >= session && video.started_at.is_some());
    assert_eq!(seen().await.recording, Some(false));
    assert_eq!(recordings.stop(&stream).await, Ok(None));

    sim.advance(Duration::from_secs(3600));
    // The stream may be gone.
    assert!(sim.remove(number));
    assert_eq!(recordings.start(&stream).await, Ok(Start::Gone));
    assert_eq!(recordings.stop(&stream).await, Ok(None));
    let videos = recordings.videos(&stream, 1).await.unwrap();
    let [Some(ready)] = &videos[..] else {
        panic!("{videos:?}");
    };
    assert_eq!((&ready.id, ready.state), (&video.id, VideoState::Ready));
    assert_eq!(ready.started_at, video.started_at);
    assert!(ready.duration_seconds.is_some_and(|length| length >= 60));
    assert!(ready.hls_url.is_some() && ready.dash_url.is_some());
    assert_eq!(recordings.videos(&stream, 2).await, Ok(Vec::new()));
}

#[tokio::test]
async fn the_documents_ways_to_say_that_there_is_no_video() {
    let (sim, gcore) = start().await;
    let (stream, _) = live(&sim, &gcore).await;
    for how in [
        NothingStopped::Empty,
        NothingStopped::Null,
        NothingStopped::NoContent,
    ] {
        sim.behaviour(CLIENT, |ways| ways.nothing_stopped = how);
        assert_eq!(gcore.recordings.stop(&stream).await, Ok(None), "{how:?}");
    }
}

#[tokio::test]
async fn what_stands_in_the_way_of_a_recording() {
    let (sim, gcore) = start().await;
    let (stream, number) = live(&sim, &gcore).await;
    let start = async || gcore.recordings.start(&stream).await;
    sim.behaviour(CLIENT, |ways| ways.storage_used_minutes = 100_000.0);
    assert_eq!(start().await, Ok(Start::NoSpace));
    sim.behaviour(CLIENT, |ways| {
        ways.storage_used_minutes = 0.0;
        ways.start_errors = Some(StartErrors {
            errors: vec![json!({"message": "Recorder is broken"})],
            starts: false,
        });
    });
    assert_eq!(start().await, refused_with(200, "Recorder is broken"));
    sim.behaviour(CLIENT, |ways| {
        ways.start_errors = None;
        ways.storage_used_minutes = 99_000.0;
    });
    let Ok(Start::Accepted {
        storage: Some(storage),
    }) = start().await
    else {
        panic!("it warns");
    };
    assert!(storage.used_mb < storage.limit_mb && storage.used_mb > 0);
    sim.set_live(number, false).unwrap();
    sim.advance(Duration::from_secs(60));
    assert_eq!(start().await, Ok(Start::NotLive));
}

#[tokio::test]
async fn no_video_is_lost_on_the_way_through_the_pages() {
    let (sim, gcore) = start().await;
    let mut ours = Vec::new();
    for n in 0..60 {
        let stream = if n % 2 == 0 { 7 } else { 8 };
        let video = json!({"name": "x", "stream_id": stream, "duration": n * 1000});
        let made = sim.create_video(CLIENT, video).unwrap();
        if stream == 7 {
            ours.push(VideoId::new(made.to_string()));
        }
    }
    let spoilt = ours[3].as_str().parse().unwrap();
    sim.behaviour(CLIENT, |ways| {
        ways.spoilt_item = Some(SpoiltItem {
            id: spoilt,
            how: Spoilt::IdMissing,
        });
    });
    let mut found = Vec::new();
    let mut unread = 0;
    for (page, length) in [(1, 25), (2, 5), (3, 0)] {
        let videos = gcore.recordings.videos(&id(7), page).await.unwrap();
        assert_eq!(videos.len(), length);
        for video in videos {
            match video {
                Some(video) => found.push(video.id),
                None => unread += 1,
            }
        }
    }
    ours.remove(3);
    found.sort();
    ours.sort();
    assert_eq!((found, unread), (ours, 1));
}
