//! The command `run`: how the parts are put together, and how they end.

mod intake;
mod leading;
mod passes;
mod watches;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use ipnet::IpNet;
use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api,
    runtime::reflector::{self, store::Writer},
};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    task::JoinSet,
};

use self::leading::Leadership;
use crate::{
    account::{self, Calling, Registry, Scope},
    api::{Broadcast, LiveStream, StreamingAccount},
    apiserver::{self, Patience},
    attempts::Attempts,
    broadcast,
    cli::RunArgs,
    context::{Context, Settings},
    definitions,
    election::{Fence, Lost, Roles},
    index::Index,
    kept::Kept,
    livestream::{self, Memories},
    memories,
    metrics::Metrics,
    provider::http::{Deadlines, Http},
    report::Reporter,
    schedule::Schedule,
    secrets::SecretWatches,
    server::{self, Readiness},
    wake::{Queues, Wakes},
    webhooks::{self, Sources, Webhooks},
};

/// How long Events that wait may still be written at the end.
const EVENTS_DEADLINE: Duration = Duration::from_secs(2);

/// How long the first answer of the apiserver may take, and when it is asked again.
const START_DEADLINE: Duration = Duration::from_secs(10);
const START_AGAIN: Duration = Duration::from_secs(2);

/// How old a read may be that something irreversible is decided on.
const FRESH: Duration = Duration::from_secs(5);

/// Why the operator could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// No way to the apiserver.
    #[error("no Kubernetes configuration: {0}. Set KUBECONFIG, or run inside a cluster")]
    Configuration(String),
    /// The apiserver did not answer as it should.
    #[error("the apiserver cannot be used: {0}")]
    Apiserver(#[from] kube::Error),
    /// The cluster has nothing that it could be told apart by.
    #[error("the namespace kube-system has no uid: name the cluster by --cluster-id")]
    Cluster,
    /// The address is taken or not allowed.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// HTTPS cannot be had.
    #[error("no HTTP client: {0}")]
    Http(String),
    /// Signals cannot be had.
    #[error("cannot wait for signals: {0}")]
    Signals(std::io::Error),
    /// A part that never ends has ended.
    #[error("{0} ended by itself")]
    Ended(&'static str),
    /// Another process may act now. Nothing that this one knew may be believed any more, so it ends and is
    /// started anew.
    #[error("{0}: this process ends, so that two never act at once")]
    Lost(#[from] Lost),
}

/// What the watches fill.
struct Writers {
    streams: Writer<Kept<LiveStream>>,
    broadcasts: Writer<Kept<Broadcast>>,
    accounts: Writer<StreamingAccount>,
}

/// Runs the operator until a signal ends it.
///
/// # Errors
/// Why it could not start or go on.
pub async fn run(args: RunArgs) -> Result<(), RunError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(RunError::Signals)?;
    let config = kube::Config::infer()
        .await
        .map_err(|error| RunError::Configuration(error.to_string()))?;
    let home = config.default_namespace.clone();
    let patience = Patience {
        call: args.apiserver_deadline,
        silence: args.watch_silence,
    };
    let metrics = Metrics::default();
    let client = apiserver::client(config, patience, metrics.apiserver_calls.clone())?;
    let leadership = Leadership::of(&args.lease, client.clone(), &home);
    let (probes, listening) = listen(args.listen).await?;
    let cluster = if let Some(id) = args.cluster_id.clone() {
        id
    } else {
        tokio::select! {
            id = cluster_id(&client) => id?,
            _ = terminate.recv() => return Ok(()),
        }
    };
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        cluster,
        listening,
        "started"
    );
    let (reporter, events) = Reporter::new(client.clone(), None, metrics);
    let events = tokio::spawn(events);
    let fence = leadership.fence(args.call_deadline);
    let (context, writers) = assemble(&args, client, cluster, reporter, fence)?;
    let ended = serve(args, context, writers, probes, leadership, terminate).await;
    // The reporter has gone with the context, so the Events end when all are written.
    let _ = tokio::time::timeout(EVENTS_DEADLINE, events).await;
    tracing::info!("stopped");
    ended
}

/// Takes an address, and says which it is.
async fn listen(address: SocketAddr) -> Result<(TcpListener, String), RunError> {
    let refused = |error| RunError::Listen(address, error);
    let listener = server::bind(address).await.map_err(refused)?;
    let listening = listener.local_addr().map_err(refused)?.to_string();
    Ok((listener, listening))
}

