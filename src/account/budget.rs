//! The calls that a client of a provider may make: one token bucket, the queue before it, the
//! breaker that keeps everybody back while the provider does not answer, and the window through which
//! each call leaves, so that no second sees more of them than the rate.
//!
//! A pass that gets no token leaves a ticket and returns, so it holds no worker. When a token is
//! there, it is reserved for who is next and its object is woken; a reservation that is not used comes
//! back. Tasks that are nobody's pass (walks, the reads between them) wait in the same queue.

mod breaker;
mod bucket;
mod class;
mod queue;
mod window;

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::{Notify, oneshot};

pub use self::class::Class;
use self::{
    breaker::Breaker,
    bucket::Bucket,
    queue::{Queue, Ticket},
    window::Window,
};
use crate::{
    clock,
    election::Fence,
    jitter::jitter,
    object_key::Seat,
    provider::{Call, Overseer, ProviderError},
    wake::Queues,
};

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
    turned: Notify,
    queues: Queues,
    /// Whose turn it is to leave. Calls wait for it in the order in which they came.
    turn: tokio::sync::Mutex<()>,
    /// Keeps changes back while another process may lead.
    fence: Fence,
}

#[derive(Debug)]
struct State {
    bucket: Bucket,
    window: Window,
    breaker: Breaker,
    queue: Queue,
    reserved: HashMap<Seat, Instant>,
    /// The accounts of this client have one key among them.
    one_key: bool,
}

/// What waits in one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// What it waits for.
    pub class: Class,
    /// How many wait, tasks among them.
    pub count: usize,
    /// How many of them are objects.
    pub objects: usize,
    /// How long the one has waited that has waited longest.
    pub oldest: Duration,
}

impl State {
    /// Whether everybody but a probe is kept back.
    fn is_held(&self) -> bool {
        self.bucket.paused.is_some() || self.breaker.is_open()
    }

    /// That the provider wants no calls now, if so.
    fn paused(&mut self, now: Instant) -> Option<ProviderError> {
        self.bucket.count(now);
        let retry_after = self.bucket.paused?.saturating_duration_since(now);
        Some(ProviderError::RateLimited {
            retry_after: Some(retry_after),
        })
    }

    fn reserve(&mut self, seat: Seat, now: Instant, queues: &Queues) {
        self.reserved.insert(seat.clone(), now + RESERVATION);
        queues.wake(seat);
    }
}

impl Budget {
    /// A budget of so many calls a second. `probe` is the first wait before a provider that does not
    /// answer is tried again; `fence` keeps changes back while another process may lead.
    pub fn new(
        per_second: u32,
        probe: Duration,
        queues: Queues,
        fence: Fence,
        now: Instant,
    ) -> Self {
        let state = State {
            bucket: Bucket::new(per_second, now),
            window: Window::new(per_second),
            breaker: Breaker::new(probe),
            queue: Queue::default(),
            reserved: HashMap::new(),
            one_key: true,
        };
        Self {
            state: Mutex::new(state),
            changed: Notify::new(),
            turned: Notify::new(),
            queues,
            turn: tokio::sync::Mutex::default(),
            fence,
        }
    }

    /// Changes the rate, and how many keys call; what waits goes on waiting.
    pub fn share(&self, per_second: u32, keys: usize, now: Instant) {
        let mut state = self.lock();
        state.one_key = keys <= 1;
        state.window.at_rate(per_second);
        let fresh = state.bucket.at_rate(per_second, now);
        if (state.bucket.rate - fresh.rate).abs() > f64::EPSILON {
            state.bucket = fresh;
            drop(state);
            self.changed.notify_one();
        }
    }

    /// One call for this object's pass now; `false` means that a ticket is filed, and that the
    /// object is woken when a call is reserved for it.
    pub fn try_take(&self, seat: &Seat, class: Class, now: Instant) -> bool {
        let mut state = self.lock();
        state.bucket.count(now);
        if state.reserved.remove(seat).is_some() {
            // What came after the reservation holds for it too.
            if !state.is_held() {
                return true;
            }
            state.bucket.give_back();
        }
        if state.queue.is_empty() && !state.breaker.is_open() && state.bucket.take(now) {
            return true;
        }
        if state.queue.file(seat, class, now) {
            drop(state);
            self.changed.notify_one();
        }
        false
    }

