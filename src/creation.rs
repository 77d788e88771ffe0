//! What is known of the creations that were sent for an object.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::{
    api::{Creation, CreationResult},
    provider::ProviderError,
};

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

/// The trace of a creation that another process sent, or may have sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Which attempt; 0 where there is a finalizer and no more.
    pub attempt: i32,
    /// When this process first saw it.
    pub since: Instant,
}

impl Trace {
    /// What there is to remember of an object that has a finalizer or a recorded creation and no id:
    /// the same trace is the one that was seen before.
    pub fn of(
        before: Option<Self>,
        recorded: Option<Recorded>,
        finalizer: bool,
        now: Instant,
    ) -> Option<Self> {
        let attempt = recorded.map(|creation| creation.attempt);
        let attempt = attempt.or(finalizer.then_some(0))?;
        let same = before.filter(|trace| trace.attempt == attempt);
        Some(same.unwrap_or(Self {
            attempt,
            since: now,
        }))
    }
}

/// When the last creation ended, or might have: what was walked before proves nothing about it. What
/// another process sent, it sent before its trace was seen here; so walks count from then on, however
/// long this process has walked.
pub fn sent<I>(
    sent: Option<&Sent<I>>,
    recorded: Option<Recorded>,
    trace: Option<Trace>,
    began: Instant,
) -> Instant {
    let before = recorded.map_or(0, |creation| creation.attempt);
    match (sent, trace) {
        (Some(sent), _) if sent.attempt >= before => sent.at,
        (_, Some(trace)) => trace.since.max(began),
        (Some(sent), None) => sent.at.max(began),
        (None, None) => began,
    }
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

    /// Which attempt is the next. What left no count was a first attempt of whoever sent it: who counted
    /// the next one as a first, too, would make that one take it for its own.
    pub fn next(self) -> i32 {
        match self {
            Self::Never => 1,
            Self::Refused { .. } | Self::Unknown { .. } | Self::Made { .. } => {
                self.attempt().max(1) + 1
            }
        }
    }

    /// Which attempt was the last.
    fn attempt(self) -> i32 {
        match self {
            Self::Never => 0,
            Self::Refused { attempt, .. } | Self::Unknown { attempt } | Self::Made { attempt } => {
                attempt
            }
        }
    }
}

/// The creation as the status tells it, where it has not led to anything: from the one that this process
/// sent, and what the status told before.
pub fn told<I>(
    sent: Option<&Sent<I>>,
    before: Option<&Creation>,
    now: Timestamp,
) -> Option<Creation> {
    // Another process may have gone on meanwhile: what it counted is not taken back.
    let counted = before.map_or(0, |creation| creation.attempt);
    let Some(sent) = sent.filter(|sent| sent.attempt >= counted) else {
        return before.cloned();
    };
    let result = match sent.result {
        SentResult::Unknown => CreationResult::Unknown,
        SentResult::Refused { .. } => CreationResult::Refused,
        SentResult::Made(_) => return None,
    };
    let at = match before {
        Some(before) if before.attempt == sent.attempt => before.at.clone(),
        _ => Time(now),
    };
    Some(Creation {
        attempt: sent.attempt,
        result,
        at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    fn recorded(attempt: i32) -> Recorded {
        Recorded {
            attempt,
            refused: false,
            age: Duration::ZERO,
        }
    }

    #[test]
    fn what_another_process_sent_counts_from_when_its_trace_was_seen() {
        let began = clock::now().mono;
        let at = |second| began + Duration::from_secs(second);
        let ours = Sent {
            attempt: 2,
            at: at(50),
            result: SentResult::<()>::Unknown,
        };
        // The trace stays the one that was seen first, as long as it is the same.
        let first = Trace::of(None, None, true, at(10));
        assert_eq!(first, Trace::of(first, None, true, at(20)));
        let second = Trace::of(first, Some(recorded(1)), true, at(30));
        let third = Trace::of(second, Some(recorded(3)), true, at(70));
        assert_eq!(Trace::of(third, None, false, at(80)), None);
        for (own, creation, trace, expected) in [
            (None, None, None, 0),
            (None, None, first, 10),
            (None, Some(recorded(1)), second, 30),
            // This process sent it.
            (Some(&ours), Some(recorded(1)), second, 50),
            (Some(&ours), Some(recorded(2)), second, 50),
            // Another one went on.
            (Some(&ours), Some(recorded(3)), third, 70),
        ] {
            assert_eq!(
                sent(own, creation, trace, began),
                at(expected),
                "{creation:?}"
            );
        }
        // What was seen before this client was opened anew is no news, but its walks are.
        assert_eq!(sent::<()>(None, None, first, at(90)), at(90));
    }

    #[test]
    fn what_another_process_counted_is_not_taken_back() {
        let now = clock::now();
        let before = |attempt| Creation {
            attempt,
            result: CreationResult::Sent,
            at: Time(now.wall),
        };
        let sent = Sent::<u64> {
            attempt: 2,
            at: now.mono,
            result: SentResult::Unknown,
        };
        for (attempt, expected) in [
            (1, (2, CreationResult::Unknown)),
            (2, (2, CreationResult::Unknown)),
            (3, (3, CreationResult::Sent)),
        ] {
            let told = told(Some(&sent), Some(&before(attempt)), now.wall).unwrap();
            assert_eq!((told.attempt, told.result), expected);
        }
    }
}
