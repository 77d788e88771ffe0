//! An account at the second provider.

use serde_json::{Value, json};

/// The access key of tests.
pub const ACCESS: &str = "AKIDEXAMPLE";

/// Its secret key.
pub const SECRET: &str = "canary0secret0key";

/// The name of the Secret that holds both.
pub const KEYS: &str = "naver";

/// What is in it.
pub const DATA: [(&str, &str); 2] = [("accessKey", ACCESS), ("secretKey", SECRET)];

/// The account's block.
pub fn block(endpoint: &str) -> Value {
    json!({
        "accessKeySecretRef": {"name": KEYS, "key": "accessKey"},
        "secretKeySecretRef": {"name": KEYS, "key": "secretKey"},
        "endpoint": endpoint, "qualitySetId": 3, "cdn": {"profileId": 12},
    })
}
