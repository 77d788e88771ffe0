//! What is read between the walks: streams that are on air or about to be, what a webhook hinted at,
//! and the lists of videos.
//!
//! Passes say how closely their streams are to be followed, and when they want to know the videos of
//! one; this task makes the calls, one at a time, the most urgent first. It takes at most half of the
//! rate, and a quarter while others wait, and its class has a share of the budget for certain: what is
//! on air does not wait behind ten thousand creations. What cannot be read is read less and less often, and nothing else waits for it.

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

use super::{
    budget::Class,
    client::Client,
    desk::{NEWEST, Shelf, Target},
};
use crate::{
    clock,
    object_key::ObjectKey,
    provider::{BroadcastId, Connection, Hint, ObservedVideo, ProviderError, StreamId},
};

/// What may be called ahead of the pace, for a burst.
const AHEAD: Duration = Duration::from_secs(1);

/// The most pages of one list of videos.
const MOST_VIDEO_PAGES: u32 = 1_000;

/// It takes one call of so many.
const SHARE: f64 = 2.0;

/// The same while objects wait for changes and creations: what is on air has a quarter for certain.
const SHARE_IN_A_CROWD: f64 = 4.0;

/// Of which the lists of videos take one call of so many: what was recorded does not run away.
const VIDEOS_IN_A_CROWD: f64 = 16.0;

/// A share of the rate, with a little ahead.
struct Pace {
    free: Instant,
}

impl Pace {
    /// Waits until the next call may be made.
    async fn keep(&mut self, share: f64, per_second: u32) {
        let now = clock::now().mono;
        let ahead = self.free.saturating_duration_since(now);
        tokio::time::sleep(ahead.saturating_sub(AHEAD)).await;
        self.free = self.free.max(now) + part(share, per_second);
    }
}

/// The time between two calls of whoever takes one call of so many.
fn part(share: f64, per_second: u32) -> Duration {
    Duration::from_secs_f64(share / f64::from(per_second.max(1)))
}

/// A list of videos of which some pages were read.
#[derive(Debug)]
struct Listing {
    began: Instant,
    pages: u32,
    seen: HashSet<String>,
    newest: Vec<ObservedVideo>,
}

impl Listing {
    fn begin(now: Instant) -> Self {
        Self {
            began: now,
            pages: 0,
            seen: HashSet::new(),
            newest: Vec::new(),
        }
    }

    /// Takes a page in; `true` where it was the last.
    fn take(&mut self, items: Vec<Option<ObservedVideo>>) -> bool {
        let (empty, before) = (items.is_empty(), self.seen.len());
        for video in items.into_iter().flatten() {
            if self.seen.insert(video.id.as_str().to_owned()) {
                self.newest.push(video);
            }
        }
        self.newest.sort_by(newest_first);
        self.newest.truncate(NEWEST);
        self.pages += 1;
        // A list that repeats itself has no end.
        empty || self.seen.len() == before || self.pages >= MOST_VIDEO_PAGES
    }

    fn shelf(self) -> Shelf {
        Shelf {
            asked: self.began,
            count: self.seen.len(),
            newest: self.newest,
        }
    }
}

/// The newest first. Ids count up; when a recording began is not said of each.
fn newest_first(a: &ObservedVideo, b: &ObservedVideo) -> std::cmp::Ordering {
    let key = |video: &ObservedVideo| {
        let id = video.id.as_str();
        (id.len(), id.to_owned())
    };
    key(b).cmp(&key(a))
}

impl Client {
    /// Takes a hint from outside: what it was about, and whether an object here holds that. What nobody
    /// holds costs nothing.
    pub fn hint(&self, hint: Hint) -> (&'static str, bool) {
        let about = match &hint {
            Hint::Stream(_) => "stream",
            Hint::VideoOf(_) => "videos",
            Hint::Broadcast(_) => "broadcast",
        };
        let target = match hint {
            Hint::Stream(id) if self.is_held(&id) || self.is_shown(&id) => Target::Stream(id),
            Hint::VideoOf(id) if self.is_held(&id) => Target::Videos(id),
            Hint::Broadcast(id) if !self.index.broadcasts.of_broadcast(&id).is_empty() => {
                Target::Broadcast(id)
            }
            Hint::Stream(_) | Hint::VideoOf(_) | Hint::Broadcast(_) => return (about, false),
        };
        self.desk.hint(target, clock::now().mono);
        (about, true)
    }

