//! Faults and outages, as a caller meets them.

use std::time::Duration;

use serde_json::json;
use simulator::Outage;
use simulator::faults::{Action, ErrorBody, Fault};
use simulator::gcore::Simulator;

use crate::support::{
    Answer, CLIENT, Failed, KEY, STREAMS, get, patch, post, seen, send, send_unbounded, soon,
    start, start_with, with_key,
};

/// A create under a fault: what the caller sees, and how many streams there are then.
async fn create_under(action: Action) -> (Result<Answer, Failed>, u64, Simulator) {
    let sim = start().await;
    let fault = sim.fault(Fault::new(action).method("POST").route(STREAMS));
    let body = json!({"name": "a"});
    let seen = send(&sim, with_key("POST", STREAMS, Some(&body))).await;
    assert_eq!(sim.fired(fault), 1);
    let made = sim.created_total(CLIENT);
    let call = sim.calls().pop().expect("a call");
    assert_eq!(call.applied, made == 1, "{call:?}");
    assert!(call.fault.is_some());
    assert_eq!(call.body, Some(body));
    // Met once only.
    assert_eq!(post(&sim, STREAMS, json!({"name": "b"})).await.status, 200);
    (seen, made, sim)
}

#[tokio::test]
async fn cut_connections() {
    for (action, applied) in [(Action::CutBeforeApply, 0), (Action::CutAfterApply, 1)] {
        let (seen, made, sim) = create_under(action).await;
        assert_eq!(seen.expect_err("no answer"), Failed::Answer);
        assert_eq!(made, applied);
        assert_eq!(sim.calls()[0].status, None);
    }
}

#[tokio::test]
async fn bodies_that_break_off() {
    let (seen, made, sim) = create_under(Action::Truncated).await;
    assert_eq!(seen.expect_err("half a body"), Failed::Body);
    assert_eq!((made, sim.calls()[0].status), (1, Some(200)));
}

#[tokio::test]
async fn a_truncated_body_has_its_head_and_its_length() {
    use std::io::{Read, Write};
    let sim = start().await;
    sim.fault(Fault::new(Action::Truncated));
    let address = sim.address();
    let said = tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(address)?;
        write!(
            stream,
            "GET /iam/clients/me HTTP/1.1\r\nHost: x\r\nAuthorization: APIKey {KEY}\r\n\r\n"
        )?;
        let mut said = String::new();
        stream.read_to_string(&mut said)?;
        Ok::<_, std::io::Error>(said.to_lowercase())
    });
    let said = soon(said).await.expect("no panic").expect("an answer");
    let (head, body) = said.split_once("\r\n\r\n").expect("a head");
    let length = head.split("content-length: ").nth(1).expect("a length");
    let length: usize = length
        .lines()
        .next()
        .and_then(|l| l.parse().ok())
        .expect("a number");
    assert!(head.starts_with("http/1.1 200"));
    assert_eq!(body.len(), length / 2);
}

#[tokio::test]
async fn answers_that_are_no_json() {
    for (action, status, applied) in [
        (Action::Garbled, 200, 1),
        (Action::EmptyBody, 200, 1),
        (Action::Html { applied: true }, 200, 1),
        (Action::Html { applied: false }, 200, 0),
    ] {
        let (seen, made, _) = create_under(action.clone()).await;
        let answer = seen.expect("an answer");
        assert_eq!((answer.status, made), (status, applied), "{action:?}");
        assert!(serde_json::from_slice::<serde_json::Value>(&answer.body).is_err());
    }
}

#[tokio::test]
async fn statuses_with_and_without_effect() {
    for status in [401, 403, 404, 409, 429, 500, 502, 503, 504] {
        for applied in [false, true] {
            for body in [ErrorBody::Json, ErrorBody::Html, ErrorBody::Empty] {
                let (seen, made, _) = create_under(Action::Status {
                    status,
                    retry_after: Some("Thu, 01 Jan 2099 00:00:00 GMT".into()),
                    body,
                    applied,
                })
                .await;
                let answer = seen.expect("an answer");
                assert_eq!((answer.status, made), (status, u64::from(applied)));
                assert_eq!(
                    answer.header("retry-after"),
                    Some("Thu, 01 Jan 2099 00:00:00 GMT")
                );
                match body {
                    ErrorBody::Json => assert_eq!(answer.json()["status"], status),
                    ErrorBody::Html => assert!(answer.body.starts_with(b"<html>")),
                    ErrorBody::Empty => assert!(answer.body.is_empty()),
                }
            }
        }
    }
    let (seen, _, _) = create_under(Action::too_many(None)).await;
    assert_eq!(seen.expect("an answer").header("retry-after"), None);
}

