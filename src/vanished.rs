//! Objects that the apiserver let go although they carried our finalizer.
//!
//! A deletion reads the object and, where no finalizer is on it, removes it without another look at them
//! (apiserver, generic registry store). A finalizer that is written in between is confirmed, and the
//! object is gone all the same; what is created for it then would be nobody's. The watch tells: its last
//! word is of an object that carries our finalizer and is not being deleted, which no other way of going
//! leaves behind. The store keeps such an object as one that is being deleted, and its passes go on, until
//! what was made for it is cleaned up.

use std::time::{Duration, Instant};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::Resource;

use crate::{
    clock::{self, Now},
    finalizer,
};

/// How long what was made for it is cleaned up for. Nobody can edit it any more, so it must not wait for
/// ever, as its account and its namespace would with it.
const PATIENCE: Duration = Duration::from_mins(10);

/// Why what was made for it stays after that.
pub const GIVEN_UP: &str = "its object vanished, and it could not be deleted within ten minutes";

/// What an object carries in `deletionGracePeriodSeconds` that the store keeps on. The apiserver alone
/// writes that field, and never a negative number.
const KEPT_ON: i64 = -1;

/// What is kept of an object whose deletion was seen, if it vanished.
pub fn remains<K: Resource + Clone>(last: &K) -> Option<K> {
    if !finalizer::present(last) || last.meta().deletion_timestamp.is_some() {
        return None;
    }
    let mut kept = last.clone();
    let meta = kept.meta_mut();
    meta.deletion_timestamp = Some(Time(clock::now().wall));
    meta.deletion_grace_period_seconds = Some(KEPT_ON);
    Some(kept)
}

/// Whether this is what is kept of one: the apiserver has it no more.
pub fn is_kept<K: Resource>(object: &K) -> bool {
    object.meta().deletion_grace_period_seconds == Some(KEPT_ON)
}

/// Whether it was cleaned up after for long enough, since it was seen first.
pub fn is_given_up<K: Resource>(object: &K, since: Option<Instant>, now: Now) -> bool {
    let long = since.is_some_and(|since| now.mono.saturating_duration_since(since) >= PATIENCE);
    is_kept(object) && long
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::api::{FINALIZER, LiveStream};

    fn object(metadata: &Value) -> LiveStream {
        let spec = json!({"accountRef": {"name": "default"}});
        let object = json!({
            "apiVersion": "livestream-operator.io/v1alpha1", "kind": "LiveStream",
            "metadata": metadata, "spec": spec,
        });
        serde_json::from_value(object).unwrap()
    }

    #[test]
    fn only_what_went_with_our_finalizer_and_without_a_deletion_vanished() {
        let vanished = object(&json!({"name": "a", "finalizers": ["b", FINALIZER]}));
        let kept = remains(&vanished).unwrap();
        assert!(is_kept(&kept) && !is_kept(&vanished));
        assert!(kept.metadata.deletion_timestamp.is_some());
        assert_eq!(kept.metadata.finalizers, vanished.metadata.finalizers);
        assert!(remains(&kept).is_none());
        let now = clock::now();
        let since = Some(now.mono);
        let late = Now {
            mono: now.mono + PATIENCE,
            ..now
        };
        assert!(is_given_up(&kept, since, late));
        assert!(!is_given_up(&kept, since, now) && !is_given_up(&kept, None, late));
        assert!(!is_given_up(&vanished, since, late));
        for gone in [
            json!({"name": "a"}),
            json!({"name": "a", "finalizers": ["b"]}),
            json!({"name": "a", "finalizers": [FINALIZER], "deletionTimestamp": "2026-11-22T00:00:00Z", "deletionGracePeriodSeconds": 0}),
        ] {
            let gone = object(&gone);
            assert!(remains(&gone).is_none() && !is_kept(&gone));
        }
    }
}
