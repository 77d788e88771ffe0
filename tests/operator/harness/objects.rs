//! Reading what the operator wrote, as a user's tools would: as JSON, not as the operator's types.

use kube::core::DynamicObject;
use serde_json::Value;

/// The status; null where there is none.
pub fn status_of(object: &DynamicObject) -> Value {
    object.data.get("status").cloned().unwrap_or_default()
}

/// One condition.
pub fn condition(object: &DynamicObject, kind: &str) -> Option<Value> {
    let status = status_of(object);
    status["conditions"]
        .as_array()?
        .iter()
        .find(|c| c["type"] == kind)
        .cloned()
}

/// The reason of a condition, `-` where there is none.
pub fn reason(object: &DynamicObject, kind: &str) -> String {
    condition(object, kind)
        .and_then(|c| c["reason"].as_str().map(str::to_owned))
        .unwrap_or_else(|| "-".to_owned())
}

/// The message of a condition.
pub fn message(object: &DynamicObject, kind: &str) -> String {
    condition(object, kind)
        .and_then(|c| c["message"].as_str().map(str::to_owned))
        .unwrap_or_default()
}
