//! What is to become of the Secret with an account's webhook paths. Pure.

use k8s_openapi::{ByteString, api::core::v1::Secret as SecretObject};
use kube::ResourceExt as _;
use ring::digest::{SHA256, digest};

use crate::{
    conditions::cut,
    webhooks::{Token, hex},
};

/// The key of the path that the provider is to post to.
pub(super) const PATH: &str = "path";

/// The key of the path from before a rotation.
pub(super) const PREVIOUS: &str = "previousPath";

/// On the Secret: the wish for a rotation that was obeyed when its path was made. It is written with
/// the path, so that no crash parts the two.
pub(super) const ROTATED_ANNOTATION: &str = "livestream-operator.io/rotated-webhook";

/// How the Secret's name ends.
const SUFFIX: &str = "-webhook";

/// The longest name of an object.
const LONGEST_NAME: usize = 253;

/// The name of the Secret with an account's webhook paths. A name that would become too long is cut,
/// and told from its likes by its digest.
pub fn secret_name(account: &str) -> String {
    if account.len() + SUFFIX.len() <= LONGEST_NAME {
        return format!("{account}{SUFFIX}");
    }
    let sum = digest(&SHA256, account.as_bytes());
    let sum = hex(&sum.as_ref()[..8]);
    let room = LONGEST_NAME - SUFFIX.len() - sum.len() - 1;
    let begin = cut(account, room).trim_end_matches(['.', '-']);
    format!("{begin}-{sum}{SUFFIX}")
}

/// What the Secret holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    /// The path, if it is one of ours.
    pub path: Option<Token>,
    /// The one from before a rotation.
    pub previous: Option<Token>,
    /// The wish that was obeyed.
    pub rotated: Option<String>,
}

impl Held {
    pub(super) fn of(secret: &SecretObject) -> Self {
        let token = |key| {
            let ByteString(bytes) = secret.data.as_ref()?.get(key)?;
            Token::of_path(std::str::from_utf8(bytes).ok()?.trim_end())
        };
        Self {
            path: token(PATH),
            previous: token(PREVIOUS),
            rotated: secret.annotations().get(ROTATED_ANNOTATION).cloned(),
        }
    }
}

/// What is to be done with a Secret that is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing.
    Keep,
    /// A new path, for what stands there is none.
    Replace,
    /// A new path, and the old one stays valid.
    Rotate,
    /// A rotation is wanted, but a third valid path would be one too many: which of them the
    /// provider posts to is not known here.
    Wait,
}

/// What is to be done. `receipt` is the wish that the status says was obeyed.
pub(super) fn plan(held: &Held, asked: Option<&String>, receipt: Option<&String>) -> Step {
    let obeyed = held.rotated.as_ref().or(receipt);
    if held.path.is_none() {
        Step::Replace
    } else if asked.is_none() || asked == obeyed {
        Step::Keep
    } else if held.previous.is_some() {
        Step::Wait
    } else {
        Step::Rotate
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn what_is_done_with_the_secret() {
        let token = || Token::random().ok();
        let held = |path, previous, rotated: Option<&str>| Held {
            path,
            previous,
            rotated: rotated.map(str::to_owned),
        };
        let table = [
            (held(token(), None, None), None, None, Step::Keep),
            (held(token(), None, None), Some("1"), None, Step::Rotate),
            // The receipt is lost, or was not written; or the mark on the Secret was taken off.
            (
                held(token(), token(), Some("1")),
                Some("1"),
                None,
                Step::Keep,
            ),
            (
                held(token(), token(), None),
                Some("1"),
                Some("1"),
                Step::Keep,
            ),
            (
                held(token(), token(), Some("1")),
                Some("2"),
                Some("1"),
                Step::Wait,
            ),
            (
                held(token(), None, Some("1")),
                Some("2"),
                Some("1"),
                Step::Rotate,
            ),
            // What was asked for before, and again.
            (
                held(token(), None, Some("2")),
                Some("1"),
                Some("1"),
                Step::Rotate,
            ),
            (held(token(), None, Some("1")), None, Some("1"), Step::Keep),
            (held(None, None, None), None, None, Step::Replace),
            (
                held(None, token(), Some("1")),
                Some("2"),
                None,
                Step::Replace,
            ),
        ];
        for (held, asked, receipt, expected) in table {
            let [asked, receipt] = [asked, receipt].map(|text| text.map(str::to_owned));
            let step = plan(&held, asked.as_ref(), receipt.as_ref());
            assert_eq!(step, expected, "{held:?} {asked:?} {receipt:?}");
        }
    }

    #[test]
    fn names_are_valid_and_differ() {
        assert_eq!(secret_name("default"), "default-webhook");
        let longest = "a".repeat(245);
        assert_eq!(secret_name(&longest), format!("{longest}-webhook"));
        let dotted = format!("{}.b{}", "a".repeat(226), "c".repeat(26));
        let dashed = format!("{}-.{}", "a".repeat(227), "c".repeat(24));
        for name in [&dotted, &dashed, &"a".repeat(246), &"a".repeat(253)] {
            let secret = secret_name(name);
            assert!(
                secret.len() <= 253 && secret.ends_with("-webhook"),
                "{secret}"
            );
            assert!(!secret.contains(".-") && !secret.contains("-."), "{secret}");
        }
        assert_ne!(secret_name(&"a".repeat(246)), secret_name(&"a".repeat(247)));
    }

    #[test]
    fn what_a_secret_holds() {
        let token = Token::random().unwrap();
        let path = token.path();
        let secret = |path: &str| SecretObject {
            data: Some(BTreeMap::from([(
                PATH.to_owned(),
                ByteString(path.as_bytes().to_vec()),
            )])),
            ..SecretObject::default()
        };
        assert_eq!(Held::of(&secret(path.expose())).path, Some(token.clone()));
        let line = format!("{}\n", path.expose());
        assert_eq!(Held::of(&secret(&line)).path, Some(token));
        assert_eq!(Held::of(&secret("/webhooks/short")), Held::default());
        assert_eq!(Held::of(&SecretObject::default()), Held::default());
    }
}
