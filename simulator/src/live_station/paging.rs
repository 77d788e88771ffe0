//! The list of channels: filters, pages, and all the ways in which it can mislead.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::behaviour::{Behaviour, Spoilt};
use super::channel::{Channel, Status};
use super::errors::{Code, Refusal};
use super::world::Account;
use crate::clock::Moment;
use crate::front::{Incoming, Reply};
use crate::lists::{ListOrder, PageShift, Shift};
use crate::scatter::scatter;

/// What a call asks for. (Page "Get channel list".)
struct Ask {
    /// From 1. A page behind the last one is empty.
    page: u64,
    size: u64,
    status: Option<Status>,
    id: Option<String>,
    name: Option<String>,
    exact: bool,
}

/// The page that a call asks for; 1 where it asks for none.
pub(super) fn page_of(call: &Incoming) -> u64 {
    let page = call.query("pageNo").and_then(|page| page.parse().ok());
    page.unwrap_or(1)
}

/// `{"content":[…],"total":n}`: a page of it, and how many there are in all.
pub(super) fn list(account: &mut Account, call: &Incoming, now: Moment) -> Result<Reply, Refusal> {
    let ask = Ask::of(call, &account.behaviour)?;
    if ask.page <= 1 {
        account.shifted = None;
    }
    account.stale.retain(|_, (until, _)| *until > now);
    let listed = ask.listed(account, now);
    let total = listed.len();
    let items: Vec<Value> = ask
        .cut(listed, account)
        .into_iter()
        .filter_map(|number| item(account, number, now))
        .collect();
    shift_after(account, ask.page);
    let body = json!({"content": items, "total": total});
    Ok(Reply::json(StatusCode::OK, body))
}

impl Ask {
    fn of(call: &Incoming, ways: &Behaviour) -> Result<Self, Refusal> {
        let whole = |name: &str, other: u64, most: u64| match call.query(name) {
            None => Ok(other),
            Some(text) => match text.parse::<u64>() {
                Ok(number) if (1..=most).contains(&number) => Ok(number),
                Ok(_) => {
                    let message = format!("{name}: is out of its range.");
                    Err(Refusal::new(Code::FormValidationFailed, message))
                }
                Err(_) => {
                    let message = format!("{name} is not a number.");
                    Err(Refusal::new(Code::ParamTypeError, message))
                }
            },
        };
        let page = whole("pageNo", 1, u64::MAX)?;
        let size = whole("pageSizeNo", ways.page_size.max(1), 100)?;
        let status = match call.query("channelStatus") {
            None => None,
            Some("READY") => Some(Status::Ready),
            Some("PUBLISHING") => Some(Status::Publishing),
            Some("BLOCK") => Some(Status::Block),
            Some(_) => {
                let message = "channelStatus: must be one of READY, PUBLISHING, BLOCK.";
                return Err(Refusal::new(Code::FormValidationFailed, message));
            }
        };
        Ok(Self {
            page,
            size,
            status,
            id: call.query_text("id"),
            name: call.query_text("channelName"),
            exact: ways.name_filter_exact,
        })
    }

    fn meets(&self, id: &str, name: &str, status: &str, ways: &Behaviour) -> bool {
        let named = |wanted: &String| {
            if self.exact {
                name == wanted
            } else {
                name.contains(wanted.as_str())
            }
        };
        self.id.as_ref().is_none_or(|wanted| wanted == id)
            && self.name.as_ref().is_none_or(named)
            && self.status.is_none_or(|wanted| wanted.word(ways) == status)
    }

    /// The numbers of all channels that the list has now, in its order.
    fn listed(&self, account: &Account, now: Moment) -> Vec<u64> {
        let ways = &account.behaviour;
        if ways.empty_lists {
            return Vec::new();
        }
        let hidden = ways.hide_new_from_list_seconds;
        let there = |channel: &&Channel| {
            let new = hidden > 0.0 && now < channel.created_at.plus(hidden);
            if new || ways.unlisted.contains(&channel.id) {
                return false;
            }
            if let Some((_, shown)) = account.stale.get(&channel.number) {
                let text = |name: &str| shown[name].as_str().unwrap_or_default();
                return self.meets(
                    &channel.id,
                    text("channelName"),
                    text("channelStatus"),
                    ways,
                );
            }
            channel.shown_for(ways.deleted_listed_seconds, now)
                && self.meets(&channel.id, channel.name(), channel.status.word(ways), ways)
        };
        let channels = account.channels.values().filter(there);
        let mut numbers: Vec<u64> = channels.map(|channel| channel.number).collect();
        match ways.list_order {
            ListOrder::OldestFirst => {}
            ListOrder::NewestFirst => numbers.reverse(),
            ListOrder::Shuffled => numbers.sort_unstable_by_key(|number| scatter(*number)),
        }
        numbers
    }

    /// What of this is on the page.
    fn cut(&self, listed: Vec<u64>, account: &Account) -> Vec<u64> {
        let ways = &account.behaviour;
        if ways.empty_page == Some(self.page) {
            return Vec::new();
        }
        let mut page = self.page;
        if ways.repeated_page == Some(page) {
            page = (page - 1).max(1);
        }
        if ways.last_page_again {
            let count = listed.len() as u64;
            page = page.min(count.div_ceil(self.size).max(1));
        }
        let start = (page - 1).saturating_mul(self.size);
        let start = match account.shifted {
            None => start,
            Some(Shift::Skip) => start.saturating_add(1),
            Some(Shift::Double) => start.saturating_sub(1),
        };
        let [start, size] = [start, self.size].map(|n| usize::try_from(n).unwrap_or(usize::MAX));
        listed.into_iter().skip(start).take(size).collect()
    }
}

/// After a page has been served: whether the rest of the walk is shifted.
fn shift_after(account: &mut Account, page: u64) {
    let Some(PageShift {
        after_page,
        how,
        walks,
    }) = &mut account.behaviour.page_shift
    else {
        return;
    };
    if page != *after_page || *walks == Some(0) {
        return;
    }
    account.shifted = Some(*how);
    if let Some(walks) = walks {
        *walks -= 1;
    }
}

fn item(account: &Account, number: u64, now: Moment) -> Option<Value> {
    let ways = &account.behaviour;
    let channel = account.channels.get(&number)?;
    let mut item = match account.stale.get(&number) {
        Some((_, shown)) => shown.clone(),
        None => channel.view(ways, now),
    };
    let spoilt = ways.spoilt_item.as_ref();
    let spoilt = spoilt.filter(|spoilt| spoilt.id == channel.id);
    if let Value::Object(fields) = &mut item {
        for name in &ways.thin_lists {
            fields.remove(name);
        }
        match spoilt.map(|spoilt| spoilt.how) {
            None => {}
            Some(Spoilt::IdMissing) => drop(fields.remove("channelId")),
            Some(Spoilt::NameMissing) => drop(fields.remove("channelName")),
            Some(Spoilt::NameOfWrongType) => {
                fields.insert("channelName".to_owned(), json!({"not": "a text"}));
            }
            Some(Spoilt::StatusUnknown) => {
                fields.insert("channelStatus".to_owned(), json!("RESTING"));
            }
            Some(Spoilt::NotAnObject) => return Some(json!("not an object")),
        }
    }
    Some(item)
}
