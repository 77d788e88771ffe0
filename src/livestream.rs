//! `LiveStream`: its driver.
//!
//! look → plan → act → judge → status → write → schedule. The middle is pure and stands in files of
//! its own; here is what needs the network. One pass makes at most one change at the provider.

mod act;
pub mod air;
mod attention;
mod ingest;
pub mod judge;
pub mod look;
pub mod memory;
pub mod plan;
pub mod status;
mod tell;
pub mod videos;
pub mod want;

use std::{sync::Arc, time::Duration};

use kube::{Api, ResourceExt as _, runtime::controller::Action};

pub use self::memory::Memories;
use self::{
    judge::Judged,
    memory::Memory,
    plan::{Known, Limits, Plan},
};
use crate::{
    account::{self, Account},
    api::{LiveStream, LiveStreamStatus},
    clock::{self, Now},
    context::Context,
    finalizer,
    jitter::jitter,
    object_key::{Kind, ObjectKey},
    outcome::{Outcome, Reason},
    provider::ProviderError,
    report::Happening,
    vanished,
};

/// How a kind is called in metrics and logs.
pub const KIND: &str = "LiveStream";

/// What one pass works with.
struct Pass<'a> {
    object: Arc<LiveStream>,
    key: ObjectKey,
    uid: String,
    api: Api<LiveStream>,
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
#[derive(Clone, Debug)]
pub enum Acted {
    /// It worked, or there was nothing to do.
    Done,
    /// The object has changed meanwhile: look again.
    Stale,
    /// The provider's answer was an error.
    Failed(ProviderError),
}

