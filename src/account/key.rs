//! The key in a Secret: what can be used and what cannot.

use std::collections::BTreeMap;

use k8s_openapi::{ByteString, api::core::v1::Secret as SecretObject};

use crate::{
    api::SecretKeyRef,
    outcome::{Outcome, Reason},
    secret::Secret,
};

/// The value that a reference names, without white space at its end: the line break that `echo` adds
/// is the most common slip.
///
/// # Errors
/// The outcome for the object that refers to it, with what to do.
pub fn read(reference: &SecretKeyRef, object: Option<&SecretObject>) -> Result<Secret, Outcome> {
    let SecretKeyRef { name, key } = reference;
    let Some(object) = object else {
        return Err(Outcome::stalled(
            Reason::SecretNotFound,
            format!("there is no Secret {name} in this namespace: create it with the key {key}"),
        ));
    };
    let empty = BTreeMap::new();
    let Some(ByteString(bytes)) = object.data.as_ref().unwrap_or(&empty).get(key) else {
        return Err(Outcome::stalled(
            Reason::SecretKeyNotFound,
            format!("the Secret {name} has no key {key}: add it, or name another key"),
        ));
    };
    let invalid = |why: &str| {
        Err(Outcome::stalled(
            Reason::InvalidSecret,
            format!("the value of key {key} in the Secret {name} {why}"),
        ))
    };
    let Ok(text) = std::str::from_utf8(bytes) else {
        return invalid("is not text: store it without further encoding");
    };
    match text.trim_end() {
        "" => invalid("is empty: store the value in it"),
        text => Ok(Secret::new(text)),
    }
}

/// An API key: what [`read`] gives, if it can stand in a header.
///
/// # Errors
/// The outcome for the account, with what to do.
pub(super) fn read_api_key(
    reference: &SecretKeyRef,
    object: Option<&SecretObject>,
) -> Result<Secret, Outcome> {
    let key = read(reference, object)?;
    if key.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(key);
    }
    Err(Outcome::stalled(
        Reason::InvalidSecret,
        format!(
            "the value of key {} in the Secret {} holds white space or characters that no API key has: store the key alone",
            reference.key, reference.name
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(value: &[u8]) -> SecretObject {
        SecretObject {
            data: Some(BTreeMap::from([(
                "apiKey".to_owned(),
                ByteString(value.to_vec()),
            )])),
            ..SecretObject::default()
        }
    }

    #[test]
    fn what_can_be_used_and_what_cannot() {
        let reference = SecretKeyRef {
            name: "gcore".into(),
            key: "apiKey".into(),
        };
        let table: [(Option<SecretObject>, Result<&str, Reason>); 9] = [
            (None, Err(Reason::SecretNotFound)),
            (
                Some(SecretObject::default()),
                Err(Reason::SecretKeyNotFound),
            ),
            (Some(with(b"")), Err(Reason::InvalidSecret)),
            (Some(with(b" \n")), Err(Reason::InvalidSecret)),
            (Some(with(b"\xff\xfe")), Err(Reason::InvalidSecret)),
            (Some(with(b"two words")), Err(Reason::InvalidSecret)),
            (Some(with(b"a\0b")), Err(Reason::InvalidSecret)),
            (Some(with(b"123$abc")), Ok("123$abc")),
            (Some(with(b"123$abc\r\n")), Ok("123$abc")),
        ];
        for (object, expected) in table {
            let found = read_api_key(&reference, object.as_ref());
            match (&found, expected) {
                (Ok(key), Ok(text)) => assert_eq!(key.expose(), text),
                (Err(outcome), Err(reason)) => assert_eq!(outcome.reason(), reason),
                _ => panic!("{found:?} instead of {expected:?}"),
            }
        }
    }
}
