//! The kinds that users write: group `livestream-operator.io`, version `v1alpha1`.
//!
//! Field docs are user documentation (`kubectl explain` shows them). What a schema or a CEL rule can
//! refuse is refused by the API server, with a message that says what to do. A field that the
//! manifest leaves out is not managed: nothing that is sent to a provider has a schema default.

#![expect(
    unreachable_pub,
    reason = "KubeSchema repeats each struct inside a function"
)]

pub mod account_ref;
pub mod broadcast;
pub mod life;
pub mod livestream;
pub mod secret_ref;
pub mod streaming_account;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray,
};
use kube::CustomResourceExt as _;

pub use account_ref::AccountRef;
pub use broadcast::{
    Broadcast, BroadcastPlayback, BroadcastSpec, BroadcastState, BroadcastStatus, Interruption,
    InterruptionAction, MOST_STREAMS, StreamRef,
};
pub use life::{DeletionPolicy, LiveProtection};
pub use livestream::{
    Creation, CreationResult, Dvr, GcoreStream, IngestKeyReset, IngestSecret, KeyResetResult,
    LiveStationStream, LiveStream, LiveStreamSpec, LiveStreamStatus, Playback, Projection, Pull,
    RecordType, RecordingRequest, Video, VideoFile, VideoFileState, VideoState,
};
pub use secret_ref::SecretKeyRef;
pub use streaming_account::{
    GCORE_ENDPOINT, GcoreAccount, LIVE_STATION_ENDPOINT, LiveStationAccount, LiveStationCdn,
    LiveStationRecord, StreamCounts, StreamingAccount, StreamingAccountSpec,
    StreamingAccountStatus, WaitingCalls,
};

/// The API group of all kinds.
pub const GROUP: &str = "livestream-operator.io";

/// The finalizer that each kind carries while there may be something to clean up.
pub const FINALIZER: &str = "livestream-operator.io/finalizer";

/// Annotation on any object: a new value asks for a pass now; the receipt is
/// `status.lastHandledReconcileAt`.
pub const RECONCILE_ANNOTATION: &str = "livestream-operator.io/reconcile-requested-at";

/// Annotation on a `LiveStream`: a new value renews the stream key, once; the receipt is
/// `status.ingestKeyReset`.
pub const RESET_INGEST_KEY_ANNOTATION: &str = "livestream-operator.io/reset-ingest-key";

/// Annotation on a `StreamingAccount`: a new value confirms that streams which vanished together
/// may be created again; the receipt is `status.confirmedDisappearance`.
pub const CONFIRM_DISAPPEARANCE_ANNOTATION: &str = "livestream-operator.io/confirm-disappearance";

/// Annotation on a `StreamingAccount`: a new value asks for a new webhook path; the receipt is
/// `status.rotatedWebhook`.
pub const ROTATE_WEBHOOK_ANNOTATION: &str = "livestream-operator.io/rotate-webhook";

/// The generated definitions, by file name, in a fixed order.
pub fn definitions() -> Vec<(&'static str, CustomResourceDefinition)> {
    vec![
        ("broadcasts.yaml", polished(Broadcast::crd())),
        ("livestreams.yaml", polished(LiveStream::crd())),
        ("streamingaccounts.yaml", polished(StreamingAccount::crd())),
    ]
}

/// What the derives leave to be desired. Null is not stored but dropped by the apiserver, as in
/// Kubernetes' own kinds: nullable, it would be stored, and for an enum even be refused. And a line
/// break of the source is none of the text's, so that `kubectl explain` can set its lines itself.
fn polished(mut definition: CustomResourceDefinition) -> CustomResourceDefinition {
    fn clean(schema: &mut JSONSchemaProps) {
        schema.nullable = None;
        if let Some(text) = &mut schema.description {
            let paragraphs = text
                .split("\n\n")
                .map(|paragraph| paragraph.replace('\n', " "));
            *text = paragraphs.collect::<Vec<_>>().join("\n\n");
        }
        schema
            .properties
            .iter_mut()
            .flatten()
            .for_each(|(_, property)| clean(property));
        if let Some(JSONSchemaPropsOrArray::Schema(items)) = &mut schema.items {
            clean(items);
        }
    }
    let versions = definition.spec.versions.iter_mut();
    let schemas =
        versions.filter_map(|version| version.schema.as_mut()?.open_api_v3_schema.as_mut());
    schemas.for_each(clean);
    definition
}

/// For enums: where one is optional, its own description would replace that of the field.
pub(crate) fn undescribed(schema: &mut schemars::Schema) {
    schema.remove("description");
}

/// The value of an annotation that asks for something once. A value that no receipt could hold (more
/// than 256 characters) asks for nothing.
pub fn token<K: kube::Resource>(object: &K, annotation: &str) -> Option<String> {
    let token = object.meta().annotations.as_ref()?.get(annotation)?;
    let fits = !token.is_empty() && token.chars().count() <= 256;
    fits.then(|| token.clone())
}
