//! Bad weather: for a time, a part of all calls goes wrong, each in another way.

use std::sync::Mutex;
use std::time::Duration;

use crate::clock::Moment;
use crate::faults::{Action, ErrorBody};
use crate::lock::lock;
use crate::scatter::scatter;

/// How bad it is, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weather {
    /// So many calls of a hundred go wrong.
    pub per_cent: u8,
    /// Which calls, and in which ways: the same for the same seed and the same order of calls.
    pub seed: u64,
    /// How late what is applied late is applied, and what is answered late is answered, in real
    /// milliseconds.
    pub late_millis: u64,
    /// How long it lasts, by the provider's clock.
    pub length: Duration,
}

impl Weather {
    /// In how many ways a call can go wrong.
    pub const WAYS: usize = 27;
}

/// The weather that there is.
#[derive(Debug, Default)]
pub(crate) struct Sky(Mutex<Option<Spell>>);

#[derive(Debug)]
struct Spell {
    weather: Weather,
    until: Moment,
    calls: u64,
    met: u64,
}

impl Sky {
    /// From this moment of the provider's clock on.
    pub(crate) fn set(&self, weather: Weather, now: Moment) {
        *lock(&self.0) = Some(Spell {
            weather,
            until: now.plus(weather.length.as_secs_f64()),
            calls: 0,
            met: 0,
        });
    }

    /// How many calls it has met.
    pub(crate) fn met(&self) -> u64 {
        lock(&self.0).as_ref().map_or(0, |spell| spell.met)
    }

    /// Whether it is over.
    pub(crate) fn over(&self, now: Moment) -> bool {
        lock(&self.0)
            .as_ref()
            .is_none_or(|spell| spell.until <= now)
    }

    /// What goes wrong with this call, if anything does.
    pub(crate) fn take(&self, method: &str, now: Moment) -> Option<Action> {
        let mut sky = lock(&self.0);
        let spell = sky.as_mut().filter(|spell| now < spell.until)?;
        spell.calls += 1;
        let drawn = scatter(spell.weather.seed ^ spell.calls.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        if drawn % 100 >= u64::from(spell.weather.per_cent) {
            return None;
        }
        let ways = ways(method, spell.weather.late_millis);
        let way = usize::try_from((drawn >> 32) % ways.len() as u64).unwrap_or_default();
        spell.met += 1;
        ways.into_iter().nth(way)
    }
}

/// The ways in which a call of this method can go wrong. What says that a call was refused is true:
/// a provider that carries out what it says it refused cannot be told from one that did not.
fn ways(method: &str, millis: u64) -> Vec<Action> {
    let status = |status, applied, body| Action::Status {
        status,
        retry_after: None,
        body,
        applied,
    };
    let mut ways = vec![
        Action::Delay { millis },
        Action::ApplyLater { millis },
        Action::TimeoutAfterApply,
        Action::TimeoutBeforeApply,
        Action::CutBeforeApply,
        Action::CutAfterApply,
        Action::too_many(Some("1")),
        status(401, false, ErrorBody::Json),
        status(403, false, ErrorBody::Json),
        status(408, false, ErrorBody::Empty),
        status(409, false, ErrorBody::Json),
        Action::Html { applied: false },
        Action::Html { applied: true },
        Action::Truncated,
        Action::Stalled,
        Action::Garbled,
        Action::EmptyBody,
        Action::EndlessBody,
        Action::HugeBody { bytes: 10 << 20 },
    ];
    for code in [500, 502, 503, 504] {
        ways.push(status(code, false, ErrorBody::Html));
        ways.push(status(code, true, ErrorBody::Json));
    }
    // "Not found" is the provider's word that a deletion is done; and an empty body is how it says so.
    if method == "DELETE" {
        ways.retain(|way| *way != Action::EmptyBody);
    }
    ways
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::clock::Clock;

    fn weather(per_cent: u8, seed: u64) -> Weather {
        Weather {
            per_cent,
            seed,
            late_millis: 100,
            length: Duration::from_mins(10),
        }
    }

    fn drawn(weather: Weather, calls: usize) -> Vec<Option<&'static str>> {
        let sky = Sky::default();
        let now = Clock::new(1).now();
        sky.set(weather, now);
        let draw = || sky.take("POST", now).map(|way| way.word());
        (0..calls).map(|_| draw()).collect()
    }

    #[test]
    fn a_part_of_all_calls_goes_wrong_and_in_every_way() {
        let all = drawn(weather(10, 7), 10_000);
        let met = all.iter().flatten().count();
        assert!((850..1150).contains(&met), "{met}");
        let words: BTreeSet<_> = all.into_iter().flatten().collect();
        assert_eq!(ways("POST", 1).len(), Weather::WAYS);
        let known: BTreeSet<_> = ways("POST", 1).iter().map(Action::word).collect();
        assert_eq!(words, known);
        assert_eq!(drawn(weather(0, 7), 1000), vec![None; 1000]);
    }

    #[test]
    fn the_same_seed_brings_the_same_weather() {
        assert_eq!(drawn(weather(10, 7), 1000), drawn(weather(10, 7), 1000));
        assert_ne!(drawn(weather(10, 7), 1000), drawn(weather(10, 8), 1000));
    }

    #[test]
    fn it_is_over_by_the_providers_clock() {
        let sky = Sky::default();
        let start = Clock::new(1).now();
        assert!(sky.over(start) && sky.take("GET", start).is_none());
        sky.set(weather(100, 1), start);
        assert!(sky.take("GET", start.plus(599.0)).is_some());
        assert!(!sky.over(start.plus(599.0)));
        assert!(sky.over(start.plus(600.0)));
        assert_eq!(sky.take("GET", start.plus(600.0)), None);
        assert_eq!(sky.met(), 1);
    }
}
