//! What to do about a LiveStream: at most one change at the provider, or a reason to wait. Pure.
//!
//! The rules that forbid a second stream are these. A creation that may have been carried out is
//! not repeated until the absence of its stream is proved. A stream that was deleted by somebody
//! else is created again only when its absence is proved. Nothing is changed that does not carry
//! this object's mark or was adopted by its id.

mod known;
mod leave;
pub(super) mod record;

use std::time::Duration;

pub use self::known::{Creation, Known, Limits, Plan, Proof, Provider, Request, ShownBy};
use self::{
    known::is_ours,
    leave::{leave, leave_without_account},
};
use crate::{
    account::Sight,
    api::LiveProtection,
    clock::Now,
    creation::Past,
    livestream::{air::Air, memory::Memory},
    outcome::{Outcome, Reason},
    provider::{
        Capabilities, Difference, Mark, ObservedStream, Owner, Phase, Source, StreamId,
        StreamSettings, difference,
    },
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
        Some(outcome) if next.changes() && !next.is_apart() => Plan::Rest(outcome),
        _ => next,
    }
}

/// A change that did not work a moment ago is not tried again yet.
fn gate(known: &Known, memory: &Memory, now: Now) -> Option<Outcome> {
    let gate = memory.gate.as_ref()?;
    let opened = known.account.as_ref().ok()?.opened;
    let same = gate.generation == known.generation
        && gate.opened == opened
        && (!gate.live || known.live())
        && known.want.as_ref().is_ok_and(|want| *want == gate.want);
    (same && now.mono < gate.until).then(|| gate.outcome.clone())
}

/// An object that wants its stream.
fn keep(known: &Known, provider: &Provider, memory: &Memory, limits: &Limits, now: Now) -> Plan {
    let want = match &known.want {
        Ok(want) => want,
        Err(outcome) => return on_air(known, provider, memory, limits, now, outcome),
    };
    if let Some(outcome) = unsupported(want, &provider.capabilities) {
        return on_air(known, provider, memory, limits, now, &outcome);
    }
    let Some(id) = known.held() else {
        return create(known, want, provider, memory, limits, None);
    };
    let id = &id;
    let (sight, proof) = provider.sight(id);
    match &sight.seen {
        // The list does not show it any more. Where many vanish at once, nobody is asked.
        Some(_) if sight.doubtful && provider.vanished => Plan::Rest(Outcome::Quiet),
        Some(_) if sight.doubtful && sight.not_found.is_none() => Plan::Read(id.clone()),
        Some(stream) if !sight.doubtful => {
            settle(known, want, stream, &sight, provider, memory, limits, now)
        }
        // After a start, one walk tells all; afterwards what it did not show is asked for.
        None if !provider.walked => Plan::AwaitWalk(provider.began, Outcome::Quiet),
        None if sight.not_found.is_none() && !sight.deleted => Plan::Read(id.clone()),
        _ => missing(
            known, want, id, provider, &sight, proof, memory, limits, now,
        ),
    }
}

/// What the spec asks of a provider that does not have it.
fn unsupported(want: &StreamSettings, capabilities: &Capabilities) -> Option<Outcome> {
    let fields = (capabilities.unsupported)(want);
    (!fields.is_empty()).then(|| {
        Outcome::stalled(
            Reason::Unsupported,
            format!(
                "{} does not have {}: take it out of the spec, or name an account of another provider in a new LiveStream",
                capabilities.name,
                fields.join(", ")
            ),
        )
    })
}

/// What keeps every change from a stream.
pub(super) fn not_usable(
    stream: &ObservedStream,
    sight: &Sight,
    limits: &Limits,
    now: Now,
) -> Option<Plan> {
    let id = &stream.id;
    match stream.phase {
        Phase::Usable => None,
        Phase::Blocked => Some(Plan::Rest(Outcome::stalled(
            Reason::BlockedByProvider,
            format!(
                "the provider has blocked stream {id}: ask its support why, nothing can be changed meanwhile"
            ),
        ))),
        Phase::Creating => {
            let told = sight.told.unwrap_or(now.mono);
            let left = limits
                .fresh
                .saturating_sub(now.mono.saturating_duration_since(told));
            Some(if left.is_zero() {
                Plan::Read(id.clone())
            } else {
                let message = format!("the provider is creating stream {id}");
                Plan::Rest(Outcome::waiting_for(Reason::Progressing, message, left))
            })
        }
    }
}

