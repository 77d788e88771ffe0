//! Passes: who gets one, how many at once, and how long each may take.

use std::{fmt::Debug, sync::Arc, time::Duration};

use futures::StreamExt as _;
use k8s_openapi::NamespaceResourceScope;
use kube::{
    Resource,
    runtime::{
        controller::{self, Action, Error, ReconcileRequest, applier},
        reflector::{Lookup, ObjectRef, Store},
    },
};
use serde::{Serialize, de::DeserializeOwned};

use super::intake::Intake;
use crate::{context::Context, forbidden, kept::Keep, object_key::ObjectKey, wake::Wakes};

/// The longest that one pass may take: calls to the provider have deadlines of their own, those to
/// the apiserver are repeated by the client.
const DEADLINE: Duration = Duration::from_mins(2);

/// When a pass that broke off is made again.
const AGAIN: Duration = Duration::from_secs(2);

/// When a pass is made again that lacked a permission: nothing tells that it was given.
const PERMITTED: Duration = Duration::from_mins(1);

/// For each pass at once, how many objects the runtime has in hand.
const IN_HAND: usize = 4;

#[derive(Debug, thiserror::Error)]
enum PassError {
    #[error("{0}")]
    Apiserver(kube::Error),
    #[error("it took longer than two minutes")]
    Deadline,
    #[error("what the store holds of it cannot be read")]
    Lost,
}

/// Runs the passes of one kind until its wakes are closed; what is under way then is finished.
/// `ended` is called after each.
pub(super) async fn drive<K, H, F>(
    kind: &'static str,
    store: Store<H>,
    wakes: Wakes,
    context: Arc<Context>,
    concurrency: u16,
    reconcile: impl Fn(Arc<K>, Arc<Context>) -> F + Clone + Send + 'static,
    ended: fn(&Context, &K),
) where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + DeserializeOwned
        + Serialize
        + Debug
        + Send
        + Sync
        + 'static,
    H: Keep<K> + Send + Sync + 'static,
    F: Future<Output = kube::Result<Action>> + Send + 'static,
{
    let intake = Intake::new(wakes, usize::from(concurrency) * IN_HAND);
    let requests = intake
        .clone()
        .map(|key| Ok::<_, std::convert::Infallible>(ReconcileRequest::from(key.reference::<H>())));
    let bounded = move |kept: Arc<H>, context: Arc<Context>| {
        let object = kept.open().map(Arc::new);
        let pass = object.map(|it| (reconcile(Arc::clone(&it), Arc::clone(&context)), it));
        Box::pin(async move {
            let Some((pass, object)) = pass else {
                return Err(PassError::Lost);
            };
            let result = tokio::time::timeout(DEADLINE, pass).await;
            ended(&context, &object);
            match result {
                Ok(Ok(action)) => Ok(action),
                Ok(Err(error)) => {
                    if forbidden::tell(kind, &*object, &error, &context).await {
                        return Ok(Action::requeue(PERMITTED));
                    }
                    Err(PassError::Apiserver(error))
                }
                Err(_) => Err(PassError::Deadline),
            }
        })
    };
    let again = |object: Arc<H>, error: &PassError, _: Arc<Context>| {
        // The next pass finds out what came of it.
        let object = ObjectKey::of(&*object);
        tracing::warn!(kind = %K::kind(&()), %object, %error, "a pass broke off; it is made again");
        Action::requeue(AGAIN)
    };
    let config = controller::Config::default().concurrency(concurrency);
    applier(bounded, again, context, store, requests, config)
        .for_each(|ended| {
            match ended {
                Ok((object, _)) => intake.ended(&key_of(&object)),
                Err(Error::ObjectNotFound(object) | Error::ReconcilerFailed(_, object)) => {
                    intake.ended(&key_of(&object));
                }
                Err(Error::QueueError(_) | Error::RunnerError(_)) => {}
            }
            std::future::ready(())
        })
        .await;
}

fn key_of<K: Lookup>(object: &ObjectRef<K>) -> ObjectKey {
    ObjectKey::new(
        object.namespace.as_deref().unwrap_or_default(),
        &object.name,
    )
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
