//! The policy as tables, and its promises for any situation.

use std::sync::Arc;

use proptest::{prelude::*, strategy::ValueTree as _, test_runner::TestRunner};

use super::*;
use crate::{
    account::Class,
    api::{DeletionPolicy, LiveProtection},
    broadcast::memory::{Sent, SentResult, Tried},
    clock,
    creation::Recorded,
    provider::{ProviderError, StreamId},
};

const SETTLING: Duration = Duration::from_secs(60);
const MARK: &str = "abcdefghijklmnopqrstuvwxyz";

fn broadcast(id: &str, name: &str) -> ObservedBroadcast {
    ObservedBroadcast {
        id: BroadcastId::new(id),
        settings: BroadcastSettings {
            name: Some(name.into()),
            state: Some(BroadcastState::Pending),
            streams: Some(vec![StreamId::new("1")]),
            ..BroadcastSettings::default()
        },
        iframe_url: None,
    }
}

fn in_state(state: BroadcastState) -> ObservedBroadcast {
    let mut seen = broadcast("7", "Keynote");
    seen.settings.state = Some(state);
    seen
}

/// A situation that a test changes.
#[derive(Debug)]
struct Case {
    known: Known,
    memory: Memory,
    now: Now,
}

impl Case {
    /// A new object of which nothing was ever sent, in an account whose lists were walked.
    fn new() -> Self {
        let now = clock::now();
        let stream = StreamId::new("1");
        Self {
            known: Known {
                mark: MARK.into(),
                name: "Keynote".into(),
                generation: 1,
                settled: false,
                leaving: false,
                leaving_since: None,
                finalizer: false,
                want: Ok(Want {
                    listed: vec![stream.clone()],
                    settings: BroadcastSettings {
                        streams: Some(vec![stream.clone()]),
                        ..BroadcastSettings::default()
                    },
                    ..Want::default()
                }),
                adopts: None,
                elsewhere: None,
                suspended: false,
                deletion: None,
                protection: LiveProtection::Enabled,
                recorded: None,
                written: false,
                adopted_before: false,
                creation: None,
                account: Ok(Provider {
                    opened: now.mono,
                    walked: true,
                    failing: None,
                    vanished: false,
                    began: now.mono,
                    marked: vec![],
                    sights: vec![],
                    creation: Proof {
                        from: now.mono + SETTLING,
                        walked: false,
                    },
                    sent: now.mono,
                    unreadable: 0,
                    first: Some((stream.clone(), Some(now.mono))),
                    candidates: vec![],
                    alike: vec![],
                    streams: vec![Shown {
                        id: stream,
                        live: Some(false),
                        off: false,
                        told: Some(now.mono),
                    }],
                }),
            },
            memory: Memory::default(),
            now,
        }
    }

    /// One whose broadcast is this, as its status says.
    fn holding(seen: &ObservedBroadcast) -> Self {
        let mut case = Self::new();
        case.known.finalizer = true;
        case.known.recorded = Some(seen.id.clone());
        case.known.written = true;
        case.see(seen, |_| {});
        case
    }

    /// One that is being deleted.
    fn leaving(mut self) -> Self {
        self.known.leaving = true;
        self.known.leaving_since = Some(self.now.mono);
        self
    }

    fn see(&mut self, seen: &ObservedBroadcast, change: impl FnOnce(&mut Sight)) {
        let mut sight = Sight {
            seen: Some(Arc::new(seen.clone())),
            told: Some(self.now.mono),
            ..Sight::default()
        };
        change(&mut sight);
        let proof = Proof {
            from: self.now.mono,
            walked: false,
        };
        let marked = seen.settings.name.as_deref() == Some(MARK);
        let provider = self.provider();
        if marked {
            provider.marked.push(Arc::new(seen.clone()));
        }
        provider.sights.push((seen.id.clone(), sight, proof));
    }

    fn provider(&mut self) -> &mut Provider {
        self.known.account.as_mut().unwrap()
    }

    fn want(&mut self) -> &mut Want {
        self.known.want.as_mut().unwrap()
    }

