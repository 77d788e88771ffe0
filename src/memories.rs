//! What is remembered of objects from pass to pass, in this process only.
//!
//! What must survive a restart stands in the object: its finalizer and its status.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use crate::outcome::Outcome;

/// The memories of all objects of a kind, by uid.
#[derive(Debug)]
pub struct Memories<M>(Mutex<HashMap<String, M>>);

impl<M> Default for Memories<M> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<M: Clone + Default> Memories<M> {
    /// What is remembered of an object.
    pub fn recall(&self, uid: &str) -> M {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(uid)
            .cloned()
            .unwrap_or_default()
    }

    /// Changes what is remembered of an object.
    pub fn change<T>(&self, uid: &str, change: impl FnOnce(&mut M) -> T) -> T {
        change(
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(uid.to_owned())
                .or_default(),
        )
    }

    /// Of how many objects something is remembered.
    pub fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Forgets an object that is gone.
    pub fn forget(&self, uid: &str) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(uid);
    }
}

/// Why a change is not tried now.
#[derive(Clone, Debug)]
pub struct Gate<W> {
    /// Until when.
    pub until: Instant,
    /// What was wanted. Something else is tried at once.
    pub want: W,
    /// The generation for which it failed. A new one is tried at once.
    pub generation: i64,
    /// When the key was put to work for which it failed. A new one is tried at once.
    pub opened: Instant,
    /// The stream was live when it failed. What cannot be changed on air is tried again when it is off air.
    pub live: bool,
    /// What it says meanwhile.
    pub outcome: Outcome,
}

/// A change of settings that this process sent.
#[derive(Clone, Debug)]
pub struct SentChange<D> {
    /// What was changed.
    pub difference: D,
    /// How often in a row just this was sent.
    pub times: u32,
    /// When it was sent last.
    pub at: Instant,
}
