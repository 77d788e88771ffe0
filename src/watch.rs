//! One store of a kind, filled by a watch of each namespace that we serve, and what changed in it.

use std::{
    collections::{HashMap, HashSet},
    fmt::Debug,
};

use futures::{StreamExt as _, stream};
use kube::{
    Api, Client, Resource, ResourceExt as _,
    runtime::{
        WatchStreamExt as _,
        reflector::{ObjectRef, Store, store::Writer},
        watcher::{self, Event, watcher},
    },
};
use serde::de::DeserializeOwned;

use crate::{kept::Keep, object_key::ObjectKey, vanished, wake::Wakes};

/// What became of an object.
pub enum Change<'a, K> {
    /// It is there, new or changed; `old` is what the store held.
    Applied {
        /// What the store held before.
        old: Option<K>,
        /// What it holds now.
        new: &'a K,
    },
    /// It is gone.
    Deleted(&'a K),
}

/// How many objects one page of a list holds. Larger ones cost memory while they are read and save no
/// time: with 10,000 objects on 2 cores pages of 50 and of 200 took 1.5 to 1.8 s alike, and 22 and 25 MB.
const PAGE: u32 = 50;

/// The annotation in which kubectl repeats the whole manifest.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Watches a kind until it is dropped. An empty list of namespaces means all of them. `on` sees each
/// change after the store holds it, and once more, as applied, what a new list repeats. With `vanished`
/// the store keeps objects on that vanished, as being deleted, until that names them.
pub async fn watch<K, H>(
    client: Client,
    namespaces: &[String],
    mut writer: Writer<H>,
    vanished: Option<Wakes>,
    mut on: impl FnMut(Change<'_, K>),
) where
    H: Keep<K> + 'static,
    K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>
        + Clone
        + DeserializeOwned
        + Debug
        + Send
        + Sync
        + 'static,
{
    let apis: Vec<Api<K>> = if namespaces.is_empty() {
        vec![Api::all(client)]
    } else {
        namespaces
            .iter()
            .map(|ns| Api::namespaced(client.clone(), ns))
            .collect()
    };
    let mut scopes: Vec<Scope<K, H>> = (0..apis.len())
        .map(|i| Scope {
            namespace: namespaces.get(i).cloned(),
            listing: HashSet::new(),
            listed: false,
            gone: Vec::new(),
        })
        .collect();
    let events = stream::select_all(apis.into_iter().enumerate().map(|(i, api)| {
        watcher(api, watcher::Config::default().page_size(PAGE))
            .default_backoff()
            .map(move |event| Step::Seen(i, event))
            .boxed()
    }));
    let keeps_on = vanished.is_some();
    let let_go = stream::iter(vanished).flatten().map(Step::LetGo);
    let mut steps = stream::select(events, let_go);
    writer.apply_watcher_event(&Event::Init);
    let mut held = Held {
        store: writer.as_reader(),
        writer,
        late: HashMap::new(),
    };
    while let Some(step) = steps.next().await {
        match step {
            // What follows a deletion that was none is an object that is being deleted.
            Step::Seen(i, Ok(Event::Delete(last))) if keeps_on => {
                let event = vanished::remains(&last).map_or(Event::Delete(last), Event::Apply);
                scopes_step(&mut scopes, i, event, &mut held, &mut on);
            }
            Step::Seen(i, Ok(event)) => scopes_step(&mut scopes, i, event, &mut held, &mut on),
            Step::Seen(_, Err(error)) => {
                tracing::warn!(kind = %K::kind(&()), %error, "watch interrupted; it is resumed");
            }
            Step::LetGo(key) => held.let_go(&key, &mut on),
        }
    }
}

/// What a watch goes on by.
enum Step<K> {
    /// What a scope showed.
    Seen(usize, Result<Event<K>, watcher::Error>),
    /// A vanished object is cleaned up after.
    LetGo(ObjectKey),
}

struct Scope<K, H: Resource<DynamicType = ()>> {
    namespace: Option<String>,
    listing: HashSet<ObjectRef<H>>,
    listed: bool,
    /// What went before every scope was listed.
    gone: Vec<K>,
}

/// The store, and what may not enter it yet.
struct Held<K, H: Resource<DynamicType = ()> + Clone + 'static> {
    store: Store<H>,
    writer: Writer<H>,
    /// Those whose names are taken by objects that vanished and are cleaned up after.
    late: HashMap<ObjectKey, K>,
}

