//! Our finalizer: where an object stands in its life, and the two writes.
//!
//! The write that adds it is also the intent before the first change at a provider: it carries uid
//! and resourceVersion, so that one planned from a stale view is refused with a conflict.

use std::fmt::Debug;

use kube::{
    Api, Resource, ResourceExt as _,
    api::{Patch, PatchParams},
};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::api::FINALIZER;

/// Whether an object carries our finalizer.
pub fn present<K: Resource>(object: &K) -> bool {
    object.finalizers().iter().any(|name| name == FINALIZER)
}

/// Adds it, if the object is still what we planned from; `None` where it is not, and the watch brings
/// what it is now.
///
/// # Errors
/// Trouble with the apiserver.
pub async fn add<K>(api: &Api<K>, object: &K) -> kube::Result<Option<K>>
where
    K: Resource + Clone + DeserializeOwned + Debug,
{
    let mut names = object.finalizers().to_vec();
    names.push(FINALIZER.to_owned());
    let patch = json!({"metadata": {
        "uid": object.uid(),
        "resourceVersion": object.resource_version(),
        "finalizers": names,
    }});
    let patched = api
        .patch_metadata(
            &object.name_any(),
            &PatchParams::default(),
            &Patch::Merge(&patch),
        )
        .await;
    match patched {
        Ok(written) => {
            let mut object = object.clone();
            *object.meta_mut() = written.metadata;
            Ok(Some(object))
        }
        Err(kube::Error::Api(status)) if status.is_conflict() || status.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Removes ours and leaves those of others. That the object or the finalizer is gone is no error.
///
/// # Errors
/// Trouble with the apiserver, or conflicts five times in a row.
pub async fn remove<K>(api: &Api<K>, object: &K) -> kube::Result<()>
where
    K: Resource + Clone + DeserializeOwned + Debug,
{
    let name = object.name_any();
    // What the watch showed last does where nobody has written since, and most objects are deleted so.
    let mut known = Some(object.meta().clone());
    let mut tries = 0;
    loop {
        let cached = known.is_some();
        let meta = match known.take() {
            Some(meta) => meta,
            None => match api.get_metadata_opt(&name).await? {
                Some(fresh) => fresh.metadata,
                None => return Ok(()),
            },
        };
        let names = meta.finalizers.unwrap_or_default();
        if meta.uid != object.uid() || !names.iter().any(|name| name == FINALIZER) {
            if cached {
                continue;
            }
            return Ok(());
        }
        let others: Vec<&String> = names.iter().filter(|name| *name != FINALIZER).collect();
        let patch = json!({"metadata": {
            "uid": meta.uid,
            "resourceVersion": meta.resource_version,
            "finalizers": others,
        }});
        tries += 1;
        match api
            .patch_metadata(&name, &PatchParams::default(), &Patch::Merge(&patch))
            .await
        {
            Ok(_) => return Ok(()),
            Err(kube::Error::Api(status)) if status.is_not_found() => return Ok(()),
            Err(kube::Error::Api(status)) if status.is_conflict() && tries < 5 => {}
            Err(error) => return Err(error),
        }
    }
}
