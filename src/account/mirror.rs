//! What the provider has of one kind, as far as we know: the twin of a reflector's store.
//!
//! One walk of the paged list feeds every object; own writes enter at once. Two rules keep it
//! honest. What was asked before a write ended says nothing about that write; and for the settling
//! time after a write, what lists and reads say about settings is not believed, because they may
//! lag. Absence is proved, never assumed: see [`Mirror::absent_since`].

mod copy;

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use super::mirrored::Mirrored;
use crate::{
    object_key::ObjectKey,
    packed::Packed,
    provider::{ObservedStream, StreamId, Unreadable},
};

/// What a client's list of one kind of thing holds.
#[derive(Debug)]
pub struct Mirror<T: Mirrored = ObservedStream> {
    inner: Mutex<Inner<T>>,
    demanded: Notify,
    settling: Duration,
    /// When this process began to be responsible: it may not have seen what was written before.
    began: Instant,
}

#[derive(Debug)]
struct Inner<T: Mirrored> {
    entries: HashMap<T::Id, Entry<T>>,
    /// Nearly always one id, for which a list takes a tenth of a set's memory.
    by_name: HashMap<T::Name, Vec<T::Id>>,
    /// When a read by id last said that there is none.
    not_found: HashMap<T::Id, Instant>,
    /// When we deleted it.
    deleted: HashMap<T::Id, Instant>,
    walks: Walks,
    /// The moments at or after which somebody needs a walk to begin.
    demands: BTreeSet<Instant>,
    /// Who wants to look again after the next walk.
    waiting: HashSet<ObjectKey>,
    vanished: Option<Vanished>,
    /// Whose disappearance a human has confirmed.
    excused: HashSet<T::Id>,
}

#[derive(Clone, Debug)]
struct Entry<T> {
    packed: Packed<T>,
    /// When the call began that told us last.
    told: Instant,
    /// When our last write about it ended.
    wrote: Option<Instant>,
    /// When its key was renewed without our being told the new addresses.
    rekeyed: Option<Instant>,
    /// When a write about it ended whose reply was lost, or when what we wrote grew old. What we knew
    /// before that is not believed, not even for the settling time.
    lost: Option<Instant>,
}

/// The walks that can prove absence: consecutive, whole, and every item readable.
#[derive(Debug, Default)]
struct Walks {
    /// Whole walks so far, readable or not.
    whole: u64,
    /// When the last whole walk began.
    last: Option<Instant>,
    /// When the last two provable walks began, if there were two in a row.
    provable: Vec<Instant>,
    unreadable: Vec<Unreadable>,
    /// How many calls the last whole walk took.
    pages: u32,
}

/// Many things that we hold are missing from a whole walk: a wrong key, a wrong endpoint or an
/// empty answer look like this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vanished {
    /// How many are missing.
    pub missing: usize,
    /// Of how many.
    pub held: usize,
}

/// What is known of one thing.
#[derive(Clone, Debug)]
pub struct Sight<T = ObservedStream> {
    /// It, as it was seen last.
    pub seen: Option<Arc<T>>,
    /// A whole walk that began after the last news of it did not show it, or a read by id said that
    /// there is none, or the reply to a later write was lost.
    pub doubtful: bool,
    /// It was read after our last write about it had settled.
    pub settled: bool,
    /// When the call began that told us last.
    pub told: Option<Instant>,
    /// When the last read by id began that said that there is none; `None` where news came since.
    pub not_found: Option<Instant>,
    /// We deleted it, and no news came since.
    pub deleted: bool,
    /// Its key was renewed, and its addresses were not read since.
    pub old_key: bool,
}

impl<T> Default for Sight<T> {
    fn default() -> Self {
        Self {
            seen: None,
            doubtful: false,
            settled: false,
            told: None,
            not_found: None,
            deleted: false,
            old_key: false,
        }
    }
}

/// What became known through a read: who may want to look.
#[derive(Debug, PartialEq, Eq)]
pub struct News<T: Mirrored = ObservedStream> {
    /// What changed.
    pub ids: Vec<T::Id>,
    /// The names that it had and has, and those of what is gone.
    pub names: Vec<T::Name>,
    /// The objects that waited for a walk.
    pub waiting: Vec<ObjectKey>,
}

impl<T: Mirrored> Default for News<T> {
    fn default() -> Self {
        Self {
            ids: Vec::new(),
            names: Vec::new(),
            waiting: Vec::new(),
        }
    }
}

