//! The contract between `provider::gcore` and Gcore's API, over real HTTP: against the simulator,
//! and against small servers that say what no simulator should.

use std::{
    io::Write,
    sync::{Arc, Mutex, Once},
    time::{Duration, Instant},
};

use livestream_operator::{
    api::{GcoreStream, Projection, RecordType},
    provider::{
        Connection, Mark, ObservedStream, Owner, ProviderError, Source, StreamId, StreamSettings,
        difference,
        gcore::{self, Deadlines, Http},
    },
    secret::Secret,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};
use simulator::{
    faults::{Action, ErrorBody, Fault},
    gcore::{KeyChange, Options, Role, Simulator, Spoilt, SpoiltItem},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const CLIENT: u64 = 1001;
const KEY: &str = "1001$0canary0key0";
const PASSPHRASE: &str = "Canary-passphrase";
const PULL: &str = "rtmp://canary-user:canary-word@canary.example/canary/path?canary=query";
const STREAMS: &str = "/streaming/streams";
const STREAM: &str = "/streaming/streams/{id}";

fn http(deadlines: Deadlines) -> Http {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    Http::new(deadlines).expect("a client")
}

/// Short enough to be waited for three times, long enough for a busy machine.
fn hasty() -> Deadlines {
    Deadlines {
        connect: Duration::from_secs(2),
        read: Duration::from_millis(700),
        call: Duration::from_secs(10),
    }
}

fn connect(url: &str, deadlines: Deadlines) -> Connection {
    gcore::connect(url, Secret::new(KEY), &http(deadlines)).expect("a connection")
}

async fn start() -> (Simulator, Connection) {
    let sim = Simulator::start(Options::default())
        .await
        .expect("a simulator");
    sim.add_key(KEY, CLIENT);
    let gcore = connect(&sim.url(), hasty());
    (sim, gcore)
}

fn owner() -> Owner {
    Owner {
        cluster: "cluster-1".into(),
        namespace: "events".into(),
        name: "keynote".into(),
        uid: "5b7c".into(),
    }
}

fn id(id: u64) -> StreamId {
    StreamId::new(id.to_string())
}

/// Settings that hold every kind of secret.
fn secretive() -> StreamSettings {
    StreamSettings {
        source: Some(Source::Pull(vec![Secret::new(PULL)])),
        srt_passphrase: Some(Secret::new(PASSPHRASE)),
        ..Default::default()
    }
}

fn active(active: bool) -> StreamSettings {
    StreamSettings {
        active: Some(active),
        ..Default::default()
    }
}

fn with_data(text: &str) -> StreamSettings {
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
enum Method {
    Client,
    List,
    Get,
    Create,
    Update,
    Release,
    Delete,
}

impl Method {
    const ALL: [Self; 7] = [
        Self::Client,
        Self::List,
        Self::Get,
        Self::Create,
        Self::Update,
        Self::Release,
        Self::Delete,
    ];

    /// The call that it is.
    fn call(self) -> (&'static str, &'static str) {
        match self {
            Self::Client => ("GET", "/iam/clients/me"),
            Self::List => ("GET", STREAMS),
            Self::Get => ("GET", STREAM),
            Self::Create => ("POST", STREAMS),
            Self::Update | Self::Release => ("PATCH", STREAM),
            Self::Delete => ("DELETE", STREAM),
        }
    }

    async fn run(self, gcore: &Connection, seen: &ObservedStream) -> Result<(), ProviderError> {
        let streams = &gcore.streams;
        match self {
            Self::Client => gcore.identity.client().await.map(drop),
            Self::List => streams.list(1).await.map(drop),
            Self::Get => streams.get(&seen.id).await.map(drop),
            Self::Create => streams.create(&owner(), &secretive()).await.map(drop),
            Self::Update => {
                let (owner, wanted) = (owner(), secretive());
                let done = streams.update(&seen.id, Some(&owner), &wanted);
                done.await.map(drop)
            }
            Self::Release => streams.release(seen, &owner()).await.map(drop),
            Self::Delete => streams.delete(&seen.id).await,
        }
    }
}

/// A stream of ours, and how the next call of a method goes while a fault is set for it: its
/// result, and how many calls reached the provider.
async fn meet(
    sim: &Simulator,
    gcore: &Connection,
    method: Method,
    fault: Fault,
) -> (Result<(), ProviderError>, usize) {
    let seen = gcore
        .streams
        .create(&owner(), &StreamSettings::default())
        .await
        .expect("no fault is set yet");
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

fn unavailable(what: &str) -> Result<(), ProviderError> {
    Err(ProviderError::Unavailable { what: what.into() })
}

fn garbled(what: &str) -> Result<(), ProviderError> {
    Err(ProviderError::Garbled { what: what.into() })
}

fn refused(status: u16, message: &str) -> Result<(), ProviderError> {
    Err(ProviderError::Refused {
        status,
        message: message.into(),
    })
}

// ---- What each method does ------------------------------------------------------------------

#[tokio::test]
async fn names_the_client() {
    let (_sim, gcore) = start().await;
    assert_eq!(gcore.identity.client().await.unwrap().as_str(), "1001");
}

#[tokio::test]
async fn lists_page_by_page_until_one_is_empty() {
    let (sim, gcore) = start().await;
    for n in 0..30 {
        sim.create(CLIENT, json!({"name": format!("stream {n}")}))
            .unwrap();
    }
    let mut lengths = Vec::new();
    for page in 1..=3 {
        let items = gcore.streams.list(page).await.unwrap();
        assert!(items.iter().all(Result::is_ok));
        lengths.push(items.len());
    }
    assert_eq!(lengths, [25, 5, 0]);
    let queries: Vec<_> = sim.calls().into_iter().map(|call| call.query).collect();
    let expected = ["page=1", "page=2", "page=3"].map(|query| Some(query.to_owned()));
    assert_eq!(queries, expected);
}

#[tokio::test]
async fn gets_one_stream_or_none() {
    let (sim, gcore) = start().await;
    let made = sim
        .create(
            CLIENT,
            json!({"name": "by hand", "client_entity_data": "a note"}),
        )
        .unwrap();
    sim.create(CLIENT, json!({"name": "without", "pull": true}))
        .unwrap();
    let seen = gcore.streams.get(&id(made)).await.unwrap().unwrap();
    assert_eq!((seen.id, seen.mark), (id(made), Mark::None));
    assert_eq!(seen.settings.name.as_deref(), Some("by hand"));
    assert_eq!(
        seen.settings.gcore.client_entity_data.as_deref(),
        Some("a note")
    );
    assert!(!seen.live && seen.recording == Some(false));
    assert!(seen.ingest.push.is_some() && seen.ingest.whip.is_some());
    assert!(seen.playback.hls.is_some() && seen.playback.iframe.is_some());
    assert_eq!(gcore.streams.get(&id(made + 77)).await, Ok(None));
    assert_eq!(gcore.streams.get(&StreamId::new("abc")).await, Ok(None));
}

#[tokio::test]
async fn is_live_over_any_way_in() {
    let (sim, gcore) = start().await;
    let made = sim
        .create(CLIENT, json!({"name": "x", "active": true}))
        .unwrap();
    let backup = simulator::gcore::Encoder {
        backup: Some(true),
        ..Default::default()
    };
    sim.encoder(made, backup).unwrap();
    assert!(gcore.streams.get(&id(made)).await.unwrap().unwrap().live);
    sim.edit(made, json!({"recording": true})).unwrap();
    let seen = gcore.streams.get(&id(made)).await.unwrap().unwrap();
    assert_eq!(seen.recording, Some(true));
    // In no typed schema, so it may be absent.
    sim.edit(made, json!({"recording": null})).unwrap();
    let seen = gcore.streams.get(&id(made)).await.unwrap().unwrap();
    assert_eq!(seen.recording, None);
}

#[tokio::test]
async fn creates_with_its_mark_and_nothing_unasked() {
    let (sim, gcore) = start().await;
    let seen = gcore
        .streams
        .create(&owner(), &StreamSettings::default())
        .await
        .unwrap();
    assert_eq!(seen.mark, Mark::Owned(owner()));
    assert_eq!(
        sim.calls()[0].body,
        Some(json!({
            "name": "keynote", "active": false, "pull": false,
            "client_entity_data": "livestream-operator.io/owner=cluster-1/events/keynote/5b7c",
        }))
    );
    let mut wanted = with_data(r#"{"camera": 1}"#);
    wanted.name = Some("Keynote".into());
    wanted.active = Some(true);
    wanted.source = Some(Source::Pull(vec![
        Secret::new("rtmp://a"),
        Secret::new("srt://b"),
    ]));
    let seen = gcore.streams.create(&owner(), &wanted).await.unwrap();
    assert_eq!(seen.mark, Mark::Owned(owner()));
    assert_eq!(difference(&wanted, &seen.settings), None);
    assert_eq!(
        sim.calls()[1].body,
        Some(json!({
            "name": "Keynote", "active": true, "pull": true, "uri": "rtmp://a srt://b",
            "client_entity_data":
                r#"{"camera": 1,"livestream-operator.io/owner":"cluster-1/events/keynote/5b7c"}"#,
        }))
    );
    // It is found again by its mark.
    let page = gcore.streams.list(1).await.unwrap();
    let ours = |item: &Result<ObservedStream, _>| {
        item.as_ref()
            .is_ok_and(|stream| stream.mark == Mark::Owned(owner()))
    };
    assert_eq!(page.iter().filter(|item| ours(item)).count(), 2);
}

#[tokio::test]
async fn updates_exactly_what_is_wanted() {
    let (sim, gcore) = start().await;
    let streams = &gcore.streams;
    let made = streams
        .create(&owner(), &with_data("Camera 1"))
        .await
        .unwrap();
    let body = || sim.calls().last().and_then(|call| call.body.clone());

    let seen = streams
        .update(&made.id, Some(&owner()), &active(true))
        .await;
    let seen = seen.unwrap().unwrap();
    assert_eq!(body(), Some(json!({"stream": {"active": true}})));
    assert_eq!(seen.settings.active, Some(true));
    assert_eq!(seen.mark, Mark::Owned(owner()));
    assert_eq!(
        seen.settings.gcore.client_entity_data.as_deref(),
        Some("Camera 1")
    );

    let wanted = with_data("Camera 2");
    let seen = streams.update(&made.id, Some(&owner()), &wanted).await;
    let seen = seen.unwrap().unwrap();
    assert_eq!(
        body(),
        Some(json!({"stream": {"client_entity_data":
            "Camera 2\nlivestream-operator.io/owner=cluster-1/events/keynote/5b7c"}}))
    );
    assert_eq!(seen.mark, Mark::Owned(owner()));
    assert_eq!(difference(&wanted, &seen.settings), None);

    let wanted = secretive();
    let seen = streams.update(&made.id, Some(&owner()), &wanted).await;
    assert_eq!(difference(&wanted, &seen.unwrap().unwrap().settings), None);
    assert_eq!(
        body(),
        Some(json!({"stream": {"pull": true, "uri": PULL, "srt_passphrase": PASSPHRASE}}))
    );
    let push = StreamSettings {
        source: Some(Source::Push),
        ..Default::default()
    };
    let seen = streams.update(&made.id, Some(&owner()), &push).await;
    assert_eq!(difference(&push, &seen.unwrap().unwrap().settings), None);
    assert_eq!(
        body(),
        Some(json!({"stream": {"pull": false, "uri": null}}))
    );

    let gone = id(77);
    let seen = streams.update(&gone, Some(&owner()), &active(true)).await;
    assert_eq!(seen, Ok(None));
}

#[tokio::test]
async fn an_adopted_stream_gets_no_mark() {
    let (sim, gcore) = start().await;
    let made = sim.create(CLIENT, json!({"name": "by hand"})).unwrap();
    let wanted = with_data("a note");
    let seen = gcore.streams.update(&id(made), None, &wanted).await;
    let seen = seen.unwrap().unwrap();
    assert_eq!(seen.mark, Mark::None);
    assert_eq!(difference(&wanted, &seen.settings), None);
    let data = &sim.stream(made).unwrap()["client_entity_data"];
    assert_eq!(data, &json!("a note"));
    // Empty text is the same as none, however the provider keeps it.
    sim.behaviour(CLIENT, |ways| ways.empty_means_null = true);
    let wanted = with_data("");
    let seen = gcore.streams.update(&id(made), None, &wanted).await;
    assert_eq!(difference(&wanted, &seen.unwrap().unwrap().settings), None);
}

#[tokio::test]
async fn an_update_of_nothing_is_a_read() {
    let (sim, gcore) = start().await;
    let made = sim.create(CLIENT, json!({"name": "by hand"})).unwrap();
    let nothing = StreamSettings::default();
    let seen = gcore.streams.update(&id(made), None, &nothing).await;
    assert_eq!(seen.unwrap().unwrap().id, id(made));
    assert_eq!((sim.changing_calls(), sim.count("GET", STREAM)), (0, 1));
}

#[tokio::test]
async fn releases_without_losing_the_users_text() {
    let (_sim, gcore) = start().await;
    let streams = &gcore.streams;
    for text in ["", "Camera 1\n", r#"{"camera": [1, 2] }"#] {
        let made = streams.create(&owner(), &with_data(text)).await.unwrap();
        let seen = streams.release(&made, &owner()).await.unwrap().unwrap();
        assert_eq!(seen.mark, Mark::Released(owner()));
        assert_eq!(
            seen.settings.gcore.client_entity_data.as_deref(),
            Some(text)
        );
        assert_eq!(seen.settings, made.settings);
        streams.delete(&made.id).await.unwrap();
        assert_eq!(streams.release(&made, &owner()).await, Ok(None));
    }
}

#[tokio::test]
async fn deletes_and_does_not_mind_that_it_is_gone() {
    let (sim, gcore) = start().await;
    let made = sim.create(CLIENT, json!({"name": "by hand"})).unwrap();
    assert_eq!(gcore.streams.delete(&id(made)).await, Ok(()));
    assert_eq!(sim.stream(made), None);
    assert_eq!(gcore.streams.delete(&id(made)).await, Ok(()));
    assert_eq!(sim.count("DELETE", STREAM), 2);
}

// ---- What is never sent ---------------------------------------------------------------------

#[tokio::test]
async fn an_id_leads_nowhere_else() {
    let (sim, gcore) = start().await;
    for odd in ["", ".", "..", "7/start_recording", "7?x", "%2e%2e", "ü"] {
        let odd = StreamId::new(odd);
        let refusals = [
            gcore.streams.get(&odd).await.map(drop),
            gcore.streams.delete(&odd).await,
            gcore
                .streams
                .update(&odd, None, &active(true))
                .await
                .map(drop),
        ];
        for refusal in refusals {
            assert_eq!(refusal, refused(400, "this cannot be the id of a stream"));
        }
    }
    assert_eq!(sim.last_call(), 0);
}

#[tokio::test]
async fn a_text_that_would_hide_the_mark_is_refused_before_it_is_sent() {
    let (sim, gcore) = start().await;
    let made = sim.create(CLIENT, json!({"name": "by hand"})).unwrap();
    for text in [
        "livestream-operator.io/owner=cluster-1/events/other/1",
        r#"{"livestream-operator.io/released":"cluster-1/events/other/1"}"#,
    ] {
        let wanted = with_data(text);
        let streams = &gcore.streams;
        let refusals = [
            streams.create(&owner(), &wanted).await.map(drop),
            streams.update(&id(made), None, &wanted).await.map(drop),
            streams
                .update(&id(made), Some(&owner()), &wanted)
                .await
                .map(drop),
        ];
        for refusal in refusals {
            assert!(
                matches!(&refusal, Err(error) if error.refused_for_certain()),
                "{refusal:?}"
            );
        }
    }
    assert_eq!(sim.last_call(), 0);
}

// ---- What is written is read ----------------------------------------------------------------

fn secrets(pattern: &'static str) -> impl Strategy<Value = Secret> {
    pattern.prop_map(Secret::new)
}

fn sources() -> impl Strategy<Value = Source> {
    let addresses = prop::collection::vec(secrets("(rtmp|srt|https)://[!-~]{1,40}"), 1..4);
    prop_oneof![Just(Source::Push), addresses.prop_map(Source::Pull)]
}

fn user_texts() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~\n]{0,80}",
        any::<(String, i64)>().prop_map(|(key, value)| json!({ key: value }).to_string()),
        any::<(String, i64)>().prop_map(|(key, value)| format!("{:#}\n", json!({ key: [value] }))),
    ]
}

/// Settings that set all.
fn whole_settings() -> impl Strategy<Value = StreamSettings> {
    let words = (
        prop_oneof![Just(RecordType::Origin), Just(RecordType::Transcoded)],
        prop_oneof![
            Just(Projection::Regular),
            Just(Projection::Vr360),
            Just(Projection::Vr180),
            Just(Projection::Vr360tb),
        ],
        any::<bool>(),
        any::<bool>(),
        1..=9_007_199_254_740_991_i64,
        1..=9_007_199_254_740_991_i64,
        0..=2_147_483_647_i64,
        user_texts(),
        "[a-z0-9]{1,16}",
    )
        .prop_map(
            |(record, projection, overlay, endlist, cdn, quality, user, data, region)| {
                GcoreStream {
                    record_type: Some(record),
                    projection: Some(projection),
                    html_overlay: Some(overlay),
                    hls_endlist_tag: Some(endlist),
                    cdn_resource_id: Some(cdn),
                    quality_set_id: Some(quality),
                    client_user_id: Some(user),
                    client_entity_data: Some(data),
                    transcoding_region: Some(region),
                }
            },
        );
    (
        "[^\\s\\p{Cc}]([^\\p{Cc}]{0,40}[^\\s\\p{Cc}])?",
        any::<bool>(),
        any::<bool>(),
        sources(),
        secrets("[!-~]{10,80}"),
        any::<bool>(),
        30..=14400_i32,
        words,
    )
        .prop_map(
            |(name, active, record, source, passphrase, dvr, seconds, gcore)| StreamSettings {
                name: Some(name),
                active: Some(active),
                auto_record: Some(record),
                source: Some(source),
                srt_passphrase: Some(passphrase),
                dvr_enabled: Some(dvr),
                dvr_seconds: Some(seconds),
                gcore,
            },
        )
}

/// The same with any of them left out.
fn some_settings() -> impl Strategy<Value = StreamSettings> {
    (whole_settings(), any::<u32>()).prop_map(|(whole, kept)| {
        let mut bit = 0;
        let mut keep = || {
            bit += 1;
            kept >> bit & 1 == 1
        };
        StreamSettings {
            name: whole.name.filter(|_| keep()),
            active: whole.active.filter(|_| keep()),
            auto_record: whole.auto_record.filter(|_| keep()),
            source: whole.source.filter(|_| keep()),
            srt_passphrase: whole.srt_passphrase.filter(|_| keep()),
            dvr_enabled: whole.dvr_enabled.filter(|_| keep()),
            dvr_seconds: whole.dvr_seconds.filter(|_| keep()),
            gcore: GcoreStream {
                record_type: whole.gcore.record_type.filter(|_| keep()),
                projection: whole.gcore.projection.filter(|_| keep()),
                html_overlay: whole.gcore.html_overlay.filter(|_| keep()),
                hls_endlist_tag: whole.gcore.hls_endlist_tag.filter(|_| keep()),
                cdn_resource_id: whole.gcore.cdn_resource_id.filter(|_| keep()),
                quality_set_id: whole.gcore.quality_set_id.filter(|_| keep()),
                client_user_id: whole.gcore.client_user_id.filter(|_| keep()),
                client_entity_data: whole.gcore.client_entity_data.filter(|_| keep()),
                transcoding_region: whole.gcore.transcoding_region.filter(|_| keep()),
            },
        }
    })
}

#[test]
fn what_was_written_is_read() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let (sim, gcore) = runtime.block_on(start());
    // For the transcoding region.
    sim.behaviour(CLIENT, |ways| ways.legacy_fields = true);
    let streams = &gcore.streams;
    let mut runner = TestRunner::new(Config::with_cases(96));
    let property = (whole_settings(), some_settings(), any::<bool>());
    runner
        .run(&property, |(whole, some, owned)| {
            runtime.block_on(async {
                let owner = owner();
                let made = streams.create(&owner, &whole).await.expect("whole");
                prop_assert_eq!(&made.settings, &whole);
                prop_assert_eq!(&made.mark, &Mark::Owned(owner.clone()));
                let seen = streams.get(&made.id).await.expect("get");
                prop_assert_eq!(seen, Some(made.clone()));

                let other = streams.create(&owner, &some).await.expect("some");
                prop_assert_eq!(difference(&some, &other.settings), None);
                let by = owned.then_some(&owner);
                let seen = streams.update(&made.id, by, &some).await.expect("update");
                let seen = seen.expect("there");
                prop_assert_eq!(difference(&some, &seen.settings), None);
                // What was not wanted has not changed.
                let back = difference(&whole, &seen.settings).map(|back| back.fields);
                let there = difference(&whole, &some).map(|there| there.fields);
                let touched = there.unwrap_or_default();
                prop_assert!(
                    back.unwrap_or_default()
                        .iter()
                        .all(|field| touched.contains(field))
                );

                let done = streams.update(&other.id, Some(&owner), &whole).await;
                prop_assert_eq!(&done.expect("update").expect("there").settings, &whole);
                for id in [&made.id, &other.id] {
                    streams.delete(id).await.expect("delete");
                }
                Ok(())
            })
        })
        .unwrap();
}

