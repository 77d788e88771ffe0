//! The requests of the API, and what only this API has in them.

use reqwest::{
    Method, StatusCode, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use serde_json::Value;

use super::{failure, sign};
use crate::{
    clock::Now,
    provider::{
        Line, ProviderError, StreamId,
        http::{
            Http, SetupError,
            caller::{Answer, Caller, Dialect, Outgoing, speakable},
        },
    },
    secret::Secret,
};

/// The largest body of a page or of a list of files, and of any other success.
const LARGEST_PAGE: usize = 8 << 20;
const LARGEST: usize = 1 << 20;

/// The longest page that the API gives (page "Get channel list").
pub(super) const PAGE: u32 = 100;

/// A pair of keys.
#[derive(Clone)]
pub struct Keys {
    /// It says who calls, and is shown to the provider as it is.
    pub access: Secret,
    /// It signs, and never leaves.
    pub secret: Secret,
}

/// An API and keys to it.
pub(super) struct Api(Caller<Signing>);

struct Signing {
    keys: Keys,
    access: HeaderValue,
    region: HeaderValue,
}

impl Dialect for Signing {
    /// Each try has its own time and signature: an old one would not be valid.
    fn headers(&self, method: &Method, url: &Url, now: Now) -> Result<HeaderMap, ProviderError> {
        let timestamp = now.wall.as_millisecond().to_string();
        let target = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let signature = sign::signature(
            method.as_str(),
            &target,
            &timestamp,
            self.keys.access.expose(),
            &self.keys.secret,
        );
        let value = |text: &str| {
            HeaderValue::from_str(text)
                .map_err(|_| failure::garbled("a header cannot be made of it"))
        };
        Ok(HeaderMap::from_iter([
            (header("x-ncp-apigw-timestamp"), value(&timestamp)?),
            (header("x-ncp-iam-access-key"), self.access.clone()),
            (header("x-ncp-apigw-signature-v2"), value(&signature)?),
            (header("x-ncp-region_code"), self.region.clone()),
            // Also where there is no body: the overview asks for it in every call.
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        ]))
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
        secrets.extend([self.keys.access.clone(), self.keys.secret.clone()]);
        failure::of(status, headers, body, &secrets, now.wall)
    }
}

fn header(name: &'static str) -> HeaderName {
    HeaderName::from_static(name)
}

/// A request.
pub(super) struct Request<'a> {
    pub(super) method: Method,
    pub(super) route: Route<'a>,
    pub(super) body: Option<Value>,
}

impl<'a> Request<'a> {
    pub(super) fn get(route: Route<'a>) -> Self {
        Self {
            method: Method::GET,
            route,
            body: None,
        }
    }

    pub(super) fn put(route: Route<'a>, body: Option<Value>) -> Self {
        Self {
            method: Method::PUT,
            route,
            body,
        }
    }

    /// The word for it in metrics.
    fn word(&self) -> &'static str {
        let (get, put) = (self.method == Method::GET, self.method == Method::PUT);
        match self.route {
            Route::Page(_) | Route::First => "list_channels",
            Route::Channels => "create_channel",
            Route::Channel(_) if get => "get_channel",
            Route::Channel(_) if put => "update_channel",
            Route::Channel(_) => "delete_channel",
            Route::On(_) => "switch_on",
            Route::Off(_) => "switch_off",
            Route::StartRecord(_) => "start_recording",
            Route::StopRecord(_) => "stop_recording",
            Route::Records(_) => "list_recordings",
            Route::ServiceUrls(_) => "get_service_urls",
        }
    }

    /// A creation is never sent again, nor is the beginning or the end of a recording: the API has no key by
    /// which it would know a repeat. All settings at once, on, off and a deletion are absolute.
    fn may_be_sent_again(&self) -> bool {
        match self.route {
            Route::Channels | Route::StartRecord(_) | Route::StopRecord(_) => false,
            Route::Page(_)
            | Route::First
            | Route::Channel(_)
            | Route::On(_)
            | Route::Off(_)
            | Route::Records(_)
            | Route::ServiceUrls(_) => true,
        }
    }
}