impl<T: Mirrored> Default for Inner<T> {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
            by_name: HashMap::new(),
            not_found: HashMap::new(),
            deleted: HashMap::new(),
            walks: Walks::default(),
            demands: BTreeSet::new(),
            waiting: HashSet::new(),
            vanished: None,
            excused: HashSet::new(),
        }
    }
}

impl<T: Mirrored> Mirror<T> {
    /// An empty one. Our own writes settle in this time.
    pub fn new(settling: Duration, began: Instant) -> Self {
        Self {
            inner: Mutex::default(),
            demanded: Notify::new(),
            settling,
            began,
        }
    }

    /// Takes in what a list or a read says; `asked` is when that call began.
    pub fn read(&self, asked: Instant, found: T) -> News<T> {
        let mut news = News::default();
        let packed = Packed::new(&found);
        let mut inner = self.lock();
        let id = found.id().clone();
        if inner.not_found.get(&id).is_some_and(|at| *at < asked) {
            inner.not_found.remove(&id);
        }
        if inner
            .deleted
            .get(&id)
            .is_some_and(|at| asked < *at + self.settling)
        {
            return news;
        }
        if let Some(entry) = inner.entries.get_mut(&id) {
            let wrote = entry.wrote.max(entry.lost);
            if asked < entry.told || wrote.is_some_and(|wrote| asked < wrote) {
                return news;
            }
            if entry.packed == packed {
                entry.told = asked;
                return news;
            }
        }
        let old = inner.entries.get(&id).cloned();
        let wrote = old.as_ref().and_then(|old| old.wrote);
        let rekeyed = old.as_ref().and_then(|old| old.rekeyed);
        let lost = old.as_ref().and_then(|old| old.lost);
        let settling = lost.is_none() && wrote.is_some_and(|wrote| asked < wrote + self.settling);
        let known = old.as_ref().and_then(|old| old.packed.open());
        let thing = match &known {
            // What we wrote is not believed to be otherwise yet; what we cannot write is.
            Some(known) if settling => found.settling(known, rekeyed.is_some()),
            // What a list leaves out is not taken away.
            Some(known) => found.completed(known),
            None => found,
        };
        if known.as_ref().is_none_or(|known| *known != thing) {
            news.ids.push(id);
            let before = known.iter().filter_map(Mirrored::name);
            news.names.extend(before.chain(thing.name()));
            inner.put(
                &thing,
                Entry {
                    packed: Packed::new(&thing),
                    told: asked,
                    wrote,
                    rekeyed,
                    lost,
                },
            );
        } else if let Some(entry) = inner.entries.get_mut(&id) {
            entry.told = asked;
        }
        news
    }

    /// Takes in the reply to our own write, which ended at `ended`. Returns what it changed.
    pub fn wrote(&self, ended: Instant, reply: T) -> News<T> {
        let mut inner = self.lock();
        let id = reply.id().clone();
        inner.not_found.remove(&id);
        let old = inner.thing(&id);
        let thing = match &old {
            Some(old) => reply.completed(old),
            None => reply,
        };
        let mut news = News::default();
        if old.is_none_or(|old| old != thing) {
            news.ids.push(id);
        }
        inner.put(
            &thing,
            Entry {
                packed: Packed::new(&thing),
                told: ended,
                wrote: Some(ended),
                rekeyed: None,
                lost: None,
            },
        );
        news
    }

    /// Takes in that the reply to our own write, which ended at `ended`, was lost: it may have been
    /// carried out, so what is known is read again before it is believed.
    pub fn lost(&self, ended: Instant, id: &T::Id) {
        if let Some(entry) = self.lock().entries.get_mut(id) {
            entry.lost = Some(ended);
        }
    }

    /// Takes in that a read by id found nothing.
    pub fn not_found(&self, asked: Instant, id: &T::Id) {
        self.lock().not_found.insert(id.clone(), asked);
    }

    /// Takes in that we deleted a stream.
    pub fn deleted(&self, ended: Instant, id: &T::Id) {
        let mut inner = self.lock();
        inner.take(id);
        inner.not_found.remove(id);
        let settling = self.settling;
        inner.deleted.retain(|_, at| *at + settling > ended);
        inner.deleted.insert(id.clone(), ended);
    }

