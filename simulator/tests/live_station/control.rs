//! The control over HTTP does what the functions do.

use serde_json::{Value, json};
use simulator::live_station::Simulator;

use crate::caller::set_json;
use crate::support::{CHANNELS, bare, get, send, start};

/// A call to the control: status and body.
async fn sim_call(sim: &Simulator, method: &str, path: &str, body: Value) -> (u16, Value) {
    let mut request = bare(method, &format!("/_sim{path}"));
    if !body.is_null() {
        set_json(&mut request, &body);
    }
    let answer = send(sim, request).await.expect("an answer");
    let body = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    (answer.status, body)
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one route after the other")]
async fn every_route_of_the_control() {
    let sim = start().await;
    let none = Value::Null;
    let call = async |method: &str, path: &str, body: Value| {
        let (status, body) = sim_call(&sim, method, path, body).await;
        assert!(status < 300, "{method} {path}: {status} {body}");
        body
    };
    assert_eq!(call("GET", "/health", none.clone()).await["ok"], true);
    let key = json!({"access": "second", "secret": "s", "client": 2002, "role": "viewer"});
    assert_eq!(call("PUT", "/keys", key).await["number"], 2);
    call("POST", "/keys/revoke", json!({"access": "second"})).await;
    let keys = call("GET", "/keys", none.clone()).await;
    assert_eq!(
        (&keys[1]["revoked"], &keys[1]["role"]),
        (&json!(true), &json!("viewer"))
    );

    let made = call(
        "POST",
        "/clients/1001/channels",
        json!({"channelName": "one", "record": {"type": "MANUAL_UPLOAD"}}),
    )
    .await;
    let id = made["channelId"].as_str().expect("an id");
    assert_eq!(made["channelStatus"], "CREATING");
    call("POST", "/clock", json!({"advance_seconds": 5})).await;
    assert_eq!(call("GET", "/clock", none.clone()).await["speed"], 0);
    let path = format!("/channels/{id}");
    let sub = |what: &str| format!("{path}/{what}");
    assert_eq!(
        call("GET", &path, none.clone()).await["channelStatus"],
        "READY"
    );
    let edited = call("PATCH", &path, json!({"channelName": "two"})).await;
    assert_eq!(edited["channelName"], "two");
    let all = call("GET", "/clients/1001/channels", none.clone()).await;
    assert_eq!(all, json!([edited]));
    let live = call("PUT", &sub("encoder"), json!({"on": true})).await;
    assert_eq!(live["channelStatus"], "PUBLISHING");
    call(
        "POST",
        "/clients/1001/next_recording",
        json!({"fate": "transfer_fails"}),
    )
    .await;
    let seq = call("PUT", &sub("recording"), json!({"on": true})).await;
    call("PUT", &sub("recording"), json!({"on": false})).await;
    let records = call("GET", &sub("records"), none.clone()).await;
    assert_eq!(records[0]["recordSeq"], seq["recordSeq"]);
    let record = format!("/records/{}", records[0]["recordId"]);
    assert_eq!(call("GET", &record, none.clone()).await, records[0]);
    let edited = call("PATCH", &record, json!({"status": "PROCESSING_FAIL"})).await;
    assert_eq!(edited["status"], "PROCESSING_FAIL");
    for (on, word) in [(false, "BLOCK"), (true, "READY")] {
        let switched = call("PUT", &sub("on"), json!({"on": on})).await;
        assert_eq!(switched["channelStatus"], word);
    }
    assert_eq!(
        call("PUT", &sub("block"), none.clone()).await["channelStatus"],
        "FORCE_BLOCK"
    );
    assert_eq!(
        call("DELETE", &sub("block"), none.clone()).await["channelStatus"],
        "READY"
    );
    let events = call("GET", &sub("events"), none.clone()).await;
    assert_eq!(events[0]["eventCode"], "STREAM_RESERVE");

    let url = json!({"url": "http://127.0.0.1:9/hook"});
    assert_eq!(call("PUT", "/clients/1001/webhook", url.clone()).await, url);
    assert_eq!(
        call("GET", "/clients/1001/webhook", none.clone()).await,
        url
    );
    call(
        "PUT",
        &sub("encoder"),
        json!({"on": true, "keep_trying": true}),
    )
    .await;
    let webhooks = call("GET", "/clients/1001/webhooks", none.clone()).await;
    assert_eq!(webhooks[0]["body"]["event"], "PUBLISH_START");
    call("DELETE", "/clients/1001/webhooks", none.clone()).await;
    call("DELETE", "/clients/1001/webhook", none.clone()).await;

    let ways = json!({"not_found_status": 400, "gateway_clock": "machine"});
    let ways = call("PATCH", "/clients/1001/behaviour", ways).await;
    assert_eq!(
        call("GET", "/clients/1001/behaviour", none.clone()).await,
        ways
    );
    assert_eq!(
        (&ways["not_found_status"], &ways["policy_status"]),
        (&json!(400), &json!(403))
    );

    let fault = json!({"match": {"method": "GET"}, "do": {"kind": "status", "status": 500}});
    let fault = call("POST", "/faults", fault).await["id"].clone();
    assert_eq!(get(&sim, CHANNELS).await.status, 500);
    assert_eq!(call("GET", "/faults", none.clone()).await[0]["fired"], 1);
    call("DELETE", &format!("/faults/{fault}"), none.clone()).await;
    call("DELETE", "/faults", none.clone()).await;
    call("PUT", "/outage", json!({"outage": {"kind": "cut"}})).await;
    assert_eq!(
        call("GET", "/outage", none.clone()).await["outage"]["kind"],
        "cut"
    );
    call("DELETE", "/outage", none.clone()).await;
    assert_eq!(get(&sim, CHANNELS).await.status, 200);
    let calls = call(
        "GET",
        "/calls?method=GET&route=/api/v2/channels&client=1001",
        none.clone(),
    )
    .await;
    assert_eq!(calls.as_array().map(Vec::len), Some(2));
    let counts = call("GET", "/counts", none.clone()).await;
    assert_eq!(
        (&counts["last_call"], &counts["changing_calls"]),
        (&json!(2), &json!(0))
    );
    assert_eq!(counts["clients"][0]["channels_created"], 1);
    call("DELETE", "/calls", none.clone()).await;

    call("POST", &sub("reclaim"), none.clone()).await;
    let gone = call("GET", "/clients/1001/gone", none.clone()).await;
    assert_eq!(gone[0]["channelStatus"], "FORCE_DELETED");
    let other = call("POST", "/clients/1001/channels", json!({})).await;
    call(
        "DELETE",
        &format!("/channels/{}", other["channelId"].as_str().expect("an id")),
        none.clone(),
    )
    .await;
    let clients = call("GET", "/clients", none).await;
    assert_eq!(
        (&clients[0]["created"], &clients[0]["deleted"]),
        (&json!(2), &json!(2))
    );
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    let sim = start().await;
    let id = sim.create(1001, json!({})).expect("created");
    for (method, path, body, status) in [
        ("GET", "/nothing", Value::Null, 404),
        ("GET", "/channels/ls-none", Value::Null, 404),
        ("GET", "/records/1", Value::Null, 404),
        ("PATCH", "/channels/ls-none", json!({}), 404),
        ("DELETE", "/channels/ls-none", Value::Null, 404),
        ("PUT", "/channels/ls-none/block", Value::Null, 404),
        ("POST", "/channels/ls-none/reclaim", Value::Null, 404),
        ("POST", "/keys/revoke", json!({"access": "x"}), 404),
        (
            "POST",
            "/clients/1001/channels",
            json!({"channelName": "x"}),
            422,
        ),
        ("POST", "/clients/1001/channels", json!([]), 422),
        ("POST", "/clock", json!({"advance_seconds": -1}), 422),
        (
            "PATCH",
            "/clients/1001/behaviour",
            json!({"unheard": 1}),
            422,
        ),
        (
            "PUT",
            "/clients/1001/webhook",
            json!({"url": "https://a.example"}),
            422,
        ),
        ("PUT", "/outage", json!({"outage": {"kind": "refuse"}}), 422),
        ("PUT", "/channels/ls-none/encoder", json!({"on": true}), 404),
        (
            "PUT",
            &format!("/channels/{id}/encoder"),
            json!({"on": true}),
            409,
        ),
        (
            "PUT",
            &format!("/channels/{id}/on"),
            json!({"on": true}),
            422,
        ),
        (
            "PUT",
            &format!("/channels/{id}/recording"),
            json!({"on": true}),
            422,
        ),
    ] {
        let (said, body) = sim_call(&sim, method, path, body).await;
        assert_eq!(said, status, "{method} {path}: {body}");
        assert!(body["error"].is_string(), "{method} {path}: {body}");
    }
}
