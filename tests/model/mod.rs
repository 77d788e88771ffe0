//! A model of the operator: the shipped `known`, `plan`, `judge`, `status` and mirror, in a world in which
//! whatever may go wrong does, in every order (see `docs/decisions`).
//!
//! The world is small: a tick is a second to the shipped code, the settling time is two of them. An
//! apiserver with resourceVersions, watches that lag, processes that die at any moment; a provider that
//! carries calls out late, or twice where they may be repeated, whose replies are lost, and whose lists
//! and reads show what was a moment ago. Two operators act at the same time: there is no lease here, so
//! what holds holds with two leaders, too.

mod bug;
mod kept;
mod operator;
mod rest;
mod state;
mod world;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use stateright::{Checker as _, HasDiscoveries, Model, Property};

pub use self::{
    bug::Bug,
    state::{Left, State},
    world::{Action, Bounds, World},
};

/// A world with a name.
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    pub name: &'static str,
    pub bounds: Bounds,
    /// What must be reached in it, or else the model says nothing.
    pub reached: &'static [Reached],
}

/// Something that must happen somewhere.
#[derive(Clone, Copy, Debug)]
pub struct Reached {
    pub name: &'static str,
    pub holds: fn(&Checked, &State) -> bool,
}

/// What a run gave.
#[derive(Clone, Debug)]
pub struct Counts {
    /// States, with those that were met more than once.
    pub states: usize,
    /// Different states.
    pub unique: usize,
    /// The longest story.
    pub depth: usize,
    pub took: Duration,
    /// Rules that were broken, and what was not reached; with the story.
    pub violations: BTreeMap<String, String>,
}

/// A flow as the checker takes it.
pub struct Checked {
    pub world: World,
    flow: Flow,
}

impl Checked {
    /// At its end, with nothing under way.
    fn is_over(&self, s: &State) -> bool {
        s.tick == self.world.bounds.ticks && s.calls.is_empty()
    }
}

impl Model for Checked {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![self.world.begin()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.world.possible(state, actions);
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        self.world.after(last, action)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always("no rule is broken", |_, s: &State| s.broken.is_none()),
            Property::always("at rest the goal holds", |model: &Self, s: &State| {
                !model.is_over(s) || model.world.unrest(s).is_none()
            }),
        ];
        for reached in self.flow.reached {
            properties.push(Property::sometimes(reached.name, reached.holds));
        }
        properties
    }
}

/// A reply was lost, or a call was, and each object has its one stream.
pub const LOST_AND_ONE: Reached = Reached {
    name: "a reply is lost, and there is one stream",
    holds: |model, s| {
        s.left.losses < model.world.bounds.left.losses
            && model.world.missing(s).is_none()
            && !s.streams.is_empty()
    },
};

/// Two processes have called.
pub const BOTH_ACT: Reached = Reached {
    name: "both operators act",
    holds: |_, s| s.operators.iter().all(|operator| operator.acted),
};

/// A process died after a POST, and another one found what came of it.
pub const FOUND_AGAIN: Reached = Reached {
    name: "a process dies between a POST and its status, and the object is in step",
    holds: |model, s| s.died_with_a_post && model.world.missing(s).is_none(),
};

/// A creation was sent again after it was proved that nothing came of the first.
pub const SENT_AGAIN: Reached = Reached {
    name: "a creation that came to nothing is sent again",
    holds: |model, s| {
        let lost = s.left.losses < model.world.bounds.left.losses || s.died_with_a_post;
        let objects = s.objects.iter().flatten();
        let counted = objects.filter(|object| model.world.shop.attempt(object) >= 1);
        lost && counted.count() > 0 && !s.calls.is_empty()
    },
};

/// An object went, and its stream with it.
pub const WENT: Reached = Reached {
    name: "an object goes, and nothing is left of it",
    holds: |model, s| {
        s.objects.iter().any(Option::is_none)
            && s.next_stream > 1
            && model.world.missing(s).is_none()
    },
};

/// What somebody else deleted is there again.
pub const REPLACED: Reached = Reached {
    name: "a stream that was deleted outside is replaced",
    holds: |model, s| {
        s.left.outside < model.world.bounds.left.outside
            && s.next_stream > 2
            && model.world.missing(s).is_none()
    },
};

/// The stream of an object that was torn away is held by the next of its name.
pub const CLAIMED: Reached = Reached {
    name: "a stream is claimed by the next object of its name",
    holds: |model, s| {
        s.left.strips < model.world.bounds.left.strips && s.next_stream == 2 && {
            let mut objects = s.objects.iter().flatten();
            objects.any(|object| s.marked(object.uid).next().is_some())
                && model.world.missing(s).is_none()
        }
    },
};

/// Explores a flow to its end.
pub fn explore(flow: Flow, bug: Option<Bug>, threads: usize) -> Counts {
    let began = Instant::now();
    let model = Checked {
        world: World::new(flow.bounds, bug),
        flow,
    };
    let checker = model.checker().threads(threads);
    let checker = match bug {
        Some(_) => checker.finish_when(HasDiscoveries::AnyFailures),
        None => checker,
    };
    let checker = checker.spawn_bfs().join();
    let mut violations = BTreeMap::new();
    for property in checker.model().properties() {
        let found = checker.discovery(property.name);
        let broken = match property.expectation {
            stateright::Expectation::Always | stateright::Expectation::Eventually => {
                found.is_some()
            }
            stateright::Expectation::Sometimes => found.is_none() && bug.is_none(),
        };
        if broken {
            let story = found.map_or_else(
                || "never".to_owned(),
                |path| {
                    let last = path.last_state().clone();
                    let why = last
                        .broken
                        .map(str::to_owned)
                        .or_else(|| checker.model().world.unrest(&last));
                    let steps: Vec<String> = path
                        .into_actions()
                        .iter()
                        .map(|a| format!("{a:?}"))
                        .collect();
                    format!("{}\n  {}", why.unwrap_or_default(), steps.join("\n  "))
                },
            );
            violations.insert(property.name.to_owned(), story);
        }
    }
    Counts {
        states: checker.state_count(),
        unique: checker.unique_state_count(),
        depth: checker.max_depth(),
        took: began.elapsed(),
        violations,
    }
}
