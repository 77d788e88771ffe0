//! What is to be read between the walks, and what was: the desk at which passes leave their wishes and
//! the reader its results.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use crate::{
    object_key::Seat,
    provider::{BroadcastId, ObservedVideo, StreamId},
};

/// A thing is not read again because of hints more often than this.
const BETWEEN_HINTS: Duration = Duration::from_millis(250);

/// The same for a list of videos, which may have many pages.
const BETWEEN_LISTINGS: Duration = Duration::from_secs(1);

/// The longest wait until something that cannot be read is tried again.
const LONGEST_TROUBLE: Duration = Duration::from_mins(5);

/// How long it is remembered that a hint's news are to be told: who is to tell them is awake.
const LONGEST_TELLING: Duration = Duration::from_mins(1);

/// How many videos of a stream are kept whole.
pub const NEWEST: usize = 50;

/// Something that can be read by itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// A stream.
    Stream(StreamId),
    /// A broadcast.
    Broadcast(BroadcastId),
    /// The list of the videos that came out of a stream.
    Videos(StreamId),
}

impl Target {
    /// The word for its kind in metrics.
    pub fn about(&self) -> &'static str {
        match self {
            Self::Stream(_) => "stream",
            Self::Broadcast(_) => "broadcast",
            Self::Videos(_) => "videos",
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stream(id) => write!(f, "stream {id}"),
            Self::Broadcast(id) => write!(f, "broadcast {id}"),
            Self::Videos(id) => write!(f, "the videos of stream {id}"),
        }
    }
}

/// The videos that came out of a stream, as they were listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shelf {
    /// When the reading began.
    pub asked: Instant,
    /// The newest ones, the newest first.
    pub newest: Vec<ObservedVideo>,
    /// How many there are.
    pub count: usize,
}

/// What is to be read, and what was.
#[derive(Debug, Default)]
pub struct Desk {
    inner: Mutex<Inner>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    followers: HashMap<Seat, Vec<(StreamId, Duration)>>,
    hints: HashSet<Target>,
    /// When something was last read because of a hint.
    hinted: HashMap<Target, Instant>,
    /// When the first hint came that no status answers yet, and when its reading brought news.
    unanswered: HashMap<Target, (Instant, Option<Instant>)>,
    /// When the videos of a stream are to be read.
    videos: HashMap<StreamId, Instant>,
    shelves: HashMap<StreamId, Arc<Shelf>>,
    /// A walk is to tell what single reads would.
    walked_for: bool,
    /// What could not be read: how often in a row, and when it is tried again.
    troubled: HashMap<Target, (u32, Instant)>,
}

/// What to do next.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// What hints named.
    hinted: BTreeSet<Target>,
    /// What was wished for, the longest due first.
    wished: BTreeSet<(Instant, Target)>,
    /// Streams that are due before half of their time is over.
    soon: BTreeSet<Target>,
    /// When there is more to do, if nothing changes.
    pub next: Option<Instant>,
}

impl Due {
    /// The most urgent.
    pub fn first(&self) -> Option<Target> {
        let wished = || self.wished.first().map(|(_, target)| target);
        self.hinted.first().or_else(wished).cloned()
    }

    /// Puts off the lists of videos until then.
    pub fn put_off_videos(&mut self, until: Instant) {
        let stays = |target: &Target| !matches!(target, Target::Videos(_));
        let before = self.hinted.len() + self.wished.len();
        self.hinted.retain(stays);
        self.wished.retain(|(_, target)| stays(target));
        if self.hinted.len() + self.wished.len() < before {
            self.next = self.next.into_iter().chain([until]).min();
        }
    }

    /// How many streams a walk would read that are to be read now, or soon after those.
    pub fn streams(&self) -> usize {
        let stream = |target: &&Target| matches!(target, Target::Stream(_));
        let wished = self.wished.iter().map(|(_, target)| target);
        let now: HashSet<&Target> = self.hinted.iter().chain(wished).filter(stream).collect();
        if now.is_empty() {
            return 0;
        }
        let soon = self.soon.iter().filter(|target| !now.contains(target));
        now.len() + soon.count()
    }