    fn sent(mut self, result: SentResult) -> Self {
        self.known.finalizer = true;
        self.memory.creation = Some(Sent {
            attempt: 1,
            at: self.now.mono,
            result,
        });
        self
    }

    /// So many seconds later.
    fn later(mut self, seconds: u64) -> Self {
        self.now.mono += Duration::from_secs(seconds);
        self
    }

    /// What is wanted live pauses after ten seconds without a signal, and this is shown.
    fn interruption(shown: BroadcastState, live: Option<bool>, silent: Option<u64>) -> Self {
        let mut case = Self::holding(&in_state(shown)).later(100);
        case.want().settings.state = Some(BroadcastState::Live);
        case.want().pause_after = Some(Duration::from_secs(10));
        case.provider().streams[0].live = live;
        let now = case.now.mono;
        case.provider().streams[0].told = Some(now);
        case.memory.silent_since =
            silent.map(|seconds| now.checked_sub(Duration::from_secs(seconds)).unwrap());
        case
    }

    /// A change of these settings did not work, for an hour.
    fn shut(&mut self, failed: Option<BroadcastSettings>) {
        let opened = self.provider().opened;
        self.memory.gate = Some(Box::new(Gate {
            until: self.now.mono + Duration::from_secs(3600),
            want: Tried {
                want: self.want().clone(),
                failed,
            },
            generation: 1,
            opened,
            live: false,
            outcome: self.gated(),
        }));
    }

    /// What is said of it.
    fn gated(&self) -> Outcome {
        Outcome::stalled(Reason::Refused, self.known.mark.clone())
    }

    fn plan(&self) -> Plan {
        let limits = Limits {
            settling: SETTLING,
            fresh: Duration::from_secs(5),
        };
        plan(&self.known, &self.memory, &limits, self.now)
    }
}

fn reason(plan: &Plan) -> Reason {
    let (Plan::Rest(outcome) | Plan::AwaitWalk(_, outcome)) = plan else {
        panic!("{plan:?} gives no reason")
    };
    outcome.reason()
}

fn creation(plan: Plan) -> Creation {
    let Plan::Create(creation) = plan else {
        panic!("{plan:?} creates nothing")
    };
    creation
}

fn changed(plan: Plan) -> BroadcastSettings {
    let Plan::Update { difference, .. } = plan else {
        panic!("{plan:?} changes nothing")
    };
    difference.settings
}

#[test]
fn a_new_one_is_created_pending_under_its_mark() {
    let mut case = Case::new();
    case.want().settings.name = Some("Keynote".into());
    case.want().settings.state = Some(BroadcastState::Live);
    let creation = creation(case.plan());
    assert_eq!(creation.attempt, 1);
    assert_eq!(creation.settings.name.as_deref(), Some(MARK));
    assert_eq!(creation.settings.state, Some(BroadcastState::Pending));
    assert_eq!(creation.settings.streams, Some(vec![StreamId::new("1")]));
}

#[test]
fn a_new_one_never_takes_what_only_looks_like_it() {
    let mut case = Case::new();
    case.provider().alike = vec![BroadcastId::new("9")];
    case.provider().candidates = vec![(BroadcastId::new("9"), None)];
    assert_eq!(creation(case.plan()).attempt, 1);
}

#[test]
fn without_streams_nothing_is_created() {
    for streams in [None, Some(vec![])] {
        let mut case = Case::new();
        case.want().settings.streams = streams;
        assert_eq!(reason(&case.plan()), Reason::NoStreams);
    }
    let mut case = Case::new();
    case.want().waiting = Some(Outcome::waiting(Reason::WaitingForStream, "m"));
    assert_eq!(reason(&case.plan()), Reason::WaitingForStream);
}

#[test]
fn before_the_list_was_walked_nothing_is_created() {
    let mut case = Case::new();
    case.provider().walked = false;
    assert!(matches!(case.plan(), Plan::AwaitWalk(..)));
}

