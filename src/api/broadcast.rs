//! The kind `Broadcast`: the player page that shows one or more live streams.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AccountRef, Creation, DeletionPolicy, LiveProtection};

/// The most streams that one broadcast shows.
pub const MOST_STREAMS: usize = 16;

/// The player page that shows one or more live streams.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "livestream-operator.io",
    version = "v1alpha1",
    kind = "Broadcast",
    plural = "broadcasts",
    singular = "broadcast",
    shortname = "bcast",
    category = "streaming",
    namespaced,
    status = "BroadcastStatus",
    doc = "Broadcast is one broadcast at a streaming provider: the player page that shows one or more live streams. The operator creates it (or adopts it by spec.externalId) and keeps its state, its streams and their order as the spec says. A field that the spec leaves out is left alone at the provider.",
    validation = Rule::new("!has(self.spec.externalId) || has(oldSelf.spec.externalId) || !has(self.status) || !has(self.status.broadcastId) || self.status.broadcastId == self.spec.externalId")
        .message("while status.broadcastId names a broadcast, externalId can be added only with that value; to adopt another broadcast, create another Broadcast"),
    printcolumn(json_path = ".status.conditions[?(@.type==\"Ready\")].status", name = "Ready", type_ = "string"),
    printcolumn(json_path = ".status.state", name = "State", type_ = "string"),
    printcolumn(json_path = ".status.conditions[?(@.type==\"Live\")].status", name = "Live", type_ = "string"),
    printcolumn(json_path = ".status.streamIds", name = "Streams", type_ = "string"),
    printcolumn(json_path = ".status.broadcastId", name = "ID", type_ = "string"),
    printcolumn(json_path = ".metadata.creationTimestamp", name = "Age", type_ = "date"),
    printcolumn(json_path = ".status.conditions[?(@.type==\"Ready\")].reason", name = "Reason", type_ = "string"),
    printcolumn(json_path = ".status.conditions[?(@.type==\"Ready\")].message", name = "Message", type_ = "string", priority = 1),
    printcolumn(json_path = ".spec.displayName", name = "Display name", type_ = "string", priority = 1),
    printcolumn(json_path = ".spec.accountRef.name", name = "Account", type_ = "string", priority = 1)
)]
#[x_kube(
    validation = Rule::new("has(self.externalId) || (has(self.streams) && size(self.streams) > 0)")
        .message("a broadcast is created with at least one stream: name it in streams, or adopt a broadcast that is there by externalId")
        .field_path(".streams"),
    validation = Rule::new("!has(self.streams) || self.streams.all(s, !has(s.name) || self.streams.exists_one(t, has(t.name) && t.name == s.name))")
        .message("a stream can be listed once only: take the repeated name out")
        .field_path(".streams"),
    validation = Rule::new("!has(self.streams) || self.streams.all(s, !has(s.id) || self.streams.exists_one(t, has(t.id) && t.id == s.id))")
        .message("a stream can be listed once only: take the repeated id out")
        .field_path(".streams"),
    validation = Rule::new("!has(oldSelf.state) || oldSelf.state != 'finished' || (has(self.state) && self.state == 'finished')")
        .message("finished is final: create another Broadcast; its streams can be used again")
        .field_path(".state"),
    validation = Rule::new("self.accountRef == oldSelf.accountRef")
        .message("a broadcast cannot move to another account: create another Broadcast")
        .field_path(".accountRef"),
    validation = Rule::new("!has(oldSelf.externalId) || (has(self.externalId) && self.externalId == oldSelf.externalId)")
        .message("externalId cannot change: delete this object with deletionPolicy: Retain and create one that adopts the other broadcast")
        .field_path(".externalId"),
    validation = Rule::new("!has(self.displayName) || self.displayName.matches('^[^\\\\s](.*[^\\\\s])?$')")
        .message("a name has no white space at its start or end and no line break: providers trim it, and it would never be in step")
        .field_path(".displayName"),
)]
#[serde(rename_all = "camelCase")]
pub struct BroadcastSpec {
    /// The StreamingAccount of this namespace that the broadcast belongs to. It cannot change.
    #[serde(default)]
    pub account_ref: AccountRef,
    /// The broadcast's name at the provider; it need not be unique. From 1 to 255 characters. Left
    /// out, a broadcast is given the object's name when it is created, and after that its name is
    /// not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub display_name: Option<String>,
    /// What viewers see: `pending` (it has not begun), `live` (the streams), `paused` or
    /// `finished`. `finished` is final: the object cannot leave it, and its streams can be used by
    /// another Broadcast. Left out, a broadcast is created `pending`, and after that its state is
    /// not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<BroadcastState>,
    /// The streams that the player shows, in this order; at most 16. Each is a LiveStream of this
    /// namespace by its name, or any stream of the account by its id. At least one is needed unless
    /// `externalId` is set; left out there, the streams are not managed. A LiveStream that is not
    /// there yet, or has no stream yet, is waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16))]
    pub streams: Option<Vec<StreamRef>>,
    /// What happens when the signal is lost while `state` is `live`. Left out, nothing happens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interruption: Option<Interruption>,
    /// The address that the player's share button gives, of at most 2048 characters; empty for
    /// none. Left out, it is not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048), regex(pattern = r"^(https?://[^\s]+)?$"))]
    pub share_url: Option<String>,
    /// The page that is shown instead of the provider's player page, of at most 2048 characters;
    /// empty for none. Left out, it is not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048), regex(pattern = r"^(https?://[^\s]+)?$"))]
    pub custom_iframe_url: Option<String>,
    /// What viewers read while the broadcast is pending, of at most 1024 characters. Left out, it
    /// is not managed; the provider has a text of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub pending_message: Option<String>,
    /// Whether viewers can watch the recorded session when the broadcast is finished. Left out, it
    /// is not managed; the provider creates broadcasts with false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub show_dvr_after_finish: Option<bool>,
    /// The id of the advertisement that the player shows. Left out, it is not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_i64))]
    pub ad_id: Option<i64>,
    /// The id of the player. Left out, it is not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_i64))]
    pub player_id: Option<i64>,
    /// Adopt the broadcast with this id instead of creating one. Only the fields that this spec
    /// names are changed; with nothing but `externalId` the operator watches the broadcast and
    /// changes nothing. It cannot change or be removed. It can be added later with the value of
    /// status.broadcastId, or, while that is absent, as the answer to which broadcast it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[A-Za-z0-9_-]+$"))]
    pub external_id: Option<String>,
    /// What becomes of the broadcast when this object is deleted: `Delete` deletes it at the
    /// provider, `Retain` leaves it there. Left out, a broadcast that the operator created is
    /// deleted and one that it adopted stays. Its streams stay in any case. It can be changed on an
    /// object that is being deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,
    /// `Enabled` (the default): a deletion waits while the broadcast's state is live and one of its
    /// streams is live. `Disabled`: it is deleted even then. A change of `state` is always obeyed.
    /// It can be changed on an object that is being deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_protection: Option<LiveProtection>,
    /// true: change nothing at the provider. The status still follows the broadcast, and a deletion
    /// is still carried out. The default is false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend: Option<bool>,
}