/// What is wrong with a Secret that the spec names keeps nothing from being recorded.
fn on_air(
    known: &Known,
    provider: &Provider,
    memory: &Memory,
    limits: &Limits,
    now: Now,
    trouble: &Outcome,
) -> Plan {
    let held = known.held().map(|id| provider.sight(&id).0);
    let stream = held
        .filter(|sight| !sight.doubtful)
        .and_then(|sight| sight.seen)
        .filter(|stream| !unshown(stream) && not_to_be_touched(known, stream, limits).is_none())
        .filter(|_| !known.suspended);
    let plan = stream.and_then(|stream| {
        record::record(known, provider, &memory.air(), &stream, limits, now).plan
    });
    plan.filter(Plan::is_apart)
        .unwrap_or_else(|| Plan::Rest(trouble.clone()))
}

/// The stream is there: is it ours, and is it as it should be?
#[expect(
    clippy::too_many_arguments,
    reason = "all of it is what one decision needs"
)]
fn settle(
    known: &Known,
    want: &StreamSettings,
    stream: &ObservedStream,
    sight: &Sight,
    provider: &Provider,
    memory: &Memory,
    limits: &Limits,
    now: Now,
) -> Plan {
    if unshown(stream) || sight.old_key {
        return Plan::Read(stream.id.clone());
    }
    if let Some(outcome) = not_to_be_touched(known, stream, limits) {
        return Plan::Rest(outcome);
    }
    if known.suspended {
        return Plan::Rest(Outcome::Suspended);
    }
    if let Some(plan) = not_usable(stream, sight, limits, now) {
        return plan;
    }
    // Where viewers watch may be no part of a list.
    if stream.playback.is_none() && known.played.as_ref() != Some(&stream.id) {
        return Plan::Read(stream.id.clone());
    }
    let air = memory.air();
    let recording = record::record(known, provider, &air, stream, limits, now).plan;
    let begins = matches!(recording, Some(Plan::StartRecording(_)));
    let rest = match change(known, want, stream, limits) {
        Some(Plan::Update { difference, .. })
            // That it is on or off is always obeyed.
            if difference.settings.active.is_none()
                && !(provider.capabilities.replaced)(&difference.settings).is_empty() =>
        {
            let fields = (provider.capabilities.replaced)(&difference.settings).join(", ");
            Outcome::stalled(
                Reason::RequiresReplacement,
                format!(
                    "{} can set {fields} only when a stream is created: set it back, or delete this object and create it again",
                    provider.capabilities.name
                ),
            )
        }
        Some(Plan::Update { difference, .. })
            if difference.settings.active == Some(false)
                && !provider.capabilities.off_ends_recordings
                && let Some(plan) = record::before_off(stream, &air, now) =>
        {
            return plan;
        }
        Some(Plan::Update { difference, .. }) => {
            // What does not work is waited for, and what has nothing to do with it goes on. But what is
            // recorded must be set before a recording begins.
            let first = begins && difference.settings.gcore.record_type.is_some();
            match gate(known, memory, now) {
                Some(outcome) if !first => outcome,
                Some(outcome) => return Plan::Rest(outcome),
                None => return update(stream, difference, known),
            }
        }
        Some(Plan::Rest(outcome)) => outcome,
        Some(plan) => return plan,
        None => duplicates(known, stream, provider).unwrap_or(Outcome::InStep),
    };
    if let Some(token) = &known.reset
        && provider.capabilities.key_reset
    {
        match may_reset(known, &air, stream, sight, limits, now) {
            Some(true) => return Plan::ResetKey(stream.id.clone(), token.clone()),
            Some(false) => {}
            None => return Plan::Read(stream.id.clone()),
        }
    }
    match recording {
        // What is wrong with the stream says more than what is not yet right with its recording.
        Some(Plan::Rest(_)) if matches!(rest, Outcome::Stalled { .. }) => Plan::Rest(rest),
        Some(plan) => plan,
        None => Plan::Rest(rest),
    }
}

