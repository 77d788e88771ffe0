//! One request, and its answer, which is a status and nothing else.

use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::{
    Method, Request, StatusCode,
    body::{Body as _, Bytes, Incoming},
};

use super::{Webhooks, doors::Knock};
use crate::{clock, context::Context, object_key::ObjectKey, provider::NoWebhook};

/// The longest body. The documented ones have a few hundred bytes.
const LONGEST_BODY: usize = 64 * 1024;

/// Takes a request: the status of the answer, and the word under which it is counted.
pub(super) async fn take(
    request: Request<Incoming>,
    webhooks: &Webhooks,
    context: &Context,
) -> (StatusCode, &'static str) {
    let path = (request.method() == Method::POST).then(|| request.uri().path());
    let account = match webhooks.doors.knock(path, clock::now().mono) {
        Knock::Known(account) => account,
        Knock::KnownTooOften(account) => {
            // Each is sent once. What it would have said is found out by reading everything.
            context.registry.hints_lost(&account);
            return (StatusCode::TOO_MANY_REQUESTS, "rate_limited");
        }
        Knock::Stranger => return (StatusCode::NOT_FOUND, "unknown_token"),
        Knock::StrangerTooOften => return (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
    };
    match whole(request.into_body()).await {
        Ok(body) => (StatusCode::OK, hint(&body, &account, context)),
        Err(refused) => refused,
    }
}

/// The body, if it is not too long.
pub(super) async fn whole(body: Incoming) -> Result<Bytes, (StatusCode, &'static str)> {
    const TOO_LARGE: (StatusCode, &str) = (StatusCode::PAYLOAD_TOO_LARGE, "too_large");
    // One that says so itself is not even begun with.
    if body.size_hint().lower() > LONGEST_BODY as u64 {
        return Err(TOO_LARGE);
    }
    match Limited::new(body, LONGEST_BODY).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(TOO_LARGE),
        Err(_) => Err((StatusCode::BAD_REQUEST, "unreadable")),
    }
}

/// Hands on what the body hints at, as the account's provider reads it. Whatever it is, the answer is
/// the same.
fn hint(body: &[u8], account: &ObjectKey, context: &Context) -> &'static str {
    let Some(open) = context.registry.get(account) else {
        // Its first walk tells all.
        return "accepted";
    };
    match (open.connection.webhook)(body) {
        Ok(hint) => {
            if let Some(hint) = hint {
                let (about, held) = open.client.hint(hint);
                context.reporter.metrics.hint(about, held);
            }
            "accepted"
        }
        Err(NoWebhook) => "unreadable",
    }
}
