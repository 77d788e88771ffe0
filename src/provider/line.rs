//! Who oversees the calls of a connection.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use super::{Call, ProviderError};

/// Is asked before each call, and told of it.
pub trait Overseer: Send + Sync {
    /// Returns when a call may leave, with a number for it; an error where it must not leave at all.
    /// `reads` says that it can change nothing.
    fn leave(&self, reads: bool) -> Call<'_, u64>;

    /// The answer to the call of this number is there, so it has arrived.
    fn arrived(&self, number: u64);

    /// Whether a call may be sent again now. A repeat is a call like any other.
    fn may_repeat(&self) -> bool;

    /// A call has ended, with its repeats. `reads` says that it could change nothing.
    fn ended(&self, reads: bool, error: Option<&ProviderError>);
}

/// The line of a connection to its overseer. Before there is one, calls leave and are repeated freely.
#[derive(Clone, Default)]
pub struct Line(Arc<OnceLock<Arc<dyn Overseer>>>);

impl Line {
    /// From now on this one oversees the calls. The first stays.
    pub fn oversee(&self, overseer: Arc<dyn Overseer>) {
        // One connection belongs to one client for ever.
        let _ = self.0.set(overseer);
    }

    pub(super) async fn leave(&self, reads: bool) -> Result<u64, ProviderError> {
        match self.0.get() {
            Some(overseer) => overseer.leave(reads).await,
            None => Ok(0),
        }
    }

    pub(super) fn arrived(&self, number: u64) {
        if let Some(overseer) = self.0.get() {
            overseer.arrived(number);
        }
    }

    pub(super) fn may_repeat(&self) -> bool {
        self.0.get().is_none_or(|overseer| overseer.may_repeat())
    }

    pub(super) fn ended(&self, reads: bool, error: Option<&ProviderError>) {
        if let Some(overseer) = self.0.get() {
            overseer.ended(reads, error);
        }
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Line")
    }
}
