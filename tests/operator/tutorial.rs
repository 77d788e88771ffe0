//! The provider's own tutorial ("Video Streaming API tutorial", 19 steps in 5 stages), declared: the
//! manifests of `examples/tutorial/` are applied with kubectl, and each step's call and body are
//! compared with the tutorial's. Once with webhooks, and once without.

use std::{fs, path::Path, time::Duration};

use serde_json::{Value, json};
use simulator::counters::Call;

use crate::harness::{CLIENT, World, condition, status_of};

const STREAMS: &str = "/streaming/streams";
const STREAM: &str = "/streaming/streams/{id}";
const BROADCASTS: &str = "/streaming/broadcasts";
const BROADCAST: &str = "/streaming/broadcasts/{id}";

/// A manifest as users have it.
fn example(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/tutorial");
    fs::read_to_string(path.join(file)).unwrap()
}

struct Tutorial {
    world: World,
    /// The last call that was compared.
    after: u64,
}

impl Tutorial {
    async fn apply(&self, file: &str) {
        let output = self
            .world
            .kubectl(&["apply", "-f", "-"], &example(file))
            .await;
        assert!(output.status.success(), "{output:?}");
    }

    /// The changing calls since the last time.
    fn changes(&mut self) -> Vec<Call> {
        let changes = self
            .world
            .sim
            .calls_where(self.after, |call| call.method != "GET");
        self.after = changes.last().map_or(self.after, |call| call.seq);
        changes
    }

    /// Just this call was made since the last time. Returns its body.
    fn just(&mut self, method: &str, route: &str) -> Value {
        let mut changes = self.changes();
        let told: Vec<String> = changes
            .iter()
            .map(|call| format!("{} {}", call.method, call.route))
            .collect();
        assert_eq!(told, [format!("{method} {route}")]);
        changes.remove(0).body.unwrap_or_default()
    }

    async fn stream_is(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let object = self
            .world
            .until("LiveStream", "keynote", what, |object| {
                let ready = condition(object, "Ready").unwrap_or_default();
                ready["status"] == "True"
                    && ready["observedGeneration"] == json!(object.metadata.generation)
                    && holds(&status_of(object))
            })
            .await;
        status_of(&object)
    }

    async fn broadcast_is(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let object = self
            .world
            .until("Broadcast", "keynote", what, |object| {
                let ready = condition(object, "Ready").unwrap_or_default();
                ready["status"] == "True"
                    && ready["observedGeneration"] == json!(object.metadata.generation)
                    && holds(&status_of(object))
            })
            .await;
        status_of(&object)
    }

    /// A webhook of this type was sent whose message holds this.
    async fn hook(&self, webhooks: bool, key: &str, wanted: Value) {
        if !webhooks {
            return;
        }
        self.world
            .until_sim(&format!("a webhook of {key} {wanted} was sent"), |sim| {
                sim.webhooks_sent(CLIENT).iter().any(|webhook| {
                    let message = &webhook.body["message"][key];
                    let fields = wanted.as_object().unwrap();
                    fields.iter().all(|(name, value)| message[name] == *value)
                })
            })
            .await;
    }
}

