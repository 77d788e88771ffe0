//! The server: accepts, hands to a router, cuts a connection where a response asks for it, and goes
//! away on demand.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::bodies::Cut;
use crate::clock::{Clock, Moment};

/// How the whole provider is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Outage {
    /// Nobody listens: open connections are dropped and new ones refused, those to `/_sim/` too.
    Refuse,
    /// Every call's connection is closed without an answer.
    Cut,
    /// Every call is answered with this status and a gateway's page.
    Status {
        /// The status.
        status: u16,
    },
}

/// Connections so far: for clients that should keep them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Connections {
    /// How many were ever accepted.
    pub accepted: u64,
    /// How many are open now.
    pub open: u64,
}

/// An outage, and when it is over by the provider's clock.
#[derive(Clone, Copy, Debug)]
struct Down {
    outage: Outage,
    until: Option<Moment>,
}

/// What the server and the calls' handler share: whether the provider is up.
#[derive(Debug)]
pub(crate) struct Gate {
    outage: watch::Sender<Option<Down>>,
    clock: Arc<Clock>,
    accepted: AtomicU64,
    closed: AtomicU64,
}

impl Gate {
    pub(crate) fn new(clock: Arc<Clock>) -> Self {
        Self {
            outage: watch::Sender::new(None),
            clock,
            accepted: AtomicU64::new(0),
            closed: AtomicU64::new(0),
        }
    }

    pub(crate) fn outage(&self) -> Option<Outage> {
        let down = (*self.outage.borrow())?;
        let over = down.until.is_some_and(|until| until <= self.clock.now());
        (!over).then_some(down.outage)
    }

    pub(crate) fn set_outage(&self, outage: Option<Outage>) {
        let down = outage.map(|outage| Down {
            outage,
            until: None,
        });
        self.outage.send_replace(down);
    }

    /// Begins an outage that is over when so much time has passed: on the provider's clock, but for
    /// [`Outage::Refuse`], whose end has to come by itself.
    pub(crate) fn set_outage_for(self: &Arc<Self>, outage: Outage, length: Duration) {
        if outage == Outage::Refuse {
            self.set_outage(Some(outage));
            self.lift_after(length);
            return;
        }
        let until = Some(self.clock.now().plus(length.as_secs_f64()));
        self.outage.send_replace(Some(Down { outage, until }));
    }

    /// Ends this outage after a real time, unless another state has been set meanwhile.
    fn lift_after(self: &Arc<Self>, length: Duration) {
        let gate = Arc::clone(self);
        let mut changes = self.outage.subscribe();
        tokio::spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(length) => gate.set_outage(None),
                _ = changes.changed() => {}
            }
        });
    }

    pub(crate) fn connections(&self) -> Connections {
        let closed = self.closed.load(Ordering::SeqCst);
        let accepted = self.accepted.load(Ordering::SeqCst);
        Connections {
            accepted,
            open: accepted.saturating_sub(closed),
        }
    }
}

/// Who is at the other end, for handlers that care.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Put into a response's extensions: do not send it, close the connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CutHere;

/// A response that is never sent.
pub(crate) fn cut() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(CutHere);
    response
}

/// A running server. Dropped: it stops, with all its connections.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(
        listen: SocketAddr,
        router: Router,
        gate: Arc<Gate>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(accept(listener, address, router, gate));
        Ok(Self { address, task })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops, and returns when the port is free.
    pub(crate) async fn stop(&mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, address: SocketAddr, router: Router, gate: Arc<Gate>) {
    let mut outage = gate.outage.subscribe();
    let mut listener = Some(listener);
    let mut open = JoinSet::new();
    loop {
        if gate.outage() == Some(Outage::Refuse) {
            listener = None;
            open.shutdown().await;
            if outage.changed().await.is_err() {
                return;
            }
            continue;
        }
        let Some(socket) = &listener else {
            listener = bind_again(address).await;
            continue;
        };
        tokio::select! {
            accepted = socket.accept() => match accepted {
                Ok((stream, peer)) => {
                    open.spawn(serve(stream, Peer(peer), router.clone(), Arc::clone(&gate)));
                }
                // Out of descriptors, most likely. One of them will come back.
                Err(error) => {
                    tracing::warn!(%error, "cannot accept");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            },
            _ = outage.changed() => {}
            _ = open.join_next(), if !open.is_empty() => {}
        }
    }
}

/// The port was free a moment ago; if somebody has it now, it is waited for.
async fn bind_again(address: SocketAddr) -> Option<TcpListener> {
    match TcpListener::bind(address).await {
        Ok(listener) => Some(listener),
        Err(error) => {
            tracing::warn!(%error, %address, "cannot listen again yet");
            tokio::time::sleep(Duration::from_millis(20)).await;
            None
        }
    }
}

/// Counts a connection as closed however its task ends.
struct Open(Arc<Gate>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.closed.fetch_add(1, Ordering::SeqCst);
    }
}

async fn serve(stream: TcpStream, peer: Peer, router: Router, gate: Arc<Gate>) {
    gate.accepted.fetch_add(1, Ordering::SeqCst);
    let _open = Open(gate);
    let _ = stream.set_nodelay(true);
    let router = TowerToHyperService::new(router);
    let service =
        hyper::service::service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(peer);
            let answer = router.call(request);
            async move {
                let response = answer.await.map_err(|never| match never {})?;
                if response.extensions().get::<CutHere>().is_some() {
                    return Err(Cut);
                }
                Ok::<_, Cut>(response)
            }
        });
    // An error here is a caller that went away, or our own cut: nothing to report.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
