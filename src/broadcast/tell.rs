//! What a pass leaves behind: the status, and what people are told.

use std::sync::Arc;

use super::{
    KIND, Pass, Told,
    memory::Happening,
    plan::{self, Known},
    status,
};
use crate::{
    account::{self, Account, Target},
    api::{self, BroadcastStatus, RECONCILE_ANNOTATION},
    clock::Now,
    creation,
    outcome::{Outcome, Reason},
    provider::BroadcastId,
    status_write::{self, Written},
};

impl Pass<'_> {
    /// Writes the status if it differs, and tells what happened.
    pub(super) async fn tell(
        &mut self,
        account: Result<&Account, &Outcome>,
        known: &Known,
        outcome: &Outcome,
        now: Now,
    ) -> kube::Result<Told> {
        let old = self.old_status();
        let memory = self.memory();
        let broadcast = known.seen();
        if let (None, Some(broadcast)) = (&old.broadcast_id, &broadcast)
            && !self
                .happenings
                .iter()
                .any(|h| matches!(h, Happening::Created(_)))
            && !known.leaving
            && !matches!(outcome, Outcome::Quiet)
        {
            let id = broadcast.id.clone();
            self.happenings.push(if known.adopts.is_some() {
                Happening::Adopted(id)
            } else {
                Happening::FoundAgain(id)
            });
        }
        let lost = memory.lost.as_ref().map(BroadcastId::as_str);
        let gone = (lost.is_some() && lost == old.broadcast_id.as_deref())
            || outcome.reason() == Reason::BroadcastNotFound;
        let seen = status::Seen {
            generation: known.generation,
            outcome,
            adopted: adopted(known, &old, &memory),
            creation: if broadcast.is_some() {
                None
            } else {
                creation::told(
                    self.memory().creation.as_ref(),
                    old.creation.as_ref(),
                    now.wall,
                )
            },
            broadcast: broadcast.as_deref(),
            gone,
            signal: known.signal(),
            interrupted: plan::interrupted(known, &memory, now),
            asked: api::token(&*self.object, RECONCILE_ANNOTATION),
        };
        let status = status::status(&old, seen, now.wall);
        let written = status_write::write(
            &self.api,
            &*self.object,
            self.object.status.as_ref(),
            &status,
        )
        .await;
        let shown = matches!(written, Ok(Written::Changed(_)));
        match written {
            Ok(Written::Same) => {}
            Ok(Written::Changed(object)) => self.object = Arc::new(*object),
            Ok(Written::Stale) => {
                self.keep_untold();
                return Ok(Told::Later);
            }
            Ok(Written::Gone) => return Ok(Told::Gone),
            Err(error) => {
                self.keep_untold();
                return Err(error);
            }
        }
        let quiet = matches!(outcome, Outcome::Quiet);
        if let (Ok(account), Some(broadcast), false) = (account, &broadcast, quiet) {
            let targets = [Target::Broadcast(broadcast.id.clone())];
            account::answer_hints(&account.client, &targets, shown, &self.ctx.reporter.metrics);
        }
        let happenings = std::mem::take(&mut self.happenings);
        self.ctx.reporter.happened(&*self.object, &happenings);
        self.ctx
            .reporter
            .outcome(KIND, &*self.object, &old.conditions, outcome);
        Ok(Told::Now)
    }

    /// A later pass tells what happened.
    fn keep_untold(&mut self) {
        let happenings = std::mem::take(&mut self.happenings);
        self.ctx
            .broadcast_memories
            .change(&self.uid, |memory| memory.untold.extend(happenings));
    }
}

/// The broadcast was there before this object; that stays so when its id is named later.
fn adopted(known: &Known, old: &BroadcastStatus, memory: &super::memory::Memory) -> bool {
    let held = known.held();
    if held.is_some() && held.as_ref().map(BroadcastId::as_str) == old.broadcast_id.as_deref() {
        return old.adopted.unwrap_or_default();
    }
    known.adopts.is_some() && memory.made() != known.adopts.as_ref()
}
