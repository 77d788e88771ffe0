//! Streaming providers as their documents describe them, to run a client against over real HTTP.
//!
//! [`gcore`] is Gcore's streaming API. The other modules know no provider: the clock, what was
//! called, the faults that can be put in the way, and a server that can cut a connection.

mod bodies;
pub mod clock;
pub mod counters;
pub mod faults;
mod front;
pub mod gcore;
mod limit;
mod lock;
mod outbox;
mod server;
pub mod weather;

pub use outbox::{Delivery, Webhook};
pub use server::{Connections, Outage};
