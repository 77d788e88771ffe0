//! A release from its installation to its end, and again: what it means for the streams. Nothing, every time.

use std::{
    fs,
    path::{Path, PathBuf},
};

use k8s_openapi::{
    api::core::v1::Pod,
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{Api, ResourceExt as _, api::ListParams};
use serde_json::{Value, json};

use crate::{
    harness::{CLIENT, World, status_of},
    helm::chart,
    release::{Release, bare_plane},
};

/// What the older chart's LiveStream does not have.
pub const NEW: &str = "htmlOverlay";

/// A chart as it was before: another version, and one field fewer.
pub fn older_chart(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    copy(&chart(), &folder);
    let about = folder.join("Chart.yaml");
    let text = fs::read_to_string(&about).unwrap();
    let here = env!("CARGO_PKG_VERSION");
    assert!(text.contains(&format!("version: {here}")));
    fs::write(&about, text.replace(here, "0.0.9")).unwrap();
    let definition = folder.join("files/crds/livestreams.yaml");
    let text = fs::read_to_string(&definition).unwrap();
    let mut object: Value = serde_saphyr::from_str(&text).unwrap();
    let gcore =
        "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/gcore/properties";
    let fields = object.pointer_mut(gcore).unwrap();
    assert!(fields.as_object_mut().unwrap().remove(NEW).is_some());
    fs::write(&definition, object.to_string()).unwrap();
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// What must not change while releases come and go: which objects there are, and what they are at the provider.
async fn standing(world: &World) -> Vec<Value> {
    let mut all = Vec::new();
    for kind in ["StreamingAccount", "LiveStream", "Broadcast"] {
        for object in world.api(kind).list(&ListParams::default()).await.unwrap() {
            let status = status_of(&object);
            all.push(json!({
                "name": object.name_any(), "uid": object.uid(), "stream": status["streamId"],
                "broadcast": status["broadcastId"], "client": status["clientId"],
            }));
        }
    }
    all
}

/// Waits until the release's leader has read the provider's list, and all is ready.
async fn until_settled(world: &World, release: &Release<'_>) {
    release.until_led(2).await;
    world.walks(2).await;
    world.until_account("default", "InStep").await;
    world.until_ready("keynote").await;
    world.until_broadcast("show").await;
}

#[tokio::test]
async fn no_release_that_comes_or_goes_changes_anything_at_the_provider() {
    let world = World::on(bare_plane("lifecycle"), "lifecycle").await;
    let release = Release::prepare(&world, "video").await;
    let values = release.values(&json!({}));
    let older = older_chart(&world.namespace);

    // Ready is what `--wait` waits for.
    let notes = release.install_chart(&older, &values).await;
    assert!(
        notes.contains("livestream-operator 0.0.9 serves all namespaces"),
        "{notes}"
    );
    assert_eq!(release.machines.running(), 2);
    world.account(json!({})).await;
    world
        .stream(
            "keynote",
            json!({"active": true, "ingestSecret": {"name": "one"}}),
        )
        .await;
    world
        .broadcast("show", json!({"streams": [{"name": "keynote"}]}))
        .await;
    until_settled(&world, &release).await;
    let unknown = json!({"spec": {"gcore": {NEW: true}}});
    let object = world
        .patch("LiveStream", "keynote", unknown.clone())
        .await
        .unwrap();
    assert_eq!(object.data["spec"]["gcore"][NEW], Value::Null, "it is new");

    let there = standing(&world).await;
    assert_eq!(there.len(), 3);
    let before = world.sim.changing_calls();
    release.upgrade(&values).await;
    until_settled(&world, &release).await;
    assert_eq!(
        (standing(&world).await, world.sim.changing_calls()),
        (there.clone(), before)
    );

    // The upgrade brought the new field.
    world.patch("LiveStream", "keynote", unknown).await.unwrap();
    let id = world.stream_id("keynote").await;
    world
        .until_sim("the new field was sent", |sim| {
            sim.stream(id).unwrap()["html_overlay"] == true
        })
        .await;
    until_settled(&world, &release).await;

    let before = world.sim.changing_calls();
    release.roll_back("1").await;
    until_settled(&world, &release).await;
    assert_eq!(
        (standing(&world).await, world.sim.changing_calls()),
        (there.clone(), before)
    );
    release.upgrade(&values).await;
    until_settled(&world, &release).await;
    assert_eq!(
        (standing(&world).await, world.sim.changing_calls()),
        (there.clone(), before)
    );

    let said = release.uninstall().await;
    world
        .until_true("no process is left", async || {
            release.machines.running() == 0
        })
        .await;
    assert_eq!(
        (standing(&world).await, world.sim.changing_calls()),
        (there.clone(), before)
    );
    let pods = Api::<Pod>::namespaced(world.client.clone(), &release.namespace);
    assert!(
        pods.list(&ListParams::default())
            .await
            .unwrap()
            .items
            .is_empty()
    );
    let definitions = Api::<CustomResourceDefinition>::all(world.client.clone());
    let definitions = definitions.list(&ListParams::default()).await.unwrap();
    assert_eq!(definitions.items.len(), 3);
    for definition in definitions {
        assert!(said.contains(&definition.name_any()), "{said}");
    }

    // And back: the definitions and the objects are known again.
    release.install(&values).await;
    until_settled(&world, &release).await;
    assert_eq!(
        (standing(&world).await, world.sim.changing_calls()),
        (there, before)
    );
    assert_eq!(world.sim.created_total(CLIENT), 1);
    assert_eq!(release.machines.restarts(), 0);
}
