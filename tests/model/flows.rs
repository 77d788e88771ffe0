//! The flows that are explored: what may go wrong in each, how far it goes, and what must be reached.

use super::{Bounds, Bug, Flow, Left, Reached};

/// How far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounded {
    /// As CI does: in about a minute.
    Narrowly,
    /// As a campaign does.
    Widely,
}

/// A reply was lost, or a call was, and each object has its one stream.
const LOST_AND_ONE: Reached = Reached {
    name: "a reply is lost, and there is one stream",
    holds: |model, s| {
        s.left.losses < model.world.bounds.left.losses
            && model.world.missing(s).is_none()
            && !s.streams.is_empty()
    },
};

/// Two processes have called.
const BOTH_ACT: Reached = Reached {
    name: "both operators act",
    holds: |_, s| s.operators.iter().all(|operator| operator.acted),
};

/// A process died after a POST, and another one found what came of it.
const FOUND_AGAIN: Reached = Reached {
    name: "a process dies between a POST and its status, and the object is in step",
    holds: |model, s| s.died_with_a_post && model.world.missing(s).is_none(),
};

/// A creation was sent again after it was proved that nothing came of the first.
const SENT_AGAIN: Reached = Reached {
    name: "a creation that came to nothing is sent again",
    holds: |model, s| {
        let lost = s.left.losses < model.world.bounds.left.losses || s.died_with_a_post;
        let objects = s.objects.iter().flatten();
        let counted = objects.filter(|object| model.world.shop.attempt(object) >= 1);
        lost && counted.count() > 0 && !s.calls.is_empty()
    },
};

/// An object went, and its stream with it.
const WENT: Reached = Reached {
    name: "an object goes, and nothing is left of it",
    holds: |model, s| {
        s.objects.iter().any(Option::is_none)
            && s.next_stream > 1
            && model.world.missing(s).is_none()
    },
};

/// What somebody else deleted is there again.
const REPLACED: Reached = Reached {
    name: "a stream that was deleted outside is replaced",
    holds: |model, s| {
        s.left.outside < model.world.bounds.left.outside
            && s.next_stream > 2
            && model.world.missing(s).is_none()
    },
};

/// The stream of an object that was torn away is held by the next of its name.
const CLAIMED: Reached = Reached {
    name: "a stream is claimed by the next object of its name",
    holds: |model, s| {
        s.left.strips < model.world.bounds.left.strips && s.next_stream == 2 && {
            let mut objects = s.objects.iter().flatten();
            objects.any(|object| s.marked(object.uid).next().is_some())
                && model.world.missing(s).is_none()
        }
    },
};

const NOTHING: Left = Left {
    crashes: 0,
    losses: 0,
    refusals: 0,
    doubles: 0,
    edits: 0,
    deletions: 0,
    creations: 0,
    outside: 0,
    lags: 0,
    polls: 0,
    strips: 0,
};

const ONE: Bounds = Bounds {
    operators: 1,
    objects: 1,
    ticks: 4,
    left: NOTHING,
    retain: false,
    slow: false,
};

const TWO: Bounds = Bounds {
    operators: 2,
    ticks: 3,
    ..ONE
};

