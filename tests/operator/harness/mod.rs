//! What every test starts with.

mod audit;
mod broadcasts;
mod control_plane;
mod history;
mod objects;
mod operator;
mod pace;
pub mod proxy;
mod world;

pub use self::{
    audit::Counts,
    control_plane::control_plane,
    objects::{condition, message, reason, status_of},
    operator::Operator,
    world::{CLIENT, KEY, World, is_ready},
};
