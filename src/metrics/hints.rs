//! What webhooks hinted at, and how soon it stood in a status.

use std::time::Duration;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};

/// Upper bounds in seconds: from a read at once to a budget that is used up.
const BUCKETS: [f64; 10] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct HintLabels {
    about: &'static str,
    held: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct AboutLabels {
    about: &'static str,
}

/// Counts hints.
pub(super) struct Hints {
    hints: Family<HintLabels, Counter>,
    seconds: Family<AboutLabels, Histogram, fn() -> Histogram>,
}

impl Hints {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let new = Self {
            hints: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
        };
        registry.register(
            "hints",
            "Things that webhooks named, by what they are and whether an object here holds them",
            new.hints.clone(),
        );
        registry.register(
            "hint_to_status_seconds",
            "Seconds from a hint to the status that shows what it was about, where it changed",
            new.seconds.clone(),
        );
        new
    }

    pub(super) fn taken(&self, about: &'static str, held: bool) {
        let held = if held { "yes" } else { "no" };
        self.hints.get_or_create(&HintLabels { about, held }).inc();
    }

    pub(super) fn shown(&self, about: &'static str, took: Duration) {
        let labels = AboutLabels { about };
        self.seconds
            .get_or_create(&labels)
            .observe(took.as_secs_f64());
    }
}
