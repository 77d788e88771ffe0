//! Calls per second: how many a caller has made within the last real second.

use std::collections::VecDeque;
use std::time::Duration;

/// One caller's last second.
#[derive(Debug, Default)]
pub(crate) struct LastSecond(VecDeque<Duration>);

impl LastSecond {
    /// Whether one more is within the limit; if so it is counted.
    pub(crate) fn admit(&mut self, now: Duration, limit: u32) -> bool {
        while let Some(first) = self.0.front()
            && now.saturating_sub(*first) >= Duration::from_secs(1)
        {
            self.0.pop_front();
        }
        let free = self.0.len() < usize::try_from(limit).unwrap_or(usize::MAX);
        if free {
            self.0.push_back(now);
        }
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sliding_second() {
        let mut last = LastSecond::default();
        let at = |ms| Duration::from_millis(ms);
        assert!(last.admit(at(0), 2));
        assert!(last.admit(at(500), 2));
        assert!(!last.admit(at(999), 2));
        assert!(last.admit(at(1000), 2));
        assert!(!last.admit(at(1400), 2));
        assert!(last.admit(at(1500), 2));
    }
}