    /// Forgets a stream whose absence was proved.
    pub fn forget(&self, id: &T::Id) {
        let mut inner = self.lock();
        inner.take(id);
        inner.not_found.remove(id);
        inner.excused.remove(id);
    }

    /// Takes in that a whole walk ended. `held` are the streams that objects hold. Returns which of
    /// those it did not show, and who waited for it.
    pub fn walked(&self, walk: Walk, held: &[T::Id]) -> News<T> {
        let mut inner = self.lock();
        let inner = &mut *inner;
        inner.demands = inner
            .demands
            .split_off(&(walk.began + Duration::from_nanos(1)));
        let walks = &mut inner.walks;
        walks.whole += 1;
        walks.last = Some(walk.began);
        walks.pages = walk.pages;
        // What shows no id may be one of those that seem to be missing.
        let nameless = walk.unreadable.iter().filter(|item| item.id.is_none());
        let nameless = nameless.count();
        if walk.unreadable.is_empty() {
            walks.provable.push(walk.began);
            let surplus = walks.provable.len().saturating_sub(2);
            walks.provable.drain(..surplus);
        } else {
            walks.provable.clear();
        }
        walks.unreadable = walk.unreadable;

        let missing: Vec<&T::Id> = held
            .iter()
            .filter(|id| !inner.excused.contains(*id) && !inner.deleted.contains_key(*id))
            .filter(|id| {
                inner
                    .entries
                    .get(*id)
                    .is_none_or(|e| self.missed(e, walk.began))
            })
            .collect();
        let missing = missing.len().saturating_sub(nameless);
        inner.vanished = (missing > 3 && missing * 20 > held.len()).then_some(Vanished {
            missing,
            held: held.len(),
        });

        // What nobody holds and two walks in a row did not show is gone. Who may have seen it as a
        // double looks again.
        let waiting: Vec<ObjectKey> = inner.waiting.drain().collect();
        let mut names = Vec::new();
        if let [previous, _] = inner.walks.provable[..] {
            let held: HashSet<&T::Id> = held.iter().collect();
            inner
                .not_found
                .retain(|id, at| held.contains(id) || *at >= previous);
            let gone: Vec<T::Id> = inner
                .entries
                .iter()
                .filter(|(id, entry)| !held.contains(id) && self.missed(entry, previous))
                .map(|(id, _)| id.clone())
                .collect();
            for id in &gone {
                names.extend(inner.thing(id).and_then(|thing| thing.name()));
                inner.take(id);
            }
        }
        let unsure = held
            .iter()
            .filter(|id| {
                let entry = inner.entries.get(*id);
                entry.is_some_and(|entry| self.missed(entry, walk.began))
            })
            .cloned();
        News {
            ids: unsure.collect(),
            names,
            waiting,
        }
    }

    /// Nobody walks any more from `now` on: what is known grows old, so it is forgotten, and what was
    /// walked proves nothing about later. Of what we wrote ourselves it stays known that it was
    /// there, so that its absence is proved as strictly as ever; how it is must be read again.
    pub fn rest(&self, now: Instant) {
        let mut inner = self.lock();
        inner.walks = Walks::default();
        inner.vanished = None;
        let old: Vec<T::Id> = inner
            .entries
            .iter()
            .filter(|(_, entry)| entry.wrote.is_none())
            .map(|(id, _)| id.clone())
            .collect();
        for id in &old {
            inner.take(id);
        }
        for entry in inner.entries.values_mut() {
            entry.lost = Some(now);
        }
    }

    /// Takes in that a walk did not reach its end.
    pub fn walk_failed(&self) {
        self.lock().walks.provable.clear();
    }

    /// Asks for a walk that begins at or after this moment, and for this object to be woken then.
    pub fn demand(&self, at: Instant, who: ObjectKey) {
        let mut inner = self.lock();
        inner.waiting.insert(who);
        inner.want_walk(at);
        drop(inner);
        self.demanded.notify_one();
    }

    /// Who wants to look again after the next walk.
    pub fn waiting(&self) -> Vec<ObjectKey> {
        self.lock().waiting.iter().cloned().collect()
    }

    /// Asks for a walk that begins at or after this moment, for nobody in particular.
    pub fn demand_walk(&self, at: Instant) {
        self.lock().want_walk(at);
        self.demanded.notify_one();
    }

    /// Whether an object waits for the next walk.
    pub fn is_waited_for(&self) -> bool {
        !self.lock().waiting.is_empty()
    }

