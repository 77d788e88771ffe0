//! Flows of Broadcasts.

use futures::{FutureExt as _, future::LocalBoxFuture};
use kube::core::DynamicObject;
use serde_json::{Value, json};

use super::{empty, flow};
use crate::{
    flow::Flow,
    harness::{CLIENT, status_of},
    stage::Stage,
};

/// All of them.
pub const FLOWS: [Flow; 8] = [
    flow("broadcast-create", stream, create),
    flow("broadcast-edit", pending, edit),
    flow("broadcast-interrupt", on_air, interrupt),
    flow("broadcast-return", interrupted, go_on),
    flow("broadcast-finish", pending, finish),
    flow("broadcast-delete", pending, delete),
    flow("broadcast-adopt", by_hand, adopt),
    flow("broadcast-recreate", pending, recreate),
];

/// A LiveStream `cam` that is in step.
fn stream(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        empty(stage).await;
        stage.world.ready_stream("cam").await;
        stage.quiet().await;
    }
    .boxed_local()
}

fn create(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        let spec =
            json!({"displayName": "Event", "state": "pending", "streams": [{"name": "cam"}]});
        stage.world.broadcast("event", spec).await;
        stage.world.until_broadcast("event").await;
    }
    .boxed_local()
}

fn pending(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        stream(stage).await;
        create(stage).await;
        stage.quiet().await;
    }
    .boxed_local()
}

fn edit(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        for spec in [
            json!({"state": "live"}),
            json!({"state": "paused", "displayName": "Later"}),
            json!({"state": "live", "pendingMessage": "Soon"}),
        ] {
            stage.world.edit_broadcast("event", spec).await;
            stage.world.until_broadcast("event").await;
        }
    }
    .boxed_local()
}

/// A broadcast that is live, with a stream that is live, which is paused when its signal is lost.
fn on_air(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        stream(stage).await;
        let spec = json!({
            "state": "live", "streams": [{"name": "cam"}],
            "interruption": {"action": "Pause", "afterSeconds": 1},
        });
        stage.world.broadcast("event", spec).await;
        stage.world.until_broadcast("event").await;
        go_on(stage).await;
        stage.quiet().await;
    }
    .boxed_local()
}

fn interrupt(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        signal(stage, false).await;
        until_shown(stage, "paused", "Interrupted").await;
    }
    .boxed_local()
}

fn interrupted(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        on_air(stage).await;
        interrupt(stage).await;
        stage.quiet().await;
    }
    .boxed_local()
}

fn go_on(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        signal(stage, true).await;
        until_shown(stage, "live", "Live").await;
    }
    .boxed_local()
}

async fn signal(stage: &Stage, on: bool) {
    let id = stage.world.stream_id("cam").await;
    stage.world.sim.set_live(id, on).unwrap();
    let reason = if on { "Live" } else { "Idle" };
    stage.world.until_reason("cam", "Live", reason).await;
}

/// Waits until viewers see this, and the status says why.
async fn until_shown(stage: &Stage, state: &str, reason: &str) {
    let world = &stage.world;
    world
        .until_sim(&format!("viewers see {state}"), |sim| {
            sim.broadcasts(CLIENT)[0]["status"] == Value::from(state)
        })
        .await;
    world.until_broadcast_reason("event", "Live", reason).await;
    world.until_broadcast("event").await;
}

fn finish(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        let spec = json!({"state": "finished"});
        stage.world.edit_broadcast("event", spec).await;
        stage.world.until_broadcast("event").await;
    }
    .boxed_local()
}

fn delete(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        stage.world.delete("Broadcast", "event").await;
        stage.world.until_gone("Broadcast", "event").await;
    }
    .boxed_local()
}

fn by_hand(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        stream(stage).await;
        let id = stage.world.stream_id("cam").await;
        let broadcast = json!({"name": "by hand", "status": "live", "stream_ids": [id]});
        let made = stage.world.sim.create_broadcast(CLIENT, broadcast);
        made.unwrap();
    }
    .boxed_local()
}

fn adopt(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        let id = stage.world.sim.broadcasts(CLIENT)[0]["id"].to_string();
        let spec = json!({"externalId": id, "state": "paused"});
        stage.world.broadcast("event", spec).await;
        stage.world.until_broadcast("event").await;
    }
    .boxed_local()
}

/// Somebody deletes the broadcast at the provider.
fn recreate(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        let world = &stage.world;
        let id = world.broadcast_id("event").await;
        assert!(world.sim.remove_broadcast(id));
        world
            .until_sim("there is another", |sim| sim.broadcasts(CLIENT).len() == 1)
            .await;
        let another = |object: &DynamicObject| {
            let status = status_of(object);
            status["broadcastId"].is_string() && status["broadcastId"] != json!(id.to_string())
        };
        world.until("Broadcast", "event", "another", another).await;
        world.until_broadcast("event").await;
    }
    .boxed_local()
}
