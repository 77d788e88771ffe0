//! The settings of channels: what a POST and a PUT must name, and what they may not.

use serde_json::{Map, Value, json};
use simulator::live_station::{Simulator, Unlisted, WhilePublishing};

use crate::support::{
    Answer, CHANNELS, CLIENT, call, error, post, put, ready, seen, start, wanted,
};

/// A PUT with everything that is required.
fn change(fields: &Value) -> Value {
    let mut body = json!({
        "channelName": "changed", "useDvr": false, "immediateOnAir": true,
        "record": {"type": "MANUAL_UPLOAD"},
    });
    let all: &mut Map<String, Value> = body.as_object_mut().expect("an object");
    all.extend(fields.as_object().expect("an object").clone());
    body
}

async fn update(sim: &Simulator, id: &str, body: Value) -> Answer {
    call(sim, "PUT", &format!("{CHANNELS}/{id}"), body).await
}

#[tokio::test]
async fn a_post_names_all_that_is_required() {
    let sim = start().await;
    for (fields, code) in [
        (json!({"channelName": null}), 250_011),
        (json!({"cdn": null}), 250_011),
        (json!({"qualitySetId": null}), 250_011),
        (json!({"useDvr": null}), 250_011),
        (json!({"useDvr": true}), 250_011),
        (json!({"record": {}}), 250_011),
        (
            json!({"record": {"type": "AUTO_UPLOAD", "format": "MP4", "bucketName": "b"}}),
            250_011,
        ),
        (json!({"channelName": "a"}), 250_014),
        (json!({"channelName": "with space"}), 250_014),
        (json!({"channelName": "a23456789012345678901"}), 250_014),
        (json!({"envType": "PROD"}), 250_014),
        (json!({"qualitySetId": "4"}), 250_021),
        (json!({"active": true}), 250_018),
        (json!({"useDVR": true}), 250_018),
    ] {
        let answer = post(&sim, wanted(fields.clone())).await;
        assert_eq!(error(&answer), (400, json!(code)), "{fields}");
    }
    assert_eq!(sim.created_total(CLIENT), 0);
    let upload =
        json!({"type": "AUTO_UPLOAD", "format": "MP4", "bucketName": "b", "filePath": "/p"});
    let body = wanted(json!({"record": upload}));
    assert_eq!(
        error(&post(&sim, body.clone()).await),
        (400, json!(250_011)),
        "accessControl"
    );
    sim.behaviour(CLIENT, |ways| {
        ways.access_control_required = false;
        ways.unlisted_fields = Unlisted::Ignored;
    });
    assert_eq!(post(&sim, body).await.status, 200);
    assert_eq!(
        post(&sim, wanted(json!({"active": true}))).await.status,
        200
    );
}

#[tokio::test]
async fn a_put_takes_the_whole_settings() {
    let sim = start().await;
    let id = ready(&sim, json!({"envType": "STAGE", "qualitySetId": 9}));
    let answer = update(&sim, &id, change(&json!({}))).await;
    assert_eq!(
        (answer.status, answer.json()),
        (200, json!({"content": {"channelId": id}}))
    );
    let shown = seen(&sim, &id).await;
    for (field, value) in [
        ("channelName", json!("changed")),
        ("immediateOnAir", json!(true)),
        ("record", json!({"type": "MANUAL_UPLOAD"})),
        ("envType", json!("REAL")),
        ("qualitySetId", json!(9)),
    ] {
        assert_eq!(shown[field], value, "{field}");
    }
    for (fields, code) in [
        (json!({"channelName": null}), 250_011),
        (json!({"useDvr": null}), 250_011),
        (json!({"immediateOnAir": null}), 250_011),
        (json!({"record": null}), 250_011),
        (json!({"useDvr": true, "timemachineMin": 60}), 250_014),
        (json!({"outputProtocol": "LL_HLS"}), 250_014),
        (json!({"qualitySetId": 9}), 250_018),
        (json!({"cdn": {}}), 250_018),
    ] {
        let answer = update(&sim, &id, change(&fields)).await;
        assert_eq!(error(&answer), (400, json!(code)), "{fields}");
    }
    assert_eq!(seen(&sim, &id).await, shown);
    sim.behaviour(CLIENT, |ways| ways.update_answer_whole = true);
    let answer = update(&sim, &id, change(&json!({"envType": "DEV"}))).await;
    assert_eq!(answer.json()["content"]["envType"], "DEV");
}

#[tokio::test]
async fn when_settings_can_be_changed() {
    let sim = start().await;
    let refused = (400, json!(250_005));
    let body = || change(&json!({}));
    let id = sim.create(CLIENT, json!({})).expect("created");
    assert_eq!(error(&update(&sim, &id, body()).await), refused, "CREATING");
    let id = ready(&sim, json!({}));
    assert_eq!(put(&sim, &id, "off").await.status, 200);
    assert_eq!(update(&sim, &id, body()).await.status, 200, "BLOCK");
    sim.force_block(&id);
    assert_eq!(
        error(&update(&sim, &id, body()).await),
        refused,
        "FORCE_BLOCK"
    );
    let id = ready(&sim, json!({}));
    sim.set_live(&id, true).expect("taken");
    assert_eq!(
        error(&update(&sim, &id, body()).await),
        refused,
        "PUBLISHING"
    );
    sim.behaviour(CLIENT, |ways| {
        ways.update_while_publishing = WhilePublishing::Applied;
    });
    assert_eq!(update(&sim, &id, body()).await.status, 200);
    // It now says that it records by itself; that counts from the next broadcast on.
    let shown = seen(&sim, &id).await;
    assert_eq!(
        (&shown["immediateOnAir"], sim.records(&id).len()),
        (&json!(true), 0)
    );
}

#[tokio::test]
async fn by_hand_anything_can_be_set() {
    let sim = start().await;
    let id = ready(&sim, json!({}));
    let fields = json!({
        "channelName": "no - check - here", "useDvr": true, "qualitySetId": 7,
        "channelStatus": "RESTING", "unheard": 1,
    });
    sim.edit(&id, fields).expect("edited");
    let shown = seen(&sim, &id).await;
    for (field, value) in [
        ("channelName", json!("no - check - here")),
        ("useDVR", json!(true)),
        ("qualitySetId", json!(7)),
        ("channelStatus", json!("RESTING")),
        ("unheard", json!(1)),
    ] {
        assert_eq!(shown[field], value, "{field}");
    }
    assert!(sim.edit("ls-none", json!({})).is_err());
    assert!(sim.edit(&id, json!([])).is_err());
}
