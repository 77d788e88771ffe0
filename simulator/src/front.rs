//! What stands before a provider: reads the call, lets faults and outages at it, writes it down.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use crate::bodies::{Padded, Then, Torn};
use crate::counters::{Call, whole_millis};
use crate::desk::Desk;
use crate::faults::{Action, ErrorBody, Facts};
use crate::server::{Outage, cut};

/// The largest request body that is read.
const LARGEST_BODY: usize = 64 * 1024 * 1024;

/// An answer is withheld for so long at most: longer than any caller waits.
const HOLD: Duration = Duration::from_mins(10);

const GATEWAY_PAGE: &str = "<html>\r\n<head><title>gateway</title></head>\r\n\
    <body><center><h1>Something is wrong here</h1></center></body>\r\n</html>\r\n";

/// A call as it came in.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) headers: HeaderMap,
    /// The body, if it is JSON, whatever its header says.
    pub(crate) json: Option<Value>,
}

impl Incoming {
    /// The last value of a query parameter, decoded.
    pub(crate) fn query_text(&self, name: &str) -> Option<String> {
        self.query(name).map(decoded)
    }

    /// The last value of a query parameter, as it was sent.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let pairs = self.query.as_deref()?.split('&');
        pairs
            .rev()
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }
}

/// `%2C` and `+` for what they stand for. What is no such code is left as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after
            .get(..2)
            .and_then(|code| std::str::from_utf8(code).ok())
            .and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.push(match (first, code) {
            (b'%', Some(byte)) => byte,
            (b'+', _) => b' ',
            _ => *first,
        });
        let taken = if *first == b'%' && code.is_some() {
            2
        } else {
            0
        };
        rest = &after[taken..];
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What a provider knows of a call before it carries it out.
#[derive(Debug, Default)]
pub(crate) struct Identity {
    pub(crate) route: &'static str,
    pub(crate) id: Option<String>,
    pub(crate) client: Option<u64>,
    pub(crate) key: Option<u32>,
    pub(crate) name: Option<String>,
    /// The page of a list; 1 where the call names none.
    pub(crate) page: u64,
}

/// What a provider answers.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) body: Option<Value>,
    pub(crate) headers: Vec<(HeaderName, String)>,
    /// The call changed the provider's world.
    pub(crate) applied: bool,
}

impl Reply {
    pub(crate) fn json(status: StatusCode, body: Value) -> Self {
        Self {
            status,
            body: Some(body),
            headers: Vec::new(),
            applied: false,
        }
    }

    pub(crate) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            body: None,
            headers: Vec::new(),
            applied: false,
        }
    }

    pub(crate) fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn applied(mut self) -> Self {
        self.applied = true;
        self
    }

    fn bytes(&self) -> Bytes {
        self.body.as_ref().map_or_else(Bytes::new, |body| {
            serde_json::to_vec(body).map_or_else(|_| Bytes::new(), Bytes::from)
        })
    }

    /// The response without its body.
    fn head(&self, body: Body) -> Response {
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        if self.body.is_some() {
            let json = HeaderValue::from_static("application/json; charset=utf-8");
            response.headers_mut().insert(CONTENT_TYPE, json);
        }
        for (name, value) in &self.headers {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(name.clone(), value);
            }
        }
        response
    }

    fn response(&self) -> Response {
        self.head(Body::from(self.bytes()))
    }

    fn torn(&self, then: Then) -> Response {
        let whole = self.bytes();
        if whole.is_empty() {
            return cut();
        }
        let half = whole.slice(..whole.len() / 2);
        let mut response = self.head(Body::new(Torn::new(half, then)));
        response
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from(whole.len()));
        response
    }
}

/// A provider: who is calling, and what becomes of it. Both are plain functions; all waiting is done
/// here.
pub(crate) trait Provider: Send + Sync + 'static {
    fn identify(&self, call: &Incoming) -> Identity;
    fn answer(&self, call: &Incoming, who: &Identity) -> Reply;

    /// What is said with a status that a fault has asked for.
    fn failure(&self, status: StatusCode) -> Reply {
        let text = status.canonical_reason().unwrap_or("error");
        Reply::json(status, json!({"status": status.as_u16(), "error": text}))
    }
}

/// A provider and what stands before it.
#[derive(Debug)]
pub(crate) struct Front<P> {
    pub(crate) provider: P,
    pub(crate) desk: Arc<Desk>,
}

