//! Our scripts in Argo CD's interpreter, where no operator is needed to tell what they do.

use kube::core::DynamicObject;
use serde_json::{Value, json};

use crate::judges::{argo_cd, argo_cd_actions, kstatus};

const KINDS: [&str; 3] = ["StreamingAccount", "LiveStream", "Broadcast"];

fn object(kind: &str, generation: i64, spec: &Value, status: &Value) -> DynamicObject {
    serde_json::from_value(json!({
        "apiVersion": "livestream-operator.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": "keynote", "namespace": "event", "generation": generation},
        "spec": spec,
        "status": status,
    }))
    .unwrap()
}

fn condition(kind: &str, status: &str, message: &str) -> Value {
    json!({
        "type": kind, "status": status, "reason": "Because", "message": message,
        "observedGeneration": 2, "lastTransitionTime": "2026-01-01T00:00:00Z",
    })
}

#[tokio::test]
async fn each_kind_has_the_same_answers_and_they_agree_with_kstatus() {
    let ready = condition("Ready", "True", "in step");
    let not_ready = condition("Ready", "False", "not yet");
    let stalled = condition("Stalled", "True", "act");
    let reconciling = condition("Reconciling", "True", "wait");
    let table = [
        (json!({}), "Progressing", "has not seen it"),
        (
            json!({"observedGeneration": -1}),
            "Progressing",
            "has not seen it",
        ),
        (
            json!({"observedGeneration": 1, "conditions": [ready]}),
            "Progressing",
            "newest spec",
        ),
        (
            json!({"observedGeneration": 1, "conditions": [not_ready, stalled]}),
            "Progressing",
            "newest spec",
        ),
        (
            json!({"observedGeneration": 1, "conditions": [not_ready, reconciling]}),
            "Progressing",
            "wait",
        ),
        (
            json!({"observedGeneration": 2, "conditions": [not_ready, reconciling]}),
            "Progressing",
            "wait",
        ),
        (
            json!({"observedGeneration": 2, "conditions": [not_ready]}),
            "Progressing",
            "not yet",
        ),
        (
            json!({"observedGeneration": 2, "conditions": [not_ready, stalled]}),
            "Degraded",
            "act",
        ),
        (
            json!({"observedGeneration": 2, "conditions": [ready, condition("Stalled", "False", "no")]}),
            "Healthy",
            "in step",
        ),
        (
            json!({"observedGeneration": 2, "conditions": [ready]}),
            "Healthy",
            "in step",
        ),
    ];
    for kind in KINDS {
        let objects: Vec<DynamicObject> = table
            .iter()
            .map(|(status, ..)| object(kind, 2, &json!({}), status))
            .collect();
        let (argo_cd, kstatus) = (argo_cd(&objects).await, kstatus(&objects).await);
        for (((status, health, word), said), flux) in table.iter().zip(&argo_cd).zip(&kstatus) {
            assert_eq!(said.status, *health, "{kind} {status}");
            assert!(said.message.contains(word), "{kind} {status}: {said:?}");
            let of_flux = match flux.status.as_str() {
                "Current" => "Healthy",
                "Failed" => "Degraded",
                "InProgress" => "Progressing",
                other => other,
            };
            // One is known to differ: without a status, which the CRD's default rules out, kstatus
            // says Current.
            if *status != json!({}) {
                assert_eq!(of_flux, *health, "{kind} {status}: {flux:?}");
            }
        }
    }
}

#[tokio::test]
async fn drift_that_is_only_reported_is_healthy_and_said() {
    let conditions = json!([
        condition("Ready", "True", "in step"),
        condition("Drifted", "True", "the name was changed at the provider"),
    ]);
    let status = json!({"observedGeneration": 2, "conditions": conditions});
    for kind in ["LiveStream", "Broadcast"] {
        let said = argo_cd(&[object(kind, 2, &json!({}), &status)]).await;
        assert_eq!(said[0].status, "Healthy", "{kind}");
        assert!(
            said[0].message.contains("changed at the provider"),
            "{kind}"
        );
    }
}

#[tokio::test]
async fn what_is_suspended_is_suspended_whatever_its_status_says() {
    let stalled =
        json!({"observedGeneration": 1, "conditions": [condition("Stalled", "True", "act")]});
    for (spec, status, health) in [
        (json!({"suspend": true}), json!({}), "Suspended"),
        (json!({"suspend": true}), stalled, "Suspended"),
        (json!({"suspend": false}), json!({}), "Progressing"),
    ] {
        for kind in ["LiveStream", "Broadcast"] {
            let said = argo_cd(&[object(kind, 2, &spec, &status)]).await;
            assert_eq!(said[0].status, health, "{kind} {spec} {status}");
        }
    }
}

#[tokio::test]
async fn the_only_action_asks_for_a_pass_and_changes_nothing_else() {
    let spec = json!({"active": true, "pull": {"urls": ["rtmp://a.example.com/x"]}, "streams": []});
    let status = json!({"observedGeneration": 2, "conditions": []});
    let objects: Vec<DynamicObject> = KINDS
        .iter()
        .map(|kind| object(kind, 2, &spec, &status))
        .collect();
    for (kind, acted) in KINDS.iter().zip(argo_cd_actions(&objects).await) {
        let names: Vec<&Value> = acted.actions.iter().map(|action| &action["name"]).collect();
        assert_eq!(names, ["reconcile"], "{kind}");
        assert_ne!(acted.actions[0]["disabled"], json!(true), "{kind}");
        let mut after = acted.results["reconcile"].clone();
        let annotations = after["metadata"]
            .as_object_mut()
            .unwrap()
            .remove("annotations")
            .unwrap();
        assert_eq!(annotations.as_object().unwrap().len(), 1, "{kind}");
        let asked = &annotations[livestream_operator::api::RECONCILE_ANNOTATION];
        assert!(
            asked.as_str().unwrap().parse::<jiff::Timestamp>().is_ok(),
            "{kind}: {asked}"
        );
        let before = serde_json::to_value(object(kind, 2, &spec, &status)).unwrap();
        assert_eq!(after, before, "{kind}");
    }
}
