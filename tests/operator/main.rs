//! The whole operator, as a process, on a real kube-apiserver and the Gcore simulator.
//!
//! Each test has its own namespace, its own simulator with its own client, and its own operator.
//! They wait for conditions, never for a time.

mod harness;

mod accounts;
mod canary;
mod deletion;
mod lifecycle;
mod never_twice;
mod references;
mod refusals;
mod rest;
