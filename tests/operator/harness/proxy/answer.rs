//! Answers that no server gave.

use hyper::{Response, header::CONTENT_TYPE};
use serde_json::json;

use super::{Answer, Side, from_bytes};

/// What the server says when it could not tell how it went.
pub(super) fn error(side: Side, status: u16) -> Answer {
    let body = match side {
        Side::Apiserver => json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": status,
            "reason": if status == 504 { "Timeout" } else { "InternalError" },
            "message": "etcdserver: request timed out",
        }),
        Side::Provider => json!({"status": status, "error": "Internal Server Error"}),
    };
    let (parts, body) = Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "application/json")
        .body(body.to_string().into())
        .unwrap()
        .into_parts();
    from_bytes(parts, body)
}
