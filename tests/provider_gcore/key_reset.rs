//! A new stream key.

use livestream_operator::provider::{KeyReset, Mark, ProviderError, StreamSettings};

use crate::{
    bench::*,
    server::{answer, server},
};

async fn reset_with(status: u16, body: &str) -> Result<Option<KeyReset>, ProviderError> {
    let body = body.to_owned();
    let (url, heard) = server(move |_| answer(status, "", &body)).await;
    let result = connect(&url, hasty())
        .streams
        .reset_ingest_key(&id(7))
        .await;
    let heard = heard.lock().expect("no panic");
    assert_eq!(heard.len(), 1);
    let (_, text) = &heard[0];
    assert!(text.starts_with("POST /streaming/streams/7/reset_push_token HTTP/1.1\r\n"));
    assert!(text.to_lowercase().contains("\r\ncontent-length: 0\r\n"));
    result
}

#[tokio::test]
async fn says_whether_the_old_ingest_was_cut() {
    let message = "{\"message\": \"Restart the ingest\"}";
    for (status, body, expected) in [
        (200, "", Some(KeyReset::Cut(None))),
        (200, "null", Some(KeyReset::Cut(None))),
        (202, message, Some(KeyReset::RestartEncoder)),
        (202, "", Some(KeyReset::RestartEncoder)),
        // Not documented, so nothing says that it was cut.
        (204, "", Some(KeyReset::RestartEncoder)),
        (404, "", None),
    ] {
        assert_eq!(
            reset_with(status, body).await,
            Ok(expected),
            "{status} {body}"
        );
    }
    let stream = "{\"id\": 7, \"push_url\": \"rtmp://host/in/7?canary\"}";
    let reset = reset_with(200, stream).await.unwrap().unwrap();
    let KeyReset::Cut(Some(stream)) = reset else {
        panic!("{reset:?}");
    };
    // Whose it is, the answer may leave open.
    assert_eq!((&stream.id, &stream.mark), (&id(7), &Mark::Unreadable));
    assert!(stream.ingest.push.is_some());
    assert!(!format!("{stream:?}").contains("canary"));
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_garbled() {
    for (status, body) in [
        (200, "{}"),
        (200, "{\"id\": 8}"),
        (200, "<html>"),
        (202, "<html>"),
        (200, "{"),
    ] {
        let result = reset_with(status, body).await;
        assert!(
            matches!(result, Err(ProviderError::Garbled { .. })),
            "{status} {body}"
        );
    }
}

#[tokio::test]
async fn the_old_key_is_gone() {
    let (sim, gcore) = start().await;
    let streams = &gcore.streams;
    let made = streams
        .create(&owner(), &StreamSettings::default())
        .await
        .unwrap();
    let reset = streams.reset_ingest_key(&made.id).await.unwrap();
    let Some(KeyReset::Cut(Some(shown))) = reset else {
        panic!("{reset:?}");
    };
    assert_eq!(shown.mark, Mark::Owned(owner()));
    assert_ne!(shown.ingest, made.ingest);
    let seen = streams.get(&made.id).await.unwrap().unwrap();
    assert_eq!(seen, *shown);
    sim.behaviour(CLIENT, |ways| ways.reset_token_accepted = true);
    let reset = streams.reset_ingest_key(&made.id).await;
    assert_eq!(reset, Ok(Some(KeyReset::RestartEncoder)));
    let again = streams.get(&made.id).await.unwrap().unwrap();
    assert_ne!(again.ingest, seen.ingest);
    streams.delete(&made).await.unwrap();
    assert_eq!(streams.reset_ingest_key(&made.id).await, Ok(None));
}
