//! What can happen next, and what comes of it.

use livestream_operator::livestream::{memory::Memory, plan::Plan};

use super::{
    bug::Bug,
    kept::Number,
    operator::{Begun, Closed, Shop, Sight, Told, asked, number},
    state::{
        Call, Desk, Ended, Face, Left, Object, Operator, Owned, Pass, Stage, State, Stream, Walk,
        What,
    },
};

/// How many ticks after it was decided on a call may be carried out, at the latest.
pub const FLIGHT: u8 = 1;

/// How many ticks lists and reads may lag behind.
pub const LAG: u8 = 1;

/// The settling time, in ticks: just enough for a call that is carried out late and shown late.
pub const SETTLING: u8 = FLIGHT + LAG;

/// Nobody waits for the answer.
const NOBODY: u8 = u8::MAX;

/// A world, and how far it goes.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub operators: u8,
    pub objects: u8,
    /// How long it lasts.
    pub ticks: u8,
    /// What may go wrong or be done.
    pub left: Left,
    /// `deletionPolicy: Retain`.
    pub retain: bool,
    /// Walks take time, and so does the end of a pass: other things happen meanwhile.
    pub slow: bool,
}

/// A world.
pub struct World {
    pub bounds: Bounds,
    pub shop: Shop,
}

/// Something that happens. Numbers are places in the state's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Time goes on.
    Tick,
    /// An operator makes a pass over an object, up to its changing call. Its watch may be `stale`, and
    /// what it reads at the provider `late`.
    Pass {
        operator: u8,
        object: u8,
        stale: bool,
        late: bool,
    },
    /// A call is carried out; where it is doubled, it will be so once more.
    Apply { call: u8, doubled: bool },
    /// A call is refused for certain.
    Refuse(u8),
    /// The answer arrives.
    Answer(u8),
    /// The connection is cut; the call may be carried out all the same.
    Cut(u8),
    /// The call never arrives, and its sender learns nothing.
    Lose(u8),
    /// An operator ends a pass after its call: looks again, judges, writes the status.
    Tell(u8, u8),
    /// A process dies, and another one begins in its place.
    Crash(u8),
    /// A walk of the list begins; it may show what was a moment ago.
    BeginWalk { operator: u8, late: bool },
    /// A walk ends.
    EndWalk(u8),
    /// A spec is changed.
    Edit(u8),
    /// An object's deletion is asked for.
    Delete(u8),
    /// An object is made.
    Create(u8),
    /// Somebody takes the finalizer off.
    Strip(u8),
    /// Somebody else deletes a stream.
    Outside(u8),
}

impl World {
    pub fn new(bounds: Bounds, bug: Option<Bug>) -> Self {
        let settling = if bug == Some(Bug::SettlingIsShort) {
            SETTLING - 1
        } else {
            SETTLING
        };
        Self {
            bounds,
            shop: Shop::new(settling, bounds.retain, bug),
        }
    }

    pub fn begin(&self) -> State {
        let objects: Vec<_> = (0..self.bounds.objects)
            .map(|slot| Some(self.new_object(slot)))
            .collect();
        let desk = |object: &Option<Object>| Desk {
            cached: object.clone(),
            memory: self.shop.keep_memory(Memory::default()),
            pass: None,
        };
        let operator = Operator {
            began: 0,
            // The operators have run for a while: the list was walked, and is empty.
            mirror: self
                .shop
                .walked((self.shop.new_mirror(0), 0, Vec::new(), Vec::new())),
            desks: objects.iter().map(desk).collect(),
            walk: None,
            walk_from: None,
            acted: false,
        };
        State {
            tick: 0,
            next_uid: self.bounds.objects,
            objects,
            streams: Vec::new(),
            next_stream: 1,
            calls: Vec::new(),
            operators: vec![operator; self.bounds.operators.into()],
            left: self.bounds.left,
            broken: None,
            died_with_a_post: false,
        }
    }

    fn new_object(&self, uid: u8) -> Object {
        Object {
            uid,
            version: 1,
            generation: 1,
            name: 0,
            finalizer: false,
            deleting: false,
            status: self.shop.no_status(),
        }
    }

