//! The Secret that holds the addresses for the encoder: the only place where they are written.

use std::collections::BTreeMap;

use k8s_openapi::{ByteString, api::core::v1::Secret as SecretObject};
use kube::{Api, ResourceExt as _, api::PostParams};

pub(super) use crate::owned_secret::refused;
use crate::{
    api::LiveStream,
    context::Context,
    object_key::ObjectKey,
    outcome::{Outcome, Reason},
    owned_secret,
    provider::Ingest,
};

/// What became of the Secret.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Delivered {
    /// It held just this.
    Same,
    /// It was written.
    Written,
    /// It was not: it is not ours, or the apiserver does not let us.
    Not(Outcome),
}

/// Puts the addresses into the Secret that the spec names, if that is ours or not there.
pub(super) async fn deliver(
    object: &LiveStream,
    name: &str,
    ingest: &Ingest,
    ctx: &Context,
) -> kube::Result<Delivered> {
    let namespace = object.namespace().unwrap_or_default();
    let api = Api::<SecretObject>::namespaced(ctx.client.clone(), &namespace);
    let wanted = secret(object, name, ingest);
    let Some(standing) = ctx.secret(&ObjectKey::new(&namespace, name)).await? else {
        return match api.create(&PostParams::default(), &wanted).await {
            Ok(_) => Ok(Delivered::Written),
            // Somebody was quicker: the next pass sees whose it is.
            Err(kube::Error::Api(status)) if status.is_already_exists() => {
                Ok(Delivered::Not(not_ours(name)))
            }
            Err(error) => Err(error),
        };
    };
    if !owned_secret::is_of(object, &standing) {
        return Ok(Delivered::Not(not_ours(name)));
    }
    if standing.data.as_ref() == wanted.data.as_ref() {
        return Ok(Delivered::Same);
    }
    let mut mended = wanted;
    mended.metadata.resource_version = standing.metadata.resource_version;
    api.replace(name, &PostParams::default(), &mended).await?;
    Ok(Delivered::Written)
}

/// Removes the Secret of an earlier spec, if it is ours.
pub(super) async fn withdraw(object: &LiveStream, name: &str, ctx: &Context) -> kube::Result<()> {
    let namespace = object.namespace().unwrap_or_default();
    let Some(standing) = ctx.secret(&ObjectKey::new(&namespace, name)).await? else {
        return Ok(());
    };
    if !owned_secret::is_of(object, &standing) {
        return Ok(());
    }
    let api = Api::<SecretObject>::namespaced(ctx.client.clone(), &namespace);
    owned_secret::remove(&api, &standing).await
}

fn secret(object: &LiveStream, name: &str, ingest: &Ingest) -> SecretObject {
    let Ingest {
        push,
        backup_push,
        srt,
        backup_srt,
        whip,
    } = ingest;
    let data: BTreeMap<String, ByteString> = [
        ("pushUrl", push),
        ("backupPushUrl", backup_push),
        ("srtUrl", srt),
        ("backupSrtUrl", backup_srt),
        ("whipUrl", whip),
    ]
    .into_iter()
    .filter_map(|(key, url)| {
        Some((
            key.to_owned(),
            ByteString(url.as_ref()?.expose().as_bytes().to_vec()),
        ))
    })
    .collect();
    owned_secret::new(object, name, data)
}

fn not_ours(name: &str) -> Outcome {
    Outcome::stalled(
        Reason::SecretNotOurs,
        format!(
            "the Secret {name} was not made for this object, so it is not written: name another one in spec.ingestSecret, or delete it"
        ),
    )
}
