//! `LiveStream`: its driver.
//!
//! look → plan → act → judge → status → write → schedule. The middle is pure and stands in files of
//! its own; here is what needs the network. One pass makes at most one change at the provider.

mod ingest;
pub mod memory;
pub mod plan;
mod status;
mod want;

use std::{sync::Arc, time::Duration};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{Api, ResourceExt as _, runtime::controller::Action};

pub use self::memory::Memories;
use self::{
    ingest::Delivered,
    memory::{Gate, Memory, Sent, SentChange, SentResult},
    plan::{Creation, Known, Limits, Plan, Proof, Provider, Recorded},
    want::Referenced,
};
use crate::{
    account::Account,
    api::{
        self, CreationResult, DeletionPolicy, LiveStream, LiveStreamStatus, RECONCILE_ANNOTATION,
    },
    clock::{self, Now},
    context::Context,
    finalizer,
    jitter::jitter,
    object_key::ObjectKey,
    outcome::{Outcome, Reason},
    provider::{
        Difference, Ingest, ObservedStream, Owner, ProviderError, StreamId, StreamSettings,
    },
    report::Happening,
    status_write::{self, Written},
};

/// How a kind is called in metrics and logs.
const KIND: &str = "LiveStream";

/// How often in a row the provider may not take what it accepts before a human is asked.
const NOT_TAKING_LIMIT: u32 = 5;

/// A change that is needed again within so many settling times was not taken to last.
const REVERT_PATIENCE: u32 = 10;

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
enum Acted {
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
        if !self.memory().untold.is_empty() {
            self.happenings = self
                .ctx
                .memories
                .change(&self.uid, |memory| std::mem::take(&mut memory.untold));
        }
        let account = self.account(now);
        let want = self.want(now).await?;
        let known = self.look(account.as_ref(), &want, now);
        let plan = plan::plan(&known, &self.memory(), &self.limits, now);