    /// All that can happen next.
    pub fn possible(&self, s: &State, actions: &mut Vec<Action>) {
        if s.broken.is_some() {
            return;
        }
        let late = [false, s.left.lags > 0];
        let late = || {
            late.into_iter()
                .enumerate()
                .filter(|(i, may)| *i == 0 || *may)
                .map(|(i, _)| i == 1)
        };
        for (i, call) in (0..).zip(&s.calls) {
            match call.stage {
                Stage::Flying => {
                    actions.push(Action::Apply {
                        call: i,
                        doubled: false,
                    });
                    if s.left.doubles > 0 && call.heard && !matches!(call.what, What::Create { .. })
                    {
                        actions.push(Action::Apply {
                            call: i,
                            doubled: true,
                        });
                    }
                    if call.heard && s.left.refusals > 0 {
                        actions.push(Action::Refuse(i));
                    }
                    if !call.heard || s.left.losses > 0 {
                        actions.push(Action::Lose(i));
                    }
                }
                Stage::Done { .. } | Stage::Refused => actions.push(Action::Answer(i)),
            }
            if call.heard && s.left.losses > 0 && call.stage != Stage::Refused {
                actions.push(Action::Cut(i));
            }
        }
        for (o, operator) in (0..).zip(&s.operators) {
            for (j, desk) in (0..).zip(&operator.desks) {
                match &desk.pass {
                    Some(pass) if pass.ended.is_some() => actions.push(Action::Tell(o, j)),
                    Some(_) => {}
                    None => {
                        let differs = desk.cached != s.objects[usize::from(j)];
                        let stale = [false].into_iter().chain(differs.then_some(true));
                        for (stale, late) in stale.flat_map(|stale| late().map(move |l| (stale, l)))
                        {
                            actions.push(Action::Pass {
                                operator: o,
                                object: j,
                                stale,
                                late,
                            });
                        }
                    }
                }
            }
            if operator.walk.is_some() {
                actions.push(Action::EndWalk(o));
            } else if operator.walk_from.is_some_and(|from| from <= s.tick) || s.left.polls > 0 {
                for late in late() {
                    actions.push(Action::BeginWalk { operator: o, late });
                }
            }
            if s.left.crashes > 0 {
                actions.push(Action::Crash(o));
            }
        }
        for (j, object) in (0..).zip(&s.objects) {
            match object {
                Some(object) if !object.deleting => {
                    if s.left.edits > 0 {
                        actions.push(Action::Edit(j));
                    }
                    if s.left.deletions > 0 {
                        actions.push(Action::Delete(j));
                    }
                }
                Some(_) if s.left.strips > 0 => actions.push(Action::Strip(j)),
                None if s.left.creations > 0 => actions.push(Action::Create(j)),
                Some(_) | None => {}
            }
        }
        if s.left.outside > 0 {
            let there = (0..).zip(&s.streams).filter(|(_, stream)| !stream.gone);
            actions.extend(there.map(|(i, _)| Action::Outside(i)));
        }
        let due = |call: &Call| call.sent + FLIGHT <= s.tick;
        if s.tick < self.bounds.ticks && !s.calls.iter().any(due) {
            actions.push(Action::Tick);
        }
    }

    /// What comes of it; `None` where nothing does.
    pub fn after(&self, before: &State, action: Action) -> Option<State> {
        let mut s = before.clone();
        self.happen(&mut s, action);
        self.judge(&mut s);
        s.in_order();
        (s != *before).then_some(s)
    }

