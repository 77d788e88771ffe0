//! Which objects refer to what.

use std::collections::BTreeSet;

use crate::object_key::ObjectKey;

/// Pairs of something and an object that refers to it, in one tree: a set for each thing would take
/// ten times the memory, because nearly all of them hold one object.
#[derive(Debug)]
pub(super) struct Relation<T>(BTreeSet<(T, ObjectKey)>);

impl<T> Default for Relation<T> {
    fn default() -> Self {
        Self(BTreeSet::new())
    }
}

impl<T: Clone + Ord> Relation<T> {
    pub(super) fn add(&mut self, of: &T, key: &ObjectKey) {
        self.0.insert((of.clone(), key.clone()));
    }

    pub(super) fn take(&mut self, of: &T, key: &ObjectKey) {
        self.0.remove(&(of.clone(), key.clone()));
    }

    /// The objects that refer to a thing, in the order of their names.
    pub(super) fn of<'a>(&'a self, of: &'a T) -> impl Iterator<Item = &'a ObjectKey> {
        let first = (of.clone(), ObjectKey::new("", ""));
        let pairs = self.0.range(first..).take_while(move |(to, _)| to == of);
        pairs.map(|(_, key)| key)
    }
}