/// A stream that a broadcast shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[x_kube(
    validation = Rule::new("has(self.name) != has(self.id)")
        .message("name a stream by exactly one of name (a LiveStream of this namespace) and id (the provider's)"),
)]
#[serde(rename_all = "camelCase")]
pub struct StreamRef {
    /// Name of a LiveStream in this namespace, of the same account or another account of the same
    /// client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub name: Option<String>,
    /// The provider's id of a stream that no object here needs to hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[A-Za-z0-9_-]+$"))]
    pub id: Option<String>,
}

/// What happens when the signal is lost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Interruption {
    /// `Pause`: while `state` is `live` and no stream is live, viewers see the pause, and the
    /// streams again as soon as one is live. `None` (the default): nothing happens. A pause that
    /// `state` asks for is never ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<InterruptionAction>,
    /// How many seconds no stream is live before the pause: from 1 to 3600; the default is 10. How
    /// soon the loss is seen depends on how often the provider is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3600))]
    pub after_seconds: Option<i32>,
}

/// What is done about a lost signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = super::undescribed)]
pub enum InterruptionAction {
    /// Nothing.
    None,
    /// Viewers see the pause.
    Pause,
}

/// What viewers of a broadcast see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(transform = super::undescribed)]
pub enum BroadcastState {
    /// It has not begun: the player shows the pending message.
    Pending,
    /// The player shows the streams.
    Live,
    /// The player says that there is a pause.
    Paused,
    /// It is over.
    Finished,
}

/// What the operator saw of a broadcast.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[schemars(extend("default" = serde_json::json!({"observedGeneration": -1})))]
#[serde(rename_all = "camelCase")]
pub struct BroadcastStatus {
    /// The generation of the spec that was carried out, or that cannot be; -1 until the operator
    /// has seen the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The broadcast's id at the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub broadcast_id: Option<String>,
    /// true: the broadcast was adopted by `spec.externalId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopted: Option<bool>,
    /// The creation that is under way or was refused. Absent once the broadcast is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creation: Option<Creation>,
    /// What viewers see now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<BroadcastState>,
    /// The ids of the streams that it shows now, in the order of the player; the first 64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64), inner(length(max = 64)))]
    pub stream_ids: Option<Vec<String>>,
    /// Public addresses for viewers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub playback: Option<BroadcastPlayback>,
    /// The value of the annotation `livestream-operator.io/reconcile-requested-at` that was handled last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub last_handled_reconcile_at: Option<String>,
    /// `Ready` is always there: True when the broadcast is as the spec says, also while an
    /// interruption pauses it. `Reconciling` stands beside it while work or another try is pending,
    /// `Stalled` when a human must act. `Synced` says whether the last exchange with the provider
    /// worked; `Live` says whether viewers see a stream that is live, and never moves `Ready`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}

/// Public addresses for viewers of a broadcast.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct BroadcastPlayback {
    /// The player page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub iframe: Option<String>,
}
