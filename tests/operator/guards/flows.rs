//! What each flow costs: the exact calls at the provider, and the exact writes to the apiserver.
//!
//! Nothing is walked or polled here but at the start, and the provider's clock stands still, so that
//! the numbers do not depend on how quickly a machine works. Each flow begins where the one before it
//! ended: a call or a write that comes late is one too many of the next one.

use std::time::Duration;

use kube::core::DynamicObject;
use serde_json::{Value, json};
use simulator::faults::{Action, Fault};

use crate::harness::{CLIENT, Counts, World, condition, reason, status_of};

const STREAM: &str = "GET /streaming/streams/{id}";
const POST: &str = "POST /streaming/streams";
const PATCH: &str = "PATCH /streaming/streams/{id}";
const DELETE: &str = "DELETE /streaming/streams/{id}";
const START: &str = "PUT /streaming/streams/{id}/start_recording";
const STOP: &str = "PUT /streaming/streams/{id}/stop_recording";
const RESET: &str = "POST /streaming/streams/{id}/reset_push_token";
const BROADCAST: &str = "GET /streaming/broadcasts/{id}";
const POST_BROADCAST: &str = "POST /streaming/broadcasts";
const PATCH_BROADCAST: &str = "PATCH /streaming/broadcasts/{id}";
const DELETE_BROADCAST: &str = "DELETE /streaming/broadcasts/{id}";
const PAGE: &str = "GET /streaming/streams";
const BROADCAST_PAGE: &str = "GET /streaming/broadcasts";
const ME: &str = "GET /iam/clients/me";

/// The object itself: its finalizer.
const OBJECT: &str = "patch livestreams";
const STATUS: &str = "patch livestreams/status";
const BROADCAST_OBJECT: &str = "patch broadcasts";
const BROADCAST_STATUS: &str = "patch broadcasts/status";
const ACCOUNT_STATUS: &str = "patch streamingaccounts/status";

/// What was counted until the last flow ended.
struct Meter<'a> {
    world: &'a World,
    call: u64,
    writes: Counts,
}

/// The writes that passes make. Events are written behind them, and may come later.
fn writes(world: &World) -> Counts {
    let mut writes = world.writes();
    writes.retain(|what, _| !what.ends_with(" events"));
    writes
}

/// The calls after one of them. How often the list of videos is read goes by time.
fn calls(world: &World, after: u64) -> Counts {
    let mut calls = world.calls_by_route(after);
    calls.remove("GET /streaming/videos");
    calls
}

fn since(now: &Counts, before: &Counts) -> Counts {
    let more = |(what, count): (&String, &usize)| {
        let more = count - before.get(what).unwrap_or(&0);
        (more > 0).then(|| (what.clone(), more))
    };
    now.iter().filter_map(more).collect()
}

fn counted(names: &[&str]) -> Counts {
    let mut counts = Counts::new();
    for name in names {
        *counts.entry((*name).to_owned()).or_insert(0) += 1;
    }
    counts
}

impl<'a> Meter<'a> {
    fn new(world: &'a World) -> Self {
        Self {
            world,
            call: world.sim.last_call(),
            writes: writes(world),
        }
    }

    /// The flow that has just shown its effect cost just this.
    async fn cost(&mut self, flow: &str, called: &[&str], wrote: &[&str]) {
        let world = self.world;
        let found = || {
            let written = since(&writes(world), &self.writes);
            (calls(world, self.call), written)
        };
        let sum = |counts: Counts| counts.into_values().sum::<usize>();
        let enough = async || {
            let (calls, writes) = found();
            sum(calls) >= called.len() && sum(writes) >= wrote.len()
        };
        // The effect shows before the last write is in the audit log.
        let what = format!("{flow} is in the books");
        world.until_true(&what, enough).await;
        let (call, writes) = (world.sim.last_call(), writes(world));
        let found = found();
        assert_eq!(found, (counted(called), counted(wrote)), "{flow}");
        (self.call, self.writes) = (call, writes);
    }
}

