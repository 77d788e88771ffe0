//! What a provider does by itself, and when: things that are looked at when their time has come.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Notify;

use crate::clock::{Clock, Moment};

/// What is due when. Whether it still holds is decided then.
#[derive(Debug)]
pub(crate) struct Agenda<T> {
    due: BTreeMap<(Moment, u64), T>,
    last: u64,
    sooner: Arc<Notify>,
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Self {
            due: BTreeMap::new(),
            last: 0,
            sooner: Arc::new(Notify::new()),
        }
    }
}

impl<T> Agenda<T> {
    /// Notes what is to be looked at. What is due at one time keeps the order of its noting.
    pub(crate) fn plan(&mut self, at: Moment, what: T) {
        self.last += 1;
        let first = self.next_due();
        self.due.insert((at, self.last), what);
        if first.is_none_or(|first| at < first) {
            self.sooner.notify_one();
        }
    }

    /// When the next thing is due.
    pub(crate) fn next_due(&self) -> Option<Moment> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    /// The next thing that is due by now, and its own time.
    pub(crate) fn take(&mut self, now: Moment) -> Option<(Moment, T)> {
        let first = self.due.first_entry()?;
        let at = first.key().0;
        (at <= now).then(|| (at, first.remove()))
    }

    /// Told when something is due sooner than all that was.
    pub(crate) fn sooner(&self) -> Arc<Notify> {
        Arc::clone(&self.sooner)
    }
}

/// Lets happen what the clock brings, when it does, until it is dropped. `settle` does so, and says
/// when the next thing is due.
pub(crate) async fn keep_time(clock: &Clock, sooner: &Notify, settle: impl Fn() -> Option<Moment>) {
    loop {
        let wait = settle().and_then(|at| clock.until(at));
        tokio::select! {
            () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => {}
            () = sooner.notified() => {}
            () = clock.moved() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_the_order_of_time_and_then_of_noting() {
        let now = Clock::new(0).now();
        let mut agenda = Agenda::default();
        for (seconds, what) in [(2.0, "c"), (1.0, "a"), (1.0, "b"), (9.0, "never")] {
            agenda.plan(now.plus(seconds), what);
        }
        assert_eq!(agenda.next_due(), Some(now.plus(1.0)));
        assert_eq!(agenda.take(now), None);
        let mut done = Vec::new();
        while let Some((at, what)) = agenda.take(now.plus(5.0)) {
            done.push((at.millis_since(now), what));
        }
        assert_eq!(done, [(1000, "a"), (1000, "b"), (2000, "c")]);
        assert_eq!(agenda.next_due(), Some(now.plus(9.0)));
    }
}
