//! Broadcasts: fields, answers, and the link with streams.

use std::time::Duration;

use serde_json::{Value, json};
use simulator::faults::{Action, Fault};
use simulator::gcore::{Behaviour, BroadcastAnswer, Simulator, UnknownIds, WorldError};

use crate::support::{
    BROADCASTS, CLIENT, STREAMS, call, get, patch, post, remove, send, start, with_key,
};

async fn make(sim: &Simulator, fields: Value) -> u64 {
    let mut broadcast = json!({"name": "a", "status": "pending"});
    if let (Some(all), Value::Object(fields)) = (broadcast.as_object_mut(), fields) {
        all.extend(fields);
    }
    let answer = post(sim, BROADCASTS, json!({"broadcast": broadcast})).await;
    assert_eq!(answer.status, 200);
    answer.json()["id"].as_u64().expect("an id")
}

async fn change(sim: &Simulator, id: u64, fields: Value) -> crate::support::Answer {
    let path = format!("{BROADCASTS}/{id}");
    call(sim, "PATCH", &path, json!({"broadcast": fields})).await
}

fn stream(sim: &Simulator, name: &str) -> u64 {
    sim.create(CLIENT, json!({"name": name})).expect("created")
}

fn ids(object: Option<Value>, field: &str) -> Vec<u64> {
    let object = object.expect("there");
    let ids = object[field].as_array().expect("a list");
    ids.iter().map(|id| id.as_u64().expect("an id")).collect()
}

#[tokio::test]
async fn a_broadcast_with_what_it_needs_shows_every_default() {
    let sim = start().await;
    let answer = post(
        &sim,
        BROADCASTS,
        json!({"broadcast": {"name": "keynote", "status": "pending"}}),
    )
    .await;
    assert_eq!(answer.status, 200);
    let broadcast = answer.json();
    let id = broadcast["id"].as_u64().expect("an id");
    let player = format!("https://player.gvideo.co/broadcasts/{CLIENT}_{id}");
    let fields = json!({
        "id": id,
        "client_id": CLIENT,
        "client_user_id": null,
        "name": "keynote",
        "status": "pending",
        "stream_ids": [],
        "share_url": "",
        "custom_iframe_url": "",
        "show_dvr_after_finish": false,
        "pending_message": "Broadcast isn't started yet",
        "ad_id": null,
        "player_id": null,
        "poster": null,
        "poster_thumb": null,
        "custom_messages": {},
        "iframe_url": player,
        "iframe_embed_code": format!(
            "<iframe width=\"560\" height=\"315\" src=\"{player}\" frameborder=\"0\" allowfullscreen></iframe>"
        ),
    });
    assert_eq!(broadcast, fields);
    assert_eq!(sim.broadcast(id), Some(fields.clone()));
    assert_eq!(
        get(&sim, &format!("{BROADCASTS}/{id}")).await.json(),
        fields
    );
    assert_eq!(get(&sim, BROADCASTS).await.json(), json!([fields]));
    let posted = change(&sim, id, json!({"poster": "data:image/jpeg;base64,AA"}))
        .await
        .json();
    assert!(posted["poster"].is_string() && posted["poster_thumb"].is_string());
}

