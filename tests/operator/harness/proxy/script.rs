//! What was called, by number, and which one of them is broken how.

use std::{
    collections::BTreeMap,
    fmt,
    str::FromStr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::sync::Notify;

use super::{Fault, route::Route};

/// How long an operator may go without a call before it is killed all the same.
const LAST_CALL: Duration = Duration::from_millis(400);

/// So long after the operator calls again its last answer has long been read.
const MOMENT: Duration = Duration::from_millis(10);

/// The n-th call of a route, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// The route.
    pub route: String,
    /// Which of its calls.
    pub nth: usize,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.route, self.nth)
    }
}

impl FromStr for Point {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.rsplit_once('#');
        let point = parts.and_then(|(route, nth)| {
            let nth = nth.parse().ok()?;
            let route = route.to_owned();
            Some(Self { route, nth })
        });
        point.ok_or_else(|| format!("{text} is no point: write ROUTE#N"))
    }
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// It goes on to the server.
    Passes,
    /// This happens to it.
    Meets(Fault),
    /// Its caller is as good as dead, so it was never sent.
    Held,
}

/// What was called on both sides, and what is to go wrong.
#[derive(Debug, Default)]
pub struct Script {
    book: Mutex<Book>,
    arrival: Notify,
    death: Notify,
}

#[derive(Debug, Default)]
struct Book {
    counting: bool,
    counts: BTreeMap<String, usize>,
    points: Vec<(Point, bool)>,
    planned: Option<(Point, Fault)>,
    fired: bool,
    frozen: bool,
    writes: Vec<String>,
}

impl Script {
    /// One in which this happens to that call.
    pub fn new(planned: Option<(Point, Fault)>) -> Arc<Self> {
        let book = Book {
            planned,
            ..Book::default()
        };
        Arc::new(Self {
            book: Mutex::new(book),
            ..Self::default()
        })
    }

    /// From now on calls have numbers, and one of them breaks.
    pub fn begin(&self) {
        self.book.lock().unwrap().counting = true;
    }

    /// From now on nothing breaks any more, and calls have no numbers.
    pub fn end(&self) {
        self.book.lock().unwrap().counting = false;
    }

    /// The calls that have numbers, in order. Of the reads between two writes, only the first two of
    /// each route: further ones are polls, and how many there are is a matter of time.
    pub fn points(&self) -> Vec<Point> {
        let book = self.book.lock().unwrap();
        let mut reads: BTreeMap<&str, usize> = BTreeMap::new();
        let told = book.points.iter().filter(|(point, writes)| {
            if *writes {
                reads.clear();
                return true;
            }
            let count = reads.entry(&point.route).or_default();
            *count += 1;
            *count <= 2
        });
        told.map(|(point, _)| point.clone()).collect()
    }

    /// What was planned has happened.
    pub fn fired(&self) -> bool {
        self.book.lock().unwrap().fired
    }

    /// All calls so far that could change something, by route, in order.
    pub fn writes(&self) -> Vec<String> {
        self.book.lock().unwrap().writes.clone()
    }

    /// Waits until the operator is to be killed. Nothing that it sends gets through from a moment
    /// before that on, until [`Self::revive`].
    pub async fn death(&self) {
        self.death.notified().await;
    }

    /// The operator is dead; what calls now is another one.
    pub fn revive(&self) {
        self.book.lock().unwrap().frozen = false;
    }

    pub(super) fn arrived(&self, route: &Route) -> Arrival {
        let mut book = self.book.lock().unwrap();
        if book.frozen {
            drop(book);
            self.arrival.notify_one();
            return Arrival::Held;
        }
        if route.writes {
            book.writes.push(route.name.clone());
        }
        if !book.counting {
            return Arrival::Passes;
        }
        let count = book.counts.entry(route.name.clone()).or_default();
        *count += 1;
        let point = Point {
            route: route.name.clone(),
            nth: *count,
        };
        let meets = match &book.planned {
            Some((at, fault)) if !book.fired && *at == point => Some(*fault),
            _ => None,
        };
        book.points.push((point, route.writes));
        match meets {
            Some(fault) => {
                book.fired = true;
                Arrival::Meets(fault)
            }
            None => Arrival::Passes,
        }
    }

    /// Nothing of the operator gets through any more.
    pub(super) fn freeze(&self) {
        self.book.lock().unwrap().frozen = true;
    }

    /// It is to be killed now.
    pub(super) fn dies(&self) {
        self.death.notify_one();
    }

    /// It is to be killed when it calls again, or soon if it does not.
    pub(super) async fn dies_at_its_next_call(self: Arc<Self>) {
        let called = tokio::time::timeout(LAST_CALL, self.arrival.notified()).await;
        if called.is_ok() {
            tokio::time::sleep(MOMENT).await;
        }
        self.dies();
    }
}
