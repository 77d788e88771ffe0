//! Answers that are meant to break their readers: each is an error that says what is wrong with it, in time.

use std::time::Duration;

use livestream_operator::{clock, provider::http::Deadlines};

use crate::{
    bench::*,
    raw::{server, sized},
};

#[tokio::test]
async fn each_hostile_answer_is_an_error_that_says_what_is_wrong() {
    const DEEP: usize = 1_000_000;
    // A stream, packed by gzip without compression (RFC 1952, RFC 1951): whoever unpacks it, reads it.
    let stream = br#"{"id": 7}"#;
    let (length, check) = (u8::try_from(stream.len()).unwrap(), 0x00_u8);
    let packed = [
        &[
            0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, length, check, !length, 0xff,
        ][..],
        stream,
    ]
    .concat();
    let headers = "X: y\r\n".repeat(20_000);
    let nested = [vec![b'['; DEEP / 2], vec![b']'; DEEP / 2]].concat();
    let objects = br#"{"a":"#.repeat(DEEP / 6);
    let cut = "the connection was cut";
    let table = [
        (sized("", &nested), vec![], garbled("it is no JSON")),
        (sized("", &objects), vec![], garbled("it is no JSON")),
        (
            sized("Content-Encoding: gzip\r\n", &packed),
            vec![],
            garbled("it is no JSON"),
        ),
        (sized(&headers, stream), vec![], unavailable(cut)),
        (
            b"HTTP/1.1 200 OK\r\n".to_vec(),
            b"X: y\r\n".repeat(100),
            unavailable(cut),
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n".to_vec(),
            vec![],
            unavailable(cut),
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551614\r\n\r\n".to_vec(),
            vec![],
            unavailable(cut),
        ),
        (b"SSH-2.0-x\r\n".to_vec(), vec![], unavailable(cut)),
    ];
    for (number, (head, endless, expected)) in table.into_iter().enumerate() {
        let (url, asked) = server(head, endless).await;
        let gcore = connect(&url, hasty());
        let result = gcore.streams.get(&id(7)).await;
        assert_eq!(result.map(drop), expected, "number {number}");
        let listed = gcore.streams.list(1).await;
        // An item that is too deep is one that cannot be read, which proves nobody's absence.
        let none = listed.iter().flatten().all(Result::is_err);
        assert!(none, "number {number}: {listed:?}");
        assert!(!asked.lock().unwrap().is_empty());
    }
}

/// It never stops for long enough to be noticed as silence; the whole call has a deadline.
#[tokio::test]
async fn who_drips_is_waited_for_until_the_deadline() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n".to_vec();
    let (url, asked) = server(head, vec![b' ']).await;
    let call = Duration::from_millis(400);
    let gcore = connect(&url, Deadlines { call, ..hasty() });
    let before = clock::now().mono;
    let result = gcore.streams.get(&id(7)).await;
    assert_eq!(result.map(drop), unavailable("no answer in time"));
    assert!(before.elapsed() >= call);
    assert_eq!(asked.lock().unwrap().len(), 1);
}

/// A page is at most so long, whatever its items are.
#[tokio::test]
async fn a_page_of_too_many_items_is_not_kept() {
    for (items, what) in [
        ("0,".repeat(50_000), "it is something else"),
        ("{},".repeat(50_000), "it is something else"),
        ("[],".repeat(50_000), "it is something else"),
        // More bytes than are read.
        (" ".repeat(9 << 20), "it is too large"),
    ] {
        let (url, _) = server(sized("", format!("[{items}0]").as_bytes()), vec![]).await;
        let gcore = connect(&url, hasty());
        let result = gcore.streams.list(1).await.map(drop);
        assert_eq!(result, garbled(what), "{}", &items[..6]);
    }
}