/// A provider whose clock stands still, and an operator that walks and polls only at the start.
async fn quiet(name: &str) -> World {
    let mut world = World::bare(name).await;
    world.sim.clock().set_speed(0);
    world.account(json!({"pollIntervalSeconds": 3600})).await;
    start(&mut world).await;
    world
}

async fn start(world: &mut World) {
    let before = world.sim.last_call();
    world.start(&[
        "--webhook-listen=127.0.0.1:0",
        "--settling=1h",
        "--live-poll=1h",
        "--resync=1h",
        "--recording-patience=1h",
        // Nothing fails because this machine is slow.
        "--call-deadline=30s",
    ]);
    let account = world
        .until("StreamingAccount", "default", "walked", |account| {
            let open = condition(account, "Ready").is_some_and(|c| c["status"] == "True");
            open && status_of(account)["streams"].is_object()
                && reason(account, "Webhook") == "Listening"
        })
        .await;
    world.until_audited(&account).await;
    world
        .until_sim("the list was walked to its end", |sim| {
            let pages = sim.calls_after(before);
            let pages = pages
                .iter()
                .filter(|call| call.route == "/streaming/streams");
            pages.count() > sim.streams(CLIENT).len().div_ceil(25)
        })
        .await;
}

/// Tells the operator that something is new about a stream, as the provider's webhook does.
async fn hint(world: &World, id: u64) {
    let secret = world.secrets().get("default-webhook").await.unwrap();
    let path = String::from_utf8(secret.data.unwrap()["path"].0.clone()).unwrap();
    let address = world.operator.as_ref().unwrap().webhooks().await;
    let body = json!({"type": "stream", "message": {"stream": {"id": id}}});
    let answer = reqwest::Client::new()
        .post(format!("http://{address}{path}"))
        .json(&body)
        .send();
    assert!(answer.await.unwrap().status().is_success());
}

async fn until(world: &World, name: &str, field: &str, value: Value) {
    let what = format!("{field}: {value}");
    world
        .until("LiveStream", name, &what, |object| {
            status_of(object)[field] == value
        })
        .await;
}

async fn annotate(world: &World, name: &str, annotation: &str, value: &str) {
    let annotation = format!("livestream-operator.io/{annotation}");
    let patch = json!({"metadata": {"annotations": {annotation: value}}});
    world.patch("LiveStream", name, patch).await.unwrap();
}

