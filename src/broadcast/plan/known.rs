//! What a plan is made from, and what it is. Pure values.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    account,
    account::Class,
    api::{DeletionPolicy, LiveProtection},
    broadcast::want::Want,
    creation::Recorded,
    outcome::Outcome,
    provider::{BroadcastDifference, BroadcastId, BroadcastSettings, ObservedBroadcast, StreamId},
};

/// What is known of one broadcast.
pub type Sight = account::Sight<ObservedBroadcast>;

/// Everything that a look found.
#[derive(Clone, Debug)]
pub struct Known {
    /// The name that this object's broadcast is created under, and that nothing else has.
    pub mark: String,
    /// The name that it is given then.
    pub name: String,
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
    /// What the spec manages, or what is wrong with the streams that it lists.
    pub want: Result<Want, Outcome>,
    /// The broadcast that the spec adopts.
    pub adopts: Option<BroadcastId>,
    /// Another object that has the broadcast that this one adopts.
    pub elsewhere: Option<Elsewhere>,
    /// Change nothing.
    pub suspended: bool,
    /// What the spec says of deletion.
    pub deletion: Option<DeletionPolicy>,
    /// Whether what is live is protected.
    pub protection: LiveProtection,
    /// The broadcast that the status names, or that this process created.
    pub recorded: Option<BroadcastId>,
    /// The status names it.
    pub written: bool,
    /// The status says that its broadcast was adopted.
    pub adopted_before: bool,
    /// The creation that the status names.
    pub creation: Option<Recorded>,
    /// The account, or why it cannot be used.
    pub account: Result<Provider, Outcome>,
}

/// Another object that has the same broadcast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// Its namespace and name.
    pub other: String,
    /// It created the broadcast.
    pub created: bool,
    /// It is not known yet whether its account is the same client's.
    pub unsure: bool,
}

/// What the mirrors of an open account say.
#[derive(Clone, Debug)]
pub struct Provider {
    /// When its key was put to work.
    pub opened: Instant,
    /// A whole walk of the broadcasts has ended.
    pub walked: bool,
    /// Why the last walk of the broadcasts failed, if it did.
    pub failing: Option<String>,
    /// Too much has vanished at once.
    pub vanished: bool,
    /// When this process began to be responsible.
    pub began: Instant,
    /// The broadcasts with the name that this object's is created under, the oldest first.
    pub marked: Vec<Arc<ObservedBroadcast>>,
    /// What is known of the broadcast that is held or adopted, and of each that is marked.
    pub sights: Vec<(BroadcastId, Sight, Proof)>,
    /// How far the absence of a marked broadcast is proved, since the last creation.
    pub creation: Proof,
    /// When the last creation ended, or might have.
    pub sent: Instant,
    /// How many items of the list show no id: each could be the one that is looked for.
    pub unreadable: usize,
    /// The first stream of the spec, and when it was last asked for: it names its broadcasts.
    pub first: Option<(StreamId, Option<Instant>)>,
    /// The broadcasts that the first stream names and no object holds, and when each was last asked
    /// for.
    pub candidates: Vec<(BroadcastId, Option<Instant>)>,
    /// The broadcasts that no object holds and that show a stream of the spec or have its name.
    pub alike: Vec<BroadcastId>,
    /// The streams of the spec, and those that the broadcast shows.
    pub streams: Vec<Shown>,
}

/// A stream, as it matters to a broadcast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its id.
    pub id: StreamId,
    /// Whether it is live; `None` where that is not known yet.
    pub live: Option<bool>,
    /// It is switched off, so that it cannot become live unseen.
    pub off: bool,
    /// When it was last asked for.
    pub told: Option<Instant>,
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
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The settling time, also the first wait before a creation that came to nothing is repeated.
    pub settling: Duration,
    /// How old a read may be that a deletion is decided on.
    pub fresh: Duration,
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// Change nothing.
    Rest(Outcome),
    /// Change nothing until a walk that begins at this moment has ended.
    AwaitWalk(Instant, Outcome),
    /// Write the id into the status, and then look again: it gets another name only afterwards.
    Note(BroadcastId),
    /// Read one broadcast and look again.
    Read(BroadcastId),
    /// Read one stream and look again.
    ReadStream(StreamId),
    /// Create the broadcast.
    Create(Creation),
    /// Change settings.
    Update {
        /// Which broadcast.
        id: BroadcastId,
        /// What.
        difference: BroadcastDifference,
    },
    /// Delete a broadcast.
    Delete(BroadcastId),
    /// The object may go; these broadcasts stay as they are.
    Finish(Vec<(BroadcastId, &'static str)>),
}

/// A creation to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Creation {
    /// Which attempt.
    pub attempt: i32,
    /// What to create.
    pub settings: BroadcastSettings,
    /// The broadcast that it replaces.
    pub replaces: Option<BroadcastId>,
}