#[test]
fn its_name_comes_when_its_id_is_written() {
    let mut case = Case::new().sent(SentResult::Made(BroadcastId::new("7")));
    case.known.recorded = Some(BroadcastId::new("7"));
    case.see(&broadcast("7", MARK), |_| {});
    assert_eq!(case.plan(), Plan::Note(BroadcastId::new("7")));
    case.known.written = true;
    case.want().settings.state = Some(BroadcastState::Live);
    let all = changed(case.plan());
    let expected = BroadcastSettings {
        name: Some("Keynote".into()),
        state: Some(BroadcastState::Live),
        ..BroadcastSettings::default()
    };
    assert_eq!(all, expected);
}

#[test]
fn one_that_is_found_by_its_mark_is_written_down_first() {
    let mut case = Case::new().sent(SentResult::Unknown);
    case.see(&broadcast("7", MARK), |_| {});
    assert_eq!(case.plan(), Plan::Note(BroadcastId::new("7")));
}

#[test]
fn an_unmanaged_name_is_given_once_and_then_left_alone() {
    assert_eq!(
        changed(Case::holding(&broadcast("7", MARK)).plan())
            .name
            .as_deref(),
        Some("Keynote")
    );
    let other = Case::holding(&broadcast("7", "renamed by hand"));
    assert_eq!(other.plan(), Plan::Rest(Outcome::InStep));
}

#[test]
fn an_unknown_creation_is_looked_for_and_not_repeated_before_its_absence_is_proved() {
    let case = Case::new().sent(SentResult::Unknown);
    let before = case.now.mono;
    let mut case = case.later(1);
    case.provider().sent = before + Duration::from_secs(1);
    case.provider().first = Some((StreamId::new("1"), Some(before)));
    assert_eq!(case.plan(), Plan::ReadStream(StreamId::new("1")));

    let now = case.now.mono;
    case.provider().first = Some((StreamId::new("1"), Some(now)));
    case.provider().candidates = vec![(BroadcastId::new("9"), Some(before))];
    assert_eq!(case.plan(), Plan::Read(BroadcastId::new("9")));

    // It shows another name.
    case.provider().candidates = vec![(BroadcastId::new("9"), Some(now))];
    assert_eq!(reason(&case.plan()), Reason::CreationUnknown);
    let from = case.provider().creation.from;
    assert!(matches!(case.plan(), Plan::AwaitWalk(begin, _) if begin == from));

    // When all must be shown, both are asked once more.
    let mut case = case.later(60);
    assert_eq!(case.plan(), Plan::ReadStream(StreamId::new("1")));
    let settled = case.now.mono;
    case.provider().first = Some((StreamId::new("1"), Some(settled)));
    assert_eq!(case.plan(), Plan::Read(BroadcastId::new("9")));
    case.provider().candidates = vec![(BroadcastId::new("9"), Some(settled))];
    case.provider().unreadable = 3;
    let Plan::AwaitWalk(_, outcome) = case.plan() else {
        panic!()
    };
    assert!(
        outcome.message().contains("3 items"),
        "{}",
        outcome.message()
    );

    case.provider().creation.walked = true;
    assert_eq!(creation(case.plan()).attempt, 2);
}

#[test]
fn a_lost_id_is_not_guessed() {
    let mut case = Case::new();
    case.known.finalizer = true;
    assert_eq!(reason(&case.plan()), Reason::CreationUnknown);
    case.provider().creation.walked = true;
    case.provider().alike = vec![BroadcastId::new("9"), BroadcastId::new("10")];
    let plan = case.plan();
    assert_eq!(reason(&plan), Reason::BroadcastLost);
    let Plan::Rest(outcome) = plan else { panic!() };
    assert!(outcome.message().contains("9, 10"), "{}", outcome.message());
    // Where nothing is like it, nothing was made.
    case.provider().alike = vec![];
    assert_eq!(creation(case.plan()).attempt, 2);
    // A creation that the status names was never given another name.
    case.provider().alike = vec![BroadcastId::new("9")];
    case.known.creation = Some(Recorded {
        attempt: 1,
        refused: false,
        age: Duration::from_secs(600),
    });
    assert_eq!(creation(case.plan()).attempt, 2);
}

