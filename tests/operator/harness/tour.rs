//! A tour of all that the operator does.

use serde_json::json;

use super::{CLIENT, World, status_of};

impl World {
    /// Uses all that there is: each kind made, changed, adopted, retained and deleted, Secrets made, mended,
    /// moved and removed. There is an account; in the end there is nothing.
    pub async fn tour(&self) {
        let annotate = async |kind: &str, name: &str, annotation: &str| {
            let patch = json!({"metadata": {"annotations": {format!("livestream-operator.io/{annotation}"): "once"}}});
            self.patch(kind, name, patch).await.unwrap();
        };
        self.until_account("default", "InStep").await;
        self.stream(
            "keynote",
            json!({"active": true, "ingestSecret": {"name": "one"}}),
        )
        .await;
        self.until_ready("keynote").await;
        let id = self.stream_id("keynote").await;
        self.edit("keynote", json!({"displayName": "Keynote"}))
            .await;
        self.until_ready("keynote").await;
        self.edit("keynote", json!({"ingestSecret": {"name": "two"}}))
            .await;
        self.until_true("the Secret has moved", async || {
            let there = async |name| self.secrets().get_opt(name).await.unwrap().is_some();
            there("two").await && !there("one").await
        })
        .await;
        annotate("LiveStream", "keynote", "reset-ingest-key").await;
        self.until("LiveStream", "keynote", "a receipt", |object| {
            status_of(object)["ingestKeyReset"]["result"] == "Done"
        })
        .await;
        annotate("StreamingAccount", "default", "rotate-webhook").await;
        self.until("StreamingAccount", "default", "rotated", |object| {
            status_of(object)["rotatedWebhook"] == "once"
        })
        .await;
        self.broadcast("show", json!({"streams": [{"name": "keynote"}]}))
            .await;
        self.until_broadcast("show").await;
        let made = self.sim.create(CLIENT, json!({"name": "by hand"})).unwrap();
        self.stream("adopted", json!({"externalId": made.to_string()}))
            .await;
        self.until_ready("adopted").await;
        // What would be made again for ever is looked for first.
        assert!(self.sim.remove(id));
        self.until("LiveStream", "keynote", "made again", |object| {
            let now = status_of(object)["streamId"].clone();
            now.is_string() && now != *id.to_string()
        })
        .await;
        self.until_ready("keynote").await;
        self.edit("adopted", json!({"deletionPolicy": "Delete"}))
            .await;
        for (kind, name) in [
            ("Broadcast", "show"),
            ("LiveStream", "keynote"),
            ("LiveStream", "adopted"),
            ("StreamingAccount", "default"),
        ] {
            self.delete(kind, name).await;
            self.until_gone(kind, name).await;
        }
        assert!(self.sim.streams(CLIENT).is_empty());
    }
}
