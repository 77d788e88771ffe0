//! What webhooks make the operator do, and what they do not.

use serde_json::json;
use simulator::Delivery;

use super::{
    SECRET, STREAM, about, address, counted, hook, path, post::post, reads, receiving, start,
    switched_on, until_live, until_reads, until_webhook,
};
use crate::harness::{CLIENT, World, condition, status_of};

#[tokio::test]
async fn a_webhook_shows_in_the_status_though_the_list_is_read_once_in_an_hour() {
    let mut world = receiving("hook-live", &[]).await;
    let id = switched_on(&world, "keynote").await;
    hook(&world).await;
    for old in [false, true] {
        world
            .sim
            .behaviour(CLIENT, |ways| ways.webhook_old_payload = old);
        let mark = world.sim.last_call();
        world.sim.set_live(id, true).unwrap();
        until_live(&world, "keynote", true).await;
        world.sim.set_live(id, false).unwrap();
        until_live(&world, "keynote", false).await;
        let calls = world.sim.calls_after(mark);
        // The stream, and the videos that its going off air may have left; not the list.
        assert!(
            calls
                .iter()
                .all(|call| [STREAM, "/streaming/videos"].contains(&call.route.as_str())),
            "{calls:?}"
        );
    }

    // Once more after a restart: the path is the same, and so is what was set at the provider, apart
    // from the port.
    let before = path(&world, SECRET).await;
    start(&mut world, &[]);
    hook(&world).await;
    assert_eq!(path(&world, SECRET).await, before);
    // What is posted before the account is open again is lost, as it is while the operator is down.
    world
        .until_true("the receiver knows the path again", async || {
            post(&address(&world).await, &before, &json!({})).await == 200
        })
        .await;
    world.sim.set_live(id, true).unwrap();
    until_live(&world, "keynote", true).await;
    assert_eq!(world.posts(), 1);
}

#[tokio::test]
async fn who_has_no_token_moves_nothing() {
    let world = receiving("hook-forged", &[]).await;
    let id = switched_on(&world, "keynote").await;
    let (address, path) = (address(&world).await, path(&world, SECRET).await);
    let (before, calls) = (reads(&world, id), world.sim.last_call());
    let (token, wrong) = (&path["/webhooks/".len()..], "0123456789abcdef".repeat(4));
    for path in [
        format!("/webhooks/{wrong}"),
        format!(
            "/webhooks/{}",
            token.to_uppercase().replace(char::is_numeric, "a")
        ),
        format!("/webhooks/{}", &token[..63]),
        format!("/webhooks/{token}0"),
        format!("/webhooks/{token}/"),
        format!("/{token}"),
        format!("/webhooks?{token}"),
        "/webhooks/".to_owned(),
        "/metrics".to_owned(),
        "/".to_owned(),
    ] {
        assert_eq!(post(&address, &path, &about(id, true)).await, 404, "{path}");
    }
    for method in ["GET", "PUT", "DELETE", "OPTIONS", "HEAD"] {
        let bytes = format!("{method} {path} HTTP/1.1\r\nHost: operator\r\n\r\n");
        let (status, body) = super::post::send(&address, bytes).await.unwrap();
        assert_eq!((status, body.as_str()), (404, ""), "{method}");
    }
    assert_eq!(counted(&world, "unknown_token").await, 15);

    // One who has it comes later, and what he says is read once.
    assert_eq!(post(&address, &path, &about(id, true)).await, 200);
    until_reads(&world, id, before + 1).await;
    assert_eq!(world.sim.calls_after(calls).len(), 1);
    assert_eq!(counted(&world, "accepted").await, 1);
}

#[tokio::test]
async fn a_forged_webhook_with_the_right_token_is_not_believed() {
    let world = receiving("hook-lies", &[]).await;
    let id = switched_on(&world, "keynote").await;
    let (address, path) = (address(&world).await, path(&world, SECRET).await);
    let history = world.history("LiveStream").await;
    let before = reads(&world, id);
    assert_eq!(post(&address, &path, &about(id, true)).await, 200);
    until_reads(&world, id, before + 1).await;
    let lie = json!({"type": "stream", "message": {"stream": {"id": id.to_string(), "live": true, "recording": true, "name": "forged"}}});
    assert_eq!(post(&address, &path, &lie).await, 200);
    until_reads(&world, id, before + 2).await;

    // What came of them is in the status when a later change is.
    world.edit("keynote", json!({"displayName": "Later"})).await;
    world.until_ready("keynote").await;
    assert!(
        !history
            .statuses("keynote")
            .iter()
            .any(|status| status["live"] == true || status["recording"] == true),
        "it was believed"
    );
    assert_eq!(world.patches(), 1, "nothing was changed but the name");
}