    /// One call that tries a key, for an account's pass. It need not wait for a provider that does not
    /// answer: that may be the old key's fault.
    pub fn try_key(&self, seat: &Seat, now: Instant) -> bool {
        let mut state = self.lock();
        state.bucket.count(now);
        if state.reserved.remove(seat).is_some() {
            if state.bucket.paused.is_none() {
                return true;
            }
            state.bucket.give_back();
        }
        let free = state.queue.is_empty() || state.breaker.is_open();
        if free && state.bucket.take(now) {
            state.queue.forget(seat);
            return true;
        }
        if state.queue.file(seat, Class::Change, now) {
            drop(state);
            self.changed.notify_one();
        }
        false
    }

    /// A call was made before this budget was there to be asked.
    pub fn charge(&self, now: Instant) {
        let mut state = self.lock();
        state.bucket.charge(now);
        state.window.count(now);
    }

    /// The next call of its class is for this object: what it has just read would be old at the end of
    /// the queue, and read again and again.
    pub fn next(&self, seat: &Seat, class: Class, now: Instant) {
        let mut state = self.lock();
        if state.reserved.contains_key(seat) || state.queue.is_empty() {
            return;
        }
        state.queue.file_first(seat, class, now);
        drop(state);
        self.changed.notify_one();
    }

    /// One call for a task; waits in the queue.
    pub async fn take(&self, class: Class, now: Instant) {
        self.queue(class, false, now).await;
    }

    /// The same for a task that is the one to find out whether the provider answers again.
    pub async fn take_to_probe(&self, class: Class, now: Instant) {
        self.queue(class, true, now).await;
    }

