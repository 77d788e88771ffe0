//! What a broadcast is: the player page that shows one or more live streams.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What viewers of a broadcast see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(transform = super::undescribed)]
pub enum BroadcastState {
    /// It has not begun: the player shows the pending message.
    Pending,
    /// The player shows the streams.
    Live,
    /// The player says that there is a pause.
    Paused,
    /// It is over.
    Finished,
}
