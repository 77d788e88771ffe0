//! What a mirror keeps of a stream and of a broadcast, as text. The only place where a secret of a
//! provider is written down, and only ever into [`Packed`](crate::packed::Packed).

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    api::{BroadcastState, GcoreStream, LiveStationStream, Playback},
    packed::Pack,
    provider::{
        BroadcastId, BroadcastSettings, Ingest, Mark, ObservedBroadcast, ObservedStream, Owner,
        Phase, Source, StreamId, StreamSettings,
    },
    secret::Secret,
};

type Text<'a> = Cow<'a, str>;

#[derive(Serialize, Deserialize)]
struct StreamRecord<'a> {
    mark: MarkRecord<'a>,
    id: Text<'a>,
    name: Option<Text<'a>>,
    active: Option<bool>,
    auto_record: Option<bool>,
    source: Option<SourceRecord<'a>>,
    srt_passphrase: Option<Text<'a>>,
    dvr_enabled: Option<bool>,
    dvr_seconds: Option<i32>,
    gcore: Cow<'a, GcoreStream>,
    live: bool,
    recording: Option<bool>,
    session_started_at: Option<Timestamp>,
    broadcasts: Vec<Text<'a>>,
    push: Option<Text<'a>>,
    backup_push: Option<Text<'a>>,
    srt: Option<Text<'a>>,
    backup_srt: Option<Text<'a>>,
    whip: Option<Text<'a>>,
    playback: Option<Cow<'a, Playback>>,
    /// Left out where it is the usual one: there is one of these for each stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phase: Option<PhaseRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    live_station: Option<Cow<'a, LiveStationStream>>,
}

#[derive(Serialize, Deserialize)]
enum PhaseRecord {
    Creating,
    Blocked,
}

#[derive(Serialize, Deserialize)]
enum MarkRecord<'a> {
    None,
    Owned([Text<'a>; 4]),
    Released([Text<'a>; 4]),
    Unreadable,
}

#[derive(Serialize, Deserialize)]
enum SourceRecord<'a> {
    Push,
    Pull(Vec<Text<'a>>),
}

#[derive(Serialize, Deserialize)]
struct BroadcastRecord<'a> {
    id: Text<'a>,
    name: Option<Text<'a>>,
    state: Option<BroadcastState>,
    streams: Option<Vec<Text<'a>>>,
    share_url: Option<Text<'a>>,
    custom_iframe_url: Option<Text<'a>>,
    pending_message: Option<Text<'a>>,
    show_dvr_after_finish: Option<bool>,
    ad_id: Option<i64>,
    player_id: Option<i64>,
    iframe_url: Option<Text<'a>>,
}

fn borrowed(text: Option<&String>) -> Option<Text<'_>> {
    text.map(|text| Cow::Borrowed(text.as_str()))
}

fn exposed(secret: Option<&Secret>) -> Option<Text<'_>> {
    secret.map(|secret| Cow::Borrowed(secret.expose()))
}

fn owner(owner: &Owner) -> [Text<'_>; 4] {
    // Whole, without `..`, here and below, so that a new field cannot be forgotten.
    let Owner {
        cluster,
        namespace,
        name,
        uid,
    } = owner;
    [cluster, namespace, name, uid].map(|text| Cow::Borrowed(text.as_str()))
}

fn owned(text: Option<Text<'_>>) -> Option<String> {
    text.map(Cow::into_owned)
}

fn secret(text: Option<Text<'_>>) -> Option<Secret> {
    text.map(|text| Secret::new(text.into_owned()))
}

