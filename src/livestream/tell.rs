//! What a pass leaves behind: the Secret for the encoder, the status, and what people are told.

use std::sync::Arc;

use super::{
    KIND, Pass, Told, ingest, ingest::Delivered, plan, plan::Known, status, videos, videos::Shelved,
};
use crate::{
    account, account::Account, account::Shelf, account::Target, api, api::KeyResetResult,
    api::LiveStreamStatus, api::RECONCILE_ANNOTATION, api::Video, clock::Now, creation,
    outcome::Outcome, provider::Ingest, provider::ObservedStream, provider::StreamId,
    report::Happening, status_write, status_write::Written,
};

/// A reading of a stream's videos that is told now.
struct Listed {
    stream: StreamId,
    shelf: Arc<Shelf>,
    shelved: Shelved,
}

impl Listed {
    fn of(account: &Account, stream: StreamId, old: &LiveStreamStatus) -> Option<Self> {
        let shelf = account.client.desk.shelf(&stream)?;
        Some(Self {
            shelved: videos::shelve(old, &stream, &shelf),
            stream,
            shelf,
        })
    }

    fn for_status(&self) -> (Vec<Video>, i64) {
        (self.shelved.videos.clone(), self.shelved.count)
    }
}

impl Pass<'_> {
    /// Keeps the Secret for the encoder. Returns the name of the one that stands.
    pub(super) async fn deliver(
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
    pub(super) async fn exchange(
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
    pub(super) async fn tell(
        &mut self,
        account: Result<&Account, &Outcome>,
        known: &Known,
        stream: Option<&ObservedStream>,
        outcome: &Outcome,
        ingest_secret: Option<String>,
        now: Now,
    ) -> kube::Result<Told> {
        let old = self.old_status();
        let ours = stream.is_some_and(|stream| stream.mark.owner() == Some(&known.owner));
        let quiet = matches!(outcome, Outcome::Quiet);
        if let (None, Some(stream)) = (&old.stream_id, stream)
            && !known.leaving
            && !quiet
        {
            self.arrived(stream, ours);
        }
        let memory = self.memory();
        let air = memory.air();
        // What came out of a stream is told also when that is gone.
        let id = stream.map(|stream| stream.id.clone());
        let listed = match (account, id.or_else(|| known.recorded.clone())) {
            (Ok(account), Some(id)) if !quiet => Listed::of(account, id, &old),
            _ => None,
        };
        let listed = listed.map(|mut listed| {
            let Listed {
                shelved, stream, ..
            } = &mut listed;
            let soon = air.shelving.expiring(&shelved.videos, stream, now.wall);
            shelved.news.extend(soon);
            listed
        });
        let reset_refused = match stream {
            Some(stream) if !quiet => self.refuse_reset(known, stream, now),
            _ => None,
        };
        let news = listed.iter().flat_map(|listed| &listed.shelved.news);
        self.happenings
            .extend(news.cloned().map(Happening::Recording));
        let seen = status::Seen {
            generation: known.generation,
            outcome,
            stream,
            adopted: !ours,
            creation: if stream.is_some() {
                None
            } else {
                creation::told(memory.creation.as_ref(), old.creation.as_ref(), now.wall)
            },
            gone: status::is_gone(&memory, &old, outcome),
            recording: known.recording,
            air: &air,
            underway: self.limits.underway,
            videos: listed.as_ref().map(Listed::for_status),
            reset_refused,
            ingest_secret,
            reactivated: self
                .happenings
                .iter()
                .any(|happening| matches!(happening, Happening::PullReactivated(_))),
            asked: api::token(&*self.object, RECONCILE_ANNOTATION),
        };
        let status = status::status(&old, seen, now.wall);
        let before = self.object.status.as_ref();
        let written = status_write::write(&self.api, &*self.object, before, &status).await;
        let shown = matches!(written, Ok(Written::Changed(_)));
        match written {
            Ok(Written::Same) => {}
            Ok(Written::Changed(object)) => self.object = Arc::new(*object),
            Ok(Written::Gone) => return Ok(Told::Gone),
            Ok(Written::Stale) => {
                self.put_off(listed);
                return Ok(Told::Later);
            }
            Err(error) => {
                self.put_off(listed);
                return Err(error);
            }
        }
        if let (Ok(account), Some(stream), false) = (account, stream, quiet) {
            let mut targets = vec![Target::Stream(stream.id.clone())];
            targets.extend(listed.is_some().then(|| Target::Videos(stream.id.clone())));
            account::answer_hints(&account.client, &targets, shown, &self.ctx.reporter.metrics);
        }
        if let (Some(listed), Ok(account)) = (&listed, account) {
            let Listed { shelf, shelved, .. } = listed;
            self.air(|air| {
                air.shelving.warned(&shelved.news);
                air.shelving.shelved(shelf, shelved.progress, shelved.found);
            });
            account.client.desk.put_away(&listed.stream, shelf.asked);
        }
        let happenings = std::mem::take(&mut self.happenings);
        self.ctx.reporter.happened(&*self.object, &happenings);
        self.ctx
            .reporter
            .outcome(KIND, &*self.object, &old.conditions, outcome);
        Ok(Told::Now)
    }

    /// What could not be told now is told by a later pass.
    fn put_off(&mut self, listed: Option<Listed>) {
        // What the list of videos showed is found there again.
        let again = listed.map(|listed| listed.shelved.news).unwrap_or_default();
        let mut untold = std::mem::take(&mut self.happenings);
        untold.retain(
            |happening| !matches!(happening, Happening::Recording(news) if again.contains(news)),
        );
        self.ctx
            .memories
            .change(&self.uid, |memory| memory.untold.extend(untold));
    }

    /// A stream that the status does not name yet is told, if what brought it did not tell it.
    fn arrived(&mut self, stream: &ObservedStream, ours: bool) {
        let told = self.happenings.iter().any(|happening| {
            matches!(
                happening,
                Happening::Created(_)
                    | Happening::CreatedInactive(_)
                    | Happening::TakenOver(_)
                    | Happening::FoundAgain(_)
                    | Happening::Adopted(_)
            )
        });
        if !told {
            self.happenings.push(if ours {
                Happening::FoundAgain(stream.id.clone())
            } else {
                Happening::Adopted(stream.id.clone())
            });
        }
    }

    /// The annotation that asks for a new stream key, where the stream is live and protected.
    fn refuse_reset(&mut self, known: &Known, stream: &ObservedStream, now: Now) -> Option<String> {
        let token = known
            .reset
            .clone()
            .filter(|_| !known.leaving && !known.suspended)?;
        let (sight, _) = known.account.as_ref().ok()?.sight(&stream.id);
        let air = self.memory().air();
        let provider = known.account.as_ref().ok()?;
        let why = if !provider.capabilities.key_reset {
            format!(
                "{} has no call for it; delete this object and create it again for a new key",
                provider.capabilities.name
            )
        } else if plan::may_reset(known, &air, stream, &sight, &self.limits, now) == Some(false) {
            "it is live; set liveProtection: Disabled, or ask again with another value when it is off air"
                .to_owned()
        } else {
            return None;
        };
        self.happenings.push(Happening::KeyReset {
            id: stream.id.clone(),
            result: KeyResetResult::Refused,
            why: Some(why),
        });
        Some(token)
    }
}
