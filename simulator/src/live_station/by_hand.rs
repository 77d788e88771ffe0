//! What a person does in the console, an encoder does by itself, and the provider does of its own accord:
//! the rest of [`Control`].

use serde_json::Value;

use super::channel::Status;
use super::control::{Control, WorldError, object};
use super::encoder::{self, Encoder, Refused};
use super::errors::Refusal;
use super::fields::Settings;
use super::record::{Fate, Record, RecordStatus};
use super::world::World;
use super::{channels, records};
use crate::clock::Moment;
use crate::outbox::Target;

/// Channels.
impl Control {
    /// All channels of a client that there are, as GET would show them, the oldest first, whatever is hidden.
    pub fn channels(&self, client: u64) -> Vec<Value> {
        self.world(|world, now| {
            let account = world.account(client);
            let ways = &account.behaviour;
            let channels = account.present();
            channels.map(|channel| channel.view(ways, now)).collect()
        })
    }

    /// The channels of a client that are gone, as they were last, in the order of their creation.
    pub fn gone(&self, client: u64) -> Vec<Value> {
        self.world(|world, now| {
            let account = world.account(client);
            let ways = &account.behaviour;
            let channels = account.channels.values();
            let gone = channels.filter(|channel| channel.is_gone());
            gone.map(|channel| channel.view(ways, now)).collect()
        })
    }

    /// One channel as GET would show it. `None`: there is none such, or it is gone.
    pub fn channel(&self, id: &str) -> Option<Value> {
        self.world(|world, now| {
            let (client, _) = world.owner(id)?;
            let account = world.account(client);
            let channel = account.here(id)?;
            Some(channel.view(&account.behaviour, now))
        })
    }

    /// The channels of a client that have this name.
    pub fn channels_named(&self, client: u64, name: &str) -> Vec<Value> {
        let mut channels = self.channels(client);
        channels.retain(|channel| channel["channelName"] == name);
        channels
    }

    /// Creates a channel as a person in the console would; gives its id. It goes through `CREATING`, too.
    /// What a request needs and this does not say is made up.
    #[expect(clippy::needless_pass_by_value, reason = "called with json!(…)")]
    pub fn create(&self, client: u64, channel: Value) -> Result<String, WorldError> {
        let body = Settings::by_hand(object(&channel)?);
        self.world(|world, now| {
            let made = channels::create(world, client, &body, now);
            let number = made.map_err(|refusal| refused(world, client, &refusal))?;
            let channel = world.account(client).channels.get(&number);
            Ok(channel
                .map(|channel| channel.id.clone())
                .unwrap_or_default())
        })
    }

    /// Sets fields of a channel, past every check, as a change of settings in the console does. What requests
    /// can name (`useDvr`, not `useDVR`) becomes a setting; any other field is shown like this from now on.
    #[expect(clippy::needless_pass_by_value, reason = "called with json!(…)")]
    pub fn edit(&self, id: &str, fields: Value) -> Result<(), WorldError> {
        let fields = object(&fields)?;
        self.owned(id, |world, client, number, now| {
            channels::change(world, client, number, now, |channel| {
                for (name, value) in fields {
                    if channel.settings.force(name, value) {
                        channel.pinned.remove(name);
                    } else {
                        channel.pinned.insert(name.clone(), value.clone());
                    }
                }
            });
            Ok(())
        })
    }

    /// Switches a channel on or off as a person in the console would: by the same rules.
    pub fn switch(&self, id: &str, on: bool) -> Result<(), WorldError> {
        self.owned(id, |world, client, number, now| {
            let done = if on {
                channels::on(world, client, number, now)
            } else {
                channels::off(world, client, number, now)
            };
            done.map_err(|refusal| refused(world, client, &refusal))
        })
    }

    /// Deletes a channel by hand, whatever its state. `false`: there is none such.
    pub fn remove(&self, id: &str) -> bool {
        self.take_away(id, Status::Deleted)
    }

    /// The provider takes a channel back: it is `FORCE_DELETED`. `false`: there is none such.
    pub fn reclaim(&self, id: &str) -> bool {
        self.take_away(id, Status::ForceDeleted)
    }

    fn take_away(&self, id: &str, status: Status) -> bool {
        let removed = self.owned(id, |world, client, number, now| {
            Ok(channels::remove(world, client, number, status, now))
        });
        removed.unwrap_or(false)
    }

    /// The provider blocks a channel: it is `FORCE_BLOCK`, and its broadcast is cut. `false`: there is none
    /// such.
    pub fn force_block(&self, id: &str) -> bool {
        self.put(id, Status::ForceBlock)
    }

    /// The provider lifts its block: the channel is `READY`. `false`: there is no such channel, or it is not
    /// blocked so.
    pub fn lift_block(&self, id: &str) -> bool {
        let blocked = |channel: &Value| channel["channelStatus"] == "FORCE_BLOCK";
        self.channel(id).is_some_and(|channel| blocked(&channel)) && self.put(id, Status::Ready)
    }

    fn put(&self, id: &str, status: Status) -> bool {
        let put = self.owned(id, |world, client, number, now| {
            encoder::turn(world, client, number, status, now);
            Ok(())
        });
        put.is_ok()
    }

