//! The one way in which a status is written: only what differs, and only onto what was read.

use std::fmt::Debug;

use kube::{
    Api, Resource, ResourceExt as _,
    api::{Patch, PatchParams},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::merge_patch;

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
/// that one planned from a stale view is refused.
///
/// # Errors
/// Trouble with the apiserver, conflicts and a missing object apart.
pub async fn write<K, S>(
    api: &Api<K>,
    object: &K,
    old: Option<&S>,
    new: &S,
) -> kube::Result<Written<K>>
where
    K: Resource + Clone + DeserializeOwned + Debug,
    S: Serialize,
{
    let value = |status: &S| serde_json::to_value(status).map_err(kube::Error::SerdeError);
    let old = old
        .map(value)
        .transpose()?
        .unwrap_or_else(|| Value::Object(serde_json::Map::new()));
    let Some(patch) = merge_patch::between(&old, &value(new)?) else {
        return Ok(Written::Same);
    };
    let patch = json!({
        "metadata": {"resourceVersion": object.resource_version(), "uid": object.uid()},
        "status": patch,
    });
    match api
        .patch_status(
            &object.name_any(),
            &PatchParams::default(),
            &Patch::Merge(&patch),
        )
        .await
    {
        Ok(written) => Ok(Written::Changed(Box::new(written))),
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(Written::Gone),
        Err(kube::Error::Api(status)) if status.is_conflict() => Ok(Written::Stale),
        Err(error) => Err(error),
    }
}