impl<K, H> Held<K, H>
where
    H: Keep<K> + 'static,
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    fn open(&self, key: &ObjectKey) -> Option<K> {
        self.store.get(&key.reference())?.open()
    }

    /// Takes an object in. The store takes single objects only once it is whole.
    fn applied(&mut self, mut object: K, ready: bool, on: &mut impl FnMut(Change<'_, K>)) {
        prune(&mut object);
        let key = ObjectKey::of(&object);
        let old = self.open(&key);
        if let Some(old) = &old
            && vanished::is_kept(old)
            && old.meta().uid != object.meta().uid
        {
            self.late.insert(key, object);
            return;
        }
        let kept = H::keep(&object);
        self.writer.apply_watcher_event(&if ready {
            Event::Apply(kept)
        } else {
            Event::InitApply(kept)
        });
        on(Change::Applied { old, new: &object });
    }

    fn deleted(&mut self, object: &K, on: &mut impl FnMut(Change<'_, K>)) {
        let key = ObjectKey::of(object);
        let late = self.late.get(&key);
        if late.is_some_and(|late| late.meta().uid == object.meta().uid) {
            self.late.remove(&key);
            return;
        }
        self.writer
            .apply_watcher_event(&Event::Delete(H::keep(object)));
        on(Change::Deleted(object));
    }

    /// What vanished is cleaned up after: who waits for its name comes in.
    fn let_go(&mut self, key: &ObjectKey, on: &mut impl FnMut(Change<'_, K>)) {
        if let Some(object) = self.open(key).filter(vanished::is_kept) {
            self.deleted(&object, on);
            if let Some(late) = self.late.remove(key) {
                self.applied(late, true, on);
            }
        }
    }
}

/// Several watches feed one store, so the lists of each scope are turned into single changes, and
/// the store is ready when each scope was listed once.
fn scopes_step<K, H>(
    scopes: &mut [Scope<K, H>],
    i: usize,
    event: Event<K>,
    held: &mut Held<K, H>,
    on: &mut impl FnMut(Change<'_, K>),
) where
    H: Keep<K> + 'static,
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    let ready = scopes.iter().all(|scope| scope.listed);
    match event {
        Event::Init => scopes[i].listing.clear(),
        Event::InitApply(object) => {
            scopes[i].listing.insert(reference(&object));
            held.applied(object, ready, on);
        }
        Event::InitDone if scopes[i].listed => {
            let scope = &scopes[i];
            let listing = &scope.listing;
            let missing = |namespace: Option<&str>, object: &ObjectRef<H>| {
                (scope.namespace.is_none() || namespace == scope.namespace.as_deref())
                    && !listing.contains(object)
            };
            held.late
                .retain(|key, _| !missing(Some(&key.namespace), &key.reference()));
            let gone = held.store.state_filter(|object: &H| {
                missing(
                    object.meta().namespace.as_deref(),
                    &ObjectRef::from_obj(object),
                )
            });
            for kept in gone {
                let object = kept.open();
                if object.as_ref().is_some_and(vanished::is_kept) {
                    continue;
                }
                held.writer
                    .apply_watcher_event(&Event::Delete(H::clone(&kept)));
                if let Some(object) = object {
                    on(Change::Deleted(&object));
                }
            }
            scopes[i].listing = HashSet::new();
        }
        Event::InitDone => {
            scopes[i].listed = true;
            scopes[i].listing = HashSet::new();
            if scopes.iter().all(|scope| scope.listed) {
                held.writer.apply_watcher_event(&Event::InitDone);
                let gone: Vec<K> = scopes
                    .iter_mut()
                    .flat_map(|scope| scope.gone.drain(..))
                    .collect();
                for object in gone {
                    let again = held.open(&ObjectKey::of(&object));
                    if again.is_some_and(|there| there.meta().uid == object.meta().uid) {
                        held.writer
                            .apply_watcher_event(&Event::Delete(H::keep(&object)));
                    }
                    on(Change::Deleted(&object));
                }
            }
        }
        Event::Apply(object) => held.applied(object, ready, on),
        // The store takes no deletions before it is whole.
        Event::Delete(object) if !ready => scopes[i].gone.push(object),
        Event::Delete(object) => held.deleted(&object, on),
    }
}

fn reference<K, H>(object: &K) -> ObjectRef<H>
where
    K: Resource<DynamicType = ()>,
    H: Resource<DynamicType = ()>,
{
    ObjectKey::of(object).reference()
}

/// What nobody reads is not kept: field ownership and kubectl's copy of the manifest are half of an
/// object's size.
fn prune<K: Resource>(object: &mut K) {
    object.managed_fields_mut().clear();
    object.annotations_mut().remove(LAST_APPLIED);
}

/// Whether a change of an object calls for a pass: all but what only our own status writes move.
pub fn calls_for_a_pass<K: Resource>(old: Option<&K>, new: &K, finalizer: &str) -> bool {
    let Some(old) = old else { return true };
    let (was, is) = (old.meta(), new.meta());
    let has_ours =
        |names: Option<&Vec<String>>| names.is_some_and(|n| n.iter().any(|f| f == finalizer));
    was.uid != is.uid
        || was.generation != is.generation
        || was.deletion_timestamp != is.deletion_timestamp
        || was.annotations != is.annotations
        || (has_ours(was.finalizers.as_ref()) && !has_ours(is.finalizers.as_ref()))
}
