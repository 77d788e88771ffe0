//! Lists: bare arrays, by pages, and all the ways in which they can mislead.

use serde_json::{Map, Value, json};

use super::behaviour::{Behaviour, Spoilt};
use super::shelf::{Kept, Shelf};
use crate::clock::Moment;
use crate::lists::{ListOrder, Shift};
use crate::scatter::scatter;

/// Which objects a list shows. Both are asked, since a list may show an object as it was.
pub(super) trait Filter<T> {
    fn meets(&self, item: &T) -> bool;
    fn meets_shown(&self, shown: &Value) -> bool;
}

/// No filter.
pub(super) struct All;

impl<T> Filter<T> for All {
    fn meets(&self, _: &T) -> bool {
        true
    }

    fn meets_shown(&self, _: &Value) -> bool {
        true
    }
}

/// One page of a list. `show` is the object as GET shows it; `trim` makes a list's item of that.
pub(super) struct Ask<F, S, D> {
    /// From 1. A page behind the last one is empty.
    pub(super) page: u64,
    pub(super) size: u64,
    pub(super) now: Moment,
    pub(super) filter: F,
    pub(super) show: S,
    pub(super) trim: D,
}

impl<F, S, D> Ask<F, S, D> {
    pub(super) fn of<T>(self, kept: &mut Shelf<T>, ways: &mut Behaviour) -> Value
    where
        T: Kept,
        F: Filter<T>,
        S: Fn(&T, &Behaviour) -> Value,
        D: Fn(&mut Map<String, Value>),
    {
        let shift = kept.shift_before(self.page);
        kept.forget_stale(self.now);
        let ids = self.ids(kept, ways, shift);
        let items = ids
            .into_iter()
            .filter_map(|id| self.item(kept, id, ways))
            .collect();
        kept.shift_after(self.page, ways);
        Value::Array(items)
    }

    /// The ids on a page, in the order of the list.
    fn ids<T: Kept>(&self, kept: &Shelf<T>, ways: &Behaviour, shift: Option<Shift>) -> Vec<u64>
    where
        F: Filter<T>,
    {
        if ways.empty_lists || ways.empty_page == Some(self.page) {
            return Vec::new();
        }
        let size = self.size.max(1);
        let mut page = self.page.max(1);
        if ways.repeated_page == Some(page) {
            page = (page - 1).max(1);
        }
        if ways.last_page_again {
            let count = self.listed(kept, ways).count() as u64;
            page = page.min(count.div_ceil(size).max(1));
        }
        let start = (page - 1).saturating_mul(size);
        let start = match shift {
            None => start,
            Some(Shift::Skip) => start.saturating_add(1),
            Some(Shift::Double) => start.saturating_sub(1),
        };
        let [start, size] = [start, size].map(|n| usize::try_from(n).unwrap_or(usize::MAX));
        // What is asked for most is read in the world's own order, without sorting all of it.
        let listed = || self.listed(kept, ways);
        let ghosts: Vec<u64> = kept
            .ghosts()
            .filter(|(_, shown)| self.filter.meets_shown(shown))
            .map(|(id, _)| id)
            .collect();
        if ghosts.is_empty() {
            match ways.list_order {
                ListOrder::NewestFirst => {
                    return listed().rev().skip(start).take(size).collect();
                }
                ListOrder::OldestFirst => return listed().skip(start).take(size).collect(),
                ListOrder::Shuffled => {}
            }
        }
        let mut ids: Vec<u64> = listed().chain(ghosts).collect();
        match ways.list_order {
            ListOrder::NewestFirst => ids.sort_unstable_by(|a, b| b.cmp(a)),
            ListOrder::OldestFirst => ids.sort_unstable(),
            ListOrder::Shuffled => ids.sort_unstable_by_key(|id| scatter(*id)),
        }
        ids.into_iter().skip(start).take(size).collect()
    }

    /// The objects that lists show now, the oldest first.
    fn listed<'a, T: Kept>(
        &'a self,
        kept: &'a Shelf<T>,
        ways: &'a Behaviour,
    ) -> impl DoubleEndedIterator<Item = u64> + use<'a, T, F, S, D>
    where
        F: Filter<T>,
    {
        let hidden = ways.hide_new_from_list_seconds;
        kept.iter()
            .filter(move |(_, item)| hidden <= 0.0 || item.created_at().plus(hidden) <= self.now)
            .filter(move |(id, item)| match kept.stale(**id) {
                Some(shown) => self.filter.meets_shown(shown),
                None => self.filter.meets(item),
            })
            .map(|(id, _)| *id)
            .filter(move |id| !ways.unlisted.contains(id))
    }

    fn item<T: Kept>(&self, kept: &Shelf<T>, id: u64, ways: &Behaviour) -> Option<Value>
    where
        S: Fn(&T, &Behaviour) -> Value,
        D: Fn(&mut Map<String, Value>),
    {
        let mut item = match kept.stale(id) {
            Some(shown) => shown.clone(),
            None => (self.show)(kept.get(&id)?, ways),
        };
        if let Value::Object(fields) = &mut item {
            (self.trim)(fields);
            for name in &ways.thin_lists {
                fields.remove(name);
            }
        }
        Some(spoil(item, id, ways))
    }
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
