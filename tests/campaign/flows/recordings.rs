//! Flows of what is on air, and of what is recorded.

use futures::{FutureExt as _, future::LocalBoxFuture};
use kube::core::DynamicObject;
use serde_json::{Value, json};

use super::{flow, one_of};
use crate::{flow::Flow, harness::status_of, stage::Stage};

/// All of them.
pub const FLOWS: [Flow; 7] = [
    flow("go-live", off_air, go_live),
    flow("record", off_air_to_record, record),
    flow("record-later", on_air, record_later),
    flow("stop", recording, stop),
    flow("off-air", recording, go_off_air),
    flow("switch-off", recording, switch_off),
    flow("delete-recording", recording, delete),
];

async fn until(stage: &Stage, field: &'static str, value: Value) {
    let what = format!("{field} {value}");
    let holds = |object: &DynamicObject| status_of(object)[field] == value;
    stage
        .world
        .until("LiveStream", "keynote", &what, holds)
        .await;
}

async fn switch(stage: &Stage, on: bool) {
    let id = stage.id_of("keynote").await;
    stage.provider.set_live(&id, on);
    until(stage, "live", json!(on)).await;
}

/// Waits until it records and nothing more is to come.
async fn until_recording(stage: &Stage) {
    until(stage, "recording", json!(true)).await;
    until(stage, "recordingRequest", Value::Null).await;
    stage.world.until_ready("keynote").await;
}

/// Waits until it does not record, and its video is ready.
async fn until_recorded(stage: &Stage) {
    until(stage, "recording", json!(false)).await;
    let told = |object: &DynamicObject| {
        let status = status_of(object);
        status["videoCount"] == 1 && status["videos"][0]["state"] == "ready"
    };
    stage
        .world
        .until("LiveStream", "keynote", "its video is ready", told)
        .await;
    stage.world.until_ready("keynote").await;
}

fn off_air(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    one_of(stage, json!({"active": true})).boxed_local()
}

fn go_live(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    switch(stage, true).boxed_local()
}

fn off_air_to_record(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    one_of(stage, json!({"active": true, "recording": true})).boxed_local()
}

fn record(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        switch(stage, true).await;
        until_recording(stage).await;
    }
    .boxed_local()
}

fn on_air(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        one_of(stage, json!({"active": true, "recording": false})).await;
        switch(stage, true).await;
        stage.quiet().await;
    }
    .boxed_local()
}

fn record_later(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        let spec = json!({"recording": true});
        stage.world.edit("keynote", spec).await;
        until_recording(stage).await;
    }
    .boxed_local()
}

fn recording(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        off_air_to_record(stage).await;
        record(stage).await;
        stage.quiet().await;
    }
    .boxed_local()
}

fn stop(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        let spec = json!({"recording": false});
        stage.world.edit("keynote", spec).await;
        until_recorded(stage).await;
    }
    .boxed_local()
}

fn go_off_air(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        switch(stage, false).await;
        until_recorded(stage).await;
    }
    .boxed_local()
}

/// It is switched off while it records, and its video is whole.
fn switch_off(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        let spec = json!({"active": false});
        stage.world.edit("keynote", spec).await;
        until(stage, "active", json!(false)).await;
        until_recorded(stage).await;
    }
    .boxed_local()
}

/// It goes as soon as it is off air, and its video stays.
fn delete(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        let world = &stage.world;
        let id = stage.id_of("keynote").await;
        world.delete("LiveStream", "keynote").await;
        world
            .until_reason("keynote", "Ready", "LiveProtected")
            .await;
        stage.provider.set_live(&id, false);
        world.until_gone("LiveStream", "keynote").await;
        world
            .until_true("the video is ready", async || {
                stage.provider.has_one_ready_video()
            })
            .await;
    }
    .boxed_local()
}
