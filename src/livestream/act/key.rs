//! Renewing the stream key, once for each annotation.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::super::{Acted, Pass, plan::Known};
use crate::{
    account::Account,
    api::{IngestKeyReset, KeyResetResult, LiveStreamStatus},
    clock,
    provider::{KeyReset, ProviderError, StreamId},
    report::{Change, ChangeResult, Happening},
    status_write,
    status_write::Written,
};

impl Pass<'_> {
    /// The receipt stands before the call: a renewal whose end nobody saw is not sent again, for the
    /// second one would lock out who has the new key already.
    pub(super) async fn reset_key(
        &mut self,
        id: &StreamId,
        token: &str,
        account: &Account,
        known: &Known,
    ) -> kube::Result<Acted> {
        if !self.mark_intent(known).await? {
            return Ok(Acted::Stale);
        }
        // As the receipt will have it, in whole seconds.
        let at = clock::now().wall;
        let at = Timestamp::from_second(at.as_second()).unwrap_or(at);
        let unsent = || Some((token.to_owned(), at));
        let status = LiveStreamStatus {
            ingest_key_reset: Some(IngestKeyReset {
                token: token.to_owned(),
                result: KeyResetResult::Sent,
                at: Time(at),
            }),
            ..self.old_status()
        };
        let written = status_write::write(
            &self.api,
            &*self.object,
            self.object.status.as_ref(),
            &status,
        )
        .await;
        if written.is_err() {
            // This receipt may stand there now, and this process knows that nothing was sent for it.
            self.air(|air| air.unsent = unsent());
        }
        match written? {
            Written::Changed(written) => self.object = Arc::new(*written),
            Written::Same | Written::Stale | Written::Gone => return Ok(Acted::Stale),
        }
        self.air(|air| (air.key_reset, air.unsent) = (None, None));
        let result = account.connection.streams.reset_ingest_key(id).await;
        let told = match &result {
            Ok(None) => ChangeResult::Refused("the provider knows no such stream".to_owned()),
            result => ChangeResult::of(result),
        };
        self.changed(account, &Change::of("reset_ingest_key", id), &told);
        let ended = clock::now().mono;
        let mirror = &account.client.mirror;
        let (result, why) = match result {
            Ok(Some(KeyReset::Cut(Some(stream)))) => {
                let news = mirror.wrote(ended, *stream);
                account.client.tell_others(&news, &self.key);
                (KeyResetResult::Done, None)
            }
            Ok(Some(KeyReset::Cut(None))) => {
                mirror.rekeyed(ended, id);
                (KeyResetResult::Done, None)
            }
            Ok(Some(KeyReset::RestartEncoder)) => {
                mirror.rekeyed(ended, id);
                (KeyResetResult::RestartEncoder, None)
            }
            // The stream is gone, or the provider has no such call: the read that follows tells.
            Ok(None) => {
                mirror.rekeyed(ended, id);
                let why = "the provider knows no such stream, or no such call".to_owned();
                (KeyResetResult::Refused, Some(why))
            }
            Err(error) => {
                if let ProviderError::RateLimited { retry_after } = &error {
                    // It was not carried out, and is asked for again when that may be.
                    account.client.budget.pause(*retry_after, ended);
                    self.air(|air| air.unsent = unsent());
                    return Ok(Acted::Done);
                }
                if error.refused_for_certain() {
                    (KeyResetResult::Refused, Some(error.to_string()))
                } else {
                    mirror.rekeyed(ended, id);
                    (KeyResetResult::Unknown, Some(error.to_string()))
                }
            }
        };
        self.happenings.push(Happening::KeyReset {
            id: id.clone(),
            result,
            why,
        });
        self.air(|air| air.key_reset = Some(result));
        Ok(Acted::Done)
    }
}
