//! `Broadcast`: its driver.
//!
//! look → plan → act → judge → status → write → schedule. The middle is pure and stands in files of
//! its own; here is what needs the network. One pass makes at most one change at the provider.

mod act;
mod attention;
mod judge;
mod look;
mod mark;
pub mod memory;
pub mod plan;
mod status;
mod tell;
pub mod want;

use std::{sync::Arc, time::Duration};

use kube::{Api, ResourceExt as _, runtime::controller::Action};

pub use self::memory::Memories;
use self::{
    memory::{Happening, Memory},
    plan::{Known, Limits, Plan},
};
use crate::{
    account::{self, Account},
    api::{Broadcast, BroadcastStatus},
    clock::{self, Now},
    context::Context,
    finalizer,
    jitter::jitter,
    object_key::{Kind, ObjectKey},
    outcome::{Outcome, Reason},
    provider::ProviderError,
    vanished,
};

/// How a kind is called in metrics and logs.
pub const KIND: &str = "Broadcast";

/// What one pass works with.
struct Pass<'a> {
    object: Arc<Broadcast>,
    key: ObjectKey,
    uid: String,
    api: Api<Broadcast>,
    limits: Limits,
    ctx: &'a Context,
    /// What is worth telling.
    happenings: Vec<Happening>,
}

/// What became of a status.
enum Told {
    /// It stands.
    Now,
    /// The object has changed meanwhile: the next pass tells it.
    Later,
    /// The object is gone.
    Gone,
}

/// How an act ended.
enum Acted {
    /// It worked, or there was nothing to do.
    Done,
    /// The object has changed meanwhile: look again.
    Stale,
    /// The provider's answer was an error.
    Failed(ProviderError),
}

/// One pass over a Broadcast.
///
/// # Errors
/// Trouble with the apiserver.
pub async fn reconcile(object: Arc<Broadcast>, ctx: Arc<Context>) -> kube::Result<Action> {
    let key = ObjectKey::of(&*object);
    let mut pass = Pass {
        uid: object.uid().unwrap_or_default(),
        api: Api::namespaced(ctx.client.clone(), &key.namespace),
        limits: Limits {
            settling: ctx.settings.settling,
            fresh: ctx.settings.fresh,
        },
        object,
        key,
        ctx: &ctx,
        happenings: Vec::new(),
    };
    pass.run().await
}

