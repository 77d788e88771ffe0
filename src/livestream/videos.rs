//! The videos that came out of a stream: when to read their list, and what the status says of them.
//! Pure.
//!
//! The list is read only when something about it may have changed: a recording or a session has
//! ended, a video is not done yet, or this process does not know what happened before it began. What
//! the status says survives a restart and tells which of these it is.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::{
    account::Shelf,
    api::{LiveStreamStatus, Video, VideoFile, VideoState},
    clock::Now,
    provider::{ObservedStream, ObservedVideo, StreamId, VideoId},
    report::RecordingNews,
};

/// The longest wait between two readings while a recording runs: a long one is cut into files.
const WHILE_RECORDING: Duration = Duration::from_mins(10);

/// How long a video is looked for after a recording has ended. None comes of one that was too short.
const AFTER_THE_END: Duration = Duration::from_mins(5);

/// How long a video that nobody has named may not be listed yet.
const MAY_LAG: Duration = Duration::from_secs(10);

/// How long the videos of a lost stream hold up the one in its place.
const LOST_PATIENCE: Duration = Duration::from_secs(60);

/// How many videos are awaited by name.
const MOST_EXPECTED: usize = 8;

/// The longest wait between two readings while a video is not done.
const WHILE_PROCESSED: Duration = Duration::from_hours(1);

/// How long before a video is deleted people are warned, where nobody took it.
const WARNED_BEFORE: Duration = Duration::from_hours(24);

/// How long after that moment it is looked whether a video is gone.
const GONE_AFTER: [Duration; 3] = [
    Duration::from_secs(5),
    Duration::from_mins(10),
    Duration::from_hours(24),
];

/// How many files of a video are shown, as the schema says.
const MOST_FILES: usize = 8;

/// How many videos are shown with their files: an object has little room.
const WITH_FILES: usize = 20;

/// How long a video that makes no progress is looked at.
const GIVE_UP: Duration = Duration::from_hours(24);

/// What the passes remember of a stream's videos.
#[derive(Clone, Debug, Default)]
pub struct Shelving {
    sign: Option<Sign>,
    /// When something last happened that calls for a reading.
    changed: Option<Instant>,
    /// When the last reading began whose result is in the status.
    pub read: Option<Instant>,
    /// Readings since the last progress.
    tries: u32,
    /// A recording has ended and no new video has shown since.
    ended: bool,
    /// The videos that the answers to stops have named.
    expected: Vec<VideoId>,
    /// Of the videos that were told last, some are not done. A pass may see an older status than the
    /// one that told them.
    unfinished: Option<bool>,
    /// The videos of which it was told that they are deleted soon.
    warned: Vec<VideoId>,
    /// When it was seen that the stream is gone, where it was on air before.
    lost: Option<Instant>,
}

/// What of a stream tells that there may be new videos.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sign {
    live: bool,
    recording: bool,
    session: Option<Timestamp>,
}

impl Sign {
    fn of(stream: &ObservedStream) -> Self {
        Self {
            live: stream.live,
            recording: stream.recording == Some(true),
            session: stream.session_started_at,
        }
    }

    /// Whether a file may have been closed between this and what came after it.
    fn may_have_closed(self, next: Self) -> bool {
        let unnoticed = self.session != next.session && (self.live || !next.live);
        (self.recording && !next.recording) || (self.live && !next.live) || unnoticed
    }
}

impl Shelving {
    /// Takes in the stream as it is seen now.
    pub fn observe(&mut self, status: &LiveStreamStatus, stream: &ObservedStream, now: Now) {
        let sign = Sign::of(stream);
        self.lost = None;
        let closed = match self.sign.replace(sign) {
            Some(old) => old.may_have_closed(sign),
            None => unknown_past(status, stream, now.wall),
        };
        if closed {
            self.stir(now.mono);
            self.ended = true;
        }
        // A long recording is cut into files while it runs.
        if sign.recording && self.changed.is_none() {
            self.stir(now.mono);
        }
    }

    /// The stream is not there any more: what came out of it is listed once more. `told` is whether it was
    /// last told to be on air, which counts where this process never saw it.
    pub fn lost(&mut self, told: bool, now: Instant) {
        if self.lost.is_some() {
            return;
        }
        let on_air = |sign: Sign| sign.live || sign.recording;
        if self.sign.take().map_or(told, on_air) {
            self.lost = Some(now);
            self.stir(now);
            self.ended = true;
        }
    }