#[test]
fn one_that_vanished_is_created_again_only_when_its_absence_is_proved() {
    let mut case = Case::holding(&broadcast("7", "Keynote")).later(100);
    let now = case.now.mono;
    let sight = &mut case.provider().sights[0];
    sight.1.doubtful = true;
    assert_eq!(case.plan(), Plan::Read(BroadcastId::new("7")));
    case.provider().sights[0].1.not_found = Some(now);
    assert_eq!(reason(&case.plan()), Reason::BroadcastMissing);
    case.provider().sights[0].2.walked = true;
    let creation = creation(case.plan());
    assert_eq!(creation.replaces, Some(BroadcastId::new("7")));
    case.provider().vanished = true;
    assert_eq!(case.plan(), Plan::Rest(Outcome::Quiet));
    case.provider().vanished = false;
    case.known.adopts = Some(BroadcastId::new("7"));
    assert_eq!(reason(&case.plan()), Reason::BroadcastNotFound);
}

#[test]
fn what_another_object_has_is_not_touched() {
    for (created, expected) in [
        (true, Reason::OwnedElsewhere),
        (false, Reason::AdoptedElsewhere),
    ] {
        let mut case = Case::new();
        case.known.adopts = Some(BroadcastId::new("7"));
        case.want().settings.state = Some(BroadcastState::Finished);
        case.see(&broadcast("7", "Keynote"), |_| {});
        assert!(matches!(case.plan(), Plan::Update { .. }));
        case.known.elsewhere = Some(Elsewhere {
            other: "ns/other".into(),
            created,
            unsure: false,
        });
        assert_eq!(reason(&case.plan()), expected);
        case.known.finalizer = true;
        case.known.deletion = Some(DeletionPolicy::Delete);
        let stays = vec![(BroadcastId::new("7"), "another Broadcast has it")];
        let mut case = case.leaving();
        assert_eq!(case.plan(), Plan::Finish(stays));

        // Nor what it may have, as long as that is not known.
        case.known.elsewhere.as_mut().unwrap().unsure = true;
        assert_eq!(reason(&case.plan()), Reason::DeletionBlocked);
        case.known.leaving = false;
        assert_eq!(case.plan(), Plan::Rest(Outcome::Quiet));
    }
}

#[test]
fn what_is_waited_for_holds_up_the_streams_only() {
    let mut case = Case::holding(&broadcast("7", "Keynote"));
    case.want().settings.streams = None;
    case.want().waiting = Some(Outcome::waiting(Reason::WaitingForStream, "m"));
    assert_eq!(reason(&case.plan()), Reason::WaitingForStream);
    case.want().settings.state = Some(BroadcastState::Finished);
    assert_eq!(changed(case.plan()).state, Some(BroadcastState::Finished));
}

#[test]
fn a_second_one_with_the_mark_is_told() {
    let mut case = Case::holding(&broadcast("7", "Keynote"));
    case.see(&broadcast("9", MARK), |_| {});
    assert_eq!(reason(&case.plan()), Reason::DuplicateBroadcasts);
}

#[test]
fn the_pause_comes_when_the_signal_is_lost_long_enough_and_goes_with_it() {
    use BroadcastState::{Live, Paused, Pending};
    let table = [
        // Shown, live, silent for so many seconds: to be sent, and when to look again.
        (Live, Some(true), None, None, None),
        (Live, Some(false), Some(0), None, Some(10)),
        (Live, Some(false), Some(9), None, Some(1)),
        (Live, Some(false), Some(10), Some(Paused), None),
        (Live, Some(false), Some(11), Some(Paused), None),
        (Live, Some(false), None, None, Some(10)),
        (Live, None, None, None, None),
        (Paused, Some(true), None, Some(Live), None),
        // After a restart nothing is known, or only that there is no signal.
        (Paused, None, None, None, None),
        (Paused, Some(false), None, None, None),
        (Paused, Some(false), Some(3), None, None),
        (Pending, Some(false), Some(0), Some(Live), Some(10)),
        (Pending, Some(true), None, Some(Live), None),
    ];
    for (shown, live, silent, sent, due) in table {
        let case = Case::interruption(shown, live, silent);
        let what = format!("{shown:?} {live:?} {silent:?}");
        match sent {
            Some(state) => assert_eq!(changed(case.plan()).state, Some(state), "{what}"),
            None => assert_eq!(case.plan(), Plan::Rest(Outcome::InStep), "{what}"),
        }
        let effective = effective(&case.known, &case.memory, case.now);
        assert_eq!(effective.due, due.map(Duration::from_secs), "{what}");
    }
}

