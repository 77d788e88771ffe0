//! What the accounts of one client at one endpoint share: the mirror, the budget, and the walk.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{
    budget::{Budget, Class},
    desk::Desk,
    listed::Listed,
    mirror::{Mirror, News, Walk},
    names::Names,
};
use crate::{
    api::{StreamCounts, WaitingCalls},
    clock,
    election::Fence,
    index::Index,
    object_key::{ObjectKey, Seat},
    provider::{
        BroadcastId, Capabilities, ClientId, Connection, Mark, ObservedBroadcast, ObservedStream,
        Owner, ProviderError, StreamId, Unreadable,
    },
    wake::{Queues, Wakes},
};

/// The most pages of one walk: a list that is longer does not end.
const MOST_PAGES: u32 = 20_000;

/// A walk that nobody waits for takes at most one call of so many.
const SHARE: f64 = 4.0;

/// The same while objects wait for calls of their own.
const SHARE_IN_A_CROWD: f64 = 16.0;

/// How often a walk waits out a 429 at one page before it gives up.
const MOST_PAUSES: u32 = 3;

/// How this process calls providers.
#[derive(Clone, Debug)]
pub struct Calling {
    /// How long a write may take to show in lists.
    pub settling: Duration,
    /// The first wait before a provider that does not answer is tried again.
    pub probe: Duration,
    /// Keeps changes back while another process may lead.
    pub fence: Fence,
}

/// A client of a provider, as all its accounts see it.
#[derive(Debug)]
pub struct Client {
    /// Which one.
    pub id: ClientId,
    /// The streams that it has.
    pub mirror: Mirror,
    /// The broadcasts that it has.
    pub broadcasts: Mirror<ObservedBroadcast>,
    /// What it may call.
    pub budget: Arc<Budget>,
    /// What is read between the walks.
    pub desk: Desk,
    members: Mutex<BTreeMap<ObjectKey, Member>>,
    pub(super) health: Mutex<Health>,
    pub(super) broadcasts_health: Mutex<Health>,
    pub(super) index: Arc<Index>,
    streams: Wakes,
    broadcast_wakes: Wakes,
    accounts: Wakes,
    scope: Scope,
    names: Names,
}

/// Which marks are of objects that we would know of.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Our cluster's id.
    pub cluster: String,
    /// The namespaces that we serve; empty for all.
    pub namespaces: Vec<String>,
}

impl Scope {
    fn covers(&self, owner: &Owner) -> bool {
        self.namespaces.is_empty() || self.namespaces.contains(&owner.namespace)
    }
}

/// An account of the client.
struct Member {
    connection: Connection,
    requests_per_second: u32,
    poll_interval: Duration,
    /// The provider refused its key in a walk.
    refused: bool,
}

impl std::fmt::Debug for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Member").finish_non_exhaustive()
    }
}

/// How the last walks went.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// Why the last walk failed, and how many in a row did.
    pub failing: Option<(ProviderError, u32)>,
    /// When the last whole walk ended.
    pub walked: Option<Instant>,
    /// The counts at its end.
    pub counts: Option<StreamCounts>,
    /// What of it could not be read.
    pub unreadable: Vec<Unreadable>,
    /// The calls that waited at its end.
    pub waiting: Option<WaitingCalls>,
}

impl Client {
    /// A client that nobody has opened yet.
    pub fn new(
        id: ClientId,
        calling: Calling,
        began: Instant,
        scope: Scope,
        index: Arc<Index>,
        queues: Queues,
    ) -> Self {
        let Calling {
            settling,
            probe,
            fence,
        } = calling;
        Self {
            id,
            mirror: Mirror::new(settling, began),
            budget: Arc::new(Budget::new(1, probe, queues.clone(), fence, began)),
            desk: Desk::default(),
            broadcasts: Mirror::new(settling, began),
            members: Mutex::default(),
            health: Mutex::default(),
            broadcasts_health: Mutex::default(),
            index,
            streams: queues.streams,
            broadcast_wakes: queues.broadcasts,
            accounts: queues.accounts,
            scope,
            names: Names::default(),
        }
    }

