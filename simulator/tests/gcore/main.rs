//! The simulator as a caller over HTTP sees it. The expected values stand in the documents, or in
//! the simulator's README where they leave something open.

mod auth;
mod behaviours;
mod control;
mod encoder;
mod faults;
mod lists;
mod speed;
mod streams;
mod support;