#[test]
fn without_an_interruption_and_in_other_states_nothing_pauses() {
    use BroadcastState::{Finished, Live, Paused, Pending};
    let mut plain = Case::interruption(Live, Some(false), Some(100));
    plain.want().pause_after = None;
    assert_eq!(plain.plan(), Plan::Rest(Outcome::InStep));
    for state in [Pending, Paused, Finished] {
        for live in [Some(true), Some(false), None] {
            let mut case = Case::interruption(state, live, Some(100));
            case.want().settings.state = Some(state);
            assert_eq!(
                case.plan(),
                Plan::Rest(Outcome::InStep),
                "{state:?} {live:?}"
            );
            assert!(!interrupted(&case.known, &case.memory, case.now));
        }
    }
}

#[test]
fn a_deletion_waits_while_it_is_on_air() {
    use BroadcastState::{Live, Paused};
    let delete = Plan::Delete(BroadcastId::new("7"));
    let on_air = |state| {
        let mut case = Case::holding(&in_state(state)).leaving();
        case.provider().streams[0].live = Some(true);
        case
    };
    assert_eq!(reason(&on_air(Live).plan()), Reason::LiveProtected);
    assert_eq!(on_air(Paused).plan(), delete);
    let mut off_air = on_air(Live);
    off_air.provider().streams[0].live = Some(false);
    assert_eq!(off_air.plan(), delete);
    let mut unprotected = on_air(Live);
    unprotected.known.protection = LiveProtection::Disabled;
    assert_eq!(unprotected.plan(), delete);
    let mut retained = on_air(Live);
    retained.known.deletion = Some(DeletionPolicy::Retain);
    assert_eq!(retained.plan(), Plan::Finish(vec![]));

    // What was read before the deletion was asked for does not count.
    let mut old = off_air.later(1);
    old.known.leaving_since = Some(old.now.mono);
    assert_eq!(old.plan(), Plan::Read(BroadcastId::new("7")));
    let now = old.now.mono;
    old.provider().sights[0].1.told = Some(now);
    assert_eq!(old.plan(), Plan::ReadStream(StreamId::new("1")));
    old.provider().streams[0].off = true;
    assert_eq!(old.plan(), delete, "what is switched off was asked for");
}

#[test]
fn many_streams_can_all_be_read_in_time() {
    let mut seen = in_state(BroadcastState::Live);
    let ids: Vec<StreamId> = (0..16).map(|i| StreamId::new(i.to_string())).collect();
    seen.settings.streams = Some(ids.clone());
    let mut case = Case::holding(&seen).leaving();
    let read = case.now.mono;
    case.provider().streams = ids
        .iter()
        .map(|id| Shown {
            id: id.clone(),
            live: Some(false),
            off: false,
            told: Some(read),
        })
        .collect();
    // At one call a second.
    assert_eq!(case.later(17).plan(), Plan::Delete(BroadcastId::new("7")));
}

#[test]
fn an_object_without_an_account_goes_where_nothing_was_made() {
    let trouble = Outcome::waiting(Reason::AccountNotReady, "no key");
    let mut case = Case::new().leaving();
    case.known.account = Err(trouble.clone());
    assert_eq!(case.plan(), Plan::Finish(vec![]));
    case.known.finalizer = true;
    assert_eq!(reason(&case.plan()), Reason::DeletionBlocked);
    case.known.recorded = Some(BroadcastId::new("7"));
    assert_eq!(reason(&case.plan()), Reason::DeletionBlocked);
    case.known.deletion = Some(DeletionPolicy::Retain);
    assert_eq!(case.plan(), Plan::Finish(vec![]));
}