async fn tutorial(name: &str, webhooks: bool) {
    let mut world = World::bare(name).await;
    world.sim.behaviour(CLIENT, |b| b.webhook_broadcasts = true);
    if webhooks {
        // Without them nobody would see anything for an hour.
        world.account(json!({"pollIntervalSeconds": 3600})).await;
        world.start(&["--webhook-listen=127.0.0.1:0", "--live-poll=1h"]);
        world
            .until("StreamingAccount", "default", "webhooks", |object| {
                status_of(object)["webhookSecretName"].is_string()
            })
            .await;
        let secret = world.secrets().get("default-webhook").await.unwrap();
        let path = String::from_utf8(secret.data.unwrap()["path"].0.clone()).unwrap();
        let address = world.operator().webhooks().await;
        world
            .sim
            .webhook(CLIENT, Some(&format!("http://{address}{path}")))
            .unwrap();
    } else {
        world.account(json!({})).await;
        world.start(&[]);
    }
    let after = world.sim.last_call();
    let mut t = Tutorial { world, after };

    // Stage 1, steps 1 and 2: a stream that is off, and a broadcast that is pending and shows it.
    t.apply("1-prepare.yaml").await;
    let stream = t
        .stream_is("created", |status| status["streamId"].is_string())
        .await;
    let id: u64 = stream["streamId"].as_str().unwrap().parse().unwrap();
    let broadcast = t
        .broadcast_is("created", |status| status["broadcastId"].is_string())
        .await;
    let page: u64 = broadcast["broadcastId"].as_str().unwrap().parse().unwrap();
    let calls = t.changes();
    let told: Vec<String> = calls
        .iter()
        .map(|call| format!("{} {}", call.method, call.route))
        .collect();
    // The broadcast takes a second call: it is created under a name by which it is found again.
    assert_eq!(
        told,
        [
            format!("POST {STREAMS}"),
            format!("POST {BROADCASTS}"),
            format!("PATCH {BROADCAST}")
        ]
    );
    let created = calls[0].body.clone().unwrap();
    assert_eq!(
        (&created["name"], &created["active"], &created["pull"]),
        (&json!("Keynote"), &json!(false), &json!(false))
    );
    let created = calls[1].body.clone().unwrap();
    assert_eq!(
        (
            &created["broadcast"]["status"],
            &created["broadcast"]["stream_ids"]
        ),
        (&json!("pending"), &json!([id]))
    );
    assert_eq!(
        calls[2].body,
        Some(json!({"broadcast": {"name": "Keynote"}}))
    );
    assert_eq!(t.world.sim.broadcast(page).unwrap()["status"], "pending");

    // Stage 2, step 3: on. Step 4: the encoder sends, and a webhook says so.
    t.apply("2-switch-on.yaml").await;
    t.stream_is("on", |status| status["active"] == true).await;
    assert_eq!(t.just("PATCH", STREAM), json!({"stream": {"active": true}}));
    t.world.sim.set_live(id, true).unwrap();
    t.hook(webhooks, "stream", json!({"id": id, "live": true}))
        .await;
    t.stream_is("live", |status| status["live"] == true).await;

    // Steps 5 and 6: the broadcast is live.
    t.apply("3-go-live.yaml").await;
    t.broadcast_is("live", |status| status["state"] == "live")
        .await;
    assert_eq!(
        t.just("PATCH", BROADCAST),
        json!({"broadcast": {"status": "live"}})
    );
    t.hook(webhooks, "broadcast", json!({"id": page, "status": "live"}))
        .await;

    // Stage 3, steps 7 and 8: it is recorded.
    t.apply("4-record.yaml").await;
    t.world
        .until_sim("a recording was asked for", |sim| {
            sim.count("PUT", "/streaming/streams/{id}/start_recording") == 1
        })
        .await;
    t.world.sim.advance(Duration::from_secs(6));
    t.stream_is("recording", |status| status["recording"] == true)
        .await;
    assert_eq!(
        t.just("PUT", "/streaming/streams/{id}/start_recording"),
        Value::Null
    );
    t.hook(webhooks, "stream", json!({"id": id, "recording": true}))
        .await;

    // Steps 9 to 11: the recording ends, and its video is pending.
    t.world.sim.advance(Duration::from_secs(48));
    t.apply("5-stop-recording.yaml").await;
    let status = t
        .stream_is("the video is there", |status| {
            status["recording"] == false && status["videoCount"] == 1
        })
        .await;
    assert_eq!(
        t.just("PUT", "/streaming/streams/{id}/stop_recording"),
        Value::Null
    );
    let video: u64 = status["videos"][0]["id"].as_str().unwrap().parse().unwrap();
    t.hook(webhooks, "stream", json!({"id": id, "recording": false}))
        .await;
    t.world.sim.advance(Duration::from_secs(2));
    t.hook(webhooks, "video", json!({"id": video, "status": "pending"}))
        .await;
    t.stream_is("the video is pending", |status| {
        status["videos"][0]["state"] == "pending"
    })
    .await;

    // Stage 4, steps 12 and 13: the broadcast is over.
    t.apply("6-finish.yaml").await;
    t.broadcast_is("finished", |status| status["state"] == "finished")
        .await;
    assert_eq!(
        t.just("PATCH", BROADCAST),
        json!({"broadcast": {"status": "finished"}})
    );
    t.hook(
        webhooks,
        "broadcast",
        json!({"id": page, "status": "finished"}),
    )
    .await;

    // Steps 14 and 15: the stream is off, and the encoder with it.
    t.apply("7-switch-off.yaml").await;
    t.stream_is("off", |status| status["active"] == false).await;
    assert_eq!(
        t.just("PATCH", STREAM),
        json!({"stream": {"active": false}})
    );
    t.world.sim.advance(Duration::from_secs(3));
    t.hook(webhooks, "stream", json!({"id": id, "live": false}))
        .await;
    t.stream_is("off air", |status| status["live"] == false)
        .await;

    // Stage 5, step 16: the broadcast goes.
    t.world.delete("Broadcast", "keynote").await;
    t.world.until_gone("Broadcast", "keynote").await;
    assert_eq!(t.just("DELETE", BROADCAST), Value::Null);
    assert!(t.world.sim.broadcast(page).is_none());

    // Steps 17 to 19: the video can be watched.
    for (seconds, state) in [(20, "viewable"), (30, "ready")] {
        t.world.sim.advance(Duration::from_secs(seconds));
        t.hook(webhooks, "video", json!({"id": video, "status": state}))
            .await;
        t.stream_is(state, |status| status["videos"][0]["state"] == state)
            .await;
    }
    let status = status_of(&t.world.get("LiveStream", "keynote").await.unwrap());
    let told = &status["videos"][0];
    let shown = t.world.sim.video(video).unwrap();
    assert_eq!(
        (&told["hlsUrl"], told["durationSeconds"].as_i64()),
        (
            &shown["hls_url"],
            shown["duration"].as_i64().map(|millis| millis / 1000)
        )
    );

    // And the stream is used again, by another broadcast.
    t.apply("8-next-event.yaml").await;
    t.world
        .until("Broadcast", "keynote-day-two", "ready", |object| {
            condition(object, "Ready").unwrap_or_default()["status"] == "True"
        })
        .await;
    assert_eq!(t.world.sim.broadcasts(CLIENT)[0]["stream_ids"], json!([id]));
    assert_eq!(
        (
            t.world.sim.created_total(CLIENT),
            t.world.sim.broadcasts_created(CLIENT)
        ),
        (1, 2)
    );
}

#[tokio::test]
async fn the_nineteen_steps_with_webhooks() {
    tutorial("tutorial-hooks", true).await;
}

#[tokio::test]
async fn the_nineteen_steps_without_webhooks() {
    tutorial("tutorial-polls", false).await;
}
