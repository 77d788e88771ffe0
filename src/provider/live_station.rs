//! NAVER Cloud Platform Live Station.
//!
//! What its documents say, and where they are silent, stands beside the code that depends on it. Documents
//! are named, not linked: the pages are those of the Live Station part of the API guide.

mod callback;
mod client;
mod failure;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod map;
mod mark;
mod recordings;
mod sign;
mod wire;

use std::sync::Arc;

use reqwest::Method;
use ring::digest::{SHA256, digest};
use serde::de::IgnoredAny;
use serde_json::Value;

pub use self::client::Keys;
use self::{
    client::{Api, Request, Route},
    map::Item,
};
use super::{
    Call, Capabilities, ClientId, Connection, Deletion, Identity, KeyReset, Known, Line, Mark,
    ObservedStream, Owner, Page, Phase, ProviderError, StreamId, StreamSettings, Streams,
    http::{Http, SetupError, body::decode, caller::Answer, failure::unavailable},
};
use crate::api::Playback;

/// What the account says of every channel that is created.
#[derive(Clone, Debug, PartialEq)]
pub struct Defaults {
    /// The quality set of channels that name none.
    pub quality_set_id: i64,
    /// The Global Edge profile.
    pub cdn_profile_id: i64,
    /// `KOREA`, `JAPAN` or `GLOBAL`.
    pub cdn_region: String,
    /// The record policy, as the API takes it.
    pub record: Value,
}

/// What cannot be done here, as the user writes it.
const CAPABILITIES: Capabilities = Capabilities {
    name: "NAVER Live Station",
    unsupported,
    replaced,
    // What becomes of a recording then is not documented.
    off_ends_recordings: false,
    key_reset: false,
    owner: mark::form,
};

/// Puts keys to work at an endpoint. Nothing is sent yet.
pub fn connect(
    endpoint: &str,
    keys: Keys,
    region: &str,
    defaults: Defaults,
    http: &Http,
) -> Result<Connection, SetupError> {
    let access = keys.access.expose();
    let client = ClientId::new(format!("ncp-{}", digits(access)));
    let fingerprint = fingerprint(endpoint, region, access);
    let line = Line::metered(http.meter.clone());
    let api = Api::new(endpoint, keys, region, http.clone(), line.clone())?;
    let live_station = Arc::new(LiveStation {
        api,
        client,
        fingerprint,
        defaults,
    });
    Ok(Connection {
        identity: live_station.clone(),
        streams: live_station.clone(),
        recordings: live_station,
        broadcasts: None,
        webhook: callback::hint,
        capabilities: CAPABILITIES,
        line,
    })
}

/// A digest of all that decides whose channels are seen.
pub fn fingerprint(endpoint: &str, region: &str, access: &str) -> String {
    digits(&[endpoint, region, access].join("\n"))
}

/// The first twelve digits of a text's digest.
fn digits(text: &str) -> String {
    let digest = digest(&SHA256, text.as_bytes());
    let digits = digest.as_ref().iter().take(6);
    let digits: Vec<String> = digits.map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}

/// What of the wanted settings this provider does not have.
fn unsupported(want: &StreamSettings) -> Vec<&'static str> {
    let gcore = &want.gcore;
    let pull = matches!(want.source, Some(super::Source::Pull(_)));
    let other_dvr = want.dvr_seconds.is_some_and(|seconds| seconds != 21_600);
    [
        ("displayName", want.name.is_some()),
        ("pull", pull),
        ("srtPassphraseSecretRef", want.srt_passphrase.is_some()),
        ("dvr.durationSeconds", other_dvr),
        ("gcore", *gcore != crate::api::GcoreStream::default()),
    ]
    .into_iter()
    .filter_map(|(field, is)| is.then_some(field))
    .collect()
}

/// What can be set at the creation alone (the page "Change channel" does not list it).
fn replaced(difference: &StreamSettings) -> Vec<&'static str> {
    let quality_set = difference.live_station.quality_set_id;
    quality_set
        .map(|_| "liveStation.qualitySetId")
        .into_iter()
        .collect()
}

