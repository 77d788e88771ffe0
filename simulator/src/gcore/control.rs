//! Everything that can be done to the simulator from outside the API. The routes under `/_sim/` call
//! exactly these functions.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Options;
use super::api::Gcore;
use super::auth::{KeyView, Role};
use super::behaviour::Behaviour;
use super::encoder::{self, Encoder, Refused};
use super::streams;
use super::world::World;
use crate::clock::{Clock, Moment};
use crate::counters::{Call, Count, Journal};
use crate::faults::{Fault, FaultReport, Faults};
use crate::front::Front;
use crate::lock::lock;
use crate::outbox::{Outbox, Queue};
use crate::server::{Connections, Gate, Outage};
use crate::weather::{Sky, Weather};

/// Why an edit of the world was not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorldError {
    /// There is no stream with this id.
    NoSuchStream(u64),
    /// There is no broadcast with this id.
    NoSuchBroadcast(u64),
    /// There is no video with this id.
    NoSuchVideo(u64),
    /// The provider itself would refuse it; its answer's body.
    Refused(Value),
    /// What was given has the wrong form.
    Malformed(String),
}

impl fmt::Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchStream(id) => write!(f, "there is no stream {id}"),
            Self::NoSuchBroadcast(id) => write!(f, "there is no broadcast {id}"),
            Self::NoSuchVideo(id) => write!(f, "there is no video {id}"),
            Self::Refused(body) => write!(f, "refused: {body}"),
            Self::Malformed(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for WorldError {}

/// A client's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ClientView {
    /// The client.
    pub id: u64,
    /// How many streams there are.
    pub streams: u64,
    /// How many of them are `active`.
    pub active: u64,
    /// How many were ever created, in whatever way.
    pub created: u64,
    /// How many were ever deleted, in whatever way.
    pub deleted: u64,
    /// How many broadcasts there are.
    pub broadcasts: u64,
    /// How many videos there are.
    pub videos: u64,
}

/// A key as it shall be from now on.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyChange {
    /// The key itself.
    pub key: String,
    /// Whose it is.
    pub client: u64,
    /// What it may.
    #[serde(default)]
    pub role: Role,
    /// It is good for so long; absent: for ever. Of the provider's seconds.
    #[serde(default)]
    pub expires_in_seconds: Option<f64>,
    /// It is not good (any more).
    #[serde(default)]
    pub revoked: bool,
}

/// A handle on a simulator. Cloned, it is a handle on the same one.
#[derive(Clone, Debug)]
pub struct Control {
    front: Arc<Front<Gcore>>,
    outbox: Arc<Outbox>,
}

impl Control {
    /// The queue is that of its webhooks: somebody must deliver them.
    pub(super) fn new(options: &Options) -> (Self, Queue) {
        let clock = Arc::new(Clock::new(options.speed));
        let seed = clock.now().as_millis().unsigned_abs();
        let (outbox, queue) = Outbox::new(options.journal, options.webhook_patience);
        let world = World::new(options.behaviour.clone(), seed, Arc::clone(&outbox));
        let front = Front {
            provider: Gcore {
                world: Mutex::new(world),
                clock: Arc::clone(&clock),
            },
            faults: Faults::default(),
            sky: Sky::default(),
            journal: Journal::new(options.journal),
            gate: Arc::new(Gate::new(Arc::clone(&clock))),
            clock,
        };
        let control = Self {
            front: Arc::new(front),
            outbox,
        };
        (control, queue)
    }

    pub(super) fn outbox(&self) -> Arc<Outbox> {
        Arc::clone(&self.outbox)
    }

    /// Lets happen what the clock brings, when it does, until it is dropped.
    pub(super) async fn tick(self) {
        let clock = Arc::clone(&self.front.clock);
        let sooner = self.world(|world, _| Arc::clone(&world.sooner));
        loop {
            let next = self.world(|world, _| world.next_due());
            let wait = next.and_then(|at| clock.until(at));
            tokio::select! {
                () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => {}
                () = sooner.notified() => {}
                () = clock.moved() => {}
            }
        }
    }

