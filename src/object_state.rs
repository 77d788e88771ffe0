//! How an object fares, as its status says: what metrics count. Pure.
//!
//! It is kept beside what the index has of each object, because to open ten thousand packed objects for
//! each scrape would take longer than all passes between two scrapes.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::Resource;

use crate::{
    api::{Broadcast, LiveStream, StreamingAccount},
    conditions::find,
    outcome::Reason,
};

/// Which one of these an object is. Each object is exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// `Ready` is True.
    Ready,
    /// Work or another try is pending.
    Reconciling,
    /// A human must act.
    Stalled,
    /// `spec.suspend` is true.
    Suspended,
    /// It is being deleted, and not gone yet.
    Deleting,
}

impl Phase {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Ready,
        Self::Reconciling,
        Self::Stalled,
        Self::Suspended,
        Self::Deleting,
    ];

    /// The word for it in metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Reconciling => "reconciling",
            Self::Stalled => "stalled",
            Self::Suspended => "suspended",
            Self::Deleting => "deleting",
        }
    }
}

/// How one object fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectState {
    /// Which one it is.
    pub phase: Phase,
    /// The reason that its `Ready` gives.
    pub reason: Option<Reason>,
    /// Since when `Ready` is what it is, or since when it is being deleted; in seconds since 1970.
    /// There is one of these for each object, so it is small.
    pub since: Option<u32>,
    /// Video comes in; of a Broadcast: viewers see a stream that is live.
    pub live: bool,
    /// It is being recorded.
    pub recording: bool,
    /// It is live, a recording is wanted, and none runs.
    pub unrecorded: bool,
}

impl ObjectState {
    /// That of a LiveStream.
    pub fn of_stream(object: &LiveStream) -> Self {
        let status = object.status.as_ref();
        let conditions = status.map_or(&[][..], |status| &status.conditions);
        let is = |it: Option<bool>| it == Some(true);
        let live = is(status.and_then(|status| status.live));
        let recording = is(status.and_then(|status| status.recording));
        let wanted = is(object.spec.recording) && object.spec.suspend != Some(true);
        Self {
            live,
            recording,
            unrecorded: live && wanted && !recording,
            ..Self::of(object, conditions)
        }
    }

    /// That of a Broadcast.
    pub fn of_broadcast(object: &Broadcast) -> Self {
        let status = object.status.as_ref();
        let conditions = status.map_or(&[][..], |status| &status.conditions);
        Self {
            live: holds(conditions, "Live"),
            ..Self::of(object, conditions)
        }
    }

    /// That of an account.
    pub fn of_account(object: &StreamingAccount) -> Self {
        let status = object.status.as_ref();
        let conditions = status.map_or(&[][..], |status| &status.conditions);
        Self::of(object, conditions)
    }

    fn of<K: Resource>(object: &K, conditions: &[Condition]) -> Self {
        let ready = find(conditions, "Ready");
        let deleted = object.meta().deletion_timestamp.as_ref();
        let created = object.meta().creation_timestamp.as_ref();
        let since = ready.map(|ready| &ready.last_transition_time).or(created);
        let seconds = |time: Timestamp| u32::try_from(time.as_second()).ok();
        let phase = if deleted.is_some() {
            Phase::Deleting
        } else if holds(conditions, "Suspended") {
            Phase::Suspended
        } else if holds(conditions, "Stalled") {
            Phase::Stalled
        } else if holds(conditions, "Ready") {
            Phase::Ready
        } else {
            Phase::Reconciling
        };
        Self {
            phase,
            reason: ready.and_then(|ready| Reason::parse(&ready.reason)),
            since: deleted.or(since).and_then(|time| seconds(time.0)),
            live: false,
            recording: false,
            unrecorded: false,
        }
    }
}

fn holds(conditions: &[Condition], kind: &str) -> bool {
    find(conditions, kind).is_some_and(|condition| condition.status == "True")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn stream(meta: &Value, spec: &Value, status: &Value) -> ObjectState {
        let mut object = json!({
            "apiVersion": "livestream-operator.io/v1alpha1", "kind": "LiveStream",
            "metadata": {"name": "a", "namespace": "ns", "creationTimestamp": "1970-01-01T00:00:10Z"},
            "spec": spec, "status": status,
        });
        for (name, value) in meta.as_object().unwrap() {
            object["metadata"][name] = value.clone();
        }
        ObjectState::of_stream(&serde_json::from_value(object).unwrap())
    }

    fn conditions(list: &[(&str, &str, &str)]) -> Value {
        let list = list.iter().map(|(kind, status, reason)| {
            json!({"type": kind, "status": status, "reason": reason, "message": "",
                "lastTransitionTime": "1970-01-01T00:01:00Z"})
        });
        json!({"conditions": list.collect::<Vec<_>>()})
    }

    #[test]
    fn each_object_is_in_exactly_one_phase() {
        let none = || json!({});
        let fresh = stream(&none(), &none(), &none());
        assert_eq!((fresh.phase, fresh.since), (Phase::Reconciling, Some(10)));
        for (list, phase, reason) in [
            (&[("Ready", "True", "InStep")][..], Phase::Ready, "InStep"),
            (
                &[
                    ("Ready", "False", "Refused"),
                    ("Stalled", "True", "Refused"),
                ],
                Phase::Stalled,
                "Refused",
            ),
            (
                &[
                    ("Ready", "False", "RateLimited"),
                    ("Reconciling", "True", "RateLimited"),
                ],
                Phase::Reconciling,
                "RateLimited",
            ),
            (
                &[
                    ("Ready", "True", "InStep"),
                    ("Suspended", "True", "Suspended"),
                ],
                Phase::Suspended,
                "InStep",
            ),
        ] {
            let state = stream(&none(), &none(), &conditions(list));
            assert_eq!((state.phase, state.since), (phase, Some(60)), "{list:?}");
            assert_eq!(state.reason.map(Reason::as_str), Some(reason));
        }
        let going = json!({"deletionTimestamp": "1970-01-01T00:02:00Z"});
        let ready = conditions(&[("Ready", "True", "InStep")]);
        let state = stream(&going, &none(), &ready);
        assert_eq!((state.phase, state.since), (Phase::Deleting, Some(120)));
    }

    #[test]
    fn what_is_live_and_to_be_recorded_and_is_not_is_unrecorded() {
        for (spec, live, recording, unrecorded) in [
            (json!({"recording": true}), true, false, true),
            (json!({"recording": true}), true, true, false),
            (json!({"recording": true}), false, false, false),
            (json!({"recording": false}), true, false, false),
            (json!({}), true, false, false),
            (
                json!({"recording": true, "suspend": true}),
                true,
                false,
                false,
            ),
        ] {
            let status = json!({"live": live, "recording": recording});
            let state = stream(&json!({}), &spec, &status);
            let found = (state.live, state.recording, state.unrecorded);
            assert_eq!(found, (live, recording, unrecorded), "{spec}");
        }
    }
}