    pub fn happen(&self, s: &mut State, action: Action) {
        match action {
            Action::Tick => s.pass_time(),
            Action::Pass {
                operator,
                object,
                stale,
                late,
            } => {
                if !stale {
                    self.sync(s, operator, object);
                }
                self.pass(s, operator, object, late);
            }
            Action::Apply { call, doubled } => s.apply(call, doubled),
            Action::Refuse(i) => {
                s.left.refusals -= 1;
                s.calls[usize::from(i)].stage = Stage::Refused;
            }
            Action::Answer(i) => self.answer(s, i),
            Action::Cut(i) => {
                s.left.losses -= 1;
                self.end_call(s, i, Ended::Unknown, None);
                let call = &mut s.calls[usize::from(i)];
                if call.stage == Stage::Flying {
                    call.heard = false;
                    call.operator = NOBODY;
                } else {
                    s.calls.remove(i.into());
                }
            }
            Action::Lose(i) => {
                if s.calls[usize::from(i)].heard {
                    s.left.losses -= 1;
                    self.end_call(s, i, Ended::Unknown, None);
                }
                s.calls.remove(i.into());
            }
            Action::Tell(o, j) => self.tell(s, o, j),
            Action::Crash(o) => self.crash(s, o),
            Action::BeginWalk { operator, late } => {
                s.left.lags -= u8::from(late);
                let place = &mut s.operators[usize::from(operator)].walk_from;
                if place.is_some_and(|from| from <= s.tick) {
                    *place = None;
                } else {
                    s.left.polls -= 1;
                }
                let shown = s
                    .streams
                    .iter()
                    .filter_map(|stream| Some((stream.id, stream.shown(late)?)));
                let walk = Walk {
                    began: s.tick,
                    shown: shown.collect(),
                };
                s.operators[usize::from(operator)].walk = Some(walk);
                if !self.bounds.slow {
                    self.end_walk(s, operator);
                }
            }
            Action::EndWalk(o) => self.end_walk(s, o),
            Action::Edit(j) => {
                s.left.edits -= 1;
                if let Some(object) = &mut s.objects[usize::from(j)] {
                    object.name += 1;
                    object.generation += 1;
                    object.version += 1;
                }
            }
            Action::Delete(j) => {
                s.left.deletions -= 1;
                let place = &mut s.objects[usize::from(j)];
                match place {
                    Some(object) if object.finalizer => {
                        object.deleting = true;
                        object.generation += 1;
                        object.version += 1;
                    }
                    _ => *place = None,
                }
            }
            Action::Create(j) => {
                s.left.creations -= 1;
                s.objects[usize::from(j)] = Some(self.new_object(s.next_uid));
                s.next_uid += 1;
            }
            Action::Strip(j) => {
                s.left.strips -= 1;
                s.objects[usize::from(j)] = None;
            }
            Action::Outside(i) => {
                s.left.outside -= 1;
                let tick = s.tick;
                s.streams[usize::from(i)].change(tick, None);
            }
        }
    }

    /// The rules that hold at every moment.
    fn judge(&self, s: &mut State) {
        let there = |uid: u8| s.objects.iter().flatten().any(|object| object.uid == uid);
        // What a human stripped of its finalizer left its stream behind.
        let stripped = s.left.strips < self.bounds.left.strips;
        let broken = (0..s.next_uid).find_map(|uid| match s.marked(uid).count() {
            0 => None,
            1 if there(uid) || stripped => None,
            1 => Some("I2: a stream of an object that is gone"),
            _ => Some("I1: two streams for one uid"),
        });
        s.broken = s.broken.or(broken);
    }

    fn sync(&self, s: &mut State, o: u8, j: u8) {
        let now = s.objects[usize::from(j)].clone();
        let desk = s.desk(o, j);
        let uid = |object: &Option<Object>| object.as_ref().map(|object| object.uid);
        if uid(&desk.cached) != uid(&now) {
            desk.memory = self.shop.keep_memory(Memory::default());
        }
        desk.cached = now;
    }

    /// A write with the version that was planned from; what stands then, if the apiserver takes it.
    fn write(
        &self,
        s: &mut State,
        j: u8,
        from: &Object,
        change: impl FnOnce(&mut Object),
    ) -> Option<Object> {
        let place = &mut s.objects[usize::from(j)];
        match place {
            Some(object) if object.uid == from.uid && object.version == from.version => {
                change(object);
                object.version += 1;
                Some(object.clone())
            }
            _ if self.shop.bug == Some(Bug::ConflictIsIgnored) => {
                let mut object = from.clone();
                change(&mut object);
                Some(object)
            }
            _ => None,
        }
    }

    fn sight(s: &mut State, o: u8, j: u8, object: &Object) -> Sight {
        Sight {
            slot: j,
            object: object.clone(),
            memory: s.desk(o, j).memory,
            mirror: s.operators[usize::from(o)].mirror,
            tick: s.tick,
        }
    }

