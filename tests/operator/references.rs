//! What a LiveStream refers to: its account, Secrets that it reads, the Secret that it has made, and
//! a stream that was there before it.

use std::collections::BTreeMap;

use kube::{
    ResourceExt,
    api::{DeleteParams, Patch, PatchParams, PostParams},
    core::DynamicObject,
};
use serde_json::{Value, json};
use simulator::counters::Call;

use crate::harness::{CLIENT, KEY, World, condition, message, reason, status_of};

const STREAM: &str = "/streaming/streams/{id}";

/// What a Secret holds, as text; `None` where there is none.
async fn held(world: &World, name: &str) -> Option<BTreeMap<String, String>> {
    let secret = world.secrets().get_opt(name).await.unwrap()?;
    let data = secret.data.unwrap_or_default().into_iter();
    Some(
        data.map(|(key, value)| (key, String::from_utf8(value.0).unwrap()))
            .collect(),
    )
}

/// What the Secret for the encoder of a stream is to hold, as the simulator shows it.
fn addresses(stream: &Value) -> BTreeMap<String, String> {
    [
        ("pushUrl", "push_url"),
        ("backupPushUrl", "backup_push_url"),
        ("srtUrl", "push_url_srt"),
        ("backupSrtUrl", "backup_push_url_srt"),
        ("whipUrl", "push_url_whip"),
    ]
    .map(|(key, field)| (key.to_owned(), stream[field].as_str().unwrap().to_owned()))
    .into()
}

/// Waits until the Secret for the encoder holds what the provider says of the stream now.
async fn until_delivered(world: &World, secret: &str, stream: u64) {
    world
        .until_true(
            &format!("Secret {secret} holds the addresses"),
            async || {
                held(world, secret).await == Some(addresses(&world.sim.stream(stream).unwrap()))
            },
        )
        .await;
}

fn is_stalled(object: &DynamicObject, why: &str) -> bool {
    reason(object, "Ready") == why
        && condition(object, "Stalled").is_some_and(|c| c["status"] == "True")
        && condition(object, "Reconciling").is_none()
        && condition(object, "Ready").is_some_and(|c| c["status"] == "False")
        && status_of(object)["observedGeneration"] == json!(object.metadata.generation)
}

async fn until_stalled(world: &World, name: &str, why: &str) -> DynamicObject {
    world
        .until("LiveStream", name, &format!("stalled by {why}"), |object| {
            is_stalled(object, why)
        })
        .await
}

fn is_waiting(object: &DynamicObject, why: &str) -> bool {
    reason(object, "Ready") == why
        && condition(object, "Reconciling").is_some_and(|c| c["status"] == "True")
        && condition(object, "Stalled").is_none()
}

/// The settings that each PATCH named.
fn patched(calls: &[Call]) -> Vec<Vec<String>> {
    let patches = calls.iter().filter(|call| call.method == "PATCH");
    patches
        .map(|call| {
            let settings = call.body.as_ref().unwrap()["stream"].as_object().unwrap();
            let mut names: Vec<String> = settings.keys().cloned().collect();
            names.sort_unstable();
            names
        })
        .collect()
}

/// The channel that somebody made by hand.
fn channel(world: &World) -> u64 {
    let settings = json!({
        "name": "24/7", "active": true, "auto_record": true, "dvr_enabled": false, "dvr_duration": 7200,
        "client_user_id": 7, "client_entity_data": "made by hand", "projection": "vr360",
    });
    let id = world.sim.create(CLIENT, settings).unwrap();
    world.sim.set_live(id, true).unwrap();
    id
}

/// A stream without what changes by itself.
fn steady(world: &World, id: u64) -> Value {
    let mut stream = world.sim.stream(id).unwrap();
    let fields = stream.as_object_mut().unwrap();
    for name in [
        "transcoded_qualities",
        "transcoding_speed",
        "frame_rate",
        "video_height",
        "video_width",
        "stream_source_type",
        "recording",
        "recording_duration",
    ] {
        fields.remove(name);
    }
    stream
}

