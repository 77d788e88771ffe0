//! How a pass went. Conditions, events, metrics, log levels and requeue times are functions of it.

use std::time::Duration;

use crate::provider::ProviderError;

/// How a pass went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The provider has what the spec says.
    InStep,
    /// The spec asks for no changes, and none were made.
    Suspended,
    /// Nothing is known yet, and no one is told: the budget or the first read of the list will wake
    /// the object.
    Quiet,
    /// Not yet; nothing failed.
    Waiting {
        /// Why.
        reason: Reason,
        /// The same for people.
        message: String,
        /// When to look again, if nothing wakes the object earlier.
        retry_in: Option<Duration>,
    },
    /// A try failed; it is tried again.
    Failed {
        /// Why.
        reason: Reason,
        /// The same for people. It is stable from try to try.
        message: String,
        /// The least time to wait, where the provider says so.
        retry_after: Option<Duration>,
    },
    /// A human must act.
    Stalled {
        /// Why.
        reason: Reason,
        /// The same for people, with what to do.
        message: String,
    },
}

impl Outcome {
    /// The outcome that waits.
    pub fn waiting(reason: Reason, message: impl Into<String>) -> Self {
        Self::Waiting {
            reason,
            message: message.into(),
            retry_in: None,
        }
    }

    /// The outcome that waits at most this long.
    pub fn waiting_for(reason: Reason, message: impl Into<String>, retry_in: Duration) -> Self {
        Self::Waiting {
            reason,
            message: message.into(),
            retry_in: Some(retry_in),
        }
    }

    /// The outcome that needs a human.
    pub fn stalled(reason: Reason, message: impl Into<String>) -> Self {
        Self::Stalled {
            reason,
            message: message.into(),
        }
    }

    /// The same with another way out in its words.
    #[must_use]
    pub fn with_hint(mut self, hint: &str) -> Self {
        match &mut self {
            Self::Waiting { message, .. }
            | Self::Failed { message, .. }
            | Self::Stalled { message, .. } => *message = format!("{message}; or {hint}"),
            Self::InStep | Self::Suspended | Self::Quiet => {}
        }
        self
    }

    /// The outcome's label in metrics and logs.
    pub fn label(&self) -> &'static str {
        match self {
            Self::InStep => "in_step",
            Self::Suspended => "suspended",
            Self::Quiet => "quiet",
            Self::Waiting { .. } => "waiting",
            Self::Failed { .. } => "failed",
            Self::Stalled { .. } => "stalled",
        }
    }

    /// Why, where it is not simply in step.
    pub fn reason(&self) -> Reason {
        match self {
            Self::InStep => Reason::InStep,
            Self::Suspended => Reason::Suspended,
            Self::Quiet => Reason::Progressing,
            Self::Waiting { reason, .. }
            | Self::Failed { reason, .. }
            | Self::Stalled { reason, .. } => *reason,
        }
    }

    /// The words for people.
    pub fn message(&self) -> &str {
        match self {
            Self::InStep => "the provider has what the spec says",
            Self::Suspended => "spec.suspend is true: nothing is changed at the provider",
            Self::Quiet => "",
            Self::Waiting { message, .. }
            | Self::Failed { message, .. }
            | Self::Stalled { message, .. } => message,
        }
    }
}

/// What a failed call means for the object that it was made for.
impl From<&ProviderError> for Outcome {
    fn from(error: &ProviderError) -> Self {
        let failed = |reason, retry_after| Self::Failed {
            reason,
            message: error.to_string(),
            retry_after,
        };
        match error {
            ProviderError::Unauthorized { status: 403, .. } => Self::stalled(
                Reason::Unauthorized,
                format!(
                    "{error}: the key needs write access, and the account room for what the spec asks"
                ),
            ),
            ProviderError::Unauthorized { .. } => Self::stalled(
                Reason::Unauthorized,
                format!("{error}: put a valid key into the account's Secret"),
            ),
            ProviderError::Refused { .. } => Self::stalled(Reason::Refused, error.to_string()),
            ProviderError::RateLimited { retry_after } => failed(Reason::RateLimited, *retry_after),
            ProviderError::Unavailable { .. } => failed(Reason::ProviderUnavailable, None),
            ProviderError::Garbled { .. } => failed(Reason::UnreadableAnswer, None),
        }
    }
}