    /// The streams that hints named.
    pub fn hinted_streams(&self) -> Vec<Target> {
        let hinted = self.hinted.iter();
        let streams = hinted.filter(|target| matches!(target, Target::Stream(_)));
        streams.cloned().collect()
    }

    /// A walk reads what is followed, and what hints named where that are more than so many.
    pub fn leave_to_walk(&mut self, most: usize) {
        let stream = |target: &Target| matches!(target, Target::Stream(_));
        self.wished.retain(|(_, target)| !stream(target));
        self.soon.clear();
        if self.hinted.iter().filter(|target| stream(target)).count() > most {
            self.hinted.retain(|target| !stream(target));
        }
    }
}

impl Desk {
    /// Says how closely somebody follows streams from now on; none: not at all.
    pub fn follow(&self, who: Seat, streams: Vec<(StreamId, Duration)>) {
        let mut inner = self.lock();
        let changed = if streams.is_empty() {
            inner.followers.remove(&who).is_some()
        } else {
            inner.followers.get(&who) != Some(&streams) && {
                inner.followers.insert(who, streams);
                true
            }
        };
        drop(inner);
        if changed {
            self.changed.notify_one();
        }
    }

    /// Says when the videos of a stream are to be read; `None`: not at all. What a hint asks for is
    /// another matter.
    pub fn videos_at(&self, id: &StreamId, at: Option<Instant>) {
        let mut inner = self.lock();
        let before = inner.videos.get(id).copied();
        match at {
            Some(at) => inner.videos.insert(id.clone(), at),
            None => inner.videos.remove(id),
        };
        drop(inner);
        if at.is_some() && before != at {
            self.changed.notify_one();
        }
    }

    /// The videos of a stream, if they were read and not put away since.
    pub fn shelf(&self, id: &StreamId) -> Option<Arc<Shelf>> {
        self.lock().shelves.get(id).cloned()
    }

    /// What was read of a stream's videos stands in the status now, and is kept here no more.
    pub fn put_away(&self, id: &StreamId, asked: Instant) {
        let mut inner = self.lock();
        if inner
            .shelves
            .get(id)
            .is_some_and(|shelf| shelf.asked <= asked)
        {
            inner.shelves.remove(id);
        }
    }

    /// Nobody wants to know the videos of a stream any more.
    pub fn drop_videos(&self, id: &StreamId) {
        let mut inner = self.lock();
        let target = Target::Videos(id.clone());
        inner.videos.remove(id);
        inner.shelves.remove(id);
        inner.hints.remove(&target);
        inner.unanswered.remove(&target);
        inner.troubled.remove(&target);
    }

    /// Takes a hint.
    pub(super) fn hint(&self, target: Target, now: Instant) {
        let mut inner = self.lock();
        let unanswered = inner.unanswered.entry(target.clone());
        unanswered.or_insert((now, None));
        inner.hints.insert(target);
        drop(inner);
        self.changed.notify_one();
    }

    /// What a hint named has been read since `asked`. `news`: it is not as it was, and somebody is to
    /// tell it.
    pub(super) fn hint_read(&self, target: &Target, asked: Instant, news: bool) {
        let mut inner = self.lock();
        let Some((came, read)) = inner.unanswered.get_mut(target) else {
            return;
        };
        // One that came meanwhile is another.
        if asked < *came {
            return;
        }
        if news {
            *read = Some(asked);
        } else {
            inner.unanswered.remove(target);
        }
    }

    /// When the hint came whose news a status tells now; each is answered once.
    pub fn answer_hint(&self, target: &Target) -> Option<Instant> {
        let mut inner = self.lock();
        let (came, read) = *inner.unanswered.get(target)?;
        read?;
        inner.unanswered.remove(target);
        Some(came)
    }

    /// Something outside has changed what may be due.
    pub(super) fn look_again(&self) {
        self.changed.notify_one();
    }

    /// Whether a walk is to tell what single reads would.
    pub(super) fn is_walked_for(&self) -> bool {
        self.lock().walked_for
    }

    /// Says so.
    pub(super) fn set_walked_for(&self, walked_for: bool) {
        self.lock().walked_for = walked_for;
    }