    fn pass(&self, s: &mut State, o: u8, j: u8, late: bool) {
        let Some(mut object) = s.desk(o, j).cached.clone() else {
            return;
        };
        let Begun {
            plan,
            mut memory,
            lacks_finalizer,
        } = self.shop.begin(Self::sight(s, o, j, &object));
        if late && !matches!(*plan, Plan::Read(_)) {
            return;
        }
        s.desk(o, j).memory = memory;
        if lacks_finalizer
            && let Some(written) = self.write(s, j, &object, |object| object.finalizer = true)
        {
            object = written;
        }
        let Some(what) = asked(&plan) else {
            if let Plan::Read(id) = &*plan {
                let of = number(id);
                let stream = s.streams.iter().find(|stream| stream.id == of);
                let shown = stream.and_then(|stream| stream.shown(late));
                s.left.lags -= u8::from(late);
                let tick = s.tick;
                let operator = &mut s.operators[usize::from(o)];
                operator.mirror = self.shop.read(operator.mirror, id, shown, tick);
            }
            self.close(
                s,
                o,
                j,
                &object,
                self.shop.keep_plan((*plan).clone()),
                Ended::Well,
            );
            return;
        };
        // The finalizer stands before the first changing call of any kind; what is deleted has it.
        let needs_finalizer = !matches!(what, What::Delete { .. } | What::Release { .. });
        let bare = !object.finalizer;
        if needs_finalizer && bare && self.shop.bug != Some(Bug::NoFinalizer) {
            match self.write(s, j, &object, |object| object.finalizer = true) {
                Some(written) => object = written,
                None => return,
            }
        }
        let there = s.objects[usize::from(j)].as_ref().map(|there| there.uid);
        if matches!(*plan, Plan::Claim(_)) && there != Some(object.uid) {
            return;
        }
        if let Plan::Create(creation) = &*plan {
            let first = bare && creation.attempt == 1 && creation.replaces.is_none();
            if !first {
                let counted = self.shop.counted(&object, creation, s.tick);
                match self.write(s, j, &object, |object| object.status = counted) {
                    Some(written) => object = written,
                    None => return,
                }
            }
            if let Some(lost) = &creation.replaces {
                let operator = &mut s.operators[usize::from(o)];
                operator.mirror = self.shop.forget(operator.mirror, lost);
            }
            memory = self.shop.sending(memory, creation, s.tick);
        }
        let uid = object.uid;
        let plan = self.shop.keep_plan((*plan).clone());
        let desk = s.desk(o, j);
        desk.memory = memory;
        desk.pass = Some(Pass {
            object,
            plan,
            ended: None,
        });
        s.send(Call {
            operator: o,
            slot: j,
            uid,
            sent: s.tick,
            what,
            stage: Stage::Flying,
            heard: true,
        });
    }

    /// The sender learns how its call ended.
    fn end_call(&self, s: &mut State, i: u8, ended: Ended, shown: Option<(u8, Face)>) {
        let call = s.calls[usize::from(i)].clone();
        let (o, tick) = (usize::from(call.operator), s.tick);
        let mirror = s.operators[o].mirror;
        let desk = s.desk(call.operator, call.slot);
        let lesson = (call.what, ended, shown);
        let (memory, mirror) = self.shop.learn(desk.memory, mirror, lesson, tick);
        desk.memory = memory;
        if let Some(pass) = &mut desk.pass {
            pass.ended = Some(ended);
        }
        let operator = &mut s.operators[o];
        operator.mirror = mirror;
        if matches!((call.what, ended), (What::Create { .. }, Ended::Unknown)) {
            operator.walk_from = Some(tick);
        }
        if !self.bounds.slow {
            self.tell(s, call.operator, call.slot);
        }
    }

    fn answer(&self, s: &mut State, i: u8) {
        match s.calls[usize::from(i)].stage {
            Stage::Done { shown } => self.end_call(s, i, Ended::Well, shown),
            Stage::Refused => self.end_call(s, i, Ended::Refused, None),
            Stage::Flying => return,
        }
        s.calls.remove(i.into());
    }

    fn tell(&self, s: &mut State, o: u8, j: u8) {
        let Some(pass) = s.desk(o, j).pass.take() else {
            return;
        };
        let ended = pass.ended.unwrap_or(Ended::Unknown);
        self.close(s, o, j, &pass.object, pass.plan, ended);
    }