/// An enum of words that are shown as they are named, and the list of all of them, which
/// `tests/docs.rs` compares with docs/troubleshooting.md.
macro_rules! reasons {
    ($(#[doc = $about:literal])+ $type:ident: $($(#[doc = $doc:literal])+ $name:ident),+ $(,)?) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $type { $($(#[doc = $doc])+ $name),+ }

        impl $type {
            /// Each of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The word, as it is shown.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }

            /// The reason of a word; `None` for a word that is none of ours.
            pub fn parse(word: &str) -> Option<Self> {
                [$(Self::$name),+].into_iter().find(|reason| reason.as_str() == word)
            }
        }
    };
}
pub(crate) use reasons;

reasons! {
    /// The reasons that conditions give, as one word each.
    Reason:
    /// The provider has what the spec says.
    InStep,
    /// Work is under way.
    Progressing,
    /// `spec.suspend` is true.
    Suspended,
    /// The account that the object names is not there.
    AccountNotFound,
    /// The account cannot be used; its own conditions say why.
    AccountNotReady,
    /// A Secret that is named is not there.
    SecretNotFound,
    /// A key of a Secret that is named is not there.
    SecretKeyNotFound,
    /// A value in a Secret cannot be used.
    InvalidSecret,
    /// The Secret to write is not ours.
    SecretNotOurs,
    /// The apiserver does not let us read or write a Secret.
    SecretRefused,
    /// The apiserver does not let the operator do what it must.
    Forbidden,
    /// The endpoint is not one that the operator may call.
    EndpointNotAllowed,
    /// The provider does not accept the key.
    Unauthorized,
    /// The key belongs to another client than before.
    ClientChanged,
    /// The provider wants fewer calls.
    RateLimited,
    /// The provider cannot be reached.
    ProviderUnavailable,
    /// The provider's answer cannot be read.
    UnreadableAnswer,
    /// The provider refused what the spec says.
    Refused,
    /// The provider accepts what is sent and keeps something else.
    NotTaking,
    /// A creation may have been carried out; it is being looked for.
    CreationUnknown,
    /// The stream is no longer where it was; this is being made sure of.
    StreamMissing,
    /// There is no stream with the id of `externalId`.
    StreamNotFound,
    /// The stream belongs to another object or another cluster.
    OwnedElsewhere,
    /// Another object adopted the same stream first.
    AdoptedElsewhere,
    /// The stream lost our owner mark.
    MarkLost,
    /// More than one stream carries this object's mark.
    DuplicateStreams,
    /// A broadcast needs at least one stream.
    NoStreams,
    /// A stream that the broadcast names is not there yet.
    WaitingForStream,
    /// A LiveStream that the broadcast names belongs to another client of the provider.
    StreamInOtherAccount,
    /// The broadcast names one stream twice, by its name and by its id.
    StreamListedTwice,
    /// The broadcast is no longer where it was; this is being made sure of.
    BroadcastMissing,
    /// There is no broadcast with the id of `externalId`.
    BroadcastNotFound,
    /// Which broadcast belongs to the object is no longer known.
    BroadcastLost,
    /// More than one broadcast was created for this object.
    DuplicateBroadcasts,
    /// The provider cannot do this.
    Unsupported,
    /// The provider can set this only when a stream is created.
    RequiresReplacement,
    /// The provider has blocked the stream.
    BlockedByProvider,
    /// The signal is lost, and viewers see the pause.
    Interrupted,
    /// Items of the provider's list cannot be read.
    UnreadableItems,
    /// Many streams vanished at once.
    MassDisappearance,
    /// The provider switched an idle pull stream off.
    PullSwitchedOff,
    /// The deletion waits because the stream is live.
    LiveProtected,
    /// The deletion waits for something else.
    DeletionBlocked,
    /// The account is still used.
    InUse,
    /// Video comes in.
    Live,
    /// No video comes in.
    Idle,
    /// It records.
    Recording,
    /// A recording is wanted, and nobody sends video.
    WaitingForIngest,
    /// It does not record.
    NotRecording,
    /// A recording was asked for and is not seen yet.
    RecordingRequested,
    /// It is live, a recording is wanted, and none has begun.
    RecordingNotStarted,
    /// A recording is not wanted, and goes on although its end was asked for.
    RecordingNotStopped,
    /// There is no room for a recording.
    StorageFull,
    /// The storage for recordings is nearly full.
    StorageLow,
    /// Webhooks are taken.
    Listening,
    /// Webhooks are taken at the path from before a rotation, too.
    PreviousPathValid,
    /// A rotation waits until the path from before the last one is removed.
    RotationWaits,
}

#[cfg(test)]
mod tests {
    use super::Reason;

    #[test]
    fn reasons_are_written_as_they_are_named() {
        assert_eq!(Reason::ClientChanged.as_str(), "ClientChanged");
        let parsed = Reason::parse("ClientChanged");
        assert_eq!(parsed, Some(Reason::ClientChanged));
        assert_eq!(Reason::parse("clientchanged"), None);
    }
}
