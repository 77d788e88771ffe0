//! What the operator is shown of the apiserver is old, late, doubled, torn or refused.

use std::{path::PathBuf, sync::Arc};

use futures::future::join_all;
use kube::{ResourceExt as _, core::DynamicObject};
use serde_json::{Value, json};
use simulator::counters::Call;

use crate::harness::{
    CLIENT, Operator, World, program,
    proxy::{Proxy, Refusal, Twist, View, to_apiserver},
    status_of,
};

/// A world whose operator sees the apiserver through a proxy.
struct Shown {
    world: World,
    view: Arc<View>,
    kubeconfig: PathBuf,
    _proxy: Proxy,
}

impl Shown {
    /// One with an account, and no operator yet.
    async fn new(name: &str) -> Self {
        let world = World::bare(name).await;
        world.account(json!({})).await;
        let view = View::new();
        let proxy = Proxy::showing(to_apiserver().await, Arc::clone(&view)).await;
        Self {
            kubeconfig: proxy.kubeconfig(&world.namespace),
            world,
            view,
            _proxy: proxy,
        }
    }

    /// Starts the operator behind the proxy; what ran before is gone.
    fn start(&mut self, flags: &[&str]) {
        self.world.operator = None;
        self.world.operator = Some(self.another("", flags));
    }

    /// Starts another one behind the proxy.
    fn another(&self, word: &str, flags: &[&str]) -> Operator {
        let mut all = vec!["--apiserver-deadline=2s"];
        all.extend(flags);
        let arguments = self.world.arguments(&self.world.sim.url(), &all);
        let name = format!("{}{word}", self.world.namespace);
        Operator::start_at(&program(), &self.kubeconfig, &name, &arguments, &[])
    }
}

fn changes_after(world: &World, call: u64) -> Vec<Call> {
    world.sim.calls_where(call, |call| call.method != "GET")
}

/// Objects are created, edited and deleted; each gets just its stream, which goes with it.
async fn lifecycle(world: &World) {
    let names: Vec<String> = (0..8).map(|n| format!("camera-{n}")).collect();
    join_all(names.iter().map(|name| async move {
        world.stream(name, json!({"active": true})).await;
        world.until_ready(name).await;
        for title in ["First", "Second", "Third"] {
            world.edit(name, json!({"displayName": title})).await;
        }
        world.until_ready(name).await;
    }))
    .await;
    let titles: Vec<Value> = world
        .sim
        .streams(CLIENT)
        .into_iter()
        .map(|stream| stream["name"].clone())
        .collect();
    assert_eq!(titles, vec![json!("Third"); 8]);
    join_all(names.iter().skip(4).map(|name| async move {
        world.delete("LiveStream", name).await;
        world.until_gone("LiveStream", name).await;
    }))
    .await;
    let sim = &world.sim;
    assert_eq!(
        (sim.created_total(CLIENT), sim.deleted_total(CLIENT)),
        (8, 4)
    );
    world.walks(2).await;
    let rest = world.sim.last_call();
    world.walks(2).await;
    assert_eq!(changes_after(world, rest).len(), 0);
}

#[tokio::test]
async fn events_that_come_twice_change_nothing() {
    let mut shown = Shown::new("view-twice").await;
    shown.view.twist(Twist::Repeats);
    shown.start(&[]);
    lifecycle(&shown.world).await;
}

#[tokio::test]
async fn events_that_overtake_each_other_change_nothing() {
    let mut shown = Shown::new("view-overtaken").await;
    shown.view.twist(Twist::Overtakes);
    shown.start(&[]);
    lifecycle(&shown.world).await;
}

#[tokio::test]
async fn watches_that_break_in_the_middle_of_an_event_are_resumed() {
    let mut shown = Shown::new("view-breaks").await;
    shown.view.twist(Twist::Breaks(3));
    shown.start(&[]);
    lifecycle(&shown.world).await;
}

#[tokio::test]
async fn what_a_watch_lost_with_its_history_is_listed_anew() {
    let mut shown = Shown::new("view-forgets").await;
    shown.view.twist(Twist::Forgets(3));
    shown.start(&[]);
    lifecycle(&shown.world).await;
}

