//! The control over HTTP does what the functions do; counters; edits by hand.

use axum::body::Body;
use hyper::Request;
use serde_json::{Value, json};
use simulator::gcore::{Simulator, WorldError};

use crate::support::{
    CLIENT, STREAMS, bare, get, patch, post, remove, seen, send, start, start_with,
};

/// A call to the control: status and body.
async fn sim_call(sim: &Simulator, method: &str, path: &str, body: Value) -> (u16, Value) {
    let mut request: Request<Body> = bare(method, &format!("/_sim{path}"));
    if !body.is_null() {
        let json = "application/json".parse().expect("a header");
        request.headers_mut().insert("Content-Type", json);
        *request.body_mut() = Body::from(body.to_string());
    }
    let answer = send(sim, request).await.expect("an answer");
    let body = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    (answer.status, body)
}

#[tokio::test]
async fn every_route_of_the_control() {
    let sim = start().await;
    let none = Value::Null;
    let call = async |method: &str, path: &str, body: Value| {
        let (status, body) = sim_call(&sim, method, path, body).await;
        assert!(status < 300, "{method} {path}: {status} {body}");
        body
    };
    assert_eq!(call("GET", "/health", none.clone()).await["ok"], true);

    let before = call("GET", "/clock", none.clone()).await;
    assert_eq!(before["speed"], 0);
    let after = call("POST", "/clock", json!({"advance_seconds": 3600})).await;
    assert!(after["now"].as_str() > before["now"].as_str());

    let key = json!({"key": "second", "client": 2002, "role": "viewer", "expires_in_seconds": 5});
    assert_eq!(call("PUT", "/keys", key).await["number"], 2);
    call("POST", "/keys/revoke", json!({"key": "second"})).await;
    let keys = call("GET", "/keys", none.clone()).await;
    assert_eq!(keys[1]["revoked"], true);
    assert_eq!(keys[1]["role"], "viewer");

    let made = call(
        "POST",
        "/clients/1001/streams",
        json!({"name": "a", "active": true}),
    )
    .await;
    let id = made["id"].as_u64().expect("an id");
    assert_eq!(
        call("GET", "/clients/1001/streams", none.clone()).await,
        json!([made])
    );
    assert_eq!(
        call("GET", &format!("/streams/{id}"), none.clone()).await,
        made
    );
    let edited = call("PATCH", &format!("/streams/{id}"), json!({"name": "b"})).await;
    assert_eq!(edited["name"], "b");
    let encoder = json!({"primary": true, "protocol": "srt"});
    let live = call("PUT", &format!("/streams/{id}/encoder"), encoder).await;
    assert_eq!(live["live"], true);

    let ways = json!({"page_size": 2, "page_shift": {"after_page": 1, "how": "skip"}});
    let ways = call("PATCH", "/clients/1001/behaviour", ways).await;
    assert_eq!(
        (&ways["page_size"], &ways["strict"]),
        (&json!(2), &json!(true))
    );
    assert_eq!(
        call("GET", "/clients/1001/behaviour", none.clone()).await,
        ways
    );

    let fault =
        json!({"match": {"method": "GET"}, "times": 1, "do": {"kind": "status", "status": 500}});
    let fault = call("POST", "/faults", fault).await["id"].clone();
    assert_eq!(get(&sim, STREAMS).await.status, 500);
    let report = call("GET", "/faults", none.clone()).await;
    assert_eq!(
        (&report[0]["fired"], &report[0]["spent"]),
        (&json!(1), &json!(true))
    );
    call("DELETE", &format!("/faults/{fault}"), none.clone()).await;
    call("DELETE", "/faults", none.clone()).await;

    let outage = json!({"outage": {"kind": "status", "status": 503}});
    call("PUT", "/outage", outage).await;
    assert_eq!(get(&sim, STREAMS).await.status, 503);
    assert_eq!(
        call("GET", "/outage", none.clone()).await["outage"]["status"],
        503
    );
    call("DELETE", "/outage", none.clone()).await;
    assert_eq!(get(&sim, STREAMS).await.status, 200);

    let calls = call("GET", "/calls?method=GET&client=1001&after=1", none.clone()).await;
    assert_eq!(calls.as_array().map(Vec::len), Some(2));
    let counts = call("GET", "/counts", none.clone()).await;
    assert_eq!(
        (&counts["last_call"], &counts["changing_calls"]),
        (&json!(3), &json!(0))
    );
    assert_eq!(counts["clients"][0]["streams_created"], 1);
    call("DELETE", "/calls", none.clone()).await;
    assert!(sim.calls().is_empty());

    call("DELETE", &format!("/streams/{id}"), none.clone()).await;
    let clients = call("GET", "/clients", none).await;
    assert_eq!(
        (&clients[0]["created"], &clients[0]["deleted"]),
        (&json!(1), &json!(1))
    );
}

