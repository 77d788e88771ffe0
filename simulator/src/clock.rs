//! The provider's clock: starts at the real time, can run faster, and can be put forward.

use std::fmt;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use tokio::sync::Notify;

use crate::lock::lock;

/// A time of the provider, in milliseconds since 1970. Shown as the API shows times: ISO 8601, UTC,
/// with milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(i64);

impl Moment {
    /// This time and so many seconds. Too much is the end of time, never an overflow.
    #[must_use]
    pub fn plus(self, seconds: f64) -> Self {
        Self(self.0.saturating_add(millis(seconds)))
    }

    /// Milliseconds since 1970.
    pub fn as_millis(self) -> i64 {
        self.0
    }

    /// Milliseconds from then to this time.
    pub(crate) fn millis_since(self, then: Self) -> i64 {
        self.0.saturating_sub(then.0)
    }

    /// This many milliseconds since 1970.
    pub(crate) fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// As in the header `Date`: `Fri, 03 Jun 2022 13:25:16 GMT`.
    pub(crate) fn http_date(self) -> String {
        let at = Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::MAX);
        at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }

    /// Digits only, as in the ids of Live Station's channels: `20220603132516`.
    pub(crate) fn digits(self) -> String {
        let at = Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::MAX);
        at.strftime("%Y%m%d%H%M%S").to_string()
    }

    /// As in the names of recordings: `2022-06-03 13:25:16 +0000`.
    pub(crate) fn spaced(self) -> String {
        let at = Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::MAX);
        at.strftime("%Y-%m-%d %H:%M:%S +0000").to_string()
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::MAX);
        write!(f, "{at:.3}")
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn millis(seconds: f64) -> i64 {
    let length = Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX);
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}

/// The clock. Everything that the provider does by itself goes by it; what a caller feels (how long
/// an answer is withheld, calls per second) goes by real time.
#[derive(Debug)]
pub struct Clock {
    origin: Instant,
    started: Timestamp,
    hand: Mutex<Hand>,
    moved: Notify,
}

#[derive(Debug)]
struct Hand {
    /// Where the hand stood, and the real time since the origin at that instant.
    at: i64,
    set: Duration,
    speed: u32,
}

impl Clock {
    /// A clock that shows the real time now and runs `speed` times as fast.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one room where the simulators read the time"
    )]
    pub(crate) fn new(speed: u32) -> Self {
        let started = Timestamp::now();
        Self {
            origin: Instant::now(),
            started,
            hand: Mutex::new(Hand {
                at: started.as_millisecond(),
                set: Duration::ZERO,
                speed,
            }),
            moved: Notify::new(),
        }
    }

    /// The provider's time.
    pub fn now(&self) -> Moment {
        let elapsed = self.elapsed();
        Moment(lock(&self.hand).shown(elapsed))
    }

    /// Puts the clock forward. What was due in between happens, in order, each at its own time.
    pub fn advance(&self, by: Duration) {
        let elapsed = self.elapsed();
        let mut hand = lock(&self.hand);
        let shown = hand.shown(elapsed);
        hand.at = shown.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX));
        hand.set = elapsed;
        drop(hand);
        self.moved.notify_one();
    }

    /// From here on, so many seconds pass in a real one. 0 stops the clock.
    pub fn set_speed(&self, speed: u32) {
        let elapsed = self.elapsed();
        let mut hand = lock(&self.hand);
        hand.at = hand.shown(elapsed);
        hand.set = elapsed;
        hand.speed = speed;
        drop(hand);
        self.moved.notify_one();
    }

    /// Resolves when somebody has put the hand elsewhere. One waits.
    pub(crate) async fn moved(&self) {
        self.moved.notified().await;
    }

    /// How long it takes, in real time, until the clock shows this. `None`: it stands still.
    pub(crate) fn until(&self, at: Moment) -> Option<Duration> {
        let left = u64::try_from(at.millis_since(self.now())).unwrap_or(0);
        let speed = u64::from(self.speed());
        (speed > 0).then(|| Duration::from_millis(left.div_ceil(speed)))
    }

    /// How many seconds pass in a real one.
    pub fn speed(&self) -> u32 {
        lock(&self.hand).speed
    }

    /// Real time since the start, which nothing changes.
    pub fn elapsed(&self) -> Duration {
        self.origin.elapsed()
    }

    /// The real time, whatever the hand shows.
    pub(crate) fn real(&self) -> Moment {
        Moment(self.unix_micros() / 1000)
    }

    /// Real microseconds since 1970: what another process on this machine reads, too.
    pub(crate) fn unix_micros(&self) -> i64 {
        let elapsed = i64::try_from(self.elapsed().as_micros()).unwrap_or(i64::MAX);
        self.started.as_microsecond().saturating_add(elapsed)
    }
}

impl Hand {
    fn shown(&self, elapsed: Duration) -> i64 {
        let passed = elapsed
            .saturating_sub(self.set)
            .as_millis()
            .saturating_mul(u128::from(self.speed));
        self.at
            .saturating_add(i64::try_from(passed).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_look_as_in_the_api() {
        assert_eq!(Moment(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(
            Moment(1_650_000_000_120).to_string(),
            "2022-04-15T05:20:00.120Z"
        );
        assert_eq!(Moment(0).plus(1.5).to_string(), "1970-01-01T00:00:01.500Z");
        let then = Moment(1_654_262_716_000);
        assert_eq!(then.http_date(), "Fri, 03 Jun 2022 13:25:16 GMT");
        assert_eq!(then.digits(), "20220603132516");
        assert!(Moment(5).plus(f64::INFINITY) > Moment(5));
        assert_eq!(Moment(5).plus(-1.0), Moment(5));
    }

    #[test]
    fn a_stopped_clock_moves_only_when_put_forward() {
        let clock = Clock::new(0);
        let start = clock.now();
        assert_eq!(clock.now(), start);
        clock.advance(Duration::from_hours(2));
        assert_eq!(clock.now(), start.plus(7200.0));
    }

    #[test]
    fn how_long_until() {
        let clock = Clock::new(0);
        let later = clock.now().plus(10.0);
        assert_eq!(clock.until(later), None);
        clock.set_speed(1000);
        assert!(
            clock
                .until(later)
                .is_some_and(|wait| wait <= Duration::from_millis(10))
        );
        clock.advance(Duration::from_secs(20));
        assert_eq!(clock.until(later), Some(Duration::ZERO));
    }

    #[test]
    fn a_change_of_speed_does_not_jump() {
        let clock = Clock::new(0);
        let start = clock.now();
        clock.set_speed(1000);
        clock.set_speed(0);
        let after = clock.now();
        assert!(after >= start);
        assert_eq!(clock.now(), after);
    }
}
