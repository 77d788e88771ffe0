//! Metrics, each against what somebody else counted: the simulator, the apiserver's audit log, the system.

mod changes;
mod dashboard;
mod documents;
mod picture;
mod prometheus;
mod samples;

use std::{collections::BTreeMap, fs};

use serde_json::{Value, json};
use simulator::{
    faults::{Action, Fault},
    gcore::Simulator,
};

use self::samples::{Sample, read, sum};
use crate::harness::{CLIENT, World, condition, status_of};

/// The Secret with the path for webhooks of the account `default`.
const WEBHOOK_SECRET: &str = "default-webhook";

async fn scrape(world: &World) -> Vec<Sample> {
    read(&world.operator.as_ref().unwrap().metrics().await)
}

/// The words for the provider's routes.
fn word(method: &str, route: &str) -> &'static str {
    let streams = "/streaming/streams";
    let broadcasts = "/streaming/broadcasts";
    let part = |whole: &str| route.strip_prefix(whole).map(str::to_owned);
    match (
        method,
        part(streams).as_deref(),
        part(broadcasts).as_deref(),
    ) {
        ("GET", Some(""), _) => "list_streams",
        ("POST", Some(""), _) => "create_stream",
        ("GET", Some("/{id}"), _) => "get_stream",
        ("PATCH", Some("/{id}"), _) => "update_stream",
        ("DELETE", Some("/{id}"), _) => "delete_stream",
        ("POST", Some("/{id}/reset_push_token"), _) => "reset_stream_key",
        ("PUT", Some("/{id}/start_recording"), _) => "start_recording",
        ("PUT", Some("/{id}/stop_recording"), _) => "stop_recording",
        ("GET", _, Some("")) => "list_broadcasts",
        ("POST", _, Some("")) => "create_broadcast",
        ("GET", _, Some("/{id}")) => "get_broadcast",
        ("PATCH", _, Some("/{id}")) => "update_broadcast",
        ("DELETE", _, Some("/{id}")) => "delete_broadcast",
        ("GET", ..) if route == "/streaming/videos" => "list_videos",
        ("GET", ..) if route == "/iam/clients/me" => "get_client",
        other => panic!("{other:?} {route}"),
    }
}

type Calls = BTreeMap<(String, String), u64>;

/// The calls by route and code, as the simulator counted them.
fn answered(sim: &Simulator) -> Calls {
    let mut calls = Calls::new();
    for count in sim.counts() {
        let route = word(&count.method, &count.route).to_owned();
        let code = count
            .status
            .map_or("none".to_owned(), |code| code.to_string());
        *calls.entry((route, code)).or_default() += count.count;
    }
    calls
}

/// The same, as the operator did.
fn counted(samples: &[Sample]) -> Calls {
    let mut calls = Calls::new();
    for sample in samples {
        if sample.name == "livestream_operator_provider_calls_total" {
            let key = (sample.label("route"), sample.label("code"));
            *calls.entry(key).or_default() += sample.value.to_string().parse::<u64>().unwrap();
        }
    }
    calls
}

async fn annotate(world: &World, kind: &str, name: &str, annotation: &str, value: &str) {
    let annotations = json!({format!("livestream-operator.io/{annotation}"): value});
    let patch = json!({"metadata": {"annotations": annotations}});
    world.patch(kind, name, patch).await.unwrap();
}

/// The stream goes off air, and its key is renewed.
async fn end_the_show(world: &World, id: u64) {
    world.sim.set_live(id, false).unwrap();
    world
        .until("LiveStream", "keynote", "idle", |it| {
            status_of(it)["live"] == false
        })
        .await;
    annotate(world, "LiveStream", "keynote", "reset-ingest-key", "one").await;
    world
        .until("LiveStream", "keynote", "a receipt", |it| {
            status_of(it)["ingestKeyReset"]["result"] == "Done"
        })
        .await;
}

async fn until_recording(world: &World, name: &str, recording: bool) {
    world
        .until(
            "LiveStream",
            name,
            &format!("recording: {recording}"),
            |it| status_of(it)["recording"] == recording,
        )
        .await;
}

/// Makes the provider record a stream that the operator has asked it to record.
async fn record(world: &World, name: &str) {
    let id = world.stream_id(name).await;
    world.sim.set_live(id, true).unwrap();
    world
        .until_sim("it records", |sim| {
            sim.advance(std::time::Duration::from_secs(1));
            sim.stream(id).unwrap()["recording"] == true
        })
        .await;
    until_recording(world, name, true).await;
}

