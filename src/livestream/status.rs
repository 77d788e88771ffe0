//! The status of a LiveStream, from what a pass knew and how it went. Pure.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{air::Air, memory::Memory};
use crate::{
    api::{
        Creation, IngestKeyReset, KeyResetResult, LiveStreamStatus, Playback, RecordingRequest,
        Video,
    },
    conditions::Conditions,
    outcome::{Outcome, Reason},
    provider::{ObservedStream, Storage, StreamId},
};

/// What a pass leaves behind for the status.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    /// The object's generation.
    pub generation: i64,
    /// How the pass went.
    pub outcome: &'a Outcome,
    /// The stream that is held, where it was seen.
    pub stream: Option<&'a ObservedStream>,
    /// It does not carry this object's mark.
    pub adopted: bool,
    /// The creation that has not led to a stream.
    pub creation: Option<Creation>,
    /// The stream that was held is known to be gone.
    pub gone: bool,
    /// Recordings are wanted, unwanted, or not managed.
    pub recording: Option<bool>,
    /// What is remembered of its time on air.
    pub air: &'a Air,
    /// How long a recording that was asked for may take to show.
    pub underway: Duration,
    /// The videos that came out of it, and how many there are, where they were read.
    pub videos: Option<(Vec<Video>, i64)>,
    /// The stream key was to be renewed, and is not while the stream is live.
    pub reset_refused: Option<String>,
    /// The Secret that holds the addresses for the encoder.
    pub ingest_secret: Option<String>,
    /// An idle pull stream was switched on again just now.
    pub reactivated: bool,
    /// The annotation that asked for this pass.
    pub asked: Option<String>,
}

/// The status that says so; the old one where nothing is to be told.
pub fn status(old: &LiveStreamStatus, seen: Seen<'_>, now: Timestamp) -> LiveStreamStatus {
    let Seen {
        generation,
        outcome,
        stream,
        adopted,
        creation,
        gone,
        recording,
        air,
        underway,
        videos,
        reset_refused,
        ingest_secret,
        reactivated,
        asked,
    } = seen;
    let settled = match outcome {
        Outcome::Quiet => return old.clone(),
        Outcome::InStep | Outcome::Suspended | Outcome::Stalled { .. } => true,
        Outcome::Waiting { .. } | Outcome::Failed { .. } => false,
    };
    let mut conditions = Conditions::from_old(&old.conditions, generation, now);
    conditions.judge(outcome);
    let (videos, count) = match videos {
        Some((videos, count)) => (videos, Some(count)),
        None => (old.videos.clone(), old.video_count),
    };
    let mut new = LiveStreamStatus {
        observed_generation: if settled {
            Some(generation)
        } else {
            old.observed_generation
        },
        creation,
        ingest_secret_name: ingest_secret,
        pull_reactivated_at: if reactivated {
            Some(Time(now))
        } else {
            old.pull_reactivated_at.clone()
        },
        last_handled_reconcile_at: asked,
        ingest_key_reset: key_reset(old.ingest_key_reset.as_ref(), air, reset_refused, now),
        videos,
        video_count: count,
        session_started_at: None,
        recording_request: None,
        stream_id: None,
        adopted: None,
        active: None,
        live: None,
        recording: None,
        playback: None,
        conditions: Vec::new(),
    };
    match stream {
        Some(stream) => {
            new.stream_id = Some(stream.id.as_str().to_owned());
            new.adopted = Some(adopted);
            new.active = stream.settings.active;
            new.live = Some(stream.live);
            new.recording = stream.recording;
            new.playback = match &stream.playback {
                Some(shown) => Some(shown.clone()).filter(|it| *it != Playback::default()),
                None if new.stream_id == old.stream_id => old.playback.clone(),
                None => None,
            };
            new.session_started_at = stream.session_started_at.map(Time);
            new.recording_request = request(old, stream, recording, air, underway, now);
            facts(&mut conditions, stream, recording, air);
        }
        None if gone => {}
        None => {
            new.stream_id.clone_from(&old.stream_id);
            new.adopted = old.adopted;
            new.active = old.active;
            new.live = old.live;
            new.recording = old.recording;
            new.playback.clone_from(&old.playback);
            new.session_started_at.clone_from(&old.session_started_at);
            new.recording_request.clone_from(&old.recording_request);
            conditions.keep("Live").keep("Recording").keep("StorageLow");
        }
    }
    new.conditions = conditions.finish();
    new
}

