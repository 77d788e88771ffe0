//! The provider's words about an error, made safe and stable.
//!
//! Gcore's documents show several shapes of error bodies side by side: `{"errors":{field:[…]}}`
//! and `{"status":…,"error":"…"}` (API spec), `{"errors":["…"]}` (rtckit-node client),
//! `{"message":"…"}` and `{"detail":"…"}` (developer guide). What a gateway in front of it says is
//! not shown at all: of a body that is no JSON nothing is kept.

use serde_json::{Map, Value};

use crate::secret::Secret;

/// The longest message, in bytes.
const LONGEST: usize = 256;

/// Secrets shorter than this are not masked: a message that holds one is dropped, since stars would
/// show where it stands and how long it is.
const SHORTEST_MASKED: usize = 6;

const STARS: &str = "***";

/// What a person needs to know of an error body, without anything that was secret in the request
/// and without what differs from call to call. Empty where there is nothing to say.
pub(in crate::provider) fn of(body: &[u8], secrets: &[Secret]) -> String {
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return String::new();
    };
    safe(&words(&body).join(", "), secrets)
}

/// The same of a value that is known to hold such words, and nothing else.
pub(in crate::provider) fn of_value(said_so: &Value, secrets: &[Secret]) -> String {
    safe(&said(said_so).join(", "), secrets)
}

fn safe(text: &str, secrets: &[Secret]) -> String {
    // First, so that a secret that comes back broken into lines is found, too.
    let Some(text) = mask(one_line(text), secrets) else {
        return String::new();
    };
    let text = text
        .split(' ')
        .map(without_path)
        .map(|word| without_ids(&word))
        .collect::<Vec<_>>()
        .join(" ");
    cut(text)
}

/// The words with one space between them.
fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// Where the words of an error stand, the most telling first.
const PLACES: [&str; 4] = ["errors", "error", "message", "detail"];

/// The words of a body. Unlike a value that stands in one of the places, a body without them says
/// nothing: it may be anything, even what was sent.
fn words(body: &Value) -> Vec<String> {
    match body {
        Value::Object(fields) => placed(fields),
        Value::Array(_) | Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => {
            Vec::new()
        }
    }
}

fn placed(fields: &Map<String, Value>) -> Vec<String> {
    let mut places = PLACES.iter().filter_map(|place| fields.get(*place));
    places
        .find_map(|value| Some(said(value)).filter(|words| !words.is_empty()))
        .unwrap_or_default()
}

fn said(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(said).collect(),
        Value::Object(fields) => {
            let words = placed(fields);
            if !words.is_empty() {
                return words;
            }
            let field = |(name, value): (&String, &Value)| {
                let words = said(value).join(", ");
                (!words.is_empty()).then(|| format!("{name}: {words}"))
            };
            let mut words: Vec<String> = fields.iter().filter_map(field).collect();
            // Members have no order of their own.
            words.sort_unstable();
            words
        }
        Value::Number(_) | Value::Bool(_) | Value::Null => Vec::new(),
    }
}

/// The text with stars for every secret and every telling part of one, in any case of letters;
/// `None` where it cannot be made safe.
fn mask(mut text: String, secrets: &[Secret]) -> Option<String> {
    let mut needles: Vec<String> = secrets.iter().flat_map(|s| telling(s.expose())).collect();
    // The longest first, so that no rest of a longer one stays.
    needles.sort_unstable_by_key(|needle| std::cmp::Reverse(needle.len()));
    for needle in needles {
        let parts = split(&text, &needle);
        if parts.len() > 1 && needle.len() < SHORTEST_MASKED {
            return None;
        }
        text = parts.join(STARS);
    }
    Some(text)
}

/// A secret in the forms in which a provider might show it: whole, trimmed, as JSON and as a part
/// of a URL; and those parts that it might show alone: the words of a passphrase, the pieces of an
/// address.
fn telling(secret: &str) -> Vec<String> {
    let trimmed = secret.trim();
    if trimmed.is_empty() {
        return Vec::new();
    }
    let json = Value::from(trimmed).to_string();
    let line = one_line(secret);
    let whole = [secret, trimmed, json.trim_matches('"'), &line].map(str::to_owned);
    let parts = secret
        .split(|c: char| c.is_whitespace() || "/?#&=@:".contains(c))
        .filter(|part| part.len() >= SHORTEST_MASKED)
        .map(str::to_owned);
    let whole = whole.into_iter().chain([percent_encoded(trimmed)]);
    whole.chain(parts).collect()
}

