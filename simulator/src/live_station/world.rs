//! The provider's world: its clients, what they have, and what is due when.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use serde_json::Value;

use super::auth::Keys;
use super::behaviour::Behaviour;
use super::callbacks::Hook;
use super::channel::Channel;
use super::encoder;
use super::errors::Refusal;
use super::records::{self, Fate, Record, Step};
use crate::agenda::Agenda;
use crate::clock::Moment;
use crate::limit::LastSecond;
use crate::lists::Shift;
use crate::outbox::{Outbox, Post};
use crate::scatter::scatter;

/// The first of the numbers that records, recordings and broadcasts have.
const FIRST_NUMBER: u64 = 361_545;

/// One client of the provider, with a world of its own.
#[derive(Debug)]
pub(super) struct Account {
    /// By [`Channel::number`]; those that are gone, too.
    pub(super) channels: BTreeMap<u64, Channel>,
    ids: HashMap<String, u64>,
    /// How many channels ever came, and went.
    pub(super) created: u64,
    pub(super) deleted: u64,
    /// The files of recordings, by their ids.
    pub(super) records: BTreeMap<u64, Record>,
    /// What lists still show of channels that have changed, and until when.
    pub(super) stale: BTreeMap<u64, (Moment, Value)>,
    /// How far the pages of the walk that is under way are shifted.
    pub(super) shifted: Option<Shift>,
    pub(super) behaviour: Behaviour,
    pub(super) calls: LastSecond,
    /// What becomes of the next recordings.
    pub(super) fates: VecDeque<Fate>,
    pub(super) hook: Hook,
}

impl Account {
    fn new(behaviour: Behaviour) -> Self {
        Self {
            channels: BTreeMap::new(),
            ids: HashMap::new(),
            created: 0,
            deleted: 0,
            records: BTreeMap::new(),
            stale: BTreeMap::new(),
            shifted: None,
            behaviour,
            calls: LastSecond::default(),
            fates: VecDeque::new(),
            hook: Hook::default(),
        }
    }

    pub(super) fn add(&mut self, channel: Channel) {
        self.ids.insert(channel.id.clone(), channel.number);
        self.channels.insert(channel.number, channel);
        self.created += 1;
    }

    /// The channels that there are, the oldest first.
    pub(super) fn present(&self) -> impl Iterator<Item = &Channel> {
        self.channels.values().filter(|channel| !channel.is_gone())
    }

    /// The number of a channel, gone or not.
    pub(super) fn number(&self, id: &str) -> Option<u64> {
        self.ids.get(id).copied()
    }

    /// A channel that there is.
    pub(super) fn here(&self, id: &str) -> Option<&Channel> {
        let channel = self.channels.get(&self.number(id)?)?;
        (!channel.is_gone()).then_some(channel)
    }

    /// The channel that a path names, if the API knows it now.
    pub(super) fn reachable(&self, id: &str, now: Moment) -> Result<u64, Refusal> {
        let ways = &self.behaviour;
        let channel = self
            .number(id)
            .and_then(|number| self.channels.get(&number));
        let hidden = ways.hide_new_from_get_seconds;
        let shown = channel.filter(|channel| {
            channel.shown_for(ways.deleted_shown_seconds, now)
                && (hidden <= 0.0 || channel.created_at.plus(hidden) <= now)
        });
        shown
            .map(|channel| channel.number)
            .ok_or_else(Refusal::no_channel)
    }

    pub(super) fn channel(&mut self, number: u64) -> Result<&mut Channel, Refusal> {
        let channel = self.channels.get_mut(&number);
        channel.ok_or_else(Refusal::no_channel)
    }

    /// Keeps what lists showed of a channel before a change, if they lag. A second change within the lag
    /// does not show the first one sooner.
    pub(super) fn remember(&mut self, number: u64, now: Moment) {
        let lag = self.behaviour.stale_list_seconds;
        if lag <= 0.0 {
            return;
        }
        if let Some(channel) = self.channels.get(&number) {
            let before = match self.stale.remove(&number) {
                Some((end, before)) if end > now => before,
                _ => channel.view(&self.behaviour, now),
            };
            self.stale.insert(number, (now.plus(lag), before));
        }
    }
}

