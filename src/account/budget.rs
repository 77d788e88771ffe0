//! The calls that a client of a provider may make: one token bucket, and the queue before it.
//!
//! A pass that gets no token leaves a ticket and returns, so it holds no worker. When a token is
//! there, it is reserved for the first ticket and its object is woken; a reservation that is not
//! used comes back. Tasks that are nobody's pass (the walk of the list) wait in the same queue.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::{Notify, oneshot};

use crate::{object_key::Seat, wake::Queues};

/// How long a reserved token waits for its object's pass.
const RESERVATION: Duration = Duration::from_secs(5);

/// The wait after a 429 that does not say how long (the provider's advice to its users).
const DEFAULT_PAUSE: Duration = Duration::from_mins(1);

/// The longest wait that we take from a provider's word.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// The budget of one client.
#[derive(Debug)]
pub struct Budget {
    state: Mutex<State>,
    changed: Notify,
    queues: Queues,
}

#[derive(Debug)]
struct State {
    bucket: Bucket,
    queue: VecDeque<Ticket>,
    filed: HashSet<Seat>,
    reserved: HashMap<Seat, Instant>,
}

#[derive(Debug)]
enum Ticket {
    Object(Seat),
    Task(oneshot::Sender<()>),
}

/// The share of the rate that is used: calls that leave evenly arrive with some jitter, and the
/// provider counts them where they arrive.
const MARGIN: f64 = 0.95;

/// Tokens that grow with time. Never more than the rate in any second: the burst that it allows is
/// taken from what it grows by.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    rate: f64,
    capacity: f64,
    tokens: f64,
    counted: Instant,
    paused: Option<Instant>,
}

impl Bucket {
    fn new(per_second: u32, now: Instant) -> Self {
        let per_second = f64::from(per_second.max(1));
        let capacity = (per_second / 20.0).max(1.0);
        Self {
            rate: (per_second - (capacity - 1.0)) * MARGIN,
            capacity,
            tokens: capacity,
            counted: now,
            paused: None,
        }
    }

    fn count(&mut self, now: Instant) {
        let grown = now.saturating_duration_since(self.counted).as_secs_f64() * self.rate;
        self.tokens = (self.tokens + grown).min(self.capacity);
        self.counted = self.counted.max(now);
        if self.paused.is_some_and(|until| until <= now) {
            self.paused = None;
        }
    }

    fn take(&mut self, now: Instant) -> bool {
        self.count(now);
        let granted = self.paused.is_none() && self.tokens >= 1.0;
        if granted {
            self.tokens -= 1.0;
        }
        granted
    }

    fn give_back(&mut self) {
        self.tokens = (self.tokens + 1.0).min(self.capacity);
    }

    /// How long until a token is there.
    fn wait(&self, now: Instant) -> Duration {
        let token = Duration::from_secs_f64(((1.0 - self.tokens) / self.rate).max(0.0));
        let pause = self
            .paused
            .map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        token.max(pause)
    }
}

impl Budget {
    /// A budget of so many calls a second.
    pub fn new(per_second: u32, queues: Queues, now: Instant) -> Self {
        let state = State {
            bucket: Bucket::new(per_second, now),
            queue: VecDeque::new(),
            filed: HashSet::new(),
            reserved: HashMap::new(),
        };
        Self {
            state: Mutex::new(state),
            changed: Notify::new(),
            queues,
        }
    }

    /// Changes the rate; what waits goes on waiting.
    pub fn set_rate(&self, per_second: u32, now: Instant) {
        let mut state = self.lock();
        let fresh = Bucket::new(per_second, now);
        let old = state.bucket;
        if (old.rate - fresh.rate).abs() > f64::EPSILON {
            state.bucket = Bucket {
                tokens: old.tokens.min(fresh.capacity),
                paused: old.paused,
                ..fresh
            };
            drop(state);
            self.changed.notify_one();
        }
    }

    /// One call for this object's pass now; `false` means that a ticket is filed, and that the
    /// object is woken when a call is reserved for it.
    pub fn try_take(&self, seat: &Seat, now: Instant) -> bool {
        let mut state = self.lock();
        if state.reserved.remove(seat).is_some() {
            // A pause that came after the reservation holds for it too.
            state.bucket.count(now);
            if state.bucket.paused.is_none() {
                return true;
            }
            state.bucket.give_back();
        }
        if state.queue.is_empty() && state.bucket.take(now) {
            return true;
        }
        if state.filed.insert(seat.clone()) {
            state.queue.push_back(Ticket::Object(seat.clone()));
            drop(state);
            self.changed.notify_one();
        }
        false
    }