#[tokio::test]
async fn bodies_that_are_too_long() {
    let (seen, made, _) = create_under(Action::EndlessBody).await;
    assert_eq!((seen.expect_err("too long"), made), (Failed::Body, 1));
    let (seen, made, _) = create_under(Action::HugeBody { bytes: 9 << 20 }).await;
    assert_eq!((seen.expect_err("too long"), made), (Failed::Body, 1));
    let (seen, made, _) = create_under(Action::HugeBody { bytes: 1 << 20 }).await;
    let answer = seen.expect("an answer");
    assert_eq!((answer.json()["name"].as_str(), made), (Some("a"), 1));
    assert!(answer.body.len() > 1 << 20);
}

/// No answer comes: the call is seen in the journal, and the caller gives up.
async fn create_in_vain(action: Action) -> (Simulator, u64) {
    let sim = start().await;
    sim.fault(Fault::new(action).method("POST"));
    let body = json!({"name": "a"});
    let answer = tokio::select! {
        answer = send_unbounded(&sim, with_key("POST", STREAMS, Some(&body))) => Some(answer),
        () = soon(sim.until(|sim| sim.calls().len() == 1)) => None,
    };
    assert!(answer.is_none(), "{answer:?}");
    // The server notices that its caller has gone.
    soon(sim.until(|sim| sim.connections().open == 0)).await;
    let made = sim.created_total(CLIENT);
    (sim, made)
}

#[tokio::test]
async fn answers_that_never_come() {
    let (sim, made) = create_in_vain(Action::TimeoutBeforeApply).await;
    assert_eq!((made, sim.calls()[0].applied), (0, false));
    let (sim, made) = create_in_vain(Action::TimeoutAfterApply).await;
    assert_eq!((made, sim.calls()[0].applied), (1, true));
    let (_, made) = create_in_vain(Action::Stalled).await;
    assert_eq!(made, 1);
}

#[tokio::test]
async fn a_call_that_takes_effect_after_its_caller_has_gone() {
    let (sim, _) = create_in_vain(Action::ApplyLater { millis: 50 }).await;
    soon(sim.until(|sim| sim.created_total(CLIENT) == 1)).await;
    soon(sim.until(|sim| sim.calls()[0].applied)).await;
}

#[tokio::test]
async fn a_late_answer_is_still_the_answer() {
    let (seen, made, _) = create_under(Action::Delay { millis: 20 }).await;
    let answer = seen.expect("an answer");
    assert_eq!(
        (answer.status, answer.json()["name"].as_str(), made),
        (200, Some("a"), 1)
    );
}

#[tokio::test]
async fn only_the_calls_that_match() {
    let sim = start().await;
    let one = sim
        .create(CLIENT, json!({"name": "keynote"}))
        .expect("created");
    let other = sim
        .create(CLIENT, json!({"name": "other"}))
        .expect("created");
    for n in 0..30 {
        sim.create(CLIENT, json!({"name": format!("filler {n}")}))
            .expect("created");
    }
    let by_name = Fault::new(Action::status(500))
        .name_contains("key")
        .always();
    let by_name = sim.fault(by_name);
    assert_eq!(get(&sim, &format!("{STREAMS}/{one}")).await.status, 500);
    assert_eq!(get(&sim, &format!("{STREAMS}/{other}")).await.status, 200);
    assert_eq!(
        post(&sim, STREAMS, json!({"name": "my key"})).await.status,
        500
    );
    assert_eq!(
        patch(&sim, other, json!({"stream": {"name": "keys"}}))
            .await
            .status,
        500
    );
    sim.clear_fault(by_name);

    let by_id = sim.fault(
        Fault::new(Action::status(503))
            .id(other)
            .method("GET")
            .times(2),
    );
    let states = [one, other, other, other].map(|id| format!("{STREAMS}/{id}"));
    let mut seen = Vec::new();
    for path in &states {
        seen.push(get(&sim, path).await.status);
    }
    assert_eq!((seen, sim.fired(by_id)), (vec![200, 503, 503, 200], 2));

    sim.fault(
        Fault::new(Action::status(502))
            .route(STREAMS)
            .page(2)
            .client(CLIENT),
    );
    sim.fault(Fault::new(Action::status(502)).client(2002).always());
    assert_eq!(get(&sim, STREAMS).await.status, 200);
    assert_eq!(get(&sim, &format!("{STREAMS}?page=2")).await.status, 502);
    assert_eq!(get(&sim, &format!("{STREAMS}?page=2")).await.status, 200);
    sim.clear_faults();
    assert!(sim.faults().is_empty());
}

