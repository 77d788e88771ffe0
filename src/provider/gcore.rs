//! Gcore Video Streaming.
//!
//! What its documents say, and where they contradict each other, stands beside the code that
//! depends on it. Documents are named, not linked: the API spec is the `OpenAPI` file of the
//! Streaming API, the IAM specification is the platform's.

mod broadcasts;
mod client;
mod failure;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod map;
mod mark;
mod recordings;
mod webhook;
mod wire;

use std::sync::Arc;

use reqwest::{Method, StatusCode};
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use self::client::{Api, Request, Route};
use super::{
    Call, Capabilities, ClientId, Connection, Deletion, Identity, KeyReset, Known, Line, Mark,
    ObservedStream, Owner, Page, ProviderError, StreamId, StreamSettings, Streams,
    http::{Http, SetupError, body::decode, caller::Answer},
};
use crate::{api::LiveStationStream, secret::Secret};

/// Puts a key to work at an endpoint. Nothing is sent yet, so this says nothing about whether the
/// key is good: [`Identity::client`] does.
pub fn connect(endpoint: &str, key: Secret, http: &Http) -> Result<Connection, SetupError> {
    let line = Line::metered(http.meter.clone());
    let gcore = Arc::new(Gcore(Api::new(endpoint, key, http.clone(), line.clone())?));
    Ok(Connection {
        identity: gcore.clone(),
        streams: gcore.clone(),
        recordings: gcore.clone(),
        broadcasts: Some(gcore),
        webhook: webhook::hint,
        capabilities: CAPABILITIES,
        line,
    })
}

const CAPABILITIES: Capabilities = Capabilities {
    name: "Gcore",
    unsupported,
    replaced: |_| Vec::new(),
    off_ends_recordings: true,
    key_reset: true,
    owner: Owner::clone,
};

fn unsupported(want: &StreamSettings) -> Vec<&'static str> {
    let other = want.live_station != LiveStationStream::default();
    other.then_some("liveStation").into_iter().collect()
}

struct Gcore(Api);

impl Identity for Gcore {
    fn client<'a>(&'a self, _: Option<&'a Known>) -> Call<'a, Option<ClientId>> {
        Box::pin(async move {
            let client: wire::Client = decode(&self.read(Route::Me).await?)?;
            let id = client
                .id
                .ok_or_else(|| failure::garbled("it names no client"))?;
            Ok(Some(ClientId::new(id)))
        })
    }

    fn fingerprint(&self) -> Option<String> {
        None
    }
}

impl Streams for Gcore {
    fn list(&self, page: u32) -> Call<'_, Page> {
        Box::pin(async move {
            let wire::Page(items) = decode(&self.read(Route::Page(page)).await?)?;
            // What a list does not show may be there: only a single read can tell.
            let read = |item| map::observed(item, Mark::Unreadable);
            Ok(items.into_iter().map(read).collect())
        })
    }

    fn get<'a>(&'a self, id: &'a StreamId) -> Call<'a, Option<ObservedStream>> {
        Box::pin(async move {
            let body = present(self.read(Route::Stream(id)).await)?;
            let read = |body: Vec<u8>| the_stream(id, &body, Mark::None);
            body.map(read).transpose()
        })
    }

    /// Sends what is wanted, and always name, switch and source: their defaults are not the same in
    /// all documents (API spec, tutorial, iOS demo app).
    fn create<'a>(
        &'a self,
        owner: &'a Owner,
        settings: &'a StreamSettings,
    ) -> Call<'a, ObservedStream> {
        Box::pin(async move {
            let user = settings.gcore.client_entity_data.as_deref().unwrap_or("");
            let data = marked(user, &Mark::Owned(owner.clone()))?;
            let mut fields = map::fields(settings, Some(data));
            for (name, value) in [
                ("name", json!(owner.name)),
                ("active", json!(false)),
                ("pull", json!(false)),
            ] {
                fields.entry(name).or_insert(value);
            }
            let answer = self
                .0
                .send(Request {
                    method: Method::POST,
                    route: Route::Streams,
                    // Flat, unlike a change (API spec, SDKs).
                    body: Some(Value::Object(fields)),
                    secrets: map::secrets(settings),
                })
                .await?;
            stream(&answer.body, Mark::Unreadable)
        })
    }

    fn update<'a>(
        &'a self,
        id: &'a StreamId,
        owner: Option<&'a Owner>,
        settings: &'a StreamSettings,
    ) -> Call<'a, Option<ObservedStream>> {
        Box::pin(async move {
            let (mark, unshown) = match owner {
                Some(owner) => (Mark::Owned(owner.clone()), Mark::Unreadable),
                None => (Mark::None, Mark::None),
            };
            let data = settings.gcore.client_entity_data.as_deref();
            let data = data.map(|user| marked(user, &mark)).transpose()?;
            let fields = map::fields(settings, data);
            if fields.is_empty() {
                // Nothing to set: what it has now is what it had.
                return self.get(id).await;
            }
            let secrets = map::secrets(settings);
            self.change(id, fields, secrets, unshown).await
        })
    }

    fn claim<'a>(
        &'a self,
        seen: &'a ObservedStream,
        owner: &'a Owner,
    ) -> Call<'a, Option<ObservedStream>> {
        Box::pin(self.mark(seen, Mark::Owned(owner.clone())))
    }

    fn release<'a>(
        &'a self,
        seen: &'a ObservedStream,
        owner: &'a Owner,
    ) -> Call<'a, Option<ObservedStream>> {
        Box::pin(self.mark(seen, Mark::Released(owner.clone())))
    }

    fn delete<'a>(&'a self, seen: &'a ObservedStream) -> Call<'a, Deletion> {
        Box::pin(async {
            self.remove(Route::Stream(&seen.id)).await?;
            Ok(Deletion::Gone)
        })
    }

    /// 200 and the stream: the ingest was cut. 202: the key is new, and an ingest that ran goes on
    /// (API spec; in no SDK). That is also what any other success could mean.
    fn reset_ingest_key<'a>(&'a self, id: &'a StreamId) -> Call<'a, Option<KeyReset>> {
        Box::pin(async move {
            let reset = Request::bare(Method::POST, Route::ResetKey(id));
            let Some(answer) = present(self.0.send(reset).await)? else {
                return Ok(None);
            };
            if answer.status != StatusCode::OK {
                no_matter(&answer.body)?;
                return Ok(Some(KeyReset::RestartEncoder));
            }
            let shown = if says_nothing(&answer.body) {
                None
            } else {
                // What it does not show may be there all the same, as in the answer to a creation.
                Some(Box::new(the_stream(id, &answer.body, Mark::Unreadable)?))
            };
            Ok(Some(KeyReset::Cut(shown)))
        })
    }
}

