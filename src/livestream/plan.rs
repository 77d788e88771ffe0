//! What to do about a LiveStream: at most one change at the provider, or a reason to wait. Pure.
//!
//! The rules that forbid a second stream are these. A creation that may have been carried out is
//! not repeated until the absence of its stream is proved. A stream that was deleted by somebody
//! else is created again only when its absence is proved. Nothing is changed that does not carry
//! this object's mark or was adopted by its id.

use std::{sync::Arc, time::Duration, time::Instant};

use crate::{
    account::Sight,
    api::{DeletionPolicy, LiveProtection},
    clock::Now,
    livestream::memory::{Memory, SentResult},
    outcome::{Outcome, Reason},
    provider::{
        Difference, Mark, ObservedStream, Owner, Source, StreamId, StreamSettings, difference,
    },
};

/// Everything that a look found.
#[derive(Clone, Debug)]
pub struct Known {
    /// This object, as a mark names it.
    pub owner: Owner,
    /// Its generation.
    pub generation: i64,
    /// The spec of this generation was carried out before.
    pub settled: bool,
    /// The object is being deleted.
    pub leaving: bool,
    /// When that was first seen.
    pub leaving_since: Option<Instant>,
    /// It carries our finalizer.
    pub finalizer: bool,
    /// What the spec manages, or what is wrong with a Secret that it names.
    pub want: Result<StreamSettings, Outcome>,
    /// The stream that the spec adopts.
    pub adopts: Option<StreamId>,
    /// Another object that adopted the same stream before this one.
    pub adopted_by: Option<String>,
    /// Change nothing.
    pub suspended: bool,
    /// What the spec says of deletion.
    pub deletion: Option<DeletionPolicy>,
    /// Whether what is live is protected.
    pub protection: LiveProtection,
    /// The stream that the status names.
    pub recorded: Option<StreamId>,
    /// The status says that its stream was adopted.
    pub adopted_before: bool,
    /// The creation that the status names.
    pub creation: Option<Recorded>,
    /// When an idle pull stream was last switched on again, in seconds ago.
    pub reactivated: Option<Duration>,
    /// The account, or why it cannot be used.
    pub account: Result<Provider, Outcome>,
}

/// The creation that the status names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Which attempt.
    pub attempt: i32,
    /// It was refused for certain.
    pub refused: bool,
    /// How long ago it was begun.
    pub age: Duration,
}

/// What the mirror of an open account says.
#[derive(Clone, Debug)]
pub struct Provider {
    /// When its key was put to work.
    pub opened: Instant,
    /// A whole walk has ended.
    pub walked: bool,
    /// Too much has vanished at once.
    pub vanished: bool,
    /// When this process began to be responsible.
    pub began: Instant,
    /// The streams whose mark names this namespace and name, the oldest first.
    pub named: Vec<Arc<ObservedStream>>,
    /// Those of them of which a read by id said that there is none.
    pub unfound: Vec<StreamId>,
    /// What is known of the stream that is held or adopted, and of each that carries our mark.
    pub sights: Vec<(StreamId, Sight, Proof)>,
    /// How far the absence of a stream with our mark is proved, since the last creation.
    pub creation: Proof,
}

/// How far an absence is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// From when on walks and reads count.
    pub from: Instant,
    /// The walks have proved it.
    pub walked: bool,
}

/// Limits that the plan keeps.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The settling time, also the first wait before a creation that came to nothing is repeated.
    pub settling: Duration,
    /// How old a read may be that a deletion is decided on.
    pub fresh: Duration,
    /// The least time between two switchings-on of an idle pull stream.
    pub reactivation: Duration,
    /// Clusters whose marks we may replace.
    pub take_over_from: Vec<String>,
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// Change nothing.
    Rest(Outcome),
    /// Change nothing until a walk that begins at this moment has ended.
    AwaitWalk(Instant, Outcome),
    /// Read one stream and look again.
    Read(StreamId),
    /// Create the stream.
    Create(Creation),
    /// Replace the mark of an earlier object of this name by ours.
    Claim(StreamId),
    /// Change settings.
    Update {
        /// Which stream.
        id: StreamId,
        /// What.
        difference: Difference,
        /// It carries our mark.
        ours: bool,
    },
    /// Replace our mark by the one that says released.
    Release(StreamId),
    /// Delete a stream.
    Delete(StreamId),
    /// The object may go; these streams stay as they are.
    Finish(Vec<(StreamId, &'static str)>),
}

/// A creation to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Creation {
    /// Which attempt.
    pub attempt: i32,
    /// What to create.
    pub settings: StreamSettings,
    /// The stream that it replaces.
    pub replaces: Option<StreamId>,
    /// The user wants it switched on, and that was refused.
    pub without_active: bool,
}

impl Plan {
    /// Whether it calls the provider.
    pub fn calls(&self) -> bool {
        match self {
            Self::Rest(_) | Self::AwaitWalk(..) | Self::Finish(_) => false,
            Self::Read(_)
            | Self::Create(_)
            | Self::Claim(_)
            | Self::Update { .. }
            | Self::Release(_)
            | Self::Delete(_) => true,
        }
    }

