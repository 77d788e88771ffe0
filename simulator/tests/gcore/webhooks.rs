//! Webhooks: what is told when, in which form, and what can go wrong on the way.

use std::time::Duration;

use serde_json::{Value, json};
use simulator::Delivery;
use simulator::gcore::{Options, Simulator, WorldError};
use tokio::net::TcpListener;

use crate::support::{
    CLIENT, KEY, Manner, Receiver, STREAMS, get, on_air, patch, recording, remove, soon, start,
    start_with,
};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);

/// The names of the stream webhooks that were posted, for tests of their order.
fn order(sim: &Simulator) -> Vec<u64> {
    let webhooks = sim.webhooks_sent(CLIENT);
    let id = |body: &Value| body["message"]["stream"]["id"].as_u64().expect("an id");
    webhooks.iter().map(|webhook| id(&webhook.body)).collect()
}

#[tokio::test]
async fn a_stream_is_told_of_when_the_documents_say_so() {
    let sim = start().await;
    let receiver = Receiver::of(&sim, CLIENT, Manner::Status(200)).await;
    let fields = json!({"client_user_id": 2876, "client_entity_data": "mark"});
    let id = on_air(&sim, fields);
    sim.advance(3 * SECOND);
    recording(&sim, id, "start").await;
    sim.advance(MINUTE);
    recording(&sim, id, "stop").await;
    patch(&sim, id, json!({"stream": {"name": "nobody is told"}})).await;
    sim.set_live(id, false).expect("taken");
    remove(&sim, id).await;
    let told = receiver.wait(&sim, 5).await;
    assert_eq!(told.len(), 5, "{told:?}");
    // Live, transcoding, recording, source.
    let steps = [
        (true, false, false, Value::Null),
        (true, true, false, json!("rtmp")),
        (true, true, true, json!("rtmp")),
        (true, true, false, json!("rtmp")),
        (false, false, false, Value::Null),
    ];
    let token = told[0]["message"]["stream"]["uri"]
        .as_str()
        .expect("an address");
    for (told, (live, transcoding, recording, source)) in told.iter().zip(steps) {
        let expected = json!({"type": "stream", "message": {"stream": {
            "id": id, "live": live, "backup_live": false, "recording": recording,
            "transcoding": transcoding, "client_user_id": 2876, "client_entity_data": "mark",
            "pull": false, "uri": token, "stream_source_type": source,
        }}});
        assert_eq!(*told, expected);
    }
    assert!(
        token.starts_with("rtmp://") && token.contains(&format!("/in/{id}?")),
        "the push key"
    );
    let head = &receiver.heads()[0];
    assert_eq!(head["Content-Type"], "application/json");
    assert_eq!(head.get("Authorization"), None);
    assert!(receiver.url.contains(head["Host"].to_str().expect("text")));
}

#[tokio::test]
async fn a_pull_stream_tells_its_source() {
    let sim = start().await;
    let receiver = Receiver::of(&sim, CLIENT, Manner::Status(200)).await;
    let uri = "https://user:secret@a.example/x.m3u8";
    let pull = json!({"name": "a", "pull": true, "active": true, "uri": uri});
    let id = sim.create(CLIENT, pull).expect("created");
    sim.set_live(id, true).expect("the source is up");
    sim.advance(20 * SECOND);
    let told = receiver.wait(&sim, 2).await;
    let stream = &told[1]["message"]["stream"];
    assert_eq!(
        (
            &stream["pull"],
            &stream["uri"],
            &stream["stream_source_type"]
        ),
        (&json!(true), &json!(uri), &json!("https"))
    );
}

#[tokio::test]
async fn the_old_form_has_three_fields() {
    let sim = start().await;
    sim.behaviour(CLIENT, |ways| ways.webhook_old_payload = true);
    let receiver = Receiver::of(&sim, CLIENT, Manner::Status(200)).await;
    let id = on_air(&sim, json!({}));
    let told = receiver.wait(&sim, 1).await;
    let stream = json!({"id": id, "live": true, "recording": false});
    assert_eq!(
        told,
        [json!({"type": "stream", "message": {"stream": stream}})]
    );
}

