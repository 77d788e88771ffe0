//! The account: its key and the Secret that holds it, its client, its budget, its provider's moods.

use std::time::Duration;

use kube::{
    ResourceExt as _,
    api::{ListParams, Patch, PatchParams},
    core::DynamicObject,
};
use serde_json::{Value, json};
use simulator::{
    counters::Call,
    faults::{Action, Fault},
    gcore::{KeyChange, Role, Spoilt, SpoiltItem},
};

use crate::harness::{CLIENT, KEY, Operator, World, condition, message, reason, status_of};

const STREAMS: &str = "/streaming/streams";
const ME: &str = "/iam/clients/me";

/// Another client of the provider, and its key.
const OTHER: u64 = 2002;
const OTHER_KEY: &str = "2002$canary-other-key";

fn is_stalled(object: &DynamicObject, why: &str) -> bool {
    reason(object, "Ready") == why
        && condition(object, "Ready").is_some_and(|c| c["status"] == "False")
        && condition(object, "Stalled").is_some_and(|c| c["status"] == "True")
        && condition(object, "Reconciling").is_none()
        && status_of(object)["observedGeneration"] == json!(object.metadata.generation)
}

async fn until_stalled(world: &World, account: &str, why: &str) -> DynamicObject {
    world
        .until(
            "StreamingAccount",
            account,
            &format!("stalled by {why}"),
            |object| is_stalled(object, why),
        )
        .await
}

/// Waits until an account is ready and its list has been read.
async fn until_open(world: &World, account: &str) -> DynamicObject {
    world
        .until("StreamingAccount", account, "open", |object| {
            condition(object, "Ready").is_some_and(|c| c["status"] == "True")
                && !status_of(object)["streams"].is_null()
        })
        .await
}

/// Makes so many streams and waits until all are ready.
async fn ready_streams(world: &World, count: usize) {
    for i in 0..count {
        world
            .stream(&format!("s{i}"), json!({"active": true}))
            .await;
    }
    for i in 0..count {
        world.until_ready(&format!("s{i}")).await;
    }
}

/// What changes with every write of a LiveStream.
async fn versions(world: &World) -> Vec<(String, Option<String>)> {
    let objects = world
        .api("LiveStream")
        .list(&ListParams::default())
        .await
        .unwrap();
    objects
        .iter()
        .map(|object| (object.name_any(), object.resource_version()))
        .collect()
}

/// How often a walk of the list has failed: there is no call to count while nobody listens.
fn failed_walks(world: &World) -> usize {
    let log = world
        .operator
        .as_ref()
        .map(Operator::log)
        .unwrap_or_default();
    log.matches("a walk of the list did not reach its end")
        .count()
}

async fn until_walks_failed(world: &World, more: usize) {
    let wanted = failed_walks(world) + more;
    world
        .until_true("walks fail", async || failed_walks(world) >= wanted)
        .await;
}

/// The number under which the journal has a key.
fn number(world: &World, key: &str, client: u64) -> u32 {
    world.sim.add_key(key, client)
}

/// An account besides `default`, with a Secret of its own.
async fn another_account(world: &World, name: &str, key: &str, fields: Value) {
    world
        .secret(&format!("{name}-key"), &[("apiKey", key)])
        .await;
    let mut spec = json!({
        "gcore": {"apiKeySecretRef": {"name": format!("{name}-key"), "key": "apiKey"}, "endpoint": world.sim.url()},
        "requestsPerSecond": 500, "pollIntervalSeconds": 1,
    });
    for (field, value) in fields.as_object().unwrap() {
        spec[field] = value.clone();
    }
    world.create("StreamingAccount", name, spec).await.unwrap();
}

