//! The kind `StreamingAccount`: an account at a provider.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::SecretKeyRef;

/// The public endpoint of the Gcore API.
pub const GCORE_ENDPOINT: &str = "https://api.gcore.com";

/// The public endpoint of the NAVER Live Station API.
pub const LIVE_STATION_ENDPOINT: &str = "https://livestation.apigw.ntruss.com";

/// An account at a streaming provider: which provider, which Secret holds the key, and how fast
/// the operator may call.
#[expect(clippy::duplicated_attributes, reason = "columns look alike")]
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "livestream-operator.io",
    version = "v1alpha1",
    kind = "StreamingAccount",
    plural = "streamingaccounts",
    singular = "streamingaccount",
    shortname = "sacc",
    category = "streaming",
    namespaced,
    status = "StreamingAccountStatus",
    doc = "StreamingAccount is an account at a streaming provider: which provider, which Secret holds the key, and how fast the operator may call. LiveStreams and Broadcasts of the same namespace name it in spec.accountRef.",
    printcolumn(
        json_path = ".status.conditions[?(@.type==\"Ready\")].status",
        name = "Ready",
        type_ = "string"
    ),
    printcolumn(json_path = ".status.clientId", name = "Client", type_ = "string"),
    printcolumn(
        json_path = ".status.streams.managed",
        name = "Managed",
        type_ = "integer"
    ),
    printcolumn(
        json_path = ".status.streams.unmanaged",
        name = "Unmanaged",
        type_ = "integer"
    ),
    printcolumn(
        json_path = ".metadata.creationTimestamp",
        name = "Age",
        type_ = "date"
    ),
    printcolumn(
        json_path = ".status.streams.orphaned",
        name = "Orphaned",
        type_ = "integer",
        priority = 1
    ),
    printcolumn(
        json_path = ".status.streams.duplicated",
        name = "Duplicated",
        type_ = "integer",
        priority = 1
    ),
    printcolumn(
        json_path = ".status.conditions[?(@.type==\"Ready\")].reason",
        name = "Reason",
        type_ = "string",
        priority = 1
    )
)]
#[x_kube(
    validation = Rule::new("has(self.gcore) != has(self.liveStation)")
        .message("name exactly one provider: set spec.gcore or spec.liveStation"),
    validation = Rule::new("has(self.gcore) == has(oldSelf.gcore)")
        .message("the provider of an account cannot change: create another StreamingAccount"),
)]
#[serde(rename_all = "camelCase")]
pub struct StreamingAccountSpec {
    /// The account is one at Gcore Video Streaming. Exactly one provider block must be set, and
    /// which one it is cannot change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gcore: Option<GcoreAccount>,
    /// The account is one at NAVER Cloud Platform Live Station.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_station: Option<LiveStationAccount>,
    /// How many calls a second the operator may make for this account. Accounts that turn out to
    /// be the same client at the provider share one budget, and the lowest number holds. From 1
    /// to 1000; the default is 4, the only small limit that Gcore ever published.
    #[serde(default = "default_requests_per_second")]
    #[schemars(range(min = 1, max = 1000))]
    pub requests_per_second: i32,
    /// Seconds between two reads of the provider's whole list of streams while nothing is going
    /// on, and of that of broadcasts while there is a Broadcast. From 1 to 3600; the default is 60.
    /// Long lists are read less often, so that the reads take no more than a quarter of
    /// `requestsPerSecond`.
    #[serde(default = "default_poll_interval_seconds")]
    #[schemars(range(min = 1, max = 3600))]
    pub poll_interval_seconds: i32,
}

fn default_requests_per_second() -> i32 {
    4
}

fn default_poll_interval_seconds() -> i32 {
    60
}

/// How to reach a Gcore account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[x_kube(
    validation = Rule::new("self.endpoint.matches('^https?://[A-Za-z0-9.:\\\\[\\\\]-]+$')")
        .message("an endpoint is a scheme and a host, such as https://api.gcore.com, without user, path, query or a slash at its end")
        .field_path(".endpoint"),
)]
#[serde(rename_all = "camelCase")]
pub struct GcoreAccount {
    /// The Secret and key that hold the permanent API token. A new value is taken over within a
    /// second, without a restart; the old key serves until the new one has been tried.
    pub api_key_secret_ref: SecretKeyRef,
    /// Where the API is. The default is `https://api.gcore.com`; any other endpoint works only if
    /// the operator was started with `--allow-endpoint` and this value.
    #[serde(default = "default_endpoint")]
    #[schemars(length(min = 1, max = 253))]
    pub endpoint: String,
}

fn default_endpoint() -> String {
    GCORE_ENDPOINT.to_owned()
}

/// How to reach a NAVER Cloud Platform account, and what every channel in it is created with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[x_kube(
    validation = Rule::new("self.endpoint.matches('^https?://[A-Za-z0-9.:\\\\[\\\\]-]+$')")
        .message("an endpoint is a scheme and a host, such as https://livestation.apigw.ntruss.com, without user, path, query or a slash at its end")
        .field_path(".endpoint"),
)]
#[serde(rename_all = "camelCase")]
pub struct LiveStationAccount {
    /// The Secret and key that hold the access key. A new pair of keys is taken over within a second,
    /// without a restart. The provider does not say whose keys they are: while LiveStreams of this account
    /// hold channels, other keys are taken only if they show one of these channels.
    pub access_key_secret_ref: SecretKeyRef,
    /// The Secret and key that hold the secret key, which signs and is never sent.
    pub secret_key_secret_ref: SecretKeyRef,
    /// The region. The default, and the only one that the provider has, is `KR`.
    #[serde(default = "default_region")]
    #[schemars(length(min = 1, max = 8), regex(pattern = r"^[A-Z]+$"))]
    pub region: String,
    /// Where the API is. The default is `https://livestation.apigw.ntruss.com`; any other endpoint works
    /// only if the operator was started with `--allow-endpoint` and this value.
    #[serde(default = "default_live_station_endpoint")]
    #[schemars(length(min = 1, max = 253))]
    pub endpoint: String,
    /// The id of the quality set that channels are transcoded to, where a LiveStream names no other.
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub quality_set_id: i64,
    /// The Global Edge that each channel is created with. The provider keeps it, and charges for it, when the
    /// channel is terminated.
    pub cdn: LiveStationCdn,
    /// Where recordings of channels are uploaded to that are created from then on; a channel that is there
    /// keeps what it was created with. Without it recordings are kept by the provider for three days, and
    /// then deleted by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<LiveStationRecord>,
}

