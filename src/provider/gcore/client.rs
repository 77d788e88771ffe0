//! One call of the API: its request, its repeats, and its answer up to the bytes of the body.

use std::time::{Duration, Instant};

use reqwest::{
    Method, Response, StatusCode, Url,
    header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, HeaderValue},
};
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::{
    Http, SetupError,
    failure::{garbled, may_pass, of_status, on_the_way, unavailable},
    message,
};
use crate::{
    clock,
    provider::{BroadcastId, Line, ProviderError, StreamId},
    secret::Secret,
};

/// The largest body of a page, and of any other success.
const LARGEST_PAGE: usize = 8 << 20;
const LARGEST: usize = 1 << 20;

/// The largest body of an error, and how long it is waited for: the status is known already.
const LARGEST_ERROR: usize = 64 << 10;
const PATIENCE: Duration = Duration::from_secs(2);

/// An API and a key to it.
pub(super) struct Api {
    endpoint: Url,
    key: Secret,
    authorization: HeaderValue,
    http: Http,
    line: Line,
}

/// A request.
pub(super) struct Request<'a> {
    pub(super) method: Method,
    pub(super) route: Route<'a>,
    pub(super) body: Option<Value>,
    /// What in the body must not come back in an error's text.
    pub(super) secrets: Vec<Secret>,
}

impl<'a> Request<'a> {
    /// A request without a body.
    pub(super) fn bare(method: Method, route: Route<'a>) -> Self {
        Self {
            method,
            route,
            body: None,
            secrets: Vec::new(),
        }
    }

    /// The word for it in metrics.
    fn word(&self) -> &'static str {
        let (get, patch) = (self.method == Method::GET, self.method == Method::PATCH);
        match self.route {
            Route::Me => "get_client",
            Route::Page(_) => "list_streams",
            Route::Streams => "create_stream",
            Route::Stream(_) if get => "get_stream",
            Route::Stream(_) if patch => "update_stream",
            Route::Stream(_) => "delete_stream",
            Route::ResetKey(_) => "reset_stream_key",
            Route::StartRecording(_) => "start_recording",
            Route::StopRecording(_) => "stop_recording",
            Route::Videos(..) => "list_videos",
            Route::BroadcastPage(_) => "list_broadcasts",
            Route::Broadcasts => "create_broadcast",
            Route::Broadcast(_) if get => "get_broadcast",
            Route::Broadcast(_) if patch => "update_broadcast",
            Route::Broadcast(_) => "delete_broadcast",
        }
    }

    /// Neither POST nor PUT is in this list, and nothing may put them there. The API has no key by
    /// which it would know a repeat, so a second POST is a second stream, or a second new key for a
    /// stream. PUT is not what HTTP means by it: here it begins and ends recordings, and the end of
    /// one is told only once. PATCH sets absolute values.
    fn may_be_sent_again(&self) -> bool {
        [Method::GET, Method::PATCH, Method::DELETE].contains(&self.method)
    }
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

/// A success.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
}