#[tokio::test]
async fn a_video_is_told_of_with_every_status_and_when_it_goes() {
    for old in [false, true] {
        let sim = start().await;
        let id = on_air(&sim, json!({}));
        recording(&sim, id, "start").await;
        sim.advance(5 * SECOND);
        sim.advance(MINUTE);
        recording(&sim, id, "stop").await;
        sim.behaviour(CLIENT, |ways| ways.webhook_old_payload = old);
        let receiver = Receiver::of(&sim, CLIENT, Manner::Status(200)).await;
        sim.advance(MINUTE);
        let video = sim.videos_of(id)[0].clone();
        let number = video["id"].as_u64().expect("an id");
        for fields in [
            json!({"name": "nobody is told"}),
            json!({"status": "error"}),
        ] {
            sim.edit_video(number, fields).expect("edited");
        }
        sim.remove_video(number);
        let mut told = receiver.wait(&sim, 5).await;
        let by_hand = told.remove(3);
        assert_eq!(by_hand["message"]["video"]["status"], "error");
        for (told, status) in told.iter().zip(["pending", "viewable", "ready"]) {
            let about = &told["message"]["video"];
            assert_eq!(
                (&told["type"], &about["status"]),
                (&json!("video"), &json!(status))
            );
            for field in ["id", "slug", "name"] {
                assert_eq!(about[field], video[field]);
            }
            assert_eq!(about["duration"], 60_000);
            assert_eq!(about.get("stream_id"), (!old).then_some(&json!(id)));
            let rendition = &about["converted_videos"][0];
            let count = rendition.as_object().map(serde_json::Map::len);
            assert_eq!(count, Some(if old { 2 } else { 3 }), "{rendition}");
        }
        let gone = &told[3];
        assert_eq!(gone["type"], "video_delete");
        let about = &gone["message"]["video"];
        assert_eq!(about["slug"], video["slug"]);
        assert!(about["deleted_at"].is_string());
        assert_eq!(about.as_object().map(serde_json::Map::len), Some(5));
    }
}

#[tokio::test]
async fn broadcasts_are_told_of_by_switch() {
    let sim = start().await;
    let receiver = Receiver::of(&sim, CLIENT, Manner::Status(200)).await;
    let broadcast = json!({"name": "a", "status": "pending"});
    let id = sim.create_broadcast(CLIENT, broadcast).expect("created");
    let show = |status: &str| {
        sim.edit_broadcast(id, json!({"status": status}))
            .expect("edited");
    };
    show("live");
    sim.behaviour(CLIENT, |ways| ways.webhook_broadcasts = true);
    show("paused");
    show("paused");
    sim.edit_broadcast(id, json!({"name": "b"}))
        .expect("edited");
    show("finished");
    let told = receiver.wait(&sim, 2).await;
    let expected = ["paused", "finished"].map(|status| {
        json!({"type": "broadcast", "message": {"broadcast": {"id": id, "status": status}}})
    });
    assert_eq!(told, expected);
}

#[tokio::test]
async fn each_is_sent_once_whatever_is_answered() {
    for (manner, delivery) in [
        (Manner::Status(200), Delivery::Answered { status: 200 }),
        (Manner::Status(204), Delivery::Answered { status: 204 }),
        (Manner::Status(302), Delivery::Answered { status: 302 }),
        (Manner::Status(503), Delivery::Answered { status: 503 }),
    ] {
        let sim = start().await;
        let receiver = Receiver::of(&sim, CLIENT, manner).await;
        on_air(&sim, json!({}));
        sim.advance(MINUTE);
        let answered = |sim: &simulator::gcore::Control| {
            let sent = sim.webhooks_sent(CLIENT);
            sent.len() == 2 && sent.iter().all(|webhook| webhook.delivery == delivery)
        };
        soon(sim.until(answered)).await;
        assert_eq!(receiver.got().len(), 2);
    }
}

