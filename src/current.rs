//! Whether what a plan was made from is what there is.
//!
//! A watch may lag behind, and a provider takes any change. A process that stood by with a watch that
//! nothing came through would undo, as a mended drift, what the leader before it did for a newer spec:
//! switch off a stream that was just switched on. So before the first change for an object that a
//! process makes, it asks the apiserver. Later ones need no such question: nobody else acts meanwhile.
//! A creation needs none either: the write before it is refused where the view is old.

use std::fmt::Debug;

use kube::{Api, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;

use crate::vanished;

/// Whether the spec is still the one that we know, and the object the same, and as little or much
/// deleted. One read of its metadata that no cache answers.
///
/// # Errors
/// Trouble with the apiserver.
pub async fn is_current<K>(api: &Api<K>, object: &K) -> kube::Result<bool>
where
    K: Resource + Clone + DeserializeOwned + Debug,
{
    let known = object.meta();
    let fresh = api.get_metadata_opt(&object.name_any()).await?;
    let fresh = fresh.map(|fresh| fresh.metadata);
    if vanished::is_kept(object) {
        return Ok(fresh.is_none_or(|fresh| fresh.uid != known.uid));
    }
    Ok(fresh.is_some_and(|fresh| {
        fresh.uid == known.uid
            && fresh.generation == known.generation
            && fresh.deletion_timestamp.is_some() == known.deletion_timestamp.is_some()
    }))
}
