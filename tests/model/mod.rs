//! A model of the operator: the shipped `known`, `plan`, `judge`, `status` and mirror, in a world in which
//! whatever may go wrong does, in every order.
//!
//! The world is small: a tick is a second to the shipped code, the settling time is two of them. An
//! apiserver with resourceVersions, watches that lag, processes that die at any moment; a provider that
//! carries calls out late, or twice where they may be repeated, whose replies are lost, and whose lists
//! and reads show what was a moment ago. Two operators act at the same time: there is no lease here, so
//! what holds holds with two leaders, too.

mod bug;
mod flows;
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
    flows::{Bounded, all, bugs},
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
    rests: kept::Known<State, bool>,
}

impl Checked {
    /// At its end, with nothing under way.
    fn is_over(&self, s: &State) -> bool {
        s.tick == self.world.bounds.ticks && s.calls.is_empty()
    }

    /// What may still go wrong makes no difference when nothing does.
    fn comes_to_rest(&self, s: &State) -> bool {
        let left = Left {
            strips: s.left.strips,
            ..Left::default()
        };
        let end = State {
            left,
            died_with_a_post: false,
            ..s.clone()
        };
        self.rests.get(end, |end| self.world.unrest(end).is_none())
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
                !model.is_over(s) || model.comes_to_rest(s)
            }),
        ];
        for reached in self.flow.reached {
            properties.push(Property::sometimes(reached.name, reached.holds));
        }
        properties
    }
}

/// Explores a flow to its end.
pub fn explore(flow: Flow, bug: Option<Bug>, threads: usize) -> Counts {
    let began = Instant::now();
    let model = Checked {
        world: World::new(flow.bounds, bug),
        flow,
        rests: kept::Known::default(),
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
