//! The Live Station simulator as a caller over HTTP sees it. The expected values stand in the documents, or
//! in the simulator's README where they leave something open.

mod auth;
mod callbacks;
#[path = "../caller/mod.rs"]
mod caller;
mod channels;
mod control;
mod encoder;
mod faults;
mod lists;
mod records;
mod settings;
mod support;
