//! Carrying out a plan: the intent before, the call, and what its reply tells.

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{
    Acted, Pass,
    memory::{Happening, Sent, SentChange, SentResult},
    plan::{Creation, Known, Plan},
};
use crate::{
    account::Account,
    api::{self, BroadcastState, BroadcastStatus, CreationResult},
    clock, current, finalizer,
    not_taking::REVERT_PATIENCE,
    provider::{
        BroadcastDifference, BroadcastId, Broadcasts, ObservedBroadcast, ProviderError, StreamId,
    },
    report::{Change, ChangeResult},
    status_write::{self, Written},
    vanished,
};

impl Pass<'_> {
    /// The finalizer stands wherever an id is known: some tools drop it.
    pub(super) async fn keep_finalizer(&mut self, known: &Known) -> kube::Result<()> {
        if known.leaving || known.finalizer || known.seen().is_none() {
            return Ok(());
        }
        // If the object has changed meanwhile, the watch brings what it is now.
        self.mark_intent(known).await.map(|_| ())
    }

    /// Carries out the plan: at most one call.
    pub(super) async fn act(
        &mut self,
        plan: &Plan,
        account: Result<&Account, &crate::outcome::Outcome>,
        known: &Known,
    ) -> kube::Result<Acted> {
        let Ok(account) = account else {
            return Ok(Acted::Done);
        };
        let Some(broadcasts) = account.connection.broadcasts.clone() else {
            return Ok(Acted::Done);
        };
        if plan.needs_current() && !self.is_current().await? {
            return Ok(Acted::Stale);
        }
        let mirror = &account.client.broadcasts;
        let result = match plan {
            // What it waits for is asked for after the look that follows.
            Plan::Rest(_) | Plan::AwaitWalk(..) | Plan::Note(_) | Plan::Finish(_) => {
                return Ok(Acted::Done);
            }
            Plan::Create(creation) => {
                return self.create(creation, account, &*broadcasts, known).await;
            }
            Plan::Read(id) => {
                let asked = clock::now().mono;
                broadcasts.get(id).await.map(|found| match found {
                    Some(broadcast) => {
                        mirror.read(asked, broadcast);
                    }
                    None => mirror.not_found(asked, id),
                })
            }
            Plan::ReadStream(id) => self.read_stream(account, id).await,
            Plan::Update { id, difference } => {
                if !self.mark_intent(known).await? {
                    return Ok(Acted::Stale);
                }
                let before = mirror.sight(id).seen.map(|seen| seen.settings.shown());
                let change = Change::of("update_broadcast", id)
                    .from(before.unwrap_or_default())
                    .to(difference.settings.shown());
                let result = broadcasts.update(id, &difference.settings).await;
                self.changed(account, &change, &ChangeResult::of(&result));
                if let Ok(Some(_)) = &result {
                    self.updated(id, difference, known);
                }
                Self::enter(account, id, result)
            }
            Plan::Delete(id) => {
                let before = mirror.sight(id).seen.map(|seen| seen.settings.shown());
                let change = Change::of("delete_broadcast", id).from(before.unwrap_or_default());
                let result = broadcasts.delete(id).await;
                self.changed(account, &change, &ChangeResult::of(&result));
                result.map(|()| {
                    mirror.deleted(clock::now().mono, id);
                    self.happenings.push(Happening::Deleted(id.clone()));
                })
            }
        };
        Ok(Self::answered(account, result))
    }

    /// Reads a stream: whether it is live, and in which broadcasts it is.
    async fn read_stream(&self, account: &Account, id: &StreamId) -> Result<(), ProviderError> {
        let mirror = &account.client.mirror;
        let asked = clock::now().mono;
        match account.connection.streams.get(id).await? {
            Some(stream) => account.client.tell(&mirror.read(asked, stream)),
            None => mirror.not_found(asked, id),
        }
        Ok(())
    }

    /// Tells which broadcasts stay behind.
    pub(super) fn farewell(&mut self, stay: &[(BroadcastId, &'static str)]) {
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
            .broadcast_memories
            .change(&self.uid, |memory| memory.current = current);
        Ok(current)
    }

    /// The finalizer stands before the first changing call of any kind. `false`: look again.
    async fn mark_intent(&mut self, known: &Known) -> kube::Result<bool> {
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
    async fn create(
        &mut self,
        creation: &Creation,
        account: &Account,
        broadcasts: &dyn Broadcasts,
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
        let mirror = &account.client.broadcasts;
        if let Some(lost) = &creation.replaces {
            mirror.forget(lost);
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
        self.ctx.broadcast_memories.change(&self.uid, |memory| {
            memory.creation = sent(SentResult::Unknown);
            memory.lost.clone_from(&creation.replaces);
        });
        let result = broadcasts.create(&creation.settings).await;
        let made = result.as_ref().ok().and_then(Option::as_ref);
        let change = Change::unnamed("create_broadcast").named(made);
        let change = change.to(creation.settings.shown());
        self.changed(account, &change, &ChangeResult::of(&result));
        let ended = clock::now().mono;
        let (remembered, result) = match result {
            Ok(Some(id)) => {
                // Its address is not known yet; the reply to the change of its name tells it.
                mirror.wrote(
                    ended,
                    ObservedBroadcast {
                        id: id.clone(),
                        settings: creation.settings.clone(),
                        iframe_url: None,
                    },
                );
                self.happenings.push(Happening::Created(id.clone()));
                (SentResult::Made(id), Ok(()))
            }
            Ok(None) => {
                self.happenings.push(Happening::CreatedUnnamed);
                (SentResult::Unknown, Ok(()))
            }
            Err(error) if error.refused_for_certain() => {
                let refused = SentResult::Refused {
                    error: error.clone(),
                    active: false,
                };
                (refused, Err(error))
            }
            Err(error) => {
                self.happenings.push(Happening::CreationUnknown);
                (SentResult::Unknown, Err(error))
            }
        };
        if matches!(remembered, SentResult::Unknown) {
            // It may be there already: the next walk looks for it, and one that begins when it has
            // settled may prove that it is not.
            mirror.demand(ended, self.key.clone());
        }
        self.ctx
            .broadcast_memories
            .change(&self.uid, |memory| memory.creation = sent(remembered));
        Ok(Self::answered(account, result))
    }

    /// A later creation is counted in the status, and the broadcast that it replaces is taken out of
    /// it.
    async fn count_attempt(&mut self, creation: &Creation) -> kube::Result<bool> {
        let before = self.old_status();
        let status = BroadcastStatus {
            broadcast_id: None,
            adopted: None,
            state: None,
            stream_ids: None,
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

    fn updated(&mut self, id: &BroadcastId, difference: &BroadcastDifference, known: &Known) {
        let at = clock::now().mono;
        let patience = self.limits.settling * REVERT_PATIENCE;
        self.ctx.broadcast_memories.change(&self.uid, |memory| {
            let again = memory.sent.take().filter(|sent| {
                sent.difference == *difference && at.saturating_duration_since(sent.at) < patience
            });
            memory.sent = Some(Box::new(SentChange {
                difference: difference.clone(),
                times: again.map_or(0, |sent| sent.times) + 1,
                at,
            }));
        });
        let want = known.want.as_ref().ok();
        let goes_live = want.is_some_and(|want| want.settings.state == Some(BroadcastState::Live));
        let pauses = want.is_some_and(|want| want.pause_after.is_some());
        let was = known.seen().and_then(|seen| seen.settings.state);
        self.happenings.push(match difference.settings.state {
            Some(BroadcastState::Paused) if goes_live => Happening::Interrupted(id.clone()),
            Some(BroadcastState::Live) if pauses && was == Some(BroadcastState::Paused) => {
                Happening::Resumed(id.clone())
            }
            _ => Happening::Updated {
                id: id.clone(),
                fields: difference.fields.clone(),
                drift: known.settled,
            },
        });
    }

    /// Takes the reply to a change into the mirror.
    fn enter(
        account: &Account,
        id: &BroadcastId,
        result: Result<Option<ObservedBroadcast>, ProviderError>,
    ) -> Result<(), ProviderError> {
        let ended = clock::now().mono;
        let mirror = &account.client.broadcasts;
        match result {
            Ok(Some(broadcast)) => {
                mirror.wrote(ended, broadcast);
            }
            Ok(None) => mirror.not_found(ended, id),
            Err(error) => {
                // It may have been carried out: nothing is said before it is read again.
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
}
