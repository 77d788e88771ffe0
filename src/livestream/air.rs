//! What is remembered of a stream that is, was or may be on air. In this process only: what must
//! survive a restart stands in the status.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::videos::Shelving;
use crate::{
    api::{KeyResetResult, LiveStreamStatus},
    clock::Now,
    outcome::Outcome,
    provider::{ObservedStream, Storage},
};

/// A recording that was seen so lately may have a file that waits for the signal to come back: the
/// provider closes it after ten seconds (help text of `start_recording`).
const FILE_WAITS: Duration = Duration::from_secs(15);

/// What the passes of one object remember of its time on air.
#[derive(Clone, Debug, Default)]
pub struct Air {
    /// Since when every look saw it live.
    pub live_since: Option<Instant>,
    /// When something about it last changed.
    pub stirred: Option<Instant>,
    /// When it was last seen recording.
    pub recorded: Option<Instant>,
    /// How many starts were sent in a row without a recording.
    pub starts: u32,
    /// When a stop was last sent.
    pub stopped: Option<Instant>,
    /// How many stops were sent in a row while it went on recording.
    pub stops: u32,
    /// The request in the status that was refused for certain, by its time.
    pub void: Option<Timestamp>,
    /// Why no start is sent now, and until when.
    pub gate: Option<RecordGate>,
    /// What the last start said about the storage: it is nearly full, or it is not.
    pub storage: Option<Option<Storage>>,
    /// The annotation that asks for a new stream key, and when it was first seen.
    pub asked: Option<(String, Instant)>,
    /// What came of the last renewal of the stream key.
    pub key_reset: Option<KeyResetResult>,
    /// What is known of its videos.
    pub shelving: Shelving,
    session: Option<Timestamp>,
}

/// Why a recording is neither begun nor ended now.
#[derive(Clone, Debug)]
pub struct RecordGate {
    /// Until when.
    pub until: Instant,
    /// The generation of the spec for which it failed. A new one is tried at once.
    pub generation: i64,
    /// When the key was put to work for which it failed. A new one is tried at once.
    pub opened: Instant,
    /// What it says meanwhile; `None`: nothing.
    pub outcome: Option<Outcome>,
}

impl Air {
    /// Takes in the stream as it is seen now.
    pub fn observe(&mut self, status: &LiveStreamStatus, stream: &ObservedStream, now: Now) {
        let since = self.live_since.is_some();
        if stream.live != since || self.session != stream.session_started_at {
            self.stirred = Some(now.mono);
        }
        self.live_since = stream.live.then(|| self.live_since.unwrap_or(now.mono));
        if stream.recording == Some(true) {
            self.recorded = Some(now.mono);
            self.starts = 0;
            self.gate = None;
        } else {
            self.stops = 0;
        }
        if self.session != stream.session_started_at {
            self.session = stream.session_started_at;
            self.starts = 0;
        }
        self.shelving.observe(status, stream, now.mono);
    }

    /// For how long every look has seen it live.
    pub fn live_for(&self, now: Now) -> Duration {
        self.live_since.map_or(Duration::ZERO, |since| {
            now.mono.saturating_duration_since(since)
        })
    }

    /// Whether it was recording a moment ago, so that a file may be open.
    pub fn recorded_lately(&self, now: Now) -> bool {
        self.recorded
            .is_some_and(|at| now.mono.saturating_duration_since(at) < FILE_WAITS)
    }
}
