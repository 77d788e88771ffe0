//! The provider's world: its clients, what they have, and what is due when.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde_json::Value;

use super::auth::Keys;
use super::behaviour::Behaviour;
use super::broadcast::Broadcast;
use super::encoder::{self, Due, Plans};
use super::shelf::Shelf;
use super::stream::Stream;
use super::video::{self, Fate, Video};
use super::webhooks::{self, Hook};
use super::{broadcasts, links, recordings, videos};
use crate::agenda::Agenda;
use crate::clock::Moment;
use crate::limit::LastSecond;
use crate::outbox::{Outbox, Post};
use crate::scatter::scatter;

/// The first id that is given out: seven digits, as in the examples of the API specification.
const FIRST_ID: u64 = 2_304_117;

/// One client of the provider, with a world of its own.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) streams: Shelf<Stream>,
    pub(super) broadcasts: Shelf<Broadcast>,
    pub(super) videos: Shelf<Video>,
    pub(super) behaviour: Behaviour,
    pub(super) calls: LastSecond,
    /// What becomes of the next recordings.
    pub(super) fates: VecDeque<Fate>,
    pub(super) hook: Hook,
}

impl Account {
    fn new(behaviour: Behaviour) -> Self {
        Self {
            streams: Shelf::default(),
            broadcasts: Shelf::default(),
            videos: Shelf::default(),
            behaviour,
            calls: LastSecond::default(),
            fates: VecDeque::new(),
            hook: Hook::default(),
        }
    }

    /// How many streams are `active`, besides this one.
    pub(super) fn active_besides(&self, id: Option<u64>) -> u64 {
        let active = self.streams.values().filter(|s| s.is_active());
        active.filter(|s| Some(s.id) != id).count() as u64
    }

    /// A stream as GET shows it.
    pub(super) fn stream(&self, id: u64, now: Moment) -> Option<Value> {
        let ways = &self.behaviour;
        let stream = self.streams.get(&id)?;
        let mut view = stream.view(ways, now);
        if ways.legacy_fields {
            let ids = stream.settings.ids(links::BROADCASTS);
            view["broadcasts"] = broadcasts::details(&self.broadcasts, &ids, ways);
        }
        Some(view)
    }

    /// Keeps what lists showed of a stream before a change, if they lag.
    pub(super) fn remember(&mut self, id: u64, now: Moment) {
        let ways = &self.behaviour;
        self.streams
            .remember(id, ways, now, |stream| stream.view(ways, now));
    }

    /// The same of a broadcast.
    pub(super) fn remember_broadcast(&mut self, id: u64, now: Moment) {
        let ways = &self.behaviour;
        self.broadcasts
            .remember(id, ways, now, |broadcast| broadcast.view(ways));
    }

    /// The same of a video.
    pub(super) fn remember_video(&mut self, id: u64, now: Moment) {
        let ways = &self.behaviour;
        self.videos
            .remember(id, ways, now, |video| video.view(ways));
    }
}

/// Something that will be looked at later. Whether it still holds is decided then.
#[derive(Debug)]
pub(super) enum What {
    Stream(u64, Due),
    Recorder(u64),
    Video(u64, video::Due),
    Post(Box<Post>),
}

/// Everything.
#[derive(Debug)]
pub(super) struct World {
    pub(super) keys: Keys,
    pub(super) accounts: BTreeMap<u64, Account>,
    pub(super) outbox: Arc<Outbox>,
    defaults: Behaviour,
    next_id: u64,
    seed: u64,
    /// Each with its client.
    pub(super) agenda: Agenda<(u64, What)>,
}

impl World {
    pub(super) fn new(defaults: Behaviour, seed: u64, outbox: Arc<Outbox>) -> Self {
        Self {
            keys: Keys::default(),
            accounts: BTreeMap::new(),
            outbox,
            defaults,
            next_id: FIRST_ID,
            seed,
            agenda: Agenda::default(),
        }
    }

    /// A client's account; it comes to be by being named.
    pub(super) fn account(&mut self, client: u64) -> &mut Account {
        let defaults = &self.defaults;
        self.accounts
            .entry(client)
            .or_insert_with(|| Account::new(defaults.clone()))
    }

