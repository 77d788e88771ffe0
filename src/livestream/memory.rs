//! What is remembered of a LiveStream from pass to pass, in this process only.
//!
//! What must survive a restart stands in the object: its finalizer, its status and the owner mark.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use super::air::Air;
use crate::{
    outcome::Outcome,
    provider::{Difference, ProviderError, StreamId, StreamSettings},
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
    /// The change of settings that was sent last.
    pub sent: Option<Box<SentChange>>,
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
#[derive(Clone, Debug)]
pub struct Sent {
    /// Which attempt it was.
    pub attempt: i32,
    /// When its call ended, or began as long as it has not.
    pub at: Instant,
    /// How it ended.
    pub result: SentResult,
}

/// A change of settings that this process sent.
#[derive(Clone, Debug)]
pub struct SentChange {
    /// What was changed.
    pub difference: Difference,
    /// How often in a row just this was sent.
    pub times: u32,
    /// When it was sent last.
    pub at: Instant,
}

/// How a creation ended.
#[derive(Clone, Debug)]
pub enum SentResult {
    /// Nobody knows.
    Unknown,
    /// It was refused for certain.
    Refused {
        /// How.
        error: ProviderError,
        /// It asked for a stream that is switched on.
        active: bool,
    },
    /// It gave this stream.
    Made(StreamId),
}

/// Why a change is not tried now.
#[derive(Clone, Debug)]
pub struct Gate {
    /// Until when.
    pub until: Instant,
    /// What was wanted. Something else is tried at once.
    pub want: StreamSettings,
    /// The generation for which it failed. A new one is tried at once.
    pub generation: i64,
    /// When the key was put to work for which it failed. A new one is tried at once.
    pub opened: Instant,
    /// What it says meanwhile.
    pub outcome: Outcome,
}

/// The memories of all objects, by uid.
#[derive(Debug, Default)]
pub struct Memories(Mutex<HashMap<String, Memory>>);

impl Memories {
    /// What is remembered of an object.
    pub fn recall(&self, uid: &str) -> Memory {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(uid)
            .cloned()
            .unwrap_or_default()
    }

    /// Changes what is remembered of an object.
    pub fn change<T>(&self, uid: &str, change: impl FnOnce(&mut Memory) -> T) -> T {
        change(
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(uid.to_owned())
                .or_default(),
        )
    }

    /// Forgets an object that is gone.
    pub fn forget(&self, uid: &str) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(uid);
    }
}
