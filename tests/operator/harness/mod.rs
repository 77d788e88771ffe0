//! What every test starts with.

mod audit;
mod broadcasts;
mod control_plane;
mod documented;
mod front;
mod history;
pub mod live_station;
mod objects;
mod operator;
mod pace;
#[allow(
    dead_code,
    unused_imports,
    reason = "one half is for the campaign, the other for tests of views"
)]
pub mod proxy;
mod rights;
mod tour;
mod world;

#[allow(unused_imports, reason = "for tests with a control plane of their own")]
pub use self::control_plane::{ControlPlane, start};
pub use self::{
    audit::Counts,
    control_plane::control_plane,
    front::{Front, Reply},
    objects::{condition, message, reason, status_of},
    operator::{Operator, program},
    rights::{Right, is_rare, rights},
    world::{CLIENT, KEY, World, is_ready},
};
