//! What is remembered of a Broadcast from pass to pass, in this process only.
//!
//! What must survive a restart stands in the object: its finalizer and its status.

use std::time::Instant;

use super::want::Want;
use crate::{
    creation,
    creation::Trace,
    memories,
    provider::{BroadcastDifference, BroadcastId, BroadcastSettings},
    report,
};

/// What one object's passes tell the next. What is rare is boxed: there is one of these for each
/// object.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// The creation that this process sent last.
    pub creation: Option<Sent>,
    /// A change that did not work, and until when it is not tried again.
    pub gate: Option<Box<Gate>>,
    /// A creation that another process may have sent, and since when this one knows of it.
    pub trace: Option<Trace>,
    /// The change of settings that was sent last.
    pub sent: Option<Box<SentChange>>,
    /// The apiserver has confirmed to this process that the watch shows the object as it is.
    pub current: bool,
    /// When this process first saw that the object is being deleted.
    pub leaving_since: Option<Instant>,
    /// Since when no stream of it is live.
    pub silent_since: Option<Instant>,
    /// What happened and could not be told yet.
    pub untold: Vec<Happening>,
    /// The broadcast whose absence was proved and which is being replaced.
    pub lost: Option<BroadcastId>,
}

impl Memory {
    /// The broadcast that the last creation gave.
    pub fn made(&self) -> Option<&BroadcastId> {
        match &self.creation.as_ref()?.result {
            SentResult::Made(id) => Some(id).filter(|id| self.lost.as_ref() != Some(id)),
            SentResult::Unknown | SentResult::Refused { .. } => None,
        }
    }
}

/// A creation that this process sent.
pub type Sent = creation::Sent<BroadcastId>;

/// How a creation ended.
pub type SentResult = creation::SentResult<BroadcastId>;

/// A change of settings that this process sent.
pub type SentChange = memories::SentChange<BroadcastDifference>;

/// Why a change is not tried now.
pub type Gate = memories::Gate<Tried>;

/// What was wanted when a change did not work.
#[derive(Clone, Debug)]
pub struct Tried {
    /// All of it.
    pub want: Want,
    /// The settings that did not work; `None` where it was not a change of settings.
    pub failed: Option<BroadcastSettings>,
}

/// Something that was done or found out.
pub type Happening = report::Happening<BroadcastId>;

/// The memories of all Broadcasts.
pub type Memories = memories::Memories<Memory>;
