//! Who is to be looked at: a set, so that repeats merge and its size is bounded by the objects.

use std::{
    collections::HashSet,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

use futures::Stream;

use crate::object_key::{Kind, ObjectKey, Seat};

/// The sets of all kinds.
#[derive(Clone, Debug, Default)]
pub struct Queues {
    /// The LiveStreams.
    pub streams: Wakes,
    /// The Broadcasts.
    pub broadcasts: Wakes,
    /// The accounts.
    pub accounts: Wakes,
}

impl Queues {
    /// Asks for a pass over this object.
    pub fn wake(&self, seat: Seat) {
        match seat.kind {
            Kind::LiveStream => self.streams.wake(seat.key),
            Kind::Broadcast => self.broadcasts.wake(seat.key),
            Kind::StreamingAccount => self.accounts.wake(seat.key),
        }
    }
}

/// A set of objects to wake, and the stream that takes them out.
#[derive(Clone, Debug, Default)]
pub struct Wakes(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    waiting: HashSet<ObjectKey>,
    waker: Option<Waker>,
    closed: bool,
}

impl Wakes {
    /// Asks for a pass over this object.
    pub fn wake(&self, key: ObjectKey) {
        self.wake_all([key]);
    }

    /// Asks for a pass over each of these.
    pub fn wake_all(&self, keys: impl IntoIterator<Item = ObjectKey>) {
        let waker = {
            let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            inner.waiting.extend(keys);
            inner.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Whether the stream has ended.
    pub fn is_closed(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).closed
    }

    /// Ends the stream: no further pass begins.
    pub fn close(&self) {
        let waker = {
            let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            inner.closed = true;
            inner.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Stream for Wakes {
    type Item = ObjectKey;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<ObjectKey>> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.closed {
            return Poll::Ready(None);
        }
        // Any one will do: the order in which passes begin is not promised to anybody.
        let next = inner.waiting.iter().next().cloned();
        if let Some(key) = next {
            inner.waiting.remove(&key);
            return Poll::Ready(Some(key));
        }
        inner.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt as _, StreamExt as _};

    use super::*;

    #[test]
    fn repeats_merge_and_closing_ends_it() {
        let mut wakes = Wakes::default();
        wakes.wake(ObjectKey::new("a", "b"));
        wakes.wake(ObjectKey::new("a", "b"));
        assert_eq!(
            wakes.next().now_or_never(),
            Some(Some(ObjectKey::new("a", "b")))
        );
        assert_eq!(wakes.next().now_or_never(), None);
        wakes.wake(ObjectKey::new("a", "b"));
        wakes.close();
        assert_eq!(wakes.next().now_or_never(), Some(None));
    }
}