#[tokio::test]
async fn a_key_that_cannot_be_used_stalls_the_account_and_says_what_to_do() {
    let mut world = World::bare("bad-key").await;
    let spec = json!({"gcore": {"apiKeySecretRef": {"name": "gcore", "key": "apiKey"}, "endpoint": world.sim.url()}});
    world
        .create("StreamingAccount", "default", spec)
        .await
        .unwrap();
    world.start(&[]);
    world.stream("keynote", json!({})).await;

    let object = until_stalled(&world, "default", "SecretNotFound").await;
    let text = message(&object, "Ready");
    assert!(
        text.contains("no Secret gcore") && text.contains("create it with the key apiKey"),
        "{text}"
    );
    let object = world
        .until_reason("keynote", "Ready", "AccountNotReady")
        .await;
    assert!(message(&object, "Ready").contains("no Secret gcore"));
    assert!(condition(&object, "Reconciling").is_some());

    let table: [(&str, &[u8], &str, &str); 6] = [
        (
            "key",
            KEY.as_bytes(),
            "SecretKeyNotFound",
            "has no key apiKey",
        ),
        ("apiKey", b"", "InvalidSecret", "is empty"),
        ("apiKey", b" \n", "InvalidSecret", "is empty"),
        ("apiKey", b"canary\xff\xfe", "InvalidSecret", "is not text"),
        ("apiKey", b"canary two", "InvalidSecret", "white space"),
        (
            "apiKey",
            b"1001$canary-wrong",
            "Unauthorized",
            "put a valid key",
        ),
    ];
    for (name, value, why, words) in table {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "gcore"}, "data": {name: k8s_openapi::ByteString(value.to_vec())}});
        let params = PatchParams::apply("test").force();
        world
            .secrets()
            .patch("gcore", &params, &Patch::Apply(secret))
            .await
            .unwrap();
        let object = world
            .until("StreamingAccount", "default", words, |object| {
                is_stalled(object, why) && message(object, "Ready").contains(words)
            })
            .await;
        let text = message(&object, "Ready");
        assert!(
            text.contains("Secret") && !text.contains("canary"),
            "{text}"
        );
    }
    // Correcting it heals: no edit of an object, no restart.
    world.secret("gcore", &[("apiKey", KEY)]).await;
    world.until_ready("keynote").await;
    let object = until_open(&world, "default").await;
    assert!(condition(&object, "Stalled").is_none() && condition(&object, "Reconciling").is_none());
    assert_eq!(
        (&status_of(&object)["clientId"], object.metadata.generation),
        (&json!("1001"), Some(1))
    );
    assert!(!world.told().await.contains("canary"));
}

#[tokio::test]
async fn a_line_break_behind_the_key_does_no_harm() {
    let mut world = World::bare("line-break").await;
    world.account(json!({})).await;
    world
        .secret("gcore", &[("apiKey", &format!("{KEY}\r\n"))])
        .await;
    world.start(&[]);
    world.stream("keynote", json!({})).await;
    world.until_ready("keynote").await;
    assert_eq!(world.sim.count_status(401), 0);
}

#[tokio::test]
async fn an_endpoint_that_was_not_allowed_is_not_called() {
    let mut world = World::bare("not-allowed").await;
    world.account(json!({})).await;
    world.start(&["--allow-endpoint=http://127.0.0.1:1"]);
    world.stream("keynote", json!({})).await;
    let object = until_stalled(&world, "default", "EndpointNotAllowed").await;
    let text = message(&object, "Ready");
    assert!(
        text.contains(&format!("--allow-endpoint={}", world.sim.url())),
        "{text}"
    );
    world
        .until_reason("keynote", "Ready", "AccountNotReady")
        .await;
    assert!(world.sim.calls().is_empty());

    // An account that is open is closed by an edit to such an endpoint.
    let mut world = World::new("closed").await;
    world.stream("keynote", json!({})).await;
    world.until_ready("keynote").await;
    let edit = json!({"spec": {"gcore": {"endpoint": "http://127.0.0.1:1"}}});
    world
        .patch("StreamingAccount", "default", edit)
        .await
        .unwrap();
    until_stalled(&world, "default", "EndpointNotAllowed").await;
    let last = world.sim.last_call();
    world.stream("other", json!({})).await;
    world
        .until_reason("other", "Ready", "AccountNotReady")
        .await;
    // One call may have been under way.
    assert!(world.sim.calls_after(last).len() <= 1);
    assert_eq!(world.posts(), 1);
    assert!(world.operator().terminate().await);
}

