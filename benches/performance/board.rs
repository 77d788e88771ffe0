//! What a watch shows of the LiveStreams of a namespace.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use futures::StreamExt as _;
use kube::runtime::{
    WatchStreamExt as _,
    watcher::{self, Event, watcher},
};
use tokio::{sync::watch, task::JoinHandle};

use super::cluster::{Cluster, Slim};

/// An object as it was last seen.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub generation: i64,
    /// It is ready for this generation.
    pub ready: bool,
    pub stream_id: Option<String>,
    pub active: bool,
    pub live: bool,
    pub recording: bool,
}

impl Seen {
    fn of(object: &Slim) -> Self {
        let status = object.status.clone().unwrap_or_default();
        let generation = object.metadata.generation.unwrap_or_default();
        let ready = status.conditions.iter().any(|condition| {
            condition.type_ == "Ready"
                && condition.status == "True"
                && condition.observed_generation == Some(generation)
        });
        Self {
            generation,
            ready,
            stream_id: status.stream_id,
            active: status.active.unwrap_or_default(),
            live: status.live.unwrap_or_default(),
            recording: status.recording.unwrap_or_default(),
        }
    }
}

/// All of them.
#[derive(Debug, Default)]
pub struct Objects {
    by_name: HashMap<String, Seen>,
    ready: usize,
}

impl Objects {
    fn set(&mut self, name: String, seen: Seen) {
        self.remove(&name);
        self.ready += usize::from(seen.ready);
        self.by_name.insert(name, seen);
    }

    fn remove(&mut self, name: &str) {
        if let Some(old) = self.by_name.remove(name) {
            self.ready -= usize::from(old.ready);
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.by_name.len()
    }

    /// How many are ready.
    pub fn ready(&self) -> usize {
        self.ready
    }

    /// How many are recorded.
    pub fn recording(&self) -> usize {
        self.by_name.values().filter(|seen| seen.recording).count()
    }

    /// One of them.
    pub fn get(&self, name: &str) -> Option<&Seen> {
        self.by_name.get(name)
    }

    /// The names.
    pub fn names(&self) -> Vec<String> {
        self.by_name.keys().cloned().collect()
    }
}

/// A watch that runs. Dropped: it ends.
pub struct Board {
    objects: Arc<Mutex<Objects>>,
    changed: watch::Sender<u64>,
    task: JoinHandle<()>,
}

impl Board {
    /// Begins to watch.
    pub fn new(cluster: &Cluster) -> Self {
        let api = cluster.slim("LiveStream");
        let objects = Arc::new(Mutex::new(Objects::default()));
        let changed = watch::Sender::new(0);
        let (book, bell) = (Arc::clone(&objects), changed.clone());
        let task = tokio::spawn(async move {
            let mut events = watcher(api, watcher::Config::default())
                .default_backoff()
                .boxed();
            while let Some(event) = events.next().await {
                let mut book = lock(&book);
                match event {
                    Ok(Event::Init) => *book = Objects::default(),
                    Ok(Event::InitApply(object) | Event::Apply(object)) => {
                        let name = object.metadata.name.clone().unwrap_or_default();
                        book.set(name, Seen::of(&object));
                    }
                    Ok(Event::Delete(object)) => {
                        book.remove(&object.metadata.name.unwrap_or_default());
                    }
                    Ok(Event::InitDone) => {}
                    Err(error) => println!("the bench's watch was interrupted: {error}"),
                }
                drop(book);
                bell.send_modify(|count| *count += 1);
            }
        });
        Self {
            objects,
            changed,
            task,
        }
    }

    /// Looks at the objects.
    pub fn look<T>(&self, look: impl FnOnce(&Objects) -> T) -> T {
        look(&lock(&self.objects))
    }

    /// Waits until something can be seen of the objects; `None` where it cannot for so long.
    pub async fn within<T>(
        &self,
        patience: Duration,
        look: impl Fn(&Objects) -> Option<T>,
    ) -> Option<T> {
        let deadline = Instant::now() + patience;
        let mut changed = self.changed.subscribe();
        loop {
            changed.borrow_and_update();
            if let Some(found) = self.look(&look) {
                return Some(found);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match tokio::time::timeout(left, changed.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return self.look(&look),
            }
        }
    }

    /// Waits until an object is so.
    pub async fn until(&self, name: &str, what: &str, holds: impl Fn(&Seen) -> bool) -> Seen {
        let found = self.within(Duration::from_mins(3), |objects| {
            objects.get(name).filter(|seen| holds(seen)).cloned()
        });
        match found.await {
            Some(seen) => seen,
            None => panic!(
                "{name} does not become: {what}. It is {:?}",
                self.look(|objects| objects.get(name).cloned())
            ),
        }
    }

    /// Waits until an object is ready.
    pub async fn until_ready(&self, name: &str) -> Seen {
        self.until(name, "ready", |seen| seen.ready).await
    }

    /// Waits until an object of this generation is ready.
    pub async fn until_generation(&self, name: &str, generation: i64) -> Seen {
        self.until(name, "ready again", |seen| {
            seen.ready && seen.generation >= generation
        })
        .await
    }

    /// Waits until an object is gone.
    pub async fn until_gone(&self, name: &str) {
        let gone = self.within(Duration::from_mins(3), |objects| {
            objects.get(name).is_none().then_some(())
        });
        assert!(gone.await.is_some(), "{name} does not go");
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(objects: &Mutex<Objects>) -> MutexGuard<'_, Objects> {
    objects.lock().unwrap_or_else(PoisonError::into_inner)
}
