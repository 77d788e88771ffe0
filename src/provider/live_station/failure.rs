//! From an answer without success to the kinds of error of the seam. Pure.
//!
//! The documents give codes without HTTP statuses (page "Live Station error codes"), so the code decides; the
//! gateway before the API has codes of its own (page "Error handling" of the gateway).

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, fmt::rfc2822::DateTimeParser};
use reqwest::{
    StatusCode,
    header::{DATE, HeaderMap},
};
use serde_json::Value;

use super::wire;
pub(super) use crate::provider::http::failure::garbled;
use crate::{
    provider::{
        ProviderError,
        http::{
            failure::{retry_after, unavailable},
            message,
        },
    },
    secret::Secret,
};

/// There is no such thing.
const NOT_FOUND: i64 = 250_004;

/// Not in this state; the page does not say more.
pub(super) const NOT_AVAILABLE: u16 = 409;

/// How far a clock may be off: what is older than five minutes is not valid (API overview).
const WINDOW: Duration = Duration::from_mins(5);

/// The error that an answer without success is. What is not certainly a refusal counts as no answer.
pub(super) fn of(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    secrets: &[Secret],
    now: Timestamp,
) -> ProviderError {
    let words = || message::of(body, secrets);
    let refused = |status| ProviderError::Refused {
        status,
        message: words(),
    };
    let unauthorized = |status| ProviderError::Unauthorized {
        status,
        message: clock_off(headers, now).unwrap_or_else(words),
    };
    let limited = || ProviderError::RateLimited {
        retry_after: retry_after(headers, now),
    };
    let code = serde_json::from_slice::<Value>(body)
        .ok()
        .and_then(|body| wire::object::<wire::Failure>(body.get("error")?.clone())?.error_code);
    match (code, status.as_u16()) {
        (Some(NOT_FOUND), _) => refused(404),
        (Some(250_005), _) => refused(NOT_AVAILABLE),
        (Some(250_002 | 250_003 | 250_011 | 250_012 | 250_014 | 250_018..=250_021), _) => {
            refused(400)
        }
        (Some(210 | 250_006 | 250_010 | 250_015 | 250_017), _) => unauthorized(403),
        // Codes of the gateway.
        (Some(200), _) => unauthorized(401),
        (_, 429) => limited(),
        (Some(100), 400) => refused(400),
        (Some(code), _) => unavailable(format!("error {code}: {}", words())),
        (None, status @ (401 | 403)) => unauthorized(status),
        (None, status @ 300..=399) => {
            unavailable(format!("HTTP {status}, a redirect, which is not followed"))
        }
        // What has no code may be a gateway's page, which knows no channel.
        (None, status) => unavailable(format!("HTTP {status}")),
    }
}

/// A signature is refused where the clock is off, in the same words as with a wrong key.
fn clock_off(headers: &HeaderMap, now: Timestamp) -> Option<String> {
    let date = headers.get(DATE)?.to_str().ok()?;
    let theirs = DateTimeParser::new().parse_timestamp(date.trim()).ok()?;
    let skew = now.duration_since(theirs);
    let off = skew.abs() >= SignedDuration::try_from(WINDOW).ok()?;
    off.then(|| {
        let way = if skew.is_positive() { "fast" } else { "slow" };
        format!(
            "the clock of the operator's machine is {} seconds {way}: calls are valid for five minutes only, so set it right",
            skew.abs().as_secs()
        )
    })
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;
    use serde_json::json;

    use super::*;

    fn error(status: u16, body: &Value) -> ProviderError {
        of(
            StatusCode::from_u16(status).unwrap(),
            &HeaderMap::new(),
            body.to_string().as_bytes(),
            &[],
            "2026-08-20T10:00:00Z".parse().unwrap(),
        )
    }

    fn coded(status: u16, code: impl Into<Value>) -> ProviderError {
        error(
            status,
            &json!({"error": {"errorCode": code.into(), "message": "so"}}),
        )
    }

    #[test]
    fn the_code_decides() {
        for status in [400, 404, 500] {
            for code in [json!(250_004), json!("250004")] {
                assert_eq!(
                    coded(status, code),
                    ProviderError::Refused {
                        status: 404,
                        message: "so".into()
                    }
                );
            }
            assert!(matches!(
                coded(status, 250_010),
                ProviderError::Unauthorized { status: 403, .. }
            ));
            assert!(matches!(
                coded(status, 250_014),
                ProviderError::Refused { status: 400, .. }
            ));
            assert!(matches!(
                coded(status, 250_005),
                ProviderError::Refused { status: 409, .. }
            ));
            for unknown in [250_000, 250_001, 250_007, 250_009, 250_016, 251_000] {
                let error = coded(status, unknown);
                assert!(!error.refused_for_certain(), "{unknown}");
                let said = error.to_string();
                assert!(said.contains(&format!("error {unknown}: so")), "{said}");
            }
        }
        assert!(matches!(
            coded(401, "200"),
            ProviderError::Unauthorized { status: 401, .. }
        ));
        assert!(matches!(
            coded(401, 210),
            ProviderError::Unauthorized { status: 403, .. }
        ));
        assert_eq!(
            coded(429, 420),
            ProviderError::RateLimited { retry_after: None }
        );
    }

    #[test]
    fn what_has_no_code_says_little() {
        for status in [400, 404, 409, 500, 503] {
            assert!(!error(status, &json!({})).refused_for_certain(), "{status}");
        }
        assert!(error(401, &json!({})).refused_for_certain());
        assert_eq!(
            error(429, &json!({})),
            ProviderError::RateLimited { retry_after: None }
        );
    }

    #[test]
    fn a_wrong_clock_is_named() {
        let now: Timestamp = "2026-08-20T10:06:01Z".parse().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(
            DATE,
            HeaderValue::from_static("Thu, 20 Aug 2026 10:00:00 GMT"),
        );
        let message = |now| {
            let error = of(StatusCode::UNAUTHORIZED, &headers, b"{}", &[], now);
            assert!(matches!(error, ProviderError::Unauthorized { .. }));
            error.to_string()
        };
        assert!(
            message(now).contains("361 seconds fast"),
            "{}",
            message(now)
        );
        let slow = "2026-08-20T09:54:00Z".parse().unwrap();
        assert!(
            message(slow).contains("360 seconds slow"),
            "{}",
            message(slow)
        );
        let near = "2026-08-20T10:04:00Z".parse().unwrap();
        assert!(!message(near).contains("seconds"), "{}", message(near));
    }
}
