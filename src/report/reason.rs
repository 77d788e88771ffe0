//! The words that Events give as reasons for what was done or found out.

use crate::outcome::reasons;

reasons! {
    /// The reason of an Event about something that happened. (An Event about how a pass went has the
    /// reason of the conditions.)
    EventReason:
    /// It was created.
    Created,
    /// A stream was created switched off, because the provider refused it switched on.
    CreatedInactive,
    /// It was adopted.
    Adopted,
    /// What we created was found again.
    FoundAgain,
    /// The mark of an earlier object of our name was replaced by ours.
    TakenOver,
    /// Settings were changed at the provider.
    Updated,
    /// Settings that somebody else had changed were set again.
    DriftMended,
    /// An idle pull stream was switched on again.
    PullReactivated,
    /// What we held was deleted by somebody else.
    DeletedOutside,
    /// It was created, and the answer does not say under which id.
    CreatedUnnamed,
    /// No stream of a broadcast is live: viewers see the pause.
    Interrupted,
    /// A stream of a broadcast is live again.
    Resumed,
    /// A creation may or may not have been carried out.
    CreationUnknown,
    /// It was deleted.
    Deleted,
    /// A stream was left at the provider, and our mark taken off.
    Released,
    /// It was left at the provider as it is.
    LeftBehind,
    /// The Secret for the encoder was written.
    IngestSecretWritten,
    /// A client was pinned to an account.
    Opened,
    /// A stream key was renewed.
    IngestKeyReset,
    /// A stream key was renewed, and who sends with the old one could not be cut off.
    RestartEncoder,
    /// A stream key was not renewed.
    IngestKeyResetRefused,
    /// A stream key may or may not have been renewed.
    IngestKeyResetUnknown,
    /// A recording was asked for.
    RecordingRequested,
    /// A recording was ended by us.
    RecordingEnded,
    /// The storage for recordings is nearly full.
    StorageLow,
    /// A video came out of a stream.
    VideoFound,
    /// All renditions of a video can be played.
    VideoReady,
    /// The processing of a video failed.
    VideoFailed,
    /// The provider deletes a video soon that nobody took.
    RecordingExpires,
    /// An account got a path for webhooks.
    WebhookMade,
    /// It got another one, and the old one stays for now.
    WebhookRotated,
    /// It got another one, because the old one was gone from the Secret.
    WebhookReplaced,
}
