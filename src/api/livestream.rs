//! The kind `LiveStream`: one live stream at a provider.

use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AccountRef, DeletionPolicy, LiveProtection, SecretKeyRef};

/// One live stream: its ingest, its transcoding and its recording.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "livestream-operator.io",
    version = "v1alpha1",
    kind = "LiveStream",
    plural = "livestreams",
    singular = "livestream",
    shortname = "lst",
    category = "streaming",
    namespaced,
    status = "LiveStreamStatus",
    doc = "LiveStream is one live stream at a streaming provider. The operator creates it (or adopts it by spec.externalId), keeps it as the spec says, and writes what is live, what records and which videos came out of it into the status. A field that the spec leaves out is left alone at the provider.",
    validation = Rule::new("!has(self.spec.externalId) || has(oldSelf.spec.externalId) || (has(self.status) && has(self.status.streamId) && self.status.streamId == self.spec.externalId)")
        .message("externalId can be added later only with the value of status.streamId; to adopt another stream, create another LiveStream"),
    printcolumn(json_path = ".status.conditions[?(@.type==\"Ready\")].status", name = "Ready", type_ = "string"),
    printcolumn(json_path = ".status.active", name = "Active", type_ = "boolean"),
    printcolumn(json_path = ".status.live", name = "Live", type_ = "boolean"),
    printcolumn(json_path = ".status.conditions[?(@.type==\"Recording\")].reason", name = "Recording", type_ = "string"),
    printcolumn(json_path = ".status.videoCount", name = "Videos", type_ = "integer"),
    printcolumn(json_path = ".status.streamId", name = "ID", type_ = "string"),
    printcolumn(json_path = ".metadata.creationTimestamp", name = "Age", type_ = "date"),
    printcolumn(json_path = ".status.conditions[?(@.type==\"Ready\")].reason", name = "Reason", type_ = "string"),
    printcolumn(json_path = ".spec.displayName", name = "Display name", type_ = "string", priority = 1),
    printcolumn(json_path = ".spec.accountRef.name", name = "Account", type_ = "string", priority = 1)
)]
#[x_kube(
    validation = Rule::new("!(has(self.autoRecord) && self.autoRecord && has(self.recording) && !self.recording)")
        .message("autoRecord: true makes the provider record every session; set recording to true, or leave it out")
        .field_path(".recording"),
    validation = Rule::new("self.accountRef == oldSelf.accountRef")
        .message("a stream cannot move to another account: create another LiveStream")
        .field_path(".accountRef"),
    validation = Rule::new("!has(oldSelf.externalId) || (has(self.externalId) && self.externalId == oldSelf.externalId)")
        .message("externalId cannot change: delete this object with deletionPolicy: Retain and create one that adopts the other stream")
        .field_path(".externalId"),
    validation = Rule::new("!has(self.displayName) || self.displayName.matches('^[^\\\\s](.*[^\\\\s])?$')")
        .message("a name has no white space at its start or end and no line break: providers trim it, and it would never be in step")
        .field_path(".displayName"),
)]
#[serde(rename_all = "camelCase")]
pub struct LiveStreamSpec {
    /// The StreamingAccount of this namespace that the stream belongs to. It cannot change.
    #[serde(default)]
    pub account_ref: AccountRef,
    /// The stream's name at the provider; it need not be unique. From 1 to 255 characters. Left
    /// out, a stream is created with the object's name, and after that its name is not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub display_name: Option<String>,
    /// The on/off switch: whether the provider accepts video (push) or fetches it (pull). It does
    /// not say that the stream is live; status.live does. Left out, a stream is created switched
    /// off, and after that the switch is not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// Whether the provider records every session by itself. Left out, it is created with false,
    /// and after that it is not managed. It cannot be true while `recording` is false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_record: Option<bool>,
    /// true: record whenever the stream is live. false: do not record, and stop what records.
    /// Left out: recordings are neither started nor stopped, only reported. That nobody sends
    /// video is no error: `Ready` stays True and the condition `Recording` says why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<bool>,
    /// Where the provider fetches the video from. Left out, the stream is created for push (the
    /// encoder sends), and after that its source is not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull: Option<Pull>,
    /// The Secret and key that hold the passphrase for SRT push: 10 to 80 printable ASCII
    /// characters without spaces. Left out, the passphrase is not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub srt_passphrase_secret_ref: Option<SecretKeyRef>,
    /// The Secret that the operator makes in this namespace for the encoder, with the keys
    /// `pushUrl`, `backupPushUrl`, `srtUrl`, `backupSrtUrl` and `whipUrl`. These addresses hold the
    /// stream key: who can read the Secret can publish to the stream. They are written nowhere
    /// else. A Secret of that name that the operator did not make is never written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingest_secret: Option<IngestSecret>,
    /// Whether viewers can pause and rewind. Left out, this is not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dvr: Option<Dvr>,
    /// Settings that only Gcore has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gcore: Option<GcoreStream>,
    /// Settings that only NAVER Live Station has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_station: Option<LiveStationStream>,
    /// Adopt the stream with this id instead of creating one. Only the fields that this spec names
    /// are changed; with nothing but `externalId` the operator watches the stream and changes
    /// nothing. It cannot change or be removed. It can be added later with the value of
    /// status.streamId.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[A-Za-z0-9_-]+$"))]
    pub external_id: Option<String>,
    /// What becomes of the stream when this object is deleted: `Delete` deletes it at the
    /// provider, `Retain` leaves it there without an owner. Left out, a stream that the operator
    /// created is deleted and one that it adopted stays. It can be changed on an object that is
    /// being deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,
    /// `Enabled` (the default): a deletion waits while the stream is live. `Disabled`: it is deleted
    /// even while it is live. A change of `active` is always obeyed. It can be changed on an object
    /// that is being deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_protection: Option<LiveProtection>,
    /// true: change nothing at the provider. The status still follows the stream, and a deletion is
    /// still carried out. The default is false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend: Option<bool>,
}

