//! What is remembered of a stream that is, was or may be on air. In this process only: what must
//! survive a restart stands in the status.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::videos::Shelving;
use crate::{
    api::{IngestKeyReset, KeyResetResult, LiveStreamStatus},
    clock::Now,
    outcome::Outcome,
    provider::{ObservedStream, Storage},
};

/// A recording that was seen so lately may have a file that waits for the signal to come back: the
/// provider closes it after ten seconds (help text of `start_recording`).
const FILE_WAITS: Duration = Duration::from_secs(15);

/// After a stop it is made sure for so long that nothing goes on.
pub(super) const AFTER_A_STOP: Duration = Duration::from_secs(30);

/// What the passes of one object remember of its time on air.
#[derive(Clone, Debug, Default)]
pub struct Air {
    /// Since when every look saw it live without the recording that is wanted.
    pub lacking_since: Option<Instant>,
    /// When something about it last changed.
    pub stirred: Option<Instant>,
    /// When it was last seen recording.
    pub recorded: Option<Instant>,
    /// The request in the status that this process wrote, by its time, and when it did: calendars step.
    pub requested: Option<(Timestamp, Instant)>,
    /// How many starts were sent in a row without a recording.
    pub starts: u32,
    /// When a stop was last sent.
    pub stopped: Option<Instant>,
    /// How many stops the provider answered in a row without its ending.
    pub stops: u32,
    /// The request in the status that was refused for certain, by its time.
    pub void: Option<Timestamp>,
    /// Why no start is sent now, and until when.
    pub gate: Option<RecordGate>,
    /// What the last start said about the storage: it is nearly full, or it is not.
    pub storage: Option<Option<Storage>>,
    /// The annotation that asks for a new stream key, and when it was first seen.
    pub asked: Option<(String, Instant)>,
    /// The annotation for which nothing was sent after all.
    pub unsent: Option<(String, Timestamp)>,
    /// What came of the last renewal of the stream key.
    pub key_reset: Option<KeyResetResult>,
    /// What is known of its videos.
    pub shelving: Shelving,
    live: bool,
    session: Option<Timestamp>,
}

/// Why a recording is neither begun nor ended now.
#[derive(Clone, Debug)]
pub struct RecordGate {
    /// Until when.
    pub until: Instant,
    /// What was wanted. The opposite is tried at once.
    pub wanted: bool,
    /// The generation of the spec for which it failed. A new one is tried at once.
    pub generation: i64,
    /// When the key was put to work for which it failed. A new one is tried at once.
    pub opened: Instant,
    /// What it says meanwhile; `None`: nothing.
    pub outcome: Option<Outcome>,
}

impl Air {
    /// Whether this receipt is of a renewal that this process did not send.
    pub fn is_unsent(&self, receipt: &IngestKeyReset) -> bool {
        self.unsent
            .as_ref()
            .is_some_and(|(token, at)| *token == receipt.token && *at == receipt.at.0)
    }

    /// Takes in the stream as it is seen now; `wanted` is whether recordings are.
    pub fn observe(
        &mut self,
        status: &LiveStreamStatus,
        stream: &ObservedStream,
        wanted: Option<bool>,
        now: Now,
    ) {
        let records = stream.recording == Some(true);
        let another = self.session != stream.session_started_at;
        if self.live != stream.live || another {
            self.stirred = Some(now.mono);
        }
        (self.live, self.session) = (stream.live, stream.session_started_at);
        let lacks = wanted == Some(true) && stream.live && stream.recording == Some(false);
        // It may have dropped and come back between two looks.
        let since = self.lacking_since.filter(|_| !another);
        self.lacking_since = lacks.then(|| since.unwrap_or(now.mono));
        if records {
            self.recorded = Some(now.mono);
        }
        // An encoder that comes and goes does not make each of its sessions a new beginning.
        let rested = self
            .requested
            .is_none_or(|(_, at)| now.mono.saturating_duration_since(at) >= AFTER_A_STOP);
        if records || (another && rested) {
            self.starts = 0;
        }
        let calm = self
            .stopped
            .is_none_or(|at| now.mono.saturating_duration_since(at) >= AFTER_A_STOP);
        if !records && calm {
            self.stops = 0;
        }
        // What was refused is so now.
        self.gate = self.gate.take().filter(|gate| gate.wanted != records);
        self.shelving.observe(status, stream, now);
    }

    /// The stream that was held is not there: what came out of it is listed once more.
    /// `status` is what was told last.
    pub fn lost(&mut self, status: &LiveStreamStatus, now: Now) {
        (self.live, self.lacking_since) = (false, None);
        let told = status.live == Some(true) || status.recording == Some(true);
        self.shelving.lost(told, now.mono);
    }

    /// For how long every look has seen it live without the recording that is wanted.
    pub fn lacking_for(&self, now: Now) -> Duration {
        self.lacking_since.map_or(Duration::ZERO, |since| {
            now.mono.saturating_duration_since(since)
        })
    }

    /// Whether it was recording a moment ago, so that a file may be open.
    pub fn recorded_lately(&self, now: Now) -> bool {
        self.recorded
            .is_some_and(|at| now.mono.saturating_duration_since(at) < FILE_WAITS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api::Playback,
        clock,
        provider::{Ingest, Mark, StreamId, StreamSettings},
    };

    #[test]
    fn what_is_lacking_counts_from_where_this_session_was_first_seen() {
        let (status, start) = (LiveStreamStatus::default(), clock::now());
        let at = |seconds| Now {
            mono: start.mono + Duration::from_secs(seconds),
            ..start
        };
        let mut air = Air::default();
        for (second, live, session, expected) in [
            (0, true, 1, 0),
            (20, true, 1, 20),
            (21, false, 1, 0),
            (25, true, 2, 0),
            (40, true, 2, 15),
            // It dropped and came back between two looks.
            (50, true, 3, 0),
            (51, true, 3, 1),
        ] {
            let stream = ObservedStream {
                id: StreamId::new("1"),
                mark: Mark::None,
                settings: StreamSettings::default(),
                live,
                recording: Some(false),
                session_started_at: Timestamp::from_second(session).ok(),
                broadcasts: Vec::new(),
                ingest: Ingest::default(),
                playback: Some(Playback::default()),
                phase: crate::provider::Phase::Usable,
            };
            air.starts = 3;
            air.observe(&status, &stream, Some(true), at(second));
            assert_eq!(air.lacking_for(at(second)).as_secs(), expected, "{second}");
            let another = [0, 25, 50].contains(&second);
            assert_eq!(air.starts, if another { 0 } else { 3 }, "{second}");
            let stirred = air.stirred == Some(at(second).mono);
            assert_eq!(stirred, another || second == 21, "{second}");
        }
    }
}
