//! The token in a webhook's path, and the digest that stands for it in memory.

use std::fmt::{self, Write as _};

use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom as _, SystemRandom},
};
use subtle::ConstantTimeEq as _;

use crate::secret::Secret;

/// What every path begins with.
const PREFIX: &str = "/webhooks/";

/// How many random bytes a token has; as text it is twice as long.
const BYTES: usize = 32;

/// A token that nobody can guess. It cannot be printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token(Secret);

/// What a token is compared by: all of them are of one length, and nothing that is kept in memory
/// opens a door.
#[derive(Clone, Copy)]
pub struct Digest([u8; 32]);

/// The operating system gave no randomness.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the system gives no random bytes")]
pub struct NoRandomness;

impl Token {
    /// A new one.
    ///
    /// # Errors
    /// There is no randomness to be had.
    pub fn random() -> Result<Self, NoRandomness> {
        let mut bytes = [0; BYTES];
        SystemRandom::new()
            .fill(&mut bytes)
            .map_err(|_| NoRandomness)?;
        Ok(Self(Secret::new(hex(&bytes))))
    }

    /// The token of a path; `None` where it is not one of ours.
    pub fn of_path(path: &str) -> Option<Self> {
        let token = path.strip_prefix(PREFIX)?;
        let fine = token.len() == 2 * BYTES
            && token
                .bytes()
                .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        fine.then(|| Self(Secret::new(token)))
    }

    /// The path that it stands in.
    pub fn path(&self) -> Secret {
        Secret::new(format!("{PREFIX}{}", self.0.expose()))
    }

    /// What stands for it in memory.
    pub fn digest(&self) -> Digest {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, self.0.expose().as_bytes()).as_ref());
        Digest(bytes)
    }
}

impl Digest {
    /// Whether both are of one token, found out in a time that does not depend on them.
    pub fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Bytes as lower case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_back_to_its_token_and_no_two_are_alike() {
        let (one, two) = (Token::random().unwrap(), Token::random().unwrap());
        let again = Token::of_path(one.path().expose()).unwrap();
        assert!(again == one && again.digest().is(&one.digest()));
        assert!(one != two && !one.digest().is(&two.digest()));
        assert_eq!(one.path().expose().len(), "/webhooks/".len() + 64);
    }

    #[test]
    fn what_is_no_path_of_ours() {
        let token = "0123456789abcdef".repeat(4);
        assert!(Token::of_path(&format!("/webhooks/{token}")).is_some());
        for path in [
            String::new(),
            "/".to_owned(),
            "/webhooks/".to_owned(),
            "/webhooks".to_owned(),
            token.clone(),
            format!("/{token}"),
            format!("/webhooks/{token}0"),
            format!("/webhooks/{token}/"),
            format!("/webhooks/{}", &token[1..]),
            format!("/webhooks/{}", token.to_uppercase()),
            format!("/webhooks//{}", &token[1..]),
            format!("/Webhooks/{token}"),
            format!("/webhooks/{}", "é".repeat(32)),
        ] {
            assert!(Token::of_path(&path).is_none(), "{path}");
        }
    }

    #[test]
    fn neither_is_printed() {
        let token = Token::random().unwrap();
        let printed = format!("{token:?} {:?}", token.digest());
        assert_eq!(printed, "Token(***) ***");
    }
}
