//! Taking the Lease, keeping it and giving it back.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{Stream, StreamExt as _};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::{
    Api,
    api::PostParams,
    core::ObjectMeta,
    runtime::{WatchStreamExt as _, watcher},
};
use tokio::sync::watch;
use tokio::time::{sleep, sleep_until, timeout, timeout_at};

use super::{
    notice,
    role::{Role, Roles},
    sighting::{Move, Sighting, released, taken},
    tenure::Tenure,
};
use crate::clock;

/// So many renewals fit into the time that the Lease lasts.
const RENEWALS: u32 = 6;

/// The longest time between two renewals, and between two tries.
const LONGEST_INTERVAL: Duration = Duration::from_secs(10);

/// How long giving it back may take: the process is about to end.
const RELEASE: Duration = Duration::from_secs(2);

/// One that wants the Lease.
pub struct Candidate {
    leases: Api<Lease>,
    name: String,
    identity: String,
    lasts: Duration,
    tenure: Arc<Tenure>,
    /// Where this process receives webhooks that others pass on.
    webhooks: Option<SocketAddr>,
    role: watch::Sender<Role>,
}

/// The Lease, held.
pub struct Office {
    candidate: Candidate,
    held: Lease,
    /// It is surely ours until then.
    until: Instant,
}

/// Why the Lease is not ours any more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// Somebody else has it.
    #[error("the Lease was taken by {0:?}")]
    Taken(String),
    /// It could not be renewed in time.
    #[error("the Lease could not be renewed in time")]
    Lapsed,
}

impl Candidate {
    /// One that holds the Lease of this name, once it has it, under this identity; it lasts so many seconds
    /// after each renewal.
    pub fn new(
        leases: Api<Lease>,
        name: String,
        identity: String,
        lasts: Duration,
        tenure: Arc<Tenure>,
    ) -> Self {
        Self {
            leases,
            name,
            identity,
            lasts,
            tenure,
            webhooks: None,
            role: watch::Sender::new(Role::StandsBy(None)),
        }
    }

    /// When it leads, those who stand by may pass on to here what they receive.
    pub fn receives(&mut self, webhooks: SocketAddr) {
        self.webhooks = Some(webhooks);
    }

    /// What this process is, from now on.
    pub fn roles(&self) -> Roles {
        self.role.subscribe()
    }

    /// Returns once the Lease is ours.
    pub async fn win(self) -> Office {
        let mut sighting = Sighting::default();
        let mut sights = watcher::watch_object(self.leases.clone(), &self.name)
            .default_backoff()
            .boxed();
        let mut told = None;
        loop {
            self.role.send_replace(Role::StandsBy(sighting.webhooks()));
            let before = match sighting.next(&self.identity, clock::now().mono) {
                Move::Look => {
                    self.look(&mut sights, &mut sighting, None).await;
                    continue;
                }
                Move::Wait(until) => {
                    let holder = sighting.holder().unwrap_or_default();
                    if told.as_deref() != Some(holder) {
                        tracing::info!(lease = self.name, holder, "another leads; standing by");
                        told = Some(holder.to_owned());
                    }
                    self.look(&mut sights, &mut sighting, Some(until)).await;
                    continue;
                }
                Move::Create => None,
                Move::Take(lease) => Some(*lease),
            };
            match self.take(before).await {
                Ok((held, until)) => {
                    tracing::info!(lease = self.name, identity = self.identity, "leading");
                    self.role.send_replace(Role::Leads);
                    return Office {
                        candidate: self,
                        held,
                        until,
                    };
                }
                Err(Trouble::Changed) => {}
                Err(Trouble::Other(error)) => {
                    tracing::warn!(
                        lease = self.name,
                        error,
                        "the Lease cannot be taken; is there such a namespace, and may this service account create and update it?"
                    );
                    sleep(self.interval()).await;
                }
            }
            // What the watch shows may be old.
            match timeout(self.interval(), self.leases.get_opt(&self.name)).await {
                Ok(Ok(lease)) => sighting.see(lease, clock::now().mono),
                Ok(Err(_)) | Err(_) => sleep(self.interval()).await,
            }
        }
    }

