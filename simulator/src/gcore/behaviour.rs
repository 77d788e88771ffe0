//! How the provider behaves towards one client: what the documents leave open, and what it may do
//! to annoy.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::lists::{ListOrder, PageShift};

/// What makes a list item unreadable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spoilt {
    /// There is no `id`.
    IdMissing,
    /// `client_entity_data` is an object.
    MarkOfWrongType,
    /// `name` is a number.
    NameOfWrongType,
    /// The item is a string.
    NotAnObject,
}

/// One item of lists that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpoiltItem {
    /// Which stream, broadcast or video.
    pub id: u64,
    /// In which way.
    pub how: Spoilt,
}

/// How a refusal for want of quota looks: only the tutorial hints that there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuotaRefusal {
    /// 422 `{"errors":{"active":[…]}}`.
    #[default]
    Unprocessable,
    /// 403.
    Forbidden,
}

/// An answer that no document shows, as it shall be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Canned {
    /// The status.
    pub status: u16,
    /// The body; null: it is empty.
    #[serde(default)]
    pub body: Value,
}

impl Canned {
    /// 422 with this text.
    pub fn unprocessable(message: &str) -> Self {
        Self {
            status: 422,
            body: json!({"status": 422, "error": message}),
        }
    }
}

/// What is in `errors` of a 200 of `start_recording`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartErrors {
    /// Any objects.
    pub errors: Vec<Value>,
    /// It records all the same.
    #[serde(default)]
    pub starts: bool,
}

/// The answer of `stop_recording` where there is no video to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NothingStopped {
    /// 200 with an empty body.
    #[default]
    Empty,
    /// 200 with `null`.
    Null,
    /// 204.
    NoContent,
}

/// What is done with ids that name nothing, in `stream_ids` and `broadcast_ids`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownIds {
    /// 422.
    #[default]
    Refused,
    /// They are dropped, and nothing is said.
    Dropped,
}

/// The answer to a broadcast's POST: its documents show each of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BroadcastAnswer {
    /// The broadcast.
    #[default]
    Whole,
    /// The broadcast without its `id`.
    WithoutId,
    /// An empty body.
    Empty,
}

/// Everything that can be set about the provider's behaviour towards a client. Seconds are the
/// provider's (they pass with its clock) unless it says otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "a panel of switches")]
pub struct Behaviour {
    /// POST only flat, PATCH only inside `{"stream":…}`, pages only from 1, bodies only with a JSON
    /// content type. Off: both forms, as the real service evidently takes them.
    pub strict: bool,
    /// Items on a page (official demo apps: 25).
    pub page_size: u64,
    /// The order of lists.
    pub list_order: ListOrder,
    /// Streams have `recording` (prose: yes; typed schema: no).
    pub recording_field: bool,
    /// Responses have the fields that were seen in 2022 but are in no schema; `transcoding_region`,
    /// `webrtc` and `low_latency_enabled` can be written.
    pub legacy_fields: bool,
    /// `reset_push_token` answers 202 with a message, and running ingest goes on.
    pub reset_token_accepted: bool,

    /// So many streams may be `active`. `None`: any number.
    pub active_limit: Option<u64>,
    /// How more are refused.
    pub active_limit_refusal: QuotaRefusal,
    /// More calls within a real second are answered with 429. `None`: any number.
    pub calls_per_second: Option<u32>,
    /// `Retry-After` of such a 429. `None`: no header.
    pub retry_after: Option<String>,

    /// A new object is in no list for so long.
    pub hide_new_from_list_seconds: f64,
    /// A new object is 404 when read or changed by id for so long.
    pub hide_new_from_get_seconds: f64,
    /// Lists show an object as it was before its last change, or deletion, for so long.
    pub stale_list_seconds: f64,
    /// Lists are empty.
    pub empty_lists: bool,
    /// This page of lists is empty.
    pub empty_page: Option<u64>,
    /// This page of lists shows again what the one before it shows.
    pub repeated_page: Option<u64>,
    /// Behind the last page, lists show that one again: a walk never ends.
    pub last_page_again: bool,
    /// These objects are in no list; by id they are there.
    pub unlisted: Vec<u64>,
    /// These fields are missing in list items.
    pub thin_lists: Vec<String>,
    /// One item of lists is unreadable.
    pub spoilt_item: Option<SpoiltItem>,
    /// Items move between pages in the middle of walks.
    pub page_shift: Option<PageShift>,