#[tokio::test]
async fn the_routes_for_broadcasts_recordings_videos_and_webhooks() {
    let sim = start().await;
    let none = Value::Null;
    let call = async |method: &str, path: &str, body: Value| {
        let (status, body) = sim_call(&sim, method, path, body).await;
        assert!(status < 300, "{method} {path}: {status} {body}");
        body
    };
    let fields = json!({"name": "a", "status": "pending"});
    let broadcast = call("POST", "/clients/1001/broadcasts", fields).await;
    let path = format!("/broadcasts/{}", broadcast["id"]);
    assert_eq!(call("GET", &path, none.clone()).await, broadcast);
    let listed = call("GET", "/clients/1001/broadcasts", none.clone()).await;
    assert_eq!(listed, json!([broadcast]));
    let live = call("PATCH", &path, json!({"status": "live"})).await;
    assert_eq!(live["status"], "live");
    call("DELETE", &path, none.clone()).await;
    assert!(sim.broadcasts(1001).is_empty());

    let hook = call("GET", "/clients/1001/webhook", none.clone()).await;
    assert_eq!(hook, json!({"url": null}));
    let url = json!({"url": "http://127.0.0.1:1/hook"});
    assert_eq!(call("PUT", "/clients/1001/webhook", url.clone()).await, url);

    let stream = sim.create(1001, json!({"name": "a", "active": true}));
    let stream = stream.expect("created");
    sim.set_live(stream, true).expect("taken");
    let recording = format!("/streams/{stream}/recording");
    let started = call("PUT", &recording, json!({"on": true})).await;
    assert_eq!(started, json!({"video": null}));
    call("POST", "/clock", json!({"advance_seconds": 65})).await;
    call(
        "POST",
        "/clients/1001/next_video",
        json!({"fate": "viewable_with_error"}),
    )
    .await;
    let stopped = call("PUT", &recording, json!({"on": false})).await;
    let path = format!("/videos/{}", stopped["video"]);
    call("POST", "/clock", json!({"advance_seconds": 65})).await;
    let video = call("GET", &path, none.clone()).await;
    assert_eq!(
        (&video["status"], video["error"].is_string()),
        (&json!("viewable"), true)
    );
    let of = call("GET", &format!("/streams/{stream}/videos"), none.clone()).await;
    assert_eq!(of, json!([video]));
    let storage = call("GET", "/clients/1001/storage", none.clone()).await;
    assert_eq!(
        storage,
        json!({"used_minutes": 1.0, "limit_minutes": 100_000.0})
    );
    let other = call("POST", "/clients/1001/videos", json!({"status": "pending"})).await;
    let listed = call("GET", "/clients/1001/videos", none.clone()).await;
    assert_eq!(listed, json!([video, other]));
    let edited = call("PATCH", &path, json!({"error": null})).await;
    assert_eq!(edited["error"], Value::Null);
    call("DELETE", &path, none.clone()).await;
    assert_eq!(sim.videos(1001), [other]);

    call("DELETE", "/clients/1001/webhook", none.clone()).await;
    let told = call("GET", "/clients/1001/webhooks", none.clone()).await;
    let types: Vec<&Value> = told
        .as_array()
        .expect("a list")
        .iter()
        .map(|webhook| &webhook["body"]["type"])
        .collect();
    // Live, playable, recording, stopped; pending and viewable; gone.
    let (s, v) = ("stream", "video");
    assert_eq!(types, [s, s, s, s, v, v, "video_delete"]);
    assert!(told[0]["delivery"]["kind"].is_string());
    call("DELETE", "/clients/1001/webhooks", none.clone()).await;
    assert!(sim.webhooks_sent(1001).is_empty());
    let clients = call("GET", "/clients", none.clone()).await;
    assert_eq!(
        (&clients[0]["broadcasts"], &clients[0]["videos"]),
        (&json!(0), &json!(1))
    );
    let counts = call("GET", "/counts", none).await;
    assert_eq!(counts["clients"][0]["broadcasts_created"], 1);
}

