//! The calls of the last second, as the provider may have counted them. Pure.
//!
//! Tokens say who may call; between a token and its call lie writes to the apiserver that take as
//! long as they take, so that calls close up. This is asked last, just before a call leaves.

use std::time::{Duration, Instant};

/// What the provider counts in.
const SECOND: Duration = Duration::from_secs(1);

/// A call is taken to arrive before its answer, or within this time: one that hangs must not keep its
/// place for long.
const ON_THE_WAY: Duration = Duration::from_secs(1);

/// The calls that may be among those of the last second.
#[derive(Debug)]
pub(super) struct Window {
    most: usize,
    calls: Vec<Call>,
    left: u64,
}

#[derive(Debug)]
struct Call {
    number: u64,
    /// When it has arrived at the latest.
    arrived: Instant,
}

impl Window {
    pub(super) fn new(per_second: u32) -> Self {
        Self {
            most: per_second.max(1) as usize,
            calls: Vec::new(),
            left: 0,
        }
    }

    /// So many from now on.
    pub(super) fn at_rate(&mut self, per_second: u32) {
        self.most = per_second.max(1) as usize;
    }

    /// A call leaves now and has this number, or must wait for so long before it asks again.
    pub(super) fn leave(&mut self, now: Instant) -> Result<u64, Duration> {
        self.calls.retain(|call| now < call.arrived + SECOND);
        if self.calls.len() >= self.most {
            let surplus = self.calls.len() - self.most;
            let (_, earliest, _) = self
                .calls
                .select_nth_unstable_by_key(surplus, |call| call.arrived);
            return Err((earliest.arrived + SECOND).saturating_duration_since(now));
        }
        Ok(self.count(now))
    }

    /// A call has left without asking.
    pub(super) fn count(&mut self, now: Instant) -> u64 {
        self.left += 1;
        self.calls.push(Call {
            number: self.left,
            arrived: now + ON_THE_WAY,
        });
        self.left
    }

    /// The answer to a call is there.
    pub(super) fn arrived(&mut self, number: u64, now: Instant) {
        if let Some(call) = self.calls.iter_mut().find(|call| call.number == number) {
            call.arrived = call.arrived.min(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock;

    proptest! {
        /// In no second do more calls arrive than the rate, whatever the moments at which calls are
        /// asked for, how long each is on its way, and when it is answered.
        #[test]
        fn never_above_the_rate(
            rate in 1u32..60,
            asked in prop::collection::vec((0u64..200, 0u64..1000, 0u64..3000), 1..120),
        ) {
            let start = clock::now().mono;
            let mut window = Window::new(rate);
            let mut now = start;
            let (mut arrived, mut answers) = (Vec::new(), Vec::<(Instant, u64)>::new());
            for (pause, way, answer) in asked {
                now += Duration::from_millis(pause);
                let number = loop {
                    answers.sort();
                    let due = answers.iter().filter(|(at, _)| *at <= now).count();
                    for (at, number) in answers.drain(..due) {
                        window.arrived(number, at);
                    }
                    match window.leave(now) {
                        Ok(number) => break number,
                        Err(wait) => {
                            prop_assert!(!wait.is_zero() && wait <= SECOND + ON_THE_WAY);
                            now += wait;
                        }
                    }
                };
                let at = now + Duration::from_millis(way);
                arrived.push(at);
                answers.push((at + Duration::from_millis(answer), number));
            }
            arrived.sort();
            for (i, begin) in arrived.iter().enumerate() {
                let within = arrived[i..].iter().take_while(|t| **t < *begin + SECOND).count();
                prop_assert!(within <= rate as usize, "{within} calls in a second at rate {rate}");
            }
        }
    }

    #[test]
    fn a_second_after_its_answer_a_call_is_forgotten() {
        let start = clock::now().mono;
        let mut window = Window::new(1);
        let number = window.leave(start).unwrap();
        assert_eq!(window.leave(start), Err(SECOND + ON_THE_WAY));
        let soon = start + Duration::from_millis(2);
        window.arrived(number, soon);
        assert_eq!(window.leave(soon), Err(SECOND));
        assert!(window.leave(soon + SECOND).is_ok());
    }

    #[test]
    fn a_lower_rate_holds_for_what_has_left_already() {
        let start = clock::now().mono;
        let mut window = Window::new(3);
        for _ in 0..3 {
            window.leave(start).unwrap();
        }
        window.at_rate(1);
        assert!(window.leave(start + SECOND).is_err());
        assert!(window.leave(start + SECOND + ON_THE_WAY).is_ok());
    }
}