/// A source that the provider fetches.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[x_kube(
    validation = Rule::new("has(self.urls) != has(self.urlsSecretRef)")
        .message("name the source by exactly one of urls and urlsSecretRef"),
    validation = Rule::new("!has(self.urls) || self.urls.all(u, u.matches('^[a-z][a-z0-9+.-]*://[^\\\\s]+$'))")
        .message("each address needs a scheme, such as rtmp://, srt:// or https://, and holds no white space")
        .field_path(".urls"),
    validation = Rule::new("!has(self.urls) || !self.urls.exists(u, u.matches('^[a-z][a-z0-9+.-]*://[^/?#]*@') || u.matches('(?i)[?&](passphrase|password|streamid|token|key)='))")
        .message("an address with a password, passphrase, stream id or token belongs in a Secret: use pull.urlsSecretRef")
        .field_path(".urls"),
)]
#[serde(rename_all = "camelCase")]
pub struct Pull {
    /// The source's addresses, tried in turn; at most 10 of at most 2048 characters each, without
    /// credentials. An empty list makes it a push stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10), inner(length(min = 1, max = 2048)))]
    pub urls: Option<Vec<String>>,
    /// The Secret and key that hold the addresses, one on each line or separated by spaces. Use it
    /// where an address carries a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urls_secret_ref: Option<SecretKeyRef>,
}

/// Addresses may hold credentials after all, so they are not shown.
impl fmt::Debug for Pull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pull")
            .field("urls", &self.urls.as_ref().map(Vec::len))
            .field("urls_secret_ref", &self.urls_secret_ref)
            .finish()
    }
}

/// The Secret that the operator writes for the encoder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct IngestSecret {
    /// Name of the Secret in this namespace. The operator creates it and is its owner.
    #[schemars(
        length(min = 1, max = 253),
        regex(pattern = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
    )]
    pub name: String,
}

/// Pause and rewind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Dvr {
    /// Whether viewers can pause and rewind. Left out, this is not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// How far back viewers can go, in seconds: from 30 to 14400. Left out, it is not managed; the
    /// provider creates streams with 3600. Gcore grants more than 3600 only to some accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 30, max = 14400))]
    pub duration_seconds: Option<i32>,
}