#[tokio::test]
async fn the_control_says_what_it_does_not_take() {
    let sim = start().await;
    let id = sim.create(CLIENT, json!({"name": "a"})).expect("created");
    for (method, path, body, status) in [
        ("GET", "/nothing".to_owned(), Value::Null, 404),
        ("GET", "/streams/7".to_owned(), Value::Null, 404),
        ("PATCH", "/streams/7".to_owned(), json!({"name": "b"}), 404),
        ("PATCH", format!("/streams/{id}"), json!([]), 422),
        (
            "PUT",
            format!("/streams/{id}/encoder"),
            json!({"primary": true}),
            409,
        ),
        (
            "PUT",
            format!("/streams/{id}/encoder"),
            json!({"primry": true}),
            422,
        ),
        ("POST", "/clients/1001/streams".to_owned(), json!({}), 422),
        ("GET", "/broadcasts/7".to_owned(), Value::Null, 404),
        ("PATCH", "/broadcasts/7".to_owned(), json!({}), 404),
        ("DELETE", "/broadcasts/7".to_owned(), Value::Null, 404),
        (
            "POST",
            "/clients/1001/broadcasts".to_owned(),
            json!({"name": "a"}),
            422,
        ),
        ("GET", "/videos/7".to_owned(), Value::Null, 404),
        ("PATCH", "/videos/7".to_owned(), json!({}), 404),
        ("DELETE", "/videos/7".to_owned(), Value::Null, 404),
        ("POST", "/clients/1001/videos".to_owned(), json!([]), 422),
        (
            "PUT",
            "/streams/7/recording".to_owned(),
            json!({"on": true}),
            404,
        ),
        (
            "PUT",
            format!("/streams/{id}/recording"),
            json!({"on": true}),
            422,
        ),
        (
            "POST",
            "/clients/1001/next_video".to_owned(),
            json!({"fate": "unknown"}),
            422,
        ),
        (
            "PUT",
            "/clients/1001/webhook".to_owned(),
            json!({"url": "https://a.example"}),
            422,
        ),
        (
            "PATCH",
            "/clients/1001/behaviour".to_owned(),
            json!({"pagesize": 3}),
            422,
        ),
        (
            "POST",
            "/faults".to_owned(),
            json!({"do": {"kind": "magic"}}),
            422,
        ),
        (
            "PUT",
            "/outage".to_owned(),
            json!({"outage": {"kind": "refuse"}}),
            422,
        ),
        (
            "POST",
            "/keys/revoke".to_owned(),
            json!({"key": "unknown"}),
            404,
        ),
        (
            "POST",
            "/clock".to_owned(),
            json!({"advance_seconds": -1}),
            422,
        ),
    ] {
        let (got, said) = sim_call(&sim, method, &path, body).await;
        assert_eq!(got, status, "{method} {path}: {said}");
        assert!(said["error"].is_string(), "{method} {path}: {said}");
    }
    assert!(sim.calls().is_empty(), "the control is not the API");
}

