//! Who waits for a call, and who is next. Pure.
//!
//! Classes are served by stride scheduling: each carries a mark on a clock that counts calls, the one
//! with the lowest mark is served and moves on by its stride, and one that begins to wait is put where
//! the clock stands, so that nobody saves up turns and nobody starves. Inside a class the namespaces
//! take turns, and inside a namespace the first who came is served first. Every step is logarithmic,
//! and an object has at most one ticket.

use std::{
    collections::{BTreeMap, HashMap},
    time::Instant,
};

use tokio::sync::oneshot;

use super::class::Class;
use crate::object_key::{Kind, Seat};

/// Who waits.
#[derive(Debug)]
pub(super) enum Ticket {
    /// The pass of an object.
    Object(Seat),
    /// A task. One that `probes` may be tried while the provider does not answer.
    Task {
        granted: oneshot::Sender<()>,
        probes: bool,
    },
}

impl Ticket {
    fn lane(&self) -> &str {
        match self {
            Self::Object(seat) => lane(seat),
            Self::Task { .. } => "",
        }
    }

    /// Whether it is the trial of a key.
    pub(super) fn is_trial(&self) -> bool {
        matches!(self, Self::Object(seat) if seat.kind == Kind::StreamingAccount)
    }

    /// Whether it may be tried while the provider does not answer.
    pub(super) fn is_probe(&self) -> bool {
        matches!(self, Self::Task { probes: true, .. })
    }
}

/// Whose turn an object takes. Accounts, like tasks, are nobody's namespace, and few.
fn lane(seat: &Seat) -> &str {
    match seat.kind {
        Kind::LiveStream | Kind::Broadcast => &seat.key.namespace,
        Kind::StreamingAccount => "",
    }
}

#[derive(Debug)]
struct Waiting {
    ticket: Ticket,
    since: Instant,
}

/// What one namespace waits for, by the order in which it came.
#[derive(Debug)]
struct Lane {
    turn: u64,
    waiting: BTreeMap<u64, Waiting>,
}

/// What waits in one class.
#[derive(Debug, Default)]
struct Line {
    /// Where it stands on the clock that counts calls.
    mark: u64,
    count: usize,
    /// Those who have just read and are next.
    first: BTreeMap<u64, Waiting>,
    lanes: HashMap<String, Lane>,
    turns: BTreeMap<u64, String>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    class: Class,
    first: bool,
    number: u64,
}

/// All who wait.
#[derive(Debug, Default)]
pub(super) struct Queue {
    lines: [Line; 4],
    places: HashMap<Seat, Place>,
    numbers: u64,
    clock: u64,
}

