//! What to do about the streams of an object that is being deleted. Pure.

use std::time::{Duration, Instant};

use super::{
    known::{Known, Limits, Plan, Provider, is_ours},
    not_to_be_touched, not_usable, past,
    record::STOP_SHOWS,
    unshown,
};
use crate::{
    account::Sight,
    api::{DeletionPolicy, LiveProtection},
    clock::Now,
    creation::Past,
    livestream::{air::Air, memory::Memory},
    outcome::{Outcome, Reason},
    provider::{Mark, ObservedStream, Phase, StreamId},
};

/// How long a deletion waits for the list of videos.
const VIDEO_PATIENCE: Duration = Duration::from_secs(60);

/// The same, whatever happens meanwhile.
const MOST_PATIENCE: Duration = Duration::from_secs(300);

/// How often the end of a recording is asked for before a deletion goes on without it.
pub(super) const MOST_STOPS: u32 = 3;

/// The object goes, and the provider cannot be asked.
pub(super) fn leave_without_account(known: &Known, memory: &Memory, trouble: &Outcome) -> Plan {
    let id = known.recorded.as_ref().or(known.adopts.as_ref());
    let nothing_made =
        id.is_none() && matches!(past(known, memory), Past::Refused { .. } | Past::Never);
    if !known.finalizer || nothing_made {
        return Plan::Finish(Vec::new());
    }
    // It is not known yet whether the account can be used.
    if *trouble == Outcome::Quiet {
        return Plan::Rest(Outcome::Quiet);
    }
    if known.policy() == DeletionPolicy::Retain {
        return Plan::Finish(
            id.map(|id| {
                (
                    id.clone(),
                    "the account cannot be used, so its owner mark stands",
                )
            })
            .into_iter()
            .collect(),
        );
    }
    let stream = id.map_or_else(
        || "a stream that may have been created".to_owned(),
        |id| format!("stream {id}"),
    );
    Plan::Rest(Outcome::waiting(
        Reason::DeletionBlocked,
        format!(
            "{stream} cannot be deleted: {}. Mend that, or set deletionPolicy: Retain on this object to let it go and leave the stream",
            trouble.message()
        ),
    ))
}

/// The object goes, and so does what carries its mark.
pub(super) fn leave(
    known: &Known,
    provider: &Provider,
    memory: &Memory,
    limits: &Limits,
    now: Now,
) -> Plan {
    if !known.finalizer || (known.adopted_before && known.policy() == DeletionPolicy::Retain) {
        return Plan::Finish(Vec::new());
    }
    if !provider.walked {
        return Plan::AwaitWalk(provider.began, Outcome::Quiet);
    }
    let held = known.adopts.iter().chain(&known.recorded);
    let marked = provider
        .named
        .iter()
        .filter(|stream| is_ours(known, &stream.mark))
        .map(|stream| &stream.id);
    let mut ids: Vec<&StreamId> = Vec::new();
    for id in held.chain(marked) {
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
                        format!("the provider does not show stream {id} yet; it is asked again"),
                        proof.from.saturating_duration_since(now.mono),
                    ))
                } else {
                    Plan::Read((*id).clone())
                };
            }
            // What was seen of it is older than the read that did not find it.
            (_, Some(_)) => {}
            (Some(stream), None) => match farewell(known, stream, &sight, memory, limits, now) {
                Farewell::Act(plan) => return *plan,
                Farewell::Stays(why) => stay.push(((*id).clone(), why)),
                Farewell::Gone => {}
            },
        }
    }
    if ids.is_empty()
        && matches!(past(known, memory), Past::Unknown { .. })
        && !provider.creation.walked
    {
        return Plan::AwaitWalk(
            provider.creation.from,
            Outcome::waiting(
                Reason::DeletionBlocked,
                "a creation was sent and its result is not known; the object goes when it is sure that no stream came of it",
            ),
        );
    }
    Plan::Finish(stay)
}