#[tokio::test]
async fn a_new_key_is_taken_over_and_no_stream_notices() {
    let world = World::new("rotation").await;
    ready_streams(&world, 3).await;
    until_open(&world, "default").await;
    let before = versions(&world).await;
    let new = number(&world, "1001$canary-new", CLIENT);
    world
        .secret("gcore", &[("apiKey", "1001$canary-new")])
        .await;
    let by_new = |call: &Call| call.key == Some(new) && call.route == STREAMS;
    world
        .until_sim("the new key reads the list", |sim| {
            !sim.calls_where(0, by_new).is_empty()
        })
        .await;
    let first = world.sim.calls_where(0, by_new)[0].seq;

    world.sim.revoke_key(KEY);
    world.walks(3).await;
    world.edit("s0", json!({"displayName": "New"})).await;
    world.until_ready("s0").await;
    let later = world.sim.calls_after(first);
    assert!(
        later
            .iter()
            .all(|call| call.key == Some(new) && call.status != Some(401))
    );
    assert_eq!(versions(&world).await[1..], before[1..]);
    assert_eq!(
        world.sim.stream(world.stream_id("s0").await).unwrap()["name"],
        "New"
    );
    assert!(!world.told().await.contains("canary"));
}

#[tokio::test]
async fn while_a_new_key_is_bad_the_old_one_goes_on_serving() {
    let world = World::new("bad-rotation").await;
    let old = number(&world, KEY, CLIENT);
    ready_streams(&world, 2).await;
    until_open(&world, "default").await;
    let before = versions(&world).await;
    world
        .secret("gcore", &[("apiKey", "1001$canary-bad")])
        .await;
    let object = until_stalled(&world, "default", "Unauthorized").await;
    assert!(!message(&object, "Ready").contains("canary"));

    let last = world.sim.last_call();
    world.walks(2).await;
    assert_eq!(versions(&world).await, before);
    world.stream("more", json!({})).await;
    world.until_ready("more").await;
    let later = world.sim.calls_where(last, |call| call.route != ME);
    assert!(
        later
            .iter()
            .all(|call| call.key == Some(old) && call.status == Some(200))
    );
    assert!(is_stalled(
        &world.get("StreamingAccount", "default").await.unwrap(),
        "Unauthorized"
    ));

    world.secret("gcore", &[("apiKey", KEY)]).await;
    until_open(&world, "default").await;
}

#[tokio::test]
async fn while_no_key_works_what_needs_none_goes_and_the_next_good_key_ends_all_waits() {
    let world = World::new("no-key").await;
    ready_streams(&world, 2).await;
    let stray = world.sim.create(CLIENT, json!({"name": "stray"})).unwrap();
    let adopts = json!({"externalId": stray.to_string()});
    world.stream("watched", adopts).await;
    world.until_ready("watched").await;
    until_open(&world, "default").await;

    world.sim.revoke_key(KEY);
    until_stalled(&world, "default", "Unauthorized").await;
    // Its own call was refused, or that of another already was.
    let until_held_up = async |name: &str| {
        let held_up = |object: &DynamicObject| {
            let why = reason(object, "Ready");
            ["Unauthorized", "AccountNotReady"].contains(&why.as_str())
        };
        world.until("LiveStream", name, "held up", held_up).await;
    };
    // What was never sent, and what was only watched, needs nobody's leave to go.
    world.stream("never", json!({})).await;
    until_held_up("never").await;
    for name in ["never", "watched"] {
        world.delete("LiveStream", name).await;
        world.until_gone("LiveStream", name).await;
    }
    // What has a stream waits, and so does an edit.
    world.edit("s0", json!({"displayName": "Edited"})).await;
    world.delete("LiveStream", "s1").await;
    until_held_up("s0").await;
    until_held_up("s1").await;

    // Another bad one changes nothing of that.
    world
        .secret("gcore", &[("apiKey", "1001$canary-bad")])
        .await;
    let bad = |call: &Call| call.route == ME && call.status == Some(401);
    world
        .until_sim("the bad key is tried", |sim| {
            !sim.calls_where(0, bad).is_empty()
        })
        .await;
    until_stalled(&world, "default", "Unauthorized").await;
    assert!(world.get("LiveStream", "s1").await.is_some());
    let changed = world
        .sim
        .calls_where(0, |call| call.method != "GET" && call.applied);
    assert_eq!(changed.len(), 2, "{changed:?}");

    world.sim.add_key("1001$canary-good", CLIENT);
    world
        .secret("gcore", &[("apiKey", "1001$canary-good")])
        .await;
    world.until_ready("s0").await;
    world.until_gone("LiveStream", "s1").await;
    until_open(&world, "default").await;
    let left: Vec<Value> = world.sim.streams(CLIENT);
    let names: Vec<&Value> = left.iter().map(|stream| &stream["name"]).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names.contains(&&json!("Edited")) && names.contains(&&json!("stray")));
    assert_eq!(world.sim.created_total(CLIENT), 3);
    assert!(!world.told().await.contains("canary"));
}

