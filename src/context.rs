//! What every pass may use.

use std::{sync::Arc, time::Duration};

use k8s_openapi::api::core::v1::Secret as SecretObject;
use kube::{Api, runtime::reflector::Store};

use crate::{
    account::{LastWrite, Registry},
    api::{Broadcast, LiveStream, StreamingAccount},
    attempts::Attempts,
    broadcast,
    index::Index,
    kept::{Keep as _, Kept},
    livestream,
    memories::Memories,
    object_key::ObjectKey,
    outcome::{Outcome, Reason},
    provider::http::Http,
    report::Reporter,
    schedule::Schedule,
    secrets::SecretWatches,
    wake::Wakes,
    webhooks::Webhooks,
};

/// What the operator was started with, as the passes need it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which cluster this is, in our owner marks.
    pub cluster: String,
    /// A cluster whose marks we may replace by ours, object by object of the same name.
    pub take_over_from: Vec<String>,
    /// Endpoints that accounts may name beside the provider's own.
    pub allowed_endpoints: Vec<String>,
    /// How long a write at the provider may take to show everywhere.
    pub settling: Duration,
    /// How long a referenced object may be missing, from the creation of what refers to it, before
    /// that counts as a mistake.
    pub grace: Duration,
    /// How old a read may be that something irreversible is decided on.
    pub fresh: Duration,
    /// The least time between two switchings-on of an idle pull stream.
    pub reactivation: Duration,
    /// How long a recording that was asked for may take to show.
    pub recording_patience: Duration,
    /// The least time between two reads of a stream that is on air or about to be.
    pub live_poll: Duration,
    /// When to look again.
    pub schedule: Schedule,
}

/// What every pass may use.
pub struct Context {
    /// The apiserver.
    pub client: kube::Client,
    /// What the operator was started with.
    pub settings: Settings,
    /// The accounts that are open.
    pub registry: Registry,
    /// Who refers to what.
    pub index: Arc<Index>,
    /// The accounts, as the watch shows them.
    pub accounts: Store<StreamingAccount>,
    /// The streams, as the watch shows them.
    pub streams: Store<Kept<LiveStream>>,
    /// The broadcasts, as the watch shows them.
    pub broadcasts: Store<Kept<Broadcast>>,
    /// The watches of Secrets.
    pub secrets: SecretWatches,
    /// The webhook receiver's, where there is one.
    pub webhooks: Option<Arc<Webhooks>>,
    /// What is remembered of LiveStreams from pass to pass.
    pub memories: livestream::Memories,
    /// What is remembered of Broadcasts from pass to pass.
    pub broadcast_memories: broadcast::Memories,
    /// What was written last to each account.
    pub account_writes: Memories<LastWrite>,
    /// Failures in a row.
    pub attempts: Attempts,
    /// Tells people.
    pub reporter: Reporter,
    /// The HTTP client for Gcore.
    pub http: Http,
    /// The streams to look at.
    pub wakes: Wakes,
    /// The broadcasts to look at.
    pub broadcast_wakes: Wakes,
    /// The accounts to look at.
    pub account_wakes: Wakes,
    /// The LiveStreams that vanished and are cleaned up after: the store lets them go.
    pub vanished_streams: Wakes,
    /// The Broadcasts that vanished and are cleaned up after.
    pub vanished_broadcasts: Wakes,
}

impl Context {
    /// Asks for another pass over a LiveStream.
    pub fn wake(&self, key: &ObjectKey) {
        self.wakes.wake(key.clone());
    }

    /// A LiveStream as the watch showed it last.
    pub fn stream(&self, key: &ObjectKey) -> Option<LiveStream> {
        self.streams.get(&key.reference())?.open()
    }

    /// A Broadcast as the watch showed it last.
    pub fn broadcast(&self, key: &ObjectKey) -> Option<Broadcast> {
        self.broadcasts.get(&key.reference())?.open()
    }

    /// A Secret as the apiserver has it now; `None` where there is none.
    ///
    /// # Errors
    /// Trouble with the apiserver.
    pub async fn secret(&self, key: &ObjectKey) -> kube::Result<Option<SecretObject>> {
        Api::<SecretObject>::namespaced(self.client.clone(), &key.namespace)
            .get_opt(&key.name)
            .await
    }

    /// What is missing shortly after the object was created may still come with the same set of
    /// manifests: until the grace time is over it is waited for.
    pub fn with_grace(&self, outcome: Outcome, age: Duration) -> Outcome {
        let left = self.settings.grace.saturating_sub(age);
        let missing = matches!(
            outcome.reason(),
            Reason::SecretNotFound | Reason::SecretKeyNotFound | Reason::AccountNotFound
        );
        if missing && !left.is_zero() {
            Outcome::waiting_for(outcome.reason(), outcome.message(), left)
        } else {
            outcome
        }
    }
}
