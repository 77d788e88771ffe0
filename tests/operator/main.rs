//! The whole operator, as a process, on a real kube-apiserver and the Gcore simulator.
//!
//! Each test has its own namespace, its own simulator with its own client, and its own operator.
//! They wait for conditions, never for a time.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot go on ends"
)]
#![allow(
    clippy::too_many_lines,
    clippy::similar_names,
    clippy::wildcard_enum_match_arm,
    clippy::cmp_owned,
    reason = "a test is a story, told from its beginning to its end"
)]

mod harness;

mod accounts;
mod apiserver;
mod book;
mod breaker;
mod broadcasts;
mod broadcasts_deletion;
mod broadcasts_never_twice;
mod budget;
mod canary;
mod deletion;
mod edges;
mod endpoints;
mod forbidden;
mod guards;
mod hostile;
mod keys;
mod leaders;
mod lifecycle;
mod live_station;
mod live_station_callbacks;
mod live_station_keys;
mod live_station_mass;
mod live_station_sample;
mod live_station_trouble;
mod metrics;
mod mid_walk;
mod never_twice;
mod plain_log;
mod proxy;
mod rbac;
mod recordings;
mod references;
mod refusals;
mod rest;
mod starts;
mod tenants;
mod tenants_apart;
mod tutorial;
mod vanished;
mod views;
mod webhooks;
