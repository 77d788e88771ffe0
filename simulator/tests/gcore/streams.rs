//! Streams: fields, defaults, limits, the shapes of bodies and errors.

use serde_json::{Value, json};
use simulator::gcore::Behaviour;

use crate::support::{
    CLIENT, STREAMS, get, patch, post, remove, seen, send, start, start_with, with_key,
};

#[tokio::test]
async fn a_create_with_a_name_only_shows_every_default() {
    let sim = start().await;
    let answer = post(&sim, STREAMS, json!({"name": "keynote"})).await;
    assert_eq!(answer.status, 200);
    let stream = answer.json();
    for (field, value) in [
        ("name", json!("keynote")),
        ("active", json!(false)),
        ("pull", json!(false)),
        ("uri", Value::Null),
        ("srt_passphrase", Value::Null),
        ("auto_record", json!(false)),
        ("record_type", json!("origin")),
        ("hls_mpegts_endlist_tag", json!(true)),
        ("dvr_enabled", json!(false)),
        ("dvr_duration", json!(3600)),
        ("cdn_id", Value::Null),
        ("client_user_id", Value::Null),
        ("client_entity_data", Value::Null),
        ("html_overlay", json!(false)),
        ("html_overlays", json!([])),
        ("quality_set_id", Value::Null),
        ("broadcast_ids", json!([])),
        ("projection", json!("regular")),
        ("live", json!(false)),
        ("backup_live", json!(false)),
        ("active_ingest_region_primary", Value::Null),
        ("active_ingest_region_backup", Value::Null),
        ("stream_source_type", Value::Null),
        ("started_at_primary", Value::Null),
        ("started_at_backup", Value::Null),
        ("finished_at_primary", Value::Null),
        ("transcoded_qualities", Value::Null),
        ("recording_duration", Value::Null),
        ("recording", json!(false)),
    ] {
        assert_eq!(stream.get(field), Some(&value), "{field}");
    }
    assert!(stream.get("transcoding_region").is_none());
    assert_eq!(
        sim.stream(stream["id"].as_u64().expect("an id")),
        Some(stream)
    );
}

#[tokio::test]
async fn what_the_server_makes_has_the_documented_form() {
    let sim = start().await;
    let stream = post(&sim, STREAMS, json!({"name": "keynote"})).await.json();
    let id = stream["id"].as_u64().expect("an id");
    assert!((1_000_000..10_000_000).contains(&id));
    let token = stream["token"].as_str().expect("a token");
    assert!(token.len() == 32 && token.bytes().all(|b| b.is_ascii_hexdigit()));
    for (field, value) in [
        (
            "push_url",
            format!("rtmp://vp-push-ed1.gvideo.co/in/{id}?{token}"),
        ),
        (
            "backup_push_url",
            format!("rtmp://vp-push-anx2.gvideo.co/in/{id}b?{token}"),
        ),
        (
            "push_url_srt",
            format!("srt://vp-push-ed1-srt.gvideo.co:5001?streamid={id}#{token}"),
        ),
        (
            "backup_push_url_srt",
            format!("srt://vp-push-anx2-srt.gvideo.co:5001?streamid={id}b#{token}"),
        ),
        (
            "push_url_whip",
            format!("https://whip.gvideo.co/{id}_{token}/whip"),
        ),
        (
            "iframe_url",
            format!("https://player.gvideo.co/streams/1001_{id}"),
        ),
        (
            "dash_url",
            format!("https://1001.gvideo.io/cmaf/1001_{id}/index.mpd"),
        ),
        (
            "hls_cmaf_url",
            format!("https://1001.gvideo.io/cmaf/1001_{id}/master.m3u8"),
        ),
        (
            "hls_mpegts_url",
            format!("https://1001.gvideo.io/mpegts/1001_{id}/master_mpegts.m3u8"),
        ),
    ] {
        assert_eq!(stream[field], value, "{field}");
    }
    let created = stream["created_at"].as_str().expect("a time");
    assert!(created.len() == 24 && created.ends_with('Z') && created.as_bytes()[19] == b'.');
}

#[tokio::test]
async fn ids_increase_and_never_come_back() {
    let sim = start().await;
    let mut last = 0;
    for _ in 0..20 {
        let stream = post(&sim, STREAMS, json!({"name": "same name"}))
            .await
            .json();
        let id = stream["id"].as_u64().expect("an id");
        assert!(id > last);
        assert_eq!(remove(&sim, id).await.status, 204);
        last = id;
    }
    assert_eq!(
        (sim.created_total(CLIENT), sim.deleted_total(CLIENT)),
        (20, 20)
    );
}

