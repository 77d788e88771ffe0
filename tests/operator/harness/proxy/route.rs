//! What a call is, whatever the objects in it are called.

use hyper::{Method, header::ACCEPT, http::request::Parts};

/// Whom the operator calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The Kubernetes API.
    Apiserver,
    /// The provider.
    Provider,
}

/// What a call is: its verb and what it is about, without names, namespaces and ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    /// Its name, such as `patch livestreams/status` or `POST /streaming/streams`.
    pub(super) name: String,
    /// It can change something that lasts. A lease is renewed for as long as its holder lives.
    pub(super) writes: bool,
    /// Its answer has no end.
    pub(super) streams: bool,
}

impl Route {
    pub(super) fn of(side: Side, parts: &Parts) -> Self {
        let path = parts.uri.path();
        let writes = parts.method != Method::GET;
        match side {
            Side::Provider => Self {
                name: format!("{} {}", parts.method, template(path)),
                writes,
                streams: false,
            },
            Side::Apiserver => {
                let query = parts.uri.query().unwrap_or_default();
                let watches = query.split('&').any(|part| part == "watch=true");
                let accept = parts.headers.get(ACCEPT);
                let accept = accept.and_then(|value| value.to_str().ok());
                let metadata = accept.is_some_and(|value| value.contains("PartialObjectMetadata"));
                let (resource, named) = resource(path);
                let verb = match (parts.method.as_str(), named) {
                    ("GET", _) if watches => "watch",
                    ("GET", true) => "get",
                    ("GET", false) => "list",
                    ("POST", _) => "create",
                    ("PUT", _) => "update",
                    ("PATCH", _) => "patch",
                    ("DELETE", _) => "delete",
                    (other, _) => other,
                };
                let metadata = if metadata && !writes {
                    " (metadata)"
                } else {
                    ""
                };
                Self {
                    name: format!("{verb} {resource}{metadata}"),
                    writes: writes && resource != "leases",
                    streams: watches,
                }
            }
        }
    }
}

/// `/streaming/streams/7/start_recording` is about `/streaming/streams/{id}/start_recording`. Ids are numbers,
/// or begin as those of channels do.
fn template(path: &str) -> String {
    let parts = path.split('/').map(|part| {
        let number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let id = number || part.starts_with("ls-");
        if id { "{id}" } else { part }
    });
    parts.collect::<Vec<_>>().join("/")
}

/// The resource and its subresource, and whether one object is named.
fn resource(path: &str) -> (String, bool) {
    let mut parts = path.split('/').filter(|part| !part.is_empty()).peekable();
    // The group and the version tell nothing that the resource does not.
    let skip = if parts.next() == Some("apis") { 2 } else { 1 };
    let mut parts: Vec<&str> = parts.skip(skip).collect();
    if parts.len() > 2 && parts[0] == "namespaces" {
        parts.drain(..2);
    }
    let named = parts.len() > 1;
    let mut resource = parts.first().copied().unwrap_or_default().to_owned();
    if let Some(part) = parts.get(2) {
        resource = format!("{resource}/{part}");
    }
    (resource, named)
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    fn of(side: Side, method: &str, uri: &str, accept: &str) -> Route {
        let request = Request::builder().method(method).uri(uri);
        let request = request.header(ACCEPT, accept).body(()).unwrap();
        Route::of(side, &request.into_parts().0)
    }

    #[test]
    fn calls_to_the_apiserver_lose_their_names() {
        let ours = "/apis/livestream-operator.io/v1alpha1";
        let metadata = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
        for (method, uri, accept, name, writes, streams) in [
            (
                "GET",
                "/api/v1/namespaces/kube-system",
                "",
                "get namespaces",
                false,
                false,
            ),
            (
                "GET",
                &format!("{ours}/namespaces/n/livestreams?limit=50"),
                "",
                "list livestreams",
                false,
                false,
            ),
            (
                "GET",
                &format!("{ours}/livestreams?limit=50&watch=true&x=1"),
                "",
                "watch livestreams",
                false,
                true,
            ),
            (
                "GET",
                &format!("{ours}/namespaces/n/livestreams/a"),
                "",
                "get livestreams",
                false,
                false,
            ),
            (
                "PATCH",
                &format!("{ours}/namespaces/n/livestreams/a"),
                metadata,
                "patch livestreams",
                true,
                false,
            ),
            (
                "PATCH",
                &format!("{ours}/namespaces/n/livestreams/a/status?"),
                "",
                "patch livestreams/status",
                true,
                false,
            ),
            (
                "GET",
                "/api/v1/namespaces/n/secrets?limit=50",
                metadata,
                "list secrets (metadata)",
                false,
                false,
            ),
            (
                "GET",
                "/api/v1/namespaces/n/secrets/s",
                "",
                "get secrets",
                false,
                false,
            ),
            (
                "POST",
                "/apis/events.k8s.io/v1/namespaces/n/events?",
                "",
                "create events",
                true,
                false,
            ),
            (
                "PUT",
                "/apis/coordination.k8s.io/v1/namespaces/n/leases/l",
                "",
                "update leases",
                false,
                false,
            ),
            (
                "DELETE",
                "/api/v1/namespaces/n/secrets/s",
                "",
                "delete secrets",
                true,
                false,
            ),
        ] {
            let route = of(Side::Apiserver, method, uri, accept);
            assert_eq!(
                (route.name.as_str(), route.writes, route.streams),
                (name, writes, streams),
                "{method} {uri}"
            );
        }
    }

    #[test]
    fn calls_to_the_provider_lose_their_ids() {
        for (method, uri, name, writes) in [
            ("GET", "/iam/clients/me", "GET /iam/clients/me", false),
            (
                "GET",
                "/streaming/streams?page=2&with_broadcasts=1",
                "GET /streaming/streams",
                false,
            ),
            (
                "PUT",
                "/streaming/streams/77/start_recording",
                "PUT /streaming/streams/{id}/start_recording",
                true,
            ),
            (
                "PUT",
                "/api/v2/channels/ls-20261123000000-PZohi/off",
                "PUT /api/v2/channels/{id}/off",
                true,
            ),
            (
                "DELETE",
                "/streaming/broadcasts/1",
                "DELETE /streaming/broadcasts/{id}",
                true,
            ),
        ] {
            let route = of(Side::Provider, method, uri, "");
            assert_eq!((route.name.as_str(), route.writes), (name, writes));
            assert!(!route.streams);
        }
    }
}
