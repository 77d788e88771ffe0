//! A webhook that reaches the Pod that stands by.

use std::time::Duration;

use serde_json::json;

use crate::{
    harness::{World, status_of},
    release::{Release, shared_plane},
};

#[tokio::test]
async fn a_webhook_that_reaches_the_other_pod_is_passed_on() {
    let world = World::on(shared_plane(), "hints").await;
    let release = Release::prepare(&world, "video").await;
    // By itself nobody looks within the time of a test.
    let values = json!({"webhook": {"enabled": true}, "settings": {"livePoll": "1h"}});
    release.install(&release.namespaced(&values)).await;
    release.until_led(2).await;
    world.account(json!({"pollIntervalSeconds": 3600})).await;
    world.stream("keynote", json!({"active": true})).await;
    world.until_ready("keynote").await;
    let id = world.stream_id("keynote").await;
    // The account's own pass makes it, whenever that is.
    world
        .until("StreamingAccount", "default", "its Secret", |account| {
            status_of(account)["webhookSecretName"] == "default-webhook"
        })
        .await;
    let secret = world.secrets().get("default-webhook").await.unwrap();
    let path = String::from_utf8(secret.data.unwrap()["path"].0.clone()).unwrap();

    let leader = release.leaders().remove(0);
    let all = release.machines.addresses("webhooks");
    assert_eq!(all.len(), 2, "the port of both is open");
    let (_, standby) = all.iter().find(|(pod, _)| *pod != leader).unwrap();
    world.sim.set_live(id, true).unwrap();
    let stream = json!({"id": id, "live": true, "recording": false});
    let body = json!({"type": "stream", "message": {"stream": stream}});
    let answer = reqwest::Client::new()
        .post(format!("http://{standby}{path}"))
        .timeout(Duration::from_secs(60))
        .header("content-type", "application/json")
        .body(body.to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    world
        .until("LiveStream", "keynote", "live", |object| {
            status_of(object)["live"] == true
        })
        .await;
}