    /// How long another stream in place of a lost one waits yet, so that what came out of the lost one is
    /// told: a video that is not named before the new id is would be named never.
    pub fn untold(&self, now: Instant) -> Option<Duration> {
        let lost = self.lost.filter(|lost| !self.is_whole_since(*lost))?;
        let left = LOST_PATIENCE.saturating_sub(now.saturating_duration_since(lost));
        (!left.is_zero()).then_some(left)
    }

    /// A recording was ended by a call, and its answer named the video that came of it, or said that
    /// there is none.
    pub fn stopped(&mut self, video: Option<VideoId>, now: Instant) {
        self.stir(now);
        self.ended |= video.is_some();
        // One that is awaited already is awaited on.
        let awaited = self.expected.len() < MOST_EXPECTED;
        self.expected.extend(video.filter(|_| awaited));
    }

    /// A recording may have been ended by a call whose answer is not known.
    pub fn perhaps_stopped(&mut self, now: Instant) {
        self.stir(now);
        self.ended = true;
    }

    /// The object goes: what came out of its stream is read once more.
    pub fn last_time(&mut self, since: Instant) {
        if self.changed.is_none_or(|changed| changed < since) {
            self.stir(since);
        }
    }

    fn stir(&mut self, now: Instant) {
        self.changed = Some(now);
        self.tries = 0;
    }

    /// What a reading showed stands in the status now.
    pub fn shelved(&mut self, listing: &Shelf, progress: bool, found: bool) {
        self.read = Some(listing.asked);
        self.unfinished = Some(listing.newest.iter().any(|video| !is_final(video.state)));
        self.tries = if progress {
            1
        } else {
            self.tries.saturating_add(1)
        };
        if progress {
            self.changed = self.changed.max(Some(listing.asked));
        }
        let listed = |id: &VideoId| listing.newest.iter().any(|video| video.id == *id);
        self.warned.retain(listed);
        self.expected
            .retain(|id| listing.newest.iter().all(|video| video.id != *id));
        if found && self.expected.is_empty() {
            self.ended = false;
        }
    }

    /// Whether a reading that began since then has shown all that is expected. Where a recording has
    /// ended and no video shows, it is given some time.
    pub fn is_whole_since(&self, since: Instant) -> bool {
        let from = match self.changed {
            Some(changed) if self.ended => since.max(changed + MAY_LAG),
            Some(_) | None => since,
        };
        self.read.is_some_and(|read| read >= from) && self.expected.is_empty()
    }

    /// What is worth a warning: each video that is deleted soon, once.
    pub(super) fn expiring(
        &self,
        videos: &[Video],
        stream: &StreamId,
        now: Timestamp,
    ) -> Vec<RecordingNews> {
        let soon = videos.iter().filter_map(|video| {
            let at = video.expires_at.as_ref()?.0;
            let id = VideoId::new(&video.id);
            let left = Duration::try_from(at.duration_since(now)).ok()?;
            let told = self.warned.contains(&id);
            let stream = stream.clone();
            (left <= WARNED_BEFORE && !told).then_some(RecordingNews::Expires { id, stream, at })
        });
        soon.collect()
    }

    /// These warnings were told.
    pub(super) fn warned(&mut self, news: &[RecordingNews]) {
        for news in news {
            if let RecordingNews::Expires { id, .. } = news {
                self.warned.push(id.clone());
            }
        }
    }

    /// When the list is to be read because a video is deleted soon, or should be gone: whether somebody took
    /// it is not seen otherwise. In between nothing is read.
    pub fn expiry(&self, videos: &[Video], now: Now) -> Option<Instant> {
        let ends = videos.iter().filter_map(|video| video.expires_at.as_ref());
        let moments = ends.flat_map(|end| {
            let after = GONE_AFTER.map(|wait| end.0.checked_add(wait).ok());
            let before = end.0.checked_sub(WARNED_BEFORE).ok();
            after.into_iter().chain([before]).flatten()
        });
        let unread = moments.filter_map(|at| {
            let ahead = at.duration_since(now.wall);
            let at = if ahead.is_negative() {
                now.mono.checked_sub(ahead.unsigned_abs())
            } else {
                now.mono.checked_add(ahead.unsigned_abs())
            };
            match (at, self.read) {
                (Some(at), Some(read)) => (read < at).then_some(at),
                (at, None) => Some(at.unwrap_or(now.mono)),
                // Before this machine began.
                (None, Some(_)) => None,
            }
        });
        unread.min()
    }

