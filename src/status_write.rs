//! The one way in which a status is written: only what differs, and only onto what was read.

use std::fmt::Debug;

use kube::{
    Api, Resource, ResourceExt as _,
    api::{Patch, PatchParams},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{merge_patch, vanished};

/// The definitions of the cluster drop what was written, so nothing may be built on it.
#[derive(Debug, thiserror::Error)]
#[error(
    "the installed definitions are older than this operator: they dropped status.{0}; install those of its own version"
)]
struct Dropped(String);

/// What became of a status write.
#[derive(Debug)]
pub enum Written<K> {
    /// Nothing differed, so nothing was sent.
    Same,
    /// The object as the apiserver has it now.
    Changed(Box<K>),
    /// The object is no longer what we read; look again.
    Stale,
    /// The object is gone.
    Gone,
}

/// Writes what differs between two statuses of `object`. The write carries its resourceVersion, so
/// that one planned from a stale view is refused. What the apiserver made of it is compared with it: a field
/// that an older definition drops would be missing when it counts.
///
/// # Errors
/// Trouble with the apiserver, conflicts and a missing object apart; a field that was dropped.
pub async fn write<K, S>(
    api: &Api<K>,
    object: &K,
    old: Option<&S>,
    new: &S,
) -> kube::Result<Written<K>>
where
    K: Resource + Clone + DeserializeOwned + Serialize + Debug,
    S: Serialize,
{
    // There is nothing to write to.
    if vanished::is_kept(object) {
        return Ok(Written::Same);
    }
    let value = |status: &S| serde_json::to_value(status).map_err(kube::Error::SerdeError);
    let old = old
        .map(value)
        .transpose()?
        .unwrap_or_else(|| Value::Object(serde_json::Map::new()));
    let Some(patch) = merge_patch::between(&old, &value(new)?) else {
        return Ok(Written::Same);
    };
    let request = json!({
        "metadata": {"resourceVersion": object.resource_version(), "uid": object.uid()},
        "status": &patch,
    });
    match api
        .patch_status(
            &object.name_any(),
            &PatchParams::default(),
            &Patch::Merge(&request),
        )
        .await
    {
        Ok(written) => {
            let kept = serde_json::to_value(&written).map_err(kube::Error::SerdeError)?;
            match merge_patch::dropped(&patch, &kept["status"]) {
                Some(field) => Err(kube::Error::Service(Dropped(field).into())),
                None => Ok(Written::Changed(Box::new(written))),
            }
        }
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(Written::Gone),
        Err(kube::Error::Api(status)) if status.is_conflict() => Ok(Written::Stale),
        Err(error) => Err(error),
    }
}
