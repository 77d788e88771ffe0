//! A caller over HTTP: one connection for each call, nothing retried.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use simulator::gcore::{Options, Simulator};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const KEY: &str = "1234$abcdef";
pub(crate) const CLIENT: u64 = 1001;
pub(crate) const STREAMS: &str = "/streaming/streams";
pub(crate) const BROADCASTS: &str = "/streaming/broadcasts";
pub(crate) const VIDEOS: &str = "/streaming/videos";

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

/// Any call with the key.
pub(crate) async fn call(sim: &Simulator, method: &str, path: &str, body: Value) -> Answer {
    let body = (!body.is_null()).then_some(body);
    let answer = send(sim, with_key(method, path, body.as_ref())).await;
    answer.expect("an answer")
}

/// `start_recording` or `stop_recording`.
pub(crate) async fn recording(sim: &Simulator, id: u64, what: &str) -> Answer {
    call(
        sim,
        "PUT",
        &format!("{STREAMS}/{id}/{what}_recording"),
        Value::Null,
    )
    .await
}

/// A stream that is live.
#[expect(clippy::needless_pass_by_value, reason = "called with json!(…)")]
pub(crate) fn on_air(sim: &Simulator, fields: Value) -> u64 {
    let mut stream = json!({"name": "keynote", "active": true});
    let all = stream.as_object_mut().expect("an object");
    all.extend(fields.as_object().expect("an object").clone());
    let id = sim.create(CLIENT, stream).expect("created");
    sim.set_live(id, true).expect("taken");
    id
}

/// The statuses of a stream's videos, the oldest first.
pub(crate) fn statuses(sim: &Simulator, stream: u64) -> Vec<String> {
    let videos = sim.videos_of(stream);
    let status = |video: &Value| video["status"].as_str().expect("a status").to_owned();
    videos.iter().map(status).collect()
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
    Silent,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Receiver {
    /// One that the client's webhooks go to.
    pub(crate) async fn of(sim: &Simulator, client: u64, manner: Manner) -> Self {
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
        sim.webhook(client, Some(&url)).expect("a good URL");
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

    /// Waits for so many.
    pub(crate) async fn wait(&self, sim: &Simulator, count: usize) -> Vec<Value> {
        soon(sim.until(|_| self.got().len() >= count)).await;
        self.got()
    }
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
