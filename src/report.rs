//! The one place that tells people: Events and log lines, as functions of what happened.

use std::fmt::Display;

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{
    Client, Resource, ResourceExt as _,
    runtime::events::{Event, EventType, Recorder, Reporter as Source},
};
use tokio::sync::mpsc;

use crate::{
    conditions::{cut, find},
    metrics::Metrics,
    outcome::Outcome,
    provider::StreamId,
};

/// The longest note of an Event that the apiserver takes, in bytes.
const NOTE_LIMIT: usize = 1024;

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
    /// A client was pinned to an account.
    Opened(String),
}

impl<I: Display> Happening<I> {
    /// The Event's type, reason, action and note; `what` is what the object's kind has at the
    /// provider.
    fn event(&self, what: &str) -> (EventType, &'static str, &'static str, String) {
        use EventType::{Normal, Warning};
        match self {
            Self::Created(id) => (Normal, "Created", "Create", format!("created {what} {id}")),
            Self::CreatedInactive(id) => (
                Warning,
                "CreatedInactive",
                "Create",
                format!("created {what} {id} switched off: the provider refused it with active: true"),
            ),
            Self::Adopted(id) => (Normal, "Adopted", "Adopt", format!("adopted {what} {id}")),
            Self::FoundAgain(id) => (Normal, "FoundAgain", "Adopt", format!("{what} {id} carries the mark of this object and was found again")),
            Self::TakenOver(id) => (Normal, "TakenOver", "Adopt", format!("took over {what} {id} from an earlier object of this name")),
            Self::Updated { id, fields, drift } => {
                let fields = fields.join(", ");
                if *drift {
                    (Normal, "DriftMended", "Update", format!("{what} {id} had drifted; set {fields} again"))
                } else {
                    (Normal, "Updated", "Update", format!("{what} {id}: set {fields}"))
                }
            }
            Self::PullReactivated(id) => (
                Normal,
                "PullReactivated",
                "Update",
                format!("the provider had switched off {what} {id}, whose source was idle; switched it on again"),
            ),
            Self::DeletedOutside(id) => (
                Warning,
                "DeletedOutside",
                "Create",
                format!("{what} {id} was deleted at the provider by somebody else; it is created again"),
            ),
            Self::CreatedUnnamed => (
                Normal,
                "CreatedUnnamed",
                "Create",
                format!("created a {what}; the answer does not say its id, which is looked for"),
            ),
            Self::Interrupted(id) => (
                Normal,
                "Interrupted",
                "Update",
                format!("no stream of {what} {id} is live: paused it"),
            ),
            Self::Resumed(id) => (
                Normal,
                "Resumed",
                "Update",
                format!("a stream of {what} {id} is live again: ended its pause"),
            ),
            Self::CreationUnknown => (
                Warning,
                "CreationUnknown",
                "Create",
                "a creation was sent and its result is not known; nothing is created again until it is".to_owned(),
            ),
            Self::Deleted(id) => (Normal, "Deleted", "Delete", format!("deleted {what} {id}")),
            Self::Released(id) => (Normal, "Released", "Release", format!("left {what} {id} at the provider without an owner")),
            Self::LeftBehind { id, why } => (Warning, "LeftBehind", "Release", format!("left {what} {id} at the provider: {why}")),
            Self::IngestSecretWritten(name) => (Normal, "IngestSecretWritten", "Write", format!("wrote the addresses for the encoder into Secret {name}")),
            Self::Opened(client) => (Normal, "Opened", "Open", format!("the key belongs to client {client}")),
        }
    }
}

/// How many Events may wait to be written; further ones are dropped, their log lines are not.
const WAITING_EVENTS: usize = 4096;

/// How many Events are written at once.
const EVENTS_AT_ONCE: usize = 4;

/// Tells people.
pub struct Reporter {
    events: mpsc::Sender<(Event, ObjectReference)>,
    /// What is counted.
    pub metrics: Metrics,
}

impl Reporter {
    /// One for the process, and the task that writes its Events: an Event is a courtesy, so no pass
    /// waits for it, and that it cannot be written (a namespace that goes refuses it) stops nothing.
    /// The task ends when the reporter is gone and all is written.
    pub fn new(
        client: Client,
        instance: Option<String>,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let recorder = Recorder::new(
            client,
            Source {
                controller: crate::api::GROUP.to_owned(),
                instance,
            },
        );
        let (events, mut waiting) = mpsc::channel::<(Event, ObjectReference)>(WAITING_EVENTS);
        let waiting = futures::stream::poll_fn(move |cx| waiting.poll_recv(cx));
        let task = waiting.for_each_concurrent(EVENTS_AT_ONCE, move |(event, reference)| {
            let recorder = recorder.clone();
            async move {
                if let Err(error) = recorder.publish(&event, &reference).await {
                    tracing::debug!(reason = event.reason, %error, "an Event was not taken");
                }
            }
        });
        (
            Self {
                events,
                metrics: Metrics::default(),
            },
            task,
        )
    }

    /// Tells what happened in a pass.
    pub fn happened<K: Resource<DynamicType = ()>, I: Display>(
        &self,
        object: &K,
        happenings: &[Happening<I>],
    ) {
        let what = K::kind(&()).to_lowercase();
        let what = what.trim_start_matches("live");
        for happening in happenings {
            let (type_, reason, action, note) = happening.event(what);
            tracing::info!(
                kind = %K::kind(&()),
                namespace = object.namespace().unwrap_or_default(),
                name = object.name_any(),
                reason,
                "{note}"
            );
            self.publish(object.object_ref(&()), type_, reason, action, &note);
        }
    }

    /// Tells how a pass went: always counted, logged and shown as an Event only when the reason is
    /// not the one that `Ready` gave before.
    pub fn outcome<K: Resource<DynamicType = ()>>(
        &self,
        kind: &'static str,
        object: &K,
        before: &[Condition],
        outcome: &Outcome,
    ) {
        self.metrics.pass(kind, outcome.label());
        let reason = outcome.reason().as_str();
        let ready = find(before, "Ready");
        let news = match outcome {
            Outcome::Quiet => false,
            // What was done for a new object is told by what happened.
            Outcome::InStep | Outcome::Waiting { .. } => {
                ready.is_some_and(|ready| ready.reason != reason)
            }
            Outcome::Suspended | Outcome::Failed { .. } | Outcome::Stalled { .. } => {
                ready.is_none_or(|ready| ready.reason != reason)
            }
        };
        if !news {
            return;
        }
        let message = outcome.message();
        let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
        let type_ = match outcome {
            Outcome::Stalled { .. } | Outcome::Failed { .. } => {
                tracing::warn!(kind, namespace, name, reason, "{message}");
                EventType::Warning
            }
            Outcome::InStep | Outcome::Suspended | Outcome::Quiet | Outcome::Waiting { .. } => {
                tracing::info!(kind, namespace, name, reason, "{message}");
                EventType::Normal
            }
        };
        self.publish(object.object_ref(&()), type_, reason, "Reconcile", message);
    }

    fn publish(
        &self,
        reference: ObjectReference,
        type_: EventType,
        reason: &str,
        action: &str,
        note: &str,
    ) {
        let event = Event {
            type_,
            reason: reason.to_owned(),
            note: Some(cut(note, NOTE_LIMIT).to_owned()),
            action: action.to_owned(),
            secondary: None,
        };
        if self.events.try_send((event, reference)).is_err() {
            tracing::debug!(reason, "an Event was dropped: too many wait");
        }
    }
}
