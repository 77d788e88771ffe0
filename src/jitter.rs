//! The one room that reads randomness. Everything else takes it as an argument.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

/// A number from 0 to 1, different at each call. It spreads retries; it guards nothing.
pub fn jitter() -> f64 {
    // The standard library seeds each RandomState anew.
    let bits = RandomState::new().build_hasher().finish() >> 32;
    f64::from(u32::try_from(bits).unwrap_or(0)) / f64::from(u32::MAX)
}

/// A word that no other process has. It names; it guards nothing.
pub fn word() -> String {
    format!("{:016x}", RandomState::new().build_hasher().finish())
}
