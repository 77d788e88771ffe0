//! No key, token, passphrase, address for the encoder or path for webhooks in a log line at `trace`, an
//! Event, a status, an annotation, a metric, an error, what kubectl shows or the apiserver's audit log.

use k8s_openapi::{ByteString, api::events::v1::Event};
use kube::{Api, api::ListParams};
use serde_json::json;
use simulator::faults::{Action, Fault};

use crate::harness::{CLIENT, KEY, World, status_of};

#[tokio::test]
async fn no_secret_shows_anywhere() {
    const PASSPHRASE: &str = "canary-passphrase-1";
    const PULL: &str = "srt://canary-host:1234?passphrase=canary-pull-password";
    const BAD_KEY: &str = "1001$canary-bad-key";

    let mut world = World::bare("canary").await;
    world.account(json!({})).await;
    world.start(&["--log=trace", "--webhook-listen=127.0.0.1:0"]);
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

    // Each of the ways in which a key of a stream comes in or changes: a webhook's body, a renewal.
    let path = webhook_path(&world).await;
    let url = format!("http://{}{path}", world.operator().webhooks().await);
    world.sim.webhook(CLIENT, Some(&url)).unwrap();
    let id = world.stream_id("push").await;
    let mut tokens = vec![world.sim.stream(id).unwrap()["token"].clone()];
    world.sim.set_live(id, true).unwrap();
    world
        .until("LiveStream", "push", "live", |o| {
            status_of(o)["live"] == true
        })
        .await;
    world.sim.set_live(id, false).unwrap();
    world
        .until("LiveStream", "push", "idle", |o| {
            status_of(o)["live"] == false
        })
        .await;
    let annotations = json!({"livestream-operator.io/reset-ingest-key": "one"});
    let patch = json!({"metadata": {"annotations": annotations}});
    world.patch("LiveStream", "push", patch).await.unwrap();
    world
        .until("LiveStream", "push", "a receipt", |object| {
            status_of(object)["ingestKeyReset"]["result"] == "Done"
        })
        .await;
    tokens.push(world.sim.stream(id).unwrap()["token"].clone());
    assert_ne!(tokens[0], tokens[1]);
    let spec = json!({"streams": [{"name": "push"}], "state": "live"});
    world.broadcast("show", spec).await;
    world.until_broadcast("show").await;
    let annotations = json!({"livestream-operator.io/rotate-webhook": "one"});
    let patch = json!({"metadata": {"annotations": annotations}});
    world
        .patch("StreamingAccount", "default", patch)
        .await
        .unwrap();
    world
        .until_true("the path is another", async || {
            webhook_path(&world).await != path
        })
        .await;
    let paths = [path, webhook_path(&world).await];

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
    canaries.extend(tokens.iter().map(|t| t.as_str().unwrap().to_owned()));
    canaries.extend(paths.map(|path| path["/webhooks/".len()..].to_owned()));
    assert_eq!(
        canaries.len(),
        5 + 2 * 6 + 2 + 2,
        "two streams, what was typed, two keys and two paths: {canaries:?}"
    );
    // As Secrets and JSON of bytes have them; a piece in the middle is cut in one of three ways.
    let plain = canaries.clone();
    for canary in plain {
        let bytes = serde_json::to_value(ByteString(canary.clone().into_bytes())).unwrap();
        canaries.push(bytes.as_str().unwrap().trim_end_matches('=').to_owned());
        canaries.push(canary.replace('$', "%24").replace(['?', '#'], "%"));
    }

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
    let broadcasts = world
        .api("Broadcast")
        .list(&ListParams::default())
        .await
        .unwrap();
    let mut shown = Vec::new();
    for arguments in [
        ["describe", "lst,bcast,sacc", "--show-events=true", ""],
        ["get", "lst,bcast,sacc,events", "-o", "yaml"],
        ["get", "lst,bcast,sacc,secrets,events", "-o", "wide"],
        ["describe", "secrets", "", ""],
    ] {
        let arguments: Vec<&str> = arguments.into_iter().filter(|a| !a.is_empty()).collect();
        let output = world.kubectl(&arguments, "").await;
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        shown.push(String::from_utf8(output.stdout).unwrap());
    }
    assert!(shown[0].contains("Events:") && shown[1].contains("resourceVersion"));
    let audit: Vec<String> = world.audited().map(|entry| entry.to_string()).collect();
    let bodies = audit
        .iter()
        .filter(|entry| entry.contains("responseObject"));
    assert!(bodies.count() > 20, "no bodies in {} entries", audit.len());
    let process = format!("/proc/{}/", world.operator().pid());
    let started = ["cmdline", "environ"].map(|file| {
        let bytes = std::fs::read(format!("{process}{file}")).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let log = world.operator().log();
    let places = [
        ("the log", log.clone()),
        ("the metrics", metrics),
        ("the Events", serde_json::to_string(&events).unwrap()),
        ("the LiveStreams", serde_json::to_string(&streams).unwrap()),
        ("the accounts", serde_json::to_string(&accounts).unwrap()),
        (
            "the Broadcasts",
            serde_json::to_string(&broadcasts).unwrap(),
        ),
        ("kubectl", shown.concat()),
        ("the audit log", audit.concat()),
        ("what the process was started with", started.concat()),
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

/// The path that the account's Secret holds now.
async fn webhook_path(world: &World) -> String {
    let secret = world.secrets().get("default-webhook").await.unwrap();
    String::from_utf8(secret.data.unwrap()["path"].0.clone()).unwrap()
}