#[tokio::test]
async fn what_nobody_holds_costs_no_call_and_neither_does_nonsense() {
    let world = receiving("hook-unknown", &[]).await;
    let id = switched_on(&world, "keynote").await;
    let by_hand = world
        .sim
        .create(CLIENT, json!({"name": "by hand"}))
        .unwrap();
    let (address, path) = (address(&world).await, path(&world, SECRET).await);
    let (before, calls) = (reads(&world, id), world.sim.last_call());
    for body in [
        about(by_hand, true),
        about(9_999_999, true),
        json!({"type": "video", "message": {"video": {"id": id, "stream_id": by_hand, "status": "ready"}}}),
        json!({"type": "video", "message": {"video": {"id": id, "stream_id": null, "status": "ready"}}}),
        json!({"type": "video_delete", "message": {"video": {"id": id, "status": "ready"}}}),
        json!({"type": "restream", "message": {"restream": {"id": 1, "stream_id": id, "live": true}}}),
        json!({"type": "broadcast", "message": {"broadcast": {"id": 7, "status": "live"}}}),
        json!({"type": "other", "message": {"stream": {"id": id}}}),
    ] {
        assert_eq!(post(&address, &path, &body).await, 200, "{body}");
    }
    for body in [json!(null), json!([]), json!({"type": 7}), json!("stream")] {
        assert_eq!(post(&address, &path, &body).await, 200, "{body}");
    }
    assert_eq!(post(&address, &path, &about(id, true)).await, 200);
    until_reads(&world, id, before + 1).await;
    assert_eq!(world.sim.calls_after(calls).len(), 1);
    assert_eq!(
        (
            counted(&world, "accepted").await,
            counted(&world, "unreadable").await
        ),
        (9, 4)
    );
}

#[tokio::test]
async fn doubled_and_reordered_webhooks_end_in_what_is_so() {
    let world = receiving("hook-reordered", &[]).await;
    let id = switched_on(&world, "keynote").await;
    hook(&world).await;
    world.sim.behaviour(CLIENT, |ways| {
        ways.webhook_double = true;
        ways.webhook_reorder_seconds = 0.5;
    });
    let delivered = |count: usize| {
        let answered = world.sim.webhooks_sent(CLIENT);
        let fine = |delivery: &Delivery| matches!(delivery, Delivery::Answered { status: 200 });
        answered.iter().filter(|w| fine(&w.delivery)).count() >= count
    };
    // The end is posted before the beginning.
    world.sim.set_live(id, true).unwrap();
    world.sim.set_live(id, false).unwrap();
    let before = reads(&world, id);
    world
        .until_sim("all four were posted", |_| delivered(4))
        .await;
    let live =
        |at: usize| world.sim.webhooks_sent(CLIENT)[at].body["message"]["stream"]["live"].clone();
    assert_eq!([live(0), live(3)], [json!(false), json!(true)]);
    until_reads(&world, id, before + 1).await;
    world.edit("keynote", json!({"displayName": "Later"})).await;
    world.until_ready("keynote").await;
    until_live(&world, "keynote", false).await;

    // The other way round.
    world.sim.forget_webhooks(CLIENT);
    world.sim.set_live(id, true).unwrap();
    world.sim.set_live(id, false).unwrap();
    world.sim.set_live(id, true).unwrap();
    world
        .until_sim("all six were posted", |_| delivered(6))
        .await;
    until_live(&world, "keynote", true).await;
}

#[tokio::test]
async fn where_webhooks_are_lost_the_status_follows_by_polling() {
    let mut world = World::bare("hook-lost").await;
    world.account(json!({})).await;
    start(&mut world, &[]);
    until_webhook(&world, "default", "Listening").await;
    let id = switched_on(&world, "keynote").await;
    hook(&world).await;
    world
        .sim
        .behaviour(CLIENT, |ways| ways.webhook_lose_every = 1);
    world.sim.set_live(id, true).unwrap();
    until_live(&world, "keynote", true).await;
    assert_eq!(counted(&world, "accepted").await, 0);
}

#[tokio::test]
async fn without_a_receiver_nothing_is_made() {
    let mut world = World::new("hook-none").await;
    let account = world.until_account("default", "InStep").await;
    switched_on(&world, "keynote").await;
    assert!(status_of(&account)["webhookSecretName"].is_null());
    assert!(condition(&account, "Webhook").is_none());
    assert!(world.secrets().get_opt(SECRET).await.unwrap().is_none());

    // Switched on, and off again: the Secret stays, so that the path does.
    start(&mut world, &[]);
    until_webhook(&world, "default", "Listening").await;
    let before = path(&world, SECRET).await;
    world.start(&[]);
    world
        .until("StreamingAccount", "default", "nothing of webhooks", |a| {
            condition(a, "Webhook").is_none() && status_of(a)["webhookSecretName"].is_null()
        })
        .await;
    assert_eq!(path(&world, SECRET).await, before);
    start(&mut world, &[]);
    until_webhook(&world, "default", "Listening").await;
    assert_eq!(path(&world, SECRET).await, before);
}
