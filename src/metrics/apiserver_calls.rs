//! Calls to the apiserver.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

use super::code;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Labels {
    verb: &'static str,
    resource: &'static str,
    code: &'static str,
}

/// Counts each call to the apiserver. Copies count into the same.
#[derive(Clone, Debug)]
pub struct ApiserverCalls(Family<Labels, Counter>);

impl ApiserverCalls {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let new = Self(Family::default());
        registry.register(
            "apiserver_calls",
            "Calls to the apiserver, by verb, resource and status code",
            new.0.clone(),
        );
        new
    }

    /// A call was answered with this status code, or not at all.
    pub fn called(&self, verb: &'static str, resource: &'static str, code: Option<u16>) {
        let code = code::word(code);
        let labels = Labels {
            verb,
            resource,
            code,
        };
        self.0.get_or_create(&labels).inc();
    }
}
