//! The operator.
pub mod api;
pub mod provider;
pub mod secret;
