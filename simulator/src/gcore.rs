//! Gcore's streaming API as its documents describe it, and everything to steer it from a test.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use serde_json::json;
//! use simulator::faults::{Action, Fault};
//! use simulator::gcore::{Options, Simulator};
//!
//! let sim = Simulator::start(Options::default()).await?;
//! sim.add_key("key", 1001);
//! let id = sim.create(1001, json!({"name": "keynote", "active": true}))?;
//! sim.set_live(id, true)?;
//! sim.fault(Fault::new(Action::CutAfterApply).method("PATCH").id(id));
//! assert_eq!(sim.count("POST", "/streaming/streams"), 0);
//! # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
//! ```

mod api;
mod auth;
mod behaviour;
mod broadcast;
mod broadcasts;
mod by_hand;
mod control;
mod encoder;
mod errors;
mod fields;
mod links;
mod paging;
mod quota;
mod recorder;
mod recordings;
mod shelf;
mod sim_routes;
mod sim_routes_by_hand;
mod stream;
mod streams;
mod video;
mod videos;
mod webhooks;
mod world;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

pub use auth::{KeyView, Role};
pub use behaviour::{
    Behaviour, BroadcastAnswer, Canned, NothingStopped, QuotaRefusal, Spoilt, SpoiltItem,
    StartErrors, UnknownIds,
};
pub use control::{ClientView, Control, KeyChange, WorldError};
pub use encoder::{Encoder, Protocol, Refused};
pub use recordings::Storage;
pub use video::{Fate, VideoStatus};

use tokio::task::JoinHandle;

pub use crate::lists::{ListOrder, PageShift, Shift};
use crate::outbox;
use crate::server::Server;

/// How a simulator starts.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it listens; port 0: any free one.
    pub listen: SocketAddr,
    /// Keys that are good from the start, each with its client.
    pub keys: Vec<(String, u64)>,
    /// How many of the provider's seconds pass in a real one.
    pub speed: u32,
    /// How it behaves towards every client, until told otherwise for one.
    pub behaviour: Behaviour,
    /// So many calls, and so many webhooks, are kept in the journals. (Counts are kept for ever.)
    pub journal: usize,
    /// A webhook that has not been answered after this real time has failed.
    pub webhook_patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            keys: Vec::new(),
            speed: 1,
            behaviour: Behaviour::default(),
            journal: 100_000,
            webhook_patience: Duration::from_secs(5),
        }
    }
}

/// A running simulator: a [`Control`] and the server before it. Dropped: it stops.
#[derive(Debug)]
pub struct Simulator {
    control: Control,
    server: Server,
    /// What goes on without a call: time, and webhooks.
    tasks: [JoinHandle<()>; 2],
}

impl Drop for Simulator {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Simulator {
    /// Starts it on the current runtime; when this returns it can be called.
    pub async fn start(options: Options) -> io::Result<Self> {
        let (control, queue) = Control::new(&options);
        for (key, client) in &options.keys {
            control.add_key(key, *client);
        }
        let router = sim_routes::router(control.clone());
        let server = Server::start(options.listen, router, Arc::clone(&control.gate)).await?;
        let tasks = [
            tokio::spawn(control.clone().tick()),
            tokio::spawn(outbox::deliver(Arc::clone(&control.outbox), queue)),
        ];
        Ok(Self {
            control,
            server,
            tasks,
        })
    }

    /// The base URL, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// A handle on it that can be cloned and kept; it does not keep the server running.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Stops it; when this returns the port is free.
    pub async fn stop(mut self) {
        self.server.stop().await;
    }
}

impl Deref for Simulator {
    type Target = Control;

    fn deref(&self) -> &Control {
        &self.control
    }
}
