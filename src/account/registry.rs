//! The accounts that are open: which key works, and which client it belongs to.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::task::JoinHandle;

use super::{
    budget::Budget,
    client::{Calling, Client, Scope},
};
use crate::{
    clock,
    index::Index,
    object_key::ObjectKey,
    provider::{ClientId, Connection},
    secret::Secret,
    wake::Queues,
};

/// An account whose key the provider accepted.
#[derive(Clone)]
pub struct Account {
    /// What all accounts of this client share.
    pub client: Arc<Client>,
    /// This account's own key at work.
    pub connection: Connection,
    endpoint: String,
    key: Secret,
    requests_per_second: u32,
    poll_interval: Duration,
    /// When this key was put to work.
    pub opened: Instant,
}

/// What an account is opened with.
pub struct Opening {
    /// The API's address.
    pub endpoint: String,
    /// The key.
    pub key: Secret,
    /// Whose key it is, as the provider said.
    pub client: ClientId,
    /// The key at work.
    pub connection: Connection,
    /// How many calls a second.
    pub requests_per_second: u32,
    /// How often the list is walked at rest.
    pub poll_interval: Duration,
}

/// Every open account and every client.
pub struct Registry {
    inner: Mutex<Inner>,
    index: Arc<Index>,
    queues: Queues,
    scope: Scope,
    calling: Calling,
}

#[derive(Default)]
struct Inner {
    accounts: HashMap<ObjectKey, Account>,
    clients: HashMap<(String, ClientId), Running>,
    /// The accounts that this process has tried to open.
    tried: HashSet<ObjectKey>,
}

struct Running {
    client: Arc<Client>,
    tasks: [JoinHandle<()>; 5],
}

impl Account {
    /// Whether an account with this endpoint and this client's id is one of the same client.
    pub fn is_same(&self, endpoint: &str, client: &str) -> bool {
        self.endpoint == endpoint && self.client.id.as_str() == client
    }
}

impl Registry {
    /// An empty one.
    pub fn new(index: Arc<Index>, queues: Queues, scope: Scope, calling: Calling) -> Self {
        Self {
            inner: Mutex::default(),
            index,
            queues,
            scope,
            calling,
        }
    }

    /// The account, if its key works or once did.
    pub fn get(&self, key: &ObjectKey) -> Option<Account> {
        self.lock().accounts.get(key).cloned()
    }

    /// Whether the account is open with just this key.
    pub fn serves(&self, account: &ObjectKey, endpoint: &str, key: &Secret) -> bool {
        self.lock()
            .accounts
            .get(account)
            .is_some_and(|a| a.endpoint == endpoint && a.key == *key)
    }

    /// Opens an account, or changes the key of an open one. Its users are woken.
    pub fn open(&self, account: &ObjectKey, opening: Opening) {
        let Opening {
            endpoint,
            key,
            client,
            connection,
            requests_per_second,
            poll_interval,
        } = opening;
        let mut inner = self.lock();
        let inner = &mut *inner;
        let elsewhere = inner
            .accounts
            .get(account)
            .is_some_and(|old| old.endpoint != endpoint || old.client.id != client);
        if elsewhere {
            inner.close(account);
        }
        let running = inner
            .clients
            .entry((endpoint.clone(), client.clone()))
            .or_insert_with(|| self.start(client));
        running.client.join(
            account.clone(),
            connection.clone(),
            requests_per_second,
            poll_interval,
        );
        // Its key was accepted a moment ago.
        running.client.budget.answered();
        let client = Arc::clone(&running.client);
        inner.accounts.insert(
            account.clone(),
            Account {
                client,
                connection,
                endpoint,
                key,
                requests_per_second,
                poll_interval,
                opened: clock::now().mono,
            },
        );
        self.wake_users(account);
    }

