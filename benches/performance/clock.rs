//! Time, also as the simulator's journal tells it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Real microseconds since 1970, as in the simulator's journal.
pub fn unix_us() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// Milliseconds between two such times.
pub fn ms_between(from: i64, to: i64) -> f64 {
    let us = i32::try_from(to - from).map_or(f64::from(i32::MAX), f64::from);
    us / 1000.0
}

/// A length in milliseconds.
pub fn ms(length: Duration) -> f64 {
    length.as_secs_f64() * 1000.0
}
