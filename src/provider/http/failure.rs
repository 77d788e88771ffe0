//! What goes wrong on the way to an API over HTTP and back, in words that are the same each time. Pure.

use std::{error::Error, io, time::Duration};

use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};
use reqwest::{
    StatusCode,
    header::{DATE, HeaderMap, HeaderName, RETRY_AFTER},
};

use crate::provider::ProviderError;

/// The longest wait that is believed. Longer ones would only be mistakes, and they would hold up
/// every call of a client.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// Whether another try may end better than one that was answered so: the gateway's and the server's
/// own troubles. A 503 can be for good (IAM specification), so tries are few.
pub(in crate::provider) fn may_pass(status: StatusCode) -> bool {
    matches!(status.as_u16(), 500 | 502 | 503 | 504)
}

/// No answer.
pub(in crate::provider) fn unavailable(what: impl Into<String>) -> ProviderError {
    ProviderError::Unavailable { what: what.into() }
}

/// A success that cannot be read.
pub(in crate::provider) fn garbled(what: impl Into<String>) -> ProviderError {
    ProviderError::Garbled { what: what.into() }
}

/// How long the provider asks to wait: seconds, or a date (RFC 9110, section 10.2.3). A date counts
/// from the answer's own `Date`, so that a wrong clock does no harm; only without one, from `now`.
/// Zero and the past are no wait. Anything else is `None`: the documents do not describe this
/// header.
pub(in crate::provider) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = text(headers, &RETRY_AFTER)?;
    let wait = match value.parse::<f64>() {
        Ok(seconds) if seconds >= 0.0 => {
            Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_WAIT)
        }
        Ok(_) => return None,
        Err(_) => {
            let until = date(value)?;
            let from = text(headers, &DATE).and_then(date).unwrap_or(now);
            Duration::try_from(until.duration_since(from)).unwrap_or(Duration::ZERO)
        }
    };
    Some(wait.min(LONGEST_WAIT))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn date(text: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(text).ok()
}

/// What went wrong on the way, in words that are the same each time. The errors' own texts hold
/// addresses.
pub(in crate::provider) fn on_the_way(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        return if error.is_connect() {
            "no connection in time"
        } else {
            "no answer in time"
        };
    }
    if error.is_dns() {
        return "the name of its host cannot be resolved";
    }
    causes(error)
        .find_map(cause)
        .unwrap_or(if error.is_connect() {
            "no connection"
        } else {
            "the connection was cut"
        })
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |&error| {
        // An `io::Error` names the source of what it holds, and so passes over that itself.
        match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(held) => Some(held as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

fn cause(error: &(dyn Error + 'static)) -> Option<&'static str> {
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        let certificate = matches!(error, rustls::Error::InvalidCertificate(_));
        return Some(if certificate {
            "its TLS certificate is not trusted"
        } else {
            "the TLS handshake failed"
        });
    }
    let kind = error.downcast_ref::<io::Error>()?.kind();
    (kind == io::ErrorKind::ConnectionRefused).then_some("connection refused")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_gateways_own_troubles_may_pass() {
        let again: Vec<u16> = (100..600)
            .filter(|status| may_pass(StatusCode::from_u16(*status).unwrap()))
            .collect();
        assert_eq!(again, [500, 502, 503, 504]);
    }

    fn now() -> Timestamp {
        "2026-08-20T10:00:00Z".parse().unwrap()
    }

    fn headers(retry_after: &str, date: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, retry_after.parse().unwrap());
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        headers
    }

    #[test]
    fn retry_after_in_all_its_forms() {
        let date = Some("Thu, 20 Aug 2026 09:00:00 GMT");
        let table = [
            ("0", None, Some(0)),
            ("60", None, Some(60)),
            (" 60 ", None, Some(60)),
            ("1.5", None, Some(1500)),
            ("99999999999999999999", None, Some(86_400)),
            ("1e300", None, Some(86_400)),
            ("inf", None, Some(86_400)),
            ("-1", None, None),
            ("NaN", None, None),
            ("", None, None),
            ("soon", None, None),
            ("60 seconds", None, None),
            // From the answer's own date, though it is an hour behind.
            ("Thu, 20 Aug 2026 09:01:00 GMT", date, Some(60)),
            ("Thu, 20 Aug 2026 08:00:00 GMT", date, Some(0)),
            ("Wed, 20 Aug 2036 09:00:00 GMT", date, Some(86_400)),
            ("Thu, 20 Aug 2026 10:00:30 GMT", None, Some(30)),
            ("Thu, 20 Aug 2026 10:00:30 GMT", Some("a Sunday"), Some(30)),
            ("Thu, 99 Aug 2026 10:00:30 GMT", None, None),
        ];
        for (value, date, seconds) in table {
            let expected = seconds.map(|n| match n {
                1500 => Duration::from_millis(1500),
                n => Duration::from_secs(n),
            });
            assert_eq!(
                retry_after(&headers(value, date), now()),
                expected,
                "{value}"
            );
        }
        assert_eq!(retry_after(&HeaderMap::new(), now()), None);
        let mut odd = HeaderMap::new();
        odd.insert(
            RETRY_AFTER,
            reqwest::header::HeaderValue::from_bytes(b"\xff").unwrap(),
        );
        assert_eq!(retry_after(&odd, now()), None);
    }

    proptest! {
        #[test]
        fn no_retry_after_breaks_it(value in "[ -~]{0,40}", date in "[ -~]{0,40}") {
            let wait = retry_after(&headers(&value, Some(&date)), now());
            prop_assert!(wait.is_none_or(|wait| wait <= LONGEST_WAIT));
        }
    }
}
