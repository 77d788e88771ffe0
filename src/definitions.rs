//! Whether the apiserver keeps what this process writes.
//!
//! A definition that is older than this binary drops what it does not know, without a word: a trace of a
//! creation would be gone, and with it what keeps a creation from being sent twice. So nothing begins
//! before the served definitions have every field of status that the binary knows. They are read from the
//! apiserver's own description (`/openapi/v3`), which every service account may read.

use std::{collections::BTreeMap, time::Duration};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray,
};
use kube::Client;
use serde::Deserialize;

use crate::api::{self, GROUP};

/// When the apiserver is asked again.
const AGAIN: Duration = Duration::from_secs(2);

/// So many missing fields are named; more say no more.
const NAMED: usize = 10;

/// Why nothing can begin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// They are not there.
    #[error(
        "the definitions of {0} are not installed: install them with the chart (crds.install=true) or by `livestream-operator crds`"
    )]
    Missing(String),
    /// They are those of an older version.
    #[error(
        "the installed definitions are older than this operator and would drop {0}: install those of its own version"
    )]
    Older(String),
    /// The apiserver does not say.
    #[error("the definitions cannot be read: {0}")]
    Unread(String),
}

/// What the apiserver describes of a version of a group; nothing else of it is kept.
#[derive(Debug, Deserialize)]
struct Description {
    #[serde(default)]
    components: Components,
}

#[derive(Debug, Default, Deserialize)]
struct Components {
    #[serde(default)]
    schemas: BTreeMap<String, Served>,
}

/// One schema, as far as fields go.
#[derive(Debug, Default, Deserialize)]
struct Served {
    #[serde(default)]
    properties: BTreeMap<String, Served>,
    items: Option<Box<Served>>,
    #[serde(rename = "x-kubernetes-group-version-kind", default)]
    kinds: Vec<KindName>,
}

#[derive(Debug, Deserialize)]
struct KindName {
    kind: String,
}

