//! One call of an API over HTTP: its repeats, and its answer up to the bytes of the body.

use std::time::{Duration, Instant};

use reqwest::{
    Method, Response, StatusCode, Url,
    header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap},
};
use tokio::time::{sleep, timeout};

use super::{
    Http, SetupError,
    failure::{garbled, may_pass, on_the_way, unavailable},
};
use crate::{
    clock::{self, Now},
    provider::{Line, ProviderError},
    secret::Secret,
};

/// The largest body of an error, and how long it is waited for: the status is known already.
const LARGEST_ERROR: usize = 64 << 10;
const PATIENCE: Duration = Duration::from_secs(2);

/// What differs from API to API.
pub(in crate::provider) trait Dialect: Send + Sync {
    /// What tells who calls, made anew for each try.
    ///
    /// # Errors
    /// Why it cannot be made.
    fn headers(&self, method: &Method, url: &Url, now: Now) -> Result<HeaderMap, ProviderError>;

    /// What an answer without success says. `secrets` are those of the request.
    fn refusal(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
        secrets: &[Secret],
        now: Now,
    ) -> ProviderError;
}

/// A request, ready to be sent.
pub(in crate::provider) struct Outgoing {
    pub(in crate::provider) method: Method,
    pub(in crate::provider) url: Url,
    /// Where it goes, as the documents write it: for the log.
    pub(in crate::provider) route: &'static str,
    /// The word for it in metrics.
    pub(in crate::provider) word: &'static str,
    /// JSON.
    pub(in crate::provider) body: Option<Vec<u8>>,
    /// What in the body must not come back in an error's text.
    pub(in crate::provider) secrets: Vec<Secret>,
    /// The largest body of a success.
    pub(in crate::provider) largest: usize,
    /// A second one does no more than the first.
    pub(in crate::provider) may_be_sent_again: bool,
}

/// A success.
pub(in crate::provider) struct Answer {
    pub(in crate::provider) status: StatusCode,
    pub(in crate::provider) body: Vec<u8>,
}

/// Makes the calls of a connection.
pub(in crate::provider) struct Caller<D> {
    pub(in crate::provider) dialect: D,
    endpoint: Url,
    http: Http,
    line: Line,
}

/// A request on its way, which is counted when it has ended, and when it is given up, too.
struct Sent<'a> {
    line: &'a Line,
    route: &'static str,
    began: Instant,
    code: Option<u16>,
}

impl Drop for Sent<'_> {
    fn drop(&mut self) {
        let took = clock::now().mono.saturating_duration_since(self.began);
        self.line.sent(self.route, self.code, took);
    }
}

/// A try that failed, and whether another may go better.
struct Failed {
    error: ProviderError,
    may_pass: bool,
}

impl Failed {
    fn for_now(error: ProviderError) -> Self {
        Self {
            error,
            may_pass: true,
        }
    }

    fn for_good(error: ProviderError) -> Self {
        Self {
            error,
            may_pass: false,
        }
    }
}

impl<D: Dialect> Caller<D> {
    /// # Errors
    ///
    /// [`SetupError::Endpoint`].
    pub(in crate::provider) fn new(
        endpoint: &str,
        dialect: D,
        http: Http,
        line: Line,
    ) -> Result<Self, SetupError> {
        Ok(Self {
            endpoint: base(endpoint)?,
            dialect,
            http,
            line,
        })
    }

