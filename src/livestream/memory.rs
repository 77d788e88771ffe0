//! What is remembered of a LiveStream from pass to pass, in this process only.
//!
//! What must survive a restart stands in the object: its finalizer, its status and the owner mark.

use std::time::Instant;

use super::air::Air;
use crate::{
    creation,
    creation::Trace,
    memories,
    provider::{Difference, StreamId, StreamSettings},
    report::Happening,
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
    /// What happened and could not be told yet.
    pub untold: Vec<Happening>,
    /// The stream whose absence was proved and which is being replaced.
    pub lost: Option<StreamId>,
    /// Its time on air, where it has or may have one.
    pub air: Option<Box<Air>>,
}

impl Memory {
    /// Its time on air.
    pub fn air(&self) -> Air {
        self.air.as_deref().cloned().unwrap_or_default()
    }

    /// The same, to change it.
    pub fn air_mut(&mut self) -> &mut Air {
        self.air.get_or_insert_default()
    }

    /// The stream that the last creation gave.
    pub fn made(&self) -> Option<&StreamId> {
        match &self.creation.as_ref()?.result {
            SentResult::Made(id) => Some(id).filter(|id| self.lost.as_ref() != Some(id)),
            SentResult::Unknown | SentResult::Refused { .. } => None,
        }
    }
}

/// A creation that this process sent.
pub type Sent = creation::Sent<StreamId>;

/// How a creation ended.
pub type SentResult = creation::SentResult<StreamId>;

/// A change of settings that this process sent.
pub type SentChange = memories::SentChange<Difference>;

/// Why a change is not tried now.
pub type Gate = memories::Gate<StreamSettings>;

/// The memories of all LiveStreams.
pub type Memories = memories::Memories<Memory>;
