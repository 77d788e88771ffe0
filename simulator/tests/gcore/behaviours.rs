//! How the provider may behave within its documents, and make life hard.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    CLIENT, STREAMS, bare, get, page, patch, post, remove, seen, send, soon, start,
};

const MINUTE: Duration = Duration::from_mins(1);
const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_new_stream_is_hidden_for_a_time() {
    let sim = start().await;
    sim.behaviour(CLIENT, |ways| {
        ways.hide_new_from_list_seconds = 60.0;
        ways.hide_new_from_get_seconds = 30.0;
    });
    let made = post(&sim, STREAMS, json!({"name": "a"})).await;
    assert_eq!(made.status, 200);
    let id = made.json()["id"].as_u64().expect("an id");
    let path = format!("{STREAMS}/{id}");
    let state = async || (get(&sim, &path).await.status, page(&sim, 1).await.len());
    assert_eq!(state().await, (404, 0));
    assert_eq!(
        patch(&sim, id, json!({"stream": {"name": "b"}}))
            .await
            .status,
        404
    );
    sim.advance(29 * SECOND);
    assert_eq!(state().await, (404, 0));
    sim.advance(SECOND);
    assert_eq!(state().await, (200, 0));
    sim.advance(29 * SECOND);
    assert_eq!(state().await, (200, 0));
    sim.advance(SECOND);
    assert_eq!(state().await, (200, 1));
    assert_eq!(
        sim.streams(CLIENT).len(),
        1,
        "never hidden from the control"
    );
}

#[tokio::test]
async fn lists_lag_behind_changes_and_deletions() {
    let sim = start().await;
    let id = sim.create(CLIENT, json!({"name": "old"})).expect("created");
    sim.behaviour(CLIENT, |ways| ways.stale_list_seconds = 60.0);
    let names = async || {
        let items = get(&sim, STREAMS).await.json();
        let items = items.as_array().expect("a bare array").clone();
        items
            .iter()
            .map(|item| item["name"].clone())
            .collect::<Vec<Value>>()
    };
    patch(&sim, id, json!({"stream": {"name": "new"}})).await;
    assert_eq!(
        (names().await, &seen(&sim, id).await["name"]),
        (vec![json!("old")], &json!("new"))
    );
    sim.advance(MINUTE);
    assert_eq!(names().await, ["new"]);
    // What was shown late once is not shown again later.
    for name in ["one", "two", "three"] {
        patch(&sim, id, json!({"stream": {"name": name}})).await;
        sim.advance(MINUTE);
    }
    patch(&sim, id, json!({"stream": {"name": "new"}})).await;
    assert_eq!(names().await, ["three"]);
    sim.advance(MINUTE);
    remove(&sim, id).await;
    assert_eq!(names().await, ["new"]);
    assert_eq!(get(&sim, &format!("{STREAMS}/{id}")).await.status, 404);
    sim.advance(MINUTE);
    assert!(names().await.is_empty());
}

#[tokio::test]
async fn too_many_calls_in_a_second() {
    let sim = start().await;
    sim.behaviour(CLIENT, |ways| ways.calls_per_second = Some(1));
    // On a slow machine a second may pass between two calls; not between all of them.
    soon(async { while get(&sim, STREAMS).await.status != 429 {} }).await;
    sim.behaviour(CLIENT, |ways| ways.calls_per_second = Some(0));
    assert_eq!(get(&sim, STREAMS).await.header("Retry-After"), None);
    for value in ["7", "Wed, 21 Oct 2099 07:28:00 GMT", "-1", "soon"] {
        sim.behaviour(CLIENT, |ways| ways.retry_after = Some(value.into()));
        let answer = post(&sim, STREAMS, json!({"name": "a"})).await;
        assert_eq!(
            (answer.status, answer.header("Retry-After")),
            (429, Some(value))
        );
    }
    assert_eq!(sim.created_total(CLIENT), 0);
    sim.add_key("other", 2002);
    let mut request = bare("GET", STREAMS);
    let value = "APIKey other".parse().expect("a header");
    request.headers_mut().insert("Authorization", value);
    assert_eq!(send(&sim, request).await.expect("an answer").status, 200);
}

#[tokio::test]
async fn values_that_come_back_otherwise() {
    let sim = start().await;
    let [a, b, c] = ["a", "b", "c"].map(|name| {
        let broadcast = json!({"name": name, "status": "pending"});
        sim.create_broadcast(CLIENT, broadcast).expect("created")
    });
    sim.behaviour(CLIENT, |ways| {
        ways.trim_names = true;
        ways.null_means_default = true;
        ways.empty_means_null = true;
        ways.sort_arrays = true;
        ways.round_dvr = 60;
        ways.ignore_fields = vec!["html_overlay".into(), "projection".into()];
    });
    let body = json!({
        "name": "  keynote ", "active": null, "client_entity_data": "", "uri": "",
        "broadcast_ids": [c, a, b], "dvr_duration": 119,
        "html_overlay": true, "projection": "nonsense",
    });
    let made = post(&sim, STREAMS, body.clone()).await;
    assert_eq!(made.status, 200);
    let made = made.json();
    let id = made["id"].as_u64().expect("an id");
    let changed = patch(&sim, id, json!({"stream": body})).await.json();
    sim.behaviour(CLIENT, |ways| ways.omit_nulls = true);
    let short = seen(&sim, id).await;
    assert!(short.get("uri").is_none() && short.get("name").is_some());
    for stream in [made, changed] {
        for (field, value) in [
            ("name", json!("keynote")),
            ("active", json!(false)),
            ("client_entity_data", Value::Null),
            ("uri", Value::Null),
            ("broadcast_ids", json!([a, b, c])),
            ("dvr_duration", json!(60)),
            ("html_overlay", json!(false)),
            ("projection", json!("regular")),
        ] {
            assert_eq!(stream[field], value, "{field}");
        }
    }
}
