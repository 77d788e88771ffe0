//! The owner mark of a channel: its name, for there is no other field that could hold one.
//!
//! A name has 3 to 20 letters, digits and underscores (page "Create channel"), too few for an owner. So it
//! holds digests: one letter for what it says, two for the cluster, eight for namespace and name, eight for
//! the uid, and one check letter, all of 62. What is read from a name is an [`Owner`] made of
//! those digests, and [`form`] makes the same of an object, so that the two can be compared. Two objects
//! whose digests are the same are as likely as two equal random numbers of 95 bits; two channels with one
//! mark are found as duplicates, and neither is touched.

use ring::digest::{SHA256, digest};

use crate::provider::{Mark, Owner};

const OWNED: char = 'o';
const RELEASED: char = 'r';

/// The namespace of an owner that is made of digests: that of its name holds it, too.
const WITHIN: &str = "~";

/// An owner as the marks of this provider write it.
pub(super) fn form(owner: &Owner) -> Owner {
    // What is in that form already stays as it is.
    if owner.namespace == WITHIN {
        return owner.clone();
    }
    Owner {
        cluster: letters(&[&owner.cluster], 2),
        namespace: WITHIN.to_owned(),
        name: letters(&[&owner.namespace, &owner.name], 8),
        uid: letters(&[&owner.uid], 8),
    }
}

/// The name of a channel of this owner.
pub(super) fn owned(owner: &Owner) -> String {
    write(OWNED, owner)
}

/// The name of a channel that this owner left behind.
pub(super) fn released(owner: &Owner) -> String {
    write(RELEASED, owner)
}

fn write(says: char, owner: &Owner) -> String {
    let owner = form(owner);
    let text = format!("{says}{}{}{}", owner.cluster, owner.name, owner.uid);
    let check = letters(&[&text], 1);
    text + &check
}

/// What a channel's name says about its owner. A name that a human gave is no mark.
pub(super) fn read(name: &str) -> Mark {
    if name.len() != 20 || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Mark::None;
    }
    let (text, check) = name.split_at(19);
    if letters(&[text], 1) != check {
        return Mark::None;
    }
    let owner = Owner {
        cluster: text[1..3].to_owned(),
        namespace: WITHIN.to_owned(),
        name: text[3..11].to_owned(),
        uid: text[11..].to_owned(),
    };
    match text.chars().next() {
        Some(OWNED) => Mark::Owned(owner),
        Some(RELEASED) => Mark::Released(owner),
        _ => Mark::None,
    }
}

/// So many letters out of 62 that stand for these texts.
fn letters(texts: &[&str], many: usize) -> String {
    const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    // With its length before it no text runs into the next.
    let whole: Vec<u8> = texts
        .iter()
        .flat_map(|text| [&text.len().to_be_bytes()[..], text.as_bytes()].concat())
        .collect();
    let digest = digest(&SHA256, &whole);
    let number = digest.as_ref().iter().take(16);
    let mut number = number.fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let mut letters = String::with_capacity(many);
    for _ in 0..many {
        letters.push(char::from(LETTERS[(number % 62) as usize]));
        number /= 62;
    }
    letters
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn owner(uid: &str) -> Owner {
        Owner {
            cluster: "7f8fe9ef-fa19-4d22-8ac8-cab8c547ed14".into(),
            namespace: "studio".into(),
            name: "keynote".into(),
            uid: uid.into(),
        }
    }

    #[test]
    fn a_name_that_was_written_is_never_written_otherwise() {
        // Channels that are there carry such names: another digest would lose them all.
        assert_eq!(owned(&owner("483fe091")), "oZYDuKQuifwHjFjQujV4");
        assert_eq!(released(&owner("483fe091")), "rZYDuKQuifwHjFjQujVW");
    }

    /// A cluster that is built again has to find the channels of the one before.
    #[test]
    fn in_another_cluster_an_object_has_the_same_name_and_another_mark() {
        let (here, there) = (
            owner("u"),
            Owner {
                cluster: "other".into(),
                ..owner("u")
            },
        );
        assert_eq!(form(&here).name, form(&there).name);
        assert_ne!(form(&here).cluster, form(&there).cluster);
        assert_ne!(owned(&here), owned(&there));
    }

    #[test]
    fn names_of_humans_are_no_marks() {
        for name in [
            "",
            "abc",
            "channel_1",
            "한국방송",
            "o1234567890123456789",
            "owned_by_somebody_x",
        ] {
            assert_eq!(read(name), Mark::None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            [cluster, namespace, name, uid] in [".{0,40}", "[a-z0-9-]{1,63}", "[a-z0-9.-]{1,253}", ".{0,40}"]
        ) {
            let owner = Owner { cluster, namespace, name, uid };
            for (text, mark) in [
                (owned(&owner), Mark::Owned(form(&owner))),
                (released(&owner), Mark::Released(form(&owner))),
            ] {
                prop_assert_eq!(text.len(), 20);
                prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric()));
                prop_assert_eq!(read(&text), mark);
            }
            prop_assert_eq!(form(&form(&owner)), form(&owner));
        }

        #[test]
        fn others_have_other_names(a in ".{0,20}", b in ".{0,20}") {
            let (one, two) = (owner(&a), owner(&b));
            prop_assert_eq!(a == b, owned(&one) == owned(&two));
            let moved = |namespace: &str, name: &str| Owner {
                namespace: namespace.into(),
                name: name.into(),
                ..owner("u")
            };
            prop_assert_ne!(owned(&moved("a", "bc")), owned(&moved("ab", "c")));
        }

        #[test]
        fn no_name_breaks_it(name in ".{0,30}") {
            let _ = read(&name);
        }
    }
}