    /// Whose this is. Ids are the provider's, not the client's.
    pub(super) fn owner(&self, has: impl Fn(&Account) -> bool) -> Option<u64> {
        let mut accounts = self.accounts.iter();
        accounts
            .find(|(_, account)| has(account))
            .map(|(client, _)| *client)
    }

    /// An id that never was: higher than all before, with gaps, as where many clients create.
    pub(super) fn take_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1 + scatter(id) % 9;
        id
    }

    /// A push key: 32 hexadecimal digits.
    pub(super) fn take_token(&mut self) -> String {
        self.seed = self.seed.wrapping_add(1);
        let (a, b) = (scatter(self.seed), scatter(!self.seed));
        format!("{a:016x}{b:016x}")
    }

    /// The random part of a video's addresses: 16 characters.
    pub(super) fn take_slug(&mut self) -> String {
        let mut token = self.take_token();
        token.truncate(16);
        token
    }

    /// Notes what is to be looked at so many seconds after something.
    pub(super) fn plan(&mut self, client: u64, from: Moment, seconds: f64, what: What) {
        self.agenda.plan(from.plus(seconds), (client, what));
    }

    /// A recorder is to be looked at. There is never more than one time for it.
    pub(super) fn look_at_recorder(&mut self, client: u64, id: u64, now: Moment, seconds: f64) {
        if let Some(stream) = self.account(client).streams.get_mut(&id) {
            stream.recorder.due = Some(now.plus(seconds));
            self.plan(client, now, seconds, What::Recorder(id));
        }
    }

    /// After anything that has changed a stream: what follows is noted, the recorder follows the
    /// ingest, and the client is told.
    pub(super) fn stream_changed(&mut self, client: u64, id: u64, now: Moment, plans: Plans) {
        for (seconds, due) in plans {
            self.plan(client, now, seconds, What::Stream(id, due));
        }
        recordings::follow(self, client, id, now);
        webhooks::stream(self, client, id, now);
    }

    /// Removes a stream for good; what it has recorded stays. `false`: there is none.
    pub(super) fn delete_stream(&mut self, client: u64, id: u64, now: Moment) -> bool {
        self.account(client).remember(id, now);
        recordings::cut_off(self, client, id, now);
        let account = self.account(client);
        let gone = account.streams.take(id).is_some();
        if gone {
            links::stream_gone(account, id, now);
        }
        gone
    }

    /// Lets everything happen that is due by now, each at its own time. Nothing in the world is
    /// looked at or changed before this has been done.
    pub(super) fn settle(&mut self, now: Moment) {
        while let Some((at, (client, what))) = self.agenda.take(now) {
            match what {
                What::Stream(id, due) => self.happen(client, id, due, at),
                What::Recorder(id) => {
                    let streams = &self.account(client).streams;
                    let due = streams.get(&id).and_then(|stream| stream.recorder.due);
                    if due == Some(at) {
                        recordings::look(self, client, id, at);
                        webhooks::stream(self, client, id, at);
                    }
                }
                What::Video(id, due) => videos::happen(self, client, id, due, at),
                What::Post(post) => self.outbox.send(*post, at),
            }
        }
    }

    fn happen(&mut self, client: u64, id: u64, due: Due, at: Moment) {
        let account = self.account(client);
        if let Some(stream) = account.streams.get_mut(&id) {
            let plans = encoder::happen(stream, due, &account.behaviour, at);
            self.stream_changed(client, id, at, plans);
        }
    }

    /// After a change of a client's behaviour: idle PULL streams and recorders are measured by it at
    /// once.
    pub(super) fn behaviour_changed(&mut self, client: u64, now: Moment) {
        let account = self.account(client);
        let idle = account.behaviour.pull_idle_seconds;
        let waiting: Vec<_> = account
            .streams
            .values()
            .filter(|s| s.is_pull() && s.is_active() && !s.is_live())
            .map(|s| (s.id, s.idle_since))
            .collect();
        let busy: Vec<_> = account
            .streams
            .values()
            .filter(|s| s.recorder.is_busy())
            .map(|s| s.id)
            .collect();
        for (id, since) in waiting {
            self.plan(client, since, idle, What::Stream(id, Due::Idle));
        }
        for id in busy {
            recordings::look(self, client, id, now);
            webhooks::stream(self, client, id, now);
        }
        self.settle(now);
    }
}
