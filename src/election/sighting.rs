//! What a candidate saw of the Lease, and what it may do then. Pure.
//!
//! The times in a Lease are of other machines' calendars. So what counts is how long the record has not
//! changed while we looked, on our own clock that never steps.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;

use super::notice;
use crate::clock::Now;

/// The Lease as it was seen last.
#[derive(Debug, Default)]
pub(super) struct Sighting(Option<Seen>);

#[derive(Debug)]
struct Seen {
    lease: Option<Lease>,
    /// Since when its record is what it is.
    since: Instant,
    /// Who held a Lease that somebody deleted may act until its time is over, as it does not know yet.
    deleted: Option<Duration>,
}

/// What a candidate may do.
#[derive(Debug, PartialEq)]
pub(super) enum Move {
    /// Nothing, before it was seen.
    Look,
    /// Make it.
    Create,
    /// Take it, by a write that carries its resourceVersion.
    Take(Box<Lease>),
    /// Nothing before then, unless the record changes.
    Wait(Instant),
}

impl Sighting {
    /// The Lease was seen like this.
    pub(super) fn see(&mut self, lease: Option<Lease>, now: Instant) {
        let record = |lease: &Option<Lease>| {
            let spec = lease.as_ref().and_then(|lease| lease.spec.clone());
            // Others may label a Lease without holding it.
            spec.map(|spec| {
                (
                    spec.holder_identity,
                    spec.renew_time,
                    spec.lease_transitions,
                )
            })
        };
        let (since, deleted) = match &self.0 {
            Some(seen) if record(&seen.lease) == record(&lease) => (seen.since, seen.deleted),
            Some(seen) if lease.is_none() => (now, seen.lease.as_ref().and_then(held_for)),
            _ => (now, None),
        };
        self.0 = Some(Seen {
            lease,
            since,
            deleted,
        });
    }

    /// What may be done about it now.
    pub(super) fn next(&self, identity: &str, now: Instant) -> Move {
        let Some(seen) = &self.0 else {
            return Move::Look;
        };
        let Some(lease) = &seen.lease else {
            let ends = seen.since + seen.deleted.unwrap_or_default();
            return if now < ends {
                Move::Wait(ends)
            } else {
                Move::Create
            };
        };
        let ends = seen.since + held_for(lease).unwrap_or_default();
        if self.holder() == Some(identity) || now >= ends {
            return Move::Take(Box::new(lease.clone()));
        }
        Move::Wait(ends)
    }

    /// Where who holds it receives webhooks, as far as was seen.
    pub(super) fn webhooks(&self) -> Option<SocketAddr> {
        notice::webhooks(self.0.as_ref()?.lease.as_ref()?)
    }

    /// Who holds it, as far as was seen.
    pub(super) fn holder(&self) -> Option<&str> {
        let spec = self.0.as_ref()?.lease.as_ref()?.spec.as_ref()?;
        let holder = spec.holder_identity.as_deref();
        holder.filter(|holder| !holder.is_empty())
    }
}

/// How long somebody holds it after each renewal; `None` where nobody does.
fn held_for(lease: &Lease) -> Option<Duration> {
    let spec = lease.spec.as_ref()?;
    let holder = spec.holder_identity.as_deref().unwrap_or_default();
    let seconds = spec.lease_duration_seconds.unwrap_or_default();
    (!holder.is_empty()).then(|| Duration::from_secs(u64::try_from(seconds).unwrap_or_default()))
}

/// The record of one who takes the Lease after this one.
pub(super) fn taken(
    before: Option<&LeaseSpec>,
    identity: &str,
    seconds: i32,
    now: Now,
) -> LeaseSpec {
    let transitions = before.map_or(0, |before| {
        let others = before.holder_identity.as_deref() != Some(identity);
        before.lease_transitions.unwrap_or_default() + i32::from(others)
    });
    LeaseSpec {
        holder_identity: Some(identity.to_owned()),
        lease_duration_seconds: Some(seconds),
        acquire_time: Some(MicroTime(now.wall)),
        renew_time: Some(MicroTime(now.wall)),
        lease_transitions: Some(transitions),
        ..LeaseSpec::default()
    }
}