#[tokio::test]
async fn calls_by_route_are_what_the_provider_counted() {
    let mut world = World::bare("metered").await;
    world.account(json!({})).await;
    // A call that is given up here and answered there would be counted as two things.
    world.start(&["--call-deadline=10s", "--settling=11s"]);
    world
        .stream("keynote", json!({"active": true, "recording": true}))
        .await;
    world.until_ready("keynote").await;
    world
        .broadcast("show", json!({"streams": [{"name": "keynote"}]}))
        .await;
    world.until_broadcast("show").await;
    // One that is repeated, one that gets no answer, and one that is refused.
    for (n, action) in [
        Action::status(503),
        Action::CutBeforeApply,
        Action::status(422),
    ]
    .into_iter()
    .enumerate()
    {
        world.sim.fault(Fault::new(action).method("PATCH").times(1));
        let spec = json!({"displayName": format!("Keynote {n}")});
        world.edit("keynote", spec).await;
        world
            .until_true("the fault has fired", async || {
                world.sim.faults().iter().all(|fault| fault.spent)
            })
            .await;
    }
    world
        .edit("keynote", json!({"displayName": "Keynote"}))
        .await;
    world.until_ready("keynote").await;
    record(&world, "keynote").await;
    world.edit("keynote", json!({"recording": false})).await;
    until_recording(&world, "keynote", false).await;
    let id = world.stream_id("keynote").await;
    end_the_show(&world, id).await;
    world.delete("Broadcast", "show").await;
    world.until_gone("Broadcast", "show").await;
    world.delete("LiveStream", "keynote").await;
    world.until_gone("LiveStream", "keynote").await;

    // The list is still walked, so that both are asked until no call came between.
    world
        .until_true("the operator counts what the provider does", async || {
            let before = answered(&world.sim);
            let samples = scrape(&world).await;
            before == answered(&world.sim) && counted(&samples) == before
        })
        .await;
    let samples = scrape(&world).await;
    let calls = counted(&samples);
    let routes: Vec<&str> = calls.keys().map(|(route, _)| route.as_str()).collect();
    for route in [
        "get_client",
        "list_streams",
        "create_stream",
        "update_stream",
        "delete_stream",
        "reset_stream_key",
        "start_recording",
        "stop_recording",
        "list_videos",
        "list_broadcasts",
        "create_broadcast",
        "update_broadcast",
        "delete_broadcast",
    ] {
        assert!(routes.contains(&route), "{route} is not in {routes:?}");
        let labels = [("route", route)];
        let all = sum(&samples, "provider_calls_total", &labels);
        let timed = sum(&samples, "provider_call_seconds_count", &labels);
        assert!((all - timed).abs() < 0.5, "{route}: {all} {timed}");
    }
    for code in ["503", "none", "422"] {
        let key = ("update_stream".to_owned(), code.to_owned());
        assert!(calls.contains_key(&key), "{key:?} is not in {calls:?}");
    }
    assert!(sum(&samples, "provider_call_seconds_sum", &[]) > 0.0);
    // Whose calls they were is known once the provider has said whose the key is.
    let unknown = samples.iter().filter(|s| s.label("client") == "unknown");
    for sample in unknown {
        assert_eq!(sample.label("route"), "get_client", "{sample:?}");
    }
}