    /// Whether it changes something at the provider.
    pub fn changes(&self) -> bool {
        self.calls() && !matches!(self, Self::Read(_))
    }
}

/// What to do now.
pub fn plan(known: &Known, memory: &Memory, limits: &Limits, now: Now) -> Plan {
    let next = match &known.account {
        Err(trouble) if known.leaving => leave_without_account(known, memory, trouble),
        Err(trouble) => Plan::Rest(trouble.clone()),
        Ok(provider) if known.leaving => leave(known, provider, memory, limits, now),
        Ok(provider) => keep(known, provider, memory, limits, now),
    };
    match gate(known, memory, now) {
        Some(outcome) if next.changes() => Plan::Rest(outcome),
        _ => next,
    }
}

/// A change that did not work a moment ago is not tried again yet.
fn gate(known: &Known, memory: &Memory, now: Now) -> Option<Outcome> {
    let gate = memory.gate.as_ref()?;
    let opened = known.account.as_ref().ok()?.opened;
    let same = gate.generation == known.generation
        && gate.opened == opened
        && known.want.as_ref().is_ok_and(|want| *want == gate.want);
    (same && now.mono < gate.until).then(|| gate.outcome.clone())
}

/// An object that wants its stream.
fn keep(known: &Known, provider: &Provider, memory: &Memory, limits: &Limits, now: Now) -> Plan {
    let want = match &known.want {
        Ok(want) => want,
        Err(outcome) => return Plan::Rest(outcome.clone()),
    };
    let Some(id) = known.held() else {
        return create(known, want, provider, memory, limits, None);
    };
    let id = &id;
    let (sight, proof) = provider.sight(id);
    match &sight.stream {
        // The list does not show it any more. Where many vanish at once, nobody is asked.
        Some(_) if sight.doubtful && provider.vanished => Plan::Rest(Outcome::Quiet),
        Some(_) if sight.doubtful && sight.not_found.is_none() => Plan::Read(id.clone()),
        Some(stream) if !sight.doubtful => settle(known, want, stream, provider, limits),
        // After a start, one walk tells all; afterwards what it did not show is asked for.
        None if !provider.walked => Plan::AwaitWalk(provider.began, Outcome::Quiet),
        None if sight.not_found.is_none() && !sight.deleted => Plan::Read(id.clone()),
        _ => missing(
            known, want, id, provider, &sight, proof, memory, limits, now,
        ),
    }
}