/// Field, value, what 422 says about it, and how it comes back where it is taken.
fn values() -> Vec<(&'static str, Value, Option<&'static str>, Value)> {
    let taken = |field, value: Value| (field, value.clone(), None, value);
    let refused = |field, value, message| (field, value, Some(message), Value::Null);
    let blank = "can't be blank";
    let listed = "is not included in the list";
    vec![
        taken("name", json!("キーノート")),
        refused("name", json!(" "), blank),
        refused("name", Value::Null, blank),
        refused("name", json!(1), "is invalid"),
        taken("status", json!("live")),
        taken("status", json!("paused")),
        taken("status", json!("finished")),
        ("status", json!("Pending"), None, json!("pending")),
        ("status", json!("LIVE"), None, json!("live")),
        refused("status", json!(""), blank),
        refused("status", Value::Null, blank),
        refused("status", json!("on air"), listed),
        refused("status", json!(2), listed),
        taken("share_url", json!("https://a.example")),
        refused("share_url", Value::Null, "is invalid"),
        taken("custom_iframe_url", json!("https://a.example")),
        taken("show_dvr_after_finish", json!(true)),
        refused("show_dvr_after_finish", json!("yes"), "is invalid"),
        taken("pending_message", json!("Soon")),
        taken("ad_id", json!(7)),
        taken("ad_id", Value::Null),
        refused("ad_id", json!("7"), "is not a number"),
        taken("player_id", json!(7)),
        refused("stream_ids", Value::Null, "is invalid"),
        refused("stream_ids", json!(["7"]), "is not a number"),
        refused("stream_ids", json!([7]), "not found: 7"),
        refused("stream_ids", json!([-7]), "not found: -7"),
    ]
}

#[tokio::test]
async fn types_and_limits_of_every_field() {
    let sim = start().await;
    for (field, value, refusal, shown) in values() {
        let mut body = json!({"name": "keynote", "status": "pending"});
        body[field] = value.clone();
        let created = post(&sim, BROADCASTS, json!({"broadcast": body})).await;
        let id = make(&sim, json!({})).await;
        let before = sim.broadcast(id);
        let changed = change(&sim, id, json!({field: value})).await;
        for answer in [created, changed] {
            match refusal {
                None => {
                    assert_eq!(answer.status, 200, "{field} {value}");
                    assert_eq!(answer.json()[field], shown, "{field}");
                }
                Some(message) => {
                    assert_eq!(answer.status, 422, "{field} {value}");
                    assert_eq!(answer.json(), json!({"errors": {field: [message]}}));
                }
            }
        }
        if refusal.is_some() {
            assert_eq!(sim.broadcast(id), before, "{field} {value}");
        }
    }
}

#[tokio::test]
async fn name_and_status_are_needed_to_create_only() {
    let sim = start().await;
    let blank = json!(["can't be blank"]);
    for (fields, errors) in [
        (json!({}), json!({"name": blank, "status": blank})),
        (json!({"name": "a"}), json!({"status": blank})),
        (json!({"status": "live"}), json!({"name": blank})),
    ] {
        let answer = post(&sim, BROADCASTS, json!({"broadcast": fields})).await;
        assert_eq!(
            (answer.status, answer.json()),
            (422, json!({"errors": errors}))
        );
        assert!(matches!(
            sim.create_broadcast(CLIENT, fields),
            Err(WorldError::Refused(_))
        ));
    }
    assert_eq!(sim.broadcasts_created(CLIENT), 0);
    let id = make(&sim, json!({"share_url": "x"})).await;
    let changed = change(&sim, id, json!({"status": "finished"})).await.json();
    assert_eq!(
        (&changed["name"], &changed["share_url"]),
        (&json!("a"), &json!("x"))
    );
    // No document forbids it.
    assert_eq!(
        change(&sim, id, json!({"status": "live"})).await.status,
        200
    );
}

#[tokio::test]
async fn the_shapes_of_bodies() {
    let flat = json!({"name": "new", "status": "live"});
    let wrapped = json!({"broadcast": flat});
    for (strict, body, status) in [
        (true, &flat, 400),
        (true, &wrapped, 200),
        (false, &flat, 200),
        (false, &wrapped, 200),
    ] {
        let sim = start().await;
        sim.behaviour(CLIENT, |ways| ways.strict = strict);
        let old = json!({"name": "old", "status": "pending"});
        let id = sim.create_broadcast(CLIENT, old).expect("created");
        let path = format!("{BROADCASTS}/{id}");
        for (method, path) in [("POST", BROADCASTS), ("PATCH", path.as_str())] {
            let answer = call(&sim, method, path, body.clone()).await;
            assert_eq!(answer.status, status, "strict {strict}, {method} {body}");
            if status == 400 {
                let message = "param is missing or the value is empty: broadcast";
                assert_eq!(answer.json(), json!({"status": 400, "error": message}));
            }
        }
        assert_eq!(
            sim.broadcast(id).expect("there")["name"] == "new",
            status == 200
        );
    }
}

