//! A live stream as a provider shows it.

use std::fmt;

use jiff::Timestamp;

use super::{BroadcastId, Mark, StreamSettings};
use crate::{api::Playback, secret::Secret};

/// The provider's id of a stream. Opaque.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId(String);

impl StreamId {
    /// An id as the provider writes it.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The provider's id of the client that a key belongs to. Opaque.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(String);

impl ClientId {
    /// An id as the provider writes it.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A stream as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedStream {
    /// Its id.
    pub id: StreamId,
    /// What it says about its owner.
    pub mark: Mark,
    /// Its settings; `None` where the provider did not show one.
    pub settings: StreamSettings,
    /// Whether video comes in now, over any of its ways.
    pub live: bool,
    /// Whether it is being recorded now; `None` where the provider does not say.
    pub recording: Option<bool>,
    /// When the session began that is live now, or that was live last. To the second.
    pub session_started_at: Option<Timestamp>,
    /// The broadcasts that show it, in a stable order; empty where the provider does not say.
    pub broadcasts: Vec<BroadcastId>,
    /// Where an encoder sends to.
    pub ingest: Ingest,
    /// Where viewers watch; `None` where that is not shown here.
    pub playback: Option<Playback>,
    /// Whether it can be used.
    pub phase: Phase,
}

/// Whether a stream can be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// It can.
    #[default]
    Usable,
    /// The provider has not finished creating it: nothing can be changed.
    Creating,
    /// The provider has blocked it: only the provider can release it.
    Blocked,
}

/// How a deletion went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// The stream is gone.
    Gone,
    /// A step was done that is needed before. The stream as it is now.
    Underway(Box<ObservedStream>),
}

/// Where an encoder sends to. Each address holds the stream key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ingest {
    /// RTMP, the primary server.
    pub push: Option<Secret>,
    /// RTMP, the backup server.
    pub backup_push: Option<Secret>,
    /// SRT, the primary server.
    pub srt: Option<Secret>,
    /// SRT, the backup server.
    pub backup_srt: Option<Secret>,
    /// WebRTC (WHIP).
    pub whip: Option<Secret>,
}

/// How a stream key was renewed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyReset {
    /// An ingest with the old key was cut. The stream as it is now, where the provider shows it.
    Cut(Option<Box<ObservedStream>>),
    /// The key is new, but an ingest that runs could not be cut: the encoder must be restarted.
    RestartEncoder,
}

/// An item of a list that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Its id, where at least that can be read.
    pub id: Option<StreamId>,
    /// What is wrong with it, in stable words and without its text.
    pub what: String,
}

impl Ingest {
    /// These addresses, and those of `old` where one is not shown.
    #[must_use]
    pub fn or(self, old: &Self) -> Self {
        Self {
            push: self.push.or_else(|| old.push.clone()),
            backup_push: self.backup_push.or_else(|| old.backup_push.clone()),
            srt: self.srt.or_else(|| old.srt.clone()),
            backup_srt: self.backup_srt.or_else(|| old.backup_srt.clone()),
            whip: self.whip.or_else(|| old.whip.clone()),
        }
    }
}