    /// Fields that are null are left out of responses.
    pub omit_nulls: bool,
    /// White space around `name` is dropped.
    pub trim_names: bool,
    /// `null` for a field that cannot be null sets its default, instead of 422.
    pub null_means_default: bool,
    /// An empty text where null is allowed is stored as null.
    pub empty_means_null: bool,
    /// Arrays come back sorted.
    pub sort_arrays: bool,
    /// `dvr_duration` is rounded down to a multiple of this. 0: it is not.
    pub round_dvr: u64,
    /// These fields are ignored when written, and nothing is said.
    pub ignore_fields: Vec<String>,

    /// PULL: from being active with a source that is up to being live (product page: about 15 s).
    pub pull_live_after_seconds: f64,
    /// PULL: without a source for so long, `active` turns false (API specification: 2 h).
    pub pull_idle_seconds: f64,
    /// From live to being transcoded, that is playable (webhook page: 2-5 s).
    pub transcoding_after_seconds: f64,
    /// From `active:false` to the end of ingest (tutorial: the answer still says live).
    pub live_ends_after_seconds: f64,
    /// An encoder that keeps trying comes back so long after it can (product page: 10 s).
    pub reconnect_seconds: f64,

    /// From the call, or the begin of a session with `auto_record`, to recording (help text: 3-7 s).
    pub recording_starts_after_seconds: f64,
    /// Ingest that comes back within this goes on in the same file (help text: 10 s; product page:
    /// a minute).
    pub recording_gap_seconds: f64,
    /// A recording goes on in a new file after so long (help text: 4 h).
    pub recording_longest_seconds: f64,
    /// Shorter files are not kept (product page: 10 s).
    pub recording_shortest_seconds: f64,
    /// `recording` stays true while ingest is waited for.
    pub recording_while_waiting: bool,
    /// A recording that a call began goes on by itself, in a new file, when ingest comes back after
    /// its file was closed.
    pub recording_resumes: bool,
    /// The answer to a start where there is no ingest.
    pub not_live: Canned,
    /// The answer to a start while it records. `None`: 204, and nothing changes.
    pub already_recording: Option<Canned>,
    /// A start is answered with 200 and these errors.
    pub start_errors: Option<StartErrors>,
    /// The answer to a stop that made no video.
    pub nothing_stopped: NothingStopped,

    /// Minutes of video that may be stored (product page: 100,000 at first).
    pub storage_limit_minutes: f64,
    /// Minutes that something else has used.
    pub storage_used_minutes: f64,
    /// From this part of the limit on, a start is answered with a warning.
    pub storage_warning_share: f64,

    /// A video from `empty` to `pending`.
    pub video_pending_after_seconds: f64,
    /// A video from `pending` to `viewable`.
    pub video_viewable_after_seconds: f64,
    /// A video from `viewable` to `ready`.
    pub video_ready_after_seconds: f64,
    /// Videos have an `origin_url`, for so long (product page: 7 days, where it is paid for).
    pub original_kept_seconds: f64,
    /// A recording has the `client_user_id` of its stream.
    pub recordings_inherit_user: bool,
    /// A larger `per_page` means this.
    pub videos_per_page_max: u64,

    /// What is done with ids that name nothing, in `stream_ids` and `broadcast_ids`.
    pub unknown_ids: UnknownIds,
    /// A stream that is deleted goes from the `stream_ids` of broadcasts.
    pub deletion_detaches: bool,
    /// The answer to a broadcast's POST.
    pub broadcast_answer: BroadcastAnswer,
    /// The list of broadcasts shows no `id`.
    pub broadcasts_without_id: bool,
    /// `broadcast_ids` of streams are empty, whatever they are in.
    pub streams_without_broadcasts: bool,