    /// Adds an account, or changes how it calls.
    pub fn join(
        &self,
        account: ObjectKey,
        connection: Connection,
        requests_per_second: u32,
        poll_interval: Duration,
    ) {
        connection.line.belongs_to(&self.id);
        connection.line.oversee(Arc::<Budget>::clone(&self.budget));
        self.members().insert(
            account,
            Member {
                connection,
                requests_per_second,
                poll_interval,
                refused: false,
            },
        );
        self.share();
        // A walk may be due earlier than it was.
        self.mirror.look_again();
        self.broadcasts.look_again();
    }

    /// Removes an account; `true` if it was the last.
    pub fn leave(&self, account: &ObjectKey) -> bool {
        let empty = {
            let mut members = self.members();
            members.remove(account);
            members.is_empty()
        };
        self.share();
        empty
    }

    /// How the last walks of the streams went.
    pub fn health(&self) -> Health {
        self.health
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// How the last walks of the broadcasts went.
    pub fn broadcasts_health(&self) -> Health {
        self.broadcasts_health
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Wakes those whom news concern.
    pub fn tell(&self, news: &News) {
        for id in &news.ids {
            self.streams.wake_all(self.index.of_stream(id));
            self.tell_who_show(id);
        }
        self.streams.wake_all(self.named(&news.names));
        let waiting = news.waiting.iter();
        self.streams
            .wake_all(waiting.filter(|key| self.index.has(key)).cloned());
    }

    /// The objects here that these names in marks mean.
    fn named(&self, names: &[ObjectKey]) -> Vec<ObjectKey> {
        if names.is_empty() {
            return Vec::new();
        }
        let form = self.capabilities().owner;
        let written = |key: &ObjectKey| {
            let owner = form(&self.owner(key, ""));
            ObjectKey::new(&owner.namespace, &owner.name)
        };
        // Where marks hold names as they are, there is nothing to find out.
        let sample = ObjectKey::new("namespace", "name");
        if written(&sample) == sample {
            let here = names.iter().filter(|key| self.index.has(key));
            return here.cloned().collect();
        }
        self.names.objects(&self.index, written, names)
    }

    /// Wakes those whom news concern, apart from the LiveStream whose pass brought them.
    pub fn tell_others(&self, news: &News, teller: &ObjectKey) {
        for id in &news.ids {
            let others = self.index.of_stream(id).into_iter();
            self.streams.wake_all(others.filter(|key| key != teller));
            self.tell_who_show(id);
        }
    }

    /// Wakes the Broadcasts that show a stream.
    fn tell_who_show(&self, id: &StreamId) {
        let shows = self.index.broadcasts.of_stream(id);
        self.broadcast_wakes.wake_all(shows);
    }

    /// Wakes those whom news of broadcasts concern; what nobody holds concerns all who hold none.
    pub fn tell_broadcasts(&self, news: &News<ObservedBroadcast>) {
        let index = &self.index.broadcasts;
        let mut unheld = !news.names.is_empty();
        for id in &news.ids {
            let holders = index.of_broadcast(id);
            unheld |= holders.is_empty();
            self.broadcast_wakes.wake_all(holders);
        }
        if unheld {
            self.broadcast_wakes.wake_all(index.seekers());
        }
        let waiting = news.waiting.iter();
        self.broadcast_wakes
            .wake_all(waiting.filter(|key| index.entry(key).is_some()).cloned());
    }

    /// Wakes those who hold a stream or show it.
    pub(super) fn tell_of(&self, id: &StreamId) {
        self.streams.wake_all(self.index.of_stream(id));
        self.tell_who_show(id);
    }

    /// Wakes those who hold a broadcast.
    pub(super) fn tell_of_broadcast(&self, id: &BroadcastId) {
        let holders = self.index.broadcasts.of_broadcast(id);
        self.broadcast_wakes.wake_all(holders);
    }

    /// Whether an object here holds a stream.
    pub(super) fn is_held(&self, id: &StreamId) -> bool {
        !self.index.of_stream(id).is_empty()
    }

    /// Whether a broadcast of an object here shows a stream.
    pub(super) fn is_shown(&self, id: &StreamId) -> bool {
        !self.index.broadcasts.of_stream(id).is_empty()
    }

    /// How many calls a second may be made.
    pub(super) fn rate(&self) -> u32 {
        let members = self.members();
        let rates = members.values().map(|member| member.requests_per_second);
        rates.min().unwrap_or(1)
    }

    /// The streams that the objects of this client hold.
    pub fn held(&self) -> Vec<StreamId> {
        let accounts: Vec<ObjectKey> = self.members().keys().cloned().collect();
        accounts
            .iter()
            .flat_map(|account| self.index.held_by(account))
            .collect()
    }

    /// The broadcasts that the objects of this client hold.
    pub fn broadcasts_held(&self) -> Vec<BroadcastId> {
        let accounts: Vec<ObjectKey> = self.members().keys().cloned().collect();
        accounts
            .iter()
            .flat_map(|account| self.index.broadcasts.held_by(account))
            .collect()
    }

    /// Whether an object of this client is a Broadcast, and the provider has broadcasts.
    pub(super) fn has_broadcasts(&self) -> bool {
        self.members().iter().any(|(account, member)| {
            member.connection.broadcasts.is_some() && self.index.broadcasts.any_of_account(account)
        })
    }

    /// What vanished may be created again.
    pub fn excuse(&self) {
        self.mirror.excuse(&self.held());
        self.broadcasts.excuse(&self.broadcasts_held());
    }

    /// Forgets an object that is gone.
    pub fn forget(&self, seat: &Seat) {
        self.budget.forget(seat);
        self.desk.follow(seat.clone(), Vec::new());
    }

    /// Whether the provider refused this account's key in a walk.
    pub fn refused(&self, account: &ObjectKey) -> bool {
        self.members()
            .get(account)
            .is_some_and(|member| member.refused)
    }

    /// The provider accepts this account's key again.
    pub fn accepted(&self, account: &ObjectKey) {
        if let Some(member) = self.members().get_mut(account) {
            member.refused = false;
        }
    }

    /// Whether an account is one of this client's.
    pub fn has(&self, account: &ObjectKey) -> bool {
        self.members().contains_key(account)
    }

    /// Walks the list of streams, at once and then as often as it is due, for ever.
    pub async fn walk_for_ever(&self) {
        self.walk_list::<ObservedStream>().await;
    }

    /// Walks the list of broadcasts likewise, while there is a Broadcast.
    pub async fn walk_broadcasts_for_ever(&self) {
        self.walk_list::<ObservedBroadcast>().await;
    }

    async fn walk_list<T: Listed>(&self) {
        let mirror = T::mirror(self);
        let mut ended: Option<Instant> = None;
        let mut failures = 0;
        loop {
            if !T::wanted(self) {
                (ended, failures) = (None, 0);
                mirror.rest(clock::now().mono);
                *T::health(self)
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) = Health::default();
                // An object that waits demands a walk; others come without one.
                tokio::select! {
                    () = tokio::time::sleep(self.poll_interval()) => {}
                    () = mirror.demanded() => {}
                }
                continue;
            }
            let wait = self
                .due::<T>(ended, failures)
                .saturating_duration_since(clock::now().mono);
            if !wait.is_zero() {
                // While a crowd waits the walk is put off; when it has gone, nobody tells.
                let wait = wait.min(self.poll_interval());
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    () = mirror.demanded() => {}
                }
                continue;
            }
            match self.walk::<T>(clock::now().mono).await {
                Ok(walk) => {
                    failures = 0;
                    self.finish::<T>(walk);
                }
                Err(error) => {
                    failures += 1;
                    mirror.walk_failed();
                    self.fail::<T>(error, failures);
                }
            }
            ended = Some(clock::now().mono);
        }
    }

