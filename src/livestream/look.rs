//! What a pass works with: the account, what is wanted, and what is in memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt as _;

use super::{
    Pass, ingest,
    memory::Memory,
    plan,
    plan::{Known, Limits, Proof, Provider, Request, ShownBy},
    want,
    want::Referenced,
};
use crate::{
    account, account::Account, account::Mirror, api, api::CreationResult, api::DeletionPolicy,
    api::LiveStream, api::LiveStreamStatus, api::RESET_INGEST_KEY_ANNOTATION, clock::Now,
    conditions, creation, creation::Recorded, creation::Trace, finalizer, object_key::ObjectKey,
    outcome::Outcome, outcome::Reason, provider::Capabilities, provider::ObservedStream,
    provider::Owner, provider::StreamId, provider::StreamSettings,
};

impl Pass<'_> {
    /// The open account, or why there is none.
    pub(super) fn account(&self, now: Now) -> Result<Account, Outcome> {
        let account = self.ctx.index.entry(&self.key).map_or_else(
            || ObjectKey::new(&self.key.namespace, &self.object.spec.account_ref.name),
            |entry| entry.account,
        );
        account::find(self.ctx, &*self.object, &account, self.in_step(), now)
    }

    /// The status says that this generation is carried out, and the object is to stay.
    pub(super) fn in_step(&self) -> bool {
        let mut conditions = self.object.status.iter().flat_map(|s| &s.conditions);
        self.object.metadata.deletion_timestamp.is_none()
            && conditions.any(|c| {
                c.type_ == "Ready"
                    && c.status == "True"
                    && c.observed_generation == self.object.metadata.generation
            })
    }

    /// What the spec manages. An object that goes wants nothing.
    pub(super) async fn want(&self, now: Now) -> kube::Result<Result<StreamSettings, Outcome>> {
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
            .map_err(|outcome| self.ctx.with_grace(outcome, now.age(&*self.object))))
    }

    /// Everything that the plan needs, from what is in memory.
    pub(super) fn look(
        &self,
        account: Result<&Account, &Outcome>,
        want: &Result<StreamSettings, Outcome>,
        now: Now,
    ) -> Known {
        let mut memory = self.memory();
        let trace = trace(&self.object, memory.trace, now);
        // At rest nothing is remembered of an object.
        if trace != memory.trace {
            let remember = |memory: &mut Memory| memory.trace = trace;
            self.ctx.memories.change(&self.uid, remember);
            memory.trace = trace;
        }
        let view = View {
            object: &self.object,
            cluster: &self.ctx.settings.cluster,
            want,
            account: account.map(|account| {
                let capabilities = account.connection.capabilities;
                (&account.client.mirror, account.opened, capabilities)
            }),
            adopted_by: account.ok().and_then(|account| self.adopted_by(account)),
            shown_by: account.ok().and_then(|account| self.shown_by(account)),
        };
        known(view, &memory, now)
    }

    /// Takes what is seen of the stream into the memory of its time on air, if it has one.
    pub(super) fn observe(&self, known: &Known, now: Now) {
        let Some(stream) = held(known, &self.limits) else {
            let missing = known.account.as_ref().is_ok_and(|provider| {
                let held = known.held().map(|id| provider.sight(&id).0);
                held.is_some_and(|sight| sight.not_found.is_some() || sight.deleted)
            });
            let status = self.old_status();
            if missing && (self.memory().air.is_some() || status.live == Some(true)) {
                self.air(|air| air.lost(&status, now));
            }
            return;
        };
        let status = self.old_status();
        let idle = !stream.live
            && stream.session_started_at.is_none()
            && known.recording.is_none()
            && known.request.is_none()
            && known.reset.is_none()
            && status.live != Some(true)
            && status.videos.is_empty();
        if idle && self.memory().air.is_none() {
            return;
        }
        self.air(|air| {
            air.observe(&status, &stream, known.recording, now);
            if air.asked.as_ref().map(|(token, _)| token) != known.reset.as_ref() {
                air.asked = known.reset.clone().map(|token| (token, now.mono));
            }
            if let Some(since) = known.leaving_since {
                air.shelving.last_time(since);
            }
        });
    }

    /// Another object that adopted the same stream of the same client before this one: the older one,
    /// or the one with the lower uid, holds it.
    pub(super) fn adopted_by(&self, account: &Account) -> Option<String> {
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

    /// A Broadcast that shows this object's stream and that a deletion waits for: one that is being
    /// deleted before one that is not. What needs a human is not waited for: a refusal, or an
    /// account that cannot be used; nor what stays at the provider, is another client's, or is in
    /// another namespace, whose people this object's may not even ask.
    fn shown_by(&self, account: &Account) -> Option<ShownBy> {
        self.object.metadata.deletion_timestamp.as_ref()?;
        let index = &self.ctx.index;
        let id = index.entry(&self.key).and_then(|entry| entry.stream);
        let by_id = id.as_ref().map(|id| index.broadcasts.of_stream(id));
        let by_name = index.broadcasts.of_object(&self.key);
        by_name
            .iter()
            .chain(by_id.iter().flatten())
            .filter(|key| key.namespace == self.key.namespace)
            .filter_map(|key| self.ctx.broadcast(key))
            .filter(finalizer::present)
            .filter_map(|object| {
                let (spec, status) = (&object.spec, object.status.as_ref());
                let adopted = status.is_some_and(|status| status.adopted == Some(true));
                let stays = spec
                    .deletion_policy
                    .map_or(adopted, |policy| policy == DeletionPolicy::Retain);
                let conditions = status.map_or(&[][..], |status| &status.conditions);
                let key = ObjectKey::new(&self.key.namespace, &spec.account_ref.name);
                // An account that is not open is none of the client's either.
                let stuck =
                    conditions::find(conditions, "Stalled").is_some() || !account.client.has(&key);
                let protected = conditions::find(conditions, "Ready")
                    .is_some_and(|ready| ready.reason == Reason::LiveProtected.as_str());
                let shown = status.and_then(|status| status.stream_ids.as_ref());
                let mut others = shown.into_iter().flatten().map(StreamId::new);
                let others_live = others.any(|other| {
                    let seen = account.client.mirror.sight(&other).seen;
                    id.as_ref() != Some(&other) && seen.is_some_and(|seen| seen.live)
                });
                (!stays && !stuck).then(|| ShownBy {
                    name: object.name_any(),
                    leaving: object.metadata.deletion_timestamp.is_some(),
                    protected,
                    others_live,
                })
            })
            .max_by_key(|by| (by.leaving, !by.protected))
    }
}

