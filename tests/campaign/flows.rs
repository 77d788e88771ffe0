//! All flows, and what they share.

mod broadcasts;
mod recordings;
mod streams;

use futures::{FutureExt as _, future::LocalBoxFuture};
use serde_json::Value;

use crate::{
    flow::{Flow, Step},
    stage::Stage,
};

/// All of them.
pub fn all() -> Vec<Flow> {
    let streams = streams::FLOWS.into_iter();
    let recordings = recordings::FLOWS.into_iter();
    streams.chain(recordings).chain(broadcasts::FLOWS).collect()
}

/// A flow in which a fault may leave no trace at all.
const fn flow(name: &'static str, set_up: Step, act: Step) -> Flow {
    Flow {
        name,
        set_up,
        act,
        traces: &[],
    }
}

/// An account that is open, and an operator.
fn empty(stage: &mut Stage) -> LocalBoxFuture<'_, ()> {
    async {
        stage.account().await;
        stage.start();
        stage.until_walked().await;
        stage.quiet().await;
    }
    .boxed_local()
}

/// A LiveStream `keynote` that is in step.
async fn one_of(stage: &mut Stage, spec: Value) {
    stage.account().await;
    stage.start();
    stage.world.stream("keynote", spec).await;
    stage.world.until_ready("keynote").await;
    stage.until_walked().await;
    stage.quiet().await;
}