enum Farewell {
    Act(Box<Plan>),
    Stays(&'static str),
    Gone,
}

/// What becomes of one stream when its object goes.
fn farewell(
    known: &Known,
    stream: &ObservedStream,
    sight: &Sight,
    memory: &Memory,
    limits: &Limits,
    now: Now,
) -> Farewell {
    let act = |plan| Farewell::Act(Box::new(plan));
    let id = &stream.id;
    if unshown(stream) {
        return act(Plan::Read(id.clone()));
    }
    let ours = is_ours(known, &stream.mark);
    if matches!(&stream.mark, Mark::Released(owner) if owner.uid == known.owner.uid) {
        return Farewell::Gone;
    }
    if !ours && not_to_be_touched(known, stream, limits).is_some() {
        return Farewell::Stays("it does not carry the mark of this object");
    }
    if let Some(plan) = leaving_unusable(stream, sight, limits, now) {
        return act(plan);
    }
    if known.policy() == DeletionPolicy::Retain {
        return if ours {
            act(Plan::Release(id.clone()))
        } else {
            Farewell::Gone
        };
    }
    if known.protection == LiveProtection::Enabled {
        // A read counts that was made since the deletion was asked for, and not long ago.
        let old = sight.told.is_none_or(|told| {
            known.leaving_since.is_some_and(|since| told < since)
                || now.mono.saturating_duration_since(told) > limits.fresh
        });
        // What is switched off is not live.
        if old && (stream.live || stream.settings.active != Some(false)) {
            return act(Plan::Read(id.clone()));
        }
        if stream.live {
            return act(Plan::Rest(Outcome::waiting_for(
                Reason::LiveProtected,
                format!(
                    "stream {id} is live, so it is not deleted; it goes when it is off air. Set liveProtection: Disabled to delete it now, \
                     or deletionPolicy: Retain to leave it"
                ),
                limits.fresh.max(Duration::from_secs(1)) * 2,
            )));
        }
    }
    if let Some(outcome) = shown(known, stream, limits, now) {
        return act(Plan::Rest(outcome));
    }
    act(last_recording(known, stream, &memory.air(), now).unwrap_or(Plan::Delete(id.clone())))
}

/// What the provider has not finished creating can be neither released nor deleted yet. What it has blocked
/// is tried.
fn leaving_unusable(
    stream: &ObservedStream,
    sight: &Sight,
    limits: &Limits,
    now: Now,
) -> Option<Plan> {
    if stream.phase == Phase::Blocked {
        return None;
    }
    let plan = not_usable(stream, sight, limits, now)?;
    if plan.calls() {
        return Some(plan);
    }
    Some(Plan::Rest(Outcome::waiting_for(
        Reason::DeletionBlocked,
        format!("the provider is still creating stream {}", stream.id),
        limits.fresh,
    )))
}

/// What is left to do about the recordings of a stream before it is deleted: what runs is ended, and
/// the list of videos read, so that every id is told. Both are tried for a bounded time.
fn last_recording(known: &Known, stream: &ObservedStream, air: &Air, now: Now) -> Option<Plan> {
    let since = known.leaving_since.unwrap_or(now.mono);
    let ago = |at: Instant| now.mono.saturating_duration_since(at);
    let stopped = air.stopped.filter(|at| *at >= since);
    let runs = stream.recording == Some(true) || known.request.is_some();
    let may_wait = air.recorded_lately(now) && stopped.is_none();
    let wait = |message: String, left: Duration| {
        Some(Plan::Rest(Outcome::waiting_for(
            Reason::DeletionBlocked,
            message,
            left,
        )))
    };
    // A stop that nobody answered does not count: while the provider is out, nothing can be deleted.
    if (runs || may_wait) && air.stops < MOST_STOPS {
        let left = stopped.map_or(Duration::ZERO, |at| STOP_SHOWS.saturating_sub(ago(at)));
        return if left.is_zero() {
            Some(Plan::StopRecording(stream.id.clone()))
        } else {
            let id = &stream.id;
            wait(
                format!("the recording of stream {id} is ended before it is deleted"),
                left,
            )
        };
    }
    if !stream.live && stream.session_started_at.is_none() {
        // Nobody ever sent video.
        return None;
    }
    let from = stopped.unwrap_or(since);
    if ago(since) >= MOST_PATIENCE
        || ago(from) >= VIDEO_PATIENCE
        || air.shelving.is_whole_since(from)
    {
        return None;
    }
    let id = &stream.id;
    wait(
        format!("the videos that came out of stream {id} are listed before it is deleted"),
        VIDEO_PATIENCE / 10,
    )
}

/// A broadcast goes before its streams where both are deleted. One that is not being deleted may be
/// about to be, with the same command or the same namespace: it is waited for shortly. One that is
/// live only because of this stream, which is to go all the same, is not waited for; nor is one that
/// another stream keeps live, for as long as anybody likes.
fn shown(known: &Known, stream: &ObservedStream, limits: &Limits, now: Now) -> Option<Outcome> {
    let (by, id) = (known.shown_by.as_ref()?, &stream.id);
    if by.leaving {
        let all_the_same = stream.live && known.protection == LiveProtection::Disabled;
        let for_ever = by.protected && (all_the_same || by.others_live);
        return (!for_ever).then(|| {
            Outcome::waiting(
                Reason::DeletionBlocked,
                format!(
                    "Broadcast {} is being deleted and still shows stream {id}: the broadcast goes first. Where it does not go, its conditions say why; \
                     with deletionPolicy: Retain on it or on this object nothing is waited for",
                    by.name
                ),
            )
        });
    }
    let since = known.leaving_since?;
    let left = limits
        .fresh
        .saturating_sub(now.mono.saturating_duration_since(since));
    (!left.is_zero()).then(|| {
        Outcome::waiting_for(
            Reason::DeletionBlocked,
            format!(
                "Broadcast {} shows stream {id}: for a moment it is waited for whether it is deleted too, for it would go first",
                by.name
            ),
            left,
        )
    })
}