    /// The end of a pass: look again, and finish, or judge and write the status.
    fn close(&self, s: &mut State, o: u8, j: u8, object: &Object, plan: Number, ended: Ended) {
        let Closed {
            memory,
            told,
            made,
            walk_from,
        } = self.shop.close(Self::sight(s, o, j, object), plan, ended);
        s.desk(o, j).memory = memory;
        let place = &mut s.operators[usize::from(o)].walk_from;
        *place = [*place, walk_from].into_iter().flatten().min();
        match told {
            Told::Same => {}
            Told::Finished => {
                let place = &mut s.objects[usize::from(j)];
                let there = place.as_mut();
                if let Some(there) = there.filter(|t| t.uid == object.uid && t.finalizer) {
                    there.finalizer = false;
                    there.version += 1;
                    if there.deleting {
                        *place = None;
                    }
                }
            }
            Told::Changed(status) => {
                let written = self.write(s, j, object, |object| object.status = status);
                let gone = written.is_none() && s.objects[usize::from(j)].is_none();
                // The object is gone, and what this process created for it goes too;
                // nothing is remembered of it any more.
                if gone {
                    s.desk(o, j).memory = self.shop.keep_memory(Memory::default());
                }
                if let Some(id) = made.filter(|_| gone && !self.shop.retains()) {
                    s.send(Call {
                        operator: NOBODY,
                        slot: j,
                        uid: object.uid,
                        sent: s.tick,
                        what: What::Delete { id },
                        stage: Stage::Flying,
                        heard: false,
                    });
                }
            }
        }
    }

    fn crash(&self, s: &mut State, o: u8) {
        s.left.crashes -= 1;
        for call in s.calls.iter_mut().filter(|call| call.operator == o) {
            call.operator = NOBODY;
            call.heard = false;
        }
        s.calls
            .retain(|call| call.heard || call.stage == Stage::Flying);
        let (tick, fresh) = (s.tick, self.shop.keep_memory(Memory::default()));
        let operator = &mut s.operators[usize::from(o)];
        for desk in &mut operator.desks {
            let pass = desk.pass.take();
            let plan = pass.map(|pass| self.shop.plans.value(pass.plan));
            s.died_with_a_post |= plan.is_some_and(|plan| matches!(*plan, Plan::Create(_)));
            desk.memory = fresh;
        }
        operator.began = tick;
        operator.walk = None;
        // After a start, one walk tells all.
        operator.walk_from = Some(tick);
        operator.mirror = self.shop.new_mirror(tick);
    }

    fn end_walk(&self, s: &mut State, o: u8) {
        let operator = &mut s.operators[usize::from(o)];
        let Some(walk) = operator.walk.take() else {
            return;
        };
        let cached = operator
            .desks
            .iter()
            .filter_map(|desk| desk.cached.as_ref());
        let held: Vec<_> = cached.filter_map(|object| self.shop.held(object)).collect();
        let walked = (operator.mirror, walk.began, walk.shown, held);
        operator.mirror = self.shop.walked(walked);
    }
}

impl State {
    fn desk(&mut self, o: u8, j: u8) -> &mut Desk {
        &mut self.operators[usize::from(o)].desks[usize::from(j)]
    }

    fn pass_time(&mut self) {
        self.tick += 1;
        for stream in &mut self.streams {
            let before = stream.before.take();
            stream.before = before.filter(|(at, _)| at + LAG > self.tick);
        }
        self.streams
            .retain(|stream| !stream.gone || stream.before.is_some());
    }

    /// The stream with this id, while it is there.
    pub fn stream(&self, id: u8) -> Option<&Stream> {
        self.streams
            .iter()
            .find(|stream| stream.id == id && !stream.gone)
    }

    /// The streams that carry the mark of this uid.
    pub fn marked(&self, uid: u8) -> impl Iterator<Item = &Stream> {
        let ours = move |stream: &&Stream| matches!(stream.now.mark, Owned::By { uid: of, .. } if of == uid);
        self.streams
            .iter()
            .filter(|stream| !stream.gone)
            .filter(ours)
    }

