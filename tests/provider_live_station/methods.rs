//! Every method of the seam, and how it goes where something goes wrong.

use livestream_operator::provider::{Connection, ObservedStream, ProviderError, StreamSettings};
use simulator::{faults::Fault, live_station::Simulator};

use crate::owner;

pub(crate) const CHANNELS: &str = "/api/v2/channels";
pub(crate) const CHANNEL: &str = "/api/v2/channels/{channelId}";

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Method {
    Client,
    List,
    Get,
    Create,
    Switch,
    Change,
    Delete,
    StartRecording,
    StopRecording,
    Videos,
}

impl Method {
    pub(crate) const ALL: [Self; 10] = [
        Self::Client,
        Self::List,
        Self::Get,
        Self::Create,
        Self::Switch,
        Self::Change,
        Self::Delete,
        Self::StartRecording,
        Self::StopRecording,
        Self::Videos,
    ];

    /// What is sent once, whatever happens to it.
    pub(crate) const ONCE: [Self; 3] = [Self::Create, Self::StartRecording, Self::StopRecording];

    /// How often it is sent where nothing helps.
    pub(crate) fn tries(self) -> usize {
        if Self::ONCE.contains(&self) { 1 } else { 3 }
    }

    /// What it does to a channel is read anew where its answer does not say it, so the answer may be anything.
    pub(crate) fn looks_again(self) -> bool {
        [Self::Switch, Self::Change, Self::Delete].contains(&self)
    }

    /// The call that it is.
    pub(crate) fn call(self) -> (&'static str, &'static str) {
        match self {
            Self::Client | Self::List => ("GET", CHANNELS),
            Self::Get => ("GET", CHANNEL),
            Self::Create => ("POST", CHANNELS),
            Self::Switch => ("PUT", "/api/v2/channels/{channelId}/off"),
            Self::Change => ("PUT", CHANNEL),
            Self::Delete => ("DELETE", CHANNEL),
            Self::StartRecording => ("PUT", "/api/v2/channels/{channelId}/startRecord"),
            Self::StopRecording => ("PUT", "/api/v2/channels/{channelId}/stopRecord"),
            Self::Videos => ("GET", "/api/v2/channels/{channelId}/records"),
        }
    }

    pub(crate) async fn run(
        self,
        connection: &Connection,
        seen: &ObservedStream,
    ) -> Result<(), ProviderError> {
        let (streams, recordings) = (&connection.streams, &connection.recordings);
        let (id, owner) = (&seen.id, owner("a"));
        let update = async |settings: StreamSettings| {
            let done = streams.update(id, Some(&owner), &settings).await;
            done.map(drop)
        };
        let plain = StreamSettings::default;
        match self {
            Self::Client => connection.identity.client(None).await.map(drop),
            Self::List => streams.list(1).await.map(drop),
            Self::Get => streams.get(id).await.map(drop),
            Self::Create => streams.create(&owner, &plain()).await.map(drop),
            Self::Switch => {
                let active = Some(false);
                update(StreamSettings { active, ..plain() }).await
            }
            Self::Change => {
                let dvr_enabled = Some(true);
                update(StreamSettings {
                    dvr_enabled,
                    ..plain()
                })
                .await
            }
            Self::Delete => {
                let mut ready = seen.clone();
                (ready.live, ready.settings.active) = (false, Some(true));
                streams.delete(&ready).await.map(drop)
            }
            Self::StartRecording => recordings.start(id).await.map(drop),
            Self::StopRecording => recordings.stop(id).await.map(drop),
            Self::Videos => recordings.videos(id, 1).await.map(drop),
        }
    }

    /// A channel in the state in which this can be done to it.
    pub(crate) async fn subject(self, sim: &Simulator, connection: &Connection) -> ObservedStream {
        let streams = &connection.streams;
        let plain = StreamSettings::default();
        let made = streams.create(&owner("a"), &plain).await;
        let id = made.expect("no fault is set yet").id;
        let on_air = [Self::StartRecording, Self::StopRecording, Self::Switch];
        if on_air.contains(&self) {
            sim.set_live(id.as_str(), true).expect("it is ready");
        }
        if self == Self::StopRecording {
            sim.set_recording(id.as_str(), true).expect("it is live");
        }
        let seen = streams.get(&id).await.expect("no fault is set yet");
        seen.expect("it was just made")
    }
}

/// How the next call of a method goes while a fault is set for it: its result, and how often that call reached the
/// provider.
pub(crate) async fn meet(
    sim: &Simulator,
    connection: &Connection,
    method: Method,
    fault: Fault,
) -> (Result<(), ProviderError>, usize) {
    let seen = method.subject(sim, connection).await;
    let before = sim.last_call();
    let (verb, route) = method.call();
    let number = sim.fault(fault.method(verb).route(route));
    let result = method.run(connection, &seen).await;
    sim.clear_fault(number);
    let calls = sim.calls_after(before);
    let of_it = calls
        .iter()
        .filter(|call| call.method == verb && call.route == route);
    (result, of_it.count())
}

pub(crate) fn unavailable<T>(what: &str) -> Result<T, ProviderError> {
    Err(ProviderError::Unavailable { what: what.into() })
}

pub(crate) fn garbled<T>(what: &str) -> Result<T, ProviderError> {
    Err(ProviderError::Garbled { what: what.into() })
}