    /// Returns when something has changed since the last call.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// What is due. `told` is when the mirror was last told of a stream that it holds.
    pub(super) fn due(&self, now: Instant, told: impl Fn(&StreamId) -> Option<Instant>) -> Due {
        let mut inner = self.lock();
        let inner = &mut *inner;
        inner.hinted.retain(|_, at| now < *at + BETWEEN_LISTINGS);
        let telling = |read: Instant| now < read + LONGEST_TELLING;
        inner
            .unanswered
            .retain(|_, (_, read)| read.is_none_or(telling));
        let mut due = Due::default();
        let troubled = &inner.troubled;
        // When it may be read, which is not before its trouble is over.
        let may = |target: &Target, at: Instant| {
            troubled.get(target).map_or(at, |(_, until)| at.max(*until))
        };
        for target in &inner.hints {
            let pause = match target {
                Target::Stream(_) | Target::Broadcast(_) => BETWEEN_HINTS,
                Target::Videos(_) => BETWEEN_LISTINGS,
            };
            let last = inner.hinted.get(target);
            let at = may(target, last.map_or(now, |last| *last + pause));
            if at <= now {
                due.hinted.insert(target.clone());
            } else {
                due.next = due.next.into_iter().chain([at]).min();
            }
        }
        let followed = inner.followers.values().flatten();
        let followed: Vec<(Instant, Target)> = followed
            .filter_map(|(id, every)| {
                let (at, target) = (told(id)? + *every, Target::Stream(id.clone()));
                if at > now && at <= now + *every / 2 {
                    due.soon.insert(target.clone());
                }
                Some((at, target))
            })
            .collect();
        let videos = inner.videos.iter();
        let videos = videos.map(|(id, at)| (*at, Target::Videos(id.clone())));
        for (at, target) in followed.into_iter().chain(videos) {
            let at = may(&target, at);
            if at > now {
                due.next = due.next.into_iter().chain([at]).min();
            } else {
                due.wished.insert((at, target));
            }
        }
        due
    }

    /// These are being read now.
    pub(super) fn begun(&self, targets: impl IntoIterator<Item = Target>, now: Instant) {
        let mut inner = self.lock();
        for target in targets {
            if inner.hints.remove(&target) {
                inner.hinted.insert(target, now);
            }
        }
    }

    /// It was read.
    pub(super) fn went_well(&self, target: &Target) {
        self.lock().troubled.remove(target);
    }

    /// It could not be read, and is tried again later; what a hint asked for is not forgotten. `true`
    /// the first time.
    pub(super) fn went_wrong(&self, target: &Target, now: Instant) -> bool {
        let mut inner = self.lock();
        inner.hints.insert(target.clone());
        let times = inner.troubled.get(target).map_or(0, |(times, _)| *times) + 1;
        let wait = Duration::from_secs(1).saturating_mul(1 << (times - 1).min(10));
        let until = now + wait.min(LONGEST_TROUBLE);
        inner.troubled.insert(target.clone(), (times, until));
        times == 1
    }

    /// The videos of a stream were read. A wish that came meanwhile stays.
    pub(super) fn listed(&self, id: &StreamId, result: Shelf) {
        let mut inner = self.lock();
        if inner.videos.get(id).is_some_and(|at| *at <= result.asked) {
            inner.videos.remove(id);
        }
        inner.shelves.insert(id.clone(), Arc::new(result));
    }

    /// How many wishes and results lie on it.
    pub fn count(&self) -> usize {
        let inner = self.lock();
        [
            inner.followers.len(),
            inner.hints.len(),
            inner.unanswered.len(),
            inner.videos.len(),
            inner.shelves.len(),
            inner.troubled.len(),
        ]
        .iter()
        .sum()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock,
        object_key::{Kind, ObjectKey},
    };

    fn id(id: &str) -> StreamId {
        StreamId::new(id)
    }

    fn stream(name: &str) -> Target {
        Target::Stream(id(name))
    }

    fn videos(name: &str) -> Target {
        Target::Videos(id(name))
    }

    fn who(name: &str) -> Seat {
        Kind::LiveStream.seat(&ObjectKey::new("ns", name))
    }

    fn shelf(asked: Instant) -> Shelf {
        Shelf {
            asked,
            newest: vec![],
            count: 0,
        }
    }