#[test]
fn an_object_with_an_unknown_creation_goes_when_that_is_proved_or_it_is_let_go() {
    let mut case = Case::new().sent(SentResult::Unknown).leaving();
    assert_eq!(reason(&case.plan()), Reason::DeletionBlocked);
    case.known.deletion = Some(DeletionPolicy::Retain);
    assert_eq!(case.plan(), Plan::Finish(vec![]));
    case.known.deletion = None;
    case.provider().creation.walked = true;
    assert_eq!(case.plan(), Plan::Finish(vec![]));
    case.see(&broadcast("7", MARK), |_| {});
    assert_eq!(case.plan(), Plan::Delete(BroadcastId::new("7")));
}

#[test]
fn a_refusal_holds_until_the_spec_changes() {
    let refused = SentResult::Refused {
        error: ProviderError::Refused {
            status: 422,
            message: String::new(),
        },
        active: false,
    };
    let mut case = Case::new().sent(refused);
    assert_eq!(creation(case.plan()).attempt, 2);
    case.shut(None);
    assert_eq!(case.plan(), Plan::Rest(case.gated()));
    case.known.generation = 2;
    assert_eq!(creation(case.plan()).attempt, 2);
}

#[test]
fn what_did_not_work_does_not_hold_up_what_viewers_see() {
    use BroadcastState::{Live, Paused};
    let refused = BroadcastSettings {
        ad_id: Some(9),
        ..BroadcastSettings::default()
    };
    for (shown, live, silent, state) in [
        (Live, true, None, None),
        (Live, false, Some(11), Some(Paused)),
        (Paused, false, Some(60), None),
        (Paused, true, None, Some(Live)),
    ] {
        let mut case = Case::interruption(shown, Some(live), silent);
        case.want().settings.ad_id = Some(9);
        case.shut(Some(refused.clone()));
        match state {
            Some(state) => {
                let expected = BroadcastSettings {
                    state: Some(state),
                    ..BroadcastSettings::default()
                };
                assert_eq!(changed(case.plan()), expected, "{shown:?}");
            }
            None => assert_eq!(case.plan(), Plan::Rest(case.gated()), "{shown:?}"),
        }
        // Something else is tried whole.
        case.want().settings.ad_id = Some(10);
        assert_eq!(changed(case.plan()).ad_id, Some(10));
    }
    // A state that does not work is not tried again either.
    let mut case = Case::interruption(Live, Some(false), Some(11));
    case.shut(Some(in_state(Paused).settings));
    assert_eq!(case.plan(), Plan::Rest(case.gated()));
}

#[test]
fn what_was_known_before_the_lists_are_walked_is_not_believed() {
    let mut case = Case::holding(&broadcast("7", "Keynote"));
    let now = case.now.mono;
    case.provider().walked = false;
    let first = Plan::AwaitWalk(now, Outcome::Quiet);
    assert_eq!(case.plan(), first);
    case.known.adopts = Some(BroadcastId::new("7"));
    case.want().settings.state = Some(BroadcastState::Finished);
    assert_eq!(case.plan(), first);
    // But for what this process has just made.
    let made = case.sent(SentResult::Made(BroadcastId::new("7")));
    assert!(matches!(made.plan(), Plan::Update { .. }));
}

#[test]
fn before_the_pause_each_stream_is_asked_once_more() {
    use BroadcastState::{Live, Paused};
    let mut case = Case::interruption(Live, Some(false), Some(10));
    let (now, second) = (case.now.mono, Duration::from_secs(1));
    let ids = ["1", "2", "3"].map(StreamId::new);
    case.want().settings.streams = Some(ids.to_vec());
    case.provider().streams = ids
        .iter()
        .map(|id| Shown {
            id: id.clone(),
            live: Some(false),
            off: false,
            told: now.checked_sub(second),
        })
        .collect();
    assert_eq!(case.plan(), Plan::ReadStream(ids[0].clone()));
    case.provider().streams[0].told = Some(now);
    // What is switched off cannot be live.
    case.provider().streams[1].off = true;
    assert_eq!(case.plan(), Plan::ReadStream(ids[2].clone()));
    case.provider().streams[2].told = Some(now);
    assert_eq!(changed(case.plan()).state, Some(Paused));
    case.provider().streams[0].told = None;
    case.provider().streams[1].live = Some(true);
    assert_eq!(changed(case.plan()).state, None);
}

