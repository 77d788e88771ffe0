//! Who oversees the calls of a connection.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use super::ProviderError;

/// Is told of each call, and is asked before one is sent again.
pub trait Overseer: Send + Sync {
    /// Whether a call may be sent again now. A repeat is a call like any other.
    fn may_repeat(&self) -> bool;

    /// A call has ended, with its repeats. `reads` says that it could change nothing.
    fn ended(&self, reads: bool, error: Option<&ProviderError>);
}

/// The line of a connection to its overseer. Before there is one, calls are repeated freely.
#[derive(Clone, Default)]
pub struct Line(Arc<OnceLock<Arc<dyn Overseer>>>);

impl Line {
    /// From now on this one oversees the calls. The first stays.
    pub fn oversee(&self, overseer: Arc<dyn Overseer>) {
        // One connection belongs to one client for ever.
        let _ = self.0.set(overseer);
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