impl Queue {
    /// Nobody waits.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.iter().all(|line| line.count == 0)
    }

    /// Files an object's ticket; `false` where it has one already. One that waits for something else
    /// now changes its class and keeps its age.
    pub(super) fn file(&mut self, seat: &Seat, class: Class, now: Instant) -> bool {
        if self
            .places
            .get(seat)
            .is_some_and(|place| place.class == class)
        {
            return false;
        }
        self.put(seat, class, false, now);
        true
    }

    /// Files an object's ticket before all others of its class.
    pub(super) fn file_first(&mut self, seat: &Seat, class: Class, now: Instant) {
        self.put(seat, class, true, now);
    }

    fn put(&mut self, seat: &Seat, class: Class, first: bool, now: Instant) {
        let since = self.remove(seat).map_or(now, |old| old.since);
        let number = self.push(class, first, Ticket::Object(seat.clone()), since);
        let place = Place {
            class,
            first,
            number,
        };
        self.places.insert(seat.clone(), place);
    }

    /// Files a task's ticket.
    pub(super) fn file_task(
        &mut self,
        class: Class,
        probes: bool,
        granted: oneshot::Sender<()>,
        now: Instant,
    ) {
        self.push(class, false, Ticket::Task { granted, probes }, now);
    }

    fn push(&mut self, class: Class, first: bool, ticket: Ticket, since: Instant) -> u64 {
        self.numbers += 1;
        let number = self.numbers;
        let line = &mut self.lines[class.index()];
        if line.count == 0 {
            line.mark = line.mark.max(self.clock);
        }
        line.count += 1;
        if first {
            line.first.insert(number, Waiting { ticket, since });
            return number;
        }
        let namespace = ticket.lane().to_owned();
        let theirs = line.lanes.entry(namespace.clone()).or_insert_with(|| {
            line.turns.insert(number, namespace);
            Lane {
                turn: number,
                waiting: BTreeMap::new(),
            }
        });
        theirs.waiting.insert(number, Waiting { ticket, since });
        number
    }

    /// Takes an object's ticket away; `true` where it had one.
    pub(super) fn forget(&mut self, seat: &Seat) -> bool {
        self.remove(seat).is_some()
    }

    fn remove(&mut self, seat: &Seat) -> Option<Waiting> {
        let place = self.places.remove(seat)?;
        let line = &mut self.lines[place.class.index()];
        line.remove((!place.first).then(|| lane(seat)), place.number)
    }

    /// Who is next; it waits no more.
    pub(super) fn pop(&mut self) -> Option<Ticket> {
        let class = Class::ALL
            .into_iter()
            .filter(|class| self.lines[class.index()].count > 0)
            .min_by_key(|class| self.lines[class.index()].mark)?;
        let line = &mut self.lines[class.index()];
        self.clock = self.clock.max(line.mark);
        line.mark += class.stride();
        self.numbers += 1;
        let ticket = line.pop(self.numbers)?;
        if let Ticket::Object(seat) = &ticket {
            self.places.remove(seat);
        }
        Some(ticket)
    }

    /// The first of the tasks and accounts of which this is true; it waits no more.
    pub(super) fn pop_where(&mut self, wanted: fn(&Ticket) -> bool) -> Option<Ticket> {
        let line = self.lines.iter_mut().find_map(|line| {
            let lane = line.lanes.get("")?;
            let found = lane.waiting.iter().find(|(_, w)| wanted(&w.ticket));
            let number = *found?.0;
            line.remove(Some(""), number)
        });
        let ticket = line?.ticket;
        if let Ticket::Object(seat) = &ticket {
            self.places.remove(seat);
        }
        Some(ticket)
    }

    /// Whether such a task or account waits.
    pub(super) fn any(&self, wanted: fn(&Ticket) -> bool) -> bool {
        let lanes = self.lines.iter().filter_map(|line| line.lanes.get(""));
        lanes
            .flat_map(|lane| lane.waiting.values())
            .any(|waiting| wanted(&waiting.ticket))
    }

    /// How many wait in a class.
    pub(super) fn count(&self, class: Class) -> usize {
        self.lines[class.index()].count
    }

    /// How many objects wait in a class.
    pub(super) fn objects(&self, class: Class) -> usize {
        let line = &self.lines[class.index()];
        let others = line.lanes.get("").map_or(0, |lane| lane.waiting.len());
        line.count - others
    }

    /// Since when the one waits who has waited longest in a class.
    pub(super) fn oldest(&self, class: Class) -> Option<Instant> {
        let line = &self.lines[class.index()];
        let heads = line.lanes.values().filter_map(|lane| {
            let (_, waiting) = lane.waiting.first_key_value()?;
            Some(waiting.since)
        });
        heads.chain(line.first.values().map(|w| w.since)).min()
    }
}

impl Line {
    /// Takes one out: of a namespace, or of those who are first.
    fn remove(&mut self, namespace: Option<&str>, number: u64) -> Option<Waiting> {
        let removed = match namespace {
            None => self.first.remove(&number),
            Some(namespace) => {
                let lane = self.lanes.get_mut(namespace)?;
                let removed = lane.waiting.remove(&number);
                if lane.waiting.is_empty() {
                    self.turns.remove(&lane.turn);
                    self.lanes.remove(namespace);
                }
                removed
            }
        };
        self.count -= usize::from(removed.is_some());
        removed
    }

    /// The next one; a namespace that still waits goes to the end, which is this number.
    fn pop(&mut self, end: u64) -> Option<Ticket> {
        if let Some((_, waiting)) = self.first.pop_first() {
            self.count -= 1;
            return Some(waiting.ticket);
        }
        let (_, namespace) = self.turns.pop_first()?;
        let lane = self.lanes.get_mut(&namespace)?;
        let (_, waiting) = lane.waiting.pop_first()?;
        self.count -= 1;
        if lane.waiting.is_empty() {
            self.lanes.remove(&namespace);
        } else {
            lane.turn = end;
            self.turns.insert(end, namespace);
        }
        Some(waiting.ticket)
    }
}

#[cfg(test)]
mod tests;