    /// Reads what is due, for ever.
    pub async fn read_for_ever(&self) {
        let mut pace = Pace {
            free: clock::now().mono,
        };
        let mut listings: HashMap<StreamId, Listing> = HashMap::new();
        let mut failures: u32 = 0;
        // A walk that reads what is followed in fewer calls than single reads would take.
        let mut walk: Option<Instant> = None;
        let mut next_videos = clock::now().mono;
        loop {
            let now = clock::now().mono;
            let crowd = self.budget.is_crowded();
            let mut due = self.desk.due(now, |id| self.mirror.told(id));
            if crowd && now < next_videos {
                due.put_off_videos(next_videos);
            }
            walk = walk.filter(|asked| self.is_walking_for(*asked));
            let pages = usize::try_from(self.mirror.pages()).unwrap_or(usize::MAX);
            if walk.is_some() {
                due.leave_to_walk(pages);
            } else if due.streams() > pages && self.can_walk() {
                self.desk.begun(due.hinted_streams(), now);
                due.leave_to_walk(0);
                self.mirror.demand_walk(now);
                walk = Some(now);
            }
            self.desk.set_walked_for(walk.is_some());
            let Some(target) = due.first() else {
                let wait = due.next.map(|at| at.saturating_duration_since(now));
                tokio::select! {
                    () = sleep_or_wait(wait) => {}
                    () = self.desk.changed() => {}
                }
                continue;
            };
            let share = if crowd { SHARE_IN_A_CROWD } else { SHARE };
            if let Target::Videos(_) = target {
                next_videos = now + part(VIDEOS_IN_A_CROWD, self.rate());
            }
            pace.keep(share, self.rate()).await;
            match self.read_target(&target, &mut listings).await {
                Ok(()) => {
                    failures = 0;
                    self.desk.went_well(&target);
                }
                Err(error) => {
                    failures += 1;
                    let again = clock::now().mono;
                    if self.desk.went_wrong(&target, again) {
                        tracing::warn!(client = self.id.as_str(), what = %target, %error, "it cannot be read; it is tried again, less and less often");
                    }
                    // Where everything fails, nobody needs to hurry; where one thing does, the others
                    // wait but a moment.
                    tokio::time::sleep(backoff(failures)).await;
                }
            }
        }
    }

    async fn read_target(
        &self,
        target: &Target,
        listings: &mut HashMap<StreamId, Listing>,
    ) -> Result<(), ProviderError> {
        match target {
            Target::Stream(id) => self.read_stream(id).await,
            Target::Broadcast(id) => self.read_broadcast(id).await,
            Target::Videos(id) => self.read_videos(id, listings).await,
        }
    }

    async fn read_stream(&self, id: &StreamId) -> Result<(), ProviderError> {
        let (account, connection) = self.next_caller().await?;
        let asked = clock::now().mono;
        let target = Target::Stream(id.clone());
        self.desk.begun([target.clone()], asked);
        let found = connection.streams.get(id).await;
        if let Some(stream) = self.answered(&account, found)? {
            let news = self.mirror.read(asked, stream);
            let told = news.ids.contains(id);
            self.desk.hint_read(&target, asked, told);
            self.tell(&news);
        } else {
            self.mirror.not_found(asked, id);
            self.desk.hint_read(&target, asked, true);
            self.tell_of(id);
        }
        Ok(())
    }

