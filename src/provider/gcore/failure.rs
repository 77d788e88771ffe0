//! From a status to the kinds of error of the seam. Pure.

use jiff::Timestamp;
use reqwest::{StatusCode, header::HeaderMap};

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

/// The error that an answer without success is. The statuses are those of the developer guide's
/// page "Error handling"; what is not certainly a refusal counts as no answer.
pub(super) fn of_status(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    secrets: &[Secret],
    now: Timestamp,
) -> ProviderError {
    let number = status.as_u16();
    match number {
        401 | 403 => ProviderError::Unauthorized {
            status: number,
            message: message::of(body, secrets),
        },
        429 => ProviderError::RateLimited {
            retry_after: retry_after(headers, now),
        },
        400 | 404 | 422 => ProviderError::Refused {
            status: number,
            message: message::of(body, secrets),
        },
        300..400 => unavailable(format!("HTTP {number}, a redirect, which is not followed")),
        _ => unavailable(format!("HTTP {number}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-08-20T10:00:00Z".parse().unwrap()
    }

    #[test]
    fn each_status_has_its_kind() {
        let error = |status| {
            of_status(
                StatusCode::from_u16(status).unwrap(),
                &HeaderMap::new(),
                br#"{"error":"so"}"#,
                &[],
                now(),
            )
        };
        let message = || "so".to_owned();
        for status in [401, 403] {
            let expected = ProviderError::Unauthorized {
                status,
                message: message(),
            };
            assert_eq!(error(status), expected);
        }
        for status in [400, 404, 422] {
            let expected = ProviderError::Refused {
                status,
                message: message(),
            };
            assert_eq!(error(status), expected);
        }
        assert_eq!(error(429), ProviderError::RateLimited { retry_after: None });
        for status in [300, 301, 302, 304, 307, 308] {
            let expected = format!("HTTP {status}, a redirect, which is not followed");
            assert_eq!(error(status), unavailable(expected));
        }
        for status in [
            402, 405, 408, 409, 410, 412, 418, 425, 451, 500, 502, 503, 504, 520, 599,
        ] {
            assert_eq!(error(status), unavailable(format!("HTTP {status}")));
        }
        let certain: Vec<u16> = (300..600)
            .filter(|status| error(*status).refused_for_certain())
            .collect();
        assert_eq!(certain, [400, 401, 403, 404, 422, 429]);
    }
}