#[test]
fn a_deletion_says_why_the_list_that_it_needs_does_not_come() {
    let mut case = Case::holding(&broadcast("7", "Keynote")).leaving();
    case.provider().walked = false;
    let began = case.now.mono;
    assert_eq!(case.plan(), Plan::AwaitWalk(began, Outcome::Quiet));
    case.provider().failing = Some("it answers 500".into());
    let plan = case.plan();
    assert_eq!(reason(&plan), Reason::DeletionBlocked);
    let Plan::AwaitWalk(_, outcome) = plan else {
        panic!()
    };
    for words in ["it answers 500", "deletionPolicy: Retain"] {
        assert!(outcome.message().contains(words), "{}", outcome.message());
    }
    case.known.recorded = None;
    case.known.deletion = Some(DeletionPolicy::Retain);
    assert_eq!(case.plan(), Plan::Finish(vec![]));
}

fn any_case() -> impl Strategy<Value = Case> {
    let bits = prop::collection::vec(any::<bool>(), 24);
    let name = prop_oneof![Just(MARK), Just("Keynote"), Just("other")];
    (bits, name, 0..4i32, 0..200u64).prop_map(|(bits, name, creation, seconds)| {
        let mut case = Case::new();
        let id = BroadcastId::new("7");
        case.known.finalizer = bits[0];
        case.known.leaving = bits[1];
        case.known.leaving_since = bits[1].then_some(case.now.mono);
        case.known.recorded = bits[2].then(|| id.clone());
        case.known.written = bits[2] && bits[3];
        case.known.adopts = bits[4].then(|| id.clone());
        case.known.suspended = bits[5] && bits[16];
        if bits[6] {
            case.see(&broadcast("7", name), |sight| {
                sight.doubtful = bits[7];
                sight.not_found = bits[8].then_some(sight.told.unwrap());
            });
        }
        case.provider().creation.walked = bits[9];
        case.provider().walked = bits[10];
        case.provider().vanished = bits[11] && bits[18];
        if bits[12] {
            case.provider().alike = vec![BroadcastId::new("9")];
            case.provider().candidates = vec![(BroadcastId::new("9"), None)];
        }
        case.known.creation = (creation > 0).then_some(Recorded {
            attempt: creation,
            refused: bits[13],
            age: Duration::from_secs(seconds),
        });
        if bits[14] {
            case = case.sent(SentResult::Unknown);
        }
        if bits[9] != bits[10] {
            case.provider().first = None;
        }
        if bits[15] {
            case.want().settings.state = Some(BroadcastState::Finished);
        }
        if bits[16] && bits[17] {
            case.known.elsewhere = bits[4].then(|| Elsewhere {
                other: "ns/other".into(),
                created: bits[18],
                unsure: bits[19],
            });
        }
        if bits[20] && bits[21] {
            case.want().settings.ad_id = Some(9);
            let failed = BroadcastSettings {
                ad_id: Some(9),
                state: bits[19].then_some(BroadcastState::Finished),
                ..BroadcastSettings::default()
            };
            case.shut(bits[18].then_some(failed));
        }
        // Its absence was proved, and the one that replaces it was asked for.
        case.memory.lost = (bits[22] && !bits[2]).then(|| id.clone());
        let mut case = case.later(seconds);
        // The walks prove its absence, and a read by id does, or did before.
        let now = case.now.mono;
        for (_, sight, proof) in &mut case.provider().sights {
            proof.walked = bits[23];
            sight.not_found = sight.not_found.map(|old| if bits[17] { now } else { old });
            proof.from += Duration::from_secs(50);
        }
        case
    })
}

