//! The values for Argo CD's own chart have the scripts that stand beside them, each as it is.

use std::{fs, path::PathBuf};

/// The folder of the scripts.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("charts/livestream-operator/files/health")
}

/// The values.
pub fn path() -> PathBuf {
    folder().join("argo-cd-values.yaml")
}

/// The values, made of the scripts.
fn made() -> String {
    let script = |name: &str| fs::read_to_string(folder().join(name)).unwrap();
    let mut text = String::from(
        "# Values for Argo CD's own chart, and under configs.cm what belongs into the ConfigMap argocd-cm:\n\
         # how Argo CD tells the health of our kinds, and its button \"Reconcile now\".\n\
         # Made of the scripts beside this file; a test compares.\n\
         configs:\n  cm:\n",
    );
    for kind in ["StreamingAccount", "LiveStream", "Broadcast"] {
        let key = |what: &str| {
            format!("    resource.customizations.{what}.livestream-operator.io_{kind}: |\n")
        };
        text += &key("health");
        text += &indented(6, &script(&format!("{}.lua", kind.to_lowercase())));
        text += &key("actions");
        text += "      discovery.lua: |\n";
        text += &indented(8, &script("actions/discovery.lua"));
        text += "      definitions:\n      - name: reconcile\n        action.lua: |\n";
        text += &indented(10, &script("actions/reconcile.lua"));
    }
    text
}

fn indented(by: usize, text: &str) -> String {
    let line = |line: &str| {
        if line.is_empty() {
            "\n".to_owned()
        } else {
            format!("{}{line}\n", " ".repeat(by))
        }
    };
    text.lines().map(line).collect()
}

#[test]
fn the_values_for_argo_cd_are_the_scripts() {
    let made = made();
    let now = fs::read_to_string(path()).unwrap_or_default();
    if made != now {
        let wanted = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("argo-cd-values.yaml");
        fs::write(&wanted, made).unwrap();
        panic!(
            "{} is not what the scripts beside it say: copy {} there",
            path().display(),
            wanted.display()
        );
    }
}
