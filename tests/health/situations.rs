//! The situations that an object can be in, each brought about by the real operator and left standing.
//!
//! One row of the table that health follows has no object here, because nothing can bring it about:
//! drift that is only reported. The operator mends what the spec names and leaves the rest alone, so it
//! never says `Drifted`. What Argo CD would say of it is in `scripts.rs`.

use std::{future::Future, pin::Pin};

use kube::core::DynamicObject;
use serde_json::{Value, json};
use simulator::{
    Outage,
    faults::{Action, Fault},
    gcore::{QuotaRefusal, StartErrors},
};

use crate::harness::{CLIENT, KEY, World, condition, reason, status_of};

/// What the four tools are to say.
#[derive(Clone, Copy, Debug)]
pub struct Verdicts {
    pub kstatus: &'static str,
    pub argo_cd: &'static str,
    pub kubectl: &'static str,
    pub helm: &'static str,
}

/// It is as it should be.
const IN_STEP: Verdicts = Verdicts {
    kstatus: "Current",
    argo_cd: "Healthy",
    kubectl: "met",
    helm: "deployed",
};

/// Wait.
const UNDER_WAY: Verdicts = Verdicts {
    kstatus: "InProgress",
    argo_cd: "Progressing",
    kubectl: "not met",
    helm: "InProgress",
};

/// A human must act.
const STALLED: Verdicts = Verdicts {
    kstatus: "Failed",
    argo_cd: "Degraded",
    kubectl: "not met",
    helm: "Failed",
};

/// It is suspended and was in step before. The newest spec may never have been sent, so `kubectl wait`,
/// which looks at the generation of the condition itself, goes on waiting.
const SUSPENDED: Verdicts = Verdicts {
    kstatus: "Current",
    argo_cd: "Suspended",
    kubectl: "not met",
    helm: "deployed",
};

/// It is suspended and was never in step.
const SUSPENDED_EARLY: Verdicts = Verdicts {
    argo_cd: "Suspended",
    ..UNDER_WAY
};

/// It is being deleted.
const GOING: Verdicts = Verdicts {
    kstatus: "Terminating",
    argo_cd: "Progressing",
    kubectl: "not met",
    helm: "Terminating",
};

/// An object in a situation.
pub struct Row {
    pub situation: &'static str,
    pub kind: &'static str,
    pub name: &'static str,
    pub expected: Verdicts,
}

/// A namespace whose objects stand still in their situations.
pub struct Stage {
    pub world: World,
    pub rows: Vec<Row>,
}

impl Stage {
    fn new(world: World) -> Self {
        Self {
            world,
            rows: Vec::new(),
        }
    }

    fn row(
        &mut self,
        situation: &'static str,
        kind: &'static str,
        name: &'static str,
        expected: Verdicts,
    ) {
        self.rows.push(Row {
            situation,
            kind,
            name,
            expected,
        });
    }
}

type Making = Pin<Box<dyn Future<Output = Stage>>>;

/// All stages, by name.
pub fn all() -> Vec<(&'static str, Making)> {
    vec![
        ("not seen yet", Box::pin(not_seen())),
        ("in step", Box::pin(in_step())),
        ("suspended", Box::pin(suspended())),
        ("under way", Box::pin(under_way())),
        ("an outage", Box::pin(outage())),
        ("too many calls", Box::pin(too_many_calls())),
        ("a wrong key", Box::pin(wrong_key())),
        ("refusals", Box::pin(refusals())),
        ("whose is it", Box::pin(whose())),
        ("a lost id", Box::pin(lost_id())),
        ("no recording begins", Box::pin(no_recording())),
        ("no room for recordings", Box::pin(no_room())),
        ("deletion", Box::pin(deletion())),
    ]
}

/// No operator has ever run.
async fn not_seen() -> Stage {
    let world = World::bare("health-unseen").await;
    world.account(json!({})).await;
    world.stream("keynote", json!({})).await;
    let streams = json!({"streams": [{"name": "keynote"}]});
    world.broadcast("keynote", streams).await;
    let mut stage = Stage::new(world);
    for (kind, name) in [
        ("StreamingAccount", "default"),
        ("LiveStream", "keynote"),
        ("Broadcast", "keynote"),
    ] {
        stage.row("not seen yet", kind, name, UNDER_WAY);
    }
    stage
}

