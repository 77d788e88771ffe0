//! What every simulator can be asked and told, whichever provider it is: its clock, faults, weather,
//! outages, what was called, and what it told its clients.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::counters::{Call, Count, Journal};
use crate::faults::{Fault, FaultReport, Faults};
use crate::outbox::{Outbox, Queue, Webhook};
use crate::server::{Connections, Gate, Outage};
use crate::weather::{Sky, Weather};

/// The part of a simulator's control that knows no provider.
#[derive(Debug)]
pub struct Desk {
    pub(crate) faults: Faults,
    pub(crate) sky: Sky,
    pub(crate) journal: Journal,
    pub(crate) gate: Arc<Gate>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) outbox: Arc<Outbox>,
}

impl Desk {
    /// The queue is that of its webhooks: somebody must deliver them.
    pub(crate) fn new(speed: u32, journal: usize, patience: Duration) -> (Arc<Self>, Queue) {
        let clock = Arc::new(Clock::new(speed));
        let (outbox, queue) = Outbox::new(journal, patience);
        let desk = Self {
            faults: Faults::default(),
            sky: Sky::default(),
            journal: Journal::new(journal),
            gate: Arc::new(Gate::new(Arc::clone(&clock))),
            clock,
            outbox,
        };
        (Arc::new(desk), queue)
    }

    /// The provider's clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }
}

/// Faults, weather, outage.
impl Desk {
    /// Sets a fault; gives its number.
    pub fn fault(&self, fault: Fault) -> u64 {
        self.faults.set(fault)
    }

    /// All faults since they were last cleared, and how often each has met a call.
    pub fn faults(&self) -> Vec<FaultReport> {
        self.faults.reports()
    }

    /// How often a fault has met a call.
    pub fn fired(&self, fault: u64) -> u64 {
        self.faults.fired(fault)
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.faults.clear(None);
    }

    /// Removes one fault.
    pub fn clear_fault(&self, fault: u64) {
        self.faults.clear(Some(fault));
    }

    /// From now on, and for a time of its clock, a part of all calls goes wrong.
    pub fn set_weather(&self, weather: Weather) {
        self.sky.set(weather, self.clock.now());
    }

    /// How many calls the weather has met.
    pub fn met_by_weather(&self) -> u64 {
        self.sky.met()
    }

    /// Whether the weather is over, by its clock.
    pub fn weather_is_over(&self) -> bool {
        self.sky.over(self.clock.now())
    }

    /// Nobody listens any more ([`Outage::Refuse`]), or somebody does again, on the same port.
    pub fn outage(&self, on: bool) {
        self.set_outage(on.then_some(Outage::Refuse));
    }

    /// The provider is down in this way, or up.
    pub fn set_outage(&self, outage: Option<Outage>) {
        self.gate.set_outage(outage);
    }

    /// The provider is down in this way until so much time has passed on its clock; for
    /// [`Outage::Refuse`] it is real time, as nobody could put the clock forward meanwhile.
    pub fn set_outage_for(&self, outage: Outage, length: Duration) {
        self.gate.set_outage_for(outage, length);
    }

    /// How the provider is down.
    pub fn current_outage(&self) -> Option<Outage> {
        self.gate.outage()
    }
}

/// What was called.
impl Desk {
    /// The journal: all calls, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.journal.calls(0, |_| true)
    }

    /// The calls after this one.
    pub fn calls_after(&self, seq: u64) -> Vec<Call> {
        self.journal.calls(seq, |_| true)
    }

    /// The calls after this one that a filter lets through.
    pub fn calls_where(&self, after: u64, keep: impl Fn(&Call) -> bool) -> Vec<Call> {
        self.journal.calls(after, keep)
    }

    /// The number of the last call; 0 before the first.
    pub fn last_call(&self) -> u64 {
        self.journal.last()
    }

    /// How many calls of a method and route (its template) there were.
    pub fn count(&self, method: &str, route: &str) -> u64 {
        self.journal.sum(|m, r, _, _| m == method && r == route)
    }

    /// How many calls there were that were not reads.
    pub fn changing_calls(&self) -> u64 {
        self.journal.sum(|m, _, _, _| m != "GET")
    }

    /// How many calls were answered with this status.
    pub fn count_status(&self, status: u16) -> u64 {
        self.journal.sum(|_, _, _, s| s == Some(status))
    }

    /// All counts.
    pub fn counts(&self) -> Vec<Count> {
        self.journal.counts()
    }

    /// The most calls of a client within any real second, of those still in the journal.
    pub fn peak_per_second(&self, client: u64) -> usize {
        self.journal.peak_per_second(client)
    }

    /// Forgets all calls and counts, but not what they did.
    pub fn forget_calls(&self) {
        self.journal.clear();
    }

    /// Connections so far.
    pub fn connections(&self) -> Connections {
        self.gate.connections()
    }

    /// Waits until something holds. It is asked again after every call and every webhook, and from
    /// time to time for what the clock brings.
    pub(crate) async fn wait_until(&self, holds: impl Fn() -> bool) {
        loop {
            let changed = self.journal.changed();
            let mut webhooks = self.outbox.changes();
            if holds() {
                return;
            }
            tokio::select! {
                () = changed => {}
                _ = webhooks.changed() => {}
                () = tokio::time::sleep(Duration::from_millis(10)) => {}
            }
        }
    }
}

/// What clients were told.
impl Desk {
    /// The client's webhooks, in the order in which they were posted, and what became of them. What
    /// happens while no URL is set is in no webhook.
    pub fn webhooks_sent(&self, client: u64) -> Vec<Webhook> {
        self.outbox.webhooks(client)
    }

    /// Forgets the webhooks so far.
    pub fn forget_webhooks(&self, client: u64) {
        self.outbox.forget(client);
    }
}