/// Whether the stream that the status names is known to be gone.
pub fn is_gone(memory: &Memory, old: &LiveStreamStatus, outcome: &Outcome) -> bool {
    let lost = memory.lost.as_ref().map(StreamId::as_str);
    let not_found = Reason::StreamNotFound;
    (lost.is_some() && lost == old.stream_id.as_deref())
        || matches!(outcome, Outcome::Stalled { reason, .. } if *reason == not_found)
}

/// The start that was asked for and is not seen yet.
fn request(
    old: &LiveStreamStatus,
    stream: &ObservedStream,
    recording: Option<bool>,
    air: &Air,
    underway: Duration,
    now: Timestamp,
) -> Option<RecordingRequest> {
    let request = old.recording_request.as_ref()?;
    let void = air.void == Some(request.at.0);
    let seen = recording == Some(true) && stream.recording == Some(true);
    let age = Duration::try_from(now.duration_since(request.at.0)).unwrap_or_default();
    let over = !stream.live && age > underway;
    (!void && !seen && !over && recording.is_some()).then(|| request.clone())
}

/// The receipt for a renewal of the stream key.
fn key_reset(
    old: Option<&IngestKeyReset>,
    air: &Air,
    refused: Option<String>,
    now: Timestamp,
) -> Option<IngestKeyReset> {
    if let Some(token) = refused {
        return Some(IngestKeyReset {
            token,
            result: KeyResetResult::Refused,
            at: Time(now),
        });
    }
    let mut receipt = old.filter(|old| !air.is_unsent(old))?.clone();
    if receipt.result == KeyResetResult::Sent {
        // An earlier process sent it, and nobody knows what came of it.
        receipt.result = air.key_reset.unwrap_or(KeyResetResult::Unknown);
    }
    Some(receipt)
}

/// Facts about the stream, which never move `Ready`.
fn facts(conditions: &mut Conditions, stream: &ObservedStream, recording: Option<bool>, air: &Air) {
    if stream.live {
        conditions.set("Live", true, Reason::Live, "video comes in");
    } else {
        conditions.set("Live", false, Reason::Idle, "nobody sends video");
    }
    let wanted = recording == Some(true);
    let full = air
        .gate
        .as_ref()
        .and_then(|gate| gate.outcome.as_ref())
        .filter(|outcome| wanted && outcome.reason() == Reason::StorageFull);
    let (reason, message) = match stream.recording {
        Some(true) => (Reason::Recording, "the stream is being recorded"),
        Some(false) if wanted && !stream.live && stream.settings.active == Some(false) => (
            Reason::WaitingForIngest,
            "a recording is wanted, and begins when the stream is switched on and video comes in",
        ),
        Some(false) if wanted && !stream.live => (
            Reason::WaitingForIngest,
            "a recording is wanted, and begins when video comes in",
        ),
        Some(false) if full.is_some() => (
            Reason::StorageFull,
            "the provider has no room for a recording",
        ),
        Some(false) if wanted => (
            Reason::RecordingRequested,
            "a recording is wanted, and has not begun yet",
        ),
        Some(false) => (Reason::NotRecording, "the stream is not being recorded"),
        None => {
            storage(conditions, air);
            return;
        }
    };
    conditions.set("Recording", stream.recording == Some(true), reason, message);
    storage(conditions, air);
}

