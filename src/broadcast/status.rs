//! The status of a Broadcast, from what a pass knew and how it went. Pure.

use jiff::Timestamp;

use crate::{
    api::{BroadcastPlayback, BroadcastState, BroadcastStatus, Creation},
    conditions::Conditions,
    outcome::{Outcome, Reason},
    provider::{ObservedBroadcast, StreamId},
};

/// How many streams a status names.
const MOST_IDS: usize = 64;

/// What a pass leaves behind for the status.
#[derive(Clone, Debug)]
pub(super) struct Seen<'a> {
    /// The object's generation.
    pub(super) generation: i64,
    /// How the pass went.
    pub(super) outcome: &'a Outcome,
    /// The broadcast that is held, where it was seen.
    pub(super) broadcast: Option<&'a ObservedBroadcast>,
    /// It was adopted.
    pub(super) adopted: bool,
    /// The creation that has not led to a broadcast.
    pub(super) creation: Option<Creation>,
    /// The broadcast that was held is known to be gone.
    pub(super) gone: bool,
    /// Whether a stream of it is live; `None` where that is not known.
    pub(super) signal: Option<bool>,
    /// Viewers see the pause because no stream is live.
    pub(super) interrupted: bool,
    /// The annotation that asked for this pass.
    pub(super) asked: Option<String>,
}

/// The status that says so; the old one where nothing is to be told.
pub(super) fn status(old: &BroadcastStatus, seen: Seen<'_>, now: Timestamp) -> BroadcastStatus {
    let settled = match seen.outcome {
        Outcome::Quiet => return old.clone(),
        Outcome::InStep | Outcome::Suspended | Outcome::Stalled { .. } => true,
        Outcome::Waiting { .. } | Outcome::Failed { .. } => false,
    };
    let mut conditions = Conditions::from_old(&old.conditions, seen.generation, now);
    conditions.judge(seen.outcome);
    let mut new = BroadcastStatus {
        observed_generation: if settled {
            Some(seen.generation)
        } else {
            old.observed_generation
        },
        creation: seen.creation,
        last_handled_reconcile_at: seen.asked,
        broadcast_id: None,
        adopted: None,
        state: None,
        stream_ids: None,
        playback: None,
        conditions: Vec::new(),
    };
    match seen.broadcast {
        Some(broadcast) => {
            let settings = &broadcast.settings;
            new.broadcast_id = Some(broadcast.id.as_str().to_owned());
            new.adopted = Some(seen.adopted);
            new.state = settings.state;
            let text = |id: &StreamId| id.as_str().to_owned();
            let ids = settings.streams.as_ref();
            new.stream_ids = ids.map(|ids| ids.iter().take(MOST_IDS).map(text).collect());
            new.playback = broadcast
                .iframe_url
                .clone()
                .map(|iframe| BroadcastPlayback {
                    iframe: Some(iframe),
                });
            live(
                &mut conditions,
                settings.state,
                seen.signal,
                seen.interrupted,
            );
        }
        None if seen.gone => {}
        None => {
            new.broadcast_id.clone_from(&old.broadcast_id);
            new.adopted = old.adopted;
            new.state = old.state;
            new.stream_ids.clone_from(&old.stream_ids);
            new.playback.clone_from(&old.playback);
            conditions.keep("Live");
        }
    }
    new.conditions = conditions.finish();
    new
}

/// Whether viewers see a stream that is live, which never moves `Ready`.
fn live(
    conditions: &mut Conditions,
    state: Option<BroadcastState>,
    signal: Option<bool>,
    interrupted: bool,
) {
    let (reason, message) = match (state, signal) {
        (Some(BroadcastState::Live), None) | (None, _) => {
            conditions.keep("Live");
            return;
        }
        (Some(BroadcastState::Live), Some(true)) => {
            (Reason::Live, "viewers see a stream that is live")
        }
        (Some(BroadcastState::Live), Some(false)) => (
            Reason::Idle,
            "the broadcast is live, and nobody sends video to a stream of it",
        ),
        (Some(BroadcastState::Paused), _) if interrupted => (
            Reason::Interrupted,
            "no stream is live, so viewers see the pause; it ends by itself",
        ),
        (Some(BroadcastState::Paused), _) => (Reason::Idle, "the broadcast is paused"),
        (Some(BroadcastState::Pending), _) => (Reason::Idle, "the broadcast has not begun"),
        (Some(BroadcastState::Finished), _) => (Reason::Idle, "the broadcast is finished"),
    };
    conditions.set("Live", reason == Reason::Live, reason, message);
}