#[tokio::test]
async fn what_is_not_there_and_deletion() {
    let sim = start().await;
    let missing = json!({"status": 404, "error": "Broadcast not found"});
    for (method, path) in [
        ("GET", "/7"),
        ("PATCH", "/7"),
        ("DELETE", "/7"),
        ("GET", "/7/spectators"),
        ("GET", "/null"),
    ] {
        let answer = call(
            &sim,
            method,
            &format!("{BROADCASTS}{path}"),
            json!({"broadcast": {}}),
        )
        .await;
        assert_eq!(
            (answer.status, answer.json()),
            (404, missing.clone()),
            "{method} {path}"
        );
    }
    let id = make(&sim, json!({})).await;
    let path = format!("{BROADCASTS}/{id}");
    assert_eq!(call(&sim, "PUT", &path, Value::Null).await.status, 405);
    // Another client's.
    sim.add_key("other", 2002);
    let mut request = with_key("GET", &path, None);
    let other = "APIKey other".parse().expect("a header");
    request.headers_mut().insert("Authorization", other);
    assert_eq!(send(&sim, request).await.expect("an answer").status, 404);

    let spectators = format!("{path}/spectators");
    assert_eq!(
        get(&sim, &spectators).await.json(),
        json!({"spectators_count": 0})
    );
    sim.edit_broadcast(id, json!({"spectators_count": 12}))
        .expect("edited");
    assert_eq!(
        get(&sim, &spectators).await.json(),
        json!({"spectators_count": 12})
    );
    assert!(
        get(&sim, &path)
            .await
            .json()
            .get("spectators_count")
            .is_none()
    );

    let gone = call(&sim, "DELETE", &path, Value::Null).await;
    assert_eq!((gone.status, gone.body.len()), (204, 0));
    assert_eq!(call(&sim, "DELETE", &path, Value::Null).await.status, 404);
    assert_eq!(
        (
            sim.broadcasts_created(CLIENT),
            sim.broadcasts_deleted(CLIENT)
        ),
        (1, 1)
    );
    assert!(make(&sim, json!({})).await > id, "ids never come back");
}

#[tokio::test]
async fn the_answer_to_a_create_and_the_list_may_lack_the_id() {
    for (how, length, id_shown) in [
        (BroadcastAnswer::Whole, true, true),
        (BroadcastAnswer::WithoutId, true, false),
        (BroadcastAnswer::Empty, false, false),
    ] {
        let sim = start().await;
        sim.behaviour(CLIENT, |ways| {
            ways.broadcast_answer = how;
            ways.broadcasts_without_id = true;
        });
        let stream = stream(&sim, "a");
        let body = json!({"broadcast": {"name": "a", "status": "live", "stream_ids": [stream]}});
        let answer = post(&sim, BROADCASTS, body).await;
        assert_eq!((answer.status, !answer.body.is_empty()), (200, length));
        if length {
            assert_eq!(answer.json().get("id").is_some(), id_shown);
            assert_eq!(answer.json()["name"], "a");
        }
        let listed = get(&sim, BROADCASTS).await.json();
        assert_eq!(
            (&listed[0]["name"], listed[0].get("id")),
            (&json!("a"), None)
        );
        // Its stream knows it, and by id it tells its own.
        let id = ids(sim.stream(stream), "broadcast_ids")[0];
        assert_eq!(
            get(&sim, &format!("{BROADCASTS}/{id}")).await.json()["id"],
            id
        );
    }
}