async fn in_step() -> Stage {
    let world = World::new("health-step").await;
    world.until_account("default", "InStep").await;
    for (name, spec) in [
        ("idle", json!({"active": true})),
        ("rec", json!({"active": true, "recording": true})),
        ("live", json!({"active": true, "recording": true})),
    ] {
        world.stream(name, spec).await;
        world.until_ready(name).await;
    }
    let live = world.stream_id("live").await;
    world
        .sim
        .behaviour(CLIENT, |b| b.recording_starts_after_seconds = 0.0);
    world.sim.set_live(live, true).unwrap();
    world
        .until("LiveStream", "live", "recording", |object| {
            status_of(object)["recording"] == true && reason(object, "Ready") == "InStep"
        })
        .await;
    world
        .until_reason("rec", "Recording", "WaitingForIngest")
        .await;
    let streams = json!([{"name": "idle"}]);
    for (name, state) in [("pending", "pending"), ("done", "live")] {
        let spec = json!({"state": state, "streams": streams});
        world.broadcast(name, spec).await;
        world.until_broadcast(name).await;
    }
    world
        .edit_broadcast("done", json!({"state": "finished"}))
        .await;
    world.until_broadcast("done").await;
    let mut stage = Stage::new(world);
    stage.row("in step", "StreamingAccount", "default", IN_STEP);
    stage.row("in step, nobody sends video", "LiveStream", "idle", IN_STEP);
    stage.row("recording wanted, not live", "LiveStream", "rec", IN_STEP);
    stage.row("live and recording", "LiveStream", "live", IN_STEP);
    stage.row("in step", "Broadcast", "pending", IN_STEP);
    stage.row("finished as asked", "Broadcast", "done", IN_STEP);
    stage
}

async fn suspended() -> Stage {
    let world = World::new("health-suspended").await;
    world.stream("keynote", json!({})).await;
    world.until_ready("keynote").await;
    let streams = json!({"streams": [{"name": "keynote"}]});
    world.broadcast("keynote", streams).await;
    world.until_broadcast("keynote").await;
    world.stream("never", json!({"suspend": true})).await;
    let suspend = json!({"suspend": true, "displayName": "Never sent"});
    world.edit("keynote", suspend.clone()).await;
    world.edit_broadcast("keynote", suspend).await;
    let objects = [
        ("LiveStream", "keynote"),
        ("Broadcast", "keynote"),
        ("LiveStream", "never"),
    ];
    for (kind, name) in objects {
        until_seen(&world, kind, name, "Suspended", "Suspended").await;
    }
    let mut stage = Stage::new(world);
    stage.row("suspended", "LiveStream", "keynote", SUSPENDED);
    stage.row("suspended", "Broadcast", "keynote", SUSPENDED);
    stage.row(
        "suspended from the start",
        "LiveStream",
        "never",
        SUSPENDED_EARLY,
    );
    stage
}

/// A creation whose result is not known, and what waits for what is missing but may still come.
async fn under_way() -> Stage {
    let mut world = World::bare("health-underway").await;
    world.account(json!({})).await;
    world.start(&["--settling=1h", "--grace=1h"]);
    let lost = Fault::new(Action::TimeoutBeforeApply)
        .method("POST")
        .route("/streaming/streams");
    world.sim.fault(lost);
    world.stream("keynote", json!({})).await;
    until(
        &world,
        "LiveStream",
        "keynote",
        "Reconciling",
        "CreationUnknown",
    )
    .await;
    let early = json!({"accountRef": {"name": "later"}});
    world.stream("early", early).await;
    until(
        &world,
        "LiveStream",
        "early",
        "Reconciling",
        "AccountNotFound",
    )
    .await;
    let streams = json!({"streams": [{"name": "later"}]});
    world.broadcast("keynote", streams).await;
    until(
        &world,
        "Broadcast",
        "keynote",
        "Reconciling",
        "WaitingForStream",
    )
    .await;
    let account = json!({"gcore": {
        "apiKeySecretRef": {"name": "later", "key": "apiKey"}, "endpoint": world.sim.url(),
    }});
    world
        .create("StreamingAccount", "early", account)
        .await
        .unwrap();
    until(
        &world,
        "StreamingAccount",
        "early",
        "Reconciling",
        "SecretNotFound",
    )
    .await;
    let mut stage = Stage::new(world);
    stage.row("being created", "LiveStream", "keynote", UNDER_WAY);
    stage.row(
        "its account is missing, at first",
        "LiveStream",
        "early",
        UNDER_WAY,
    );
    stage.row("its stream is missing", "Broadcast", "keynote", UNDER_WAY);
    stage.row(
        "its Secret is missing, at first",
        "StreamingAccount",
        "early",
        UNDER_WAY,
    );
    stage
}