    /// When the list is to be read next. `videos` are those of the status; what this process told counts
    /// for more.
    pub fn due(&self, videos: &[Video]) -> Option<Instant> {
        let changed = self.changed?;
        let Some(read) = self.read.filter(|read| *read >= changed) else {
            return Some(changed);
        };
        let in_status = || videos.iter().any(|video| !is_final(video.state));
        let unfinished = self.unfinished.unwrap_or_else(in_status);
        let recording = self.sign.is_some_and(|sign| sign.recording);
        let ended = self.ended || !self.expected.is_empty();
        let since = read.saturating_duration_since(changed);
        let longest = if ended && since < AFTER_THE_END {
            Duration::from_secs(30)
        } else if recording {
            WHILE_RECORDING
        } else if unfinished && since < GIVE_UP {
            WHILE_PROCESSED
        } else {
            return None;
        };
        let wait = Duration::from_secs(1).saturating_mul(1 << self.tries.saturating_sub(1).min(12));
        Some(read + wait.min(longest))
    }
}

/// Whether something may have happened to the videos while nobody of us looked, or a process before
/// this one still looked for the video of a recording that had ended.
fn unknown_past(status: &LiveStreamStatus, stream: &ObservedStream, now: Timestamp) -> bool {
    let session = status.session_started_at.as_ref().map(|at| at.0);
    let known = status.video_count.is_some() || stream.session_started_at.is_none();
    stream.live
        || status.live == Some(true)
        || status.recording == Some(true)
        || session != stream.session_started_at
        || status.videos.iter().any(|video| !is_final(video.state))
        || !known
        || (session.is_some() && ended_lately(status, now))
}

/// It went off air, or a recording of it ended, so lately that its video may not be listed yet.
fn ended_lately(status: &LiveStreamStatus, now: Timestamp) -> bool {
    status.conditions.iter().any(|condition| {
        let since = now.duration_since(condition.last_transition_time.0);
        ["Live", "Recording"].contains(&condition.type_.as_str())
            && condition.status == "False"
            && since.unsigned_abs() < AFTER_THE_END
    })
}

/// The provider does nothing more to it. A video may stay viewable for good, but that is seen only
/// from its staying so.
fn is_final(state: VideoState) -> bool {
    match state {
        VideoState::Ready | VideoState::Error | VideoState::Deleted => true,
        VideoState::Empty | VideoState::Pending | VideoState::Viewable | VideoState::Unknown => {
            false
        }
    }
}

/// What a reading means for the status, and what is worth telling.
#[derive(Debug, Default)]
pub(super) struct Shelved {
    /// The newest videos.
    pub(super) videos: Vec<Video>,
    /// How many there are.
    pub(super) count: i64,
    /// What has become known.
    pub(super) news: Vec<RecordingNews>,
    /// There are videos that the status did not name.
    pub(super) found: bool,
    /// So are there, or one has come further.
    pub(super) progress: bool,
}

/// Compares a reading with what the status says.
pub(super) fn shelve(old: &LiveStreamStatus, stream: &StreamId, listing: &Shelf) -> Shelved {
    let before: HashMap<&str, &Video> = old.videos.iter().map(|v| (v.id.as_str(), v)).collect();
    let full = old.videos.len() >= crate::account::NEWEST;
    let mut shelved = Shelved {
        count: i64::try_from(listing.count).unwrap_or(i64::MAX),
        ..Shelved::default()
    };
    for (place, seen) in listing.newest.iter().enumerate() {
        let mut video = video(seen);
        if place < WITH_FILES {
            video.files = files(seen);
        }
        match before.get(video.id.as_str()) {
            Some(known) if known.state == video.state => {}
            Some(_) => {
                shelved.progress = true;
                shelved.news.extend(end_of(&video, stream));
            }
            // A video that comes behind all of a full list was told long ago, before newer ones
            // pushed it out.
            None if full && is_behind(&before, &listing.newest, place) => {}
            None => {
                shelved.found = true;
                shelved.progress = true;
                shelved.news.push(RecordingNews::VideoFound {
                    id: seen.id.clone(),
                    stream: stream.clone(),
                });
                shelved.news.extend(end_of(&video, stream));
            }
        }
        shelved.videos.push(video);
    }
    shelved
}

/// Whether what stands at a place comes after everything that is known already.
fn is_behind(known: &HashMap<&str, &Video>, newest: &[ObservedVideo], place: usize) -> bool {
    let known = |video: &ObservedVideo| known.contains_key(video.id.as_str());
    let (before, after) = newest.split_at(place);
    before.iter().any(known) && !after.iter().any(known)
}

