//! Everything that can be done to the simulator from outside the API. The routes under `/_sim/` call
//! exactly these functions.

use std::fmt;
use std::ops::Deref;
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

/// A handle on a simulator. Cloned, it is a handle on the same one. What it has in common with those of
/// other providers is in [`Desk`].
#[derive(Clone, Debug)]
pub struct Control {
    front: Arc<Front<Gcore>>,
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
    /// The queue is that of its webhooks: somebody must deliver them.
    pub(super) fn new(options: &Options) -> (Self, Queue) {
        let (desk, queue) = Desk::new(options.speed, options.journal, options.webhook_patience);
        let seed = desk.clock.now().as_millis().unsigned_abs();
        let world = World::new(options.behaviour.clone(), seed, Arc::clone(&desk.outbox));
        let front = Front {
            provider: Gcore {
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

    pub(super) fn front(&self) -> Arc<Front<Gcore>> {
        Arc::clone(&self.front)
    }

    /// The world as it is now, with everything done that is due.
    pub(super) fn world<T>(&self, look: impl FnOnce(&mut World, Moment) -> T) -> T {
        let now = self.clock.now();
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

/// Time.
impl Control {
    /// Puts the provider's clock forward; what was due in between has then happened.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
        self.world(|_, _| ());
    }

    /// Waits until something holds. It is asked again after every call and every webhook, and from time to time for
    /// what the clock brings. Put your own limit around it.
    pub async fn until(&self, holds: impl Fn(&Self) -> bool) {
        self.wait_until(|| holds(self)).await;
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

/// Behaviour.
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
}

pub(super) fn object(value: &Value) -> Result<&Map<String, Value>, WorldError> {
    let object = value.as_object();
    object.ok_or_else(|| WorldError::Malformed("this must be a JSON object".to_owned()))
}
