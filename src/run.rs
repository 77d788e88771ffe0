//! The command `run`: how the parts are put together, and how they end.

use std::{sync::Arc, time::Duration};

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, Resource,
    runtime::{
        controller::{self, Action, ReconcileRequest, applier},
        reflector::{self, Store},
    },
};
use tokio::{signal::unix::SignalKind, task::JoinSet};

use crate::{
    account::{self, Registry, Scope},
    api::{FINALIZER, LiveStream, StreamingAccount},
    attempts::Attempts,
    cli::RunArgs,
    context::{Context, Settings},
    index::Index,
    livestream::{self, Memories},
    object_key::ObjectKey,
    provider::gcore::{Deadlines, Http},
    report::Reporter,
    schedule::Schedule,
    secrets::SecretWatches,
    server::{self, Readiness},
    wake::Wakes,
    watch::{self, Change},
};

/// The longest that one pass may take: its calls have deadlines of their own, those to the apiserver
/// are repeated by the client.
const PASS_DEADLINE: Duration = Duration::from_secs(120);

/// How long Events that wait may still be written at the end.
const EVENTS_DEADLINE: Duration = Duration::from_secs(2);

/// Why the operator could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// No way to the apiserver.
    #[error("no Kubernetes configuration: {0}. Set KUBECONFIG, or run inside a cluster")]
    Configuration(String),
    /// The apiserver did not answer as it should.
    #[error("the apiserver cannot be used: {0}")]
    Apiserver(#[from] kube::Error),
    /// The address is taken or not allowed.
    #[error("cannot listen on {0}: {1}")]
    Listen(std::net::SocketAddr, std::io::Error),
    /// HTTPS cannot be had.
    #[error("no HTTP client: {0}")]
    Http(String),
    /// Signals cannot be had.
    #[error("cannot wait for signals: {0}")]
    Signals(std::io::Error),
    /// A part that never ends has ended.
    #[error("{0} ended by itself")]
    Ended(&'static str),
}

/// Runs the operator until a signal ends it.
///
/// # Errors
/// Why it could not start or go on.
pub async fn run(args: RunArgs) -> Result<(), RunError> {
    let mut terminate =
        tokio::signal::unix::signal(SignalKind::terminate()).map_err(RunError::Signals)?;
    let config = kube::Config::infer()
        .await
        .map_err(|error| RunError::Configuration(error.to_string()))?;
    let client = kube::Client::try_from(config)?;
    let listener = server::bind(args.listen)
        .await
        .map_err(|error| RunError::Listen(args.listen, error))?;
    let listening = listener
        .local_addr()
        .map_err(|error| RunError::Listen(args.listen, error))?
        .to_string();
    let cluster = match args.cluster_id.clone() {
        Some(id) => id,
        None => cluster_id(&client).await?,
    };
    let http = Http::new(Deadlines {
        connect: args.connect_deadline,
        read: args.call_deadline,
        call: args.call_deadline,
        ..Deadlines::default()
    })
    .map_err(|error| RunError::Http(error.to_string()))?;

    let (stream_wakes, account_wakes) = (Wakes::default(), Wakes::default());
    let index = Arc::new(Index::default());
    let (streams, stream_writer) = reflector::store::<LiveStream>();
    let (accounts, account_writer) = reflector::store::<StreamingAccount>();
    let (reporter, events) = Reporter::new(client.clone(), None);
    let registry = Registry::new(
        Arc::clone(&index),
        stream_wakes.clone(),
        account_wakes.clone(),
        Scope {
            cluster: cluster.clone(),
            namespaces: args.namespace.clone(),
        },
        args.settling,
    );
    let context = Arc::new(Context {
        client: client.clone(),
        settings: settings(&args, cluster),
        registry,
        index: Arc::clone(&index),
        accounts: accounts.clone(),
        streams: streams.clone(),
        secrets: SecretWatches::new(
            client.clone(),
            on_secret(&accounts, &index, &stream_wakes, &account_wakes),
        ),
        memories: Memories::default(),
        attempts: Attempts::default(),
        reporter,
        http,
        wakes: stream_wakes.clone(),
    });

    let readiness = Readiness::default();
    let events = tokio::spawn(events);
    let mut parts = JoinSet::new();
    parts.spawn(watch_streams(
        Arc::clone(&context),
        args.namespace.clone(),
        stream_writer,
        stream_wakes.clone(),
        account_wakes.clone(),
    ));
    parts.spawn(watch_accounts(
        Arc::clone(&context),
        args.namespace.clone(),
        account_writer,
        stream_wakes.clone(),
        account_wakes.clone(),
    ));
    parts.spawn(server::serve(
        listener,
        readiness.clone(),
        Arc::clone(&context),
    ));
    parts.spawn(resync(
        args.resync,
        Arc::clone(&index),
        accounts.clone(),
        stream_wakes.clone(),
        account_wakes.clone(),
    ));
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        cluster = context.settings.cluster,
        listening,
        listening,
        "started"
    );

    // No pass begins before both stores are whole: what is not in them would look deleted.
    let warm = async {
        let _ = tokio::join!(accounts.wait_until_ready(), streams.wait_until_ready());
    };
    tokio::select! {
        () = warm => {}
        _ = terminate.recv() => return Ok(()),
        _ = tokio::signal::ctrl_c() => return Ok(()),
        _ = parts.join_next() => return Err(RunError::Ended("a watch")),
    }
    readiness.set(true);
    tracing::info!("ready");

    let concurrency = args.concurrency;
    let mut passes = JoinSet::new();
    passes.spawn(drive(
        accounts,
        account_wakes.clone(),
        Arc::clone(&context),
        concurrency,
        account::reconcile,
    ));
    passes.spawn(drive(
        streams,
        stream_wakes.clone(),
        Arc::clone(&context),
        concurrency,
        livestream::reconcile,
    ));
    let ended = tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = tokio::signal::ctrl_c() => Ok(()),
        _ = parts.join_next() => Err(RunError::Ended("a watch or the server")),
        _ = passes.join_next() => Err(RunError::Ended("a controller")),
    };

    // What is in flight is finished, and nothing new begins.
    readiness.set(false);
    tracing::info!("stopping: passes that are under way are finished");
    stream_wakes.close();
    account_wakes.close();
    while passes.join_next().await.is_some() {}
    parts.shutdown().await;
    drop(context);
    let _ = tokio::time::timeout(EVENTS_DEADLINE, events).await;
    tracing::info!("stopped");
    ended
}

