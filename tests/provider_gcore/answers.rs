//! Against servers that say what no simulator should.

use livestream_operator::{
    provider::{Mark, ProviderError, StreamId, StreamSettings, gcore, http::Deadlines},
    secret::Secret,
};
use serde_json::Value;

use crate::{
    bench::*,
    server::{answer, server},
};

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (elsewhere, there) = server(|_| answer(200, "", "{\"id\": 7}")).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("Location: {elsewhere}/streaming/streams/7\r\n");
        let (url, here) = server(move |_| answer(status, &location, "")).await;
        let gcore = connect(&url, hasty());
        let expected = format!("HTTP {status}, a redirect, which is not followed");
        for method in Method::ALL {
            let result = method.run(&gcore, &seen()).await;
            assert_eq!(result, unavailable(&expected), "{method:?}");
        }
        assert_eq!(here.lock().unwrap().len(), Method::ALL.len());
    }
    assert_eq!(there.lock().unwrap().len(), 0);
    // An address that is none is not one to stumble over either.
    let (url, _) = server(|_| answer(302, "Location: http://[\r\n", "")).await;
    let result = Method::Client.run(&connect(&url, hasty()), &seen()).await;
    assert!(matches!(result, Err(ProviderError::Unavailable { .. })));
}

#[tokio::test]
async fn a_request_carries_the_key_and_says_who_sends_it() {
    let (url, heard) = server(|_| answer(200, "", "{\"id\": 7}")).await;
    let gcore = connect(&format!("{url}/some/where/"), hasty());
    gcore.streams.get(&id(7)).await.unwrap();
    gcore
        .streams
        .update(&id(7), None, &active(true))
        .await
        .unwrap();
    let heard = heard.lock().unwrap();
    let texts: Vec<String> = heard.iter().map(|(_, text)| text.to_lowercase()).collect();
    assert!(texts[0].starts_with("get /some/where/streaming/streams/7 http/1.1\r\n"));
    assert!(texts[1].starts_with("patch /some/where/streaming/streams/7 http/1.1\r\n"));
    for text in &texts {
        let version = env!("CARGO_PKG_VERSION");
        assert!(text.contains(&format!(
            "\r\nuser-agent: livestream-operator/{version}\r\n"
        )));
        assert!(text.contains(&format!("\r\nauthorization: apikey {KEY}\r\n")));
        assert!(text.contains("\r\naccept: application/json\r\n"));
        assert!(!text.contains("accept-encoding"));
    }
    assert!(heard[0].1.contains("APIKey "));
    assert!(texts[1].contains("\r\ncontent-type: application/json\r\n"));
    assert!(texts[1].ends_with("\r\n\r\n{\"stream\":{\"active\":true}}"));
}

/// A kept connection may be dead without anybody knowing, and what lies below us would send again
/// what it believes was not taken. What may be sent only once shares no connection with anything.
#[tokio::test]
async fn what_is_sent_once_has_a_connection_of_its_own() {
    let (url, heard) = server(|_| answer(200, "", "{\"id\": 7}")).await;
    let gcore = connect(&url, hasty());
    for method in Method::ONCE {
        Method::Get.run(&gcore, &seen()).await.unwrap();
        method.run(&gcore, &seen()).await.unwrap();
    }
    Method::Get.run(&gcore, &seen()).await.unwrap();
    let connections: Vec<usize> = heard.lock().unwrap().iter().map(|(n, _)| *n).collect();
    assert_eq!(connections, [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0]);
}

/// The other side closes kept connections at the worst moment, over and over.
#[tokio::test]
async fn connections_that_close_under_a_request_double_nothing() {
    let (url, heard) = server(|text| {
        if text.starts_with("GET") {
            answer(200, "", "{\"id\": 7}")
        } else {
            None
        }
    })
    .await;
    let gcore = connect(&url, hasty());
    for _ in 0..20 {
        for method in Method::ONCE {
            Method::Get.run(&gcore, &seen()).await.unwrap();
            let result = method.run(&gcore, &seen()).await;
            assert_eq!(result, unavailable("the connection was cut"));
        }
    }
    let heard = heard.lock().unwrap();
    let once = heard.iter().filter(|(_, text)| !text.starts_with("GET"));
    assert_eq!(once.count(), 20 * Method::ONCE.len());
}