/// One pass over a LiveStream.
///
/// # Errors
/// Trouble with the apiserver.
pub async fn reconcile(object: Arc<LiveStream>, ctx: Arc<Context>) -> kube::Result<Action> {
    let key = ObjectKey::of(&*object);
    let mut pass = Pass {
        uid: object.uid().unwrap_or_default(),
        api: Api::namespaced(ctx.client.clone(), &key.namespace),
        limits: Limits {
            settling: ctx.settings.settling,
            fresh: ctx.settings.fresh,
            reactivation: ctx.settings.reactivation,
            underway: ctx.settings.recording_patience,
            take_over_from: ctx.settings.take_over_from.clone(),
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
        if self.object.metadata.deletion_timestamp.is_some() {
            self.ctx.memories.change(&self.uid, |memory| {
                memory.leaving_since.get_or_insert(now.mono);
            });
        }
        let account = self.account(now);
        if self.object.metadata.deletion_timestamp.is_some() {
            // It may wait long for its turn, and reads what it needs by itself.
            self.leave_alone(account.as_ref(), None);
        }
        let want = self.want(now).await?;
        let known = self.look(account.as_ref(), &want, now);
        self.observe(&known, now);
        let plan = self.plan(&known, now);

        if let (true, Ok(open)) = (plan.calls(), &account)
            && !self.may_call(&plan, open, now)
        {
            // The grant wakes the object.
            return self
                .wait_in_line(account.as_ref(), &plan, &known, now)
                .await;
        }
        self.keep_finalizer(&known).await?;
        let acted = self.act(&plan, account.as_ref(), &known).await?;
        if let Acted::Stale = acted {
            return Ok(self.again());
        }
        // What an earlier pass could not tell comes first; a pass that ended before here leaves it.
        if !self.memory().untold.is_empty() {
            let take = |memory: &mut Memory| std::mem::take(&mut memory.untold);
            let untold = self.ctx.memories.change(&self.uid, take);
            self.happenings.splice(..0, untold);
        }
        let failed = matches!(acted, Acted::Failed(_));
        let after = clock::now();
        let known = self.look(account.as_ref(), &want, after);
        self.observe(&known, after);
        let next = self.plan(&known, after);
        if let Plan::Finish(stay) = &next {
            self.farewell(stay);
            self.leave_alone(account.as_ref(), known.recorded.as_ref());
            return self.finish().await;
        }
        if let (Plan::AwaitWalk(from, _), Ok(account)) = (&next, &account) {
            account.client.mirror.demand(*from, self.key.clone());
        }
        let mut outcome = self.judge(&plan, acted, &next, &known, account.as_ref(), after);
        let stream = look::held(&known, &self.limits);
        let ingest_secret = self
            .deliver(&known, stream.as_deref(), &mut outcome)
            .await?;
        let told = self
            .tell(
                account.as_ref(),
                &known,
                stream.as_deref(),
                &outcome,
                ingest_secret,
                after,
            )
            .await?;
        if let Told::Gone = told {
            self.leave_alone(account.as_ref(), known.recorded.as_ref());
            return Ok(self.gone());
        }
        let again = self.attend(account.as_ref(), &known, stream.as_deref(), after);
        // What is remembered and mirrored is told by the next pass.
        if matches!(told, Told::Later) || (failed && outcome == Outcome::Quiet) {
            return Ok(self.again());
        }
        let more = matches!(outcome, Outcome::Quiet)
            || matches!(&outcome, Outcome::Waiting { reason, .. } if *reason == Reason::Progressing);
        if next.calls() && more && !failed {
            if let (Plan::Read(_), Ok(account)) = (&plan, &account) {
                let seat = Kind::LiveStream.seat(&self.key);
                account.client.budget.next(&seat, next.class(), after.mono);
            }
            return Ok(Action::requeue(Duration::ZERO));
        }
        // What has just been refused stands behind its gate now, and does not hold up a recording.
        if matches!(outcome, Outcome::Stalled { .. } | Outcome::Failed { .. }) && !plan.is_apart() {
            let behind = self.plan(&known, after);
            if behind.is_apart() {
                return Ok(Action::requeue(Duration::ZERO));
            }
        }
        let failures = self.ctx.attempts.count(&self.uid, &outcome);
        Ok(self
            .ctx
            .settings
            .schedule
            .next_within(&outcome, failures, jitter(), again))
    }

    /// What to do. What vanished is not cleaned up after for ever.
    fn plan(&self, known: &Known, now: Now) -> Plan {
        if vanished::is_given_up(&*self.object, known.leaving_since, now) {
            let stays = known.held().map(|id| (id, vanished::GIVEN_UP));
            return Plan::Finish(stays.into_iter().collect());
        }
        plan::plan(known, &self.memory(), &self.limits, now)
    }

    /// How the pass went; what does not work is remembered.
    fn judge(
        &self,
        plan: &Plan,
        acted: Acted,
        next: &Plan,
        known: &Known,
        account: Result<&Account, &Outcome>,
        now: Now,
    ) -> Outcome {
        let judged = Judged {
            plan,
            acted,
            next,
            known,
            opened: account.map_or(now.mono, |open| open.opened),
            schedule: &self.ctx.settings.schedule,
        };
        let mut memory = self.memory();
        let outcome = judge::judge(judged, &mut memory, now);
        // At rest nothing is remembered of an object.
        if plan.changes() {
            let remember = |kept: &mut Memory| kept.gate = memory.gate;
            self.ctx.memories.change(&self.uid, remember);
        }
        outcome
    }

    /// There is no call to be had yet. What is seen of a stream on air is told all the same, and so is
    /// a recording that should have begun.
    async fn wait_in_line(
        &mut self,
        account: Result<&Account, &Outcome>,
        plan: &Plan,
        known: &Known,
        now: Now,
    ) -> kube::Result<Action> {
        let stream = look::held(known, &self.limits);
        let (late, due) = self.late(known, now);
        let held_up = || self.held_up(account.ok()?, known, now);
        let in_step = (plan.is_apart() && self.in_step()).then_some(Outcome::InStep);
        if let Some(outcome) = late.or_else(held_up).or(in_step) {
            let secret = self.old_status().ingest_secret_name;
            self.tell(account, known, stream.as_deref(), &outcome, secret, now)
                .await?;
        }
        let schedule = &self.ctx.settings.schedule;
        Ok(schedule.next_within(&Outcome::Quiet, 0, jitter(), due))
    }

    /// Whether the budget grants a call now. If not, the object is woken when it does.
    fn may_call(&self, plan: &Plan, account: &Account, now: Now) -> bool {
        let seat = Kind::LiveStream.seat(&self.key);
        account
            .client
            .budget
            .try_take(&seat, plan.class(), now.mono)
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
        self.ctx.memories.recall(&self.uid)
    }

    fn old_status(&self) -> LiveStreamStatus {
        self.object.status.clone().unwrap_or_default()
    }

    /// Nothing is left to clean up: the object may go.
    async fn finish(&mut self) -> kube::Result<Action> {
        self.ctx
            .reporter
            .happened(&*self.object, &std::mem::take(&mut self.happenings));
        self.ctx.reporter.metrics.pass(KIND, "finished");
        if vanished::is_kept(&*self.object) {
            self.ctx.vanished_streams.wake(self.key.clone());
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

/// What the watch saw: a status that was wiped is made again.
pub fn wiped(old: &LiveStreamStatus, new: Option<&LiveStreamStatus>) -> bool {
    old.stream_id.is_some() && new.is_none_or(|new| new.stream_id.is_none())
}