/// The stream is there: is it ours, and is it as it should be?
fn settle(
    known: &Known,
    want: &StreamSettings,
    stream: &ObservedStream,
    provider: &Provider,
    limits: &Limits,
) -> Plan {
    if unshown(stream) {
        return Plan::Read(stream.id.clone());
    }
    if let Some(outcome) = not_to_be_touched(known, stream, limits) {
        return Plan::Rest(outcome);
    }
    let ours = is_ours(known, &stream.mark);
    if known.suspended {
        return Plan::Rest(Outcome::Suspended);
    }
    if let Some(mut difference) = difference(want, &stream.settings) {
        let idle = idle_pull(known, &difference, stream);
        let soon = known
            .reactivated
            .filter(|ago| idle && *ago < limits.reactivation);
        let Some(ago) = soon else {
            return Plan::Update {
                id: stream.id.clone(),
                difference,
                ours,
            };
        };
        difference.fields.retain(|field| *field != "active");
        difference.settings.active = None;
        if difference.fields.is_empty() {
            return Plan::Rest(Outcome::waiting_for(
                Reason::PullSwitchedOff,
                "the provider switched the stream off because its source was idle; it is switched on again at most once an hour",
                limits.reactivation.saturating_sub(ago),
            ));
        }
        return Plan::Update {
            id: stream.id.clone(),
            difference,
            ours,
        };
    }
    let doubles: Vec<&str> = provider
        .named
        .iter()
        .filter(|other| is_ours(known, &other.mark) && other.id != stream.id)
        .map(|other| other.id.as_str())
        .take(10)
        .collect();
    if doubles.is_empty() {
        return Plan::Rest(Outcome::InStep);
    }
    Plan::Rest(Outcome::stalled(
        Reason::DuplicateStreams,
        format!(
            "stream {} is held, but {} carry the mark of this object too: delete them at the provider, or take the mark off",
            stream.id,
            doubles.join(", ")
        ),
    ))
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
    let past = Past::of(known, memory);
    let next = |without_active| {
        let mut settings = want.clone();
        if without_active {
            settings.active = Some(false);
        }
        Plan::Create(Creation {
            attempt: past.attempt() + 1,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Past {
    /// None was sent.
    Never,
    /// The last one was refused for certain.
    Refused { attempt: i32, active: bool },
    /// The last one may have been carried out.
    Unknown { attempt: i32 },
    /// The last one gave a stream, which is gone now.
    Made { attempt: i32 },
}

impl Past {
    fn of(known: &Known, memory: &Memory) -> Self {
        let recorded = known.creation.map_or(0, |creation| creation.attempt);
        match (&memory.creation, known.creation) {
            (Some(sent), _) if sent.attempt >= recorded => {
                let attempt = sent.attempt;
                match &sent.result {
                    SentResult::Refused { error, active } => {
                        let unwanted = matches!(
                            error,
                            crate::provider::ProviderError::Refused { .. }
                                | crate::provider::ProviderError::Unauthorized { status: 403, .. }
                        );
                        Self::Refused {
                            attempt,
                            active: *active && unwanted,
                        }
                    }
                    SentResult::Unknown => Self::Unknown { attempt },
                    SentResult::Made(_) => Self::Made { attempt },
                }
            }
            (
                _,
                Some(Recorded {
                    attempt,
                    refused: true,
                    ..
                }),
            ) => Self::Refused {
                attempt,
                active: false,
            },
            (_, Some(Recorded { attempt, .. })) => Self::Unknown { attempt },
            // The status names the stream that is gone now.
            (None, None) if known.recorded.is_some() => Self::Made { attempt: 0 },
            // A finalizer without a trace: it stands before each first creation.
            (None, None) if known.finalizer => Self::Unknown { attempt: 0 },
            (None, None) => Self::Never,
            (Some(sent), None) => Self::Unknown {
                attempt: sent.attempt,
            },
        }
    }

    fn attempt(self) -> i32 {
        match self {
            Self::Never => 0,
            Self::Refused { attempt, .. } | Self::Unknown { attempt } | Self::Made { attempt } => {
                attempt
            }
        }
    }
}

/// The object goes, and the provider cannot be asked.
fn leave_without_account(known: &Known, memory: &Memory, trouble: &Outcome) -> Plan {
    let id = known.recorded.as_ref().or(known.adopts.as_ref());
    let nothing_made =
        id.is_none() && matches!(Past::of(known, memory), Past::Refused { .. } | Past::Never);
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
fn leave(known: &Known, provider: &Provider, memory: &Memory, limits: &Limits, now: Now) -> Plan {
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
        match (&sight.stream, sight.not_found) {
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
            (Some(stream), None) => match farewell(known, stream, &sight, limits, now) {
                Farewell::Act(plan) => return *plan,
                Farewell::Stays(why) => stay.push(((*id).clone(), why)),
                Farewell::Gone => {}
            },
        }
    }
    if ids.is_empty()
        && matches!(Past::of(known, memory), Past::Unknown { .. })
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
    act(Plan::Delete(id.clone()))
}

fn is_ours(known: &Known, mark: &Mark) -> bool {
    mark.owner()
        .is_some_and(|owner| owner.uid == known.owner.uid && owner.cluster == known.owner.cluster)
}

impl Known {
    /// The stream that this object holds: the one that it adopts; else the one that its status names;
    /// else, also where that one is gone, the oldest that carries its mark.
    pub fn held(&self) -> Option<StreamId> {
        if self.adopts.is_some() {
            return self.adopts.clone();
        }
        let Ok(provider) = &self.account else {
            return self.recorded.clone();
        };
        let gone = |id: &StreamId| {
            let (sight, _) = provider.sight(id);
            sight.not_found.is_some() || sight.deleted
        };
        let mut ours = provider
            .named
            .iter()
            .filter(|stream| is_ours(self, &stream.mark))
            .map(|stream| &stream.id);
        match &self.recorded {
            Some(recorded) if gone(recorded) => ours
                .find(|id| *id != recorded && !gone(id))
                .or(Some(recorded))
                .cloned(),
            Some(recorded) => Some(recorded.clone()),
            None => ours.next().cloned(),
        }
    }

    /// What becomes of the stream: what the spec says, else delete what we created and leave what we
    /// adopted.
    pub fn policy(&self) -> DeletionPolicy {
        self.deletion.unwrap_or(
            if self.adopted_before || (self.adopts.is_some() && self.recorded.is_none()) {
                DeletionPolicy::Retain
            } else {
                DeletionPolicy::Delete
            },
        )
    }

    /// Whether the mark of another object may be replaced: that of an earlier object of our own name,
    /// in our own cluster or in one that was named for it.
    fn may_take_from(&self, owner: &Owner, limits: &Limits) -> bool {
        owner.namespace == self.owner.namespace
            && owner.name == self.owner.name
            && (owner.cluster == self.owner.cluster
                || limits.take_over_from.contains(&owner.cluster))
    }
}

impl Provider {
    fn sight(&self, id: &StreamId) -> (Sight, Proof) {
        self.sights
            .iter()
            .find(|(known, ..)| known == id)
            .map_or((Sight::default(), self.creation), |(_, sight, proof)| {
                (sight.clone(), *proof)
            })
    }
}

#[cfg(test)]
mod tests;
