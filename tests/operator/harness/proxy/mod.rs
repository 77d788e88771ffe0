//! A proxy between the operator and a server: it counts what is called, and breaks one call as it
//! was told.

mod answer;
mod fault;
mod route;
mod script;
mod view;

use std::{convert::Infallible, error::Error, fmt, fs, path::PathBuf, sync::Arc};

use http_body_util::{BodyExt as _, Full, combinators::UnsyncBoxBody};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING},
    http::{request::Parts, response},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use kube::{
    Client, Config,
    client::Body,
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::json;
use tokio::{net::TcpListener, task::JoinHandle};

pub use self::{
    fault::Fault,
    route::Side,
    script::{Point, Script},
    view::{Refusal, Twist, View},
};
use self::{route::Route, script::Arrival};
use super::control_plane;

/// What goes wrong between two ends of a connection.
type AnyError = Box<dyn Error + Send + Sync>;

/// An answer to the operator: whole, or one that streams.
type Answer = Response<UnsyncBoxBody<Bytes, AnyError>>;

/// The connection is closed without an answer.
#[derive(Debug)]
struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cut")
    }
}

impl Error for Cut {}

/// A proxy that runs. Dropped: it takes no connections any more.
pub struct Proxy {
    /// Where it is called.
    pub url: String,
    task: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// Starts one in front of a server. A client of kube reaches both ([`to_apiserver`],
    /// [`to_provider`]): it adds the address, and the certificate where the server wants one.
    pub async fn start(side: Side, upstream: Client, script: Arc<Script>) -> Self {
        let one = move |request| serve(side, request, upstream.clone(), Arc::clone(&script));
        Self::listen(one).await
    }

    /// Starts one in front of an apiserver, which shows it as this view does.
    pub async fn showing(upstream: Client, view: Arc<View>) -> Self {
        let one = move |request| view::serve(request, upstream.clone(), Arc::clone(&view));
        Self::listen(one).await
    }

    async fn listen<F>(serve: impl Fn(Request<Incoming>) -> F + Clone + Send + 'static) -> Self
    where
        F: Future<Output = Result<Answer, AnyError>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    continue;
                };
                let _ = stream.set_nodelay(true);
                let service = service_fn(serve.clone());
                tokio::spawn(async move {
                    // How a connection ends is the operator's affair, or the fault's.
                    let _ = http1::Builder::new()
                        .timer(TokioTimer::new())
                        .header_read_timeout(None)
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Self { url, task }
    }

    /// Writes a kubeconfig that leads here, under this name. It has no credentials: the proxy adds
    /// them.
    pub fn kubeconfig(&self, name: &str) -> PathBuf {
        let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.kubeconfig"));
        let text = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "proxy",
            "clusters": [{"name": "proxy", "cluster": {"server": self.url}}],
            "users": [{"name": "proxy", "user": {}}],
            "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "proxy"}}],
        });
        fs::write(&file, text.to_string()).unwrap();
        file
    }
}

/// A client for a proxy before the apiserver: it has an administrator's certificate.
pub async fn to_apiserver() -> Client {
    let kubeconfig = Kubeconfig::read_from(&control_plane().kubeconfig).unwrap();
    let options = KubeConfigOptions::default();
    let config = Config::from_custom_kubeconfig(kubeconfig, &options);
    bare(config.await.unwrap())
}

/// A client for a proxy before a provider.
pub fn to_provider(url: &str) -> Client {
    bare(Config::new(url.parse().unwrap()))
}

/// It repeats nothing and says nothing about itself.
fn bare(mut config: Config) -> Client {
    config.default_retry = false;
    Client::try_from(config).unwrap()
}

/// One call.
async fn serve(
    side: Side,
    request: Request<Incoming>,
    upstream: Client,
    script: Arc<Script>,
) -> Result<Answer, AnyError> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let route = Route::of(side, &parts);
    let streams = route.streams;
    let fault = match script.arrived(&route) {
        Arrival::Held => return hold().await,
        Arrival::Passes => None,
        Arrival::Meets(fault) => Some(fault),
    };
    let Some(fault) = fault else {
        let answer = forward(upstream, parts, body).await?;
        return if streams {
            Ok(answer)
        } else {
            whole(answer).await
        };
    };
    match fault {
        Fault::KilledBefore => {
            script.freeze();
            script.dies();
            hold().await
        }
        Fault::KilledApplied => {
            applied(streams, forward(upstream, parts, body).await?).await?;
            script.freeze();
            script.dies();
            hold().await
        }
        Fault::KilledAfter => {
            let answer = forward(upstream, parts, body).await?;
            let answer = if streams {
                answer
            } else {
                whole(answer).await?
            };
            script.freeze();
            tokio::spawn(script.dies_at_its_next_call());
            Ok(answer)
        }
        Fault::ReplyLost => {
            applied(streams, forward(upstream, parts, body).await?).await?;
            Err(Cut.into())
        }
        Fault::ErrorApplied => {
            applied(streams, forward(upstream, parts, body).await?).await?;
            Ok(answer::error(side, 500))
        }
        Fault::TimeoutApplied => {
            applied(streams, forward(upstream, parts, body).await?).await?;
            Ok(answer::error(side, 504))
        }
        Fault::ErrorNotApplied => Ok(answer::error(
            side,
            match side {
                Side::Apiserver => 500,
                Side::Provider => 503,
            },
        )),
        Fault::Late => {
            // The sender goes with this call, when its caller has given up.
            let (waits, given_up) = tokio::sync::oneshot::channel::<Infallible>();
            tokio::spawn(async move {
                let _ = given_up.await;
                if let Ok(answer) = forward(upstream, parts, body).await {
                    let _ = applied(streams, answer).await;
                }
            });
            let never = hold().await;
            drop(waits);
            never
        }
    }
}

/// No answer, until the caller gives up or is dead.
async fn hold() -> Result<Answer, AnyError> {
    std::future::pending().await
}

/// Sends it on. It is carried out even if the caller has gone meanwhile, as by a server.
async fn forward(upstream: Client, parts: Parts, body: Bytes) -> Result<Answer, AnyError> {
    let sent = tokio::spawn(async move {
        let path = parts
            .uri
            .path_and_query()
            .map_or("/", |path| path.as_str())
            .to_owned();
        let mut request = Request::builder().method(parts.method).uri(path);
        for (name, value) in &parts.headers {
            if ![HOST, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING].contains(name) {
                request = request.header(name, value);
            }
        }
        let answer = upstream.send(request.body(Body::from(body))?).await?;
        let (mut parts, body) = answer.into_parts();
        for name in [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING] {
            parts.headers.remove(name);
        }
        let body = body.map_err(AnyError::from).boxed_unsync();
        Ok::<_, AnyError>(Response::from_parts(parts, body))
    });
    sent.await?
}

/// Reads an answer to its end.
async fn whole(answer: Answer) -> Result<Answer, AnyError> {
    let (parts, body) = answer.into_parts();
    let body = body.collect().await?.to_bytes();
    Ok(from_bytes(parts, body))
}

/// It has been carried out when its answer has been read; a stream, when it has begun.
async fn applied(streams: bool, answer: Answer) -> Result<(), AnyError> {
    if !streams {
        whole(answer).await?;
    }
    Ok(())
}

fn from_bytes(parts: response::Parts, body: Bytes) -> Answer {
    let body = Full::new(body).map_err(|never: Infallible| match never {});
    Response::from_parts(parts, body.boxed_unsync())
}
