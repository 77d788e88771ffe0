//! What can happen to one call.

use std::fmt;

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The operator is killed before it is sent.
    KilledBefore,
    /// It is carried out, and the operator is killed before it has the answer.
    KilledApplied,
    /// The operator has the answer, and is killed before anything else of it gets through.
    KilledAfter,
    /// It is carried out, and the connection is cut before the answer.
    ReplyLost,
    /// It is carried out, and the answer is an error.
    ErrorApplied,
    /// It is carried out, and the answer is an error that clients send a call again for by themselves.
    TimeoutApplied,
    /// It is not carried out, and the answer is an error.
    ErrorNotApplied,
    /// It is held until its caller gives up, and then carried out.
    Late,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::KilledBefore,
        Self::KilledApplied,
        Self::KilledAfter,
        Self::ReplyLost,
        Self::ErrorApplied,
        Self::TimeoutApplied,
        Self::ErrorNotApplied,
        Self::Late,
    ];

    /// What can happen to a call that is made of a route. Nothing is carried out where nothing is
    /// written, so there the operator sees the same whether it was; and nobody but the client for the
    /// apiserver sends a call again by itself.
    pub fn of(route: &str) -> Vec<Self> {
        let verb = route.split(' ').next().unwrap_or_default();
        let writes = !["GET", "get", "list", "watch"].contains(&verb);
        let apiserver = verb.starts_with(char::is_lowercase);
        let different = |fault: &Self| match fault {
            Self::KilledBefore
            | Self::KilledAfter
            | Self::ReplyLost
            | Self::ErrorNotApplied
            | Self::Late => true,
            Self::KilledApplied | Self::ErrorApplied => writes,
            Self::TimeoutApplied => apiserver,
        };
        Self::ALL.into_iter().filter(different).collect()
    }

    /// Its name, as people type it.
    pub fn name(self) -> &'static str {
        match self {
            Self::KilledBefore => "killed-before",
            Self::KilledApplied => "killed-applied",
            Self::KilledAfter => "killed-after",
            Self::ReplyLost => "reply-lost",
            Self::ErrorApplied => "error-applied",
            Self::TimeoutApplied => "timeout-applied",
            Self::ErrorNotApplied => "error-not-applied",
            Self::Late => "late",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
