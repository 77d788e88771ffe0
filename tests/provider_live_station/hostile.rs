//! Answers that are meant to break their readers: each is an error that says what is wrong with it, in time.

use livestream_operator::provider::{Mark, ProviderError, StreamId, StreamSettings};

use crate::{
    connect,
    methods::{Method, garbled, unavailable},
    owner,
    raw::{server as raw, sized},
    server::{answer, server},
    start,
};

#[tokio::test]
async fn each_hostile_answer_is_an_error_that_says_what_is_wrong() {
    const DEEP: usize = 1_000_000;
    let cut = "the connection was cut";
    let head = |text: &str| format!("HTTP/1.1 200 OK\r\n{text}").into_bytes();
    let wrapped = |content: &[u8]| [b"{\"content\":", content, b"}"].concat();
    for (number, (bytes, endless, expected)) in [
        (
            sized("", &wrapped(&[b'['].repeat(DEEP))),
            vec![],
            garbled("it is no JSON"),
        ),
        (
            sized("", &wrapped(&br#"{"a":"#.repeat(DEEP / 6))),
            vec![],
            garbled("it is no JSON"),
        ),
        (
            sized("Content-Encoding: gzip\r\n", b"\x1f\x8b\x08"),
            vec![],
            garbled("it is no JSON"),
        ),
        (
            sized(&"X: y\r\n".repeat(20_000), b"{}"),
            vec![],
            unavailable(cut),
        ),
        (head(""), b"X: y\r\n".repeat(100), unavailable(cut)),
        (
            head("Content-Length: 99999999999999999999\r\n\r\n"),
            vec![],
            unavailable(cut),
        ),
        (b"SSH-2.0-x\r\n".to_vec(), vec![], unavailable(cut)),
    ]
    .into_iter()
    .enumerate()
    {
        let (url, asked) = raw(bytes, endless).await;
        let connection = connect(&url);
        let result = connection.streams.get(&StreamId::new("ls-1")).await;
        assert_eq!(result.map(drop), expected, "number {number}");
        let listed = connection.streams.list(1).await;
        assert!(
            listed.iter().flatten().all(Result::is_err),
            "number {number}: {listed:?}"
        );
        assert!(!asked.lock().unwrap().is_empty());
    }
}

/// A page is at most so long, whatever its items are.
#[tokio::test]
async fn a_page_of_too_many_items_is_not_kept() {
    for (items, what) in [
        ("0,".repeat(50_000), "it is something else"),
        ("{},".repeat(50_000), "it is something else"),
        // More bytes than are read.
        (" ".repeat(9 << 20), "it is too large"),
    ] {
        let body = format!("{{\"content\":[{items}0]}}");
        let (url, _) = raw(sized("", body.as_bytes()), vec![]).await;
        assert_eq!(
            connect(&url).streams.list(1).await,
            garbled(what),
            "{}",
            &items[..2]
        );
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (sim, simulated) = start().await;
    let seen = Method::Get.subject(&sim, &simulated).await;
    let (elsewhere, there) = server(|_| answer(200, "", "{}")).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("Location: {elsewhere}/api/v2/channels\r\n");
        let (url, here) = server(move |_| answer(status, &location, "")).await;
        let expected = format!("HTTP {status}, a redirect, which is not followed");
        for method in Method::ALL {
            let result = method.run(&connect(&url), &seen).await;
            assert_eq!(result, unavailable(&expected), "{method:?}");
        }
        assert_eq!(here.lock().unwrap().len(), Method::ALL.len());
    }
    assert_eq!(there.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn a_reply_to_a_creation_needs_an_id() {
    for content in [
        "{}",
        "null",
        "[]",
        r#"{"channelId": null}"#,
        r#"{"channelId": ""}"#,
        "7",
    ] {
        let body = format!("{{\"content\": {content}}}");
        let (url, heard) = server(move |_| answer(200, "", &body)).await;
        let streams = connect(&url).streams;
        let made = streams
            .create(&owner("a"), &StreamSettings::default())
            .await;
        let garbled = matches!(made, Err(ProviderError::Garbled { .. }));
        assert!(garbled, "{content}: {made:?}");
        assert_eq!(heard.lock().unwrap().len(), 1);
    }
    let (url, _) = server(|_| answer(200, "", r#"{"content": {"channelId": "ls-1"}}"#)).await;
    let connection = connect(&url);
    let plain = StreamSettings::default();
    let made = connection
        .streams
        .create(&owner("a"), &plain)
        .await
        .unwrap();
    let mark = Mark::Owned((connection.capabilities.owner)(&owner("a")));
    assert_eq!(made.mark, mark);
}

/// An id leads nowhere else.
#[tokio::test]
async fn no_call_is_made_for_what_is_no_id() {
    let (url, heard) = server(|_| answer(200, "", "{}")).await;
    let connection = connect(&url);
    for odd in ["", "..", "../channels", "a/b", "a?b", "a b", "a\n"] {
        let result = connection.streams.get(&StreamId::new(odd)).await;
        assert!(
            result.is_err_and(|error| error.refused_for_certain()),
            "{odd:?}"
        );
    }
    assert!(heard.lock().unwrap().is_empty());
}