fn owner_of([cluster, namespace, name, uid]: [Text<'_>; 4]) -> Owner {
    Owner {
        cluster: cluster.into_owned(),
        namespace: namespace.into_owned(),
        name: name.into_owned(),
        uid: uid.into_owned(),
    }
}

impl Pack for ObservedStream {
    const LIKE: &'static str = r#"{"mark":{"Owned":["35d2471c-a0dc-4967-90ab-06251b1382a9","default","",""]},"id":"2304117","name":"","active":true,"auto_record":false,"source":"Push","srt_passphrase":null,"dvr_enabled":false,"dvr_seconds":3600,"gcore":{"recordType":"origin","projection":"regular","htmlOverlay":false,"hlsEndlistTag":true},"live":false,"recording":false,"session_started_at":null,"broadcasts":[],"push":"rtmp://vp-push-ed1.gvideo.co/in/2304117?","backup_push":"rtmp://vp-push-anx2.gvideo.co/in/2304117b?","srt":"srt://vp-push-ed1-srt.gvideo.co:5001?streamid=2304117#","backup_srt":"srt://vp-push-anx2-srt.gvideo.co:5001?streamid=2304117b#","whip":"https://whip.gvideo.co/2304117_/whip","playback":{"hls":"https://1001.gvideo.io/cmaf/1001_2304117/master.m3u8","hlsMpegts":"https://1001.gvideo.io/mpegts/1001_2304117/master_mpegts.m3u8","dash":"https://1001.gvideo.io/cmaf/1001_2304117/index.mpd","iframe":"https://player.gvideo.co/streams/1001_2304117"}}"#;

    fn write(&self) -> serde_json::Result<Vec<u8>> {
        let Self {
            id,
            mark,
            settings,
            live,
            recording,
            session_started_at,
            broadcasts,
            ingest,
            playback,
            phase,
        } = self;
        let StreamSettings {
            name,
            active,
            auto_record,
            source,
            srt_passphrase,
            dvr_enabled,
            dvr_seconds,
            gcore,
            live_station,
        } = settings;
        let Ingest {
            push,
            backup_push,
            srt,
            backup_srt,
            whip,
        } = ingest;
        serde_json::to_vec(&StreamRecord {
            mark: match mark {
                Mark::None => MarkRecord::None,
                Mark::Owned(by) => MarkRecord::Owned(owner(by)),
                Mark::Released(by) => MarkRecord::Released(owner(by)),
                Mark::Unreadable => MarkRecord::Unreadable,
            },
            id: Cow::Borrowed(id.as_str()),
            name: borrowed(name.as_ref()),
            active: *active,
            auto_record: *auto_record,
            source: source.as_ref().map(|source| match source {
                Source::Push => SourceRecord::Push,
                Source::Pull(from) => SourceRecord::Pull(
                    from.iter()
                        .map(|from| Cow::Borrowed(from.expose()))
                        .collect(),
                ),
            }),
            srt_passphrase: exposed(srt_passphrase.as_ref()),
            dvr_enabled: *dvr_enabled,
            dvr_seconds: *dvr_seconds,
            gcore: Cow::Borrowed(gcore),
            live: *live,
            recording: *recording,
            session_started_at: *session_started_at,
            broadcasts: broadcasts
                .iter()
                .map(|id| Cow::Borrowed(id.as_str()))
                .collect(),
            push: exposed(push.as_ref()),
            backup_push: exposed(backup_push.as_ref()),
            srt: exposed(srt.as_ref()),
            backup_srt: exposed(backup_srt.as_ref()),
            whip: exposed(whip.as_ref()),
            playback: playback.as_ref().map(Cow::Borrowed),
            phase: match phase {
                Phase::Usable => None,
                Phase::Creating => Some(PhaseRecord::Creating),
                Phase::Blocked => Some(PhaseRecord::Blocked),
            },
            live_station: (*live_station != LiveStationStream::default())
                .then_some(Cow::Borrowed(live_station)),
        })
    }

    fn read(text: &[u8]) -> serde_json::Result<Self> {
        let record: StreamRecord<'_> = serde_json::from_slice(text)?;
        Ok(Self {
            id: StreamId::new(record.id),
            mark: match record.mark {
                MarkRecord::None => Mark::None,
                MarkRecord::Owned(by) => Mark::Owned(owner_of(by)),
                MarkRecord::Released(by) => Mark::Released(owner_of(by)),
                MarkRecord::Unreadable => Mark::Unreadable,
            },
            settings: StreamSettings {
                name: owned(record.name),
                active: record.active,
                auto_record: record.auto_record,
                source: record.source.map(|source| match source {
                    SourceRecord::Push => Source::Push,
                    SourceRecord::Pull(from) => {
                        Source::Pull(from.into_iter().map(Secret::new).collect())
                    }
                }),
                srt_passphrase: secret(record.srt_passphrase),
                dvr_enabled: record.dvr_enabled,
                dvr_seconds: record.dvr_seconds,
                gcore: record.gcore.into_owned(),
                live_station: record.live_station.map(Cow::into_owned).unwrap_or_default(),
            },
            live: record.live,
            recording: record.recording,
            session_started_at: record.session_started_at,
            broadcasts: record
                .broadcasts
                .into_iter()
                .map(BroadcastId::new)
                .collect(),
            ingest: Ingest {
                push: secret(record.push),
                backup_push: secret(record.backup_push),
                srt: secret(record.srt),
                backup_srt: secret(record.backup_srt),
                whip: secret(record.whip),
            },
            playback: record.playback.map(Cow::into_owned),
            phase: match record.phase {
                None => Phase::Usable,
                Some(PhaseRecord::Creating) => Phase::Creating,
                Some(PhaseRecord::Blocked) => Phase::Blocked,
            },
        })
    }
}

impl Pack for ObservedBroadcast {
    const LIKE: &'static str = r#"{"id":"","name":"livestream-operator.io/owner=35d2471c-a0dc-4967-90ab-06251b1382a9","state":"pending","streams":["2304117"],"share_url":"","custom_iframe_url":"","pending_message":"","show_dvr_after_finish":false,"ad_id":null,"player_id":null,"iframe_url":"https://player.gvideo.co/broadcasts/1001_2304117"},"share_url":null,"custom_iframe_url":null,"pending_message":null,"show_dvr_after_finish":null"#;

    fn write(&self) -> serde_json::Result<Vec<u8>> {
        let Self {
            id,
            settings,
            iframe_url,
        } = self;
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
        serde_json::to_vec(&BroadcastRecord {
            id: Cow::Borrowed(id.as_str()),
            name: borrowed(name.as_ref()),
            state: *state,
            streams: streams
                .as_ref()
                .map(|ids| ids.iter().map(|id| Cow::Borrowed(id.as_str())).collect()),
            share_url: borrowed(share_url.as_ref()),
            custom_iframe_url: borrowed(custom_iframe_url.as_ref()),
            pending_message: borrowed(pending_message.as_ref()),
            show_dvr_after_finish: *show_dvr_after_finish,
            ad_id: *ad_id,
            player_id: *player_id,
            iframe_url: borrowed(iframe_url.as_ref()),
        })
    }

    fn read(text: &[u8]) -> serde_json::Result<Self> {
        let record: BroadcastRecord<'_> = serde_json::from_slice(text)?;
        Ok(Self {
            id: BroadcastId::new(record.id),
            settings: BroadcastSettings {
                name: owned(record.name),
                state: record.state,
                streams: record
                    .streams
                    .map(|ids| ids.into_iter().map(StreamId::new).collect()),
                share_url: owned(record.share_url),
                custom_iframe_url: owned(record.custom_iframe_url),
                pending_message: owned(record.pending_message),
                show_dvr_after_finish: record.show_dvr_after_finish,
                ad_id: record.ad_id,
                player_id: record.player_id,
            },
            iframe_url: owned(record.iframe_url),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::packed::Packed;

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            "\\PC{0,12}",
            "[a-z0-9]{32}",
            Just("\n\"\\\u{0}ü".to_owned())
        ]
    }

    fn maybe<T: std::fmt::Debug + Clone>(
        of: impl Strategy<Value = T> + 'static,
    ) -> impl Strategy<Value = Option<T>> {
        prop::option::of(of)
    }

    fn mark() -> impl Strategy<Value = Mark> {
        let by = || {
            [text(), text(), text(), text()].prop_map(|[cluster, namespace, name, uid]| Owner {
                cluster,
                namespace,
                name,
                uid,
            })
        };
        prop_oneof![
            Just(Mark::None),
            Just(Mark::Unreadable),
            by().prop_map(Mark::Owned),
            by().prop_map(Mark::Released),
        ]
    }

    fn source() -> impl Strategy<Value = Source> {
        prop_oneof![
            Just(Source::Push),
            prop::collection::vec(text().prop_map(Secret::new), 0..3).prop_map(Source::Pull),
        ]
    }

    prop_compose! {
        fn settings()(
            name in maybe(text()), active in maybe(any::<bool>()), auto_record in maybe(any::<bool>()),
            source in maybe(source()), srt_passphrase in maybe(text().prop_map(Secret::new)),
            dvr_enabled in maybe(any::<bool>()), dvr_seconds in maybe(any::<i32>()),
            client_user_id in maybe(any::<i64>()), client_entity_data in maybe(text()),
            live_station in maybe(any::<i64>()),
        ) -> StreamSettings {
            StreamSettings {
                name, active, auto_record, source, srt_passphrase, dvr_enabled, dvr_seconds,
                gcore: GcoreStream { client_user_id, client_entity_data, ..GcoreStream::default() },
                live_station: LiveStationStream { quality_set_id: live_station },
            }
        }
    }

    prop_compose! {
        fn stream()(
            id in text(), mark in mark(), settings in settings(), live in any::<bool>(),
            recording in maybe(any::<bool>()),
            session in maybe(0i64..4_000_000_000), broadcasts in prop::collection::vec(text(), 0..3),
            ways in prop::collection::vec(maybe(text().prop_map(Secret::new)), 5),
            pages in prop::collection::vec(maybe(text()), 4), watched in any::<bool>(),
            phase in prop_oneof![Just(Phase::Usable), Just(Phase::Creating), Just(Phase::Blocked)],
        ) -> ObservedStream {
            ObservedStream {
                id: StreamId::new(id), mark, settings, live, recording,
                session_started_at: session.and_then(|s| Timestamp::from_second(s).ok()),
                broadcasts: broadcasts.into_iter().map(BroadcastId::new).collect(),
                ingest: Ingest {
                    push: ways[0].clone(), backup_push: ways[1].clone(), srt: ways[2].clone(),
                    backup_srt: ways[3].clone(), whip: ways[4].clone(),
                },
                playback: watched.then(|| Playback {
                    hls: pages[0].clone(), hls_mpegts: pages[1].clone(), dash: pages[2].clone(),
                    iframe: pages[3].clone(),
                }),
                phase,
            }
        }
    }

    prop_compose! {
        fn broadcast()(
            id in text(), texts in prop::collection::vec(maybe(text()), 5),
            streams in maybe(prop::collection::vec(text().prop_map(StreamId::new), 0..3)),
            state in maybe(prop_oneof![Just(BroadcastState::Pending), Just(BroadcastState::Live)]),
            show_dvr_after_finish in maybe(any::<bool>()), ad_id in maybe(any::<i64>()),
            player_id in maybe(any::<i64>()),
        ) -> ObservedBroadcast {
            ObservedBroadcast {
                id: BroadcastId::new(id),
                settings: BroadcastSettings {
                    name: texts[0].clone(), state, streams, share_url: texts[1].clone(),
                    custom_iframe_url: texts[2].clone(), pending_message: texts[3].clone(),
                    show_dvr_after_finish, ad_id, player_id,
                },
                iframe_url: texts[4].clone(),
            }
        }
    }

    proptest! {
        #[test]
        fn a_stream_comes_out_as_it_went_in(stream in stream()) {
            prop_assert_eq!(Packed::new(&stream).open(), Some(stream));
        }

        #[test]
        fn a_broadcast_comes_out_as_it_went_in(broadcast in broadcast()) {
            prop_assert_eq!(Packed::new(&broadcast).open(), Some(broadcast));
        }
    }

    #[test]
    fn a_packed_key_is_not_printed() {
        let mut seen = ObservedStream::read(ObservedStream::LIKE.as_bytes()).unwrap();
        seen.ingest.push = Some(Secret::new("rtmp://x/canary"));
        assert!(!format!("{:?}", Packed::new(&seen)).contains("canary"));
    }
}
