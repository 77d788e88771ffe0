//! The one room that reads the clock. Everything else takes the time as an argument.

use std::time::Instant;

use jiff::Timestamp;

/// A moment, on the calendar and on the clock that never steps.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Calendar time, for what people read.
    pub wall: Timestamp,
    /// Monotonic time, for every decision about durations.
    pub mono: Instant,
}

/// This moment.
#[expect(clippy::disallowed_methods, reason = "the room that reads the clock")]
pub fn now() -> Now {
    Now {
        wall: Timestamp::now(),
        mono: Instant::now(),
    }
}
