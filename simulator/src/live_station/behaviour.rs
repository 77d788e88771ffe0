//! How the provider behaves towards one client: what the documents leave open, and what it may do
//! to annoy.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::lists::{ListOrder, PageShift};

/// Which clock the gateway holds the timestamps of calls against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GatewayClock {
    /// The provider's, as for everything else. Put forward by more than five minutes, it refuses callers
    /// that go by the real time.
    #[default]
    Provider,
    /// This machine's: the provider's may then be put forward by days, and callers are still heard.
    Machine,
}

/// What is done with fields of a body that its page does not list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unlisted {
    /// 250018.
    #[default]
    Refused,
    /// They are passed over, and nothing is said.
    Ignored,
}

/// What a change of settings does to a channel that is `PUBLISHING`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhilePublishing {
    /// 250005.
    #[default]
    Refused,
    /// It is made. `immediateOnAir` counts from the next broadcast on.
    Applied,
}

/// What makes a list item unreadable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spoilt {
    /// There is no `channelId`.
    IdMissing,
    /// There is no `channelName`.
    NameMissing,
    /// `channelName` is an object.
    NameOfWrongType,
    /// `channelStatus` is a word that no document has.
    StatusUnknown,
    /// The item is a string.
    NotAnObject,
}

/// One item of lists that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpoiltItem {
    /// Which channel.
    pub id: String,
    /// In which way.
    pub how: Spoilt,
}

/// Everything that can be set about the provider's behaviour towards a client. Seconds are the
/// provider's (they pass with its clock) unless it says otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "a panel of switches")]
pub struct Behaviour {
    /// Which clock timestamps are held against. (Documented: "the API gateway's", and five minutes.)
    pub gateway_clock: GatewayClock,
    /// So far ahead of that clock the gateway is; negative: behind it. Its answers' `Date` shows it.
    pub gateway_ahead_seconds: f64,
    /// Calls without `Content-Type: application/json` are refused, those without a body, too. (The
    /// overview requires it of all; some samples have none.)
    pub require_content_type: bool,
    /// More calls within a real second are answered with 429. `None`: any number. (No limit is
    /// documented.)
    pub calls_per_second: Option<u32>,
    /// `Retry-After` of such a 429. `None`: no header. (Not documented.)
    pub retry_after: Option<String>,

    /// `errorCode` is a text. (The table of codes says text, the sample shows a number.)
    pub error_codes_as_text: bool,
    /// The status of 250004 `NOT_FOUND`. (Not documented; so are the next three.)
    pub not_found_status: u16,
    /// The status of 250005 `NOT_AVAILABLE`: a call that the channel's state does not allow. (That it is
    /// this code is this simulator's reading.)
    pub not_available_status: u16,
    /// The status of 250010 `POLICY_CHECK_FAILED`.
    pub policy_status: u16,
    /// The status of all that is wrong with a call itself.
    pub bad_request_status: u16,

    /// From the POST to `READY`. (Not documented; one client waits ten seconds.)
    pub creating_seconds: f64,
    /// From the end of ingest to `READY`. (Not documented.) Ingest that comes back sooner goes on in the
    /// same broadcast.
    pub ready_after_seconds: f64,
    /// An encoder that keeps trying comes back so long after it can.
    pub reconnect_seconds: f64,
    /// The answer to a POST holds the whole channel; else nothing but `channelId`. (Clients read that;
    /// the rest could not be found.)
    pub create_answer_whole: bool,
    /// The same of the answer to a change of settings.
    pub update_answer_whole: bool,
    /// Fields that a page does not list: `cdn`, `qualitySetId` and others in a change of settings.
    pub unlisted_fields: Unlisted,
    /// A change of settings puts `envType` and `outputProtocol` back where it leaves them out; else they
    /// stay. (Documented: it takes the whole settings; and these two are optional.)
    pub update_resets_absent: bool,
    /// A change of settings of a channel that is `PUBLISHING`. (Not documented.)
    pub update_while_publishing: WhilePublishing,
    /// `record.accessControl` must be there where there is a bucket. (Documented: "conditional".)
    pub access_control_required: bool,
    /// A second channel of the same name is refused. (Not documented.)
    pub unique_names: bool,
    /// A channel that is gone is shown by its id for so long, as `DELETED` or `FORCE_DELETED`; then, it
    /// is 250004. (Not documented.)
    pub deleted_shown_seconds: f64,
    /// The same in lists. (Not documented.)
    pub deleted_listed_seconds: f64,
    /// `PUBLISH` instead of `PUBLISHING`, as in older documents.
    pub old_status_words: bool,
    /// `instanceNo`, and the numbers of callbacks, are texts, as in older documents.
    pub numbers_as_text: bool,

