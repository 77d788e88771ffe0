//! Until when this process may act.

use std::time::{Duration, Instant};

use tokio::sync::watch;

/// Until when the Lease is surely ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Until {
    /// There is no Lease: this process is the only one.
    Ever,
    /// This moment of the clock that never steps; `None` where it is not ours.
    Then(Option<Instant>),
}

impl Until {
    fn covers(self, now: Instant, span: Duration) -> bool {
        match self {
            Self::Ever => true,
            Self::Then(until) => until.is_some_and(|until| now + span < until),
        }
    }
}

/// The time in which this process may act; written by who keeps the Lease.
#[derive(Debug)]
pub struct Tenure(watch::Sender<Until>);

/// Asked before each changing call: whether the Lease is ours for longer than the call may take.
#[derive(Clone, Debug)]
pub struct Fence {
    until: watch::Receiver<Until>,
    /// The longest that a call may take.
    call: Duration,
}

impl Tenure {
    /// That of a process that shares its work with nobody.
    pub fn unshared() -> Self {
        Self(watch::Sender::new(Until::Ever))
    }

    /// That of a process which does not hold the Lease yet.
    pub fn none_yet() -> Self {
        Self(watch::Sender::new(Until::Then(None)))
    }

    /// The fence before calls that take at most so long.
    pub fn fence(&self, call: Duration) -> Fence {
        Fence {
            until: self.0.subscribe(),
            call,
        }
    }

    /// The Lease is ours until then.
    pub(super) fn extend(&self, until: Instant) {
        self.0.send_replace(Until::Then(Some(until)));
    }

    /// The Lease is not ours any more.
    pub(super) fn end(&self) {
        self.0.send_replace(Until::Then(None));
    }
}

impl Fence {
    /// Whether a changing call may leave now.
    pub fn is_open(&self, now: Instant) -> bool {
        self.until.borrow().covers(now, self.call)
    }

    /// Returns when the Lease was renewed or lost since this was last asked, or when its keeper is gone.
    pub async fn moved(&mut self) {
        if self.until.changed().await.is_err() {
            // Nobody renews any more: what waits here ends with the process.
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;
    use crate::clock;

    const CALL: Duration = Duration::from_secs(20);

    #[test]
    fn a_call_leaves_only_where_the_lease_outlasts_it() {
        let now = clock::now().mono;
        let tenure = Tenure::none_yet();
        let fence = tenure.fence(CALL);
        assert!(!fence.is_open(now));
        for (left, open) in [(0, false), (19, false), (20, false), (21, true)] {
            tenure.extend(now + Duration::from_secs(left));
            assert_eq!(fence.is_open(now), open, "{left}");
        }
        tenure.end();
        assert!(!fence.is_open(now));
    }

    #[test]
    fn who_shares_with_nobody_may_always_act() {
        let tenure = Tenure::unshared();
        let far = clock::now().mono + Duration::from_hours(24 * 365);
        assert!(tenure.fence(CALL).is_open(far));
    }

    #[tokio::test]
    async fn who_waits_at_the_fence_hears_of_a_renewal_but_never_of_a_keeper_that_is_gone() {
        let tenure = Tenure::none_yet();
        let mut fence = tenure.fence(CALL);
        assert!(fence.moved().now_or_never().is_none());
        tenure.extend(clock::now().mono);
        fence.moved().await;
        drop(tenure);
        assert!(fence.moved().now_or_never().is_none());
    }
}
