//! A Broadcast's life: create, edit, wait for streams, pause by itself, finish.

use serde_json::{Value, json};

use crate::harness::{CLIENT, World, condition, is_ready, message, reason, status_of};

/// The states that were sent to the provider, in order.
fn states(world: &World) -> Vec<String> {
    let changes = world.broadcast_changes();
    let sent = changes
        .iter()
        .filter_map(|change| change["status"].as_str());
    sent.map(str::to_owned).collect()
}

#[tokio::test]
async fn a_manifest_becomes_a_broadcast_by_two_calls() {
    let world = World::new("bcast-create").await;
    let second = world.ready_stream("second").await;
    let first = world.ready_stream("first").await;
    let spec = json!({
        "displayName": "Keynote", "state": "live", "streams": [{"name": "first"}, {"id": second.to_string()}],
        "shareUrl": "https://example.org/share", "pendingMessage": "Soon", "showDvrAfterFinish": true, "playerId": 7,
    });
    world.broadcast("keynote", spec).await;
    let object = world.until_broadcast("keynote").await;

    let broadcast = world.the_broadcast();
    let expected = json!({
        "name": "Keynote", "status": "live", "stream_ids": [first, second], "share_url": "https://example.org/share",
        "pending_message": "Soon", "show_dvr_after_finish": true, "player_id": 7,
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(broadcast[field], *value, "{field}");
    }
    // Under a name that nothing else has, and pending; then one change.
    let posts = world.sim.calls_where(0, |call| {
        call.method == "POST" && call.route == "/streaming/broadcasts"
    });
    let body = posts[0].body.as_ref().unwrap();
    assert_eq!(posts.len(), 1);
    assert_eq!(body["broadcast"]["status"], "pending");
    assert_eq!(body["broadcast"]["name"].as_str().unwrap().len(), 26);
    assert_eq!(
        world.broadcast_changes(),
        [json!({"name": "Keynote", "status": "live"})]
    );

    let status = status_of(&object);
    assert_eq!(status["broadcastId"], broadcast["id"].to_string());
    assert_eq!(status["state"], "live");
    assert_eq!(
        status["streamIds"],
        json!([first.to_string(), second.to_string()])
    );
    assert_eq!(status["playback"]["iframe"], broadcast["iframe_url"]);
    assert_eq!(
        status["observedGeneration"],
        json!(object.metadata.generation)
    );
    assert_eq!(
        (reason(&object, "Live"), &status["creation"]),
        ("Idle".into(), &Value::Null)
    );
    assert!(condition(&object, "Reconciling").is_none() && condition(&object, "Stalled").is_none());
}
