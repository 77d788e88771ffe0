//! What is read between the walks: streams that are on air or about to be, what a webhook hinted at,
//! and the lists of videos.
//!
//! Passes say how closely their streams are to be followed, and when they want to know the videos of
//! one; this task makes the calls. It takes at most half of the rate, and its class has a share of the
//! budget for certain: what is on air does not wait behind ten thousand creations.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::sync::Notify;

use super::{budget::Class, client::Client};
use crate::{
    clock,
    object_key::{ObjectKey, Seat},
    provider::{BroadcastId, Connection, Hint, ObservedVideo, ProviderError, StreamId},
};

/// A stream is not read again because of hints more often than this.
const BETWEEN_HINTS: Duration = Duration::from_millis(250);

/// What may be called ahead of the pace, for a burst.
const AHEAD: Duration = Duration::from_secs(1);

/// The most pages of one list of videos.
const MOST_VIDEO_PAGES: u32 = 1_000;

/// How many videos of a stream are kept whole.
pub const NEWEST: usize = 50;

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
    hints: HashSet<StreamId>,
    broadcast_hints: HashSet<BroadcastId>,
    /// When a stream, or a broadcast, was last read because of a hint.
    hinted: HashMap<StreamId, Instant>,
    broadcasts_hinted: HashMap<BroadcastId, Instant>,
    /// When the videos of a stream are to be read.
    videos: HashMap<StreamId, Instant>,
    shelves: HashMap<StreamId, Arc<Shelf>>,
    /// A walk is to tell what single reads would.
    walked_for: bool,
}

/// What to do next.
#[derive(Debug, Default, PartialEq, Eq)]
struct Due {
    /// Streams that hints named.
    hinted: BTreeSet<StreamId>,
    /// Broadcasts that hints named.
    broadcasts: BTreeSet<BroadcastId>,
    /// Streams that somebody follows.
    followed: BTreeSet<StreamId>,
    /// Streams whose videos are to be read.
    videos: BTreeSet<StreamId>,
    /// When there is more to do, if nothing changes.
    next: Option<Instant>,
}

impl Due {
    fn is_empty(&self) -> bool {
        self.hinted.is_empty()
            && self.broadcasts.is_empty()
            && self.followed.is_empty()
            && self.videos.is_empty()
    }

