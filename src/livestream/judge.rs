//! How a pass went.

use std::time::Duration;

use super::{
    Acted, Pass,
    memory::{Gate, Memory},
    plan::{Known, Plan},
};
use crate::{
    account::Account, clock::Now, not_taking, outcome::Outcome, outcome::Reason,
    provider::Difference, provider::ProviderError,
};

impl Pass<'_> {
    /// How the pass went: what the act said, else what the plan would do next.
    pub(super) fn judge(
        &self,
        plan: &Plan,
        acted: Acted,
        next: &Plan,
        known: &Known,
        account: Result<&Account, &Outcome>,
        now: Now,
    ) -> Outcome {
        let opened = account.map_or(now.mono, |account| account.opened);
        let shut = |memory: &mut Memory, wait: Duration, outcome: &Outcome| {
            memory.gate = known.want.as_ref().ok().map(|want| {
                Box::new(Gate {
                    until: now.mono + wait,
                    want: want.clone(),
                    generation: known.generation,
                    opened,
                    outcome: outcome.clone(),
                })
            });
        };
        if let Acted::Failed(error) = acted {
            return self.failed(plan, &error, known, shut);
        }
        if plan.changes() && !plan.is_apart() {
            let changed = |memory: &mut Memory| memory.gate = None;
            self.ctx.memories.change(&self.uid, changed);
        }
        if let Plan::Update { difference, .. } = plan
            && let Some(outcome) = self.not_taking(difference, next, shut)
        {
            return outcome;
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
    pub(super) fn not_taking(
        &self,
        sent: &Difference,
        next: &Plan,
        shut: impl Fn(&mut Memory, Duration, &Outcome),
    ) -> Option<Outcome> {
        let schedule = &self.ctx.settings.schedule;
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
        let times = self.memory().sent.map_or(0, |sent| sent.times);
        let sent = sent.fields.join(", ");
        let (outcome, wait) = not_taking::verdict(times, left.as_deref(), &sent, schedule)?;
        // Where the reply shows it taken it may last this time; if not, it is not sent again.
        self.ctx
            .memories
            .change(&self.uid, |memory| shut(memory, wait, &outcome));
        left.map(|_| outcome)
    }

    /// What an error of the provider means, and when the change may be tried again.
    pub(super) fn failed(
        &self,
        plan: &Plan,
        error: &ProviderError,
        known: &Known,
        shut: impl FnOnce(&mut Memory, Duration, &Outcome),
    ) -> Outcome {
        let schedule = &self.ctx.settings.schedule;
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
            self.ctx
                .memories
                .change(&self.uid, |memory| shut(memory, wait, &outcome));
        } else if known.settled && !known.leaving {
            // A read that failed says nothing about an object that was in step; the account tells.
            return Outcome::Quiet;
        }
        outcome
    }
}
