//! What the apiserver does not let this service account do, told where people look: on the object.

use std::fmt::Debug;

use k8s_openapi::{NamespaceResourceScope, apimachinery::pkg::apis::meta::v1::Condition};
use kube::{
    Api, Resource, ResourceExt as _,
    api::{Patch, PatchParams},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;

use crate::{
    clock,
    conditions::{Conditions, cut},
    context::Context,
    outcome::{Outcome, Reason},
};

/// The longest part of the apiserver's message that is shown.
const SHOWN: usize = 512;

/// What a pass came to that the apiserver broke off for lack of a permission; `None` for other trouble.
fn outcome(error: &kube::Error) -> Option<Outcome> {
    let kube::Error::Api(status) = error else {
        return None;
    };
    status.is_forbidden().then(|| {
        Outcome::stalled(
            Reason::Forbidden,
            format!(
                "the operator's service account lacks a permission, see the chart's roles: {}",
                cut(&status.message, SHOWN)
            ),
        )
    })
}

/// Says it in the object's conditions, its Events and the log. Whether it stands there now: not where the
/// error is another one, or the status cannot be written either.
pub async fn tell<K>(kind: &'static str, object: &K, error: &kube::Error, ctx: &Context) -> bool
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + DeserializeOwned
        + Serialize
        + Debug,
{
    let Some(outcome) = outcome(error) else {
        return false;
    };
    let generation = object.meta().generation.unwrap_or_default();
    let Some(old) = conditions(object) else {
        return false;
    };
    let mut new = Conditions::from_old(&old, generation, clock::now().wall);
    new.keep_all().judge(&outcome);
    let new = new.finish();
    if new != old {
        let patch = json!({
            "metadata": {"resourceVersion": object.resource_version(), "uid": object.uid()},
            "status": {"conditions": new, "observedGeneration": generation},
        });
        let namespace = object.namespace().unwrap_or_default();
        let written = Api::<K>::namespaced(ctx.client.clone(), &namespace)
            .patch_status(
                &object.name_any(),
                &PatchParams::default(),
                &Patch::Merge(&patch),
            )
            .await;
        if written.is_err() {
            return false;
        }
    }
    ctx.reporter.outcome(kind, object, &old, &outcome);
    true
}

/// The conditions that stand.
fn conditions<K: Serialize>(object: &K) -> Option<Vec<Condition>> {
    let mut object = serde_json::to_value(object).ok()?;
    let conditions = object
        .pointer_mut("/status/conditions")
        .map(serde_json::Value::take);
    conditions.map_or(Some(Vec::new()), |it| serde_json::from_value(it).ok())
}