#[tokio::test]
async fn a_missing_account_is_waited_for_then_asked_for_and_its_coming_heals() {
    let mut world = World::bare("no-account").await;
    world.start(&["--grace=4s"]);
    let address = world.operator().address().await;
    assert!(!address.is_empty());
    let made = world
        .stream("keynote", json!({"accountRef": {"name": "later"}}))
        .await;
    world
        .until("LiveStream", "keynote", "waiting", |o| {
            is_waiting(o, "AccountNotFound")
        })
        .await;
    let object = until_stalled(&world, "keynote", "AccountNotFound").await;
    let text = message(&object, "Ready");
    assert!(
        text.contains("StreamingAccount later") && text.contains("create it"),
        "{text}"
    );

    world.secret("gcore", &[("apiKey", KEY)]).await;
    let spec = json!({"gcore": {"apiKeySecretRef": {"name": "gcore", "key": "apiKey"}, "endpoint": world.sim.url()}});
    world
        .create("StreamingAccount", "later", spec)
        .await
        .unwrap();
    let object = world.until_ready("keynote").await;
    assert_eq!(object.metadata.generation, made.metadata.generation);
    assert!(condition(&object, "Stalled").is_none());
    assert_eq!(world.posts(), 1);
}

#[tokio::test]
async fn a_passphrase_that_cannot_be_used_is_asked_for_and_its_correction_heals() {
    let world = World::new("passphrase").await;
    let reference = json!({"name": "srt", "key": "passphrase"});
    world
        .stream("keynote", json!({"srtPassphraseSecretRef": reference}))
        .await;
    let object = until_stalled(&world, "keynote", "SecretNotFound").await;
    let text = message(&object, "Ready");
    assert!(
        text.contains("Secret srt") && text.contains("passphrase"),
        "{text}"
    );

    world.secret("srt", &[("other", "canary-value")]).await;
    let object = until_stalled(&world, "keynote", "SecretKeyNotFound").await;
    assert!(message(&object, "Ready").contains("has no key passphrase"));

    world.secret("srt", &[("passphrase", "canary-9c")]).await;
    let object = until_stalled(&world, "keynote", "InvalidSecret").await;
    let text = message(&object, "Ready");
    assert!(
        text.contains("9 characters") && text.contains("10 to 80"),
        "{text}"
    );
    assert_eq!(world.sim.changing_calls(), 0);

    world
        .secret("srt", &[("passphrase", "canary-right-1")])
        .await;
    world.until_ready("keynote").await;
    let id = world.stream_id("keynote").await;
    assert_eq!(
        world.sim.stream(id).unwrap()["srt_passphrase"],
        "canary-right-1"
    );
    assert_eq!((world.posts(), world.patches()), (1, 0));

    world
        .secret("srt", &[("passphrase", "canary-right-2")])
        .await;
    world
        .until_sim("the new passphrase arrives", |sim| {
            sim.stream(id).unwrap()["srt_passphrase"] == "canary-right-2"
        })
        .await;
    world.walks(2).await;
    assert_eq!(patched(&world.sim.calls()), [["srt_passphrase"]]);
    assert!(!world.told().await.contains("canary-"));
}

#[tokio::test]
async fn sources_with_passwords_reach_the_provider_and_nobody_else() {
    let world = World::new("pull-secret").await;
    let first = "rtmp://user:canary-word@one/app\nsrt://two:5000?passphrase=canary-pass\n";
    world.secret("sources", &[("urls", first)]).await;
    let pull = json!({"urlsSecretRef": {"name": "sources", "key": "urls"}});
    world
        .stream("keynote", json!({"pull": pull, "active": true}))
        .await;
    world.until_ready("keynote").await;
    let id = world.stream_id("keynote").await;
    let stream = world.sim.stream(id).unwrap();
    assert_eq!(
        (&stream["pull"], &stream["uri"]),
        (
            &json!(true),
            &json!("rtmp://user:canary-word@one/app srt://two:5000?passphrase=canary-pass")
        )
    );

    world
        .secret("sources", &[("urls", "rtmp://user:canary-new@three/app")])
        .await;
    world
        .until_sim("the new source arrives", |sim| {
            sim.stream(id).unwrap()["uri"] == "rtmp://user:canary-new@three/app"
        })
        .await;
    world.walks(2).await;
    assert_eq!((world.posts(), world.patches()), (1, 1));

    // What cannot be used changes nothing, and is said without being repeated.
    for bad in ["three/canary-app", &"rtmp://canary/app ".repeat(11)] {
        world.secret("sources", &[("urls", bad)]).await;
        let object = until_stalled(&world, "keynote", "InvalidSecret").await;
        assert!(message(&object, "Ready").contains("key urls of the Secret sources"));
        world
            .secret("sources", &[("urls", "rtmp://user:canary-new@three/app")])
            .await;
        world.until_ready("keynote").await;
    }
    assert_eq!((world.posts(), world.patches()), (1, 1));
    assert!(!world.told().await.contains("canary"));
}