#[tokio::test]
async fn a_reply_to_a_creation_needs_an_id() {
    for body in ["{}", "null", "[]", "{\"id\": null}", "{\"id\": \"x\"}", "7"] {
        let (url, heard) = server(|_| answer(200, "", body)).await;
        let result = Method::Create.run(&connect(&url, hasty()), &seen()).await;
        assert!(
            matches!(result, Err(ProviderError::Garbled { .. })),
            "{body}"
        );
        assert_eq!(heard.lock().unwrap().len(), 1);
    }
    // Whose it is the reply may leave open.
    let (url, _) = server(|_| answer(201, "", "{\"id\": \"7\"}")).await;
    let gcore = connect(&url, hasty());
    let made = gcore
        .streams
        .create(&owner(), &StreamSettings::default())
        .await
        .unwrap();
    assert_eq!((made.id, made.mark), (id(7), Mark::Unreadable));
}

#[tokio::test]
async fn what_is_no_list_is_not_an_empty_list() {
    for body in ["null", "{}", "{\"results\": []}", "\"\"", "0", "[] []", "["] {
        let (url, _) = server(|_| answer(200, "", body)).await;
        let result = Method::List.run(&connect(&url, hasty()), &seen()).await;
        assert!(
            matches!(result, Err(ProviderError::Garbled { .. })),
            "{body}"
        );
    }
    let (url, _) = server(|_| answer(204, "", "")).await;
    let result = Method::List.run(&connect(&url, hasty()), &seen()).await;
    assert_eq!(result, garbled("it is empty"));
}

/// An error's status counts even where its body never ends.
#[tokio::test]
async fn an_error_is_an_error_before_its_body_ends() {
    let cut = "HTTP/1.1 422 So\r\nContent-Length: 100\r\n\r\n{\"error\":";
    let (url, _) = server(|_| Some(cut.to_owned())).await;
    let result = Method::Create.run(&connect(&url, hasty()), &seen()).await;
    assert_eq!(result, refused(422, ""));
    let (url, _) = server(|_| answer(403, "", &format!("\"{}\"", "x".repeat(100_000)))).await;
    let result = Method::Create.run(&connect(&url, hasty()), &seen()).await;
    let empty = ProviderError::Unauthorized {
        status: 403,
        message: String::new(),
    };
    assert_eq!(result, Err(empty));
}

#[test]
fn what_cannot_work_is_said_at_once() {
    let http = http(Deadlines::default());
    let error = |url: &str, key: &str| {
        gcore::connect(url, Secret::new(key), &http)
            .err()
            .map(|error| error.to_string())
    };
    assert_eq!(error("https://api.gcore.com", KEY), None);
    assert_eq!(
        error("api.gcore.com", KEY).as_deref(),
        Some("the endpoint cannot be used: it is no URL")
    );
    assert_eq!(
        error("https://user@api.gcore.com", KEY).as_deref(),
        Some("the endpoint cannot be used: it has a user or a password")
    );
    assert_eq!(
        error("https://api.gcore.com", "").as_deref(),
        Some("the key cannot be used: it is empty")
    );
    assert!(error("https://api.gcore.com", "key\n").is_some_and(|e| e.contains("a line break")));
}

/// Whole answers, with the fields of the API spec and those of 2022 (official Android demo app).
#[tokio::test]
async fn documented_answers_are_read() {
    for (name, text) in [
        ("stream", include_str!("../fixtures/gcore/stream.json")),
        (
            "tutorial",
            include_str!("../fixtures/gcore/stream-2022.json"),
        ),
    ] {
        let document: Value = serde_json::from_str(text).unwrap();
        let id = StreamId::new(document["id"].to_string());
        let list = format!("[{text}]");
        let (url, _) = server(move |request| {
            let body = if request.contains("page=") {
                &list
            } else {
                text
            };
            answer(200, "Content-Type: application/json\r\n", body)
        })
        .await;
        let gcore = connect(&url, hasty());
        let seen = gcore.streams.get(&id).await.unwrap().unwrap();
        let listed = gcore.streams.list(1).await.unwrap();
        assert_eq!(listed[0].as_ref(), Ok(&seen), "{name}");
        assert_eq!(seen.settings.name.as_deref(), document["name"].as_str());
        assert_eq!(seen.mark, Mark::None);
        let push = seen.ingest.push.as_ref().map(Secret::expose);
        assert_eq!(push, document["push_url"].as_str());
    }
}
