//! What a person does in the portal about broadcasts, recordings and videos, and what support does about
//! webhooks: the rest of [`Control`].

use serde_json::Value;

use super::control::{Control, WorldError, object};
use super::recordings::{self, Storage};
use super::video::Fate;
use super::world::{Account, World};
use super::{broadcasts, videos};
use crate::clock::Moment;
use crate::front::Reply;
use crate::outbox::Target;

/// Broadcasts.
impl Control {
    /// All broadcasts of a client as GET would show them, the oldest first, whatever is hidden.
    pub fn broadcasts(&self, client: u64) -> Vec<Value> {
        self.world(|world, _| {
            let account = world.account(client);
            let broadcasts = account.broadcasts.values();
            broadcasts.map(|b| b.view(&account.behaviour)).collect()
        })
    }

    /// One broadcast as GET would show it.
    pub fn broadcast(&self, id: u64) -> Option<Value> {
        let seen = self.broadcasting(id, |world, client, _| {
            let account = world.account(client);
            let broadcast = account.broadcasts.get(&id);
            broadcast.map(|b| b.view(&account.behaviour))
        });
        seen.ok().flatten()
    }

    /// How many broadcasts this client ever had created, in whatever way.
    pub fn broadcasts_created(&self, client: u64) -> u64 {
        self.world(|world, _| world.account(client).broadcasts.created)
    }

    /// How many broadcasts of this client were ever deleted, in whatever way.
    pub fn broadcasts_deleted(&self, client: u64) -> u64 {
        self.world(|world, _| world.account(client).broadcasts.deleted)
    }

    /// Creates a broadcast as a person in the portal would; gives its id.
    #[expect(clippy::needless_pass_by_value, reason = "called with json!(…)")]
    pub fn create_broadcast(&self, client: u64, broadcast: Value) -> Result<u64, WorldError> {
        let body = object(&broadcast)?;
        self.world(|world, now| broadcasts::create(world, client, body, now).map_err(refused))
    }

    /// Sets fields of a broadcast, past every check. A writable field changes as it would by PATCH;
    /// any other is shown like this from now on.
    #[expect(clippy::needless_pass_by_value, reason = "called with json!(…)")]
    pub fn edit_broadcast(&self, id: u64, fields: Value) -> Result<(), WorldError> {
        let fields = object(&fields)?;
        self.broadcasting(id, |world, client, now| {
            broadcasts::change(world, client, id, now, |broadcast| {
                for (name, value) in fields {
                    if broadcast.settings.force(name, value) {
                        broadcast.pinned.remove(name);
                    } else {
                        broadcast.pinned.insert(name.clone(), value.clone());
                    }
                }
            });
        })
    }

    /// Deletes a broadcast as a person in the portal would. `false`: there is none such.
    pub fn remove_broadcast(&self, id: u64) -> bool {
        let removed = self.broadcasting(id, |world, client, now| {
            broadcasts::delete(world.account(client), id, now)
        });
        removed.unwrap_or(false)
    }

    fn broadcasting<T>(
        &self,
        id: u64,
        act: impl FnOnce(&mut World, u64, Moment) -> T,
    ) -> Result<T, WorldError> {
        let has = |account: &Account| account.broadcasts.contains_key(&id);
        self.world(|world, now| {
            let client = world.owner(has);
            let client = client.ok_or(WorldError::NoSuchBroadcast(id))?;
            Ok(act(world, client, now))
        })
    }
}

/// Recordings and videos.
impl Control {
    /// All videos of a client as GET would show them, the oldest first, whatever is hidden.
    pub fn videos(&self, client: u64) -> Vec<Value> {
        self.world(|world, _| {
            let account = world.account(client);
            let videos = account.videos.values();
            videos.map(|v| v.view(&account.behaviour)).collect()
        })
    }