// ---- What goes wrong ------------------------------------------------------------------------

/// A POST is sent once whatever happens to it; everything else as often as it says.
#[tokio::test]
async fn a_creation_is_sent_once_and_never_again() {
    let (sim, gcore) = start().await;
    let actions = [
        Action::status(500),
        Action::status(502),
        Action::status(503),
        Action::status(504),
        Action::status(408),
        Action::status(409),
        Action::status(425),
        Action::status(429),
        Action::status_after_apply(500),
        Action::status_after_apply(503),
        Action::Delay { millis: 1500 },
        Action::ApplyLater { millis: 900 },
        Action::TimeoutBeforeApply,
        Action::TimeoutAfterApply,
        Action::CutBeforeApply,
        Action::CutAfterApply,
        Action::Truncated,
        Action::Stalled,
        Action::Garbled,
        Action::EmptyBody,
        Action::EndlessBody,
        Action::HugeBody { bytes: 2 << 20 },
        Action::Html { applied: true },
        Action::Html { applied: false },
    ];
    for action in actions {
        let word = format!("{action:?}");
        let before = sim.created_total(CLIENT);
        // Always, so that a second call would meet it, too.
        let fault = Fault::new(action.clone()).always();
        let (result, calls) = meet(&sim, &gcore, Method::Create, fault).await;
        assert_eq!(calls, 1, "{word}");
        let error = result.expect_err(&word);
        let refused = matches!(action, Action::Status { status: 429, .. });
        assert_eq!(error.refused_for_certain(), refused, "{word}: {error}");
        // The one that `meet` makes, and at most one more.
        let made = sim.created_total(CLIENT) - before;
        assert!(made <= 2, "{word}");
        assert!(made == 1 || !refused, "{word}");
    }
}

