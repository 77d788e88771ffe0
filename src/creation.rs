//! What is known of the creations that were sent for an object.

use std::time::{Duration, Instant};

use crate::provider::ProviderError;

/// A creation that this process sent.
#[derive(Clone, Debug)]
pub struct Sent<I> {
    /// Which attempt it was.
    pub attempt: i32,
    /// When its call ended, or began as long as it has not.
    pub at: Instant,
    /// How it ended.
    pub result: SentResult<I>,
}

/// How a creation ended.
#[derive(Clone, Debug)]
pub enum SentResult<I> {
    /// Nobody knows what came of it, or which thing.
    Unknown,
    /// It was refused for certain.
    Refused {
        /// How.
        error: ProviderError,
        /// It asked for a stream that is switched on.
        active: bool,
    },
    /// It gave this.
    Made(I),
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

/// What is known of the creations so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Past {
    /// None was sent.
    Never,
    /// The last one was refused for certain.
    Refused {
        /// Which attempt.
        attempt: i32,
        /// It was refused as one that is switched on.
        active: bool,
    },
    /// The last one may have been carried out. Attempt 0: there is a finalizer, and no trace else.
    Unknown {
        /// Which attempt.
        attempt: i32,
    },
    /// The last one gave something, which is gone now.
    Made {
        /// Which attempt.
        attempt: i32,
    },
}

impl Past {
    /// From what this process remembers, what the status names, whether an id is known, and whether
    /// the finalizer stands.
    pub fn of<I>(
        sent: Option<&Sent<I>>,
        recorded: Option<Recorded>,
        held: bool,
        finalizer: bool,
    ) -> Self {
        let before = recorded.map_or(0, |creation| creation.attempt);
        match (sent, recorded) {
            (Some(sent), _) if sent.attempt >= before => {
                let attempt = sent.attempt;
                match &sent.result {
                    SentResult::Refused { error, active } => {
                        let unwanted = matches!(
                            error,
                            ProviderError::Refused { .. }
                                | ProviderError::Unauthorized { status: 403, .. }
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
            // The status names what is gone now.
            (None, None) if held => Self::Made { attempt: 0 },
            // A finalizer without a trace: it stands before each first creation.
            (None, None) if finalizer => Self::Unknown { attempt: 0 },
            (None, None) => Self::Never,
            (Some(sent), None) => Self::Unknown {
                attempt: sent.attempt,
            },
        }
    }

    /// Which attempt was the last.
    pub fn attempt(self) -> i32 {
        match self {
            Self::Never => 0,
            Self::Refused { attempt, .. } | Self::Unknown { attempt } | Self::Made { attempt } => {
                attempt
            }
        }
    }
}
