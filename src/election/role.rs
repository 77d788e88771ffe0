//! What this process is at the moment.

use std::net::SocketAddr;

use tokio::sync::watch;

/// Whether it acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It acts.
    Leads,
    /// Another acts, or nobody yet; the leader receives webhooks there, if it said so.
    StandsBy(Option<SocketAddr>),
}

/// Who wants to know looks here.
pub type Roles = watch::Receiver<Role>;
