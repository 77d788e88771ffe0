//! What becomes of a state when nothing goes wrong any more: it comes to rest, and at rest the goal holds.

use super::{
    state::{Owned, Stage, State},
    world::{Action, SETTLING, World},
};

/// The most ticks until rest: creations that came to nothing are repeated after longer and longer waits.
const PATIENCE: u8 = 60;

/// For so many ticks nothing changes at rest.
const REST: u8 = SETTLING + 2;

impl World {
    /// Why the goal does not hold once everything has come to rest; `None` where it does.
    pub fn unrest(&self, from: &State) -> Option<String> {
        let mut s = from.clone();
        let mut still = 0;
        for _ in 0..PATIENCE {
            let before = (
                s.objects.clone(),
                s.streams.iter().map(|x| (x.id, x.now)).collect::<Vec<_>>(),
            );
            let sent = self.one_quiet_tick(&mut s);
            let after = (
                s.objects.clone(),
                s.streams.iter().map(|x| (x.id, x.now)).collect::<Vec<_>>(),
            );
            if sent || before != after {
                still = 0;
            } else {
                still += 1;
            }
            if s.broken.is_some() {
                return s.broken.map(str::to_owned);
            }
            // If something is missing, it may still be waited for.
            if still >= REST && self.missing(&s).is_none() {
                return None;
            }
        }
        Some(
            self.missing(&s)
                .unwrap_or_else(|| "it never comes to rest".to_owned()),
        )
    }

    /// Everything that is under way arrives, watches and walks show all, every object gets its pass.
    /// `true`: something was called or sent.
    fn one_quiet_tick(&self, s: &mut State) -> bool {
        let mut sent = self.arrive(s);
        for o in 0..self.bounds.operators {
            if s.operators[usize::from(o)].walk.is_some() {
                self.happen(s, Action::EndWalk(o));
            }
            // Every list is walked from time to time.
            s.left.polls = 1;
            self.happen(
                s,
                Action::BeginWalk {
                    operator: o,
                    late: false,
                },
            );
            if self.bounds.slow {
                self.happen(s, Action::EndWalk(o));
            }
            for j in 0..self.bounds.objects {
                self.happen(
                    s,
                    Action::Pass {
                        operator: o,
                        object: j,
                        stale: false,
                        late: false,
                    },
                );
                sent |= self.arrive(s);
            }
        }
        self.happen(s, Action::Tick);
        sent
    }

    fn arrive(&self, s: &mut State) -> bool {
        let mut sent = false;
        while !s.calls.is_empty() {
            sent = true;
            self.happen(
                s,
                match s.calls[0].stage {
                    Stage::Flying => Action::Apply {
                        call: 0,
                        doubled: false,
                    },
                    Stage::Done { .. } | Stage::Refused => Action::Answer(0),
                },
            );
        }
        for o in 0..self.bounds.operators {
            for j in 0..self.bounds.objects {
                let pass = &s.operators[usize::from(o)].desks[usize::from(j)].pass;
                if pass.as_ref().is_some_and(|pass| pass.ended.is_some()) {
                    self.happen(s, Action::Tell(o, j));
                }
            }
        }
        sent
    }

    /// What is not as the objects say.
    pub fn missing(&self, s: &State) -> Option<String> {
        for object in s.objects.iter().flatten() {
            if object.deleting {
                return Some(format!("object {} is still being deleted", object.uid));
            }
            let streams: Vec<_> = s.marked(object.uid).collect();
            let [stream] = streams[..] else {
                return Some(format!(
                    "object {} has {} streams",
                    object.uid,
                    streams.len()
                ));
            };
            if stream.now.name != object.name {
                return Some(format!(
                    "the stream of object {} is not as it says",
                    object.uid
                ));
            }
            if !self.shop.is_ready(object, stream.id) {
                return Some(format!("object {} is not ready", object.uid));
            }
        }
        let lost = s
            .streams
            .iter()
            .filter(|stream| !stream.gone)
            .find(|stream| match stream.now.mark {
                Owned::By { uid, .. } => {
                    !s.objects.iter().flatten().any(|object| object.uid == uid)
                }
                Owned::Released { .. } => !self.shop.retains(),
            });
        // Nobody may touch what a human left behind, until an object of its name claims it.
        let stripped = s.left.strips < self.bounds.left.strips;
        lost.filter(|_| !stripped)
            .map(|stream| format!("stream {} is left behind", stream.id))
    }
}
