//! What to do about the broadcast of an object that is being deleted. Pure.

use std::time::Duration;

use super::{
    known::{Known, Limits, Plan, Provider, Sight},
    past, search,
};
use crate::{
    api::{BroadcastState, DeletionPolicy, LiveProtection},
    broadcast::memory::Memory,
    clock::Now,
    creation::Past,
    outcome::{Outcome, Reason},
    provider::{BroadcastId, ObservedBroadcast},
};

/// The object goes, and the provider cannot be asked.
pub(super) fn leave_without_account(known: &Known, memory: &Memory, trouble: &Outcome) -> Plan {
    let id = known.recorded.as_ref().or(known.adopts.as_ref());
    let nothing_made =
        id.is_none() && matches!(past(known, memory), Past::Refused { .. } | Past::Never);
    if !known.finalizer || nothing_made || known.policy() == DeletionPolicy::Retain {
        return Plan::Finish(Vec::new());
    }
    // It is not known yet whether the account can be used.
    if *trouble == Outcome::Quiet {
        return Plan::Rest(Outcome::Quiet);
    }
    let broadcast = id.map_or_else(
        || "a broadcast that may have been created".to_owned(),
        |id| format!("broadcast {id}"),
    );
    Plan::Rest(Outcome::waiting(
        Reason::DeletionBlocked,
        format!(
            "{broadcast} cannot be deleted: {}. Mend that, or set deletionPolicy: Retain on this object to let it go and leave the broadcast",
            trouble.message()
        ),
    ))
}

/// The object goes, and so does what it created.
pub(super) fn leave(
    known: &Known,
    provider: &Provider,
    memory: &Memory,
    limits: &Limits,
    now: Now,
) -> Plan {
    let retained = known.policy() == DeletionPolicy::Retain;
    if !known.finalizer || (retained && (known.recorded.is_some() || known.adopts.is_some())) {
        return Plan::Finish(Vec::new());
    }
    if !provider.walked {
        let Some(error) = &provider.failing else {
            return Plan::AwaitWalk(provider.began, Outcome::Quiet);
        };
        if retained {
            return Plan::Finish(Vec::new());
        }
        let message = format!(
            "the provider's list of broadcasts cannot be read, so it is not known what is to be deleted: {error}. It is tried again. \
             Set deletionPolicy: Retain on this object to let it go and leave what it may have created"
        );
        let outcome = Outcome::waiting(Reason::DeletionBlocked, message);
        return Plan::AwaitWalk(provider.began, outcome);
    }
    let held = known.adopts.iter().chain(&known.recorded);
    let mut ids: Vec<&BroadcastId> = Vec::new();
    for id in held.chain(provider.marked.iter().map(|broadcast| &broadcast.id)) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let mut stay = Vec::new();
    for id in &ids {
        let (sight, proof) = provider.sight(id);
        match (&sight.seen, sight.not_found) {
            (None, _) if sight.deleted => {}
            (None, None) => return Plan::Read((*id).clone()),
            // A read that lags behind our own write proves nothing.
            (_, Some(asked)) if asked < proof.from => {
                return if now.mono < proof.from {
                    Plan::Rest(Outcome::waiting_for(
                        Reason::DeletionBlocked,
                        format!("the provider does not show broadcast {id} yet; it is asked again"),
                        proof.from.saturating_duration_since(now.mono),
                    ))
                } else {
                    Plan::Read((*id).clone())
                };
            }
            // What was seen of it is older than the read that did not find it.
            (_, Some(_)) => {}
            (Some(_), None) if known.elsewhere.as_ref().is_some_and(|by| by.unsure) => {
                return Plan::Rest(unsure(known, id));
            }
            (Some(_), None) if known.elsewhere.is_some() => {
                stay.push(((*id).clone(), "another Broadcast has it"));
            }
            (Some(_), None) if retained => {
                stay.push(((*id).clone(), "deletionPolicy is Retain"));
            }
            (Some(broadcast), None) => {
                return protected(known, provider, broadcast, &sight, limits, now)
                    .unwrap_or_else(|| Plan::Delete((*id).clone()));
            }
        }
    }
    let nothing_known = ids.is_empty() && !retained;
    if let (true, Past::Unknown { attempt }) = (nothing_known, past(known, memory)) {
        if let Some(plan) = search(known, provider, limits, now) {
            return plan;
        }
        // Which of them it was can no longer be told, and it is never guessed.
        if attempt == 0 {
            let alike = provider.alike.iter().take(10).cloned();
            let why = "it may be this object's, whose id was lost";
            stay.extend(alike.map(|id| (id, why)));
        }
    }
    Plan::Finish(stay)
}

/// It cannot be told yet whether the broadcast is another object's.
fn unsure(known: &Known, id: &BroadcastId) -> Outcome {
    let other = known.elsewhere.as_ref().map_or("?", |by| &by.other);
    Outcome::waiting(
        Reason::DeletionBlocked,
        format!(
            "Broadcast {other} names broadcast {id} too, and its StreamingAccount cannot be used, so it is not known whether it is the same one. Mend that, \
             or set deletionPolicy: Retain on this object to let it go and leave the broadcast"
        ),
    )
}

/// What is to be asked or waited for before something that may be live is deleted.
fn protected(
    known: &Known,
    provider: &Provider,
    broadcast: &ObservedBroadcast,
    sight: &Sight,
    limits: &Limits,
    now: Now,
) -> Option<Plan> {
    if known.protection == LiveProtection::Disabled {
        return None;
    }
    let streams = broadcast.settings.streams.as_deref().unwrap_or_default();
    // What is switched off is not live, and nobody watches it.
    let off = |id| {
        let stream = provider.stream(id);
        stream.is_some_and(|stream| stream.off && stream.live != Some(true))
    };
    if broadcast.settings.streams.is_some() && streams.iter().all(off) {
        return None;
    }
    // A read counts that was made since the deletion was asked for, and not long ago. There is time
    // for a read of each stream.
    let count = u32::try_from(streams.len()).unwrap_or(u32::MAX);
    let fresh = limits.fresh.saturating_mul(count.saturating_add(1));
    let old = |told: Option<std::time::Instant>| {
        told.is_none_or(|told| {
            known.leaving_since.is_some_and(|since| told < since)
                || now.mono.saturating_duration_since(told) > fresh
        })
    };
    if old(sight.told) {
        return Some(Plan::Read(broadcast.id.clone()));
    }
    if broadcast.settings.state != Some(BroadcastState::Live) {
        return None;
    }
    let mut shown: Vec<_> = streams
        .iter()
        .filter_map(|id| provider.stream(id))
        .collect();
    // Those that were live are asked first: one is enough.
    shown.sort_by_key(|stream| stream.live != Some(true));
    for stream in shown {
        let live = stream.live == Some(true);
        if old(stream.told) && (live || !stream.off) {
            return Some(Plan::ReadStream(stream.id.clone()));
        }
        if live {
            return Some(Plan::Rest(Outcome::waiting_for(
                Reason::LiveProtected,
                format!(
                    "broadcast {} is live and stream {} of it is, so it is not deleted; it goes when it is off air. Set liveProtection: Disabled to \
                     delete it now, or deletionPolicy: Retain to leave it",
                    broadcast.id, stream.id
                ),
                limits.fresh.max(Duration::from_secs(1)) * 2,
            )));
        }
    }
    None
}