    fn put<I: Clone + Ord>(
        &mut self,
        when: Instant,
        now: Instant,
        id: &I,
        list: fn(&mut Self) -> &mut BTreeSet<I>,
    ) {
        if when > now {
            self.next = Some(self.next.map_or(when, |next| next.min(when)));
        } else {
            list(self).insert(id.clone());
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

    /// Says when the videos of a stream are to be read; `None`: not at all.
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

    /// Something outside has changed what may be due.
    pub(super) fn look_again(&self) {
        self.changed.notify_one();
    }

    /// Whether a walk is to tell what single reads would.
    pub(super) fn is_walked_for(&self) -> bool {
        self.lock().walked_for
    }

    fn set_walked_for(&self, walked_for: bool) {
        self.lock().walked_for = walked_for;
    }

    fn hint(&self, id: StreamId, videos: bool, now: Instant) {
        let mut inner = self.lock();
        if videos {
            inner.videos.insert(id, now);
        } else {
            inner.hints.insert(id);
        }
        drop(inner);
        self.changed.notify_one();
    }

    /// What is due. `told` is when the mirror was last told of a stream that it holds.
    fn due(&self, now: Instant, told: impl Fn(&StreamId) -> Option<Instant>) -> Due {
        let mut inner = self.lock();
        let inner = &mut *inner;
        inner.hinted.retain(|_, at| now < *at + BETWEEN_HINTS);
        let mut due = Due::default();
        for id in &inner.hints {
            let last = inner.hinted.get(id);
            let free = last.map_or(now, |last| *last + BETWEEN_HINTS);
            due.put(free, now, id, |due| &mut due.hinted);
        }
        inner
            .broadcasts_hinted
            .retain(|_, at| now < *at + BETWEEN_HINTS);
        for id in &inner.broadcast_hints {
            let last = inner.broadcasts_hinted.get(id);
            let free = last.map_or(now, |last| *last + BETWEEN_HINTS);
            due.put(free, now, id, |due| &mut due.broadcasts);
        }
        for (id, every) in inner.followers.values().flatten() {
            if let Some(told) = told(id) {
                due.put(told + *every, now, id, |due| &mut due.followed);
            }
        }
        for (id, when) in &inner.videos {
            due.put(*when, now, id, |due| &mut due.videos);
        }
        due
    }

    /// A stream is being read now.
    fn reading(&self, id: &StreamId, now: Instant) {
        let mut inner = self.lock();
        if inner.hints.remove(id) {
            inner.hinted.insert(id.clone(), now);
        }
    }

    /// A broadcast is being read now.
    fn reading_broadcast(&self, id: &BroadcastId, now: Instant) {
        let mut inner = self.lock();
        inner.broadcast_hints.remove(id);
        inner.broadcasts_hinted.insert(id.clone(), now);
    }

    fn hint_broadcast(&self, id: BroadcastId) {
        self.lock().broadcast_hints.insert(id);
        self.changed.notify_one();
    }

    /// The videos of a stream were read. A wish that came meanwhile stays.
    fn read(&self, id: &StreamId, listing: Shelf) {
        let mut inner = self.lock();
        if inner.videos.get(id).is_some_and(|at| *at <= listing.asked) {
            inner.videos.remove(id);
        }
        inner.shelves.insert(id.clone(), Arc::new(listing));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Half of the rate, with a little ahead.
struct Pace {
    free: Instant,
}

impl Pace {
    /// Waits until the next call may be made.
    async fn keep(&mut self, per_second: u32) {
        let now = clock::now().mono;
        let ahead = self.free.saturating_duration_since(now);
        tokio::time::sleep(ahead.saturating_sub(AHEAD)).await;
        let each = Duration::from_secs_f64(2.0 / f64::from(per_second.max(1)));
        self.free = self.free.max(now) + each;
    }
}

impl Client {
    /// Takes a hint from outside. What nobody here holds costs nothing.
    pub fn hint(&self, hint: Hint) {
        match hint {
            Hint::Stream(id) if self.is_held(&id) => {
                self.desk.hint(id, false, clock::now().mono);
            }
            Hint::VideoOf(id) if self.is_held(&id) => {
                self.desk.hint(id, true, clock::now().mono);
            }
            Hint::Broadcast(id) if !self.index.broadcasts.of_broadcast(&id).is_empty() => {
                self.desk.hint_broadcast(id);
            }
            Hint::Stream(_) | Hint::VideoOf(_) | Hint::Broadcast(_) => {}
        }
    }

    /// Reads what is due, for ever.
    pub async fn read_for_ever(&self) {
        let mut pace = Pace {
            free: clock::now().mono,
        };
        let mut failures: u32 = 0;
        // A walk that reads what is followed in fewer calls than single reads would take.
        let mut walk: Option<Instant> = None;
        loop {
            let now = clock::now().mono;
            let mut due = self.desk.due(now, |id| self.mirror.told(id));
            walk = walk.filter(|asked| self.is_walking_for(*asked));
            let pages = usize::try_from(self.mirror.pages()).unwrap_or(usize::MAX);
            let streams = due.hinted.union(&due.followed).count();
            if walk.is_some() {
                due.followed.clear();
                if due.hinted.len() > pages {
                    due.hinted.clear();
                }
            } else if streams > pages && self.can_walk() {
                due.hinted.iter().for_each(|id| self.desk.reading(id, now));
                due.hinted.clear();
                due.followed.clear();
                self.mirror.demand_walk(now);
                walk = Some(now);
            }
            self.desk.set_walked_for(walk.is_some());
            if due.is_empty() {
                let wait = due.next.map(|at| at.saturating_duration_since(now));
                tokio::select! {
                    () = sleep_or_wait(wait) => {}
                    () = self.desk.changed.notified() => {}
                }
                continue;
            }
            match self.read_due(due, &mut pace).await {
                Ok(()) => failures = 0,
                Err(error) => {
                    failures += 1;
                    tracing::debug!(client = self.id.as_str(), %error, failures, "a read between the walks failed");
                    tokio::time::sleep(backoff(failures)).await;
                }
            }
        }
    }

    async fn read_due(&self, due: Due, pace: &mut Pace) -> Result<(), ProviderError> {
        for id in due.hinted.union(&due.followed) {
            self.read_stream(id, pace).await?;
        }
        for id in &due.broadcasts {
            self.read_broadcast(id, pace).await?;
        }
        for id in &due.videos {
            self.read_videos(id, pace).await?;
        }
        Ok(())
    }

    async fn read_stream(&self, id: &StreamId, pace: &mut Pace) -> Result<(), ProviderError> {
        pace.keep(self.rate()).await;
        let (account, connection) = self.next_caller().await?;
        let asked = clock::now().mono;
        self.desk.reading(id, asked);
        let found = connection.streams.get(id).await;
        if let Some(stream) = self.answered(&account, found)? {
            self.tell(&self.mirror.read(asked, stream));
        } else {
            self.mirror.not_found(asked, id);
            self.tell_of(id);
        }
        Ok(())
    }

    async fn read_broadcast(&self, id: &BroadcastId, pace: &mut Pace) -> Result<(), ProviderError> {
        pace.keep(self.rate()).await;
        let (account, connection) = self.next_caller().await?;
        let asked = clock::now().mono;
        self.desk.reading_broadcast(id, asked);
        let Some(broadcasts) = &connection.broadcasts else {
            return Ok(());
        };
        let found = broadcasts.get(id).await;
        if let Some(broadcast) = self.answered(&account, found)? {
            self.tell_broadcasts(&self.broadcasts.read(asked, broadcast));
        } else {
            self.broadcasts.not_found(asked, id);
            self.tell_of_broadcast(id);
        }
        Ok(())
    }

    /// A key that works, and leave to make one call with it now.
    async fn next_caller(&self) -> Result<(ObjectKey, Connection), ProviderError> {
        let caller = self.caller().ok_or_else(|| ProviderError::Unauthorized {
            status: 401,
            message: "no key works".to_owned(),
        })?;
        self.budget.take(Class::Live, clock::now().mono).await;
        // While it waited, the key may have been changed.
        Ok(self.caller().unwrap_or(caller))
    }

    /// What an answer says about the budget and the key holds for everybody.
    fn answered<T>(
        &self,
        account: &ObjectKey,
        answer: Result<T, ProviderError>,
    ) -> Result<T, ProviderError> {
        match &answer {
            Err(ProviderError::RateLimited { retry_after }) => {
                self.budget.pause(*retry_after, clock::now().mono);
            }
            Err(ProviderError::Unauthorized { status: 401, .. }) => self.refuse(account),
            Ok(_) | Err(_) => {}
        }
        answer
    }

    /// Whether a walk would tell what single reads do.
    fn can_walk(&self) -> bool {
        self.health().failing.is_none() && self.mirror.unreadable().is_empty()
    }

    /// Whether a walk that was asked for then is still to come.
    fn is_walking_for(&self, asked: Instant) -> bool {
        self.can_walk() && self.mirror.last_walk().is_none_or(|began| began < asked)
    }

    async fn read_videos(&self, id: &StreamId, pace: &mut Pace) -> Result<(), ProviderError> {
        let began = clock::now().mono;
        let mut seen = HashSet::new();
        let mut newest: Vec<ObservedVideo> = Vec::new();
        for page in 1..=MOST_VIDEO_PAGES {
            pace.keep(self.rate()).await;
            let (account, connection) = self.next_caller().await?;
            let items = connection.recordings.videos(id, page).await;
            let items = self.answered(&account, items)?;
            if items.is_empty() {
                break;
            }
            let before = seen.len();
            for video in items.into_iter().flatten() {
                if seen.insert(video.id.clone()) {
                    newest.push(video);
                }
            }
            newest.sort_by(newest_first);
            newest.truncate(NEWEST);
            if seen.len() == before {
                // The list repeats itself.
                break;
            }
        }
        let listing = Shelf {
            asked: began,
            newest,
            count: seen.len(),
        };
        self.desk.read(id, listing);
        self.tell_of(id);
        Ok(())
    }
}

/// The newest first; what does not say when it began has not got far, and is new.
fn newest_first(a: &ObservedVideo, b: &ObservedVideo) -> std::cmp::Ordering {
    let key = |video: &ObservedVideo| {
        let id = video.id.as_str();
        let began = video.started_at.unwrap_or(Timestamp::MAX);
        (began, id.len(), id.to_owned())
    };
    key(b).cmp(&key(a))
}

async fn sleep_or_wait(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}

/// The wait after so many failures in a row.
fn backoff(failures: u32) -> Duration {
    Duration::from_millis(500).saturating_mul(1 << failures.saturating_sub(1).min(6))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{api::VideoState, object_key::Kind, provider::VideoId};

    fn id(id: &str) -> StreamId {
        StreamId::new(id)
    }

    fn who(name: &str) -> Seat {
        Kind::LiveStream.seat(&ObjectKey::new("ns", name))
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
        assert_eq!((due.followed.len(), due.next), (0, Some(start + every)));
        let due = desk.due(start + every, told);
        assert_eq!(due.followed, BTreeSet::from([id("1")]));
        desk.follow(who("a"), vec![]);
        assert_eq!(desk.due(start + every, told).next, Some(start + every * 5));
    }

    #[test]
    fn hints_merge_and_a_flood_of_them_is_read_a_few_times_a_second() {
        let desk = Desk::default();
        let start = clock::now().mono;
        let mut reads = 0;
        for millis in 0..10_000 {
            let now = start + Duration::from_millis(millis / 10);
            desk.hint(id("1"), false, now);
            if !desk.due(now, |_| None).hinted.is_empty() {
                desk.reading(&id("1"), now);
                reads += 1;
            }
        }
        assert_eq!(reads, 4);
        // The last one is not lost.
        let due = desk.due(start + Duration::from_secs(1), |_| None);
        assert_eq!(due.hinted, BTreeSet::from([id("1")]));
    }

    #[test]
    fn a_wish_for_videos_that_comes_while_they_are_read_stays() {
        let desk = Desk::default();
        let start = clock::now().mono;
        let listing = |asked| Shelf {
            asked,
            newest: vec![],
            count: 0,
        };
        desk.videos_at(&id("1"), Some(start));
        desk.hint(id("1"), true, start + Duration::from_secs(1));
        desk.read(&id("1"), listing(start));
        let now = start + Duration::from_secs(1);
        assert_eq!(desk.due(now, |_| None).videos, BTreeSet::from([id("1")]));
        desk.read(&id("1"), listing(now));
        assert_eq!(desk.due(now, |_| None), Due::default());
        // What was read later is not put away with what was told earlier.
        desk.put_away(&id("1"), start);
        assert!(desk.shelf(&id("1")).is_some());
        desk.put_away(&id("1"), now);
        assert!(desk.shelf(&id("1")).is_none());
    }

    #[test]
    fn the_newest_come_first() {
        let video = |id: &str, began: Option<i64>| ObservedVideo {
            id: VideoId::new(id),
            stream: None,
            state: VideoState::Empty,
            started_at: began.and_then(|at| Timestamp::from_second(at).ok()),
            duration_seconds: None,
            hls_url: None,
            dash_url: None,
            iframe_url: None,
            error: None,
        };
        let mut videos = [
            video("9", Some(1)),
            video("10", Some(1)),
            video("1", Some(2)),
            video("5", None),
        ];
        videos.sort_by(newest_first);
        let ids: Vec<&str> = videos.iter().map(|video| video.id.as_str()).collect();
        assert_eq!(ids, ["5", "1", "10", "9"]);
    }
}
