//! A namespace at the apiserver, and those who make load in it.

use std::collections::BTreeMap;

use futures::StreamExt as _;
use k8s_openapi::{
    api::core::v1::{Namespace, Secret},
    apimachinery::pkg::apis::meta::v1::Condition,
};
use kube::{
    Api, Client, Config,
    api::{ApiResource, DeleteParams, ListParams, Patch, PatchParams, PostParams},
    config::{KubeConfigOptions, Kubeconfig},
    core::{DynamicObject, GroupVersionKind, NotUsed, Object, ObjectMeta},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::control_plane::control_plane;

/// How the generator names itself, so that its writes are told from the operator's.
pub const AGENT: &str = "livestream-operator-bench";

/// How many requests of the generator are under way at once.
const IN_FLIGHT: usize = 24;

/// What the bench reads of an object: all else is skipped while it is parsed.
pub type Slim = Object<NotUsed, Status>;

/// The part of a status that the bench asks for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Status {
    pub conditions: Vec<Condition>,
    pub stream_id: Option<String>,
    pub active: Option<bool>,
    pub live: Option<bool>,
    pub recording: Option<bool>,
}

/// One namespace.
#[derive(Clone)]
pub struct Cluster {
    pub client: Client,
    pub namespace: String,
}

impl Cluster {
    /// A new namespace.
    pub async fn new(name: &str) -> Self {
        let kubeconfig = Kubeconfig::read_from(&control_plane().kubeconfig).unwrap();
        let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
            .await
            .unwrap();
        let agent = reqwest::header::HeaderValue::from_static(AGENT);
        config.headers.push((reqwest::header::USER_AGENT, agent));
        let client = Client::try_from(config).unwrap();
        let object = Namespace {
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                ..ObjectMeta::default()
            },
            ..Namespace::default()
        };
        Api::<Namespace>::all(client.clone())
            .create(&PostParams::default(), &object)
            .await
            .unwrap();
        Self {
            client,
            namespace: name.to_owned(),
        }
    }

    /// One of our kinds.
    pub fn resource(kind: &str) -> ApiResource {
        let gvk = GroupVersionKind::gvk("livestream-operator.io", "v1alpha1", kind);
        ApiResource::from_gvk_with_plural(&gvk, &format!("{}s", kind.to_lowercase()))
    }

    /// The objects of one of our kinds.
    pub fn api(&self, kind: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), &self.namespace, &Self::resource(kind))
    }

    /// The same, with what the bench reads of them.
    pub fn slim(&self, kind: &str) -> Api<Slim> {
        Api::namespaced_with(self.client.clone(), &self.namespace, &Self::resource(kind))
    }

    /// The Secrets.
    pub fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Creates a Secret.
    pub async fn secret(&self, name: &str, data: &[(&str, String)]) {
        let data: BTreeMap<_, _> = data.iter().cloned().collect();
        let secret =
            serde_json::from_value(json!({"metadata": {"name": name}, "stringData": data}))
                .unwrap();
        self.secrets()
            .create(&PostParams::default(), &secret)
            .await
            .unwrap();
    }

    /// Creates an object.
    pub async fn create(&self, kind: &str, name: &str, spec: Value) -> DynamicObject {
        let object = serde_json::from_value(json!({
            "apiVersion": "livestream-operator.io/v1alpha1", "kind": kind,
            "metadata": {"name": name, "namespace": self.namespace}, "spec": spec,
        }))
        .unwrap();
        let created = self.api(kind).create(&PostParams::default(), &object).await;
        created.unwrap()
    }

    /// Changes an object by a merge patch.
    pub async fn patch(&self, kind: &str, name: &str, patch: Value) -> DynamicObject {
        self.api(kind)
            .patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await
            .unwrap()
    }

    /// Changes the spec of a LiveStream.
    pub async fn edit(&self, name: &str, spec: Value) -> DynamicObject {
        self.patch("LiveStream", name, json!({"spec": spec})).await
    }

    /// Asks for the deletion of an object. That it is gone already is fine.
    pub async fn delete(&self, kind: &str, name: &str) {
        match self.api(kind).delete(name, &DeleteParams::default()).await {
            Ok(_) => {}
            Err(kube::Error::Api(status)) if status.is_not_found() => {}
            Err(error) => panic!("{name} cannot be deleted: {error}"),
        }
    }

    /// Creates many LiveStreams.
    pub async fn create_many(&self, names: impl IntoIterator<Item = String>) {
        futures::stream::iter(names)
            .for_each_concurrent(IN_FLIGHT, async |name| {
                self.create("LiveStream", &name, spec(&name)).await;
            })
            .await;
    }

    /// Deletes many LiveStreams.
    pub async fn delete_many(&self, names: impl IntoIterator<Item = String>) {
        futures::stream::iter(names)
            .for_each_concurrent(IN_FLIGHT, async |name| {
                self.delete("LiveStream", &name).await;
            })
            .await;
    }

    /// Deletes all objects of a kind and takes their finalizers away: nobody is there who would.
    pub async fn strike(&self, kind: &str) {
        let api = self.slim(kind);
        let objects = api.list_metadata(&ListParams::default()).await.unwrap();
        let names = objects.items.into_iter().filter_map(|o| o.metadata.name);
        Self::for_many(names, async |name| {
            self.delete(kind, &name).await;
            let patch = Patch::Merge(json!({"metadata": {"finalizers": null}}));
            let params = PatchParams::default();
            match api.patch_metadata(&name, &params, &patch).await {
                Ok(_) => {}
                // It had none.
                Err(kube::Error::Api(status)) if status.is_not_found() => {}
                Err(error) => panic!("{name} cannot be struck: {error}"),
            }
        })
        .await;
    }

    /// Does something for many, as many at once as the generator does.
    pub async fn for_many<T>(items: impl IntoIterator<Item = T>, work: impl AsyncFn(T)) {
        futures::stream::iter(items)
            .for_each_concurrent(IN_FLIGHT, async |item| work(item).await)
            .await;
    }
}

/// A stream that is switched off, so that the provider has nothing to tell of it by itself. The name
/// is how its calls are found in the journal.
pub fn spec(name: &str) -> Value {
    json!({"active": false, "displayName": name})
}
