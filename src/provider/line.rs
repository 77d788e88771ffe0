//! Who oversees the calls of a connection.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use super::{Call, ClientId, ProviderError};

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

/// Is told of each request, repeats among them.
pub trait Meter: Send + Sync {
    /// A request was sent and has ended. `client` is whose key it was made with, where that is known;
    /// `route` is one of a few words of the provider's folder; `code` is the status of the answer, if
    /// one came.
    fn sent(
        &self,
        client: Option<&ClientId>,
        route: &'static str,
        code: Option<u16>,
        took: Duration,
    );
}

/// The line of a connection to its overseer. Before there is one, calls leave and are repeated freely.
#[derive(Clone, Default)]
pub struct Line {
    overseer: Arc<OnceLock<Arc<dyn Overseer>>>,
    client: Arc<OnceLock<ClientId>>,
    meter: Option<Arc<dyn Meter>>,
}

impl Line {
    /// One whose requests are counted.
    pub fn metered(meter: Option<Arc<dyn Meter>>) -> Self {
        Self {
            meter,
            ..Self::default()
        }
    }

    /// From now on this one oversees the calls. The first stays.
    pub fn oversee(&self, overseer: Arc<dyn Overseer>) {
        // One connection belongs to one client for ever.
        let _ = self.overseer.set(overseer);
    }

    /// It is known now whose key it is. The first stays.
    pub fn belongs_to(&self, client: &ClientId) {
        let _ = self.client.set(client.clone());
    }

    pub(super) fn sent(&self, route: &'static str, code: Option<u16>, took: Duration) {
        if let Some(meter) = &self.meter {
            meter.sent(self.client.get(), route, code, took);
        }
    }

    pub(super) async fn leave(&self, reads: bool) -> Result<u64, ProviderError> {
        match self.overseer.get() {
            Some(overseer) => overseer.leave(reads).await,
            None => Ok(0),
        }
    }

    pub(super) fn arrived(&self, number: u64) {
        if let Some(overseer) = self.overseer.get() {
            overseer.arrived(number);
        }
    }

    pub(super) fn may_repeat(&self) -> bool {
        self.overseer
            .get()
            .is_none_or(|overseer| overseer.may_repeat())
    }

    pub(super) fn ended(&self, reads: bool, error: Option<&ProviderError>) {
        if let Some(overseer) = self.overseer.get() {
            overseer.ended(reads, error);
        }
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Line")
    }
}
