//! How many streams may be active (product page "Overview of tariffs"). That `active:true` is what
//! counts, and how more is refused, is this simulator's reading.

use axum::http::StatusCode;

use super::behaviour::QuotaRefusal;
use super::errors::{Invalid, plain};
use super::streams::Refusal;
use super::world::Account;

const MESSAGE: &str = "The limit of active live streams has been reached";

/// Whether one more stream may be active.
pub(super) fn check(account: &Account, id: Option<u64>) -> Result<(), Refusal> {
    let ways = &account.behaviour;
    match ways.active_limit {
        Some(limit) if account.active_besides(id) >= limit => {
            Err(match ways.active_limit_refusal {
                QuotaRefusal::Unprocessable => Invalid::one("active", MESSAGE).reply(),
                QuotaRefusal::Forbidden => plain(StatusCode::FORBIDDEN, MESSAGE),
            })
        }
        _ => Ok(()),
    }
}