#[tokio::test]
async fn nothing_acts_before_the_first_list_is_whole() {
    let mut shown = Shown::new("view-unlisted").await;
    shown.world.stream("keynote", json!({})).await;
    shown
        .view
        .refuse("list livestreams", Refusal::Hangs, usize::MAX);
    shown.start(&[]);
    let world = &shown.world;
    let operator = world.operator.as_ref().unwrap();
    let ready = format!("http://{}/readyz", operator.address().await);
    world
        .until_true("the list is asked for in vain", async || {
            shown.view.refused().len() >= 2
        })
        .await;
    assert_eq!(reqwest::get(&ready).await.unwrap().status(), 503);
    assert_eq!(world.sim.last_call(), 0, "nobody called the provider");
    shown.view.forgive();
    world.until_ready("keynote").await;
    assert_eq!(reqwest::get(&ready).await.unwrap().status(), 200);
    assert_eq!(world.posts(), 1);
}

#[tokio::test]
async fn while_the_apiserver_knows_no_such_kind_nothing_is_deleted() {
    let mut shown = Shown::new("view-kindless").await;
    shown.start(&[]);
    shown.world.stream("keynote", json!({"active": true})).await;
    shown.world.until_ready("keynote").await;
    let before = shown.world.sim.last_call();
    let (list, watch) = ("list livestreams", "watch livestreams");
    shown.view.refuse(list, Refusal::Status(404), usize::MAX);
    shown.view.refuse(watch, Refusal::Status(404), usize::MAX);
    // Both one that runs, whose watch ends, and one that starts so.
    shown.view.twist(Twist::Forgets(0));
    shown
        .world
        .edit("keynote", json!({"displayName": "Edited"}))
        .await;
    let asked = async || shown.view.refused().iter().any(|route| route == list);
    shown.world.until_true("the kind is asked for", asked).await;
    shown.view.twist(Twist::None);
    let mut second = shown.another("-second", &[]);
    let asked = async || second.log().contains("404");
    shown.world.until_true("the second asks, too", asked).await;
    shown.world.walks(2).await;
    assert_eq!(changes_after(&shown.world, before).len(), 0);
    assert!(!second.ended(), "{}", second.log());
    shown.view.forgive();
    shown.world.until_ready("keynote").await;
    assert_eq!(
        (shown.world.posts(), shown.world.sim.deleted_total(CLIENT)),
        (1, 0)
    );
}

#[tokio::test]
async fn writes_that_are_refused_or_seem_so_lose_nothing_and_double_nothing() {
    let mut shown = Shown::new("view-writes").await;
    shown.start(&[]);
    let mut count = 0;
    for route in ["patch livestreams", "patch livestreams/status"] {
        for refusal in [
            Refusal::Status(409),
            Refusal::Status(429),
            Refusal::Status(500),
            Refusal::Status(503),
            Refusal::TimedOutButApplied,
            Refusal::Hangs,
        ] {
            for times in [1, 3] {
                count += 1;
                let name = format!("camera-{count}");
                shown.view.refuse(route, refusal, times);
                let world = &shown.world;
                world.stream(&name, json!({})).await;
                let object = world.until_ready(&name).await;
                let uid = object.uid().unwrap();
                let marked = world.sim.streams_marked(CLIENT, &uid);
                assert_eq!(marked.len(), 1, "{route} {refusal:?} {times}");
                let id = marked[0]["id"].as_u64().unwrap();
                assert_eq!(world.stream_id(&name).await, id);
                shown.view.forgive();
            }
        }
    }
    assert_eq!(shown.world.posts(), count);
    let refused = shown.view.refused();
    let of = |route: &str| refused.iter().filter(|it| *it == route).count();
    assert!(of("patch livestreams") >= 12, "{refused:?}");
    assert!(of("patch livestreams/status") >= 12, "{refused:?}");
}