    /// Something outside has changed when the next walk is due.
    pub fn look_again(&self) {
        self.demanded.notify_one();
    }

    /// Returns when a walk was demanded since the last call.
    pub async fn demanded(&self) {
        self.demanded.notified().await;
    }

    /// The earliest moment at which a walk is wanted.
    pub fn next_demand(&self) -> Option<Instant> {
        self.lock().demands.first().copied()
    }

    /// Whether a whole walk has ended, so that every mark is known.
    pub fn walked_once(&self) -> bool {
        self.lock().walks.whole > 0
    }

    /// When the last whole walk began.
    pub fn last_walk(&self) -> Option<Instant> {
        self.lock().walks.last
    }

    /// When the call began that told us last of it, if only that there is none.
    pub fn told(&self, id: &T::Id) -> Option<Instant> {
        let inner = self.lock();
        let told = inner.entries.get(id)?.told;
        Some(inner.not_found.get(id).map_or(told, |at| told.max(*at)))
    }

    /// How many pages the last whole walk had.
    pub fn pages(&self) -> u32 {
        self.lock().walks.pages
    }

    /// The items that the last whole walk could not read.
    pub fn unreadable(&self) -> Vec<Unreadable> {
        self.lock().walks.unreadable.clone()
    }

    /// Whether too much has vanished at once.
    pub fn vanished(&self) -> Option<Vanished> {
        self.lock().vanished.clone()
    }

    /// A human says that what vanished is to be created again.
    pub fn excuse(&self, held: &[T::Id]) {
        let mut inner = self.lock();
        let Some(last) = inner.walks.last else { return };
        let missing: Vec<T::Id> = held
            .iter()
            .filter(|id| {
                inner
                    .entries
                    .get(*id)
                    .is_none_or(|entry| self.missed(entry, last))
            })
            .cloned()
            .collect();
        inner.excused.extend(missing);
        inner.vanished = None;
    }

    /// What is known of a stream.
    pub fn sight(&self, id: &T::Id) -> Sight<T> {
        let inner = self.lock();
        let entry = inner.entries.get(id);
        let seen = inner.thing(id).map(Arc::new);
        let unread = seen.is_none();
        Sight {
            seen,
            doubtful: entry.is_some_and(|e| {
                unread
                    || inner.not_found.contains_key(id)
                    || e.lost.is_some_and(|lost| e.told < lost)
                    || inner.walks.last.is_some_and(|last| self.missed(e, last))
            }),
            settled: entry
                .is_some_and(|e| e.wrote.is_none_or(|wrote| e.told >= wrote + self.settling)),
            told: entry.map(|entry| entry.told),
            not_found: inner.not_found.get(id).copied(),
            deleted: entry.is_none() && inner.deleted.contains_key(id),
            old_key: entry.is_some_and(|e| e.rekeyed.is_some_and(|at| e.told < at)),
        }
    }

    /// What goes by this name, whosever it is; the oldest id first.
    pub fn named(&self, name: &T::Name) -> Vec<Arc<T>> {
        let inner = self.lock();
        let Some(ids) = inner.by_name.get(name) else {
            return Vec::new();
        };
        let mut found: Vec<_> = ids
            .iter()
            .filter_map(|id| inner.thing(id))
            .map(Arc::new)
            .collect();
        found.sort_by(|a, b| {
            let (a, b) = (T::digits(a.id()), T::digits(b.id()));
            a.len().cmp(&b.len()).then_with(|| a.cmp(b))
        });
        found
    }

    /// The id of everything that the mirror holds.
    pub fn ids(&self) -> Vec<T::Id> {
        self.lock().entries.keys().cloned().collect()
    }

    /// How much the mirror holds.
    pub fn count(&self) -> usize {
        self.lock().entries.len()
    }

    /// When our last write about a stream ended, or when we began to be responsible.
    pub fn written(&self, id: &T::Id) -> Instant {
        self.lock()
            .entries
            .get(id)
            .and_then(|entry| entry.wrote)
            .unwrap_or(self.began)
    }

    /// When we began to be responsible.
    pub fn began(&self) -> Instant {
        self.began
    }

    /// The earliest beginning of a walk that says something about a write that ended at `since`.
    pub fn settled(&self, since: Instant) -> Instant {
        since + self.settling
    }