/// The provider answers nobody: the account says it, and objects only where a change is pending.
async fn outage() -> Stage {
    let mut stage = two_in_step("health-outage").await;
    let world = &stage.world;
    world.sim.set_outage(Some(Outage::Status { status: 503 }));
    let why = "ProviderUnavailable";
    world.until_account("default", why).await;
    world.edit("edited", json!({"displayName": "Edited"})).await;
    until(world, "LiveStream", "edited", "Reconciling", why).await;
    stage.row("outage, was in step", "LiveStream", "calm", IN_STEP);
    stage.row(
        "outage, a change is pending",
        "LiveStream",
        "edited",
        UNDER_WAY,
    );
    stage.row("outage", "StreamingAccount", "default", UNDER_WAY);
    stage
}

/// The provider wants fewer calls. That is nothing to tell of an account, but of a change that waits.
async fn too_many_calls() -> Stage {
    let mut stage = two_in_step("health-many").await;
    let world = &stage.world;
    let fewer = Fault::new(Action::too_many(Some("3600")));
    world.sim.fault(fewer.always());
    world.edit("edited", json!({"displayName": "Edited"})).await;
    until(world, "LiveStream", "edited", "Reconciling", "RateLimited").await;
    stage.row("429, was in step", "LiveStream", "calm", IN_STEP);
    stage.row(
        "429, a change is pending",
        "LiveStream",
        "edited",
        UNDER_WAY,
    );
    stage.row("429", "StreamingAccount", "default", IN_STEP);
    stage
}

async fn two_in_step(name: &str) -> Stage {
    let world = World::new(name).await;
    world.until_account("default", "InStep").await;
    for name in ["calm", "edited"] {
        world.stream(name, json!({})).await;
        world.until_ready(name).await;
    }
    Stage::new(world)
}

async fn wrong_key() -> Stage {
    let world = World::new("health-key").await;
    world.stream("calm", json!({})).await;
    world.until_ready("calm").await;
    world.sim.revoke_key(KEY);
    until_stalled(&world, "StreamingAccount", "default", "Unauthorized").await;
    world
        .secret("wrong", &[("apiKey", "1001$no-such-key")])
        .await;
    let wrong = json!({"gcore": {
        "apiKeySecretRef": {"name": "wrong", "key": "apiKey"}, "endpoint": world.sim.url(),
    }});
    world
        .create("StreamingAccount", "wrong", wrong)
        .await
        .unwrap();
    until_stalled(&world, "StreamingAccount", "wrong", "Unauthorized").await;
    let late = json!({"accountRef": {"name": "wrong"}});
    world.stream("late", late).await;
    let why = "AccountNotReady";
    until(&world, "LiveStream", "late", "Reconciling", why).await;
    let mut stage = Stage::new(world);
    stage.row("the key is revoked", "StreamingAccount", "default", STALLED);
    stage.row(
        "in step, the key is revoked since",
        "LiveStream",
        "calm",
        IN_STEP,
    );
    stage.row(
        "the key was never good",
        "StreamingAccount",
        "wrong",
        STALLED,
    );
    // The account is what a human must mend; the stream follows by itself.
    stage.row(
        "its account cannot be used",
        "LiveStream",
        "late",
        UNDER_WAY,
    );
    stage
}

/// What the provider refuses, and what is missing for good.
async fn refusals() -> Stage {
    let world = World::new("health-refused").await;
    world.stream("held", json!({})).await;
    world.until_ready("held").await;
    let refused = Fault::new(Action::status(422))
        .method("PATCH")
        .route("/streaming/streams/{id}");
    let refused = world.sim.fault(refused.always());
    world.edit("held", json!({"displayName": "Refused"})).await;
    until_stalled(&world, "LiveStream", "held", "Refused").await;
    // It is tried again in an hour.
    world.sim.clear_fault(refused);
    world.sim.behaviour(CLIENT, |b| {
        (b.active_limit, b.active_limit_refusal) = (Some(0), QuotaRefusal::Unprocessable);
    });
    world.stream("quota", json!({"active": true})).await;
    until_stalled(&world, "LiveStream", "quota", "Refused").await;
    let nowhere = json!({"accountRef": {"name": "nowhere"}});
    world.stream("lost", nowhere).await;
    until_stalled(&world, "LiveStream", "lost", "AccountNotFound").await;
    let id = world.stream_id("held").await.to_string();
    let twice = json!({"streams": [{"name": "held"}, {"id": id}]});
    world.broadcast("twice", twice).await;
    until_stalled(&world, "Broadcast", "twice", "StreamListedTwice").await;
    let mut stage = Stage::new(world);
    stage.row("refused by the provider", "LiveStream", "held", STALLED);
    stage.row("the quota is used up", "LiveStream", "quota", STALLED);
    stage.row("its account is missing", "LiveStream", "lost", STALLED);
    stage.row("one stream is named twice", "Broadcast", "twice", STALLED);
    stage
}

