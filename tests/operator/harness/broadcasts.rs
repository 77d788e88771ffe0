//! Broadcasts: their objects, and what the provider has.

use kube::core::DynamicObject;
use serde_json::{Value, json};

use super::{CLIENT, World, is_ready, objects};

impl World {
    /// Creates a LiveStream that is switched on, and returns the id of its stream.
    pub async fn ready_stream(&self, name: &str) -> u64 {
        self.stream(name, json!({"active": true})).await;
        self.until_ready(name).await;
        self.stream_id(name).await
    }

    /// Changes the spec of a Broadcast by a merge patch.
    pub async fn edit_broadcast(&self, name: &str, spec: Value) -> DynamicObject {
        self.patch("Broadcast", name, json!({"spec": spec}))
            .await
            .unwrap()
    }

    /// Waits until a Broadcast is ready for its newest generation, and returns it.
    pub async fn until_broadcast(&self, name: &str) -> DynamicObject {
        self.until("Broadcast", name, "ready", is_ready).await
    }

    /// Waits until a condition of a Broadcast has this reason.
    pub async fn until_broadcast_reason(
        &self,
        name: &str,
        kind: &str,
        reason: &str,
    ) -> DynamicObject {
        self.until("Broadcast", name, &format!("{kind} {reason}"), |object| {
            objects::reason(object, kind) == reason
        })
        .await
    }

    /// The id of the broadcast that a Broadcast's status names.
    pub async fn broadcast_id(&self, name: &str) -> u64 {
        let object = self.get("Broadcast", name).await.unwrap();
        let status = objects::status_of(&object);
        status["broadcastId"].as_str().unwrap().parse().unwrap()
    }

    /// The one broadcast that the provider has.
    pub fn the_broadcast(&self) -> Value {
        let mut found = self.sim.broadcasts(CLIENT);
        assert_eq!(found.len(), 1, "broadcasts: {found:?}");
        found.remove(0)
    }

    /// How many creations of broadcasts were sent.
    pub fn broadcast_posts(&self) -> u64 {
        self.sim.count("POST", "/streaming/broadcasts")
    }

    /// The bodies of the changes of broadcasts that were sent, the oldest first.
    pub fn broadcast_changes(&self) -> Vec<Value> {
        let calls = self.sim.calls_where(0, |call| {
            call.method == "PATCH" && call.route == "/streaming/broadcasts/{id}"
        });
        let bodies = calls.into_iter().filter_map(|call| call.body);
        bodies.map(|body| body["broadcast"].clone()).collect()
    }

    /// How many deletions of broadcasts were sent.
    pub fn broadcast_deletions(&self) -> u64 {
        self.sim.count("DELETE", "/streaming/broadcasts/{id}")
    }

    /// Waits until so many more whole walks of the list of broadcasts have been made.
    pub async fn broadcast_walks(&self, more: usize) {
        let begun = || {
            self.sim
                .calls_where(0, |call| {
                    call.method == "GET"
                        && call.route == "/streaming/broadcasts"
                        && call.status == Some(200)
                        && call.query.as_deref() == Some("page=1")
                })
                .len()
        };
        // A walk is whole when the next one begins.
        let wanted = begun() + more + 1;
        self.until_true("the list of broadcasts is walked", async || {
            begun() >= wanted
        })
        .await;
    }
}
