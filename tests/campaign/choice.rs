//! Which runs are made.

use std::time::Duration;

use crate::{
    harness::proxy::{Fault, Point},
    provider::At,
};

/// Which runs are made.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Only those at this provider.
    pub provider: Option<At>,
    /// Only those of this flow.
    pub flow: Option<String>,
    /// Only those at this call.
    pub point: Option<Point>,
    /// Only those with this fault.
    pub fault: Option<Fault>,
    /// How many of them at most: every k-th, from a place that the seed tells.
    pub most: Option<usize>,
    /// Where they begin.
    pub seed: u64,
    /// How many at once.
    pub jobs: usize,
    /// None at all: the calls are listed.
    pub list: bool,
    /// None is begun after this time.
    pub bound: Option<Duration>,
}

impl Choice {
    /// Every k-th of these, so that there are no more than wanted. The step is odd: with an even one,
    /// every other fault would never be chosen.
    pub fn some_of<T>(&self, all: Vec<T>) -> Vec<T> {
        let step = self.most.map_or(1, |most| all.len().div_ceil(most) | 1);
        let step_wide = u64::try_from(step).unwrap_or(u64::MAX);
        let first = usize::try_from(self.seed % step_wide).unwrap_or(0);
        all.into_iter().skip(first).step_by(step).collect()
    }
}