    #[test]
    fn what_is_followed_is_due_when_its_last_news_are_old() {
        let desk = Desk::default();
        let start = clock::now().mono;
        let every = Duration::from_secs(2);
        desk.follow(who("a"), vec![(id("1"), every), (id("gone"), every)]);
        desk.follow(who("b"), vec![(id("1"), every * 5)]);
        let told = |stream: &StreamId| (*stream == id("1")).then_some(start);
        let due = desk.due(start, told);
        assert_eq!((due.streams(), due.next), (0, Some(start + every)));
        assert_eq!(desk.due(start + every, told).first(), Some(stream("1")));
        desk.follow(who("a"), vec![]);
        assert_eq!(desk.due(start + every, told).next, Some(start + every * 5));
    }

    #[test]
    fn what_is_due_soon_counts_when_a_walk_is_thought_of() {
        let desk = Desk::default();
        let start = clock::now().mono;
        let every = Duration::from_secs(2);
        let ids = ["1", "2", "3", "4"];
        for (i, name) in ids.iter().enumerate() {
            desk.follow(who(name), vec![(id(ids[i]), every)]);
        }
        let told = |stream: &StreamId| {
            let place: u32 = stream.as_str().parse().ok()?;
            Some(start + Duration::from_millis(400) * place)
        };
        assert_eq!(desk.due(start + every, told).streams(), 0, "nothing is due");
        // The second and the third come within a second of the first, the fourth does not.
        let now = start + every + Duration::from_millis(400);
        assert_eq!(desk.due(now, told).streams(), 3);
    }

    #[test]
    fn hints_come_first_then_what_is_longest_due() {
        let desk = Desk::default();
        let start = clock::now().mono;
        let seconds = Duration::from_secs;
        desk.videos_at(&id("1"), Some(start + seconds(1)));
        desk.follow(who("a"), vec![(id("2"), seconds(2)), (id("3"), seconds(3))]);
        let now = start + seconds(10);
        let told = |_: &StreamId| Some(start);
        let first = || desk.due(now, told).first();
        assert_eq!(first(), Some(videos("1")));
        desk.videos_at(&id("1"), None);
        assert_eq!(first(), Some(stream("2")));
        desk.hint(stream("3"), now);
        assert_eq!(first(), Some(stream("3")));
        assert_eq!(desk.due(now, told).streams(), 2);
    }

    #[test]
    fn a_hint_is_answered_once_and_only_by_what_was_read_after_it() {
        let desk = Desk::default();
        let start = clock::now().mono;
        let second = Duration::from_secs(1);
        let target = stream("1");
        desk.hint(target.clone(), start + second);
        desk.hint_read(&target, start, true);
        assert_eq!(desk.answer_hint(&target), None, "it was read before");
        desk.hint(target.clone(), start + second * 2);
        desk.hint_read(&target, start + second * 3, true);
        assert_eq!(desk.answer_hint(&target), Some(start + second));
        assert_eq!(desk.answer_hint(&target), None);
        // What brought no news is not to be told, and what nobody tells is forgotten.
        desk.hint(target.clone(), start);
        desk.hint_read(&target, start, false);
        assert_eq!(desk.answer_hint(&target), None);
        desk.hint(target.clone(), start);
        desk.hint_read(&target, start, true);
        desk.due(start + LONGEST_TELLING, |_| None);
        assert_eq!(desk.answer_hint(&target), None);
    }

    #[test]
    fn a_flood_of_hints_is_read_a_few_times_a_second() {
        for (target, most) in [(stream("1"), 4), (videos("1"), 1)] {
            let desk = Desk::default();
            let start = clock::now().mono;
            let mut reads = 0;
            for millis in 0..10_000 {
                let now = start + Duration::from_millis(millis / 10);
                desk.hint(target.clone(), now);
                if desk.due(now, |_| None).first().is_some() {
                    desk.begun([target.clone()], now);
                    reads += 1;
                }
            }
            assert_eq!(reads, most, "{target}");
            // The last one is not lost.
            let due = desk.due(start + Duration::from_secs(1), |_| None);
            assert_eq!(due.first(), Some(target));
        }
    }

