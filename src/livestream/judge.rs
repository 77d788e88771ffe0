//! How a pass went. Pure.

use std::time::{Duration, Instant};

use super::{
    Acted,
    memory::{Gate, Memory},
    plan::{Known, Plan},
};
use crate::{
    clock::Now, not_taking, outcome::Outcome, outcome::Reason, provider::Difference,
    provider::ProviderError, schedule::Schedule,
};

/// What a pass is judged by.
#[derive(Debug)]
pub struct Judged<'a> {
    /// What was to be done.
    pub plan: &'a Plan,
    /// How that ended.
    pub acted: Acted,
    /// What is to be done next.
    pub next: &'a Plan,
    /// What the look after it found.
    pub known: &'a Known,
    /// When the account's key was put to work.
    pub opened: Instant,
    /// How long waits are.
    pub schedule: &'a Schedule,
}

/// How the pass went: what the act said, else what the plan would do next. What does not work is
/// remembered, so that it is not tried again at once.
pub fn judge(judged: Judged<'_>, memory: &mut Memory, now: Now) -> Outcome {
    let Judged {
        plan,
        acted,
        next,
        known,
        opened,
        schedule,
    } = judged;
    let shut = |memory: &mut Memory, wait: Duration, outcome: &Outcome| {
        memory.gate = known.want.as_ref().ok().map(|want| {
            Box::new(Gate {
                until: now.mono + wait,
                want: want.clone(),
                generation: known.generation,
                opened,
                live: known.live(),
                outcome: outcome.clone(),
            })
        });
    };
    if let Acted::Failed(error) = acted {
        return failed(plan, &error, known, schedule, |wait, outcome| {
            shut(memory, wait, outcome);
        });
    }
    if plan.changes() && !plan.is_apart() {
        memory.gate = None;
    }
    if let Plan::Update { difference, .. } = plan {
        let times = memory.sent.as_ref().map_or(0, |sent| sent.times);
        let shut = |wait, outcome: &Outcome| shut(memory, wait, outcome);
        if let Some(outcome) = not_taking(difference, next, times, schedule, shut) {
            return outcome;
        }
    }
    match next {
        Plan::Rest(outcome) | Plan::AwaitWalk(_, outcome) => outcome.clone(),
        Plan::Read(_) if !plan.changes() => Outcome::Quiet,
        // The stream may have gone on air in just this moment; the pass that follows at once tells.
        Plan::ResetKey(..) | Plan::StartRecording(_) | Plan::StopRecording(_) => Outcome::Quiet,
        Plan::Read(_)
        | Plan::Create(_)
        | Plan::Claim(_)
        | Plan::Update { .. }
        | Plan::Release(_)
        | Plan::Delete(_)
        | Plan::Finish(_) => {
            Outcome::waiting(Reason::Progressing, "there is more to do at the provider")
        }
    }
}

/// Whether the provider does not take a change that it accepts: its reply shows something else,
/// or what it showed did not last, again and again.
fn not_taking(
    sent: &Difference,
    next: &Plan,
    times: u32,
    schedule: &Schedule,
    shut: impl FnOnce(Duration, &Outcome),
) -> Option<Outcome> {
    let left = match next {
        Plan::Update { difference, .. } => Some(difference.fields.join(", ")),
        Plan::Rest(_)
        | Plan::AwaitWalk(..)
        | Plan::Read(_)
        | Plan::Create(_)
        | Plan::Claim(_)
        | Plan::ResetKey(..)
        | Plan::StartRecording(_)
        | Plan::StopRecording(_)
        | Plan::Release(_)
        | Plan::Delete(_)
        | Plan::Finish(_) => None,
    };
    let sent = sent.fields.join(", ");
    let (outcome, wait) = not_taking::verdict(times, left.as_deref(), &sent, schedule)?;
    // Where the reply shows it taken it may last this time; if not, it is not sent again.
    shut(wait, &outcome);
    left.map(|_| outcome)
}

/// What an error of the provider means, and when the change may be tried again.
fn failed(
    plan: &Plan,
    error: &ProviderError,
    known: &Known,
    schedule: &Schedule,
    shut: impl FnOnce(Duration, &Outcome),
) -> Outcome {
    let outcome = Outcome::from(error);
    let outcome = if known.leaving {
        outcome.with_hint(
            "set deletionPolicy: Retain on this object to let it go and leave the stream",
        )
    } else {
        outcome
    };
    if let Plan::Create(creation) = plan {
        if !error.refused_for_certain() {
            return Outcome::waiting(
                Reason::CreationUnknown,
                format!(
                    "a creation was sent and its result is not known ({error}); before another one it is made sure that no stream came of it"
                ),
            );
        }
        let unwanted = matches!(
            error,
            ProviderError::Refused { .. } | ProviderError::Unauthorized { status: 403, .. }
        );
        if unwanted && creation.settings.active == Some(true) {
            return Outcome::waiting_for(
                Reason::Progressing,
                format!("{error}; it is tried once with active: false"),
                Duration::ZERO,
            );
        }
    }
    let wait = match &outcome {
        Outcome::Stalled { .. } => schedule.stalled,
        Outcome::Failed {
            retry_after: Some(least),
            ..
        } => *least,
        Outcome::Failed { .. } => schedule.base,
        Outcome::InStep | Outcome::Suspended | Outcome::Quiet | Outcome::Waiting { .. } => {
            Duration::ZERO
        }
    };
    if plan.changes() {
        shut(wait, &outcome);
    } else if known.settled && !known.leaving {
        // A read that failed says nothing about an object that was in step; the account tells.
        return Outcome::Quiet;
    }
    outcome
}
