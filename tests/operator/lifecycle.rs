//! Create, edit, mend, delete: a LiveStream's ordinary life.

use serde_json::json;

use crate::harness::{CLIENT, World, condition, reason, status_of};

#[tokio::test]
async fn a_manifest_becomes_a_stream_by_one_call() {
    let world = World::new("create").await;
    world.stream("keynote", json!({"displayName": "Keynote", "active": true, "dvr": {"enabled": true, "durationSeconds": 600}})).await;
    let object = world.until_ready("keynote").await;

    let streams = world.sim.streams(CLIENT);
    assert_eq!(streams.len(), 1);
    let stream = &streams[0];
    assert_eq!(
        (&stream["name"], &stream["active"], &stream["dvr_duration"]),
        (&json!("Keynote"), &json!(true), &json!(600))
    );
    assert!(
        stream["client_entity_data"]
            .as_str()
            .unwrap()
            .contains(object.metadata.uid.as_ref().unwrap())
    );
    assert_eq!((world.posts(), world.sim.changing_calls()), (1, 1));

    let status = status_of(&object);
    assert_eq!(status["streamId"], stream["id"].to_string());
    assert_eq!(
        (&status["active"], &status["live"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(
        status["observedGeneration"],
        json!(object.metadata.generation)
    );
    assert!(
        status["playback"]["hls"]
            .as_str()
            .unwrap()
            .starts_with("https://")
    );
    assert!(condition(&object, "Reconciling").is_none() && condition(&object, "Stalled").is_none());
    assert_eq!(reason(&object, "Live"), "Idle");
}