/// Owned by another cluster, and two candidates.
async fn whose() -> Stage {
    let mut world = World::bare("health-whose").await;
    let mark = format!(
        "livestream-operator.io/owner=another-cluster/{}/theirs/a-uid",
        world.namespace
    );
    let theirs = json!({"name": "Theirs", "client_entity_data": mark});
    world.sim.create(CLIENT, theirs).unwrap();
    world.account(json!({})).await;
    world.start(&[]);
    world.stream("theirs", json!({})).await;
    until_stalled(&world, "LiveStream", "theirs", "OwnedElsewhere").await;
    world.stream("double", json!({})).await;
    world.until_ready("double").await;
    let id = world.stream_id("double").await;
    let mark = world.sim.stream(id).unwrap()["client_entity_data"].clone();
    let copy = json!({"name": "Copy", "client_entity_data": mark});
    world.sim.create(CLIENT, copy).unwrap();
    until_stalled(&world, "LiveStream", "double", "DuplicateStreams").await;
    let mut stage = Stage::new(world);
    stage.row("owned by another cluster", "LiveStream", "theirs", STALLED);
    stage.row("two carry its mark", "LiveStream", "double", STALLED);
    stage
}

/// A broadcast of which two could be the one.
async fn lost_id() -> Stage {
    let mut world = World::new("health-lost").await;
    world.stream("cam", json!({})).await;
    world.until_ready("cam").await;
    let spec = json!({"displayName": "Keynote", "streams": [{"name": "cam"}]});
    world.broadcast("keynote", spec).await;
    world.until_broadcast("keynote").await;
    world.operator().kill();
    world
        .patch_status("Broadcast", "keynote", Value::Null)
        .await;
    let human = json!({"name": "Keynote", "status": "pending"});
    world.sim.create_broadcast(CLIENT, human).unwrap();
    world.start(&[]);
    until_stalled(&world, "Broadcast", "keynote", "BroadcastLost").await;
    let mut stage = Stage::new(world);
    stage.row("two candidates", "Broadcast", "keynote", STALLED);
    stage
}

async fn no_recording() -> Stage {
    let mut world = World::bare("health-norec").await;
    world.account(json!({})).await;
    world.start(&["--recording-patience=1s"]);
    world.sim.behaviour(CLIENT, |b| {
        b.start_errors = Some(StartErrors {
            errors: vec![],
            starts: false,
        });
    });
    on_air(&world).await;
    until(
        &world,
        "LiveStream",
        "keynote",
        "Reconciling",
        "RecordingNotStarted",
    )
    .await;
    let mut stage = Stage::new(world);
    stage.row(
        "live, no recording begins",
        "LiveStream",
        "keynote",
        UNDER_WAY,
    );
    stage
}

async fn no_room() -> Stage {
    let world = World::new("health-noroom").await;
    world.sim.behaviour(CLIENT, |b| {
        (b.storage_limit_minutes, b.storage_used_minutes) = (1000.0, 1001.0);
    });
    on_air(&world).await;
    until_stalled(&world, "LiveStream", "keynote", "StorageFull").await;
    let mut stage = Stage::new(world);
    stage.row(
        "live, no room for a recording",
        "LiveStream",
        "keynote",
        STALLED,
    );
    stage
}

async fn deletion() -> Stage {
    let world = World::new("health-going").await;
    on_air(&world).await;
    world
        .until("LiveStream", "keynote", "live", |object| {
            status_of(object)["live"] == true
        })
        .await;
    world.delete("LiveStream", "keynote").await;
    until(
        &world,
        "LiveStream",
        "keynote",
        "Reconciling",
        "LiveProtected",
    )
    .await;
    let mut stage = Stage::new(world);
    stage.row("deletion blocked", "LiveStream", "keynote", GOING);
    stage
}

/// A stream that is to be recorded, and an encoder that sends.
async fn on_air(world: &World) {
    let spec = json!({"active": true, "recording": true});
    world.stream("keynote", spec).await;
    world.until_ready("keynote").await;
    let id = world.stream_id("keynote").await;
    world.sim.set_live(id, true).unwrap();
}

async fn until(world: &World, kind: &str, name: &str, condition: &str, why: &str) -> DynamicObject {
    world
        .until(kind, name, &format!("{condition} {why}"), |object| {
            reason(object, condition) == why
        })
        .await
}

/// The same, and that for its newest spec.
async fn until_seen(world: &World, kind: &str, name: &str, which: &str, why: &str) {
    world
        .until(kind, name, &format!("{which} {why}"), |object| {
            let condition = condition(object, which).unwrap_or_default();
            condition["reason"] == why
                && condition["observedGeneration"] == json!(object.metadata.generation)
        })
        .await;
}

async fn until_stalled(world: &World, kind: &str, name: &str, why: &str) {
    until_seen(world, kind, name, "Stalled", why).await;
}
