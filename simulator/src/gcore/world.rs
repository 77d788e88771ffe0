//! The provider's world: its clients, their streams, and what is due when.

use std::collections::BTreeMap;

use serde_json::Value;

use super::auth::Keys;
use super::behaviour::{Behaviour, PageShift, Shift};
use super::encoder::{self, Due, Plans};
use super::stream::Stream;
use crate::clock::Moment;
use crate::limit::LastSecond;

/// The first id that is given out: seven digits, as in the examples of the API specification.
const FIRST_ID: u64 = 2_304_117;

/// One client of the provider, with a world of its own.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) streams: BTreeMap<u64, Stream>,
    pub(super) behaviour: Behaviour,
    pub(super) created: u64,
    pub(super) deleted: u64,
    /// Deleted streams that lists still show, and until when.
    pub(super) ghosts: BTreeMap<u64, (Moment, Value)>,
    pub(super) calls: LastSecond,
    /// How far the pages of the walk that is under way are shifted.
    pub(super) shifted: Option<Shift>,
}

impl Account {
    fn new(behaviour: Behaviour) -> Self {
        Self {
            streams: BTreeMap::new(),
            behaviour,
            created: 0,
            deleted: 0,
            ghosts: BTreeMap::new(),
            calls: LastSecond::default(),
            shifted: None,
        }
    }

    /// How many streams are `active`, besides this one.
    pub(super) fn active_besides(&self, id: Option<u64>) -> u64 {
        let active = self.streams.values().filter(|s| s.is_active());
        active.filter(|s| Some(s.id) != id).count() as u64
    }

    /// The shift that applies to this page; page 1 begins a walk.
    pub(super) fn shift_before(&mut self, page: u64) -> Option<Shift> {
        if page <= 1 {
            self.shifted = None;
        }
        self.shifted
    }

    /// After a page has been served: whether the rest of the walk is shifted.
    pub(super) fn shift_after(&mut self, page: u64) {
        let Some(PageShift {
            after_page,
            how,
            walks,
        }) = self.behaviour.page_shift
        else {
            return;
        };
        if page != after_page || walks == Some(0) {
            return;
        }
        self.shifted = Some(how);
        if let Some(PageShift {
            walks: Some(walks), ..
        }) = &mut self.behaviour.page_shift
        {
            *walks -= 1;
        }
    }

    /// Keeps what lists showed before a change, if they lag. A second change within the lag does
    /// not show the first one sooner.
    pub(super) fn remember(&mut self, id: u64, now: Moment) {
        if self.behaviour.stale_list_seconds <= 0.0 {
            return;
        }
        let until = now.plus(self.behaviour.stale_list_seconds);
        let ways = &self.behaviour;
        if let Some(stream) = self.streams.get_mut(&id) {
            let shown = match stream.stale.take() {
                Some((end, shown)) if end > now => shown,
                _ => stream.view(ways),
            };
            stream.stale = Some((until, shown));
        }
    }

    /// Removes a stream for good. `false`: there is none.
    pub(super) fn delete(&mut self, id: u64, now: Moment) -> bool {
        self.remember(id, now);
        let Some(stream) = self.streams.remove(&id) else {
            return false;
        };
        self.deleted += 1;
        if let Some(stale) = stream.stale {
            self.ghosts.insert(id, stale);
        }
        true
    }
}

/// Everything.
#[derive(Debug)]
pub(super) struct World {
    pub(super) keys: Keys,
    pub(super) accounts: BTreeMap<u64, Account>,
    defaults: Behaviour,
    next_id: u64,
    seed: u64,
    due: BTreeMap<(Moment, u64), (u64, u64, Due)>,
    due_last: u64,
}

impl World {
    pub(super) fn new(defaults: Behaviour, seed: u64) -> Self {
        Self {
            keys: Keys::default(),
            accounts: BTreeMap::new(),
            defaults,
            next_id: FIRST_ID,
            seed,
            due: BTreeMap::new(),
            due_last: 0,
        }
    }

    /// A client's account; it comes to be by being named.
    pub(super) fn account(&mut self, client: u64) -> &mut Account {
        let defaults = &self.defaults;
        self.accounts
            .entry(client)
            .or_insert_with(|| Account::new(defaults.clone()))
    }

    /// Whose stream this is. Ids are the provider's, not the client's.
    pub(super) fn owner(&self, id: u64) -> Option<u64> {
        let mut accounts = self.accounts.iter();
        accounts
            .find(|(_, account)| account.streams.contains_key(&id))
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

    /// Notes what follows for a stream from something at this time.
    pub(super) fn plan(&mut self, client: u64, id: u64, now: Moment, plans: Plans) {
        for (seconds, due) in plans {
            self.due_last += 1;
            let at = now.plus(seconds);
            self.due.insert((at, self.due_last), (client, id, due));
        }
    }

    /// Lets everything happen that is due by now, each at its own time. Nothing in the world is
    /// looked at or changed before this has been done, so no task has to wait for it.
    pub(super) fn settle(&mut self, now: Moment) {
        while let Some(next) = self.due.first_entry() {
            let at = next.key().0;
            if at > now {
                return;
            }
            let (client, id, due) = next.remove();
            let Some(account) = self.accounts.get_mut(&client) else {
                continue;
            };
            if let Some(stream) = account.streams.get_mut(&id) {
                let plans = encoder::happen(stream, due, &account.behaviour, at);
                self.plan(client, id, at, plans);
            }
        }
    }

    /// After a change of a client's behaviour: idle PULL streams are measured by it at once.
    pub(super) fn behaviour_changed(&mut self, client: u64) {
        let account = self.account(client);
        let idle = account.behaviour.pull_idle_seconds;
        let waiting: Vec<_> = account
            .streams
            .values()
            .filter(|s| s.is_pull() && s.is_active() && !s.is_live())
            .map(|s| (s.id, s.idle_since))
            .collect();
        for (id, since) in waiting {
            self.plan(client, id, since, vec![(idle, Due::Idle)]);
        }
    }
}

/// A number that looks unlike its neighbours' (splitmix64).
pub(super) fn scatter(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}
