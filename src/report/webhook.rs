//! What is worth telling about the path for webhooks.

use kube::runtime::events::EventType;

use super::{EventReason, happening::Told};

/// Something about the path for webhooks of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookNews {
    /// An account got a path for webhooks, in this Secret.
    Made(String),
    /// It got another one, and the old one stays for now.
    Rotated(String),
    /// It got another one, because the old one was gone from the Secret.
    Replaced(String),
}

impl WebhookNews {
    pub(super) fn event(&self) -> Told {
        use EventType::{Normal, Warning};
        match self {
            Self::Made(secret) => (
                Normal,
                EventReason::WebhookMade,
                "Webhook",
                format!(
                    "made a path for webhooks: it is in Secret {secret}; ask the provider's support to post webhooks to it"
                ),
            ),
            Self::Rotated(secret) => (
                Normal,
                EventReason::WebhookRotated,
                "Webhook",
                format!(
                    "made a new path for webhooks: it is in Secret {secret}; ask the provider's support to post to it, and then remove the \
                     key previousPath from the Secret"
                ),
            ),
            Self::Replaced(secret) => (
                Warning,
                EventReason::WebhookReplaced,
                "Webhook",
                format!(
                    "the path for webhooks was gone, so there is a new one in Secret {secret}, and the old one is no longer accepted: ask the \
                     provider's support to post to the new one"
                ),
            ),
        }
    }
}
