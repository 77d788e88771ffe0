//! The Secret with the path: made, rotated, removed, and another's.

use std::fs;

use kube::{
    ResourceExt as _,
    api::{DeleteParams, Patch, PatchParams},
};
use serde_json::{Value, json};

use super::{
    SECRET, about, address, held, path, post::post, reads, receiving, start, switched_on,
    until_reads, until_webhook,
};
use crate::harness::{CLIENT, KEY, World, condition, control_plane, message, status_of};

/// What a POST to this path is answered with.
async fn answered(world: &World, path: &str) -> u16 {
    post(
        &address(world).await,
        path,
        &json!({"type": "other", "message": {}}),
    )
    .await
}

async fn until_answered(world: &World, path: &str, status: u16) {
    world
        .until_true(&format!("a path is answered with {status}"), async || {
            answered(world, path).await == status
        })
        .await;
}

async fn annotate(world: &World, annotation: &str, value: &str) {
    let name = format!("livestream-operator.io/{annotation}");
    let patch = json!({"metadata": {"annotations": {name: value}}});
    world
        .patch("StreamingAccount", "default", patch)
        .await
        .unwrap();
}

async fn until_rotated(world: &World, value: &str) {
    world
        .until("StreamingAccount", "default", "rotated", |account| {
            status_of(account)["rotatedWebhook"] == value
        })
        .await;
}

async fn edit(world: &World, secret: &str, patch: Value) {
    world
        .secrets()
        .patch(secret, &PatchParams::default(), &Patch::Merge(patch))
        .await
        .unwrap();
}

/// How often the operator read a Secret.
fn secret_reads(world: &World, secret: &str) -> usize {
    let log = fs::read_to_string(&control_plane().audit_log).unwrap();
    let entries = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    entries
        .filter(|entry| {
            let object = &entry["objectRef"];
            entry["verb"] == "get"
                && object["namespace"] == world.namespace
                && object["resource"] == "secrets"
                && object["name"] == secret
        })
        .count()
}

#[tokio::test]
async fn the_path_is_in_a_secret_of_the_account_and_its_name_in_the_status() {
    let world = receiving("hook-path", &[]).await;
    let account = world.get("StreamingAccount", "default").await.unwrap();
    assert_eq!(status_of(&account)["webhookSecretName"], SECRET);
    assert!(message(&account, "Webhook").contains(SECRET));
    world.until_event("default", "WebhookMade").await;
    let secret = world.secrets().get(SECRET).await.unwrap();
    let owner = &secret.owner_references()[0];
    assert_eq!(
        (owner.controller, Some(&owner.uid)),
        (Some(true), account.metadata.uid.as_ref())
    );
    assert_eq!(
        secret.labels()["app.kubernetes.io/managed-by"],
        "livestream-operator"
    );
    let data = held(&world, SECRET).await;
    assert_eq!(data.keys().collect::<Vec<_>>(), ["path"]);
    assert_eq!(answered(&world, &data["path"]).await, 200);

    // Passes at rest neither read nor write it.
    let version = secret.resource_version();
    annotate(&world, "reconcile-requested-at", "0").await;
    let handled = async |value: &str| {
        world
            .until("StreamingAccount", "default", "handled", |account| {
                status_of(account)["lastHandledReconcileAt"] == value
            })
            .await
    };
    handled("0").await;
    let before = secret_reads(&world, SECRET);
    for value in ["1", "2", "3"] {
        annotate(&world, "reconcile-requested-at", value).await;
        handled(value).await;
    }
    // The last of these is the test's own.
    let secret = world.secrets().get(SECRET).await.unwrap();
    assert_eq!(secret.resource_version(), version);
    world
        .until_true("the audit log has the test's own read", async || {
            secret_reads(&world, SECRET) > before
        })
        .await;
    assert_eq!(secret_reads(&world, SECRET), before + 1);
}

#[tokio::test]
async fn a_rotation_keeps_the_old_path_until_it_is_removed() {
    let mut world = receiving("hook-rotation", &[]).await;
    let first = path(&world, SECRET).await;
    annotate(&world, "rotate-webhook", "one").await;
    until_rotated(&world, "one").await;
    until_webhook(&world, "default", "PreviousPathValid").await;
    world.until_event("default", "WebhookRotated").await;
    let data = held(&world, SECRET).await;
    let second = data["path"].clone();
    assert_eq!(data["previousPath"], first);
    assert_ne!(second, first);
    assert_eq!(answered(&world, &first).await, 200);
    assert_eq!(answered(&world, &second).await, 200);

    // The receipt is lost, as by a crash between the two writes: nothing is rotated again.
    let lost = json!({"rotatedWebhook": null});
    world
        .patch_status("StreamingAccount", "default", lost)
        .await;
    start(&mut world, &[]);
    until_rotated(&world, "one").await;
    assert_eq!(held(&world, SECRET).await, data);
    until_answered(&world, &first, 200).await;
    assert_eq!(answered(&world, &second).await, 200);

    // Another rotation has to wait: the provider may still post to the first path.
    annotate(&world, "rotate-webhook", "two").await;
    let account = until_webhook(&world, "default", "RotationWaits").await;
    assert!(message(&account, "Webhook").contains("previousPath"));
    assert_eq!(status_of(&account)["rotatedWebhook"], "one");
    assert_eq!(held(&world, SECRET).await, data);

    edit(&world, SECRET, json!({"data": {"previousPath": null}})).await;
    until_rotated(&world, "two").await;
    let data = held(&world, SECRET).await;
    assert_eq!(data["previousPath"], second);
    assert_eq!(answered(&world, &first).await, 404);
    assert_eq!(answered(&world, &second).await, 200);
    assert_eq!(answered(&world, &data["path"]).await, 200);

    edit(&world, SECRET, json!({"data": {"previousPath": null}})).await;
    until_answered(&world, &second, 404).await;
    until_webhook(&world, "default", "Listening").await;
    assert_eq!(path(&world, SECRET).await, data["path"]);
    assert_eq!(answered(&world, &data["path"]).await, 200);
}

