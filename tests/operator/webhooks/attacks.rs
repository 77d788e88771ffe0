//! The receiver under attack: floods, bodies without end, senders who take their time.

use std::time::{Duration, Instant};

use serde_json::json;
use simulator::Delivery;

use super::{
    SECRET, about, address, counted, hook, path,
    post::{connect, drip, endless, flood, post, request, send},
    reads, receiving, switched_on, until_live,
};
use crate::harness::CLIENT;

/// Kilobytes that the receiver's connections may take, for all that is sent to them.
const LITTLE: u64 = 24 * 1024;

#[tokio::test]
async fn ten_thousand_webhooks_at_once_cost_a_few_calls_and_hide_nothing() {
    const COUNT: usize = 10_000;
    let world = receiving("hook-flood", &["--log=info"]).await;
    let id = switched_on(&world, "keynote").await;
    hook(&world).await;
    let (address, path) = (address(&world).await, path(&world, SECRET).await);
    let operator = world.operator.as_ref().unwrap();
    let (before, mark, memory) = (
        reads(&world, id),
        world.sim.last_call(),
        operator.resident(),
    );
    let begin = Instant::now();
    let (accepted, limited) = flood(&address, &path, &about(id, true), COUNT).await;
    // Those that were crowded out have no answer.
    assert!(accepted >= 1000, "{accepted} accepted, {limited} limited");
    assert!(limited > 0, "there is no limit");
    let grown = operator.resident().saturating_sub(memory);
    assert!(grown < LITTLE, "{grown} KB more");
    // One read in a quarter of a second, and walks instead of what was over the limit.
    let most = begin.elapsed().as_millis() / 250 + 2;
    let read = reads(&world, id) - before;
    assert!(
        read as u128 <= most,
        "{read} reads, at most {most} expected"
    );
    let walks = world.sim.calls_after(mark).len() - read;
    // A quarter of the rate.
    let share = begin.elapsed().as_millis() * 500 / 4 / 1000 + 4;
    assert!((walks as u128) < share, "{walks} calls of walks");

    // What matters comes while somebody floods with what nobody holds, is itself over the limit, and
    // no other webhook about the stream comes after it.
    world
        .sim
        .behaviour(CLIENT, |ways| ways.transcoding_after_seconds = 3600.0);
    let (flooder, noise) = (address.clone(), about(9_999_999, true));
    let endless = tokio::spawn(async move {
        loop {
            flood(&flooder, &path, &noise, 800).await;
        }
    });
    world
        .until_true("the rate is used up", async || {
            counted(&world, "rate_limited").await > limited as u64 + 500
        })
        .await;
    let mut live = false;
    let refused = |delivery: &Delivery| matches!(delivery, Delivery::Answered { status: 429 });
    for _ in 0..20 {
        live = !live;
        world.sim.set_live(id, live).unwrap();
        until_live(&world, "keynote", live).await;
        let sent = world.sim.webhooks_sent(CLIENT);
        if sent.iter().any(|webhook| refused(&webhook.delivery)) {
            break;
        }
    }
    endless.abort();
    let sent = world.sim.webhooks_sent(CLIENT);
    assert!(
        sent.iter().any(|webhook| refused(&webhook.delivery)),
        "none was over the limit: {sent:?}"
    );
}

#[tokio::test]
async fn strangers_are_limited_apart() {
    let world = receiving("hook-strangers", &[]).await;
    let (address, path) = (address(&world).await, path(&world, SECRET).await);
    let wrong = format!("/webhooks/{}", "0123456789abcdef".repeat(4));
    let (accepted, limited) = flood(&address, &wrong, &json!({}), 1000).await;
    assert_eq!(accepted, 0);
    assert!(limited > 500, "{limited} limited");
    assert_eq!(post(&address, &path, &json!({})).await, 200);
}