#[tokio::test]
async fn the_encoders_secret_holds_the_five_addresses_and_they_stand_nowhere_else() {
    let world = World::new("ingest").await;
    world
        .stream(
            "keynote",
            json!({"ingestSecret": {"name": "keynote-ingest"}}),
        )
        .await;
    let object = world.until_ready("keynote").await;
    assert_eq!(status_of(&object)["ingestSecretName"], "keynote-ingest");
    let stream = world.sim.stream(world.stream_id("keynote").await).unwrap();
    assert_eq!(
        held(&world, "keynote-ingest").await,
        Some(addresses(&stream))
    );

    let secret = world.secrets().get("keynote-ingest").await.unwrap();
    let owner = &secret.metadata.owner_references.as_ref().unwrap()[0];
    assert_eq!(
        (owner.kind.as_str(), Some(&owner.uid), owner.controller),
        ("LiveStream", object.metadata.uid.as_ref(), Some(true))
    );
    assert_eq!(
        secret.metadata.labels.as_ref().unwrap()["app.kubernetes.io/managed-by"],
        "livestream-operator"
    );

    let token = stream["token"].as_str().unwrap();
    let told = world.told().await;
    assert!(told.contains("keynote-ingest") && !told.contains(token));
}

#[tokio::test]
async fn the_encoders_secret_is_mended_when_edited_and_made_again_when_deleted() {
    let world = World::new("ingest-mended").await;
    world
        .stream(
            "keynote",
            json!({"ingestSecret": {"name": "keynote-ingest"}}),
        )
        .await;
    world.until_ready("keynote").await;
    let id = world.stream_id("keynote").await;
    until_delivered(&world, "keynote-ingest", id).await;

    let by_hand = json!({"stringData": {"pushUrl": "rtmp://elsewhere/x", "more": "1"}, "data": {"whipUrl": null}});
    world
        .secrets()
        .patch(
            "keynote-ingest",
            &PatchParams::default(),
            &Patch::Merge(by_hand),
        )
        .await
        .unwrap();
    until_delivered(&world, "keynote-ingest", id).await;

    world
        .secrets()
        .delete("keynote-ingest", &DeleteParams::default())
        .await
        .unwrap();
    until_delivered(&world, "keynote-ingest", id).await;
    assert_eq!(world.sim.changing_calls(), 1);
}

#[tokio::test]
async fn the_encoders_secret_follows_the_name_in_the_spec() {
    let world = World::new("ingest-renamed").await;
    world
        .stream("keynote", json!({"ingestSecret": {"name": "one"}}))
        .await;
    world.until_ready("keynote").await;
    let id = world.stream_id("keynote").await;
    until_delivered(&world, "one", id).await;

    world
        .edit("keynote", json!({"ingestSecret": {"name": "two"}}))
        .await;
    until_delivered(&world, "two", id).await;
    world
        .until_true("the old one is gone", async || {
            held(&world, "one").await.is_none()
        })
        .await;
    let object = world.until_ready("keynote").await;
    assert_eq!(status_of(&object)["ingestSecretName"], "two");

    world.edit("keynote", json!({"ingestSecret": null})).await;
    world
        .until_true("the Secret is gone", async || {
            held(&world, "two").await.is_none()
        })
        .await;
    let object = world.until_ready("keynote").await;
    assert_eq!(status_of(&object)["ingestSecretName"], Value::Null);
    assert!(held(&world, "gcore").await.is_some());
    assert_eq!(world.sim.changing_calls(), 1);
}

#[tokio::test]
async fn a_secret_that_the_operator_did_not_make_is_never_written() {
    let world = World::new("not-ours").await;
    // The worst one to overwrite is the one with the account's own key.
    let before = world.secrets().get("gcore").await.unwrap();
    world
        .stream("keynote", json!({"ingestSecret": {"name": "gcore"}}))
        .await;
    let object = until_stalled(&world, "keynote", "SecretNotOurs").await;
    let text = message(&object, "Ready");
    assert!(
        text.contains("Secret gcore") && text.contains("spec.ingestSecret"),
        "{text}"
    );
    assert_eq!(status_of(&object)["ingestSecretName"], Value::Null);

    // Nor is that of another LiveStream.
    world
        .stream("first", json!({"ingestSecret": {"name": "shared"}}))
        .await;
    world.until_ready("first").await;
    let shared = world.secrets().get("shared").await.unwrap();
    world
        .stream("second", json!({"ingestSecret": {"name": "shared"}}))
        .await;
    until_stalled(&world, "second", "SecretNotOurs").await;

    // To name another one heals it, and so does to delete the one in the way.
    world
        .edit(
            "keynote",
            json!({"ingestSecret": {"name": "keynote-ingest"}}),
        )
        .await;
    world.until_ready("keynote").await;
    until_delivered(&world, "keynote-ingest", world.stream_id("keynote").await).await;
    assert_eq!(world.secrets().get("gcore").await.unwrap(), before);
    assert_eq!(world.secrets().get("shared").await.unwrap(), shared);
    world.edit("first", json!({"ingestSecret": null})).await;
    world.until_ready("second").await;
    until_delivered(&world, "shared", world.stream_id("second").await).await;
}

