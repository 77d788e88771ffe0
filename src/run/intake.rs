//! How many objects the runtime has in hand at once.

use std::{
    collections::HashSet,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

use futures::{Stream, StreamExt as _};

use crate::{object_key::ObjectKey, wake::Wakes};

/// Takes objects out of the wakes only as fast as passes end. Who is in the runtime's hands has a place
/// in its scheduler, which is six times as large as one in the wakes and is never given back.
#[derive(Clone, Debug)]
pub(super) struct Intake {
    wakes: Wakes,
    most: usize,
    hands: Arc<Mutex<Hands>>,
}

#[derive(Debug, Default)]
struct Hands {
    holding: HashSet<ObjectKey>,
    waker: Option<Waker>,
}

impl Intake {
    pub(super) fn new(wakes: Wakes, most: usize) -> Self {
        Self {
            wakes,
            most,
            hands: Arc::default(),
        }
    }

    /// A pass over this object has ended, or there was none because the object is gone.
    pub(super) fn ended(&self, key: &ObjectKey) {
        let waker = {
            let mut hands = self.hands.lock().unwrap_or_else(PoisonError::into_inner);
            hands.holding.remove(key);
            hands.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Stream for Intake {
    type Item = ObjectKey;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<ObjectKey>> {
        {
            let mut hands = self.hands.lock().unwrap_or_else(PoisonError::into_inner);
            // Closed wakes end it even so: the runtime then finishes what it has.
            if hands.holding.len() >= self.most && !self.wakes.is_closed() {
                hands.waker = Some(cx.waker().clone());
                return Poll::Pending;
            }
        }
        let next = self.wakes.poll_next_unpin(cx);
        if let Poll::Ready(Some(key)) = &next {
            let mut hands = self.hands.lock().unwrap_or_else(PoisonError::into_inner);
            hands.holding.insert(key.clone());
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn key(name: &str) -> ObjectKey {
        ObjectKey::new("ns", name)
    }

    #[test]
    fn no_more_are_taken_than_passes_end() {
        let wakes = Wakes::default();
        let mut intake = Intake::new(wakes.clone(), 2);
        wakes.wake_all(["a", "b", "c"].map(key));
        let first = intake.next().now_or_never().flatten().unwrap();
        let second = intake.next().now_or_never().flatten().unwrap();
        assert_eq!(intake.next().now_or_never(), None);
        // Who is in hand already and is woken again takes no second place.
        wakes.wake(first.clone());
        intake.ended(&second);
        let mut rest = [
            intake.next().now_or_never().flatten(),
            intake.next().now_or_never().flatten(),
        ];
        rest.sort();
        let third = rest.iter().flatten().find(|key| **key != first).unwrap();
        assert!(*third != second);
    }

    #[test]
    fn closed_wakes_end_it_though_hands_are_full() {
        let wakes = Wakes::default();
        let mut intake = Intake::new(wakes.clone(), 1);
        wakes.wake_all(["a", "b"].map(key));
        assert!(intake.next().now_or_never().flatten().is_some());
        assert_eq!(intake.next().now_or_never(), None);
        wakes.close();
        assert_eq!(intake.next().now_or_never(), Some(None));
    }
}
