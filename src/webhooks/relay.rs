//! Passing on to the leader what a process receives that stands by.
//!
//! It cannot tell which tokens are accepted, as it has read no Secret of any account. So what looks like
//! a webhook goes to the leader as it is, once, and the leader's answer goes back.

use std::{
    net::SocketAddr,
    sync::{Mutex, PoisonError},
};

use http_body_util::Full;
use hyper::{
    Method, Request, StatusCode,
    body::{Bytes, Incoming},
    client::conn::http1,
    header,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{bucket::Bucket, request, token::Token};
use crate::clock;

/// Marks what was passed on: it is not passed on again, whatever a Lease says.
const RELAYED: &str = "x-livestream-operator-relayed";

/// So many a second are passed on, after a burst: as many as one account may send.
const RATE: (u32, u32) = (100, 1000);

/// How much may be passed on.
#[derive(Debug)]
pub(super) struct Relay(Mutex<Bucket>);

impl Default for Relay {
    fn default() -> Self {
        Self(Mutex::new(Bucket::new(RATE.0, RATE.1)))
    }
}

impl Relay {
    /// Passes a request on: the status of the answer, and the word under which it is counted.
    pub(super) async fn pass_on(
        &self,
        request: Request<Incoming>,
        leader: Option<SocketAddr>,
    ) -> (StatusCode, &'static str) {
        let path = request.uri().path().to_owned();
        if request.method() != Method::POST || Token::of_path(&path).is_none() {
            return (StatusCode::NOT_FOUND, "unknown_token");
        }
        let leader = leader.filter(|_| !request.headers().contains_key(RELAYED));
        let Some(leader) = leader else {
            return (StatusCode::SERVICE_UNAVAILABLE, "no_leader");
        };
        if !self.take() {
            return (StatusCode::TOO_MANY_REQUESTS, "rate_limited");
        }
        let body = match request::whole(request.into_body()).await {
            Ok(body) => body,
            Err(refused) => return refused,
        };
        match send(leader, &path, body).await {
            Ok(status) => (status, "relayed"),
            Err(error) => {
                tracing::warn!(%leader, error, "a webhook could not be passed on to the leader");
                (StatusCode::BAD_GATEWAY, "relay_failed")
            }
        }
    }

    fn take(&self) -> bool {
        let mut bucket = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bucket.take(clock::now().mono)
    }
}

/// Sends it, once, on a connection of its own. The deadline is that of who waits for the answer.
async fn send(leader: SocketAddr, path: &str, body: Bytes) -> Result<StatusCode, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let request = Request::post(path)
        .header(header::HOST, leader.to_string())
        .header(RELAYED, "1")
        .body(Full::new(body))
        .map_err(|error| text(&error))?;
    let stream = TcpStream::connect(leader).await;
    let stream = TokioIo::new(stream.map_err(|error| text(&error))?);
    let (mut sender, connection) = http1::handshake(stream)
        .await
        .map_err(|error| text(&error))?;
    let answer = sender.send_request(request);
    tokio::pin!(connection, answer);
    let answer = tokio::select! {
        answer = &mut answer => answer,
        // What came before it was closed is the answer all the same.
        _ = &mut connection => answer.await,
    };
    answer
        .map(|answer| answer.status())
        .map_err(|error| text(&error))
}
