//! What viewers are to see: the state of the spec, and the pause while the signal is lost. Pure.

use std::time::Duration;

use super::known::Known;
use crate::{api::BroadcastState, broadcast::memory::Memory, clock::Now, provider::StreamId};

/// The state that the broadcast is to have, and when another one is due, if nothing happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effective {
    /// The state; `None`: it is not managed.
    pub state: Option<BroadcastState>,
    /// The signal is lost for so short a time that it is waited for this long.
    pub due: Option<Duration>,
}

/// The state of the spec; but while it is live and no stream is, a pause that the spec asks for. One
/// that is shown already stays, so that a restart in the middle of it does not end it.
pub fn effective(known: &Known, memory: &Memory, now: Now) -> Effective {
    let Ok(want) = &known.want else {
        return Effective::default();
    };
    let state = want.settings.state;
    let plain = Effective { state, due: None };
    let (Some(BroadcastState::Live), Some(after)) = (state, want.pause_after) else {
        return plain;
    };
    let paused = Effective {
        state: Some(BroadcastState::Paused),
        due: None,
    };
    let shown = known.seen().and_then(|seen| seen.settings.state);
    match known.signal() {
        Some(false) | None if shown == Some(BroadcastState::Paused) => paused,
        Some(true) | None => plain,
        Some(false) => {
            let silent = memory.silent_since.map_or(Duration::ZERO, |since| {
                now.mono.saturating_duration_since(since)
            });
            let left = after.saturating_sub(silent);
            if left.is_zero() {
                paused
            } else {
                Effective {
                    due: Some(left),
                    ..plain
                }
            }
        }
    }
}

/// A stream that is to be asked whether it is still silent, before viewers see the pause: what was
/// told of it is older than the end of the time for which its signal is waited for.
pub(super) fn unheard(known: &Known, memory: &Memory, now: Now) -> Option<StreamId> {
    if !interrupted(known, memory, now) {
        return None;
    }
    let seen = known.seen()?;
    let after = known.want.as_ref().ok()?.pause_after?;
    let provider = known.account.as_ref().ok()?;
    if seen.settings.state == Some(BroadcastState::Paused) {
        return None;
    }
    let end = memory.silent_since? + after;
    let ids = known.listened_to()?.into_iter();
    let old = |id: &StreamId| {
        provider
            .stream(id)
            .is_some_and(|stream| !stream.off && stream.told.is_none_or(|told| told < end))
    };
    ids.into_iter().find(old)
}

/// Viewers see the pause because the signal is lost.
pub fn interrupted(known: &Known, memory: &Memory, now: Now) -> bool {
    let wanted = known.want.as_ref().ok();
    wanted.is_some_and(|want| want.settings.state == Some(BroadcastState::Live))
        && effective(known, memory, now).state == Some(BroadcastState::Paused)
}