    /// Waits until the Lease changes, or until then.
    async fn look(
        &self,
        sights: &mut (impl Stream<Item = watcher::Result<Option<Lease>>> + Unpin),
        sighting: &mut Sighting,
        until: Option<Instant>,
    ) {
        let then = async {
            match until {
                Some(until) => sleep_until(until.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            seen = sights.next() => match seen {
                Some(Ok(lease)) => sighting.see(lease, clock::now().mono),
                Some(Err(error)) => tracing::warn!(
                    lease = self.name, %error,
                    "the Lease cannot be watched; may this service account get, list and watch it?"
                ),
                None => sleep(self.interval()).await,
            },
            () = then => {}
        }
    }

    /// Tries to make it, or to take this one: as it was written, and until when it is surely ours.
    async fn take(&self, before: Option<Lease>) -> Result<(Lease, Instant), Trouble> {
        let now = clock::now();
        // A record that says less than we count would be taken from us too early.
        let seconds = i32::try_from(self.lasts.as_millis().div_ceil(1000)).unwrap_or(i32::MAX);
        let spec = before.as_ref().and_then(|before| before.spec.as_ref());
        let spec = taken(spec, &self.identity, seconds, now);
        let mut metadata = before.map_or_else(
            || ObjectMeta {
                name: Some(self.name.clone()),
                ..ObjectMeta::default()
            },
            |before| before.metadata,
        );
        notice::put(&mut metadata, self.webhooks);
        let lease = Lease {
            metadata,
            spec: Some(spec),
        };
        let held = self.write(&lease).await?;
        // Counted from before it was sent.
        let until = now.mono + self.lasts;
        self.tenure.extend(until);
        Ok((held, until))
    }

    /// Creates what has no resourceVersion, and replaces what has one.
    async fn write(&self, lease: &Lease) -> Result<Lease, Trouble> {
        let params = PostParams::default();
        let creates = lease.metadata.resource_version.is_none();
        let sent = async {
            if creates {
                self.leases.create(&params, lease).await
            } else {
                self.leases.replace(&self.name, &params, lease).await
            }
        };
        match timeout(self.interval(), sent).await {
            Ok(Ok(written)) => Ok(written),
            Ok(Err(kube::Error::Api(status)))
                if status.is_conflict()
                    || status.is_already_exists()
                    // A replacement of what is gone; a creation says so where there is no namespace.
                    || (status.is_not_found() && !creates) =>
            {
                Err(Trouble::Changed)
            }
            Ok(Err(error)) => Err(Trouble::Other(error.to_string())),
            Err(_) => Err(Trouble::Other("no answer in time".to_owned())),
        }
    }

    fn interval(&self) -> Duration {
        (self.lasts / RENEWALS).min(LONGEST_INTERVAL)
    }
}

/// Why a write was not taken.
enum Trouble {
    /// The Lease is not as it was seen.
    Changed,
    /// Anything else: whether it was carried out is unknown.
    Other(String),
}

impl Office {
    /// Renews the Lease until it is lost.
    pub async fn keep(&mut self) -> Lost {
        let mut pause = self.candidate.interval();
        loop {
            sleep(pause).await;
            match timeout_at(self.until.into(), self.renew()).await {
                Ok(Renewed::Yes) => pause = self.candidate.interval(),
                Ok(Renewed::NotYet) => pause = self.candidate.interval() / 4,
                Ok(Renewed::Never(lost)) => {
                    self.candidate.tenure.end();
                    return lost;
                }
                Err(_) => {
                    self.candidate.tenure.end();
                    return Lost::Lapsed;
                }
            }
        }
    }

    async fn renew(&mut self) -> Renewed {
        let now = clock::now();
        let mut lease = self.held.clone();
        if let Some(spec) = &mut lease.spec {
            spec.renew_time = Some(MicroTime(now.wall));
        }
        match self.candidate.write(&lease).await {
            Ok(held) => {
                self.held = held;
                self.until = now.mono + self.candidate.lasts;
                self.candidate.tenure.extend(self.until);
                Renewed::Yes
            }
            Err(Trouble::Changed) => self.look_again().await,
            Err(Trouble::Other(error)) => {
                let lease = &self.candidate.name;
                tracing::warn!(lease, error, "the Lease was not renewed; it is tried again");
                Renewed::NotYet
            }
        }
    }

    /// Who changed it: another that leads now, or somebody who labelled or deleted it.
    async fn look_again(&mut self) -> Renewed {
        let Candidate { leases, name, .. } = &self.candidate;
        let Ok(Ok(seen)) = timeout(self.candidate.interval(), leases.get_opt(name)).await else {
            return Renewed::NotYet;
        };
        let Some(seen) = seen else {
            // Deleted by hand: made anew by the next write, unless another is quicker.
            self.held.metadata = ObjectMeta {
                name: Some(name.clone()),
                annotations: self.held.metadata.annotations.take(),
                ..ObjectMeta::default()
            };
            return Renewed::NotYet;
        };
        if same_term(&seen, &self.held) {
            self.held = seen;
            return Renewed::NotYet;
        }
        let holder = seen.spec.and_then(|spec| spec.holder_identity);
        Renewed::Never(Lost::Taken(holder.unwrap_or_default()))
    }

    /// Gives it back, so that who comes next need not wait. Nothing may be changed after this.
    pub async fn release(self) {
        let Self {
            candidate, held, ..
        } = self;
        candidate.tenure.end();
        let name = &candidate.name;
        let given = async {
            let mut lease = held.clone();
            loop {
                let spec = lease.spec.take().map(|spec| released(spec, clock::now()));
                lease.spec = spec;
                match candidate.write(&lease).await {
                    Ok(_) => return true,
                    Err(Trouble::Other(_)) => return false,
                    // A renewal whose answer nobody waited for, or a label.
                    Err(Trouble::Changed) => match candidate.leases.get_opt(name).await {
                        Ok(Some(seen)) if same_term(&seen, &held) => lease = seen,
                        Ok(_) | Err(_) => return false,
                    },
                }
            }
        };
        if let Ok(true) = timeout(RELEASE, given).await {
            tracing::info!(lease = name, "the Lease is given back");
        } else {
            let why = "the Lease could not be given back; it ends by itself";
            tracing::warn!(lease = name, "{why}");
        }
    }
}

/// Whether this is still the term that the other record began: the same holder since the same time. Two
/// processes of one name are told apart by it.
fn same_term(seen: &Lease, held: &Lease) -> bool {
    let term = |lease: &Lease| {
        let spec = lease.spec.clone()?;
        Some((spec.holder_identity?, spec.acquire_time?))
    };
    term(seen).is_some() && term(seen) == term(held)
}

/// What became of a renewal.
enum Renewed {
    Yes,
    NotYet,
    Never(Lost),
}
