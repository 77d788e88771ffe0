//! What a plan is made from, and what it is. Pure values.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;

use crate::{
    account::{Class, Sight},
    api::{DeletionPolicy, LiveProtection},
    creation::Recorded,
    outcome::Outcome,
    provider::{Capabilities, Difference, Mark, ObservedStream, Owner, StreamId, StreamSettings},
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
    /// Whether recordings are wanted, unwanted, or not managed.
    pub recording: Option<bool>,
    /// The start of a recording that was asked for and is not seen yet.
    pub request: Option<Request>,
    /// The status tells where this stream is watched.
    pub played: Option<StreamId>,
    /// The annotation that asks for a new stream key, where it is not handled yet.
    pub reset: Option<String>,
    /// The Broadcast that shows the stream and goes before it, if there is one.
    pub shown_by: Option<ShownBy>,
    /// When an idle pull stream was last switched on again, in seconds ago.
    pub reactivated: Option<Duration>,
    /// The account, or why it cannot be used.
    pub account: Result<Provider, Outcome>,
}

/// A Broadcast that shows a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownBy {
    /// Its name.
    pub name: String,
    /// It is being deleted, and its broadcast with it.
    pub leaving: bool,
    /// Its deletion waits because it is live.
    pub protected: bool,
    /// Another stream of it is live.
    pub others_live: bool,
}

/// The start of a recording that the status names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// How long ago it was asked for.
    pub age: Duration,
    /// When the session began in which it was.
    pub session: Option<Timestamp>,
}

/// What the mirror of an open account says.
#[derive(Clone, Debug)]
pub struct Provider {
    /// When its key was put to work.
    pub opened: Instant,
    /// What the provider can do.
    pub capabilities: Capabilities,
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
    /// How long a recording that was asked for may take to show, and how long a stream may be live
    /// without one that is wanted before that is trouble.
    pub underway: Duration,
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
    /// Renew the stream key, as this annotation asks.
    ResetKey(StreamId, String),
    /// Ask for a recording to begin.
    StartRecording(StreamId),
    /// Ask for the recording to end.
    StopRecording(StreamId),
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
    /// Whether it changes something at the provider that the view it was made from does not guard: before
    /// a creation and a claim the apiserver is asked anyway.
    pub fn needs_current(&self) -> bool {
        match self {
            Self::Rest(_)
            | Self::AwaitWalk(..)
            | Self::Finish(_)
            | Self::Read(_)
            | Self::Create(_)
            | Self::Claim(_) => false,
            Self::Update { .. }
            | Self::ResetKey(..)
            | Self::StartRecording(_)
            | Self::StopRecording(_)
            | Self::Release(_)
            | Self::Delete(_) => true,
        }
    }

    /// Whether it calls the provider.
    pub fn calls(&self) -> bool {
        match self {
            Self::Rest(_) | Self::AwaitWalk(..) | Self::Finish(_) => false,
            Self::Read(_)
            | Self::Create(_)
            | Self::Claim(_)
            | Self::Update { .. }
            | Self::ResetKey(..)
            | Self::StartRecording(_)
            | Self::StopRecording(_)
            | Self::Release(_)
            | Self::Delete(_) => true,
        }
    }

    /// What its call is for, to the budget. A read is made for the change that follows.
    pub fn class(&self) -> Class {
        match self {
            Self::StartRecording(_) | Self::StopRecording(_) | Self::ResetKey(..) => Class::Live,
            Self::Create(_) => Class::Create,
            Self::Rest(_)
            | Self::AwaitWalk(..)
            | Self::Finish(_)
            | Self::Read(_)
            | Self::Claim(_)
            | Self::Update { .. }
            | Self::Release(_)
            | Self::Delete(_) => Class::Change,
        }
    }

    /// Whether it is about a recording or the stream key: what hinders other changes does not
    /// hinder it.
    pub fn is_apart(&self) -> bool {
        match self {
            Self::ResetKey(..) | Self::StartRecording(_) | Self::StopRecording(_) => true,
            Self::Rest(_)
            | Self::AwaitWalk(..)
            | Self::Finish(_)
            | Self::Read(_)
            | Self::Create(_)
            | Self::Claim(_)
            | Self::Update { .. }
            | Self::Release(_)
            | Self::Delete(_) => false,
        }
    }

    /// Whether it changes something at the provider.
    pub fn changes(&self) -> bool {
        self.calls() && !matches!(self, Self::Read(_))
    }
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

    /// Whether the stream that it holds was live when it was seen last.
    pub fn live(&self) -> bool {
        let (Some(id), Ok(provider)) = (self.held(), &self.account) else {
            return false;
        };
        provider.sight(&id).0.seen.is_some_and(|stream| stream.live)
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
    pub(super) fn may_take_from(&self, owner: &Owner, limits: &Limits) -> bool {
        owner.namespace == self.owner.namespace
            && owner.name == self.owner.name
            && (owner.cluster == self.owner.cluster || self.is_taken_over(&owner.cluster, limits))
    }

    /// Whether the marks of this cluster may be replaced: they hold it as the provider can.
    fn is_taken_over(&self, cluster: &str, limits: &Limits) -> bool {
        let Ok(provider) = &self.account else {
            return false;
        };
        let written = |named: &String| {
            let owner = Owner {
                cluster: named.clone(),
                namespace: String::new(),
                name: String::new(),
                uid: String::new(),
            };
            (provider.capabilities.owner)(&owner).cluster
        };
        limits
            .take_over_from
            .iter()
            .any(|it| written(it) == cluster)
    }
}

impl Provider {
    pub(in crate::livestream) fn sight(&self, id: &StreamId) -> (Sight, Proof) {
        self.sights
            .iter()
            .find(|(known, ..)| known == id)
            .map_or((Sight::default(), self.creation), |(_, sight, proof)| {
                (sight.clone(), *proof)
            })
    }
}

pub(super) fn is_ours(known: &Known, mark: &Mark) -> bool {
    mark.owner()
        .is_some_and(|owner| owner.uid == known.owner.uid && owner.cluster == known.owner.cluster)
}