/// Returns once the apiserver serves all definitions with all that this process writes, and says what it
/// waits for. Where this service account may not ask, that is said, and it goes on.
pub async fn served(client: &Client) {
    let mut told = None;
    loop {
        match look(client).await {
            Ok(()) => return,
            Err(trouble) => {
                if told.as_ref() != Some(&trouble) {
                    tracing::warn!(error = %trouble, "nothing is done before the definitions can be used");
                    told = Some(trouble);
                }
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn look(client: &Client) -> Result<(), Unusable> {
    let path = format!("/openapi/v3/apis/{GROUP}/v1alpha1");
    let unread = |error: &dyn std::fmt::Display| Unusable::Unread(error.to_string());
    let request = hyper::Request::get(path)
        .body(Vec::new())
        .map_err(|error| unread(&error))?;
    let description = match client.request::<Description>(request).await {
        Ok(description) => description,
        // The body is no Status, so only the code says it.
        Err(kube::Error::Api(status)) if status.code == 404 => Description {
            components: Components::default(),
        },
        Err(kube::Error::Api(status)) if status.code == 403 => {
            tracing::warn!(
                error = status.message,
                "it cannot be seen whether the definitions fit this operator"
            );
            return Ok(());
        }
        Err(error) => return Err(unread(&error)),
    };
    compare(&description.components.schemas)
}

/// What is missing of what this binary writes.
fn compare(schemas: &BTreeMap<String, Served>) -> Result<(), Unusable> {
    let mut kinds = Vec::new();
    let mut fields = Vec::new();
    for (_, definition) in api::definitions() {
        let kind = definition.spec.names.kind;
        let served = schemas
            .values()
            .find(|schema| schema.kinds.iter().any(|served| served.kind == kind));
        let Some(served) = served else {
            kinds.push(kind);
            continue;
        };
        let versions = definition.spec.versions.into_iter();
        for version in versions.filter_map(|version| version.schema) {
            let status = version
                .open_api_v3_schema
                .and_then(|schema| schema.properties?.remove("status"));
            if let Some(status) = status {
                let path = format!("{kind} status");
                missing(&path, &status, served.properties.get("status"), &mut fields);
            }
        }
    }
    if !kinds.is_empty() {
        return Err(Unusable::Missing(kinds.join(", ")));
    }
    if fields.is_empty() {
        return Ok(());
    }
    let more = fields.len().saturating_sub(NAMED);
    fields.truncate(NAMED);
    let more = (more > 0).then(|| format!(" and {more} more"));
    let fields = fields.join(", ");
    Err(Unusable::Older(
        fields + more.as_deref().unwrap_or_default(),
    ))
}

/// Adds the paths of what is written and not served.
fn missing(path: &str, written: &JSONSchemaProps, served: Option<&Served>, into: &mut Vec<String>) {
    let Some(served) = served else {
        into.push(path.to_owned());
        return;
    };
    for (name, field) in written.properties.iter().flatten() {
        let path = format!("{path}.{name}");
        missing(&path, field, served.properties.get(name), into);
    }
    if let Some(JSONSchemaPropsOrArray::Schema(item)) = &written.items {
        missing(&format!("{path}[]"), item, served.items.as_deref(), into);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// What an apiserver with our own definitions describes.
    fn described() -> Value {
        let schemas: serde_json::Map<String, Value> = api::definitions()
            .into_iter()
            .map(|(name, definition)| {
                let kind = &definition.spec.names.kind;
                let schema = &definition.spec.versions[0].schema.as_ref().unwrap();
                let mut schema = serde_json::to_value(&schema.open_api_v3_schema).unwrap();
                schema["x-kubernetes-group-version-kind"] = json!([{"kind": kind}]);
                (name.to_owned(), schema)
            })
            .collect();
        json!({"components": {"schemas": schemas}})
    }

    fn looked(described: Value) -> Result<(), Unusable> {
        let description: Description = serde_json::from_value(described).unwrap();
        compare(&description.components.schemas)
    }

    #[test]
    fn our_own_definitions_are_enough_and_more_is_no_harm() {
        let mut described = described();
        assert_eq!(looked(described.clone()), Ok(()));
        let status = "/components/schemas/livestreams.yaml/properties/status/properties";
        described.pointer_mut(status).unwrap()["tomorrow"] = json!({"type": "string"});
        assert_eq!(looked(described), Ok(()));
    }

    #[test]
    fn what_is_not_there_is_named() {
        assert_eq!(
            looked(json!({})),
            Err(Unusable::Missing(
                "Broadcast, LiveStream, StreamingAccount".to_owned()
            ))
        );
        let mut described = described();
        let schemas = described.pointer_mut("/components/schemas").unwrap();
        schemas.as_object_mut().unwrap().remove("broadcasts.yaml");
        let missing = Unusable::Missing("Broadcast".to_owned());
        assert_eq!(looked(described), Err(missing));
    }

    #[test]
    fn a_field_that_would_be_dropped_is_named_however_deep_it_is() {
        let of_stream = "/components/schemas/livestreams.yaml/properties/status/properties";
        for (within, field, path) in [
            ("", "creation", "LiveStream status.creation"),
            (
                "/creation/properties",
                "attempt",
                "LiveStream status.creation.attempt",
            ),
            (
                "/videos/items/properties",
                "hlsUrl",
                "LiveStream status.videos[].hlsUrl",
            ),
        ] {
            let mut described = described();
            let fields = described.pointer_mut(&format!("{of_stream}{within}"));
            let fields = fields.unwrap().as_object_mut().unwrap();
            assert!(fields.remove(field).is_some(), "{path}");
            assert_eq!(looked(described), Err(Unusable::Older(path.to_owned())));
        }
    }

    #[test]
    fn many_fields_are_counted() {
        let mut described = described();
        let status = "/components/schemas/livestreams.yaml/properties/status/properties";
        *described.pointer_mut(status).unwrap() = json!({});
        let Err(Unusable::Older(fields)) = looked(described) else {
            panic!("they are missing");
        };
        assert!(
            fields.contains(" and ") && fields.ends_with(" more"),
            "{fields}"
        );
    }
}
