//! Whether the provider answers at all. Pure.
//!
//! Five calls in a row that came to nothing open it. While it is open nobody calls but one probe at a
//! time, later each time; the first call that is answered closes it.

use std::time::{Duration, Instant};

use crate::provider::ProviderError;

/// How many failures in a row open it.
const FAILURES: u32 = 5;

/// The longest wait between two probes, in first waits.
const LONGEST: u32 = 60;

/// How long a probe that tells nothing is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// The breaker of one client.
#[derive(Debug)]
pub(super) struct Breaker {
    least: Duration,
    failures: u32,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    error: ProviderError,
    wait: Duration,
    next: Instant,
    probing: bool,
}

impl Breaker {
    /// A closed one. `least` is the first wait for a probe.
    pub(super) fn new(least: Duration) -> Self {
        Self {
            least,
            failures: 0,
            open: None,
        }
    }

    /// A call came to nothing; `true` where that opens it. `jitter` is from 0 to 1.
    pub(super) fn failed(&mut self, error: &ProviderError, now: Instant, jitter: f64) -> bool {
        self.failures = self.failures.saturating_add(1);
        let after = |wait: Duration| now + wait.mul_f64(1.0 + 0.1 * jitter);
        match &mut self.open {
            Some(open) => {
                // What was under way when it opened says nothing new.
                if open.probing {
                    open.wait = (open.wait * 2).min(self.least * LONGEST);
                    open.next = after(open.wait);
                    open.probing = false;
                    open.error = error.clone();
                }
                false
            }
            None if self.failures >= FAILURES => {
                self.open = Some(Open {
                    error: error.clone(),
                    wait: self.least,
                    next: after(self.least),
                    probing: false,
                });
                true
            }
            None => false,
        }
    }

    /// A call was answered; `true` where that closes it.
    pub(super) fn answered(&mut self) -> bool {
        self.failures = 0;
        self.open.take().is_some()
    }

    /// What the last call was told, where it is open.
    pub(super) fn trouble(&self) -> Option<&ProviderError> {
        self.open.as_ref().map(|open| &open.error)
    }

    /// Whether it is open.
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// How long until a probe may be made, where it is open.
    pub(super) fn wait(&self, now: Instant) -> Option<Duration> {
        let open = self.open.as_ref()?;
        Some(open.next.saturating_duration_since(now))
    }

    /// A probe is made now.
    pub(super) fn probe(&mut self, now: Instant) {
        if let Some(open) = &mut self.open {
            open.probing = true;
            open.next = now + PATIENCE;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    const SECOND: Duration = Duration::from_secs(1);

    fn down() -> ProviderError {
        ProviderError::Unavailable {
            what: "it answers 503".to_owned(),
        }
    }

    fn opened(now: Instant) -> Breaker {
        let mut breaker = Breaker::new(SECOND);
        let news: Vec<bool> = (0..5).map(|_| breaker.failed(&down(), now, 0.0)).collect();
        assert_eq!(news, [false, false, false, false, true]);
        breaker
    }

    #[test]
    fn five_in_a_row_open_it_and_an_answer_between_begins_anew() {
        let now = clock::now().mono;
        let mut breaker = Breaker::new(SECOND);
        for _ in 0..10 {
            for _ in 0..4 {
                assert!(!breaker.failed(&down(), now, 0.0));
            }
            assert!(!breaker.answered());
        }
        assert!(!breaker.is_open() && breaker.wait(now).is_none());
        assert_eq!(opened(now).trouble(), Some(&down()));
    }

    #[test]
    fn probes_come_later_each_time_to_a_minute() {
        let mut now = clock::now().mono;
        let mut breaker = opened(now);
        let mut waits = Vec::new();
        for _ in 0..9 {
            let wait = breaker.wait(now).unwrap();
            waits.push(wait.as_secs());
            now += wait;
            breaker.probe(now);
            assert_eq!(breaker.wait(now), Some(PATIENCE), "a second probe");
            breaker.failed(&down(), now, 0.0);
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert!(breaker.answered() && !breaker.is_open());
        // The next time begins as the first did.
        assert_eq!(opened(now).wait(now), Some(SECOND));
    }

    #[test]
    fn what_was_under_way_does_not_put_the_probe_off() {
        let now = clock::now().mono;
        let mut breaker = opened(now);
        for _ in 0..100 {
            assert!(!breaker.failed(&down(), now + SECOND / 2, 1.0));
        }
        assert_eq!(breaker.wait(now + SECOND), Some(Duration::ZERO));
    }
}
