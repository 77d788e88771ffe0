//! What was called: a bounded journal in order, and counts that are never forgotten.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::sync::Notify;

use crate::clock::Moment;
use crate::lock::lock;

/// One call that reached the provider.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Call {
    /// Counts up from 1 over all calls.
    pub seq: u64,
    /// The provider's time.
    pub at: Moment,
    /// Real milliseconds since the simulator's start: for rates.
    pub elapsed_ms: u64,
    /// Real microseconds since 1970, by this machine's clock at the simulator's start: for whoever
    /// measures from another process.
    pub unix_us: i64,
    /// The HTTP method.
    pub method: String,
    /// The route's template, as in the documents: `/streaming/streams/{id}`. Empty: no such route.
    pub route: String,
    /// The path as it was sent.
    pub path: String,
    /// The query as it was sent.
    pub query: Option<String>,
    /// The object that the path names.
    pub id: Option<String>,
    /// Whose key it was. `None`: no key that is good.
    pub client: Option<u64>,
    /// Which key it was, by the number that adding it gave. (The key itself is not kept.)
    pub key: Option<u32>,
    /// The request's body, if it was JSON.
    pub body: Option<Value>,
    /// The status that was sent. `None`: no answer was sent.
    pub status: Option<u16>,
    /// A changing call that was carried out, whatever the caller was told. Reads are never applied.
    pub applied: bool,
    /// The fault that was in its way.
    pub fault: Option<&'static str>,
}

/// How often a call was answered in one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    /// The HTTP method.
    pub method: String,
    /// The route's template.
    pub route: String,
    /// Whose key it was.
    pub client: Option<u64>,
    /// The status that was sent; `None`: no answer.
    pub status: Option<u16>,
    /// How often.
    pub count: u64,
}

/// The journal and the counts.
#[derive(Debug)]
pub(crate) struct Journal {
    limit: usize,
    changed: Notify,
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    last: u64,
    calls: VecDeque<Call>,
    counts: BTreeMap<CountKey, u64>,
}

type CountKey = (String, String, Option<u64>, Option<u16>);

impl Journal {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit: limit.max(1),
            changed: Notify::new(),
            book: Mutex::new(Book::default()),
        }
    }

    /// Writes a call down; its `seq` is set here.
    pub(crate) fn record(&self, mut call: Call) -> u64 {
        let seq = {
            let mut book = lock(&self.book);
            book.last += 1;
            call.seq = book.last;
            let key = (
                call.method.clone(),
                call.route.clone(),
                call.client,
                call.status,
            );
            *book.counts.entry(key).or_default() += 1;
            if book.calls.len() == self.limit {
                book.calls.pop_front();
            }
            book.calls.push_back(call);
            book.last
        };
        self.changed.notify_waiters();
        seq
    }

    /// A call that was written down before it was carried out, now is.
    pub(crate) fn applied(&self, seq: u64) {
        let mut book = lock(&self.book);
        if let Some(call) = book.calls.iter_mut().rev().find(|call| call.seq == seq) {
            call.applied = true;
        }
        drop(book);
        self.changed.notify_waiters();
    }

    /// Resolves when something has been written down since this was called.
    pub(crate) fn changed(&self) -> impl Future<Output = ()> + '_ {
        self.changed.notified()
    }

    pub(crate) fn calls(&self, after: u64, keep: impl Fn(&Call) -> bool) -> Vec<Call> {
        let book = lock(&self.book);
        book.calls
            .iter()
            .filter(|call| call.seq > after && keep(call))
            .cloned()
            .collect()
    }

    pub(crate) fn last(&self) -> u64 {
        lock(&self.book).last
    }

    pub(crate) fn counts(&self) -> Vec<Count> {
        lock(&self.book)
            .counts
            .iter()
            .map(|((method, route, client, status), count)| Count {
                method: method.clone(),
                route: route.clone(),
                client: *client,
                status: *status,
                count: *count,
            })
            .collect()
    }

    pub(crate) fn sum(&self, keep: impl Fn(&str, &str, Option<u64>, Option<u16>) -> bool) -> u64 {
        lock(&self.book)
            .counts
            .iter()
            .filter(|((method, route, client, status), _)| keep(method, route, *client, *status))
            .map(|(_, count)| count)
            .sum()
    }

    /// The most calls of a client within any one real second that the journal still holds.
    pub(crate) fn peak_per_second(&self, client: u64) -> usize {
        let book = lock(&self.book);
        let mut window: VecDeque<u64> = VecDeque::new();
        let mut peak = 0;
        for call in book.calls.iter().filter(|call| call.client == Some(client)) {
            window.push_back(call.elapsed_ms);
            while window
                .front()
                .is_some_and(|&first| call.elapsed_ms >= first + 1000)
            {
                window.pop_front();
            }
            peak = peak.max(window.len());
        }
        peak
    }

    /// Forgets calls and counts. Numbers go on.
    pub(crate) fn clear(&self) {
        let mut book = lock(&self.book);
        book.calls.clear();
        book.counts.clear();
    }
}

/// Whole milliseconds, for [`Call::elapsed_ms`].
pub(crate) fn whole_millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}
