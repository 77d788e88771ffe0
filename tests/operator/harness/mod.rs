//! What every test starts with.

mod control_plane;
mod history;
mod objects;
mod operator;
mod world;

pub use self::{
    control_plane::{ControlPlane, control_plane},
    history::History,
    objects::{condition, message, reason, status_of},
    operator::Operator,
    world::{CLIENT, KEY, World},
};
