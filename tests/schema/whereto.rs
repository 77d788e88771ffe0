//! Where each field goes at the provider. A new field fails the test until it stands here.

use serde_json::Value;

/// Where a field goes.
#[derive(Clone, Copy)]
pub enum Where {
    /// This field of the provider's object has the same value.
    Same(&'static str),
    /// The provider's object has what this says of it.
    As(fn(&Value, &Value) -> bool),
    /// It is not sent, because …
    NotSent(&'static str),
}

use Where::{As, NotSent, Same};

/// The names of our marks in the entity data.
const MARK: &str = "livestream-operator.io/owner";

/// Kind and way, and where it goes.
pub const ALL: &[(&str, Where)] = &[
    (
        "Broadcast.accountRef.name",
        NotSent("it says which account is called"),
    ),
    ("Broadcast.adId", Same("ad_id")),
    ("Broadcast.customIframeUrl", Same("custom_iframe_url")),
    (
        "Broadcast.deletionPolicy",
        NotSent("it says what a deletion does"),
    ),
    ("Broadcast.displayName", Same("name")),
    (
        "Broadcast.externalId",
        NotSent("it says which broadcast is adopted"),
    ),
    (
        "Broadcast.interruption.action",
        NotSent("it says what is done when the signal is lost"),
    ),
    (
        "Broadcast.interruption.afterSeconds",
        NotSent("it says when that is done"),
    ),
    (
        "Broadcast.liveProtection",
        NotSent("it says what a deletion waits for"),
    ),
    ("Broadcast.pendingMessage", Same("pending_message")),
    ("Broadcast.playerId", Same("player_id")),
    ("Broadcast.shareUrl", Same("share_url")),
    (
        "Broadcast.showDvrAfterFinish",
        Same("show_dvr_after_finish"),
    ),
    ("Broadcast.state", Same("status")),
    ("Broadcast.streams", As(stream_ids)),
    ("Broadcast.suspend", NotSent("it says that nothing is sent")),
    (
        "LiveStream.accountRef.name",
        NotSent("it says which account is called"),
    ),
    ("LiveStream.active", Same("active")),
    ("LiveStream.autoRecord", Same("auto_record")),
    (
        "LiveStream.deletionPolicy",
        NotSent("it says what a deletion does"),
    ),
    ("LiveStream.displayName", Same("name")),
    ("LiveStream.dvr.durationSeconds", Same("dvr_duration")),
    ("LiveStream.dvr.enabled", Same("dvr_enabled")),
    (
        "LiveStream.externalId",
        NotSent("it says which stream is adopted"),
    ),
    ("LiveStream.gcore.cdnResourceId", Same("cdn_id")),
    ("LiveStream.gcore.clientEntityData", As(entity_data)),
    ("LiveStream.gcore.clientUserId", Same("client_user_id")),
    (
        "LiveStream.gcore.hlsEndlistTag",
        Same("hls_mpegts_endlist_tag"),
    ),
    ("LiveStream.gcore.htmlOverlay", Same("html_overlay")),
    ("LiveStream.gcore.projection", Same("projection")),
    ("LiveStream.gcore.qualitySetId", Same("quality_set_id")),
    ("LiveStream.gcore.recordType", Same("record_type")),
    (
        "LiveStream.gcore.transcodingRegion",
        Same("transcoding_region"),
    ),
    (
        "LiveStream.ingestSecret.name",
        NotSent("it names a Secret of the cluster"),
    ),
    (
        "LiveStream.liveProtection",
        NotSent("it says what a deletion waits for"),
    ),
    (
        "LiveStream.liveStation.qualitySetId",
        NotSent("Gcore has no such field: the object is Stalled, and says so"),
    ),
    ("LiveStream.pull.urls", As(addresses)),
    (
        "LiveStream.pull.urlsSecretRef.key",
        NotSent("what stands in the Secret is sent"),
    ),
    (
        "LiveStream.pull.urlsSecretRef.name",
        NotSent("what stands in the Secret is sent"),
    ),
    (
        "LiveStream.recording",
        NotSent("recordings are begun and ended while a stream is live"),
    ),
    (
        "LiveStream.srtPassphraseSecretRef.key",
        NotSent("what stands in the Secret is sent"),
    ),
    (
        "LiveStream.srtPassphraseSecretRef.name",
        NotSent("what stands in the Secret is sent"),
    ),
    (
        "LiveStream.suspend",
        NotSent("it says that nothing is sent"),
    ),
    (
        "StreamingAccount.gcore.apiKeySecretRef.key",
        NotSent("an account changes nothing at the provider"),
    ),
    (
        "StreamingAccount.gcore.apiKeySecretRef.name",
        NotSent("an account changes nothing at the provider"),
    ),
    (
        "StreamingAccount.gcore.endpoint",
        NotSent("an account changes nothing at the provider"),
    ),
    (
        "StreamingAccount.liveStation.accessKeySecretRef.key",
        NotSent("the accounts here are Gcore's; tests/provider_live_station has where it goes"),
    ),
    (
        "StreamingAccount.liveStation.accessKeySecretRef.name",
        NotSent("the accounts here are Gcore's; tests/provider_live_station has where it goes"),
    ),
    (
        "StreamingAccount.liveStation.cdn.profileId",
        NotSent("the accounts here are Gcore's; tests/provider_live_station has where it goes"),
    ),
    (
        "StreamingAccount.liveStation.cdn.region",
        NotSent("the accounts here are Gcore's; tests/provider_live_station has where it goes"),
    ),
    (
        "StreamingAccount.liveStation.endpoint",
        NotSent("the accounts here are Gcore's; tests/provider_live_station has where it goes"),
    ),
    (
        "StreamingAccount.liveStation.qualitySetId",
        NotSent("the accounts here are Gcore's; tests/provider_live_station has where it goes"),
    ),
    (
        "StreamingAccount.liveStation.record.accessControl",
        NotSent("the accounts here are Gcore's; tests/provider_live_station has where it goes"),
    ),
    (
        "StreamingAccount.liveStation.record.bucketName",
        NotSent("the accounts here are Gcore's; tests/provider_live_station has where it goes"),
    ),
    (
        "StreamingAccount.liveStation.record.filePath",
        NotSent("the accounts here are Gcore's; tests/provider_live_station has where it goes"),
    ),
    (
        "StreamingAccount.liveStation.record.format",
        NotSent("the accounts here are Gcore's; tests/provider_live_station has where it goes"),
    ),
    (
        "StreamingAccount.liveStation.region",
        NotSent("the accounts here are Gcore's; tests/provider_live_station has where it goes"),
    ),
    (
        "StreamingAccount.liveStation.secretKeySecretRef.key",
        NotSent("the accounts here are Gcore's; tests/provider_live_station has where it goes"),
    ),
    (
        "StreamingAccount.liveStation.secretKeySecretRef.name",
        NotSent("the accounts here are Gcore's; tests/provider_live_station has where it goes"),
    ),
    (
        "StreamingAccount.pollIntervalSeconds",
        NotSent("an account changes nothing at the provider"),
    ),
    (
        "StreamingAccount.requestsPerSecond",
        NotSent("an account changes nothing at the provider"),
    ),
];

/// Where a field goes, if that is known.
pub fn of(name: &str) -> Option<Where> {
    ALL.iter()
        .find(|(known, _)| *known == name)
        .map(|(_, place)| *place)
}

/// Whether the provider's object has this value of a field.
pub fn has(place: Where, wanted: &Value, object: &Value) -> bool {
    match place {
        Same(field) => object[field] == *wanted,
        As(says) => says(wanted, object),
        NotSent(_) => true,
    }
}

fn addresses(wanted: &Value, object: &Value) -> bool {
    let wanted: Vec<&str> = wanted
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if wanted.is_empty() {
        return object["pull"] == false;
    }
    let uri = object["uri"].as_str().unwrap_or_default();
    object["pull"] == true && uri.split_whitespace().eq(wanted)
}

fn stream_ids(wanted: &Value, object: &Value) -> bool {
    let wanted = wanted.as_array().into_iter().flatten();
    let wanted = wanted.map(|stream| stream["id"].as_str().unwrap_or_default().to_owned());
    let shown = object["stream_ids"].as_array().into_iter().flatten();
    shown.map(ToString::to_string).eq(wanted)
}

/// The user's text and our mark: a member of a JSON object, else the last line.
fn entity_data(wanted: &Value, object: &Value) -> bool {
    let (wanted, shown) = (
        wanted.as_str().unwrap_or_default(),
        object["client_entity_data"].as_str().unwrap_or_default(),
    );
    if !shown.contains(MARK) {
        return false;
    }
    let parsed = |text: &str| serde_json::from_str::<serde_json::Map<String, Value>>(text).ok();
    if let (Some(wanted), Some(mut shown)) = (parsed(wanted), parsed(shown)) {
        shown.retain(|name, _| !name.starts_with(MARK));
        return shown == wanted;
    }
    let before = shown.rsplit_once('\n').map_or("", |(before, _)| before);
    before == wanted
}