/// Field, value, and what 422 says about it; `None`: it is taken and shown as it is.
fn values() -> Vec<(&'static str, Value, Option<&'static str>)> {
    let text = |n: usize| json!("x".repeat(n));
    let wide = |n: usize| json!("ü".repeat(n));
    let blank = Some("can't be blank");
    let invalid = Some("is invalid");
    let number = Some("is not a number");
    let listed = Some("is not included in the list");
    vec![
        ("name", json!("キーノート 🎥"), None),
        ("name", json!(""), blank),
        ("name", json!(" \t\n"), blank),
        ("name", Value::Null, blank),
        ("name", json!(7), invalid),
        ("active", json!(true), None),
        ("active", json!("true"), invalid),
        ("active", json!(1), invalid),
        ("active", Value::Null, invalid),
        ("pull", json!(true), None),
        ("uri", json!("rtmp://a.example/x rtmp://b.example/x"), None),
        ("uri", Value::Null, None),
        ("uri", json!(["a"]), invalid),
        ("srt_passphrase", json!("0123456789"), None),
        ("srt_passphrase", text(80), None),
        ("srt_passphrase", Value::Null, None),
        (
            "srt_passphrase",
            text(9),
            Some("is too short (minimum is 10 characters)"),
        ),
        (
            "srt_passphrase",
            text(81),
            Some("is too long (maximum is 80 characters)"),
        ),
        ("srt_passphrase", json!("with a space"), invalid),
        ("srt_passphrase", json!("üüüüüüüüüüü"), invalid),
        ("auto_record", json!(true), None),
        ("record_type", json!("transcoded"), None),
        ("record_type", json!("Origin"), listed),
        ("hls_mpegts_endlist_tag", json!(false), None),
        ("dvr_enabled", json!(true), None),
        ("dvr_duration", json!(30), None),
        ("dvr_duration", json!(14400), None),
        (
            "dvr_duration",
            json!(29),
            Some("must be greater than or equal to 30"),
        ),
        (
            "dvr_duration",
            json!(14401),
            Some("must be less than or equal to 14400"),
        ),
        ("dvr_duration", json!(60.5), number),
        ("dvr_duration", json!("60"), number),
        ("cdn_id", json!(5), None),
        ("cdn_id", json!("5"), number),
        ("client_user_id", json!(5_000_000_000_i64), None),
        ("client_user_id", json!(1e30), number),
        ("client_entity_data", text(4096), None),
        ("client_entity_data", wide(4096), None),
        ("client_entity_data", json!(""), None),
        (
            "client_entity_data",
            text(4097),
            Some("is too long (maximum is 4096 characters)"),
        ),
        ("client_entity_data", json!({"a": 1}), invalid),
        ("html_overlay", json!(true), None),
        ("quality_set_id", json!(9), None),
        ("broadcast_ids", json!([7]), Some("not found: 7")),
        ("broadcast_ids", json!(["3"]), number),
        ("broadcast_ids", Value::Null, invalid),
        ("projection", json!("vr360tb"), None),
        ("projection", json!("flat"), listed),
    ]
}

#[tokio::test]
async fn types_and_limits_of_every_field() {
    let sim = start().await;
    for (field, value, refusal) in values() {
        let mut body = json!({"name": "keynote"});
        body[field] = value.clone();
        let created = post(&sim, STREAMS, body).await;
        let id = sim.create(CLIENT, json!({"name": "a"})).expect("created");
        let before = sim.stream(id);
        let changed = patch(&sim, id, json!({"stream": {field: value}})).await;
        for answer in [created, changed] {
            match refusal {
                None => {
                    assert_eq!(answer.status, 200, "{field} {value}");
                    assert_eq!(answer.json()[field], value, "{field}");
                }
                Some(message) => {
                    assert_eq!(answer.status, 422, "{field} {value}");
                    assert_eq!(answer.json(), json!({"errors": {field: [message]}}));
                }
            }
        }
        if refusal.is_some() {
            assert_eq!(sim.stream(id), before, "{field} {value}");
        }
    }
}

#[tokio::test]
async fn several_errors_come_together_and_nothing_is_created() {
    let sim = start().await;
    let answer = post(&sim, STREAMS, json!({"active": "no", "dvr_duration": 1})).await;
    assert_eq!(
        answer.json(),
        json!({"errors": {
            "name": ["can't be blank"],
            "active": ["is invalid"],
            "dvr_duration": ["must be greater than or equal to 30"],
        }})
    );
    assert_eq!(sim.created_total(CLIENT), 0);
}

