//! What to do about a Broadcast: at most one change at the provider, or a reason to wait. Pure.
//!
//! A broadcast has no room for a mark but its name. So it is created under a name that nothing else
//! has, and gets its own only when its id stands in the status. A creation that may have been
//! carried out is not repeated until the absence of that name is proved; a broadcast whose id is
//! lost after that is never guessed.

mod known;
mod leave;
mod state;

use std::time::{Duration, Instant};

pub use self::{
    known::{Creation, Elsewhere, Known, Limits, Plan, Proof, Provider, Shown, Sight},
    state::{Effective, effective, interrupted},
};
use self::{
    leave::{leave, leave_without_account},
    state::unheard,
};
use super::{
    memory::{Gate, Memory},
    want::Want,
};
use crate::{
    api::BroadcastState,
    clock::Now,
    creation::Past,
    outcome::{Outcome, Reason},
    provider::{BroadcastId, BroadcastSettings, ObservedBroadcast},
};

/// What to do now.
pub fn plan(known: &Known, memory: &Memory, limits: &Limits, now: Now) -> Plan {
    let next = match &known.account {
        Err(trouble) if known.leaving => leave_without_account(known, memory, trouble),
        Err(trouble) => Plan::Rest(trouble.clone()),
        Ok(provider) if known.leaving => leave(known, provider, memory, limits, now),
        Ok(provider) => keep(known, provider, memory, limits, now),
    };
    match gate(known, memory, now) {
        Some(gate) if next.changes() => {
            beside(next, gate).unwrap_or_else(|| Plan::Rest(gate.outcome.clone()))
        }
        _ => next,
    }
}

/// A change that did not work a moment ago, and is not tried again yet.
pub fn gate<'a>(known: &Known, memory: &'a Memory, now: Now) -> Option<&'a Gate> {
    let gate = memory.gate.as_deref()?;
    let opened = known.account.as_ref().ok()?.opened;
    let same = gate.generation == known.generation
        && gate.opened == opened
        && known
            .want
            .as_ref()
            .is_ok_and(|want| *want == gate.want.want);
    (same && now.mono < gate.until).then_some(gate)
}

/// What of a change has nothing to do with the one that did not work: what viewers see must not
/// freeze because of a number that the provider refuses.
fn beside(next: Plan, gate: &Gate) -> Option<Plan> {
    let Plan::Update { id, difference } = next else {
        return None;
    };
    let failed = gate.want.failed.as_ref()?;
    let difference = difference.settings.difference(failed)?;
    Some(Plan::Update { id, difference })
}

/// An object that wants its broadcast.
fn keep(known: &Known, provider: &Provider, memory: &Memory, limits: &Limits, now: Now) -> Plan {
    let want = match &known.want {
        Ok(want) => want,
        Err(outcome) => return Plan::Rest(outcome.clone()),
    };
    if let Some(outcome) = elsewhere(known) {
        return Plan::Rest(outcome);
    }
    let Some(id) = known.held() else {
        return create(known, want, provider, memory, limits, now, None);
    };
    let id = &id;
    let (sight, proof) = provider.sight(id);
    // What was seen before the lists are walked again may be a year old. Nobody else knows what this
    // process has just made.
    if !provider.walked && memory.made() != Some(id) {
        return Plan::AwaitWalk(provider.began, Outcome::Quiet);
    }
    match &sight.seen {
        // The list does not show it any more. Where many vanish at once, nobody is asked.
        Some(_) if sight.doubtful && provider.vanished => Plan::Rest(Outcome::Quiet),
        Some(_) if sight.doubtful && sight.not_found.is_none() => Plan::Read(id.clone()),
        Some(broadcast) if !sight.doubtful => settle(known, want, broadcast, provider, memory, now),
        // After a start, one walk tells all; afterwards what it did not show is asked for.
        None if !provider.walked => Plan::AwaitWalk(provider.began, Outcome::Quiet),
        None if sight.not_found.is_none() && !sight.deleted => Plan::Read(id.clone()),
        _ => missing(
            known, want, id, provider, &sight, proof, memory, limits, now,
        ),
    }
}

