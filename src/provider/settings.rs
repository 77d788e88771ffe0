//! The settings of a stream, and how wanted ones differ from seen ones.

use crate::{api::GcoreStream, secret::Secret};

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
    fn keep<T: Clone + PartialEq>(
        fields: &mut Vec<&'static str>,
        name: &'static str,
        want: Option<&T>,
        seen: Option<&T>,
    ) -> Option<T> {
        let differs = want.is_some() && want != seen;
        if differs {
            fields.push(name);
            want.cloned()
        } else {
            None
        }
    }

    // Whole patterns, without `..`, so that a new setting cannot be forgotten here.
    let StreamSettings {
        name,
        active,
        auto_record,
        source,
        srt_passphrase,
        dvr_enabled,
        dvr_seconds,
        gcore,
    } = want;
    let GcoreStream {
        record_type,
        projection,
        html_overlay,
        hls_endlist_tag,
        cdn_resource_id,
        quality_set_id,
        client_user_id,
        client_entity_data,
        transcoding_region,
    } = gcore;
    let f = &mut Vec::new();
    let settings = StreamSettings {
        name: keep(f, "displayName", name.as_ref(), seen.name.as_ref()),
        active: keep(f, "active", active.as_ref(), seen.active.as_ref()),
        auto_record: keep(
            f,
            "autoRecord",
            auto_record.as_ref(),
            seen.auto_record.as_ref(),
        ),
        source: keep(f, "pull", source.as_ref(), seen.source.as_ref()),
        srt_passphrase: keep(
            f,
            "srtPassphraseSecretRef",
            srt_passphrase.as_ref(),
            seen.srt_passphrase.as_ref(),
        ),
        dvr_enabled: keep(
            f,
            "dvr.enabled",
            dvr_enabled.as_ref(),
            seen.dvr_enabled.as_ref(),
        ),
        dvr_seconds: keep(
            f,
            "dvr.durationSeconds",
            dvr_seconds.as_ref(),
            seen.dvr_seconds.as_ref(),
        ),
        gcore: GcoreStream {
            record_type: keep(
                f,
                "gcore.recordType",
                record_type.as_ref(),
                seen.gcore.record_type.as_ref(),
            ),
            projection: keep(
                f,
                "gcore.projection",
                projection.as_ref(),
                seen.gcore.projection.as_ref(),
            ),
            html_overlay: keep(
                f,
                "gcore.htmlOverlay",
                html_overlay.as_ref(),
                seen.gcore.html_overlay.as_ref(),
            ),
            hls_endlist_tag: keep(
                f,
                "gcore.hlsEndlistTag",
                hls_endlist_tag.as_ref(),
                seen.gcore.hls_endlist_tag.as_ref(),
            ),
            cdn_resource_id: keep(
                f,
                "gcore.cdnResourceId",
                cdn_resource_id.as_ref(),
                seen.gcore.cdn_resource_id.as_ref(),
            ),
            quality_set_id: keep(
                f,
                "gcore.qualitySetId",
                quality_set_id.as_ref(),
                seen.gcore.quality_set_id.as_ref(),
            ),
            client_user_id: keep(
                f,
                "gcore.clientUserId",
                client_user_id.as_ref(),
                seen.gcore.client_user_id.as_ref(),
            ),
            client_entity_data: keep(
                f,
                "gcore.clientEntityData",
                client_entity_data.as_ref(),
                seen.gcore.client_entity_data.as_ref(),
            ),
            transcoding_region: keep(
                f,
                "gcore.transcodingRegion",
                transcoding_region.as_ref(),
                seen.gcore.transcoding_region.as_ref(),
            ),
        },
    };
    let fields = std::mem::take(f);
    if fields.is_empty() {
        None
    } else {
        Some(Difference { fields, settings })
    }
}
