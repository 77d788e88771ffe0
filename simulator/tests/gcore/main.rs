//! The simulator as a caller over HTTP sees it. The expected values stand in the documents, or in
//! the simulator's README where they leave something open.

mod auth;
mod behaviours;
mod broadcasts;
#[path = "../caller/mod.rs"]
mod caller;
mod control;
mod encoder;
mod faults;
mod lists;
mod recordings;
mod speed;
mod streams;
mod support;
mod tutorial;
mod videos;
mod webhooks;
