//! The operator in the model: what it decides is the shipped code (`known`, `plan`, `judge`, `status`, the
//! mirror); what is here is the order of the calls between, as `livestream::Pass` makes them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::ObjectMeta;
use livestream_operator::{
    account::Mirror,
    api::{
        self, CreationResult, DeletionPolicy, FINALIZER, LiveStream, LiveStreamSpec,
        LiveStreamStatus,
    },
    clock::Now,
    creation,
    livestream::{
        Acted,
        judge::{self, Judged},
        look::{self, View},
        memory::{Memory, Sent, SentResult},
        plan::{self, Creation, Known, Limits, Plan},
        status::{self, Seen},
        want::{self, Referenced},
    },
    outcome::Outcome,
    provider::{
        Capabilities, Ingest, Mark, ObservedStream, Owner, Phase, ProviderError, StreamId,
        StreamSettings,
    },
    schedule::Schedule,
};

use super::{
    bug::Bug,
    kept::{Kept, Known as Memo, Number},
    state::{Ended, Face, Object, Owned, What},
};

const CLUSTER: &str = "cluster";
const NAMESPACE: &str = "ns";

/// The numbered values of a run, and what all its operators are started with.
pub struct Shop {
    start: Instant,
    calendar: Timestamp,
    pub memories: Kept<Memory>,
    pub mirrors: Kept<Mirror>,
    pub statuses: Kept<LiveStreamStatus>,
    pub plans: Kept<Plan>,
    begun: Memo<Sight, Begun>,
    closed: Memo<(Sight, Number, Ended), Closed>,
    learnt: Memo<(Number, Number, Lesson, u8), (Number, Number)>,
    walked: Memo<Walked, Number>,
    read: Memo<(Number, StreamId, Option<Face>, u8), Number>,
    limits: Limits,
    schedule: Schedule,
    settling: Duration,
    retain: bool,
    pub bug: Option<Bug>,
}

/// What a look is made from: an object by its name, and what its operator has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sight {
    pub slot: u8,
    pub object: Object,
    pub memory: Number,
    pub mirror: Number,
    pub tick: u8,
}

/// What a pass would do.
#[derive(Clone, Debug)]
pub struct Begun {
    pub plan: Arc<Plan>,
    pub memory: Number,
    /// The finalizer is to be put back first.
    pub lacks_finalizer: bool,
}

/// How a pass ends.
#[derive(Clone, Copy, Debug)]
pub struct Closed {
    pub memory: Number,
    pub told: Told,
    /// The stream that the last creation of this process gave.
    pub made: Option<u8>,
    /// A walk is waited for that begins then, at the earliest.
    pub walk_from: Option<u8>,
}

/// What is to be written at the end of a pass.
#[derive(Clone, Copy, Debug)]
pub enum Told {
    /// The finalizer is to go.
    Finished,
    /// Nothing.
    Same,
    /// This status.
    Changed(Number),
}

/// What a process learns: of which call, how it ended, and what the reply shows.
pub type Lesson = (What, Ended, Option<(u8, Face)>);

/// The end of a walk: the mirror, when the walk began, what it showed and what objects hold.
type Walked = (Number, u8, Vec<(u8, Face)>, Vec<StreamId>);

struct Looked {
    known: Known,
    plan: Plan,
    memory: Memory,
}

impl Shop {
    pub fn new(settling: u8, retain: bool, bug: Option<Bug>) -> Self {
        let settling = ticks(settling);
        Self {
            start: livestream_operator::clock::now().mono,
            calendar: Timestamp::from_second(1_800_000_000).unwrap(),
            memories: Kept::default(),
            mirrors: Kept::default(),
            statuses: Kept::default(),
            plans: Kept::default(),
            begun: Memo::default(),
            closed: Memo::default(),
            learnt: Memo::default(),
            walked: Memo::default(),
            read: Memo::default(),
            limits: Limits {
                settling,
                fresh: ticks(1),
                reactivation: ticks(60),
                underway: ticks(30),
                take_over_from: Vec::new(),
            },
            schedule: Schedule {
                base: ticks(1),
                cap: ticks(2),
                stalled: ticks(1),
                fallback: ticks(1),
            },
            settling,
            retain,
            bug,
        }
    }

    /// What a tick is to the shipped code.
    pub fn now(&self, tick: u8) -> Now {
        Now {
            wall: self.calendar + SignedDuration::from_secs(tick.into()),
            mono: self.at(tick),
        }
    }

    fn at(&self, tick: u8) -> Instant {
        self.start + ticks(tick)
    }

    pub fn keep_memory(&self, memory: Memory) -> Number {
        self.memories.number(format!("{memory:?}"), memory)
    }

    pub fn keep_mirror(&self, mirror: Mirror) -> Number {
        self.mirrors.number(mirror.digest(self.start), mirror)
    }

