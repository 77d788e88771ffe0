//! A caller of Gcore's API.

use axum::body::Body;
use hyper::Request;
use serde_json::{Value, json};
use simulator::gcore::{Options, Simulator};

use crate::caller;
pub(crate) use crate::caller::{Answer, Failed, Manner, Receiver, bare, soon};

pub(crate) const KEY: &str = "1234$abcdef";
pub(crate) const CLIENT: u64 = 1001;
pub(crate) const STREAMS: &str = "/streaming/streams";
pub(crate) const BROADCASTS: &str = "/streaming/broadcasts";
pub(crate) const VIDEOS: &str = "/streaming/videos";

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

pub(crate) async fn send(sim: &Simulator, request: Request<Body>) -> Result<Answer, Failed> {
    soon(send_unbounded(sim, request)).await
}

/// The same, however long it takes.
pub(crate) async fn send_unbounded(
    sim: &Simulator,
    request: Request<Body>,
) -> Result<Answer, Failed> {
    caller::exchange(sim.address(), request).await
}

/// A call with the key, and a JSON body if there is one.
pub(crate) fn with_key(method: &str, path: &str, body: Option<&Value>) -> Request<Body> {
    let mut request = bare(method, path);
    let authorization = format!("APIKey {KEY}").parse().expect("a header");
    request.headers_mut().insert("Authorization", authorization);
    if let Some(body) = body {
        caller::set_json(&mut request, body);
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

impl Receiver {
    /// One that the client's webhooks go to.
    pub(crate) async fn of(sim: &Simulator, client: u64, manner: Manner) -> Self {
        let receiver = Self::start(manner).await;
        sim.webhook(client, Some(&receiver.url))
            .expect("a good URL");
        receiver
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
