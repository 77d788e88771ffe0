//! Requests to providers.

use std::time::Duration;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};

use super::code;
use crate::provider::{ClientId, Meter};

/// Upper bounds in seconds: a good answer takes tens of milliseconds, a call is given up after twenty
/// seconds.
const BUCKETS: [f64; 10] = [0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0];

/// The client of calls by which it is found out whose a key is.
const UNKNOWN: &str = "unknown";

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct CallLabels {
    client: String,
    route: &'static str,
    code: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RouteLabels {
    client: String,
    route: &'static str,
}

/// Counts each request to a provider. Copies count into the same.
#[derive(Clone)]
pub struct ProviderCalls {
    calls: Family<CallLabels, Counter>,
    seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
}

impl ProviderCalls {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let new = Self {
            calls: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
        };
        registry.register(
            "provider_calls",
            "Requests to providers with their repeats, by client, route and status code",
            new.calls.clone(),
        );
        registry.register(
            "provider_call_seconds",
            "Seconds that a request to a provider took, by client and route",
            new.seconds.clone(),
        );
        new
    }
}

impl Meter for ProviderCalls {
    fn sent(
        &self,
        client: Option<&ClientId>,
        route: &'static str,
        code: Option<u16>,
        took: Duration,
    ) {
        let client = client.map_or(UNKNOWN, ClientId::as_str).to_owned();
        let labels = RouteLabels {
            client: client.clone(),
            route,
        };
        self.seconds
            .get_or_create(&labels)
            .observe(took.as_secs_f64());
        let code = code::word(code);
        self.calls
            .get_or_create(&CallLabels {
                client,
                route,
                code,
            })
            .inc();
    }
}