/// How many pages of terminated channels alone are passed over in one call: a list of them may have no end.
const MOST_GONE: usize = 10;

struct LiveStation {
    api: Api,
    /// A name for whoever the keys belong to, where no earlier pair has given one.
    client: ClientId,
    fingerprint: String,
    defaults: Defaults,
}

impl Identity for LiveStation {
    /// There is no call that says whose keys they are. Other keys than those that were accepted last, another
    /// region or another endpoint have to show a channel that is known to be the client's; where there is none,
    /// they are believed.
    fn client<'a>(&'a self, known: Option<&'a Known>) -> Call<'a, Option<ClientId>> {
        Box::pin(async move {
            let other = known.filter(|known| known.fingerprint.as_ref() != Some(&self.fingerprint));
            if let Some((known, witness)) = other.and_then(|it| Some((it, it.streams.first()?))) {
                let listed = self.list(1).await?;
                let mut listed = listed.iter().flatten();
                let shown = listed.any(|seen| known.streams.contains(&seen.id))
                    || self.read(witness).await?.is_some();
                return Ok(shown.then(|| known.client.clone()));
            }
            let answer = self.api.send(Request::get(Route::First)).await?;
            let wire::Envelope::<IgnoredAny> { .. } = decode(&answer.body)?;
            Ok(Some(known.map_or(&self.client, |it| &it.client).clone()))
        })
    }

    fn fingerprint(&self) -> Option<String> {
        Some(self.fingerprint.clone())
    }
}