#[tokio::test]
async fn a_stream_costs_one_call_for_each_change_and_one_write_for_each_news() {
    let world = quiet("flows").await;
    let mut meter = Meter::new(&world);

    let spec = json!({"displayName": "Keynote", "active": true, "recording": false});
    world.stream("keynote", spec).await;
    world.until_ready("keynote").await;
    meter.cost("create", &[POST], &[OBJECT, STATUS]).await;
    let id = world.stream_id("keynote").await;

    annotate(&world, "keynote", "reconcile-requested-at", "now").await;
    until(&world, "keynote", "lastHandledReconcileAt", json!("now")).await;
    meter.cost("a look", &[], &[STATUS]).await;

    let edit = json!({"displayName": "Edited", "dvr": {"enabled": true, "durationSeconds": 600}});
    world.edit("keynote", edit).await;
    world.until_ready("keynote").await;
    meter.cost("edit two fields", &[PATCH], &[STATUS]).await;

    world.edit("keynote", json!({"suspend": true})).await;
    world
        .until_reason("keynote", "Suspended", "Suspended")
        .await;
    meter.cost("suspend", &[], &[STATUS]).await;

    world
        .edit("keynote", json!({"displayName": "Later", "suspend": false}))
        .await;
    world.until_ready("keynote").await;
    meter.cost("resume with an edit", &[PATCH], &[STATUS]).await;

    world.sim.set_live(id, true).unwrap();
    hint(&world, id).await;
    until(&world, "keynote", "live", json!(true)).await;
    meter.cost("go live", &[STREAM], &[STATUS]).await;

    world.sim.set_live(id, false).unwrap();
    hint(&world, id).await;
    until(&world, "keynote", "videoCount", json!(0)).await;
    let news = [STATUS, STATUS];
    meter
        .cost("go off air, without a video", &[STREAM], &news)
        .await;

    annotate(&world, "keynote", "reset-ingest-key", "one").await;
    let done = |object: &DynamicObject| status_of(object)["ingestKeyReset"]["result"] == "Done";
    world.until("LiveStream", "keynote", "renewed", done).await;
    // Nobody is cut off: it is read first. And that it is about to be sent is written before.
    meter
        .cost("renew the key", &[STREAM, RESET], &[STATUS, STATUS])
        .await;

    world.stream("on", json!({"active": true})).await;
    world.until_ready("on").await;
    meter.cost("create", &[POST], &[OBJECT, STATUS]).await;
    world.delete("LiveStream", "on").await;
    world.until_gone("LiveStream", "on").await;
    let gone = [STATUS, OBJECT];
    meter
        .cost("delete what may be live", &[STREAM, DELETE], &gone)
        .await;

    world.stream("off", json!({"active": false})).await;
    world.until_ready("off").await;
    meter
        .cost("create switched off", &[POST], &[OBJECT, STATUS])
        .await;
    world.delete("LiveStream", "off").await;
    world.until_gone("LiveStream", "off").await;
    meter
        .cost("delete what is switched off", &[DELETE], &[OBJECT])
        .await;
}

#[tokio::test]
async fn a_recording_costs_a_call_to_begin_and_one_to_end() {
    let world = quiet("flows-recording").await;
    let mut meter = Meter::new(&world);
    let spec = json!({"active": true, "recording": false});
    world.stream("keynote", spec).await;
    world.until_ready("keynote").await;
    meter.cost("create", &[POST], &[OBJECT, STATUS]).await;
    let id = world.stream_id("keynote").await;
    world.sim.set_live(id, true).unwrap();
    hint(&world, id).await;
    until(&world, "keynote", "live", json!(true)).await;
    meter.cost("go live", &[STREAM], &[STATUS]).await;

    // That a start is about to be sent is written before it is sent.
    world.edit("keynote", json!({"recording": true})).await;
    world
        .until_reason("keynote", "Recording", "RecordingRequested")
        .await;
    meter.cost("record", &[START], &[STATUS, STATUS]).await;
    world.sim.advance(Duration::from_secs(6));
    hint(&world, id).await;
    until(&world, "keynote", "videoCount", json!(0)).await;
    let news = [STATUS, STATUS];
    meter
        .cost("it records, without a video", &[STREAM], &news)
        .await;

    world.sim.advance(Duration::from_mins(1));
    world.edit("keynote", json!({"recording": false})).await;
    until(&world, "keynote", "videoCount", json!(1)).await;
    meter.cost("stop, and its video", &[STOP], &news).await;
}