impl Plan {
    /// Whether it changes something at the provider that the view it was made from does not guard: before
    /// a creation the apiserver is asked anyway.
    pub fn needs_current(&self) -> bool {
        match self {
            Self::Rest(_)
            | Self::AwaitWalk(..)
            | Self::Note(_)
            | Self::Finish(_)
            | Self::Read(_)
            | Self::ReadStream(_)
            | Self::Create(_) => false,
            Self::Update { .. } | Self::Delete(_) => true,
        }
    }

    /// Whether it calls the provider.
    pub fn calls(&self) -> bool {
        match self {
            Self::Rest(_) | Self::AwaitWalk(..) | Self::Note(_) | Self::Finish(_) => false,
            Self::Read(_)
            | Self::ReadStream(_)
            | Self::Create(_)
            | Self::Update { .. }
            | Self::Delete(_) => true,
        }
    }

    /// What its call is for, to the budget. A read is made for the change that follows.
    pub fn class(&self) -> Class {
        match self {
            Self::Create(_) => Class::Create,
            Self::Rest(_)
            | Self::AwaitWalk(..)
            | Self::Note(_)
            | Self::Finish(_)
            | Self::Read(_)
            | Self::ReadStream(_)
            | Self::Update { .. }
            | Self::Delete(_) => Class::Change,
        }
    }

    /// The change of settings that it is, if it is one.
    pub fn update(&self) -> Option<&BroadcastDifference> {
        match self {
            Self::Update { difference, .. } => Some(difference),
            Self::Rest(_)
            | Self::AwaitWalk(..)
            | Self::Note(_)
            | Self::Read(_)
            | Self::ReadStream(_)
            | Self::Create(_)
            | Self::Delete(_)
            | Self::Finish(_) => None,
        }
    }

    /// Whether it changes something at the provider.
    pub fn changes(&self) -> bool {
        self.calls() && !matches!(self, Self::Read(_) | Self::ReadStream(_))
    }
}

impl Known {
    /// The broadcast that this object holds: the one that it adopts; else the one that its status
    /// names; else, also where that one is gone, the oldest that has its mark for a name.
    pub fn held(&self) -> Option<BroadcastId> {
        if self.adopts.is_some() {
            return self.adopts.clone();
        }
        let Ok(provider) = &self.account else {
            return self.recorded.clone();
        };
        let gone = |id: &BroadcastId| {
            let (sight, _) = provider.sight(id);
            sight.not_found.is_some() || sight.deleted
        };
        let mut marked = provider.marked.iter().map(|broadcast| &broadcast.id);
        match &self.recorded {
            Some(recorded) if gone(recorded) => marked
                .find(|id| *id != recorded && !gone(id))
                .or(Some(recorded))
                .cloned(),
            Some(recorded) => Some(recorded.clone()),
            None => marked.next().cloned(),
        }
    }

    /// The broadcast that this object holds, where it was seen and no other object has it.
    pub fn seen(&self) -> Option<Arc<ObservedBroadcast>> {
        let provider = self.account.as_ref().ok()?;
        let (sight, _) = provider.sight(&self.held()?);
        let there = sight.not_found.is_none() && self.elsewhere.is_none();
        sight.seen.filter(|_| there)
    }

    /// What becomes of the broadcast: what the spec says, else delete what we created and leave what
    /// we adopted.
    pub fn policy(&self) -> DeletionPolicy {
        self.deletion.unwrap_or(
            if self.adopted_before || (self.adopts.is_some() && self.recorded.is_none()) {
                DeletionPolicy::Retain
            } else {
                DeletionPolicy::Delete
            },
        )
    }

    /// The streams whose signal counts: those that the spec wants, or, where it wants none or they are
    /// not known, those that it shows.
    pub fn listened_to(&self) -> Option<Vec<StreamId>> {
        let wanted = self.want.as_ref().ok();
        let wanted = wanted.and_then(|want| want.settings.streams.clone());
        let shown = || self.seen().and_then(|seen| seen.settings.streams.clone());
        wanted.or_else(shown)
    }

    /// Whether a stream of the broadcast is live; `None` where that is not known.
    pub fn signal(&self) -> Option<bool> {
        let provider = self.account.as_ref().ok()?;
        let live: Vec<Option<bool>> = self
            .listened_to()?
            .iter()
            .map(|id| provider.stream(id).and_then(|stream| stream.live))
            .collect();
        if live.contains(&Some(true)) {
            Some(true)
        } else if live.contains(&None) {
            None
        } else {
            Some(false)
        }
    }
}

impl Provider {
    pub(super) fn sight(&self, id: &BroadcastId) -> (Sight, Proof) {
        self.sights
            .iter()
            .find(|(known, ..)| known == id)
            .map_or((Sight::default(), self.creation), |(_, sight, proof)| {
                (sight.clone(), *proof)
            })
    }

    pub(super) fn stream(&self, id: &StreamId) -> Option<&Shown> {
        self.streams.iter().find(|stream| stream.id == *id)
    }
}
