//! The names that people and other tools meet on objects.

use livestream_operator::api;

/// The page.
pub fn page() -> String {
    let rows = [
        (
            api::RECONCILE_ANNOTATION,
            "any kind",
            "A new value asks for a pass now; nothing else changes.",
            "`status.lastHandledReconcileAt`",
        ),
        (
            api::RESET_INGEST_KEY_ANNOTATION,
            "LiveStream",
            "A new value renews the stream key, once. See [recordings](../recordings.md#the-stream-key).",
            "`status.ingestKeyReset`",
        ),
        (
            api::CONFIRM_DISAPPEARANCE_ANNOTATION,
            "StreamingAccount",
            "A new value confirms that what vanished together may be created again. See [MassDisappearance](../troubleshooting.md#massdisappearance).",
            "`status.confirmedDisappearance`",
        ),
        (
            api::ROTATE_WEBHOOK_ANNOTATION,
            "StreamingAccount",
            "A new value asks for a new path for webhooks. See [webhooks](../webhooks.md#rotate-the-path).",
            "`status.rotatedWebhook`",
        ),
    ];
    let rows: String = rows
        .map(|(name, on, what, receipt)| format!("| `{name}` | {on} | {what} | {receipt} |\n"))
        .concat();
    format!(
        "<!-- Generated from src/api.rs by `make reference`; do not edit. -->

# Annotations, finalizer and Secrets

## Annotations

Each asks for something once, and has a receipt in the status with the same value: what was handled is not handled again, whatever is restarted.
Any text of up to 256 characters will do; the time is a good one, as in `kubectl annotate --overwrite livestream keynote {reconcile}=$(date +%s)`. What is in
Git is not touched by it.

| annotation | on | what it asks for | receipt |
|---|---|---|---|
{rows}
## Finalizer

`{finalizer}` stands on an object while there may be something of it at the provider, and on an account while objects use it. It goes by itself; what it waits for stands in
[the condition](../troubleshooting.md#while-an-object-is-being-deleted).

## Secrets that the operator writes

| Secret | keys | what they are |
|---|---|---|
| that of `spec.ingestSecret` of a LiveStream | `pushUrl`, `backupPushUrl`, `srtUrl`, `backupSrtUrl`, `whipUrl` | where the encoder sends to; those that the provider gives |
| that of `status.webhookSecretName` of an account | `path`, `previousPath` | where webhooks are received, and where they were before a rotation |

Both belong to their object (an owner reference) and go with it. A Secret of such a name that the operator did not make is neither read nor written.

## Group

All kinds are of the group `{group}`, and in the category `streaming`: `kubectl get streaming` shows all of them.
",
        reconcile = api::RECONCILE_ANNOTATION,
        finalizer = api::FINALIZER,
        group = api::GROUP,
    )
}
