//! The name that a broadcast is created under: the only room that it has for its owner's mark. Pure.

use ring::digest::{Context, SHA256};

use crate::provider::Owner;

/// How many characters the name has.
const LENGTH: usize = 26;

/// Base 32 as in RFC 4648, in lower case.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// The name that nothing else has: 130 bits of a hash of the mark. The number of the attempt is not
/// part of it, so that what an earlier attempt made late is known for what it is.
pub(super) fn name(owner: &Owner) -> String {
    let mut hash = Context::new(&SHA256);
    for part in [
        "livestream-operator.io/broadcast",
        &owner.cluster,
        &owner.namespace,
        &owner.name,
        &owner.uid,
    ] {
        // With its length, so that no two marks give one text.
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finish();
    let bits = digest.as_ref().iter().flat_map(|byte| {
        (0..8u8)
            .rev()
            .map(move |place| usize::from(byte >> place & 1))
    });
    let bits: Vec<usize> = bits.take(LENGTH * 5).collect();
    bits.chunks(5)
        .map(|five| five.iter().fold(0, |number, bit| number * 2 + bit))
        .map(|number| char::from(ALPHABET[number]))
        .collect()
}

/// Whether a name looks like one of these: somebody's broadcast that is just being created.
pub(super) fn looks_like_one(name: &str) -> bool {
    name.len() == LENGTH && name.bytes().all(|byte| ALPHABET.contains(&byte))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn owner(cluster: &str, namespace: &str, name: &str, uid: &str) -> Owner {
        Owner {
            cluster: cluster.into(),
            namespace: namespace.into(),
            name: name.into(),
            uid: uid.into(),
        }
    }

    #[test]
    fn each_mark_has_a_name_of_its_own_that_never_changes() {
        let marks = [
            owner("c", "ns", "a", "u"),
            owner("cn", "s", "a", "u"),
            owner("c", "ns", "au", ""),
            owner("c", "ns", "a", "v"),
            owner("d", "ns", "a", "u"),
        ];
        let names: HashSet<String> = marks.iter().map(name).collect();
        assert_eq!(names.len(), marks.len());
        assert!(names.iter().all(|name| looks_like_one(name)), "{names:?}");
        // What an older version created must be found by a newer one.
        assert_eq!(name(&marks[0]), "zlhm4kbtk2id52uwsqyfhyxfnv");
    }

    #[test]
    fn names_of_people_do_not_look_like_one() {
        for plain in [
            "Keynote",
            "",
            "abcdefghijklmnopqrstuvwxy1",
            "Abcdefghijklmnopqrstuvwxyz",
        ] {
            assert!(!looks_like_one(plain), "{plain}");
        }
    }
}
