//! The proxy of the campaign: each fault does what it says, and nothing else breaks.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures::{FutureExt as _, StreamExt as _};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Api, Client, Config,
    api::{PostParams, WatchEvent, WatchParams},
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use simulator::gcore::{Options, Simulator};

use crate::harness::{
    CLIENT, KEY, World,
    proxy::{Fault, Point, Proxy, Script, Side, to_apiserver, to_provider},
};

const STREAMS: &str = "/streaming/streams";

/// What tells the provider who calls.
fn key() -> String {
    format!("APIKey {KEY}")
}

/// A simulator, a proxy before it, and a caller.
struct Line {
    sim: Simulator,
    script: Arc<Script>,
    proxy: Proxy,
    caller: reqwest::Client,
}

impl Line {
    /// One in which this happens to the first creation.
    async fn with(fault: Fault) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let options = Options {
            keys: vec![(KEY.to_owned(), CLIENT)],
            ..Options::default()
        };
        let sim = Simulator::start(options).await.unwrap();
        let point = format!("POST {STREAMS}#1").parse().unwrap();
        let script = Script::new(Some((point, fault)));
        let upstream = to_provider(&sim.url());
        let proxy = Proxy::start(Side::Provider, upstream, Arc::clone(&script)).await;
        let caller = reqwest::Client::new();
        script.begin();
        Self {
            sim,
            script,
            proxy,
            caller,
        }
    }

    async fn create(&self) -> reqwest::Result<(StatusCode, Value)> {
        let url = format!("{}{STREAMS}", self.proxy.url);
        let body = json!({"name": "a"});
        let call = self.caller.post(url).header("Authorization", key());
        let call = call.json(&body).timeout(Duration::from_secs(5));
        let answer = call.send().await?;
        Ok((answer.status(), answer.json().await?))
    }

    async fn list(&self) -> reqwest::Result<Value> {
        let url = format!("{}{STREAMS}?page=1", self.proxy.url);
        let call = self.caller.get(url).header("Authorization", key());
        call.send().await?.json().await
    }

    fn created(&self) -> u64 {
        self.sim.created_total(CLIENT)
    }

    /// The caller is dead: it waits for nothing, and nothing of it gets through, until it is revived.
    async fn is_dead(&self, created: u64) {
        self.script.death().await;
        let mut held = std::pin::pin!(self.create());
        assert!(
            tokio::time::timeout(Duration::from_millis(200), &mut held)
                .await
                .is_err()
        );
        assert_eq!(self.created(), created);
        self.script.revive();
        self.create().await.unwrap();
        assert_eq!(self.created(), created + 1);
    }
}

#[test]
fn faults_and_points_are_told_apart_by_what_people_type() {
    let names: BTreeSet<&str> = Fault::ALL.map(Fault::name).into();
    assert_eq!(names.len(), Fault::ALL.len());
    for (route, count) in [
        ("GET /streaming/streams", 5),
        ("POST /streaming/streams", 7),
        ("watch secrets (metadata)", 6),
        ("patch livestreams", 8),
    ] {
        assert_eq!(Fault::of(route).len(), count, "{route}");
    }
    let point: Point = "patch livestreams/status#12".parse().unwrap();
    assert_eq!(
        (point.route.as_str(), point.nth),
        ("patch livestreams/status", 12)
    );
    assert_eq!(point.to_string(), "patch livestreams/status#12");
    assert!("patch livestreams".parse::<Point>().is_err());
}

#[tokio::test]
async fn what_is_planned_happens_to_one_call_of_one_route() {
    let line = Line::with(Fault::ErrorNotApplied).await;
    assert_eq!(line.list().await.unwrap(), json!([]));
    assert!(!line.script.fired());
    let (status, _) = line.create().await.unwrap();
    assert_eq!((status.as_u16(), line.created()), (503, 0));
    assert!(line.script.fired());
    let (status, made) = line.create().await.unwrap();
    assert_eq!((status.as_u16(), line.created()), (200, 1));
    assert_eq!(line.list().await.unwrap()[0]["id"], made["id"]);
    line.script.end();
    line.list().await.unwrap();
    let points: Vec<String> = line.script.points().iter().map(Point::to_string).collect();
    let (get, post) = (format!("GET {STREAMS}"), format!("POST {STREAMS}"));
    let called = [&get, &post, &post, &get].into_iter().zip([1, 1, 2, 2]);
    let called: Vec<String> = called.map(|(route, n)| format!("{route}#{n}")).collect();
    assert_eq!(points, called);
    assert_eq!(line.script.writes(), [post.clone(), post]);
}