impl<P: Provider> Front<P> {
    /// From a request to its response.
    pub(crate) async fn handle(self: Arc<Self>, request: axum::extract::Request) -> Response {
        let (head, body) = request.into_parts();
        let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
            return self.error(413, ErrorBody::Json, None);
        };
        let call = Incoming {
            method: head.method,
            path: head.uri.path().to_owned(),
            query: head.uri.query().map(str::to_owned),
            headers: head.headers,
            json: serde_json::from_slice(&body).ok(),
        };
        let who = self.provider.identify(&call);
        match self.desk.gate.outage() {
            None => {}
            Some(Outage::Status { status }) => {
                self.record(&call, &who, Some(status), false, Some("outage"));
                return self.error(status, ErrorBody::Html, None);
            }
            Some(Outage::Refuse | Outage::Cut) => {
                self.record(&call, &who, None, false, Some("outage"));
                return cut();
            }
        }
        let facts = Facts {
            method: call.method.as_str(),
            route: who.route,
            id: who.id.as_deref(),
            name: who.name.as_deref(),
            client: who.client,
            page: who.page,
        };
        let mut met = self.desk.faults.take(facts);
        if met.action.is_none() {
            match self
                .desk
                .sky
                .take(call.method.as_str(), self.desk.clock.now())
            {
                Some(Action::Delay { millis }) => met.delay += Duration::from_millis(millis),
                action => met.action = action,
            }
        }
        let fault = met.word();
        let response = match met.action {
            None => self.answer(&call, &who, fault).response(),
            Some(action) => self.fail(action, call, who).await,
        };
        if !met.delay.is_zero() {
            tokio::time::sleep(met.delay).await;
        }
        response
    }

    async fn fail(self: Arc<Self>, action: Action, call: Incoming, who: Identity) -> Response {
        let fault = Some(action.word());
        match action {
            Action::TimeoutBeforeApply => {
                self.record(&call, &who, None, false, fault);
                hold().await
            }
            Action::CutBeforeApply => {
                self.record(&call, &who, None, false, fault);
                cut()
            }
            Action::ApplyLater { millis } => {
                let seq = self.record(&call, &who, None, false, fault);
                // A task of its own: a caller that has gone does not stop a real server either.
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(millis)).await;
                    if self.provider.answer(&call, &who).applied {
                        self.desk.journal.applied(seq);
                    }
                });
                hold().await
            }
            Action::Status {
                status,
                retry_after,
                body,
                applied,
            } => {
                let applied = applied && self.provider.answer(&call, &who).applied;
                self.record(&call, &who, Some(status), applied, fault);
                self.error(status, body, retry_after)
            }
            Action::Html { applied } => {
                let applied = applied && self.provider.answer(&call, &who).applied;
                self.record(&call, &who, Some(200), applied, fault);
                self.error(200, ErrorBody::Html, None)
            }
            Action::TimeoutAfterApply => {
                let reply = self.provider.answer(&call, &who);
                self.record(&call, &who, None, reply.applied, fault);
                hold().await
            }
            Action::CutAfterApply => {
                let reply = self.provider.answer(&call, &who);
                self.record(&call, &who, None, reply.applied, fault);
                cut()
            }
            // Delays are added up where faults are taken.
            Action::Delay { .. } => self.answer(&call, &who, fault).response(),
            Action::Truncated => self.answer(&call, &who, fault).torn(Then::Cut),
            Action::Stalled => self.answer(&call, &who, fault).torn(Then::Silence),
            Action::Garbled => {
                let reply = self.answer(&call, &who, fault);
                reply.head(Body::from("{\"id\": <<garbled>>"))
            }
            Action::EmptyBody => self.answer(&call, &who, fault).head(Body::empty()),
            Action::EndlessBody => {
                let reply = self.answer(&call, &who, fault);
                reply.head(Body::new(Padded::endless()))
            }
            Action::HugeBody { bytes } => {
                let reply = self.answer(&call, &who, fault);
                let rest = reply.bytes();
                reply.head(Body::new(Padded::with(bytes, rest)))
            }
        }
    }

    /// Carries a call out and writes it down.
    fn answer(&self, call: &Incoming, who: &Identity, fault: Option<&'static str>) -> Reply {
        let reply = self.provider.answer(call, who);
        self.record(call, who, Some(reply.status.as_u16()), reply.applied, fault);
        reply
    }

    /// Written down before the answer leaves, so that whoever has the answer finds it there.
    fn record(
        &self,
        call: &Incoming,
        who: &Identity,
        status: Option<u16>,
        applied: bool,
        fault: Option<&'static str>,
    ) -> u64 {
        tracing::debug!(
            method = %call.method, path = call.path, client = who.client, status, applied, fault,
            "call"
        );
        self.desk.journal.record(Call {
            seq: 0,
            at: self.desk.clock.now(),
            elapsed_ms: whole_millis(self.desk.clock.elapsed()),
            unix_us: self.desk.clock.unix_micros(),
            method: call.method.to_string(),
            route: who.route.to_owned(),
            path: call.path.clone(),
            query: call.query.clone(),
            id: who.id.clone(),
            client: who.client,
            key: who.key,
            body: call.json.clone(),
            status,
            applied,
            fault,
        })
    }

    /// An answer that the provider had no part in.
    fn error(&self, status: u16, body: ErrorBody, retry_after: Option<String>) -> Response {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let reply = match body {
            ErrorBody::Json => self.provider.failure(status),
            ErrorBody::Html | ErrorBody::Empty => Reply::empty(status),
        };
        let reply = match retry_after {
            Some(value) => reply.header(RETRY_AFTER, value),
            None => reply,
        };
        if body == ErrorBody::Html {
            let reply = reply.header(CONTENT_TYPE, "text/html");
            return reply.head(Body::from(GATEWAY_PAGE));
        }
        reply.response()
    }
}

/// Until the caller gives up, which drops this; or until it must be a mistake.
async fn hold() -> Response {
    tokio::time::sleep(HOLD).await;
    cut()
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn query_values() {
        for (sent, meant) in [
            ("a", "a"),
            ("1%2C2", "1,2"),
            ("Stream+Record%3A%20x", "Stream Record: x"),
            ("%C3%BC", "ü"),
            ("100%", "100%"),
            ("%zz%4", "%zz%4"),
        ] {
            assert_eq!(decoded(sent), meant);
        }
    }
}
