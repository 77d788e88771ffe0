//! A caller over HTTP: one connection for each call, nothing retried. And somebody who can be called.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};

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

/// Waits for what must come soon on any machine.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(Duration::from_mins(1), what).await;
    waited.expect("did not come to pass")
}

/// Sends a call, and waits for its answer however long it takes.
pub(crate) async fn exchange(
    address: SocketAddr,
    request: Request<Body>,
) -> Result<Answer, Failed> {
    let stream = TcpStream::connect(address).await;
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

/// A call without anything.
pub(crate) fn bare(method: &str, path: &str) -> Request<Body> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("Host", "simulator");
    request.body(Body::empty()).expect("a request")
}

/// Gives a call a JSON body.
pub(crate) fn set_json(request: &mut Request<Body>, body: &Value) {
    let json = "application/json".parse().expect("a header");
    request.headers_mut().insert("Content-Type", json);
    *request.body_mut() = Body::from(body.to_string());
}

/// Somebody who receives webhooks, and answers as told.
pub(crate) struct Receiver {
    pub(crate) url: String,
    book: Arc<Mutex<Vec<(HeaderMap, Value)>>>,
    server: tokio::task::JoinHandle<()>,
}

/// How a receiver answers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Manner {
    Status(u16),
    /// It takes the webhook, and never says so.
    #[allow(dead_code, reason = "not every simulator's tests need it")]
    Silent,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Receiver {
    pub(crate) async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let book = Arc::default();
        let entries: Arc<Mutex<Vec<(HeaderMap, Value)>>> = Arc::clone(&book);
        let take = move |head: HeaderMap, body: Bytes| {
            let body = serde_json::from_slice(&body).expect("JSON");
            entries.lock().expect("no panic").push((head, body));
            async move {
                match manner {
                    Manner::Status(status) => StatusCode::from_u16(status).expect("a status"),
                    Manner::Silent => std::future::pending().await,
                }
            }
        };
        let router = axum::Router::new().route("/hook/secret", axum::routing::post(take));
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("it serves");
        });
        let url = format!("http://{address}/hook/secret");
        Self { url, book, server }
    }

    /// All webhooks so far, in the order of their coming.
    pub(crate) fn got(&self) -> Vec<Value> {
        let book = self.book.lock().expect("no panic");
        book.iter().map(|(_, body)| body.clone()).collect()
    }

    pub(crate) fn heads(&self) -> Vec<HeaderMap> {
        let book = self.book.lock().expect("no panic");
        book.iter().map(|(head, _)| head.clone()).collect()
    }
}
