//! The status of an account, from what a pass found. Pure.

use jiff::Timestamp;

use super::Found;
use crate::{
    api::{RECONCILE_ANNOTATION, StreamingAccount, StreamingAccountStatus, token},
    conditions::Conditions,
    outcome::{Outcome, Reason},
    provider::Unreadable,
};

/// The status that says what was found; the old one where nothing is to be told.
pub(super) fn status(
    account: &StreamingAccount,
    old: &StreamingAccountStatus,
    found: &Found,
    now: Timestamp,
) -> StreamingAccountStatus {
    let generation = account.metadata.generation.unwrap_or_default();
    let settled = match &found.outcome {
        Outcome::Quiet => return old.clone(),
        Outcome::InStep | Outcome::Suspended | Outcome::Stalled { .. } => true,
        Outcome::Waiting { .. } | Outcome::Failed { .. } => false,
    };
    let mut conditions = Conditions::from_old(&old.conditions, generation, now);
    conditions.judge(&found.outcome);
    match found.health.as_ref().map(|health| &health.unreadable[..]) {
        Some([]) => {}
        Some(items) => {
            conditions.set(
                "UnreadableStreams",
                true,
                Reason::UnreadableItems,
                &unreadable(items),
            );
        }
        None => {
            conditions.keep("UnreadableStreams");
        }
    }
    StreamingAccountStatus {
        observed_generation: if settled {
            Some(generation)
        } else {
            old.observed_generation
        },
        client_id: found
            .client
            .as_ref()
            .map(|c| c.as_str().to_owned())
            .or_else(|| old.client_id.clone()),
        streams: found.health.as_ref().and_then(|h| h.counts).or(old.streams),
        confirmed_disappearance: found
            .confirmed
            .clone()
            .or_else(|| old.confirmed_disappearance.clone()),
        last_handled_reconcile_at: token(account, RECONCILE_ANNOTATION),
        conditions: conditions.finish(),
    }
}

/// Which items of the list cannot be read, and what that means.
fn unreadable(items: &[Unreadable]) -> String {
    let names: Vec<String> = items
        .iter()
        .take(5)
        .map(|item| match &item.id {
            Some(id) => format!("stream {id}: {}", item.what),
            None => format!("a stream without an id: {}", item.what),
        })
        .collect();
    let more = if items.len() > names.len() {
        "; and others"
    } else {
        ""
    };
    format!(
        "{} items of the provider's list cannot be read ({}{more}); while that is so, no creation whose result is unknown is repeated",
        items.len(),
        names.join("; ")
    )
}
