//! One run of a flow, with one fault or none.

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::FutureExt as _;
use serde_json::Value;

use crate::{
    flow::Flow,
    harness::proxy::{Fault, Point, Script},
    picture::picture,
    stage::Stage,
};

/// How long a run may take: several times as long as any did.
const LIMIT: Duration = Duration::from_mins(2);

/// What a run showed.
pub struct Run {
    /// Both worlds when all had come to rest, and again when everything had been deleted.
    pub pictures: Option<[Value; 2]>,
    /// Why there are none.
    pub stuck: Option<String>,
    /// The calls that were numbered.
    pub points: Vec<Point>,
    /// Whether the fault happened.
    pub fired: bool,
    /// What the operator logged of a panic.
    pub panicked: Option<String>,
    /// How often the operator ended by itself.
    pub ended: usize,
    /// How long it took.
    pub seconds: f64,
    /// The end of the operator's log, and what was changed at the provider.
    pub log: String,
    /// The marks of ours that the provider still had at the end, beside those that were released.
    pub left: Vec<Value>,
}

/// Runs a flow on this thread.
pub fn run(flow: &Flow, planned: Option<(Point, Fault)>) -> Run {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(perform(flow, planned))
}

async fn perform(flow: &Flow, planned: Option<(Point, Fault)>) -> Run {
    let begin = Instant::now();
    let script = Script::new(planned);
    let mut stage = Stage::new(&format!("c-{}", flow.title()), flow.at, Arc::clone(&script)).await;
    let told = AssertUnwindSafe(tokio::time::timeout(LIMIT, story(flow, &mut stage)));
    let (pictures, stuck) = match told.catch_unwind().await {
        Ok(Ok(pictures)) => (Some(pictures), None),
        Ok(Err(_)) => {
            let state = picture(&stage, &[]).await;
            let state = serde_json::to_string_pretty(&state["objects"]).unwrap();
            (None, Some(format!("no end after {LIMIT:?}: {state}")))
        }
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
            (None, Some(text.unwrap_or_default()))
        }
    };
    let left = if pictures.is_some() {
        stage.provider.marked()
    } else {
        Vec::new()
    };
    let changes = stage.changes_at_provider();
    let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
    let log = format!(
        "the operator's log ends:\n{}\nchanges at the provider:\n{}",
        stage.tail(),
        changes.join("\n")
    );
    let run = Run {
        stuck,
        points: script.points(),
        fired: script.fired(),
        panicked: stage.panicked(),
        ended: stage.ended(),
        seconds: begin.elapsed().as_secs_f64(),
        log,
        left,
        pictures,
    };
    stage.leave().await;
    run
}

/// The flow, a rest, and the end of all objects.
async fn story(flow: &Flow, stage: &mut Stage) -> [Value; 2] {
    (flow.set_up)(stage).await;
    stage.script.begin();
    (flow.act)(stage).await;
    stage.rest().await;
    stage.script.end();
    let rested = picture(stage, flow.traces).await;
    stage.clean_up().await;
    let emptied = picture(stage, flow.traces).await;
    [rested, emptied]
}
