//! A provider that answers with what is meant to break its readers: memory stays bounded, nothing is
//! believed, nothing is made again, and afterwards all goes on.

use serde_json::json;

use crate::harness::{CLIENT, Front, Reply, World, condition, status_of};

/// Kilobytes that the operator may need for it: a few bodies of the largest size that is read, and what is
/// made of them.
const LITTLE: u64 = 64 * 1024;

/// A success that begins so, with as many bytes as it says.
fn sized(headers: &str, body: &[u8]) -> Reply {
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {length}\r\n\r\n");
    Reply {
        head: [head.as_bytes(), body].concat(),
        ..Reply::default()
    }
}

fn endless(head: &str, endless: Vec<u8>) -> Reply {
    Reply {
        head: head.as_bytes().to_vec(),
        endless,
        ..Reply::default()
    }
}

/// Zeros, packed: each of these bits is one of a match of 258 bytes, by the fixed code of RFC 1951.
fn bomb(packed: usize) -> Vec<u8> {
    let mut bits: Vec<u8> = vec![1, 1, 0];
    // A literal zero, then the same again and again: length 258 is code 285, distance 1 is code 0.
    bits.extend([0, 0, 1, 1, 0, 0, 0, 0]);
    while bits.len() < packed * 8 {
        bits.extend([1, 1, 0, 0, 0, 1, 0, 1]);
        bits.extend([0, 0, 0, 0, 0]);
    }
    let bytes = bits.chunks(8).map(|bits| {
        let bit = |(at, bit): (usize, &u8)| bit << at;
        bits.iter().enumerate().map(bit).sum::<u8>()
    });
    let head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    head.into_iter().chain(bytes).collect()
}

/// What is sent, and a word for it.
fn replies() -> Vec<(&'static str, Reply)> {
    const MEGABYTE: usize = 1 << 20;
    let chunk = format!("10000\r\n{}\r\n", "[".repeat(0x10000)).into_bytes();
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let wide = |item: &str| {
        format!(
            "[{}]",
            vec![item; 7 * MEGABYTE / (item.len() + 1)].join(",")
        )
    };
    let members: Vec<String> = (0..500_000).map(|n| format!("\"{n}\":0")).collect();
    let headers = "X: y\r\n".repeat(20_000);
    let deep = format!("[{{\"id\":1,\"a\":{}", "[".repeat(MEGABYTE));
    let nested = format!("{}{}", "[".repeat(MEGABYTE), "]".repeat(MEGABYTE));
    let long_id = format!("[{{\"id\":{}}}]", "9".repeat(MEGABYTE));
    vec![
        ("endless", endless(chunked, chunk)),
        (
            "endless-head",
            endless("HTTP/1.1 200 OK\r\n", b"X-A: b\r\n".repeat(1000)),
        ),
        (
            "one-endless-header",
            endless("HTTP/1.1 200 OK\r\nX: ", b"x".repeat(8192)),
        ),
        ("many-headers", sized(&headers, b"[]")),
        (
            "gzip-bomb",
            sized("Content-Encoding: gzip\r\n", &bomb(MEGABYTE)),
        ),
        (
            "deflate-bomb",
            sized("Content-Encoding: deflate\r\n", &bomb(MEGABYTE)[10..]),
        ),
        ("deep", sized("", nested.as_bytes())),
        ("deep-item", sized("", deep.as_bytes())),
        ("wide", sized("", wide("0").as_bytes())),
        ("wide-objects", sized("", wide("{}").as_bytes())),
        (
            "members",
            sized("", format!("[{{{}}}]", members.join(",")).as_bytes()),
        ),
        ("long-id", sized("", long_id.as_bytes())),
        (
            "impossible-length",
            endless(
                "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
                b"[".repeat(8192),
            ),
        ),
        (
            "longest-length",
            endless(
                "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551614\r\n\r\n",
                b" ".repeat(8192),
            ),
        ),
        (
            "drip",
            endless(
                "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n",
                vec![b' '],
            ),
        ),
        ("two-lengths", sized("Content-Length: 1\r\n", b"[]")),
        ("no-http", endless("\0\0\0\0", vec![0; 8192])),
    ]
}