    pub fn keep_plan(&self, plan: Plan) -> Number {
        self.plans.number(format!("{plan:?}"), plan)
    }

    pub fn keep_status(&self, status: LiveStreamStatus) -> Number {
        self.statuses
            .number(serde_json::to_string(&status).unwrap(), status)
    }

    /// The status that the apiserver gives a new object.
    pub fn no_status(&self) -> Number {
        self.keep_status(LiveStreamStatus {
            observed_generation: Some(-1),
            ..LiveStreamStatus::default()
        })
    }

    /// The mirror of a process that begins.
    pub fn new_mirror(&self, tick: u8) -> Number {
        self.keep_mirror(Mirror::new(self.settling, self.at(tick)))
    }

    /// The object as the shipped code has it.
    fn object(&self, slot: u8, object: &Object) -> LiveStream {
        let spec = LiveStreamSpec {
            display_name: Some(name(object.name)),
            active: Some(false),
            deletion_policy: Some(if self.retain {
                DeletionPolicy::Retain
            } else {
                DeletionPolicy::Delete
            }),
            ..LiveStreamSpec::default()
        };
        let mut whole = LiveStream::new(&format!("s{slot}"), spec);
        whole.metadata = ObjectMeta {
            namespace: Some(NAMESPACE.to_owned()),
            uid: Some(uid(object.uid)),
            generation: Some(object.generation.into()),
            resource_version: Some(object.version.to_string()),
            finalizers: object.finalizer.then(|| vec![FINALIZER.to_owned()]),
            deletion_timestamp: object.deleting.then_some(Time(self.calendar)),
            ..whole.metadata
        };
        whole.status = Some((*self.statuses.value(object.status)).clone());
        whole
    }

    /// look and plan, before anything is done.
    pub fn begin(&self, sight: Sight) -> Begun {
        self.begun.get(sight, |sight| {
            let Looked {
                known,
                plan,
                memory,
            } = self.look(sight);
            Begun {
                plan: self.plans.value(self.keep_plan(plan)),
                memory: self.keep_memory(memory),
                lacks_finalizer: !known.leaving
                    && !known.finalizer
                    && look::held(&known, &self.limits).is_some(),
            }
        })
    }

    fn look(&self, sight: &Sight) -> Looked {
        let Sight { slot, object, .. } = sight;
        let now = self.now(sight.tick);
        let mut memory = self.memory(sight.memory);
        let mirror = &*self.mirrors.value(sight.mirror);
        let whole = self.object(*slot, object);
        if object.deleting {
            memory.leaving_since.get_or_insert(now.mono);
        }
        let want = if object.deleting {
            Ok(StreamSettings::default())
        } else {
            want::want(&whole.spec, &Referenced::default())
        };
        memory.trace = look::trace(&whole, memory.trace, now);
        let view = View {
            object: &whole,
            cluster: CLUSTER,
            want: &want,
            // The key is put to work when the process begins.
            account: Ok((mirror, mirror.began(), Capabilities::default())),
            adopted_by: None,
            shown_by: None,
        };
        let mut known = look::known(view, &memory, now);
        if let Some(bug) = self.bug {
            bug.in_what_is_known(&mut known, mirror);
        }
        let plan = plan::plan(&known, &memory, &self.limits, now);
        Looked {
            known,
            plan,
            memory,
        }
    }

    /// The status that counts a creation and takes the stream out that it replaces.
    pub fn counted(&self, object: &Object, creation: &Creation, tick: u8) -> Number {
        let before = (*self.statuses.value(object.status)).clone();
        self.keep_status(LiveStreamStatus {
            stream_id: None,
            adopted: None,
            active: None,
            live: None,
            recording: None,
            playback: None,
            creation: Some(api::Creation {
                attempt: creation.attempt,
                result: CreationResult::Sent,
                at: Time(self.now(tick).wall),
            }),
            ..before
        })
    }

    /// What is remembered when a creation is about to be sent.
    pub fn sending(&self, memory: Number, creation: &Creation, tick: u8) -> Number {
        let mut memory = self.memory(memory);
        memory.creation = Some(Sent {
            attempt: creation.attempt,
            at: self.at(tick),
            result: SentResult::Unknown,
        });
        memory.lost.clone_from(&creation.replaces);
        self.keep_memory(memory)
    }

    /// A mirror without a stream whose absence was proved.
    pub fn forget(&self, mirror: Number, lost: &StreamId) -> Number {
        let mirror = self.mirror(mirror);
        mirror.forget(lost);
        self.keep_mirror(mirror)
    }

