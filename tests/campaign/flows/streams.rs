//! Flows of LiveStreams and of their account.

use futures::{FutureExt as _, future::LocalBoxFuture};
use kube::core::DynamicObject;
use serde_json::json;

use super::{empty, flow, one_of, said};
use crate::{
    flow::{Flow, Trace},
    harness::{condition, status_of},
    provider::Said,
    stage::Stage,
};

/// All of them.
pub const FLOWS: [Flow; 14] = [
    flow("begin", nothing, begin),
    flow("restart", in_use, restart),
    flow("create", empty, create),
    flow("create-encoder", empty, create_encoder),
    flow("edit", one, edit),
    flow("delete", one, delete),
    flow("delete-off", one_off, delete),
    flow("retain", one_to_retain, delete),
    flow("adopt", by_hand, adopt),
    flow("let-go", adopted, delete),
    flow("rotate-api-key", one, rotate_api_key),
    flow("suspend", one, suspend),
    flow("resume", suspended, resume),
    flow("recreate", one, recreate),
];

/// What only a provider has that can give out another key for the encoder.
pub const KEY_FLOWS: [Flow; 1] = [Flow {
    // A renewal that may have been sent is said to be unknown, and is not sent again: between the
    // write that announces it and its call nobody can know. When the object is gone, so is
    // what it said.
    traces: &[
        Trace {
            at: &[
                "/objects/LiveStream keynote/status/ingestKeyReset/result",
                "/counts/keys renewed",
            ],
            values: &[&["Done", "1"], &["Unknown", "1"], &["Unknown", "0"]],
        },
        Trace {
            at: &["/objects/LiveStream keynote", "/counts/keys renewed"],
            values: &[&["", "1"], &["", "0"]],
        },
    ],
    ..flow("renew-key", with_encoder, renew_key)
}];

fn nothing(_: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {}.boxed_local()
}

/// Everything is applied at once, and the operator comes last.
fn begin(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        stage.account().await;
        let spec = json!({"active": true, "ingestSecret": {"name": "encoder"}});
        stage.world.stream("keynote", spec).await;
        if stage.provider.has_broadcasts() {
            let spec = json!({"state": "pending", "streams": [{"name": "keynote"}]});
            stage.world.broadcast("event", spec).await;
        }
        stage.start();
        stage.world.until_ready("keynote").await;
        if stage.provider.has_broadcasts() {
            stage.world.until_broadcast("event").await;
        }
        until_encoder(stage).await;
        stage.until_walked().await;
    }
    .boxed_local()
}

/// Waits until the Secret for the encoder is written.
async fn until_encoder(stage: &Stage) {
    let world = &stage.world;
    let written = async || {
        let secret = world.secrets().get_opt("encoder").await.unwrap();
        secret.is_some_and(|secret| secret.data.is_some())
    };
    world
        .until_true("the encoder has its Secret", written)
        .await;
}

/// Objects of both kinds in step, and nobody who looks after them.
fn in_use(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        begin(stage).await;
        stage.quiet().await;
        stage.stop();
    }
    .boxed_local()
}

fn restart(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        stage.start();
        stage.rest().await;
    }
    .boxed_local()
}

fn create(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        let spec = said(stage, Said::First, &json!({"active": true}));
        stage.world.stream("keynote", spec).await;
        stage.world.until_ready("keynote").await;
    }
    .boxed_local()
}

/// A stream with a Secret for its encoder, and a broadcast that waits for it.
fn create_encoder(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        if stage.provider.has_broadcasts() {
            let spec = json!({"state": "live", "streams": [{"name": "keynote"}]});
            stage.world.broadcast("event", spec).await;
        }
        let spec = json!({"active": true, "ingestSecret": {"name": "encoder"}});
        stage.world.stream("keynote", spec).await;
        stage.world.until_ready("keynote").await;
        if stage.provider.has_broadcasts() {
            stage.world.until_broadcast("event").await;
        }
        until_encoder(stage).await;
    }
    .boxed_local()
}

fn one(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    let spec = said(stage, Said::First, &json!({"active": true}));
    one_of(stage, spec).boxed_local()
}

fn one_off(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    one_of(stage, json!({"active": false})).boxed_local()
}