/// Settings of a stream that only Gcore has. Each one that is left out is not managed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[x_kube(
    validation = Rule::new("!has(self.clientEntityData) || !(self.clientEntityData.contains('livestream-operator.io/owner') || self.clientEntityData.contains('livestream-operator.io/released'))")
        .message("the operator keeps its owner mark under livestream-operator.io/owner and livestream-operator.io/released: use other words")
        .field_path(".clientEntityData"),
)]
#[serde(rename_all = "camelCase")]
pub struct GcoreStream {
    /// What is recorded: `origin` is the video as it comes in, `transcoded` is the largest
    /// transcoded rendition with overlays. The provider creates streams with `origin`. It must be
    /// set before a recording starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record_type: Option<RecordType>,
    /// How the player shows the picture: `regular`, `vr360`, `vr180` or `vr360tb`. The provider
    /// creates streams with `regular`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projection: Option<Projection>,
    /// Whether HTML overlays are drawn into the video. The account needs this feature, and the
    /// first activation needs a restart of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html_overlay: Option<bool>,
    /// Whether the HLS MPEG-TS playlist ends with an end-of-list tag. The provider creates streams
    /// with true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hls_endlist_tag: Option<bool>,
    /// The id of the CDN resource that delivers the stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_i64))]
    pub cdn_resource_id: Option<i64>,
    /// The id of the quality set that the stream is transcoded to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_i64))]
    pub quality_set_id: Option<i64>,
    /// A number of your own, by which the provider's statistics can be filtered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 2_147_483_647))]
    pub client_user_id: Option<i64>,
    /// A text of your own, at most 3584 characters. The operator adds its owner mark: as one member
    /// where your text is a JSON object, else as one last line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 3584))]
    pub client_entity_data: Option<String>,
    /// The region that transcodes, such as `ed1`. Accepted only by accounts that have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16), regex(pattern = r"^[a-z0-9]+$"))]
    pub transcoding_region: Option<String>,
}

/// Settings of a stream that only NAVER Live Station has. Each one that is left out is not managed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct LiveStationStream {
    /// The id of the quality set that the channel is transcoded to, instead of the account's. It can be
    /// set only when the channel is created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub quality_set_id: Option<i64>,
}

/// What is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(transform = super::undescribed)]
pub enum RecordType {
    /// The video as it comes in.
    Origin,
    /// The transcoded video with overlays.
    Transcoded,
}

/// How the player shows the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(transform = super::undescribed)]
pub enum Projection {
    /// A flat picture.
    Regular,
    /// A full sphere.
    Vr360,
    /// A half sphere.
    Vr180,
    /// A full sphere, top and bottom.
    Vr360tb,
}

/// What the operator saw of a stream.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[schemars(extend("default" = serde_json::json!({"observedGeneration": -1})))]
#[serde(rename_all = "camelCase")]
pub struct LiveStreamStatus {
    /// The generation of the spec that was carried out, or that cannot be; -1 until the operator
    /// has seen the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The stream's id at the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub stream_id: Option<String>,
    /// true: the stream was there before this object and was adopted by `spec.externalId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopted: Option<bool>,
    /// The creation that is under way or was refused. Absent once the stream is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creation: Option<Creation>,
    /// Whether the stream is switched on at the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// Whether video comes in now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<bool>,
    /// Whether it is being recorded now. Absent where the provider does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<bool>,
    /// When the session began in which video comes in now, or came in last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_started_at: Option<Time>,
    /// The start of a recording that was asked for and is not seen yet. Within 30 seconds no other
    /// one is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording_request: Option<RecordingRequest>,
    /// The newest 50 videos that came out of the stream, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["id".into()]))]
    pub videos: Vec<Video>,
    /// How many videos came out of the stream in all. The provider lists older ones by stream id.
    /// Absent as long as nobody has sent video.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub video_count: Option<i64>,
    /// Public addresses for viewers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub playback: Option<Playback>,
    /// The Secret that holds the addresses for the encoder, once it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub ingest_secret_name: Option<String>,
    /// The renewal of the stream key that the annotation `livestream-operator.io/reset-ingest-key`
    /// asked for last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingest_key_reset: Option<IngestKeyReset>,
    /// When a pull stream that the provider had switched off for idleness was last switched on
    /// again. That happens at most once an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_reactivated_at: Option<Time>,
    /// The value of the annotation `livestream-operator.io/reconcile-requested-at` that was handled last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub last_handled_reconcile_at: Option<String>,
    /// `Ready` is always there: True when the stream is as the spec says. `Reconciling` stands
    /// beside it while work or another try is pending, `Stalled` when a human must act. `Synced`
    /// says whether the last exchange with the provider worked; `Live` and `Recording` are facts
    /// that never move `Ready` by themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}

/// A creation that has not led to anything yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Creation {
    /// How many creations were begun for this object since it last had one that worked.
    #[schemars(range(min = 1))]
    pub attempt: i32,
    /// What is known of the last one: `Sent` (it was about to be sent, and nothing is known yet),
    /// `Refused` (the provider refused it, nothing was made) or `Unknown` (it may have been carried
    /// out; nothing is created again until it is proved that nothing came of it).
    pub result: CreationResult,
    /// When the last one was begun.
    pub at: Time,
}

/// What is known of a creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CreationResult {
    /// It was about to be sent.
    Sent,
    /// The provider refused it for certain.
    Refused,
    /// It may have been carried out.
    Unknown,
}

