//! What can go wrong with one call, in five kinds.

use std::time::Duration;

/// A call did not do what was asked. No variant holds a key, a body or a query string; texts of the
/// provider are cut, stripped of what changes from call to call, and safe to show.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// The provider does not accept the key for this call (401, 403).
    #[error("the provider does not accept the key for this call: {status} {message}")]
    Unauthorized {
        /// The HTTP status: 401 or 403.
        status: u16,
        /// The provider's words; may be empty.
        message: String,
    },
    /// Too many calls (429).
    #[error("the provider wants fewer calls")]
    RateLimited {
        /// How long the provider asks to wait; `None` where it does not say.
        retry_after: Option<Duration>,
    },
    /// The provider understood the call and will not do it (400, 404, 422, and a success that names
    /// errors).
    #[error("the provider refused: {status} {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The provider's words; may be empty.
        message: String,
    },
    /// No answer, or one that says nothing about the call: no connection, a deadline, 5xx, any
    /// other status.
    #[error("the provider cannot be reached: {what}")]
    Unavailable {
        /// What happened, in stable words.
        what: String,
    },
    /// A success whose body cannot be understood.
    #[error("the provider's answer cannot be read: {what}")]
    Garbled {
        /// What is wrong with it, in stable words and without its text.
        what: String,
    },
}

impl ProviderError {
    /// Whether a creation that ended so was not carried out, for certain. All else is unknown.
    pub fn refused_for_certain(&self) -> bool {
        match self {
            Self::Unauthorized { .. } | Self::RateLimited { .. } | Self::Refused { .. } => true,
            Self::Unavailable { .. } | Self::Garbled { .. } => false,
        }
    }
}