impl Streams for LiveStation {
    fn list(&self, page: u32) -> Call<'_, Page> {
        Box::pin(async move {
            for page in (page..).take(MOST_GONE) {
                let answer = self.api.send(Request::get(Route::Page(page))).await?;
                let wire::Envelope { content } = decode(&answer.body)?;
                let wire::Page(content) = content;
                let whole = content.is_empty();
                let items: Page = content
                    .into_iter()
                    .filter_map(|item| {
                        // What a list does not show may be there: only a single read can tell.
                        match map::observed(item, &Mark::Unreadable) {
                            Ok(Item::There(stream)) => Some(Ok(*stream)),
                            Ok(Item::Gone) => None,
                            Err(unreadable) => Some(Err(unreadable)),
                        }
                    })
                    .collect();
                // A page of terminated channels alone is not the end of the list.
                if whole || !items.is_empty() {
                    return Ok(items);
                }
            }
            Err(failure::garbled(
                "page upon page of the list holds terminated channels alone",
            ))
        })
    }

    /// Two calls: where viewers watch is no part of a channel.
    fn get<'a>(&'a self, id: &'a StreamId) -> Call<'a, Option<ObservedStream>> {
        Box::pin(async move {
            let Some(mut stream) = self.read(id).await? else {
                return Ok(None);
            };
            // What is being created is watched nowhere yet.
            if stream.phase == Phase::Usable {
                stream.playback = Some(self.playback(id).await?);
            }
            Ok(Some(stream))
        })
    }

    /// A channel is created as one that is on: whoever wants it off switches it off when it is there.
    fn create<'a>(
        &'a self,
        owner: &'a Owner,
        settings: &'a StreamSettings,
    ) -> Call<'a, ObservedStream> {
        Box::pin(async move {
            let body = map::creation(&mark::owned(owner), settings, &self.defaults);
            let request = Request {
                method: Method::POST,
                route: Route::Channels,
                body: Some(body),
            };
            let answer = match self.api.send(request).await {
                // There is no state that a creation could be against: what it means is not known.
                Err(ProviderError::Refused {
                    status: failure::NOT_AVAILABLE,
                    message,
                }) => return Err(unavailable(message)),
                answer => answer?,
            };
            let wire::Envelope::<Value> { content } = decode(&answer.body)?;
            // What the answer holds beside the id is not documented; the name is the one that was sent.
            let sent = Mark::Owned(mark::form(owner));
            match map::observed(wire::object(content), &sent) {
                Ok(Item::There(stream)) => Ok(*stream),
                Ok(Item::Gone) => Err(failure::garbled("it is a terminated channel")),
                Err(unreadable) => Err(failure::garbled(unreadable.what)),
            }
        })
    }

    /// The switch is a call of its own, and so are all other settings: where both are wanted, the switch comes
    /// first, and what is left is found by the next look.
    fn update<'a>(
        &'a self,
        id: &'a StreamId,
        owner: Option<&'a Owner>,
        settings: &'a StreamSettings,
    ) -> Call<'a, Option<ObservedStream>> {
        Box::pin(async move {
            let unshown = owner.map_or(Mark::None, |_| Mark::Unreadable);
            match settings.active {
                Some(true) => self.switch(id, Route::On(id), &unshown).await,
                Some(false) => self.switch(id, Route::Off(id), &unshown).await,
                None => self.change(id, None, settings).await,
            }
        })
    }

    fn claim<'a>(
        &'a self,
        seen: &'a ObservedStream,
        owner: &'a Owner,
    ) -> Call<'a, Option<ObservedStream>> {
        let name = mark::owned(owner);
        Box::pin(async move { self.rename(&seen.id, name).await })
    }

    fn release<'a>(
        &'a self,
        seen: &'a ObservedStream,
        owner: &'a Owner,
    ) -> Call<'a, Option<ObservedStream>> {
        let name = mark::released(owner);
        Box::pin(async move { self.rename(&seen.id, name).await })
    }

    /// A channel can be terminated only when it is ready (page "Terminate channel"): one that publishes is
    /// stopped first, which cuts the broadcast, and one that is stopped is released.
    fn delete<'a>(&'a self, seen: &'a ObservedStream) -> Call<'a, Deletion> {
        Box::pin(async move {
            let id = &seen.id;
            let step = match (seen.live, seen.settings.active) {
                (true, _) => Some(Route::Off(id)),
                (false, Some(false)) => Some(Route::On(id)),
                (false, Some(true) | None) => None,
            };
            if let Some(route) = step {
                let now = self.switch(id, route, &seen.mark).await?;
                return Ok(now.map_or(Deletion::Gone, |now| Deletion::Underway(Box::new(now))));
            }
            let request = Request {
                method: Method::DELETE,
                route: Route::Channel(id),
                body: None,
            };
            present(self.api.send(request).await)?;
            Ok(Deletion::Gone)
        })
    }

    /// No call for it is documented.
    fn reset_ingest_key<'a>(&'a self, _: &'a StreamId) -> Call<'a, Option<KeyReset>> {
        Box::pin(async {
            Err(ProviderError::Refused {
                status: 400,
                message: "Live Station has no call that renews a stream key".to_owned(),
            })
        })
    }
}

impl LiveStation {
    /// Whether the account has recordings uploaded to a bucket.
    fn uploads(&self) -> bool {
        self.defaults.record["type"] == "AUTO_UPLOAD"
    }

    async fn channel(&self, id: &StreamId) -> Result<Option<Value>, ProviderError> {
        let answer = present(self.api.send(Request::get(Route::Channel(id))).await)?;
        let content = |answer: Answer| {
            let wire::Envelope { content } = decode(&answer.body)?;
            Ok(content)
        };
        answer.map(content).transpose()
    }

    /// A channel as a single read shows it. Whose it is cannot be told of one without a name, which every
    /// channel has.
    async fn read(&self, id: &StreamId) -> Result<Option<ObservedStream>, ProviderError> {
        let Some(channel) = self.channel(id).await? else {
            return Ok(None);
        };
        match shown(id, channel, &Mark::Unreadable)? {
            Some(stream) if stream.mark == Mark::Unreadable => {
                Err(failure::garbled("it has no channelName"))
            }
            seen => Ok(seen),
        }
    }