/// What a look looks at.
#[derive(Debug)]
pub struct View<'a> {
    /// The object, as the watch showed it last.
    pub object: &'a LiveStream,
    /// Which cluster this is, in our owner marks.
    pub cluster: &'a str,
    /// What the spec manages, or what is wrong with a Secret that it names.
    pub want: &'a Result<StreamSettings, Outcome>,
    /// The account's mirror, when its key was put to work and what its provider can do, or why it cannot
    /// be used.
    pub account: Result<(&'a Mirror, Instant, Capabilities), &'a Outcome>,
    /// Another object that adopted the same stream before this one.
    pub adopted_by: Option<String>,
    /// The Broadcast that shows the stream and goes before it, if there is one.
    pub shown_by: Option<ShownBy>,
}

/// What the status says of a creation.
fn recorded(status: &LiveStreamStatus, now: Now) -> Option<Recorded> {
    status.creation.as_ref().map(|creation| Recorded {
        attempt: creation.attempt,
        refused: creation.result == CreationResult::Refused,
        age: ago(&creation.at, now),
    })
}

fn ago(time: &Time, now: Now) -> Duration {
    Duration::try_from(now.wall.duration_since(time.0)).unwrap_or_default()
}

/// Since when this process knows of a creation that another one may have sent. Pure.
pub fn trace(object: &LiveStream, before: Option<Trace>, now: Now) -> Option<Trace> {
    let status = object.status.as_ref();
    let creation = status.and_then(|status| recorded(status, now));
    let unheld = status.is_none_or(|status| status.stream_id.is_none());
    let finalizer = finalizer::present(object) && unheld;
    Trace::of(before, creation, finalizer, now.mono)
}

