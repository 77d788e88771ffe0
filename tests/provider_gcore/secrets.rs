//! What nobody may see.

use std::{
    io::Write,
    sync::{Arc, Mutex},
    time::Duration,
};

use livestream_operator::{
    provider::{ObservedStream, gcore, http::Deadlines},
    secret::Secret,
};
use serde_json::json;
use simulator::{
    Outage,
    faults::{Action, Fault},
};

use crate::{
    bench::*,
    server::{answer, server},
};

/// Everything that was traced.
#[derive(Clone, Default)]
struct Traced(Arc<Mutex<Vec<u8>>>);

impl Write for Traced {
    fn write(&mut self, part: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn assert_clean(text: &str, token: &str) {
    let lower = text.to_lowercase();
    for word in ["canary", token] {
        let line = lower.lines().find(|line| line.contains(word));
        assert_eq!(line, None, "{word} is shown");
    }
}

#[tokio::test]
async fn no_error_and_no_trace_shows_a_secret() {
    let traced = Traced::default();
    let writer = traced.clone();
    // For the whole process: other threads would else decide that nobody wants to hear of a place
    // in the code. So this hears the other tests, too, which are no less secret.
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();

    let (sim, gcore) = start().await;
    let made = on_air(&sim, &gcore).await;
    let (owner, wanted) = (owner(), secretive());
    let update = gcore.streams.update(&made.id, Some(&owner), &wanted).await;
    update.unwrap();
    let number: u64 = made.id.as_str().parse().unwrap();
    // Ingest addresses hold this.
    sim.edit(number, json!({"token": "feedc0ffee"})).unwrap();
    let whole = gcore.streams.get(&made.id).await.unwrap().unwrap();
    let push = whole.ingest.push.as_ref().map(Secret::expose);
    assert!(push.is_some_and(|push| push.contains("feedc0ffee")));
    let mut shown = vec![
        format!("{whole:?}"),
        format!("{:?}", gcore.streams.list(1).await),
    ];

    let actions = [
        Action::status(401),
        Action::status(403),
        Action::status(404),
        Action::status(409),
        Action::status(422),
        Action::status(503),
        Action::too_many(Some("1")),
        Action::TimeoutAfterApply,
        Action::CutAfterApply,
        Action::Truncated,
        Action::Stalled,
        Action::Garbled,
        Action::EndlessBody,
        Action::Html { applied: false },
        // None: what the provider says where nothing is wrong, and what is made of it.
        Action::Delay { millis: 0 },
    ];
    let deadlines = Deadlines {
        read: Duration::from_millis(100),
        ..hasty()
    };
    let hurried = connect(&sim.url(), deadlines);
    for action in actions {
        for method in Method::ALL {
            if method.deletes() {
                continue;
            }
            let number = sim.fault(Fault::new(action.clone()).always());
            if let Err(error) = method.run(&hurried, &whole).await {
                shown.push(format!("{error} {error:?} {error:#?}"));
            }
            sim.clear_fault(number);
        }
    }
    sim.set_outage(Some(Outage::Refuse));
    for method in [Method::Client, Method::Create] {
        let error = method.run(&gcore, &whole).await.unwrap_err();
        shown.push(format!("{error} {error:?}"));
    }
    assert!(!shown.concat().contains("127.0.0.1"));
    shown.extend(echoes(&whole).await);
    for bad in [format!("{KEY}\n"), String::new()] {
        let error = gcore::connect(&sim.url(), Secret::new(bad), &http(hasty()));
        let error = error.err().expect("no header can carry it");
        shown.push(format!("{error} {error:?}"));
    }

    assert!(shown.len() > 60, "{}", shown.len());
    assert_clean(&shown.join("\n"), "feedc0ffee");
    let traced = String::from_utf8(traced.0.lock().unwrap().clone()).unwrap();
    // It was listened to, down to the last detail.
    assert!(traced.contains("the provider answered") && traced.contains("TRACE"));
    assert!(traced.contains("no answer from the provider"));
    assert_clean(&traced, "feedc0ffee");
    assert!(!traced.contains("page=1"));
}

/// Errors of a provider that says back everything that it was sent.
async fn echoes(whole: &ObservedStream) -> Vec<String> {
    let mut shown = Vec::new();
    for status in [400, 401, 403, 404, 422, 429, 500] {
        for shape in ["errors", "error", "message", "detail"] {
            let (url, _) = server(move |request| {
                let body = json!({ shape: { "field": [request] }, "request": request });
                answer(status, "Retry-After: 1\r\n", &body.to_string())
            })
            .await;
            let gcore = connect(&url, hasty());
            for method in [
                Method::Client,
                Method::Create,
                Method::Update,
                Method::ResetKey,
                Method::StartRecording,
                Method::StopRecording,
                Method::Videos,
                Method::CreateBroadcast,
            ] {
                if let Err(error) = method.run(&gcore, whole).await {
                    shown.push(format!("{error} {error:?}"));
                }
            }
        }
    }
    // Successes may have words, too.
    let (url, _) = server(|request| {
        let body = if request.starts_with("GET") {
            let ingest = "rtmp://user:canary@host/in/7?canary";
            json!([{"id": 7, "error": format!("no {ingest} with {KEY} in {request}")}])
        } else {
            json!({"errors": [{"message": request}], "warnings": [request], "id": 7})
        };
        answer(200, "", &body.to_string())
    })
    .await;
    let gcore = connect(&url, hasty());
    let (started, videos) = (
        gcore.recordings.start(&whole.id).await,
        gcore.recordings.videos(&whole.id, 1).await,
    );
    assert!(started.is_err() && videos.as_ref().is_ok_and(|page| page.len() == 1));
    shown.push(format!("{started:?} {videos:?}"));
    shown
}