/// Another object has the broadcast that this one adopts.
fn elsewhere(known: &Known) -> Option<Outcome> {
    let (by, id) = (known.elsewhere.as_ref()?, known.adopts.as_ref()?);
    Some(if by.unsure {
        // Its account says what is wrong with it.
        Outcome::Quiet
    } else if by.created {
        Outcome::stalled(
            Reason::OwnedElsewhere,
            format!(
                "broadcast {id} belongs to Broadcast {}, so it is not touched: delete that object with deletionPolicy: Retain, or this one",
                by.other
            ),
        )
    } else {
        Outcome::stalled(
            Reason::AdoptedElsewhere,
            format!(
                "Broadcast {} adopted broadcast {id} before this one: delete one of the two",
                by.other
            ),
        )
    })
}

/// The broadcast is there: is it as it should be?
fn settle(
    known: &Known,
    want: &Want,
    broadcast: &ObservedBroadcast,
    provider: &Provider,
    memory: &Memory,
    now: Now,
) -> Plan {
    let id = &broadcast.id;
    // Under its own name it is found again by its id only.
    if known.adopts.is_none() && !known.written {
        return Plan::Note(id.clone());
    }
    if known.suspended {
        return Plan::Rest(Outcome::Suspended);
    }
    let seen = &broadcast.settings;
    let mut wanted = want.settings.clone();
    wanted.state = effective(known, memory, now).state;
    if wanted.name.is_none() && seen.name.as_ref() == Some(&known.mark) {
        wanted.name = Some(known.name.clone());
    }
    if let Some(difference) = wanted.difference(seen) {
        if let Some(id) = unheard(known, memory, now) {
            return Plan::ReadStream(id);
        }
        return Plan::Update {
            id: id.clone(),
            difference,
        };
    }
    let doubles: Vec<&str> = provider
        .marked
        .iter()
        .filter(|other| other.id != *id && provider.sight(&other.id).0.not_found.is_none())
        .map(|other| other.id.as_str())
        .take(10)
        .collect();
    if !doubles.is_empty() {
        return Plan::Rest(Outcome::stalled(
            Reason::DuplicateBroadcasts,
            format!(
                "broadcast {id} is held, but {} were created for this object too: delete them at the provider",
                doubles.join(", ")
            ),
        ));
    }
    Plan::Rest(want.waiting.clone().unwrap_or(Outcome::InStep))
}

/// The broadcast that we hold is gone, or seems so.
#[expect(
    clippy::too_many_arguments,
    reason = "all of it is what one decision needs"
)]
fn missing(
    known: &Known,
    want: &Want,
    id: &BroadcastId,
    provider: &Provider,
    sight: &Sight,
    proof: Proof,
    memory: &Memory,
    limits: &Limits,
    now: Now,
) -> Plan {
    if known.adopts.is_some() {
        return Plan::Rest(Outcome::stalled(
            Reason::BroadcastNotFound,
            format!(
                "the account has no broadcast {id}: an adopted broadcast is never created. Correct this by another Broadcast with the right externalId"
            ),
        ));
    }
    if provider.vanished {
        return Plan::Rest(Outcome::Quiet);
    }
    if known.suspended {
        return Plan::Rest(Outcome::Suspended);
    }
    let message = format!(
        "the provider no longer shows broadcast {id}; before it is created again its absence is made sure of"
    );
    let waiting = Outcome::waiting(Reason::BroadcastMissing, with_unreadable(message, provider));
    if !proof.walked {
        return Plan::AwaitWalk(proof.from, waiting);
    }
    // The walks have settled; the read must have, too.
    if sight.not_found.is_none_or(|asked| asked < proof.from) {
        return if now.mono < proof.from {
            Plan::Rest(waiting)
        } else {
            Plan::Read(id.clone())
        };
    }
    create(known, want, provider, memory, limits, now, Some(id))
}