#[tokio::test]
async fn a_key_of_another_client_is_not_used() {
    let mut world = World::new("client-changed").await;
    let old = number(&world, KEY, CLIENT);
    let other = number(&world, OTHER_KEY, OTHER);
    ready_streams(&world, 2).await;
    until_open(&world, "default").await;
    let before = versions(&world).await;

    world.secret("gcore", &[("apiKey", OTHER_KEY)]).await;
    let object = until_stalled(&world, "default", "ClientChanged").await;
    let text = message(&object, "Ready");
    assert!(
        text.contains("2002")
            && text.contains("1001")
            && text.contains("create another StreamingAccount"),
        "{text}"
    );
    assert_eq!(status_of(&object)["clientId"], "1001");
    let last = world.sim.last_call();
    world.walks(2).await;
    let works = |call: &Call| call.route != ME;
    let working = world.sim.calls_where(last, works);
    assert!(working.iter().all(|call| call.key == Some(old)));
    assert_eq!(versions(&world).await, before);

    // A restart forgets the old key, and the client is pinned all the same.
    world.start(&[]);
    world.stream("more", json!({})).await;
    world.until_reason("more", "Ready", "AccountNotReady").await;
    let by_other = world.sim.calls_where(0, |call| call.key == Some(other));
    assert!(!by_other.is_empty() && by_other.iter().all(|call| call.route == ME));
    assert_eq!((world.posts(), world.sim.created_total(OTHER)), (2, 0));

    world.secret("gcore", &[("apiKey", KEY)]).await;
    world.until_ready("more").await;
    assert!(world.sim.streams(OTHER).is_empty());
}

#[tokio::test]
async fn accounts_of_one_client_share_one_walk_and_the_lowest_rate() {
    let mut world = World::bare("one-client").await;
    world
        .account(json!({"pollIntervalSeconds": 3600, "requestsPerSecond": 500}))
        .await;
    world.start(&[]);
    until_open(&world, "default").await;
    another_account(
        &world,
        "second",
        KEY,
        json!({"pollIntervalSeconds": 3600, "requestsPerSecond": 5}),
    )
    .await;
    world.until_account("second", "InStep").await;

    for i in 0..6 {
        for account in ["default", "second"] {
            world
                .stream(
                    &format!("{account}-{i}"),
                    json!({"accountRef": {"name": account}}),
                )
                .await;
        }
    }
    for i in 0..6 {
        for account in ["default", "second"] {
            world.until_ready(&format!("{account}-{i}")).await;
        }
    }
    // What one account's key brought is known to the other: nobody walks again.
    let walks = world
        .sim
        .calls_where(0, |call| call.method == "GET" && call.route == STREAMS);
    assert_eq!(walks.len(), 1, "{walks:?}");
    let posts = world.sim.calls_where(0, |call| call.method == "POST");
    assert_eq!(posts.len(), 12);
    assert_paced(&posts, 5);
}

/// Calls that are made at most so often: that they are sent in time is the sender's part, so between
/// the first and the last of many there must have been time for all between.
fn assert_paced(calls: &[Call], per_second: usize) {
    let (first, last) = (&calls[0], &calls[calls.len() - 1]);
    let took = Duration::from_millis(last.elapsed_ms - first.elapsed_ms);
    // One that was held up on its way lets the next seem early.
    let least = Duration::from_millis(1000 * (calls.len() as u64 - 1 - 1) / per_second as u64);
    assert!(took >= least, "{} calls in {took:?}", calls.len());
}

#[tokio::test]
async fn calls_never_come_faster_than_the_account_allows() {
    let mut world = World::bare("paced").await;
    world.account(json!({"requestsPerSecond": 5})).await;
    world.start(&[]);
    until_open(&world, "default").await;
    world.sim.forget_calls();
    ready_streams(&world, 20).await;
    assert_paced(&world.sim.calls(), 5);
    let peak = world.sim.peak_per_second(CLIENT);
    assert!(peak <= 5, "{peak} calls in a second");
    assert_eq!(world.posts(), 20);
}

