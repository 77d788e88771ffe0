//! The seam: what the operator asks of a streaming provider, in neutral words.
//!
//! Wire words, quirks, status codes and orders of calls stay inside the folder of each provider.
//! Nothing here retries a creation.

mod broadcast;
mod capabilities;
mod error;
#[cfg(any(test, fuzzing))]
mod fuzzing;
mod hint;
mod line;
mod mark;
mod recording;
mod settings;
mod shown;
mod stream;

pub mod gcore;
pub mod http;
pub mod live_station;

use std::sync::Arc;

use futures::future::BoxFuture;

pub use broadcast::{BroadcastDifference, BroadcastId, BroadcastSettings, ObservedBroadcast};
pub use capabilities::Capabilities;
pub use error::ProviderError;
pub use hint::{Hint, NoWebhook, ReadWebhook};
pub use line::{Line, Meter, Overseer};
pub use mark::{Mark, Owner};
pub use recording::{ObservedVideo, Start, Storage, VideoId};
pub use settings::{Difference, Source, StreamSettings, difference};
pub use shown::Shown;
pub use stream::{
    ClientId, Deletion, Ingest, KeyReset, ObservedStream, Phase, StreamId, Unreadable,
};

/// What a call to a provider gives: the call has a deadline, and its error holds no secret.
pub type Call<'a, T> = BoxFuture<'a, Result<T, ProviderError>>;

/// One page of a provider's list. A page without items ends the list.
pub type Page = Vec<Result<ObservedStream, Unreadable>>;

/// A key at work: the calls that it can make.
#[derive(Clone)]
pub struct Connection {
    /// Whose key it is.
    pub identity: Arc<dyn Identity>,
    /// The live streams of that client.
    pub streams: Arc<dyn Streams>,
    /// Their recordings.
    pub recordings: Arc<dyn Recordings>,
    /// The broadcasts of that client; `None` where the provider has none.
    pub broadcasts: Option<Arc<dyn Broadcasts>>,
    /// How its webhooks are read.
    pub webhook: ReadWebhook,
    /// What it can do.
    pub capabilities: Capabilities,
    /// Who oversees its calls.
    pub line: Line,
}

/// Whose key it is.
pub trait Identity: Send + Sync {
    /// The client that the key belongs to; `None` where the provider does not say, and nothing shows that it
    /// is the client that it has to be. Sent again where that may help.
    fn client<'a>(&'a self, known: Option<&'a Known>) -> Call<'a, Option<ClientId>>;

    /// A digest of all that decides whose streams are seen: for a provider that does not say whose key it is.
    fn fingerprint(&self) -> Option<String>;
}

/// What is known of the client that a key has to belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Which one.
    pub client: ClientId,
    /// That of the key which was accepted last ([`Identity::fingerprint`]).
    pub fingerprint: Option<String>,
    /// Streams that it has, or had when they were seen last.
    pub streams: Vec<StreamId>,
}

/// Live streams at a provider. Each method is one call, apart from the repeats that it says.
pub trait Streams: Send + Sync {
    /// One page of the list of all streams of the client; the first page is 1. Sent again where
    /// that may help.
    fn list(&self, page: u32) -> Call<'_, Page>;

    /// One stream; `None` where the provider says that there is none. Sent again where that may
    /// help.
    fn get<'a>(&'a self, id: &'a StreamId) -> Call<'a, Option<ObservedStream>>;

