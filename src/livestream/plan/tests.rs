//! The policy as tables, and its promises for any situation.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::{
    account::Class,
    api::{DeletionPolicy, LiveProtection, Playback},
    clock,
    creation::Recorded,
    livestream::memory::{Sent, SentResult},
    provider::{Ingest, ProviderError},
};

const SETTLING: Duration = Duration::from_secs(60);
const UNDERWAY: Duration = Duration::from_secs(30);

fn owner(uid: &str, cluster: &str) -> Owner {
    Owner {
        cluster: cluster.into(),
        namespace: "ns".into(),
        name: "keynote".into(),
        uid: uid.into(),
    }
}

fn stream(id: &str, mark: Mark) -> ObservedStream {
    ObservedStream {
        id: StreamId::new(id),
        mark,
        settings: StreamSettings {
            name: Some("Keynote".into()),
            active: Some(false),
            source: Some(Source::Push),
            ..StreamSettings::default()
        },
        live: false,
        recording: None,
        session_started_at: None,
        broadcasts: Vec::new(),
        ingest: Ingest::default(),
        playback: Some(Playback::default()),
        phase: crate::provider::Phase::Usable,
    }
}

fn ours(id: &str) -> ObservedStream {
    stream(id, Mark::Owned(owner("u", "c")))
}

fn limits() -> Limits {
    Limits {
        settling: SETTLING,
        fresh: Duration::from_secs(5),
        reactivation: Duration::from_secs(3600),
        underway: UNDERWAY,
        take_over_from: vec![],
    }
}

/// A situation that a test changes.
#[derive(Debug)]
struct Case {
    known: Known,
    memory: Memory,
    limits: Limits,
    now: Now,
}

impl Case {
    /// A new object of which nothing was ever sent, in an account whose list was walked.
    fn new() -> Self {
        let now = clock::now();
        let proof = Proof {
            from: now.mono,
            walked: false,
        };
        let provider = Provider {
            opened: now.mono,
            capabilities: Capabilities::default(),
            walked: true,
            vanished: false,
            began: now.mono,
            named: vec![],
            unfound: vec![],
            sights: vec![],
            creation: proof,
        };
        let known = Known {
            owner: owner("u", "c"),
            generation: 1,
            settled: false,
            leaving: false,
            leaving_since: None,
            finalizer: false,
            want: Ok(StreamSettings {
                name: Some("Keynote".into()),
                ..StreamSettings::default()
            }),
            adopts: None,
            adopted_by: None,
            suspended: false,
            deletion: None,
            protection: LiveProtection::Enabled,
            recorded: None,
            adopted_before: false,
            creation: None,
            recording: None,
            request: None,
            played: None,
            reset: None,
            shown_by: None,
            reactivated: None,
            account: Ok(provider),
        };
        Self {
            known,
            memory: Memory::default(),
            limits: limits(),
            now,
        }
    }

    /// An object that holds a stream which was seen just now.
    fn holding(stream: ObservedStream) -> Self {
        let mut case = Self::new();
        case.known.finalizer = true;
        case.known.settled = true;
        case.known.recorded = Some(stream.id.clone());
        case.see(stream, |_| ());
        case
    }

    fn provider(&mut self) -> &mut Provider {
        self.known.account.as_mut().unwrap()
    }

    /// The stream that was seen, to change it.
    fn seen(&mut self) -> &mut ObservedStream {
        let (_, sight, _) = &mut self.provider().sights[0];
        Arc::make_mut(sight.seen.as_mut().unwrap())
    }

    fn see(&mut self, stream: ObservedStream, change: impl FnOnce(&mut Sight)) {
        let stream = Arc::new(stream);
        let mut sight = Sight {
            seen: Some(Arc::clone(&stream)),
            told: Some(self.now.mono),
            ..Sight::default()
        };
        change(&mut sight);
        let proof = Proof {
            from: self.now.mono,
            walked: false,
        };
        let provider = self.provider();
        provider.sights.push((stream.id.clone(), sight, proof));
        if stream.mark.owner().is_some() {
            provider.named.push(stream);
        }
    }

    /// The held stream is not known, or no longer.
    fn lose(&mut self, not_found: bool, walked: bool) {
        let now = self.now.mono;
        let provider = self.provider();
        provider.named.clear();
        for (_, sight, proof) in &mut provider.sights {
            *sight = Sight {
                not_found: not_found.then_some(now),
                ..Sight::default()
            };
            proof.walked = walked;
        }
    }

    fn plan(&self) -> Plan {
        plan(&self.known, &self.memory, &self.limits, self.now)
    }

    /// The plan in a word.
    fn word(&self) -> String {
        match self.plan() {
            Plan::Rest(outcome) => outcome.reason().as_str().to_owned(),
            Plan::AwaitWalk(_, outcome) => format!("walk: {}", outcome.reason().as_str()),
            Plan::Read(id) => format!("read {id}"),
            Plan::Create(creation) => format!(
                "create {}{}",
                creation.attempt,
                if creation.without_active { " off" } else { "" }
            ),
            Plan::Claim(id) => format!("claim {id}"),
            Plan::Update { id, difference, .. } => {
                format!("update {id}: {}", difference.fields.join(","))
            }
            Plan::ResetKey(id, token) => format!("reset {id} for {token}"),
            Plan::StartRecording(id) => format!("record {id}"),
            Plan::StopRecording(id) => format!("stop {id}"),
            Plan::Release(id) => format!("release {id}"),
            Plan::Delete(id) => format!("delete {id}"),
            Plan::Finish(stay) => format!(
                "finish{}",
                stay.iter()
                    .flat_map(|(id, _)| [" without ", id.as_str()])
                    .collect::<String>()
            ),
        }
    }
}

fn sent(case: &Case, attempt: i32, result: SentResult) -> Sent {
    Sent {
        attempt,
        at: case.now.mono,
        result,
    }
}

#[test]
fn a_new_object_is_created_once_every_mark_is_known() {
    let mut case = Case::new();
    assert_eq!(case.word(), "create 1");
    case.provider().walked = false;
    assert_eq!(case.word(), "walk: Progressing");
}

