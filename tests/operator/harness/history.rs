//! What happened in between: every state that an object went through, and walks that count.

use std::sync::{Arc, Mutex};

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api,
    api::{DeleteParams, ListParams, Patch, PatchParams, WatchEvent, WatchParams},
    core::DynamicObject,
};
use serde_json::Value;
use tokio::task::JoinHandle;

use super::{CLIENT, World, objects};

/// The operator's settling time in tests, with room for the way that an answer takes.
const SETTLED_MILLIS: u64 = 1700;

/// Every state of the objects of one kind since it was begun.
pub struct History {
    seen: Arc<Mutex<Vec<DynamicObject>>>,
    task: JoinHandle<()>,
}

impl History {
    /// What `Ready` said of an object, state by state, as `True InStep`.
    pub fn ready(&self, name: &str) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        let of = seen
            .iter()
            .filter(|o| o.metadata.name.as_deref() == Some(name));
        let mut ready: Vec<String> = of
            .map(|object| {
                let ready = objects::condition(object, "Ready").unwrap_or_default();
                let word = |key: &str| ready[key].as_str().unwrap_or("-").to_owned();
                format!("{} {}", word("status"), word("reason"))
            })
            .collect();
        ready.dedup();
        ready
    }

    /// The statuses of an object, state by state.
    pub fn statuses(&self, name: &str) -> Vec<Value> {
        let seen = self.seen.lock().unwrap();
        let of = seen
            .iter()
            .filter(|o| o.metadata.name.as_deref() == Some(name));
        of.map(objects::status_of).collect()
    }

    /// How many states it saw, of all objects.
    pub fn len(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

impl Drop for History {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl World {
    /// Writes down every state of the objects of a kind from now on.
    pub async fn history(&self, kind: &str) -> History {
        let api = self.api(kind);
        let list = api.list(&ListParams::default()).await.unwrap();
        let from = list.metadata.resource_version.unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let book = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            let params = WatchParams::default();
            let mut events = api.watch(&params, &from).await.unwrap().boxed();
            while let Some(event) = events.next().await {
                if let WatchEvent::Added(object) | WatchEvent::Modified(object) = event.unwrap() {
                    book.lock().unwrap().push(object);
                }
            }
        });
        History { seen, task }
    }

    /// Waits until so many whole walks of the list have been made that began when everything that
    /// was written until now had settled: what would have come of it has come.
    pub async fn settled_walks(&self, walks: usize) {
        let now = u64::try_from(self.sim.clock().elapsed().as_millis()).unwrap();
        let from = now + SETTLED_MILLIS;
        // A walk is whole when the next one begins.
        self.until_true("the list is walked after the settling time", async || {
            let begun = self.sim.calls_where(0, |call| {
                call.elapsed_ms >= from
                    && call.method == "GET"
                    && call.route == "/streaming/streams"
                    && call.status == Some(200)
                    && call.query.as_deref() == Some("page=1")
            });
            begun.len() > walks
        })
        .await;
    }

    /// Waits until an Event about an object gives this reason.
    pub async fn until_event(&self, name: &str, reason: &str) {
        self.until_true(&format!("{name} has the Event {reason}"), async || {
            self.events(name).await.iter().any(|r| r == reason)
        })
        .await;
    }

    /// Waits until so many creations were sent.
    pub async fn until_posts(&self, posts: u64) {
        self.until_true(&format!("{posts} creations were sent"), async || {
            self.posts() >= posts
        })
        .await;
    }

    /// The bodies of the changes that were sent about a stream, the oldest first.
    pub fn changes(&self, id: u64) -> Vec<Value> {
        let calls = self.sim.calls_where(0, |call| {
            call.method == "PATCH" && call.id == Some(id.to_string())
        });
        calls.into_iter().filter_map(|call| call.body).collect()
    }

    /// How many deletions were sent.
    pub fn deletions(&self) -> u64 {
        self.sim.count("DELETE", "/streaming/streams/{id}")
    }

    /// The one stream that the provider has under this name.
    pub fn the_stream(&self, name: &str) -> Value {
        let mut found = self.sim.streams(CLIENT);
        found.retain(|stream| stream["name"] == name);
        assert_eq!(found.len(), 1, "streams of the name {name}: {found:?}");
        found.remove(0)
    }

    /// Changes the status of an object by a merge patch.
    pub async fn patch_status(&self, kind: &str, name: &str, status: Value) {
        let patch = serde_json::json!({ "status": status });
        self.api(kind)
            .patch_status(name, &PatchParams::default(), &Patch::Merge(patch))
            .await
            .unwrap();
    }

    /// The id of this cluster in owner marks.
    pub async fn cluster(&self) -> String {
        let namespace = Api::<Namespace>::all(self.client.clone())
            .get("kube-system")
            .await
            .unwrap();
        namespace.metadata.uid.unwrap()
    }

    /// Asks for the deletion of the namespace.
    pub async fn delete_namespace(&self) {
        Api::<Namespace>::all(self.client.clone())
            .delete(&self.namespace, &DeleteParams::default())
            .await
            .unwrap();
    }

    /// Waits until the namespace is gone.
    pub async fn until_namespace_gone(&self) {
        let api = Api::<Namespace>::all(self.client.clone());
        self.until_true("the namespace is gone", async || {
            api.get_opt(&self.namespace).await.unwrap().is_none()
        })
        .await;
    }
}
