//! The objects of one kind that a client has, and what lists still show of them.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use serde_json::Value;

use super::behaviour::Behaviour;
use crate::clock::Moment;
use crate::lists::{PageShift, Shift};

/// What lists and reads by id ask of an object.
pub(super) trait Kept {
    fn created_at(&self) -> Moment;
}

/// Objects by id. Ids increase, so their order is that of their creation.
#[derive(Debug)]
pub(super) struct Shelf<T> {
    items: BTreeMap<u64, T>,
    pub(super) created: u64,
    pub(super) deleted: u64,
    /// What lists still show of an object that has changed or gone, and until when.
    stale: BTreeMap<u64, (Moment, Value)>,
    /// How far the pages of the walk that is under way are shifted.
    shifted: Option<Shift>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self {
            items: BTreeMap::new(),
            created: 0,
            deleted: 0,
            stale: BTreeMap::new(),
            shifted: None,
        }
    }
}

impl<T> Deref for Shelf<T> {
    type Target = BTreeMap<u64, T>;

    fn deref(&self) -> &BTreeMap<u64, T> {
        &self.items
    }
}

impl<T> DerefMut for Shelf<T> {
    fn deref_mut(&mut self) -> &mut BTreeMap<u64, T> {
        &mut self.items
    }
}

impl<T: Kept> Shelf<T> {
    pub(super) fn add(&mut self, id: u64, item: T) {
        self.items.insert(id, item);
        self.created += 1;
    }

    /// Takes an object out for good. Lists that lag must have been told before ([`Self::remember`]).
    pub(super) fn take(&mut self, id: u64) -> Option<T> {
        let item = self.items.remove(&id)?;
        self.deleted += 1;
        Some(item)
    }

    /// Keeps what lists showed before a change, if they lag. A second change within the lag does
    /// not show the first one sooner.
    pub(super) fn remember(
        &mut self,
        id: u64,
        ways: &Behaviour,
        now: Moment,
        shown: impl FnOnce(&T) -> Value,
    ) {
        if ways.stale_list_seconds <= 0.0 {
            return;
        }
        if let Some(item) = self.items.get(&id) {
            let before = match self.stale.remove(&id) {
                Some((end, before)) if end > now => before,
                _ => shown(item),
            };
            let until = now.plus(ways.stale_list_seconds);
            self.stale.insert(id, (until, before));
        }
    }

    /// What lists still show of this object.
    pub(super) fn stale(&self, id: u64) -> Option<&Value> {
        self.stale.get(&id).map(|(_, shown)| shown)
    }

    /// Objects that have gone, but that lists still show.
    pub(super) fn ghosts(&self) -> impl Iterator<Item = (u64, &Value)> {
        let ghosts = self.stale.iter();
        ghosts
            .filter(|(id, _)| !self.items.contains_key(id))
            .map(|(id, (_, shown))| (*id, shown))
    }

    pub(super) fn forget_stale(&mut self, now: Moment) {
        self.stale.retain(|_, (until, _)| *until > now);
    }

    /// The object that a path names, if it can be reached by id now.
    pub(super) fn reachable(&self, id: &str, ways: &Behaviour, now: Moment) -> Option<u64> {
        let id: u64 = id.parse().ok()?;
        let hidden = ways.hide_new_from_get_seconds;
        let created = self.items.get(&id)?.created_at();
        (hidden <= 0.0 || created.plus(hidden) <= now).then_some(id)
    }

    /// The shift that applies to this page; page 1 begins a walk.
    pub(super) fn shift_before(&mut self, page: u64) -> Option<Shift> {
        if page <= 1 {
            self.shifted = None;
        }
        self.shifted
    }

    /// After a page has been served: whether the rest of the walk is shifted.
    pub(super) fn shift_after(&mut self, page: u64, ways: &mut Behaviour) {
        let Some(PageShift {
            after_page,
            how,
            walks,
        }) = &mut ways.page_shift
        else {
            return;
        };
        if page != *after_page || *walks == Some(0) {
            return;
        }
        self.shifted = Some(*how);
        if let Some(walks) = walks {
            *walks -= 1;
        }
    }
}
