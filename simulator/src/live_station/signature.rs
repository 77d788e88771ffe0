//! Signature v2 of the API gateway (API overview, "Ncloud API").

use ring::hmac;

/// What the header `x-ncp-apigw-signature-v2` of a call must hold. The target is the path as it was sent
/// and, if there is one, `?` and the query as it was sent: no order and no encoding of queries is
/// documented, so none is assumed. The body is not signed.
pub(super) fn of(
    method: &str,
    target: &str,
    timestamp: &str,
    access: &str,
    secret: &str,
) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signed = [method, " ", target, "\n", timestamp, "\n", access].concat();
    base64(hmac::sign(&key, signed.as_bytes()).as_ref())
}

/// The standard alphabet, with padding: RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let mut three = [0; 3];
        three[..group.len()].copy_from_slice(group);
        let [a, b, c] = three;
        let sixes = [
            a >> 2,
            (a & 3) << 4 | b >> 4,
            (b & 15) << 2 | c >> 6,
            c & 63,
        ];
        for (place, six) in sixes.into_iter().enumerate() {
            let filled = place <= group.len();
            let letter = if filled {
                ALPHABET[usize::from(six)]
            } else {
                b'='
            };
            text.push(char::from(letter));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_signatures() {
        let of = |method, target| {
            of(
                method,
                target,
                "1505290625682",
                "AKIDEXAMPLE",
                "SECRETEXAMPLE",
            )
        };
        assert_eq!(
            of("GET", "/api/v2/channels?pageNo=1&pageSizeNo=100"),
            "G58aPkHoXNHll41sb2aB5DVUn+FlJVXHxOAs95J3iQk="
        );
        assert_eq!(
            of("PUT", "/api/v2/channels/ls-20250814000000-PZohi/stopRecord"),
            "80LTLl4gZvYnblqO+Tnrgnl9M0n6FOBBIobpMvzAQlg="
        );
    }

    #[test]
    fn base64_as_in_its_rfc() {
        let vectors = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (bytes, text) in vectors {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&[0xfb, 0xff, 0xfe]), "+//+");
    }
}
