//! Recordings of a stream, and the videos that come out of them, as a provider shows them.

use std::fmt;

use jiff::Timestamp;

use super::StreamId;
use crate::api::{VideoFile, VideoState};

/// The provider's id of a video. Opaque.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VideoId(String);

impl VideoId {
    /// An id as the provider writes it.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for VideoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How the provider took the wish to record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// It was accepted; that it records is seen a little later, on the stream.
    Accepted {
        /// The storage, where the provider warns that it is nearly full.
        storage: Option<Storage>,
    },
    /// There is no room for a recording.
    NoSpace,
    /// Nobody sends video.
    NotLive,
    /// There is no such stream.
    Gone,
}

/// How full the storage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Storage {
    /// In use, in megabytes.
    pub used_mb: u64,
    /// The limit, in megabytes.
    pub limit_mb: u64,
}

/// A video as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedVideo {
    /// Its id.
    pub id: VideoId,
    /// The stream that it came from, which may be gone; `None` where the provider does not say.
    pub stream: Option<StreamId>,
    /// How far the provider has come with it.
    pub state: VideoState,
    /// When its recording began.
    pub started_at: Option<Timestamp>,
    /// Its length in seconds, rounded down.
    pub duration_seconds: Option<i64>,
    /// Where it is played as HLS.
    pub hls_url: Option<String>,
    /// Where it is played as DASH.
    pub dash_url: Option<String>,
    /// The player page.
    pub iframe_url: Option<String>,
    /// What the provider says went wrong with it: cut, and safe to show.
    pub error: Option<String>,
    /// When the provider deletes it, unless it is taken before.
    pub expires_at: Option<Timestamp>,
    /// Its files, where the provider shows them.
    pub files: Vec<VideoFile>,
}
