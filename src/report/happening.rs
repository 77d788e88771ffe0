//! What is worth telling once, and the Event that tells it.

use std::fmt::Display;

use kube::runtime::events::EventType;

use super::{EventReason, RecordingNews, WebhookNews};
use crate::{api::KeyResetResult, provider::StreamId};

/// An Event's type, reason, action and note.
pub(super) type Told = (EventType, EventReason, &'static str, String);

/// Something that was done or found out, worth telling once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening<I = StreamId> {
    /// It was created.
    Created(I),
    /// A stream was created switched off, because the provider refused it switched on.
    CreatedInactive(I),
    /// It was adopted.
    Adopted(I),
    /// What we created was found again.
    FoundAgain(I),
    /// The mark of an earlier object of our name was replaced by ours.
    TakenOver(I),
    /// Settings were changed at the provider.
    Updated {
        /// Which one.
        id: I,
        /// Which fields.
        fields: Vec<&'static str>,
        /// The spec had not changed; it had.
        drift: bool,
    },
    /// The provider had switched an idle pull stream off; it was switched on again.
    PullReactivated(I),
    /// What we held was deleted by somebody else.
    DeletedOutside(I),
    /// It was created, and the answer does not say under which id.
    CreatedUnnamed,
    /// No stream of a broadcast is live: viewers see the pause.
    Interrupted(I),
    /// A stream of a broadcast is live again.
    Resumed(I),
    /// A creation may or may not have been carried out.
    CreationUnknown,
    /// It was deleted.
    Deleted(I),
    /// A stream was left at the provider, and our mark taken off.
    Released(I),
    /// It was left at the provider as it is.
    LeftBehind {
        /// Which one.
        id: I,
        /// Why.
        why: &'static str,
    },
    /// The Secret for the encoder was written.
    IngestSecretWritten(String),
    /// Something about a recording or a video.
    Recording(RecordingNews),
    /// A renewal of the stream key was asked for.
    KeyReset {
        /// Of which stream.
        id: StreamId,
        /// What came of it.
        result: KeyResetResult,
        /// Why not, where it did not work.
        why: Option<String>,
    },
    /// A client was pinned to an account.
    Opened(String),
    /// Something about the path for webhooks.
    Webhook(WebhookNews),
}

impl<I: Display> Happening<I> {
    /// The video that it is about.
    pub(super) fn video(&self) -> Option<&str> {
        if let Self::Recording(news) = self {
            news.video()
        } else {
            None
        }
    }

    /// The Event's type, reason, action and note; `what` is what the object's kind has at the
    /// provider.
    pub(super) fn event(&self, what: &str) -> Told {
        use EventType::{Normal, Warning};
        match self {
            Self::Created(id) => (Normal, EventReason::Created, "Create", format!("created {what} {id}")),
            Self::CreatedInactive(id) => (
                Warning,
                EventReason::CreatedInactive,
                "Create",
                format!("created {what} {id} switched off: the provider refused it with active: true"),
            ),
            Self::Adopted(id) => (Normal, EventReason::Adopted, "Adopt", format!("adopted {what} {id}")),
            Self::FoundAgain(id) => (Normal, EventReason::FoundAgain, "Adopt", format!("{what} {id} carries the mark of this object and was found again")),
            Self::TakenOver(id) => (Normal, EventReason::TakenOver, "Adopt", format!("took over {what} {id} from an earlier object of this name")),
            Self::Updated { id, fields, drift } => {
                let fields = fields.join(", ");
                if *drift {
                    (Normal, EventReason::DriftMended, "Update", format!("{what} {id} had drifted; set {fields} again"))
                } else {
                    (Normal, EventReason::Updated, "Update", format!("{what} {id}: set {fields}"))
                }
            }
            Self::PullReactivated(id) => (
                Normal,
                EventReason::PullReactivated,
                "Update",
                format!("the provider had switched off {what} {id}, whose source was idle; switched it on again"),
            ),
            Self::DeletedOutside(id) => (
                Warning,
                EventReason::DeletedOutside,
                "Create",
                format!("{what} {id} was deleted at the provider by somebody else; it is created again"),
            ),
            Self::CreatedUnnamed => (
                Normal,
                EventReason::CreatedUnnamed,
                "Create",
                format!("created a {what}; the answer does not say its id, which is looked for"),
            ),
            Self::Interrupted(id) => (
                Normal,
                EventReason::Interrupted,
                "Update",
                format!("no stream of {what} {id} is live: paused it"),
            ),
            Self::Resumed(id) => (
                Normal,
                EventReason::Resumed,
                "Update",
                format!("a stream of {what} {id} is live again: ended its pause"),
            ),
            Self::CreationUnknown => (
                Warning,
                EventReason::CreationUnknown,
                "Create",
                "a creation was sent and its result is not known; nothing is created again until it is".to_owned(),
            ),
            Self::Deleted(id) => (Normal, EventReason::Deleted, "Delete", format!("deleted {what} {id}")),
            Self::Released(id) => (Normal, EventReason::Released, "Release", format!("left {what} {id} at the provider without an owner")),
            Self::LeftBehind { id, why } => (Warning, EventReason::LeftBehind, "Release", format!("left {what} {id} at the provider: {why}")),
            Self::IngestSecretWritten(name) => (Normal, EventReason::IngestSecretWritten, "Write", format!("wrote the addresses for the encoder into Secret {name}")),
            Self::Recording(news) => news.event(),
            Self::KeyReset { id, result, why } => key_reset(id, *result, why.as_deref()),
            Self::Webhook(news) => news.event(),
            Self::Opened(client) => (Normal, EventReason::Opened, "Open", format!("the key belongs to client {client}")),
        }
    }
}

/// What came of a renewal of a stream key, for people.
fn key_reset(id: &StreamId, result: KeyResetResult, why: Option<&str>) -> Told {
    let why = why.unwrap_or_default();
    let (type_, reason, note) = match result {
        KeyResetResult::Done => (
            EventType::Normal,
            EventReason::IngestKeyReset,
            format!("stream {id} has a new key; who sent with the old one was cut off"),
        ),
        KeyResetResult::RestartEncoder => (
            EventType::Warning,
            EventReason::RestartEncoder,
            format!(
                "stream {id} has a new key, but an encoder that sends with the old one could not be cut off: restart the encoder"
            ),
        ),
        KeyResetResult::Refused => (
            EventType::Warning,
            EventReason::IngestKeyResetRefused,
            format!("the key of stream {id} was not renewed: {why}"),
        ),
        KeyResetResult::Sent | KeyResetResult::Unknown => (
            EventType::Warning,
            EventReason::IngestKeyResetUnknown,
            format!(
                "the key of stream {id} may or may not have been renewed ({why}); the addresses that hold now are read again, and nothing is sent twice"
            ),
        ),
    };
    (type_, reason, "ResetKey", note)
}
