//! One call of the API: its request, its repeats, and its answer up to the bytes of the body.

use std::time::Duration;

use reqwest::{
    Method, Response, Url,
    header::{ACCEPT, AUTHORIZATION, HeaderValue},
};
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::{
    Http, SetupError,
    failure::{garbled, may_pass, of_status, on_the_way, unavailable},
};
use crate::{
    clock,
    provider::{ProviderError, StreamId},
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
}

/// A request.
pub(super) struct Request<'a> {
    pub(super) method: Method,
    pub(super) route: Route<'a>,
    pub(super) body: Option<Value>,
    /// What in the body must not come back in an error's text.
    pub(super) secrets: Vec<Secret>,
}

/// Where a request goes (API spec; developer guide for the client).
#[derive(Clone, Copy)]
pub(super) enum Route<'a> {
    /// The client that a key belongs to.
    Me,
    /// A page of the list.
    Page(u32),
    /// All streams.
    Streams,
    /// One stream.
    Stream(&'a StreamId),
}

impl Route<'_> {
    /// As the documents write it, without any value in it.
    fn template(self) -> &'static str {
        match self {
            Self::Me => "/iam/clients/me",
            Self::Page(_) | Self::Streams => "/streaming/streams",
            Self::Stream(_) => "/streaming/streams/{id}",
        }
    }

    fn largest(self) -> usize {
        match self {
            Self::Page(_) => LARGEST_PAGE,
            Self::Me | Self::Streams | Self::Stream(_) => LARGEST,
        }
    }
}

impl Request<'_> {
    /// A POST is not in this list, and nothing may put it there: the API has no key by which it
    /// would know a repeat, so a second POST is a second stream. PATCH sets absolute values.
    fn may_be_sent_again(&self) -> bool {
        [Method::GET, Method::PATCH, Method::DELETE].contains(&self.method)
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
    pub(super) fn new(endpoint: &str, key: Secret, http: Http) -> Result<Self, SetupError> {
        Ok(Self {
            endpoint: base(endpoint)?,
            authorization: authorization(&key)?,
            key,
            http,
        })
    }

    /// Sends a request, again where that is safe and may help, and gives the body of its success.
    /// Every error is final, in time and safe to show.
    pub(super) async fn send(&self, request: Request<'_>) -> Result<Vec<u8>, ProviderError> {
        let url = self.url(request.route)?;
        let mut before = None;
        let tries = self.tries(&request, &url, &mut before);
        match timeout(self.http.deadlines.call, tries).await {
            Ok(result) => result,
            // What an earlier try was told says more than that a later one was told nothing.
            Err(_) => Err(before.unwrap_or_else(|| unavailable("no answer in time"))),
        }
    }

    async fn tries(
        &self,
        request: &Request<'_>,
        url: &Url,
        before: &mut Option<ProviderError>,
    ) -> Result<Vec<u8>, ProviderError> {
        let mut pauses = self.http.deadlines.pauses.iter();
        loop {
            let failed = match self.try_once(request, url).await {
                Ok(body) => return Ok(body),
                Err(failed) => failed,
            };
            if !(request.may_be_sent_again() && failed.may_pass) {
                return Err(failed.error);
            }
            let Some(pause) = pauses.next() else {
                return Err(failed.error);
            };
            *before = Some(failed.error);
            sleep(*pause).await;
        }
    }

    async fn try_once(&self, request: &Request<'_>, url: &Url) -> Result<Vec<u8>, Failed> {
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
        }
        let route = route.template();
        let mut response = builder.send().await.map_err(|error| {
            let what = on_the_way(&error);
            tracing::debug!(%method, route, what, "no answer from the provider");
            Failed::for_now(unavailable(what))
        })?;
        let status = response.status();
        tracing::debug!(%method, route, status = status.as_u16(), "the provider answered");
        if !status.is_success() {
            return Err(self.refusal(request, &mut response).await);
        }
        read(&mut response, request.route.largest()).await
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
        let (segments, id): (&[&str], _) = match route {
            Route::Me => (&["iam", "clients", "me"], None),
            Route::Page(_) | Route::Streams => (&["streaming", "streams"], None),
            Route::Stream(id) => (&["streaming", "streams"], Some(id.as_str())),
        };
        let speakable = |id: &str| {
            let known = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
            (1..=64).contains(&id.len()) && id.bytes().all(known)
        };
        if !id.is_none_or(speakable) {
            return Err(ProviderError::Refused {
                status: 400,
                message: "this cannot be the id of a stream".to_owned(),
            });
        }
        let mut url = self.endpoint.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments).extend(id);
        }
        if let Route::Page(page) = route {
            url.query_pairs_mut().append_pair("page", &page.to_string());
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
