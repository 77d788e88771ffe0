//! What is written is read.

use livestream_operator::{
    api::{GcoreStream, Projection, RecordType},
    provider::{Mark, Source, StreamSettings, difference},
    secret::Secret,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::json;

use crate::bench::*;

fn secrets(pattern: &'static str) -> impl Strategy<Value = Secret> {
    pattern.prop_map(Secret::new)
}

fn sources() -> impl Strategy<Value = Source> {
    let addresses = prop::collection::vec(secrets("(rtmp|srt|https)://[!-~]{1,40}"), 1..4);
    prop_oneof![Just(Source::Push), addresses.prop_map(Source::Pull)]
}

fn user_texts() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~\n]{0,80}",
        any::<(String, i64)>().prop_map(|(key, value)| json!({ key: value }).to_string()),
        any::<(String, i64)>().prop_map(|(key, value)| format!("{:#}\n", json!({ key: [value] }))),
    ]
}

/// Settings that set all.
fn whole_settings() -> impl Strategy<Value = StreamSettings> {
    let words = (
        prop_oneof![Just(RecordType::Origin), Just(RecordType::Transcoded)],
        prop_oneof![
            Just(Projection::Regular),
            Just(Projection::Vr360),
            Just(Projection::Vr180),
            Just(Projection::Vr360tb),
        ],
        any::<bool>(),
        any::<bool>(),
        1..=9_007_199_254_740_991_i64,
        1..=9_007_199_254_740_991_i64,
        0..=2_147_483_647_i64,
        user_texts(),
        "[a-z0-9]{1,16}",
    )
        .prop_map(
            |(record, projection, overlay, endlist, cdn, quality, user, data, region)| {
                GcoreStream {
                    record_type: Some(record),
                    projection: Some(projection),
                    html_overlay: Some(overlay),
                    hls_endlist_tag: Some(endlist),
                    cdn_resource_id: Some(cdn),
                    quality_set_id: Some(quality),
                    client_user_id: Some(user),
                    client_entity_data: Some(data),
                    transcoding_region: Some(region),
                }
            },
        );
    (
        "[^\\s\\p{Cc}]([^\\p{Cc}]{0,40}[^\\s\\p{Cc}])?",
        any::<bool>(),
        any::<bool>(),
        sources(),
        secrets("[!-~]{10,80}"),
        any::<bool>(),
        30..=14400_i32,
        words,
    )
        .prop_map(
            |(name, active, record, source, passphrase, dvr, seconds, gcore)| StreamSettings {
                name: Some(name),
                active: Some(active),
                auto_record: Some(record),
                source: Some(source),
                srt_passphrase: Some(passphrase),
                dvr_enabled: Some(dvr),
                dvr_seconds: Some(seconds),
                gcore,
                ..StreamSettings::default()
            },
        )
}

/// The same with any of them left out.
fn some_settings() -> impl Strategy<Value = StreamSettings> {
    (whole_settings(), any::<u32>()).prop_map(|(whole, kept)| {
        let mut bit = 0;
        let mut keep = || {
            bit += 1;
            kept >> bit & 1 == 1
        };
        StreamSettings {
            name: whole.name.filter(|_| keep()),
            active: whole.active.filter(|_| keep()),
            auto_record: whole.auto_record.filter(|_| keep()),
            source: whole.source.filter(|_| keep()),
            srt_passphrase: whole.srt_passphrase.filter(|_| keep()),
            dvr_enabled: whole.dvr_enabled.filter(|_| keep()),
            dvr_seconds: whole.dvr_seconds.filter(|_| keep()),
            gcore: GcoreStream {
                record_type: whole.gcore.record_type.filter(|_| keep()),
                projection: whole.gcore.projection.filter(|_| keep()),
                html_overlay: whole.gcore.html_overlay.filter(|_| keep()),
                hls_endlist_tag: whole.gcore.hls_endlist_tag.filter(|_| keep()),
                cdn_resource_id: whole.gcore.cdn_resource_id.filter(|_| keep()),
                quality_set_id: whole.gcore.quality_set_id.filter(|_| keep()),
                client_user_id: whole.gcore.client_user_id.filter(|_| keep()),
                client_entity_data: whole.gcore.client_entity_data.filter(|_| keep()),
                transcoding_region: whole.gcore.transcoding_region.filter(|_| keep()),
            },
            live_station: whole.live_station,
        }
    })
}

#[test]
fn what_was_written_is_read() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let (sim, gcore) = runtime.block_on(start());
    // For the transcoding region.
    sim.behaviour(CLIENT, |ways| ways.legacy_fields = true);
    let streams = &gcore.streams;
    let mut runner = TestRunner::new(Config::with_cases(96));
    let property = (whole_settings(), some_settings(), any::<bool>());
    runner
        .run(&property, |(whole, some, owned)| {
            runtime.block_on(async {
                let owner = owner();
                let made = streams.create(&owner, &whole).await.expect("whole");
                prop_assert_eq!(&made.settings, &whole);
                prop_assert_eq!(&made.mark, &Mark::Owned(owner.clone()));
                let seen = streams.get(&made.id).await.expect("get");
                prop_assert_eq!(seen, Some(made.clone()));

                let other = streams.create(&owner, &some).await.expect("some");
                prop_assert_eq!(difference(&some, &other.settings), None);
                let by = owned.then_some(&owner);
                let seen = streams.update(&made.id, by, &some).await.expect("update");
                let seen = seen.expect("there");
                prop_assert_eq!(difference(&some, &seen.settings), None);
                // What was not wanted has not changed.
                let back = difference(&whole, &seen.settings).map(|back| back.fields);
                let there = difference(&whole, &some).map(|there| there.fields);
                let touched = there.unwrap_or_default();
                prop_assert!(
                    back.unwrap_or_default()
                        .iter()
                        .all(|field| touched.contains(field))
                );

                let done = streams.update(&other.id, Some(&owner), &whole).await;
                prop_assert_eq!(&done.expect("update").expect("there").settings, &whole);
                for id in [&made.id, &other.id] {
                    streams.delete(&of_id(id.clone())).await.expect("delete");
                }
                Ok(())
            })
        })
        .unwrap();
}