impl Gcore {
    async fn read(&self, route: Route<'_>) -> Result<Vec<u8>, ProviderError> {
        let answer = self.0.send(Request::bare(Method::GET, route)).await?;
        Ok(answer.body)
    }

    /// Deletes what a route names.
    async fn remove(&self, route: Route<'_>) -> Result<(), ProviderError> {
        let answer = self.0.send(Request::bare(Method::DELETE, route)).await;
        match present(answer)? {
            Some(answer) => no_matter(&answer.body),
            None => Ok(()),
        }
    }

    /// Replaces the mark and keeps the user's text.
    async fn mark(
        &self,
        seen: &ObservedStream,
        mark: Mark,
    ) -> Result<Option<ObservedStream>, ProviderError> {
        let user = seen.settings.gcore.client_entity_data.as_deref();
        let data = marked(user.unwrap_or(""), &mark)?;
        let fields = map::fields(&StreamSettings::default(), Some(data));
        self.change(&seen.id, fields, Vec::new(), mark).await
    }

    /// Sets fields. The wrapper is what the API spec, the SDKs and the tutorial have. `unshown` is
    /// the mark of an answer that shows none.
    async fn change(
        &self,
        id: &StreamId,
        fields: Map<String, Value>,
        secrets: Vec<Secret>,
        unshown: Mark,
    ) -> Result<Option<ObservedStream>, ProviderError> {
        let answer = self
            .0
            .send(Request {
                method: Method::PATCH,
                route: Route::Stream(id),
                body: Some(json!({ "stream": fields })),
                secrets,
            })
            .await;
        let read = |answer: Answer| the_stream(id, &answer.body, unshown);
        present(answer)?.map(read).transpose()
    }
}

/// `client_entity_data` with the mark in it. A text that cannot hold it is refused here, before
/// anything is sent, as if the provider had: a stream whose mark nobody can read would be lost.
fn marked(user: &str, mark: &Mark) -> Result<String, ProviderError> {
    mark::write(user, mark).map_err(|reserved| ProviderError::Refused {
        status: 422,
        message: reserved.to_string(),
    })
}

/// What is missing is no error. That operations on streams answer 404 for one is documented only
/// for recordings and clips; it is taken for all, and for broadcasts.
fn present<T>(result: Result<T, ProviderError>) -> Result<Option<T>, ProviderError> {
    match result {
        Ok(answer) => Ok(Some(answer)),
        Err(ProviderError::Refused { status: 404, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A stream from a body; see [`map::observed`].
fn stream(body: &[u8], unshown: Mark) -> Result<ObservedStream, ProviderError> {
    let value: Value = decode(body)?;
    map::observed(wire::object(value), unshown)
        .map_err(|unreadable| failure::garbled(unreadable.what))
}

/// The stream that was asked for.
fn the_stream(id: &StreamId, body: &[u8], unshown: Mark) -> Result<ObservedStream, ProviderError> {
    let stream = stream(body, unshown)?;
    if stream.id == *id {
        Ok(stream)
    } else {
        Err(failure::garbled("it is another stream"))
    }
}

/// Whether a body is empty, or null.
fn says_nothing(body: &[u8]) -> bool {
    [&b""[..], b"null"].contains(&body.trim_ascii())
}

/// A success needs no body here, but a gateway's page is not taken for one.
fn no_matter(body: &[u8]) -> Result<(), ProviderError> {
    if says_nothing(body) {
        return Ok(());
    }
    decode(body).map(|IgnoredAny| ())
}