#[tokio::test]
async fn a_hundred_megabytes_are_not_read() {
    const HUGE: usize = 100 * 1024 * 1024;
    let world = receiving("hook-huge", &[]).await;
    let id = switched_on(&world, "keynote").await;
    hook(&world).await;
    let (address, path) = (address(&world).await, path(&world, SECRET).await);
    let operator = world.operator.as_ref().unwrap();
    let memory = operator.resident();
    for (path, lengths, counts) in [
        (path.clone(), format!("Content-Length: {HUGE}"), "too_large"),
        (
            path.clone(),
            "Transfer-Encoding: chunked".to_owned(),
            "too_large",
        ),
        (
            format!("/webhooks/{}", "0".repeat(64)),
            "Transfer-Encoding: chunked".to_owned(),
            "unknown_token",
        ),
    ] {
        let before = counted(&world, counts).await;
        let head = format!("POST {path} HTTP/1.1\r\nHost: operator\r\n{lengths}\r\n\r\n");
        let (sent, status) = endless(&address, head, HUGE).await;
        // What the system's buffers hold is as good as sent.
        assert!(sent < HUGE / 4, "{sent} bytes were taken");
        // The answer may be lost with the connection.
        assert!(matches!(status, None | Some(413 | 404)), "{status:?}");
        assert_eq!(counted(&world, counts).await, before + 1, "{lengths}");
    }
    let longest = 64 * 1024;
    for (length, expected) in [(longest, 200), (longest + 1, 413)] {
        let body = " ".repeat(length);
        let (status, _) = send(&address, request(&path, &body)).await.unwrap();
        assert_eq!(status, expected, "{length} bytes");
    }
    let head = "a".repeat(64 * 1024);
    let long = format!("POST {path} HTTP/1.1\r\nHost: operator\r\nX: {head}\r\n\r\n");
    let answer = send(&address, long).await;
    assert!(answer.is_none_or(|(status, _)| status == 431));
    let grown = operator.resident().saturating_sub(memory);
    assert!(grown < LITTLE, "{grown} KB more");
    world.sim.set_live(id, true).unwrap();
    until_live(&world, "keynote", true).await;
}

#[tokio::test]
async fn who_takes_his_time_is_cut_off_and_holds_nobody_up() {
    let world = receiving("hook-slow", &[]).await;
    let id = switched_on(&world, "keynote").await;
    hook(&world).await;
    let (address, path) = (address(&world).await, path(&world, SECRET).await);
    let in_the_head = format!("POST {path} HTTP/1.1\r\nHost: operator\r\nX: ");
    let in_the_body =
        format!("POST {path} HTTP/1.1\r\nHost: operator\r\nContent-Length: 60000\r\n\r\n{{");
    let slow = [String::new(), in_the_head, in_the_body].map(|begin| {
        let address = address.clone();
        tokio::spawn(async move { drip(&address, begin).await })
    });

    // Many sit there and say nothing, more than there is room for: those who came last stay.
    let idle: Vec<_> = (0..300).map(|_| connect(&address)).collect();
    world.sim.set_live(id, true).unwrap();
    until_live(&world, "keynote", true).await;
    assert!(counted(&world, "crowded_out").await >= 40);
    drop(idle);

    for slow in slow {
        let borne = slow.await.unwrap();
        // The busiest machine has some patience more.
        assert!(borne < Duration::from_secs(30), "borne for {borne:?}");
    }
    let begun = format!("POST {path} HTTP/1.1\r\nContent-Length: 60000\r\n\r\n{{");
    let before = counted(&world, "timed_out").await;
    let borne = drip(&address, begun).await;
    assert!(borne > Duration::from_secs(3), "borne for {borne:?}");
    assert_eq!(counted(&world, "timed_out").await, before + 1);
}

#[tokio::test]
async fn only_the_ranges_that_are_named_are_let_in() {
    let ranges = "--webhook-source=92.223.112.0/24,92.223.123.0/24";
    let mut world = receiving("hook-sources", &[ranges]).await;
    let (closed, secret) = (address(&world).await, path(&world, SECRET).await);
    let bytes = request(&secret, &json!({}).to_string());
    assert_eq!(send(&closed, bytes).await, None);
    assert_eq!(counted(&world, "refused_source").await, 1);
    assert_eq!(counted(&world, "accepted").await, 0);

    super::start(&mut world, &[ranges, "--webhook-source=127.0.0.0/8"]);
    let open = address(&world).await;
    world
        .until_true("the path is known", async || {
            post(&open, &secret, &about(1, true)).await == 200
        })
        .await;
}
