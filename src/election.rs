//! Which of several processes acts: the one that holds a Lease.
//!
//! A Lease gives no mutual exclusion by itself: a process that is paused wakes up and still believes.
//! So its holder counts how long the Lease is its own from before each renewal was sent, on the clock
//! that never steps, and no changing call leaves that could outlast that ([`Fence`]). What a pause between
//! that question and the call lets through, the owner marks and the writes before each creation keep
//! harmless: two that act at once make nothing twice.

mod candidate;
mod notice;
mod role;
mod sighting;
mod tenure;

pub use self::{
    candidate::{Candidate, Lost, Office},
    role::{Role, Roles},
    tenure::{Fence, Tenure},
};
