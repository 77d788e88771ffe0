//! What every test starts with.

mod audit;
mod broadcasts;
mod control_plane;
mod documented;
mod front;
mod history;
mod objects;
mod operator;
mod pace;
#[allow(
    dead_code,
    unused_imports,
    reason = "one half is for the campaign, the other for tests of views"
)]
pub mod proxy;
mod world;

pub use self::{
    audit::Counts,
    control_plane::control_plane,
    front::{Front, Reply},
    objects::{condition, message, reason, status_of},
    operator::{Operator, program},
    world::{CLIENT, KEY, World, is_ready},
};
