//! Ten thousand manifests of one tenant. A process of its own, which no other test runs beside: the
//! apiserver is busy with them, and everybody would wait for it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::similar_names,
    clippy::cmp_owned,
    reason = "a test that cannot go on ends"
)]

#[path = "operator/harness/mod.rs"]
#[expect(dead_code, unused_imports, reason = "made for many tests")]
mod harness;
#[path = "operator/tenants.rs"]
mod tenants;

#[tokio::test]
async fn while_one_tenant_has_ten_thousand_waiting_another_is_served_within_a_few_calls() {
    tenants::another_is_served("fair-10k", 10_000).await;
}
