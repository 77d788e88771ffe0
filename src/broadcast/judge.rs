//! How a pass went.

use std::time::Duration;

use super::{
    Acted, Pass,
    memory::{Gate, Memory, Tried},
    plan::{self, Known, Plan},
};
use crate::{
    account::Account,
    clock::Now,
    not_taking,
    outcome::{Outcome, Reason},
    provider::{BroadcastDifference, BroadcastSettings, ProviderError},
};

/// The settings that are not tried again for a while. Where the provider refuses several at once, it
/// may be another one than the state, so that is tried by itself: viewers see it.
fn blamed(sent: &BroadcastDifference, outcome: &Outcome) -> BroadcastSettings {
    let several = sent.fields.len() > 1;
    let refused = matches!(outcome, Outcome::Stalled { .. });
    let mut settings = sent.settings.clone();
    settings.state = settings.state.filter(|_| !(several && refused));
    settings
}

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
        let shut = |memory: &mut Memory, wait: Duration, outcome: &Outcome, failed| {
            // What failed before and is still not to be tried stays so.
            let before = plan::gate(known, memory, now).and_then(|gate| gate.want.failed.clone());
            let failed = match (failed, before) {
                (Some(failed), Some(before)) => Some(BroadcastSettings::or(failed, before)),
                (failed, _) => failed,
            };
            memory.gate = known.want.as_ref().ok().map(|want| {
                Box::new(Gate {
                    until: now.mono + wait,
                    want: Tried {
                        want: want.clone(),
                        failed,
                    },
                    generation: known.generation,
                    opened,
                    live: false,
                    outcome: outcome.clone(),
                })
            });
        };
        if let Acted::Failed(error) = acted {
            return self.failed(plan, &error, known, shut);
        }
        // A change that went well beside one that did not says nothing about that one.
        let beside =
            matches!(plan, Plan::Update { .. }) && plan::gate(known, &self.memory(), now).is_some();
        if plan.changes() && !beside {
            let changed = |memory: &mut Memory| memory.gate = None;
            self.ctx.broadcast_memories.change(&self.uid, changed);
        }
        if let Plan::Update { difference, .. } = plan
            && let Some(outcome) = self.not_taking(difference, known, shut)
        {
            return outcome;
        }
        match next {
            Plan::Rest(outcome) | Plan::AwaitWalk(_, outcome) => outcome.clone(),
            Plan::Note(id) => Outcome::waiting_for(
                Reason::Progressing,
                format!(
                    "broadcast {id} was created; it gets its name and state when its id stands in the status"
                ),
                self.ctx.settings.schedule.base,
            ),
            Plan::Read(_) | Plan::ReadStream(_) if !plan.changes() => Outcome::Quiet,
            // What is looked for is told at once.
            Plan::Read(_) | Plan::ReadStream(_) if matches!(plan, Plan::Create(_)) => {
                Outcome::waiting(
                    Reason::CreationUnknown,
                    "a broadcast was created, and the provider's answer does not say its id; it is looked for",
                )
            }
            // What was in step is told when it is so again: a signal that comes and goes is no news.
            Plan::Read(_) | Plan::ReadStream(_) | Plan::Update { .. }
                if known.settled && !known.leaving =>
            {
                Outcome::Quiet
            }
            Plan::Read(_)
            | Plan::ReadStream(_)
            | Plan::Create(_)
            | Plan::Update { .. }
            | Plan::Delete(_)
            | Plan::Finish(_) => {
                Outcome::waiting(Reason::Progressing, "there is more to do at the provider")
            }
        }
    }

    /// Whether the provider does not take a change that it accepts: its reply shows something else,
    /// or what it showed did not last, again and again.
    fn not_taking(
        &self,
        sent: &BroadcastDifference,
        known: &Known,
        shut: impl Fn(&mut Memory, Duration, &Outcome, Option<BroadcastSettings>),
    ) -> Option<Outcome> {
        // What is wanted may be another thing by now: only what was sent counts.
        let left = sent.settings.difference(&known.seen()?.settings);
        let names = |difference: &BroadcastDifference| difference.fields.join(", ");
        let times = self.memory().sent.map_or(0, |sent| sent.times);
        let schedule = &self.ctx.settings.schedule;
        let left_names = left.as_ref().map(names);
        let (outcome, wait) =
            not_taking::verdict(times, left_names.as_deref(), &names(sent), schedule)?;
        let blamed = blamed(left.as_ref().unwrap_or(sent), &outcome);
        // Where the reply shows it taken it may last this time; if not, it is not sent again.
        self.ctx.broadcast_memories.change(&self.uid, |memory| {
            shut(memory, wait, &outcome, Some(blamed));
        });
        left.map(|_| outcome)
    }

    /// What an error of the provider means, and when the change may be tried again.
    fn failed(
        &self,
        plan: &Plan,
        error: &ProviderError,
        known: &Known,
        shut: impl FnOnce(&mut Memory, Duration, &Outcome, Option<BroadcastSettings>),
    ) -> Outcome {
        let schedule = &self.ctx.settings.schedule;
        let outcome = Outcome::from(error);
        let outcome = if known.leaving {
            outcome.with_hint(
                "set deletionPolicy: Retain on this object to let it go and leave the broadcast",
            )
        } else {
            outcome
        };
        if let Plan::Create(_) = plan
            && !error.refused_for_certain()
        {
            return Outcome::waiting(
                Reason::CreationUnknown,
                format!(
                    "a creation was sent and its result is not known ({error}); before another one it is made sure that no broadcast came of it"
                ),
            );
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
            let failed = plan.update().map(|sent| blamed(sent, &outcome));
            self.ctx.broadcast_memories.change(&self.uid, |memory| {
                shut(memory, wait, &outcome, failed);
            });
        } else if known.settled && !known.leaving {
            // A read that failed says nothing about an object that was in step; the account tells.
            return Outcome::Quiet;
        }
        outcome
    }
}
