//! The schema campaign: what Acto does, with our generated schemas, the real control plane and the simulator.
//!
//! Each field has an object of its own, in a state A that the field's first good value gives. Then, for
//! each value B: A to B and back to A. The oracles: a refusal is the apiserver's, or the object has a
//! condition; what is ready has at the provider what its spec says; back in A, status and provider are as
//! they were in the first A; the operator logs no error and does not die. A field that is new in the
//! schema takes part by itself, once [`whereto`] says where it goes.

mod fields;
mod values;
mod whereto;

use std::{
    fmt,
    time::{Duration, Instant},
};

use futures::{StreamExt as _, stream};
use kube::core::DynamicObject;
use serde_json::{Value, json};

use self::{fields::Field, whereto::Where};
use crate::harness::{CLIENT, World, condition, reason, status_of};

/// How long one transition may take: far longer than it does, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// How many fields are tried side by side.
const SIDE_BY_SIDE: usize = 12;

/// How far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounded {
    /// There and back for each value.
    Narrowly,
    /// From each value to each other one, too.
    Widely,
}

/// What a run gave.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    pub fields: usize,
    pub values: usize,
    /// Patches that were sent.
    pub transitions: usize,
    /// Those that the apiserver refused.
    pub refused: usize,
    /// Those after which the object was not ready, and said why.
    pub conditions: usize,
    pub violations: Vec<String>,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            fields,
            values,
            transitions,
            refused,
            conditions,
            violations,
        } = self;
        let violations = violations.len();
        write!(
            f,
            "{fields} fields, {values} values, {transitions} transitions: {refused} refused by the apiserver, \
             {conditions} with a condition, {violations} violations"
        )
    }
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.fields += other.fields;
        self.values += other.values;
        self.transitions += other.transitions;
        self.refused += other.refused;
        self.conditions += other.conditions;
        self.violations.extend(other.violations);
    }
}

/// Fields of which it is not said where they go, and what is said of fields that are not there.
pub fn strays() -> Vec<String> {
    let fields = fields::all();
    let leaves = fields.iter().filter(|field| !field.holds_others());
    let unknown = leaves
        .map(Field::name)
        .filter(|name| whereto::of(name).is_none());
    let mut strays: Vec<String> = unknown
        .map(|name| format!("{name} is new: say in tests/schema/whereto.rs which field of the provider it sets, or why it is not sent"))
        .collect();
    for (name, place) in whereto::ALL {
        if !fields.iter().any(|field| field.name() == *name) {
            strays.push(format!(
                "{name} is in no schema any more: take it out of tests/schema/whereto.rs"
            ));
        }
        if matches!(place, Where::NotSent("")) {
            strays.push(format!(
                "{name} is not sent, but tests/schema/whereto.rs does not say why"
            ));
        }
    }
    strays
}

/// Tries all fields of all kinds.
pub async fn run(how: Bounded) -> Counts {
    let mut counts = Counts::default();
    let fields = fields::all();
    let (accounts, others): (Vec<_>, Vec<_>) = fields
        .into_iter()
        .partition(|field| field.kind == "StreamingAccount");
    // Accounts of one client share its budget, so they have a client and an operator of their own.
    for fields in [others, accounts] {
        let mut world = World::bare("schema").await;
        world.account(json!({})).await;
        world
            .secret(
                "good",
                &[
                    ("srt", "1234567890"),
                    ("url", "rtmp://example.com/a"),
                    ("a", "no"),
                ],
            )
            .await;
        world.start(&["--grace=100ms"]);
        world.until_account("default", "InStep").await;
        // The streams that broadcasts show, by their ids.
        let ids: Vec<String> = (0..20)
            .map(|n| {
                let stream = json!({"name": format!("shown {n}"), "active": false});
                world.sim.create(CLIENT, stream).unwrap().to_string()
            })
            .collect();
        let (alone, ids) = (&world, &ids);
        let tries = fields.iter().enumerate().map(|(n, field)| async move {
            let name = format!("f{n}");
            let campaign = Campaign {
                world: alone,
                ids,
                field,
                name: &name,
            };
            campaign.run(how).await
        });
        let mut tries = stream::iter(tries).buffer_unordered(SIDE_BY_SIDE);
        while let Some(found) = tries.next().await {
            counts.add(found);
        }
        drop(tries);
        // It is alive, and still does its work.
        world
            .stream("after", json!({"displayName": "after", "active": false}))
            .await;
        world.until_ready("after").await;
        let log = world.operator().log();
        let errors = log
            .lines()
            .filter(|line| line.contains("\"ERROR\"") || line.contains("panicked at"));
        counts
            .violations
            .extend(errors.map(|line| format!("the operator logged {line}")));
    }
    counts
}