    /// When the next walk is due.
    fn due<T: Listed>(&self, ended: Option<Instant>, failures: u32) -> Instant {
        let mirror = T::mirror(self);
        let Some(ended) = ended else {
            return mirror.began();
        };
        let interval = self.poll_interval();
        // When the provider is to be tried again, the breaker says.
        if self.budget.unanswered().is_some() {
            return ended;
        }
        if failures > 0 {
            let backoff =
                Duration::from_secs(1).saturating_mul(1 << failures.saturating_sub(1).min(6));
            return ended + backoff.min(interval);
        }
        // All lists together have one share.
        let pages = f64::from(self.mirror.pages() + self.broadcasts.pages());
        let rate = f64::from(self.rate().max(1));
        let share = |share: f64| Duration::from_secs_f64(pages * share / rate);
        let crowd = self.budget.is_crowded();
        let least = share(if crowd { SHARE_IN_A_CROWD } else { SHARE });
        let regular = ended + interval.max(least);
        // What own writes left to settle has time; who waits, and what is on air, has not.
        let urgent = mirror.is_waited_for() || self.desk.is_walked_for();
        let soon = if urgent { share(SHARE) } else { least };
        match mirror.next_demand() {
            // A list that cannot be read proves nothing, however often it is walked.
            Some(demand) if mirror.unreadable().is_empty() => demand.max(ended + soon).min(regular),
            _ => regular,
        }
    }

