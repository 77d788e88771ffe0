//! Carrying out a plan: the intent before, the call, and what its reply tells.

mod key;
mod recording;

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{
    Acted, Pass, look,
    memory::{Sent, SentChange, SentResult},
    plan,
    plan::{Creation, Known, Plan},
};
use crate::{
    account::Account, api, api::CreationResult, api::LiveStreamStatus, clock, current, finalizer,
    not_taking::REVERT_PATIENCE, outcome::Outcome, provider::Deletion, provider::Difference,
    provider::Mark, provider::ObservedStream, provider::ProviderError, provider::StreamId,
    report::Change, report::ChangeResult, report::Happening, status_write, status_write::Written,
    vanished,
};

impl Pass<'_> {
    /// The finalizer stands wherever an id or our mark is known: some tools drop it.
    pub(super) async fn keep_finalizer(&mut self, known: &Known) -> kube::Result<()> {
        if known.leaving || known.finalizer || look::held(known, &self.limits).is_none() {
            return Ok(());
        }
        // If the object has changed meanwhile, the watch brings what it is now.
        self.mark_intent(known).await.map(|_| ())
    }

    /// Carries out the plan: at most one call.
    pub(super) async fn act(
        &mut self,
        plan: &Plan,
        account: Result<&Account, &Outcome>,
        known: &Known,
    ) -> kube::Result<Acted> {
        let Ok(account) = account else {
            return Ok(Acted::Done);
        };
        if plan.needs_current() && !self.is_current().await? {
            return Ok(Acted::Stale);
        }
        let mirror = &account.client.mirror;
        let streams = &account.connection.streams;
        let result = match plan {
            // What it waits for is asked for after the look that follows.
            Plan::Rest(_) | Plan::AwaitWalk(..) | Plan::Finish(_) => return Ok(Acted::Done),
            Plan::Create(creation) => return self.create(creation, account, known).await,
            Plan::StartRecording(id) => return self.start_recording(id, account, known).await,
            Plan::StopRecording(id) => return self.stop_recording(id, account, known).await,
            Plan::ResetKey(id, token) => return self.reset_key(id, token, account, known).await,
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
                let change = Change::of("claim", id);
                let change = change.mark(&seen.mark, &Mark::Owned(known.owner.clone()));
                let result = streams.claim(seen, &known.owner).await;
                if let Ok(Some(_)) = &result {
                    self.happenings.push(Happening::TakenOver(id.clone()));
                }
                self.enter(account, id, result, &change)
            }
            Plan::Update {
                id,
                difference,
                ours,
            } => {
                if !self.mark_intent(known).await? {
                    return Ok(Acted::Stale);
                }
                let seen = mirror.sight(id).seen;
                let before = seen.map(|seen| seen.settings.shown());
                let change = Change::of("update", id)
                    .from(before.unwrap_or_default())
                    .to(difference.settings.shown());
                let result = streams
                    .update(id, ours.then_some(&known.owner), &difference.settings)
                    .await;
                if let Ok(Some(_)) = &result {
                    self.updated(id, difference, known);
                }
                self.enter(account, id, result, &change)
            }
            Plan::Release(id) => {
                let seen = mirror.sight(id).seen;
                let Some(seen) = seen else {
                    return Ok(Acted::Stale);
                };
                let change = Change::of("release", id);
                let change = change.mark(&seen.mark, &Mark::Released(known.owner.clone()));
                let result = streams.release(&seen, &known.owner).await;
                if let Ok(Some(_)) = &result {
                    self.happenings.push(Happening::Released(id.clone()));
                }
                self.enter(account, id, result, &change)
            }
            Plan::Delete(id) => return self.delete(id, account).await,
        };
        Ok(Self::answered(account, result))
    }

    /// Deletes a stream, or does what is needed before.
    async fn delete(&mut self, id: &StreamId, account: &Account) -> kube::Result<Acted> {
        let mirror = &account.client.mirror;
        let Some(seen) = mirror.sight(id).seen else {
            return Ok(Acted::Stale);
        };
        let change = Change::of("delete", id).from(seen.settings.shown());
        let result = account.connection.streams.delete(&seen).await;
        self.changed(account, &change, &ChangeResult::of(&result));
        let result = result.map(|deletion| match deletion {
            Deletion::Gone => {
                mirror.deleted(clock::now().mono, id);
                self.happenings.push(Happening::Deleted(id.clone()));
            }
            Deletion::Underway(now) => {
                let news = mirror.wrote(clock::now().mono, *now);
                account.client.tell_others(&news, &self.key);
            }
        });
        Ok(Self::answered(account, result))
    }

    /// Tells which streams stay behind.
    pub(super) fn farewell(&mut self, stay: &[(StreamId, &'static str)]) {
        let stays = stay.iter().map(|(id, why)| Happening::LeftBehind {
            id: id.clone(),
            why,
        });
        self.happenings.extend(stays);
    }

    /// Whether the watch shows the object as it is: asked before this process's first change for it.
    async fn is_current(&self) -> kube::Result<bool> {
        let memory = self.memory();
        // The write before a creation has told. That an object vanished is asked for each time.
        let told = memory.current || memory.creation.is_some();
        if told && !vanished::is_kept(&*self.object) {
            return Ok(true);
        }
        let current = current::is_current(&self.api, &*self.object).await?;
        self.ctx
            .memories
            .change(&self.uid, |memory| memory.current = current);
        Ok(current)
    }

    /// The finalizer stands before the first changing call of any kind. `false`: look again.
    pub(super) async fn mark_intent(&mut self, known: &Known) -> kube::Result<bool> {
        if known.finalizer || finalizer::present(&*self.object) {
            return Ok(true);
        }
        let written = finalizer::add(&self.api, &*self.object).await?;
        let added = written.is_some();
        if let Some(written) = written {
            self.object = Arc::new(written);
        }
        Ok(added)
    }

    /// The write that the apiserver accepts against what we planned from, and then the POST, once.
    pub(super) async fn create(
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
        let made = result.as_ref().ok().map(|stream| &stream.id);
        let change = Change::unnamed("create").named(made);
        let change = change.to(creation.settings.shown());
        self.changed(account, &change, &ChangeResult::of(&result));
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
    pub(super) async fn count_attempt(&mut self, creation: &Creation) -> kube::Result<bool> {
        let before = self.old_status();
        let status = LiveStreamStatus {
            stream_id: None,
            adopted: None,
            active: None,
            live: None,
            recording: None,
            playback: None,
            session_started_at: None,
            recording_request: None,
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

    pub(super) fn updated(&mut self, id: &StreamId, difference: &Difference, known: &Known) {
        let at = clock::now().mono;
        let patience = self.limits.settling * REVERT_PATIENCE;
        self.ctx.memories.change(&self.uid, |memory| {
            let again = memory.sent.take().filter(|sent| {
                sent.difference == *difference && at.saturating_duration_since(sent.at) < patience
            });
            memory.sent = Some(Box::new(SentChange {
                difference: difference.clone(),
                times: again.map_or(0, |sent| sent.times) + 1,
                at,
            }));
        });
        let stream = look::held(known, &self.limits);
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
    pub(super) fn enter(
        &self,
        account: &Account,
        id: &StreamId,
        result: Result<Option<ObservedStream>, ProviderError>,
        change: &Change,
    ) -> Result<(), ProviderError> {
        self.changed(account, change, &ChangeResult::of(&result));
        let ended = clock::now().mono;
        let mirror = &account.client.mirror;
        match result {
            Ok(Some(stream)) => {
                let news = mirror.wrote(ended, stream);
                account.client.tell_others(&news, &self.key);
            }
            Ok(None) => mirror.not_found(ended, id),
            Err(error) => {
                // It may have been carried out: it is read again before anything is said of it.
                if !error.refused_for_certain() {
                    mirror.lost(ended, id);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// Tells and counts a change.
    pub(super) fn changed(&self, account: &Account, change: &Change, result: &ChangeResult) {
        let (reporter, client) = (&self.ctx.reporter, &account.client.id);
        reporter.changed(&*self.object, client, change, result);
    }

    pub(super) fn answered(account: &Account, result: Result<(), ProviderError>) -> Acted {
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
}
