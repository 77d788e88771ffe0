//! The status of a LiveStream, from what a pass knew and how it went. Pure.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::{
    api::{Creation, LiveStreamStatus, Playback},
    conditions::Conditions,
    outcome::{Outcome, Reason},
    provider::ObservedStream,
};

/// What a pass leaves behind for the status.
#[derive(Clone, Debug)]
pub(super) struct Seen<'a> {
    /// The object's generation.
    pub(super) generation: i64,
    /// How the pass went.
    pub(super) outcome: &'a Outcome,
    /// The stream that is held, where it was seen.
    pub(super) stream: Option<&'a ObservedStream>,
    /// It does not carry this object's mark.
    pub(super) adopted: bool,
    /// The creation that has not led to a stream.
    pub(super) creation: Option<Creation>,
    /// The stream that was held is known to be gone.
    pub(super) gone: bool,
    /// Recording is wanted.
    pub(super) recording_wanted: bool,
    /// The Secret that holds the addresses for the encoder.
    pub(super) ingest_secret: Option<String>,
    /// An idle pull stream was switched on again just now.
    pub(super) reactivated: bool,
    /// The annotation that asked for this pass.
    pub(super) asked: Option<String>,
}

/// The status that says so; the old one where nothing is to be told.
pub(super) fn status(old: &LiveStreamStatus, seen: Seen<'_>, now: Timestamp) -> LiveStreamStatus {
    let Seen {
        generation,
        outcome,
        stream,
        adopted,
        creation,
        gone,
        recording_wanted,
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
        videos: old.videos.clone(),
        video_count: old.video_count,
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
            new.playback =
                Some(stream.playback.clone()).filter(|playback| *playback != Playback::default());
            facts(&mut conditions, stream, recording_wanted);
        }
        None if gone => {}
        None => {
            new.stream_id.clone_from(&old.stream_id);
            new.adopted = old.adopted;
            new.active = old.active;
            new.live = old.live;
            new.recording = old.recording;
            new.playback.clone_from(&old.playback);
            conditions.keep("Live").keep("Recording");
        }
    }
    new.conditions = conditions.finish();
    new
}

/// Facts about the stream, which never move `Ready`.
fn facts(conditions: &mut Conditions, stream: &ObservedStream, recording_wanted: bool) {
    if stream.live {
        conditions.set("Live", true, Reason::Live, "video comes in");
    } else {
        conditions.set("Live", false, Reason::Idle, "nobody sends video");
    }
    match stream.recording {
        Some(true) => conditions.set(
            "Recording",
            true,
            Reason::Recording,
            "the stream is being recorded",
        ),
        Some(false) if recording_wanted && !stream.live => conditions.set(
            "Recording",
            false,
            Reason::WaitingForIngest,
            "a recording is wanted, and begins when video comes in",
        ),
        Some(false) => conditions.set(
            "Recording",
            false,
            Reason::NotRecording,
            "the stream is not being recorded",
        ),
        None => conditions,
    };
}
