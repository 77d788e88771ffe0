//! The provider's lists and the apiserver's, over HTTP, until it is dropped.

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    routing::get,
};
use kube::{
    Client, Config, Resource,
    core::NamespaceResourceScope,
    runtime::reflector::{self, Store},
};
use livestream_operator::{
    kept::Kept,
    packed::Pack,
    provider::{
        Connection, gcore,
        http::{Deadlines, Http},
    },
    secret::Secret,
    watch,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

use super::objects;

/// How many items a page of the provider's lists has.
const PAGE: usize = 25;

pub struct Served {
    url: String,
    task: JoinHandle<()>,
}

#[derive(Deserialize)]
struct Asked {
    page: Option<usize>,
    watch: Option<bool>,
}

async fn page(
    State(count): State<usize>,
    Path(kind): Path<String>,
    Query(asked): Query<Asked>,
) -> Json<Value> {
    let from = (asked.page.unwrap() - 1) * PAGE;
    let item = match kind.as_str() {
        "streams" => objects::stream,
        _ => objects::broadcast,
    };
    Json((from..count.min(from + PAGE)).map(item).collect())
}

async fn list(
    State(count): State<usize>,
    Path(kind): Path<String>,
    Query(asked): Query<Asked>,
) -> Json<Value> {
    if asked.watch == Some(true) {
        // Nothing changes any more.
        std::future::pending::<()>().await;
    }
    let (kind, item) = match kind.as_str() {
        "livestreams" => ("LiveStreamList", objects::live_stream as fn(usize) -> Value),
        _ => ("BroadcastList", objects::show as fn(usize) -> Value),
    };
    let items: Vec<Value> = (0..count).map(item).collect();
    Json(json!({
        "apiVersion": "livestream-operator.io/v1alpha1", "kind": kind,
        "metadata": {"resourceVersion": "1"}, "items": items,
    }))
}

impl Served {
    /// So many of each.
    pub async fn start(count: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new()
            .route("/streaming/{kind}", get(page))
            .route("/apis/livestream-operator.io/v1alpha1/{kind}", get(list))
            .with_state(count);
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, task }
    }

    /// The way to the provider.
    pub fn connection(&self) -> Connection {
        let http = Http::new(Deadlines::default()).unwrap();
        gcore::connect(&self.url, Secret::new("a key"), &http).unwrap()
    }

    /// What the operator's watch keeps of a kind.
    pub async fn watched<K>(&self) -> Store<Kept<K>>
    where
        K: Pack
            + Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + DeserializeOwned
            + std::fmt::Debug
            + Send
            + Sync
            + 'static,
    {
        let client = Client::try_from(Config::new(self.url.parse().unwrap())).unwrap();
        let (store, writer) = reflector::store::<Kept<K>>();
        let watching = tokio::spawn(watch::watch(client, &[], writer, None, |_| {}));
        store.wait_until_ready().await.unwrap();
        watching.abort();
        assert!(watching.await.unwrap_err().is_cancelled());
        store
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}
