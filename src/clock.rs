//! The one room that reads the clock. Everything else takes the time as an argument.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use kube::{Resource, ResourceExt as _};

/// A moment, on the calendar and on the clock that never steps.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Calendar time, for what people read.
    pub wall: Timestamp,
    /// Monotonic time, for every decision about durations.
    pub mono: Instant,
}

impl Now {
    /// How long ago an object was created; zero where its clock is ahead of ours.
    pub fn age<K: Resource>(&self, object: &K) -> Duration {
        let created = object.creation_timestamp().map_or(self.wall, |t| t.0);
        Duration::try_from(self.wall.duration_since(created)).unwrap_or_default()
    }
}

/// This moment.
#[expect(clippy::disallowed_methods, reason = "the room that reads the clock")]
pub fn now() -> Now {
    Now {
        wall: Timestamp::now(),
        mono: Instant::now(),
    }
}