/// Whether the stream key may be renewed now; `None` where only a read that is made since it was asked
/// for, and not long ago, can tell whether somebody would be cut off.
pub(super) fn may_reset(
    known: &Known,
    air: &Air,
    stream: &ObservedStream,
    sight: &Sight,
    limits: &Limits,
    now: Now,
) -> Option<bool> {
    if known.protection == LiveProtection::Disabled {
        return Some(true);
    }
    let asked = air.asked.as_ref().map_or(now.mono, |(_, at)| *at);
    let fresh = sight.told.is_some_and(|told| {
        told >= asked && now.mono.saturating_duration_since(told) <= limits.fresh
    });
    fresh.then_some(!stream.live)
}

/// The change that the settings need, or why it is not made.
fn change(
    known: &Known,
    want: &StreamSettings,
    stream: &ObservedStream,
    limits: &Limits,
) -> Option<Plan> {
    let mut difference = difference(want, &stream.settings)?;
    let idle = idle_pull(known, &difference, stream);
    let soon = known
        .reactivated
        .filter(|ago| idle && *ago < limits.reactivation);
    let Some(ago) = soon else {
        return Some(update(stream, difference, known));
    };
    difference.fields.retain(|field| *field != "active");
    difference.settings.active = None;
    if difference.fields.is_empty() {
        return Some(Plan::Rest(Outcome::waiting_for(
            Reason::PullSwitchedOff,
            "the provider switched the stream off because its source was idle; it is switched on again at most once an hour",
            limits.reactivation.saturating_sub(ago),
        )));
    }
    Some(update(stream, difference, known))
}

fn update(stream: &ObservedStream, difference: Difference, known: &Known) -> Plan {
    Plan::Update {
        id: stream.id.clone(),
        difference,
        ours: is_ours(known, &stream.mark),
    }
}

/// Other streams carry our mark too.
fn duplicates(known: &Known, stream: &ObservedStream, provider: &Provider) -> Option<Outcome> {
    let doubles: Vec<&str> = provider
        .named
        .iter()
        .filter(|other| is_ours(known, &other.mark) && other.id != stream.id)
        .map(|other| other.id.as_str())
        .take(10)
        .collect();
    (!doubles.is_empty()).then(|| {
        Outcome::stalled(
            Reason::DuplicateStreams,
            format!(
                "stream {} is held, but {} carry the mark of this object too: delete them at the provider, or take the mark off",
                stream.id,
                doubles.join(", ")
            ),
        )
    })
}

/// A pull stream that was switched on as wanted, and is off without an edit.
pub(super) fn idle_pull(known: &Known, difference: &Difference, stream: &ObservedStream) -> bool {
    known.settled
        && difference.settings.active == Some(true)
        && matches!(stream.settings.source, Some(Source::Pull(_)))
}

/// Neither the mark nor the text that it stands in was shown: a read by id shows it.
fn unshown(stream: &ObservedStream) -> bool {
    stream.mark == Mark::Unreadable && stream.settings.gcore.client_entity_data.is_none()
}

/// The stream is not ours to change.
pub(super) fn not_to_be_touched(
    known: &Known,
    stream: &ObservedStream,
    limits: &Limits,
) -> Option<Outcome> {
    if is_ours(known, &stream.mark) {
        return None;
    }
    let id = &stream.id;
    if known.adopts.is_none() {
        return Some(Outcome::stalled(
            Reason::MarkLost,
            format!(
                "stream {id} no longer carries the mark of this object, so it is not touched: set spec.externalId to {id} to adopt it, \
                 or delete this object with deletionPolicy: Retain"
            ),
        ));
    }
    if let Some(other) = &known.adopted_by {
        return Some(Outcome::stalled(
            Reason::AdoptedElsewhere,
            format!(
                "LiveStream {other} adopted stream {id} before this one: delete one of the two"
            ),
        ));
    }
    match &stream.mark {
        Mark::Owned(owner) if !known.may_take_from(owner, limits) => {
            Some(owned_elsewhere(id, owner))
        }
        Mark::Unreadable => Some(Outcome::stalled(
            Reason::OwnedElsewhere,
            format!(
                "stream {id} carries an owner mark that cannot be read, so it is not touched: mend or remove the mark at the provider"
            ),
        )),
        Mark::Owned(_) | Mark::None | Mark::Released(_) => None,
    }
}