#[tokio::test]
async fn pull_needs_no_uri() {
    let sim = start().await;
    let answer = post(
        &sim,
        STREAMS,
        json!({"name": "a", "pull": true, "active": true}),
    )
    .await;
    assert_eq!((answer.status, &answer.json()["pull"]), (200, &json!(true)));
}

#[tokio::test]
async fn what_is_unknown_or_the_servers_is_passed_over() {
    let sim = start().await;
    let body = json!({
        "name": "a", "nonsense": 1, "id": 7, "token": "mine", "live": true,
        "transcoding_region": "ix1", "push_url": "rtmp://x",
    });
    let made = post(&sim, STREAMS, body.clone()).await.json();
    assert_ne!(made["id"], 7);
    assert_ne!(made["token"], "mine");
    assert_eq!(made["live"], false);
    assert!(made.get("nonsense").is_none() && made.get("transcoding_region").is_none());
    let id = made["id"].as_u64().expect("an id");
    assert_eq!(patch(&sim, id, json!({"stream": body})).await.json(), made);
}

#[tokio::test]
async fn a_patch_touches_only_what_it_names_and_replaces_arrays() {
    let sim = start().await;
    let [a, b, c] = ["a", "b", "c"].map(|name| {
        let broadcast = json!({"name": name, "status": "pending"});
        sim.create_broadcast(CLIENT, broadcast).expect("created")
    });
    let made = post(
        &sim,
        STREAMS,
        json!({"name": "a", "broadcast_ids": [b, a], "client_entity_data": "mark"}),
    )
    .await
    .json();
    let id = made["id"].as_u64().expect("an id");
    let answer = patch(&sim, id, json!({"stream": {"broadcast_ids": [c]}})).await;
    assert_eq!(answer.status, 200);
    let mut expected = made;
    expected["broadcast_ids"] = json!([c]);
    assert_eq!(answer.json(), expected);
    assert_eq!(seen(&sim, id).await, expected);
}

#[tokio::test]
async fn the_shapes_of_bodies() {
    let flat = json!({"name": "new"});
    let wrapped = json!({"stream": {"name": "new"}});
    // Strict, body, status of POST, status of PATCH.
    let table = [
        (true, &flat, 200, 400),
        (true, &wrapped, 422, 200),
        (false, &flat, 200, 200),
        (false, &wrapped, 200, 200),
    ];
    for (strict, body, created, changed) in table {
        let sim = start().await;
        sim.behaviour(CLIENT, |ways| ways.strict = strict);
        let id = sim.create(CLIENT, json!({"name": "old"})).expect("created");
        let answer = post(&sim, STREAMS, body.clone()).await;
        assert_eq!(answer.status, created, "strict {strict}, POST {body}");
        if created == 422 {
            assert_eq!(
                answer.json(),
                json!({"errors": {"name": ["can't be blank"]}})
            );
        }
        let answer = patch(&sim, id, body.clone()).await;
        assert_eq!(answer.status, changed, "strict {strict}, PATCH {body}");
        if changed == 400 {
            let message = "param is missing or the value is empty: stream";
            assert_eq!(answer.json(), json!({"status": 400, "error": message}));
        } else {
            assert_eq!(seen(&sim, id).await["name"], "new");
        }
    }
}

#[tokio::test]
async fn bodies_that_are_none() {
    let sim = start().await;
    for (content_type, body) in [
        ("application/json", ""),
        ("application/json", "{"),
        ("application/json", "[]"),
        ("text/plain", "{\"name\":\"a\"}"),
    ] {
        let mut request = with_key("POST", STREAMS, None);
        let value = content_type.parse().expect("a header");
        request.headers_mut().insert("Content-Type", value);
        *request.body_mut() = body.into();
        let answer = send(&sim, request).await.expect("an answer");
        assert_eq!(
            (answer.status, &answer.json()["status"]),
            (400, &json!(400))
        );
    }
    assert_eq!(sim.created_total(CLIENT), 0);
}

#[tokio::test]
async fn what_is_not_there() {
    let sim = start().await;
    let missing = json!({"status": 404, "error": "Stream not found"});
    for path in [
        "/streaming/streams/7",
        "/streaming/streams/null",
        "/streaming/streams/-1",
    ] {
        for method in ["GET", "PATCH", "DELETE"] {
            let answer = send(&sim, with_key(method, path, Some(&json!({"stream": {}}))))
                .await
                .expect("an answer");
            assert_eq!(
                (answer.status, answer.json()),
                (404, missing.clone()),
                "{method}"
            );
        }
    }
    let reset = post(&sim, "/streaming/streams/7/reset_push_token", json!({})).await;
    assert_eq!(reset.status, 404);
    assert_eq!(get(&sim, "/streaming/nothing").await.status, 404);
    let put = send(&sim, with_key("PUT", STREAMS, None)).await;
    assert_eq!(put.expect("an answer").status, 405);
}