#[tokio::test]
async fn a_path_that_is_gone_from_the_secret_is_replaced_and_the_change_is_told() {
    let world = receiving("hook-gone", &[]).await;
    let first = path(&world, SECRET).await;
    // That there was a path is known by the status.
    world
        .until("StreamingAccount", "default", "names its Secret", |a| {
            a.data["status"]["webhookSecretName"] == SECRET
        })
        .await;
    world
        .secrets()
        .delete(SECRET, &DeleteParams::default())
        .await
        .unwrap();
    world.until_event("default", "WebhookReplaced").await;
    let second = path(&world, SECRET).await;
    assert_ne!(first, second);
    until_answered(&world, &second, 200).await;
    assert_eq!(answered(&world, &first).await, 404);

    // A path that cannot be one of ours is replaced; one that can is taken, as from a backup.
    edit(
        &world,
        SECRET,
        json!({"stringData": {"path": "/webhooks/easy", "mine": "kept"}}),
    )
    .await;
    until_answered(&world, &second, 404).await;
    world
        .until_true("there is a third path", async || {
            ![&second, "/webhooks/easy"].contains(&path(&world, SECRET).await.as_str())
        })
        .await;
    assert_eq!(held(&world, SECRET).await["mine"], "kept");
    assert_eq!(answered(&world, "/webhooks/easy").await, 404);
    edit(&world, SECRET, json!({"stringData": {"path": first}})).await;
    until_answered(&world, &first, 200).await;
    assert_eq!(path(&world, SECRET).await, first);
}

#[tokio::test]
async fn a_secret_that_is_not_ours_is_neither_believed_nor_written() {
    let mut world = World::bare("hook-not-ours").await;
    let theirs = format!("/webhooks/{}", "0123456789abcdef".repeat(4));
    world.secret(SECRET, &[("path", &theirs)]).await;
    world.account(json!({"pollIntervalSeconds": 3600})).await;
    start(&mut world, &[]);
    // Ready is True beside it.
    let account = until_webhook(&world, "default", "SecretNotOurs").await;
    assert_eq!(condition(&account, "Webhook").unwrap()["status"], "False");
    assert!(message(&account, "Webhook").contains("delete it"));
    switched_on(&world, "keynote").await;
    assert_eq!(answered(&world, &theirs).await, 404);
    annotate(&world, "rotate-webhook", "one").await;
    annotate(&world, "reconcile-requested-at", "one").await;
    world
        .until("StreamingAccount", "default", "handled", |account| {
            status_of(account)["lastHandledReconcileAt"] == "one"
        })
        .await;
    assert_eq!(path(&world, SECRET).await, theirs);

    world
        .secrets()
        .delete(SECRET, &DeleteParams::default())
        .await
        .unwrap();
    until_webhook(&world, "default", "Listening").await;
    let ours = path(&world, SECRET).await;
    assert_ne!(ours, theirs);
    until_answered(&world, &ours, 200).await;

    // Somebody takes it away from us: its path is not accepted any more.
    edit(
        &world,
        SECRET,
        json!({"metadata": {"ownerReferences": null}}),
    )
    .await;
    until_webhook(&world, "default", "SecretNotOurs").await;
    assert_eq!(answered(&world, &ours).await, 404);
    assert_eq!(path(&world, SECRET).await, ours);
}

#[tokio::test]
async fn a_secret_that_cannot_be_written_is_told_and_what_it_holds_stays_accepted() {
    let world = receiving("hook-immutable", &[]).await;
    let first = path(&world, SECRET).await;
    edit(&world, SECRET, json!({"immutable": true})).await;
    annotate(&world, "rotate-webhook", "one").await;
    let account = until_webhook(&world, "default", "SecretRefused").await;
    assert_eq!(condition(&account, "Webhook").unwrap()["status"], "False");
    assert!(status_of(&account)["rotatedWebhook"].is_null());
    assert_eq!(path(&world, SECRET).await, first);
    assert_eq!(answered(&world, &first).await, 200);

    // An immutable Secret can only be deleted. The new one has what was asked for.
    world
        .secrets()
        .delete(SECRET, &DeleteParams::default())
        .await
        .unwrap();
    until_rotated(&world, "one").await;
    until_webhook(&world, "default", "Listening").await;
    assert_ne!(path(&world, SECRET).await, first);
    assert_eq!(answered(&world, &first).await, 404);
}