/// The record of one who gives it back: who comes next need not wait.
pub(super) fn released(held: LeaseSpec, now: Now) -> LeaseSpec {
    LeaseSpec {
        holder_identity: Some(String::new()),
        // No API takes zero.
        lease_duration_seconds: Some(1),
        renew_time: Some(MicroTime(now.wall)),
        ..held
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    fn lease(holder: &str, renewed: Now) -> Lease {
        Lease {
            spec: Some(taken(None, holder, 30, renewed)),
            ..Lease::default()
        }
    }

    fn after(seconds: u64) -> Now {
        let now = clock::now();
        Now {
            wall: now.wall,
            mono: now.mono + Duration::from_secs(seconds),
        }
    }

    #[test]
    fn what_was_not_seen_is_looked_at_and_what_is_not_there_is_made() {
        let now = clock::now();
        let mut sighting = Sighting::default();
        assert_eq!(sighting.next("a", now.mono), Move::Look);
        sighting.see(None, now.mono);
        assert_eq!(sighting.next("a", now.mono), Move::Create);
        assert_eq!(sighting.holder(), None);
    }

    #[test]
    fn the_lease_of_another_is_taken_when_it_was_not_renewed_for_its_duration_while_we_looked() {
        let now = clock::now();
        let mut sighting = Sighting::default();
        sighting.see(Some(lease("b", now)), now.mono);
        let ends = now.mono + Duration::from_secs(30);
        assert_eq!(sighting.holder(), Some("b"));
        assert_eq!(sighting.next("a", now.mono), Move::Wait(ends));
        // The same record again proves no renewal.
        let late = now.mono + Duration::from_secs(29);
        sighting.see(Some(lease("b", now)), late);
        assert_eq!(sighting.next("a", late), Move::Wait(ends));
        assert!(matches!(sighting.next("a", ends), Move::Take(_)));
        let renewed = Now {
            wall: now.wall + jiff::SignedDuration::from_secs(1),
            mono: ends,
        };
        sighting.see(Some(lease("b", renewed)), renewed.mono);
        let later = ends + Duration::from_secs(30);
        assert_eq!(sighting.next("a", ends), Move::Wait(later));
    }

    #[test]
    fn the_calendar_of_the_holder_means_nothing() {
        let now = clock::now();
        for hours in [-1000, 1000] {
            let skewed = Now {
                wall: now.wall + jiff::SignedDuration::from_hours(hours),
                mono: now.mono,
            };
            let mut sighting = Sighting::default();
            sighting.see(Some(lease("b", skewed)), now.mono);
            let ends = now.mono + Duration::from_secs(30);
            assert_eq!(sighting.next("a", now.mono), Move::Wait(ends), "{hours}");
        }
    }

    #[test]
    fn what_is_given_back_or_our_own_is_taken_at_once() {
        let now = clock::now();
        let mut sighting = Sighting::default();
        sighting.see(Some(lease("a", now)), now.mono);
        assert!(matches!(sighting.next("a", now.mono), Move::Take(_)));
        let held = lease("b", now).spec.unwrap();
        let back = Lease {
            spec: Some(released(held, after(1))),
            ..Lease::default()
        };
        sighting.see(Some(back), now.mono);
        assert_eq!(sighting.holder(), None);
        assert!(matches!(sighting.next("a", now.mono), Move::Take(_)));
    }

    #[test]
    fn a_lease_that_was_held_and_is_deleted_is_made_when_its_holder_has_noticed() {
        let now = clock::now();
        let mut sighting = Sighting::default();
        sighting.see(Some(lease("b", now)), now.mono);
        let deleted = now.mono + Duration::from_secs(7);
        sighting.see(None, deleted);
        let ends = deleted + Duration::from_secs(30);
        assert_eq!(sighting.next("a", deleted), Move::Wait(ends));
        sighting.see(None, deleted + Duration::from_secs(9));
        assert_eq!(sighting.next("a", deleted), Move::Wait(ends));
        assert_eq!(sighting.next("a", ends), Move::Create);
    }

    #[test]
    fn a_record_without_sense_is_taken_over() {
        let now = clock::now();
        for spec in [
            None,
            Some(LeaseSpec {
                holder_identity: Some("b".to_owned()),
                lease_duration_seconds: Some(-5),
                ..LeaseSpec::default()
            }),
        ] {
            let mut sighting = Sighting::default();
            let lease = Lease {
                spec,
                ..Lease::default()
            };
            sighting.see(Some(lease), now.mono);
            assert!(matches!(sighting.next("a", now.mono), Move::Take(_)));
        }
    }

    #[test]
    fn transitions_count_holders_and_not_processes_of_one_name() {
        let now = clock::now();
        let first = taken(None, "a", 30, now);
        let again = taken(Some(&first), "a", 30, now);
        let other = taken(Some(&again), "b", 30, now);
        let counts = [&first, &again, &other].map(|spec| spec.lease_transitions.unwrap());
        assert_eq!(counts, [0, 0, 1]);
    }
}
