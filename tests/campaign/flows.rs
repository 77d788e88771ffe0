//! All flows, and what they share.

mod broadcasts;
mod recordings;
mod streams;

use futures::{FutureExt as _, future::LocalBoxFuture};
use serde_json::Value;

use crate::{
    flow::{Flow, Step},
    provider::{At, Said},
    stage::Stage,
};

/// All of them: those of LiveStreams at each provider, the others where they can be.
pub fn all() -> Vec<Flow> {
    let shared = [&streams::FLOWS[..], &recordings::FLOWS].concat();
    let second = shared.clone().into_iter();
    let second = second.map(|flow| flow.at(At::LiveStation));
    let gcore = [&streams::KEY_FLOWS[..], &broadcasts::FLOWS].concat();
    shared.iter().copied().chain(gcore).chain(second).collect()
}

/// A flow in which a fault may leave no trace at all.
const fn flow(name: &'static str, set_up: Step, act: Step) -> Flow {
    Flow {
        name,
        at: At::Gcore,
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

/// What is said of a LiveStream, and these fields besides.
fn said(stage: &Stage, said: Said, more: &Value) -> Value {
    let mut spec = stage.provider.spec(said);
    for (field, value) in more.as_object().into_iter().flatten() {
        spec[field] = value.clone();
    }
    spec
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
