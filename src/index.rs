//! Who refers to what among the LiveStreams and the Broadcasts: kept by the watch, asked by those
//! who wake.

mod broadcasts;
mod relation;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;
use kube::ResourceExt as _;

use crate::{
    api::LiveStream, object_key::ObjectKey, object_state::ObjectState, provider::StreamId,
};

pub use self::broadcasts::{Broadcasts, Entry as BroadcastEntry};
use self::relation::Relation;

/// The LiveStreams that the watch has shown, by what they refer to.
#[derive(Debug, Default)]
pub struct Index {
    inner: Mutex<Inner>,
    /// The Broadcasts that the watch has shown.
    pub broadcasts: Broadcasts,
}

#[derive(Debug, Default)]
struct Inner {
    entries: HashMap<ObjectKey, Entry>,
    by_account: Relation<ObjectKey>,
    by_stream: Relation<StreamId>,
    by_secret: Relation<ObjectKey>,
    generation: u64,
}

/// What one LiveStream refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The object's uid.
    pub uid: String,
    /// Its account.
    pub account: ObjectKey,
    /// The stream that its status names.
    pub stream: Option<StreamId>,
    /// The stream that its spec adopts.
    pub adopts: Option<StreamId>,
    /// When it was created; with the uid it decides who adopts first.
    pub created: Option<Timestamp>,
    /// How it fares.
    pub state: ObjectState,
    secrets: BTreeSet<ObjectKey>,
}

impl Entry {
    fn of(object: &LiveStream) -> Self {
        let namespace = object.namespace().unwrap_or_default();
        let spec = &object.spec;
        let names = [
            spec.srt_passphrase_secret_ref.as_ref().map(|r| &r.name),
            spec.pull
                .as_ref()
                .and_then(|p| p.urls_secret_ref.as_ref())
                .map(|r| &r.name),
            spec.ingest_secret.as_ref().map(|s| &s.name),
        ];
        Self {
            uid: object.uid().unwrap_or_default(),
            account: ObjectKey::new(&namespace, &spec.account_ref.name),
            stream: object
                .status
                .as_ref()
                .and_then(|s| s.stream_id.as_deref())
                .map(StreamId::new),
            adopts: spec.external_id.as_deref().map(StreamId::new),
            created: object.creation_timestamp().map(|t| t.0),
            state: ObjectState::of_stream(object),
            secrets: names
                .into_iter()
                .flatten()
                .map(|name| ObjectKey::new(&namespace, name))
                .collect(),
        }
    }

    fn streams(&self) -> impl Iterator<Item = &StreamId> {
        self.stream.iter().chain(&self.adopts)
    }
}

impl Index {
    /// Takes in an object as it is now.
    pub fn apply(&self, object: &LiveStream) {
        self.lock()
            .put(ObjectKey::of(object), Some(Entry::of(object)));
    }

    /// Forgets an object.
    pub fn remove(&self, object: &LiveStream) {
        self.lock().put(ObjectKey::of(object), None);
    }

    /// What an object refers to.
    pub fn entry(&self, key: &ObjectKey) -> Option<Entry> {
        self.lock().entries.get(key).cloned()
    }

    /// Whether there is such an object.
    pub fn has(&self, key: &ObjectKey) -> bool {
        self.lock().entries.contains_key(key)
    }

    /// Another number whenever an object has come or gone.
    pub fn generation(&self) -> u64 {
        self.lock().generation
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

    /// The objects whose status or spec names a stream.
    pub fn of_stream(&self, id: &StreamId) -> Vec<ObjectKey> {
        self.lock().by_stream.of(id).cloned().collect()
    }

    /// The objects that name a Secret, or have one made.
    pub fn of_secret(&self, secret: &ObjectKey) -> Vec<ObjectKey> {
        self.lock().by_secret.of(secret).cloned().collect()
    }

    /// The streams that the objects of an account hold.
    pub fn held_by(&self, account: &ObjectKey) -> Vec<StreamId> {
        let inner = self.lock();
        let keys = inner.by_account.of(account);
        keys.filter_map(|key| inner.entries.get(key))
            .filter_map(|entry| entry.stream.clone())
            .collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn put(&mut self, key: ObjectKey, entry: Option<Entry>) {
        if self.entries.contains_key(&key) != entry.is_some() {
            self.generation += 1;
        }
        if let Some(old) = self.entries.remove(&key) {
            self.by_account.take(&old.account, &key);
            old.streams().for_each(|id| self.by_stream.take(id, &key));
            let secrets = old.secrets.iter();
            secrets.for_each(|secret| self.by_secret.take(secret, &key));
        }
        let Some(new) = entry else { return };
        self.by_account.add(&new.account, &key);
        new.streams().for_each(|id| self.by_stream.add(id, &key));
        let secrets = new.secrets.iter();
        secrets.for_each(|secret| self.by_secret.add(secret, &key));
        self.entries.insert(key, new);
    }
}
