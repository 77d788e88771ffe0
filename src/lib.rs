//! Live streams, broadcasts and recordings at a streaming provider as Kubernetes resources.
//!
//! ```text
//!           ┌────────────── pure: no async, no clock, no environment ──────────────┐
//! look ───► plan ───► act ───► judge ───► status ───► write ───► schedule
//! I/O       a value   I/O      Outcome    a value     I/O if ≠   one function
//!           ≤ 1 change 1 call
//! ```
//!
//! The library exists for the tests; the product is the program.

pub mod account;
pub mod api;
pub mod apiserver;
pub mod attempts;
pub mod broadcast;
pub mod census;
pub mod cli;
pub mod clock;
pub mod conditions;
pub mod context;
pub mod crds;
pub mod creation;
pub mod current;
pub mod definitions;
pub mod election;
pub mod finalizer;
pub mod forbidden;
pub mod index;
pub mod jitter;
pub mod kept;
pub mod livestream;
pub mod memories;
pub mod merge_patch;
pub mod metrics;
pub mod not_taking;
pub mod object_key;
pub mod object_state;
pub mod outcome;
pub mod owned_secret;
pub mod packed;
pub mod provider;
pub mod report;
pub mod run;
pub mod schedule;
pub mod secret;
pub mod secrets;
pub mod server;
pub mod status_write;
pub mod telemetry;
pub mod vanished;
pub mod wake;
pub mod watch;
pub mod webhooks;
