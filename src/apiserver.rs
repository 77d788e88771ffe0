//! The way to the apiserver: every call has a deadline, and a watch that has been silent for too long
//! has ended. A connection on which nothing comes any more says so to nobody.

mod counted;

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use hyper::{
    Request, Response, Uri,
    body::{Body, Bytes, Frame},
};
use kube::{
    Client, Config,
    client::{Body as RequestBody, ClientBuilder},
};
use tokio::time::{Instant, Sleep, sleep};
use tower::{BoxError, Layer, Service};

use self::counted::Counting;
use crate::{clock, metrics::ApiserverCalls};

/// How long the apiserver may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For a call, its repeats and all of its answer; for a watch, until it begins.
    pub call: Duration,
    /// Between two parts of a watch. The apiserver says where it is about once a minute.
    pub silence: Duration,
}

/// It took too long.
#[derive(Debug, thiserror::Error)]
pub enum Late {
    /// A call.
    #[error("the apiserver did not answer within {0:?}")]
    Call(Duration),
    /// A watch.
    #[error("the apiserver was silent for {0:?}")]
    Silent(Duration),
}

/// A client that waits no longer than this, and whose calls are counted.
///
/// # Errors
/// What is wrong with the configuration.
pub fn client(
    mut config: Config,
    patience: Patience,
    calls: ApiserverCalls,
) -> kube::Result<Client> {
    config.proxy_url = config.proxy_url.filter(|proxy| !of_environment(proxy));
    let builder = ClientBuilder::try_from(config)?;
    let builder = builder.with_layer(&patience);
    Ok(builder.with_layer(&Counting(calls)).build())
}

/// Whether it is the proxy for calls to the provider. kube takes it over where a kubeconfig names none,
/// whatever `NO_PROXY` says, and then has no client for it.
#[expect(
    clippy::disallowed_methods,
    reason = "only to take back what kube has read there"
)]
fn of_environment(proxy: &Uri) -> bool {
    ["HTTPS_PROXY", "https_proxy"]
        .iter()
        .filter_map(|name| std::env::var(name).ok()?.parse::<Uri>().ok())
        .any(|named| named == *proxy)
}

impl<S> Layer<S> for Patience {
    type Service = Impatient<S>;

    fn layer(&self, inner: S) -> Impatient<S> {
        Impatient {
            inner,
            patience: *self,
        }
    }
}

/// Calls that are given up when they take too long.
#[derive(Clone, Debug)]
pub struct Impatient<S> {
    inner: S,
    patience: Patience,
}

impl<S, B> Service<Request<RequestBody>> for Impatient<S>
where
    S: Service<Request<RequestBody>, Response = Response<B>>,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: 'static,
{
    type Response = Response<Timed<B>>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        let Patience { call, silence } = self.patience;
        let watches = watches(&request);
        let answer = self.inner.call(request);
        Box::pin(async move {
            let mut until = Box::pin(sleep(call));
            let answer = tokio::select! {
                answer = answer => answer.map_err(Into::into)?,
                () = &mut until => return Err(Late::Call(call).into()),
            };
            let limit = if watches {
                Limit::Silence(silence)
            } else {
                Limit::Call(call)
            };
            Ok(answer.map(|inner| {
                let mut body = Timed {
                    inner,
                    until,
                    limit,
                    over: false,
                };
                body.heard();
                body
            }))
        })
    }
}

/// A watch has no end by itself.
fn watches<T>(request: &Request<T>) -> bool {
    let query = request.uri().query().unwrap_or_default();
    query.split('&').any(|part| part == "watch=true")
}

#[derive(Clone, Copy, Debug)]
enum Limit {
    Call(Duration),
    Silence(Duration),
}

/// A body that must come in time.
#[derive(Debug)]
pub struct Timed<B> {
    inner: B,
    until: Pin<Box<Sleep>>,
    limit: Limit,
    over: bool,
}

impl<B> Timed<B> {
    /// A part has come.
    fn heard(&mut self) {
        if let Limit::Silence(silence) = self.limit {
            let until = Instant::from_std(clock::now().mono) + silence;
            self.until.as_mut().reset(until);
        }
    }
}

impl<B> Body for Timed<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.over {
            return Poll::Ready(None);
        }
        if let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(cx) {
            self.heard();
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        std::task::ready!(self.until.as_mut().poll(cx));
        self.over = true;
        let late = match self.limit {
            Limit::Call(limit) => Late::Call(limit),
            Limit::Silence(limit) => Late::Silent(limit),
        };
        Poll::Ready(Some(Err(late.into())))
    }
}

#[cfg(test)]
mod tests {
    use futures::{StreamExt as _, stream};
    use http_body_util::{BodyExt as _, StreamBody};

    use super::*;

    const SHORT: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_hours(1);
    const LIST: &str = "/api/v1/secrets?limit=50";
    const WATCH: &str = "/api/v1/secrets?limit=50&watch=true";

    /// Asks a server for this that answers with so many parts, one each ten milliseconds, and then
    /// with nothing, for ever; `None`: it does not answer. Gives how many parts came, and the end.
    async fn ask(uri: &str, patience: Patience, parts: Option<usize>) -> (usize, String) {
        let server = tower::service_fn(move |_| async move {
            let Some(parts) = parts else {
                return std::future::pending().await;
            };
            let parts = stream::iter(0..parts).then(|_| async {
                sleep(Duration::from_millis(10)).await;
                Ok::<_, BoxError>(Frame::data(Bytes::from_static(b"x")))
            });
            let body = StreamBody::new(parts.chain(stream::pending()).boxed());
            Ok::<_, BoxError>(Response::new(body))
        });
        let request = Request::get(uri).body(RequestBody::empty()).unwrap();
        let mut body = match patience.layer(server).call(request).await {
            Ok(answer) => answer.into_body(),
            Err(error) => return (0, error.to_string()),
        };
        let mut came = 0;
        loop {
            match body.frame().await {
                Some(Ok(_)) => came += 1,
                Some(Err(error)) => {
                    assert!(body.frame().await.is_none(), "it has ended");
                    return (came, error.to_string());
                }
                None => return (came, "the end".to_owned()),
            }
        }
    }

    #[tokio::test]
    async fn a_call_that_is_not_answered_is_given_up() {
        let patience = Patience {
            call: SHORT,
            silence: LONG,
        };
        for uri in [LIST, WATCH] {
            let late = (0, Late::Call(SHORT).to_string());
            assert_eq!(ask(uri, patience, None).await, late);
        }
        // Its deadline holds for all of the answer, however steadily it comes.
        let (_, end) = ask(LIST, patience, Some(100_000)).await;
        assert_eq!(end, Late::Call(SHORT).to_string());
    }

    #[tokio::test]
    async fn a_watch_goes_on_for_as_long_as_it_says_something() {
        let patience = Patience {
            call: SHORT,
            silence: SHORT * 50,
        };
        // Longer than the deadline of a call, and then silent.
        let silent = (20, Late::Silent(SHORT * 50).to_string());
        assert_eq!(ask(WATCH, patience, Some(20)).await, silent);
    }
}