    fn send(&mut self, call: Call) {
        let slot = call.slot;
        let one_of_ours = |uid: u8| {
            self.objects[usize::from(slot)]
                .as_ref()
                .is_some_and(|there| there.uid == uid)
        };
        let rule = match call.what {
            What::Create { .. } => {
                let unknown = |other: &Call| {
                    other.uid == call.uid
                        && other.stage == Stage::Flying
                        && matches!(other.what, What::Create { .. })
                };
                (self.calls.iter().any(unknown) || self.marked(call.uid).next().is_some())
                    .then_some("I1: a POST while an earlier one may be carried out, or was")
            }
            What::Update { id, .. } | What::Release { id } | What::Delete { id } => self
                .stream(id)
                .filter(|stream| stream.now.mark.uid() != call.uid)
                .map(|_| "I3: a change of what carries another mark"),
            What::Claim { id } => self.stream(id).and_then(|stream| match stream.now.mark {
                // Its object is gone, and ours has its name.
                Owned::By { slot: of, uid }
                    if of == slot && (uid == call.uid || !one_of_ours(uid)) =>
                {
                    None
                }
                Owned::By { .. } | Owned::Released { .. } => {
                    Some("I3: a claim of what has an owner")
                }
            }),
        };
        self.broken = self.broken.or(rule);
        if let Some(operator) = self.operators.get_mut(usize::from(call.operator)) {
            operator.acted = true;
        }
        self.calls.push(call);
    }

    fn apply(&mut self, i: u8, doubled: bool) {
        let tick = self.tick;
        let call = self.calls[usize::from(i)].clone();
        let (slot, uid) = (call.slot, call.uid);
        let shown = match call.what {
            What::Create { name } => {
                let (id, now) = (
                    self.next_stream,
                    Face {
                        mark: Owned::By { slot, uid },
                        name,
                    },
                );
                self.next_stream += 1;
                self.streams.push(Stream {
                    id,
                    now,
                    before: Some((tick, None)),
                    gone: false,
                });
                Some((id, now))
            }
            What::Update { id, .. }
            | What::Claim { id }
            | What::Release { id }
            | What::Delete { id } => {
                let stream = self
                    .streams
                    .iter_mut()
                    .find(|stream| stream.id == id && !stream.gone);
                stream.and_then(|stream| {
                    let now = match call.what {
                        What::Update { name, .. } => Some(Face { name, ..stream.now }),
                        What::Claim { .. } => Some(Face {
                            mark: Owned::By { slot, uid },
                            ..stream.now
                        }),
                        What::Release { .. } => Some(Face {
                            mark: Owned::Released { slot, uid },
                            ..stream.now
                        }),
                        What::Create { .. } | What::Delete { .. } => None,
                    };
                    stream.change(tick, now);
                    Some((id, now?))
                })
            }
        };
        let kept = &mut self.calls[usize::from(i)];
        kept.stage = Stage::Done { shown };
        if !call.heard {
            self.calls.remove(i.into());
        }
        if doubled {
            self.left.doubles -= 1;
            self.calls.push(Call {
                operator: NOBODY,
                heard: false,
                stage: Stage::Flying,
                ..call
            });
        }
    }

    /// Operators are alike: which is which does not tell states apart. Nor does the order of calls.
    fn in_order(&mut self) {
        let mut order: Vec<usize> = (0..self.operators.len()).collect();
        order.sort_by(|a, b| self.operators[*a].cmp(&self.operators[*b]));
        if order.iter().enumerate().any(|(new, old)| new != *old) {
            let operators = order
                .iter()
                .map(|old| self.operators[*old].clone())
                .collect();
            self.operators = operators;
            for call in &mut self.calls {
                if let Some(new) = order
                    .iter()
                    .position(|old| *old == usize::from(call.operator))
                {
                    call.operator = u8::try_from(new).unwrap();
                }
            }
        }
        self.calls.sort();
    }
}

impl Stream {
    /// It changes; `None`: it goes.
    fn change(&mut self, tick: u8, to: Option<Face>) {
        // Of several changes within one moment lists show the first state or the last.
        let before = (!self.gone).then_some(self.now);
        self.before.get_or_insert((tick, before)).0 = tick;
        match to {
            Some(face) => self.now = face,
            None => self.gone = true,
        }
    }
}
