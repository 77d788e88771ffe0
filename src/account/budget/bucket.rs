//! Tokens that grow with time. Pure.

use std::time::{Duration, Instant};

/// The share of the rate that is granted. The window lets a little more pass, so that what closed up
/// on its way there is through in a while.
pub(super) const MARGIN: f64 = 0.98;

/// What may be missing from a token by rounding.
const ROUNDING: f64 = 1e-6;

/// Tokens that grow with time. Over any time no more are granted than grow in it, and the few that
/// were kept. That no second sees more than the rate is the window's part.
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
            rate: per_second * MARGIN,
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
        let granted = self.paused.is_none() && self.tokens >= 1.0 - ROUNDING;
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

    /// A call that had its token must wait at the window: what comes behind it waits here, where it
    /// holds no worker and who matters most is first.
    pub(super) fn delay(&mut self, wait: Duration) {
        self.tokens -= wait.as_secs_f64() * self.rate;
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
        /// Never more than grows, whatever the moments at which calls are asked for.
        #[test]
        fn no_more_is_granted_than_grows(rate in 1u32..300, steps in prop::collection::vec(0u64..400, 1..400)) {
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
                let mut most = bucket.capacity + 0.001;
                let mut before = *begin;
                for end in &granted[i..] {
                    most += bucket.rate * (*end - before).as_secs_f64() - 1.0;
                    before = *end;
                    prop_assert!(most >= 0.0, "too many in {:?}", *end - *begin);
                }
            }
        }
    }

    #[test]
    fn while_a_call_waits_at_the_window_no_token_grows() {
        let start = clock::now().mono;
        let mut bucket = Bucket::new(10, start);
        assert!(bucket.take(start));
        let token = bucket.wait(start);
        bucket.delay(Duration::from_secs(1));
        let late = bucket.wait(start).abs_diff(token + Duration::from_secs(1));
        assert!(late < Duration::from_micros(1), "{late:?}");
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
