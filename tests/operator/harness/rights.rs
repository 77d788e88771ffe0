//! What rules of roles give.

use std::collections::BTreeSet;

use serde_json::Value;

/// One right: who has it may do this to that.
pub type Right = (String, String);

/// The rights that rules give.
pub fn rights(rules: &Value) -> BTreeSet<Right> {
    let words = |value: &Value| -> Vec<String> {
        let words = value.as_array().unwrap().iter();
        words
            .map(|word| word.as_str().unwrap().to_owned())
            .collect()
    };
    let mut rights = BTreeSet::new();
    for rule in rules.as_array().unwrap() {
        for group in words(&rule["apiGroups"]) {
            for resource in words(&rule["resources"]) {
                for verb in words(&rule["verbs"]) {
                    rights.insert((verb, format!("{group} {resource}")));
                }
            }
        }
    }
    rights
}

/// Whether only a race, or an Event that is told twice, needs it: the tour gives no reason for either.
pub fn is_rare((verb, resource): &Right) -> bool {
    let rare = [
        ("get", "coordination.k8s.io leases"),
        ("get", "livestream-operator.io broadcasts"),
        ("get", "livestream-operator.io livestreams"),
        ("get", "livestream-operator.io streamingaccounts"),
        ("patch", "events.k8s.io events"),
    ];
    rare.contains(&(verb.as_str(), resource.as_str()))
}