/// Something that will be looked at later. Whether it still holds is decided then.
#[derive(Debug)]
pub(super) enum What {
    /// A channel has been made.
    Created(u64),
    /// Whoever keeps trying may send.
    Reconnect(u64),
    /// The signal was lost for so long that the broadcast is over; which loss it was.
    Over(u64, u64),
    Record(u64, Step),
    Post(Box<Post>),
}

/// Everything.
#[derive(Debug)]
pub(super) struct World {
    pub(super) keys: Keys,
    pub(super) accounts: BTreeMap<u64, Account>,
    pub(super) outbox: Arc<Outbox>,
    /// Each with its client.
    pub(super) agenda: Agenda<(u64, What)>,
    pub(super) defaults: Behaviour,
    channels: u64,
    next_number: u64,
    seed: u64,
}

impl World {
    pub(super) fn new(defaults: Behaviour, seed: u64, outbox: Arc<Outbox>) -> Self {
        Self {
            keys: Keys::default(),
            accounts: BTreeMap::new(),
            outbox,
            agenda: Agenda::default(),
            defaults,
            channels: 0,
            next_number: FIRST_NUMBER,
            seed,
        }
    }

    /// A client's account; it comes to be by being named.
    pub(super) fn account(&mut self, client: u64) -> &mut Account {
        let defaults = &self.defaults;
        self.accounts
            .entry(client)
            .or_insert_with(|| Account::new(defaults.clone()))
    }

    /// Whose channel this is, and its number.
    pub(super) fn owner(&self, id: &str) -> Option<(u64, u64)> {
        let mut accounts = self.accounts.iter();
        accounts.find_map(|(client, account)| Some((*client, account.number(id)?)))
    }

    /// Whose file this is.
    pub(super) fn record_owner(&self, id: u64) -> Option<u64> {
        let mut accounts = self.accounts.iter();
        accounts
            .find(|(_, account)| account.records.contains_key(&id))
            .map(|(client, _)| *client)
    }

    /// The number and the id of a new channel: `ls-20250814000000-PZohi`.
    pub(super) fn take_channel(&mut self, now: Moment) -> (u64, String) {
        self.channels += 1;
        let tail = self.take_letters(5);
        (self.channels, format!("ls-{}-{tail}", now.digits()))
    }

    /// A number that never was: higher than all before, with gaps, as where many clients are.
    pub(super) fn take_number(&mut self) -> u64 {
        let number = self.next_number;
        self.next_number += 1 + scatter(number) % 9;
        number
    }

    /// Letters and digits that nobody can guess.
    pub(super) fn take_letters(&mut self, count: usize) -> String {
        const LETTERS: &[u8; 62] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut letters = String::with_capacity(count);
        for _ in 0..count {
            self.seed = self.seed.wrapping_add(1);
            let place = usize::try_from(scatter(self.seed) % 62).unwrap_or_default();
            letters.push(char::from(LETTERS[place]));
        }
        letters
    }

    /// Notes what is to be looked at so many seconds after something.
    pub(super) fn plan(&mut self, client: u64, from: Moment, seconds: f64, what: What) {
        self.agenda.plan(from.plus(seconds), (client, what));
    }

    /// Lets everything happen that is due by now, each at its own time. Nothing in the world is
    /// looked at or changed before this has been done.
    pub(super) fn settle(&mut self, now: Moment) {
        while let Some((at, (client, what))) = self.agenda.take(now) {
            match what {
                What::Created(number) => encoder::created(self, client, number, at),
                What::Reconnect(number) => encoder::reconnect(self, client, number, at),
                What::Over(number, loss) => encoder::over(self, client, number, loss, at),
                What::Record(id, step) => records::happen(self, client, id, step, at),
                What::Post(post) => self.outbox.send(*post, at),
            }
        }
    }
}