#[tokio::test]
async fn objects_are_counted_by_how_they_fare() {
    let mut world = World::bare("census").await;
    world.account(json!({})).await;
    world.start(&[]);
    for name in ["plain", "recorded", "full", "going"] {
        let recording = ["recorded", "full"].contains(&name);
        world
            .stream(name, json!({"active": true, "recording": recording}))
            .await;
        world.until_ready(name).await;
    }
    record(&world, "recorded").await;
    world.sim.behaviour(CLIENT, |b| {
        b.storage_limit_minutes = 1000.0;
        b.storage_used_minutes = 1001.0;
    });
    for name in ["plain", "full", "going"] {
        let id = world.stream_id(name).await;
        world.sim.set_live(id, true).unwrap();
    }
    world.until_reason("full", "Stalled", "StorageFull").await;
    world
        .until("LiveStream", "going", "live", |it| {
            status_of(it)["live"] == true
        })
        .await;
    world.delete("LiveStream", "going").await;
    world.until_reason("going", "Ready", "LiveProtected").await;
    world.stream("paused", json!({"suspend": true})).await;
    world.until_reason("paused", "Suspended", "Suspended").await;
    let missing = json!({"srtPassphraseSecretRef": {"name": "none", "key": "none"}});
    world.stream("broken", missing).await;
    world
        .until_reason("broken", "Stalled", "SecretNotFound")
        .await;
    let spec = json!({"state": "live", "streams": [{"name": "plain"}]});
    world.broadcast("show", spec).await;
    world
        .until("Broadcast", "show", "live", |it| {
            condition(it, "Live").is_some_and(|c| c["status"] == "True")
        })
        .await;
    world
        .sim
        .create(CLIENT, json!({"name": "by hand"}))
        .unwrap();

    let expected: BTreeMap<&str, f64> = [
        ("objects LiveStream ready", 2.0),
        ("objects LiveStream stalled", 2.0),
        ("objects LiveStream suspended", 1.0),
        ("objects LiveStream deleting", 1.0),
        ("objects LiveStream reconciling", 0.0),
        ("objects Broadcast ready", 1.0),
        ("objects StreamingAccount ready", 1.0),
        ("objects_not_ready LiveStream StorageFull", 1.0),
        ("objects_not_ready LiveStream SecretNotFound", 1.0),
        ("objects_not_ready LiveStream LiveProtected", 1.0),
        ("live 1001 LiveStream", 4.0),
        ("live 1001 Broadcast", 1.0),
        ("recording 1001", 1.0),
        ("unrecorded 1001", 1.0),
        ("streams 1001 managed", 4.0),
        ("streams 1001 unmanaged", 1.0),
        ("streams 1001 orphaned", 0.0),
        ("streams 1001 duplicated", 0.0),
    ]
    .into();
    let found = async || {
        let samples = scrape(&world).await;
        let named = expected.keys().map(|what| {
            let words: Vec<&str> = what.split(' ').collect();
            let labels: Vec<(&str, &str)> = match words[0] {
                "objects" => vec![("kind", words[1]), ("state", words[2])],
                "objects_not_ready" => vec![("kind", words[1]), ("reason", words[2])],
                "live" => vec![("client", words[1]), ("kind", words[2])],
                "streams" => vec![("client", words[1]), ("standing", words[2])],
                _ => vec![("client", words[1])],
            };
            (*what, sum(&samples, words[0], &labels))
        });
        (named.collect::<BTreeMap<_, _>>(), samples)
    };
    let last = std::cell::RefCell::new(BTreeMap::new());
    let all = async || {
        let (now, _) = found().await;
        let same = now == expected;
        *last.borrow_mut() = now;
        same
    };
    world
        .until_true(&format!("the counts are {expected:?}"), all)
        .await;
    // Each object is in one state, and what waits has an age.
    let (_, samples) = found().await;
    let count = |kind| sum(&samples, "objects", &[("kind", kind)]);
    let counts = ["LiveStream", "Broadcast", "StreamingAccount"].map(count);
    assert_eq!(counts.map(|n| n.to_string()), ["6", "1", "1"]);
    let ages: Vec<&Sample> = samples
        .iter()
        .filter(|s| s.name == "livestream_operator_objects_oldest_seconds")
        .collect();
    assert_eq!(ages.len(), 9, "{ages:?}");
    assert!(ages.iter().all(|age| age.value >= 0.0), "{ages:?}");
}

/// Posts a webhook about a stream to the path of the account `default`.
async fn post(world: &World, id: u64, live: bool) {
    let secret = world.secrets().get(WEBHOOK_SECRET).await.unwrap();
    let path = secret.data.unwrap()["path"].0.clone();
    let path = String::from_utf8(path).unwrap();
    let address = world.operator.as_ref().unwrap().webhooks().await;
    let body = json!({"type": "stream", "message": {"stream": {"id": id, "live": live}}});
    let sent = reqwest::Client::new()
        .post(format!("http://{address}{path}"))
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), 200);
}

async fn until_listening(world: &World) {
    world
        .until("StreamingAccount", "default", "listening", |it| {
            condition(it, "Webhook").is_some_and(|c| c["reason"] == "Listening")
                && condition(it, "Ready").is_some_and(|c| c["status"] == "True")
        })
        .await;
}