fn percent_encoded(text: &str) -> String {
    let encoded = |byte: u8| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(encoded).collect()
}

/// Splits at each occurrence of a needle, whatever the case of ASCII letters.
fn split<'a>(text: &'a str, needle: &str) -> Vec<&'a str> {
    // Lower case moves no byte of a text as long as only ASCII is changed.
    let lower = text.to_ascii_lowercase();
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, found) in lower.match_indices(&needle.to_ascii_lowercase()) {
        parts.push(&text[start..at]);
        start = at + found.len();
    }
    parts.push(&text[start..]);
    parts
}

/// An address keeps its scheme and host: ingest addresses carry keys in their paths, too.
fn without_path(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else {
        return word.to_owned();
    };
    let quote = |c: char| "'\"<>`".contains(c);
    let (address, after) = rest.split_at(rest.find(quote).unwrap_or(rest.len()));
    let host_end = address.find(['/', '?', '#']).unwrap_or(address.len());
    let (authority, path) = address.split_at(host_end);
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let path = if path.is_empty() { "" } else { "/…" };
    format!("{scheme}://{host}{path}{}", without_path(after))
}

/// A word with an ellipsis for what changes from call to call: ids of requests, hashes, times.
fn without_ids(word: &str) -> String {
    let mut text = String::new();
    let mut rest = word;
    while let Some(c) = rest.chars().next() {
        let end = rest.find(|c: char| !in_id(c)).unwrap_or(rest.len());
        if end == 0 {
            text.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let (token, after) = rest.split_at(end);
        if is_date(token) {
            text.push('…');
            rest = after.trim_start_matches(|c: char| c.is_ascii_digit() || ":.+-TZ".contains(c));
        } else {
            text.push_str(if is_id(token) { "…" } else { token });
            rest = after;
        }
    }
    text
}

fn in_id(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

fn is_date(token: &str) -> bool {
    let shape = |c: u8| if c.is_ascii_digit() { b'0' } else { c };
    let shape: Vec<u8> = token.bytes().take(10).map(shape).collect();
    shape == b"0000-00-00"
}

fn is_id(token: &str) -> bool {
    let count = |kind: fn(&u8) -> bool| token.bytes().filter(kind).count();
    let digits = count(u8::is_ascii_digit);
    let hex = count(u8::is_ascii_hexdigit);
    let letters = count(u8::is_ascii_alphabetic);
    let joints = token.len() - digits - letters;
    let number = letters == 0 && digits >= 10;
    let hash = hex + joints == token.len() && hex >= 8 && digits > 0 && letters > 0;
    let code = token.len() >= 16 && digits >= 4 && letters > 0;
    number || hash || code
}

fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(LONGEST));
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn of_text(text: &str, secrets: &[Secret]) -> String {
        of(json!({ "error": text }).to_string().as_bytes(), secrets)
    }

    #[test]
    fn finds_the_words_in_every_documented_shape() {
        let table = [
            (
                json!({"errors": {"name": ["can't be blank", "is odd"], "active": ["no"]}}),
                "active: no, name: can't be blank, is odd",
            ),
            (
                json!({"status": 404, "error": "Stream not found"}),
                "Stream not found",
            ),
            (json!({"data": [], "errors": ["one", "two"]}), "one, two"),
            (
                json!({"errors": [{"message": "one"}, {"detail": "two"}]}),
                "one, two",
            ),
            (json!({"error": {"code": 7, "message": "deep"}}), "deep"),
            (
                json!({"exception_class": "X", "message": "said", "request_id": "r"}),
                "said",
            ),
            (
                json!({"detail": "Given token not valid for any token type", "code": "token_not_valid"}),
                "Given token not valid for any token type",
            ),
            (json!({"errors": {}, "message": "the other"}), "the other"),
            (json!({"message": {"uri": ["is bad"]}}), "uri: is bad"),
            (json!({"name": "an echo"}), ""),
            (json!(["an echo"]), ""),
            (json!("text"), ""),
            (json!({"error": 7}), ""),
        ];
        for (body, message) in table {
            assert_eq!(of(body.to_string().as_bytes(), &[]), message, "{body}");
        }
        for body in ["", "<html>502 Bad Gateway</html>", "{\"error\":", "\u{0}"] {
            assert_eq!(of(body.as_bytes(), &[]), "", "{body}");
        }
    }

    #[test]
    fn is_the_same_each_time() {
        let table = [
            (
                "failed,\n\trequest 7f3a0b1c-9d2e-4f5a-8b6c-0d1e2f3a4b5c",
                "failed, request …",
            ),
            ("trace 5f2b8c1d9e.", "trace …."),
            ("at 2026-08-20T10:11:12.123Z, again", "at …, again"),
            ("(id=req_8fJk2LmQ0xYz12)", "(id=…)"),
            ("since 1755684672", "since …"),
            (
                "must be less than or equal to 14400",
                "must be less than or equal to 14400",
            ),
            ("1920x1080 is too large", "1920x1080 is too large"),
            ("  a \u{7} b\u{a0}c  ", "a b c"),
            (
                "see https://gcore.com/docs/x?y=z, or ask",
                "see https://gcore.com/… or ask",
            ),
            (
                "\"rtmp://u:p@host:1935/in/1?k\" is not valid",
                "\"rtmp://host:1935/…\" is not valid",
            ),
            ("srt://host#frag", "srt://host/…"),
        ];
        for (text, message) in table {
            assert_eq!(of_text(text, &[]), message);
        }
    }

    #[test]
    fn is_cut_between_characters() {
        let message = of_text(&"ü".repeat(300), &[]);
        assert_eq!(message, "ü".repeat(128));
        assert_eq!(of_text(&format!("x{}", "ü".repeat(300)), &[]).len(), 255);
    }

    #[test]
    fn what_was_secret_stays_secret() {
        let secrets = [
            Secret::new("1234$abcdefabcdef"),
            Secret::new("correct horse\n"),
            Secret::new("rtmp://user:hunter2secret@cam.example/live/KeyInPath?token=Query99"),
            Secret::new("qu\"ot\\ed$"),
        ];
        for text in [
            r#"sent {"srt_passphrase":"qu\"ot\\ed$"}"#,
            "sent qu%22ot%5ced%24",
            "key 1234%24abcdefabcdef",
            "key 1234$ABCDEFABCDEF is bad",
            "'correct horse' is too short",
            "Correct",
            "rtmp://user:hunter2secret@cam.example/live/KeyInPath?token=Query99 failed",
            "no host cam.example",
            "cannot read /live/keyinpath",
            "token Query99",
            "login user:hunter2secret",
        ] {
            let message = of_text(text, &secrets).to_lowercase();
            assert!(message.contains(STARS), "{message}");
            for word in [
                "abcdef",
                "correct",
                "hunter2",
                "cam.example",
                "keyinpath",
                "query99",
                "ed$",
                "ed%",
            ] {
                assert!(!message.contains(word), "{message}");
            }
        }
        // Broken into lines, where no word of it is long enough to be masked alone.
        for text in ["sent ab\tcd ef", "sent ab\u{1b}cd\r\n ef"] {
            assert_eq!(of_text(text, &[Secret::new("ab cd ef")]), "sent ***");
        }
        // A field's name may be an echo, too.
        let body = json!({"errors": {"1234$abcdefabcdef": ["bad"]}});
        assert_eq!(of(body.to_string().as_bytes(), &secrets), "***: bad");
    }

    #[test]
    fn a_short_secret_drops_the_message() {
        let secrets = [Secret::new("abc")];
        assert_eq!(of_text("'abc' is too short (minimum is 10)", &secrets), "");
        assert_eq!(of_text("is too short", &secrets), "is too short");
        for empty in ["", " \n"] {
            assert_eq!(
                of_text("is too short", &[Secret::new(empty)]),
                "is too short"
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_gets_a_secret_out(
            before in any::<String>(), secret in "[!-~]{6,40}", after in any::<String>(),
        ) {
            // Words of the message that happen to be a part of the stars.
            prop_assume!(!STARS.contains(&secret) && secret.chars().any(|c| c != '*'));
            let text = format!("{before}{secret}{after}");
            let message = of_text(&text, &[Secret::new(secret.clone())]);
            prop_assert!(!message.contains(&secret), "{}", message);
            prop_assert!(message.len() <= LONGEST);
        }
    }
}
