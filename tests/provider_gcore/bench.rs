//! A simulator, a key at work on it, and what every test needs.

use std::{sync::Once, time::Duration};

use livestream_operator::{
    api::{GcoreStream, Playback},
    provider::{
        BroadcastId, BroadcastSettings, Connection, Ingest, Mark, ObservedStream, Owner, Phase,
        ProviderError, Source, StreamId, StreamSettings, gcore,
        http::{Deadlines, Http},
    },
    secret::Secret,
};
use serde_json::json;
use simulator::{
    faults::Fault,
    gcore::{Canned, NothingStopped, Options, Simulator},
};

pub(crate) const CLIENT: u64 = 1001;
pub(crate) const KEY: &str = "1001$0canary0key0";
pub(crate) const PASSPHRASE: &str = "Canary-passphrase";
pub(crate) const PULL: &str =
    "rtmp://canary-user:canary-word@canary.example/canary/path?canary=query";
pub(crate) const STREAMS: &str = "/streaming/streams";
pub(crate) const STREAM: &str = "/streaming/streams/{id}";
pub(crate) const BROADCASTS: &str = "/streaming/broadcasts";
pub(crate) const BROADCAST: &str = "/streaming/broadcasts/{id}";

pub(crate) fn http(deadlines: Deadlines) -> Http {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    Http::new(deadlines).expect("a client")
}

/// Short enough to be waited for three times, long enough for a busy machine.
pub(crate) fn hasty() -> Deadlines {
    Deadlines {
        connect: Duration::from_secs(2),
        read: Duration::from_secs(1),
        call: Duration::from_secs(10),
        pauses: [Duration::from_millis(5), Duration::from_millis(10)],
    }
}

pub(crate) fn connect(url: &str, deadlines: Deadlines) -> Connection {
    gcore::connect(url, Secret::new(KEY), &http(deadlines)).expect("a connection")
}

pub(crate) async fn start() -> (Simulator, Connection) {
    let sim = Simulator::start(Options::default())
        .await
        .expect("a simulator");
    sim.add_key(KEY, CLIENT);
    let gcore = connect(&sim.url(), hasty());
    (sim, gcore)
}

pub(crate) fn owner() -> Owner {
    Owner {
        cluster: "cluster-1".into(),
        namespace: "events".into(),
        name: "keynote".into(),
        uid: "5b7c".into(),
    }
}

pub(crate) fn id(id: u64) -> StreamId {
    StreamId::new(id.to_string())
}

/// A stream as it was read some time ago.
pub(crate) fn seen() -> ObservedStream {
    ObservedStream {
        id: id(7),
        mark: Mark::Owned(owner()),
        settings: StreamSettings::default(),
        live: false,
        recording: None,
        session_started_at: None,
        broadcasts: vec![BroadcastId::new("7")],
        ingest: Ingest::default(),
        playback: Some(Playback::default()),
        phase: Phase::Usable,
    }
}

/// One of this id.
pub(crate) fn of_id(id: StreamId) -> ObservedStream {
    ObservedStream { id, ..seen() }
}

/// Settings that hold every kind of secret.
pub(crate) fn secretive() -> StreamSettings {
    StreamSettings {
        source: Some(Source::Pull(vec![Secret::new(PULL)])),
        srt_passphrase: Some(Secret::new(PASSPHRASE)),
        ..Default::default()
    }
}

pub(crate) fn active(active: bool) -> StreamSettings {
    StreamSettings {
        active: Some(active),
        ..Default::default()
    }
}

pub(crate) fn named(name: &str) -> BroadcastSettings {
    BroadcastSettings {
        name: Some(name.into()),
        ..Default::default()
    }
}

pub(crate) fn with_data(text: &str) -> StreamSettings {
    StreamSettings {
        gcore: GcoreStream {
            client_entity_data: Some(text.into()),
            ..Default::default()
        },
        ..Default::default()
    }
}

/// Every method of the seam.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Method {
    Client,
    List,
    Get,
    Create,
    Update,
    Release,
    Delete,
    ResetKey,
    StartRecording,
    StopRecording,
    Videos,
    ListBroadcasts,
    GetBroadcast,
    CreateBroadcast,
    UpdateBroadcast,
    DeleteBroadcast,
}

impl Method {
    pub(crate) const ALL: [Self; 16] = [
        Self::Client,
        Self::List,
        Self::Get,
        Self::Create,
        Self::Update,
        Self::Release,
        Self::Delete,
        Self::ResetKey,
        Self::StartRecording,
        Self::StopRecording,
        Self::Videos,
        Self::ListBroadcasts,
        Self::GetBroadcast,
        Self::CreateBroadcast,
        Self::UpdateBroadcast,
        Self::DeleteBroadcast,
    ];

    /// What is sent once, whatever happens to it.
    pub(crate) const ONCE: [Self; 5] = [
        Self::Create,
        Self::ResetKey,
        Self::StartRecording,
        Self::StopRecording,
        Self::CreateBroadcast,
    ];

    /// How often it is sent where nothing helps.
    pub(crate) fn tries(self) -> usize {
        if Self::ONCE.contains(&self) { 1 } else { 3 }
    }

    /// Its answer is a page of a list.
    pub(crate) fn lists(self) -> bool {
        [Self::List, Self::Videos, Self::ListBroadcasts].contains(&self)
    }