#[test]
fn a_finalizer_without_a_trace_may_be_a_creation_and_waits_for_proof() {
    let mut case = Case::new();
    case.known.finalizer = true;
    assert_eq!(case.word(), "walk: CreationUnknown");
    case.provider().creation.walked = true;
    // Whoever sent that one counts it as its first.
    assert_eq!(case.word(), "create 2");
}

#[test]
fn what_is_unknown_is_not_sent_again_before_it_is_proved() {
    for (recorded, refused) in [
        (None, false),
        (Some(false), false),
        (None, true),
        (Some(true), true),
    ] {
        let mut case = Case::new();
        case.known.finalizer = true;
        let error = ProviderError::Refused {
            status: 422,
            message: String::new(),
        };
        let result = if refused {
            SentResult::Refused {
                error,
                active: false,
            }
        } else {
            SentResult::Unknown
        };
        match recorded {
            Some(refused) => {
                case.known.creation = Some(Recorded {
                    attempt: 1,
                    refused,
                    age: Duration::ZERO,
                });
            }
            None => case.memory.creation = Some(sent(&case, 1, result)),
        }
        assert_eq!(
            case.word(),
            if refused {
                "create 2"
            } else {
                "walk: CreationUnknown"
            }
        );
        case.provider().creation.walked = true;
        assert_eq!(case.word(), "create 2");
    }
}

#[test]
fn creations_that_come_to_nothing_wait_longer_up_to_an_hour() {
    let mut case = Case::new();
    case.known.finalizer = true;
    case.provider().creation.walked = true;
    for (attempt, seconds) in [(2, 240), (3, 480), (5, 1920), (6, 3600), (40, 3600)] {
        case.known.creation = Some(Recorded {
            attempt,
            refused: false,
            age: Duration::from_secs(seconds - 1),
        });
        assert_eq!(case.word(), "CreationUnknown", "{attempt}");
        case.known.creation = Some(Recorded {
            attempt,
            refused: false,
            age: Duration::from_secs(seconds),
        });
        assert_eq!(case.word(), format!("create {}", attempt + 1));
    }
}

#[test]
fn a_refused_switched_on_stream_is_tried_once_switched_off() {
    let mut case = Case::new();
    case.known.finalizer = true;
    case.known.want.as_mut().unwrap().active = Some(true);
    for (status, expected) in [
        (422, "create 2 off"),
        (403, "create 2 off"),
        (401, "create 2"),
    ] {
        let message = String::new();
        let error = if status == 422 {
            ProviderError::Refused { status, message }
        } else {
            ProviderError::Unauthorized { status, message }
        };
        case.memory.creation = Some(sent(
            &case,
            1,
            SentResult::Refused {
                error,
                active: true,
            },
        ));
        assert_eq!(case.word(), expected, "{status}");
    }
}

#[test]
fn a_stream_with_our_mark_is_held_though_the_status_was_wiped() {
    let mut case = Case::new();
    case.see(ours("7"), |_| ());
    assert_eq!(case.word(), "InStep");
}

#[test]
fn of_two_with_our_mark_the_recorded_one_is_held_and_the_other_is_reported() {
    let mut case = Case::holding(ours("9"));
    case.see(ours("7"), |_| ());
    assert_eq!(case.word(), "DuplicateStreams");
    case.known.want.as_mut().unwrap().active = Some(true);
    assert_eq!(case.word(), "update 9: active");
}

#[test]
fn where_the_held_one_of_two_is_gone_the_other_is_held_and_none_is_created() {
    let mut case = Case::holding(ours("7"));
    case.lose(true, true);
    case.see(ours("9"), |_| ());
    assert_eq!(case.word(), "InStep");
    assert_eq!(case.known.held(), Some(StreamId::new("9")));
}

#[test]
fn what_a_read_by_id_did_not_find_is_missing_though_the_mirror_holds_it() {
    let mut case = Case::holding(ours("7"));
    let now = case.now.mono;
    let sight = &mut case.provider().sights[0].1;
    (sight.doubtful, sight.not_found) = (true, Some(now));
    assert_eq!(case.word(), "walk: StreamMissing");
    case.known.leaving = true;
    assert_eq!(case.word(), "finish");
}

#[test]
fn only_what_differs_and_is_managed_is_changed() {
    let mut case = Case::holding(ours("7"));
    assert_eq!(case.word(), "InStep");
    case.known.want = Ok(StreamSettings {
        active: Some(true),
        dvr_seconds: Some(60),
        ..StreamSettings::default()
    });
    assert_eq!(case.word(), "update 7: active,dvr.durationSeconds");
    case.known.suspended = true;
    assert_eq!(case.word(), "Suspended");
}

#[test]
fn what_lost_our_mark_or_has_another_is_not_touched() {
    let marks = [
        (Mark::None, "MarkLost", "update 7: active"),
        (Mark::Unreadable, "read 7", "read 7"),
        (
            Mark::Released(owner("u", "c")),
            "MarkLost",
            "update 7: active",
        ),
        (
            Mark::Owned(Owner {
                name: "other".into(),
                ..owner("v", "c")
            }),
            "MarkLost",
            "OwnedElsewhere",
        ),
        (
            Mark::Owned(owner("u", "another cluster")),
            "MarkLost",
            "OwnedElsewhere",
        ),
    ];
    for (mark, recorded, adopted) in marks {
        let mut case = Case::holding(stream("7", mark.clone()));
        case.known.want.as_mut().unwrap().active = Some(true);
        assert_eq!(case.word(), recorded, "{mark:?}");
        case.known.adopts = Some(StreamId::new("7"));
        assert_eq!(case.word(), adopted, "{mark:?}");
    }
}