#[tokio::test]
async fn a_hint_is_measured_until_the_status_shows_what_it_was_about() {
    let mut world = World::bare("hinted").await;
    // Nothing but the hint tells that the stream is live.
    world.account(json!({"pollIntervalSeconds": 3600})).await;
    world.start(&["--webhook-listen=127.0.0.1:0", "--live-poll=1h"]);
    until_listening(&world).await;
    world.stream("keynote", json!({"active": true})).await;
    world.until_ready("keynote").await;
    let id = world.stream_id("keynote").await;
    let about = [("about", "stream")];
    let figures = async || {
        let samples = scrape(&world).await;
        [
            sum(
                &samples,
                "hints_total",
                &[("about", "stream"), ("held", "yes")],
            ),
            sum(
                &samples,
                "hints_total",
                &[("about", "stream"), ("held", "no")],
            ),
            sum(&samples, "hint_to_status_seconds_count", &about),
        ]
        .map(|figure| figure.to_string())
    };
    assert_eq!(figures().await, ["0", "0", "0"]);

    world.sim.set_live(id, true).unwrap();
    post(&world, id, true).await;
    world
        .until("LiveStream", "keynote", "live", |it| {
            status_of(it)["live"] == true
        })
        .await;
    world
        .until_true("it is measured", async || {
            figures().await == ["1", "0", "1"]
        })
        .await;
    let samples = scrape(&world).await;
    let seconds = sum(&samples, "hint_to_status_seconds_sum", &about);
    assert!(seconds > 0.0);

    // What changes nothing, and what nobody holds, is counted and not measured.
    let reads = world.sim.count("GET", "/streaming/streams/{id}");
    post(&world, id, true).await;
    post(&world, 9_999_999, true).await;
    world
        .until_sim("it is read again", |sim| {
            sim.count("GET", "/streaming/streams/{id}") > reads
        })
        .await;
    world.sim.set_live(id, false).unwrap();
    post(&world, id, false).await;
    world
        .until("LiveStream", "keynote", "idle", |it| {
            status_of(it)["live"] == false
        })
        .await;
    world
        .until_true("it is measured", async || {
            figures().await == ["3", "1", "2"]
        })
        .await;
}

#[tokio::test]
async fn calls_to_the_apiserver_are_what_it_audited() {
    let world = World::new("audited").await;
    let spec = json!({"active": true, "ingestSecret": {"name": "keynote-ingest"}});
    world.stream("keynote", spec).await;
    world.until_ready("keynote").await;
    world.edit("keynote", json!({"displayName": "Later"})).await;
    world.until_ready("keynote").await;
    // The audit log has what was asked for, and nothing else moves when all is at rest.
    let pairs = [
        ("patch", "livestreams", "200"),
        ("patch", "streamingaccounts", "200"),
        ("create", "secrets", "201"),
        ("create", "events", "201"),
    ];
    world
        .until_true("both count the same", async || {
            let samples = scrape(&world).await;
            let writes = world.writes();
            pairs.iter().all(|(verb, resource, code)| {
                let labels = [("verb", *verb), ("resource", *resource), ("code", *code)];
                let ours = sum(&samples, "apiserver_calls_total", &labels).to_string();
                let whole = format!("{verb} {resource}");
                let parts = writes
                    .iter()
                    .filter(|(name, _)| **name == whole || name.starts_with(&format!("{whole}/")));
                let theirs: usize = parts.map(|(_, count)| count).sum();
                theirs > 0 && ours == theirs.to_string()
            })
        })
        .await;
    let samples = scrape(&world).await;
    for (verb, resource) in [("list", "livestreams"), ("watch", "livestreams")] {
        let labels = [("verb", verb), ("resource", resource), ("code", "200")];
        assert!(
            sum(&samples, "apiserver_calls_total", &labels) > 0.5,
            "{verb}"
        );
    }
}

#[tokio::test]
async fn the_process_tells_what_the_system_knows_of_it() {
    let world = World::new("process").await;
    world.until_account("default", "InStep").await;
    let operator = world.operator.as_ref().unwrap();
    let samples = scrape(&world).await;
    let figure = |name: &str| {
        let found = samples.iter().find(|sample| sample.name == name);
        found.unwrap_or_else(|| panic!("there is no {name}")).value
    };
    let resident = figure("process_resident_memory_bytes") / 1024.0;
    let theirs: f64 = operator.resident().to_string().parse().unwrap();
    let share = resident / theirs;
    assert!((0.5..2.0).contains(&share), "{resident} {theirs}");
    assert!(figure("process_cpu_seconds_total") > 0.0);
    let open = fs::read_dir(format!("/proc/{}/fd", operator.pid()))
        .unwrap()
        .count();
    let open: f64 = open.to_string().parse().unwrap();
    assert!((figure("process_open_fds") - open).abs() < 20.0);
    assert!(figure("process_max_fds") > open);
    // By the clocks of two files of the system: this process began before the operator.
    let began = figure("process_start_time_seconds");
    let now = jiff::Timestamp::now()
        .as_second()
        .to_string()
        .parse::<f64>()
        .unwrap();
    assert!(began <= now + 1.0, "{began} {now}");
    let boot = fs::read_to_string("/proc/stat").unwrap();
    let boot = boot
        .lines()
        .find_map(|line| line.strip_prefix("btime "))
        .unwrap();
    assert!(began >= boot.parse::<f64>().unwrap(), "{began} {boot}");
    let labels = [("version", env!("CARGO_PKG_VERSION"))];
    assert!(sum(&samples, "build_info", &labels) > 0.5);
}

/// A field of a log line that is JSON within its line.
fn inner(line: &Value, field: &str) -> Value {
    line[field]
        .as_str()
        .map_or(Value::Null, |text| serde_json::from_str(text).unwrap())
}