#[tokio::test]
async fn the_encoders_secret_follows_a_key_that_was_reset_at_the_provider() {
    let world = World::new("ingest-reset").await;
    world
        .stream(
            "keynote",
            json!({"ingestSecret": {"name": "keynote-ingest"}}),
        )
        .await;
    world.until_ready("keynote").await;
    let id = world.stream_id("keynote").await;
    until_delivered(&world, "keynote-ingest", id).await;
    let before = held(&world, "keynote-ingest").await.unwrap();

    world
        .sim
        .edit(id, json!({"token": "canary-token"}))
        .unwrap();
    until_delivered(&world, "keynote-ingest", id).await;
    let after = held(&world, "keynote-ingest").await.unwrap();
    for (key, address) in &after {
        assert!(
            address != &before[key] && address.contains("canary-token"),
            "{key}"
        );
    }
    assert!(!world.told().await.contains("canary-token"));
    assert_eq!(world.sim.changing_calls(), 1);
}

/// Waits until a second of the apiserver's clock begins.
async fn until_next_second(world: &World) {
    let now = async || {
        let secret = serde_json::from_value(json!({"metadata": {"name": "probe"}})).unwrap();
        let dry = PostParams {
            dry_run: true,
            ..PostParams::default()
        };
        let made = world.secrets().create(&dry, &secret).await.unwrap();
        made.metadata.creation_timestamp
    };
    let before = now().await;
    world
        .until_true("a second passes", async || now().await != before)
        .await;
}

#[tokio::test]
async fn of_the_objects_that_adopt_one_stream_the_oldest_holds_it_until_it_goes() {
    let world = World::new("all-adopt").await;
    let id = channel(&world);
    let spec = json!({"externalId": id.to_string(), "dvr": {"enabled": true}});
    world.until_account("default", "InStep").await;
    until_next_second(&world).await;
    world.stream("first", spec.clone()).await;
    world.until_ready("first").await;
    // Within one second nobody is older: then the lower uid counts, whoever came first, so that one of
    // many who come later mostly takes over from one who is in step already.
    let mut objects = vec![world.get("LiveStream", "first").await.unwrap()];
    for name in [
        "red", "green", "blue", "gold", "pink", "grey", "black", "white",
    ] {
        objects.push(world.stream(name, spec.clone()).await);
    }
    let age = |object: &DynamicObject| {
        let created = object.metadata.creation_timestamp.clone().unwrap().0;
        (created, object.metadata.uid.clone())
    };
    objects.sort_by_key(age);
    let names: Vec<String> = objects.iter().map(ResourceExt::name_any).collect();

    for name in &names[1..] {
        let object = until_stalled(&world, name, "AdoptedElsewhere").await;
        let text = message(&object, "Ready");
        assert!(text.contains("delete one of the two"), "{text}");
    }
    world.until_ready(&names[0]).await;
    world.delete("LiveStream", &names[0]).await;
    world.until_gone("LiveStream", &names[0]).await;
    world.until_ready(&names[1]).await;
    for name in &names[2..] {
        until_stalled(&world, name, "AdoptedElsewhere").await;
    }
    assert_eq!(patched(&world.sim.calls()), [["dvr_enabled"]]);
    assert_eq!(world.sim.deleted_total(CLIENT), 0);
}

#[tokio::test]
async fn an_id_that_the_account_does_not_have_is_not_created() {
    let world = World::new("no-such-id").await;
    world
        .stream(
            "keynote",
            json!({"externalId": "987654321", "displayName": "Keynote", "active": true}),
        )
        .await;
    let object = until_stalled(&world, "keynote", "StreamNotFound").await;
    assert!(message(&object, "Ready").contains("987654321"));
    world.walks(2).await;
    assert_eq!(world.sim.changing_calls(), 0);
    // The stream of another client is as far away as none.
    let other = world.sim.create(2002, json!({"name": "theirs"})).unwrap();
    world
        .stream("theirs", json!({"externalId": other.to_string()}))
        .await;
    until_stalled(&world, "theirs", "StreamNotFound").await;
    assert_eq!(world.sim.changing_calls(), 0);
}