#[tokio::test]
async fn twenty_five_a_page() {
    let sim = start().await;
    let mut made: Vec<u64> = Vec::new();
    for n in 0..30 {
        let broadcast = json!({"name": format!("b {n}"), "status": "pending"});
        made.push(sim.create_broadcast(CLIENT, broadcast).expect("created"));
    }
    made.reverse();
    let page = async |page: u64| {
        let items = get(&sim, &format!("{BROADCASTS}?page={page}")).await.json();
        let items = items.as_array().expect("a bare array").clone();
        items
            .iter()
            .map(|b| b["id"].as_u64().expect("an id"))
            .collect::<Vec<u64>>()
    };
    assert_eq!(
        (page(1).await, page(2).await),
        (made[..25].to_vec(), made[25..].to_vec())
    );
    assert_eq!(page(3).await, [0_u64; 0]);
    assert_eq!(get(&sim, "/streaming/broadcasts?page=0").await.status, 400);

    // Lists of broadcasts lag and mislead as those of streams do.
    sim.behaviour(CLIENT, |ways| {
        ways.hide_new_from_list_seconds = 60.0;
        ways.hide_new_from_get_seconds = 30.0;
        ways.stale_list_seconds = 60.0;
        ways.page_size = 100;
    });
    sim.advance(Duration::from_mins(1));
    let new = make(&sim, json!({})).await;
    change(&sim, made[0], json!({"name": "changed"})).await;
    call(
        &sim,
        "DELETE",
        &format!("{BROADCASTS}/{}", made[1]),
        Value::Null,
    )
    .await;
    assert_eq!(page(1).await, made);
    assert_eq!(get(&sim, BROADCASTS).await.json()[0]["name"], "b 29");
    assert_eq!(get(&sim, &format!("{BROADCASTS}/{new}")).await.status, 404);
    sim.advance(Duration::from_mins(1));
    let now = page(1).await;
    assert_eq!((now.len(), now[0]), (30, new));
    assert_eq!(get(&sim, BROADCASTS).await.json()[1]["name"], "changed");
    // What a stream's side does to them, too.
    let stream = stream(&sim, "a");
    let link = json!({"stream": {"broadcast_ids": [made[2]]}});
    sim.advance(Duration::from_mins(1));
    patch(&sim, stream, link).await;
    let ids = async || get(&sim, BROADCASTS).await.json()[2]["stream_ids"].clone();
    assert_eq!(ids().await, json!([]));
    sim.advance(Duration::from_mins(1));
    assert_eq!(ids().await, json!([stream]));
    remove(&sim, stream).await;
    assert_eq!(ids().await, json!([stream]));
    sim.advance(Duration::from_mins(1));
    assert_eq!(ids().await, json!([]));
    sim.behaviour(CLIENT, |ways| ways.empty_lists = true);
    assert_eq!(page(1).await, [0_u64; 0]);
}