fn default_region() -> String {
    "KR".to_owned()
}

fn default_live_station_endpoint() -> String {
    LIVE_STATION_ENDPOINT.to_owned()
}

/// The Global Edge that delivers a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct LiveStationCdn {
    /// The id of the Global Edge profile.
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub profile_id: i64,
    /// `KOREA`, `JAPAN` or `GLOBAL`. The default is `KOREA`.
    #[serde(default = "default_cdn_region")]
    #[schemars(length(max = 6), regex(pattern = r"^(KOREA|JAPAN|GLOBAL)$"))]
    pub region: String,
}

fn default_cdn_region() -> String {
    "KOREA".to_owned()
}

/// A bucket for recordings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct LiveStationRecord {
    /// The Object Storage bucket.
    #[schemars(length(min = 3, max = 63))]
    pub bucket_name: String,
    /// The folder in it. The default is `/`.
    #[serde(default = "default_file_path")]
    #[schemars(length(min = 1, max = 256), regex(pattern = r"^/"))]
    pub file_path: String,
    /// What is uploaded: `MP4`, `HLS` or `ALL`. The default is `MP4`.
    #[serde(default = "default_record_format")]
    #[schemars(length(max = 3), regex(pattern = r"^(MP4|HLS|ALL)$"))]
    pub format: String,
    /// Who may read it: `PRIVATE` or `PUBLIC_READ`. The default is `PRIVATE`.
    #[serde(default = "default_access_control")]
    #[schemars(length(max = 11), regex(pattern = r"^(PRIVATE|PUBLIC_READ)$"))]
    pub access_control: String,
}

fn default_file_path() -> String {
    "/".to_owned()
}

fn default_record_format() -> String {
    "MP4".to_owned()
}

fn default_access_control() -> String {
    "PRIVATE".to_owned()
}

/// What the operator found out about an account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[schemars(extend("default" = serde_json::json!({"observedGeneration": -1})))]
#[serde(rename_all = "camelCase")]
pub struct StreamingAccountStatus {
    /// The generation of the spec that this status speaks of; -1 until the operator has seen the
    /// object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The client that the key belongs to, as the provider says; NAVER Live Station does not say, and here
    /// stands a digest of the first access key. It is pinned: a key of another client is never used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub client_id: Option<String>,
    /// A digest of the access key, the region and the endpoint that were accepted last, where the
    /// provider does not say whose keys they are (NAVER Live Station).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub key_fingerprint: Option<String>,
    /// The streams of the account at the end of the last whole read of the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub streams: Option<StreamCounts>,
    /// The objects that waited for their turn to call, by what for, at the end of the last whole read
    /// of the list: where these numbers stay high, `requestsPerSecond` is too low for the work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<WaitingCalls>,
    /// The value of the annotation `livestream-operator.io/confirm-disappearance` that was obeyed
    /// last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub confirmed_disappearance: Option<String>,
    /// The Secret that holds the path of this account's webhook address, where the operator receives
    /// webhooks (`--webhook-listen`). Its key `path` is the path that the provider is to post to; its
    /// key `previousPath`, the path from before a rotation, is accepted until you remove it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub webhook_secret_name: Option<String>,
    /// The value of the annotation `livestream-operator.io/rotate-webhook` that was obeyed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub rotated_webhook: Option<String>,
    /// The value of the annotation `livestream-operator.io/reconcile-requested-at` that was handled last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub last_handled_reconcile_at: Option<String>,
    /// `Ready` is always there: True when the key works and the provider answers. `Reconciling`
    /// or `Stalled` stand beside it while the operator tries again, or a human must act. `Webhook`
    /// says whether webhooks are taken for this account; all works without them, only slower.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}

/// How many objects wait for their turn to call, by what for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct WaitingCalls {
    /// For what is on air: to begin or end a recording, or to renew a stream key.
    #[schemars(range(min = 0))]
    pub live: i64,
    /// For edits and deletions, and the reads that they need.
    #[schemars(range(min = 0))]
    pub changes: i64,
    /// For creations.
    #[schemars(range(min = 0))]
    pub creations: i64,
}

/// How many streams of which standing the account has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct StreamCounts {
    /// Streams that an object of this cluster created or adopted.
    #[schemars(range(min = 0))]
    pub managed: i64,
    /// Streams that nobody here manages: made by hand, released, or owned by another cluster.
    #[schemars(range(min = 0))]
    pub unmanaged: i64,
    /// Streams that carry the mark of an object of this cluster which is gone.
    #[schemars(range(min = 0))]
    pub orphaned: i64,
    /// Streams that carry the mark of an object which holds another stream.
    #[schemars(range(min = 0))]
    pub duplicated: i64,
}