    /// Webhooks have the fields of before 2025-09 only.
    pub webhook_old_payload: bool,
    /// There are webhooks of type `broadcast`, as there were until 2025.
    pub webhook_broadcasts: bool,
    /// Webhooks come so much later.
    pub webhook_late_seconds: f64,
    /// Every second webhook comes so much later still, so that others overtake it.
    pub webhook_reorder_seconds: f64,
    /// Webhooks come twice.
    pub webhook_double: bool,
    /// One of so many webhooks is never sent. 0: all are. 1: none is.
    pub webhook_lose_every: u64,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            strict: true,
            page_size: 25,
            list_order: ListOrder::default(),
            recording_field: true,
            legacy_fields: false,
            reset_token_accepted: false,
            active_limit: None,
            active_limit_refusal: QuotaRefusal::default(),
            calls_per_second: None,
            retry_after: None,
            hide_new_from_list_seconds: 0.0,
            hide_new_from_get_seconds: 0.0,
            stale_list_seconds: 0.0,
            empty_lists: false,
            empty_page: None,
            repeated_page: None,
            last_page_again: false,
            unlisted: Vec::new(),
            thin_lists: Vec::new(),
            spoilt_item: None,
            page_shift: None,
            omit_nulls: false,
            trim_names: false,
            null_means_default: false,
            empty_means_null: false,
            sort_arrays: false,
            round_dvr: 0,
            ignore_fields: Vec::new(),
            pull_live_after_seconds: 15.0,
            pull_idle_seconds: 7200.0,
            transcoding_after_seconds: 3.0,
            live_ends_after_seconds: 2.0,
            reconnect_seconds: 10.0,
            recording_starts_after_seconds: 5.0,
            recording_gap_seconds: 10.0,
            recording_longest_seconds: 4.0 * 3600.0,
            recording_shortest_seconds: 10.0,
            recording_while_waiting: false,
            recording_resumes: false,
            not_live: Canned::unprocessable("Stream is not live"),
            already_recording: None,
            start_errors: None,
            nothing_stopped: NothingStopped::default(),
            storage_limit_minutes: 100_000.0,
            storage_used_minutes: 0.0,
            storage_warning_share: 0.9,
            video_pending_after_seconds: 1.0,
            video_viewable_after_seconds: 20.0,
            video_ready_after_seconds: 30.0,
            original_kept_seconds: 7.0 * 24.0 * 3600.0,
            recordings_inherit_user: false,
            videos_per_page_max: 100,
            unknown_ids: UnknownIds::default(),
            deletion_detaches: true,
            broadcast_answer: BroadcastAnswer::default(),
            broadcasts_without_id: false,
            streams_without_broadcasts: false,
            webhook_old_payload: false,
            webhook_broadcasts: false,
            webhook_late_seconds: 0.0,
            webhook_reorder_seconds: 0.0,
            webhook_double: false,
            webhook_lose_every: 0,
        }
    }
}

impl Behaviour {
    /// This behaviour with the named settings changed, or what is wrong with them.
    pub fn with(&self, changes: &Map<String, Value>) -> Result<Self, String> {
        let mut all = serde_json::to_value(self).map_err(|error| error.to_string())?;
        if let Value::Object(all) = &mut all {
            all.extend(changes.iter().map(|(k, v)| (k.clone(), v.clone())));
        }
        serde_json::from_value(all).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn changes_name_their_settings() {
        let plain = Behaviour::default();
        let changed = |changes: Value| plain.with(changes.as_object().expect("an object"));
        let thin = changed(json!({"thin_lists": ["token"], "active_limit": 3})).expect("good");
        assert_eq!((thin.thin_lists.len(), thin.active_limit), (1, Some(3)));
        assert!(thin.strict);
        assert!(changed(json!({"active_limits": 3})).is_err());
        assert!(changed(json!({"active_limit": "3"})).is_err());
    }
}
