//! Answers that mislead: unreadable items, thin lists, unknown fields.

use livestream_operator::provider::{Mark, ObservedStream, ProviderError};
use serde_json::json;
use simulator::gcore::{Spoilt, SpoiltItem};

use crate::bench::*;

#[tokio::test]
async fn one_unreadable_item_does_not_hide_the_others() {
    let (sim, gcore) = start().await;
    let ids: Vec<u64> = (0..3)
        .map(|n| {
            let name = format!("stream {n}");
            sim.create(CLIENT, json!({ "name": name })).unwrap()
        })
        .collect();
    for how in [
        Spoilt::IdMissing,
        Spoilt::MarkOfWrongType,
        Spoilt::NotAnObject,
    ] {
        sim.behaviour(CLIENT, |ways| {
            ways.spoilt_item = Some(SpoiltItem { id: ids[1], how });
        });
        let page = gcore.streams.list(1).await.unwrap();
        assert_eq!(page.len(), 3);
        let unreadable: Vec<_> = page.iter().filter_map(|item| item.as_ref().err()).collect();
        assert_eq!(unreadable.len(), 1, "{how:?}");
        let known = (how == Spoilt::MarkOfWrongType).then(|| id(ids[1]));
        assert_eq!(unreadable[0].id, known, "{how:?}");
    }
    // A name that is a number is still a name.
    let how = Spoilt::NameOfWrongType;
    sim.behaviour(CLIENT, |ways| {
        ways.spoilt_item = Some(SpoiltItem { id: ids[1], how });
    });
    let page = gcore.streams.list(1).await.unwrap();
    assert!(page.iter().all(Result::is_ok));
}

#[tokio::test]
async fn a_single_stream_that_cannot_be_read_is_garbled() {
    let (sim, gcore) = start().await;
    let made = sim.create(CLIENT, json!({"name": "x"})).unwrap();
    for fields in [
        json!({"id": null}),
        json!({"id": made + 1}),
        json!({"client_entity_data": [7]}),
    ] {
        let made = sim.create(CLIENT, json!({"name": "x"})).unwrap();
        sim.edit(made, fields).unwrap();
        let by_id = [
            gcore.streams.get(&id(made)).await.map(drop),
            gcore
                .streams
                .update(&id(made), None, &active(true))
                .await
                .map(drop),
        ];
        for result in by_id {
            assert!(matches!(result, Err(ProviderError::Garbled { .. })));
        }
        assert_eq!(
            gcore.streams.delete(&of_id(id(made))).await,
            Ok(livestream_operator::provider::Deletion::Gone)
        );
    }
}

#[tokio::test]
async fn a_thin_list_leaves_settings_open_and_marks_unread() {
    let (sim, gcore) = start().await;
    let made = gcore.streams.create(&owner(), &secretive()).await.unwrap();
    let only = |page: Vec<Result<ObservedStream, _>>| page.into_iter().next().unwrap().unwrap();

    sim.behaviour(CLIENT, |ways| {
        let fields = [
            "uri",
            "srt_passphrase",
            "dvr_duration",
            "iframe_url",
            "push_url",
        ];
        ways.thin_lists = fields.map(str::to_owned).into();
    });
    let thin = only(gcore.streams.list(1).await.unwrap());
    assert_eq!(thin.mark, Mark::Owned(owner()));
    assert_eq!(thin.settings.srt_passphrase, None);
    assert_eq!(
        (thin.ingest.push, thin.playback.unwrap().iframe),
        (None, None)
    );

    // A list without the field that holds the mark says nothing about whose the stream is.
    sim.behaviour(CLIENT, |ways| {
        ways.thin_lists = vec!["client_entity_data".to_owned()];
    });
    let thin = only(gcore.streams.list(1).await.unwrap());
    assert_eq!((thin.id, thin.mark), (made.id.clone(), Mark::Unreadable));
    let whole = gcore.streams.get(&made.id).await.unwrap().unwrap();
    assert_eq!(whole.mark, Mark::Owned(owner()));

    // Nor does one that leaves out what is null; a single read does.
    sim.behaviour(CLIENT, |ways| {
        ways.thin_lists.clear();
        ways.omit_nulls = true;
    });
    gcore.streams.delete(&made).await.unwrap();
    let made = sim.create(CLIENT, json!({"name": "by hand"})).unwrap();
    let omitted = only(gcore.streams.list(1).await.unwrap());
    assert_eq!(omitted.mark, Mark::Unreadable);
    let whole = gcore.streams.get(&id(made)).await.unwrap().unwrap();
    assert_eq!(whole.mark, Mark::None);
    let whole = gcore.streams.update(&id(made), None, &active(true)).await;
    assert_eq!(whole.unwrap().unwrap().mark, Mark::None);
}

#[tokio::test]
async fn unknown_fields_are_passed_over() {
    let (sim, gcore) = start().await;
    sim.behaviour(CLIENT, |ways| ways.legacy_fields = true);
    let made = sim.create(CLIENT, json!({"name": "x"})).unwrap();
    let odd = json!({"brand_new": {"deep": [1, {"er": null}]}, "live": "true", "frame_rate": "25"});
    sim.edit(made, odd).unwrap();
    let seen = gcore.streams.get(&id(made)).await.unwrap().unwrap();
    assert!(seen.live);
    assert!(gcore.streams.list(1).await.unwrap()[0].is_ok());
}