impl Pass<'_> {
    async fn run(&mut self) -> kube::Result<Action> {
        let now = clock::now();
        let account = self.account(now);
        if self.object.metadata.deletion_timestamp.is_some() {
            self.ctx.broadcast_memories.change(&self.uid, |memory| {
                memory.leaving_since.get_or_insert(now.mono);
            });
            self.unfollow(account.as_ref());
        }
        let known = self.look(account.as_ref(), now);
        self.listen(&known, now);
        let plan = self.plan(&known, now);

        let seat = Kind::Broadcast.seat(&self.key);
        if let (true, Ok(account)) = (plan.calls(), &account)
            && !account
                .client
                .budget
                .try_take(&seat, plan.class(), now.mono)
        {
            if let Some(held_up) = self.held_up(account, &known, now) {
                self.tell(Ok(account), &known, &held_up, now).await?;
            }
            // The grant wakes the object.
            return Ok(self
                .ctx
                .settings
                .schedule
                .next(&Outcome::Quiet, 0, jitter()));
        }
        self.keep_finalizer(&known).await?;
        let acted = self.act(&plan, account.as_ref(), &known).await?;
        if let Acted::Stale = acted {
            return Ok(self.again());
        }
        // What an earlier pass could not tell comes first; a pass that ended before here leaves it.
        if !self.memory().untold.is_empty() {
            let take = |memory: &mut Memory| std::mem::take(&mut memory.untold);
            let untold = self.ctx.broadcast_memories.change(&self.uid, take);
            self.happenings.splice(..0, untold);
        }
        let failed = matches!(acted, Acted::Failed(_));
        let after = clock::now();
        let known = self.look(account.as_ref(), after);
        self.listen(&known, after);
        let next = self.plan(&known, after);
        if let Plan::Finish(stay) = &next {
            self.farewell(stay);
            return self.finish().await;
        }
        if let (Plan::AwaitWalk(from, _), Ok(account)) = (&next, &account) {
            account.client.broadcasts.demand(*from, self.key.clone());
        }
        let outcome = self.judge(&plan, acted, &next, &known, account.as_ref(), after);
        let told = self.tell(account.as_ref(), &known, &outcome, after).await?;
        if let Told::Gone = told {
            self.unfollow(account.as_ref());
            return Ok(self.gone());
        }
        let again = self.attend(account.as_ref(), &known, after);
        // What is remembered and mirrored is told by the next pass.
        if matches!(told, Told::Later) || (failed && outcome == Outcome::Quiet) {
            return Ok(self.again());
        }
        let more = matches!(outcome, Outcome::Quiet)
            || matches!(
                outcome.reason(),
                Reason::Progressing | Reason::CreationUnknown
            );
        if next.calls() && more && !failed {
            if let (Plan::Read(_) | Plan::ReadStream(_), Ok(account)) = (&plan, &account) {
                account.client.budget.next(&seat, next.class(), after.mono);
            }
            return Ok(Action::requeue(Duration::ZERO));
        }
        let failures = self.ctx.attempts.count(&self.uid, &outcome);
        let due = self.due(&known, &outcome, after);
        let due = due.into_iter().chain(again).min();
        Ok(self
            .ctx
            .settings
            .schedule
            .next_within(&outcome, failures, jitter(), due))
    }

    /// What to do. What vanished is not cleaned up after for ever.
    fn plan(&self, known: &Known, now: Now) -> Plan {
        if vanished::is_given_up(&*self.object, known.leaving_since, now) {
            let stays = known.held().map(|id| (id, vanished::GIVEN_UP));
            return Plan::Finish(stays.into_iter().collect());
        }
        plan::plan(known, &self.memory(), &self.limits, now)
    }

    /// Remembers since when no stream is live.
    fn listen(&self, known: &Known, now: Now) {
        let silent = known.signal() == Some(false);
        self.ctx.broadcast_memories.change(&self.uid, |memory| {
            if silent {
                memory.silent_since.get_or_insert(now.mono);
            } else {
                memory.silent_since = None;
            }
        });
    }

    /// When the pause for a lost signal is due; nothing else wakes the object then.
    fn due(&self, known: &Known, outcome: &Outcome, now: Now) -> Option<Duration> {
        match outcome {
            // What does not work does not keep viewers from what does.
            Outcome::InStep
            | Outcome::Waiting { .. }
            | Outcome::Failed { .. }
            | Outcome::Stalled { .. } => plan::effective(known, &self.memory(), now).due,
            Outcome::Suspended | Outcome::Quiet => None,
        }
    }

    /// What is to be said where a change of the spec waits, and not for its turn alone.
    fn held_up(&self, account: &Account, known: &Known, now: Now) -> Option<Outcome> {
        if known.settled && !known.leaving {
            return None;
        }
        let trouble = account.client.budget.trouble(now.mono)?;
        let conditions = self.old_status().conditions;
        let account = &self.object.spec.account_ref.name;
        account::held_up(&trouble, account, &conditions, known.generation)
    }

    /// The pass is made again, later each time: what it needs has not come yet.
    fn again(&self) -> Action {
        let failures = self.ctx.attempts.fail(&self.uid);
        Action::requeue(self.ctx.settings.schedule.backoff(failures, jitter()) / 10)
    }

    fn memory(&self) -> Memory {
        self.ctx.broadcast_memories.recall(&self.uid)
    }

    fn old_status(&self) -> BroadcastStatus {
        self.object.status.clone().unwrap_or_default()
    }

    /// Nothing is left to clean up: the object may go.
    async fn finish(&mut self) -> kube::Result<Action> {
        self.ctx
            .reporter
            .happened(&*self.object, &std::mem::take(&mut self.happenings));
        self.ctx.reporter.metrics.pass(KIND, "finished");
        if vanished::is_kept(&*self.object) {
            self.ctx.vanished_broadcasts.wake(self.key.clone());
        } else {
            finalizer::remove(&self.api, &*self.object).await?;
        }
        Ok(Action::await_change())
    }

    /// The object is gone. If it vanished, the watch keeps it on, and the next pass goes on from what
    /// is remembered.
    fn gone(&mut self) -> Action {
        self.ctx
            .reporter
            .happened(&*self.object, &std::mem::take(&mut self.happenings));
        Action::await_change()
    }
}

/// What the watch saw: the id came into the status or went out of it. A new one may now be named; one
/// that was wiped is looked for.
pub fn id_changed(old: Option<&BroadcastStatus>, new: Option<&BroadcastStatus>) -> bool {
    let id =
        |status: Option<&BroadcastStatus>| status.and_then(|status| status.broadcast_id.clone());
    id(old) != id(new)
}
