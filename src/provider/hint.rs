//! What a provider tells by itself.

use super::{BroadcastId, StreamId};

/// What somebody outside says has changed. It is never believed: what it names is read again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Hint {
    /// A stream.
    Stream(StreamId),
    /// A video that came out of a stream.
    VideoOf(StreamId),
    /// A broadcast.
    Broadcast(BroadcastId),
}

/// What was received is no webhook of the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoWebhook;

/// How a webhook's body is read: what it hints at, or `None` where it says nothing that could be read
/// again. Nothing else of a body is looked at, for it may hold a stream key.
pub type ReadWebhook = fn(&[u8]) -> Result<Option<Hint>, NoWebhook>;