/// The uid of kube-system stays as long as the cluster does. An apiserver that cannot be reached is waited
/// for: a process that ended would only be started anew, later and later.
async fn cluster_id(client: &kube::Client) -> Result<String, RunError> {
    let namespaces = Api::<Namespace>::all(client.clone());
    loop {
        let answer = tokio::time::timeout(START_DEADLINE, namespaces.get("kube-system")).await;
        let trouble = match answer {
            Ok(Ok(namespace)) => {
                let uid = namespace.metadata.uid.filter(|uid| !uid.is_empty());
                return uid.ok_or(RunError::Cluster);
            }
            Ok(Err(kube::Error::Api(status))) if status.code < 500 && status.code != 429 => {
                return Err(kube::Error::Api(status).into());
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        tracing::warn!(
            error = trouble,
            "the apiserver does not answer; it is tried again"
        );
        tokio::time::sleep(START_AGAIN).await;
    }
}

fn assemble(
    args: &RunArgs,
    client: kube::Client,
    cluster: String,
    reporter: Reporter,
    fence: Fence,
) -> Result<(Arc<Context>, Writers), RunError> {
    let http = Http::new(Deadlines {
        connect: args.connect_deadline,
        read: args.call_deadline,
        call: args.call_deadline,
        ..Deadlines::default()
    })
    .map_err(|error| RunError::Http(error.to_string()))?
    .metered(Arc::new(reporter.metrics.provider_calls.clone()));
    let queues = Queues::default();
    let index = Arc::new(Index::default());
    let (streams, stream_writer) = reflector::store::<Kept<LiveStream>>();
    let (broadcasts, broadcast_writer) = reflector::store::<Kept<Broadcast>>();
    let (accounts, account_writer) = reflector::store::<StreamingAccount>();
    let scope = Scope {
        cluster: cluster.clone(),
        namespaces: args.namespace.clone(),
    };
    let webhooks = args
        .webhook_listen
        .is_some()
        .then(|| Arc::new(Webhooks::default()));
    let on_secret = watches::on_secret(
        accounts.clone(),
        Arc::clone(&index),
        queues.streams.clone(),
        queues.accounts.clone(),
        webhooks.clone(),
    );
    let context = Context {
        secrets: SecretWatches::new(client.clone(), on_secret),
        client,
        settings: settings(args, cluster),
        registry: Registry::new(
            Arc::clone(&index),
            queues.clone(),
            scope,
            Calling {
                settling: args.settling,
                probe: args.retry_base,
                fence,
            },
        ),
        index,
        accounts,
        streams,
        webhooks,
        broadcasts,
        memories: Memories::default(),
        broadcast_memories: broadcast::Memories::default(),
        account_writes: memories::Memories::default(),
        attempts: Attempts::default(),
        reporter,
        http,
        wakes: queues.streams,
        broadcast_wakes: queues.broadcasts,
        account_wakes: queues.accounts,
        vanished_streams: Wakes::default(),
        vanished_broadcasts: Wakes::default(),
    };
    let writers = Writers {
        streams: stream_writer,
        broadcasts: broadcast_writer,
        accounts: account_writer,
    };
    Ok((Arc::new(context), writers))
}

fn settings(args: &RunArgs, cluster: String) -> Settings {
    Settings {
        cluster,
        take_over_from: args.take_over_from.clone(),
        allowed_endpoints: args.allow_endpoint.clone(),
        settling: args.settling,
        grace: args.grace,
        fresh: FRESH,
        reactivation: args.reactivation,
        recording_patience: args.recording_patience,
        live_poll: args.live_poll,
        schedule: Schedule {
            base: args.retry_base,
            stalled: args.stalled_retry,
            ..Schedule::default()
        },
    }
}

/// Runs all parts until a signal comes, and ends them in order.
async fn serve(
    args: RunArgs,
    context: Arc<Context>,
    writers: Writers,
    probes: TcpListener,
    mut leadership: Leadership,
    mut terminate: Signal,
) -> Result<(), RunError> {
    let readiness = Readiness::default();
    let namespaces = args.namespace;
    let mut parts = JoinSet::new();
    // Who asks how it goes has an answer from here on.
    parts.spawn(server::serve(
        probes,
        readiness.clone(),
        Arc::clone(&context),
    ));
    tokio::select! {
        () = definitions::served(&context.client) => {}
        _ = terminate.recv() => return Ok(()),
        _ = tokio::signal::ctrl_c() => return Ok(()),
        _ = parts.join_next() => return Err(RunError::Ended("the server")),
    }
    parts.spawn(watches::streams(
        Arc::clone(&context),
        namespaces.clone(),
        writers.streams,
    ));
    parts.spawn(watches::broadcasts(
        Arc::clone(&context),
        namespaces.clone(),
        writers.broadcasts,
    ));
    parts.spawn(watches::accounts(
        Arc::clone(&context),
        namespaces,
        writers.accounts,
    ));
    parts.spawn(passes::resync(args.resync, Arc::clone(&context)));

    // No pass begins before all stores are whole: what is not in them would look deleted.
    let warm = async {
        let _ = tokio::join!(
            context.accounts.wait_until_ready(),
            context.streams.wait_until_ready(),
            context.broadcasts.wait_until_ready(),
        );
    };
    tokio::select! {
        () = warm => {}
        _ = terminate.recv() => return Ok(()),
        _ = tokio::signal::ctrl_c() => return Ok(()),
        _ = parts.join_next() => return Err(RunError::Ended("a watch")),
    }
    readiness.set(true);
    tracing::info!("ready");
    // A Service sends what comes to any Pod. Without a way to the leader the port of one that stands by
    // is closed, so that who posts tries the other.
    let pod_ip = args.pod_ip.filter(|_| leadership.is_shared());
    let mut receiver = Receiver {
        listen: args.webhook_listen,
        sources: args.webhook_source,
        roles: leadership.roles(),
    };
    if let Some(ip) = pod_ip
        && let Some(port) = receiver.open(&mut parts, &context).await?
    {
        leadership.receives(SocketAddr::new(ip, port));
    }
    let mut term = tokio::select! {
        term = leadership.win() => term,
        _ = terminate.recv() => return Ok(()),
        _ = tokio::signal::ctrl_c() => return Ok(()),
        _ = parts.join_next() => return Err(RunError::Ended("a watch or the server")),
    };
    context.reporter.metrics.leads();

    if pod_ip.is_none() {
        receiver.open(&mut parts, &context).await?;
    }
    let mut passes = controllers(&context, args.concurrency);
    let ended = tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = tokio::signal::ctrl_c() => Ok(()),
        _ = parts.join_next() => Err(RunError::Ended("a watch or the server")),
        _ = passes.join_next() => Err(RunError::Ended("a controller")),
        // The passes end here and now: what they knew may be old.
        lost = term.keep() => return Err(lost.into()),
    };

    // What is in flight is finished, and nothing new begins.
    readiness.set(false);
    tracing::info!("stopping: passes that are under way are finished");
    context.wakes.close();
    context.broadcast_wakes.close();
    context.account_wakes.close();
    let finished = async { while passes.join_next().await.is_some() {} };
    tokio::select! {
        () = finished => {}
        lost = term.keep() => return Err(lost.into()),
    }
    parts.shutdown().await;
    // Another acts from here on, so nothing may be left that changes anything.
    term.release().await;
    ended
}

/// The receiver of webhooks, before it is open.
struct Receiver {
    listen: Option<SocketAddr>,
    sources: Vec<IpNet>,
    roles: Roles,
}

impl Receiver {
    /// Opens it, if there is to be one, and gives its port.
    async fn open(
        &mut self,
        parts: &mut JoinSet<()>,
        context: &Arc<Context>,
    ) -> Result<Option<u16>, RunError> {
        let (Some(address), Some(shared)) = (self.listen, context.webhooks.clone()) else {
            return Ok(None);
        };
        let (listener, listening) = listen(address).await?;
        let port = listener.local_addr().map(|address| address.port());
        let port = port.map_err(|error| RunError::Listen(address, error))?;
        tracing::info!(webhooks = listening, "webhooks are received");
        let sources = Sources::new(std::mem::take(&mut self.sources));
        parts.spawn(webhooks::serve(
            listener,
            sources,
            shared,
            Arc::clone(context),
            self.roles.clone(),
        ));
        Ok(Some(port))
    }
}

/// Begins to work on objects, so many of each kind at once.
fn controllers(context: &Arc<Context>, concurrency: u16) -> JoinSet<()> {
    let mut passes = JoinSet::new();
    passes.spawn(passes::drive(
        account::KIND,
        context.accounts.clone(),
        context.account_wakes.clone(),
        Arc::clone(context),
        concurrency,
        account::reconcile,
        watches::account_pass_ended,
    ));
    passes.spawn(passes::drive(
        livestream::KIND,
        context.streams.clone(),
        context.wakes.clone(),
        Arc::clone(context),
        concurrency,
        livestream::reconcile,
        watches::stream_pass_ended,
    ));
    passes.spawn(passes::drive(
        broadcast::KIND,
        context.broadcasts.clone(),
        context.broadcast_wakes.clone(),
        Arc::clone(context),
        concurrency,
        broadcast::reconcile,
        watches::broadcast_pass_ended,
    ));
    passes
}