    /// What a reply, or its loss, tells the mirror and the memory.
    pub fn learn(
        &self,
        memory: Number,
        mirror: Number,
        lesson: Lesson,
        tick: u8,
    ) -> (Number, Number) {
        self.learnt.get(
            (memory, mirror, lesson, tick),
            |(memory, mirror, lesson, tick)| {
                let mut memory = self.memory(*memory);
                let mirror = self.mirror(*mirror);
                self.take_in(&mut memory, &mirror, *lesson, *tick);
                (self.keep_memory(memory), self.keep_mirror(mirror))
            },
        )
    }

    fn take_in(
        &self,
        memory: &mut Memory,
        mirror: &Mirror,
        (what, ended, shown): Lesson,
        tick: u8,
    ) {
        let now = self.at(tick);
        match (what, ended) {
            (What::Create { .. }, ended) => {
                let Some(sent) = memory.creation.as_mut() else {
                    return;
                };
                sent.at = now;
                sent.result = match (ended, shown) {
                    (Ended::Well, Some((id, face))) => {
                        mirror.wrote(now, observed(id, face));
                        SentResult::Made(stream_id(id))
                    }
                    (Ended::Refused, _) => SentResult::Refused {
                        error: refusal(),
                        active: false,
                    },
                    (Ended::Well | Ended::Unknown, _) => {
                        if let Some(bug) = self.bug {
                            bug.in_a_lost_creation()
                        } else {
                            SentResult::Unknown
                        }
                    }
                };
            }
            (What::Delete { id }, Ended::Well) => mirror.deleted(now, &stream_id(id)),
            (What::Delete { .. }, _) | (_, Ended::Refused) => {}
            (What::Update { id, .. } | What::Claim { id } | What::Release { id }, ended) => {
                let id = stream_id(id);
                match (ended, shown) {
                    (Ended::Well, Some((shown, face))) => {
                        mirror.wrote(now, observed(shown, face));
                    }
                    (Ended::Well, None) => mirror.not_found(now, &id),
                    (_, _) => mirror.lost(now, &id),
                }
            }
        }
    }

    /// judge and status, after the look that follows an act.
    pub fn close(&self, sight: Sight, plan: Number, ended: Ended) -> Closed {
        self.closed
            .get((sight, plan, ended), |(sight, plan, ended)| {
                let mut after = self.look(sight);
                let told = if matches!(after.plan, Plan::Finish(_)) {
                    Told::Finished
                } else {
                    self.tell(sight, &self.plans.value(*plan), *ended, &mut after)
                };
                let walk_from = match &after.plan {
                    Plan::AwaitWalk(from, _) => Some(self.tick(*from)),
                    _ => None,
                };
                Closed {
                    walk_from,
                    made: after.memory.made().map(number),
                    memory: self.keep_memory(after.memory),
                    told,
                }
            })
    }

    fn tell(&self, sight: &Sight, before: &Plan, ended: Ended, after: &mut Looked) -> Told {
        let now = self.now(sight.tick);
        let Looked {
            known,
            plan: next,
            memory,
        } = after;
        let (known, next) = (&*known, &*next);
        let opened = known
            .account
            .as_ref()
            .map_or(now.mono, |provider| provider.opened);
        let judged = Judged {
            plan: before,
            acted: match ended {
                Ended::Well => Acted::Done,
                Ended::Refused => Acted::Failed(refusal()),
                Ended::Unknown => Acted::Failed(ProviderError::Unavailable {
                    what: "the reply is lost".to_owned(),
                }),
            },
            next,
            known,
            opened,
            schedule: &self.schedule,
        };
        let outcome: Outcome = judge::judge(judged, memory, now);
        let stream = look::held(known, &self.limits);
        let old = self.statuses.value(sight.object.status);
        let air = memory.air();
        let seen = Seen {
            generation: known.generation,
            outcome: &outcome,
            stream: stream.as_deref(),
            adopted: stream
                .as_deref()
                .is_none_or(|s| s.mark.owner() != Some(&known.owner)),
            creation: if stream.is_some() {
                None
            } else {
                creation::told(memory.creation.as_ref(), old.creation.as_ref(), now.wall)
            },
            gone: status::is_gone(memory, &old, &outcome),
            recording: known.recording,
            air: &air,
            underway: self.limits.underway,
            videos: None,
            reset_refused: None,
            ingest_secret: None,
            reactivated: false,
            asked: None,
        };
        let mut new = status::status(&old, seen, now.wall);
        // When a condition last changed decides nothing, and would tell equal states apart.
        for condition in &mut new.conditions {
            condition.last_transition_time = Time(self.calendar);
        }
        if new == *old {
            Told::Same
        } else {
            Told::Changed(self.keep_status(new))
        }
    }

    /// Takes what a list shows into a mirror, page by page, and then its end.
    pub fn walked(&self, walked: Walked) -> Number {
        self.walked.get(walked, |(mirror, began, shown, held)| {
            let (mirror, began) = (self.mirror(*mirror), self.at(*began));
            for (id, face) in shown {
                mirror.read(began, observed(*id, *face));
            }
            let walk = livestream_operator::account::Walk {
                began,
                pages: 1,
                unreadable: Vec::new(),
            };
            mirror.walked(walk, held);
            self.keep_mirror(mirror)
        })
    }