/// The end of a video's processing, where it has come to one.
fn end_of(video: &Video, stream: &StreamId) -> Option<RecordingNews> {
    let (id, stream) = (VideoId::new(&video.id), stream.clone());
    match video.state {
        VideoState::Ready => Some(RecordingNews::VideoReady { id, stream }),
        VideoState::Error => Some(RecordingNews::VideoFailed {
            id,
            stream,
            error: video.error.clone(),
        }),
        VideoState::Empty
        | VideoState::Pending
        | VideoState::Viewable
        | VideoState::Deleted
        | VideoState::Unknown => None,
    }
}

/// A time as the apiserver keeps it.
pub(super) fn in_seconds(at: Timestamp) -> Time {
    Time(Timestamp::from_second(at.as_second()).unwrap_or(at))
}

fn video(seen: &ObservedVideo) -> Video {
    Video {
        id: seen.id.as_str().to_owned(),
        state: seen.state,
        started_at: seen.started_at.map(in_seconds),
        duration_seconds: seen.duration_seconds,
        hls_url: seen.hls_url.clone(),
        dash_url: seen.dash_url.clone(),
        iframe_url: seen.iframe_url.clone(),
        error: seen
            .error
            .clone()
            .map(|error| crate::conditions::cut(&error, 256).to_owned()),
        expires_at: seen.expires_at.map(in_seconds),
        files: Vec::new(),
    }
}

