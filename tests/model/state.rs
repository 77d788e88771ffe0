//! One moment of the model's world: the apiserver, the provider, what is between, and the operators.

use super::kept::Number;

/// A moment. Small, so that millions of them can be told apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// What time it is.
    pub tick: u8,
    /// What the apiserver has, by name.
    pub objects: Vec<Option<Object>>,
    /// The uid of the next object.
    pub next_uid: u8,
    /// What the provider has, or had a moment ago.
    pub streams: Vec<Stream>,
    /// The id of the next stream.
    pub next_stream: u8,
    /// Changing calls that are under way.
    pub calls: Vec<Call>,
    /// The operators; in no order that matters.
    pub operators: Vec<Operator>,
    /// What may still go wrong or be done.
    pub left: Left,
    /// The first rule that was broken.
    pub broken: Option<&'static str>,
    /// A process died between a POST and the status that tells of it.
    pub died_with_a_post: bool,
}

/// An object, as the apiserver keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Object {
    pub uid: u8,
    /// Its resourceVersion.
    pub version: u8,
    pub generation: u8,
    /// The display name that the spec wants.
    pub name: u8,
    pub finalizer: bool,
    pub deleting: bool,
    /// The number of its status.
    pub status: Number,
}

/// A stream at the provider.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Stream {
    pub id: u8,
    pub now: Face,
    /// What it was until it last changed, as long as lists may still show that; `None` in it: not there.
    pub before: Option<(u8, Option<Face>)>,
    pub gone: bool,
}

/// How a stream looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Face {
    pub mark: Owned,
    pub name: u8,
}

/// Whose mark a stream carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Owned {
    By { slot: u8, uid: u8 },
    Released { slot: u8, uid: u8 },
}

/// A changing call to the provider.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Call {
    pub operator: u8,
    pub slot: u8,
    pub uid: u8,
    pub sent: u8,
    pub what: What,
    pub stage: Stage,
    /// The operator still waits for the answer.
    pub heard: bool,
}

/// What a call asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum What {
    Create { name: u8 },
    Update { id: u8, name: u8 },
    Claim { id: u8 },
    Release { id: u8 },
    Delete { id: u8 },
}

/// How far a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// It may yet be carried out.
    Flying,
    /// It was carried out; the reply is on its way.
    Done { shown: Option<(u8, Face)> },
    /// It was refused for certain.
    Refused,
}

/// One process of the operator.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Operator {
    /// When it began.
    pub began: u8,
    /// The number of its mirror.
    pub mirror: Number,
    /// By name: what it knows of an object.
    pub desks: Vec<Desk>,
    /// The walk of the list that is under way.
    pub walk: Option<Walk>,
    /// When the next walk that somebody waits for is to begin, at the earliest.
    pub walk_from: Option<u8>,
    /// It has sent a changing call.
    pub acted: bool,
}

/// What one process has of one object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Desk {
    /// The object, as its watch showed it last.
    pub cached: Option<Object>,
    /// The number of what it remembers.
    pub memory: Number,
    /// The pass that is under way.
    pub pass: Option<Pass>,
}

/// A pass that has sent a changing call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pass {
    /// The object as it was planned from and written since.
    pub object: Object,
    /// The number of its plan.
    pub plan: Number,
    /// How its call ended, once that is known.
    pub ended: Option<Ended>,
}

/// How a call ended, to the one who made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ended {
    Well,
    Refused,
    Unknown,
}

/// A walk of the list that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Walk {
    pub began: u8,
    pub shown: Vec<(u8, Face)>,
}

/// How often something may still happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Left {
    /// Processes that die.
    pub crashes: u8,
    /// Replies that are lost, or calls that are.
    pub losses: u8,
    /// Calls that are refused for certain.
    pub refusals: u8,
    /// Changes and deletions that are carried out twice, the second time later.
    pub doubles: u8,
    /// Edits of a spec.
    pub edits: u8,
    /// Deletions of an object.
    pub deletions: u8,
    /// Creations of an object, where there is none of its name.
    pub creations: u8,
    /// Deletions of a stream by somebody else.
    pub outside: u8,
    /// Lists and reads that show what was a moment ago.
    pub lags: u8,
    /// Walks that nobody waits for.
    pub polls: u8,
    /// Finalizers that a human takes off.
    pub strips: u8,
}

impl Stream {
    /// What a list or a read shows of it; `late` is as it was a moment ago.
    pub fn shown(&self, late: bool) -> Option<Face> {
        match &self.before {
            Some((_, before)) if late => *before,
            _ => (!self.gone).then_some(self.now),
        }
    }
}

impl Owned {
    pub fn uid(self) -> u8 {
        match self {
            Self::By { uid, .. } | Self::Released { uid, .. } => uid,
        }
    }
}