#[tokio::test]
async fn delete_answers_204_once() {
    let sim = start().await;
    let id = sim.create(CLIENT, json!({"name": "a"})).expect("created");
    let answer = remove(&sim, id).await;
    assert_eq!((answer.status, answer.body.len()), (204, 0));
    assert_eq!(remove(&sim, id).await.status, 404);
    assert_eq!(sim.deleted_total(CLIENT), 1);
}

#[tokio::test]
async fn a_new_push_token_changes_every_address() {
    let sim = start().await;
    let id = sim
        .create(CLIENT, json!({"name": "a", "active": true}))
        .expect("created");
    sim.set_live(id, true).expect("taken");
    let path = format!("{STREAMS}/{id}/reset_push_token");
    for accepted in [false, true] {
        sim.behaviour(CLIENT, |ways| ways.reset_token_accepted = accepted);
        sim.set_live(id, true).expect("taken");
        let before = sim.stream(id).expect("there");
        let old = before["token"].as_str().expect("a token");
        let answer = post(&sim, &path, json!({})).await;
        let after = seen(&sim, id).await;
        for field in [
            "push_url",
            "backup_push_url",
            "push_url_srt",
            "push_url_whip",
        ] {
            assert!(before[field].as_str().expect("a URL").contains(old));
            assert!(
                !after[field].as_str().expect("a URL").contains(old),
                "{field}"
            );
        }
        assert_eq!(after["live"], accepted);
        if accepted {
            assert_eq!(answer.status, 202);
            assert!(answer.json()["message"].is_string());
        } else {
            assert_eq!((answer.status, answer.json()), (200, after));
        }
    }
}

#[tokio::test]
async fn the_number_of_active_streams() {
    let sim = start().await;
    sim.behaviour(CLIENT, |ways| ways.active_limit = Some(1));
    let make = |active: bool| json!({"name": "a", "active": active});
    let first = post(&sim, STREAMS, make(true)).await.json();
    let second = post(&sim, STREAMS, make(false)).await.json();
    let (first, second) = (first["id"].as_u64(), second["id"].as_u64());
    let (first, second) = (first.expect("an id"), second.expect("an id"));

    let refused = post(&sim, STREAMS, make(true)).await;
    assert_eq!(refused.status, 422);
    assert!(refused.json()["errors"]["active"][0].is_string());
    let turn = |active: bool| json!({"stream": {"active": active}});
    assert_eq!(patch(&sim, second, turn(true)).await.status, 422);
    assert_eq!(patch(&sim, first, turn(true)).await.status, 200);
    assert_eq!(patch(&sim, first, turn(false)).await.status, 200);
    assert_eq!(patch(&sim, second, turn(true)).await.status, 200);

    sim.behaviour(CLIENT, |ways| {
        ways.active_limit_refusal = simulator::gcore::QuotaRefusal::Forbidden;
    });
    assert_eq!(patch(&sim, first, turn(true)).await.status, 403);
    sim.behaviour(CLIENT, |ways| ways.active_limit = Some(0));
    let other_change = json!({"stream": {"name": "b"}});
    assert_eq!(
        patch(&sim, second, other_change).await.status,
        200,
        "what is active stays so"
    );
    assert_eq!(sim.created_total(CLIENT), 2);
}

#[tokio::test]
async fn optional_fields_by_switch() {
    let sim = start_with(simulator::gcore::Options {
        behaviour: Behaviour {
            recording_field: false,
            legacy_fields: true,
            ..Behaviour::default()
        },
        ..Default::default()
    })
    .await;
    let made = post(
        &sim,
        STREAMS,
        json!({"name": "a", "transcoding_region": "ix1"}),
    )
    .await;
    let made = made.json();
    assert!(made.get("recording").is_none());
    assert_eq!(made["transcoding_region"], "ix1");
    assert_eq!(made["low_latency_enabled"], true);
    assert_eq!(made["client_id"], CLIENT);
    let token = made["token"].as_str().expect("a token");
    assert!(
        made["rtmp_play_url"][0]
            .as_str()
            .expect("a URL")
            .contains(token)
    );
}