    pub(super) fn gate(&self) -> Arc<Gate> {
        Arc::clone(&self.front.gate)
    }

    pub(super) fn front(&self) -> Arc<Front<Gcore>> {
        Arc::clone(&self.front)
    }

    /// The world as it is now, with everything done that is due.
    pub(super) fn world<T>(&self, look: impl FnOnce(&mut World, Moment) -> T) -> T {
        let now = self.front.clock.now();
        let mut world = lock(&self.front.provider.world);
        world.settle(now);
        look(&mut world, now)
    }

    /// Looks at or changes the stream with this id.
    pub(super) fn owned<T>(
        &self,
        id: u64,
        act: impl FnOnce(&mut World, u64, Moment) -> Result<T, WorldError>,
    ) -> Result<T, WorldError> {
        self.world(|world, now| {
            let client = world.owner(|account| account.streams.contains_key(&id));
            let client = client.ok_or(WorldError::NoSuchStream(id))?;
            act(world, client, now)
        })
    }
}

/// Clock.
impl Control {
    /// The provider's clock.
    pub fn clock(&self) -> &Clock {
        &self.front.clock
    }

    /// Puts the provider's clock forward; what was due in between has then happened.
    pub fn advance(&self, by: Duration) {
        self.front.clock.advance(by);
        self.world(|_, _| ());
    }
}

/// Keys.
impl Control {
    /// Makes a key good for a client, with every right; gives the key's number. A key that is known
    /// already moves to this client.
    pub fn add_key(&self, key: &str, client: u64) -> u32 {
        self.world(|world, _| {
            world.account(client);
            world.keys.add(key, client)
        })
    }

    /// Adds a key or changes one, in every respect.
    pub fn set_key(&self, change: &KeyChange) -> u32 {
        self.world(|world, now| {
            world.account(change.client);
            let number = world.keys.add(&change.key, change.client);
            if let Some(key) = world.keys.get_mut(&change.key) {
                key.role = change.role;
                key.revoked = change.revoked;
                key.expires_at = change.expires_in_seconds.map(|s| now.plus(s));
            }
            number
        })
    }

    /// The key is not good any more. `false`: there is none such.
    pub fn revoke_key(&self, key: &str) -> bool {
        self.world(|world, _| match world.keys.get_mut(key) {
            Some(key) => {
                key.revoked = true;
                true
            }
            None => false,
        })
    }

    /// All keys, without their text.
    pub fn keys(&self) -> Vec<KeyView> {
        self.world(|world, _| world.keys.views())
    }
}

/// The world.
impl Control {
    /// All clients that were ever named.
    pub fn clients(&self) -> Vec<ClientView> {
        self.world(|world, _| {
            let accounts = world.accounts.iter();
            accounts
                .map(|(id, account)| ClientView {
                    id: *id,
                    streams: account.streams.len() as u64,
                    active: account.active_besides(None),
                    created: account.streams.created,
                    deleted: account.streams.deleted,
                    broadcasts: account.broadcasts.len() as u64,
                    videos: account.videos.len() as u64,
                })
                .collect()
        })
    }

    /// How many streams this client ever had created, in whatever way.
    pub fn created_total(&self, client: u64) -> u64 {
        self.world(|world, _| world.account(client).streams.created)
    }

    /// How many streams of this client were ever deleted, in whatever way.
    pub fn deleted_total(&self, client: u64) -> u64 {
        self.world(|world, _| world.account(client).streams.deleted)
    }

    /// All streams of a client as GET would show them, the oldest first, whatever is hidden.
    pub fn streams(&self, client: u64) -> Vec<Value> {
        self.world(|world, now| {
            let account = world.account(client);
            let ids = account.streams.keys();
            ids.filter_map(|id| account.stream(*id, now)).collect()
        })
    }

