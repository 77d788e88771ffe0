//! Bodies of answers, whoever sent them: read as leniently as they can be, and never more than is of use. Pure.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _, SeqAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

use super::failure::garbled;
use crate::provider::ProviderError;

/// The most items that a page is taken to have. Gcore's own have 25 (official demo apps), Live Station's
/// 100 (page "Get channel list").
pub(in crate::provider) const LONGEST_PAGE: usize = 1000;

/// The longest address that is shown.
const LONGEST_ADDRESS: usize = 2048;

/// A body as a type.
///
/// # Errors
///
/// [`ProviderError::Garbled`] where it is none of that type.
pub(in crate::provider) fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, ProviderError> {
    use serde_json::error::Category;
    if body.is_empty() {
        return Err(garbled("it is empty"));
    }
    serde_json::from_slice(body).map_err(|error| {
        garbled(match error.classify() {
            Category::Eof => "it ends too early",
            Category::Data => "it is something else",
            Category::Syntax | Category::Io => "it is no JSON",
        })
    })
}

/// A page of a list: an array. `None` stands for an item that is no object.
pub(in crate::provider) struct Page<T>(pub(in crate::provider) Vec<Option<T>>);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Page<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items<T>(PhantomData<T>);
        impl<'de, T: DeserializeOwned> Visitor<'de> for Items<T> {
            type Value = Page<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Page<T>, A::Error> {
                let mut page = Vec::new();
                // Most of what a page holds is not read, so no value is made of it.
                while let Some(item) = items.next_element::<&RawValue>()? {
                    if page.len() == LONGEST_PAGE {
                        return Err(A::Error::custom("too many items"));
                    }
                    page.push(item_of(item));
                }
                Ok(Page(page))
            }
        }
        deserializer.deserialize_seq(Items(PhantomData))
    }
}

/// A thing from the text of an item. One that names a field twice is read as any value is: the last
/// one counts.
pub(in crate::provider) fn item_of<T: DeserializeOwned>(item: &RawValue) -> Option<T> {
    let text = item.get();
    if !text.starts_with('{') {
        return None;
    }
    serde_json::from_str(text)
        .ok()
        .or_else(|| object(serde_json::from_str(text).ok()?))
}

/// A thing from any value; `None` where it is no object.
pub(in crate::provider) fn object<T: DeserializeOwned>(value: Value) -> Option<T> {
    if !value.is_object() {
        return None;
    }
    serde_json::from_value(value).ok()
}

/// An address that may be shown in a status, which tools print as it stands: it holds nothing that a
/// terminal obeys and is one word.
pub(in crate::provider) fn public(address: Option<String>) -> Option<String> {
    let odd = |c: char| c.is_control() || c.is_whitespace();
    address.filter(|text| (1..=LONGEST_ADDRESS).contains(&text.len()) && !text.chars().any(odd))
}