    async fn playback(&self, id: &StreamId) -> Result<Playback, ProviderError> {
        let answer = match self.api.send(Request::get(Route::ServiceUrls(id))).await {
            Ok(answer) => answer,
            // In which states it is refused is not documented: then nobody watches.
            Err(ProviderError::Refused { .. }) => return Ok(Playback::default()),
            Err(error) => return Err(error),
        };
        let wire::Envelope { content } = decode(&answer.body)?;
        let wire::Page(urls) = content;
        Ok(map::playback(urls.into_iter().flatten().collect()))
    }

    /// On or off. The answer shows the channel; where it does not, it is read.
    async fn switch(
        &self,
        id: &StreamId,
        route: Route<'_>,
        unshown: &Mark,
    ) -> Result<Option<ObservedStream>, ProviderError> {
        let wanted = Some(matches!(route, Route::On(_)));
        let refused = match present(self.api.send(Request::put(route, None)).await) {
            Ok(Some(answer)) => return self.after(id, &answer, unshown).await,
            Ok(None) => return Ok(None),
            Err(error) => error,
        };
        // Where the first answer is lost, the repeat finds the channel in the other state.
        let state = matches!(
            refused,
            ProviderError::Refused {
                status: failure::NOT_AVAILABLE,
                ..
            }
        );
        if !state {
            return Err(refused);
        }
        match self.read(id).await? {
            Some(now) if now.settings.active != wanted => Err(refused),
            now => Ok(now),
        }
    }

    async fn after(
        &self,
        id: &StreamId,
        answer: &Answer,
        unshown: &Mark,
    ) -> Result<Option<ObservedStream>, ProviderError> {
        let told = serde_json::from_slice(&answer.body)
            .ok()
            .map(|wire::Envelope::<Value> { content }| content)
            .filter(|content| content["channelStatus"].is_string());
        match told {
            Some(channel) => shown(id, channel, unshown),
            None => self.read(id).await,
        }
    }

    async fn rename(
        &self,
        id: &StreamId,
        name: String,
    ) -> Result<Option<ObservedStream>, ProviderError> {
        self.change(id, Some(name), &StreamSettings::default())
            .await
    }

    /// A change names all settings, so they are read before (page "Change channel").
    async fn change(
        &self,
        id: &StreamId,
        name: Option<String>,
        settings: &StreamSettings,
    ) -> Result<Option<ObservedStream>, ProviderError> {
        let Some(now) = self.channel(id).await? else {
            return Ok(None);
        };
        let seen: wire::Channel =
            wire::object(now).ok_or_else(|| failure::garbled("it is no object"))?;
        let name = name
            .or_else(|| seen.name.clone())
            .ok_or_else(|| failure::garbled("it has no channelName"))?;
        // A change names all settings: what is not shown would be changed unasked.
        if seen.record.is_none() || seen.immediate_on_air.is_none() || seen.use_dvr.is_none() {
            return Err(failure::garbled("it does not show all of its settings"));
        }
        let body = map::change(&seen, &name, settings, &self.defaults);
        let request = Request::put(Route::Channel(id), Some(body));
        let Some(answer) = present(self.api.send(request).await)? else {
            return Ok(None);
        };
        self.after(id, &answer, &mark::read(&name)).await
    }
}

/// The channel that was asked for; `None` where it is terminated.
fn shown(
    id: &StreamId,
    channel: Value,
    unshown: &Mark,
) -> Result<Option<ObservedStream>, ProviderError> {
    match map::observed(wire::object(channel), unshown) {
        Ok(Item::There(stream)) if stream.id == *id => Ok(Some(*stream)),
        Ok(Item::There(_)) => Err(failure::garbled("it is another channel")),
        Ok(Item::Gone) => Ok(None),
        Err(unreadable) => Err(failure::garbled(unreadable.what)),
    }
}

/// What is missing is no error.
fn present<T>(result: Result<T, ProviderError>) -> Result<Option<T>, ProviderError> {
    match result {
        Ok(answer) => Ok(Some(answer)),
        Err(ProviderError::Refused { status: 404, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