    /// The next call is for this object: what it has just read would be old at the end of the
    /// queue, and read again and again.
    pub fn next(&self, seat: &Seat) {
        let mut state = self.lock();
        if state.reserved.contains_key(seat) || state.queue.is_empty() {
            return;
        }
        state
            .queue
            .retain(|ticket| !matches!(ticket, Ticket::Object(s) if s == seat));
        state.queue.push_front(Ticket::Object(seat.clone()));
        state.filed.insert(seat.clone());
        drop(state);
        self.changed.notify_one();
    }

    /// One call for a task; waits in the queue.
    pub async fn take(&self, now: Instant) {
        let granted = {
            let mut state = self.lock();
            if state.queue.is_empty() && state.bucket.take(now) {
                return;
            }
            let (sender, receiver) = oneshot::channel();
            state.queue.push_back(Ticket::Task(sender));
            receiver
        };
        self.changed.notify_one();
        // The sender lives in the queue, and the queue as long as the budget that we borrow.
        let _ = granted.await;
    }

    /// Nobody calls for this long.
    pub fn pause(&self, wait: Option<Duration>, now: Instant) {
        let until = now + wait.unwrap_or(DEFAULT_PAUSE).min(LONGEST_PAUSE);
        let mut state = self.lock();
        state.bucket.paused = Some(state.bucket.paused.map_or(until, |old| old.max(until)));
        drop(state);
        self.changed.notify_one();
    }

    /// How long nobody may call, if so.
    pub fn paused_for(&self, now: Instant) -> Option<Duration> {
        let mut state = self.lock();
        state.bucket.count(now);
        state
            .bucket
            .paused
            .map(|until| until.saturating_duration_since(now))
    }

    /// Forgets an object that is gone.
    pub fn forget(&self, seat: &Seat) {
        let mut state = self.lock();
        if state.filed.remove(seat) {
            state
                .queue
                .retain(|ticket| !matches!(ticket, Ticket::Object(s) if s == seat));
        }
        if state.reserved.remove(seat).is_some() {
            state.bucket.give_back();
        }
    }

