//! The objects in the cluster, and the streams at the provider.

use std::collections::BTreeMap;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};

use crate::{
    api::StreamCounts,
    object_state::{ObjectState, Phase},
};

/// The client of objects whose account is not open.
const UNKNOWN: &str = "unknown";

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StateLabels {
    kind: &'static str,
    state: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ReasonLabels {
    kind: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct LiveLabels {
    client: String,
    kind: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ClientLabels {
    client: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StandingLabels {
    client: String,
    standing: &'static str,
}

/// The objects as they are now, counted.
#[derive(Debug)]
pub struct Census {
    now: i64,
    states: BTreeMap<(&'static str, Phase), (i64, i64)>,
    reasons: BTreeMap<(&'static str, &'static str), i64>,
    live: BTreeMap<(String, &'static str), i64>,
    /// By client: recorded, and live without the recording that is wanted.
    recordings: BTreeMap<String, (i64, i64)>,
    streams: BTreeMap<String, StreamCounts>,
}

impl Census {
    /// Of these kinds and these open clients there is a count, be it zero. `now` is in seconds since 1970.
    pub fn new<'a>(
        kinds: &[&'static str],
        clients: impl IntoIterator<Item = &'a str>,
        now: i64,
    ) -> Self {
        let mut new = Self {
            now,
            states: BTreeMap::new(),
            reasons: BTreeMap::new(),
            live: BTreeMap::new(),
            recordings: BTreeMap::new(),
            streams: BTreeMap::new(),
        };
        for kind in kinds {
            for phase in Phase::ALL {
                new.states.insert((*kind, phase), (0, 0));
            }
        }
        for client in clients {
            new.recordings.insert(client.to_owned(), (0, 0));
            for kind in kinds.iter().filter(|kind| **kind != "StreamingAccount") {
                new.live.insert((client.to_owned(), *kind), 0);
            }
        }
        new
    }

    /// Counts an object of a client; `None` where its account is not open.
    pub fn count(&mut self, kind: &'static str, client: Option<&str>, state: &ObjectState) {
        let (count, oldest) = self.states.entry((kind, state.phase)).or_default();
        *count += 1;
        let since = state.since.map_or(self.now, i64::from);
        let age = (self.now - since).max(0);
        *oldest = age.max(*oldest);
        let unready = !matches!(state.phase, Phase::Ready | Phase::Suspended);
        if let Some(reason) = state.reason.filter(|_| unready) {
            *self.reasons.entry((kind, reason.as_str())).or_default() += 1;
        }
        let client = client.unwrap_or(UNKNOWN);
        if state.live {
            let live = self.live.entry((client.to_owned(), kind)).or_default();
            *live += 1;
        }
        if state.recording || state.unrecorded {
            let (recorded, missing) = self.recordings.entry(client.to_owned()).or_default();
            *recorded += i64::from(state.recording);
            *missing += i64::from(state.unrecorded);
        }
    }

    /// Counts the streams that a client has at the provider.
    pub fn streams(&mut self, client: &str, counts: StreamCounts) {
        self.streams.insert(client.to_owned(), counts);
    }
}

/// The gauges for a [`Census`].
pub(super) struct Objects {
    states: Family<StateLabels, Gauge>,
    oldest: Family<StateLabels, Gauge>,
    reasons: Family<ReasonLabels, Gauge>,
    live: Family<LiveLabels, Gauge>,
    recording: Family<ClientLabels, Gauge>,
    unrecorded: Family<ClientLabels, Gauge>,
    streams: Family<StandingLabels, Gauge>,
}

impl Objects {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let new = Self {
            states: Family::default(),
            oldest: Family::default(),
            reasons: Family::default(),
            live: Family::default(),
            recording: Family::default(),
            unrecorded: Family::default(),
            streams: Family::default(),
        };
        registry.register(
            "objects",
            "Objects, by kind and state; each is in exactly one state",
            new.states.clone(),
        );
        registry.register(
            "objects_oldest_seconds",
            "Seconds since the Ready of an object in this state changed last, the longest, by kind and state",
            new.oldest.clone(),
        );
        registry.register(
            "objects_not_ready",
            "Objects that reconcile, are stalled or are being deleted, by kind and the reason of Ready",
            new.reasons.clone(),
        );
        registry.register(
            "live",
            "Objects whose stream is live, by client and kind",
            new.live.clone(),
        );
        registry.register(
            "recording",
            "LiveStreams that are being recorded, by client",
            new.recording.clone(),
        );
        registry.register(
            "unrecorded",
            "LiveStreams that are live, are to be recorded and are not, by client",
            new.unrecorded.clone(),
        );
        registry.register(
            "streams",
            "Streams that the provider had when its list was last read whole, by client and standing",
            new.streams.clone(),
        );
        new
    }

    /// Sets all gauges: what is not counted is gone.
    pub(super) fn set(&self, census: &Census) {
        self.clear();
        for ((kind, phase), (count, oldest)) in &census.states {
            let labels = StateLabels {
                kind,
                state: phase.label(),
            };
            self.states.get_or_create(&labels).set(*count);
            // What is ready or suspended may be so for ever.
            if !matches!(phase, Phase::Ready | Phase::Suspended) {
                self.oldest.get_or_create(&labels).set(*oldest);
            }
        }
        for ((kind, reason), count) in &census.reasons {
            self.reasons
                .get_or_create(&ReasonLabels { kind, reason })
                .set(*count);
        }
        for ((client, kind), count) in &census.live {
            let client = client.clone();
            self.live
                .get_or_create(&LiveLabels { client, kind })
                .set(*count);
        }
        for (client, (recorded, missing)) in &census.recordings {
            let labels = ClientLabels {
                client: client.clone(),
            };
            self.recording.get_or_create(&labels).set(*recorded);
            self.unrecorded.get_or_create(&labels).set(*missing);
        }
        for (client, counts) in &census.streams {
            for (standing, count) in [
                ("managed", counts.managed),
                ("unmanaged", counts.unmanaged),
                ("orphaned", counts.orphaned),
                ("duplicated", counts.duplicated),
            ] {
                let labels = StandingLabels {
                    client: client.clone(),
                    standing,
                };
                self.streams.get_or_create(&labels).set(count);
            }
        }
    }

    fn clear(&self) {
        self.states.clear();
        self.oldest.clear();
        self.reasons.clear();
        self.live.clear();
        self.recording.clear();
        self.unrecorded.clear();
        self.streams.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Reason;

    #[test]
    fn every_object_counts_once_and_the_longest_wait_is_told() {
        let mut census = Census::new(&["LiveStream", "Broadcast"], ["1001"], 100);
        let state = |phase, since, live| ObjectState {
            phase,
            reason: Some(Reason::RateLimited),
            since: Some(since),
            live,
            recording: live,
            unrecorded: false,
        };
        let waits = |since| state(Phase::Reconciling, since, false);
        for since in [40, 90, 200] {
            census.count("LiveStream", Some("1001"), &waits(since));
        }
        census.count("LiveStream", None, &state(Phase::Ready, 0, true));
        let waiting = census.states[&("LiveStream", Phase::Reconciling)];
        assert_eq!(waiting, (3, 60), "a clock that is behind makes no age");
        let all: i64 = census.states.values().map(|(count, _)| count).sum();
        assert_eq!(all, 4);
        assert_eq!(census.reasons[&("LiveStream", "RateLimited")], 3);
        assert_eq!(census.live[&("1001".to_owned(), "LiveStream")], 0);
        assert_eq!(census.live[&(UNKNOWN.to_owned(), "LiveStream")], 1);
        assert_eq!(census.recordings[UNKNOWN], (1, 0));
    }
}
