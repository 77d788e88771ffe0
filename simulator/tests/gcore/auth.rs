//! Who may call, and what others are told.

use std::time::Duration;

use serde_json::{Value, json};
use simulator::gcore::{KeyChange, Role};

use crate::support::{CLIENT, KEY, STREAMS, bare, get, patch, post, remove, send, start};

const NO_HEADER: &str = "Authentication credentials were not provided.";
const NOT_VALID: &str = "Given token not valid for any token type";

#[tokio::test]
async fn the_authorization_header() {
    let sim = start().await;
    sim.set_key(&KeyChange {
        key: "revoked".into(),
        client: CLIENT,
        revoked: true,
        ..KeyChange::default()
    });
    sim.set_key(&KeyChange {
        key: "expired".into(),
        client: CLIENT,
        expires_in_seconds: Some(0.0),
        ..KeyChange::default()
    });
    let good = |scheme: &str| Some(format!("{scheme} {KEY}"));
    let table = [
        (good("APIKey"), 200, ""),
        (good("apikey"), 200, ""),
        (good("ApiKey"), 200, ""),
        (None, 401, NO_HEADER),
        (good("Bearer"), 401, NOT_VALID),
        (good("Basic"), 401, NOT_VALID),
        (Some(KEY.into()), 401, NOT_VALID),
        (Some("APIKey".into()), 401, NOT_VALID),
        (Some("APIKey unknown".into()), 401, NOT_VALID),
        (Some("APIKey revoked".into()), 401, NOT_VALID),
        (Some("APIKey expired".into()), 401, NOT_VALID),
    ];
    for (header, status, detail) in table {
        for path in ["/iam/clients/me", STREAMS, "/streaming/streams/1"] {
            let mut request = bare("GET", path);
            if let Some(header) = &header {
                let value = header.parse().expect("a header");
                request.headers_mut().insert("Authorization", value);
            }
            let answer = send(&sim, request).await.expect("an answer");
            if status == 401 {
                assert_eq!(answer.status, 401, "{header:?} {path}");
                assert_eq!(answer.json()["detail"], detail, "{header:?}");
            } else {
                assert_ne!(answer.status, 401, "{header:?} {path}");
            }
        }
    }
}

#[tokio::test]
async fn whose_key_it_is() {
    let sim = start().await;
    let me = get(&sim, "/iam/clients/me").await;
    assert_eq!((me.status, &me.json()["id"]), (200, &json!(CLIENT)));
    sim.add_key(KEY, 2002);
    assert_eq!(get(&sim, "/iam/clients/me").await.json()["id"], 2002);
}

#[tokio::test]
async fn a_key_dies_when_its_time_comes() {
    let sim = start().await;
    sim.set_key(&KeyChange {
        key: KEY.into(),
        client: CLIENT,
        expires_in_seconds: Some(60.0),
        ..KeyChange::default()
    });
    assert_eq!(get(&sim, STREAMS).await.status, 200);
    sim.advance(Duration::from_mins(1));
    assert_eq!(get(&sim, STREAMS).await.status, 401);
    sim.add_key(KEY, CLIENT);
    assert_eq!(get(&sim, STREAMS).await.status, 200);
    assert!(sim.revoke_key(KEY) && !sim.revoke_key("unknown"));
    assert_eq!(get(&sim, STREAMS).await.status, 401);
}

#[tokio::test]
async fn a_viewer_only_reads() {
    let sim = start().await;
    let id = sim.create(CLIENT, json!({"name": "a"})).expect("created");
    sim.set_key(&KeyChange {
        key: KEY.into(),
        client: CLIENT,
        role: Role::Viewer,
        ..KeyChange::default()
    });
    assert_eq!(get(&sim, STREAMS).await.status, 200);
    let refused = [
        post(&sim, STREAMS, json!({"name": "b"})).await,
        patch(&sim, id, json!({"stream": {"name": "b"}})).await,
        remove(&sim, id).await,
        post(&sim, &format!("{STREAMS}/{id}/reset_push_token"), json!({})).await,
    ];
    for answer in refused {
        assert_eq!(answer.status, 403);
        assert!(answer.json()["detail"].is_string());
    }
    assert_eq!(
        (sim.created_total(CLIENT), sim.deleted_total(CLIENT)),
        (1, 0)
    );
}

#[tokio::test]
async fn each_client_has_a_world_of_its_own() {
    let sim = start().await;
    sim.add_key("other", 2002);
    let theirs = sim
        .create(2002, json!({"name": "theirs"}))
        .expect("created");
    assert_eq!(get(&sim, STREAMS).await.json(), json!([]));
    assert_eq!(get(&sim, &format!("{STREAMS}/{theirs}")).await.status, 404);
    assert_eq!(remove(&sim, theirs).await.status, 404);
    assert_eq!(sim.streams(2002).len(), 1);
    let clients: Vec<(u64, u64)> = sim.clients().iter().map(|c| (c.id, c.created)).collect();
    assert_eq!(clients, [(CLIENT, 0), (2002, 1)]);
}

#[tokio::test]
async fn calls_name_the_key_by_its_number_only() {
    let sim = start().await;
    let second = sim.add_key("other", CLIENT);
    get(&sim, STREAMS).await;
    let mut request = bare("GET", STREAMS);
    let value = "APIKey other".parse().expect("a header");
    request.headers_mut().insert("Authorization", value);
    send(&sim, request).await.expect("an answer");
    let calls = sim.calls();
    let keys: Vec<_> = calls.iter().map(|call| call.key).collect();
    assert_eq!((keys, second), (vec![Some(1), Some(2)], 2));
    let said: Value = serde_json::to_value((&calls, sim.keys())).expect("JSON");
    assert!(!said.to_string().contains("abcdef"));
}
