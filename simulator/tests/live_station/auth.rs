//! Who may call: signatures, the gateway's time, headers, permissions.

use std::time::Duration;

use axum::body::Body;
use hyper::Request;
use serde_json::{Value, json};
use simulator::live_station::{GatewayClock, KeyChange, Role, Simulator};

use crate::support::{
    ACCESS, Answer, CHANNELS, CLIENT, SECOND, SECRET, Signer, call, delete, error, get, post, put,
    ready, send, set, start, wanted,
};

async fn answer(sim: &Simulator, request: Request<Body>) -> Answer {
    send(sim, request).await.expect("an answer")
}

/// Signatures that were made by another program, from the documented formula.
#[tokio::test]
async fn known_signatures() {
    let sim = start().await;
    let at = 1_505_290_625_682_i64;
    let ahead = Duration::from_millis(at.abs_diff(sim.clock().now().as_millis()));
    sim.behaviour(CLIENT, |ways| {
        ways.gateway_ahead_seconds = -ahead.as_secs_f64();
    });
    for (method, target, signature, status) in [
        (
            "GET",
            "/api/v2/channels?pageNo=1&pageSizeNo=100",
            "G58aPkHoXNHll41sb2aB5DVUn+FlJVXHxOAs95J3iQk=",
            200,
        ),
        (
            "PUT",
            "/api/v2/channels/ls-20250814000000-PZohi/stopRecord",
            "80LTLl4gZvYnblqO+Tnrgnl9M0n6FOBBIobpMvzAQlg=",
            404,
        ),
    ] {
        let signer = Signer {
            at,
            ..Signer::good(&sim)
        };
        let mut request = signer.sign(method, target);
        assert_eq!(request.headers()["x-ncp-apigw-signature-v2"], signature);
        let said = answer(&sim, request).await;
        assert_eq!(said.status, status, "{}", said.json());
        request = signer.sign(method, target);
        set(
            &mut request,
            "x-ncp-apigw-signature-v2",
            &signature.replace('Q', "R").replace("lg=", "lh="),
        );
        assert_eq!(answer(&sim, request).await.status, 401);
    }
}

/// What is signed, to the byte; and whose key it must be.
#[tokio::test]
async fn what_is_not_signed_well_is_refused() {
    let sim = start().await;
    sim.set_key(&KeyChange {
        access: "revoked".into(),
        secret: SECRET.into(),
        client: CLIENT,
        revoked: true,
        ..KeyChange::default()
    });
    let good = Signer::good(&sim);
    let target = "/api/v2/channels?channelName=&pageNo=1";
    let mut table = vec![(200, good.sign("GET", target))];
    // Another target than the one that was signed.
    for other in [
        "/api/v2/channels",
        "/api/v2/channels?",
        "/api/v2/channels?pageNo=1",
        "/api/v2/channels?pageNo=1&channelName=",
        "/api/v2/channels?channelName&pageNo=1",
        "/api/v2/channels/?channelName=&pageNo=1",
    ] {
        let mut request = good.sign("GET", target);
        *request.uri_mut() = other.parse().expect("a target");
        table.push((401, request));
    }
    // Another method; signed in small letters.
    let mut request = good.sign("POST", target);
    *request.method_mut() = hyper::Method::GET;
    table.push((401, request));
    // Another key.
    for (access, secret) in [
        (ACCESS, "other"),
        (ACCESS, "SECRETEXAMPLE "),
        ("unknown", SECRET),
        ("revoked", SECRET),
    ] {
        let signer = Signer {
            access,
            secret,
            ..good
        };
        table.push((401, signer.sign("GET", target)));
    }
    // Headers that are missing, or say something else than what was signed.
    let later = (good.at + 1).to_string();
    for (name, value) in [
        ("x-ncp-apigw-timestamp", ""),
        ("x-ncp-apigw-timestamp", later.as_str()),
        ("x-ncp-apigw-timestamp", "now"),
        ("x-ncp-iam-access-key", ""),
        ("x-ncp-apigw-signature-v2", ""),
        ("x-ncp-apigw-signature-v2", "AAAA"),
    ] {
        let mut request = good.sign("GET", target);
        set(&mut request, name, value);
        table.push((401, request));
    }
    for (status, request) in table {
        let what = format!("{request:?}");
        let said = answer(&sim, request).await;
        assert_eq!(said.status, status, "{what}");
        if status == 401 {
            let body = json!({"error": {"errorCode": "200", "message": "Authentication Failed"}});
            assert_eq!(said.json(), body, "{what}");
        }
    }
    let known: Vec<_> = sim.calls().iter().map(|call| call.client).collect();
    assert_eq!((known[0], known[1]), (Some(CLIENT), None));
}