    /// Changes how an open account calls.
    pub fn tune(&self, account: &ObjectKey, requests_per_second: u32, poll_interval: Duration) {
        let mut inner = self.lock();
        let Some(open) = inner.accounts.get_mut(account) else {
            return;
        };
        if (open.requests_per_second, open.poll_interval) == (requests_per_second, poll_interval) {
            return;
        }
        open.requests_per_second = requests_per_second;
        open.poll_interval = poll_interval;
        open.client.join(
            account.clone(),
            open.connection.clone(),
            requests_per_second,
            poll_interval,
        );
    }

    /// Whether this process has tried to open an account.
    pub fn tried(&self, account: &ObjectKey) -> bool {
        self.lock().tried.contains(account)
    }

    /// This process has tried to open an account, with whatever result. The first time its users
    /// are woken.
    pub fn set_tried(&self, account: &ObjectKey) {
        let first = self.lock().tried.insert(account.clone());
        if first {
            self.wake_users(account);
        }
    }

    /// An account is gone.
    pub fn forget(&self, account: &ObjectKey) {
        self.close(account);
        self.lock().tried.remove(account);
    }

    /// Hints of this account's client were lost: the whole lists are read again, as soon as a walk may
    /// take place. However many were lost, that is one walk of each.
    pub fn hints_lost(&self, account: &ObjectKey) {
        if let Some(open) = self.get(account) {
            let now = clock::now().mono;
            open.client.mirror.demand_walk(now);
            if open.client.has_broadcasts() {
                open.client.broadcasts.demand_walk(now);
            }
        }
    }

    /// Wakes the objects of an account.
    pub fn wake_users(&self, account: &ObjectKey) {
        let index = &self.index;
        self.queues.streams.wake_all(index.of_account(account));
        let broadcasts = index.broadcasts.of_account(account);
        self.queues.broadcasts.wake_all(broadcasts);
    }

    /// The budget of a client, where one of its accounts is open.
    pub fn budget(&self, endpoint: &str, client: &ClientId) -> Option<Arc<Budget>> {
        let inner = self.lock();
        let running = inner.clients.get(&(endpoint.to_owned(), client.clone()))?;
        Some(Arc::clone(&running.client.budget))
    }

    /// Every client, for the metrics.
    pub fn clients(&self) -> Vec<Arc<Client>> {
        self.lock()
            .clients
            .values()
            .map(|running| Arc::clone(&running.client))
            .collect()
    }

    /// The client of each open account.
    pub fn owners(&self) -> HashMap<ObjectKey, String> {
        let inner = self.lock();
        let accounts = inner.accounts.iter();
        accounts
            .map(|(key, open)| (key.clone(), open.client.id.as_str().to_owned()))
            .collect()
    }

    /// Closes an account; its key is forgotten.
    pub fn close(&self, account: &ObjectKey) {
        self.lock().close(account);
    }

    fn start(&self, id: ClientId) -> Running {
        let client = Arc::new(Client::new(
            id,
            self.calling.clone(),
            // What was written before, by us or by others, is not known here.
            clock::now().mono,
            self.scope.clone(),
            Arc::clone(&self.index),
            self.queues.clone(),
        ));
        // The call that said whose key it is was made before there was a budget to ask.
        client.budget.charge(clock::now().mono);
        let [walker, broadcasts, reader, server, watcher] = [&client; 5].map(Arc::clone);
        let tasks = [
            tokio::spawn(async move { walker.walk_for_ever().await }),
            tokio::spawn(async move { broadcasts.walk_broadcasts_for_ever().await }),
            tokio::spawn(async move { reader.read_for_ever().await }),
            tokio::spawn(async move { server.budget.serve(|| clock::now().mono).await }),
            tokio::spawn(async move { watcher.watch_for_ever().await }),
        ];
        Running { client, tasks }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn close(&mut self, account: &ObjectKey) {
        let Some(closed) = self.accounts.remove(account) else {
            return;
        };
        if closed.client.leave(account) {
            let key = (closed.endpoint, closed.client.id.clone());
            if let Some(running) = self.clients.remove(&key) {
                running.tasks.iter().for_each(JoinHandle::abort);
            }
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        for running in self.clients.values() {
            running.tasks.iter().for_each(JoinHandle::abort);
        }
    }
}