#[tokio::test]
async fn what_is_adopted_refused_or_let_go_costs_no_more() {
    let world = quiet("flows-rare").await;
    let mut meter = Meter::new(&world);
    let by_hand = world
        .sim
        .create(CLIENT, json!({"name": "by hand"}))
        .unwrap();

    let spec = json!({"externalId": by_hand.to_string(), "displayName": "by hand"});
    world.stream("adopted", spec).await;
    world.until_ready("adopted").await;
    meter.cost("adopt", &[STREAM], &[STATUS]).await;
    world
        .sim
        .edit(by_hand, json!({"name": "otherwise"}))
        .unwrap();
    hint(&world, by_hand).await;
    world
        .until_sim("its name is mended", |sim| {
            sim.stream(by_hand).unwrap()["name"] == "by hand"
        })
        .await;
    meter
        .cost("the first drift", &[STREAM, PATCH], &[OBJECT])
        .await;
    world.edit("adopted", json!({"displayName": "Ours"})).await;
    world.until_ready("adopted").await;
    meter
        .cost("edit what is adopted", &[PATCH], &[STATUS])
        .await;
    world.delete("LiveStream", "adopted").await;
    world.until_gone("LiveStream", "adopted").await;
    meter.cost("let go", &[], &[OBJECT]).await;

    let refused = Fault::new(Action::status(422)).method("POST").always();
    let refused = world.sim.fault(refused);
    world.stream("refused", json!({})).await;
    world.until_reason("refused", "Stalled", "Refused").await;
    meter
        .cost("a creation that is refused", &[POST], &[OBJECT, STATUS])
        .await;
    world.sim.clear_fault(refused);
    world.delete("LiveStream", "refused").await;
    world.until_gone("LiveStream", "refused").await;
    meter.cost("delete what was refused", &[], &[OBJECT]).await;

    let spec = json!({"active": true, "ingestSecret": {"name": "encoder"}});
    world.stream("camera", spec).await;
    world.until_ready("camera").await;
    meter
        .cost(
            "create with a Secret for the encoder",
            &[POST],
            &[OBJECT, STATUS, "create secrets"],
        )
        .await;
    let spec = json!({"deletionPolicy": "Retain"});
    world.stream("kept", spec).await;
    world.until_ready("kept").await;
    meter
        .cost("create to retain", &[POST], &[OBJECT, STATUS])
        .await;
    world.delete("LiveStream", "kept").await;
    world.until_gone("LiveStream", "kept").await;
    meter.cost("retain", &[PATCH], &[OBJECT]).await;
}

#[tokio::test]
async fn a_broadcast_costs_two_calls_to_create_and_one_for_each_change() {
    let mut world = quiet("flows-broadcast").await;
    let mut meter = Meter::new(&world);
    world.stream("keynote", json!({"active": true})).await;
    world.until_ready("keynote").await;
    meter.cost("a stream", &[POST], &[OBJECT, STATUS]).await;
    let spec = json!({"state": "pending", "streams": [{"name": "keynote"}]});
    world.broadcast("event", spec).await;
    world.until_broadcast("event").await;
    meter
        .cost(
            "create",
            &[BROADCAST_PAGE, POST_BROADCAST, PATCH_BROADCAST],
            &[BROADCAST_OBJECT, BROADCAST_STATUS, BROADCAST_STATUS],
        )
        .await;
    world
        .edit_broadcast("event", json!({"displayName": "Event", "state": "live"}))
        .await;
    world.until_broadcast("event").await;
    meter
        .cost("edit", &[PATCH_BROADCAST], &[BROADCAST_STATUS])
        .await;
    world
        .edit_broadcast("event", json!({"state": "finished"}))
        .await;
    world.until_broadcast("event").await;
    meter
        .cost("finish", &[PATCH_BROADCAST], &[BROADCAST_STATUS])
        .await;

    // The account tells of the stream that no walk had shown before; then there is nothing to tell.
    let walks = [ME, PAGE, PAGE, BROADCAST_PAGE, BROADCAST_PAGE];
    for (flow, wrote) in [("restart", &[ACCOUNT_STATUS][..]), ("another", &[])] {
        let Meter { call, writes, .. } = meter;
        start(&mut world).await;
        meter = Meter {
            world: &world,
            call,
            writes,
        };
        meter.cost(flow, &walks, wrote).await;
    }

    world.delete("Broadcast", "event").await;
    world.until_gone("Broadcast", "event").await;
    meter
        .cost(
            "delete",
            &[BROADCAST, DELETE_BROADCAST],
            &[BROADCAST_STATUS, BROADCAST_OBJECT],
        )
        .await;
    let account = json!({"spec": {"requestsPerSecond": 400}});
    world
        .patch("StreamingAccount", "default", account)
        .await
        .unwrap();
    meter.cost("another rate", &[], &[ACCOUNT_STATUS]).await;
}