    #[test]
    fn what_cannot_be_read_holds_nothing_else_up_and_is_not_forgotten() {
        let desk = Desk::default();
        let start = clock::now().mono;
        desk.videos_at(&id("1"), Some(start));
        desk.videos_at(&id("2"), Some(start));
        let mut now = start;
        let (mut bad, mut good) = (0, 0);
        while now < start + Duration::from_mins(60) {
            let due = desk.due(now, |_| None);
            match due.first() {
                Some(target) if target == videos("1") => {
                    assert_eq!(desk.went_wrong(&target, now), bad == 0);
                    bad += 1;
                }
                Some(target) => {
                    desk.went_well(&target);
                    desk.listed(&id("2"), shelf(now));
                    good += 1;
                }
                None => now = due.next.unwrap(),
            }
        }
        assert_eq!(good, 1);
        assert!((15..30).contains(&bad), "{bad}");
        desk.drop_videos(&id("1"));
        assert_eq!(desk.due(now, |_| None), Due::default());
    }

    #[test]
    fn a_hint_survives_the_wishes_of_passes() {
        let desk = Desk::default();
        let now = clock::now().mono;
        desk.hint(videos("1"), now);
        desk.videos_at(&id("1"), None);
        assert_eq!(desk.due(now, |_| None).first(), Some(videos("1")));
        desk.videos_at(&id("1"), Some(now + Duration::from_secs(9)));
        assert_eq!(desk.due(now, |_| None).first(), Some(videos("1")));
    }

    #[test]
    fn a_wish_for_videos_that_comes_while_they_are_read_stays() {
        let desk = Desk::default();
        let start = clock::now().mono;
        let later = start + Duration::from_secs(1);
        desk.videos_at(&id("1"), Some(later));
        desk.listed(&id("1"), shelf(start));
        assert_eq!(desk.due(later, |_| None).first(), Some(videos("1")));
        desk.listed(&id("1"), shelf(later));
        assert_eq!(desk.due(later, |_| None).first(), None);
        // What was read later is not put away with what was told earlier.
        desk.put_away(&id("1"), start);
        assert!(desk.shelf(&id("1")).is_some());
        desk.put_away(&id("1"), later);
        assert!(desk.shelf(&id("1")).is_none());
    }

    #[test]
    fn a_walk_reads_what_is_followed_and_few_hints_go_ahead() {
        let desk = Desk::default();
        let now = clock::now().mono;
        let every = Duration::from_secs(1);
        desk.follow(who("a"), vec![(id("1"), every), (id("2"), every)]);
        desk.hint(stream("3"), now);
        desk.videos_at(&id("4"), Some(now));
        let told = |_: &StreamId| now.checked_sub(every);
        let mut due = desk.due(now, told);
        assert_eq!(due.streams(), 3);
        due.leave_to_walk(1);
        assert_eq!((due.first(), due.streams()), (Some(stream("3")), 1));
        due.leave_to_walk(0);
        assert_eq!(due.first(), Some(videos("4")));
    }

    #[test]
    fn who_follows_no_more_has_nothing_read() {
        let desk = Desk::default();
        let now = clock::now().mono;
        desk.follow(who("a"), vec![(id("1"), Duration::ZERO)]);
        assert_eq!(desk.due(now, |_| Some(now)).streams(), 1);
        desk.follow(who("a"), vec![]);
        assert_eq!(desk.due(now, |_| Some(now)), Due::default());
    }

    #[test]
    fn lists_of_videos_that_are_put_off_come_back_when_it_was_said() {
        let now = clock::now().mono;
        let id = || StreamId::new("7");
        let wished = |target| BTreeSet::from([(now, target)]);
        let mut due = Due {
            hinted: BTreeSet::from([Target::Videos(id())]),
            wished: wished(Target::Stream(id())),
            ..Due::default()
        };
        let until = now + Duration::from_secs(4);
        due.put_off_videos(until);
        assert_eq!(due.first(), Some(Target::Stream(id())));
        assert_eq!(due.next, Some(until));
        let mut due = Due {
            wished: wished(Target::Stream(id())),
            ..Due::default()
        };
        due.put_off_videos(until);
        assert_eq!(due.next, None, "there was nothing to put off");
    }
}
