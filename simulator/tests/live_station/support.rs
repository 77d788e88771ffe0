//! A caller of Live Station's API, who signs each call.

use std::time::Duration;

use axum::body::Body;
use hyper::Request;
use ring::hmac;
use serde_json::{Value, json};
use simulator::live_station::{Options, Simulator};

use crate::caller;
pub(crate) use crate::caller::{Answer, Failed, Manner, Receiver, bare, soon};

pub(crate) const ACCESS: &str = "AKIDEXAMPLE";
pub(crate) const SECRET: &str = "SECRETEXAMPLE";
pub(crate) const CLIENT: u64 = 1001;
pub(crate) const CHANNELS: &str = "/api/v2/channels";
pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// A simulator whose clock stands still, with one key.
pub(crate) async fn start() -> Simulator {
    let options = Options {
        speed: 0,
        ..Options::default()
    };
    let sim = Simulator::start(options).await.expect("a free port");
    sim.add_key(ACCESS, SECRET, CLIENT);
    sim
}

/// What a call says of who sends it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signer<'a> {
    pub(crate) access: &'a str,
    pub(crate) secret: &'a str,
    /// Milliseconds.
    pub(crate) at: i64,
}

impl Signer<'_> {
    /// With the key that is good, now.
    pub(crate) fn good(sim: &Simulator) -> Self {
        Self {
            access: ACCESS,
            secret: SECRET,
            at: sim.clock().now().as_millis(),
        }
    }

    /// A call that is signed, with all headers that are required.
    pub(crate) fn sign(self, method: &str, target: &str) -> Request<Body> {
        let Self { access, secret, at } = self;
        let text = format!("{method} {target}\n{at}\n{access}");
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let signature = base64(hmac::sign(&key, text.as_bytes()).as_ref());
        let mut request = bare(method, target);
        for (name, value) in [
            ("x-ncp-apigw-timestamp", at.to_string()),
            ("x-ncp-iam-access-key", access.to_owned()),
            ("x-ncp-apigw-signature-v2", signature),
            ("x-ncp-region_code", "KR".to_owned()),
            ("Content-Type", "application/json".to_owned()),
        ] {
            set(&mut request, name, &value);
        }
        request
    }
}

/// Sets a header, or takes it away where the value is empty.
pub(crate) fn set(request: &mut Request<Body>, name: &str, value: &str) {
    let name: hyper::header::HeaderName = name.parse().expect("a name");
    if value.is_empty() {
        request.headers_mut().remove(name);
    } else {
        let value = value.parse().expect("a value");
        request.headers_mut().insert(name, value);
    }
}

/// Six bits at a time.
fn base64(bytes: &[u8]) -> String {
    let letters: Vec<char> = ('A'..='Z')
        .chain('a'..='z')
        .chain('0'..='9')
        .chain(['+', '/'])
        .collect();
    let bits = |byte: &u8| {
        (0..8)
            .rev()
            .map(|place| byte >> place & 1)
            .collect::<Vec<_>>()
    };
    let bits: Vec<u8> = bytes.iter().flat_map(bits).collect();
    let mut text = String::new();
    for six in bits.chunks(6) {
        let number = (0..6).fold(0, |sum, i| sum * 2 + six.get(i).copied().unwrap_or(0));
        text.push(letters[usize::from(number)]);
    }
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

pub(crate) async fn send(sim: &Simulator, request: Request<Body>) -> Result<Answer, Failed> {
    soon(caller::exchange(sim.address(), request)).await
}

/// Any call, well signed. No body where it is null.
pub(crate) async fn call(sim: &Simulator, method: &str, target: &str, body: Value) -> Answer {
    let mut request = Signer::good(sim).sign(method, target);
    let body = (!body.is_null()).then_some(body);
    if let Some(body) = &body {
        caller::set_json(&mut request, body);
    }
    send(sim, request).await.expect("an answer")
}

pub(crate) async fn get(sim: &Simulator, target: &str) -> Answer {
    call(sim, "GET", target, Value::Null).await
}

pub(crate) async fn post(sim: &Simulator, body: Value) -> Answer {
    call(sim, "POST", CHANNELS, body).await
}

/// A PUT of what comes behind a channel's path: `on`, `off`, `startRecord`, `stopRecord`.
pub(crate) async fn put(sim: &Simulator, id: &str, what: &str) -> Answer {
    call(sim, "PUT", &format!("{CHANNELS}/{id}/{what}"), Value::Null).await
}

pub(crate) async fn delete(sim: &Simulator, id: &str) -> Answer {
    call(sim, "DELETE", &format!("{CHANNELS}/{id}"), Value::Null).await
}

/// The body of a POST, with everything that is required.
#[expect(clippy::needless_pass_by_value, reason = "called with json!(…)")]
pub(crate) fn wanted(fields: Value) -> Value {
    let mut body = json!({
        "channelName": "keynote",
        "cdn": {
            "createCdn": true, "cdnType": "GLOBAL_EDGE", "profileId": 3, "regionType": "KOREA",
        },
        "qualitySetId": 4,
        "useDvr": false,
        "record": {"type": "NO_RECORD"},
    });
    let all = body.as_object_mut().expect("an object");
    all.extend(fields.as_object().expect("an object").clone());
    body
}

/// A channel by hand that is `READY`.
pub(crate) fn ready(sim: &Simulator, fields: Value) -> String {
    let id = sim.create(CLIENT, fields).expect("created");
    sim.advance(5 * SECOND);
    assert_eq!(status(sim, &id), "READY");
    id
}

/// A channel by hand that is `PUBLISHING` and can be recorded.
pub(crate) fn on_air(sim: &Simulator) -> String {
    let record = json!({"record": {"type": "MANUAL_UPLOAD"}});
    let id = ready(sim, record);
    sim.set_live(&id, true).expect("taken");
    id
}

/// `channelStatus` in the world; empty where the channel is gone.
pub(crate) fn status(sim: &Simulator, id: &str) -> String {
    let channel = sim.channel(id).unwrap_or_default();
    channel["channelStatus"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// The numbers of an error: HTTP status, and `errorCode`.
pub(crate) fn error(answer: &Answer) -> (u16, Value) {
    (answer.status, answer.json()["error"]["errorCode"].clone())
}

/// A channel as GET shows it.
pub(crate) async fn seen(sim: &Simulator, id: &str) -> Value {
    get(sim, &format!("{CHANNELS}/{id}")).await.json()["content"].clone()
}
