//! Broadcasts.

use serde_json::{Map, Value};

use super::public;
use crate::{
    api::BroadcastState,
    provider::{
        BroadcastId, BroadcastSettings, ObservedBroadcast, ProviderError, StreamId, gcore::wire,
    },
};

/// A broadcast as it was read.
pub(in crate::provider::gcore) fn observed(
    id: BroadcastId,
    broadcast: wire::Broadcast,
) -> ObservedBroadcast {
    let wire::Ids(streams) = broadcast.stream_ids;
    ObservedBroadcast {
        id,
        settings: BroadcastSettings {
            name: broadcast.name,
            state: broadcast.status.as_deref().and_then(state),
            // With one that cannot be read, the order is not known.
            streams: streams.and_then(|ids| ids.into_iter().map(stream).collect()),
            share_url: broadcast.share_url,
            custom_iframe_url: broadcast.custom_iframe_url,
            pending_message: broadcast.pending_message,
            show_dvr_after_finish: broadcast.show_dvr_after_finish,
            ad_id: broadcast.ad_id,
            player_id: broadcast.player_id,
        },
        iframe_url: public(broadcast.iframe_url),
    }
}

fn stream(id: Option<String>) -> Option<StreamId> {
    id.map(StreamId::new)
}

/// Capitalised in the documents' prose, in lower case in their samples.
fn state(word: &str) -> Option<BroadcastState> {
    match word.to_ascii_lowercase().as_str() {
        "pending" => Some(BroadcastState::Pending),
        "live" => Some(BroadcastState::Live),
        "paused" => Some(BroadcastState::Paused),
        "finished" => Some(BroadcastState::Finished),
        _ => None,
    }
}

pub(in crate::provider::gcore) fn state_word(state: BroadcastState) -> &'static str {
    match state {
        BroadcastState::Pending => "pending",
        BroadcastState::Live => "live",
        BroadcastState::Paused => "paused",
        BroadcastState::Finished => "finished",
    }
}

/// The fields that just these settings are written as.
///
/// # Errors
///
/// [`ProviderError::Refused`] where a stream's id is no number: what the API would make of it is
/// not documented, and it could be another stream.
pub(in crate::provider::gcore) fn fields(
    settings: &BroadcastSettings,
) -> Result<Map<String, Value>, ProviderError> {
    // A whole pattern, without `..`, so that a new setting cannot be forgotten here.
    let BroadcastSettings {
        name,
        state,
        streams,
        share_url,
        custom_iframe_url,
        pending_message,
        show_dvr_after_finish,
        ad_id,
        player_id,
    } = settings;
    let streams: Option<Vec<Value>> = match streams {
        Some(ids) => Some(ids.iter().map(number).collect::<Result<_, _>>()?),
        None => None,
    };
    let text = |text: &Option<String>| text.as_deref().map(Value::from);
    let fields = [
        ("name", text(name)),
        ("status", state.map(|state| Value::from(state_word(state)))),
        ("stream_ids", streams.map(Value::from)),
        ("share_url", text(share_url)),
        ("custom_iframe_url", text(custom_iframe_url)),
        ("pending_message", text(pending_message)),
        (
            "show_dvr_after_finish",
            show_dvr_after_finish.map(Value::from),
        ),
        ("ad_id", ad_id.map(Value::from)),
        ("player_id", player_id.map(Value::from)),
    ];
    let set = |(name, value): (&str, Option<Value>)| Some((name.to_owned(), value?));
    Ok(fields.into_iter().filter_map(set).collect())
}

fn number(id: &StreamId) -> Result<Value, ProviderError> {
    let number: Option<u64> = id.as_str().parse().ok();
    let number = number.filter(|number| number.to_string() == id.as_str());
    number
        .map(Value::from)
        .ok_or_else(|| ProviderError::Refused {
            status: 400,
            message: "this cannot be the id of a stream".to_owned(),
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> ObservedBroadcast {
        observed(BroadcastId::new("7"), wire::object(value).unwrap())
    }

    fn whole() -> BroadcastSettings {
        BroadcastSettings {
            name: Some("Keynote".into()),
            state: Some(BroadcastState::Live),
            streams: Some(vec![StreamId::new("9"), StreamId::new("8")]),
            share_url: Some("https://share".into()),
            custom_iframe_url: Some(String::new()),
            pending_message: Some("Soon".into()),
            show_dvr_after_finish: Some(false),
            ad_id: Some(1),
            player_id: Some(2),
        }
    }

    #[test]
    fn every_field_has_its_place() {
        let fields = Value::from(fields(&whole()).unwrap());
        assert_eq!(
            fields,
            json!({
                "name": "Keynote", "status": "live", "stream_ids": [9, 8],
                "share_url": "https://share", "custom_iframe_url": "", "pending_message": "Soon",
                "show_dvr_after_finish": false, "ad_id": 1, "player_id": 2,
            })
        );
        let seen = read(fields);
        assert_eq!((seen.settings, seen.iframe_url), (whole(), None));
    }

    #[test]
    fn only_what_is_wanted_is_written() {
        assert_eq!(fields(&BroadcastSettings::default()), Ok(Map::new()));
        let none = BroadcastSettings {
            streams: Some(Vec::new()),
            ..Default::default()
        };
        assert_eq!(
            fields(&none).map(Value::from),
            Ok(json!({"stream_ids": []}))
        );
    }

    #[test]
    fn a_stream_is_a_number() {
        for odd in ["", "x", "+7", "07", " 7", "-7", "18446744073709551616"] {
            let odd = BroadcastSettings {
                streams: Some(vec![StreamId::new("7"), StreamId::new(odd)]),
                ..Default::default()
            };
            assert!(fields(&odd).is_err_and(|error| error.refused_for_certain()));
        }
    }

    #[test]
    fn what_is_not_shown_is_not_known() {
        assert_eq!(read(json!({})).settings, BroadcastSettings::default());
        let odd = json!({
            "stream_ids": [9, {}], "status": "over", "name": null, "ad_id": null,
            "share_url": [], "iframe_url": "",
        });
        let odd = read(odd);
        assert_eq!(
            (odd.settings, odd.iframe_url),
            (BroadcastSettings::default(), None)
        );
        // Empty texts may come back as null.
        let empty = read(json!({"share_url": null, "pending_message": ""})).settings;
        assert_eq!(empty.share_url.as_deref(), Some(""));
        assert_eq!(empty.pending_message.as_deref(), Some(""));
    }

    #[test]
    fn states_are_words_in_any_case() {
        for state in [
            BroadcastState::Pending,
            BroadcastState::Live,
            BroadcastState::Paused,
            BroadcastState::Finished,
        ] {
            let word = state_word(state);
            assert_eq!(word, word.to_lowercase());
            for word in [word.to_owned(), word.to_uppercase()] {
                let seen = read(json!({ "status": word })).settings.state;
                assert_eq!(seen, Some(state));
            }
        }
    }
}