    /// Its answer has no body.
    pub(crate) fn deletes(self) -> bool {
        [Self::Delete, Self::DeleteBroadcast].contains(&self)
    }

    /// The answer may have no body.
    pub(crate) fn may_say_nothing(self) -> bool {
        self.deletes() || (Self::ONCE.contains(&self) && self != Self::Create)
    }

    /// The call that it is.
    pub(crate) fn call(self) -> (&'static str, &'static str) {
        match self {
            Self::Client => ("GET", "/iam/clients/me"),
            Self::List => ("GET", STREAMS),
            Self::Get => ("GET", STREAM),
            Self::Create => ("POST", STREAMS),
            Self::Update | Self::Release => ("PATCH", STREAM),
            Self::Delete => ("DELETE", STREAM),
            Self::ResetKey => ("POST", "/streaming/streams/{id}/reset_push_token"),
            Self::StartRecording => ("PUT", "/streaming/streams/{id}/start_recording"),
            Self::StopRecording => ("PUT", "/streaming/streams/{id}/stop_recording"),
            Self::Videos => ("GET", "/streaming/videos"),
            Self::ListBroadcasts => ("GET", BROADCASTS),
            Self::GetBroadcast => ("GET", BROADCAST),
            Self::CreateBroadcast => ("POST", BROADCASTS),
            Self::UpdateBroadcast => ("PATCH", BROADCAST),
            Self::DeleteBroadcast => ("DELETE", BROADCAST),
        }
    }

    pub(crate) async fn run(
        self,
        gcore: &Connection,
        seen: &ObservedStream,
    ) -> Result<(), ProviderError> {
        let (streams, recordings) = (&gcore.streams, &gcore.recordings);
        let broadcasts = gcore.broadcasts.as_ref().expect("it has them");
        let broadcast = seen.broadcasts.first().expect("it is shown somewhere");
        match self {
            Self::Client => gcore.identity.client(None).await.map(drop),
            Self::List => streams.list(1).await.map(drop),
            Self::Get => streams.get(&seen.id).await.map(drop),
            Self::Create => streams.create(&owner(), &secretive()).await.map(drop),
            Self::Update => {
                let (owner, wanted) = (owner(), secretive());
                let done = streams.update(&seen.id, Some(&owner), &wanted);
                done.await.map(drop)
            }
            Self::Release => streams.release(seen, &owner()).await.map(drop),
            Self::Delete => streams.delete(seen).await.map(drop),
            Self::ResetKey => streams.reset_ingest_key(&seen.id).await.map(drop),
            Self::StartRecording => recordings.start(&seen.id).await.map(drop),
            Self::StopRecording => recordings.stop(&seen.id).await.map(drop),
            Self::Videos => recordings.videos(&seen.id, 1).await.map(drop),
            Self::ListBroadcasts => broadcasts.list(1).await.map(drop),
            Self::GetBroadcast => broadcasts.get(broadcast).await.map(drop),
            Self::CreateBroadcast => broadcasts.create(&named("Keynote")).await.map(drop),
            Self::UpdateBroadcast => {
                let wanted = named("Keynote");
                broadcasts.update(broadcast, &wanted).await.map(drop)
            }
            Self::DeleteBroadcast => broadcasts.delete(broadcast).await,
        }
    }
}

/// A stream of ours that is live and shown in a broadcast, at a provider whose every answer but a
/// deletion's has a body.
pub(crate) async fn on_air(sim: &Simulator, gcore: &Connection) -> ObservedStream {
    sim.behaviour(CLIENT, |ways| {
        ways.storage_warning_share = 0.0;
        ways.already_recording = Some(Canned {
            status: 200,
            body: json!({"warnings": [], "errors": []}),
        });
        ways.nothing_stopped = NothingStopped::Null;
    });
    let made = gcore.streams.create(&owner(), &active(true)).await;
    let made = made.expect("no fault is set yet");
    let number: u64 = made.id.as_str().parse().expect("a number");
    sim.set_live(number, true).expect("it is active");
    let broadcast = json!({"name": "x", "status": "live", "stream_ids": [number]});
    sim.create_broadcast(CLIENT, broadcast)
        .expect("a broadcast");
    let seen = gcore.streams.get(&made.id).await.expect("no fault");
    seen.expect("it was just made")
}

/// How the next call of a method goes while a fault is set for it: its result, and how many calls
/// reached the provider.
pub(crate) async fn meet(
    sim: &Simulator,
    gcore: &Connection,
    method: Method,
    fault: Fault,
) -> (Result<(), ProviderError>, usize) {
    let seen = on_air(sim, gcore).await;
    let before = sim.last_call();
    let (verb, route) = method.call();
    let number = sim.fault(fault.method(verb).route(route));
    let result = method.run(gcore, &seen).await;
    sim.clear_fault(number);
    let calls = sim.calls_after(before);
    for call in &calls {
        assert_eq!((call.method.as_str(), call.route.as_str()), (verb, route));
    }
    (result, calls.len())
}

pub(crate) fn unavailable<T>(what: &str) -> Result<T, ProviderError> {
    Err(ProviderError::Unavailable { what: what.into() })
}

pub(crate) fn garbled(what: &str) -> Result<(), ProviderError> {
    Err(ProviderError::Garbled { what: what.into() })
}

pub(crate) fn refused(status: u16, message: &str) -> Result<(), ProviderError> {
    Err(ProviderError::Refused {
        status,
        message: message.into(),
    })
}
