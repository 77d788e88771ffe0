//! Broadcasts as a provider shows them: the player page that shows one or more streams.

use std::fmt;

use super::StreamId;
use crate::api::BroadcastState;

/// The provider's id of a broadcast. Opaque.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BroadcastId(String);

impl BroadcastId {
    /// An id as the provider writes it.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BroadcastId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The settings of a broadcast that a manifest can manage. In what is wanted, `None` means not
/// managed; in what was seen, that the provider has none or did not show it. A text that is wanted
/// empty is seen empty, however the provider keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BroadcastSettings {
    /// The display name.
    pub name: Option<String>,
    /// What viewers see.
    pub state: Option<BroadcastState>,
    /// The streams, in the order in which the player shows them.
    pub streams: Option<Vec<StreamId>>,
    /// The address that the share button gives.
    pub share_url: Option<String>,
    /// The page that is shown instead of the provider's player page.
    pub custom_iframe_url: Option<String>,
    /// What is shown while the broadcast is pending.
    pub pending_message: Option<String>,
    /// Whether the recording of the session can be watched when the broadcast is finished.
    pub show_dvr_after_finish: Option<bool>,
    /// The id of the advertisement.
    pub ad_id: Option<i64>,
    /// The id of the player.
    pub player_id: Option<i64>,
}

/// A broadcast as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedBroadcast {
    /// Its id.
    pub id: BroadcastId,
    /// Its settings.
    pub settings: BroadcastSettings,
    /// The player page.
    pub iframe_url: Option<String>,
}

/// What of a broadcast is wanted and not so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BroadcastDifference {
    /// The fields as the user writes them, in the order of the spec. Never empty.
    pub fields: Vec<&'static str>,
    /// The wanted values of just those fields.
    pub settings: BroadcastSettings,
}

impl BroadcastSettings {
    /// What of this is not so in `seen`; `None` where all is. What is not wanted is not compared.
    pub fn difference(&self, seen: &Self) -> Option<BroadcastDifference> {
        let mut fields = Vec::new();
        macro_rules! differing {
            ($name:literal, $field:ident) => {
                if self.$field.is_some() && self.$field != seen.$field {
                    fields.push($name);
                    self.$field.clone()
                } else {
                    None
                }
            };
        }
        // Whole values, without `..`, so that a new setting cannot be forgotten here.
        let settings = Self {
            name: differing!("displayName", name),
            state: differing!("state", state),
            streams: differing!("streams", streams),
            share_url: differing!("shareUrl", share_url),
            custom_iframe_url: differing!("customIframeUrl", custom_iframe_url),
            pending_message: differing!("pendingMessage", pending_message),
            show_dvr_after_finish: differing!("showDvrAfterFinish", show_dvr_after_finish),
            ad_id: differing!("adId", ad_id),
            player_id: differing!("playerId", player_id),
        };
        (!fields.is_empty()).then_some(BroadcastDifference { fields, settings })
    }

    /// These settings, and those of `other` where these have none.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            name: self.name.or(other.name),
            state: self.state.or(other.state),
            streams: self.streams.or(other.streams),
            share_url: self.share_url.or(other.share_url),
            custom_iframe_url: self.custom_iframe_url.or(other.custom_iframe_url),
            pending_message: self.pending_message.or(other.pending_message),
            show_dvr_after_finish: self.show_dvr_after_finish.or(other.show_dvr_after_finish),
            ad_id: self.ad_id.or(other.ad_id),
            player_id: self.player_id.or(other.player_id),
        }
    }
}