/// A video's files, as many as there is room for.
fn files(seen: &ObservedVideo) -> Vec<VideoFile> {
    seen.files.iter().take(MOST_FILES).cloned().collect()
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

    use super::*;
    use crate::{
        api::{Playback, VideoFileState},
        clock,
        provider::{Ingest, Mark, StreamSettings},
    };

    fn on_clock(mono: Instant) -> Now {
        let wall = Timestamp::UNIX_EPOCH;
        Now { wall, mono }
    }

    fn stream(live: bool, recording: Option<bool>, session: Option<i64>) -> ObservedStream {
        ObservedStream {
            id: StreamId::new("1"),
            mark: Mark::None,
            settings: StreamSettings::default(),
            live,
            recording,
            session_started_at: session.and_then(|at| Timestamp::from_second(at).ok()),
            broadcasts: Vec::new(),
            ingest: Ingest::default(),
            playback: Some(Playback::default()),
            phase: crate::provider::Phase::Usable,
        }
    }

    fn seen(id: &str, state: VideoState, began: Option<i64>) -> ObservedVideo {
        ObservedVideo {
            id: VideoId::new(id),
            stream: Some(StreamId::new("1")),
            state,
            started_at: began.and_then(|at| Timestamp::from_millisecond(at * 1000 + 7).ok()),
            duration_seconds: None,
            hls_url: None,
            dash_url: None,
            iframe_url: None,
            error: None,
            expires_at: None,
            files: Vec::new(),
        }
    }

    fn shelf(asked: Instant, newest: Vec<ObservedVideo>) -> Shelf {
        Shelf {
            asked,
            count: newest.len(),
            newest,
        }
    }

    fn status(videos: Vec<Video>) -> LiveStreamStatus {
        LiveStreamStatus {
            video_count: Some(i64::try_from(videos.len()).unwrap()),
            videos,
            ..LiveStreamStatus::default()
        }
    }

    #[test]
    fn a_video_that_is_deleted_soon_is_told_once_and_looked_at_until_it_is_gone() {
        let hours = Duration::from_hours;
        // Far from the beginning of this machine's clock.
        let start = clock::now().mono + hours(24 * 365);
        let at = |passed: Duration| Now {
            wall: Timestamp::UNIX_EPOCH + passed,
            mono: start + passed,
        };
        let expires = |end: Duration| ObservedVideo {
            expires_at: Some(at(end).wall),
            ..seen("7", VideoState::Ready, Some(1))
        };
        let id = StreamId::new("1");
        let end = hours(72);
        let mut shelving = Shelving::default();
        let videos = [video(&expires(end))];
        let due = shelving.expiry(&videos, at(hours(1))).unwrap();
        assert!(due <= at(hours(48)).mono, "this process read nothing yet");
        let mut readings = Vec::new();
        let mut warnings = 0;
        let mut now = at(Duration::ZERO);
        loop {
            let news = shelving.expiring(&videos, &id, now.wall);
            warnings += news.len();
            shelving.warned(&news);
            shelving.shelved(&shelf(now.mono, vec![expires(end)]), false, false);
            readings.push(now.mono - start);
            let Some(due) = shelving.expiry(&videos, now) else {
                break;
            };
            assert!(due > now.mono && readings.len() < 20);
            now = at(due - start);
        }
        let after = GONE_AFTER.map(|wait| end + wait);
        assert_eq!(
            readings,
            [&[Duration::ZERO, hours(48)][..], &after].concat()
        );
        assert_eq!(warnings, 1);
        // One that was taken is not told, and not looked at.
        let taken = [video(&seen("8", VideoState::Ready, Some(1)))];
        assert_eq!(shelving.expiry(&taken, now), None);
        assert_eq!(shelving.expiring(&taken, &id, now.wall), []);
        for (left, warned) in [(24, true), (25, false), (1, true)] {
            let fresh = Shelving::default();
            let videos = [video(&expires(hours(left)))];
            let news = fresh.expiring(&videos, &id, Timestamp::UNIX_EPOCH);
            assert_eq!(!news.is_empty(), warned, "{left}");
        }
        let late = at(end + hours(1)).wall;
        assert_eq!(Shelving::default().expiring(&videos, &id, late), []);
    }

    #[test]
    fn files_are_shown_as_far_as_there_is_room() {
        let file = VideoFile {
            format: Some("HLS".to_owned()),
            resolution: Some("1280x720".to_owned()),
            state: VideoFileState::Uploaded,
            url: Some("x".repeat(512)),
        };
        let videos = (0..50).map(|id: i64| ObservedVideo {
            files: vec![file.clone(); 30],
            expires_at: Timestamp::from_millisecond(7_900).ok(),
            ..seen(&id.to_string(), VideoState::Ready, Some(id))
        });
        let shelf = shelf(clock::now().mono, videos.collect());
        let shelved = shelve(&LiveStreamStatus::default(), &StreamId::new("1"), &shelf);
        let many = shelved.videos.iter().map(|video| video.files.len());
        let expected = (0..50).map(|place| if place < 20 { 8 } else { 0 });
        assert!(many.eq(expected));
        let at = Timestamp::from_second(7).ok().map(Time);
        assert!(shelved.videos.iter().all(|video| video.expires_at == at));
        let size = serde_json::to_vec(&shelved.videos).unwrap().len();
        assert!(size < 128 * 1024, "{size}");
    }

    #[test]
    fn the_list_is_read_when_a_file_may_have_been_closed() {
        let on = |session| stream(true, Some(true), Some(session));
        let live = |session| stream(true, Some(false), Some(session));
        let off = |session| stream(false, Some(false), Some(session));
        let blind = |on| stream(on, None, Some(1));
        for (before, after, expected) in [
            (on(1), live(1), true),
            (on(1), off(1), true),
            (live(1), off(1), true),
            (off(1), off(2), true),
            (live(1), live(2), true),
            (blind(true), blind(false), true),
            (off(1), live(2), false),
            (live(1), on(1), false),
            (off(1), off(1), false),
            (blind(false), blind(true), false),
        ] {
            let found = Sign::of(&before).may_have_closed(Sign::of(&after));
            assert_eq!(found, expected, "{before:?} {after:?}");
        }
    }

    #[test]
    fn after_a_restart_only_what_may_have_changed_is_read() {
        let session = |at: i64| Time(Timestamp::from_second(at).unwrap());
        let known = LiveStreamStatus {
            session_started_at: Some(session(1)),
            ..status(vec![])
        };
        let finished = stream(false, Some(false), Some(1));
        let now = Timestamp::from_second(1_000_000).unwrap();
        assert!(!unknown_past(&known, &finished, now));
        assert!(!unknown_past(
            &LiveStreamStatus::default(),
            &stream(false, None, None),
            now
        ));
        let changed: [fn(&mut LiveStreamStatus); 4] = [
            |status| status.live = Some(true),
            |status| status.recording = Some(true),
            |status| status.session_started_at = None,
            |status| status.video_count = None,
        ];
        for change in changed {
            let mut status = known.clone();
            change(&mut status);
            assert!(unknown_past(&status, &finished, now), "{status:?}");
        }
        let unfinished = status(vec![video(&seen("1", VideoState::Viewable, Some(1)))]);
        assert!(unknown_past(&unfinished, &finished, now));
        assert!(unknown_past(
            &known,
            &stream(true, Some(false), Some(1)),
            now
        ));
    }

    #[test]
    fn after_a_restart_the_video_of_what_has_just_ended_is_still_looked_for() {
        let at = |second| Timestamp::from_second(1_000_000 + second).unwrap();
        let patience = i64::try_from(AFTER_THE_END.as_secs()).unwrap();
        for (kind, on, session, now, expected) in [
            ("Live", "False", Some(1), 1, true),
            ("Recording", "False", Some(1), patience - 1, true),
            // Calendars step.
            ("Live", "False", Some(1), -1, true),
            ("Live", "False", Some(1), patience, false),
            ("Ready", "False", Some(1), 1, false),
            ("Recording", "True", Some(1), 1, false),
            ("Recording", "False", None, 1, false),
        ] {
            let condition = Condition {
                type_: kind.to_owned(),
                status: on.to_owned(),
                reason: "Any".to_owned(),
                message: String::new(),
                observed_generation: None,
                last_transition_time: Time(at(0)),
            };
            let status = LiveStreamStatus {
                session_started_at: session.map(|at| Time(Timestamp::from_second(at).unwrap())),
                conditions: vec![condition],
                ..status(vec![])
            };
            let found = unknown_past(&status, &stream(false, Some(false), session), at(now));
            assert_eq!(found, expected, "{kind} {on} {session:?} {now}");
        }
    }

    #[test]
    fn readings_back_off_and_end() {
        let start = clock::now().mono;
        let mut shelving = Shelving::default();
        assert_eq!(shelving.due(&[]), None);
        shelving.stopped(Some(VideoId::new("7")), start);
        assert_eq!(shelving.due(&[]), Some(start));
        // It is expected, and not listed for long.
        let mut now = start;
        let mut readings = 0;
        while let Some(due) = shelving.due(&[]) {
            assert!(due >= now && readings < 100);
            now = due.max(now + Duration::from_millis(1));
            shelving.shelved(&shelf(now, vec![]), false, false);
            readings += 1;
        }
        assert!(now > start + AFTER_THE_END && now < start + AFTER_THE_END * 2);
        assert!(readings < 20, "{readings}");
    }

    #[test]
    fn a_status_that_is_older_than_what_was_told_takes_no_reading_back() {
        let start = clock::now().mono;
        let mut shelving = Shelving::default();
        shelving.stopped(Some(VideoId::new("7")), start);
        let listing = |state| shelf(start, vec![seen("7", state, Some(1))]);
        shelving.shelved(&listing(VideoState::Viewable), true, true);
        assert!(shelving.due(&[]).is_some(), "it is not done");
        shelving.shelved(&listing(VideoState::Ready), true, false);
        assert_eq!(shelving.due(&[]), None);
    }

    #[test]
    fn an_empty_answer_to_a_second_stop_takes_nothing_back() {
        let start = clock::now().mono;
        let mut shelving = Shelving::default();
        shelving.stopped(Some(VideoId::new("7")), start);
        shelving.stopped(None, start);
        shelving.shelved(&shelf(start, vec![]), false, false);
        assert!(!shelving.is_whole_since(start), "7 is awaited");
        let seven = seen("7", VideoState::Ready, Some(1));
        shelving.shelved(
            &shelf(start, vec![seen("6", VideoState::Ready, None)]),
            true,
            true,
        );
        assert!(!shelving.is_whole_since(start), "7 is awaited still");
        shelving.shelved(&shelf(start, vec![seven]), true, true);
        assert!(shelving.is_whole_since(start));

        // A file that was closed by a loss may not be listed yet, whatever a stop says.
        let mut shelving = Shelving::default();
        let status = LiveStreamStatus::default();
        shelving.observe(&status, &stream(true, Some(true), Some(1)), on_clock(start));
        shelving.observe(
            &status,
            &stream(false, Some(false), Some(1)),
            on_clock(start),
        );
        shelving.stopped(None, start);
        shelving.shelved(&shelf(start, vec![]), false, false);
        assert!(!shelving.is_whole_since(start));
        shelving.shelved(&shelf(start + MAY_LAG, vec![]), false, false);
        assert!(shelving.is_whole_since(start));
    }

    #[test]
    fn a_long_first_recording_is_looked_at_while_it_runs() {
        let start = clock::now().mono;
        let mut shelving = Shelving::default();
        let status = LiveStreamStatus::default();
        shelving.observe(&status, &stream(false, Some(false), None), on_clock(start));
        assert_eq!(shelving.due(&[]), None);
        shelving.observe(&status, &stream(true, Some(true), Some(1)), on_clock(start));
        let (mut now, mut readings) = (start, 0);
        while now < start + Duration::from_hours(4) {
            now = shelving.due(&[]).unwrap().max(now);
            shelving.shelved(&shelf(now, vec![]), false, false);
            readings += 1;
        }
        assert!((24..40).contains(&readings), "{readings}");
    }

    #[test]
    fn a_stream_that_is_gone_is_asked_for_its_videos_once_more() {
        let start = clock::now().mono;
        let mut shelving = Shelving::default();
        shelving.lost(false, start);
        assert_eq!(shelving.due(&[]), None, "it was never on air");
        let status = LiveStreamStatus::default();
        shelving.observe(&status, &stream(true, Some(true), Some(1)), on_clock(start));
        shelving.shelved(&shelf(start, vec![]), false, false);
        let later = start + Duration::from_secs(5);
        shelving.lost(false, later);
        assert_eq!(shelving.due(&[]), Some(later));
        shelving.lost(false, later + Duration::from_secs(1));
        assert_eq!(shelving.due(&[]), Some(later));
    }

    #[test]
    fn another_stream_waits_for_what_came_out_of_a_lost_one_but_not_for_ever() {
        let start = clock::now().mono;
        let after = |seconds| start + Duration::from_secs(seconds);
        let on_air = |shelving: &mut Shelving| {
            let status = LiveStreamStatus::default();
            shelving.observe(&status, &stream(true, Some(true), Some(1)), on_clock(start));
        };
        let mut shelving = Shelving::default();
        shelving.lost(false, start);
        assert_eq!(shelving.untold(start), None, "it was never on air");
        // What another process told counts, too; once.
        let mut restarted = Shelving::default();
        restarted.lost(true, start);
        restarted.lost(true, after(5));
        assert_eq!(restarted.untold(after(7)), Some(Duration::from_secs(53)));

        on_air(&mut shelving);
        shelving.lost(false, after(1));
        let began_before = shelf(start, vec![]);
        shelving.shelved(&began_before, false, false);
        assert_eq!(shelving.untold(after(2)), Some(Duration::from_secs(59)));
        let ready = seen("7", VideoState::Ready, Some(1));
        let mut told = shelving.clone();
        told.shelved(&shelf(after(2), vec![ready]), true, true);
        assert_eq!(told.untold(after(3)), None);
        assert_eq!(
            shelving.untold(after(61)),
            None,
            "it is not waited for longer"
        );
        // It is there after all.
        on_air(&mut shelving);
        assert_eq!(shelving.untold(after(3)), None);
    }

    #[test]
    fn a_video_that_is_not_done_is_looked_at_for_a_day() {
        let start = clock::now().mono;
        let pending = seen("7", VideoState::Pending, Some(1));
        let videos = [video(&pending)];
        let mut shelving = Shelving::default();
        shelving.stopped(Some(VideoId::new("7")), start);
        shelving.shelved(&shelf(start, vec![pending.clone()]), true, true);
        assert!(shelving.is_whole_since(start));
        let (mut now, mut readings) = (start, 0);
        while let Some(due) = shelving.due(&videos) {
            now = due;
            shelving.shelved(&shelf(now, vec![pending.clone()]), false, false);
            readings += 1;
        }
        assert!(now >= start + GIVE_UP && readings < 50, "{readings}");
        // Done, nobody looks.
        let mut shelving = Shelving::default();
        shelving.stopped(None, start);
        let ready = seen("7", VideoState::Ready, Some(1));
        shelving.shelved(&shelf(start, vec![ready.clone()]), true, true);
        assert_eq!(shelving.due(&[video(&ready)]), None);
    }

    #[test]
    fn each_video_and_each_end_is_told_once() {
        let now = clock::now().mono;
        let stream = StreamId::new("1");
        let words = |shelved: &Shelved| -> Vec<String> {
            let news = shelved.news.iter();
            news.map(|news| match news {
                RecordingNews::VideoFound { id, .. } => format!("found {id}"),
                RecordingNews::VideoReady { id, .. } => format!("ready {id}"),
                RecordingNews::VideoFailed { id, .. } => format!("failed {id}"),
                RecordingNews::Requested(_)
                | RecordingNews::Ended { .. }
                | RecordingNews::Expires { .. }
                | RecordingNews::StorageLow(_) => format!("{news:?}"),
            })
            .collect()
        };
        let mut old = LiveStreamStatus::default();
        for (state, expected) in [
            (VideoState::Empty, vec!["found 7"]),
            (VideoState::Empty, vec![]),
            (VideoState::Pending, vec![]),
            (VideoState::Ready, vec!["ready 7"]),
            (VideoState::Ready, vec![]),
        ] {
            let shelved = shelve(&old, &stream, &shelf(now, vec![seen("7", state, Some(1))]));
            assert_eq!(words(&shelved), expected);
            old.videos = shelved.videos;
        }
        let failed = shelve(
            &old,
            &stream,
            &shelf(now, vec![seen("8", VideoState::Error, None)]),
        );
        assert_eq!(words(&failed), ["found 8", "failed 8"]);
    }

    #[test]
    fn what_newer_ones_pushed_out_is_not_told_again() {
        let now = clock::now().mono;
        let list = |ids: std::ops::Range<i64>| -> Vec<ObservedVideo> {
            ids.rev()
                .map(|id| seen(&id.to_string(), VideoState::Ready, Some(id)))
                .collect()
        };
        let old = status(list(10..60).iter().map(video).collect());
        let news = |newest: Vec<ObservedVideo>| {
            shelve(&old, &StreamId::new("1"), &shelf(now, newest))
                .news
                .len()
        };
        // The newest was deleted, and one that was told long ago moves up.
        assert_eq!(news(list(9..59)), 0);
        assert_eq!(news(list(11..61)), 2, "found and ready");
        // So many that nothing of the old list is left.
        assert_eq!(news(list(100..150)), 100);
    }

    #[test]
    fn a_deletion_waits_for_the_video_that_was_named_and_for_one_that_may_lag() {
        let start = clock::now().mono;
        let at = |seconds| start + Duration::from_secs(seconds);
        let list = |id| vec![seen(id, VideoState::Empty, Some(1))];
        // The answer named it: no reading without it is enough, whatever else it shows.
        let mut shelving = Shelving::default();
        shelving.stopped(Some(VideoId::new("7")), start);
        shelving.shelved(&shelf(at(60), vec![]), false, false);
        assert!(!shelving.is_whole_since(start));
        shelving.shelved(&shelf(at(61), list("6")), true, true);
        assert!(!shelving.is_whole_since(start));
        shelving.shelved(&shelf(at(62), list("7")), true, true);
        assert!(shelving.is_whole_since(start));
        // The answer said that there is none.
        let mut shelving = Shelving::default();
        shelving.stopped(None, start);
        shelving.shelved(&shelf(start, vec![]), false, false);
        assert!(shelving.is_whole_since(start));
        // Nobody named one: it may not be listed yet.
        let live = |live| stream(live, Some(live), Some(1));
        let ends: [fn(&mut Shelving, Instant, [ObservedStream; 2]); 2] = [
            |shelving, now, _| shelving.perhaps_stopped(now),
            |shelving, now, [on, off]| {
                let status = status(vec![]);
                shelving.observe(&status, &on, on_clock(now));
                shelving.observe(&status, &off, on_clock(now));
            },
        ];
        for end in ends {
            let mut shelving = Shelving::default();
            end(&mut shelving, start, [live(true), live(false)]);
            shelving.shelved(&shelf(at(9), vec![]), false, false);
            assert!(!shelving.is_whole_since(start));
            let due = shelving.due(&[]);
            assert!(due.is_some_and(|due| due < at(40)), "it is read again");
            let mut found = shelving.clone();
            found.shelved(&shelf(at(9), list("7")), true, true);
            assert!(found.is_whole_since(start), "it has shown");
            shelving.shelved(&shelf(at(10), vec![]), false, false);
            assert!(shelving.is_whole_since(start));
        }
    }

    #[test]
    fn an_object_that_goes_has_its_list_read_once_more() {
        let start = clock::now().mono;
        let leaving = start + Duration::from_secs(100);
        let mut shelving = Shelving::default();
        shelving.stopped(None, start);
        shelving.shelved(&shelf(start, vec![]), false, false);
        assert_eq!(shelving.due(&[]), None);
        shelving.last_time(leaving);
        assert_eq!(shelving.due(&[]), Some(leaving));
        assert!(!shelving.is_whole_since(leaving));
        shelving.shelved(&shelf(leaving, vec![]), false, false);
        assert!(shelving.is_whole_since(leaving));
        shelving.last_time(leaving);
        assert_eq!(shelving.due(&[]), None);
    }
}