#[tokio::test]
async fn a_receiver_that_is_down_is_not_told_again() {
    let sim = start().await;
    let gone = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/hook", gone.local_addr().expect("an address"));
    drop(gone);
    sim.webhook(CLIENT, Some(&url)).expect("a good URL");
    let id = on_air(&sim, json!({}));
    let failed = |sim: &simulator::gcore::Control| {
        let sent = sim.webhooks_sent(CLIENT);
        matches!(sent[..], [ref one] if matches!(one.delivery, Delivery::Failed { .. }))
    };
    soon(sim.until(failed)).await;
    let receiver = Receiver::of(&sim, CLIENT, Manner::Status(200)).await;
    sim.set_live(id, false).expect("taken");
    let told = receiver.wait(&sim, 1).await;
    assert_eq!(
        (told.len(), &told[0]["message"]["stream"]["live"]),
        (1, &json!(false))
    );
}

#[tokio::test]
async fn a_receiver_that_hangs_holds_up_nobody_else() {
    let sim = start_with(Options {
        webhook_patience: Duration::from_hours(1),
        ..Options::default()
    })
    .await;
    let silent = Receiver::of(&sim, CLIENT, Manner::Silent).await;
    let other = Receiver::of(&sim, 2002, Manner::Status(200)).await;
    let id = on_air(&sim, json!({}));
    silent.wait(&sim, 1).await;
    for _ in 0..20 {
        for live in [false, true] {
            sim.set_live(id, live).expect("taken");
            assert_eq!(get(&sim, STREAMS).await.status, 200);
        }
    }
    let foreign = sim
        .create(2002, json!({"name": "a", "active": true}))
        .expect("created");
    sim.set_live(foreign, true).expect("taken");
    other.wait(&sim, 1).await;
    // The first receiver has an hour of real time; none of this has waited for that.
    assert_eq!(silent.got().len(), 1);
    assert_eq!(sim.webhooks_sent(CLIENT)[0].delivery, Delivery::Sent);
}

#[tokio::test]
async fn a_receiver_that_never_answers_is_given_up() {
    let sim = start_with(Options {
        webhook_patience: Duration::from_millis(1),
        ..Options::default()
    })
    .await;
    let _silent = Receiver::of(&sim, CLIENT, Manner::Silent).await;
    on_air(&sim, json!({}));
    let error = "no answer in time".to_owned();
    let given_up = |sim: &simulator::gcore::Control| {
        let sent = sim.webhooks_sent(CLIENT);
        matches!(&sent[..], [one] if one.delivery == Delivery::Failed { error: error.clone() })
    };
    soon(sim.until(given_up)).await;
}

#[tokio::test]
async fn without_a_url_nobody_is_told() {
    let sim = start().await;
    on_air(&sim, json!({}));
    assert_eq!(sim.webhook_of(CLIENT), None);
    let receiver = Receiver::of(&sim, CLIENT, Manner::Status(200)).await;
    assert_eq!(sim.webhook_of(CLIENT).as_ref(), Some(&receiver.url));
    sim.webhook(CLIENT, None).expect("taken away");
    sim.advance(MINUTE);
    assert!(sim.webhooks_sent(CLIENT).is_empty());
    for bad in ["https://a.example/", "nonsense", ""] {
        assert!(
            matches!(
                sim.webhook(CLIENT, Some(bad)),
                Err(WorldError::Malformed(_))
            ),
            "{bad}"
        );
    }
}