/// There is no broadcast. Was one ever asked for?
fn create(
    known: &Known,
    want: &Want,
    provider: &Provider,
    memory: &Memory,
    limits: &Limits,
    now: Now,
    replaces: Option<&BroadcastId>,
) -> Plan {
    if known.suspended {
        return Plan::Rest(Outcome::Suspended);
    }
    if !provider.walked {
        return Plan::AwaitWalk(provider.began, Outcome::Quiet);
    }
    if provider
        .marked
        .iter()
        .any(|broadcast| Some(&broadcast.id) != replaces)
    {
        // One that is ours is held, not created again.
        return Plan::Rest(Outcome::Quiet);
    }
    let past = past(known, memory);
    match past {
        Past::Never | Past::Refused { .. } => {}
        // Its broadcast was held, and that it is gone was proved.
        Past::Made { .. } if replaces.is_some() => {}
        Past::Unknown { attempt } | Past::Made { attempt } => {
            if provider.vanished {
                return Plan::Rest(Outcome::Quiet);
            }
            if let Some(plan) = search(known, provider, limits, now) {
                return plan;
            }
            if attempt == 0 && !provider.alike.is_empty() {
                return Plan::Rest(lost(&provider.alike));
            }
            // It came to nothing. The more often that happens, the longer until the next.
            let pause = limits
                .settling
                .saturating_mul(1 << attempt.clamp(0, 16))
                .min(Duration::from_hours(1));
            let age = known
                .creation
                .map_or(Duration::MAX, |creation| creation.age);
            if attempt > 1 && age < pause {
                return Plan::Rest(Outcome::waiting_for(
                    Reason::CreationUnknown,
                    "creations were sent that came to nothing; the next one waits longer",
                    pause.saturating_sub(age),
                ));
            }
        }
    }
    if let Some(waiting) = &want.waiting {
        return Plan::Rest(waiting.clone());
    }
    if want.settings.streams.as_ref().is_none_or(Vec::is_empty) {
        return Plan::Rest(Outcome::stalled(
            Reason::NoStreams,
            "a broadcast is created with at least one stream: name it in spec.streams",
        ));
    }
    Plan::Create(Creation {
        attempt: past.next(),
        // The name and the state come when the id is safe.
        settings: BroadcastSettings {
            name: Some(known.mark.clone()),
            state: Some(BroadcastState::Pending),
            ..want.settings.clone()
        },
        replaces: replaces.cloned(),
    })
}

/// A creation may have been carried out: what is to be asked, or waited for, before it is sure that
/// nothing came of it; `None` where that is sure.
fn search(known: &Known, provider: &Provider, limits: &Limits, now: Now) -> Option<Plan> {
    // The first stream says in which broadcasts it is, so the id may come from there. It is asked
    // once at once, and once more when what it says must be true.
    let settled = provider.sent + limits.settling;
    let due = |asked: Option<Instant>| {
        asked.is_none_or(|asked| asked < provider.sent || (asked < settled && settled <= now.mono))
    };
    if let Some((first, asked)) = &provider.first
        && due(*asked)
    {
        return Some(Plan::ReadStream(first.clone()));
    }
    if let Some((candidate, _)) = provider.candidates.iter().find(|(_, asked)| due(*asked)) {
        return Some(Plan::Read(candidate.clone()));
    }
    if provider.creation.walked {
        return None;
    }
    let message = if known.leaving {
        "a creation was sent and its result is not known; the object goes when it is sure that no broadcast came of it. \
         Set deletionPolicy: Retain on this object to let it go at once and leave what may have come of it"
    } else {
        "a creation was sent and its broadcast is not known; before another one it is made sure that no broadcast came of it"
    };
    let reason = if known.leaving {
        Reason::DeletionBlocked
    } else {
        Reason::CreationUnknown
    };
    Some(Plan::AwaitWalk(
        provider.creation.from,
        Outcome::waiting(reason, with_unreadable(message.to_owned(), provider)),
    ))
}

/// A list that holds items without an id proves nothing.
fn with_unreadable(message: String, provider: &Provider) -> String {
    match provider.unreadable {
        0 => message,
        items => format!(
            "{message}. The provider's list of broadcasts has {items} items that show no id, so it proves nothing yet"
        ),
    }
}

fn lost(alike: &[BroadcastId]) -> Outcome {
    let ids: Vec<&str> = alike.iter().take(10).map(BroadcastId::as_str).collect();
    Outcome::stalled(
        Reason::BroadcastLost,
        format!(
            "this object may have created a broadcast, and its id is lost. It may be one of {}: set spec.externalId to the right one. \
             If none is, delete this object, which leaves them as they are, and create it again",
            ids.join(", ")
        ),
    )
}

/// What is known of the creations so far.
fn past(known: &Known, memory: &Memory) -> Past {
    Past::of(
        memory.creation.as_ref(),
        known.creation,
        known.recorded.is_some(),
        known.finalizer,
    )
}

#[cfg(test)]
mod tests;
