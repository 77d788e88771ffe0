//! What is on air: how soon it is seen, how soon it is recorded, and what a whole event costs.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use futures::StreamExt as _;
use kube::api::{ListParams, WatchEvent, WatchParams};
use serde_json::json;

use super::{
    harness::{CLIENT, World},
    print_times,
};

const START: &str = "/streaming/streams/{id}/start_recording";

/// An operator as it is shipped, with these flags, and the provider's webhooks switched on.
async fn hooked(name: &str, flags: &[&str]) -> World {
    let mut world = World::bare(name).await;
    world
        .account(json!({"requestsPerSecond": 1000, "pollIntervalSeconds": 3600}))
        .await;
    let mut all = vec![
        "--log=info",
        "--settling=60s",
        "--call-deadline=20s",
        "--live-poll=2s",
        "--webhook-listen=127.0.0.1:0",
    ];
    let name = |flag: &str| flag.split('=').next().unwrap_or_default().to_owned();
    all.retain(|default| !flags.iter().any(|flag| name(flag) == name(default)));
    all.extend(flags);
    world.start(&all);
    let account = world
        .until("StreamingAccount", "default", "has a webhook", |a| {
            a.data["status"]["webhookSecretName"].is_string()
        })
        .await;
    let name = account.data["status"]["webhookSecretName"]
        .as_str()
        .unwrap();
    let secret = world.secrets().get(name).await.unwrap();
    let path = String::from_utf8(secret.data.unwrap()["path"].0.clone()).unwrap();
    let address = world.operator().webhooks().await;
    let url = format!("http://{address}{path}");
    world.sim.webhook(CLIENT, Some(&url)).unwrap();
    world
}

/// From the moment at which an encoder is switched on to the moment at which a watch shows
/// `status.live`: a webhook, one read, one write.
pub async fn webhook() {
    const COUNT: usize = 200;
    let world = hooked("webhook", &["--live-poll=1h"]).await;
    let mut ids = Vec::new();
    for i in 0..COUNT {
        let name = format!("s{i}");
        world.stream(&name, json!({"active": true})).await;
        world.until_ready(&name).await;
        ids.push(world.stream_id(&name).await);
    }

    let api = world.api("LiveStream");
    let from = api.list(&ListParams::default()).await.unwrap();
    let from = from.metadata.resource_version.unwrap();
    let params = WatchParams::default();
    let mut events = api.watch(&params, &from).await.unwrap().boxed();
    let mut times = Vec::new();
    for (i, id) in ids.into_iter().enumerate() {
        let begin = Instant::now();
        world.sim.set_live(id, true).unwrap();
        loop {
            let event = events.next().await.unwrap().unwrap();
            if let WatchEvent::Modified(object) = event
                && object.metadata.name == Some(format!("s{i}"))
                && object.data["status"]["live"] == true
            {
                break;
            }
        }
        times.push(begin.elapsed());
    }
    print_times("encoder on to status.live by a webhook", times);
}

/// From the moment at which an encoder is switched on to the moment at which the provider is asked
/// for a recording that is wanted: with webhooks, and without.
pub async fn recording() {
    const COUNT: u64 = 20;
    for (hints, what) in [
        (true, "encoder on to start_recording, by a webhook"),
        (false, "encoder on to start_recording, looking every 2 s"),
    ] {
        let world = hooked(if hints { "rec-hint" } else { "rec-poll" }, &[]).await;
        if !hints {
            world.sim.webhook(CLIENT, None).unwrap();
        }
        let mut times = Vec::new();
        for i in 0..COUNT {
            let name = format!("s{i}");
            let spec = json!({"active": true, "recording": true});
            world.stream(&name, spec).await;
            world.until_ready(&name).await;
            let id = world.stream_id(&name).await;
            let begin = Instant::now();
            world.sim.set_live(id, true).unwrap();
            world.sim.until(|sim| sim.count("PUT", START) > i).await;
            times.push(begin.elapsed());
            // The next one is alone.
            world.sim.set_live(id, false).unwrap();
            world
                .edit(&name, json!({"active": false, "recording": null}))
                .await;
            world
                .until("LiveStream", &name, "off air", |object| {
                    object.data["status"]["live"] == false
                        && object.data["status"]["active"] == false
                })
                .await;
        }
        print_times(what, times);
    }
}

/// The calls for the whole tutorial, played as fast as it goes.
pub async fn tutorial() {
    let world = hooked("tutorial", &[]).await;
    let mark = world.sim.last_call();
    let apply = async |file: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/tutorial");
        let manifest = fs::read_to_string(path.join(file)).unwrap();
        let output = world.kubectl(&["apply", "-f", "-"], &manifest).await;
        assert!(output.status.success(), "{output:?}");
    };
    let stream = async |pointer: &str, value: serde_json::Value| {
        let what = format!("{pointer} is {value}");
        world
            .until("LiveStream", "keynote", &what, |object| {
                object.data.pointer(pointer) == Some(&value)
            })
            .await;
    };
    let page = async |state: &str| {
        world
            .until("Broadcast", "keynote", state, |object| {
                object.data["status"]["state"] == state
            })
            .await;
    };
    apply("1-prepare.yaml").await;
    world.until_ready("keynote").await;
    world.until_broadcast("keynote").await;
    let id = world.stream_id("keynote").await;
    apply("2-switch-on.yaml").await;
    stream("/status/active", json!(true)).await;
    world.sim.set_live(id, true).unwrap();
    stream("/status/live", json!(true)).await;
    apply("3-go-live.yaml").await;
    page("live").await;
    apply("4-record.yaml").await;
    stream("/status/recording", json!(true)).await;
    world.sim.advance(Duration::from_secs(60));
    apply("5-stop-recording.yaml").await;
    stream("/status/recording", json!(false)).await;
    stream("/status/videoCount", json!(1)).await;
    apply("6-finish.yaml").await;
    page("finished").await;
    world.sim.set_live(id, false).unwrap();
    apply("7-switch-off.yaml").await;
    stream("/status/live", json!(false)).await;
    world.delete("Broadcast", "keynote").await;
    world.until_gone("Broadcast", "keynote").await;
    world.sim.advance(Duration::from_secs(60));
    stream("/status/videos/0/state", json!("ready")).await;
    let calls = world.sim.calls_after(mark);
    let changing = calls.iter().filter(|call| call.method != "GET").count();
    let pages = calls.iter().filter(|call| {
        call.method == "GET" && call.id.is_none() && call.route != "/streaming/videos"
    });
    let videos = calls
        .iter()
        .filter(|call| call.route == "/streaming/videos");
    let (pages, videos) = (pages.count(), videos.count());
    println!(
        "the tutorial with webhooks: {changing} changing calls (the tutorial itself makes 9, and one GET of the video), {pages} pages of lists, \
         {videos} pages of videos, {} reads of single things",
        calls.len() - changing - pages - videos
    );
}