#[tokio::test]
async fn one_that_starts_with_a_view_from_before_touches_nothing_of_what_came_since() {
    let mut shown = Shown::new("view-past").await;
    shown
        .world
        .stream("again", json!({"displayName": "Old"}))
        .await;
    shown.world.stream("edited", json!({"active": false})).await;
    shown.start(&[]);
    for name in ["again", "edited"] {
        shown.world.until_ready(name).await;
    }
    // A start that lists what is remembered: both with their ids and finalizers.
    let old = View::new();
    let proxy = Proxy::showing(to_apiserver().await, Arc::clone(&old)).await;
    let kubeconfig = proxy.kubeconfig(&format!("{}-past", shown.world.namespace));
    let arguments = shown.world.arguments(&shown.world.sim.url(), &[]);
    let name = format!("{}-past", shown.world.namespace);
    let start = || Operator::start_at(&program(), &kubeconfig, &name, &arguments, &[]);
    let mut first = start();
    let listed = async || first.log().contains("\"ready\"");
    shown.world.until_true("it is ready", listed).await;
    first.kill();

    // One is deleted and made again under its name, the other is switched on.
    let world = &shown.world;
    world.delete("LiveStream", "again").await;
    world.until_gone("LiveStream", "again").await;
    world.stream("again", json!({"displayName": "New"})).await;
    world.edit("edited", json!({"active": true})).await;
    for name in ["again", "edited"] {
        world.until_ready(name).await;
    }
    let ids = [
        world.stream_id("again").await,
        world.stream_id("edited").await,
    ];
    world.sim.set_live(ids[1], true).unwrap();
    shown.world.operator().kill();

    old.past(true);
    let before = shown.world.sim.last_call();
    let mut second = start();
    let world = &shown.world;
    world.walks(6).await;
    let changes = changes_after(world, before);
    assert_eq!(changes.len(), 0, "{changes:?}");
    // What came since is shown at last.
    old.past(false);
    for (name, id) in ["again", "edited"].into_iter().zip(ids) {
        world.until_ready(name).await;
        assert_eq!(world.stream_id(name).await, id);
        assert_eq!(world.sim.stream(id).unwrap()["active"], name == "edited");
    }
    world.walks(2).await;
    let changes = changes_after(world, before);
    assert_eq!(changes.len(), 0, "{changes:?}\n{}", second.log());
    second.kill();
}

/// The flags of two that share a Lease.
fn sharing(world: &World, lasts: &str, call: &str) -> [String; 4] {
    [
        "--lease=operator".to_owned(),
        format!("--lease-namespace={}", world.namespace),
        format!("--lease-duration={lasts}"),
        format!("--call-deadline={call}"),
    ]
}

#[tokio::test]
async fn one_that_stood_by_behind_a_silent_watch_does_not_undo_what_its_leader_did() {
    let shown = Shown::new("view-standby").await;
    let flags = sharing(&shown.world, "1h", "1s");
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let world = &shown.world;
    let mut first = world.another("first", &flags, &[]);
    world.stream("keynote", json!({"active": false})).await;
    world
        .broadcast(
            "event",
            json!({"state": "pending", "streams": [{"name": "keynote"}]}),
        )
        .await;
    world.until_ready("keynote").await;
    world.until_broadcast("event").await;
    let second = shown.another("-second", &flags);
    let waits = async || second.log().contains("standing by");
    world.until_true("the second stands by", waits).await;

    let silent = ["watch livestreams", "watch broadcasts"];
    shown.view.silence(&silent);
    world.edit("keynote", json!({"active": true})).await;
    world
        .edit_broadcast("event", json!({"state": "live"}))
        .await;
    world.until_ready("keynote").await;
    world.until_broadcast("event").await;
    let id = world.stream_id("keynote").await;
    world.sim.set_live(id, true).unwrap();
    let before = world.sim.last_call();
    assert!(first.terminate().await);
    let leads = async || second.figure("leader").await > 0.5;
    world.until_true("the second leads", leads).await;
    world.walks(6).await;
    assert_eq!(changes_after(world, before).len(), 0, "{}", second.log());
    shown.view.silence(&[]);
    world.edit("keynote", json!({"displayName": "Later"})).await;
    world.until_ready("keynote").await;
    assert_eq!(changes_after(world, before).len(), 1);
}

