//! Whether a recording is to be begun or ended now. Pure.

use std::time::Duration;

use super::{
    known::{Known, Limits, Plan, Provider},
    leave::MOST_STOPS,
};
use crate::{
    clock::Now,
    livestream::air::{Air, RecordGate},
    outcome::{Outcome, Reason},
    provider::ObservedStream,
};

/// How long a stop may take to show.
pub(super) const STOP_SHOWS: Duration = Duration::from_secs(5);

/// How long a start is given that was sent in a session which has ended since. Its recorder would have
/// begun by now: it takes 3 to 7 seconds (provider's guide), and forgets the start when the ingest is
/// lost before that.
const OF_ANOTHER_SESSION: Duration = Duration::from_secs(10);

/// The longest wait between two tries.
const LONGEST: Duration = Duration::from_mins(5);

/// What to do about the recording, and when to look again if nothing happens.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Next {
    /// A call, or something to say; `None` where all is as it should be.
    pub plan: Option<Plan>,
    /// When to look again.
    pub again: Option<Duration>,
}

/// What to do about the recording of a stream that is ours to change.
pub fn record(
    known: &Known,
    provider: &Provider,
    air: &Air,
    stream: &ObservedStream,
    limits: &Limits,
    now: Now,
) -> Next {
    match known.recording {
        None => Next::default(),
        Some(wanted) => {
            let done = wanted == (stream.recording == Some(true));
            let shut = shut(known, provider, air, wanted, now);
            if let Some(gate) = shut.filter(|_| !done && stream.live) {
                let left = gate.until.saturating_duration_since(now.mono);
                let late = late(known, air, stream, limits.underway, now);
                return Next {
                    plan: gate.outcome.clone().or(late).map(Plan::Rest),
                    again: Some(
                        until_late(air, limits.underway, now).map_or(left, |late| late.min(left)),
                    ),
                };
            }
            if wanted {
                begin(known, air, stream, limits.underway, now)
            } else {
                end(known, air, stream, now)
            }
        }
    }
}

/// How long until what is lacking is trouble; `None` where nothing is, or it is already.
pub fn until_late(air: &Air, underway: Duration, now: Now) -> Option<Duration> {
    air.lacking_since?;
    let left = underway.saturating_sub(air.lacking_for(now));
    (!left.is_zero()).then_some(left)
}

fn shut<'a>(
    known: &Known,
    provider: &Provider,
    air: &'a Air,
    wanted: bool,
    now: Now,
) -> Option<&'a RecordGate> {
    air.gate.as_ref().filter(|gate| {
        now.mono < gate.until
            && gate.wanted == wanted
            && gate.generation == known.generation
            && gate.opened == provider.opened
    })
}

/// It is wanted: it is asked for once, and then again only when it had time to show.
fn begin(known: &Known, air: &Air, stream: &ObservedStream, underway: Duration, now: Now) -> Next {
    if !stream.live || stream.recording == Some(true) {
        return Next::default();
    }
    let soon = until_late(air, underway, now);
    let automatic = stream.settings.auto_record == Some(true);
    let request = known.request.as_ref();
    // Where the provider does not say what records, a recording is asked for once in each session.
    if stream.recording.is_none() {
        let asked = request.is_some_and(|request| request.session == stream.session_started_at);
        return Next {
            plan: (!asked && !automatic).then(|| Plan::StartRecording(stream.id.clone())),
            again: None,
        };
    }
    let left = request.map(|request| {
        let given = patience(underway, air.starts);
        let session = request.session.zip(stream.session_started_at);
        let another = session.is_some_and(|(asked, now)| asked != now);
        let given = given.min(if another { OF_ANOTHER_SESSION } else { given });
        given.saturating_sub(request.age)
    });
    if let Some(left) = left.filter(|left| !left.is_zero()) {
        return Next {
            plan: late(known, air, stream, underway, now).map(Plan::Rest),
            again: Some(soon.map_or(left, |soon| soon.min(left))),
        };
    }
    // What records by itself is given as much time.
    if let Some(soon) = soon.filter(|_| automatic) {
        return Next {
            plan: None,
            again: Some(soon),
        };
    }
    Next {
        plan: Some(Plan::StartRecording(stream.id.clone())),
        again: None,
    }
}

/// It is live without a recording for so long that the one which is wanted should run.
pub fn late(
    known: &Known,
    air: &Air,
    stream: &ObservedStream,
    underway: Duration,
    now: Now,
) -> Option<Outcome> {
    let late = known.recording == Some(true)
        && stream.live
        && stream.recording == Some(false)
        && air.lacking_for(now) >= underway;
    late.then(|| {
        Outcome::waiting(
            Reason::RecordingNotStarted,
            "the stream is live and a recording is wanted, but none has begun; it is asked for again",
        )
    })
}

/// How long a start is given.
fn patience(underway: Duration, starts: u32) -> Duration {
    underway
        .saturating_mul(1 << starts.saturating_sub(1).min(4))
        .min(LONGEST.max(underway))
}

/// What there is to do before a stream is switched off, where that may spoil what is recorded: it is ended.
/// This is tried for a bounded time.
pub fn before_off(stream: &ObservedStream, air: &Air, now: Now) -> Option<Plan> {
    if stream.recording != Some(true) || air.stops >= MOST_STOPS {
        return None;
    }
    let ago = |at| now.mono.saturating_duration_since(at);
    let left = air.stopped.map(|at| STOP_SHOWS.saturating_sub(ago(at)));
    Some(match left.filter(|left| !left.is_zero()) {
        None => Plan::StopRecording(stream.id.clone()),
        Some(left) => Plan::Rest(Outcome::waiting_for(
            Reason::Progressing,
            format!(
                "the recording of stream {} is ended before it is switched off",
                stream.id
            ),
            left,
        )),
    })
}

/// It is not wanted: what runs is ended, and so is a start that has not shown yet.
fn end(known: &Known, air: &Air, stream: &ObservedStream, now: Now) -> Next {
    let runs = stream.recording == Some(true);
    if !runs && known.request.is_none() {
        return Next::default();
    }
    let wait = STOP_SHOWS
        .saturating_mul(1 << air.stops.saturating_sub(1).min(6))
        .min(LONGEST);
    let since = air.stopped.map(|at| now.mono.saturating_duration_since(at));
    match since.filter(|since| *since < wait && known.request.is_none()) {
        Some(since) => Next {
            plan: Some(Plan::Rest(Outcome::waiting(
                Reason::RecordingNotStopped,
                "the end of the recording was asked for, and is not seen yet",
            ))),
            again: Some(wait.saturating_sub(since)),
        },
        None => Next {
            plan: Some(Plan::StopRecording(stream.id.clone())),
            again: None,
        },
    }
}
