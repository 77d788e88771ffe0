//! The one place that tells people: Events and log lines, as functions of what happened.

mod change;
mod happening;
mod reason;
mod recording;
mod webhook;

use std::fmt::Display;

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{
    Client, Resource, ResourceExt as _,
    runtime::events::{Event, EventType, Recorder, Reporter as Source},
};
use tokio::sync::mpsc;

pub use self::{
    change::{Change, ChangeResult, TARGET},
    happening::Happening,
    reason::EventReason,
    recording::RecordingNews,
    webhook::WebhookNews,
};
use crate::{
    conditions::{cut, find},
    metrics::Metrics,
    outcome::Outcome,
};

/// The longest note of an Event that the apiserver takes, in bytes.
const NOTE_LIMIT: usize = 1024;

/// How many Events may wait to be written; further ones are dropped, their log lines are not.
const WAITING_EVENTS: usize = 4096;

/// Of how many Events it is remembered that they were written, so that a repeat is counted and not
/// written anew. A recorder keeps each for six minutes: ten thousand creations were twenty megabytes.
const REMEMBERED_EVENTS: u32 = 256;

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
        metrics: Metrics,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let source = Source {
            controller: crate::api::GROUP.to_owned(),
            instance,
        };
        let mut recorder = Recorder::new(client.clone(), source.clone());
        let mut left = REMEMBERED_EVENTS;
        let (events, mut waiting) = mpsc::channel::<(Event, ObjectReference)>(WAITING_EVENTS);
        let waiting = futures::stream::poll_fn(move |cx| waiting.poll_recv(cx));
        let waiting = waiting.map(move |item| {
            if left == 0 {
                recorder = Recorder::new(client.clone(), source.clone());
                left = REMEMBERED_EVENTS;
            }
            left -= 1;
            (item, recorder.clone())
        });
        let write = |((event, reference), recorder): ((Event, ObjectReference), Recorder)| async move {
            if let Err(error) = recorder.publish(&event, &reference).await {
                tracing::debug!(reason = event.reason, %error, "an Event was not taken");
            }
        };
        let task = waiting.for_each_concurrent(EVENTS_AT_ONCE, write);
        (Self { events, metrics }, task)
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
            let reason = reason.as_str();
            tracing::info!(
                kind = %K::kind(&()),
                namespace = object.namespace().unwrap_or_default(),
                name = object.name_any(),
                reason,
                video = happening.video(),
                "{note}"
            );
            let event = Event {
                type_,
                reason: reason.to_owned(),
                note: Some(cut(&note, NOTE_LIMIT).to_owned()),
                action: action.to_owned(),
                // Events that differ in their notes alone are counted as one, and each video is to
                // have its own.
                secondary: happening.video().map(|id| ObjectReference {
                    kind: Some("Video".to_owned()),
                    name: Some(id.to_owned()),
                    namespace: object.namespace(),
                    ..ObjectReference::default()
                }),
            };
            self.publish(object.object_ref(&()), event);
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
        let event = Event {
            type_,
            reason: reason.to_owned(),
            note: Some(cut(message, NOTE_LIMIT).to_owned()),
            action: "Reconcile".to_owned(),
            secondary: None,
        };
        self.publish(object.object_ref(&()), event);
    }

    fn publish(&self, reference: ObjectReference, event: Event) {
        if let Err(dropped) = self.events.try_send((event, reference)) {
            let (event, _) = dropped.into_inner();
            tracing::debug!(reason = event.reason, "an Event was dropped: too many wait");
        }
    }
}
