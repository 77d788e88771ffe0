//! Faults and outages, as a caller of this provider meets them. (Their ways are tested with the other one.)

use serde_json::json;
use simulator::Outage;
use simulator::faults::{Action, Fault};

use crate::support::{
    CHANNELS, CLIENT, Failed, Signer, error, get, on_air, post, put, send, start, wanted,
};

#[tokio::test]
async fn what_a_fault_says_is_the_gateways() {
    let sim = start().await;
    for (status, code) in [
        (401, "200"),
        (404, "300"),
        (429, "420"),
        (500, "900"),
        (503, "500"),
        (504, "510"),
    ] {
        let fault = sim.fault(
            Fault::new(Action::status(status))
                .method("POST")
                .route(CHANNELS),
        );
        assert_eq!(
            error(&post(&sim, wanted(json!({}))).await),
            (status, json!(code))
        );
        assert_eq!(sim.fired(fault), 1);
    }
    assert_eq!(
        (sim.created_total(CLIENT), sim.count("POST", CHANNELS)),
        (0, 6)
    );
    sim.fault(Fault::new(Action::status_after_apply(500)).name_contains("key"));
    assert_eq!(post(&sim, wanted(json!({}))).await.status, 500);
    assert_eq!(sim.created_total(CLIENT), 1);
    let call = sim.calls().pop().expect("a call");
    assert!(call.applied && call.fault == Some("status"));
}

#[tokio::test]
async fn a_fault_finds_its_call() {
    let sim = start().await;
    let id = on_air(&sim);
    sim.fault(
        Fault::new(Action::status(500))
            .id(&id)
            .route("/api/v2/channels/{channelId}/startRecord"),
    );
    sim.fault(Fault::new(Action::status(502)).page(2));
    sim.fault(
        Fault::new(Action::CutAfterApply)
            .method("PUT")
            .name_contains("by_hand")
            .skip(1),
    );
    assert_eq!(get(&sim, CHANNELS).await.status, 200);
    assert_eq!(get(&sim, "/api/v2/channels?pageNo=2").await.status, 502);
    assert_eq!(put(&sim, &id, "startRecord").await.status, 500);
    // The name is that of the channel that the path names.
    assert_eq!(put(&sim, &id, "startRecord").await.status, 200);
    let path = format!("{CHANNELS}/{id}/stopRecord");
    let request = Signer::good(&sim).sign("PUT", &path);
    assert_eq!(send(&sim, request).await.expect_err("cut"), Failed::Answer);
    assert_eq!(sim.records(&id)[0]["status"], "PROCESSING");
    assert!(sim.faults().iter().all(|fault| fault.spent));
}

#[tokio::test]
async fn outages() {
    let sim = start().await;
    sim.set_outage(Some(Outage::Status { status: 503 }));
    assert_eq!(get(&sim, CHANNELS).await.status, 503);
    sim.set_outage(Some(Outage::Cut));
    let request = Signer::good(&sim).sign("GET", CHANNELS);
    assert_eq!(send(&sim, request).await.expect_err("cut"), Failed::Answer);
    sim.set_outage(None);
    assert_eq!(get(&sim, CHANNELS).await.status, 200);
    let kept: Vec<_> = sim.calls().iter().map(|call| call.status).collect();
    assert_eq!(kept, [Some(503), None, Some(200)]);
}