    fn tick(&self, at: Instant) -> u8 {
        let since = at.saturating_duration_since(self.start).as_secs();
        u8::try_from(since).unwrap_or(u8::MAX)
    }

    /// Takes what a read by id shows into a mirror.
    pub fn read(&self, mirror: Number, id: &StreamId, shown: Option<Face>, tick: u8) -> Number {
        self.read.get(
            (mirror, id.clone(), shown, tick),
            |(mirror, id, shown, tick)| {
                let (mirror, asked) = (self.mirror(*mirror), self.at(*tick));
                match shown {
                    Some(face) => {
                        mirror.read(asked, observed(number(id), *face));
                    }
                    None => mirror.not_found(asked, id),
                }
                self.keep_mirror(mirror)
            },
        )
    }

    /// The stream that a status names.
    pub fn held(&self, object: &Object) -> Option<StreamId> {
        let status = self.statuses.value(object.status);
        status.stream_id.as_deref().map(StreamId::new)
    }

    /// The creation that a status counts.
    pub fn attempt(&self, object: &Object) -> i32 {
        let status = self.statuses.value(object.status);
        status
            .creation
            .as_ref()
            .map_or(0, |creation| creation.attempt)
    }

    /// Whether a status says that this generation is carried out, by this stream.
    pub fn is_ready(&self, object: &Object, id: u8) -> bool {
        let status = self.statuses.value(object.status);
        let generation = Some(object.generation.into());
        let ready = status.conditions.iter().find(|c| c.type_ == "Ready");
        status.observed_generation == generation
            && status.stream_id.as_deref() == Some(stream_id(id).as_str())
            && ready.is_some_and(|c| c.status == "True" && c.observed_generation == generation)
    }

    pub fn retains(&self) -> bool {
        self.retain
    }

    fn memory(&self, number: Number) -> Memory {
        (*self.memories.value(number)).clone()
    }

    fn mirror(&self, number: Number) -> Mirror {
        (*self.mirrors.value(number)).clone()
    }
}

/// What a plan asks of the provider, where it changes something.
pub fn asked(plan: &Plan) -> Option<What> {
    match plan {
        Plan::Create(creation) => Some(What::Create {
            name: name_of(&creation.settings),
        }),
        Plan::Claim(id) => Some(What::Claim { id: number(id) }),
        Plan::Update { id, difference, .. } => Some(What::Update {
            id: number(id),
            name: name_of(&difference.settings),
        }),
        Plan::Release(id) => Some(What::Release { id: number(id) }),
        Plan::Delete(id) => Some(What::Delete { id: number(id) }),
        Plan::Rest(_)
        | Plan::AwaitWalk(..)
        | Plan::Read(_)
        | Plan::Finish(_)
        // Nobody is on air in the model.
        | Plan::ResetKey(..)
        | Plan::StartRecording(_)
        | Plan::StopRecording(_) => None,
    }
}

pub fn ticks(ticks: u8) -> Duration {
    Duration::from_secs(ticks.into())
}

fn refusal() -> ProviderError {
    ProviderError::Refused {
        status: 422,
        message: "no".to_owned(),
    }
}

fn name(name: u8) -> String {
    format!("n{name}")
}

fn name_of(settings: &StreamSettings) -> u8 {
    let name = settings.name.as_deref().unwrap();
    name[1..].parse().unwrap()
}

fn uid(uid: u8) -> String {
    format!("u{uid}")
}

fn stream_id(id: u8) -> StreamId {
    StreamId::new(id.to_string())
}

/// The number in an id of the model's provider.
pub fn number(id: &StreamId) -> u8 {
    id.as_str().parse().unwrap()
}

fn observed(id: u8, face: Face) -> ObservedStream {
    let owner = |slot, of| Owner {
        cluster: CLUSTER.to_owned(),
        namespace: NAMESPACE.to_owned(),
        name: format!("s{slot}"),
        uid: uid(of),
    };
    ObservedStream {
        id: stream_id(id),
        mark: match face.mark {
            Owned::By { slot, uid } => Mark::Owned(owner(slot, uid)),
            Owned::Released { slot, uid } => Mark::Released(owner(slot, uid)),
        },
        settings: StreamSettings {
            name: Some(name(face.name)),
            active: Some(false),
            ..StreamSettings::default()
        },
        live: false,
        recording: Some(false),
        session_started_at: None,
        broadcasts: Vec::new(),
        ingest: Ingest::default(),
        playback: Some(api::Playback::default()),
        phase: Phase::Usable,
    }
}
