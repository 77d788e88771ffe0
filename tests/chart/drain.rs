//! A machine that is drained while a recording starts.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use serde_json::json;
use simulator::faults::{Action, Fault};

use crate::{
    harness::{World, status_of},
    release::{Release, shared_plane},
};

const START: &str = "/streaming/streams/{id}/start_recording";

#[tokio::test]
async fn a_machine_that_is_drained_while_a_recording_starts_costs_no_recording_and_doubles_none() {
    let world = World::on(shared_plane(), "drain").await;
    let release = Release::prepare(&world, "video").await;
    let values = release.namespaced(&json!({"settings": {"recordingPatience": "10s"}}));
    release.install(&values).await;
    release.until_led(2).await;
    world.account(json!({})).await;
    world
        .stream("keynote", json!({"active": true, "recording": true}))
        .await;
    world.until_ready("keynote").await;
    let id = world.stream_id("keynote").await;
    let leader = release.leaders().remove(0);
    let pods = Api::<Pod>::namespaced(world.client.clone(), &release.namespace);
    let machine = pods
        .get(&leader)
        .await
        .unwrap()
        .spec
        .unwrap()
        .node_name
        .unwrap();

    // The call that starts the recording is on its way when the machine is drained.
    world.sim.fault(
        Fault::new(Action::Delay { millis: 500 })
            .method("PUT")
            .route(START),
    );
    world.sim.set_live(id, true).unwrap();
    world
        .until_sim("a start is on its way", |sim| sim.count("PUT", START) == 1)
        .await;
    let drained = world
        .kubectl(
            &["drain", &machine, "--ignore-daemonsets", "--timeout=3m"],
            "",
        )
        .await;
    assert!(
        drained.status.success(),
        "{}",
        String::from_utf8_lossy(&drained.stderr)
    );
    world
        .until_true("another leads", async || {
            release.machines.running() == 2 && release.leaders().iter().any(|pod| *pod != leader)
        })
        .await;
    assert!(!release.leaders().contains(&leader));

    // The provider's recorder takes some seconds, on the provider's clock.
    world.sim.advance(Duration::from_secs(6));
    world
        .until("LiveStream", "keynote", "recording", |object| {
            status_of(object)["recording"] == true
        })
        .await;
    world.walks(2).await;
    assert_eq!(world.sim.count("PUT", START), 1);
    world.sim.advance(Duration::from_mins(2));
    world.edit("keynote", json!({"recording": false})).await;
    let object = world
        .until("LiveStream", "keynote", "a video", |object| {
            status_of(object)["videoCount"] == 1
        })
        .await;
    assert_eq!(world.sim.videos_of(id).len(), 1);
    assert_eq!(status_of(&object)["videos"].as_array().unwrap().len(), 1);
    assert_eq!(release.machines.restarts(), 0);
}
