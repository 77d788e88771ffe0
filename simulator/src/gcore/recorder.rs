//! A stream's recorder: when it records, and when a file ends. (Help text of `start_recording` and
//! `stop_recording`; product page "Record".) What is done with the files is not its business.

use super::behaviour::Behaviour;
use crate::clock::Moment;

/// A stream's recorder.
#[derive(Clone, Debug, Default)]
pub(super) struct Recorder {
    /// What it last knew of the ingest.
    live: bool,
    /// A start that is under way.
    starting: Option<Starting>,
    file: Option<File>,
    /// By a switch, a recording that a call began is taken up again when ingest comes back.
    resume: bool,
    /// When it is looked at next.
    pub(super) due: Option<Moment>,
}

/// A start that was accepted.
#[derive(Clone, Debug)]
struct Starting {
    at: Moment,
    order: Order,
}

/// What is recorded, and at whose wish.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// As it was when recording was asked for.
    pub(super) record_type: String,
    /// By a call; else by `auto_record`.
    pub(super) called: bool,
}

/// A file that is open.
#[derive(Clone, Debug)]
struct File {
    order: Order,
    started_at: Moment,
    /// Milliseconds in this file before `since`.
    before: i64,
    /// It grows since then. `None`: ingest was lost at `ended_at`, and is waited for.
    since: Option<Moment>,
    ended_at: Moment,
    /// Milliseconds in earlier files of the same recording.
    earlier: i64,
}

/// A file that is closed and long enough to be kept.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) started_at: Moment,
    pub(super) ended_at: Moment,
    /// Milliseconds.
    pub(super) length: i64,
    pub(super) record_type: String,
}

/// What the ingest's coming or going means for the recorder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing.
    None,
    /// It must be looked at again.
    Look,
    /// A session has begun and no file waits for it.
    Session {
        /// What a call once began goes on.
        resumes: bool,
    },
}

impl File {
    fn length(&self, now: Moment) -> i64 {
        let growing = self.since.map_or(0, |since| now.millis_since(since));
        self.before + growing
    }

    fn close(self, ways: &Behaviour, now: Moment) -> Option<Piece> {
        let length = self.length(now);
        let ended_at = if self.since.is_some() {
            now
        } else {
            self.ended_at
        };
        let kept = length >= millis(ways.recording_shortest_seconds);
        kept.then_some(Piece {
            started_at: self.started_at,
            ended_at,
            length,
            record_type: self.order.record_type,
        })
    }
}

impl Recorder {
    /// A recording runs, is about to, or waits for ingest.
    pub(super) fn is_busy(&self) -> bool {
        self.starting.is_some() || self.file.is_some()
    }

    /// It records, as the API says it.
    pub(super) fn is_recording(&self, ways: &Behaviour) -> bool {
        let file = self.file.as_ref();
        file.is_some_and(|file| file.since.is_some() || ways.recording_while_waiting)
    }

    /// Whole seconds of the current recording.
    pub(super) fn seconds(&self, now: Moment) -> Option<i64> {
        let file = self.file.as_ref()?;
        Some((file.earlier + file.length(now)) / 1000)
    }

    /// Milliseconds in the open file.
    pub(super) fn open_length(&self, now: Moment) -> i64 {
        self.file.as_ref().map_or(0, |file| file.length(now))
    }

    /// A start is accepted. It takes its time.
    pub(super) fn start(&mut self, order: Order, ways: &Behaviour, now: Moment) {
        self.resume = false;
        let at = now.plus(ways.recording_starts_after_seconds);
        self.starting = Some(Starting { at, order });
    }

    /// Recording ends, and is not taken up again. A file that was open and is worth keeping is given.
    pub(super) fn stop(&mut self, ways: &Behaviour, now: Moment) -> Option<Piece> {
        self.resume = false;
        self.starting = None;
        self.file.take()?.close(ways, now)
    }

    /// Ingest is there, or is not.
    pub(super) fn ingest(&mut self, live: bool, ways: &Behaviour, now: Moment) -> Turn {
        if std::mem::replace(&mut self.live, live) == live {
            return Turn::None;
        }
        match (&mut self.file, live) {
            (Some(file), true) => {
                file.since = Some(now);
                Turn::Look
            }
            (Some(file), false) => {
                file.before = file.length(now);
                file.since = None;
                file.ended_at = now;
                Turn::Look
            }
            (None, true) => Turn::Session {
                resumes: std::mem::take(&mut self.resume),
            },
            (None, false) => {
                // What has not begun has nothing to wait with.
                if let Some(starting) = self.starting.take() {
                    self.resume = starting.order.called && ways.recording_resumes;
                }
                Turn::None
            }
        }
    }

    /// Does what is due, and says in how many seconds it must be looked at again. A file that ends
    /// by itself and is worth keeping is given.
    pub(super) fn look(&mut self, ways: &Behaviour, now: Moment) -> (Option<Piece>, Option<f64>) {
        if let Some(starting) = self.starting.take() {
            if now < starting.at {
                let wait = seconds(starting.at.millis_since(now));
                self.starting = Some(starting);
                return (None, Some(wait));
            }
            self.file = Some(File {
                order: starting.order,
                started_at: now,
                before: 0,
                since: Some(now),
                ended_at: now,
                earlier: 0,
            });
        }
        let Some(file) = &self.file else {
            return (None, None);
        };
        let waiting = file.since.is_none();
        let left = if waiting {
            millis(ways.recording_gap_seconds) - now.millis_since(file.ended_at)
        } else {
            millis(ways.recording_longest_seconds).max(1) - file.length(now)
        };
        if left > 0 {
            return (None, Some(seconds(left)));
        }
        let Some(file) = self.file.take() else {
            return (None, None);
        };
        if waiting {
            self.resume = file.order.called && ways.recording_resumes;
            return (file.close(ways, now), None);
        }
        // The recording goes on in the next file, without a gap.
        self.file = Some(File {
            order: file.order.clone(),
            started_at: now,
            before: 0,
            since: Some(now),
            ended_at: now,
            earlier: file.earlier + file.length(now),
        });
        let next = ways.recording_longest_seconds;
        (file.close(ways, now), Some(next))
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast to whole numbers stops at the ends"
)]
fn millis(seconds: f64) -> i64 {
    (seconds * 1000.0).round() as i64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds of any time are far below 2^52"
)]
fn seconds(millis: i64) -> f64 {
    millis as f64 / 1000.0
}
