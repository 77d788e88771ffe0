//! What is counted. Labels are fixed words or the provider's client id; never names of objects.

mod apiserver_calls;
mod code;
mod hints;
mod objects;
mod process;
mod provider_calls;

use std::{fmt, sync::atomic::AtomicU64, time::Duration};

use prometheus_client::{
    encoding::{
        EncodeLabelSet,
        text::{encode_eof, encode_registry},
    },
    metrics::{counter::Counter, family::Family, gauge::Gauge, info::Info},
    registry::Registry,
};

pub use self::{apiserver_calls::ApiserverCalls, objects::Census, provider_calls::ProviderCalls};
use self::{hints::Hints, objects::Objects, process::Process};
use crate::account::Waiting;

/// Which kind a pass was about.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct PassLabels {
    kind: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ChangeLabels {
    change: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ClientLabels {
    client: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ClassLabels {
    client: String,
    class: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct KeptLabels {
    what: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct WebhookLabels {
    result: &'static str,
}

/// The counters of this process.
pub struct Metrics {
    registry: Registry,
    /// The names that every process has, which carry no prefix.
    common: Registry,
    /// Requests to providers.
    pub provider_calls: ProviderCalls,
    /// Calls to the apiserver.
    pub apiserver_calls: ApiserverCalls,
    objects: Objects,
    hints: Hints,
    passes: Family<PassLabels, Counter>,
    changes: Family<ChangeLabels, Counter>,
    webhooks: Family<WebhookLabels, Counter>,
    mirror_age: Family<ClientLabels, Gauge<f64, AtomicU64>>,
    waiting: Family<ClassLabels, Gauge>,
    oldest: Family<ClassLabels, Gauge<f64, AtomicU64>>,
    breaker: Family<ClientLabels, Gauge>,
    kept: Family<KeptLabels, Gauge>,
    tasks: Gauge,
    leader: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("livestream_operator");
        let (passes, changes) = (Family::default(), Family::default());
        let (webhooks, mirror_age) = (Family::default(), Family::default());
        registry.register(
            "passes",
            "Passes over objects, by kind and outcome",
            passes.clone(),
        );
        registry.register(
            "changes",
            "Changes asked of providers, by kind and result",
            changes.clone(),
        );
        registry.register(
            "webhooks",
            "Requests at the webhook receiver, by result",
            Family::clone(&webhooks),
        );
        registry.register(
            "mirror_age_seconds",
            "Seconds since the provider's list was last read whole, by client",
            Family::clone(&mirror_age),
        );
        let (waiting, oldest) = (Family::default(), Family::default());
        let breaker = Family::default();
        registry.register(
            "breaker_open",
            "1 where the provider does not answer and only probes are made, by client",
            Family::clone(&breaker),
        );
        registry.register(
            "budget_waiting",
            "Calls that wait for their turn, by client and class",
            Family::clone(&waiting),
        );
        registry.register(
            "budget_oldest_seconds",
            "Seconds that the oldest waiting call has waited, by client and class",
            Family::clone(&oldest),
        );
        let (kept, tasks) = (Family::default(), Gauge::default());
        registry.register(
            "kept",
            "Entries that are kept in memory, by what they are of",
            Family::clone(&kept),
        );
        registry.register(
            "tasks",
            "Tasks of this process that are alive",
            tasks.clone(),
        );
        let leader = Gauge::default();
        registry.register(
            "leader",
            "1 where this process acts, 0 where it stands by",
            leader.clone(),
        );
        registry.register(
            "build",
            "Which version this is",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        let mut common = Registry::default();
        common.register_collector(Box::new(Process));
        Self {
            provider_calls: ProviderCalls::register(&mut registry),
            apiserver_calls: ApiserverCalls::register(&mut registry),
            objects: Objects::register(&mut registry),
            hints: Hints::register(&mut registry),
            common,
            registry,
            passes,
            changes,
            webhooks,
            mirror_age,
            waiting,
            oldest,
            breaker,
            kept,
            tasks,
            leader,
        }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// A pass ended.
    pub fn pass(&self, kind: &'static str, outcome: &'static str) {
        self.passes
            .get_or_create(&PassLabels { kind, outcome })
            .inc();
    }

    /// A change was asked of a provider.
    pub fn change(&self, change: &'static str, result: &'static str) {
        self.changes
            .get_or_create(&ChangeLabels { change, result })
            .inc();
    }

    /// A request came to the webhook receiver. The result is one of a few fixed words.
    pub fn webhook(&self, result: &'static str) {
        self.webhooks.get_or_create(&WebhookLabels { result }).inc();
    }

    /// Sets the age of each mirror: those that are not named are gone.
    pub fn mirror_ages(&self, ages: impl IntoIterator<Item = (String, f64)>) {
        self.mirror_age.clear();
        for (client, seconds) in ages {
            self.mirror_age
                .get_or_create(&ClientLabels { client })
                .set(seconds);
        }
    }

    /// Sets what waits for each client's budget, and whether its breaker is open: clients that are not
    /// named are gone.
    pub fn budgets(&self, budgets: impl IntoIterator<Item = (String, [Waiting; 4], bool)>) {
        self.waiting.clear();
        self.oldest.clear();
        self.breaker.clear();
        for (client, classes, open) in budgets {
            let labels = ClientLabels {
                client: client.clone(),
            };
            self.breaker.get_or_create(&labels).set(i64::from(open));
            for waiting in classes {
                let labels = ClassLabels {
                    client: client.clone(),
                    class: waiting.class.label(),
                };
                let count = i64::try_from(waiting.count).unwrap_or(i64::MAX);
                self.waiting.get_or_create(&labels).set(count);
                let oldest = waiting.oldest.as_secs_f64();
                self.oldest.get_or_create(&labels).set(oldest);
            }
        }
    }

    /// Sets how much is kept in memory.
    pub fn kept(&self, kept: impl IntoIterator<Item = (&'static str, usize)>) {
        for (what, count) in kept {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.kept.get_or_create(&KeptLabels { what }).set(count);
        }
    }

    /// Sets how many tasks are alive.
    pub fn tasks(&self, count: usize) {
        self.tasks.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// This process acts from now on, and until it ends.
    pub fn leads(&self) {
        self.leader.set(1);
    }

    /// Whether this process acts.
    pub fn is_leader(&self) -> bool {
        self.leader.get() == 1
    }

    /// Sets how the objects fare.
    pub fn census(&self, census: &Census) {
        self.objects.set(census);
    }

    /// A webhook named something of this kind. `held`: an object here holds it.
    pub fn hint(&self, about: &'static str, held: bool) {
        self.hints.taken(about, held);
    }

    /// So long after a hint a status shows what it was about.
    pub fn hint_shown(&self, about: &'static str, took: Duration) {
        self.hints.shown(about, took);
    }

    /// All of it, in the `OpenMetrics` text format.
    ///
    /// # Errors
    /// The encoder's.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode_registry(&mut text, &self.registry)?;
        encode_registry(&mut text, &self.common)?;
        encode_eof(&mut text)?;
        Ok(text)
    }
}
