//! Passes: who gets one, how many at once, and how long each may take.

use std::{sync::Arc, time::Duration};

use futures::StreamExt as _;
use kube::{
    Resource,
    runtime::{
        controller::{self, Action, ReconcileRequest, applier},
        reflector::Store,
    },
};

use crate::{context::Context, object_key::ObjectKey, wake::Wakes};

/// The longest that one pass may take: calls to the provider have deadlines of their own, those to
/// the apiserver are repeated by the client.
const DEADLINE: Duration = Duration::from_mins(2);

/// When a pass that broke off is made again.
const AGAIN: Duration = Duration::from_secs(2);

#[derive(Debug, thiserror::Error)]
enum PassError {
    #[error("{0}")]
    Apiserver(kube::Error),
    #[error("it took longer than two minutes")]
    Deadline,
}

/// Runs the passes of one kind until its wakes are closed; what is under way then is finished.
/// `ended` is called after each.
pub(super) async fn drive<K, F>(
    store: Store<K>,
    wakes: Wakes,
    context: Arc<Context>,
    concurrency: u16,
    reconcile: impl Fn(Arc<K>, Arc<Context>) -> F + Clone + Send + 'static,
    ended: fn(&Context, &K),
) where
    K: Resource<DynamicType = ()> + Clone + Send + Sync + 'static,
    F: Future<Output = kube::Result<Action>> + Send + 'static,
{
    let requests = wakes
        .map(|key| Ok::<_, std::convert::Infallible>(ReconcileRequest::from(key.reference::<K>())));
    let bounded = move |object: Arc<K>, context: Arc<Context>| {
        let pass = reconcile(Arc::clone(&object), Arc::clone(&context));
        Box::pin(async move {
            let result = tokio::time::timeout(DEADLINE, pass).await;
            ended(&context, &object);
            match result {
                Ok(result) => result.map_err(PassError::Apiserver),
                Err(_) => Err(PassError::Deadline),
            }
        })
    };
    let again = |object: Arc<K>, error: &PassError, _: Arc<Context>| {
        // The next pass finds out what came of it.
        let object = ObjectKey::of(&*object);
        tracing::warn!(kind = %K::kind(&()), %object, %error, "a pass broke off; it is made again");
        Action::requeue(AGAIN)
    };
    let config = controller::Config::default().concurrency(concurrency);
    applier(bounded, again, context, store, requests, config)
        .for_each(async |_| {})
        .await;
}

/// Catches what no wake told: a pass over an object in step makes no call and no write.
pub(super) async fn resync(every: Duration, context: Arc<Context>) {
    loop {
        tokio::time::sleep(every).await;
        context.wakes.wake_all(context.index.all());
        if let Some(webhooks) = &context.webhooks {
            webhooks.ledger.doubt_all();
        }
        context
            .broadcast_wakes
            .wake_all(context.index.broadcasts.all());
        let accounts = context.accounts.state();
        context
            .account_wakes
            .wake_all(accounts.iter().map(|account| ObjectKey::of(&**account)));
    }
}
