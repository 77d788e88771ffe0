//! What a pass works with: the account, the streams, and what is in memory.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt as _;

use super::{
    Pass, mark,
    memory::Memory,
    plan::{Elsewhere, Known, Proof, Provider, Shown},
    want::{self, Found, Want},
};
use crate::{
    account::{self, Account},
    api::{CreationResult, StreamRef},
    clock::Now,
    creation::{self, Recorded, Trace},
    finalizer,
    index::BroadcastEntry,
    object_key::ObjectKey,
    outcome::{Outcome, Reason},
    provider::{BroadcastId, ObservedBroadcast, Owner, StreamId},
};

impl Pass<'_> {
    /// The open account, or why there is none.
    pub(super) fn account(&self, now: Now) -> Result<Account, Outcome> {
        let name = &self.object.spec.account_ref.name;
        let key = ObjectKey::new(&self.key.namespace, name);
        let account = account::find(self.ctx, &*self.object, &key, self.in_step(), now)?;
        if account.connection.broadcasts.is_none() {
            return Err(Outcome::stalled(
                Reason::Unsupported,
                "the provider of this account has no broadcasts: delete this object, or create it in an account that has them",
            ));
        }
        Ok(account)
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

    /// What the spec manages. An object that goes wants nothing that could be wrong.
    fn want(&self, account: Option<&Account>) -> Result<Want, Outcome> {
        let spec = &self.object.spec;
        let found = spec.streams.as_ref().map(|streams| {
            let found = streams.iter().map(|stream| self.stream(stream, account));
            found.collect::<Vec<_>>()
        });
        let want = want::want(spec, found.as_deref());
        if self.object.metadata.deletion_timestamp.is_some() {
            return Ok(want.unwrap_or_default());
        }
        want
    }

    /// What a stream of the list turns out to be.
    fn stream(&self, listed: &StreamRef, account: Option<&Account>) -> Found {
        let name = match (&listed.name, &listed.id) {
            (_, Some(id)) => return Found::Stream(StreamId::new(id)),
            (Some(name), None) => name.clone(),
            (None, None) => String::new(),
        };
        let key = ObjectKey::new(&self.key.namespace, &name);
        let Some(object) = self.ctx.stream(&key) else {
            return Found::Missing(name);
        };
        let theirs = &object.spec.account_ref.name;
        if *theirs != self.object.spec.account_ref.name
            && let Some(account) = account
        {
            let other = ObjectKey::new(&self.key.namespace, theirs);
            let account_name = theirs.clone();
            match self.ctx.registry.get(&other) {
                // What was in step stays so: that account says what is wrong with it.
                None if self.in_step() || !self.ctx.registry.tried(&other) => {
                    return Found::Untold;
                }
                None => {
                    return Found::Unopened {
                        name,
                        account: account_name,
                    };
                }
                Some(open)
                    if open.client.id != account.client.id || !account.client.has(&other) =>
                {
                    return Found::Elsewhere {
                        name,
                        account: account_name,
                    };
                }
                Some(_) => {}
            }
        }
        if object.metadata.deletion_timestamp.is_some() {
            return Found::Leaving(name);
        }
        let id = object.status.as_ref().and_then(|s| s.stream_id.as_deref());
        id.map_or(Found::Uncreated(name), |id| {
            Found::Stream(StreamId::new(id))
        })
    }

    /// Everything that the plan needs, from what is in memory.
    pub(super) fn look(&self, account: Result<&Account, &Outcome>, now: Now) -> Known {
        let (object, spec) = (&self.object, &self.object.spec);
        let status = self.old_status();
        let generation = object.metadata.generation.unwrap_or_default();
        let ago =
            |time: &Time| Duration::try_from(now.wall.duration_since(time.0)).unwrap_or_default();
        let creation = status.creation.as_ref().map(|creation| Recorded {
            attempt: creation.attempt,
            refused: creation.result == CreationResult::Refused,
            age: ago(&creation.at),
        });
        let finalizer = finalizer::present(&**object);
        let unheld = finalizer && status.broadcast_id.is_none();
        let memory = self.ctx.broadcast_memories.change(&self.uid, |memory| {
            memory.trace = Trace::of(memory.trace, creation, unheld, now.mono);
            memory.clone()
        });
        // A broadcast whose absence was proved is held no more, whatever a stale status says.
        let recorded = status
            .broadcast_id
            .as_deref()
            .map(BroadcastId::new)
            .filter(|id| memory.lost.as_ref() != Some(id));
        let written = recorded.is_some();
        // The status may not have taken what this process knows.
        let recorded = recorded.or_else(|| memory.made().cloned());
        let adopts = spec.external_id.as_deref().map(BroadcastId::new);
        let mark = mark::name(&self.owner());
        let name = spec
            .display_name
            .clone()
            .unwrap_or_else(|| object.name_any());
        let want = self.want(account.ok());
        let provider = account.map_err(Outcome::clone).map(|account| {
            let held = [recorded.as_ref(), adopts.as_ref()];
            let held = held.into_iter().flatten();
            let want = want.as_ref().ok();
            let sent = creation::sent(
                memory.creation.as_ref(),
                creation,
                memory.trace,
                account.client.broadcasts.began(),
            );
            self.provider(account, &mark, &name, held, want, &memory, sent)
        });
        Known {
            mark,
            name,
            generation,
            settled: status.observed_generation == Some(generation),
            leaving: object.metadata.deletion_timestamp.is_some(),
            leaving_since: memory.leaving_since,
            finalizer,
            want,
            elsewhere: account.ok().and_then(|account| self.elsewhere(account)),
            suspended: spec.suspend.unwrap_or_default(),
            deletion: spec.deletion_policy,
            protection: spec.live_protection.unwrap_or_default(),
            adopted_before: status.adopted.unwrap_or_default(),
            creation,
            account: provider,
            adopts,
            recorded,
            written,
        }
    }

    /// This object, as its mark names it.
    fn owner(&self) -> Owner {
        Owner {
            cluster: self.ctx.settings.cluster.clone(),
            namespace: self.key.namespace.to_string(),
            name: self.key.name.to_string(),
            uid: self.uid.clone(),
        }
    }

    /// What the mirrors say.
    #[expect(
        clippy::too_many_arguments,
        reason = "all of it is what one question is about"
    )]
    fn provider<'b>(
        &self,
        account: &Account,
        mark: &String,
        name: &str,
        held: impl Iterator<Item = &'b BroadcastId>,
        want: Option<&Want>,
        memory: &Memory,
        sent: Instant,
    ) -> Provider {
        let mirror = &account.client.broadcasts;
        let marked = mirror.named(mark);
        let sight = |id: &BroadcastId| {
            let written = mirror.written(id);
            let proof = Proof {
                from: mirror.settled(written),
                walked: mirror.absent_since(written, Some(id)),
            };
            (id.clone(), mirror.sight(id), proof)
        };
        let mut sights: Vec<_> = held.map(sight).collect();
        sights.extend(marked.iter().map(|broadcast| sight(&broadcast.id)));
        let none = Vec::new();
        let listed = want.map_or(&none, |want| &want.listed);
        let shown = sights
            .iter()
            .filter_map(|(_, sight, _)| sight.seen.as_ref()?.settings.streams.as_ref());
        let mut streams: Vec<Shown> = Vec::new();
        for id in listed.iter().chain(shown.flatten()) {
            if streams.iter().all(|stream| stream.id != *id) {
                streams.push(shown_stream(account, id));
            }
        }
        let candidates = self.candidates(account, listed, mark);
        Provider {
            opened: account.opened,
            walked: mirror.walked_once(),
            failing: account
                .client
                .broadcasts_health()
                .failing
                .map(|(error, _)| error.to_string()),
            vanished: mirror.vanished().is_some(),
            began: mirror.began(),
            creation: Proof {
                from: mirror.settled(sent),
                walked: mirror.absent_since(sent, None),
            },
            sent,
            unreadable: mirror.unreadable().len(),
            first: listed
                .first()
                .map(|id| (id.clone(), shown_stream(account, id).told)),
            candidates,
            alike: self.alike(account, listed, name, memory),
            marked,
            sights,
            streams,
        }
    }

    /// The broadcasts that the streams name and no object holds, the newest first. One that shows
    /// another name than the mark is somebody else's.
    fn candidates(
        &self,
        account: &Account,
        listed: &[StreamId],
        mark: &String,
    ) -> Vec<(BroadcastId, Option<Instant>)> {
        let mut found: Vec<(BroadcastId, Option<Instant>)> = Vec::new();
        for stream in listed {
            let seen = account.client.mirror.sight(stream).seen;
            let named = seen.iter().flat_map(|stream| &stream.broadcasts);
            for id in named {
                if found.iter().any(|(known, _)| known == id) || self.is_held(account, id) {
                    continue;
                }
                let sight = account.client.broadcasts.sight(id);
                let name = sight
                    .seen
                    .as_ref()
                    .and_then(|seen| seen.settings.name.as_ref());
                if name.is_none_or(|name| name == mark) {
                    found.push((id.clone(), sight.told.max(sight.not_found)));
                }
            }
        }
        found.sort_by(|(a, _), (b, _)| oldest_first(b, a));
        found
    }

    /// The broadcasts that nobody holds and that show a stream of the spec or have its name. Only
    /// who lost an id asks for them.
    fn alike(
        &self,
        account: &Account,
        listed: &[StreamId],
        name: &str,
        memory: &Memory,
    ) -> Vec<BroadcastId> {
        let traceless = self.old_status().creation.is_none()
            && self.old_status().broadcast_id.is_none()
            && memory.creation.is_none();
        if !traceless || !finalizer::present(&*self.object) {
            return Vec::new();
        }
        let like = |broadcast: &ObservedBroadcast| {
            let settings = &broadcast.settings;
            let named = settings.name.as_deref();
            let shows = settings.streams.iter().flatten();
            // What looks like a mark is somebody's who is just creating it.
            !named.is_some_and(mark::looks_like_one)
                && (named == Some(name) || shows.into_iter().any(|id| listed.contains(id)))
        };
        let broadcasts = &account.client.broadcasts;
        let ids = broadcasts.ids().into_iter();
        let mut alike: Vec<BroadcastId> = ids
            .filter(|id| !self.is_held(account, id))
            .filter(|id| broadcasts.sight(id).seen.is_some_and(|seen| like(&seen)))
            .collect();
        alike.sort_by(oldest_first);
        alike
    }

    /// Another object of the same client, as far as that is known, holds or adopts a broadcast.
    fn is_held(&self, account: &Account, id: &BroadcastId) -> bool {
        let index = &self.ctx.index.broadcasts;
        let holders = index.of_broadcast(id).into_iter();
        holders
            .filter(|key| *key != self.key)
            .filter_map(|key| index.entry(&key))
            .any(|entry| self.is_same(account, &entry.account) != Some(false))
    }

    /// Whether another account is the same client's, also where it is not open; `None` where that is
    /// not known.
    fn is_same(&self, account: &Account, other: &ObjectKey) -> Option<bool> {
        if account.client.has(other) {
            return Some(true);
        }
        if self.ctx.registry.get(other).is_some() {
            return Some(false);
        }
        let other = self.ctx.accounts.get(&other.reference())?;
        let client = other.status.as_ref()?.client_id.as_ref()?;
        let access = account::Access::of(&other.spec)?;
        let endpoint = access.endpoint();
        // One client at another address may be the same one, until that address is tried.
        if account.is_same(endpoint, client) {
            return Some(true);
        }
        (account.client.id.as_str() != client).then_some(false)
    }

    /// Another object that has the broadcast that this one adopts: the one that created it, else the
    /// one that adopted it first: the older one, or the one with the lower uid.
    fn elsewhere(&self, account: &Account) -> Option<Elsewhere> {
        let index = &self.ctx.index.broadcasts;
        let mine = index.entry(&self.key)?;
        let id = mine.adopts.clone()?;
        let others = index.of_broadcast(&id).into_iter();
        let (first, entry) = others
            .filter(|key| *key != self.key)
            .filter_map(|key| Some((key.clone(), index.entry(&key)?)))
            .filter(|(_, other)| other.adopts.is_none() || age(other) < age(&mine))
            .filter(|(_, other)| self.is_same(account, &other.account) != Some(false))
            .min_by(|(_, a), (_, b)| {
                // What is known for certain is said first.
                let unsure =
                    |entry: &BroadcastEntry| self.is_same(account, &entry.account).is_none();
                (unsure(a), age(a)).cmp(&(unsure(b), age(b)))
            })?;
        // What this object created itself it keeps, whoever adopts it.
        let own = mine.broadcast.as_ref() == Some(&id) && self.old_status().adopted == Some(false);
        (!own).then(|| Elsewhere {
            other: first.to_string(),
            created: entry.adopts.is_none(),
            unsure: self.is_same(account, &entry.account).is_none(),
        })
    }
}

/// Who created a broadcast comes first, then who adopted it first.
fn age(entry: &BroadcastEntry) -> (bool, Option<Timestamp>, &str) {
    (entry.adopts.is_some(), entry.created, &entry.uid)
}

/// Ids count up.
fn oldest_first(a: &BroadcastId, b: &BroadcastId) -> std::cmp::Ordering {
    let (a, b) = (a.as_str(), b.as_str());
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// A stream, as the mirror of the streams has it.
fn shown_stream(account: &Account, id: &StreamId) -> Shown {
    let mirror = &account.client.mirror;
    let sight = mirror.sight(id);
    let gone = sight.not_found.is_some() || sight.deleted;
    let live = match &sight.seen {
        Some(stream) if !gone => Some(stream.live),
        Some(_) => Some(false),
        None => (gone || mirror.walked_once()).then_some(false),
    };
    Shown {
        id: id.clone(),
        live,
        off: sight
            .seen
            .is_some_and(|stream| stream.settings.active == Some(false)),
        told: sight.told.max(sight.not_found),
    }
}