/// One field under trial.
struct Campaign<'a> {
    world: &'a World,
    /// Of streams that are there.
    ids: &'a [String],
    field: &'a Field,
    name: &'a str,
}

/// How an object took a value.
enum Taken {
    /// The apiserver refused it.
    Refused,
    /// It is ready.
    Ready(Box<DynamicObject>),
    /// It is not, and says why.
    Says(String),
    /// It says nothing.
    Mute(String),
}

impl Campaign<'_> {
    async fn run(&self, how: Bounded) -> Counts {
        let values = self.values();
        let mut counts = Counts {
            fields: 1,
            values: values.len(),
            ..Counts::default()
        };
        // The first A: the first good value; a field that cannot change, or has none, begins without.
        let Some((first, mut known)) = self.begin(&values, &mut counts).await else {
            self.blame(
                &mut counts,
                "begin",
                "no value, not even none, makes it ready",
            );
            return counts;
        };
        for (i, value) in values.iter().enumerate() {
            let sources: &[Value] = if how == Bounded::Widely {
                &values[..i]
            } else {
                &[]
            };
            let via = std::iter::once(None).chain(sources.iter().map(Some));
            for via in via {
                if let Some(via) = via {
                    // B to C: what stands between is judged when it is its turn.
                    self.set(via, &mut counts).await;
                }
                self.there(value, &mut counts).await;
                let back = self.set(&first, &mut counts).await;
                match back {
                    Taken::Ready(object) => {
                        let now = self.state(&object);
                        if now != known {
                            let what = format!(
                                "back in A after {}, it is not as before:\n{known}\n{now}",
                                short(value)
                            );
                            self.blame(&mut counts, "back", &what);
                            known = now;
                        }
                    }
                    // It cannot go back, as a state that is final: another object goes on.
                    Taken::Refused => {
                        self.remove().await;
                        match self.create(&first).await {
                            Taken::Ready(object) => known = self.state(&object),
                            Taken::Refused | Taken::Says(_) | Taken::Mute(_) => return counts,
                        }
                    }
                    Taken::Says(why) | Taken::Mute(why) => {
                        self.blame(
                            &mut counts,
                            "back",
                            &format!("A after {} is not reached: {why}", short(value)),
                        );
                        return counts;
                    }
                }
            }
        }
        self.remove().await;
        counts
    }

    /// The values to try; streams are named by ids that are there.
    fn values(&self) -> Vec<Value> {
        let mut values = values::of(&self.field.schema);
        if self.field.path == "gcore.endpoint" {
            // The default is the provider itself, which tests do not call.
            values.retain(|value| !value.is_null());
        }
        let listed = values.iter_mut().filter_map(Value::as_array_mut).flatten();
        for id in listed.filter_map(|item| item.get_mut("id")) {
            let number = id.as_str().and_then(|id| id.parse::<usize>().ok());
            if let Some(known) = number.and_then(|number| self.ids.get(number)) {
                *id = json!(known);
            }
        }
        values
    }

    async fn begin(&self, values: &[Value], counts: &mut Counts) -> Option<(Value, String)> {
        let fixed = ["externalId", "accountRef"];
        let base = self.base();
        let stands = self.within(&base);
        let good = [stands].into_iter().chain(values);
        let good = good.filter(|value| !value.is_null());
        let good = good.filter(|_| !fixed.iter().any(|fixed| self.field.path.starts_with(fixed)));
        for value in good.chain([&Value::Null]) {
            match self.create(value).await {
                Taken::Ready(object) => return Some((value.clone(), self.state(&object))),
                Taken::Refused => counts.refused += 1,
                Taken::Says(_) => counts.conditions += 1,
                Taken::Mute(why) => self.blame(counts, "created", &why),
            }
            counts.transitions += 1;
            self.remove().await;
        }
        None
    }

    /// A to B.
    async fn there(&self, value: &Value, counts: &mut Counts) {
        match self.set(value, counts).await {
            Taken::Ready(object) if !value.is_null() => self.compare(value, &object, counts),
            Taken::Ready(_) | Taken::Refused | Taken::Says(_) => {}
            Taken::Mute(why) => self.blame(counts, "set", &format!("{}: {why}", short(value))),
        }
    }

    /// What is ready has at the provider what its spec says.
    fn compare(&self, value: &Value, object: &DynamicObject, counts: &mut Counts) {
        let stands = self.within(&object.data["spec"]);
        let place = whereto::of(&self.field.name());
        let Some(place) = place.filter(|_| stands == value) else {
            return;
        };
        let shown = self.provider(object);
        if !whereto::has(place, value, &shown) {
            self.blame(
                counts,
                "compare",
                &format!("{} is not at the provider: {shown}", short(value)),
            );
        }
    }

    async fn set(&self, value: &Value, counts: &mut Counts) -> Taken {
        counts.transitions += 1;
        let patch = json!({"spec": self.nested(value)});
        let before = self.world.get(&self.field.kind, self.name).await;
        let taken = match self.world.patch(&self.field.kind, self.name, patch).await {
            Err(kube::Error::Api(status)) if (400..500).contains(&status.code) => {
                let after = self.world.get(&self.field.kind, self.name).await;
                let spec = |object: &Option<DynamicObject>| {
                    object.as_ref().map(|o| o.data["spec"].clone())
                };
                if spec(&before) != spec(&after) {
                    self.blame(
                        counts,
                        "refused",
                        &format!("{} was refused and stands", short(value)),
                    );
                }
                Taken::Refused
            }
            Err(error) => Taken::Mute(error.to_string()),
            Ok(_) => self.settled().await,
        };
        match &taken {
            Taken::Refused => counts.refused += 1,
            Taken::Says(_) => counts.conditions += 1,
            Taken::Ready(_) | Taken::Mute(_) => {}
        }
        taken
    }

    /// The field's value in a spec.
    fn within<'s>(&self, spec: &'s Value) -> &'s Value {
        let names = self.field.path.split('.');
        names.fold(spec, |at, name| &at[name])
    }

    /// The field with a value, as part of a spec. What must stand beside it stands beside it.
    fn nested(&self, value: &Value) -> Value {
        let mut spec = value.clone();
        for name in self.field.path.split('.').rev() {
            spec = json!({name: spec});
        }
        spec
    }

    async fn create(&self, value: &Value) -> Taken {
        let mut spec = self.base();
        if !value.is_null() {
            merge(&mut spec, self.nested(value));
        }
        match self.world.create(&self.field.kind, self.name, spec).await {
            Err(kube::Error::Api(status)) if (400..500).contains(&status.code) => Taken::Refused,
            Err(error) => Taken::Mute(error.to_string()),
            Ok(_) => self.settled().await,
        }
    }

    /// The least that an object of the kind needs, and what the field needs beside it.
    fn base(&self) -> Value {
        let mut base = match self.field.kind.as_str() {
            "LiveStream" => json!({"displayName": "base", "active": false}),
            "Broadcast" => {
                json!({"displayName": "base", "state": "pending", "streams": [{"id": self.ids[0]}]})
            }
            _ => json!({
                "gcore": {"apiKeySecretRef": {"name": "gcore", "key": "apiKey"}, "endpoint": self.world.sim.url()},
                "requestsPerSecond": 500,
            }),
        };
        for (part, beside) in [
            (
                "srtPassphraseSecretRef.",
                json!({"srtPassphraseSecretRef": {"name": "good", "key": "srt"}}),
            ),
            (
                "pull.urlsSecretRef.",
                json!({"pull": {"urlsSecretRef": {"name": "good", "key": "url"}}}),
            ),
        ] {
            if self.field.path.starts_with(part) {
                merge(&mut base, beside);
            }
        }
        base
    }

    async fn remove(&self) {
        if self.world.get(&self.field.kind, self.name).await.is_some() {
            // What would keep it is switched off.
            let free = json!({"spec": {"liveProtection": "Disabled"}});
            if self.field.kind != "StreamingAccount" {
                let _ = self.world.patch(&self.field.kind, self.name, free).await;
            }
            self.world.delete(&self.field.kind, self.name).await;
            self.world.until_gone(&self.field.kind, self.name).await;
        }
    }

    /// Waits until the object is ready for its generation, or says why not.
    async fn settled(&self) -> Taken {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let object = self.world.get(&self.field.kind, self.name).await.unwrap();
            let generation = json!(object.metadata.generation);
            let ready = condition(&object, "Ready").unwrap_or_default();
            let is_current = ready["observedGeneration"] == generation;
            let is_settled = status_of(&object)["observedGeneration"] == generation;
            let why = reason(&object, "Ready");
            if is_settled && ready["status"] == "True" {
                return Taken::Ready(Box::new(object));
            }
            if is_settled && condition(&object, "Suspended").is_some() {
                return Taken::Ready(Box::new(object));
            }
            let waits = match self.field.kind.as_str() {
                "Broadcast" => why == "WaitingForStream" || why == "AccountNotReady",
                "LiveStream" => why == "AccountNotReady",
                // What cannot be reached is tried again.
                _ => why == "ProviderUnavailable",
            };
            if is_current && (condition(&object, "Stalled").is_some() || waits) {
                return Taken::Says(why);
            }
            if Instant::now() > deadline {
                return Taken::Mute(format!(
                    "it says nothing of generation {generation}: {}",
                    status_of(&object)
                ));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The status without its times and counts, and what the provider has.
    fn state(&self, object: &DynamicObject) -> String {
        let mut status = status_of(object);
        status["observedGeneration"] = Value::Null;
        // How much the account's list holds is not about its spec.
        for count in ["streams", "waiting"] {
            status[count] = Value::Null;
        }
        for condition in status["conditions"].as_array_mut().into_iter().flatten() {
            condition["observedGeneration"] = Value::Null;
            condition["lastTransitionTime"] = Value::Null;
        }
        format!("{status}\n{}", self.provider(object))
    }

    /// What the provider has of an object.
    fn provider(&self, object: &DynamicObject) -> Value {
        let status = status_of(object);
        let id = |field: &str| status[field].as_str().and_then(|id| id.parse().ok());
        let sim = &self.world.sim;
        match self.field.kind.as_str() {
            "LiveStream" => id("streamId").and_then(|id| sim.stream(id)),
            "Broadcast" => id("broadcastId").and_then(|id| sim.broadcast(id)),
            _ => None,
        }
        .unwrap_or_default()
    }

    fn blame(&self, counts: &mut Counts, step: &str, what: &str) {
        counts
            .violations
            .push(format!("{} ({step}): {what}", self.field.name()));
    }
}

/// A value, not longer than people read.
fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}

fn merge(target: &mut Value, patch: Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            for (key, value) in patch {
                merge(target.entry(key).or_insert(Value::Null), value);
            }
        }
        (target, patch) => *target = patch,
    }
}
