//! Streaming providers as their documents describe them, to run a client against over real HTTP.
//!
//! [`gcore`] is Gcore's streaming API, [`live_station`] NAVER Cloud Platform's Live Station. The other
//! modules know no provider: the clock, what was called, the faults that can be put in the way, and a
//! server that can cut a connection. [`Desk`] is what they have in common for whoever steers them.

mod agenda;
mod bodies;
pub mod clock;
pub mod counters;
mod desk;
pub mod faults;
mod front;
pub mod gcore;
mod limit;
mod lists;
pub mod live_station;
mod lock;
mod outbox;
mod scatter;
mod server;
mod sim_routes;
pub mod weather;

pub use desk::Desk;
pub use lists::{ListOrder, PageShift, Shift};
pub use outbox::{Delivery, Webhook};
pub use server::{Connections, Outage};
