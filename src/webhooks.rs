//! The webhook receiver: `POST /webhooks/<token>` on a port of its own.
//!
//! A webhook is unsigned and sent once, so it is a hint and never a fact: what it names is read again,
//! and everything works without it, only slower. The token in the path says which account it is for;
//! nothing that is received is kept, logged or answered in detail.

mod bucket;
mod connections;
mod doors;
mod ledger;
mod relay;
mod request;
mod server;
mod sources;
mod token;

pub use self::{
    doors::{Doors, Knock},
    ledger::{Ledger, Standing, State},
    server::serve,
    sources::{Sources, range},
    token::{Digest, Token, hex},
};

/// What the receiver and the passes over accounts share.
#[derive(Debug, Default)]
pub struct Webhooks {
    /// Which tokens are accepted.
    pub doors: Doors,
    /// What is known of the Secrets that hold them.
    pub ledger: Ledger,
}