/// Everything that the plan needs. Pure.
pub fn known(view: View<'_>, memory: &Memory, now: Now) -> Known {
    let View {
        object,
        cluster,
        want,
        account,
        adopted_by,
        shown_by,
    } = view;
    let (key, spec) = (ObjectKey::of(object), &object.spec);
    let status = object.status.clone().unwrap_or_default();
    let generation = object.metadata.generation.unwrap_or_default();
    let creation = recorded(&status, now);
    // A stream whose absence was proved is held no more, whatever a stale status says.
    let recorded = status
        .stream_id
        .as_deref()
        .map(StreamId::new)
        .filter(|id| memory.lost.as_ref() != Some(id))
        // The status may not have taken what this process knows.
        .or_else(|| memory.made().cloned());
    let adopts = spec.external_id.as_deref().map(StreamId::new);
    let owner = Owner {
        cluster: cluster.to_owned(),
        namespace: key.namespace.to_string(),
        name: key.name.to_string(),
        uid: object.uid().unwrap_or_default(),
    };
    // As marks hold it, so that the two can be compared.
    let owner = account.map_or(owner.clone(), |(.., capabilities)| {
        (capabilities.owner)(&owner)
    });
    Known {
        generation,
        settled: status.observed_generation == Some(generation),
        leaving: object.metadata.deletion_timestamp.is_some(),
        leaving_since: memory.leaving_since,
        finalizer: finalizer::present(object),
        want: want.clone(),
        adopted_by,
        suspended: spec.suspend.unwrap_or_default(),
        deletion: spec.deletion_policy,
        protection: spec.live_protection.unwrap_or_default(),
        adopted_before: status.adopted.unwrap_or_default(),
        creation,
        recording: spec.recording,
        request: request(&status, memory, now),
        played: status
            .stream_id
            .as_deref()
            .filter(|_| status.playback.is_some())
            .map(StreamId::new),
        reset: api::token(object, RESET_INGEST_KEY_ANNOTATION).filter(|token| {
            let handled = status.ingest_key_reset.as_ref();
            let air = memory.air.as_deref();
            handled.is_none_or(|handled| {
                handled.token != *token || air.is_some_and(|air| air.is_unsent(handled))
            })
        }),
        shown_by,
        reactivated: status
            .pull_reactivated_at
            .as_ref()
            .map(|time| ago(time, now)),
        account: account
            .map_err(Outcome::clone)
            .map(|(mirror, opened, capabilities)| {
                let held = [recorded.as_ref(), adopts.as_ref()].into_iter().flatten();
                let sent = creation::sent(
                    memory.creation.as_ref(),
                    creation,
                    memory.trace,
                    mirror.began(),
                );
                provider(mirror, opened, capabilities, &owner, held, sent)
            }),
        owner,
        adopts,
        recorded,
    }
}

/// What the mirror says of an object's streams.
fn provider<'b>(
    mirror: &Mirror,
    opened: Instant,
    capabilities: Capabilities,
    owner: &Owner,
    held: impl Iterator<Item = &'b StreamId>,
    sent: Instant,
) -> Provider {
    let named = mirror.named(&ObjectKey::new(&owner.namespace, &owner.name));
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
    Provider {
        opened,
        capabilities,
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

/// The stream that an object holds, where it was seen and is not somebody else's.
pub fn held(known: &Known, limits: &Limits) -> Option<Arc<ObservedStream>> {
    let provider = known.account.as_ref().ok()?;
    let id = known.held()?;
    let (_, sight, _) = provider.sights.iter().find(|(seen, ..)| *seen == id)?;
    let stream = sight.seen.clone().filter(|_| sight.not_found.is_none())?;
    let foreign = plan::not_to_be_touched(known, &stream, limits)
        .is_some_and(|outcome| outcome.reason() != Reason::MarkLost);
    (!foreign).then_some(stream)
}

/// The start that was asked for, if that still counts. The calendar may have stepped since, so
/// what this process sent is timed by its own clock, and a time that is still to come says nothing.
fn request(status: &LiveStreamStatus, memory: &Memory, now: Now) -> Option<Request> {
    const AHEAD: Duration = Duration::from_secs(5);
    let request = status.recording_request.as_ref()?;
    let air = memory.air.as_deref();
    if air.is_some_and(|air| air.void == Some(request.at.0)) {
        return None;
    }
    let ours = air.and_then(|air| air.requested.filter(|(at, _)| *at == request.at.0));
    let age = match ours {
        Some((_, sent)) => now.mono.saturating_duration_since(sent),
        None => match Duration::try_from(now.wall.duration_since(request.at.0)) {
            Ok(age) => age,
            Err(_) if now.wall + AHEAD >= request.at.0 => Duration::ZERO,
            Err(_) => Duration::MAX,
        },
    };
    Some(Request {
        age,
        session: request.session.as_ref().map(|at| at.0),
    })
}
