//! What every test starts with.

mod audit;
mod broadcasts;
mod control_plane;
mod front;
mod history;
mod objects;
mod operator;
mod world;

pub use self::{
    audit::Counts,
    control_plane::control_plane,
    front::{Front, Reply},
    objects::{condition, message, reason, status_of},
    operator::Operator,
    world::{CLIENT, KEY, World, is_ready},
};