        if let (true, Ok(account)) = (plan.calls(), &account)
            && !account.client.budget.try_take(&self.key, now.mono)
        {
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
        let failed = matches!(acted, Acted::Failed(_));
        let after = clock::now();
        let known = self.look(account.as_ref(), &want, after);
        let next = plan::plan(&known, &self.memory(), &self.limits, after);
        if let Plan::Finish(stay) = &next {
            self.farewell(stay);
            return self.finish().await;
        }
        if let (Plan::AwaitWalk(from, _), Ok(account)) = (&next, &account) {
            account.client.mirror.demand(*from, self.key.clone());
        }
        let mut outcome = self.judge(&plan, acted, &next, &known, account.as_ref(), after);
        let stream = Self::held(&known, &self.limits);
        let ingest_secret = self
            .deliver(&known, stream.as_deref(), &mut outcome)
            .await?;
        let told = self
            .tell(&known, stream.as_deref(), &outcome, ingest_secret, after)
            .await?;
        if let Told::Gone = told {
            return self.orphaned(account.as_ref()).await;
        }
        // What is remembered and mirrored is told by the next pass.
        if matches!(told, Told::Later) || (failed && outcome == Outcome::Quiet) {
            return Ok(self.again());
        }
        let more = matches!(outcome, Outcome::Quiet)
            || matches!(&outcome, Outcome::Waiting { reason, .. } if *reason == Reason::Progressing);
        if next.calls() && more && !failed {
            if let (Plan::Read(_), Ok(account)) = (&plan, &account) {
                account.client.budget.next(&self.key);
            }
            return Ok(Action::requeue(Duration::ZERO));
        }
        let failures = self.ctx.attempts.count(&self.uid, &outcome);
        Ok(self
            .ctx
            .settings
            .schedule
            .next(&outcome, failures, jitter()))
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

    fn age(&self, now: Now) -> Duration {
        let created = self.object.creation_timestamp().map_or(now.wall, |t| t.0);
        Duration::try_from(now.wall.duration_since(created)).unwrap_or_default()
    }

    /// The open account, or why there is none.
    fn account(&self, now: Now) -> Result<Account, Outcome> {
        let account = self.ctx.index.entry(&self.key).map_or_else(
            || ObjectKey::new(&self.key.namespace, &self.object.spec.account_ref.name),
            |entry| entry.account,
        );
        if let Some(open) = self.ctx.registry.get(&account) {
            return Ok(open);
        }
        let Some(object) = self.ctx.accounts.get(&account.reference()) else {
            let outcome = Outcome::stalled(
                Reason::AccountNotFound,
                format!(
                    "there is no StreamingAccount {} in this namespace: create it, or name another one in spec.accountRef",
                    account.name
                ),
            );
            return Err(self.ctx.with_grace(outcome, self.age(now)));
        };
        // What was in step stays so: the account says what is wrong with it. And what this process
        // has not tried yet, nobody can say anything about.
        if self.in_step() || !self.ctx.registry.tried(&account) {
            return Err(Outcome::Quiet);
        }
        let ready = object
            .status
            .iter()
            .flat_map(|s| &s.conditions)
            .find(|c| c.type_ == "Ready" && c.status == "False");
        Err(ready.map_or(Outcome::Quiet, |ready| {
            Outcome::waiting(
                Reason::AccountNotReady,
                format!(
                    "the StreamingAccount {} cannot be used: {}",
                    account.name, ready.message
                ),
            )
        }))
    }

    /// The status says that this generation is carried out, and the object is to stay.
    fn in_step(&self) -> bool {
        let mut conditions = self.object.status.iter().flat_map(|s| &s.conditions);
        self.object.metadata.deletion_timestamp.is_none()
            && conditions.any(|c| {
                c.type_ == "Ready"
                    && c.status == "True"
                    && c.observed_generation == self.object.metadata.generation
            })
    }

    /// What the spec manages. An object that goes wants nothing.
    async fn want(&self, now: Now) -> kube::Result<Result<StreamSettings, Outcome>> {
        if self.object.metadata.deletion_timestamp.is_some() {
            return Ok(Ok(StreamSettings::default()));
        }
        let spec = &self.object.spec;
        let passphrase = spec.srt_passphrase_secret_ref.as_ref();
        let urls = spec
            .pull
            .as_ref()
            .and_then(|pull| pull.urls_secret_ref.as_ref());
        let mut referenced = Referenced::default();
        for (reference, place) in [
            (passphrase, &mut referenced.srt_passphrase),
            (urls, &mut referenced.pull_urls),
        ] {
            let Some(reference) = reference else { continue };
            let key = ObjectKey::new(&self.key.namespace, &reference.name);
            match self.ctx.secret(&key).await {
                Ok(secret) => *place = secret,
                Err(error) => match ingest::refused(&error) {
                    Some(refused) => return Ok(Err(refused)),
                    None => return Err(error),
                },
            }
        }
        Ok(want::want(spec, &referenced)
            .map_err(|outcome| self.ctx.with_grace(outcome, self.age(now))))
    }

    /// Everything that the plan needs, from what is in memory.
    fn look(
        &self,
        account: Result<&Account, &Outcome>,
        want: &Result<StreamSettings, Outcome>,
        now: Now,
    ) -> Known {
        let (object, spec) = (&self.object, &self.object.spec);
        let status = self.old_status();
        let generation = object.metadata.generation.unwrap_or_default();
        let memory = self.memory();
        // A stream whose absence was proved is held no more, whatever a stale status says.
        let recorded = status
            .stream_id
            .as_deref()
            .map(StreamId::new)
            .filter(|id| memory.lost.as_ref() != Some(id))
            // The status may not have taken what this process knows.
            .or_else(|| memory.made().cloned());
        let adopts = spec.external_id.as_deref().map(StreamId::new);
        let ago =
            |time: &Time| Duration::try_from(now.wall.duration_since(time.0)).unwrap_or_default();
        let owner = Owner {
            cluster: self.ctx.settings.cluster.clone(),
            namespace: self.key.namespace.clone(),
            name: self.key.name.clone(),
            uid: self.uid.clone(),
        };
        Known {
            generation,
            settled: status.observed_generation == Some(generation),
            leaving: object.metadata.deletion_timestamp.is_some(),
            leaving_since: memory.leaving_since,
            finalizer: finalizer::present(&**object),
            want: want.clone(),
            adopted_by: account.ok().and_then(|account| self.adopted_by(account)),
            suspended: spec.suspend.unwrap_or_default(),
            deletion: spec.deletion_policy,
            protection: spec.live_protection.unwrap_or_default(),
            adopted_before: status.adopted.unwrap_or_default(),
            creation: status.creation.as_ref().map(|creation| Recorded {
                attempt: creation.attempt,
                refused: creation.result == CreationResult::Refused,
                age: ago(&creation.at),
            }),
            reactivated: status.pull_reactivated_at.as_ref().map(ago),
            account: account.map_err(Outcome::clone).map(|account| {
                self.provider(
                    account,
                    &owner,
                    [recorded.as_ref(), adopts.as_ref()].into_iter().flatten(),
                    &memory,
                )
            }),
            owner,
            adopts,
            recorded,
        }
    }

    /// What the mirror says of this object's streams.
    fn provider<'b>(
        &self,
        account: &Account,
        owner: &Owner,
        held: impl Iterator<Item = &'b StreamId>,
        memory: &Memory,
    ) -> Provider {
        let mirror = &account.client.mirror;
        let named = mirror.named(&self.key);
        let ours = named
            .iter()
            .filter(|s| s.mark.owner().is_some_and(|o| o.uid == owner.uid))
            .map(|s| &s.id);
        let sight = |id: &StreamId| {
            let written = mirror.written(id);
            let proof = Proof {
                from: mirror.settled(written),
                walked: mirror.absent_since(written, Some(id)),
            };
            (id.clone(), mirror.sight(id), proof)
        };
        let sights = held.map(sight).chain(ours.map(sight)).collect();
        let sent = memory
            .creation
            .as_ref()
            .map_or(mirror.began(), |sent| sent.at);
        Provider {
            opened: account.opened,
            walked: mirror.walked_once(),
            vanished: mirror.vanished().is_some(),
            began: mirror.began(),
            sights,
            creation: Proof {
                from: mirror.settled(sent),
                walked: mirror.absent_since(sent, None),
            },
            unfound: named
                .iter()
                .filter(|stream| mirror.sight(&stream.id).not_found.is_some())
                .map(|stream| stream.id.clone())
                .collect(),
            named,
        }
    }