    /// Hands out tokens to those who wait, for ever. Dropping it stops the handing out only.
    pub async fn serve(&self, clock: impl Fn() -> Instant) {
        loop {
            let wait = self.hand_out(clock());
            match wait {
                Some(wait) => {
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        () = self.changed.notified() => {}
                    }
                }
                None => self.changed.notified().await,
            }
        }
    }

    /// Grants what can be granted now; says how long until there may be more to do.
    fn hand_out(&self, now: Instant) -> Option<Duration> {
        let mut state = self.lock();
        let state = &mut *state;
        let before = state.reserved.len();
        state.reserved.retain(|_, until| *until > now);
        for _ in state.reserved.len()..before {
            state.bucket.give_back();
        }
        while !state.queue.is_empty() && state.bucket.take(now) {
            match state.queue.pop_front() {
                Some(Ticket::Object(seat)) => {
                    state.filed.remove(&seat);
                    state.reserved.insert(seat.clone(), now + RESERVATION);
                    self.queues.wake(seat);
                }
                Some(Ticket::Task(granted)) => {
                    if granted.send(()).is_err() {
                        state.bucket.give_back();
                    }
                }
                None => state.bucket.give_back(),
            }
        }
        let token = (!state.queue.is_empty()).then(|| state.bucket.wait(now));
        let reservation = state
            .reserved
            .values()
            .min()
            .map(|until| until.saturating_duration_since(now));
        [token, reservation].into_iter().flatten().min()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt as _, StreamExt as _};
    use proptest::prelude::*;

    use super::*;
    use crate::{
        clock,
        object_key::{Kind, ObjectKey},
    };

    /// Until the next token, at one a second.
    fn token() -> Duration {
        Duration::from_secs_f64(1.0 / MARGIN)
    }

    fn key(name: &str) -> Seat {
        Kind::LiveStream.seat(&ObjectKey::new("ns", name))
    }

    proptest! {
        /// Never above the rate in any second, whatever the moments at which calls are asked for.
        #[test]
        fn never_above_the_rate(rate in 1u32..300, steps in prop::collection::vec(0u64..400, 1..400)) {
            let start = clock::now().mono;
            let mut bucket = Bucket::new(rate, start);
            let (mut now, mut granted) = (start, Vec::new());
            for step in steps {
                now += Duration::from_millis(step);
                while bucket.take(now) {
                    granted.push(now);
                }
            }
            for (i, begin) in granted.iter().enumerate() {
                let within = granted[i..].iter().take_while(|t| **t < *begin + Duration::from_secs(1)).count();
                prop_assert!(within <= rate as usize, "{within} calls in a second at rate {rate}");
            }
        }
    }

    #[test]
    fn who_waits_is_served_in_order_and_woken() {
        let start = clock::now().mono;
        let queues = Queues::default();
        let budget = Budget::new(1, queues.clone(), start);
        assert!(budget.try_take(&key("a"), start));
        assert!(!budget.try_take(&key("b"), start));
        assert!(!budget.try_take(&key("c"), start));
        assert!(
            !budget.try_take(&key("b"), start),
            "a second ticket for the same object"
        );
        let wait = budget.hand_out(start).unwrap();
        assert_eq!(wait, token());
        budget.hand_out(start + wait);
        assert_eq!(
            queues.streams.clone().next().now_or_never().flatten(),
            Some(key("b").key)
        );
        assert_eq!(queues.streams.clone().next().now_or_never(), None);
        assert!(!budget.try_take(&key("d"), start + wait), "d overtook c");
        assert!(
            budget.try_take(&key("b"), start + wait),
            "the reservation was not kept"
        );
    }

    #[test]
    fn two_kinds_of_one_name_hold_a_ticket_each() {
        let start = clock::now().mono;
        let queues = Queues::default();
        let budget = Budget::new(1, queues.clone(), start);
        let broadcast = Kind::Broadcast.seat(&key("a").key);
        assert!(budget.try_take(&key("first"), start));
        assert!(!budget.try_take(&broadcast, start));
        assert!(!budget.try_take(&key("a"), start));
        let later = start + token();
        budget.hand_out(later);
        assert_eq!(
            queues.broadcasts.clone().next().now_or_never().flatten(),
            Some(broadcast.key.clone())
        );
        assert_eq!(queues.streams.clone().next().now_or_never(), None);
        assert!(
            !budget.try_take(&key("a"), later),
            "it took the other kind's"
        );
        assert!(budget.try_take(&broadcast, later));
    }

    #[test]
    fn who_has_just_read_is_next() {
        let start = clock::now().mono;
        let budget = Budget::new(1, Queues::default(), start);
        for name in ["a", "b", "c"] {
            budget.try_take(&key(name), start);
        }
        budget.next(&key("a"));
        assert!(!budget.try_take(&key("a"), start));
        let later = start + token();
        budget.hand_out(later);
        assert!(!budget.try_take(&key("b"), later), "b overtook a");
        assert!(budget.try_take(&key("a"), later));
    }

    #[test]
    fn an_unused_reservation_comes_back() {
        let start = clock::now().mono;
        let budget = Budget::new(1, Queues::default(), start);
        assert!(budget.try_take(&key("a"), start));
        assert!(!budget.try_take(&key("gone"), start));
        assert!(!budget.try_take(&key("next"), start));
        let reserved = start + token();
        budget.hand_out(reserved);
        budget.hand_out(reserved + RESERVATION);
        assert!(budget.try_take(&key("next"), reserved + RESERVATION));
    }

    #[test]
    fn a_pause_holds_for_everybody() {
        let start = clock::now().mono;
        let budget = Budget::new(100, Queues::default(), start);
        budget.pause(None, start);
        assert!(!budget.try_take(&key("a"), start + Duration::from_secs(59)));
        assert_eq!(budget.paused_for(start), Some(DEFAULT_PAUSE));
        budget.hand_out(start + DEFAULT_PAUSE);
        assert!(budget.try_take(&key("a"), start + DEFAULT_PAUSE));
    }

    #[test]
    fn an_absurd_wait_is_bounded() {
        let start = clock::now().mono;
        let budget = Budget::new(100, Queues::default(), start);
        budget.pause(Some(Duration::from_secs(1_000_000_000)), start);
        assert_eq!(budget.paused_for(start), Some(LONGEST_PAUSE));
    }
}