    /// An encoder begins to send, at once, or stops.
    pub fn set_live(&self, id: &str, on: bool) -> Result<(), Refused> {
        let keep_trying = false;
        self.encoder(id, Encoder { on, keep_trying })
    }

    /// A command to a channel's encoder.
    pub fn encoder(&self, id: &str, encoder: Encoder) -> Result<(), Refused> {
        self.world(|world, now| {
            let (client, number) = world.owner(id).ok_or(Refused::NoSuchChannel)?;
            encoder::command(world, client, number, encoder, now)
        })
    }

    /// The events of a channel, the oldest first; it may be gone.
    pub fn events(&self, id: &str) -> Vec<Value> {
        self.world(|world, _| {
            let owner = world.owner(id);
            let channel = owner.and_then(|(client, number)| {
                let account = world.accounts.get(&client)?;
                account.channels.get(&number)
            });
            channel.map_or_else(Vec::new, |channel| channel.events.iter().cloned().collect())
        })
    }

    /// Looks at or changes a channel that there is.
    fn owned<T>(
        &self,
        id: &str,
        act: impl FnOnce(&mut World, u64, u64, Moment) -> Result<T, WorldError>,
    ) -> Result<T, WorldError> {
        self.world(|world, now| {
            let owner = world.owner(id).filter(|(client, _)| {
                let account = world.accounts.get(client);
                account.is_some_and(|account| account.here(id).is_some())
            });
            let no_such = || WorldError::NoSuchChannel(id.to_owned());
            let (client, number) = owner.ok_or_else(no_such)?;
            act(world, client, number, now)
        })
    }
}

/// Recordings.
impl Control {
    /// The files that were recorded from a channel, the oldest first, each with its id as `recordId`. The
    /// channel may be gone.
    pub fn records(&self, channel: &str) -> Vec<Value> {
        self.world(|world, _| {
            let Some((client, number)) = world.owner(channel) else {
                return Vec::new();
            };
            let records = world.account(client).records.iter();
            let records = records.filter(|(_, record)| record.channel == number);
            records.map(|(id, record)| with_id(*id, record)).collect()
        })
    }

    /// One file.
    pub fn record(&self, id: u64) -> Option<Value> {
        self.world(|world, _| {
            let client = world.record_owner(id)?;
            let record = world.account(client).records.get(&id)?;
            Some(with_id(id, record))
        })
    }

    /// Sets fields of a file, past every check. `status`, where it is one that there is, becomes its status;
    /// any other field is shown like this from now on.
    #[expect(clippy::needless_pass_by_value, reason = "called with json!(…)")]
    pub fn edit_record(&self, id: u64, fields: Value) -> Result<(), WorldError> {
        let fields = object(&fields)?;
        self.world(|world, _| {
            let client = world.record_owner(id);
            let client = client.ok_or(WorldError::NoSuchRecord(id))?;
            let record = world.account(client).records.get_mut(&id);
            let record = record.ok_or(WorldError::NoSuchRecord(id))?;
            for (name, value) in fields {
                match serde_json::from_value::<RecordStatus>(value.clone()) {
                    Ok(status) if name == "status" => {
                        record.status = status;
                        record.pinned.remove(name);
                    }
                    _ => drop(record.pinned.insert(name.clone(), value.clone())),
                }
            }
            Ok(())
        })
    }

    /// What becomes of the client's next recording of which nothing has been said yet. Without it: all
    /// goes well.
    pub fn next_recording(&self, client: u64, fate: Fate) {
        self.world(|world, _| world.account(client).fates.push_back(fate));
    }

    /// Starts recording, or stops it, as a person in the console would: by the same rules. Gives the
    /// `recordSeq`.
    pub fn set_recording(&self, id: &str, on: bool) -> Result<u64, WorldError> {
        self.owned(id, |world, client, number, now| {
            let done = if on {
                records::start(world, client, number, now)
            } else {
                records::stop(world, client, number, now)
            };
            done.map_err(|refusal| refused(world, client, &refusal))
        })
    }
}

/// Callbacks. What was sent is in [`crate::Desk::webhooks_sent`].
impl Control {
    /// Where a client's callbacks go from now on: an `http://` URL, or nowhere. Channels with an endpoint of
    /// their own have theirs.
    pub fn webhook(&self, client: u64, url: Option<&str>) -> Result<(), WorldError> {
        if let Some(url) = url {
            Target::parse(url).map_err(WorldError::Malformed)?;
        }
        let url = url.map(str::to_owned);
        self.world(|world, _| world.account(client).hook.endpoint = url);
        Ok(())
    }

    /// Where a client's callbacks go.
    pub fn webhook_of(&self, client: u64) -> Option<String> {
        self.world(|world, _| world.account(client).hook.endpoint.clone())
    }
}

fn with_id(id: u64, record: &Record) -> Value {
    let mut view = record.view();
    view["recordId"] = Value::from(id);
    view
}

fn refused(world: &mut World, client: u64, refusal: &Refusal) -> WorldError {
    WorldError::Refused(refusal.body(&world.account(client).behaviour))
}