#[tokio::test]
async fn both_sides_of_the_link_can_be_written() {
    let sim = start().await;
    let [a, b, c] = ["a", "b", "c"].map(|name| stream(&sim, name));
    let first = make(&sim, json!({"stream_ids": [c, a, c]})).await;
    assert_eq!(
        ids(sim.broadcast(first), "stream_ids"),
        [c, a],
        "in order, each once"
    );
    assert_eq!(ids(sim.stream(a), "broadcast_ids"), [first]);

    let second = make(&sim, json!({"stream_ids": [a]})).await;
    assert_eq!(ids(sim.stream(a), "broadcast_ids"), [first, second]);
    change(&sim, first, json!({"stream_ids": [b, c]})).await;
    assert_eq!(ids(sim.stream(a), "broadcast_ids"), [second]);
    assert_eq!(ids(sim.stream(b), "broadcast_ids"), [first]);
    change(&sim, first, json!({"name": "new"})).await;
    assert_eq!(
        ids(sim.broadcast(first), "stream_ids"),
        [b, c],
        "what is absent stays"
    );

    patch(&sim, a, json!({"stream": {"broadcast_ids": [first]}})).await;
    assert_eq!(ids(sim.broadcast(first), "stream_ids"), [b, c, a]);
    assert_eq!(ids(sim.broadcast(second), "stream_ids"), [0_u64; 0]);
    let d = post(
        &sim,
        STREAMS,
        json!({"name": "d", "broadcast_ids": [second, first]}),
    )
    .await
    .json();
    let d = d["id"].as_u64().expect("an id");
    assert_eq!(ids(sim.broadcast(second), "stream_ids"), [d]);
    assert_eq!(ids(sim.stream(d), "broadcast_ids"), [second, first]);

    sim.edit_broadcast(first, json!({"stream_ids": [d]}))
        .expect("edited");
    assert_eq!(ids(sim.stream(b), "broadcast_ids"), [0_u64; 0]);
    assert!(sim.remove_broadcast(first) && !sim.remove_broadcast(first));
    assert_eq!(ids(sim.stream(d), "broadcast_ids"), [second]);

    let unknown = json!({"stream": {"broadcast_ids": [first]}});
    let refused = patch(&sim, d, unknown.clone()).await;
    let message = format!("not found: {first}");
    assert_eq!(
        refused.json(),
        json!({"errors": {"broadcast_ids": [message]}})
    );
    sim.behaviour(CLIENT, |ways| ways.unknown_ids = UnknownIds::Dropped);
    assert_eq!(
        patch(&sim, d, unknown).await.json()["broadcast_ids"],
        json!([])
    );
    assert_eq!(ids(sim.broadcast(second), "stream_ids"), [0_u64; 0]);
    let dropped = change(&sim, second, json!({"stream_ids": [7, d, -1]})).await;
    assert_eq!(dropped.json()["stream_ids"], json!([d]));
}

/// Whatever is done from either side, both say the same.
#[tokio::test]
async fn the_link_is_always_consistent() {
    let sim = start().await;
    let mut streams: Vec<u64> = ["a", "b", "c", "d"]
        .iter()
        .map(|name| stream(&sim, name))
        .collect();
    let mut broadcasts = Vec::new();
    for _ in 0..4 {
        broadcasts.push(make(&sim, json!({})).await);
    }
    let mut seed = 7_usize;
    let mut dice = |sides: usize| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % sides
    };
    for _ in 0..300 {
        let (s, b) = (dice(4), dice(4));
        let some = |of: &[u64], dice: &mut dyn FnMut(usize) -> usize| {
            (0..dice(4)).map(|_| of[dice(4)]).collect::<Vec<u64>>()
        };
        match dice(6) {
            0 => {
                sim.remove(streams[s]);
                streams[s] = stream(&sim, "new");
            }
            1 => {
                sim.remove_broadcast(broadcasts[b]);
                let named = some(&streams, &mut dice);
                broadcasts[b] = make(&sim, json!({"stream_ids": named})).await;
            }
            2 | 3 => {
                let named = some(&broadcasts, &mut dice);
                sim.edit(streams[s], json!({"broadcast_ids": named}))
                    .expect("edited");
            }
            _ => {
                let named = some(&streams, &mut dice);
                change(&sim, broadcasts[b], json!({"stream_ids": named})).await;
            }
        }
        for s in &streams {
            for b in &broadcasts {
                let (one, other) = (
                    ids(sim.stream(*s), "broadcast_ids").contains(b),
                    ids(sim.broadcast(*b), "stream_ids").contains(s),
                );
                assert_eq!(one, other);
            }
        }
    }
}

#[tokio::test]
async fn a_stream_that_is_deleted_leaves_its_broadcasts_by_switch() {
    for detaches in [true, false] {
        let sim = start().await;
        sim.behaviour(CLIENT, |ways| ways.deletion_detaches = detaches);
        let [a, b] = ["a", "b"].map(|name| stream(&sim, name));
        let id = make(&sim, json!({"stream_ids": [a, b]})).await;
        remove(&sim, a).await;
        let left = ids(sim.broadcast(id), "stream_ids");
        assert_eq!(left, if detaches { vec![b] } else { vec![a, b] });
    }
}

