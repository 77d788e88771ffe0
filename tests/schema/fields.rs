//! The fields of the specs, as the generated schemas have them.

use std::{fs, path::PathBuf};

use serde_json::Value;

/// A field of a spec.
#[derive(Clone, Debug)]
pub struct Field {
    /// Of which kind.
    pub kind: String,
    /// Its way from the spec, as `dvr.enabled`.
    pub path: String,
    /// What the schema says of it.
    pub schema: Value,
}

/// All fields of all kinds, with those that hold others; items of lists apart, whose lists stand for them.
pub fn all() -> Vec<Field> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("crds");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut fields = Vec::new();
    for file in files {
        let text = fs::read_to_string(file).unwrap();
        let crd: Value = serde_saphyr::from_str(&text).unwrap();
        let kind = crd["spec"]["names"]["kind"].as_str().unwrap();
        let spec = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
        collect(kind, "", spec, &mut fields);
    }
    fields
}

fn collect(kind: &str, path: &str, schema: &Value, fields: &mut Vec<Field>) {
    for (name, child) in schema["properties"].as_object().into_iter().flatten() {
        let path = [path, name].join(if path.is_empty() { "" } else { "." });
        fields.push(Field {
            kind: kind.to_owned(),
            path: path.clone(),
            schema: child.clone(),
        });
        collect(kind, &path, child, fields);
    }
}

impl Field {
    /// Whether it only holds other fields.
    pub fn holds_others(&self) -> bool {
        self.schema["properties"].is_object()
    }

    /// Kind and way, as people say it.
    pub fn name(&self) -> String {
        format!("{}.{}", self.kind, self.path)
    }
}
