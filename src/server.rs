//! `/livez`, `/readyz` and `/metrics`.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use tokio::{net::TcpListener, runtime::Handle};

use crate::{account::Client, census, clock, context::Context};

/// Whether the caches are warm.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// From now on it is ready, or is no longer.
    pub fn set(&self, ready: bool) {
        self.0.store(ready, Ordering::Relaxed);
    }

    fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Takes the address, so that a wrong one ends the start.
///
/// # Errors
/// The address cannot be had.
pub async fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Serves until it is dropped.
pub async fn serve(listener: TcpListener, readiness: Readiness, context: Arc<Context>) {
    let app = Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state((readiness, context));
    if let Err(error) = axum::serve(listener, app).await {
        tracing::error!(%error, "the server for probes and metrics ended");
    }
}

/// How much is kept in memory of objects, and of what the provider has.
fn kept(context: &Context) -> [(&'static str, usize); 11] {
    let clients = context.registry.clients();
    let sum = |count: fn(&Client) -> usize| clients.iter().map(|client| count(client)).sum();
    [
        ("accounts", context.accounts.len()),
        ("livestreams", context.streams.len()),
        ("broadcasts", context.broadcasts.len()),
        ("indexed_livestreams", context.index.all().len()),
        ("indexed_broadcasts", context.index.broadcasts.all().len()),
        ("livestream_memories", context.memories.count()),
        ("broadcast_memories", context.broadcast_memories.count()),
        ("failing_objects", context.attempts.objects()),
        ("seen_streams", sum(|client| client.mirror.count())),
        ("seen_broadcasts", sum(|client| client.broadcasts.count())),
        ("readings", sum(|client| client.desk.count())),
    ]
}

async fn readyz(State((readiness, _)): State<(Readiness, Arc<Context>)>) -> impl IntoResponse {
    if readiness.get() {
        (StatusCode::OK, "ok\n")
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "the caches are not warm yet\n",
        )
    }
}

async fn metrics(State((_, context)): State<(Readiness, Arc<Context>)>) -> impl IntoResponse {
    let now = clock::now().mono;
    let ages = context.registry.clients().into_iter().map(|client| {
        let age = client
            .health()
            .walked
            .map_or(Duration::MAX, |at| now.saturating_duration_since(at));
        (
            client.id.as_str().to_owned(),
            if age == Duration::MAX {
                f64::INFINITY
            } else {
                age.as_secs_f64()
            },
        )
    });
    let metrics = &context.reporter.metrics;
    metrics.mirror_ages(ages);
    let clients = context.registry.clients().into_iter();
    metrics.budgets(clients.map(|client| {
        let (waiting, open) = (
            client.budget.waiting(now),
            client.budget.unanswered().is_some(),
        );
        (client.id.as_str().to_owned(), waiting, open)
    }));
    // One that stands by sees the same objects: they are counted by who acts, so that they can be added up.
    if metrics.is_leader() {
        metrics.census(&census::take(&context, clock::now()));
    }
    metrics.kept(kept(&context));
    metrics.tasks(Handle::current().metrics().num_alive_tasks());
    match metrics.text() {
        Ok(text) => (
            StatusCode::OK,
            [(
                "content-type",
                "application/openmetrics-text; version=1.0.0; charset=utf-8",
            )],
            text,
        ),
        Err(_) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            [("content-type", "text/plain")],
            String::new(),
        ),
    }
}
