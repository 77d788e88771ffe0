//! Counts each call to the apiserver, as the client asked for it: by its verb and resource, in the
//! apiserver's own words, and how it was answered.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use hyper::{Method, Request, Response};
use kube::client::Body;
use tower::{BoxError, Layer, Service};

use super::watches;
use crate::metrics::ApiserverCalls;

/// The resources that are told; a path that is none of ours is `other`.
const RESOURCES: [&str; 8] = [
    "livestreams",
    "broadcasts",
    "streamingaccounts",
    "secrets",
    "events",
    "leases",
    "namespaces",
    "customresourcedefinitions",
];

/// Puts the counter around what sends.
#[derive(Clone, Debug)]
pub(super) struct Counting(pub(super) ApiserverCalls);

impl<S> Layer<S> for Counting {
    type Service = Counted<S>;

    fn layer(&self, inner: S) -> Counted<S> {
        Counted {
            inner,
            calls: self.0.clone(),
        }
    }
}

/// Calls that are counted.
#[derive(Clone, Debug)]
pub(super) struct Counted<S> {
    inner: S,
    calls: ApiserverCalls,
}

/// A call on its way, which is counted when its answer begins, and when it is given up, too.
struct Called {
    calls: ApiserverCalls,
    what: (&'static str, &'static str),
    code: Option<u16>,
}

impl Drop for Called {
    fn drop(&mut self) {
        let (verb, resource) = self.what;
        self.calls.called(verb, resource, self.code);
    }
}

impl<S, B> Service<Request<Body>> for Counted<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = Response<B>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let called = Called {
            calls: self.calls.clone(),
            what: what(&request),
            code: None,
        };
        let answer = self.inner.call(request);
        Box::pin(async move {
            // All of it goes along, so that it is dropped when this ends and not before.
            let mut called = called;
            let answer = answer.await?;
            called.code = Some(answer.status().as_u16());
            Ok(answer)
        })
    }
}

/// The verb and the resource of a request.
fn what<T>(request: &Request<T>) -> (&'static str, &'static str) {
    let mut parts = request
        .uri()
        .path()
        .split('/')
        .filter(|part| !part.is_empty());
    // `/api/v1/…` or `/apis/group/version/…`.
    let skip = if parts.next() == Some("apis") { 2 } else { 1 };
    let mut parts: Vec<&str> = parts.skip(skip).collect();
    if parts.len() > 2 && parts[0] == "namespaces" {
        parts.drain(..2);
    }
    let resource = parts.first().and_then(|part| {
        let known = RESOURCES.into_iter();
        known.into_iter().find(|resource| resource == part)
    });
    let named = parts.len() > 1;
    let verb = match *request.method() {
        Method::GET if watches(request) => "watch",
        Method::GET if named => "get",
        Method::GET => "list",
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        _ => "other",
    };
    (verb, resource.unwrap_or("other"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_and_a_method_are_a_verb_and_a_resource() {
        let ours = "/apis/livestream-operator.io/v1alpha1";
        let of = |method: &str, path: &str| {
            let request = Request::builder().method(method).uri(path);
            what(&request.body(()).unwrap())
        };
        for (method, path, expected) in [
            (
                "GET",
                format!("{ours}/livestreams?limit=50"),
                ("list", "livestreams"),
            ),
            (
                "GET",
                format!("{ours}/livestreams?watch=true"),
                ("watch", "livestreams"),
            ),
            (
                "GET",
                format!("{ours}/namespaces/a/broadcasts?limit=50"),
                ("list", "broadcasts"),
            ),
            (
                "GET",
                format!("{ours}/namespaces/a/livestreams/b"),
                ("get", "livestreams"),
            ),
            (
                "PATCH",
                format!("{ours}/namespaces/a/livestreams/b/status"),
                ("patch", "livestreams"),
            ),
            (
                "GET",
                "/api/v1/namespaces/kube-system".to_owned(),
                ("get", "namespaces"),
            ),
            (
                "GET",
                "/api/v1/namespaces/a/secrets/b".to_owned(),
                ("get", "secrets"),
            ),
            (
                "POST",
                "/apis/events.k8s.io/v1/namespaces/a/events".to_owned(),
                ("create", "events"),
            ),
            (
                "PUT",
                "/apis/coordination.k8s.io/v1/namespaces/a/leases/b".to_owned(),
                ("update", "leases"),
            ),
            (
                "DELETE",
                "/api/v1/namespaces/a/pods/b".to_owned(),
                ("delete", "other"),
            ),
            ("GET", "/version".to_owned(), ("list", "other")),
        ] {
            assert_eq!(of(method, &path), expected, "{method} {path}");
        }
    }
}
