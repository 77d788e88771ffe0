//! What every test starts with.

mod control_plane;
mod objects;
mod operator;
mod world;

pub use self::{
    control_plane::{ControlPlane, control_plane},
    objects::{condition, message, reason, status_of},
    operator::Operator,
    world::{CLIENT, KEY, World},
};