#[tokio::test]
async fn lost_doubled_late_and_out_of_order() {
    let sim = start().await;
    let receiver = Receiver::of(&sim, CLIENT, Manner::Status(200)).await;
    // Eight events: four streams go live one after the other, then they are gone.
    let ids: Vec<u64> = (0..4)
        .map(|_| {
            sim.create(CLIENT, json!({"name": "a", "active": true}))
                .expect("created")
        })
        .collect();
    let turn = |live: bool| {
        for id in &ids {
            sim.set_live(*id, live).expect("taken");
        }
    };
    sim.behaviour(CLIENT, |ways| {
        ways.transcoding_after_seconds = 1e6;
        ways.webhook_lose_every = 2;
    });
    turn(true);
    let lost: Vec<bool> = sim
        .webhooks_sent(CLIENT)
        .iter()
        .map(|webhook| webhook.delivery == Delivery::Lost)
        .collect();
    assert_eq!(lost, [false, true, false, true]);
    receiver.wait(&sim, 2).await;

    sim.behaviour(CLIENT, |ways| {
        ways.webhook_lose_every = 0;
        ways.webhook_double = true;
    });
    sim.forget_webhooks(CLIENT);
    turn(false);
    assert_eq!(
        order(&sim),
        [
            ids[0], ids[0], ids[1], ids[1], ids[2], ids[2], ids[3], ids[3]
        ]
    );
    assert_eq!(receiver.wait(&sim, 10).await.len(), 10);

    sim.behaviour(CLIENT, |ways| {
        ways.webhook_double = false;
        ways.webhook_late_seconds = 60.0;
    });
    sim.forget_webhooks(CLIENT);
    turn(true);
    sim.advance(59 * SECOND);
    assert_eq!(order(&sim), [0_u64; 0]);
    sim.advance(SECOND);
    assert_eq!(order(&sim), ids);
    let webhook = &sim.webhooks_sent(CLIENT)[0];
    assert_eq!(
        webhook.at.as_millis() - webhook.happened_at.as_millis(),
        60_000
    );

    sim.behaviour(CLIENT, |ways| {
        ways.webhook_late_seconds = 0.0;
        ways.webhook_reorder_seconds = 30.0;
    });
    sim.forget_webhooks(CLIENT);
    turn(false);
    assert_eq!(order(&sim), [ids[1], ids[3]]);
    sim.advance(30 * SECOND);
    assert_eq!(order(&sim), [ids[1], ids[3], ids[0], ids[2]]);
    sim.behaviour(CLIENT, |ways| ways.webhook_lose_every = 1);
    sim.forget_webhooks(CLIENT);
    turn(true);
    assert!(
        sim.webhooks_sent(CLIENT)
            .iter()
            .all(|webhook| webhook.delivery == Delivery::Lost)
    );
}

/// Nobody calls; the clock runs by itself, a thousand times as fast.
#[tokio::test]
async fn what_falls_due_happens_without_a_call() {
    let sim = Simulator::start(Options {
        speed: 1000,
        ..Options::default()
    })
    .await;
    let sim = sim.expect("a free port");
    sim.add_key(KEY, CLIENT);
    let receiver = Receiver::of(&sim, CLIENT, Manner::Status(200)).await;
    // By the time of the answer, all of it runs, and waits.
    assert_eq!(get(&sim, STREAMS).await.status, 200);
    let id = on_air(&sim, json!({"auto_record": true}));
    // Live, playable, recording: only the receiver is asked.
    soon(async {
        while receiver.got().len() < 3 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let stream = receiver.got()[2]["message"]["stream"].clone();
    assert_eq!(
        (&stream["id"], &stream["recording"]),
        (&json!(id), &json!(true))
    );
    assert_eq!(sim.last_call(), 1);

    // The clock stands, and is set going again.
    sim.clock().set_speed(0);
    sim.advance(MINUTE);
    sim.set_live(id, false).expect("taken");
    receiver.wait(&sim, 4).await;
    sim.clock().set_speed(1000);
    let closed = async {
        while receiver.got().len() < 5 {
            tokio::task::yield_now().await;
        }
    };
    soon(closed).await;
    let told = &receiver.got()[4];
    assert_eq!(
        (&told["type"], &told["message"]["video"]["stream_id"]),
        (&json!("video"), &json!(id))
    );
}
