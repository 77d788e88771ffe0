//! The requests of the API, and what only this API has in them.

use reqwest::{
    Method, StatusCode, Url,
    header::{AUTHORIZATION, HeaderMap, HeaderValue},
};
use serde_json::Value;

use super::failure::of_status;
use crate::{
    clock::Now,
    provider::{
        BroadcastId, Line, ProviderError, StreamId,
        http::{
            Http, SetupError,
            caller::{Answer, Caller, Dialect, Outgoing, speakable},
            message,
        },
    },
    secret::Secret,
};

/// The largest body of a page, and of any other success.
const LARGEST_PAGE: usize = 8 << 20;
const LARGEST: usize = 1 << 20;

/// An API and a key to it.
pub(super) struct Api(Caller<Key>);

struct Key {
    key: Secret,
    authorization: HeaderValue,
}

impl Dialect for Key {
    fn headers(&self, _: &Method, _: &Url, _: Now) -> Result<HeaderMap, ProviderError> {
        let key = (AUTHORIZATION, self.authorization.clone());
        Ok(HeaderMap::from_iter([key]))
    }

    fn refusal(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
        secrets: &[Secret],
        now: Now,
    ) -> ProviderError {
        let mut secrets = secrets.to_vec();
        secrets.push(self.key.clone());
        of_status(status, headers, body, &secrets, now.wall)
    }
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
        let authorization = authorization(&key)?;
        let key = Key { key, authorization };
        Ok(Self(Caller::new(endpoint, key, http, line)?))
    }

    /// Sends a request, again where that is safe and may help. Every error is final, in time and
    /// safe to show.
    pub(super) async fn send(&self, request: Request<'_>) -> Result<Answer, ProviderError> {
        let outgoing = Outgoing {
            url: self.url(request.route)?,
            route: request.route.template(),
            word: request.word(),
            largest: request.route.largest(),
            may_be_sent_again: request.may_be_sent_again(),
            body: request.body.map(|body| body.to_string().into_bytes()),
            method: request.method,
            secrets: request.secrets,
        };
        self.0.send(outgoing).await
    }

    /// The provider's words in a success, made safe to show. That no longer knows what was sent,
    /// but the key: it is for calls that send no secret.
    pub(super) fn words(&self, said: &Value) -> String {
        message::of_value(said, std::slice::from_ref(&self.0.dialect.key))
    }

    /// # Errors
    ///
    /// [`ProviderError::Refused`], without a call, where an id is none that a path could hold.
    fn url(&self, route: Route<'_>) -> Result<Url, ProviderError> {
        let id = match route.id() {
            Some((id, what)) => speakable(id, what)?,
            None => "",
        };
        let segments = route.template().split('/').skip(1);
        let filled = segments.map(|segment| if segment == ID { id } else { segment });
        let mut url = self.0.url(filled);
        for (name, value) in route.query() {
            url.query_pairs_mut().append_pair(name, &value);
        }
        Ok(url)
    }
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
