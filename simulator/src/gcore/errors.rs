//! The error bodies of the API. Several shapes stand side by side, as in the documents.

use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use serde_json::{Map, Value, json};

use super::behaviour::Canned;
use crate::front::Reply;

/// `{"errors":{"<field>":["…"]}}`: API specification, 422 of `createStream`.
#[derive(Debug, Default)]
pub(super) struct Invalid(Map<String, Value>);

impl Invalid {
    pub(super) fn add(&mut self, field: &str, message: &str) {
        let messages = self.0.entry(field).or_insert_with(|| json!([]));
        if let Value::Array(messages) = messages {
            messages.push(json!(message));
        }
    }

    pub(super) fn one(field: &str, message: &str) -> Self {
        let mut invalid = Self::default();
        invalid.add(field, message);
        invalid
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn body(self) -> Value {
        json!({"errors": self.0})
    }

    pub(super) fn reply(self) -> Reply {
        Reply::json(StatusCode::UNPROCESSABLE_ENTITY, self.body())
    }
}

/// `{"status":…,"error":"…"}`: API specification, `badrequest` and `notfound`.
pub(super) fn plain(status: StatusCode, message: &str) -> Reply {
    Reply::json(status, json!({"status": status.as_u16(), "error": message}))
}

pub(super) fn not_found(what: &str) -> Reply {
    plain(StatusCode::NOT_FOUND, &format!("{what} not found"))
}

pub(super) fn bad_request(message: &str) -> Reply {
    plain(StatusCode::BAD_REQUEST, message)
}

impl Canned {
    pub(super) fn reply(&self) -> Reply {
        let status = StatusCode::from_u16(self.status);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if self.body.is_null() {
            return Reply::empty(status);
        }
        Reply::json(status, self.body.clone())
    }
}

/// 401 and 403. The texts are in the developer guide ("Authentication", "Error handling"), the keys
/// around them are not: these are the ones that its `code` values come with elsewhere.
pub(super) fn denied(status: StatusCode, code: &str, detail: &str) -> Reply {
    Reply::json(status, json!({"detail": detail, "code": code}))
}

/// 429. No document shows its body.
pub(super) fn too_many(retry_after: Option<&str>) -> Reply {
    let reply = plain(StatusCode::TOO_MANY_REQUESTS, "Too many requests");
    match retry_after {
        Some(value) => reply.header(RETRY_AFTER, value),
        None => reply,
    }
}
