//! The chart, with the real Helm: what it renders, what it refuses, and what becomes of it on a real
//! kube-apiserver, where a small stand-in for a kubelet runs the Pods.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot go on ends"
)]
#![allow(
    clippy::too_many_lines,
    clippy::similar_names,
    clippy::cmp_owned,
    reason = "a test is a story, told from its beginning to its end"
)]

#[path = "../operator/harness/mod.rs"]
#[allow(dead_code, unused_imports, reason = "made for many tests")]
mod harness;

mod helm;
mod node;
mod release;
mod values;

mod drain;
mod files;
mod flags;
mod golden;
mod hints;
mod lifecycle;
mod pages;
mod rbac;
mod readme;
mod refusals;
mod rules;
mod trouble;
