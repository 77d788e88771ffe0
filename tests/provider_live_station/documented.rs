//! What the page "Stop recording" shows: its request, and its answer with three files.

use crate::{
    ACCESS, connect,
    sample::sample,
    server::{answer, server},
};
use livestream_operator::{
    api::VideoState,
    provider::{StreamId, VideoId},
};

/// The channel of the sample, whose id the page masks in its middle.
const CHANNEL: &str = "ls-20250814000000-PZohi";

#[tokio::test]
async fn stop_recording_is_sent_and_read_as_documented() {
    let (url, heard) = server(|_| answer(200, "", &sample(CHANNEL).to_string())).await;
    let recordings = connect(&url).recordings;
    let channel = StreamId::new(CHANNEL);
    let video = recordings.stop(&channel).await.unwrap().unwrap();

    let (_, request) = heard.lock().unwrap()[0].clone();
    let (opening, written) = request.split_once("\r\n\r\n").unwrap();
    let mut lines = opening.lines();
    let first = lines.next().unwrap();
    let target = format!("/api/v2/channels/{CHANNEL}/stopRecord");
    assert_eq!(first, format!("PUT {target} HTTP/1.1"));
    assert_eq!(written, "");
    let headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(": ")).collect();
    let header = |name: &str| {
        let found = headers.iter().find(|(is, _)| is.eq_ignore_ascii_case(name));
        found.unwrap_or_else(|| panic!("no {name} in {opening}")).1
    };
    assert_eq!(header("x-ncp-iam-access-key"), ACCESS);
    assert_eq!(header("x-ncp-region_code"), "KR");
    assert_eq!(header("content-length"), "0");
    let timestamp = header("x-ncp-apigw-timestamp");
    assert_eq!(timestamp.len(), 13, "milliseconds since 1970");
    // The simulator checks signatures to the byte; here only that there is one.
    assert_eq!(header("x-ncp-apigw-signature-v2").len(), 44);

    // The three files are one video.
    assert_eq!(video.id, VideoId::new("1307133"));
    assert_eq!(video.stream, Some(channel));
    assert_eq!(video.state, VideoState::Pending);
    assert_eq!(video.duration_seconds, Some(137));
    let began = video.started_at.unwrap().as_second();
    assert_eq!(began, 1_755_130_000);
    assert_eq!((video.hls_url, video.error), (None, None));
}

#[tokio::test]
async fn a_stop_is_sent_once_whatever_comes_of_it() {
    for status in [500, 502, 503, 504, 408] {
        let (url, heard) = server(move |_| answer(status, "", "{}")).await;
        let recordings = connect(&url).recordings;
        let channel = StreamId::new(CHANNEL);
        assert!(recordings.stop(&channel).await.is_err());
        assert!(recordings.start(&channel).await.is_err());
        assert_eq!(heard.lock().unwrap().len(), 2, "{status}");
    }
}

#[tokio::test]
async fn files_of_another_channel_are_not_taken_for_ours() {
    let (url, _) = server(|_| answer(200, "", &sample(CHANNEL).to_string())).await;
    let recordings = connect(&url).recordings;
    let other = StreamId::new("ls-20250814000000-Other");
    assert!(recordings.stop(&other).await.is_err());
    assert!(recordings.videos(&other, 1).await.is_err());
    assert_eq!(recordings.videos(&other, 2).await, Ok(Vec::new()));
}