    /// The address of a path of these segments.
    pub(in crate::provider) fn url<'s>(&self, segments: impl Iterator<Item = &'s str>) -> Url {
        let mut url = self.endpoint.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// Sends a request, again where that is safe and may help. Every error is final, in time and
    /// safe to show.
    pub(in crate::provider) async fn send(
        &self,
        request: Outgoing,
    ) -> Result<Answer, ProviderError> {
        // What never left is known not to have been carried out, so waiting for that is no part of the
        // call.
        let reads = request.method == Method::GET;
        let departure = self.line.leave(reads).await?;
        let mut before = None;
        let tries = self.tries(&request, departure, &mut before);
        let result = match timeout(self.http.deadlines.call, tries).await {
            Ok(result) => result,
            // What an earlier try was told says more than that a later one was told nothing.
            Err(_) => Err(before.unwrap_or_else(|| unavailable("no answer in time"))),
        };
        self.line.ended(reads, result.as_ref().err());
        result
    }

    async fn tries(
        &self,
        request: &Outgoing,
        mut departure: u64,
        before: &mut Option<ProviderError>,
    ) -> Result<Answer, ProviderError> {
        let mut pauses = self.http.deadlines.pauses.iter();
        loop {
            let failed = match self.try_once(request, departure).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            if !(request.may_be_sent_again && failed.may_pass) {
                return Err(failed.error);
            }
            let Some(pause) = pauses.next() else {
                return Err(failed.error);
            };
            *before = Some(failed.error.clone());
            sleep(*pause).await;
            if !self.line.may_repeat() {
                return Err(failed.error);
            }
            match self.line.leave(request.method == Method::GET).await {
                Ok(next) => departure = next,
                // That this try may not leave says nothing about the last one.
                Err(_) => return Err(failed.error),
            }
        }
    }

    async fn try_once(&self, request: &Outgoing, departure: u64) -> Result<Answer, Failed> {
        let Outgoing {
            method, url, route, ..
        } = request;
        let client = if request.may_be_sent_again {
            &self.http.kept
        } else {
            &self.http.fresh
        };
        let headers = self.dialect.headers(method, url, clock::now());
        let mut builder = client
            .request(method.clone(), url.clone())
            .headers(headers.map_err(Failed::for_good)?)
            .header(ACCEPT, "application/json");
        if let Some(body) = &request.body {
            builder = builder
                .header(CONTENT_TYPE, "application/json")
                .body(body.clone());
        } else if [Method::POST, Method::PUT].contains(method) {
            // Not added below; there are gateways that insist on it (RFC 9110, section 8.6).
            builder = builder.header(CONTENT_LENGTH, 0);
        }
        let mut sent = Sent {
            line: &self.line,
            route: request.word,
            began: clock::now().mono,
            code: None,
        };
        let response = builder.send().await;
        self.line.arrived(departure);
        let mut response = response.map_err(|error| {
            let what = on_the_way(&error);
            tracing::debug!(%method, route, what, "no answer from the provider");
            Failed::for_now(unavailable(what))
        })?;
        let status = response.status();
        sent.code = Some(status.as_u16());
        tracing::debug!(%method, route, status = status.as_u16(), "the provider answered");
        if !status.is_success() {
            return Err(self.refusal(request, &mut response).await);
        }
        let body = read(&mut response, request.largest).await?;
        Ok(Answer { status, body })
    }

    async fn refusal(&self, call: &Outgoing, response: &mut Response) -> Failed {
        let status = response.status();
        let body = timeout(PATIENCE, read(response, LARGEST_ERROR)).await;
        let body = body.ok().and_then(Result::ok).unwrap_or_default();
        Failed {
            error: self.dialect.refusal(
                status,
                response.headers(),
                &body,
                &call.secrets,
                clock::now(),
            ),
            may_pass: may_pass(status),
        }
    }
}

/// Whether an id can stand in a path: `..` would lead elsewhere.
///
/// # Errors
///
/// [`ProviderError::Refused`], without a call, where it cannot.
pub(in crate::provider) fn speakable<'i>(
    id: &'i str,
    what: &str,
) -> Result<&'i str, ProviderError> {
    let known = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if (1..=64).contains(&id.len()) && id.bytes().all(known) {
        return Ok(id);
    }
    Err(ProviderError::Refused {
        status: 400,
        message: format!("this cannot be the id of {what}"),
    })
}

/// The whole body of an answer, part by part, so that one that is too large is never held.
async fn read(response: &mut Response, largest: usize) -> Result<Vec<u8>, Failed> {
    let mut body = Vec::new();
    loop {
        let part = response.chunk().await.map_err(|error| {
            Failed::for_now(if error.is_timeout() {
                unavailable("no answer in time")
            } else {
                garbled("it was cut off")
            })
        })?;
        let Some(part) = part else {
            return Ok(body);
        };
        if body.len() + part.len() > largest {
            return Err(Failed::for_good(garbled("it is too large")));
        }
        body.extend_from_slice(&part);
    }
}

/// An address to which the routes are appended.
fn base(endpoint: &str) -> Result<Url, SetupError> {
    let url = Url::parse(endpoint).map_err(|_| SetupError::Endpoint("it is no URL"))?;
    let wrong = if !["https", "http"].contains(&url.scheme()) {
        Some("its scheme is not https")
    } else if url.query().is_some() || url.fragment().is_some() {
        Some("it has a query or a fragment")
    } else if !url.username().is_empty() || url.password().is_some() {
        Some("it has a user or a password")
    } else {
        None
    };
    wrong.map_or(Ok(url), |wrong| Err(SetupError::Endpoint(wrong)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_an_address_and_nothing_more() {
        for good in [
            "https://api.gcore.com",
            "https://api.gcore.com/",
            "http://[::1]:8090/gcore/",
        ] {
            assert!(base(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "api.gcore.com",
            "ftp://api.gcore.com",
            "https://",
            "https://u@api.gcore.com",
            "https://:p@api.gcore.com",
            "https://api.gcore.com?x",
            "https://api.gcore.com#x",
        ] {
            assert!(base(bad).is_err(), "{bad}");
        }
    }
}