#[tokio::test]
async fn one_that_is_cut_off_from_the_apiserver_changes_nothing_near_the_end_of_its_lease() {
    let shown = Shown::new("view-fence").await;
    // The Lease is renewed every two seconds; nothing may leave in its last eight.
    let mut flags = sharing(&shown.world, "12s", "8s").to_vec();
    flags.push("--settling=9s".to_owned());
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let mut operator = shown.another("-cut", &flags);
    let world = &shown.world;
    world
        .stream("keynote", json!({"displayName": "Wanted"}))
        .await;
    world.until_ready("keynote").await;
    let id = world.stream_id("keynote").await;
    let cut = world.sim.last_call();
    shown.view.cut_off(true);
    // Somebody changes the name again and again, which is mended each time, as long as it may be.
    let drifts = async {
        loop {
            world.sim.edit(id, json!({"name": "Drifted"})).unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    let ended = tokio::select! {
        ended = operator.until_ended() => ended,
        () = drifts => unreachable!(),
    };
    let log = operator.log();
    assert!(
        !ended && log.contains("the Lease could not be renewed in time"),
        "{log}"
    );
    let end = world.sim.clock().elapsed();
    let late = |call: &Call| end.as_millis() < u128::from(call.elapsed_ms) + 6_000;
    let changes: Vec<Call> = changes_after(world, cut).into_iter().filter(late).collect();
    assert!(changes.is_empty(), "{changes:?}\n{log}");
    assert!(!world.sim.calls_where(cut, late).is_empty(), "it read on");
}

#[tokio::test]
async fn a_receipt_whose_write_seems_to_fail_keeps_no_key_from_being_renewed() {
    let mut shown = Shown::new("view-receipt").await;
    shown.start(&[]);
    let world = &shown.world;
    world.stream("keynote", json!({})).await;
    world.until_ready("keynote").await;
    let status = "patch livestreams/status";
    for (token, refusal) in [
        ("one", Refusal::TimedOutButApplied),
        ("two", Refusal::Status(500)),
        ("three", Refusal::Hangs),
    ] {
        shown.view.refuse(status, refusal, 1);
        let annotation = json!({"livestream-operator.io/reset-ingest-key": token});
        let patch = json!({"metadata": {"annotations": annotation}});
        world.patch("LiveStream", "keynote", patch).await.unwrap();
        let done = |object: &DynamicObject| {
            let receipt = &status_of(object)["ingestKeyReset"];
            receipt["token"] == token && receipt["result"] == "Done"
        };
        world.until("LiveStream", "keynote", token, done).await;
    }
    let renewed = "/streaming/streams/{id}/reset_push_token";
    assert_eq!(world.sim.count("POST", renewed), 3);
    assert_eq!(shown.view.refused(), [status; 3]);
}

#[tokio::test]
async fn a_request_whose_write_seems_to_fail_keeps_no_recording_waiting() {
    for refusal in [
        Refusal::TimedOutButApplied,
        Refusal::Status(500),
        Refusal::Hangs,
    ] {
        let mut shown = Shown::new("view-request").await;
        // Whoever takes the request for one that was sent waits for its recording for an hour.
        shown.start(&["--recording-patience=1h"]);
        let world = &shown.world;
        let spec = json!({"active": true, "recording": false});
        world.stream("keynote", spec).await;
        world.until_ready("keynote").await;
        let id = world.stream_id("keynote").await;
        world.sim.set_live(id, true).unwrap();
        let live = |object: &DynamicObject| status_of(object)["live"] == true;
        world.until("LiveStream", "keynote", "live", live).await;
        let status = "patch livestreams/status";
        shown.view.refuse(status, refusal, 1);
        world.edit("keynote", json!({"recording": true})).await;
        let records = |object: &DynamicObject| status_of(object)["recording"] == true;
        world
            .until("LiveStream", "keynote", "records", records)
            .await;
        let start = "/streaming/streams/{id}/start_recording";
        assert_eq!(world.sim.count("PUT", start), 1, "{refusal:?}");
        assert_eq!(shown.view.refused(), [status]);
    }
}

#[tokio::test]
async fn a_count_that_changes_back_before_the_watch_shows_it_is_told_all_the_same() {
    let mut shown = Shown::new("view-count").await;
    shown.start(&[]);
    let world = &shown.world;
    let managed = async |count: u64| {
        let what = format!("{count} managed");
        let counted = |object: &DynamicObject| status_of(object)["streams"]["managed"] == count;
        world
            .until("StreamingAccount", "default", &what, counted)
            .await;
    };
    managed(0).await;
    // Nothing of what is written from here on comes back.
    shown.view.silence(&["watch streamingaccounts"]);
    world.stream("keynote", json!({})).await;
    managed(1).await;
    world.delete("LiveStream", "keynote").await;
    world.until_gone("LiveStream", "keynote").await;
    // A pass has found what the watch has shown last.
    world.walks(3).await;
    shown.view.silence(&[]);
    managed(0).await;
}
