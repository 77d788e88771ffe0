//! The port: who is let in, how many at once, and for how long.

use std::{convert::Infallible, sync::Arc, time::Duration};

use http_body_util::Empty;
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use super::{Webhooks, connections::Connections, relay::Relay, request, sources::Sources};
use crate::{
    context::Context,
    election::{Role, Roles},
};

/// How long a connection may take, from its beginning to the answer: head, body and all.
const DEADLINE: Duration = Duration::from_secs(5);

/// The longest head.
const LONGEST_HEAD: usize = 16 * 1024;

/// How long nobody is let in where the system cannot open one more connection.
const BREATH: Duration = Duration::from_millis(100);

/// Receives webhooks until it is dropped.
pub async fn serve(
    listener: TcpListener,
    sources: Sources,
    webhooks: Arc<Webhooks>,
    context: Arc<Context>,
    roles: Roles,
) {
    let relay = Arc::new(Relay::default());
    let mut connections = Connections::default();
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::debug!(%error, "a connection for a webhook was not accepted");
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        let metrics = &context.reporter.metrics;
        if !sources.admit(peer.ip()) {
            metrics.webhook("refused_source");
            continue;
        }
        let taken = Counter {
            webhooks: Arc::clone(&webhooks),
            context: Arc::clone(&context),
            relay: Arc::clone(&relay),
            role: *roles.borrow(),
        };
        let served = connection(stream, taken);
        if connections.admit(served) {
            metrics.webhook("crowded_out");
        }
    }
}

/// Who takes a request.
struct Counter {
    webhooks: Arc<Webhooks>,
    context: Arc<Context>,
    relay: Arc<Relay>,
    role: Role,
}

impl Counter {
    async fn take(&self, request: Request<Incoming>) -> (StatusCode, &'static str) {
        match self.role {
            Role::Leads => request::take(request, &self.webhooks, &self.context).await,
            Role::StandsBy(leader) => self.relay.pass_on(request, leader).await,
        }
    }
}

/// One connection with one request, so that the one deadline holds for all of it.
async fn connection(stream: TcpStream, counter: Counter) {
    let metrics = &counter.context.reporter.metrics;
    let service = service_fn(async |request| {
        let (status, result) = counter.take(request).await;
        metrics.webhook(result);
        let mut response = Response::new(Empty::<Bytes>::new());
        *response.status_mut() = status;
        Ok::<_, Infallible>(response)
    });
    let served = http1::Builder::new()
        .keep_alive(false)
        .max_buf_size(LONGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    match tokio::time::timeout(DEADLINE, served).await {
        Ok(Err(error)) if error.is_parse() => metrics.webhook("unreadable"),
        // The peer has its answer, or does not want one any more.
        Ok(Ok(()) | Err(_)) => {}
        Err(_) => metrics.webhook("timed_out"),
    }
}