/// The start of a recording that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecordingRequest {
    /// When it was asked for.
    pub at: Time,
    /// When the session began in which it was asked for, where the provider says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Time>,
}

/// A renewal of the stream key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct IngestKeyReset {
    /// The value of the annotation `livestream-operator.io/reset-ingest-key` that was handled.
    /// Another value asks again.
    #[schemars(length(min = 1, max = 256))]
    pub token: String,
    /// What came of it: `Sent` (it was about to be sent, and nothing more is known), `Done` (the key
    /// is new, and an encoder that sent with the old one was cut off), `RestartEncoder` (the key is
    /// new, and an encoder that sends with the old one goes on until it is restarted), `Refused` (it
    /// was not sent, or the provider refused it; an Event says why) or `Unknown` (it may have been
    /// carried out; the addresses that hold now are in the ingest Secret).
    pub result: KeyResetResult,
    /// When it was handled.
    pub at: Time,
}

/// What came of a renewal of the stream key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = super::undescribed)]
pub enum KeyResetResult {
    /// It was about to be sent.
    Sent,
    /// The key is new, and nobody sends with the old one.
    Done,
    /// The key is new, and an encoder must be restarted.
    RestartEncoder,
    /// It was not carried out.
    Refused,
    /// It may have been carried out.
    Unknown,
}

/// A video that came out of a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Video {
    /// The video's id at the provider.
    #[schemars(length(min = 1, max = 64))]
    pub id: String,
    /// How far the provider has come with it: `empty` (it exists, its file is not there yet),
    /// `pending` (it waits for its processing), `viewable` (at least one rendition can be played),
    /// `ready` (all of them), `error` (its processing failed), `deleted` (the provider has
    /// deleted its files) or `unknown`.
    pub state: VideoState,
    /// When its recording began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// Its length in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub duration_seconds: Option<i64>,
    /// Where it is played as HLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub hls_url: Option<String>,
    /// Where it is played as DASH.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub dash_url: Option<String>,
    /// The player page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub iframe_url: Option<String>,
    /// What the provider says went wrong with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub error: Option<String>,
    /// When the provider deletes it, unless it is taken before. Absent where the provider keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// The files that it consists of, where the provider shows them: the first 8 of each of the newest 20
    /// videos.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub files: Vec<VideoFile>,
}

/// A file of a video.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct VideoFile {
    /// What it is, as the provider writes it, such as `MP4` or `HLS`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub format: Option<String>,
    /// The size of its picture, as the provider writes it, such as `1280x720`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub resolution: Option<String>,
    /// How far the provider has come with it: `recording`, `processing`, `stored` (the provider keeps it
    /// for a while, and it can be taken), `uploading`, `uploaded` (it is where recordings are kept),
    /// `failed`, `deleted` or `unknown`.
    pub state: VideoFileState,
    /// Where it is, once it is uploaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub url: Option<String>,
}

/// How far a file of a video has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(transform = super::undescribed)]
pub enum VideoFileState {
    /// It grows.
    Recording,
    /// It is being made ready.
    Processing,
    /// The provider keeps it for a while.
    Stored,
    /// It is being uploaded.
    Uploading,
    /// It is where recordings are kept.
    Uploaded,
    /// Its processing or its upload failed.
    Failed,
    /// It is gone.
    Deleted,
    /// The provider says something that this operator does not know.
    Unknown,
}

/// How far a video has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(transform = super::undescribed)]
pub enum VideoState {
    /// It exists, its file is not there yet.
    Empty,
    /// It waits for its processing.
    Pending,
    /// At least one rendition can be played.
    Viewable,
    /// All renditions can be played.
    Ready,
    /// Its processing failed.
    Error,
    /// Its files are gone.
    Deleted,
    /// The provider says something that this operator does not know.
    Unknown,
}

/// Public addresses for viewers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Playback {
    /// HLS, with CMAF segments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub hls: Option<String>,
    /// HLS, with MPEG-TS segments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub hls_mpegts: Option<String>,
    /// MPEG-DASH.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub dash: Option<String>,
    /// The provider's player page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub iframe: Option<String>,
}

impl Playback {
    /// These addresses, and those of `old` where one is not shown.
    #[must_use]
    pub fn or(self, old: &Self) -> Self {
        Self {
            hls: self.hls.or_else(|| old.hls.clone()),
            hls_mpegts: self.hls_mpegts.or_else(|| old.hls_mpegts.clone()),
            dash: self.dash.or_else(|| old.dash.clone()),
            iframe: self.iframe.or_else(|| old.iframe.clone()),
        }
    }
}