#[tokio::test]
async fn accounts_of_two_clients_do_not_hold_each_other_up() {
    let world = World::new("two-clients").await;
    number(&world, OTHER_KEY, OTHER);
    another_account(&world, "other", OTHER_KEY, json!({})).await;
    until_open(&world, "other").await;
    world
        .stream("theirs", json!({"accountRef": {"name": "other"}}))
        .await;
    world.until_ready("theirs").await;

    // No call for an hour to the one, while the other works.
    let fault = world.sim.fault(
        Fault::new(Action::too_many(Some("3600")))
            .client(OTHER)
            .always(),
    );
    world
        .until_sim("a call is asked to wait", |sim| sim.fired(fault) > 0)
        .await;
    world.stream("ours", json!({})).await;
    world.until_ready("ours").await;
    world.edit("ours", json!({"active": true})).await;
    world.until_ready("ours").await;
    let objects = [("ours", CLIENT), ("theirs", OTHER)];
    for (name, client) in objects {
        let streams = world.sim.streams(client);
        assert_eq!((streams.len(), &streams[0]["name"]), (1, &json!(name)));
    }
    let counts = json!({"managed": 1, "unmanaged": 0, "orphaned": 0, "duplicated": 0});
    world
        .until("StreamingAccount", "default", "counted", |object| {
            status_of(object)["streams"] == counts
        })
        .await;
}

#[tokio::test]
async fn an_account_in_use_stays_until_its_last_stream_is_gone() {
    let mut world = World::new("in-use").await;
    ready_streams(&world, 2).await;
    world.delete("StreamingAccount", "default").await;
    let object = world.until_account("default", "InUse").await;
    let text = message(&object, "Ready");
    assert!(
        text.contains("s0") && text.contains("s1") && text.contains("2 LiveStreams"),
        "{text}"
    );

    // It goes on serving, after a restart too.
    world.start(&[]);
    world.edit("s0", json!({"displayName": "Still"})).await;
    world.until_ready("s0").await;
    world.delete("LiveStream", "s0").await;
    world.until_gone("LiveStream", "s0").await;
    world
        .until("StreamingAccount", "default", "used by one", |object| {
            message(object, "Ready").contains("s1") && !message(object, "Ready").contains("s0")
        })
        .await;
    world.delete("LiveStream", "s1").await;
    world.until_gone("LiveStream", "s1").await;
    world.until_gone("StreamingAccount", "default").await;
    assert!(world.sim.streams(CLIENT).is_empty());
}

#[tokio::test]
async fn while_the_provider_is_down_only_the_account_says_so() {
    let world = World::new("outage").await;
    ready_streams(&world, 5).await;
    until_open(&world, "default").await;
    let before = versions(&world).await;

    world.sim.outage(true);
    let object = world.until_account("default", "ProviderUnavailable").await;
    assert_eq!(condition(&object, "Ready").unwrap()["status"], "False");
    assert_eq!(condition(&object, "Reconciling").unwrap()["status"], "True");
    assert!(condition(&object, "Stalled").is_none());
    until_walks_failed(&world, 3).await;
    assert_eq!(versions(&world).await, before);
    let account = world.get("StreamingAccount", "default").await.unwrap();
    assert_eq!(account.resource_version(), object.resource_version());

    world.sim.outage(false);
    let object = until_open(&world, "default").await;
    assert!(condition(&object, "Reconciling").is_none());
    world.walks(2).await;
    assert_eq!(versions(&world).await, before);
    let events = world.events("default").await;
    let told = events
        .iter()
        .filter(|reason| *reason == "ProviderUnavailable")
        .count();
    assert_eq!(told, 1, "{events:?}");
}

#[tokio::test]
async fn a_restart_while_the_provider_is_down_changes_nothing_of_what_was_in_step() {
    let mut world = World::new("outage-restart").await;
    ready_streams(&world, 3).await;
    until_open(&world, "default").await;
    let before = versions(&world).await;
    world.sim.outage(true);
    world.until_account("default", "ProviderUnavailable").await;
    world.start(&[]);
    // One that comes now is looked at after those that were there.
    world.stream("zz", json!({})).await;
    let object = world.until_reason("zz", "Ready", "AccountNotReady").await;
    assert!(message(&object, "Ready").contains("cannot be reached"));
    assert_eq!(versions(&world).await[..3], before);

    world.sim.outage(false);
    world.until_ready("zz").await;
    assert_eq!(versions(&world).await[..3], before);
}