#[tokio::test]
async fn what_is_safe_is_sent_again_but_not_for_ever() {
    let (sim, gcore) = start().await;
    for method in Method::ALL {
        let tries = if method == Method::Create { 1 } else { 3 };
        for status in [500, 502, 503, 504] {
            let fault = Fault::new(Action::status(status)).always();
            let (result, calls) = meet(&sim, &gcore, method, fault).await;
            let expected = unavailable(&format!("HTTP {status}"));
            assert_eq!((result, calls), (expected, tries), "{method:?} {status}");
        }
        for (action, expected) in [
            (
                Action::CutBeforeApply,
                unavailable("the connection was cut"),
            ),
            (Action::TimeoutBeforeApply, unavailable("no answer in time")),
        ] {
            let (result, calls) = meet(&sim, &gcore, method, Fault::new(action).always()).await;
            assert_eq!((result, calls), (expected, tries), "{method:?}");
        }
    }
}

#[tokio::test]
async fn trouble_that_passes_is_not_noticed() {
    let (sim, gcore) = start().await;
    let actions = [
        Action::status(503),
        // Carried out, though the answer says otherwise: a repeated deletion finds nothing.
        Action::status_after_apply(500),
        Action::CutBeforeApply,
        Action::CutAfterApply,
        Action::Delay { millis: 1500 },
        Action::TimeoutAfterApply,
        Action::Truncated,
        Action::Stalled,
    ];
    for method in Method::ALL {
        if method == Method::Create {
            continue;
        }
        for action in &actions {
            let fault = Fault::new(action.clone());
            let (result, calls) = meet(&sim, &gcore, method, fault).await;
            assert_eq!((result, calls), (Ok(()), 2), "{method:?} {action:?}");
        }
        let twice = Fault::new(Action::status(502)).times(2);
        let (result, calls) = meet(&sim, &gcore, method, twice).await;
        assert_eq!((result, calls), (Ok(()), 3), "{method:?}");
    }
}

