//! A caller over HTTP: one connection for each call, nothing retried.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use hyper::{HeaderMap, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use simulator::gcore::{Options, Simulator};
use tokio::net::TcpStream;

pub(crate) const KEY: &str = "1234$abcdef";
pub(crate) const CLIENT: u64 = 1001;
pub(crate) const STREAMS: &str = "/streaming/streams";

/// How a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failed {
    /// No connection.
    Connect,
    /// No answer.
    Answer,
    /// An answer, but its body did not end as it said it would.
    Body,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|v| v.to_str().expect("text"))
    }
}

/// A simulator whose clock stands still, with one key.
pub(crate) async fn start() -> Simulator {
    start_with(Options::default()).await
}

pub(crate) async fn start_with(options: Options) -> Simulator {
    let sim = Simulator::start(Options {
        speed: 0,
        ..options
    })
    .await;
    let sim = sim.expect("a free port");
    sim.add_key(KEY, CLIENT);
    sim
}

/// Waits for what must come soon on any machine.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(Duration::from_mins(1), what).await;
    waited.expect("did not come to pass")
}

pub(crate) async fn send(sim: &Simulator, request: Request<Body>) -> Result<Answer, Failed> {
    soon(send_unbounded(sim, request)).await
}

/// The same, however long it takes.
pub(crate) async fn send_unbounded(
    sim: &Simulator,
    request: Request<Body>,
) -> Result<Answer, Failed> {
    let stream = TcpStream::connect(sim.address()).await;
    let stream = stream.map_err(|_| Failed::Connect)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|_| Failed::Answer)?;
    let running = tokio::spawn(connection);
    let _stop = Stop(running.abort_handle());
    let response = sender.send_request(request).await;
    let (head, body) = response.map_err(|_| Failed::Answer)?.into_parts();
    let body = to_bytes(Body::new(body), 8 * 1024 * 1024).await;
    Ok(Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        body: body.map_err(|_| Failed::Body)?,
    })
}

/// Closes the connection when the caller goes.
struct Stop(tokio::task::AbortHandle);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A call without a key.
pub(crate) fn bare(method: &str, path: &str) -> Request<Body> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("Host", "simulator");
    request.body(Body::empty()).expect("a request")
}

/// A call with the key, and a JSON body if there is one.
pub(crate) fn with_key(method: &str, path: &str, body: Option<&Value>) -> Request<Body> {
    let mut request = bare(method, path);
    let authorization = format!("APIKey {KEY}").parse().expect("a header");
    request.headers_mut().insert("Authorization", authorization);
    if let Some(body) = body {
        let json = "application/json".parse().expect("a header");
        request.headers_mut().insert("Content-Type", json);
        *request.body_mut() = Body::from(body.to_string());
    }
    request
}

pub(crate) async fn get(sim: &Simulator, path: &str) -> Answer {
    let answer = send(sim, with_key("GET", path, None)).await;
    answer.expect("an answer")
}

pub(crate) async fn post(sim: &Simulator, path: &str, body: Value) -> Answer {
    let answer = send(sim, with_key("POST", path, Some(&body))).await;
    answer.expect("an answer")
}

pub(crate) async fn patch(sim: &Simulator, id: u64, body: Value) -> Answer {
    let path = format!("{STREAMS}/{id}");
    let answer = send(sim, with_key("PATCH", &path, Some(&body))).await;
    answer.expect("an answer")
}

pub(crate) async fn remove(sim: &Simulator, id: u64) -> Answer {
    let path = format!("{STREAMS}/{id}");
    let answer = send(sim, with_key("DELETE", &path, None)).await;
    answer.expect("an answer")
}

/// The ids on a page.
pub(crate) async fn page(sim: &Simulator, page: u64) -> Vec<u64> {
    let items = get(sim, &format!("{STREAMS}?page={page}")).await.json();
    let items = items.as_array().expect("a bare array");
    items
        .iter()
        .map(|item| item["id"].as_u64().expect("an id"))
        .collect()
}

/// A stream's fields as GET shows them.
pub(crate) async fn seen(sim: &Simulator, id: u64) -> Value {
    get(sim, &format!("{STREAMS}/{id}")).await.json()
}
