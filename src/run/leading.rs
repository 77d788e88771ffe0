//! Whether this process acts: at once, or while it holds the Lease.

use std::{fs, net::SocketAddr, sync::Arc, time::Duration};

use kube::Api;
use tokio::sync::watch;

use crate::{
    cli::LeaseArgs,
    election::{Candidate, Fence, Lost, Office, Role, Roles, Tenure},
    jitter,
};

/// The way to act.
pub(super) struct Leadership {
    tenure: Arc<Tenure>,
    /// `None` where nobody else acts.
    candidate: Option<Candidate>,
    roles: Roles,
}

/// The time in which this process acts.
pub(super) struct Term(Option<Office>);

impl Leadership {
    /// As the flags say; `home` is the namespace of this process.
    pub(super) fn of(args: &LeaseArgs, client: kube::Client, home: &str) -> Self {
        let Some(name) = args.lease.clone() else {
            return Self {
                tenure: Arc::new(Tenure::unshared()),
                candidate: None,
                roles: watch::Sender::new(Role::Leads).subscribe(),
            };
        };
        let tenure = Arc::new(Tenure::none_yet());
        let namespace = args.lease_namespace.as_deref().unwrap_or(home);
        let identity = args.lease_identity.clone().unwrap_or_else(identity);
        let candidate = Candidate::new(
            Api::namespaced(client, namespace),
            name,
            identity,
            args.lease_duration,
            Arc::clone(&tenure),
        );
        Self {
            tenure,
            roles: candidate.roles(),
            candidate: Some(candidate),
        }
    }

    /// Where those who stand by may pass on webhooks to, once this process leads.
    pub(super) fn receives(&mut self, webhooks: SocketAddr) {
        if let Some(candidate) = &mut self.candidate {
            candidate.receives(webhooks);
        }
    }

    /// Whether others may act in place of this process.
    pub(super) fn is_shared(&self) -> bool {
        self.candidate.is_some()
    }

    /// What this process is, from now on.
    pub(super) fn roles(&self) -> Roles {
        self.roles.clone()
    }

    /// What changes must pass that take at most so long.
    pub(super) fn fence(&self, call: Duration) -> Fence {
        self.tenure.fence(call)
    }

    /// Returns once this process may act.
    pub(super) async fn win(self) -> Term {
        match self.candidate {
            Some(candidate) => Term(Some(candidate.win().await)),
            None => Term(None),
        }
    }
}

impl Term {
    /// Returns when this process may act no more.
    pub(super) async fn keep(&mut self) -> Lost {
        match &mut self.0 {
            Some(office) => office.keep().await,
            None => std::future::pending().await,
        }
    }

    /// Lets another act.
    pub(super) async fn release(self) {
        if let Some(office) = self.0 {
            office.release().await;
        }
    }
}

/// The host, in a cluster the Pod, and a word: a container that is started anew is another process.
fn identity() -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}_{}", host.trim(), jitter::word())
}
