//! How lists can mislead, whichever provider's they are.

use serde::{Deserialize, Serialize};

/// The order of lists, which no document states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListOrder {
    /// The newest first.
    #[default]
    NewestFirst,
    /// The oldest first.
    OldestFirst,
    /// No recognisable order, but always the same.
    Shuffled,
}

/// How items move between pages while somebody walks through them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shift {
    /// As if an item on an earlier page had gone: the walk never sees one item.
    Skip,
    /// As if an item had come on an earlier page: the walk sees one item twice.
    Double,
}

/// A shift in the middle of walks. A walk begins with page 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageShift {
    /// After this page has been served.
    pub after_page: u64,
    /// In which direction.
    pub how: Shift,
    /// In so many walks; absent: in all.
    #[serde(default)]
    pub walks: Option<u64>,
}
