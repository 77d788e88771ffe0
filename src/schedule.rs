//! When an object is looked at again: one function of the outcome.

use std::time::Duration;

use kube::runtime::controller::Action;

use crate::outcome::Outcome;

/// How long to wait between tries.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// The first wait after a failure; it doubles with each further one.
    pub base: Duration,
    /// The longest wait after a failure.
    pub cap: Duration,
    /// The wait where a human must act. An edit, a Secret or the provider's list wakes the object
    /// earlier.
    pub stalled: Duration,
    /// The longest wait for something that is expected to wake the object.
    pub fallback: Duration,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            base: Duration::from_secs(1),
            cap: Duration::from_mins(5),
            stalled: Duration::from_hours(1),
            fallback: Duration::from_mins(1),
        }
    }
}

impl Schedule {
    /// The wait after this many failures in a row; `jitter` is from 0 to 1 and adds up to a tenth.
    pub fn backoff(&self, failures: u32, jitter: f64) -> Duration {
        let doubled = self
            .base
            .saturating_mul(1 << failures.saturating_sub(1).min(20));
        doubled.min(self.cap).mul_f64(1.0 + 0.1 * jitter)
    }

    /// When to look again.
    pub fn next(&self, outcome: &Outcome, failures: u32, jitter: f64) -> Action {
        self.next_within(outcome, failures, jitter, None)
    }

    /// When to look again, at the latest after a time at which something falls due.
    pub fn next_within(
        &self,
        outcome: &Outcome,
        failures: u32,
        jitter: f64,
        due: Option<Duration>,
    ) -> Action {
        let wait = match outcome {
            // The watch, the mirror and the Secrets wake it; the resync catches what they miss.
            Outcome::InStep | Outcome::Suspended => None,
            Outcome::Quiet => Some(self.fallback),
            Outcome::Waiting { retry_in, .. } => Some(retry_in.unwrap_or(self.fallback)),
            Outcome::Failed { retry_after, .. } => {
                let backoff = self.backoff(failures, jitter);
                Some(retry_after.map_or(backoff, |least| least.max(backoff)))
            }
            Outcome::Stalled { .. } => Some(self.stalled.mul_f64(1.0 + 0.1 * jitter)),
        };
        let soonest = wait.into_iter().chain(due).min();
        soonest.map_or_else(Action::await_change, Action::requeue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Reason;

    #[test]
    fn failures_back_off_to_the_cap() {
        let schedule = Schedule::default();
        let seconds: Vec<u64> = (1..12)
            .map(|n| schedule.backoff(n, 0.0).as_secs())
            .collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(schedule.backoff(u32::MAX, 1.0), Duration::from_secs(330));
    }

    #[test]
    fn the_providers_wait_is_a_lower_bound() {
        let failed = |seconds| Outcome::Failed {
            reason: Reason::RateLimited,
            message: String::new(),
            retry_after: Some(Duration::from_secs(seconds)),
        };
        let schedule = Schedule::default();
        assert_eq!(
            schedule.next(&failed(60), 1, 0.0),
            Action::requeue(Duration::from_secs(60))
        );
        assert_eq!(
            schedule.next(&failed(0), 3, 0.0),
            Action::requeue(Duration::from_secs(4))
        );
    }

    #[test]
    fn at_rest_nothing_is_scheduled() {
        assert_eq!(
            Schedule::default().next(&Outcome::InStep, 0, 0.0),
            Action::await_change()
        );
    }
}