#[tokio::test]
async fn while_the_key_is_refused_only_the_account_says_so() {
    let world = World::new("refused").await;
    ready_streams(&world, 5).await;
    until_open(&world, "default").await;
    let before = versions(&world).await;

    let fault = world.sim.fault(Fault::new(Action::status(401)).always());
    until_stalled(&world, "default", "Unauthorized").await;
    let fired = world.sim.fired(fault);
    world
        .until_sim("more calls are refused", |sim| {
            sim.fired(fault) >= fired + 3
        })
        .await;
    assert_eq!(versions(&world).await, before);

    world.sim.clear_faults();
    until_open(&world, "default").await;
    world.walks(2).await;
    assert_eq!(versions(&world).await, before);
}

#[tokio::test]
async fn an_edit_while_the_provider_is_down_shows_as_pending_and_is_made_up_for() {
    let world = World::new("outage-edit").await;
    ready_streams(&world, 2).await;
    until_open(&world, "default").await;
    world.sim.outage(true);
    world.until_account("default", "ProviderUnavailable").await;
    let before = versions(&world).await;
    world.edit("s0", json!({"displayName": "Edited"})).await;
    let object = world
        .until_reason("s0", "Ready", "ProviderUnavailable")
        .await;
    assert_eq!(condition(&object, "Synced").unwrap()["status"], "False");
    assert!(condition(&object, "Reconciling").is_some() && condition(&object, "Stalled").is_none());
    assert_ne!(
        status_of(&object)["observedGeneration"],
        json!(object.metadata.generation)
    );
    assert_eq!(versions(&world).await[1..], before[1..]);

    world.sim.outage(false);
    world.until_ready("s0").await;
    assert_eq!(
        world.sim.stream(world.stream_id("s0").await).unwrap()["name"],
        "Edited"
    );
    assert_eq!((world.posts(), world.patches()), (2, 1));
}

#[tokio::test]
async fn a_key_that_may_only_read_serves_what_is_in_step_and_stalls_what_is_not() {
    let world = World::new("viewer").await;
    ready_streams(&world, 1).await;
    let viewer = KeyChange {
        key: KEY.to_owned(),
        client: CLIENT,
        role: Role::Viewer,
        ..KeyChange::default()
    };
    world.sim.set_key(&viewer);
    let before = versions(&world).await;
    world.stream("zz", json!({})).await;
    let object = world.until_reason("zz", "Ready", "Unauthorized").await;
    assert!(condition(&object, "Stalled").is_some());
    let text = message(&object, "Ready");
    assert!(
        text.contains("write access") && !text.contains("canary"),
        "{text}"
    );
    assert_eq!(versions(&world).await[0], before[0]);

    // Another key is tried at once.
    world.sim.add_key("1001$canary-editor", CLIENT);
    world
        .secret("gcore", &[("apiKey", "1001$canary-editor")])
        .await;
    world.until_ready("zz").await;
    assert_eq!(world.sim.created_total(CLIENT), 2);
}

#[tokio::test]
async fn what_the_provider_asks_to_wait_is_waited_by_every_caller() {
    let world = World::new("retry-after").await;
    ready_streams(&world, 1).await;
    let fault = Fault::new(Action::too_many(Some("3")))
        .method("GET")
        .route(STREAMS);
    let fault = world.sim.fault(fault);
    world
        .until_sim("a call is asked to wait", |sim| sim.fired(fault) == 1)
        .await;
    world.stream("more", json!({})).await;
    world.edit("s0", json!({"displayName": "Edited"})).await;
    world.until_ready("more").await;
    world.until_ready("s0").await;

    let refused = world
        .sim
        .calls_where(0, |call| call.status == Some(429))
        .remove(0);
    let next = world.sim.calls_after(refused.seq).remove(0);
    assert!(
        next.elapsed_ms >= refused.elapsed_ms + 2900,
        "{refused:?} {next:?}"
    );
    assert_eq!(world.sim.count_status(429), 1);
    assert_eq!((world.posts(), world.patches()), (2, 1));
}