#[tokio::test]
async fn streams_are_listed_with_their_broadcasts() {
    let sim = start().await;
    let id = stream(&sim, "a");
    let first = make(&sim, json!({"stream_ids": [id]})).await;
    let second = make(&sim, json!({"stream_ids": [id], "status": "live"})).await;
    let plain = get(&sim, STREAMS).await.json();
    assert_eq!(plain[0].get("broadcasts"), None);
    assert_eq!(plain[0]["broadcast_ids"], json!([first, second]));
    let detailed = get(&sim, "/streaming/streams?with_broadcasts=1")
        .await
        .json();
    let both = [first, second].map(|id| sim.broadcast(id).expect("there"));
    assert_eq!(detailed[0]["broadcasts"], json!(both));
    assert_eq!(
        get(&sim, "/streaming/streams?with_broadcasts=0")
            .await
            .json(),
        plain
    );
    sim.behaviour(CLIENT, |ways| ways.legacy_fields = true);
    assert_eq!(sim.stream(id).expect("there")["broadcasts"], json!(both));
    assert_eq!(
        get(&sim, STREAMS).await.json()[0]["broadcasts"],
        json!(both)
    );
}

#[tokio::test]
async fn faults_journal_and_switches_as_for_streams() {
    let sim = start().await;
    let fault = Fault::new(Action::TimeoutAfterApply)
        .route("/streaming/broadcasts/{id}")
        .name_contains("keynote")
        .method("PATCH");
    let fault = sim.fault(fault);
    let other = make(&sim, json!({"name": "other"})).await;
    assert_eq!(
        change(&sim, other, json!({"status": "live"})).await.status,
        200
    );
    assert_eq!(sim.fired(fault), 0);
    sim.clear_faults();
    sim.fault(
        Fault::new(Action::status_after_apply(500))
            .method("POST")
            .name_contains("keynote"),
    );
    let body = json!({"broadcast": {"name": "keynote", "status": "pending"}});
    assert_eq!(post(&sim, BROADCASTS, body.clone()).await.status, 500);
    assert_eq!(sim.broadcasts_created(CLIENT), 2);
    let posts = sim.calls_where(0, |call| {
        call.route == BROADCASTS && call.status == Some(500)
    });
    assert_eq!(
        (posts.len(), posts[0].applied, &posts[0].body),
        (1, true, &Some(body))
    );
    assert_eq!(sim.count("PATCH", "/streaming/broadcasts/{id}"), 1);

    sim.behaviour(CLIENT, |ways| {
        *ways = Behaviour {
            trim_names: true,
            sort_arrays: true,
            ignore_fields: vec!["share_url".into()],
            omit_nulls: true,
            ..Behaviour::default()
        };
    });
    let [a, b] = ["a", "b"].map(|name| stream(&sim, name));
    let fields = json!({"name": " x ", "stream_ids": [b, a], "share_url": "x"});
    let changed = change(&sim, other, fields).await.json();
    assert_eq!(
        (
            &changed["name"],
            &changed["stream_ids"],
            &changed["share_url"]
        ),
        (&json!("x"), &json!([a, b]), &json!(""))
    );
    assert_eq!(changed.get("ad_id"), None);
}

#[tokio::test]
async fn edits_by_hand_go_past_every_check() {
    let sim = start().await;
    let id = make(&sim, json!({})).await;
    sim.edit_broadcast(
        id,
        json!({"status": "Brand new", "stream_ids": [7], "extra": 1}),
    )
    .expect("edited");
    let seen = get(&sim, &format!("{BROADCASTS}/{id}")).await.json();
    assert_eq!(
        (&seen["status"], &seen["stream_ids"], &seen["extra"]),
        (&json!("Brand new"), &json!([7]), &json!(1))
    );
    assert_eq!(
        change(&sim, id, json!({"status": "live"})).await.json()["status"],
        "live"
    );
    assert_eq!(
        sim.edit_broadcast(7, json!({})),
        Err(WorldError::NoSuchBroadcast(7))
    );
    assert_eq!((sim.broadcast(7), sim.broadcasts(CLIENT).len()), (None, 1));
}