    /// One stream as GET would show it.
    pub fn stream(&self, id: u64) -> Option<Value> {
        let seen = self.owned(id, |world, client, now| {
            Ok(world.account(client).stream(id, now))
        });
        seen.ok().flatten()
    }

    /// The streams of a client whose `client_entity_data` contains this.
    pub fn streams_marked(&self, client: u64, mark: &str) -> Vec<Value> {
        let mut streams = self.streams(client);
        streams.retain(|stream| {
            let data = stream.get("client_entity_data").and_then(Value::as_str);
            data.is_some_and(|data| data.contains(mark))
        });
        streams
    }

    /// Creates a stream as a person in the portal would; gives its id.
    #[expect(clippy::needless_pass_by_value, reason = "called with json!(…)")]
    pub fn create(&self, client: u64, stream: Value) -> Result<u64, WorldError> {
        let body = object(&stream)?;
        self.world(|world, now| {
            let made = streams::create(world, client, body, now);
            made.map_err(|reply| WorldError::Refused(reply.body.unwrap_or_default()))
        })
    }

    /// Sets fields of a stream, past every check, as if it had always been so. A writable field
    /// changes as it would by PATCH, with what follows from that; `token` changes the addresses; any
    /// other field is shown like this from now on.
    #[expect(clippy::needless_pass_by_value, reason = "called with json!(…)")]
    pub fn edit(&self, id: u64, fields: Value) -> Result<(), WorldError> {
        let fields = object(&fields)?;
        self.owned(id, |world, client, now| {
            streams::change(world, client, id, now, |stream| {
                for (name, value) in fields {
                    match value.as_str() {
                        Some(token) if name == "token" => token.clone_into(&mut stream.token),
                        _ if stream.settings.force(name, value) => {
                            stream.pinned.remove(name);
                        }
                        _ => drop(stream.pinned.insert(name.clone(), value.clone())),
                    }
                }
            });
            Ok(())
        })
    }

    /// Deletes a stream as a person in the portal would. `false`: there is none such.
    pub fn remove(&self, id: u64) -> bool {
        let removed = self.owned(id, |world, client, now| {
            Ok(world.delete_stream(client, id, now))
        });
        removed.unwrap_or(false)
    }

    /// An encoder begins to send to the primary server, at once, or stops. For a PULL stream: its
    /// source is up from now on, or down.
    pub fn set_live(&self, id: u64, on: bool) -> Result<(), Refused> {
        let encoder = Encoder {
            primary: Some(on),
            ..Encoder::default()
        };
        self.encoder(id, encoder)
    }

    /// A command to a stream's encoder.
    pub fn encoder(&self, id: u64, encoder: Encoder) -> Result<(), Refused> {
        self.world(|world, now| {
            let client = world.owner(|account| account.streams.contains_key(&id));
            let client = client.ok_or(Refused::NoSuchStream)?;
            let account = world.account(client);
            account.remember(id, now);
            let ways = &account.behaviour;
            let stream = account.streams.get_mut(&id);
            let stream = stream.ok_or(Refused::NoSuchStream)?;
            let plans = encoder::command(stream, encoder, ways, now)?;
            world.stream_changed(client, id, now, plans);
            Ok(())
        })
    }
}

/// Behaviour, faults, outage.
impl Control {
    /// Changes how the provider behaves towards a client.
    pub fn behaviour(&self, client: u64, change: impl FnOnce(&mut Behaviour)) {
        self.world(|world, now| {
            change(&mut world.account(client).behaviour);
            world.behaviour_changed(client, now);
        });
    }

    /// How the provider behaves towards a client.
    pub fn behaviour_of(&self, client: u64) -> Behaviour {
        self.world(|world, _| world.account(client).behaviour.clone())
    }

    /// Sets a fault; gives its number.
    pub fn fault(&self, fault: Fault) -> u64 {
        self.front.faults.set(fault)
    }