/// All flows.
pub fn all(how: Bounded) -> Vec<Flow> {
    let wide = u8::from(how == Bounded::Widely);
    let ticks = |bounds: Bounds, left: Left| Bounds {
        ticks: bounds.ticks + wide,
        left,
        ..bounds
    };
    let mut flows = vec![
        Flow {
            name: "a creation by one operator, that dies and whose replies are lost",
            bounds: Bounds {
                slow: how == Bounded::Widely,
                ..ticks(
                    ONE,
                    Left {
                        crashes: 1,
                        losses: 1,
                        lags: 1,
                        ..NOTHING
                    },
                )
            },
            reached: &[LOST_AND_ONE, FOUND_AGAIN, SENT_AGAIN],
        },
        Flow {
            name: "a creation by two operators at once",
            bounds: ticks(
                TWO,
                Left {
                    losses: 1,
                    ..NOTHING
                },
            ),
            reached: &[LOST_AND_ONE, BOTH_ACT],
        },
        Flow {
            name: "a creation by two operators at once, of which one dies",
            bounds: ticks(
                TWO,
                Left {
                    crashes: 1,
                    ..NOTHING
                },
            ),
            reached: &[FOUND_AGAIN, BOTH_ACT],
        },
        Flow {
            name: "two objects and two operators",
            bounds: Bounds {
                objects: 2,
                ticks: 1 + wide,
                ..ticks(
                    TWO,
                    Left {
                        losses: wide,
                        ..NOTHING
                    },
                )
            },
            reached: &[BOTH_ACT],
        },
        Flow {
            name: "a deletion at any moment",
            bounds: ticks(
                Bounds { ticks: 3, ..ONE },
                Left {
                    losses: 1,
                    crashes: wide,
                    lags: 1,
                    deletions: 1,
                    ..NOTHING
                },
            ),
            reached: &[LOST_AND_ONE, WENT],
        },
        Flow {
            name: "a deletion that retains, with changes that come twice",
            bounds: Bounds {
                retain: true,
                ..ticks(
                    Bounds { ticks: 3, ..ONE },
                    Left {
                        losses: 1,
                        doubles: 1,
                        deletions: 1,
                        ..NOTHING
                    },
                )
            },
            reached: &[LOST_AND_ONE, WENT],
        },
        Flow {
            name: "an edit, with changes that are refused or come twice",
            bounds: ticks(
                Bounds { ticks: 3, ..ONE },
                Left {
                    losses: 1,
                    doubles: 1,
                    refusals: 1,
                    edits: 1,
                    ..NOTHING
                },
            ),
            reached: &[LOST_AND_ONE],
        },
        Flow {
            name: "a stream that somebody else deletes",
            bounds: ticks(
                Bounds { ticks: 5, ..ONE },
                Left {
                    lags: 1,
                    outside: 1,
                    polls: 2,
                    ..NOTHING
                },
            ),
            reached: &[REPLACED],
        },
        Flow {
            name: "an object of the same name after one that was torn away",
            bounds: ticks(
                Bounds { ticks: 3, ..ONE },
                Left {
                    deletions: 1,
                    strips: 1,
                    creations: 1,
                    polls: 1,
                    ..NOTHING
                },
            ),
            reached: &[CLAIMED],
        },
    ];
    if how == Bounded::Widely {
        flows.extend([
            Flow {
                name: "a deletion seen by two operators",
                bounds: Bounds {
                    left: Left {
                        losses: 1,
                        deletions: 1,
                        ..NOTHING
                    },
                    ..TWO
                },
                reached: &[BOTH_ACT, WENT],
            },
            Flow {
                name: "a stream that somebody else deletes, and two operators",
                bounds: Bounds {
                    ticks: 4,
                    left: Left {
                        outside: 1,
                        polls: 2,
                        ..NOTHING
                    },
                    ..TWO
                },
                reached: &[BOTH_ACT],
            },
        ]);
    }
    flows
}

/// The bugs, each with the flow in which it must be found.
pub fn bugs() -> Vec<(Bug, Flow)> {
    let flow = |bounds: Bounds, left: Left| Flow {
        name: "a seeded bug",
        bounds: Bounds { left, ..bounds },
        reached: &[],
    };
    let lost = Left {
        losses: 1,
        ..NOTHING
    };
    vec![
        (Bug::TimeoutIsRefusal, flow(ONE, lost)),
        (Bug::OneWalkProves, flow(ONE, Left { polls: 1, ..lost })),
        (
            Bug::NoFinalizer,
            flow(
                ONE,
                Left {
                    deletions: 1,
                    ..NOTHING
                },
            ),
        ),
        (Bug::ConflictIsIgnored, flow(TWO, NOTHING)),
        (Bug::SettlingIsShort, flow(ONE, Left { lags: 2, ..lost })),
        (
            Bug::TraceIsIgnored,
            flow(
                TWO,
                Left {
                    polls: 2,
                    ..NOTHING
                },
            ),
        ),
    ]
}
