//! What the leader says of itself in the Lease, for those who stand by: where it receives webhooks.

use std::net::SocketAddr;

use k8s_openapi::api::coordination::v1::Lease;
use kube::core::ObjectMeta;

/// The annotation with the leader's address and port for webhooks.
const WEBHOOKS: &str = "livestream-operator.io/webhooks";

/// Puts it there, or takes away what another has left.
pub(super) fn put(metadata: &mut ObjectMeta, webhooks: Option<SocketAddr>) {
    if let Some(address) = webhooks {
        let annotations = metadata.annotations.get_or_insert_default();
        annotations.insert(WEBHOOKS.to_owned(), address.to_string());
    } else if let Some(annotations) = &mut metadata.annotations {
        annotations.remove(WEBHOOKS);
    }
}

/// What a Lease says: nothing where nobody holds it, and nothing that is no address. A name would have
/// to be looked up, and whoever answers that would be given what is received.
pub(super) fn webhooks(lease: &Lease) -> Option<SocketAddr> {
    let holder = lease.spec.as_ref()?.holder_identity.as_deref()?;
    let annotation = lease.metadata.annotations.as_ref()?.get(WEBHOOKS)?;
    let address = annotation.parse().ok()?;
    (!holder.is_empty()).then_some(address)
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::coordination::v1::LeaseSpec;

    use super::*;

    fn lease(holder: &str) -> Lease {
        Lease {
            spec: Some(LeaseSpec {
                holder_identity: Some(holder.to_owned()),
                ..LeaseSpec::default()
            }),
            ..Lease::default()
        }
    }

    #[test]
    fn an_address_is_read_as_it_was_put() {
        for address in ["10.0.0.7:8081", "[fd00::7]:8081"] {
            let address = address.parse().unwrap();
            let mut lease = lease("a");
            put(&mut lease.metadata, Some(address));
            assert_eq!(webhooks(&lease), Some(address));
        }
    }

    #[test]
    fn what_another_left_is_taken_away_and_other_annotations_stay() {
        let mut lease = lease("a");
        put(&mut lease.metadata, "10.0.0.7:8081".parse().ok());
        let annotations = lease.metadata.annotations.as_mut().unwrap();
        annotations.insert("team".to_owned(), "video".to_owned());
        put(&mut lease.metadata, None);
        assert_eq!(webhooks(&lease), None);
        assert_eq!(lease.metadata.annotations.unwrap()["team"], "video");
    }

    #[test]
    fn nobody_is_named_where_nobody_leads_and_no_name_is_taken_for_an_address() {
        let mut free = lease("");
        put(&mut free.metadata, "10.0.0.7:8081".parse().ok());
        assert_eq!(webhooks(&free), None);
        let mut named = lease("a");
        let annotations = [(WEBHOOKS.to_owned(), "example.com:80".to_owned())];
        named.metadata.annotations = Some(annotations.into());
        assert_eq!(webhooks(&named), None);
    }
}