    /// How often the lists are walked at rest.
    fn poll_interval(&self) -> Duration {
        let members = self.members();
        let intervals = members.values().map(|member| member.poll_interval);
        intervals.min().unwrap_or(Duration::from_mins(1))
    }

    /// Reads the whole list, page by page to the empty one.
    async fn walk<T: Listed>(&self, began: Instant) -> Result<Walk, ProviderError> {
        let mut unreadable = Vec::new();
        let mut seen: HashSet<T::Id> = HashSet::new();
        let mut repeated = 0;
        for page in 1..=MOST_PAGES {
            let (asked, items) = self.page::<T>(page).await?;
            if items.is_empty() {
                return Ok(Walk {
                    began,
                    pages: page,
                    unreadable,
                });
            }
            let before = seen.len();
            for item in items {
                match item {
                    Ok(thing) => {
                        seen.insert(thing.id().clone());
                        unreadable.extend(thing.doubt());
                        T::tell(self, &T::mirror(self).read(asked, thing));
                    }
                    Err(item) => unreadable.push(item),
                }
            }
            repeated = if seen.len() == before {
                repeated + 1
            } else {
                0
            };
            if repeated > 3 {
                return Err(ProviderError::Garbled {
                    what: "the list repeats itself and does not end".to_owned(),
                });
            }
        }
        Err(ProviderError::Garbled {
            what: "the list does not end".to_owned(),
        })
    }

    /// Whose calls those of a walk are: a walk that somebody waits for has the share of those who
    /// wait. That is known to be so for creations, and for what is on air where the walk takes fewer
    /// calls than single reads.
    fn class<T: Listed>(&self) -> Class {
        let mirror = T::mirror(self);
        if mirror.is_waited_for() || !mirror.walked_once() {
            Class::Create
        } else if self.desk.is_walked_for() {
            Class::Live
        } else {
            Class::Walk
        }
    }

    /// Tells the accounts when the provider ceases to answer and when it does again, for ever.
    pub async fn watch_for_ever(&self) {
        loop {
            self.budget.turned().await;
            // Whether it answers again, the walks find out.
            self.mirror.look_again();
            self.broadcasts.look_again();
            self.accounts.wake_all(self.members().keys().cloned());
        }
    }

