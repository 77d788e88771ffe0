//! What calls are for, and what share of the budget each kind of work has for certain.

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// What is on air: recordings, stream keys, and the reads that follow what is live.
    Live,
    /// Edits and deletions, the reads that they need, and the trial of a new key.
    Change,
    /// Creations, and the walks that they wait for.
    Create,
    /// Walks of the lists that nobody waits for.
    Walk,
}

impl Class {
    /// All of them, in the order in which a tie is broken.
    pub const ALL: [Self; 4] = [Self::Live, Self::Change, Self::Create, Self::Walk];

    /// Its word in metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Change => "change",
            Self::Create => "create",
            Self::Walk => "walk",
        }
    }

    /// How long it stands back after a call, on a clock that counts calls. Where all wait, of seven
    /// calls two are for what is on air, two are changes, two are creations, and one is of a walk.
    pub(super) fn stride(self) -> u64 {
        match self {
            Self::Live | Self::Change | Self::Create => 1,
            Self::Walk => 2,
        }
    }

    pub(super) fn index(self) -> usize {
        match self {
            Self::Live => 0,
            Self::Change => 1,
            Self::Create => 2,
            Self::Walk => 3,
        }
    }
}
