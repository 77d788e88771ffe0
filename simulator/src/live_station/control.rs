//! Everything that can be done to the simulator from outside the API. The routes under `/_sim/` call
//! exactly these functions.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Options;
use super::api::LiveStation;
use super::auth::{KeyView, Role};
use super::behaviour::Behaviour;
use super::world::World;
use crate::agenda::keep_time;
use crate::clock::Moment;
use crate::desk::Desk;
use crate::front::Front;
use crate::lock::lock;
use crate::outbox::Queue;
use crate::sim_routes::Steer;

/// Why an edit of the world was not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorldError {
    /// There is no channel with this id.
    NoSuchChannel(String),
    /// There is no record with this id.
    NoSuchRecord(u64),
    /// The provider itself would refuse it; its answer's body.
    Refused(Value),
    /// What was given has the wrong form.
    Malformed(String),
}

impl fmt::Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchChannel(id) => write!(f, "there is no channel {id}"),
            Self::NoSuchRecord(id) => write!(f, "there is no record {id}"),
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
    /// How many channels there are.
    pub channels: u64,
    /// How many were ever created, in whatever way.
    pub created: u64,
    /// How many were ever deleted, in whatever way.
    pub deleted: u64,
    /// How many files of recordings there are.
    pub records: u64,
}

/// A key as it shall be from now on.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyChange {
    /// The access key.
    pub access: String,
    /// Its secret key.
    pub secret: String,
    /// Whose it is.
    pub client: u64,
    /// What it may.
    #[serde(default)]
    pub role: Role,
    /// It is not good (any more).
    #[serde(default)]
    pub revoked: bool,
}

/// A handle on a simulator. Cloned, it is a handle on the same one. What it has in common with those of
/// other providers is in [`Desk`].
#[derive(Clone, Debug)]
pub struct Control {
    front: Arc<Front<LiveStation>>,
}

impl Deref for Control {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.front.desk
    }
}

impl Steer for Control {
    fn desk(&self) -> &Desk {
        self
    }

    fn put_forward(&self, by: Duration) {
        self.advance(by);
    }
}

impl Control {
    /// The queue is that of its callbacks: somebody must deliver them.
    pub(super) fn new(options: &Options) -> (Self, Queue) {
        let (desk, queue) = Desk::new(options.speed, options.journal, options.webhook_patience);
        let seed = desk.clock.now().as_millis().unsigned_abs();
        let world = World::new(options.behaviour.clone(), seed, Arc::clone(&desk.outbox));
        let front = Front {
            provider: LiveStation {
                world: Mutex::new(world),
                clock: Arc::clone(&desk.clock),
            },
            desk,
        };
        let front = Arc::new(front);
        (Self { front }, queue)
    }

    /// Lets happen what the clock brings, when it does, until it is dropped.
    pub(super) async fn tick(self) {
        let sooner = self.world(|world, _| world.agenda.sooner());
        let settle = || self.world(|world, _| world.agenda.next_due());
        keep_time(&self.clock, &sooner, settle).await;
    }

    pub(super) fn front(&self) -> Arc<Front<LiveStation>> {
        Arc::clone(&self.front)
    }

    /// The world as it is now, with everything done that is due.
    pub(super) fn world<T>(&self, look: impl FnOnce(&mut World, Moment) -> T) -> T {
        let now = self.clock.now();
        let mut world = lock(&self.front.provider.world);
        world.settle(now);
        look(&mut world, now)
    }
}

/// Time.
impl Control {
    /// Puts the provider's clock forward; what was due in between has then happened. The gateway refuses
    /// callers that are more than five minutes behind it; see [`super::GatewayClock`].
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
        self.world(|_, _| ());
    }

    /// Waits until something holds. It is asked again after every call and every callback, and from time to
    /// time for what the clock brings. Put your own limit around it.
    pub async fn until(&self, holds: impl Fn(&Self) -> bool) {
        self.wait_until(|| holds(self)).await;
    }
}

/// Keys.
impl Control {
    /// Makes an access key and its secret key good for a client, with every right; gives the key's number.
    /// An access key that is known already gets this secret key, and moves to this client.
    pub fn add_key(&self, access: &str, secret: &str, client: u64) -> u32 {
        self.world(|world, _| {
            world.account(client);
            world.keys.add(access, secret, client)
        })
    }

    /// Adds a key or changes one, in every respect.
    pub fn set_key(&self, change: &KeyChange) -> u32 {
        self.world(|world, _| {
            world.account(change.client);
            let number = world
                .keys
                .add(&change.access, &change.secret, change.client);
            if let Some(key) = world.keys.get_mut(&change.access) {
                key.role = change.role;
                key.revoked = change.revoked;
            }
            number
        })
    }

    /// The key is not good any more. `false`: there is none such.
    pub fn revoke_key(&self, access: &str) -> bool {
        self.world(|world, _| match world.keys.get_mut(access) {
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

/// Clients, and the provider's behaviour towards them.
impl Control {
    /// All clients that were ever named.
    pub fn clients(&self) -> Vec<ClientView> {
        self.world(|world, _| {
            let accounts = world.accounts.iter();
            accounts
                .map(|(id, account)| ClientView {
                    id: *id,
                    channels: account.present().count() as u64,
                    created: account.created,
                    deleted: account.deleted,
                    records: account.records.len() as u64,
                })
                .collect()
        })
    }

    /// How many channels this client ever had created, in whatever way.
    pub fn created_total(&self, client: u64) -> u64 {
        self.world(|world, _| world.account(client).created)
    }

    /// How many channels of this client were ever deleted, in whatever way.
    pub fn deleted_total(&self, client: u64) -> u64 {
        self.world(|world, _| world.account(client).deleted)
    }

    /// Changes how the provider behaves towards a client. What is under way already keeps its time.
    pub fn behaviour(&self, client: u64, change: impl FnOnce(&mut Behaviour)) {
        self.world(|world, _| change(&mut world.account(client).behaviour));
    }

    /// How the provider behaves towards a client.
    pub fn behaviour_of(&self, client: u64) -> Behaviour {
        self.world(|world, _| world.account(client).behaviour.clone())
    }
}

pub(super) fn object(value: &Value) -> Result<&Map<String, Value>, WorldError> {
    let object = value.as_object();
    object.ok_or_else(|| WorldError::Malformed("this must be a JSON object".to_owned()))
}
