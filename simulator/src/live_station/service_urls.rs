//! Where a channel can be watched: `GET …/serviceUrls`. A read, and no more.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::channel::{Channel, Status};
use super::errors::{Code, Refusal};
use crate::front::{Incoming, Reply};

/// Name, resolution, video and audio bitrate of a rendition: all of it texts.
const RENDITIONS: [(&str, &str, &str, &str); 2] = [
    ("720p-16-9", "1280x720", "2048000", "128000"),
    ("480p-16-9", "854x480", "1024000", "128000"),
];

pub(super) fn list(channel: &Channel, call: &Incoming) -> Result<Reply, Refusal> {
    let Some(kind) = call.query("serviceUrlType") else {
        let message = "serviceUrlType is required.";
        return Err(Refusal::new(Code::NeedValue, message));
    };
    if channel.status == Status::Creating {
        return Err(Refusal::not_available("The channel is not ready yet."));
    }
    let urls = match kind {
        "GENERAL" => general(channel),
        "TIMEMACHINE" => {
            // Documented: only channels with DVR, and only while they are streaming.
            let streams = channel.status == Status::Publishing;
            if !streams || !channel.settings.is("useDvr") {
                return Err(Refusal::not_available("There is no time machine now."));
            }
            playlists(channel, "timemachine.m3u8")
        }
        "THUMBNAIL" => thumbnails(channel),
        _ => {
            let message = "serviceUrlType: must be one of GENERAL, TIMEMACHINE, THUMBNAIL.";
            return Err(Refusal::new(Code::FormValidationFailed, message));
        }
    };
    let body = json!({"content": urls, "total": urls.len()});
    Ok(Reply::json(StatusCode::OK, body))
}

/// Where it is all served from. Not a real host.
fn base(channel: &Channel) -> String {
    let id = channel.id.to_lowercase();
    format!("https://{id}.cdn.media.example/live/video/{id}")
}

fn general(channel: &Channel) -> Vec<Value> {
    let mut urls = playlists(channel, "playlist.m3u8");
    if channel.settings.text("outputProtocol") == "HLS,DASH" {
        urls.extend(playlists(channel, "manifest.mpd"));
    }
    urls
}

fn playlists(channel: &Channel, file: &str) -> Vec<Value> {
    let base = base(channel);
    let mut urls = vec![json!({
        "name": "ABR", "url": format!("{base}/{file}"),
        "resolution": "-", "videoBitrate": "-", "audioBitrate": "-",
    })];
    urls.extend(RENDITIONS.map(|(name, resolution, video, audio)| {
        json!({
            "name": name, "url": format!("{base}/{name}/{file}"),
            "resolution": resolution, "videoBitrate": video, "audioBitrate": audio,
        })
    }));
    urls
}

fn thumbnails(channel: &Channel) -> Vec<Value> {
    let base = base(channel);
    vec![json!({
        "name": "THUMBNAIL", "url": format!("{base}/thumbnail.jpg"),
        "resizedUrl": [{"type": "f640", "url": format!("{base}/thumbnail.jpg?type=f640")}],
    })]
}