#[test]
fn an_earlier_object_of_our_name_leaves_its_stream_to_us_in_our_cluster_only() {
    let mut case = Case::new();
    case.see(stream("7", Mark::Owned(owner("old", "c"))), |_| ());
    assert_eq!(case.word(), "claim 7");
    let mut case = Case::new();
    case.see(stream("7", Mark::Owned(owner("old", "gone"))), |_| ());
    assert_eq!(case.word(), "OwnedElsewhere");
    case.limits.take_over_from.push("gone".into());
    assert_eq!(case.word(), "claim 7");
    // Where marks hold a cluster otherwise, the named one is compared as they hold it.
    let written = |owner: &Owner| Owner {
        cluster: owner.cluster.chars().take(1).collect(),
        ..owner.clone()
    };
    let mut case = Case::new();
    case.known.owner = written(&case.known.owner);
    case.see(stream("7", Mark::Owned(owner("old", "g"))), |_| ());
    case.provider().capabilities.owner = written;
    assert_eq!(case.word(), "OwnedElsewhere");
    case.limits.take_over_from.push("gone".into());
    assert_eq!(case.word(), "claim 7");
}

#[test]
fn what_is_missing_is_asked_for_then_waited_for_and_only_then_created_again() {
    let mut case = Case::holding(ours("7"));
    case.provider().sights[0].1.doubtful = true;
    assert_eq!(case.word(), "read 7", "the list does not show it");
    case.lose(false, false);
    assert_eq!(case.word(), "read 7");
    case.lose(true, false);
    assert_eq!(case.word(), "walk: StreamMissing");
    case.lose(true, true);
    assert_eq!(case.word(), "create 2");
    case.provider().sights[0].2.from = case.now.mono + Duration::from_secs(1);
    assert_eq!(
        case.word(),
        "StreamMissing",
        "the read came before the write had settled"
    );
}

#[test]
fn when_many_vanish_nothing_is_asked_created_or_told() {
    for doubtful in [true, false] {
        let mut case = Case::holding(ours("7"));
        case.provider().vanished = true;
        if doubtful {
            case.provider().sights[0].1.doubtful = true;
        } else {
            case.lose(true, true);
        }
        assert_eq!(case.plan(), Plan::Rest(Outcome::Quiet));
    }
}

#[test]
fn an_adopted_stream_is_never_created() {
    let mut case = Case::new();
    case.known.adopts = Some(StreamId::new("7"));
    assert_eq!(case.word(), "read 7");
    case.see(stream("7", Mark::None), |_| ());
    case.lose(true, true);
    assert_eq!(case.word(), "StreamNotFound");
}

#[test]
fn an_idle_pull_is_switched_on_again_once_an_hour_and_an_edit_at_once() {
    let mut pull = ours("7");
    pull.settings.source = Some(Source::Pull(vec![]));
    let mut case = Case::holding(pull);
    case.known.want.as_mut().unwrap().active = Some(true);
    assert_eq!(case.word(), "update 7: active");
    case.known.reactivated = Some(Duration::from_secs(3599));
    assert_eq!(case.word(), "PullSwitchedOff");
    case.known.want.as_mut().unwrap().dvr_seconds = Some(60);
    assert_eq!(case.word(), "update 7: dvr.durationSeconds");
    case.known.settled = false;
    assert_eq!(case.word(), "update 7: active,dvr.durationSeconds");
    case.known.settled = true;
    case.known.reactivated = Some(Duration::from_secs(3600));
    assert_eq!(case.word(), "update 7: active,dvr.durationSeconds");
}

#[test]
fn deletion_follows_the_policy_and_protects_what_is_live() {
    use DeletionPolicy::{Delete, Retain};
    let leave = |adopted: bool, policy, live, protection, old| {
        let mark = if adopted {
            Mark::None
        } else {
            Mark::Owned(owner("u", "c"))
        };
        let mut case = Case::holding(ObservedStream {
            live,
            ..stream("7", mark)
        });
        case.known.leaving = true;
        case.known.adopted_before = adopted;
        case.known.adopts = adopted.then(|| StreamId::new("7"));
        case.known.deletion = policy;
        case.known.protection = protection;
        if old {
            let told = case.now.mono.checked_sub(Duration::from_secs(6));
            case.provider().sights[0].1.told = told;
        }
        case.word()
    };
    let (on, off) = (LiveProtection::Enabled, LiveProtection::Disabled);
    assert_eq!(leave(false, None, false, on, false), "delete 7");
    assert_eq!(leave(false, Some(Retain), true, on, false), "release 7");
    assert_eq!(leave(true, None, true, on, false), "finish");
    assert_eq!(leave(true, Some(Delete), false, on, false), "delete 7");
    assert_eq!(leave(false, None, true, on, false), "LiveProtected");
    assert_eq!(
        leave(false, None, true, on, true),
        "read 7",
        "the read that said live is old"
    );
    // It is deleted as soon as its videos are told.
    assert_eq!(leave(false, None, true, off, true), "DeletionBlocked");
}

#[test]
fn what_a_provider_does_not_have_is_said_and_nothing_is_sent() {
    let mut case = Case::holding(ours("7"));
    case.known.want = Ok(StreamSettings {
        name: Some("Other".into()),
        ..StreamSettings::default()
    });
    assert_eq!(case.word(), "update 7: displayName");
    case.provider().capabilities.unsupported = |want| {
        let named = want.name.is_some();
        named.then_some("displayName").into_iter().collect()
    };
    assert_eq!(case.word(), "Unsupported");
    case.provider().sights.clear();
    assert_eq!(case.word(), "Unsupported", "nothing is created either");
    // What is deleted wants nothing.
    let mut case = Case::holding(ours("7"));
    case.provider().capabilities.unsupported = |_| vec!["displayName"];
    case.known.leaving = true;
    assert_eq!(case.word(), "delete 7");
}

#[test]
fn what_can_be_set_at_the_creation_alone_needs_a_human() {
    let mut case = Case::holding(ours("7"));
    case.provider().capabilities.replaced = |difference| {
        let named = difference.name.is_some();
        named.then_some("displayName").into_iter().collect()
    };
    case.known.want = Ok(StreamSettings {
        name: Some("Other".into()),
        ..StreamSettings::default()
    });
    assert_eq!(case.word(), "RequiresReplacement");
    // Whether it is on is obeyed all the same.
    case.known.want.as_mut().unwrap().active = Some(true);
    assert!(case.word().starts_with("update 7: "), "{}", case.word());
    case.known.want = Ok(StreamSettings {
        active: Some(true),
        ..StreamSettings::default()
    });
    assert_eq!(case.word(), "update 7: active");
}

