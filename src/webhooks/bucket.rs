//! So many a second, and a burst. Pure.

use std::time::{Duration, Instant};

/// What may still pass. It keeps the moment at which it is full again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    each: Duration,
    burst: Duration,
    full_at: Option<Instant>,
}

impl Bucket {
    /// A full one.
    pub(super) fn new(per_second: u32, burst: u32) -> Self {
        let each = Duration::from_secs(1) / per_second.max(1);
        Self {
            each,
            burst: each * burst,
            full_at: None,
        }
    }

    /// Lets one pass, or not.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let full_at = self.full_at.map_or(now, |at| at.max(now)) + self.each;
        let passes = full_at <= now + self.burst;
        if passes {
            self.full_at = Some(full_at);
        }
        passes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn a_burst_and_then_so_many_a_second() {
        let begin = clock::now().mono;
        let mut bucket = Bucket::new(10, 3);
        let mut takes = |millis| {
            let now = begin + Duration::from_millis(millis);
            std::iter::repeat_with(|| bucket.take(now))
                .take_while(|passed| *passed)
                .count()
        };
        assert_eq!([takes(0), takes(0), takes(99), takes(100)], [3, 0, 0, 1]);
        assert_eq!([takes(350), takes(60_000)], [2, 3]);
    }
}