/// Where a request goes.
#[derive(Clone, Copy)]
pub(super) enum Route<'a> {
    /// A page of the list of channels.
    Page(u32),
    /// The first channel of the list, to see whether the keys are good.
    First,
    /// All channels.
    Channels,
    /// One channel.
    Channel(&'a StreamId),
    /// The end of a stop.
    On(&'a StreamId),
    /// The stop of a channel.
    Off(&'a StreamId),
    /// The beginning of a recording.
    StartRecord(&'a StreamId),
    /// The end of a recording.
    StopRecord(&'a StreamId),
    /// The files of a channel's recordings.
    Records(&'a StreamId),
    /// Where viewers watch.
    ServiceUrls(&'a StreamId),
}

/// Where an id stands in a path.
const ID: &str = "{channelId}";

impl<'a> Route<'a> {
    /// As the documents write it, without any value in it.
    fn template(self) -> &'static str {
        match self {
            Self::Page(_) | Self::First | Self::Channels => "/api/v2/channels",
            Self::Channel(_) => "/api/v2/channels/{channelId}",
            Self::On(_) => "/api/v2/channels/{channelId}/on",
            Self::Off(_) => "/api/v2/channels/{channelId}/off",
            Self::StartRecord(_) => "/api/v2/channels/{channelId}/startRecord",
            Self::StopRecord(_) => "/api/v2/channels/{channelId}/stopRecord",
            Self::Records(_) => "/api/v2/channels/{channelId}/records",
            Self::ServiceUrls(_) => "/api/v2/channels/{channelId}/serviceUrls",
        }
    }

    fn id(self) -> Option<&'a StreamId> {
        match self {
            Self::Page(_) | Self::First | Self::Channels => None,
            Self::Channel(id)
            | Self::On(id)
            | Self::Off(id)
            | Self::StartRecord(id)
            | Self::StopRecord(id)
            | Self::Records(id)
            | Self::ServiceUrls(id) => Some(id),
        }
    }

    /// Letters and digits alone: how anything else is signed is not documented.
    fn query(self) -> Option<String> {
        match self {
            Self::Page(page) => Some(format!("pageNo={page}&pageSizeNo={PAGE}")),
            Self::First => Some("pageNo=1&pageSizeNo=1".to_owned()),
            Self::ServiceUrls(_) => Some("serviceUrlType=GENERAL".to_owned()),
            Self::Channels
            | Self::Channel(_)
            | Self::On(_)
            | Self::Off(_)
            | Self::StartRecord(_)
            | Self::StopRecord(_)
            | Self::Records(_) => None,
        }
    }

    fn largest(self) -> usize {
        match self {
            Self::Page(_) | Self::Records(_) | Self::StartRecord(_) | Self::StopRecord(_) => {
                LARGEST_PAGE
            }
            Self::First
            | Self::Channels
            | Self::Channel(_)
            | Self::On(_)
            | Self::Off(_)
            | Self::ServiceUrls(_) => LARGEST,
        }
    }
}

impl Api {
    /// # Errors
    ///
    /// [`SetupError::Endpoint`] and [`SetupError::Key`].
    pub(super) fn new(
        endpoint: &str,
        keys: Keys,
        region: &str,
        http: Http,
        line: Line,
    ) -> Result<Self, SetupError> {
        let mut access = sendable(keys.access.expose())?;
        access.set_sensitive(true);
        if keys.secret.expose().trim().is_empty() {
            return Err(SetupError::Key("the secret key is empty"));
        }
        let region = sendable(region)?;
        let signing = Signing {
            keys,
            access,
            region,
        };
        Ok(Self(Caller::new(endpoint, signing, http, line)?))
    }

    /// Sends a request, again where that is safe and may help. Every error is final, in time and safe to show.
    pub(super) async fn send(&self, request: Request<'_>) -> Result<Answer, ProviderError> {
        let route = request.route;
        let id = match route.id() {
            Some(id) => speakable(id.as_str(), "a channel")?,
            None => "",
        };
        let segments = route.template().split('/').skip(1);
        let filled = segments.map(|segment| if segment == ID { id } else { segment });
        let mut url = self.0.url(filled);
        url.set_query(route.query().as_deref());
        let outgoing = Outgoing {
            url,
            route: route.template(),
            word: request.word(),
            largest: route.largest(),
            may_be_sent_again: request.may_be_sent_again(),
            body: request.body.map(|body| body.to_string().into_bytes()),
            method: request.method,
            secrets: Vec::new(),
        };
        self.0.send(outgoing).await
    }
}

/// What a header can hold.
fn sendable(text: &str) -> Result<HeaderValue, SetupError> {
    if text.trim().is_empty() {
        return Err(SetupError::Key("it is empty"));
    }
    // A header could carry bytes beyond ASCII, but no key has them.
    let fine = text.bytes().all(|byte| byte.is_ascii_graphic());
    HeaderValue::from_str(text)
        .ok()
        .filter(|_| fine)
        .ok_or(SetupError::Key(
            "it holds a space, a line break or another character that no key has",
        ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_fits_into_a_header() {
        assert!(sendable("AKID").is_ok());
        for bad in ["", " ", "canary\n", "canar y", "canarü"] {
            let error = sendable(bad).unwrap_err();
            assert!(!error.to_string().contains("canar"), "{error}");
        }
    }
}
