//! The settings of a stream, and how wanted ones differ from seen ones.

use crate::{
    api::{GcoreStream, LiveStationStream},
    secret::Secret,
};

/// The settings of a stream that a manifest can manage. In what is wanted, `None` means not managed;
/// in what was seen, `None` means that the provider has none or did not show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamSettings {
    /// The display name.
    pub name: Option<String>,
    /// The on/off switch.
    pub active: Option<bool>,
    /// Whether the provider records every session by itself.
    pub auto_record: Option<bool>,
    /// Whether the encoder pushes, or the provider pulls and from where.
    pub source: Option<Source>,
    /// The passphrase of SRT push.
    pub srt_passphrase: Option<Secret>,
    /// Whether viewers can rewind.
    pub dvr_enabled: Option<bool>,
    /// How far back viewers can go, in seconds.
    pub dvr_seconds: Option<i32>,
    /// What only Gcore has. The entity data are the user's part, without the owner's mark.
    pub gcore: GcoreStream,
    /// What only Live Station has.
    pub live_station: LiveStationStream,
}

/// Where the video comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The encoder sends it.
    Push,
    /// The provider fetches it from these addresses, tried in turn.
    Pull(Vec<Secret>),
}

/// What is wanted and not so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The fields as the user writes them, in the order of the spec. Never empty.
    pub fields: Vec<&'static str>,
    /// The wanted values of just those fields.
    pub settings: StreamSettings,
}

/// What of `want` is not so in `seen`; `None` where all is. What is not wanted is not compared.
pub fn difference(want: &StreamSettings, seen: &StreamSettings) -> Option<Difference> {
    let mut fields = Vec::new();
    macro_rules! differing {
        ($name:literal, $($path:ident).+) => {
            if want.$($path).+.is_some() && want.$($path).+ != seen.$($path).+ {
                fields.push($name);
                want.$($path).+.clone()
            } else {
                None
            }
        };
    }
    // Whole values, without `..`, so that a new setting cannot be forgotten here.
    let settings = StreamSettings {
        name: differing!("displayName", name),
        active: differing!("active", active),
        auto_record: differing!("autoRecord", auto_record),
        source: differing!("pull", source),
        srt_passphrase: differing!("srtPassphraseSecretRef", srt_passphrase),
        dvr_enabled: differing!("dvr.enabled", dvr_enabled),
        dvr_seconds: differing!("dvr.durationSeconds", dvr_seconds),
        gcore: GcoreStream {
            record_type: differing!("gcore.recordType", gcore.record_type),
            projection: differing!("gcore.projection", gcore.projection),
            html_overlay: differing!("gcore.htmlOverlay", gcore.html_overlay),
            hls_endlist_tag: differing!("gcore.hlsEndlistTag", gcore.hls_endlist_tag),
            cdn_resource_id: differing!("gcore.cdnResourceId", gcore.cdn_resource_id),
            quality_set_id: differing!("gcore.qualitySetId", gcore.quality_set_id),
            client_user_id: differing!("gcore.clientUserId", gcore.client_user_id),
            client_entity_data: differing!("gcore.clientEntityData", gcore.client_entity_data),
            transcoding_region: differing!("gcore.transcodingRegion", gcore.transcoding_region),
        },
        live_station: LiveStationStream {
            quality_set_id: differing!("liveStation.qualitySetId", live_station.quality_set_id),
        },
    };
    (!fields.is_empty()).then_some(Difference { fields, settings })
}