    /// Creates a stream that carries the owner's mark. **Sent once**: an error that is not
    /// [`ProviderError::refused_for_certain`] leaves open whether the stream was made.
    fn create<'a>(
        &'a self,
        owner: &'a Owner,
        settings: &'a StreamSettings,
    ) -> Call<'a, ObservedStream>;

    /// Sets exactly the settings that are `Some`, and returns what the provider has now; `None`
    /// where the stream is gone. `owner` is whose mark the stream carries and must keep; without
    /// one it carries none. Sent again where that may help, since the values are absolute.
    fn update<'a>(
        &'a self,
        id: &'a StreamId,
        owner: Option<&'a Owner>,
        settings: &'a StreamSettings,
    ) -> Call<'a, Option<ObservedStream>>;

    /// Replaces the mark of a stream by that of this owner; `None` where the stream is gone. `seen` is
    /// the stream as it was read last. Sent again where that may help.
    fn claim<'a>(
        &'a self,
        seen: &'a ObservedStream,
        owner: &'a Owner,
    ) -> Call<'a, Option<ObservedStream>>;

    /// Replaces the owner's mark of a stream by one that says that it was released; `None` where
    /// the stream is gone. `seen` is the stream as it was read last. Sent again where that may help.
    fn release<'a>(
        &'a self,
        seen: &'a ObservedStream,
        owner: &'a Owner,
    ) -> Call<'a, Option<ObservedStream>>;

    /// Deletes a stream, or does the next thing that is needed before; that it is gone already is no error.
    /// `seen` is the stream as it was read last. Sent again where that may help.
    fn delete<'a>(&'a self, seen: &'a ObservedStream) -> Call<'a, Deletion>;

    /// Makes a new stream key; the old one is dead at once. **Sent once**: an error that is not
    /// [`ProviderError::refused_for_certain`] leaves open which key is good, and only a read of the
    /// stream can tell. `None` where the provider says that there is no such stream.
    fn reset_ingest_key<'a>(&'a self, id: &'a StreamId) -> Call<'a, Option<KeyReset>>;
}

/// Recordings of live streams, and the videos that come out of them. Videos are never deleted.
pub trait Recordings: Send + Sync {
    /// Begins to record. **Sent once**; whether it records is seen on the stream.
    fn start<'a>(&'a self, stream: &'a StreamId) -> Call<'a, Start>;

    /// Ends the recording. **Sent once**: a second call would answer that there is nothing. Returns
    /// the video where the provider shows it, and `None`, too, where nothing was recorded or the
    /// stream is gone; every video is found by [`Recordings::videos`].
    fn stop<'a>(&'a self, stream: &'a StreamId) -> Call<'a, Option<ObservedVideo>>;

    /// One page of the videos that came out of a stream, which may be gone; the first page is 1, and
    /// a page without items ends the list. `None` stands for an item whose id cannot be read. Sent
    /// again where that may help.
    fn videos<'a>(
        &'a self,
        stream: &'a StreamId,
        page: u32,
    ) -> Call<'a, Vec<Option<ObservedVideo>>>;
}

/// Broadcasts at a provider. A broadcast has no room for an owner mark but its name.
pub trait Broadcasts: Send + Sync {
    /// One page of the list of all broadcasts; the first page is 1, and a page without items ends
    /// the list. `None` stands for an item whose id cannot be read or is not shown. Sent again
    /// where that may help.
    fn list(&self, page: u32) -> Call<'_, Vec<Option<ObservedBroadcast>>>;

    /// One broadcast; `None` where the provider says that there is none. Sent again where that may
    /// help.
    fn get<'a>(&'a self, id: &'a BroadcastId) -> Call<'a, Option<ObservedBroadcast>>;

    /// Creates a broadcast. **Sent once**: an error that is not
    /// [`ProviderError::refused_for_certain`] leaves open whether it was made. The id is `None`
    /// where the provider's answer does not tell it: it was made all the same.
    fn create<'a>(&'a self, settings: &'a BroadcastSettings) -> Call<'a, Option<BroadcastId>>;

    /// Sets exactly the settings that are `Some`, and returns what the provider has now; `None`
    /// where the broadcast is gone. Sent again where that may help, since the values are absolute.
    fn update<'a>(
        &'a self,
        id: &'a BroadcastId,
        settings: &'a BroadcastSettings,
    ) -> Call<'a, Option<ObservedBroadcast>>;

    /// Deletes a broadcast; that it is gone already is no error. Sent again where that may help.
    fn delete<'a>(&'a self, id: &'a BroadcastId) -> Call<'a, ()>;
}