#[tokio::test]
async fn a_success_that_cannot_be_read_is_garbled_and_not_asked_for_again() {
    let (sim, gcore) = start().await;
    let table = [
        (Action::Garbled, "it is no JSON"),
        (Action::Html { applied: false }, "it is no JSON"),
        (Action::Html { applied: true }, "it is no JSON"),
        (Action::EmptyBody, "it is empty"),
        (Action::EndlessBody, "it is too large"),
        (Action::HugeBody { bytes: 9 << 20 }, "it is too large"),
    ];
    for method in Method::ALL {
        if method == Method::Delete {
            continue;
        }
        for (action, what) in &table {
            let fault = Fault::new(action.clone()).always();
            let (result, calls) = meet(&sim, &gcore, method, fault).await;
            // The garbled body begins as an object, which a list is not.
            let object = method == Method::List && *action == Action::Garbled;
            let what = if object { "it is something else" } else { what };
            assert_eq!((result, calls), (garbled(what), 1), "{method:?} {action:?}");
        }
        // A body that ends in the middle is a cut connection, so it is.
        let fault = Fault::new(Action::Truncated).always();
        let (result, calls) = meet(&sim, &gcore, method, fault).await;
        let tries = if method == Method::Create { 1 } else { 3 };
        assert_eq!((result, calls), (garbled("it was cut off"), tries));
    }
    // A deletion needs no body, but it does not take a gateway's page for a success.
    for applied in [true, false] {
        let fault = Fault::new(Action::Html { applied });
        let (result, calls) = meet(&sim, &gcore, Method::Delete, fault).await;
        assert_eq!((result, calls), (garbled("it is no JSON"), 1));
    }
    let (result, _) = meet(&sim, &gcore, Method::Delete, Fault::new(Action::EmptyBody)).await;
    assert_eq!(result, Ok(()));
    // Only a page may be large.
    let padded = || Fault::new(Action::HugeBody { bytes: 2 << 20 });
    let (result, _) = meet(&sim, &gcore, Method::List, padded()).await;
    assert_eq!(result, Ok(()));
    let (result, _) = meet(&sim, &gcore, Method::Get, padded()).await;
    assert_eq!(result, garbled("it is too large"));
}