    async fn read_broadcast(&self, id: &BroadcastId) -> Result<(), ProviderError> {
        let (account, connection) = self.next_caller().await?;
        let asked = clock::now().mono;
        let target = Target::Broadcast(id.clone());
        self.desk.begun([target.clone()], asked);
        let Some(broadcasts) = &connection.broadcasts else {
            return Ok(());
        };
        let found = broadcasts.get(id).await;
        if let Some(broadcast) = self.answered(&account, found)? {
            let news = self.broadcasts.read(asked, broadcast);
            let told = news.ids.contains(id);
            self.desk.hint_read(&target, asked, told);
            self.tell_broadcasts(&news);
        } else {
            self.broadcasts.not_found(asked, id);
            self.desk.hint_read(&target, asked, true);
            self.tell_of_broadcast(id);
        }
        Ok(())
    }

    /// Reads one page of a list of videos, so that what is more urgent comes in between.
    async fn read_videos(
        &self,
        id: &StreamId,
        listings: &mut HashMap<StreamId, Listing>,
    ) -> Result<(), ProviderError> {
        if !self.is_held(id) {
            self.desk.drop_videos(id);
            listings.remove(id);
            return Ok(());
        }
        let (account, connection) = self.next_caller().await?;
        let now = clock::now().mono;
        let listing = listings.entry(id.clone()).or_insert_with(|| {
            self.desk.begun([Target::Videos(id.clone())], now);
            Listing::begin(now)
        });
        let page = listing.pages + 1;
        let items = connection.recordings.videos(id, page).await;
        let last = listing.take(self.answered(&account, items)?);
        if last && let Some(listing) = listings.remove(id) {
            // Whether it is news, the pass finds out.
            let target = Target::Videos(id.clone());
            self.desk.hint_read(&target, listing.began, true);
            self.desk.listed(id, listing.shelf());
            self.tell_of(id);
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
    use jiff::Timestamp;

    use super::*;
    use crate::{api::VideoState, provider::VideoId};

    fn video(id: &str, began: Option<i64>) -> ObservedVideo {
        ObservedVideo {
            id: VideoId::new(id),
            stream: None,
            state: VideoState::Empty,
            started_at: began.and_then(|at| Timestamp::from_second(at).ok()),
            duration_seconds: None,
            hls_url: None,
            dash_url: None,
            iframe_url: None,
            error: None,
            expires_at: None,
            files: Vec::new(),
        }
    }

    #[test]
    fn a_list_is_read_page_by_page_and_the_newest_are_kept() {
        let now = clock::now().mono;
        let mut listing = Listing::begin(now);
        let page = |ids: std::ops::Range<u32>| -> Vec<Option<ObservedVideo>> {
            ids.map(|id| Some(video(&id.to_string(), None))).collect()
        };
        assert!(!listing.take(page(60..85)));
        assert!(!listing.take(page(90..110)));
        // One moved between the pages, and one cannot be read.
        assert!(!listing.take([page(30..60), vec![Some(video("84", None)), None]].concat()));
        assert!(listing.take(vec![]));
        let shelf = listing.shelf();
        assert_eq!(
            (shelf.count, shelf.newest.len(), shelf.asked),
            (75, NEWEST, now)
        );
        let ids: Vec<&str> = shelf.newest.iter().map(|v| v.id.as_str()).collect();
        assert_eq!(
            (ids[0], ids[9], ids[10], ids[49]),
            ("109", "100", "99", "55")
        );
    }

    #[test]
    fn a_list_that_does_not_end_is_left() {
        let mut listing = Listing::begin(clock::now().mono);
        assert!(!listing.take(vec![Some(video("1", None))]));
        assert!(listing.take(vec![Some(video("1", None))]));
    }

    #[tokio::test]
    async fn at_most_half_of_the_rate_is_taken() {
        let start = clock::now().mono;
        let mut pace = Pace { free: start };
        for _ in 0..13 {
            pace.keep(SHARE, 20).await;
        }
        // Ten go ahead of the pace; each further one waits for its tenth of a second.
        assert!(clock::now().mono >= start + Duration::from_millis(200));
    }
}
