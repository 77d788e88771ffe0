//! What is worth telling about recordings and videos.

use jiff::Timestamp;
use kube::runtime::events::EventType;

use super::{EventReason, happening::Told};
use crate::provider::{Storage, StreamId, VideoId};

/// Something about a recording or a video.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordingNews {
    /// A recording was asked for.
    Requested(StreamId),
    /// A recording was ended by us.
    Ended {
        /// Of which stream.
        stream: StreamId,
        /// What the answer says came of it.
        video: Option<VideoId>,
    },
    /// The storage for recordings is nearly full.
    StorageLow(Storage),
    /// A video came out of a stream.
    VideoFound {
        /// Which one.
        id: VideoId,
        /// Out of which stream.
        stream: StreamId,
    },
    /// All renditions of a video can be played.
    VideoReady {
        /// Which one.
        id: VideoId,
        /// Out of which stream.
        stream: StreamId,
    },
    /// The processing of a video failed.
    VideoFailed {
        /// Which one.
        id: VideoId,
        /// Out of which stream.
        stream: StreamId,
        /// What the provider says.
        error: Option<String>,
    },
    /// The provider deletes a video soon that nobody took.
    Expires {
        /// Which one.
        id: VideoId,
        /// Out of which stream.
        stream: StreamId,
        /// When.
        at: Timestamp,
    },
}

impl RecordingNews {
    /// The video that it is about.
    pub(super) fn video(&self) -> Option<&str> {
        match self {
            Self::VideoFound { id, .. }
            | Self::VideoReady { id, .. }
            | Self::VideoFailed { id, .. }
            | Self::Expires { id, .. }
            | Self::Ended {
                video: Some(id), ..
            } => Some(id.as_str()),
            Self::Requested(_) | Self::Ended { video: None, .. } | Self::StorageLow(_) => None,
        }
    }

    pub(super) fn event(&self) -> Told {
        use EventType::{Normal, Warning};
        match self {
            Self::Requested(id) => (
                Normal,
                EventReason::RecordingRequested,
                "Record",
                format!("asked for a recording of stream {id}"),
            ),
            Self::Ended {
                stream,
                video: Some(video),
            } => (
                Normal,
                EventReason::RecordingEnded,
                "Record",
                format!("ended the recording of stream {stream}: video {video}"),
            ),
            Self::Ended {
                stream,
                video: None,
            } => (
                Normal,
                EventReason::RecordingEnded,
                "Record",
                format!(
                    "ended the recording of stream {stream}; the provider names no video of it"
                ),
            ),
            Self::StorageLow(Storage { used_mb, limit_mb }) => (
                Warning,
                EventReason::StorageLow,
                "Record",
                format!(
                    "the provider's storage is nearly full: {used_mb} of {limit_mb} MB; recordings fail when it is"
                ),
            ),
            Self::VideoFound { id, stream } => (
                Normal,
                EventReason::VideoFound,
                "List",
                format!("video {id} came out of stream {stream}"),
            ),
            Self::VideoReady { id, stream } => (
                Normal,
                EventReason::VideoReady,
                "List",
                format!("video {id} of stream {stream} is ready"),
            ),
            Self::Expires { id, stream, at } => (
                Warning,
                EventReason::RecordingExpires,
                "List",
                format!(
                    "the provider deletes video {id} of stream {stream} at {at}, and a file of it is in no bucket: upload it before; streams that are created while the StreamingAccount names a bucket upload theirs by themselves"
                ),
            ),
            Self::VideoFailed { id, stream, error } => (
                Warning,
                EventReason::VideoFailed,
                "List",
                format!(
                    "the processing of video {id} of stream {stream} failed: {}",
                    error.as_deref().unwrap_or("the provider does not say why")
                ),
            ),
        }
    }
}