#[tokio::test]
async fn patch_and_delete_under_a_cut() {
    let sim = start().await;
    let id = sim.create(CLIENT, json!({"name": "a"})).expect("created");
    let path = format!("{STREAMS}/{id}");
    sim.fault(Fault::new(Action::CutAfterApply).times(2));
    let body = json!({"stream": {"name": "b"}});
    let cut = send(&sim, with_key("PATCH", &path, Some(&body))).await;
    assert_eq!(cut.expect_err("no answer"), Failed::Answer);
    assert_eq!(sim.stream(id).expect("there")["name"], "b");
    let cut = send(&sim, with_key("DELETE", &path, None)).await;
    assert_eq!(cut.expect_err("no answer"), Failed::Answer);
    assert_eq!(sim.stream(id), None);
}

#[tokio::test]
async fn nobody_listens_and_then_somebody_does_again() {
    let sim = start().await;
    let id = sim.create(CLIENT, json!({"name": "a"})).expect("created");
    let address = sim.address();
    let idle = tokio::net::TcpStream::connect(address)
        .await
        .expect("connected");
    soon(sim.until(|sim| sim.connections().open == 1)).await;
    sim.outage(true);
    soon(async {
        while tokio::net::TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    soon(sim.until(|sim| sim.connections().open == 0)).await;
    drop(idle);
    let refused = send(&sim, with_key("GET", STREAMS, None)).await;
    assert_eq!(refused.expect_err("refused"), Failed::Connect);
    sim.outage(false);
    soon(async {
        while tokio::net::TcpStream::connect(address).await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(sim.address(), address);
    assert_eq!(seen(&sim, id).await["id"], id, "the world is as it was");
}

#[tokio::test]
async fn an_outage_answers_nobody_or_with_a_status() {
    let sim = start().await;
    sim.set_outage(Some(Outage::Cut));
    let cut = send(&sim, with_key("POST", STREAMS, Some(&json!({"name": "a"})))).await;
    assert_eq!(cut.expect_err("no answer"), Failed::Answer);
    sim.set_outage(Some(Outage::Status { status: 503 }));
    let answer = post(&sim, STREAMS, json!({"name": "a"})).await;
    assert_eq!(answer.status, 503);
    assert_eq!(sim.created_total(CLIENT), 0);
    assert!(sim.calls().iter().all(|call| call.fault == Some("outage")));
    sim.set_outage(None);
    assert_eq!(get(&sim, STREAMS).await.status, 200);
}

#[tokio::test]
async fn an_outage_is_over_by_the_providers_clock() {
    let sim = start().await;
    for outage in [Outage::Cut, Outage::Status { status: 502 }] {
        sim.set_outage_for(outage, Duration::from_hours(1));
        sim.advance(Duration::from_mins(59));
        let answer = send(&sim, with_key("GET", STREAMS, None)).await;
        assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status == 502));
        assert_eq!(sim.current_outage(), Some(outage));
        sim.advance(Duration::from_mins(1));
        assert_eq!(sim.current_outage(), None);
        assert_eq!(get(&sim, STREAMS).await.status, 200);
    }
    // While nobody listens, nobody can put the clock forward over HTTP.
    sim.set_outage_for(Outage::Refuse, Duration::from_millis(10));
    soon(sim.until(|sim| sim.current_outage().is_none())).await;
}

#[tokio::test]
async fn stopped_it_gives_its_port_back() {
    let sim = start().await;
    let address = sim.address();
    sim.stop().await;
    let options = simulator::gcore::Options {
        listen: address,
        ..Default::default()
    };
    let again = start_with(options).await;
    assert_eq!(again.address(), address);
    assert_eq!(get(&again, STREAMS).await.status, 200);
}