#[tokio::test]
async fn the_account_counts_what_is_managed_and_what_is_not() {
    let mut world = World::bare("counts").await;
    world.account(json!({})).await;
    world.start(&["--cluster-id=here"]);
    ready_streams(&world, 2).await;
    let uid = world
        .get("LiveStream", "s0")
        .await
        .unwrap()
        .metadata
        .uid
        .unwrap();
    let namespace = &world.namespace;
    let mark = |word: &str, cluster: &str, namespace: &str, name: &str, uid: &str| {
        format!("livestream-operator.io/{word}={cluster}/{namespace}/{name}/{uid}")
    };
    let strays = [
        // Unmanaged: by hand, released, of another cluster, of a namespace that is not served.
        Value::Null,
        json!("by hand"),
        json!(mark("released", "here", namespace, "gone", "0-0-1")),
        json!(mark("owner", "there", namespace, "s0", &uid)),
        json!(mark("owner", "here", "elsewhere", "s0", &uid)),
        // Orphaned: nobody of this name, and an earlier one of it.
        json!(mark("owner", "here", namespace, "gone", "0-0-2")),
        json!(mark("owner", "here", namespace, "s1", "0-0-3")),
        // Duplicated: s0 holds another.
        json!(mark("owner", "here", namespace, "s0", &uid)),
    ];
    for data in strays {
        world
            .sim
            .create(CLIENT, json!({"name": "stray", "client_entity_data": data}))
            .unwrap();
    }
    let counts = json!({"managed": 2, "unmanaged": 5, "orphaned": 2, "duplicated": 1});
    world
        .until("StreamingAccount", "default", "counted", |object| {
            status_of(object)["streams"] == counts
        })
        .await;
    // The object with a double says so; nothing is touched.
    world.until_reason("s0", "Ready", "DuplicateStreams").await;
    world.walks(2).await;
    assert_eq!((world.posts(), world.sim.changing_calls()), (2, 2));

    // What is adopted is managed.
    let id = world.sim.streams(CLIENT)[2]["id"].to_string();
    world.stream("adopter", json!({"externalId": id})).await;
    let counts = json!({"managed": 3, "unmanaged": 4, "orphaned": 2, "duplicated": 1});
    world
        .until("StreamingAccount", "default", "counted again", |object| {
            status_of(object)["streams"] == counts
        })
        .await;
}

#[tokio::test]
async fn one_unreadable_stream_in_the_list_hinders_no_other() {
    let world = World::new("spoilt").await;
    let stray = world.sim.create(CLIENT, json!({"name": "stray"})).unwrap();
    for how in [
        Spoilt::MarkOfWrongType,
        Spoilt::IdMissing,
        Spoilt::NameOfWrongType,
        Spoilt::NotAnObject,
    ] {
        world.sim.behaviour(CLIENT, |ways| {
            ways.spoilt_item = Some(SpoiltItem { id: stray, how });
        });
        let name = format!("{how:?}").to_lowercase();
        world.stream(&name, json!({"displayName": "New"})).await;
        world.until_ready(&name).await;
        world.edit(&name, json!({"displayName": "Edited"})).await;
        world.until_ready(&name).await;
        let id = world.stream_id(&name).await;
        assert_eq!(world.sim.stream(id).unwrap()["name"], "Edited");
        world.sim.edit(id, json!({"name": "by hand"})).unwrap();
        world
            .until_sim("the name is mended", |sim| {
                sim.stream(id).unwrap()["name"] == "Edited"
            })
            .await;
    }
    assert_eq!(
        (
            world.posts(),
            world.sim.count("DELETE", "/streaming/streams/{id}")
        ),
        (4, 0)
    );

    // One that we hold stays known by its own address.
    let id = world.stream_id("idmissing").await;
    world.sim.behaviour(CLIENT, |ways| {
        ways.spoilt_item = Some(SpoiltItem {
            id,
            how: Spoilt::MarkOfWrongType,
        });
    });
    world.walks(3).await;
    world.until_ready("idmissing").await;
    assert_eq!(world.stream_id("idmissing").await, id);
    assert_eq!(world.posts(), 4);
}