/// What the promises are about does happen.
#[test]
fn the_situations_are_of_all_kinds() {
    let mut runner = TestRunner::deterministic();
    let mut replaced = 0;
    let mut beside = 0;
    for _ in 0..20_000 {
        let case = any_case().new_tree(&mut runner).unwrap().current();
        let plan = case.plan();
        beside += usize::from(case.memory.gate.is_some() && plan.update().is_some());
        replaced +=
            usize::from(matches!(plan, Plan::Create(creation) if creation.replaces.is_some()));
    }
    assert!(replaced > 3 && beside > 3, "{replaced} {beside}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// Never a second one, never a change of what is not this object's, whatever is known.
    #[test]
    fn promises(case in any_case()) {
        let plan = case.plan();
        let ours = |id: &BroadcastId| {
            case.known.adopts.as_ref() == Some(id)
                || case.known.recorded.as_ref() == Some(id)
                || case.known.account.as_ref().unwrap().marked.iter().any(|seen| seen.id == *id)
        };
        match &plan {
            Plan::Create(creation) => {
                prop_assert!(!case.known.leaving && !case.known.suspended && case.known.adopts.is_none());
                let provider = case.known.account.as_ref().unwrap();
                prop_assert!(provider.walked);
                let seen = provider.sights.iter().any(|(id, sight, _)| {
                    ours(id) && sight.seen.is_some() && sight.not_found.is_none() && !sight.doubtful
                });
                prop_assert!(!seen, "one is there");
                if let Some(lost) = &creation.replaces {
                    let (sight, proof) = provider.sight(lost);
                    prop_assert!(proof.walked && sight.not_found.is_some_and(|asked| asked >= proof.from), "its absence is not proved");
                    prop_assert!(!provider.vanished);
                }
                prop_assert!(case.memory.gate.is_none(), "it did not work a moment ago");
                let traceless = !case.known.finalizer && case.memory.creation.is_none() && case.known.creation.is_none() && case.known.recorded.is_none();
                let refused = matches!(past(&case.known, &case.memory), Past::Refused { .. });
                prop_assert!(traceless || refused || provider.creation.walked || creation.replaces.is_some());
                prop_assert_eq!(creation.settings.name.as_deref(), Some(MARK));
            }
            Plan::Update { id, difference } => {
                prop_assert!(ours(id) && !case.known.suspended && !case.known.leaving && case.known.elsewhere.is_none());
                prop_assert!(case.known.account.as_ref().unwrap().walked, "it may be as it was a year ago");
                let failed = case.memory.gate.as_ref().map(|gate| gate.want.failed.clone());
                let failed = failed.map(|failed| failed.unwrap_or(difference.settings.clone()));
                let again = failed.is_some_and(|failed| difference.settings.difference(&failed).as_ref() != Some(difference));
                prop_assert!(!again, "it did not work a moment ago");
                let renamed = difference.settings.name.is_some();
                prop_assert!(!renamed || case.known.written || case.known.adopts.is_some(), "renamed before its id was written");
            }
            Plan::Delete(id) => prop_assert!(ours(id) && case.known.leaving && case.known.finalizer && case.known.elsewhere.is_none() && case.memory.gate.is_none()),
            Plan::Rest(_) | Plan::AwaitWalk(..) | Plan::Note(_) | Plan::Read(_) | Plan::ReadStream(_) | Plan::Finish(_) => {}
        }
    }
}

#[test]
fn changes_and_creations_are_told_apart() {
    let creation = Creation {
        attempt: 1,
        settings: BroadcastSettings::default(),
        replaces: None,
    };
    let classes = [
        (Plan::Create(creation), Class::Create),
        (Plan::Read(BroadcastId::new("1")), Class::Change),
        (Plan::ReadStream(StreamId::new("1")), Class::Change),
        (Plan::Delete(BroadcastId::new("1")), Class::Change),
    ];
    for (plan, class) in classes {
        assert_eq!(plan.class(), class, "{plan:?}");
    }
}
