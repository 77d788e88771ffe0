//! Which Secrets changed: one metadata-only watch for each namespace that has an account. The data of
//! a Secret are read only when a pass needs them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, Client, ResourceExt as _,
    core::PartialObjectMeta,
    runtime::{
        WatchStreamExt as _,
        watcher::{self, Event},
    },
};
use tokio::task::JoinHandle;

use crate::object_key::ObjectKey;

/// What is called with the name of each Secret that changed.
pub type OnChange = Arc<dyn Fn(ObjectKey) + Send + Sync>;

/// The watches that run.
pub struct SecretWatches {
    client: Client,
    on_change: OnChange,
    running: Mutex<HashMap<String, JoinHandle<()>>>,
}

impl SecretWatches {
    /// No watch yet.
    pub fn new(client: Client, on_change: OnChange) -> Self {
        Self {
            client,
            on_change,
            running: Mutex::default(),
        }
    }

    /// Watches a namespace, if that is not done already.
    pub fn keep(&self, namespace: &str) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.entry(namespace.to_owned()).or_insert_with(|| {
            let api = Api::namespaced(self.client.clone(), namespace);
            tokio::spawn(follow(
                api,
                namespace.to_owned(),
                Arc::clone(&self.on_change),
            ))
        });
    }

    /// Stops watching a namespace.
    pub fn drop(&self, namespace: &str) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = running.remove(namespace) {
            task.abort();
        }
    }
}

impl Drop for SecretWatches {
    fn drop(&mut self) {
        let running = self
            .running
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        running.values().for_each(JoinHandle::abort);
    }
}

async fn follow(api: Api<PartialObjectMeta<Secret>>, namespace: String, on_change: OnChange) {
    let mut events = watcher::watcher(api, watcher::Config::default().page_size(50))
        .default_backoff()
        .boxed();
    while let Some(event) = events.next().await {
        match event {
            // A list repeats what a broken watch may have missed.
            Ok(Event::Apply(secret) | Event::InitApply(secret) | Event::Delete(secret)) => {
                on_change(ObjectKey::new(&namespace, secret.name_any()));
            }
            Ok(Event::Init | Event::InitDone) => {}
            Err(error) => {
                tracing::warn!(namespace, %error, "watch of Secrets interrupted; it is resumed");
            }
        }
    }
}
