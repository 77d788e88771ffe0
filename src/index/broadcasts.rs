//! Who refers to what among the Broadcasts.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;
use kube::ResourceExt as _;

use super::relation::Relation;
use crate::{
    api::Broadcast,
    object_key::ObjectKey,
    object_state::ObjectState,
    provider::{BroadcastId, StreamId},
};

/// The Broadcasts that the watch has shown, by what they refer to.
#[derive(Debug, Default)]
pub struct Broadcasts(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    entries: HashMap<ObjectKey, Entry>,
    by_account: Relation<ObjectKey>,
    by_broadcast: Relation<BroadcastId>,
    by_object: Relation<ObjectKey>,
    by_stream: Relation<StreamId>,
    seekers: BTreeSet<ObjectKey>,
}

/// What one Broadcast refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The object's uid.
    pub uid: String,
    /// Its account.
    pub account: ObjectKey,
    /// The broadcast that its status names.
    pub broadcast: Option<BroadcastId>,
    /// The broadcast that its spec adopts.
    pub adopts: Option<BroadcastId>,
    /// When it was created; with the uid it decides who adopts first.
    pub created: Option<Timestamp>,
    /// The LiveStreams that it names.
    pub objects: BTreeSet<ObjectKey>,
    /// The streams that it names by id, or shows.
    pub streams: BTreeSet<StreamId>,
    /// How it fares.
    pub state: ObjectState,
}

impl Entry {
    fn of(object: &Broadcast) -> Self {
        let namespace = object.namespace().unwrap_or_default();
        let (spec, status) = (&object.spec, object.status.as_ref());
        let listed = || spec.streams.iter().flatten();
        let shown = status.and_then(|s| s.stream_ids.as_ref());
        Self {
            uid: object.uid().unwrap_or_default(),
            account: ObjectKey::new(&namespace, &spec.account_ref.name),
            broadcast: status
                .and_then(|s| s.broadcast_id.as_deref())
                .map(BroadcastId::new),
            adopts: spec.external_id.as_deref().map(BroadcastId::new),
            created: object.creation_timestamp().map(|t| t.0),
            objects: listed()
                .filter_map(|stream| stream.name.as_ref())
                .map(|name| ObjectKey::new(&namespace, name))
                .collect(),
            streams: listed()
                .filter_map(|stream| stream.id.as_ref())
                .chain(shown.into_iter().flatten())
                .map(StreamId::new)
                .collect(),
            state: ObjectState::of_broadcast(object),
        }
    }

    fn broadcasts(&self) -> impl Iterator<Item = &BroadcastId> {
        self.broadcast.iter().chain(&self.adopts)
    }
}

impl Broadcasts {
    /// Takes in an object as it is now.
    pub fn apply(&self, object: &Broadcast) {
        self.lock()
            .put(ObjectKey::of(object), Some(Entry::of(object)));
    }

    /// Forgets an object.
    pub fn remove(&self, object: &Broadcast) {
        self.lock().put(ObjectKey::of(object), None);
    }

    /// What an object refers to.
    pub fn entry(&self, key: &ObjectKey) -> Option<Entry> {
        self.lock().entries.get(key).cloned()
    }

    /// Every object.
    pub fn all(&self) -> Vec<ObjectKey> {
        self.lock().entries.keys().cloned().collect()
    }

    /// Shows each object's account and how it fares.
    pub fn each_state(&self, mut visit: impl FnMut(&ObjectKey, &ObjectState)) {
        let inner = self.lock();
        for entry in inner.entries.values() {
            visit(&entry.account, &entry.state);
        }
    }

    /// The objects that name an account.
    pub fn of_account(&self, account: &ObjectKey) -> Vec<ObjectKey> {
        self.lock().by_account.of(account).cloned().collect()
    }

    /// Whether an object names an account.
    pub fn any_of_account(&self, account: &ObjectKey) -> bool {
        self.lock().by_account.of(account).next().is_some()
    }

    /// The objects whose status or spec names a broadcast.
    pub fn of_broadcast(&self, id: &BroadcastId) -> Vec<ObjectKey> {
        self.lock().by_broadcast.of(id).cloned().collect()
    }

    /// The objects that name a LiveStream.
    pub fn of_object(&self, stream: &ObjectKey) -> Vec<ObjectKey> {
        self.lock().by_object.of(stream).cloned().collect()
    }

    /// The objects that name a stream by its id, or whose broadcast shows it.
    pub fn of_stream(&self, id: &StreamId) -> Vec<ObjectKey> {
        self.lock().by_stream.of(id).cloned().collect()
    }

    /// The objects that hold no broadcast: what nobody holds may be theirs.
    pub fn seekers(&self) -> Vec<ObjectKey> {
        self.lock().seekers.iter().cloned().collect()
    }

    /// The broadcasts that the objects of an account hold.
    pub fn held_by(&self, account: &ObjectKey) -> Vec<BroadcastId> {
        let inner = self.lock();
        let keys = inner.by_account.of(account);
        keys.filter_map(|key| inner.entries.get(key))
            .filter_map(|entry| entry.broadcast.clone())
            .collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn put(&mut self, key: ObjectKey, entry: Option<Entry>) {
        if let Some(old) = self.entries.remove(&key) {
            self.by_account.take(&old.account, &key);
            let broadcasts = old.broadcasts();
            broadcasts.for_each(|id| self.by_broadcast.take(id, &key));
            let objects = old.objects.iter();
            objects.for_each(|object| self.by_object.take(object, &key));
            let streams = old.streams.iter();
            streams.for_each(|id| self.by_stream.take(id, &key));
            self.seekers.remove(&key);
        }
        let Some(new) = entry else { return };
        self.by_account.add(&new.account, &key);
        let broadcasts = new.broadcasts();
        broadcasts.for_each(|id| self.by_broadcast.add(id, &key));
        let objects = new.objects.iter();
        objects.for_each(|object| self.by_object.add(object, &key));
        let streams = new.streams.iter();
        streams.for_each(|id| self.by_stream.add(id, &key));
        if new.broadcast.is_none() {
            self.seekers.insert(key.clone());
        }
        self.entries.insert(key, new);
    }
}