#[tokio::test]
async fn hostile_answers_cost_little_and_change_nothing() {
    let mut world = World::bare("hostile").await;
    let front = Front::of(&world.sim.url()).await;
    world
        .account(json!({"gcore": {"endpoint": front.url}}))
        .await;
    let allow = format!("--allow-endpoint={}", front.url);
    world.start(&[&allow, "--log=info"]);
    for name in ["one", "two", "three"] {
        world
            .stream(
                name,
                json!({"active": true, "ingestSecret": {"name": name}}),
            )
            .await;
    }
    for name in ["one", "two", "three"] {
        world.until_ready(name).await;
    }
    world.until_account("default", "InStep").await;
    world.walks(2).await;
    let before = status_of(&world.until_ready("one").await);
    let (streams, changing) = (world.sim.streams(CLIENT), world.sim.changing_calls());
    let resident = world.operator().resident();
    let mut most = 0;
    for (what, reply) in replies() {
        front.say(Some(reply));
        world
            .until_true(&format!("{what} is answered"), async || {
                let now = world.operator.as_ref().unwrap().resident();
                assert!(
                    now < resident + LITTLE,
                    "{what}: {resident} KB before, now {now} KB"
                );
                front.sent() >= 2
            })
            .await;
        let now = world.operator().resident();
        most = most.max(now.saturating_sub(resident));
        let peak = world.operator().peak();
        assert!(
            peak < resident + LITTLE,
            "{what}: {resident} KB before, once {peak} KB"
        );
        front.say(None);
        // The account comes back without being asked.
        world.walks(1).await;
    }
    front.say(None);
    let account = world.until_account("default", "InStep").await;
    assert_eq!(condition(&account, "Ready").unwrap()["status"], "True");
    world.walks(2).await;
    assert_eq!(world.sim.streams(CLIENT), streams);
    assert_eq!(world.sim.changing_calls(), changing);
    let after = status_of(&world.until_ready("one").await);
    assert_eq!(after, before);
    // Nothing of what was sent is told.
    let told = world.told().await;
    assert!(!told.contains("[[[[") && !told.contains("99999999"));
    // What is asked for is done.
    world.edit("one", json!({"displayName": "After"})).await;
    world.until_ready("one").await;
    let id = world.stream_id("one").await;
    assert_eq!(world.sim.stream(id).unwrap()["name"], "After");
    println!("resident before {resident} KB, at most {most} KB more");
}

/// While a creation is answered so, it may have been carried out: one is sent, and no second.
#[tokio::test]
async fn a_creation_with_a_hostile_answer_is_not_sent_again() {
    for (what, reply) in replies() {
        // The bodies that take their time are the business of the deadline, which has tests.
        if ["drip", "endless-head"].contains(&what) {
            continue;
        }
        let mut world = World::bare(&format!("posted-{what}")).await;
        let front = Front::of(&world.sim.url()).await;
        world
            .account(json!({"gcore": {"endpoint": front.url}}))
            .await;
        let allow = format!("--allow-endpoint={}", front.url);
        // Absence is proved by nothing in this time, so nothing may be sent again.
        world.start(&[&allow, "--log=info", "--settling=1h"]);
        world.until_account("default", "InStep").await;
        front.say(Some(Reply {
            only: "POST /streaming/streams ",
            ..reply
        }));
        world.stream("keynote", json!({"active": true})).await;
        world
            .until_true(&format!("{what} is answered"), async || front.sent() >= 1)
            .await;
        world.walks(2).await;
        assert_eq!(front.sent(), 1, "{what}");
        assert!(world.sim.streams(CLIENT).is_empty());
        let object = world.get("LiveStream", "keynote").await.unwrap();
        let ready = condition(&object, "Ready").unwrap();
        assert_eq!(ready["status"], "False", "{what}: {ready}");
    }
}