#[test]
fn what_is_being_created_is_read_until_it_is_there_and_then_changed() {
    let on = StreamSettings {
        active: Some(true),
        ..StreamSettings::default()
    };
    for leaving in [false, true] {
        let mut case = Case::holding(ours("7"));
        case.known.want = Ok(on.clone());
        case.known.leaving = leaving;
        case.seen().phase = Phase::Creating;
        let waits = if leaving {
            "DeletionBlocked"
        } else {
            "Progressing"
        };
        assert_eq!(case.word(), waits);
        let told = case.now.mono.checked_sub(Duration::from_secs(5));
        case.provider().sights[0].1.told = told;
        assert_eq!(case.word(), "read 7");
        case.seen().phase = Phase::Usable;
        let goes_on = if leaving {
            "delete 7"
        } else {
            "update 7: active"
        };
        assert_eq!(case.word(), goes_on);
        // Deleting is tried all the same.
        case.seen().phase = Phase::Blocked;
        let blocked = if leaving {
            "delete 7"
        } else {
            "BlockedByProvider"
        };
        assert_eq!(case.word(), blocked);
    }
}

#[test]
fn where_viewers_watch_is_read_once_where_lists_do_not_show_it() {
    let mut case = Case::holding(ours("7"));
    case.known.want = Ok(StreamSettings::default());
    case.seen().playback = None;
    assert_eq!(case.word(), "read 7");
    // Another stream's address is none of this one's.
    case.known.played = Some(StreamId::new("8"));
    assert_eq!(case.word(), "read 7");
    case.known.played = Some(StreamId::new("7"));
    assert_eq!(case.word(), "InStep");
    // It was read, and there is none.
    case.known.played = None;
    case.seen().playback = Some(Playback::default());
    assert_eq!(case.word(), "InStep");
}

#[test]
fn a_key_is_not_renewed_where_there_is_no_call_for_it() {
    let mut case = Case::holding(ours("7"));
    case.known.reset = Some("now".to_owned());
    assert_eq!(case.word(), "reset 7 for now");
    case.provider().capabilities.key_reset = false;
    assert_ne!(case.word(), "reset 7 for now");
}

#[test]
fn what_may_have_gone_live_since_it_was_read_is_read_again() {
    let mut case = Case::holding(ObservedStream {
        live: false,
        ..ours("7")
    });
    case.known.leaving = true;
    case.known.leaving_since = Some(case.now.mono + Duration::from_millis(1));
    assert_eq!(case.word(), "delete 7", "it is switched off");
    let mut active = ours("7");
    active.settings.active = Some(true);
    case.provider().sights[0].1.seen = Some(Arc::new(active));
    assert_eq!(case.word(), "read 7");
    case.known.leaving_since = Some(case.now.mono);
    assert_eq!(case.word(), "delete 7");
}

#[test]
fn an_object_that_goes_waits_for_a_creation_that_may_have_been_carried_out() {
    let mut case = Case::new();
    case.known.leaving = true;
    assert_eq!(case.word(), "finish", "nothing was ever sent");
    case.known.finalizer = true;
    assert_eq!(case.word(), "walk: DeletionBlocked");
    case.provider().creation.walked = true;
    assert_eq!(case.word(), "finish");
    case.provider().creation.walked = false;
    case.known.creation = Some(Recorded {
        attempt: 1,
        refused: true,
        age: Duration::ZERO,
    });
    assert_eq!(case.word(), "finish", "it was refused for certain");
    case.see(ours("7"), |_| ());
    assert_eq!(case.word(), "delete 7");
}

#[test]
fn without_its_account_an_object_goes_only_where_nothing_is_lost() {
    let mut case = Case::holding(ours("7"));
    case.known.account = Err(Outcome::stalled(Reason::AccountNotFound, "no account"));
    assert_eq!(case.word(), "AccountNotFound");
    case.known.leaving = true;
    assert_eq!(case.word(), "DeletionBlocked");
    case.known.deletion = Some(DeletionPolicy::Retain);
    assert_eq!(case.word(), "finish without 7");
    case.known.deletion = None;
    case.known.recorded = None;
    assert_eq!(
        case.word(),
        "DeletionBlocked",
        "a creation may have been sent"
    );
    case.known.finalizer = false;
    assert_eq!(case.word(), "finish");
}

#[test]
fn a_change_that_failed_is_held_back_until_something_differs() {
    let mut case = Case::holding(ours("7"));
    case.known.want.as_mut().unwrap().active = Some(true);
    let opened = case.provider().opened;
    let refused = Outcome::stalled(Reason::Refused, "m");
    case.memory.gate = Some(Box::new(super::super::memory::Gate {
        until: case.now.mono + Duration::from_secs(1),
        want: case.known.want.clone().unwrap(),
        generation: 1,
        live: false,
        opened,
        outcome: refused,
    }));
    assert_eq!(case.word(), "Refused");
    case.known.generation = 2;
    assert_eq!(case.word(), "update 7: active", "an edit is tried at once");
    case.known.generation = 1;
    case.provider().opened = opened + Duration::from_secs(1);
    assert_eq!(case.word(), "update 7: active", "so is a new key");
    case.provider().opened = opened;
    case.known.want.as_mut().unwrap().dvr_seconds = Some(60);
    assert_eq!(
        case.word(),
        "update 7: active,dvr.durationSeconds",
        "and another Secret's value"
    );
}

prop_compose! {
    fn any_mark()(n in 0..6) -> Mark {
        match n {
            0 => Mark::None,
            1 => Mark::Owned(owner("u", "c")),
            2 => Mark::Owned(owner("old", "c")),
            3 => Mark::Owned(owner("u", "d")),
            4 => Mark::Released(owner("u", "c")),
            _ => Mark::Unreadable,
        }
    }
}

