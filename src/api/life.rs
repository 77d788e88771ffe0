//! What may happen to the thing at the provider when its object goes away.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What becomes of the thing at the provider when the object is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = super::undescribed)]
pub enum DeletionPolicy {
    /// It is deleted at the provider too.
    Delete,
    /// It stays at the provider, and nobody owns it any more.
    Retain,
}

/// Whether something that is on air may be deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = super::undescribed)]
pub enum LiveProtection {
    /// What is live is not deleted; the deletion waits until it is off air.
    #[default]
    Enabled,
    /// It is deleted even while it is live.
    Disabled,
}
