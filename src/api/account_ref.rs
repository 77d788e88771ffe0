//! Which account an object belongs to.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// The StreamingAccount, in the same namespace, that this object belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountRef {
    /// Name of the StreamingAccount in this namespace. The default is `default`.
    #[serde(default = "default_account")]
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

impl Default for AccountRef {
    fn default() -> Self {
        Self {
            name: default_account(),
        }
    }
}

fn default_account() -> String {
    "default".to_owned()
}