fn owned_elsewhere(id: &StreamId, owner: &Owner) -> Outcome {
    Outcome::stalled(
        Reason::OwnedElsewhere,
        format!(
            "stream {id} belongs to LiveStream {}/{} (uid {}) of cluster {}, so it is not touched: delete that object with \
             deletionPolicy: Retain, take its mark off at the provider if it is gone, or start the operator with --take-over-from={} if that cluster is gone",
            owner.namespace, owner.name, owner.uid, owner.cluster, owner.cluster
        ),
    )
}

/// The stream that we hold is gone, or seems so.
#[expect(
    clippy::too_many_arguments,
    reason = "all of it is what one decision needs"
)]
fn missing(
    known: &Known,
    want: &StreamSettings,
    id: &StreamId,
    provider: &Provider,
    sight: &Sight,
    proof: Proof,
    memory: &Memory,
    limits: &Limits,
    now: Now,
) -> Plan {
    if known.adopts.is_some() {
        return Plan::Rest(Outcome::stalled(
            Reason::StreamNotFound,
            format!(
                "the account has no stream {id}: an adopted stream is never created. Correct this by another LiveStream with the right externalId"
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
        "the provider no longer shows stream {id}; before it is created again its absence is made sure of"
    );
    let waiting = Outcome::waiting(Reason::StreamMissing, message);
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
    if let Some(left) = memory.air().shelving.untold(now.mono) {
        let message = format!(
            "the videos that came out of stream {id} are listed before it is created again"
        );
        return Plan::Rest(Outcome::waiting_for(Reason::StreamMissing, message, left));
    }
    create(known, want, provider, memory, limits, Some(id))
}

/// There is no stream. Was one ever asked for?
fn create(
    known: &Known,
    want: &StreamSettings,
    provider: &Provider,
    memory: &Memory,
    limits: &Limits,
    replaces: Option<&StreamId>,
) -> Plan {
    if known.suspended {
        return Plan::Rest(Outcome::Suspended);
    }
    if !provider.walked {
        return Plan::AwaitWalk(provider.began, Outcome::Quiet);
    }
    if provider
        .named
        .iter()
        .any(|stream| is_ours(known, &stream.mark) && Some(&stream.id) != replaces)
    {
        // One that is ours is held, not created again.
        return Plan::Rest(Outcome::Quiet);
    }
    let namesake = provider
        .named
        .iter()
        .find(|stream| !is_ours(known, &stream.mark) && !provider.unfound.contains(&stream.id));
    if replaces.is_none()
        && let Some(namesake) = namesake
        && let Some(owner) = namesake.mark.owner()
    {
        return if known.may_take_from(owner, limits) {
            Plan::Claim(namesake.id.clone())
        } else {
            Plan::Rest(owned_elsewhere(&namesake.id, owner))
        };
    }
    let past = past(known, memory);
    let next = |without_active| {
        let mut settings = want.clone();
        if without_active {
            settings.active = Some(false);
        }
        Plan::Create(Creation {
            attempt: past.next(),
            settings,
            replaces: replaces.cloned(),
            without_active,
        })
    };
    match past {
        Past::Never => next(false),
        // Its stream was held, and that it is gone was proved.
        Past::Made { .. } if replaces.is_some() => next(false),
        Past::Refused { active, .. } => next(active && want.active == Some(true)),
        Past::Unknown { attempt } | Past::Made { attempt } => {
            if provider.vanished {
                return Plan::Rest(Outcome::Quiet);
            }
            let waiting = |message: &str| Outcome::waiting(Reason::CreationUnknown, message);
            if !provider.creation.walked {
                return Plan::AwaitWalk(
                    provider.creation.from,
                    waiting(
                        "a creation was sent and its result is not known; before another one it is made sure that no stream came of it",
                    ),
                );
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
            next(false)
        }
    }
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