    /// The videos that were recorded from a stream, the oldest first. The stream may be gone.
    pub fn videos_of(&self, stream: u64) -> Vec<Value> {
        self.world(|world, _| {
            let accounts = world.accounts.values();
            accounts
                .flat_map(|account| {
                    let videos = account.videos.values();
                    let from = |id: u64| id == stream;
                    videos
                        .filter(move |v| v.recording.as_ref().is_some_and(|r| from(r.stream)))
                        .map(|v| v.view(&account.behaviour))
                })
                .collect()
        })
    }

    /// One video as GET would show it.
    pub fn video(&self, id: u64) -> Option<Value> {
        let seen = self.viewing(id, |world, client, _| {
            let account = world.account(client);
            let video = account.videos.get(&id);
            video.map(|v| v.view(&account.behaviour))
        });
        seen.ok().flatten()
    }

    /// Puts a video there that somebody has uploaded, or a recording that was there before: ready, if
    /// nothing else is said. The fields are those of [`Self::edit_video`].
    #[expect(clippy::needless_pass_by_value, reason = "called with json!(…)")]
    pub fn create_video(&self, client: u64, fields: Value) -> Result<u64, WorldError> {
        let fields = object(&fields)?;
        Ok(self.world(|world, now| videos::put(world, client, fields, now)))
    }

    /// Sets fields of a video, past every check. `status`, where it is one that there is, becomes its
    /// status for good; `error`, `duration` and `stream_id` become its own; a writable field changes as by
    /// PATCH; any other is shown like this from now on.
    #[expect(clippy::needless_pass_by_value, reason = "called with json!(…)")]
    pub fn edit_video(&self, id: u64, fields: Value) -> Result<(), WorldError> {
        let fields = object(&fields)?;
        self.viewing(id, |world, client, now| {
            videos::edit(world, client, id, fields, now);
        })
    }

    /// Deletes a video as a person in the portal would. `false`: there is none such.
    pub fn remove_video(&self, id: u64) -> bool {
        let removed = self.viewing(id, |world, client, now| {
            videos::delete(world, client, id, now)
        });
        removed.unwrap_or(false)
    }

    /// What becomes of the client's next recording of which nothing has been said yet. Without it: all
    /// goes well.
    pub fn next_video(&self, client: u64, fate: Fate) {
        self.world(|world, _| world.account(client).fates.push_back(fate));
    }

    /// Starts recording, or stops it, as a person in the portal would: by the same rules. Gives the
    /// video that stopping has made.
    pub fn record(&self, id: u64, on: bool) -> Result<Option<u64>, WorldError> {
        self.owned(id, |world, client, now| {
            if !on {
                return Ok(recordings::end(world, client, id, now));
            }
            let reply = recordings::start(world, client, id, now);
            if reply.applied {
                Ok(None)
            } else {
                Err(refused(reply))
            }
        })
    }

    /// How full a client's storage is.
    pub fn storage(&self, client: u64) -> Storage {
        self.world(|world, now| Storage::of(world.account(client), now))
    }

    fn viewing<T>(
        &self,
        id: u64,
        act: impl FnOnce(&mut World, u64, Moment) -> T,
    ) -> Result<T, WorldError> {
        let has = |account: &Account| account.videos.contains_key(&id);
        self.world(|world, now| {
            let client = world.owner(has).ok_or(WorldError::NoSuchVideo(id))?;
            Ok(act(world, client, now))
        })
    }
}

/// Webhooks.
impl Control {
    /// Where a client's webhooks go from now on, as support sets it: an `http://` URL, or nowhere.
    pub fn webhook(&self, client: u64, url: Option<&str>) -> Result<(), WorldError> {
        let target = url.map(Target::parse).transpose();
        let target = target.map_err(WorldError::Malformed)?;
        self.world(|world, _| world.account(client).hook.target = target);
        Ok(())
    }

    /// Where a client's webhooks go.
    pub fn webhook_of(&self, client: u64) -> Option<String> {
        let target = self.world(|world, _| world.account(client).hook.target.clone());
        target.map(|target| target.url())
    }
}

fn refused(reply: Reply) -> WorldError {
    WorldError::Refused(reply.body.unwrap_or_default())
}