    async fn queue(&self, class: Class, probes: bool, now: Instant) {
        let granted = {
            let mut state = self.lock();
            if state.queue.is_empty() && !state.breaker.is_open() && state.bucket.take(now) {
                return;
            }
            let (sender, receiver) = oneshot::channel();
            state.queue.file_task(class, probes, sender, now);
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

    /// Why nobody may call now, apart from the rate: the provider does not answer, or wants fewer
    /// calls.
    pub fn trouble(&self, now: Instant) -> Option<ProviderError> {
        let mut state = self.lock();
        let paused = state.paused(now);
        state.breaker.trouble().cloned().or(paused)
    }

    /// What the last probe was told, while the provider does not answer.
    pub fn unanswered(&self) -> Option<ProviderError> {
        self.lock().breaker.trouble().cloned()
    }

    /// Returns when the provider ceased to answer or began to, since the last call.
    pub async fn turned(&self) {
        self.turned.notified().await;
    }

    /// The provider answers: whoever waits is served, as fast as the rate allows.
    pub fn answered(&self) {
        let closed = self.lock().breaker.answered();
        if closed {
            self.turn();
        }
    }

    fn failed(&self, error: &ProviderError, now: Instant) {
        let opened = self.lock().breaker.failed(error, now, jitter());
        if opened {
            self.turn();
        } else {
            self.changed.notify_one();
        }
    }

    fn turn(&self) {
        self.changed.notify_one();
        self.turned.notify_one();
    }

    /// What waits, by class.
    pub fn waiting(&self, now: Instant) -> [Waiting; 4] {
        let state = self.lock();
        Class::ALL.map(|class| Waiting {
            class,
            count: state.queue.count(class),
            objects: state.queue.objects(class),
            oldest: state
                .queue
                .oldest(class)
                .map_or(Duration::ZERO, |since| now.saturating_duration_since(since)),
        })
    }

    /// Whether objects wait for a change or a creation.
    pub fn is_crowded(&self) -> bool {
        let state = self.lock();
        let objects = |class| state.queue.objects(class);
        objects(Class::Change) + objects(Class::Create) > 0
    }

    /// Forgets an object that is gone.
    pub fn forget(&self, seat: &Seat) {
        let mut state = self.lock();
        state.queue.forget(seat);
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
        let more = if state.breaker.is_open() {
            self.hand_out_probes(state, now)
        } else {
            while !state.queue.is_empty() && state.bucket.take(now) {
                match state.queue.pop() {
                    Some(Ticket::Object(seat)) => state.reserve(seat, now, &self.queues),
                    Some(Ticket::Task { granted, .. }) => {
                        if granted.send(()).is_err() {
                            state.bucket.give_back();
                        }
                    }
                    None => state.bucket.give_back(),
                }
            }
            (!state.queue.is_empty()).then(|| state.bucket.wait(now))
        };
        let reservation = state
            .reserved
            .values()
            .min()
            .map(|until| until.saturating_duration_since(now));
        [more, reservation].into_iter().flatten().min()
    }

    /// The same while the provider does not answer: keys are tried, and now and then one call of a walk.
    fn hand_out_probes(&self, state: &mut State, now: Instant) -> Option<Duration> {
        while state.queue.any(Ticket::is_trial) && state.bucket.take(now) {
            if let Some(Ticket::Object(seat)) = state.queue.pop_where(Ticket::is_trial) {
                state.reserve(seat, now, &self.queues);
            }
        }
        while state.queue.any(Ticket::is_probe)
            && state.breaker.wait(now) == Some(Duration::ZERO)
            && state.bucket.take(now)
        {
            // One who waits no more leaves the probe to the next.
            let sent = match state.queue.pop_where(Ticket::is_probe) {
                Some(Ticket::Task { granted, .. }) => granted.send(()).is_ok(),
                Some(Ticket::Object(_)) | None => false,
            };
            if sent {
                state.breaker.probe(now);
            } else {
                state.bucket.give_back();
            }
        }
        let token = state.bucket.wait(now);
        let trial = state.queue.any(Ticket::is_trial).then_some(token);
        let probes = state.queue.any(Ticket::is_probe);
        let probe = state.breaker.wait(now).filter(|_| probes);
        let probe = probe.map(|probe| probe.max(token));
        [trial, probe].into_iter().flatten().min()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Overseer for Budget {
    /// A repeat waits for nobody and overtakes nobody: where there is no token to spare, the call has
    /// failed, and what made it comes again in its turn.
    fn may_repeat(&self) -> bool {
        let mut state = self.lock();
        !state.breaker.is_open() && state.queue.is_empty() && state.bucket.take(clock::now().mono)
    }

    fn leave(&self, reads: bool) -> Call<'_, u64> {
        Box::pin(async move {
            let mut fence = self.fence.clone();
            let mut turn = self.turn.lock().await;
            loop {
                let now = clock::now().mono;
                // Last of all, so that no wait lies between this and the call. Who waits here lets the
                // others leave; where the Lease is lost, it waits until the process has ended.
                if !reads && !fence.is_open(now) {
                    drop(turn);
                    fence.moved().await;
                    turn = self.turn.lock().await;
                    continue;
                }
                let left = {
                    let mut state = self.lock();
                    if let Some(paused) = state.paused(now) {
                        return Err(paused);
                    }
                    let left = state.window.leave(now);
                    if let Err(wait) = left {
                        state.bucket.delay(wait);
                    }
                    left
                };
                match left {
                    Ok(number) => {
                        drop(turn);
                        return Ok(number);
                    }
                    Err(wait) => tokio::time::sleep(wait).await,
                }
            }
        })
    }

    fn arrived(&self, number: u64) {
        let now = clock::now().mono;
        self.lock().window.arrived(number, now);
    }

    fn ended(&self, reads: bool, error: Option<&ProviderError>) {
        let now = clock::now().mono;
        let one_key = self.lock().one_key;
        match error {
            // A change may be refused so for what it asks; and where there are several keys, others may
            // be good.
            Some(ProviderError::Unauthorized { status, .. })
                if !one_key || (*status == 403 && !reads) => {}
            Some(
                error @ (ProviderError::Unavailable { .. } | ProviderError::Unauthorized { .. }),
            ) => self.failed(error, now),
            Some(
                ProviderError::RateLimited { .. }
                | ProviderError::Refused { .. }
                | ProviderError::Garbled { .. },
            )
            | None => self.answered(),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt as _, StreamExt as _};

    use super::*;
    use crate::{
        clock,
        election::Tenure,
        object_key::{Kind, ObjectKey},
    };

    /// Until the next token, at one a second.
    fn token() -> Duration {
        Duration::from_secs_f64(1.0 / bucket::MARGIN)
    }

    const PROBE: Duration = Duration::from_secs(1);

    fn unshared() -> Fence {
        Tenure::unshared().fence(Duration::from_secs(20))
    }

    fn budget(per_second: u32, now: Instant) -> Budget {
        Budget::new(per_second, PROBE, Queues::default(), unshared(), now)
    }

    fn paused_for(budget: &Budget, now: Instant) -> Option<Duration> {
        let trouble = budget.trouble(now)?;
        let ProviderError::RateLimited { retry_after } = trouble else {
            panic!("{trouble}");
        };
        retry_after
    }

    fn key(name: &str) -> Seat {
        Kind::LiveStream.seat(&ObjectKey::new("ns", name))
    }

    #[test]
    fn who_waits_is_served_in_order_and_woken() {
        let start = clock::now().mono;
        let queues = Queues::default();
        let budget = Budget::new(1, PROBE, queues.clone(), unshared(), start);
        assert!(budget.try_take(&key("a"), Class::Create, start));
        assert!(!budget.try_take(&key("b"), Class::Create, start));
        assert!(!budget.try_take(&key("c"), Class::Create, start));
        assert!(
            !budget.try_take(&key("b"), Class::Create, start),
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
        assert!(
            !budget.try_take(&key("d"), Class::Create, start + wait),
            "d overtook c"
        );
        assert!(
            budget.try_take(&key("b"), Class::Create, start + wait),
            "the reservation was not kept"
        );
    }

    #[tokio::test]
    async fn no_call_leaves_in_a_pause_nor_above_the_rate() {
        let start = clock::now().mono;
        let budget = budget(2, start);
        let first = budget.leave(true).await.unwrap();
        budget.leave(true).await.unwrap();
        assert!(budget.leave(true).now_or_never().is_none());
        budget.arrived(first);
        budget.leave(true).await.unwrap();
        assert!(clock::now().mono >= start + Duration::from_secs(1));
        budget.pause(None, clock::now().mono);
        let refused = budget.leave(true).await.unwrap_err();
        assert!(refused.refused_for_certain(), "{refused}");
    }

    #[test]
    fn two_kinds_of_one_name_hold_a_ticket_each() {
        let start = clock::now().mono;
        let queues = Queues::default();
        let budget = Budget::new(1, PROBE, queues.clone(), unshared(), start);
        let broadcast = Kind::Broadcast.seat(&key("a").key);
        assert!(budget.try_take(&key("first"), Class::Create, start));
        assert!(!budget.try_take(&broadcast, Class::Create, start));
        assert!(!budget.try_take(&key("a"), Class::Create, start));
        let later = start + token();
        budget.hand_out(later);
        assert_eq!(
            queues.broadcasts.clone().next().now_or_never().flatten(),
            Some(broadcast.key.clone())
        );
        assert_eq!(queues.streams.clone().next().now_or_never(), None);
        assert!(
            !budget.try_take(&key("a"), Class::Create, later),
            "it took the other kind's"
        );
        assert!(budget.try_take(&broadcast, Class::Create, later));
    }

    #[test]
    fn who_has_just_read_is_next() {
        let start = clock::now().mono;
        let budget = budget(1, start);
        for name in ["a", "b", "c"] {
            budget.try_take(&key(name), Class::Create, start);
        }
        budget.next(&key("a"), Class::Create, start);
        assert!(!budget.try_take(&key("a"), Class::Create, start));
        let later = start + token();
        budget.hand_out(later);
        assert!(
            !budget.try_take(&key("b"), Class::Create, later),
            "b overtook a"
        );
        assert!(budget.try_take(&key("a"), Class::Create, later));
    }

    #[test]
    fn an_unused_reservation_comes_back() {
        let start = clock::now().mono;
        let budget = budget(1, start);
        assert!(budget.try_take(&key("a"), Class::Create, start));
        assert!(!budget.try_take(&key("gone"), Class::Create, start));
        assert!(!budget.try_take(&key("next"), Class::Create, start));
        let reserved = start + token();
        budget.hand_out(reserved);
        budget.hand_out(reserved + RESERVATION);
        assert!(budget.try_take(&key("next"), Class::Create, reserved + RESERVATION));
    }

    #[test]
    fn a_pause_holds_for_everybody() {
        let start = clock::now().mono;
        let budget = budget(100, start);
        budget.pause(None, start);
        assert!(!budget.try_take(&key("a"), Class::Create, start + Duration::from_secs(59)));
        assert_eq!(paused_for(&budget, start), Some(DEFAULT_PAUSE));
        budget.hand_out(start + DEFAULT_PAUSE);
        assert!(budget.try_take(&key("a"), Class::Create, start + DEFAULT_PAUSE));
    }

    fn down() -> ProviderError {
        ProviderError::Unavailable {
            what: "503".to_owned(),
        }
    }

    /// A budget whose provider has just ceased to answer.
    fn opened(queues: &Queues, now: Instant) -> Budget {
        let budget = Budget::new(100, PROBE, queues.clone(), unshared(), now);
        (0..5).for_each(|_| budget.failed(&down(), now));
        assert_eq!(budget.unanswered(), Some(down()));
        budget
    }

    #[test]
    fn while_the_provider_does_not_answer_one_walk_probes_and_nobody_else_calls() {
        let start = clock::now().mono;
        let budget = opened(&Queues::default(), start);
        assert!(budget.turned().now_or_never().is_some());
        assert!(!budget.try_take(&key("a"), Class::Live, start));
        let mut reader = Box::pin(budget.take(Class::Live, start));
        let mut walks = [0, 1].map(|_| Box::pin(budget.take_to_probe(Class::Walk, start)));
        let mut granted = |now| {
            budget.hand_out(now);
            assert_eq!(
                (&mut reader).now_or_never(),
                None,
                "a read between the walks"
            );
            walks
                .iter_mut()
                .filter_map(futures::FutureExt::now_or_never)
                .count()
        };
        // The tickets are filed when they are first waited for.
        assert_eq!(granted(start), 0);
        assert_eq!(granted(start + PROBE / 2), 0);
        assert_eq!(granted(start + PROBE * 2), 1, "one probe at a time");
    }

    #[test]
    fn a_key_is_tried_at_once_but_not_in_a_pause() {
        let start = clock::now().mono;
        let budget = opened(&Queues::default(), start);
        let account = Kind::StreamingAccount.seat(&ObjectKey::new("ns", "default"));
        assert!(!budget.try_take(&key("a"), Class::Live, start));
        assert!(budget.try_key(&account, start));
        budget.pause(None, start);
        assert!(!budget.try_key(&account, start));
        budget.hand_out(start + DEFAULT_PAUSE);
        assert!(budget.try_key(&account, start + DEFAULT_PAUSE));
    }

    #[test]
    fn when_the_provider_answers_again_who_waits_is_served_at_the_rate() {
        let start = clock::now().mono;
        let queues = Queues::default();
        let budget = opened(&queues, start);
        for i in 0..1000 {
            assert!(!budget.try_take(&key(&i.to_string()), Class::Create, start));
        }
        let later = start + Duration::from_secs(60);
        budget.hand_out(later);
        assert_eq!(budget.waiting(later)[2].count, 1000);
        assert_eq!(budget.waiting(later)[2].oldest, Duration::from_secs(60));
        budget.answered();
        budget.hand_out(later);
        assert_eq!(
            budget.waiting(later)[2].count,
            995,
            "a burst of five at 100 a second"
        );
    }

    #[test]
    fn a_refusal_of_a_change_and_one_of_several_keys_are_no_outage() {
        let start = clock::now().mono;
        let refused = |status| ProviderError::Unauthorized {
            status,
            message: String::new(),
        };
        let opens = |keys, reads, status| {
            let budget = budget(100, start);
            budget.share(100, keys, start);
            (0..5).for_each(|_| budget.ended(reads, Some(&refused(status))));
            budget.unanswered().is_some()
        };
        assert!(opens(1, true, 401) && opens(1, false, 401) && opens(1, true, 403));
        assert!(!opens(1, false, 403) && !opens(2, true, 401));
    }

    #[test]
    fn a_repeat_takes_what_is_to_spare_and_nothing_else() {
        let start = clock::now().mono;
        let budget = Budget::new(1000, PROBE, Queues::default(), unshared(), start);
        assert!(budget.may_repeat());
        budget.pause(None, clock::now().mono);
        assert!(!budget.may_repeat());
        let budget = opened(&Queues::default(), start);
        assert!(!budget.may_repeat());
        budget.answered();
        assert!(budget.may_repeat());
        budget.next(&key("a"), Class::Change, start);
        budget.pause(None, start);
        budget.try_take(&key("a"), Class::Change, start);
        assert!(!budget.may_repeat());
    }

    #[test]
    fn an_absurd_wait_is_bounded() {
        let start = clock::now().mono;
        let budget = budget(100, start);
        budget.pause(Some(Duration::from_secs(1_000_000_000)), start);
        assert_eq!(paused_for(&budget, start), Some(LONGEST_PAUSE));
    }
}