#[tokio::test]
async fn each_status_has_its_kind() {
    let (sim, gcore) = start().await;
    for method in Method::ALL {
        let by_id = method.call().1 == STREAM;
        for status in [
            400, 401, 402, 403, 404, 405, 408, 409, 410, 412, 418, 422, 425, 501, 520,
        ] {
            for body in [ErrorBody::Json, ErrorBody::Html, ErrorBody::Empty] {
                let fault = Fault::new(Action::Status {
                    status,
                    retry_after: None,
                    body,
                    applied: false,
                });
                let (result, calls) = meet(&sim, &gcore, method, fault).await;
                let said = |text: &str| if body == ErrorBody::Json { text } else { "" }.to_owned();
                let expected = match status {
                    404 if by_id => Ok(()),
                    400 => refused(400, &said("Bad Request")),
                    404 => refused(404, &said("Not Found")),
                    422 => refused(422, &said("Unprocessable Entity")),
                    401 => Err(ProviderError::Unauthorized {
                        status,
                        message: said("Unauthorized"),
                    }),
                    403 => Err(ProviderError::Unauthorized {
                        status,
                        message: said("Forbidden"),
                    }),
                    _ => unavailable(&format!("HTTP {status}")),
                };
                assert_eq!(
                    (result, calls),
                    (expected, 1),
                    "{method:?} {status} {body:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn too_many_calls_says_for_how_long() {
    let (sim, gcore) = start().await;
    let table = [
        (None, None),
        (Some("0"), Some(0)),
        (Some("7"), Some(7)),
        (Some("-7"), None),
        (Some("later"), None),
        (Some("Wed, 21 Oct 2015 07:28:00 GMT"), Some(0)),
        (Some("Fri, 31 Dec 2100 23:59:59 GMT"), Some(24 * 60 * 60)),
    ];
    for (header, seconds) in table {
        for method in Method::ALL {
            let fault = Fault::new(Action::too_many(header)).always();
            let (result, calls) = meet(&sim, &gcore, method, fault).await;
            let expected = ProviderError::RateLimited {
                retry_after: seconds.map(Duration::from_secs),
            };
            assert_eq!((result, calls), (Err(expected), 1), "{method:?} {header:?}");
        }
    }
}

#[tokio::test]
async fn a_key_that_is_not_good_is_told_why() {
    let (sim, gcore) = start().await;
    let unauthorized = |status, message: &str| {
        Err(ProviderError::Unauthorized {
            status,
            message: message.into(),
        })
    };
    let viewer = KeyChange {
        key: KEY.into(),
        client: CLIENT,
        role: Role::Viewer,
        ..Default::default()
    };
    sim.set_key(&viewer);
    assert!(gcore.streams.list(1).await.is_ok());
    let made = gcore
        .streams
        .create(&owner(), &StreamSettings::default())
        .await;
    assert_eq!(
        made.map(drop),
        unauthorized(403, "You do not have permission to perform this action.")
    );
    sim.revoke_key(KEY);
    assert_eq!(
        gcore.identity.client().await.map(drop),
        unauthorized(401, "Given token not valid for any token type")
    );
}

#[tokio::test]
async fn a_refusal_says_what_is_wrong() {
    let (_sim, gcore) = start().await;
    let mut wanted = secretive();
    wanted.name = Some(" ".into());
    wanted.dvr_seconds = Some(1);
    wanted.srt_passphrase = Some(Secret::new("short"));
    let made = gcore.streams.create(&owner(), &wanted).await;
    let expected = "dvr_duration: must be greater than or equal to 30, name: can't be blank, \
                    srt_passphrase: is too *** (minimum is 10 characters)";
    // "short" is a word of this provider, and a secret of ours: nothing of it is shown.
    assert_ne!(made.clone().map(drop), refused(422, expected));
    assert_eq!(made.map(drop), refused(422, ""));
    wanted.srt_passphrase = None;
    let made = gcore.streams.create(&owner(), &wanted).await;
    assert_eq!(
        made.map(drop),
        refused(
            422,
            "dvr_duration: must be greater than or equal to 30, name: can't be blank"
        )
    );
}

#[tokio::test]
async fn nobody_there_is_unavailable() {
    let (sim, gcore) = start().await;
    sim.outage(true);
    let before = Instant::now();
    let refused = unavailable("connection refused");
    assert_eq!(gcore.identity.client().await.map(drop), refused);
    assert!(before.elapsed() >= Duration::from_millis(700), "two pauses");
    let made = gcore.streams.create(&owner(), &active(false)).await;
    assert_eq!(made.map(drop), refused);
    sim.outage(false);
    assert!(gcore.identity.client().await.is_ok());
}

#[tokio::test]
async fn no_call_outlives_its_deadline() {
    let (sim, _) = start().await;
    let deadlines = Deadlines {
        connect: Duration::from_secs(5),
        read: Duration::from_secs(30),
        call: Duration::from_millis(400),
    };
    let gcore = connect(&sim.url(), deadlines);
    let seen = gcore
        .streams
        .create(&owner(), &StreamSettings::default())
        .await
        .unwrap();
    for action in [
        Action::TimeoutBeforeApply,
        Action::Stalled,
        Action::Delay { millis: 5000 },
    ] {
        sim.fault(Fault::new(action.clone()).always());
        for method in Method::ALL {
            if method == Method::Delete && action == Action::Stalled {
                // Its answer has no body that could stop.
                continue;
            }
            let before = Instant::now();
            let result = method.run(&gcore, &seen).await;
            assert_eq!(result, unavailable("no answer in time"), "{method:?}");
            assert!(before.elapsed() < Duration::from_secs(3), "{method:?}");
        }
        sim.clear_faults();
    }
    // What was told before time ran out is what is passed on.
    sim.fault(Fault::new(Action::status(503)));
    sim.fault(Fault::new(Action::TimeoutBeforeApply).always());
    assert_eq!(
        gcore.streams.delete(&seen.id).await,
        unavailable("HTTP 503")
    );
}

// ---- Lists that mislead ---------------------------------------------------------------------

#[tokio::test]
async fn one_unreadable_item_does_not_hide_the_others() {
    let (sim, gcore) = start().await;
    let ids: Vec<u64> = (0..3)
        .map(|n| {
            let name = format!("stream {n}");
            sim.create(CLIENT, json!({ "name": name })).unwrap()
        })
        .collect();
    for how in [
        Spoilt::IdMissing,
        Spoilt::MarkOfWrongType,
        Spoilt::NotAnObject,
    ] {
        sim.behaviour(CLIENT, |ways| {
            ways.spoilt_item = Some(SpoiltItem { id: ids[1], how });
        });
        let page = gcore.streams.list(1).await.unwrap();
        assert_eq!(page.len(), 3);
        let unreadable: Vec<_> = page.iter().filter_map(|item| item.as_ref().err()).collect();
        assert_eq!(unreadable.len(), 1, "{how:?}");
        let known = (how == Spoilt::MarkOfWrongType).then(|| id(ids[1]));
        assert_eq!(unreadable[0].id, known, "{how:?}");
    }
    // A name that is a number is still a name.
    let how = Spoilt::NameOfWrongType;
    sim.behaviour(CLIENT, |ways| {
        ways.spoilt_item = Some(SpoiltItem { id: ids[1], how });
    });
    let page = gcore.streams.list(1).await.unwrap();
    assert!(page.iter().all(Result::is_ok));
}

#[tokio::test]
async fn a_single_stream_that_cannot_be_read_is_garbled() {
    let (sim, gcore) = start().await;
    let made = sim.create(CLIENT, json!({"name": "x"})).unwrap();
    for fields in [
        json!({"id": null}),
        json!({"id": made + 1}),
        json!({"client_entity_data": [7]}),
    ] {
        let made = sim.create(CLIENT, json!({"name": "x"})).unwrap();
        sim.edit(made, fields).unwrap();
        let by_id = [
            gcore.streams.get(&id(made)).await.map(drop),
            gcore
                .streams
                .update(&id(made), None, &active(true))
                .await
                .map(drop),
        ];
        for result in by_id {
            assert!(matches!(result, Err(ProviderError::Garbled { .. })));
        }
        assert_eq!(gcore.streams.delete(&id(made)).await, Ok(()));
    }
}

#[tokio::test]
async fn a_thin_list_leaves_settings_open_and_marks_unread() {
    let (sim, gcore) = start().await;
    let made = gcore.streams.create(&owner(), &secretive()).await.unwrap();
    let only = |page: Vec<Result<ObservedStream, _>>| page.into_iter().next().unwrap().unwrap();

    sim.behaviour(CLIENT, |ways| {
        let fields = [
            "uri",
            "srt_passphrase",
            "dvr_duration",
            "iframe_url",
            "push_url",
        ];
        ways.thin_lists = fields.map(str::to_owned).into();
    });
    let thin = only(gcore.streams.list(1).await.unwrap());
    assert_eq!(thin.mark, Mark::Owned(owner()));
    assert_eq!(thin.settings.srt_passphrase, None);
    assert_eq!((thin.ingest.push, thin.playback.iframe), (None, None));

    // A list without the field that holds the mark says nothing about whose the stream is.
    sim.behaviour(CLIENT, |ways| {
        ways.thin_lists = vec!["client_entity_data".to_owned()];
    });
    let thin = only(gcore.streams.list(1).await.unwrap());
    assert_eq!((thin.id, thin.mark), (made.id.clone(), Mark::Unreadable));
    let whole = gcore.streams.get(&made.id).await.unwrap().unwrap();
    assert_eq!(whole.mark, Mark::Owned(owner()));

    // Nor does one that leaves out what is null; a single read does.
    sim.behaviour(CLIENT, |ways| {
        ways.thin_lists.clear();
        ways.omit_nulls = true;
    });
    gcore.streams.delete(&made.id).await.unwrap();
    let made = sim.create(CLIENT, json!({"name": "by hand"})).unwrap();
    let omitted = only(gcore.streams.list(1).await.unwrap());
    assert_eq!(omitted.mark, Mark::Unreadable);
    let whole = gcore.streams.get(&id(made)).await.unwrap().unwrap();
    assert_eq!(whole.mark, Mark::None);
    let whole = gcore.streams.update(&id(made), None, &active(true)).await;
    assert_eq!(whole.unwrap().unwrap().mark, Mark::None);
}

#[tokio::test]
async fn unknown_fields_are_passed_over() {
    let (sim, gcore) = start().await;
    sim.behaviour(CLIENT, |ways| ways.legacy_fields = true);
    let made = sim.create(CLIENT, json!({"name": "x"})).unwrap();
    let odd = json!({"brand_new": {"deep": [1, {"er": null}]}, "live": "true", "frame_rate": "25"});
    sim.edit(made, odd).unwrap();
    let seen = gcore.streams.get(&id(made)).await.unwrap().unwrap();
    assert!(seen.live);
    assert!(gcore.streams.list(1).await.unwrap()[0].is_ok());
}

// ---- Against servers that say what no simulator should --------------------------------------

/// A request as it came in: the number of its connection, and its text.
type Heard = Arc<Mutex<Vec<(usize, String)>>>;

/// A server that answers each request with what a function says; without an answer it closes the
/// connection.
async fn server(
    answer: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
) -> (String, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let heard = Heard::default();
    let (answer, log) = (Arc::new(answer), heard.clone());
    tokio::spawn(async move {
        for number in 0.. {
            let Ok((stream, _)) = listener.accept().await else {
                return;
            };
            tokio::spawn(serve(stream, number, answer.clone(), log.clone()));
        }
    });
    (url, heard)
}

async fn serve(
    mut stream: TcpStream,
    number: usize,
    answer: Arc<impl Fn(&str) -> Option<String>>,
    heard: Heard,
) {
    let mut text = String::new();
    loop {
        let mut part = [0; 4096];
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return,
            Ok(n) => text.push_str(&String::from_utf8_lossy(&part[..n])),
        }
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .to_ascii_lowercase()
            .lines()
            .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        if body.len() < length.unwrap_or(0) {
            continue;
        }
        heard.lock().unwrap().push((number, text.clone()));
        let Some(answer) = answer(&text) else {
            return;
        };
        text.clear();
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn answer(status: u16, headers: &str, body: &str) -> Option<String> {
    let length = body.len();
    Some(format!(
        "HTTP/1.1 {status} So\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    ))
}

fn seen() -> ObservedStream {
    ObservedStream {
        id: StreamId::new("7"),
        mark: Mark::Owned(owner()),
        settings: StreamSettings::default(),
        live: false,
        recording: None,
        ingest: Default::default(),
        playback: Default::default(),
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (elsewhere, there) = server(|_| answer(200, "", "{\"id\": 7}")).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("Location: {elsewhere}/streaming/streams/7\r\n");
        let (url, here) = server(move |_| answer(status, &location, "")).await;
        let gcore = connect(&url, hasty());
        let expected = format!("HTTP {status}, a redirect, which is not followed");
        for method in Method::ALL {
            let result = method.run(&gcore, &seen()).await;
            assert_eq!(result, unavailable(&expected), "{method:?}");
        }
        assert_eq!(here.lock().unwrap().len(), Method::ALL.len());
    }
    assert_eq!(there.lock().unwrap().len(), 0);
    // An address that is none is not one to stumble over either.
    let (url, _) = server(|_| answer(302, "Location: http://[\r\n", "")).await;
    let result = Method::Client.run(&connect(&url, hasty()), &seen()).await;
    assert!(matches!(result, Err(ProviderError::Unavailable { .. })));
}

#[tokio::test]
async fn a_request_carries_the_key_and_says_who_sends_it() {
    let (url, heard) = server(|_| answer(200, "", "{\"id\": 7}")).await;
    let gcore = connect(&format!("{url}/some/where/"), hasty());
    gcore.streams.get(&id(7)).await.unwrap();
    gcore
        .streams
        .update(&id(7), None, &active(true))
        .await
        .unwrap();
    let heard = heard.lock().unwrap();
    let texts: Vec<String> = heard.iter().map(|(_, text)| text.to_lowercase()).collect();
    assert!(texts[0].starts_with("get /some/where/streaming/streams/7 http/1.1\r\n"));
    assert!(texts[1].starts_with("patch /some/where/streaming/streams/7 http/1.1\r\n"));
    for text in &texts {
        let version = env!("CARGO_PKG_VERSION");
        assert!(text.contains(&format!(
            "\r\nuser-agent: livestream-operator/{version}\r\n"
        )));
        assert!(text.contains(&format!("\r\nauthorization: apikey {KEY}\r\n")));
        assert!(text.contains("\r\naccept: application/json\r\n"));
        assert!(!text.contains("accept-encoding"));
    }
    assert!(heard[0].1.contains("APIKey "));
    assert!(texts[1].contains("\r\ncontent-type: application/json\r\n"));
    assert!(texts[1].ends_with("\r\n\r\n{\"stream\":{\"active\":true}}"));
}

/// A kept connection may be dead without anybody knowing, and what lies below us would send again
/// what it believes was not taken. A creation shares no connection with anything.
#[tokio::test]
async fn a_creation_has_a_connection_of_its_own() {
    let (url, heard) = server(|_| answer(200, "", "{\"id\": 7}")).await;
    let gcore = connect(&url, hasty());
    for method in [
        Method::Get,
        Method::Create,
        Method::Get,
        Method::Create,
        Method::Get,
    ] {
        method.run(&gcore, &seen()).await.unwrap();
    }
    let connections: Vec<usize> = heard.lock().unwrap().iter().map(|(n, _)| *n).collect();
    assert_eq!(connections, [0, 1, 0, 2, 0]);
}

/// The other side closes kept connections at the worst moment, over and over.
#[tokio::test]
async fn connections_that_close_under_a_request_double_nothing() {
    let (url, heard) = server(|text| {
        if text.starts_with("POST") {
            None
        } else {
            answer(200, "", "{\"id\": 7}")
        }
    })
    .await;
    let gcore = connect(&url, hasty());
    for _ in 0..20 {
        Method::Get.run(&gcore, &seen()).await.unwrap();
        let result = Method::Create.run(&gcore, &seen()).await;
        assert_eq!(result, unavailable("the connection was cut"));
    }
    let heard = heard.lock().unwrap();
    let posts = heard.iter().filter(|(_, text)| text.starts_with("POST"));
    assert_eq!(posts.count(), 20);
}

#[tokio::test]
async fn a_reply_to_a_creation_needs_an_id() {
    for body in ["{}", "null", "[]", "{\"id\": null}", "{\"id\": \"x\"}", "7"] {
        let (url, heard) = server(|_| answer(200, "", body)).await;
        let result = Method::Create.run(&connect(&url, hasty()), &seen()).await;
        assert!(
            matches!(result, Err(ProviderError::Garbled { .. })),
            "{body}"
        );
        assert_eq!(heard.lock().unwrap().len(), 1);
    }
    // Whose it is the reply may leave open.
    let (url, _) = server(|_| answer(201, "", "{\"id\": \"7\"}")).await;
    let gcore = connect(&url, hasty());
    let made = gcore
        .streams
        .create(&owner(), &StreamSettings::default())
        .await
        .unwrap();
    assert_eq!((made.id, made.mark), (id(7), Mark::Unreadable));
}

#[tokio::test]
async fn what_is_no_list_is_not_an_empty_list() {
    for body in ["null", "{}", "{\"results\": []}", "\"\"", "0", "[] []", "["] {
        let (url, _) = server(|_| answer(200, "", body)).await;
        let result = Method::List.run(&connect(&url, hasty()), &seen()).await;
        assert!(
            matches!(result, Err(ProviderError::Garbled { .. })),
            "{body}"
        );
    }
    let (url, _) = server(|_| answer(204, "", "")).await;
    let result = Method::List.run(&connect(&url, hasty()), &seen()).await;
    assert_eq!(result, garbled("it is empty"));
}

/// An error's status counts even where its body never ends.
#[tokio::test]
async fn an_error_is_an_error_before_its_body_ends() {
    let cut = "HTTP/1.1 422 So\r\nContent-Length: 100\r\n\r\n{\"error\":";
    let (url, _) = server(|_| Some(cut.to_owned())).await;
    let result = Method::Create.run(&connect(&url, hasty()), &seen()).await;
    assert_eq!(result, refused(422, ""));
    let (url, _) = server(|_| answer(403, "", &format!("\"{}\"", "x".repeat(100_000)))).await;
    let result = Method::Create.run(&connect(&url, hasty()), &seen()).await;
    let empty = ProviderError::Unauthorized {
        status: 403,
        message: String::new(),
    };
    assert_eq!(result, Err(empty));
}

// ---- What nobody may see --------------------------------------------------------------------

/// Everything that was traced.
#[derive(Clone, Default)]
struct Traced(Arc<Mutex<Vec<u8>>>);

impl Write for Traced {
    fn write(&mut self, part: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn assert_clean(text: &str, token: &str) {
    let lower = text.to_lowercase();
    for word in ["canary", token] {
        if let Some(at) = lower.find(word) {
            let around = &lower[at.saturating_sub(200)..lower.len().min(at + 200)];
            panic!("{word} is shown: {around}");
        }
    }
}

/// On one thread, so that everything is traced to the same place.
#[tokio::test(flavor = "current_thread")]
async fn no_error_and_no_trace_shows_a_secret() {
    let traced = Traced::default();
    let writer = traced.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let (sim, gcore) = start().await;
    let made = gcore.streams.create(&owner(), &secretive()).await.unwrap();
    let number: u64 = made.id.as_str().parse().unwrap();
    // Ingest addresses hold this.
    sim.edit(number, json!({"token": "feedc0ffee"})).unwrap();
    let whole = gcore.streams.get(&made.id).await.unwrap().unwrap();
    let push = whole.ingest.push.as_ref().map(Secret::expose);
    assert!(push.is_some_and(|push| push.contains("feedc0ffee")));
    let mut shown = vec![
        format!("{whole:?}"),
        format!("{:?}", gcore.streams.list(1).await),
    ];

    let actions = [
        Action::status(401),
        Action::status(403),
        Action::status(404),
        Action::status(409),
        Action::status(422),
        Action::status(503),
        Action::too_many(Some("1")),
        Action::TimeoutAfterApply,
        Action::CutAfterApply,
        Action::Truncated,
        Action::Stalled,
        Action::Garbled,
        Action::EndlessBody,
        Action::Html { applied: false },
    ];
    for action in actions {
        for method in Method::ALL {
            if method == Method::Delete {
                continue;
            }
            // Twice at most: the pauses are the longest part of this test.
            let number = sim.fault(Fault::new(action.clone()).always());
            if let Err(error) = method.run(&gcore, &whole).await {
                shown.push(format!("{error} {error:?} {error:#?}"));
            }
            sim.clear_fault(number);
        }
    }
    sim.set_outage(Some(simulator::Outage::Refuse));
    for method in [Method::Client, Method::Create] {
        let error = method.run(&gcore, &whole).await.unwrap_err();
        shown.push(format!("{error} {error:?}"));
    }
    shown.extend(echoes(&whole).await);
    for bad in [format!("{KEY}\n"), String::new()] {
        let error = gcore::connect(&sim.url(), Secret::new(bad), &http(hasty()));
        let error = error.err().expect("no header can carry it");
        shown.push(format!("{error} {error:?}"));
    }

    assert!(shown.len() > 60, "{}", shown.len());
    assert_clean(&shown.join("\n"), "feedc0ffee");
    let traced = String::from_utf8(traced.0.lock().unwrap().clone()).unwrap();
    // It was listened to, down to the last detail.
    assert!(traced.contains("the provider answered") && traced.contains("TRACE"));
    assert!(traced.contains("no answer from the provider"));
    assert_clean(&traced, "feedc0ffee");
    for line in traced.lines().filter(|line| line.contains("page=1")) {
        println!("{line}");
    }
    for line in shown
        .iter()
        .filter(|line| line.contains("127.0.0.1"))
        .take(4)
    {
        println!("{line}");
    }
    panic!();
}

/// Errors of a provider that says back everything that it was sent.
async fn echoes(whole: &ObservedStream) -> Vec<String> {
    let mut shown = Vec::new();
    for status in [400, 401, 403, 404, 422, 429, 500] {
        for shape in ["errors", "error", "message", "detail"] {
            let (url, _) = server(move |request| {
                let body = json!({ shape: { "field": [request] }, "request": request });
                answer(status, "Retry-After: 1\r\n", &body.to_string())
            })
            .await;
            let gcore = connect(&url, hasty());
            for method in [Method::Client, Method::Create, Method::Update] {
                // Three tries of each would take long and show nothing new.
                if status == 500 && method != Method::Create {
                    continue;
                }
                if let Err(error) = method.run(&gcore, whole).await {
                    shown.push(format!("{error} {error:?}"));
                }
            }
        }
    }
    shown
}

#[test]
fn what_cannot_work_is_said_at_once() {
    let http = http(Deadlines::default());
    let error = |url: &str, key: &str| {
        gcore::connect(url, Secret::new(key), &http)
            .err()
            .map(|error| error.to_string())
    };
    assert_eq!(error("https://api.gcore.com", KEY), None);
    assert_eq!(
        error("api.gcore.com", KEY).as_deref(),
        Some("the endpoint cannot be used: it is no URL")
    );
    assert_eq!(
        error("https://user@api.gcore.com", KEY).as_deref(),
        Some("the endpoint cannot be used: it has a user or a password")
    );
    assert_eq!(
        error("https://api.gcore.com", "").as_deref(),
        Some("the key cannot be used: it is empty")
    );
    assert!(error("https://api.gcore.com", "key\n").is_some_and(|e| e.contains("a line break")));
}

/// Whole answers, with the fields of the API spec and those of 2022 (official Android demo app).
#[tokio::test]
async fn documented_answers_are_read() {
    for (name, text) in [
        ("stream", include_str!("fixtures/gcore/stream.json")),
        ("tutorial", include_str!("fixtures/gcore/stream-2022.json")),
    ] {
        let document: Value = serde_json::from_str(text).unwrap();
        let id = StreamId::new(document["id"].to_string());
        let list = format!("[{text}]");
        let (url, _) = server(move |request| {
            let body = if request.contains("page=") {
                &list
            } else {
                text
            };
            answer(200, "Content-Type: application/json\r\n", body)
        })
        .await;
        let gcore = connect(&url, hasty());
        let seen = gcore.streams.get(&id).await.unwrap().unwrap();
        let listed = gcore.streams.list(1).await.unwrap();
        assert_eq!(listed[0].as_ref(), Ok(&seen), "{name}");
        assert_eq!(seen.settings.name.as_deref(), document["name"].as_str());
        assert_eq!(seen.mark, Mark::None);
        let push = seen.ingest.push.as_ref().map(Secret::expose);
        assert_eq!(push, document["push_url"].as_str());
    }
}