#[tokio::test]
async fn of_an_adopted_channel_only_what_the_manifest_names_is_changed() {
    let world = World::bare("adopt-two").await;
    let id = channel(&world);
    let before = steady(&world, id);
    let world = {
        let mut world = world;
        world.account(json!({})).await;
        world.start(&[]);
        world
    };
    let spec = json!({"externalId": id.to_string(), "displayName": "Channel One", "dvr": {"enabled": true}});
    world.stream("channel", spec).await;
    let object = world.until_ready("channel").await;
    let status = status_of(&object);
    assert_eq!(
        (&status["adopted"], &status["live"], &status["streamId"]),
        (&json!(true), &json!(true), &json!(id.to_string()))
    );

    // A change by hand of what is managed is mended; of what is not, it stays.
    world
        .sim
        .edit(
            id,
            json!({"name": "by hand", "dvr_duration": 60, "active": false}),
        )
        .unwrap();
    world
        .until_sim("the name is mended", |sim| {
            sim.stream(id).unwrap()["name"] == "Channel One"
        })
        .await;
    world
        .sim
        .edit(id, json!({"dvr_duration": 7200, "active": true}))
        .unwrap();
    world.walks(2).await;
    world.sim.set_live(id, true).unwrap();
    world.until_ready("channel").await;

    assert_eq!(
        patched(&world.sim.calls()),
        [vec!["dvr_enabled", "name"], vec!["name"]]
    );
    assert_eq!(world.sim.changing_calls(), 2);
    let mut after = steady(&world, id);
    assert_eq!(
        (&after["name"], &after["dvr_enabled"]),
        (&json!("Channel One"), &json!(true))
    );
    for field in [
        "name",
        "dvr_enabled",
        "started_at_primary",
        "finished_at_primary",
    ] {
        after[field] = before[field].clone();
    }
    assert_eq!(after, before);
}

#[tokio::test]
async fn an_object_with_nothing_but_an_id_watches_and_changes_nothing() {
    let world = World::new("adopt-watch").await;
    let id = channel(&world);
    let before = steady(&world, id);
    world
        .stream("channel", json!({"externalId": id.to_string()}))
        .await;
    let object = world.until_ready("channel").await;
    assert_eq!(status_of(&object)["live"], true);
    world.sim.edit(id, json!({"name": "by hand"})).unwrap();
    world.walks(2).await;
    world.sim.set_live(id, false).unwrap();
    world.until_reason("channel", "Live", "Idle").await;
    assert_eq!(world.sim.changing_calls(), 0);
    assert_eq!(
        world.sim.stream(id).unwrap()["client_entity_data"],
        before["client_entity_data"]
    );
}

#[tokio::test]
async fn a_stream_that_carries_the_mark_of_another_is_not_touched() {
    let mut world = World::bare("elsewhere").await;
    world.account(json!({})).await;
    world.start(&["--cluster-id=here"]);
    world.stream("owner", json!({})).await;
    world.until_ready("owner").await;
    let ours = world.stream_id("owner").await;
    let mark = format!(
        "livestream-operator.io/owner=there/{}/channel/0-0-0-1",
        world.namespace
    );
    let theirs = world
        .sim
        .create(
            CLIENT,
            json!({"name": "theirs", "client_entity_data": mark}),
        )
        .unwrap();
    let before = [ours, theirs].map(|id| world.sim.stream(id));

    // Of another object of this cluster, and of an object of this very name in another cluster.
    for (name, id, words) in [
        ("thief", ours, format!("{}/owner", world.namespace)),
        ("channel", theirs, "--take-over-from=there".to_owned()),
    ] {
        let spec = json!({"externalId": id.to_string(), "displayName": "Mine", "active": true});
        world.stream(name, spec).await;
        let object = until_stalled(&world, name, "OwnedElsewhere").await;
        let text = message(&object, "Ready");
        assert!(
            text.contains(&words) && text.contains("not touched"),
            "{text}"
        );
    }
    world.walks(2).await;
    assert_eq!([ours, theirs].map(|id| world.sim.stream(id)), before);
    assert_eq!((world.posts(), world.sim.changing_calls()), (1, 1));
    assert_eq!(world.sim.count("DELETE", STREAM), 0);
}
