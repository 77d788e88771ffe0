//! Tokens that grow with time. Pure.

use std::time::{Duration, Instant};

/// The share of the rate that is used: calls that leave evenly arrive with some jitter, and the
/// provider counts them where they arrive.
pub(super) const MARGIN: f64 = 0.95;

/// Tokens that grow with time. Never more than the rate in any second: the burst that it allows is
/// taken from what it grows by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    pub(super) rate: f64,
    capacity: f64,
    tokens: f64,
    counted: Instant,
    pub(super) paused: Option<Instant>,
}

impl Bucket {
    pub(super) fn new(per_second: u32, now: Instant) -> Self {
        let per_second = f64::from(per_second.max(1));
        let capacity = (per_second / 20.0).max(1.0);
        Self {
            rate: (per_second - (capacity - 1.0)) * MARGIN,
            capacity,
            tokens: capacity,
            counted: now,
            paused: None,
        }
    }

    pub(super) fn count(&mut self, now: Instant) {
        let grown = now.saturating_duration_since(self.counted).as_secs_f64() * self.rate;
        self.tokens = (self.tokens + grown).min(self.capacity);
        self.counted = self.counted.max(now);
        if self.paused.is_some_and(|until| until <= now) {
            self.paused = None;
        }
    }

    pub(super) fn take(&mut self, now: Instant) -> bool {
        self.count(now);
        let granted = self.paused.is_none() && self.tokens >= 1.0;
        if granted {
            self.tokens -= 1.0;
        }
        granted
    }

    pub(super) fn give_back(&mut self) {
        self.tokens = (self.tokens + 1.0).min(self.capacity);
    }

    /// A call that nobody was asked about: it is made up for by waiting.
    pub(super) fn charge(&mut self, now: Instant) {
        self.count(now);
        self.tokens -= 1.0;
    }

    /// The same with another rate, from now on.
    pub(super) fn at_rate(&self, per_second: u32, now: Instant) -> Self {
        let fresh = Self::new(per_second, now);
        Self {
            tokens: self.tokens.min(fresh.capacity),
            paused: self.paused,
            ..fresh
        }
    }

    /// How long until a token is there.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        let token = Duration::from_secs_f64(((1.0 - self.tokens) / self.rate).max(0.0));
        let pause = self
            .paused
            .map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        token.max(pause)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock;

    proptest! {
        /// Never above the rate in any second, whatever the moments at which calls are asked for.
        #[test]
        fn never_above_the_rate(rate in 1u32..300, steps in prop::collection::vec(0u64..400, 1..400)) {
            let start = clock::now().mono;
            let mut bucket = Bucket::new(rate, start);
            let (mut now, mut granted) = (start, Vec::new());
            for step in steps {
                now += Duration::from_millis(step);
                while bucket.take(now) {
                    granted.push(now);
                }
            }
            for (i, begin) in granted.iter().enumerate() {
                let within = granted[i..].iter().take_while(|t| **t < *begin + Duration::from_secs(1)).count();
                prop_assert!(within <= rate as usize, "{within} calls in a second at rate {rate}");
            }
        }
    }

    #[test]
    fn a_call_that_nobody_was_asked_about_is_made_up_for() {
        let start = clock::now().mono;
        let mut bucket = Bucket::new(1, start);
        bucket.charge(start);
        assert!(!bucket.take(start));
        assert!(bucket.take(start + bucket.wait(start)));
        bucket.charge(start + bucket.wait(start));
        assert!(bucket.wait(start) > Duration::from_secs(1));
    }
}
