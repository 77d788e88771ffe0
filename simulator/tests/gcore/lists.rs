//! Lists and walks through them.

use serde_json::json;
use simulator::gcore::{ListOrder, PageShift, Shift, Simulator, Spoilt, SpoiltItem};

use crate::support::{CLIENT, STREAMS, get, page, seen, start};

fn fill(sim: &Simulator, count: usize) -> Vec<u64> {
    (0..count)
        .map(|n| sim.create(CLIENT, json!({"name": format!("stream {n}")})))
        .collect::<Result<_, _>>()
        .expect("created")
}

/// Pages until an empty one.
async fn walk(sim: &Simulator) -> Vec<Vec<u64>> {
    let mut pages = Vec::new();
    loop {
        let ids = page(sim, pages.len() as u64 + 1).await;
        if ids.is_empty() {
            return pages;
        }
        pages.push(ids);
    }
}

#[tokio::test]
async fn twenty_five_a_page_from_one_to_the_empty_one() {
    for (count, sizes) in [
        (0, vec![]),
        (1, vec![1]),
        (25, vec![25]),
        (26, vec![25, 1]),
        (60, vec![25, 25, 10]),
    ] {
        let sim = start().await;
        let mut made = fill(&sim, count);
        let pages = walk(&sim).await;
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), sizes);
        made.reverse();
        assert_eq!(pages.concat(), made, "the newest first");
        let first = get(&sim, STREAMS).await.json();
        assert_eq!(first.as_array().expect("a bare array").len(), count.min(25));
        assert_eq!(page(&sim, 1000).await, [0_u64; 0]);
    }
}

#[tokio::test]
async fn there_is_no_per_page_and_pages_count_from_one() {
    let sim = start().await;
    fill(&sim, 30);
    let items = get(&sim, "/streaming/streams?per_page=100&page=1")
        .await
        .json();
    assert_eq!(items.as_array().expect("a bare array").len(), 25);
    for wrong in ["0", "-1", "x", ""] {
        let path = format!("{STREAMS}?page={wrong}");
        sim.behaviour(CLIENT, |ways| ways.strict = true);
        assert_eq!(get(&sim, &path).await.status, 400, "{wrong}");
        sim.behaviour(CLIENT, |ways| ways.strict = false);
        assert_eq!(get(&sim, &path).await.status, 200, "{wrong}");
    }
}

#[tokio::test]
async fn an_item_is_the_whole_stream() {
    let sim = start().await;
    let id = fill(&sim, 1)[0];
    let mut whole = seen(&sim, id).await;
    assert_eq!(get(&sim, STREAMS).await.json(), json!([whole]));
    whole["broadcasts"] = json!([]);
    let items = get(&sim, "/streaming/streams?page=1&with_broadcasts=1").await;
    assert_eq!(items.json(), json!([whole]));
}

#[tokio::test]
async fn orders() {
    let sim = start().await;
    let made = fill(&sim, 30);
    sim.behaviour(CLIENT, |ways| ways.list_order = ListOrder::OldestFirst);
    assert_eq!(walk(&sim).await.concat(), made);
    sim.behaviour(CLIENT, |ways| ways.list_order = ListOrder::Shuffled);
    let shuffled = walk(&sim).await.concat();
    assert_eq!(walk(&sim).await.concat(), shuffled, "always the same");
    assert_ne!(shuffled, made);
    let mut sorted = shuffled;
    sorted.sort_unstable();
    assert_eq!(sorted, made);
}

