//! What the doors for fuzzing of all providers share: what must be so of whatever was read, and the kept corpus.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what must not be, ends the run"
)]

use crate::{
    packed::{Pack, Packed},
    secret::Secret,
};

/// A target: its name, which is that of its folder in `fuzz/corpus`, and its function.
pub type Target = (&'static str, fn(&[u8]));

pub(super) fn key() -> Secret {
    Secret::new("1001$canary-api-key")
}

/// It can be shown to a person: one line, short, and nothing that a terminal obeys.
pub(super) fn is_safe(words: &str) {
    assert!(words.len() <= 256, "{} bytes", words.len());
    assert!(!words.chars().any(char::is_control), "{words:?}");
}

/// The same of an address.
pub(super) fn is_public(address: Option<&str>) {
    let Some(address) = address else {
        return;
    };
    assert!(address.len() <= 2048, "{} bytes", address.len());
    let odd = |c: char| c.is_control() || c.is_whitespace();
    assert!(!address.chars().any(odd), "{address:?}");
}

/// The mirror keeps all of it.
pub(super) fn is_packed_whole<T: Pack + PartialEq + std::fmt::Debug>(seen: &T) {
    assert_eq!(Packed::new(seen).open().as_ref(), Some(seen));
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use proptest::prelude::*;

    use super::*;
    use crate::provider::{gcore, live_station};

    fn targets() -> Vec<Target> {
        [
            &gcore::fuzzing::TARGETS[..],
            &live_station::fuzzing::TARGETS,
        ]
        .concat()
    }

    /// Each entry of the kept corpus, through the function that it was found by.
    #[test]
    fn the_kept_corpus_passes() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
        for (name, target) in targets() {
            let mut entries = 0;
            for entry in fs::read_dir(corpus.join(name)).unwrap() {
                let path = entry.unwrap().path();
                let data = fs::read(&path).unwrap();
                let passed = std::panic::catch_unwind(|| target(&data));
                assert!(passed.is_ok(), "{} does not pass", path.display());
                entries += 1;
            }
            assert!(entries >= 10, "{name} has {entries} entries");
        }
    }

    /// Each folder of the corpus is a target's.
    #[test]
    fn the_corpus_has_no_other_folders() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
        let folders = fs::read_dir(corpus).unwrap();
        let mut names: Vec<_> = folders.map(|f| f.unwrap().file_name()).collect();
        names.sort();
        let mut known: Vec<_> = targets().into_iter().map(|(name, _)| name).collect();
        known.sort_unstable();
        assert_eq!(names, known);
    }

    proptest! {
        /// Any bytes, for every target: what a toolchain without a fuzzer can do.
        #[test]
        fn any_bytes_pass(data in prop::collection::vec(any::<u8>(), 0..300)) {
            for (_, target) in targets() {
                target(&data);
            }
        }
    }
}
