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

#[tokio::test]
async fn probes_and_metrics_tell_how_it_fares() {
    let mut world = World::new("probes").await;
    world.stream("keynote", json!({})).await;
    world.until_ready("keynote").await;
    world.walks(1).await;
    let address = world.operator().address().await;
    let get = async |path: &str| {
        let reply = reqwest::get(format!("http://{address}{path}"))
            .await
            .unwrap();
        (reply.status().as_u16(), reply.text().await.unwrap())
    };
    assert_eq!(get("/livez").await.0, 200);
    assert_eq!(get("/readyz").await.0, 200);
    let (status, metrics) = get("/metrics").await;
    assert_eq!(status, 200);
    for line in [
        "livestream_operator_passes_total{kind=\"LiveStream\",outcome=\"in_step\"}",
        "livestream_operator_changes_total{change=\"create\",result=\"done\"} 1",
        "livestream_operator_mirror_age_seconds{client=\"1001\"} 0.",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
    assert!(world.operator().terminate().await, "it did not end well");
}