#[tokio::test]
async fn items_move_between_pages_in_the_middle_of_a_walk() {
    let sim = start().await;
    let mut made = fill(&sim, 60);
    made.reverse();
    let shift = |how| PageShift {
        after_page: 1,
        how,
        walks: Some(1),
    };
    sim.behaviour(CLIENT, |ways| ways.page_shift = Some(shift(Shift::Skip)));
    let ids = walk(&sim).await.concat();
    let missed: Vec<_> = made.iter().filter(|id| !ids.contains(id)).collect();
    assert_eq!((ids.len(), missed), (59, vec![&made[25]]));
    assert_eq!(walk(&sim).await.concat(), made, "the next walk is right");

    sim.behaviour(CLIENT, |ways| ways.page_shift = Some(shift(Shift::Double)));
    let ids = walk(&sim).await.concat();
    assert_eq!((ids.len(), ids[24], ids[25]), (61, made[24], made[24]));
    assert_eq!(walk(&sim).await.concat(), made);

    // What is deleted while somebody walks has the same effect by itself.
    assert_eq!(page(&sim, 1).await, made[..25]);
    sim.remove(made[3]);
    assert!(!page(&sim, 2).await.contains(&made[25]));
}

#[tokio::test]
async fn lists_that_say_nothing_or_little() {
    let sim = start().await;
    let id = fill(&sim, 3)[1];
    sim.behaviour(CLIENT, |ways| ways.empty_lists = true);
    assert_eq!(get(&sim, STREAMS).await.json(), json!([]));
    assert_eq!(seen(&sim, id).await["id"], id);
    sim.behaviour(CLIENT, |ways| {
        ways.empty_lists = false;
        ways.thin_lists = vec!["iframe_url".into(), "client_entity_data".into()];
    });
    let items = get(&sim, STREAMS).await.json();
    assert!(items[0].get("iframe_url").is_none() && items[0].get("name").is_some());
    assert!(seen(&sim, id).await.get("iframe_url").is_some());
}

#[tokio::test]
async fn pages_that_mislead() {
    let sim = start().await;
    let mut made = fill(&sim, 60);
    made.reverse();
    let (first, second) = (made[..25].to_vec(), made[25..50].to_vec());
    sim.behaviour(CLIENT, |ways| ways.empty_page = Some(2));
    assert_eq!(page(&sim, 2).await, [0_u64; 0]);
    assert_eq!(page(&sim, 3).await, made[50..]);
    sim.behaviour(CLIENT, |ways| {
        ways.empty_page = None;
        ways.repeated_page = Some(2);
    });
    assert_eq!(
        (page(&sim, 1).await, page(&sim, 2).await),
        (first.clone(), first)
    );
    sim.behaviour(CLIENT, |ways| {
        ways.repeated_page = None;
        ways.last_page_again = true;
    });
    assert_eq!(
        (page(&sim, 2).await, page(&sim, 9).await),
        (second, made[50..].to_vec())
    );
    sim.behaviour(CLIENT, |ways| {
        ways.last_page_again = false;
        ways.unlisted = vec![made[0], made[59]];
    });
    assert_eq!(walk(&sim).await.concat(), made[1..59]);
    assert_eq!(seen(&sim, made[0]).await["id"], made[0]);
}

#[tokio::test]
async fn an_item_that_cannot_be_read() {
    let sim = start().await;
    let ids = fill(&sim, 3);
    for (how, check) in [
        (Spoilt::IdMissing, "/1/id"),
        (Spoilt::MarkOfWrongType, "/1/client_entity_data/not"),
        (Spoilt::NameOfWrongType, "/1/name"),
        (Spoilt::NotAnObject, "/1"),
    ] {
        sim.behaviour(CLIENT, |ways| {
            ways.spoilt_item = Some(SpoiltItem { id: ids[1], how });
        });
        let items = get(&sim, STREAMS).await.json();
        let found = items.pointer(check);
        match how {
            Spoilt::IdMissing => assert_eq!(found, None),
            Spoilt::MarkOfWrongType | Spoilt::NotAnObject => {
                assert!(found.is_some_and(serde_json::Value::is_string), "{how:?}");
            }
            Spoilt::NameOfWrongType => assert_eq!(found, Some(&json!(7))),
        }
        assert_eq!(items[0]["id"], ids[2]);
        assert_eq!(seen(&sim, ids[1]).await["id"], ids[1]);
    }
}
