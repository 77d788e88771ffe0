//! Secrets that we make for an object: how they are made, known again, and removed.

use std::collections::BTreeMap;

use k8s_openapi::{ByteString, api::core::v1::Secret as SecretObject};
use kube::{
    Api, Resource, ResourceExt as _,
    api::{DeleteParams, ObjectMeta, Preconditions},
};

use crate::{
    conditions::cut,
    outcome::{Outcome, Reason},
};

/// A Secret for an object, which goes when that goes.
pub fn new<K: Resource<DynamicType = ()>>(
    owner: &K,
    name: &str,
    data: BTreeMap<String, ByteString>,
) -> SecretObject {
    SecretObject {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            namespace: owner.namespace(),
            labels: Some(BTreeMap::from([(
                "app.kubernetes.io/managed-by".to_owned(),
                "livestream-operator".to_owned(),
            )])),
            owner_references: owner.controller_owner_ref(&()).map(|owner| vec![owner]),
            ..ObjectMeta::default()
        },
        data: Some(data),
        type_: Some("Opaque".to_owned()),
        ..SecretObject::default()
    }
}

/// Whether a Secret was made for just this object.
pub fn is_of<K: Resource>(owner: &K, secret: &SecretObject) -> bool {
    let uid = owner.uid();
    secret
        .owner_references()
        .iter()
        .any(|owner| owner.controller == Some(true) && Some(&owner.uid) == uid.as_ref())
}

/// Removes the Secret that was read. That it has gone, or is another one now, is no error.
///
/// # Errors
/// Trouble with the apiserver.
pub async fn remove(api: &Api<SecretObject>, secret: &SecretObject) -> kube::Result<()> {
    let only_this = DeleteParams {
        preconditions: Some(Preconditions {
            uid: secret.uid(),
            resource_version: None,
        }),
        ..DeleteParams::default()
    };
    match api.delete(&secret.name_any(), &only_this).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.is_not_found() || status.is_conflict() => Ok(()),
        Err(error) => Err(error),
    }
}

/// The outcome where the apiserver understood the call and will not do it (no permission, a quota, an
/// immutable Secret). Other trouble is tried again.
pub fn refused(error: &kube::Error) -> Option<Outcome> {
    let kube::Error::Api(status) = error else {
        return None;
    };
    (status.is_forbidden() || status.is_invalid()).then(|| {
        Outcome::stalled(
            Reason::SecretRefused,
            format!(
                "a Secret cannot be read or written: {}",
                cut(&status.message, 256)
            ),
        )
    })
}