prop_compose! {
    fn any_case()(
        flags in prop::collection::vec(any::<bool>(), 16),
        seen in prop::collection::vec((any_mark(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()), 0..3),
        attempt in 0..3,
        policy in 0_usize..3,
        result in 0..4,
    ) -> Case {
        let mut case = Case::new();
        case.known.leaving = flags[0];
        case.known.finalizer = flags[1];
        case.known.suspended = flags[2];
        case.known.settled = flags[3];
        case.known.recorded = flags[4].then(|| StreamId::new("0"));
        case.known.adopts = flags[5].then(|| StreamId::new("0"));
        case.known.adopted_before = flags[6];
        case.known.want.as_mut().unwrap().active = flags[7].then_some(true);
        case.known.protection = if flags[8] { LiveProtection::Enabled } else { LiveProtection::Disabled };
        case.known.deletion = [None, Some(DeletionPolicy::Delete), Some(DeletionPolicy::Retain)][policy];
        case.known.creation = (attempt > 0).then_some(Recorded { attempt, refused: flags[9], age: Duration::ZERO });
        case.memory.creation = match result {
            0 => None,
            1 => Some(sent(&case, 1, SentResult::Unknown)),
            2 => Some(sent(&case, 1, SentResult::Made(StreamId::new("0")))),
            _ => Some(sent(&case, 1, SentResult::Refused { error: ProviderError::RateLimited { retry_after: None }, active: true })),
        };
        case.provider().walked = flags[10];
        case.provider().vanished = flags[11];
        case.provider().creation.walked = flags[12];
        for (i, (mark, doubtful, lost, walked, live)) in seen.into_iter().enumerate() {
            case.see(ObservedStream { live, ..stream(&i.to_string(), mark) }, |sight| sight.doubtful = doubtful);
            if lost {
                let now = case.now.mono;
                let (_, sight, proof) = case.provider().sights.last_mut().unwrap();
                *sight = Sight { not_found: Some(now), ..Sight::default() };
                proof.walked = walked;
                let id = i.to_string();
                case.provider().named.retain(|s| s.id.as_str() != id);
            }
        }
        if flags[13] {
            case.known.account = Err(Outcome::Quiet);
        }
        case
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    /// I1: nothing is created while our stream is in sight, while a creation may have been carried
    /// out and its absence is not proved, before every mark is known, or while many are missing.
    #[test]
    fn creates_only_what_is_proved_to_be_absent(case in any_case()) {
        if let Plan::Create(creation) = case.plan() {
            let provider = case.known.account.as_ref().unwrap();
            prop_assert!(!case.known.leaving && !case.known.suspended && case.known.adopts.is_none());
            prop_assert!(provider.walked);
            let double = |s: &Arc<ObservedStream>| is_ours(&case.known, &s.mark) && Some(&s.id) != creation.replaces.as_ref();
            prop_assert!(!provider.named.iter().any(double));
            if let Some(id) = &creation.replaces {
                    let (sight, proof) = provider.sight(id);
                    prop_assert!(sight.not_found.is_some() && proof.walked && !provider.vanished);
            } else {
                    let traces = case.known.finalizer || case.known.creation.is_some() || case.memory.creation.is_some();
                    let refused = matches!(past(&case.known, &case.memory), Past::Refused { .. });
                    prop_assert!(!traces || refused || provider.creation.walked);
            }
        }
    }

    /// I3: a change goes only to what carries our mark, or was adopted and is nobody else's.
    #[test]
    fn touches_nothing_foreign(case in any_case()) {
        let plan = case.plan();
        let (Plan::Update { id, .. } | Plan::Release(id) | Plan::Delete(id)) = &plan else {
            return Ok(());
        };
        let stream = case.known.account.as_ref().unwrap().sight(id).0.seen.unwrap();
        let adopted = case.known.adopts.as_ref() == Some(id);
        let foreign = matches!(&stream.mark, Mark::Owned(other) if other.cluster != "c" || other.name != "keynote");
        prop_assert!(is_ours(&case.known, &stream.mark) || (adopted && !foreign), "{plan:?} on {stream:?}");
    }

    /// A stream that is live is deleted only where its protection is off.
    #[test]
    fn deletes_nothing_live_that_is_protected(case in any_case()) {
        if let Plan::Delete(id) = case.plan() {
            let stream = case.known.account.as_ref().unwrap().sight(&id).0.seen.unwrap();
            prop_assert!(!stream.live || case.known.protection == LiveProtection::Disabled);
            prop_assert!(case.known.leaving && case.known.policy() == DeletionPolicy::Delete);
        }
    }

    /// Nothing is changed for an object that is suspended and stays.
    #[test]
    fn suspended_means_no_change(mut case in any_case()) {
        case.known.suspended = true;
        case.known.leaving = false;
        prop_assert!(!case.plan().changes());
    }
}

/// A stream that is live, of an object that wants it recorded.
fn on_air(recording: Option<bool>) -> Case {
    let mut stream = ours("1");
    stream.live = true;
    stream.recording = recording;
    stream.session_started_at = "2026-11-22T10:00:00Z".parse().ok();
    let mut case = Case::holding(stream);
    case.known.recording = Some(true);
    case.memory.air_mut().lacking_since = (recording == Some(false)).then_some(case.now.mono);
    case
}

fn asked(age: u64) -> Request {
    Request {
        age: Duration::from_secs(age),
        session: "2026-11-22T10:00:00Z".parse().ok(),
    }
}

#[test]
fn a_recording_that_is_wanted_is_asked_for_once_in_thirty_seconds() {
    for (recording, request, live_for, expected) in [
        (Some(false), None, 0, "record 1"),
        (Some(false), Some(asked(0)), 0, "InStep"),
        (Some(false), Some(asked(29)), 29, "InStep"),
        (Some(false), Some(asked(30)), 29, "record 1"),
        (Some(false), Some(asked(29)), 31, "RecordingNotStarted"),
        (Some(true), None, 31, "InStep"),
        (Some(true), Some(asked(60)), 60, "InStep"),
        // What cannot be seen is asked for once in a session.
        (None, None, 0, "record 1"),
        (None, Some(asked(3600)), 3600, "InStep"),
    ] {
        let mut case = on_air(recording);
        case.known.request = request;
        case.now.mono += Duration::from_secs(live_for);
        assert_eq!(
            case.word(),
            expected,
            "{recording:?} {request:?} {live_for}"
        );
    }
    let mut case = on_air(None);
    case.known.request = Some(Request {
        session: None,
        ..asked(3600)
    });
    assert_eq!(case.word(), "record 1", "another session");
}

#[test]
fn a_start_of_a_session_that_has_ended_is_given_ten_seconds() {
    for (age, expected) in [(9, "InStep"), (10, "record 1")] {
        let mut case = on_air(Some(false));
        case.known.request = Some(Request {
            session: "2026-11-22T09:59:50Z".parse().ok(),
            ..asked(age)
        });
        case.memory.air_mut().starts = 3;
        assert_eq!(case.word(), expected, "{age}");
    }
}

#[test]
fn starts_that_come_to_nothing_are_sent_ever_less_often() {
    for (starts, age, expected) in [
        (1, 31, "record 1"),
        (2, 59, "RecordingNotStarted"),
        (2, 60, "record 1"),
        (3, 119, "RecordingNotStarted"),
        (9, 299, "RecordingNotStarted"),
        (9, 300, "record 1"),
    ] {
        let mut case = on_air(Some(false));
        case.known.request = Some(asked(age));
        case.memory.air_mut().starts = starts;
        case.now.mono += Duration::from_secs(400);
        assert_eq!(case.word(), expected, "{starts} {age}");
    }
}

#[test]
fn what_records_by_itself_is_given_time() {
    let mut case = on_air(Some(false));
    case.seen().settings.auto_record = Some(true);
    assert_eq!(case.word(), "InStep");
    case.now.mono += UNDERWAY;
    assert_eq!(case.word(), "record 1");
    let mut case = on_air(None);
    case.seen().settings.auto_record = Some(true);
    case.now.mono += UNDERWAY;
    assert_eq!(case.word(), "InStep");
}

#[test]
fn what_is_not_wanted_is_stopped_and_what_is_not_managed_left() {
    for (wanted, recording, request, stopped, expected) in [
        (Some(false), Some(true), None, None, "stop 1"),
        (
            Some(false),
            Some(true),
            None,
            Some(1),
            "RecordingNotStopped",
        ),
        (Some(false), Some(true), None, Some(6), "stop 1"),
        (Some(false), Some(false), Some(asked(1)), None, "stop 1"),
        (Some(false), None, Some(asked(1)), None, "stop 1"),
        (Some(false), None, None, None, "InStep"),
        (Some(false), Some(false), None, None, "InStep"),
        (None, Some(true), None, None, "InStep"),
        (None, Some(false), Some(asked(1)), None, "InStep"),
    ] {
        let mut case = on_air(recording);
        case.known.recording = wanted;
        case.known.request = request;
        case.memory.air_mut().stopped =
            stopped.and_then(|ago| case.now.mono.checked_sub(Duration::from_secs(ago)));
        assert_eq!(
            case.word(),
            expected,
            "{wanted:?} {recording:?} {request:?} {stopped:?}"
        );
    }
}

#[test]
fn nothing_is_recorded_that_is_off_air_suspended_or_not_set_yet() {
    let mut case = on_air(Some(false));
    case.seen().live = false;
    assert_eq!(case.word(), "InStep");
    let mut case = on_air(Some(false));
    case.known.suspended = true;
    assert_eq!(case.word(), "Suspended");
    let mut case = on_air(Some(false));
    let want = case.known.want.as_mut().unwrap();
    want.gcore.record_type = Some(crate::api::RecordType::Transcoded);
    assert_eq!(case.word(), "update 1: gcore.recordType");
}

#[test]
fn a_key_is_renewed_once_and_not_under_who_is_live() {
    let mut case = on_air(Some(true));
    case.known.reset = Some("a".to_owned());
    case.memory.air_mut().asked = Some(("a".to_owned(), case.now.mono));
    assert_eq!(case.word(), "InStep", "refused, and said by the receipt");
    case.known.protection = LiveProtection::Disabled;
    assert_eq!(case.word(), "reset 1 for a");
    let mut case = on_air(Some(true));
    case.known.reset = Some("a".to_owned());
    case.memory.air_mut().asked = Some(("a".to_owned(), case.now.mono));
    case.seen().live = false;
    assert_eq!(case.word(), "reset 1 for a");
    let asked = case.now.mono + Duration::from_millis(1);
    case.memory.air_mut().asked = Some(("a".to_owned(), asked));
    assert_eq!(
        case.word(),
        "read 1",
        "it was asked for since the last read"
    );
    case.memory.air_mut().asked = Some(("a".to_owned(), case.now.mono));
    case.now.mono += case.limits.fresh * 2;
    assert_eq!(case.word(), "read 1", "whether it is live now");
}

#[test]
fn where_switching_off_may_spoil_a_recording_it_is_ended_first() {
    let mut case = on_air(Some(true));
    case.known.want = Ok(StreamSettings {
        active: Some(false),
        ..StreamSettings::default()
    });
    case.seen().settings.active = Some(true);
    assert_eq!(case.word(), "update 1: active");
    case.provider().capabilities.off_ends_recordings = false;
    assert_eq!(case.word(), "stop 1");
    case.memory.air_mut().stopped = Some(case.now.mono);
    assert_eq!(case.word(), "Progressing", "the stop was just now");
    case.now.mono += Duration::from_secs(6);
    assert_eq!(case.word(), "stop 1");
    case.memory.air_mut().stops = 3;
    assert_eq!(case.word(), "update 1: active", "it was tried often enough");
    case.memory.air_mut().stops = 1;
    case.seen().recording = Some(false);
    assert_eq!(case.word(), "update 1: active");
}

#[test]
fn before_a_deletion_the_recording_ends_and_its_video_is_told() {
    let mut case = on_air(Some(true));
    case.known.leaving = true;
    case.known.leaving_since = Some(case.now.mono);
    case.known.protection = LiveProtection::Disabled;
    assert_eq!(case.word(), "stop 1");
    case.seen().recording = Some(false);
    let now = case.now.mono;
    case.memory.air_mut().stopped = Some(now);
    case.memory.air_mut().stops = 1;
    assert_eq!(case.word(), "DeletionBlocked", "its videos were not read");
    case.memory.air_mut().shelving.read = Some(now);
    assert_eq!(case.word(), "delete 1");
    case.memory.air_mut().shelving.read = None;
    case.now.mono += Duration::from_secs(61);
    assert_eq!(case.word(), "delete 1", "it is waited for a bounded time");
    // One that goes on recording is asked again, with pauses, and deleted in the end.
    case.seen().recording = Some(true);
    assert_eq!(case.word(), "stop 1");
    case.memory.air_mut().stopped = Some(case.now.mono);
    assert_eq!(case.word(), "DeletionBlocked", "the last stop was just now");
    case.memory.air_mut().stops = 3;
    assert_eq!(case.word(), "DeletionBlocked", "its videos were not read");
    case.now.mono += Duration::from_secs(301);
    assert_eq!(case.word(), "delete 1");
    // Nobody ever sent video: nothing is read.
    let mut case = Case::holding(ours("1"));
    case.known.leaving = true;
    case.known.leaving_since = Some(case.now.mono);
    assert_eq!(case.word(), "delete 1");
}

#[test]
fn nothing_that_is_wrong_elsewhere_keeps_it_from_recording_or_from_ending() {
    let missing = Outcome::stalled(Reason::SecretNotFound, "m");
    let mut case = on_air(Some(false));
    case.known.want = Err(missing.clone());
    assert_eq!(case.word(), "record 1");
    let mut case = on_air(Some(true));
    case.known.want = Err(missing.clone());
    assert_eq!(case.word(), "SecretNotFound");
    case.known.recording = Some(false);
    assert_eq!(case.word(), "stop 1");
    case.known.suspended = true;
    assert_eq!(case.word(), "SecretNotFound");
    let mut case = on_air(Some(false));
    case.known.want = Err(missing);
    case.seen().mark = Mark::None;
    assert_eq!(case.word(), "SecretNotFound", "it is not ours");

    // A setting that is refused: it stands behind its gate.
    let refused = |case: &mut Case, record_type: bool| {
        let want = case.known.want.as_mut().unwrap();
        want.dvr_enabled = Some(true);
        want.gcore.record_type = record_type.then_some(crate::api::RecordType::Transcoded);
        case.memory.gate = Some(Box::new(crate::livestream::memory::Gate {
            until: case.now.mono + Duration::from_secs(3600),
            want: case.known.want.clone().unwrap(),
            generation: 1,
            opened: case.known.account.as_ref().unwrap().opened,
            live: false,
            outcome: Outcome::stalled(Reason::Refused, "m"),
        }));
    };
    let mut case = on_air(Some(false));
    refused(&mut case, false);
    assert_eq!(case.word(), "record 1");
    refused(&mut case, true);
    assert_eq!(
        case.word(),
        "Refused",
        "it would be recorded as something else"
    );
    case.known.recording = Some(false);
    case.seen().recording = Some(true);
    assert_eq!(case.word(), "stop 1");
}

#[test]
fn a_gate_before_a_recording_is_lifted_by_what_changes_the_case() {
    let full = Outcome::stalled(Reason::StorageFull, "m");
    let shut = |outcome: Option<Outcome>| {
        let mut case = on_air(Some(false));
        case.memory.air_mut().gate = Some(crate::livestream::air::RecordGate {
            until: case.now.mono + Duration::from_secs(60),
            wanted: true,
            generation: 1,
            opened: case.known.account.as_ref().unwrap().opened,
            outcome,
        });
        case
    };
    assert_eq!(shut(Some(full.clone())).word(), "StorageFull");
    let mut case = shut(Some(full.clone()));
    case.known.generation = 2;
    assert_eq!(case.word(), "record 1");
    let mut case = shut(Some(full));
    case.now.mono += Duration::from_secs(61);
    assert_eq!(case.word(), "record 1");
    // One that says nothing does not hide that nothing is recorded.
    let mut case = shut(None);
    assert_eq!(case.word(), "InStep");
    case.now.mono += UNDERWAY;
    assert_eq!(case.word(), "RecordingNotStarted");
    // It is about what was wanted then.
    let mut case = shut(None);
    case.known.recording = Some(false);
    case.seen().recording = Some(true);
    assert_eq!(case.word(), "stop 1");
}

#[test]
fn what_is_remembered_of_the_air_follows_what_is_seen() {
    let status = crate::api::LiveStreamStatus::default();
    let now = clock::now();
    let later = |seconds| Now {
        mono: now.mono + Duration::from_secs(seconds),
        ..now
    };
    let mut stream = ours("1");
    (stream.live, stream.recording) = (true, Some(false));
    let mut air = Air::default();
    air.observe(&status, &stream, None, now);
    assert_eq!(
        air.lacking_for(later(60)),
        Duration::ZERO,
        "nobody wants it"
    );
    air.observe(&status, &stream, Some(true), later(60));
    assert_eq!(air.lacking_for(later(70)), Duration::from_secs(10));
    // A refusal to end stands as long as it goes on; one to begin, until it records.
    let gate = |wanted| {
        Some(crate::livestream::air::RecordGate {
            until: now.mono,
            wanted,
            generation: 1,
            opened: now.mono,
            outcome: None,
        })
    };
    stream.recording = Some(true);
    air.gate = gate(false);
    air.observe(&status, &stream, Some(false), later(80));
    assert!(air.gate.is_some());
    air.gate = gate(true);
    air.observe(&status, &stream, Some(true), later(80));
    assert!(air.gate.is_none());
    // Our own stop makes it look ended; only time tells that it is.
    (air.stops, air.stopped) = (2, Some(later(80).mono));
    stream.recording = Some(false);
    air.observe(&status, &stream, Some(false), later(81));
    assert_eq!(air.stops, 2);
    air.observe(&status, &stream, Some(false), later(111));
    assert_eq!(air.stops, 0);
}

#[test]
fn what_is_on_air_changes_and_creations_are_told_apart() {
    let id = || StreamId::new("1");
    let creation = Creation {
        attempt: 1,
        settings: StreamSettings::default(),
        replaces: None,
        without_active: false,
    };
    let classes = [
        (Plan::StartRecording(id()), Class::Live),
        (Plan::StopRecording(id()), Class::Live),
        (Plan::ResetKey(id(), "now".to_owned()), Class::Live),
        (Plan::Create(creation), Class::Create),
        (Plan::Read(id()), Class::Change),
        (Plan::Claim(id()), Class::Change),
        (Plan::Release(id()), Class::Change),
        (Plan::Delete(id()), Class::Change),
    ];
    for (plan, class) in classes {
        assert_eq!(plan.class(), class, "{plan:?}");
    }
}

#[test]
fn a_file_that_waits_for_the_signal_is_closed_before_a_deletion() {
    for (ago, expected) in [(14, "stop 1"), (15, "DeletionBlocked")] {
        let mut case = on_air(Some(false));
        case.seen().live = false;
        case.known.leaving = true;
        case.known.leaving_since = Some(case.now.mono);
        case.memory.air_mut().recorded = case.now.mono.checked_sub(Duration::from_secs(ago));
        assert_eq!(case.word(), expected, "{ago}");
    }
}

#[test]
fn it_is_looked_at_again_when_something_falls_due() {
    let again = |case: &Case| {
        let (known, provider) = (&case.known, case.known.account.as_ref().unwrap());
        let stream = provider.sights[0].1.seen.clone().unwrap();
        let air = case.memory.air();
        let next = record::record(known, provider, &air, &stream, &case.limits, case.now);
        next.again.map(|again| again.as_secs())
    };
    let mut case = on_air(Some(false));
    assert_eq!(again(&case), None);
    case.known.request = Some(asked(10));
    case.now.mono += Duration::from_secs(12);
    assert_eq!(again(&case), Some(18), "it is late then");
    case.now.mono += Duration::from_secs(20);
    assert_eq!(again(&case), Some(20), "it is asked for again then");
    let mut case = on_air(Some(false));
    case.seen().settings.auto_record = Some(true);
    assert_eq!(again(&case), Some(30));
    let mut case = on_air(Some(true));
    case.known.recording = Some(false);
    case.memory.air_mut().stopped = case.now.mono.checked_sub(Duration::from_secs(2));
    assert_eq!(again(&case), Some(3));
}

#[test]
fn what_may_change_soon_is_followed_closely() {
    use crate::livestream::attention::attention;
    let look = |case: &Case, written: Option<u64>| {
        let stream = case.known.account.as_ref().unwrap().sights[0]
            .1
            .seen
            .clone();
        let ago = |seconds| case.now.mono.checked_sub(Duration::from_secs(seconds));
        let (air, often) = (case.memory.air.as_deref(), Duration::from_secs(2));
        let written = written.and_then(ago);
        let found = attention(&case.known, air, &stream.unwrap(), written, often, case.now);
        let seconds = |time: Option<Duration>| time.map(|time| time.as_secs());
        (seconds(found.every), seconds(found.again))
    };
    let mut case = on_air(Some(true));
    assert_eq!(look(&case, None), (Some(2), None), "it is live");
    case.known.leaving = true;
    assert_eq!(look(&case, None), (None, None));

    // Off air and switched off: only what was asked for is waited for.
    let off = || {
        let mut case = on_air(Some(false));
        case.seen().live = false;
        case
    };
    let mut case = off();
    assert_eq!(look(&case, Some(1)), (None, None));
    case.known.request = Some(asked(10));
    assert_eq!(look(&case, None), (Some(2), Some(50)));
    case.known.request = Some(asked(60));
    assert_eq!(look(&case, None), (None, None));
    for (ago, expected) in [(10, (Some(2), Some(20))), (30, (None, None))] {
        let mut case = off();
        case.known.recording = Some(false);
        case.memory.air_mut().stopped = case.now.mono.checked_sub(Duration::from_secs(ago));
        assert_eq!(look(&case, None), expected, "{ago}");
    }

    // Switched on: an encoder may come, sooner after a change, and ever less likely.
    let on = || {
        let mut case = off();
        case.seen().settings.active = Some(true);
        case.known.recording = None;
        case
    };
    assert_eq!(look(&on(), Some(10)), (Some(2), Some(50)));
    assert_eq!(look(&on(), Some(60)), (None, None));
    for (still, expected) in [
        (0, (Some(2), Some(60))),
        (180, (Some(3), Some(180))),
        (3600, (Some(5), None)),
    ] {
        let mut case = on();
        case.known.recording = Some(true);
        case.memory.air_mut().stirred = case.now.mono.checked_sub(Duration::from_secs(still));
        assert_eq!(look(&case, None), expected, "{still}");
        case.known.suspended = true;
        assert_eq!(look(&case, None), (None, None));
    }
}

#[test]
fn a_setting_that_is_refused_says_more_than_that_nothing_records_yet() {
    let mut case = on_air(Some(false));
    case.known.want.as_mut().unwrap().dvr_seconds = Some(60);
    case.memory.gate = Some(Box::new(crate::livestream::memory::Gate {
        until: case.now.mono + Duration::from_secs(60),
        want: case.known.want.clone().unwrap(),
        generation: 1,
        opened: case.provider().opened,
        live: false,
        outcome: Outcome::stalled(Reason::Refused, "m"),
    }));
    case.known.request = Some(asked(29));
    case.now.mono += UNDERWAY;
    assert_eq!(case.word(), "Refused");
}