/// Where a request goes (API spec; developer guide for the client).
#[derive(Clone, Copy)]
pub(super) enum Route<'a> {
    /// The client that a key belongs to.
    Me,
    /// A page of the list of streams.
    Page(u32),
    /// All streams.
    Streams,
    /// One stream.
    Stream(&'a StreamId),
    /// The key of a stream.
    ResetKey(&'a StreamId),
    /// The beginning of a recording.
    StartRecording(&'a StreamId),
    /// The end of a recording.
    StopRecording(&'a StreamId),
    /// A page of the videos that came out of a stream.
    Videos(&'a StreamId, u32),
    /// A page of the list of broadcasts.
    BroadcastPage(u32),
    /// All broadcasts.
    Broadcasts,
    /// One broadcast.
    Broadcast(&'a BroadcastId),
}

/// Where an id stands in a path.
const ID: &str = "{id}";

impl<'a> Route<'a> {
    /// As the documents write it, without any value in it.
    fn template(self) -> &'static str {
        match self {
            Self::Me => "/iam/clients/me",
            Self::Page(_) | Self::Streams => "/streaming/streams",
            Self::Stream(_) => "/streaming/streams/{id}",
            Self::ResetKey(_) => "/streaming/streams/{id}/reset_push_token",
            Self::StartRecording(_) => "/streaming/streams/{id}/start_recording",
            Self::StopRecording(_) => "/streaming/streams/{id}/stop_recording",
            Self::Videos(..) => "/streaming/videos",
            Self::BroadcastPage(_) | Self::Broadcasts => "/streaming/broadcasts",
            Self::Broadcast(_) => "/streaming/broadcasts/{id}",
        }
    }

    /// What it is about, in a path or a query, and in words.
    fn id(self) -> Option<(&'a str, &'static str)> {
        match self {
            Self::Stream(id)
            | Self::ResetKey(id)
            | Self::StartRecording(id)
            | Self::StopRecording(id)
            | Self::Videos(id, _) => Some((id.as_str(), "a stream")),
            Self::Broadcast(id) => Some((id.as_str(), "a broadcast")),
            Self::Me
            | Self::Page(_)
            | Self::Streams
            | Self::BroadcastPage(_)
            | Self::Broadcasts => None,
        }
    }

    /// The query. There is none that says how long a page is, but for videos, where its limit is
    /// not documented; and `fields` hides when a recording began.
    fn query(self) -> Vec<(&'static str, String)> {
        match self {
            Self::Page(page) | Self::BroadcastPage(page) => vec![("page", page.to_string())],
            Self::Videos(stream, page) => vec![
                ("stream_id", stream.to_string()),
                ("page", page.to_string()),
            ],
            Self::Me
            | Self::Streams
            | Self::Stream(_)
            | Self::ResetKey(_)
            | Self::StartRecording(_)
            | Self::StopRecording(_)
            | Self::Broadcasts
            | Self::Broadcast(_) => Vec::new(),
        }
    }

    fn largest(self) -> usize {
        match self {
            Self::Page(_) | Self::Videos(..) | Self::BroadcastPage(_) => LARGEST_PAGE,
            Self::Me
            | Self::Streams
            | Self::Stream(_)
            | Self::ResetKey(_)
            | Self::StartRecording(_)
            | Self::StopRecording(_)
            | Self::Broadcasts
            | Self::Broadcast(_) => LARGEST,
        }
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

impl Api {
    /// # Errors
    ///
    /// [`SetupError::Endpoint`] and [`SetupError::Key`].
    pub(super) fn new(
        endpoint: &str,
        key: Secret,
        http: Http,
        line: Line,
    ) -> Result<Self, SetupError> {
        Ok(Self {
            endpoint: base(endpoint)?,
            authorization: authorization(&key)?,
            key,
            http,
            line,
        })
    }

    /// Sends a request, again where that is safe and may help. Every error is final, in time and
    /// safe to show.
    pub(super) async fn send(&self, request: Request<'_>) -> Result<Answer, ProviderError> {
        let url = self.url(request.route)?;
        // What never left is known not to have been carried out, so waiting for that is no part of the
        // call.
        let reads = request.method == Method::GET;
        let departure = self.line.leave(reads).await?;
        let mut before = None;
        let tries = self.tries(&request, &url, departure, &mut before);
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
        request: &Request<'_>,
        url: &Url,
        mut departure: u64,
        before: &mut Option<ProviderError>,
    ) -> Result<Answer, ProviderError> {
        let mut pauses = self.http.deadlines.pauses.iter();
        loop {
            let failed = match self.try_once(request, url, departure).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            if !(request.may_be_sent_again() && failed.may_pass) {
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

    async fn try_once(
        &self,
        request: &Request<'_>,
        url: &Url,
        departure: u64,
    ) -> Result<Answer, Failed> {
        let Request {
            method,
            route,
            body,
            secrets: _,
        } = request;
        let client = if request.may_be_sent_again() {
            &self.http.kept
        } else {
            &self.http.fresh
        };
        let mut builder = client
            .request(method.clone(), url.clone())
            .header(AUTHORIZATION, self.authorization.clone())
            .header(ACCEPT, "application/json");
        if let Some(body) = body {
            builder = builder.json(body);
        } else if [Method::POST, Method::PUT].contains(method) {
            // Not added below; there are gateways that insist on it (RFC 9110, section 8.6).
            builder = builder.header(CONTENT_LENGTH, 0);
        }
        let route = route.template();
        let mut sent = Sent {
            line: &self.line,
            route: request.word(),
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
        let body = read(&mut response, request.route.largest()).await?;
        Ok(Answer { status, body })
    }

    /// The provider's words in a success, made safe to show. That no longer knows what was sent,
    /// but the key: it is for calls that send no secret.
    pub(super) fn words(&self, said: &Value) -> String {
        message::of_value(said, std::slice::from_ref(&self.key))
    }

    async fn refusal(&self, request: &Request<'_>, response: &mut Response) -> Failed {
        let status = response.status();
        let body = timeout(PATIENCE, read(response, LARGEST_ERROR)).await;
        let body = body.ok().and_then(Result::ok).unwrap_or_default();
        let mut secrets = request.secrets.clone();
        secrets.push(self.key.clone());
        Failed {
            error: of_status(
                status,
                response.headers(),
                &body,
                &secrets,
                clock::now().wall,
            ),
            may_pass: may_pass(status),
        }
    }

    /// # Errors
    ///
    /// [`ProviderError::Refused`], without a call, where an id is none that a path could hold: `..`
    /// would lead elsewhere.
    fn url(&self, route: Route<'_>) -> Result<Url, ProviderError> {
        let speakable = |id: &str| {
            let known = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
            (1..=64).contains(&id.len()) && id.bytes().all(known)
        };
        let id = match route.id() {
            Some((id, what)) if !speakable(id) => {
                return Err(ProviderError::Refused {
                    status: 400,
                    message: format!("this cannot be the id of {what}"),
                });
            }
            Some((id, _)) => id,
            None => "",
        };
        let mut url = self.endpoint.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            let segments = route.template().split('/').skip(1);
            let filled = segments.map(|segment| if segment == ID { id } else { segment });
            path.pop_if_empty().extend(filled);
        }
        for (name, value) in route.query() {
            url.query_pairs_mut().append_pair(name, &value);
        }
        Ok(url)
    }
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

const NO_KEY: &str = "it holds a line break or another character that no key has";

/// The scheme is spelt as the SDKs do; the API spec has it in lower case.
fn authorization(key: &Secret) -> Result<HeaderValue, SetupError> {
    if key.expose().trim().is_empty() {
        return Err(SetupError::Key("it is empty"));
    }
    let text = format!("APIKey {}", key.expose());
    // A header could carry bytes beyond ASCII, but no key has them.
    if !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Err(SetupError::Key(NO_KEY));
    }
    let mut value = HeaderValue::from_str(&text).map_err(|_| SetupError::Key(NO_KEY))?;
    value.set_sensitive(true);
    Ok(value)
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

    #[test]
    fn a_key_fits_into_a_header() {
        let value = authorization(&Secret::new("1$canary")).unwrap();
        assert_eq!(value, "APIKey 1$canary");
        assert!(!format!("{value:?}").contains("canary"));
        for bad in [
            "",
            "  ",
            "canary\n",
            "canar\u{0}y",
            "canarü",
            "canary\u{7f}",
        ] {
            let error = authorization(&Secret::new(bad)).unwrap_err();
            assert!(matches!(error, SetupError::Key(_)), "{bad:?}");
            assert!(!error.to_string().contains("canar"), "{error}");
        }
    }
}
