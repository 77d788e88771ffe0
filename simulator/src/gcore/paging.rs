//! Lists: bare arrays, by pages, and all the ways in which they can mislead.

use serde_json::{Value, json};

use super::behaviour::{Behaviour, ListOrder, Shift, Spoilt};
use super::world::{Account, scatter};
use crate::clock::Moment;

/// One page of a client's streams, from 1. A page behind the last one is empty.
pub(super) fn page(account: &mut Account, page: u64, with_broadcasts: bool, now: Moment) -> Value {
    let shift = account.shift_before(page);
    account.ghosts.retain(|_, (until, _)| *until > now);
    let ids = ids(account, page, shift, now);
    let items = ids
        .iter()
        .filter_map(|id| item(account, *id, with_broadcasts, now))
        .collect();
    account.shift_after(page);
    Value::Array(items)
}

/// The ids on a page, in the order of the list.
fn ids(account: &Account, page: u64, shift: Option<Shift>, now: Moment) -> Vec<u64> {
    let ways = &account.behaviour;
    if ways.empty_lists || ways.empty_page == Some(page) {
        return Vec::new();
    }
    let size = ways.page_size.max(1);
    let mut page = page.max(1);
    if ways.repeated_page == Some(page) {
        page = (page - 1).max(1);
    }
    if ways.last_page_again {
        let count = listed(account, now).count() as u64;
        page = page.min(count.div_ceil(size).max(1));
    }
    let start = (page - 1).saturating_mul(size);
    let start = match shift {
        None => start,
        Some(Shift::Skip) => start.saturating_add(1),
        Some(Shift::Double) => start.saturating_sub(1),
    };
    let [start, size] = [start, size].map(|n| usize::try_from(n).unwrap_or(usize::MAX));
    // What is asked for most is read from the world in its own order, without sorting all of it.
    if account.ghosts.is_empty() {
        match ways.list_order {
            ListOrder::NewestFirst => {
                return listed(account, now).rev().skip(start).take(size).collect();
            }
            ListOrder::OldestFirst => return listed(account, now).skip(start).take(size).collect(),
            ListOrder::Shuffled => {}
        }
    }
    let ghosts = account.ghosts.keys().copied();
    let mut ids: Vec<u64> = listed(account, now).chain(ghosts).collect();
    match ways.list_order {
        ListOrder::NewestFirst => ids.sort_unstable_by(|a, b| b.cmp(a)),
        ListOrder::OldestFirst => ids.sort_unstable(),
        ListOrder::Shuffled => ids.sort_unstable_by_key(|id| scatter(*id)),
    }
    ids.into_iter().skip(start).take(size).collect()
}

/// The streams that lists show now, the oldest first.
fn listed(account: &Account, now: Moment) -> impl DoubleEndedIterator<Item = u64> {
    let ways = &account.behaviour;
    let hidden = ways.hide_new_from_list_seconds;
    account
        .streams
        .values()
        .filter(move |s| hidden <= 0.0 || s.created_at.plus(hidden) <= now)
        .map(|s| s.id)
        .filter(|id| !ways.unlisted.contains(id))
}

fn item(account: &Account, id: u64, with_broadcasts: bool, now: Moment) -> Option<Value> {
    let ways = &account.behaviour;
    let mut item = match account.streams.get(&id) {
        Some(stream) => match &stream.stale {
            Some((until, shown)) if *until > now => shown.clone(),
            _ => stream.view(ways),
        },
        None => account.ghosts.get(&id)?.1.clone(),
    };
    if let Value::Object(fields) = &mut item {
        if with_broadcasts {
            fields.insert("broadcasts".to_owned(), json!([]));
        }
        for name in &ways.thin_lists {
            fields.remove(name);
        }
    }
    Some(spoil(item, id, ways))
}

fn spoil(mut item: Value, id: u64, ways: &Behaviour) -> Value {
    let Some(spoilt) = ways.spoilt_item.filter(|spoilt| spoilt.id == id) else {
        return item;
    };
    if let Value::Object(fields) = &mut item {
        match spoilt.how {
            Spoilt::IdMissing => drop(fields.remove("id")),
            Spoilt::MarkOfWrongType => {
                fields.insert("client_entity_data".to_owned(), json!({"not": "a text"}));
            }
            Spoilt::NameOfWrongType => drop(fields.insert("name".to_owned(), json!(7))),
            Spoilt::NotAnObject => return json!("not an object"),
        }
    }
    item
}