/// What the last start said about the storage; what an earlier process was told stays until the next.
fn storage(conditions: &mut Conditions, air: &Air) {
    match air.storage {
        None => {
            conditions.keep("StorageLow");
        }
        Some(None) => {}
        Some(Some(Storage { used_mb, limit_mb })) => {
            let message =
                format!("{used_mb} of {limit_mb} MB were in use when the last recording began");
            conditions.set("StorageLow", true, Reason::StorageLow, &message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock,
        livestream::air::RecordGate,
        provider::{Ingest, Mark, StreamId, StreamSettings},
    };

    const UNDERWAY: Duration = Duration::from_secs(30);

    fn stream(live: bool, recording: Option<bool>) -> ObservedStream {
        ObservedStream {
            id: StreamId::new("1"),
            mark: Mark::None,
            settings: StreamSettings::default(),
            live,
            recording,
            session_started_at: None,
            broadcasts: Vec::new(),
            ingest: Ingest::default(),
            playback: Some(Playback::default()),
            phase: crate::provider::Phase::Usable,
        }
    }

    /// The reasons of two conditions, where they are there.
    fn reasons(
        old: &LiveStreamStatus,
        stream: &ObservedStream,
        wanted: Option<bool>,
        air: &Air,
    ) -> (Option<String>, Option<String>) {
        let mut conditions = Conditions::from_old(&old.conditions, 1, clock::now().wall);
        facts(&mut conditions, stream, wanted, air);
        let found = conditions.finish();
        let reason = |kind| crate::conditions::find(&found, kind).map(|c| c.reason.clone());
        (reason("Recording"), reason("StorageLow"))
    }

    #[test]
    fn the_recording_condition_says_why_nothing_records() {
        let mut full = Air::default();
        full.gate = Some(RecordGate {
            until: clock::now().mono,
            wanted: true,
            generation: 1,
            opened: clock::now().mono,
            outcome: Some(Outcome::stalled(Reason::StorageFull, "m")),
        });
        let (on, off, free) = (Some(true), Some(false), Air::default());
        for (live, recording, wanted, air, expected) in [
            (true, on, on, &free, Some("Recording")),
            (true, on, None, &free, Some("Recording")),
            (true, on, off, &free, Some("Recording")),
            (false, off, on, &free, Some("WaitingForIngest")),
            (false, off, on, &full, Some("WaitingForIngest")),
            (true, off, on, &free, Some("RecordingRequested")),
            (true, off, on, &full, Some("StorageFull")),
            (true, off, off, &full, Some("NotRecording")),
            (false, off, None, &free, Some("NotRecording")),
            (true, None, on, &free, None),
        ] {
            let stream = stream(live, recording);
            let (found, _) = reasons(&LiveStreamStatus::default(), &stream, wanted, air);
            let case = format!("{live} {recording:?} {wanted:?}");
            assert_eq!(found.as_deref(), expected, "{case}");
        }
    }

    #[test]
    fn what_an_earlier_process_was_told_of_the_storage_stays_until_the_next_start() {
        let mut conditions = Conditions::from_old(&[], 1, clock::now().wall);
        conditions.set("StorageLow", true, Reason::StorageLow, "m");
        let old = LiveStreamStatus {
            conditions: conditions.finish(),
            ..LiveStreamStatus::default()
        };
        let low = Storage {
            used_mb: 1,
            limit_mb: 2,
        };
        for (told, expected) in [(None, true), (Some(None), false), (Some(Some(low)), true)] {
            let mut air = Air::default();
            air.storage = told;
            for recording in [Some(true), None] {
                let (_, found) = reasons(&old, &stream(true, recording), None, &air);
                assert_eq!(found.is_some(), expected, "{:?}", air.storage);
            }
        }
    }

    #[test]
    fn a_start_stands_until_it_is_seen_refused_or_has_come_to_nothing() {
        let now = clock::now().wall;
        let (on, off) = (Some(true), Some(false));
        for (live, recording, wanted, age, void, expected) in [
            (true, off, on, 3600, false, true),
            (true, off, on, 0, true, false),
            (true, on, on, 1, false, false),
            (true, None, on, 3600, false, true),
            (false, off, on, 30, false, true),
            (false, off, on, 31, false, false),
            // It is not wanted any more, and may begin yet: it is to be stopped.
            (true, off, off, 1, false, true),
            (true, on, off, 1, false, true),
            (true, off, None, 1, false, false),
        ] {
            let at = now - jiff::SignedDuration::from_secs(age);
            let old = LiveStreamStatus {
                recording_request: Some(RecordingRequest {
                    at: Time(at),
                    session: None,
                }),
                ..LiveStreamStatus::default()
            };
            let mut air = Air::default();
            air.void = void.then_some(at);
            let stream = stream(live, recording);
            let found = request(&old, &stream, wanted, &air, UNDERWAY, now);
            let case = format!("{live} {recording:?} {wanted:?} {age} {void}");
            assert_eq!(found.is_some(), expected, "{case}");
        }
    }

    #[test]
    fn a_receipt_whose_end_nobody_knows_says_so_and_stays() {
        let now = clock::now().wall;
        let sent = IngestKeyReset {
            token: "a".to_owned(),
            result: KeyResetResult::Sent,
            at: Time(now),
        };
        for (known, expected) in [
            (None, KeyResetResult::Unknown),
            (Some(KeyResetResult::Unknown), KeyResetResult::Unknown),
            (Some(KeyResetResult::Done), KeyResetResult::Done),
        ] {
            let mut air = Air::default();
            air.key_reset = known;
            let receipt = key_reset(Some(&sent), &air, None, now).unwrap();
            assert_eq!((receipt.token.as_str(), receipt.result), ("a", expected));
            let later = key_reset(Some(&receipt), &Air::default(), None, now);
            assert_eq!(later, Some(receipt));
        }
    }
}