#[tokio::test]
async fn a_call_is_good_for_five_minutes_before_and_after() {
    let sim = start().await;
    let now = sim.clock().now().as_millis();
    let status = async |sim: &Simulator, at: i64| {
        let signer = Signer {
            at,
            ..Signer::good(sim)
        };
        let said = answer(sim, signer.sign("GET", CHANNELS)).await;
        (said.status, said.header("Date").map(str::to_owned))
    };
    for (off, expected) in [
        (0, 200),
        (300_000, 200),
        (300_001, 401),
        (-300_000, 200),
        (-300_001, 401),
    ] {
        assert_eq!(status(&sim, now + off).await.0, expected, "{off}");
    }
    // The clock goes by the provider's, which can be put forward; what it shows is in each answer.
    sim.advance(360 * SECOND);
    let (refused, date) = status(&sim, now).await;
    let (taken, same) = status(&sim, now + 360_000).await;
    assert_eq!((refused, taken), (401, 200));
    let [now_date, date, same] = [
        sim.clock().now().to_string(),
        date.expect("a date"),
        same.expect("a date"),
    ];
    // 2026-11-22T10:20:30.000Z and Sun, 22 Nov 2026 10:20:30 GMT.
    assert_eq!((&date[17..25], &date), (&now_date[11..19], &same));
    // Or by this machine's, whatever the provider does.
    sim.behaviour(CLIENT, |ways| ways.gateway_clock = GatewayClock::Machine);
    assert_eq!(status(&sim, now).await.0, 200);
    assert_eq!(status(&sim, now + 360_000).await.0, 401);
    sim.behaviour(CLIENT, |ways| ways.gateway_ahead_seconds = 360.0);
    assert_eq!(status(&sim, now).await.0, 401);
    assert_eq!(status(&sim, now + 360_000).await.0, 200);
}

#[tokio::test]
async fn headers_that_every_call_must_have() {
    let sim = start().await;
    for (name, value, code) in [
        ("x-ncp-region_code", "", 250_003),
        ("x-ncp-region_code", "FKR", 250_020),
        ("Content-Type", "", 250_003),
        ("Content-Type", "text/plain", 250_003),
    ] {
        let mut request = Signer::good(&sim).sign("GET", CHANNELS);
        set(&mut request, name, value);
        assert_eq!(
            error(&answer(&sim, request).await),
            (400, json!(code)),
            "{name}"
        );
    }
    sim.behaviour(CLIENT, |ways| ways.require_content_type = false);
    let mut request = Signer::good(&sim).sign("GET", CHANNELS);
    set(&mut request, "Content-Type", "");
    assert_eq!(answer(&sim, request).await.status, 200);
}

#[tokio::test]
async fn a_viewer_only_reads() {
    let sim = start().await;
    let id = ready(&sim, json!({}));
    sim.set_key(&KeyChange {
        access: ACCESS.into(),
        secret: SECRET.into(),
        client: CLIENT,
        role: Role::Viewer,
        ..KeyChange::default()
    });
    assert_eq!(get(&sim, CHANNELS).await.status, 200);
    let path = format!("{CHANNELS}/{id}");
    let refused = [
        post(&sim, wanted(json!({}))).await,
        put(&sim, &id, "off").await,
        delete(&sim, &id).await,
        call(&sim, "PUT", &path, json!({})).await,
    ];
    for answer in refused {
        assert_eq!(error(&answer), (403, json!(250_010)));
        assert_eq!(answer.json()["error"]["errorName"], "POLICY_CHECK_FAILED");
    }
    sim.behaviour(CLIENT, |ways| ways.policy_status = 401);
    assert_eq!(error(&delete(&sim, &id).await), (401, json!(250_010)));
    assert_eq!(
        (sim.created_total(CLIENT), sim.deleted_total(CLIENT)),
        (1, 0)
    );
}

#[tokio::test]
async fn each_client_has_a_world_of_its_own() {
    let sim = start().await;
    let second = sim.add_key("other", "secret", 2002);
    let theirs = sim.create(2002, json!({})).expect("created");
    assert_eq!(
        get(&sim, CHANNELS).await.json(),
        json!({"content": [], "total": 0})
    );
    let path = format!("{CHANNELS}/{theirs}");
    assert_eq!(error(&get(&sim, &path).await), (404, json!(250_004)));
    let signer = Signer {
        access: "other",
        secret: "secret",
        ..Signer::good(&sim)
    };
    assert_eq!(answer(&sim, signer.sign("GET", &path)).await.status, 200);
    let calls = sim.calls();
    let keys: Vec<_> = calls.iter().map(|call| (call.key, call.client)).collect();
    let mine = (Some(1), Some(CLIENT));
    assert_eq!((keys, second), (vec![mine, mine, (Some(2), Some(2002))], 2));
    let said: Value = serde_json::to_value((&calls, sim.keys())).expect("JSON");
    for secret in [SECRET, ACCESS, "secret"] {
        assert!(!said.to_string().contains(secret), "{secret}");
    }
    assert!(sim.revoke_key("other") && !sim.revoke_key("unknown"));
    assert_eq!(answer(&sim, signer.sign("GET", &path)).await.status, 401);
}