    /// Another object that adopted the same stream of the same client before this one: the older one,
    /// or the one with the lower uid, holds it.
    fn adopted_by(&self, account: &Account) -> Option<String> {
        let mine = self.ctx.index.entry(&self.key)?;
        let id = mine.adopts.clone()?;
        let others = self
            .ctx
            .index
            .of_stream(&id)
            .into_iter()
            .filter(|key| *key != self.key);
        let first = others
            .filter_map(|key| Some((key.clone(), self.ctx.index.entry(&key)?)))
            .filter(|(_, other)| {
                other.adopts.as_ref() == Some(&id) && account.client.has(&other.account)
            })
            .min_by(|(_, a), (_, b)| (a.created, &a.uid).cmp(&(b.created, &b.uid)))?;
        ((first.1.created, &first.1.uid) < (mine.created, &mine.uid)).then(|| first.0.to_string())
    }

    /// The finalizer stands wherever an id or our mark is known: some tools drop it.
    async fn keep_finalizer(&mut self, known: &Known) -> kube::Result<()> {
        if known.leaving || known.finalizer || Self::held(known, &self.limits).is_none() {
            return Ok(());
        }
        match finalizer::add(&self.api, &*self.object).await {
            Ok(written) => self.object = Arc::new(written),
            // The watch brings what it is now.
            Err(kube::Error::Api(status)) if status.is_conflict() || status.is_not_found() => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// The stream that this object holds, where it was seen and is not somebody else's.
    fn held(known: &Known, limits: &Limits) -> Option<Arc<ObservedStream>> {
        let provider = known.account.as_ref().ok()?;
        let id = known.held()?;
        let (_, sight, _) = provider.sights.iter().find(|(seen, ..)| *seen == id)?;
        let stream = sight.stream.clone().filter(|_| sight.not_found.is_none())?;
        let foreign = plan::not_to_be_touched(known, &stream, limits)
            .is_some_and(|outcome| outcome.reason() != Reason::MarkLost);
        (!foreign).then_some(stream)
    }

    /// Carries out the plan: at most one call.
    async fn act(
        &mut self,
        plan: &Plan,
        account: Result<&Account, &Outcome>,
        known: &Known,
    ) -> kube::Result<Acted> {
        let Ok(account) = account else {
            return Ok(Acted::Done);
        };
        let mirror = &account.client.mirror;
        let streams = &account.connection.streams;
        let result = match plan {
            // What it waits for is asked for after the look that follows.
            Plan::Rest(_) | Plan::AwaitWalk(..) | Plan::Finish(_) => return Ok(Acted::Done),
            Plan::Create(creation) => return self.create(creation, account, known).await,
            Plan::Read(id) => {
                let asked = clock::now().mono;
                streams.get(id).await.map(|found| match found {
                    Some(stream) => {
                        let news = mirror.read(asked, stream);
                        account.client.tell_others(&news, &self.key);
                    }
                    None => mirror.not_found(asked, id),
                })
            }
            Plan::Claim(id) => {
                // Our own object is asked for afresh: only the one that is there now may claim.
                let fresh = self.api.get_metadata_opt(&self.key.name).await?;
                if fresh.is_none_or(|fresh| fresh.metadata.uid != self.object.metadata.uid)
                    || !self.mark_intent(known).await?
                {
                    return Ok(Acted::Stale);
                }
                let seen = known
                    .account
                    .as_ref()
                    .ok()
                    .and_then(|p| p.named.iter().find(|s| s.id == *id));
                let Some(seen) = seen else {
                    return Ok(Acted::Stale);
                };
                let result = streams.claim(seen, &known.owner).await;
                if let Ok(Some(_)) = &result {
                    self.happenings.push(Happening::TakenOver(id.clone()));
                }
                self.enter(account, id, result, "claim")
            }
            Plan::Update {
                id,
                difference,
                ours,
            } => {
                if !self.mark_intent(known).await? {
                    return Ok(Acted::Stale);
                }
                let result = streams
                    .update(id, ours.then_some(&known.owner), &difference.settings)
                    .await;
                if let Ok(Some(_)) = &result {
                    self.updated(id, difference, known);
                }
                self.enter(account, id, result, "update")
            }
            Plan::Release(id) => {
                let seen = mirror.sight(id).stream;
                let Some(seen) = seen else {
                    return Ok(Acted::Stale);
                };
                let result = streams.release(&seen, &known.owner).await;
                if let Ok(Some(_)) = &result {
                    self.happenings.push(Happening::Released(id.clone()));
                }
                self.enter(account, id, result, "release")
            }
            Plan::Delete(id) => {
                let result = streams.delete(id).await;
                self.count("delete", &result);
                result.map(|()| {
                    mirror.deleted(clock::now().mono, id);
                    self.happenings.push(Happening::Deleted(id.clone()));
                })
            }
        };
        Ok(Self::answered(account, result))
    }

    /// Tells which streams stay behind.
    fn farewell(&mut self, stay: &[(StreamId, &'static str)]) {
        let stays = stay.iter().map(|(id, why)| Happening::LeftBehind {
            id: id.clone(),
            why,
        });
        self.happenings.extend(stays);
    }

    /// The finalizer stands before the first changing call of any kind. `false`: look again.
    async fn mark_intent(&mut self, known: &Known) -> kube::Result<bool> {
        if known.finalizer || finalizer::present(&*self.object) {
            return Ok(true);
        }
        match finalizer::add(&self.api, &*self.object).await {
            Ok(written) => {
                self.object = Arc::new(written);
                Ok(true)
            }
            Err(kube::Error::Api(status)) if status.is_conflict() || status.is_not_found() => {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// The write that the apiserver accepts against what we planned from, and then the POST, once.
    async fn create(
        &mut self,
        creation: &Creation,
        account: &Account,
        known: &Known,
    ) -> kube::Result<Acted> {
        let bare = !finalizer::present(&*self.object);
        if bare && !self.mark_intent(known).await? {
            return Ok(Acted::Stale);
        }
        // The finalizer is the intent of a first creation; later ones are counted.
        let first = bare && creation.attempt == 1 && creation.replaces.is_none();
        if !first && !self.count_attempt(creation).await? {
            return Ok(Acted::Stale);
        }
        if let Some(lost) = &creation.replaces {
            account.client.mirror.forget(lost);
            self.happenings
                .push(Happening::DeletedOutside(lost.clone()));
        }
        let attempt = creation.attempt;
        let sent = |result| {
            Some(Sent {
                attempt,
                at: clock::now().mono,
                result,
            })
        };
        // If this pass is cut off, the creation is one of which nothing is known.
        self.ctx.memories.change(&self.uid, |memory| {
            memory.creation = sent(SentResult::Unknown);
            memory.lost.clone_from(&creation.replaces);
        });
        let result = account
            .connection
            .streams
            .create(&known.owner, &creation.settings)
            .await;
        self.count("create", &result);
        let ended = clock::now().mono;
        let result = match result {
            Ok(stream) => {
                let id = stream.id.clone();
                account.client.mirror.wrote(ended, stream);
                let made = SentResult::Made(id.clone());
                self.happenings.push(if creation.without_active {
                    Happening::CreatedInactive(id)
                } else {
                    Happening::Created(id)
                });
                self.ctx
                    .memories
                    .change(&self.uid, |memory| memory.creation = sent(made));
                Ok(())
            }
            Err(error) => {
                let result = if error.refused_for_certain() {
                    SentResult::Refused {
                        error: error.clone(),
                        active: creation.settings.active == Some(true),
                    }
                } else {
                    // It may be there already: the next walk looks for it, and one that begins when
                    // it has settled may prove that it is not.
                    account.client.mirror.demand(ended, self.key.clone());
                    self.happenings.push(Happening::CreationUnknown);
                    SentResult::Unknown
                };
                self.ctx
                    .memories
                    .change(&self.uid, |memory| memory.creation = sent(result));
                Err(error)
            }
        };
        Ok(Self::answered(account, result))
    }

    /// A later creation is counted in the status, and the stream that it replaces is taken out of it.
    async fn count_attempt(&mut self, creation: &Creation) -> kube::Result<bool> {
        let before = self.old_status();
        let status = LiveStreamStatus {
            stream_id: None,
            adopted: None,
            active: None,
            live: None,
            recording: None,
            playback: None,
            creation: Some(api::Creation {
                attempt: creation.attempt,
                result: CreationResult::Sent,
                at: Time(clock::now().wall),
            }),
            ..before
        };
        match status_write::write(
            &self.api,
            &*self.object,
            self.object.status.as_ref(),
            &status,
        )
        .await?
        {
            Written::Changed(written) => {
                self.object = Arc::new(*written);
                Ok(true)
            }
            Written::Same | Written::Stale | Written::Gone => Ok(false),
        }
    }

    fn updated(&mut self, id: &StreamId, difference: &Difference, known: &Known) {
        let at = clock::now().mono;
        let patience = self.limits.settling * REVERT_PATIENCE;
        self.ctx.memories.change(&self.uid, |memory| {
            let again = memory.sent.take().filter(|sent| {
                sent.difference == *difference && at.saturating_duration_since(sent.at) < patience
            });
            memory.sent = Some(SentChange {
                difference: difference.clone(),
                times: again.map_or(0, |sent| sent.times) + 1,
                at,
            });
        });
        let stream = Self::held(known, &self.limits);
        if stream.is_some_and(|stream| plan::idle_pull(known, difference, &stream)) {
            self.happenings.push(Happening::PullReactivated(id.clone()));
        } else {
            self.happenings.push(Happening::Updated {
                id: id.clone(),
                fields: difference.fields.clone(),
                drift: known.settled,
            });
        }
    }

    /// Takes the reply to a change into the mirror.
    fn enter(
        &self,
        account: &Account,
        id: &StreamId,
        result: Result<Option<ObservedStream>, ProviderError>,
        change: &'static str,
    ) -> Result<(), ProviderError> {
        self.count(change, &result);
        let ended = clock::now().mono;
        match result? {
            Some(stream) => account.client.mirror.wrote(ended, stream),
            None => account.client.mirror.not_found(ended, id),
        }
        Ok(())
    }

    fn count<T>(&self, change: &'static str, result: &Result<T, ProviderError>) {
        let label = match result {
            Ok(_) => "done",
            Err(error) if error.refused_for_certain() => "refused",
            Err(_) => "unknown",
        };
        self.ctx.reporter.metrics.change(change, label);
    }

    fn answered(account: &Account, result: Result<(), ProviderError>) -> Acted {
        match result {
            Ok(()) => Acted::Done,
            Err(error) => {
                if let ProviderError::RateLimited { retry_after } = &error {
                    account.client.budget.pause(*retry_after, clock::now().mono);
                }
                Acted::Failed(error)
            }
        }
    }

    /// How the pass went: what the act said, else what the plan would do next.
    fn judge(
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
            memory.gate = known.want.as_ref().ok().map(|want| Gate {
                until: now.mono + wait,
                want: want.clone(),
                generation: known.generation,
                opened,
                outcome: outcome.clone(),
            });
        };
        if let Acted::Failed(error) = acted {
            return self.failed(plan, &error, known, shut);
        }
        if plan.changes() {
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
            | Plan::Release(_)
            | Plan::Delete(_)
            | Plan::Finish(_) => None,
        };
        let names = left.clone().unwrap_or_else(|| sent.fields.join(", "));
        let times = self.memory().sent.map_or(0, |sent| sent.times);
        let (outcome, wait) = if times >= NOT_TAKING_LIMIT {
            let message = format!(
                "the provider accepts {names} and keeps another value: correct the spec, or leave the field out of it"
            );
            let outcome = Outcome::stalled(Reason::NotTaking, message);
            (outcome, schedule.stalled)
        } else if left.is_some() {
            let message = format!("the provider has not taken {names} yet; it is sent again");
            let wait = schedule.backoff(times, 0.0);
            let outcome = Outcome::waiting_for(Reason::NotTaking, message, wait);
            (outcome, wait)
        } else {
            return None;
        };
        // Where the reply shows it taken it may last this time; if not, it is not sent again.
        self.ctx
            .memories
            .change(&self.uid, |memory| shut(memory, wait, &outcome));
        left.map(|_| outcome)
    }

    /// What an error of the provider means, and when the change may be tried again.
    fn failed(
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

    /// Keeps the Secret for the encoder. Returns the name of the one that stands.
    async fn deliver(
        &mut self,
        known: &Known,
        stream: Option<&ObservedStream>,
        outcome: &mut Outcome,
    ) -> kube::Result<Option<String>> {
        let standing = self.old_status().ingest_secret_name;
        let untouched = stream
            .is_none_or(|stream| plan::not_to_be_touched(known, stream, &self.limits).is_some());
        if known.leaving || untouched || matches!(outcome, Outcome::Quiet) {
            return Ok(standing);
        }
        let wanted = self.object.spec.ingest_secret.as_ref();
        let wanted = wanted.map(|secret| secret.name.clone());
        let ingest = stream
            .map(|stream| stream.ingest.clone())
            .unwrap_or_default();
        let delivered = match self
            .exchange(standing.as_ref(), wanted.as_ref(), &ingest)
            .await
        {
            Err(error) => match ingest::refused(&error) {
                Some(refused) => Delivered::Not(refused),
                None => return Err(error),
            },
            Ok(delivered) => delivered,
        };
        match delivered {
            Delivered::Same => Ok(wanted),
            Delivered::Written => {
                let written = wanted.clone().map(Happening::IngestSecretWritten);
                self.happenings.extend(written);
                Ok(wanted)
            }
            Delivered::Not(refused) => {
                if *outcome == Outcome::InStep {
                    *outcome = refused;
                }
                Ok(standing.filter(|standing| wanted.as_ref() != Some(standing)))
            }
        }
    }

    /// Takes the Secret of an earlier spec away, and writes that of this one.
    async fn exchange(
        &self,
        standing: Option<&String>,
        wanted: Option<&String>,
        ingest: &Ingest,
    ) -> kube::Result<Delivered> {
        if let Some(old) = standing.filter(|old| wanted != Some(*old)) {
            ingest::withdraw(&self.object, old, self.ctx).await?;
        }
        match wanted {
            Some(name) => ingest::deliver(&self.object, name, ingest, self.ctx).await,
            None => Ok(Delivered::Same),
        }
    }

    /// Writes the status if it differs, and tells what happened.
    async fn tell(
        &mut self,
        known: &Known,
        stream: Option<&ObservedStream>,
        outcome: &Outcome,
        ingest_secret: Option<String>,
        now: Now,
    ) -> kube::Result<Told> {
        let old = self.old_status();
        let ours = stream.is_some_and(|stream| stream.mark.owner() == Some(&known.owner));
        if let (None, Some(stream)) = (&old.stream_id, stream)
            && !self.happenings.iter().any(|h| {
                matches!(
                    h,
                    Happening::Created(_)
                        | Happening::CreatedInactive(_)
                        | Happening::TakenOver(_)
                        | Happening::FoundAgain(_)
                        | Happening::Adopted(_)
                )
            })
            && !known.leaving
            && !matches!(outcome, Outcome::Quiet)
        {
            self.happenings.push(if ours {
                Happening::FoundAgain(stream.id.clone())
            } else {
                Happening::Adopted(stream.id.clone())
            });
        }
        let seen = status::Seen {
            generation: known.generation,
            outcome,
            stream,
            adopted: !ours,
            creation: if stream.is_some() {
                None
            } else {
                self.creation(&old, now)
            },
            gone: self
                .memory()
                .lost
                .is_some_and(|lost| Some(lost.as_str()) == old.stream_id.as_deref())
                || matches!(
                    outcome,
                    Outcome::Stalled {
                        reason: Reason::StreamNotFound,
                        ..
                    }
                ),
            recording_wanted: self.object.spec.recording == Some(true),
            ingest_secret,
            reactivated: self
                .happenings
                .iter()
                .any(|happening| matches!(happening, Happening::PullReactivated(_))),
            asked: api::token(&*self.object, RECONCILE_ANNOTATION),
        };
        let status = status::status(&old, seen, now.wall);
        let written = status_write::write(
            &self.api,
            &*self.object,
            self.object.status.as_ref(),
            &status,
        )
        .await?;
        match written {
            Written::Same => {}
            Written::Changed(object) => self.object = Arc::new(*object),
            Written::Stale => {
                let untold = std::mem::take(&mut self.happenings);
                self.ctx
                    .memories
                    .change(&self.uid, |memory| memory.untold = untold);
                return Ok(Told::Later);
            }
            Written::Gone => return Ok(Told::Gone),
        }
        let happenings = std::mem::take(&mut self.happenings);
        self.ctx.reporter.happened(&*self.object, &happenings);
        self.ctx
            .reporter
            .outcome(KIND, &*self.object, &old.conditions, outcome);
        Ok(Told::Now)
    }

    /// The object is gone although it carried our finalizer: the apiserver lets a deletion pass that
    /// read the object just before the finalizer was written. What this process created for it goes
    /// too, for nobody else would know of it.
    async fn orphaned(&mut self, account: Result<&Account, &Outcome>) -> kube::Result<Action> {
        let there = self.api.get_metadata_opt(&self.key.name).await?;
        if there.is_some_and(|there| there.metadata.uid == self.object.metadata.uid) {
            return Ok(self.again());
        }
        let retain = self.object.spec.deletion_policy == Some(DeletionPolicy::Retain);
        if let (Ok(account), Some(id), false) = (account, self.memory().made().cloned(), retain) {
            let result = account.connection.streams.delete(&id).await;
            self.count("delete", &result);
            if result.is_ok() {
                account.client.mirror.deleted(clock::now().mono, &id);
                self.happenings.push(Happening::Deleted(id));
            } else {
                let why = "its object vanished while it was created, and it could not be deleted";
                self.happenings.push(Happening::LeftBehind { id, why });
            }
        }
        let happenings = std::mem::take(&mut self.happenings);
        self.ctx.reporter.happened(&*self.object, &happenings);
        self.ctx.memories.forget(&self.uid);
        Ok(Action::await_change())
    }

    /// The creation as the status tells it.
    fn creation(&self, old: &LiveStreamStatus, now: Now) -> Option<api::Creation> {
        let Some(sent) = self.memory().creation else {
            return old.creation.clone();
        };
        let result = match sent.result {
            SentResult::Unknown => CreationResult::Unknown,
            SentResult::Refused { .. } => CreationResult::Refused,
            SentResult::Made(_) => return None,
        };
        let at = match &old.creation {
            Some(old) if old.attempt == sent.attempt => old.at.clone(),
            _ => Time(now.wall),
        };
        Some(api::Creation {
            attempt: sent.attempt,
            result,
            at,
        })
    }

    /// Nothing is left to clean up: the object may go.
    async fn finish(&mut self) -> kube::Result<Action> {
        self.ctx
            .reporter
            .happened(&*self.object, &std::mem::take(&mut self.happenings));
        self.ctx.reporter.metrics.pass(KIND, "finished");
        finalizer::remove(&self.api, &*self.object).await?;
        Ok(Action::await_change())
    }
}

/// What the watch saw: a status that was wiped is made again.
pub fn wiped(old: &LiveStreamStatus, new: Option<&LiveStreamStatus>) -> bool {
    old.stream_id.is_some() && new.is_none_or(|new| new.stream_id.is_none())
}
