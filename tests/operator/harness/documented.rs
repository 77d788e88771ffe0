//! What a test meets in conditions is documented: docs/troubleshooting.md says which kind shows a
//! reason in which condition. (That each reason has an entry is `tests/troubleshooting.rs`.)

use std::{collections::BTreeSet, fs, path::Path, sync::OnceLock};

use kube::core::DynamicObject;

use super::objects::status_of;

/// Kind, condition and reason.
type Shown = (String, String, String);

/// All that the page says: under each reason, `Shown by KIND and KIND in `TYPE` and `TYPE`, and by
/// KIND in `TYPE`.`
fn documented() -> &'static BTreeSet<Shown> {
    static PAGE: OnceLock<BTreeSet<Shown>> = OnceLock::new();
    PAGE.get_or_init(|| {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/troubleshooting.md");
        let page = fs::read_to_string(page).unwrap();
        let mut shown = BTreeSet::new();
        let mut reason = "";
        for line in page.lines() {
            if let Some(title) = line.strip_prefix("### `") {
                reason = title.trim_end_matches('`');
            }
            for part in line
                .strip_prefix("Shown ")
                .into_iter()
                .flat_map(|it| it.split("by ").skip(1))
            {
                let (kinds, types) = part.split_once(" in ").unwrap();
                for kind in kinds
                    .split([',', ' '])
                    .filter(|it| !it.is_empty() && *it != "and")
                {
                    for of in types.split('`').skip(1).step_by(2) {
                        shown.insert((kind.to_owned(), of.to_owned(), reason.to_owned()));
                    }
                }
            }
        }
        shown
    })
}

/// Each condition of an object has a reason that the page has for it.
pub fn check(kind: &str, object: &DynamicObject) {
    let status = status_of(object);
    for condition in status["conditions"].as_array().into_iter().flatten() {
        let word = |key: &str| condition[key].as_str().unwrap_or_default().to_owned();
        let shown = (kind.to_owned(), word("type"), word("reason"));
        assert!(
            documented().contains(&shown),
            "docs/troubleshooting.md does not say that {kind} shows {} in {}: {condition}",
            shown.2,
            shown.1
        );
    }
}
