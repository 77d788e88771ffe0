//! The status of an account, from what a pass found. Pure.

use jiff::Timestamp;

use super::Found;
use crate::{
    api::{RECONCILE_ANNOTATION, StreamingAccount, StreamingAccountStatus, token},
    conditions::Conditions,
    outcome::{Outcome, Reason},
    provider::Unreadable,
    webhooks::{Standing, State},
};

/// The condition that says whether webhooks are taken.
const WEBHOOK: &str = "Webhook";

/// The status that says what was found; the old one where nothing is to be told.
pub(super) fn status(
    account: &StreamingAccount,
    old: &StreamingAccountStatus,
    found: &Found,
    webhook: Option<&Standing>,
    now: Timestamp,
) -> StreamingAccountStatus {
    let generation = account.metadata.generation.unwrap_or_default();
    let settled = match &found.outcome {
        Outcome::Quiet => return quiet(old, generation, webhook, now),
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
    tell_webhook(&mut conditions, webhook);
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
        key_fingerprint: old.key_fingerprint.clone(),
        streams: found.health.as_ref().and_then(|h| h.counts).or(old.streams),
        waiting: found
            .health
            .as_ref()
            .and_then(|h| h.waiting)
            .or(old.waiting),
        confirmed_disappearance: found
            .confirmed
            .clone()
            .or_else(|| old.confirmed_disappearance.clone()),
        webhook_secret_name: webhook.map(|webhook| webhook.secret.clone()),
        rotated_webhook: rotated(old, webhook),
        last_handled_reconcile_at: token(account, RECONCILE_ANNOTATION),
        conditions: conditions.finish(),
    }
}

/// The status of an account of which nothing is to be told but its webhook.
fn quiet(
    old: &StreamingAccountStatus,
    generation: i64,
    webhook: Option<&Standing>,
    now: Timestamp,
) -> StreamingAccountStatus {
    let mut conditions = Conditions::from_old(&old.conditions, generation, now);
    for condition in old.conditions.iter().filter(|c| c.type_ != WEBHOOK) {
        conditions.keep(&condition.type_);
    }
    tell_webhook(&mut conditions, webhook);
    StreamingAccountStatus {
        webhook_secret_name: webhook.map(|webhook| webhook.secret.clone()),
        rotated_webhook: rotated(old, webhook),
        conditions: conditions.finish(),
        ..old.clone()
    }
}

fn rotated(old: &StreamingAccountStatus, webhook: Option<&Standing>) -> Option<String> {
    webhook
        .and_then(|webhook| webhook.rotated.clone())
        .or_else(|| old.rotated_webhook.clone())
}

/// Says whether webhooks are taken, where there is a receiver.
fn tell_webhook(conditions: &mut Conditions, webhook: Option<&Standing>) {
    let Some(Standing { secret, state, .. }) = webhook else {
        return;
    };
    let (taken, reason, message) = match state {
        State::Listening => (
            true,
            Reason::Listening,
            format!(
                "webhooks are taken at the path in key path of the Secret {secret}, once the provider's support has set it"
            ),
        ),
        State::PreviousPathValid => (
            true,
            Reason::PreviousPathValid,
            format!(
                "webhooks are taken at the path in key path of the Secret {secret}, and still at the one in previousPath: when the provider's \
                 support has switched over, remove previousPath"
            ),
        ),
        State::RotationWaits => (
            true,
            Reason::RotationWaits,
            format!(
                "a new path is asked for, and webhooks are still taken at the one from before the last rotation: remove the key previousPath \
                 from the Secret {secret}, and the new path is made"
            ),
        ),
        State::NotOurs => (
            false,
            Reason::SecretNotOurs,
            format!(
                "the Secret {secret} was not made for this account, so it is neither read nor written: delete it, and one is made; until then \
                 no webhooks are taken, and all works without them"
            ),
        ),
        State::Refused(why) => (
            false,
            Reason::SecretRefused,
            format!("{why}; webhooks are not needed, all works without them"),
        ),
    };
    conditions.set(WEBHOOK, taken, reason, &message);
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
