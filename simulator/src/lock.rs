//! A mutex that a panic elsewhere does not close.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The simulators hold no invariant across a panic that is worth a second one.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
