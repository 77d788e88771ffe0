//! Which objects the names in marks mean, where a provider's marks do not hold names as they are.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use crate::{index::Index, object_key::ObjectKey};

/// Objects by their names as marks write them. Each is worked out once: a walk brings news of every stream, and
/// with as many objects it would be worked out for each pair.
#[derive(Debug, Default)]
pub(super) struct Names(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// The index's generation that they are of.
    generation: Option<u64>,
    written: HashMap<ObjectKey, ObjectKey>,
    objects: HashMap<ObjectKey, ObjectKey>,
}

impl Names {
    /// The objects that these names mean. `written` is an object's name as marks write it.
    pub(super) fn objects(
        &self,
        index: &Index,
        written: impl Fn(&ObjectKey) -> ObjectKey,
        names: &[ObjectKey],
    ) -> Vec<ObjectKey> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // An object that comes in the meantime leads to one more round, and is woken by its coming anyway.
        let generation = index.generation();
        if inner.generation != Some(generation) {
            let all = index.all().into_iter();
            let now: HashMap<_, _> = all
                .map(|key| {
                    let known = inner.written.remove(&key);
                    let name = known.unwrap_or_else(|| written(&key));
                    (key, name)
                })
                .collect();
            let back = now.iter().map(|(key, name)| (name.clone(), key.clone()));
            inner.objects = back.collect();
            inner.written = now;
            inner.generation = Some(generation);
        }
        let meant = names.iter().filter_map(|name| inner.objects.get(name));
        meant.cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::api::LiveStream;

    fn object(name: &str) -> LiveStream {
        let mut object = LiveStream::new(name, crate::api::LiveStreamSpec::default());
        object.metadata.namespace = Some("ns".to_owned());
        object
    }

    #[test]
    fn names_in_marks_mean_the_objects_that_there_are() {
        let (index, names, worked) = (Index::default(), Names::default(), Cell::new(0));
        let key = |name: &str| ObjectKey::new("ns", name);
        let mark = |name: &str| ObjectKey::new("~", format!("{name}!"));
        let objects = |asked: &[ObjectKey]| {
            let written = |key: &ObjectKey| {
                worked.set(worked.get() + 1);
                mark(&key.name)
            };
            names.objects(&index, written, asked)
        };
        assert_eq!(objects(&[mark("a")]), []);
        index.apply(&object("a"));
        index.apply(&object("b"));
        assert_eq!(objects(&[mark("a"), mark("c")]), [key("a")]);
        index.apply(&object("c"));
        index.apply(&object("a"));
        assert_eq!(objects(&[mark("c"), mark("b")]), [key("c"), key("b")]);
        assert_eq!(worked.get(), 3, "each once");
        index.remove(&object("b"));
        assert_eq!(objects(&[mark("b"), mark("a")]), [key("a")]);
    }
}