    /// Whether two consecutive whole walks, with every item readable, both begun when a write that
    /// ended at `since` had settled, and both without news of `id` where one is given.
    pub fn absent_since(&self, since: Instant, id: Option<&T::Id>) -> bool {
        let inner = self.lock();
        let [previous, _] = inner.walks.provable[..] else {
            return false;
        };
        let seen = id
            .and_then(|id| inner.entries.get(id))
            .is_some_and(|entry| !self.missed(entry, previous));
        previous >= since + self.settling && !seen
    }

    /// Whether a walk that began then should have shown this entry and did not.
    fn missed(&self, entry: &Entry<T>, walk_began: Instant) -> bool {
        entry.told < walk_began
            && entry
                .wrote
                .is_none_or(|wrote| wrote + self.settling <= walk_began)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A walk that reached the empty page.
#[derive(Debug)]
pub struct Walk {
    /// When it began.
    pub began: Instant,
    /// How many pages it read, the empty one included.
    pub pages: u32,
    /// The items that could not be read.
    pub unreadable: Vec<Unreadable>,
}

impl Mirror<ObservedStream> {
    /// Takes in that the key of a stream was renewed, or may have been, without the new addresses.
    pub fn rekeyed(&self, ended: Instant, id: &StreamId) {
        if let Some(entry) = self.lock().entries.get_mut(id) {
            entry.rekeyed = Some(ended);
        }
    }

    /// Takes in that we ended a stream's recording: what was asked before that does not say otherwise.
    pub fn stopped_recording(&self, ended: Instant, id: &StreamId) {
        if let Some(entry) = self.lock().entries.get_mut(id)
            && let Some(mut stream) = entry.packed.open()
        {
            stream.recording = stream.recording.map(|_| false);
            entry.packed = Packed::new(&stream);
            entry.told = ended;
        }
    }
}

impl<T: Mirrored> Inner<T> {
    fn want_walk(&mut self, at: Instant) {
        // A bounded number of moments: what is wanted within one settling time of another is served
        // by the later one.
        if self.demands.len() < 64 {
            self.demands.insert(at);
        } else if let Some(last) = self.demands.pop_last() {
            self.demands.insert(last.max(at));
        }
    }

    fn thing(&self, id: &T::Id) -> Option<T> {
        self.entries.get(id)?.packed.open()
    }

    fn put(&mut self, thing: &T, entry: Entry<T>) {
        let id = thing.id().clone();
        self.take(&id);
        if let Some(name) = thing.name() {
            let ids = self.by_name.entry(name);
            ids.or_insert_with(|| Vec::with_capacity(1))
                .push(id.clone());
        }
        self.entries.insert(id, entry);
    }

    fn take(&mut self, id: &T::Id) {
        let old = self.thing(id);
        self.entries.remove(id);
        if let Some(name) = old.and_then(|old| old.name())
            && let Some(ids) = self.by_name.get_mut(&name)
        {
            ids.retain(|other| other != id);
            if ids.is_empty() {
                self.by_name.remove(&name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api::Playback,
        clock,
        provider::{Ingest, Mark, Owner, StreamSettings},
    };

    const SETTLING: Duration = Duration::from_secs(60);

    fn stream(id: &str, uid: &str, name: &str) -> ObservedStream {
        ObservedStream {
            id: StreamId::new(id),
            mark: Mark::Owned(Owner {
                cluster: "c".into(),
                namespace: "ns".into(),
                name: "keynote".into(),
                uid: uid.into(),
            }),
            settings: StreamSettings {
                name: Some(name.into()),
                ..StreamSettings::default()
            },
            live: false,
            recording: None,
            session_started_at: None,
            broadcasts: Vec::new(),
            ingest: Ingest::default(),
            playback: Some(Playback::default()),
            phase: crate::provider::Phase::Usable,
        }
    }

    struct Story {
        mirror: Mirror,
        start: Instant,
    }

    impl Story {
        fn begin() -> Self {
            let start = clock::now().mono;
            Self {
                mirror: Mirror::new(SETTLING, start),
                start,
            }
        }

        fn at(&self, second: u64) -> Instant {
            self.start + Duration::from_secs(second)
        }

        fn read(&self, second: u64, found: ObservedStream) {
            self.mirror.read(self.at(second), found);
        }

        fn walk(&self, second: u64, shown: &[ObservedStream], held: &[&str]) -> News {
            for found in shown {
                self.mirror.read(self.at(second), found.clone());
            }
            let held: Vec<StreamId> = held.iter().map(|id| StreamId::new(*id)).collect();
            self.mirror.walked(
                Walk {
                    began: self.at(second),
                    pages: 1,
                    unreadable: vec![],
                },
                &held,
            )
        }

        fn name(&self, id: &str) -> Option<String> {
            self.mirror
                .sight(&StreamId::new(id))
                .seen
                .and_then(|s| s.settings.name.clone())
        }
    }

    #[test]
    fn a_read_that_began_before_a_write_ended_says_nothing_about_it() {
        let story = Story::begin();
        story.mirror.wrote(story.at(100), stream("1", "u", "new"));
        story.mirror.read(story.at(99), stream("1", "u", "old"));
        assert_eq!(story.name("1").as_deref(), Some("new"));
    }

    #[test]
    fn no_drift_is_seen_while_a_write_settles_but_liveness_is() {
        let story = Story::begin();
        story.mirror.wrote(story.at(100), stream("1", "u", "new"));
        let stale = ObservedStream {
            live: true,
            ..stream("1", "u", "old")
        };
        story.mirror.read(story.at(159), stale.clone());
        let seen = story.mirror.sight(&StreamId::new("1")).seen.unwrap();
        assert!(seen.live);
        assert_eq!(story.name("1").as_deref(), Some("new"));
        story.mirror.read(story.at(160), stale);
        assert_eq!(story.name("1").as_deref(), Some("old"));
    }

    #[test]
    fn news_name_the_stream_and_its_owner_once() {
        let story = Story::begin();
        let news = story.mirror.read(story.at(1), stream("1", "u", "a"));
        assert_eq!(news.names, [ObjectKey::new("ns", "keynote")]);
        assert_eq!(
            story.mirror.read(story.at(2), stream("1", "u", "a")),
            News::default()
        );
        assert_eq!(
            story.mirror.read(story.at(3), stream("1", "u", "b")).ids,
            [StreamId::new("1")]
        );
    }

    #[test]
    fn absence_needs_two_whole_walks_begun_when_the_write_had_settled() {
        let story = Story::begin();
        let sent = story.at(100);
        story.walk(159, &[], &[]);
        story.walk(160, &[], &[]);
        assert!(
            !story.mirror.absent_since(sent, None),
            "a walk that began too early was counted"
        );
        story.walk(161, &[], &[]);
        assert!(story.mirror.absent_since(sent, None));
    }

    #[test]
    fn a_walk_that_breaks_or_holds_something_unreadable_proves_nothing() {
        let story = Story::begin();
        story.walk(100, &[], &[]);
        story.mirror.walk_failed();
        story.walk(101, &[], &[]);
        assert!(!story.mirror.absent_since(story.start, None));
        let unreadable = vec![Unreadable {
            id: None,
            what: "no id".into(),
        }];
        story.mirror.walked(
            Walk {
                began: story.at(102),
                pages: 1,
                unreadable,
            },
            &[],
        );
        story.walk(103, &[], &[]);
        assert!(!story.mirror.absent_since(story.start, None));
        story.walk(104, &[], &[]);
        assert!(story.mirror.absent_since(story.start, None));
    }

    #[test]
    fn what_a_walk_does_not_show_is_doubtful_and_stays_until_two_do_not() {
        let story = Story::begin();
        let id = StreamId::new("1");
        story.walk(100, &[stream("1", "u", "a")], &[]);
        story.walk(200, &[], &[]);
        assert!(story.mirror.sight(&id).doubtful);
        assert_eq!(
            story.mirror.named(&ObjectKey::new("ns", "keynote")).len(),
            1,
            "one walk made it vanish"
        );
        story.walk(300, &[], &[]);
        assert!(
            story
                .mirror
                .named(&ObjectKey::new("ns", "keynote"))
                .is_empty()
        );
    }

    #[test]
    fn an_own_write_is_not_doubtful_while_it_settles() {
        let story = Story::begin();
        story.mirror.wrote(story.at(100), stream("1", "u", "a"));
        story.walk(159, &[], &["1"]);
        assert!(!story.mirror.sight(&StreamId::new("1")).doubtful);
        story.walk(161, &[], &["1"]);
        assert!(story.mirror.sight(&StreamId::new("1")).doubtful);
    }

    #[test]
    fn what_we_deleted_is_not_brought_back_by_a_lagging_list() {
        let story = Story::begin();
        story.mirror.wrote(story.at(1), stream("1", "u", "a"));
        story.mirror.deleted(story.at(100), &StreamId::new("1"));
        story.mirror.read(story.at(159), stream("1", "u", "a"));
        assert!(
            story
                .mirror
                .named(&ObjectKey::new("ns", "keynote"))
                .is_empty()
        );
        story.mirror.read(story.at(161), stream("1", "u", "a"));
        assert_eq!(
            story.mirror.named(&ObjectKey::new("ns", "keynote")).len(),
            1,
            "it is there after all"
        );
    }

    #[test]
    fn mass_disappearance_needs_more_than_three_and_more_than_a_twentieth() {
        let ids: Vec<String> = (0..100).map(|i| i.to_string()).collect();
        for (held, missing, expected) in
            [(3, 3, false), (4, 4, true), (100, 5, false), (100, 6, true)]
        {
            let story = Story::begin();
            let held: Vec<&str> = ids[..held].iter().map(String::as_str).collect();
            let shown: Vec<_> = held[missing..]
                .iter()
                .map(|id| stream(id, id, "a"))
                .collect();
            story.walk(100, &shown, &held);
            assert_eq!(
                story.mirror.vanished().is_some(),
                expected,
                "{missing} of {}",
                held.len()
            );
        }
    }

    #[test]
    fn items_without_an_id_may_be_those_that_seem_to_be_missing() {
        let story = Story::begin();
        let held = ["1", "2", "3", "4"].map(StreamId::new);
        for (nameless, vanished) in [(0, true), (1, false)] {
            let unreadable = vec![
                Unreadable {
                    id: None,
                    what: "no id".into(),
                };
                nameless
            ];
            story.mirror.walked(
                Walk {
                    began: story.at(100),
                    pages: 1,
                    unreadable,
                },
                &held,
            );
            assert_eq!(story.mirror.vanished().is_some(), vanished, "{nameless}");
        }
    }

    #[test]
    fn who_rests_forgets_what_grows_old_and_proves_nothing_with_it() {
        let story = Story::begin();
        story.walk(100, &[stream("1", "u", "a")], &[]);
        story.walk(101, &[stream("1", "u", "a")], &[]);
        story.mirror.wrote(story.at(102), stream("2", "u", "b"));
        assert!(story.mirror.absent_since(story.start, None));
        let doubtful = || story.mirror.sight(&StreamId::new("2")).doubtful;
        assert!(!doubtful());
        story.mirror.rest(story.at(103));
        assert!(!story.mirror.absent_since(story.start, None));
        assert!(!story.mirror.walked_once());
        // What it looks like now is not known.
        assert!(doubtful());
        assert_eq!(
            (story.name("1"), story.name("2").as_deref()),
            (None, Some("b"))
        );
        let named = story.mirror.named(&ObjectKey::new("ns", "keynote"));
        assert_eq!(named.len(), 1);
        story.read(104, stream("2", "u", "c"));
        assert_eq!((doubtful(), story.name("2").as_deref()), (false, Some("c")));
    }

    #[test]
    fn after_a_write_whose_reply_was_lost_what_is_read_is_believed_and_nothing_else() {
        let story = Story::begin();
        let id = StreamId::new("1");
        let doubtful = || story.mirror.sight(&id).doubtful;
        story.mirror.lost(story.at(1), &id);
        story.mirror.wrote(story.at(10), stream("1", "u", "a"));
        story.mirror.lost(story.at(20), &id);
        assert!(doubtful());
        // It was asked for before.
        story.read(19, stream("1", "u", "x"));
        assert_eq!((doubtful(), story.name("1").as_deref()), (true, Some("a")));
        // The write before has not settled, and the lost one may have been carried out.
        story.read(21, stream("1", "u", "b"));
        assert_eq!((doubtful(), story.name("1").as_deref()), (false, Some("b")));
        story.read(22, stream("1", "u", "c"));
        assert_eq!(story.name("1").as_deref(), Some("c"));
        // The next one is believed for its settling time again.
        story.mirror.wrote(story.at(30), stream("1", "u", "d"));
        story.read(31, stream("1", "u", "e"));
        assert_eq!((doubtful(), story.name("1").as_deref()), (false, Some("d")));
    }

    #[test]
    fn a_broadcast_goes_by_its_name_and_keeps_what_a_list_leaves_out() {
        use crate::provider::{BroadcastId, BroadcastSettings, ObservedBroadcast};
        let start = clock::now().mono;
        let mirror: Mirror<ObservedBroadcast> = Mirror::new(SETTLING, start);
        let seen = |name: Option<&str>, streams| ObservedBroadcast {
            id: BroadcastId::new("7"),
            settings: BroadcastSettings {
                name: name.map(str::to_owned),
                streams,
                ..BroadcastSettings::default()
            },
            iframe_url: None,
        };
        let at = |second| start + Duration::from_secs(second);
        let streams = Some(vec![StreamId::new("1")]);
        mirror.wrote(at(1), seen(Some("mark"), streams.clone()));
        assert_eq!(mirror.named(&"mark".to_owned()).len(), 1);
        // A list that lags behind does not give it its old name back.
        mirror.wrote(at(2), seen(Some("Keynote"), streams.clone()));
        mirror.read(at(30), seen(Some("mark"), None));
        assert!(mirror.named(&"mark".to_owned()).is_empty());
        mirror.read(at(90), seen(Some("Other"), None));
        let sight = mirror.sight(&BroadcastId::new("7")).seen.unwrap();
        assert_eq!(sight.settings.name.as_deref(), Some("Other"));
        assert_eq!(sight.settings.streams, streams);
    }

    #[test]
    fn a_confirmed_disappearance_is_not_reported_again() {
        let story = Story::begin();
        let held = ["1", "2", "3", "4"];
        story.walk(100, &[], &held);
        assert!(story.mirror.vanished().is_some());
        story.mirror.excuse(&held.map(StreamId::new));
        story.walk(200, &[], &held);
        assert!(story.mirror.vanished().is_none());
    }

    #[test]
    fn a_demand_is_met_by_a_walk_that_began_no_earlier() {
        let story = Story::begin();
        let who = ObjectKey::new("ns", "who");
        story.mirror.demand(story.at(100), who.clone());
        assert_eq!(story.walk(99, &[], &[]).waiting, std::slice::from_ref(&who));
        assert_eq!(story.mirror.next_demand(), Some(story.at(100)));
        story.walk(100, &[], &[]);
        assert_eq!(story.mirror.next_demand(), None);
    }

    #[test]
    fn what_was_asked_before_a_recording_was_ended_does_not_say_that_it_runs() {
        for shown in [Some(true), None] {
            let story = Story::begin();
            let id = StreamId::new("1");
            let runs = ObservedStream {
                recording: shown,
                ..stream("1", "u", "a")
            };
            let recording = || story.mirror.sight(&id).seen.unwrap().recording;
            story.mirror.read(story.at(1), runs.clone());
            story.mirror.stopped_recording(story.at(10), &id);
            assert_eq!(recording(), shown.map(|_| false));
            story.mirror.read(story.at(9), runs.clone());
            assert_eq!(recording(), shown.map(|_| false));
            story.mirror.read(story.at(10), runs);
            assert_eq!(recording(), shown, "it goes on");
        }
    }

    #[test]
    fn a_renewed_key_is_old_until_its_addresses_were_read_since() {
        let story = Story::begin();
        let id = StreamId::new("1");
        let keyed = |key: &str| ObservedStream {
            ingest: Ingest {
                push: Some(crate::secret::Secret::new(key)),
                ..Ingest::default()
            },
            ..stream("1", "u", "a")
        };
        story.mirror.wrote(story.at(1), keyed("old"));
        story.mirror.rekeyed(story.at(10), &id);
        assert!(story.mirror.sight(&id).old_key);
        story.mirror.read(story.at(9), keyed("old"));
        assert!(story.mirror.sight(&id).old_key);
        // Our write of before has not settled, but this it did not write.
        story.mirror.read(story.at(10), keyed("new"));
        let sight = story.mirror.sight(&id);
        assert!(!sight.old_key);
        assert_eq!(sight.seen.unwrap().ingest, keyed("new").ingest);
    }

    #[test]
    fn a_read_that_found_nothing_is_news_too() {
        let story = Story::begin();
        let id = StreamId::new("1");
        assert_eq!(story.mirror.told(&id), None);
        story.mirror.read(story.at(1), stream("1", "u", "a"));
        assert_eq!(story.mirror.told(&id), Some(story.at(1)));
        story.mirror.not_found(story.at(5), &id);
        assert_eq!(story.mirror.told(&id), Some(story.at(5)));
    }
}