#[tokio::test]
async fn two_accounts_of_a_client_have_a_path_each_and_a_deleted_one_loses_it() {
    let world = receiving("hook-two", &[]).await;
    let id = switched_on(&world, "keynote").await;
    let gcore =
        json!({"apiKeySecretRef": {"name": "gcore", "key": "apiKey"}, "endpoint": world.sim.url()});
    let spec = json!({"gcore": gcore, "requestsPerSecond": 500, "pollIntervalSeconds": 3600});
    world
        .create("StreamingAccount", "second", spec)
        .await
        .unwrap();
    until_webhook(&world, "second", "Listening").await;
    let own = path(&world, SECRET).await;
    let other = path(&world, "second-webhook").await;
    assert_ne!(own, other);
    for path in [&own, &other] {
        let before = reads(&world, id);
        let status = post(&address(&world).await, path, &about(id, true)).await;
        assert_eq!(status, 200);
        until_reads(&world, id, before + 1).await;
    }

    // Somebody else holds the account back, so no garbage collector takes its Secret.
    let hold = json!({"metadata": {"finalizers": ["example.org/hold", "livestream-operator.io/finalizer"]}});
    world
        .patch("StreamingAccount", "second", hold)
        .await
        .unwrap();
    world.delete("StreamingAccount", "second").await;
    world
        .until("StreamingAccount", "second", "let go by us", |account| {
            account.finalizers() == ["example.org/hold"]
        })
        .await;
    assert!(held(&world, "second-webhook").await.is_empty());
    assert_eq!(answered(&world, &other).await, 404);
    assert_eq!(answered(&world, &own).await, 200);
    let free = json!({"metadata": {"finalizers": null}});
    world
        .patch("StreamingAccount", "second", free)
        .await
        .unwrap();
    world.until_gone("StreamingAccount", "second").await;
    assert_eq!(answered(&world, &own).await, 200);
}

#[tokio::test]
async fn a_namespace_goes_with_its_webhook_secret() {
    let world = receiving("hook-namespace", &[]).await;
    switched_on(&world, "keynote").await;
    let path = path(&world, SECRET).await;
    world.delete_namespace().await;
    world.until_namespace_gone().await;
    assert!(world.sim.streams(CLIENT).is_empty());
    until_answered(&world, &path, 404).await;
}

#[tokio::test]
async fn neither_paths_nor_what_webhooks_say_show_anywhere() {
    let world = receiving("hook-canary", &["--log=trace"]).await;
    let id = switched_on(&world, "keynote").await;
    super::hook(&world).await;
    world.sim.set_live(id, true).unwrap();
    super::until_live(&world, "keynote", true).await;
    annotate(&world, "rotate-webhook", "one").await;
    until_rotated(&world, "one").await;
    super::hook(&world).await;
    world.sim.set_live(id, false).unwrap();
    super::until_live(&world, "keynote", false).await;
    let address = address(&world).await;
    let first = held(&world, SECRET).await["previousPath"].clone();
    let marked = json!({"type": "canary-type", "message": {"stream": {"id": "canary-id", "uri": "canary-uri"}}});
    assert_eq!(post(&address, &first, &marked).await, 200);
    let bad = super::post::request(&first, "canary-nonsense");
    assert_eq!(super::post::send(&address, bad).await.unwrap().0, 200);
    let stranger = "/webhooks/canary-stranger";
    assert_eq!(post(&address, stranger, &marked).await, 404);
    let broken = format!("POST {first} canary-version\r\n\r\n");
    let _ = super::post::send(&address, broken).await;

    let secret = world.secrets().get(SECRET).await.unwrap();
    let in_base64 = serde_json::to_value(&secret).unwrap()["data"].clone();
    let mut canaries: Vec<String> = ["type", "id", "uri", "nonsense", "stranger", "version"]
        .map(|word| format!("canary-{word}"))
        .to_vec();
    for (key, path) in held(&world, SECRET).await {
        canaries.push(path["/webhooks/".len()..].to_owned());
        // Base64 is cut into pieces of three bytes from the beginning.
        canaries.push(in_base64[key].as_str().unwrap()[16..].to_owned());
    }
    let uri = world.sim.webhooks_sent(CLIENT)[0].body["message"]["stream"]["uri"].clone();
    canaries.push(uri.as_str().unwrap().to_owned());
    canaries.push(
        world.sim.stream(id).unwrap()["token"]
            .as_str()
            .unwrap()
            .to_owned(),
    );
    canaries.push(KEY.to_owned());
    assert_eq!(canaries.len(), 6 + 2 * 2 + 3);

    let operator = world.operator.as_ref().unwrap();
    assert!(operator.log().contains("\"level\":\"TRACE\""));
    let told = world.told().await + &operator.metrics().await;
    for canary in &canaries {
        assert!(!told.contains(canary.as_str()), "{canary}");
    }
}
