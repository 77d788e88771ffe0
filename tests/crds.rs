//! The definitions in crds/ and in the chart are what the types say.

use std::{collections::BTreeMap, fs, path::Path};

#[test]
fn the_committed_definitions_are_the_generated_ones() {
    for folder in ["crds", "charts/livestream-operator/files/crds"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let committed: BTreeMap<String, String> = fs::read_dir(&path)
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| {
                (
                    entry.file_name().into_string().unwrap(),
                    fs::read_to_string(entry.path()).unwrap(),
                )
            })
            .collect();
        let generated: BTreeMap<String, String> = livestream_operator::crds::files()
            .unwrap()
            .into_iter()
            .map(|(name, text)| (name.to_owned(), text))
            .collect();
        assert_eq!(
            committed.keys().collect::<Vec<_>>(),
            generated.keys().collect::<Vec<_>>()
        );
        for (name, text) in &generated {
            assert!(
                committed[name] == *text,
                "{folder}/{name} is not what the types say: run `make crds` and commit it"
            );
        }
    }
}