#[tokio::test]
async fn polls_are_two_points_between_two_writes() {
    let line = Line::with(Fault::ErrorNotApplied).await;
    for _ in 0..3 {
        line.list().await.unwrap();
    }
    line.create().await.unwrap();
    line.list().await.unwrap();
    let points = line.script.points();
    let numbers: Vec<usize> = points.iter().map(|point| point.nth).collect();
    assert_eq!(numbers, [1, 2, 1, 4]);
}

#[tokio::test]
async fn what_is_applied_and_answered_otherwise_is_applied_once() {
    for (fault, wanted) in [(Fault::ErrorApplied, 500), (Fault::TimeoutApplied, 504)] {
        let line = Line::with(fault).await;
        let (status, _) = line.create().await.unwrap();
        assert_eq!((status.as_u16(), line.created()), (wanted, 1), "{fault}");
    }
    let line = Line::with(Fault::ReplyLost).await;
    let error = line.create().await.unwrap_err();
    assert!(!error.is_timeout(), "{error}");
    assert_eq!(line.created(), 1);
    // The process lives.
    assert!(line.script.death().now_or_never().is_none());
    assert_eq!(line.list().await.unwrap().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_late_is_applied_when_its_caller_has_given_up() {
    let line = Line::with(Fault::Late).await;
    let call = line.create();
    let mut call = Box::pin(call);
    assert!(
        tokio::time::timeout(Duration::from_millis(200), &mut call)
            .await
            .is_err()
    );
    assert_eq!(line.created(), 0, "its caller still waits");
    drop(call);
    let applied = line.sim.until(|sim| sim.created_total(CLIENT) == 1);
    tokio::time::timeout(Duration::from_secs(30), applied)
        .await
        .unwrap();
}

#[tokio::test]
async fn who_is_killed_before_a_call_has_sent_nothing() {
    let line = Line::with(Fault::KilledBefore).await;
    tokio::select! {
        _ = line.create() => panic!("it was answered"),
        () = line.is_dead(0) => {}
    }
}

#[tokio::test]
async fn who_is_killed_when_it_is_applied_has_no_answer() {
    let line = Line::with(Fault::KilledApplied).await;
    tokio::select! {
        _ = line.create() => panic!("it was answered"),
        () = line.is_dead(1) => {}
    }
}

#[tokio::test]
async fn who_is_killed_after_a_call_has_the_answer_and_nothing_else_gets_through() {
    let line = Line::with(Fault::KilledAfter).await;
    let (status, _) = line.create().await.unwrap();
    assert_eq!((status.as_u16(), line.created()), (200, 1));
    // It is killed when it calls again, or soon if it does not.
    line.is_dead(1).await;
}

#[tokio::test]
async fn a_watch_streams() {
    let world = World::bare("proxy-watch").await;
    let script = Script::new(None);
    let proxy = Proxy::start(Side::Apiserver, to_apiserver().await, Arc::clone(&script)).await;
    script.begin();
    let through = Client::try_from(Config::new(proxy.url.parse().unwrap())).unwrap();
    let api: Api<ConfigMap> = Api::namespaced(through, &world.namespace);
    let mut events = api
        .watch(&WatchParams::default(), "0")
        .await
        .unwrap()
        .boxed();
    let made: ConfigMap = serde_json::from_value(json!({"metadata": {"name": "made"}})).unwrap();
    api.create(&PostParams::default(), &made).await.unwrap();
    let named = async {
        loop {
            if let WatchEvent::Added(map) = events.next().await.unwrap().unwrap()
                && map.metadata.name.as_deref() == Some("made")
            {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), named)
        .await
        .unwrap();
    let points: Vec<String> = script.points().iter().map(Point::to_string).collect();
    assert_eq!(points, ["watch configmaps#1", "create configmaps#1"]);
}
