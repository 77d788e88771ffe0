//! No key, token, passphrase or address for the encoder in a log line at `trace`, an Event, a status,
//! a metric or an error.

use k8s_openapi::api::events::v1::Event;
use kube::{Api, api::ListParams};
use serde_json::json;
use simulator::faults::{Action, Fault};

use crate::harness::{CLIENT, KEY, World};

#[tokio::test]
async fn no_secret_shows_anywhere() {
    const PASSPHRASE: &str = "canary-passphrase-1";
    const PULL: &str = "srt://canary-host:1234?passphrase=canary-pull-password";
    const BAD_KEY: &str = "1001$canary-bad-key";

    let mut world = World::bare("canary").await;
    world.account(json!({})).await;
    world.start(&["--log=trace"]);
    world
        .secret("srt", &[("passphrase", PASSPHRASE), ("short", "tiny-pass")])
        .await;
    world.secret("pull", &[("urls", PULL)]).await;
    let push = json!({"active": true, "ingestSecret": {"name": "push-ingest"}, "srtPassphraseSecretRef": {"name": "srt", "key": "passphrase"}});
    world.stream("push", push).await;
    world
        .stream(
            "pull",
            json!({"pull": {"urlsSecretRef": {"name": "pull", "key": "urls"}}}),
        )
        .await;
    world.until_ready("push").await;
    world.until_ready("pull").await;
    world
        .stream(
            "short",
            json!({"srtPassphraseSecretRef": {"name": "srt", "key": "short"}}),
        )
        .await;
    world.until_reason("short", "Ready", "InvalidSecret").await;

    // Errors of every kind.
    for (n, action) in [
        Action::status(422),
        Action::status(500),
        Action::status(403),
        Action::Garbled,
        Action::Truncated,
        Action::CutBeforeApply,
        Action::TimeoutBeforeApply,
    ]
    .into_iter()
    .enumerate()
    {
        world.sim.fault(Fault::new(action).method("PATCH").times(1));
        world
            .edit("push", json!({"displayName": format!("push {n}")}))
            .await;
        world
            .until_true("the fault has fired", async || {
                world.sim.faults().iter().all(|fault| fault.spent)
            })
            .await;
    }
    world.edit("push", json!({"displayName": "push"})).await;
    world.until_ready("push").await;

    // A key that the provider does not know, and then the good one again.
    world.secret("gcore", &[("apiKey", BAD_KEY)]).await;
    world
        .until("StreamingAccount", "default", "unauthorized", |a| {
            crate::harness::reason(a, "Ready") == "Unauthorized"
        })
        .await;
    world.secret("gcore", &[("apiKey", KEY)]).await;
    world
        .until("StreamingAccount", "default", "in step", |a| {
            crate::harness::reason(a, "Ready") == "InStep"
        })
        .await;

    let mut canaries = vec![
        KEY.to_owned(),
        BAD_KEY.to_owned(),
        PASSPHRASE.to_owned(),
        "tiny-pass".to_owned(),
        "canary-pull-password".to_owned(),
    ];
    for stream in world.sim.streams(CLIENT) {
        for field in [
            "token",
            "push_url",
            "backup_push_url",
            "push_url_srt",
            "backup_push_url_srt",
            "push_url_whip",
        ] {
            canaries.push(stream[field].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(
        canaries.len(),
        5 + 2 * 6,
        "two streams and what was typed: {canaries:?}"
    );

    let address = world.operator().address().await;
    let metrics = reqwest::get(format!("http://{address}/metrics"))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let events = Api::<Event>::namespaced(world.client.clone(), &world.namespace)
        .list(&ListParams::default())
        .await
        .unwrap();
    let streams = world
        .api("LiveStream")
        .list(&ListParams::default())
        .await
        .unwrap();
    let accounts = world
        .api("StreamingAccount")
        .list(&ListParams::default())
        .await
        .unwrap();
    let log = world.operator().log();
    let places = [
        ("the log", log.clone()),
        ("the metrics", metrics),
        ("the Events", serde_json::to_string(&events).unwrap()),
        ("the LiveStreams", serde_json::to_string(&streams).unwrap()),
        ("the accounts", serde_json::to_string(&accounts).unwrap()),
    ];
    assert!(
        log.contains("\"level\":\"TRACE\""),
        "the log is not at trace"
    );
    assert!(!events.items.is_empty());
    for (place, text) in &places {
        for canary in &canaries {
            assert!(!text.contains(canary.as_str()), "{place}: {canary}");
        }
    }
}