    /// One page, by whichever account's key works.
    async fn page<T: Listed>(
        &self,
        page: u32,
    ) -> Result<(Instant, Vec<Result<T, Unreadable>>), ProviderError> {
        let mut pauses = 0;
        loop {
            let Some(caller) = self.caller() else {
                return Err(ProviderError::Unauthorized {
                    status: 401,
                    message: "no key works".to_owned(),
                });
            };
            self.budget
                .take_to_probe(self.class::<T>(), clock::now().mono)
                .await;
            // While it waited, the key may have been changed.
            let (account, connection) = self.caller().unwrap_or(caller);
            let asked = clock::now().mono;
            match T::list(&connection, page).await {
                Ok(items) => return Ok((asked, items)),
                Err(ProviderError::RateLimited { retry_after }) if pauses < MOST_PAUSES => {
                    pauses += 1;
                    self.budget.pause(retry_after, clock::now().mono);
                }
                Err(error @ ProviderError::Unauthorized { .. }) => {
                    self.refuse(&account);
                    if self.caller().is_none() {
                        return Err(error);
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The provider refused an account's key. Its driver finds out what is wrong; another account's
    /// key may still work.
    pub(super) fn refuse(&self, account: &ObjectKey) {
        if let Some(member) = self.members().get_mut(account) {
            member.refused = true;
        }
        self.accounts.wake(account.clone());
    }

    /// An account whose key was not refused; where all were, the first is tried again by the next
    /// walk.
    pub(super) fn caller(&self) -> Option<(ObjectKey, Connection)> {
        let members = self.members();
        members
            .iter()
            .find(|(_, m)| !m.refused)
            .map(|(key, m)| (key.clone(), m.connection.clone()))
    }

    fn finish<T: Listed>(&self, walk: Walk) {
        let mirror = T::mirror(self);
        let vanished = mirror.vanished();
        let pages = walk.pages;
        let held = T::held(self);
        T::tell(self, &mirror.walked(walk, &held));
        let counts = T::counts(self);
        // Told with the list of streams, of which there always is one.
        let waiting = counts.map(|_| self.waiting());
        let changed = {
            let mut health = T::health(self)
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let unreadable = mirror.unreadable();
            let changed = health.failing.is_some()
                || health.counts != counts
                || health.waiting != waiting
                || health.unreadable != unreadable;
            *health = Health {
                failing: None,
                walked: Some(clock::now().mono),
                counts,
                unreadable,
                waiting,
            };
            changed
        };
        tracing::debug!(
            client = self.id.as_str(),
            pages,
            "walked the list of {}",
            T::WHAT
        );
        self.desk.look_again();
        if changed || vanished != mirror.vanished() {
            self.accounts.wake_all(self.members().keys().cloned());
        }
    }

    /// The objects that wait now. Our own tasks always have a next call: they say nothing to anybody.
    fn waiting(&self) -> WaitingCalls {
        let mut told = WaitingCalls::default();
        for waiting in self.budget.waiting(clock::now().mono) {
            let count = i64::try_from(waiting.objects).unwrap_or(i64::MAX);
            match waiting.class {
                Class::Live => told.live = count,
                Class::Change => told.changes = count,
                Class::Create => told.creations = count,
                Class::Walk => {}
            }
        }
        told
    }

    fn fail<T: Listed>(&self, error: ProviderError, failures: u32) {
        tracing::debug!(client = self.id.as_str(), %error, failures, list = T::WHAT, "a walk of the list did not reach its end");
        for member in self.members().values_mut() {
            member.refused = false;
        }
        let mut health = T::health(self)
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let changed = health
            .failing
            .as_ref()
            .is_none_or(|(old, n)| *n < 2 || *old != error);
        health.failing = Some((error, failures));
        drop(health);
        self.desk.look_again();
        if changed {
            // Who waits for the walk may have to say why it does not come.
            let waiting = T::mirror(self).waiting();
            T::tell(
                self,
                &News {
                    waiting,
                    ..News::default()
                },
            );
            self.accounts.wake_all(self.members().keys().cloned());
        }
    }

    /// The standing of each stream that the mirror holds.
    pub(super) fn counts(&self) -> StreamCounts {
        let mut counts = StreamCounts::default();
        let owners = OnceCell::new();
        for id in self.mirror.ids() {
            let standing = if self.is_held(&id) {
                Standing::Managed
            } else if let Some(stream) = self.mirror.sight(&id).seen {
                self.standing(&stream, &owners)
            } else {
                continue;
            };
            *match standing {
                Standing::Managed => &mut counts.managed,
                Standing::Unmanaged => &mut counts.unmanaged,
                Standing::Orphaned => &mut counts.orphaned,
                Standing::Duplicated => &mut counts.duplicated,
            } += 1;
        }
        counts
    }

    /// All objects as marks name them, and whether each holds a stream; and how marks name our cluster.
    fn owners(&self) -> Owners {
        let owner = self.capabilities().owner;
        let form = |key: &ObjectKey, uid: &str| owner(&self.owner(key, uid));
        let objects = self.index.all().into_iter().filter_map(|key| {
            let entry = self.index.entry(&key)?;
            let owner = form(&key, &entry.uid);
            let name = ObjectKey::new(&owner.namespace, &owner.name);
            Some((name, (owner.uid, entry.stream.is_some())))
        });
        Owners {
            objects: objects.collect(),
            cluster: form(&ObjectKey::new("", ""), "").cluster,
        }
    }

    /// What the provider can do.
    fn capabilities(&self) -> Capabilities {
        let members = self.members();
        let any = members.values().next();
        any.map(|m| m.connection.capabilities).unwrap_or_default()
    }

    /// The owner that an object of our cluster is.
    fn owner(&self, key: &ObjectKey, uid: &str) -> Owner {
        Owner {
            cluster: self.scope.cluster.clone(),
            namespace: key.namespace.to_string(),
            name: key.name.to_string(),
            uid: uid.to_owned(),
        }
    }

    /// What a stream is that nobody holds.
    fn standing(&self, stream: &ObservedStream, owners: &OnceCell<Owners>) -> Standing {
        match &stream.mark {
            Mark::Owned(owner) => {
                // Few streams come here, and often none does.
                let owners = owners.get_or_init(|| self.owners());
                if owner.cluster != owners.cluster {
                    return Standing::Unmanaged;
                }
                let key = ObjectKey::new(&owner.namespace, &owner.name);
                match owners.objects.get(&key) {
                    // Its status may not have come back to us yet.
                    Some((uid, false)) if *uid == owner.uid => Standing::Managed,
                    Some((uid, true)) if *uid == owner.uid => Standing::Duplicated,
                    Some(_) => Standing::Orphaned,
                    None if self.scope.covers(owner) => Standing::Orphaned,
                    None => Standing::Unmanaged,
                }
            }
            Mark::None | Mark::Released(_) | Mark::Unreadable => Standing::Unmanaged,
        }
    }

    /// The lowest rate holds for all.
    fn share(&self) {
        let (rate, keys) = {
            let members = self.members();
            let rates = members.values().map(|m| m.requests_per_second);
            (rates.min(), members.len())
        };
        if let Some(rate) = rate {
            self.budget.share(rate, keys, clock::now().mono);
        }
    }

    fn members(&self) -> std::sync::MutexGuard<'_, BTreeMap<ObjectKey, Member>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Owners {
    objects: HashMap<ObjectKey, (String, bool)>,
    cluster: String,
}

enum Standing {
    Managed,
    Unmanaged,
    Orphaned,
    Duplicated,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::election::Tenure;

    #[test]
    fn a_walk_has_the_share_of_those_who_wait_for_it() {
        let now = clock::now().mono;
        let scope = Scope {
            cluster: "c".to_owned(),
            namespaces: Vec::new(),
        };
        let client = Client::new(
            ClientId::new("1001"),
            Calling {
                settling: Duration::from_secs(60),
                probe: Duration::from_secs(1),
                fence: Tenure::unshared().fence(Duration::from_secs(20)),
            },
            now,
            scope,
            Arc::default(),
            Queues::default(),
        );
        let class = || client.class::<ObservedStream>();
        assert_eq!(class(), Class::Create, "everybody waits for the first");
        let walk = || Walk {
            began: now,
            pages: 1,
            unreadable: Vec::new(),
        };
        client.mirror.walked(walk(), &[]);
        assert_eq!(class(), Class::Walk);
        client.desk.set_walked_for(true);
        assert_eq!(class(), Class::Live);
        client.mirror.demand(now, ObjectKey::new("ns", "keynote"));
        assert_eq!(class(), Class::Create);
        client.mirror.walked(walk(), &[]);
        client.desk.set_walked_for(false);
        assert_eq!(class(), Class::Walk);
    }
}
