//! Bugs that the model must find. They are put around the shipped functions, never into them.

use livestream_operator::{
    account::Mirror,
    livestream::{memory::SentResult, plan::Known},
    provider::ProviderError,
};

/// A bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A POST that was not answered is taken for one that was refused, and sent again.
    TimeoutIsRefusal,
    /// One walk proves that there is no stream, whenever it began.
    OneWalkProves,
    /// The finalizer is not written before the POST.
    NoFinalizer,
    /// A write that the apiserver refuses because the object has changed counts as written.
    ConflictIsIgnored,
    /// The settling time is shorter than a write at the provider takes to show.
    SettlingIsShort,
    /// What another process may have sent is not waited for.
    TraceIsIgnored,
}

impl Bug {
    /// Bugs of the look.
    pub fn in_what_is_known(self, known: &mut Known, mirror: &Mirror) {
        let Ok(provider) = &mut known.account else {
            return;
        };
        match self {
            Self::OneWalkProves => {
                provider.creation.walked = mirror.walked_once();
                for (_, _, proof) in &mut provider.sights {
                    proof.walked = mirror.walked_once();
                }
            }
            Self::TraceIsIgnored => {
                // As if what is proved were counted from when this process began.
                provider.creation.walked |= mirror.absent_since(mirror.began(), None);
            }
            Self::TimeoutIsRefusal
            | Self::NoFinalizer
            | Self::ConflictIsIgnored
            | Self::SettlingIsShort => {}
        }
    }

    /// Bugs of what is remembered of a creation whose reply is lost.
    pub fn in_a_lost_creation(self) -> SentResult {
        if self == Self::TimeoutIsRefusal {
            SentResult::Refused {
                error: ProviderError::RateLimited { retry_after: None },
                active: false,
            }
        } else {
            SentResult::Unknown
        }
    }
}