fn settings(args: &RunArgs, cluster: String) -> Settings {
    Settings {
        cluster,
        take_over_from: args.take_over_from.clone(),
        allowed_endpoints: args.allow_endpoint.clone(),
        settling: args.settling,
        grace: args.grace,
        fresh: Duration::from_secs(5),
        reactivation: args.reactivation,
        schedule: Schedule {
            base: args.retry_base,
            stalled: args.stalled_retry,
            ..Schedule::default()
        },
    }
}

/// The uid of kube-system stays as long as the cluster does.
async fn cluster_id(client: &kube::Client) -> Result<String, RunError> {
    let namespace = Api::<Namespace>::all(client.clone())
        .get("kube-system")
        .await?;
    Ok(namespace.metadata.uid.unwrap_or_default())
}

/// Runs the passes of one kind until its wakes are closed; what is under way then is finished.
async fn drive<K, F>(
    store: Store<K>,
    wakes: Wakes,
    context: Arc<Context>,
    concurrency: u16,
    reconcile: impl Fn(Arc<K>, Arc<Context>) -> F + Clone + Send + 'static,
) where
    K: Resource<DynamicType = ()> + Clone + Send + Sync + 'static,
    F: Future<Output = kube::Result<Action>> + Send + 'static,
{
    let requests = wakes
        .map(|key| Ok::<_, std::convert::Infallible>(ReconcileRequest::from(key.reference::<K>())));
    let bounded = move |object: Arc<K>, context: Arc<Context>| {
        let pass = reconcile(object, context);
        Box::pin(async move {
            match tokio::time::timeout(PASS_DEADLINE, pass).await {
                Ok(result) => result.map_err(PassError::Apiserver),
                Err(_) => Err(PassError::Deadline),
            }
        })
    };
    let again = |_: Arc<K>, error: &PassError, _: Arc<Context>| {
        // The next pass finds out what came of it.
        tracing::warn!(kind = %K::kind(&()), %error, "a pass broke off; it is made again");
        Action::requeue(Duration::from_secs(2))
    };
    applier(
        bounded,
        again,
        context,
        store,
        requests,
        controller::Config::default().concurrency(concurrency),
    )
    .for_each(async |_| {})
    .await;
}

#[derive(Debug, thiserror::Error)]
enum PassError {
    #[error("{0}")]
    Apiserver(kube::Error),
    #[error("it took longer than two minutes")]
    Deadline,
}

