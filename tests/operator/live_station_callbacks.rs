//! Callbacks of Live Station: hints that are read again, and never believed.
//!
//! The list is read once in an hour here, and nothing else reads a channel that is in step: what shows in a
//! status has come by a callback.

use serde_json::{Value, json};
use simulator::live_station::{Options, Simulator};

use crate::{
    harness::{
        World, condition,
        live_station::{ACCESS, DATA, KEYS, SECRET, block},
        status_of,
    },
    live_station::CLIENT,
    webhooks::post::{flood, post},
};

const CHANNELS: &str = "/api/v2/channels";

/// A channel that is ready at Live Station, and an operator that receives callbacks.
struct Listening {
    world: World,
    sim: Simulator,
    /// The channel's id.
    id: String,
    /// Where callbacks are received.
    address: String,
    path: String,
}

impl Listening {
    async fn new(name: &str) -> Self {
        let mut world = World::bare(name).await;
        let sim = Simulator::start(Options::default()).await.unwrap();
        sim.add_key(ACCESS, SECRET, CLIENT);
        sim.behaviour(CLIENT, |ways| {
            ways.creating_seconds = 0.0;
            ways.ready_after_seconds = 0.0;
        });
        world.secret(KEYS, &DATA).await;
        let spec = json!({
            "liveStation": block(&sim.url()),
            "requestsPerSecond": 500, "pollIntervalSeconds": 3600,
        });
        let made = world.create("StreamingAccount", "default", spec).await;
        made.unwrap();
        let allow = format!("--allow-endpoint={}", sim.url());
        world.start(&[&allow, "--webhook-listen=127.0.0.1:0", "--live-poll=1h"]);
        world
            .until("StreamingAccount", "default", "listening", |account| {
                condition(account, "Webhook").is_some_and(|c| c["reason"] == "Listening")
            })
            .await;
        world.stream("keynote", json!({"active": true})).await;
        world.until_ready("keynote").await;
        let secret = world.secrets().get("default-webhook").await.unwrap();
        let path = secret.data.unwrap()["path"].0.clone();
        let id = sim.channels(CLIENT)[0]["channelId"].clone();
        Self {
            address: world.operator.as_ref().unwrap().webhooks().await,
            path: String::from_utf8(path).unwrap(),
            id: id.as_str().unwrap().to_owned(),
            world,
            sim,
        }
    }

    async fn until_live(&self, live: bool) {
        let what = format!("live: {live}");
        self.world
            .until("LiveStream", "keynote", &what, |object| {
                status_of(object)["live"] == live
            })
            .await;
    }

    /// How often the channel was read by its id.
    fn reads(&self) -> u64 {
        self.sim.count("GET", "/api/v2/channels/{channelId}")
    }

    async fn until_read_again(&self, before: u64) {
        self.world
            .until_true("the channel is read again", async || self.reads() > before)
            .await;
    }

    async fn post(&self, body: &Value) -> u16 {
        post(&self.address, &self.path, body).await
    }
}

/// A callback's body, with a channel and an event.
fn about(channel: &str, event: &str) -> Value {
    json!({
        "id": 1, "logLevel": "INFO", "channelId": channel, "event": event, "timestamp": 1_755_129_600_123_i64,
    })
}

#[tokio::test]
async fn a_callback_shows_in_the_status_though_the_list_is_read_once_in_an_hour() {
    let it = Listening::new("naver-hook").await;
    let url = format!("http://{}{}", it.address, it.path);
    it.sim.webhook(CLIENT, Some(&url)).unwrap();
    let walks = it.sim.count("GET", CHANNELS);
    for live in [true, false, true] {
        it.sim.set_live(&it.id, live).unwrap();
        it.until_live(live).await;
    }
    assert_eq!(it.sim.count("GET", CHANNELS), walks, "no list was read");
    assert_eq!(it.sim.count("POST", CHANNELS), 1);
}

#[tokio::test]
async fn a_callback_about_what_nobody_holds_costs_no_call_and_neither_does_nonsense() {
    let it = Listening::new("naver-hook-odd").await;
    let by_hand = json!({"channelName": "by_hand"});
    let foreign = it.sim.create(CLIENT, by_hand).unwrap();
    let (calls, reads) = (it.sim.last_call(), it.reads());
    for body in [
        about(&foreign, "PUBLISH_START"),
        about("ls-20250814000000-Other", "PUBLISH_START"),
        about("../channels", "PUBLISH_START"),
        about(&it.id, "THUMBNAIL_CREATE"),
        json!({"channelId": it.id}),
        json!({"type": "stream", "message": {"stream": {"id": 7, "live": true}}}),
        json!(null),
        json!([about(&it.id, "PUBLISH_START")]),
    ] {
        assert_eq!(it.post(&body).await, 200, "{body}");
    }
    let stranger = format!("/webhooks/{}", "0123456789abcdef".repeat(4));
    let body = about(&it.id, "PUBLISH_START");
    assert_eq!(post(&it.address, &stranger, &body).await, 404);
    // One that lies is read again, and what it says is not believed.
    assert_eq!(it.post(&body).await, 200);
    it.until_read_again(reads).await;
    let others = it
        .sim
        .calls_where(calls, |call| call.id.as_deref() != Some(it.id.as_str()));
    assert!(others.is_empty(), "{others:?}");
    assert_eq!(it.reads(), reads + 1);
    let object = it.world.get("LiveStream", "keynote").await.unwrap();
    assert_ne!(status_of(&object)["live"], true);
}

#[tokio::test]
async fn many_callbacks_at_once_cost_a_few_calls() {
    const COUNT: usize = 800;
    let it = Listening::new("naver-hook-flood").await;
    let reads = it.reads();
    let began = std::time::Instant::now();
    let body = about(&it.id, "STREAM_UPDATE");
    // Fewer than the receiver takes at once from one who knows the path; its limits are tested elsewhere.
    let (accepted, limited) = flood(&it.address, &it.path, &body, COUNT).await;
    assert!(
        accepted > COUNT / 2,
        "{accepted} accepted, {limited} limited"
    );
    it.until_read_again(reads).await;
    // One read in a quarter of a second.
    let most = began.elapsed().as_millis() / 250 + 2;
    assert!(
        u128::from(it.reads() - reads) <= most,
        "{}",
        it.reads() - reads
    );
}