fn one_to_retain(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    one_of(stage, json!({"deletionPolicy": "Retain"})).boxed_local()
}

fn suspended(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        one(stage).await;
        suspend(stage).await;
        stage.quiet().await;
    }
    .boxed_local()
}

fn with_encoder(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    let spec = json!({"active": true, "ingestSecret": {"name": "encoder"}});
    one_of(stage, spec).boxed_local()
}

fn edit(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        let spec = stage.provider.spec(Said::Edited);
        stage.world.edit("keynote", spec).await;
        stage.world.until_ready("keynote").await;
    }
    .boxed_local()
}

fn delete(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        stage.world.delete("LiveStream", "keynote").await;
        stage.world.until_gone("LiveStream", "keynote").await;
    }
    .boxed_local()
}

fn by_hand(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        stage.provider.create_by_hand();
        empty(stage).await;
    }
    .boxed_local()
}

/// It is adopted with other settings than it has.
fn adopt(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        let id = stage.provider.id(&stage.provider.streams()[0]);
        let spec = said(stage, Said::Edited, &json!({"externalId": id}));
        stage.world.stream("keynote", spec).await;
        stage.world.until_ready("keynote").await;
    }
    .boxed_local()
}

fn adopted(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        by_hand(stage).await;
        adopt(stage).await;
        stage.quiet().await;
    }
    .boxed_local()
}

fn renew_key(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        let annotation = json!({"livestream-operator.io/reset-ingest-key": "one"});
        let patch = json!({"metadata": {"annotations": annotation}});
        let world = &stage.world;
        world.patch("LiveStream", "keynote", patch).await.unwrap();
        let handled = |object: &DynamicObject| {
            let receipt = &status_of(object)["ingestKeyReset"];
            receipt["token"] == "one" && receipt["result"] != "Sent"
        };
        world
            .until("LiveStream", "keynote", "handled", handled)
            .await;
        let id = world.stream_id("keynote").await;
        let same = async || {
            let secret = world.secrets().get("encoder").await.unwrap();
            let data = secret.data.unwrap_or_default();
            let url = data.get("pushUrl");
            let url = url.map(|url| String::from_utf8_lossy(&url.0).into_owned());
            world.sim.stream(id).unwrap()["push_url"] == json!(url)
        };
        world
            .until_true("the Secret has the address that holds", same)
            .await;
    }
    .boxed_local()
}

/// The new key is put into the Secret, and the old one ends when the new one is used.
fn rotate_api_key(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        let world = &stage.world;
        let (name, _) = stage.provider.secret();
        let data = stage.provider.another_key();
        world.secret(name, &data).await;
        let used = |account: &DynamicObject| {
            stage
                .provider
                .other_key_is_used(&stage.endpoint, &status_of(account))
        };
        world
            .until("StreamingAccount", "default", "the new key is used", used)
            .await;
        stage.provider.revoke_first_key();
        world
            .edit("keynote", stage.provider.spec(Said::Later))
            .await;
        world.until_ready("keynote").await;
        world.until_account("default", "InStep").await;
    }
    .boxed_local()
}

fn suspend(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        let spec = said(stage, Said::Later, &json!({"suspend": true}));
        stage.world.edit("keynote", spec).await;
        let suspended = |object: &DynamicObject| {
            let condition = condition(object, "Suspended").unwrap_or_default();
            condition["status"] == "True"
        };
        stage
            .world
            .until("LiveStream", "keynote", "suspended", suspended)
            .await;
    }
    .boxed_local()
}

fn resume(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        stage.world.edit("keynote", json!({"suspend": false})).await;
        stage.world.until_ready("keynote").await;
    }
    .boxed_local()
}

/// Somebody deletes the stream at the provider.
fn recreate(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        let world = &stage.world;
        let id = stage.id_of("keynote").await;
        stage.provider.remove(&id);
        world
            .until_true("there is another", async || {
                stage.provider.streams().len() == 1
            })
            .await;
        let another = |object: &DynamicObject| {
            let status = status_of(object);
            status["streamId"].is_string() && status["streamId"] != json!(id)
        };
        world
            .until("LiveStream", "keynote", "another", another)
            .await;
        world.until_ready("keynote").await;
    }
    .boxed_local()
}