async fn watch_streams(
    context: Arc<Context>,
    namespaces: Vec<String>,
    writer: reflector::store::Writer<LiveStream>,
    streams: Wakes,
    accounts: Wakes,
) {
    let on = |change: Change<'_, LiveStream>| match change {
        Change::Applied { old, new } => {
            context.index.apply(new);
            let key = ObjectKey::of(new);
            let old = old.as_deref();
            let recreated = old.is_some_and(|old| old.metadata.uid != new.metadata.uid);
            if let (true, Some(old)) = (recreated, old) {
                forget_stream(&context, old);
            }
            let wiped = old
                .and_then(|o| o.status.as_ref())
                .is_some_and(|old| livestream::wiped(old, new.status.as_ref()));
            if wiped || watch::calls_for_a_pass(old, new, FINALIZER) {
                streams.wake(key);
            }
        }
        Change::Deleted(old) => {
            let account = ObjectKey::new(
                old.metadata.namespace.clone().unwrap_or_default(),
                &old.spec.account_ref.name,
            );
            context.index.remove(old);
            forget_stream(&context, old);
            // An account that waits for its last user may go now; one that adopts what this held may act.
            accounts.wake(account);
            for id in old
                .spec
                .external_id
                .iter()
                .map(crate::provider::StreamId::new)
            {
                streams.wake_all(context.index.of_stream(&id));
            }
        }
    };
    watch::watch(context.client.clone(), &namespaces, writer, on).await;
}

fn forget_stream(context: &Context, object: &LiveStream) {
    let key = ObjectKey::of(object);
    if let Some(uid) = &object.metadata.uid {
        context.memories.forget(uid);
        context.attempts.forget(uid);
    }
    for client in context.registry.clients() {
        client.budget.forget(&key);
    }
}

async fn watch_accounts(
    context: Arc<Context>,
    namespaces: Vec<String>,
    writer: reflector::store::Writer<StreamingAccount>,
    streams: Wakes,
    accounts: Wakes,
) {
    let on = |change: Change<'_, StreamingAccount>| match change {
        Change::Applied { old, new } => {
            let key = ObjectKey::of(new);
            let old = old.as_deref();
            // Streams tell why their account cannot be used, so they look again when that changes.
            let ready = |object: &StreamingAccount| {
                let conditions = object.status.iter().flat_map(|s| &s.conditions);
                conditions
                    .filter(|c| c.type_ == "Ready")
                    .map(|c| (c.status.clone(), c.message.clone()))
                    .next()
            };
            if context.registry.get(&key).is_none()
                && old.is_none_or(|old| ready(old) != ready(new))
            {
                streams.wake_all(context.index.of_account(&key));
            }
            let wiped = old
                .and_then(|o| o.status.as_ref())
                .is_some_and(|old| account::wiped(old, new.status.as_ref()));
            if wiped || watch::calls_for_a_pass(old, new, FINALIZER) {
                accounts.wake(key);
            }
        }
        Change::Deleted(old) => {
            let key = ObjectKey::of(old);
            context.registry.close(&key);
            if let Some(uid) = &old.metadata.uid {
                context.attempts.forget(uid);
            }
            let others = context.accounts.state_filter(|a: &StreamingAccount| {
                a.metadata.namespace.as_ref() == Some(&key.namespace)
            });
            if others.is_empty() {
                context.secrets.drop(&key.namespace);
            }
            streams.wake_all(context.index.of_account(&key));
        }
    };
    watch::watch(context.client.clone(), &namespaces, writer, on).await;
}

/// Who looks when a Secret changes: the accounts and the streams that name it.
fn on_secret(
    accounts: &Store<StreamingAccount>,
    index: &Arc<Index>,
    stream_wakes: &Wakes,
    account_wakes: &Wakes,
) -> crate::secrets::OnChange {
    let (accounts, index) = (accounts.clone(), Arc::clone(index));
    let (stream_wakes, account_wakes) = (stream_wakes.clone(), account_wakes.clone());
    Arc::new(move |secret: ObjectKey| {
        let users = accounts.state_filter(|account: &StreamingAccount| {
            let names = account
                .spec
                .gcore
                .iter()
                .map(|gcore| &gcore.api_key_secret_ref.name);
            account.metadata.namespace.as_ref() == Some(&secret.namespace)
                && names.into_iter().any(|name| *name == secret.name)
        });
        account_wakes.wake_all(users.iter().map(|account| ObjectKey::of(&**account)));
        stream_wakes.wake_all(index.of_secret(&secret));
    })
}

/// Catches what no wake told: a pass over an object in step makes no call and no write.
async fn resync(
    every: Duration,
    index: Arc<Index>,
    accounts: Store<StreamingAccount>,
    streams: Wakes,
    account_wakes: Wakes,
) {
    loop {
        tokio::time::sleep(every).await;
        streams.wake_all(index.all());
        account_wakes.wake_all(
            accounts
                .state()
                .iter()
                .map(|account| ObjectKey::of(&**account)),
        );
    }
}
