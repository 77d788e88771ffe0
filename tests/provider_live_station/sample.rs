//! The answer of the page "Stop recording".

use serde_json::{Value, json};

/// One MP4 and two HLS files of one recording. The page masks the ids of the three, which are the keys of the
/// map, to one and the same text; here they are told apart by their ends.
pub(crate) fn sample(channel: &str) -> Value {
    let file = |kind: &str, resolution: &str, name: &str| {
        json!({
            "recordType": kind, "channelId": channel, "status": "PROCESSING",
            "recordSeq": 1_307_133, "streamSeq": 361_545,
            "recordBeginTime": 1_755_130_000_000_i64, "createdTime": 1_755_130_138_000_i64,
            "shouldDeleteTime": 1_755_389_338_000_i64,
            "resolution": resolution, "fileName": name,
            "videoBitrate": 5_000_000, "audioBitrate": 128_000, "videoFrameRate": 30.0,
            "audioCodec": "aac", "objectStorageUrl": "-",
        })
    };
    let mut mp4 = file("MP4", "1920x1080", "361545-1307133-20250814.mp4");
    mp4["duration"] = json!(137_590);
    json!({
        "content": {"recordList": {
            "26271": mp4,
            "26272": file("HLS", "1280x720", "720p/playlist.m3u8"),
            "26273": file("HLS", "854x480", "480p/playlist.m3u8"),
        }},
        "total": 3,
    })
}