#[tokio::test]
async fn edits_by_hand_go_past_every_check() {
    let sim = start().await;
    let id = sim.create(CLIENT, json!({"name": "a"})).expect("created");
    let fields = json!({
        "client_entity_data": "x".repeat(5000), "dvr_duration": 1, "token": "abc",
        "created_at": "2022-01-01T00:00:00.000Z", "recording": true, "brand_new": [1],
    });
    sim.edit(id, fields).expect("edited");
    let stream = seen(&sim, id).await;
    assert_eq!(
        stream["client_entity_data"].as_str().map(str::len),
        Some(5000)
    );
    assert_eq!(stream["dvr_duration"], 1);
    assert!(
        stream["push_url"]
            .as_str()
            .expect("a URL")
            .ends_with("?abc")
    );
    assert_eq!(stream["created_at"], "2022-01-01T00:00:00.000Z");
    assert_eq!(
        (&stream["recording"], &stream["brand_new"]),
        (&json!(true), &json!([1]))
    );

    // Even what no call could set; a call puts it right again.
    sim.edit(id, json!({"client_entity_data": {"not": "a text"}}))
        .expect("edited");
    assert!(seen(&sim, id).await["client_entity_data"].is_object());
    patch(&sim, id, json!({"stream": {"client_entity_data": "mark"}})).await;
    assert_eq!(sim.streams_marked(CLIENT, "mark").len(), 1);

    assert_eq!(sim.edit(7, json!({})), Err(WorldError::NoSuchStream(7)));
    assert!(matches!(
        sim.edit(id, json!(1)),
        Err(WorldError::Malformed(_))
    ));
    assert!(matches!(
        sim.create(CLIENT, json!({})),
        Err(WorldError::Refused(_))
    ));
    assert!(sim.remove(id) && !sim.remove(id));
}

#[tokio::test]
async fn every_call_is_written_down_and_counted() {
    let sim = start().await;
    let made = post(&sim, STREAMS, json!({"name": "a"})).await.json();
    let id = made["id"].as_u64().expect("an id");
    post(&sim, STREAMS, json!({})).await;
    let mark = sim.last_call();
    get(&sim, &format!("{STREAMS}?page=1")).await;
    patch(&sim, id, json!({"stream": {"name": "b"}})).await;
    remove(&sim, id).await;
    send(&sim, bare("GET", STREAMS)).await.expect("an answer");

    let calls = sim.calls();
    let short: Vec<_> = calls
        .iter()
        .map(|c| {
            (
                c.seq,
                c.method.as_str(),
                c.route.as_str(),
                c.status,
                c.applied,
            )
        })
        .collect();
    let one = "/streaming/streams/{id}";
    assert_eq!(
        short,
        [
            (1, "POST", STREAMS, Some(200), true),
            (2, "POST", STREAMS, Some(422), false),
            (3, "GET", STREAMS, Some(200), false),
            (4, "PATCH", one, Some(200), true),
            (5, "DELETE", one, Some(204), true),
            (6, "GET", STREAMS, Some(401), false),
        ]
    );
    assert_eq!(calls[2].query.as_deref(), Some("page=1"));
    assert_eq!(calls[3].body, Some(json!({"stream": {"name": "b"}})));
    assert_eq!(calls[3].id, Some(id.to_string()));
    assert_eq!((calls[4].client, calls[5].client), (Some(CLIENT), None));
    assert_eq!(sim.calls_after(mark).len(), 4);
    assert_eq!(
        (sim.count("POST", STREAMS), sim.count("GET", STREAMS)),
        (2, 2)
    );
    assert_eq!((sim.changing_calls(), sim.count_status(401)), (4, 1));
    let peak = sim.peak_per_second(CLIENT);
    assert!((1..=5).contains(&peak));
    assert_eq!(sim.connections().accepted, 6);
}

#[tokio::test]
async fn the_journal_forgets_and_the_counts_do_not() {
    let sim = start_with(simulator::gcore::Options {
        journal: 3,
        ..Default::default()
    })
    .await;
    for _ in 0..5 {
        get(&sim, STREAMS).await;
    }
    let seqs: Vec<u64> = sim.calls().iter().map(|call| call.seq).collect();
    assert_eq!((seqs, sim.count("GET", STREAMS)), (vec![3, 4, 5], 5));
}
