//! One file of a recording, and how the API shows it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::clock::Moment;

/// What becomes of a recording's files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// All goes well.
    #[default]
    Good,
    /// `PROCESSING_FAIL`, all of them.
    ProcessingFails,
    /// `PROCESSING_FAIL` the last of them, and all goes well with the others.
    OneProcessingFails,
    /// They stay in `PROCESSING`.
    StaysProcessing,
    /// `TRANSFER_FAIL`, where they are uploaded.
    TransferFails,
    /// They stay in `TRANSFER`, where they are uploaded.
    StaysTransferring,
}

/// `status` of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RecordStatus {
    /// It grows.
    Recording,
    /// It is being made ready.
    Processing,
    /// That has failed.
    ProcessingFail,
    /// It is there, for three days.
    TransferReady,
    /// It is being uploaded to a bucket.
    Transfer,
    /// It is in the bucket.
    TransferFinish,
    /// That has failed.
    TransferFail,
    /// It is gone, but for what was uploaded of it.
    Deleted,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// `MP4` or `HLS`.
    pub(super) kind: &'static str,
    pub(super) resolution: &'static str,
    pub(super) video_bitrate: u64,
    /// Of an HLS playlist.
    folder: &'static str,
}

/// What one recording gives, as in the sample of "Stop recording".
const SHAPES: [Shape; 3] = [
    Shape {
        kind: "MP4",
        resolution: "1920x1080",
        video_bitrate: 5_000_000,
        folder: "",
    },
    Shape {
        kind: "HLS",
        resolution: "1280x720",
        video_bitrate: 2_048_000,
        folder: "720p-16-9",
    },
    Shape {
        kind: "HLS",
        resolution: "854x480",
        video_bitrate: 1_024_000,
        folder: "480p-16-9",
    },
];

impl Shape {
    /// The files of a recording; of this format only, if one is given.
    pub(super) fn of(format: Option<&str>) -> impl Iterator<Item = Self> {
        let wanted = move |shape: &Self| match format {
            Some(format) if format != "ALL" => shape.kind == format,
            _ => true,
        };
        SHAPES.into_iter().filter(wanted)
    }

    pub(super) fn file_name(self, stream_seq: u64, seq: u64, began: Moment) -> String {
        if self.kind == "MP4" {
            return format!("{stream_seq}-{seq}-{}.mp4", began.digits());
        }
        format!("{}/playlist.m3u8", self.folder)
    }
}

/// A file.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// [`super::channel::Channel::number`].
    pub(super) channel: u64,
    pub(super) channel_id: String,
    pub(super) shape: Shape,
    pub(super) status: RecordStatus,
    /// `recordSeq`: the recording's.
    pub(super) seq: u64,
    pub(super) stream_seq: u64,
    pub(super) began: Moment,
    /// When the file was closed. While it grows: when it was begun.
    pub(super) created: Moment,
    pub(super) should_delete: Moment,
    /// Milliseconds; of a file that is closed.
    pub(super) duration: Option<i64>,
    /// Where it is uploaded to: bucket and path.
    pub(super) upload: Option<(String, String)>,
    pub(super) uploaded: bool,
    pub(super) fate: Fate,
    /// Fields as a person set them in the world, over what would be shown.
    pub(super) pinned: Map<String, Value>,
}

impl Record {
    /// As lists show it, without its id.
    pub(super) fn view(&self) -> Value {
        let name = self.shape.file_name(self.stream_seq, self.seq, self.began);
        let url = match &self.upload {
            Some((bucket, path)) if self.uploaded => {
                let path = path.trim_matches('/');
                json!(format!("https://kr.object.example/{bucket}/{path}/{name}"))
            }
            // As the sample has it.
            _ => json!("-"),
        };
        let mut view = json!({
            "recordType": self.shape.kind,
            "channelId": self.channel_id,
            "status": self.status,
            "recordSeq": self.seq,
            "streamSeq": self.stream_seq,
            "recordBeginTime": self.began.as_millis(),
            "createdTime": self.created.as_millis(),
            "shouldDeleteTime": self.should_delete.as_millis(),
            "resolution": self.shape.resolution,
            "fileName": name,
            "videoBitrate": self.shape.video_bitrate,
            "audioBitrate": 128_000,
            "videoFrameRate": 30.0,
            // Both spellings are in the sample.
            "audioCodec": if self.shape.kind == "MP4" { "aac" } else { "AAC" },
            "objectStorageUrl": url,
        });
        if let Some(duration) = self.duration.filter(|_| self.shape.kind == "MP4") {
            view["duration"] = json!(duration);
        }
        for (name, value) in &self.pinned {
            view[name] = value.clone();
        }
        view
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_format() {
        let kinds = |format| {
            Shape::of(format)
                .map(|shape| shape.kind)
                .collect::<Vec<_>>()
        };
        assert_eq!(kinds(None), ["MP4", "HLS", "HLS"]);
        assert_eq!(kinds(Some("ALL")), ["MP4", "HLS", "HLS"]);
        assert_eq!(kinds(Some("MP4")), ["MP4"]);
        assert_eq!(kinds(Some("HLS")), ["HLS", "HLS"]);
    }
}
