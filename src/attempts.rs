//! Failures in a row, for each object. They survive nothing: after a restart the first try is at once.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use crate::outcome::Outcome;

/// Failures in a row by uid.
#[derive(Debug, Default)]
pub struct Attempts(Mutex<HashMap<String, u32>>);

impl Attempts {
    /// Counts an outcome and returns the failures in a row.
    pub fn count(&self, uid: &str, outcome: &Outcome) -> u32 {
        if matches!(outcome, Outcome::Failed { .. }) {
            self.fail(uid)
        } else {
            self.forget(uid);
            0
        }
    }

    /// Counts a failure that no outcome tells, and returns the failures in a row.
    pub fn fail(&self, uid: &str) -> u32 {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(uid.to_owned()).or_default();
        *count = count.saturating_add(1);
        *count
    }

    /// How many objects have failed last.
    pub fn objects(&self) -> usize {
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