    /// Items on a page, where the call does not say it. (Not documented.)
    pub page_size: u64,
    /// The order of lists. (Not documented.)
    pub list_order: ListOrder,
    /// `channelName` in a list's query finds that name only; else every name that contains it. (Not
    /// documented.)
    pub name_filter_exact: bool,
    /// A new channel is in no list for so long.
    pub hide_new_from_list_seconds: f64,
    /// A new channel cannot be found by its id for so long.
    pub hide_new_from_get_seconds: f64,
    /// Lists show a channel as it was before its last change, or deletion, for so long.
    pub stale_list_seconds: f64,
    /// Lists are empty.
    pub empty_lists: bool,
    /// This page of lists is empty.
    pub empty_page: Option<u64>,
    /// This page of lists shows again what the one before it shows.
    pub repeated_page: Option<u64>,
    /// Behind the last page, lists show that one again: a walk never ends.
    pub last_page_again: bool,
    /// These channels are in no list; by id they are there.
    pub unlisted: Vec<String>,
    /// These fields are missing in list items.
    pub thin_lists: Vec<String>,
    /// One item of lists is unreadable.
    pub spoilt_item: Option<SpoiltItem>,
    /// Items move between pages in the middle of walks.
    pub page_shift: Option<PageShift>,

    /// From a recording's begin to `isRecording`. (Not documented.) Its files are there at once.
    pub is_recording_after_seconds: f64,
    /// `off` spoils the recording that runs: its files become `PROCESSING_FAIL`. Else it ends well. (Not
    /// documented.)
    pub off_spoils_recording: bool,
    /// A recording has only files of its channel's `record.format`; else one MP4 and two HLS renditions
    /// whatever that says, as in the sample. (Not documented.)
    pub files_follow_format: bool,
    /// A file from `PROCESSING` to the next state. (Not documented.)
    pub processing_seconds: f64,
    /// A file from `TRANSFER` to `TRANSFER_FINISH`. (Not documented.)
    pub transfer_seconds: f64,
    /// From a file's `createdTime` to its `shouldDeleteTime`. (Documented: three days.)
    pub records_kept_seconds: f64,
    /// A file that is `DELETED` is listed for so long. (Not documented.)
    pub deleted_records_listed_seconds: f64,

    /// Callbacks come so much later.
    pub callback_late_seconds: f64,
    /// Every second callback comes so much later still, so that others overtake it.
    pub callback_reorder_seconds: f64,
    /// Callbacks come twice.
    pub callback_double: bool,
    /// One of so many callbacks is never sent. 0: all are. 1: none is.
    pub callback_lose_every: u64,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            gateway_clock: GatewayClock::default(),
            gateway_ahead_seconds: 0.0,
            require_content_type: true,
            calls_per_second: None,
            retry_after: None,
            error_codes_as_text: false,
            not_found_status: 404,
            not_available_status: 400,
            policy_status: 403,
            bad_request_status: 400,
            creating_seconds: 5.0,
            ready_after_seconds: 3.0,
            reconnect_seconds: 10.0,
            create_answer_whole: false,
            update_answer_whole: false,
            unlisted_fields: Unlisted::default(),
            update_resets_absent: true,
            update_while_publishing: WhilePublishing::default(),
            access_control_required: true,
            unique_names: false,
            deleted_shown_seconds: 0.0,
            deleted_listed_seconds: 0.0,
            old_status_words: false,
            numbers_as_text: false,
            page_size: 10,
            list_order: ListOrder::default(),
            name_filter_exact: false,
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
            is_recording_after_seconds: 3.0,
            off_spoils_recording: false,
            files_follow_format: false,
            processing_seconds: 20.0,
            transfer_seconds: 20.0,
            records_kept_seconds: 3.0 * 24.0 * 3600.0,
            deleted_records_listed_seconds: 24.0 * 3600.0,
            callback_late_seconds: 0.0,
            callback_reorder_seconds: 0.0,
            callback_double: false,
            callback_lose_every: 0,
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
        let other = changed(json!({"thin_lists": ["record"], "not_found_status": 500}));
        let other = other.expect("good");
        assert_eq!((other.thin_lists.len(), other.not_found_status), (1, 500));
        assert!(other.update_resets_absent);
        assert!(changed(json!({"not_found": 500})).is_err());
        assert!(changed(json!({"not_found_status": "500"})).is_err());
    }
}