    /// All faults since they were last cleared, and how often each has met a call.
    pub fn faults(&self) -> Vec<FaultReport> {
        self.front.faults.reports()
    }

    /// How often a fault has met a call.
    pub fn fired(&self, fault: u64) -> u64 {
        self.front.faults.fired(fault)
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.front.faults.clear(None);
    }

    /// Removes one fault.
    pub fn clear_fault(&self, fault: u64) {
        self.front.faults.clear(Some(fault));
    }

    /// From now on, and for a time of its clock, a part of all calls goes wrong.
    pub fn set_weather(&self, weather: Weather) {
        self.front.sky.set(weather, self.front.clock.now());
    }

    /// How many calls the weather has met.
    pub fn met_by_weather(&self) -> u64 {
        self.front.sky.met()
    }

    /// Whether the weather is over, by its clock.
    pub fn weather_is_over(&self) -> bool {
        self.front.sky.over(self.front.clock.now())
    }

    /// Nobody listens any more ([`Outage::Refuse`]), or somebody does again, on the same port.
    pub fn outage(&self, on: bool) {
        self.set_outage(on.then_some(Outage::Refuse));
    }

    /// The provider is down in this way, or up.
    pub fn set_outage(&self, outage: Option<Outage>) {
        self.front.gate.set_outage(outage);
    }

    /// The provider is down in this way until so much time has passed on its clock; for
    /// [`Outage::Refuse`] it is real time, as nobody could put the clock forward meanwhile.
    pub fn set_outage_for(&self, outage: Outage, length: Duration) {
        self.front.gate.set_outage_for(outage, length);
    }

    /// How the provider is down.
    pub fn current_outage(&self) -> Option<Outage> {
        self.front.gate.outage()
    }
}

/// What was called.
impl Control {
    /// The journal: all calls, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.front.journal.calls(0, |_| true)
    }

    /// The calls after this one.
    pub fn calls_after(&self, seq: u64) -> Vec<Call> {
        self.front.journal.calls(seq, |_| true)
    }

    /// The calls after this one that a filter lets through.
    pub fn calls_where(&self, after: u64, keep: impl Fn(&Call) -> bool) -> Vec<Call> {
        self.front.journal.calls(after, keep)
    }

    /// The number of the last call; 0 before the first.
    pub fn last_call(&self) -> u64 {
        self.front.journal.last()
    }

    /// How many calls of a method and route (its template) there were.
    pub fn count(&self, method: &str, route: &str) -> u64 {
        self.front
            .journal
            .sum(|m, r, _, _| m == method && r == route)
    }

    /// How many calls there were that were not reads.
    pub fn changing_calls(&self) -> u64 {
        self.front.journal.sum(|m, _, _, _| m != "GET")
    }

    /// How many calls were answered with this status.
    pub fn count_status(&self, status: u16) -> u64 {
        self.front.journal.sum(|_, _, _, s| s == Some(status))
    }

    /// All counts.
    pub fn counts(&self) -> Vec<Count> {
        self.front.journal.counts()
    }

    /// The most calls of a client within any real second, of those still in the journal.
    pub fn peak_per_second(&self, client: u64) -> usize {
        self.front.journal.peak_per_second(client)
    }

    /// Forgets all calls and counts, but not what they did.
    pub fn forget_calls(&self) {
        self.front.journal.clear();
    }

    /// Connections so far.
    pub fn connections(&self) -> Connections {
        self.front.gate.connections()
    }

    /// Waits until something holds. It is asked again after every call and every webhook, and from time to time for
    /// what the clock brings. Put your own limit around it.
    pub async fn until(&self, holds: impl Fn(&Self) -> bool) {
        loop {
            let changed = self.front.journal.changed();
            let mut webhooks = self.outbox.changes();
            if holds(self) {
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

pub(super) fn object(value: &Value) -> Result<&Map<String, Value>, WorldError> {
    let object = value.as_object();
    object.ok_or_else(|| WorldError::Malformed("this must be a JSON object".to_owned()))
}
