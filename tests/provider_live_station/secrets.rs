//! What nobody may see.

use serde_json::json;
use simulator::faults::{Action, Fault};

use crate::{
    ACCESS, SECRET, connect,
    methods::Method,
    server::{answer, server},
    start,
};

#[tokio::test]
async fn no_error_shows_a_secret() {
    let (sim, connection) = start().await;
    let seen = Method::Get.subject(&sim, &connection).await;
    let channel = sim.channel(seen.id.as_str()).unwrap();
    let key = channel["streamKey"].as_str().unwrap().to_owned();
    let push = seen.ingest.push.as_ref().unwrap();
    assert!(push.expose().contains(&key), "it was read");
    let mut shown = vec![
        format!("{seen:?}"),
        format!("{:?}", connection.streams.list(1).await),
        format!("{:?}", connection.line),
    ];
    for action in [
        Action::status(401),
        Action::status(404),
        Action::status(503),
        Action::too_many(Some("1")),
        Action::CutAfterApply,
        Action::Truncated,
        Action::Garbled,
        Action::Html { applied: false },
    ] {
        for method in Method::ALL.into_iter().filter(|m| *m != Method::Delete) {
            let number = sim.fault(Fault::new(action.clone()).always());
            if let Err(error) = method.run(&connection, &seen).await {
                shown.push(format!("{error} {error:?} {error:#?}"));
            }
            sim.clear_fault(number);
        }
    }
    // A provider that says back everything that it was sent, and the keys, too.
    let (fixed, signing) = (key.clone(), SECRET);
    for status in [200, 400, 401, 403, 404, 429, 500] {
        for code in [
            json!(200),
            json!(250_004),
            json!(250_010),
            json!(250_014),
            json!(null),
        ] {
            let signing = signing.to_owned();
            let (url, _) = server(move |request| {
                let words = format!("no {signing} in {request}");
                let body =
                    json!({"error": {"errorCode": code, "message": words}, "streamKey": "k"});
                answer(status, "", &body.to_string())
            })
            .await;
            let connection = connect(&url);
            for method in Method::ALL {
                if let Err(error) = method.run(&connection, &seen).await {
                    shown.push(format!("{error} {error:?}"));
                }
            }
        }
    }
    assert!(shown.len() > 100, "{}", shown.len());
    let all = shown.join("\n");
    for secret in [ACCESS, SECRET, &fixed] {
        let line = all.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret} is shown");
    }
}
