//! The owner mark, as it stands in a stream's `client_entity_data`.
//!
//! The field is free text of at most 4096 characters that the API gives back as it was written
//! (Gcore API spec, createStream). Where the user's text is a JSON object, the mark is one more
//! member at its end; else it is one last line. Either way the user's text can be cut out again
//! byte for byte.
//!
//! Reading is tolerant of people and portals who re-format, and strict about doubt: what has our
//! key and no readable value is [`Mark::Unreadable`], never [`Mark::None`].

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::Value;

use crate::provider::{Mark, Owner};

const OWNER: &str = "livestream-operator.io/owner";
const RELEASED: &str = "livestream-operator.io/released";

/// A text into which the mark cannot be written so that both can be read again: the text holds one
/// of our keys itself, or a part of the owner is empty or has a character that no name has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("client_entity_data cannot hold {OWNER} or {RELEASED}: the operator writes them")]
pub(super) struct Reserved;

/// The user's part and the mark of what a stream carries. Of a text whose mark is unreadable, all
/// is the user's.
pub(super) fn read(data: &str) -> (String, Mark) {
    match Members::of(data) {
        Some(members) => read_object(data, &members),
        None => read_lines(data),
    }
}

/// The user's text with a mark in it. What it gives is read again as the same text and mark.
pub(super) fn write(text: &str, mark: &Mark) -> Result<String, Reserved> {
    let data = match mark {
        Mark::None => text.to_owned(),
        Mark::Owned(owner) => insert(text, OWNER, owner),
        Mark::Released(owner) => insert(text, RELEASED, owner),
        Mark::Unreadable => return Err(Reserved),
    };
    let (read_text, read_mark) = read(&data);
    if read_text == text && read_mark == *mark {
        Ok(data)
    } else {
        Err(Reserved)
    }
}

fn insert(text: &str, key: &str, owner: &Owner) -> String {
    let value = value(owner);
    if let (Some(members), Some(end)) = (Members::of(text), text.rfind('}')) {
        let comma = if members.0.is_empty() { "" } else { "," };
        let (head, tail) = text.split_at(end);
        return format!("{head}{comma}\"{key}\":\"{value}\"{tail}");
    }
    let line_break = if text.is_empty() { "" } else { "\n" };
    format!("{text}{line_break}{key}={value}")
}

fn value(owner: &Owner) -> String {
    let Owner {
        cluster,
        namespace,
        name,
        uid,
    } = owner;
    format!("{cluster}/{namespace}/{name}/{uid}")
}

/// The owner of a value; `None` where it has not exactly four parts of the characters that names
/// and ids have.
fn owner(value: &str) -> Option<Owner> {
    let speakable = |part: &&str| {
        let known = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        !part.is_empty() && part.chars().all(known)
    };
    let parts: Vec<&str> = value.split('/').collect();
    let [cluster, namespace, name, uid] = parts[..] else {
        return None;
    };
    parts.iter().all(speakable).then(|| Owner {
        cluster: cluster.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        uid: uid.to_owned(),
    })
}

fn mark(key: &str, value: &str) -> Mark {
    match owner(value) {
        Some(owner) if key == OWNER => Mark::Owned(owner),
        Some(owner) => Mark::Released(owner),
        None => Mark::Unreadable,
    }
}

fn is_ours(key: &str) -> bool {
    key == OWNER || key == RELEASED
}

/// The members of a text that is one JSON object, in order, with those that stand twice.
struct Members(Vec<(String, Value)>);

impl Members {
    fn of(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

fn read_object(data: &str, Members(members): &Members) -> (String, Mark) {
    let mut ours = members.iter().filter(|(key, _)| is_ours(key));
    let (key, value) = match (ours.next(), ours.next()) {
        (None, _) => return (data.to_owned(), without_mark(data)),
        (Some((key, Value::String(value))), None) => (key, value),
        (Some(_), _) => return (data.to_owned(), Mark::Unreadable),
    };
    let mark = mark(key, value);
    if mark == Mark::Unreadable {
        return (data.to_owned(), mark);
    }
    let text = cut_member(data, key, value).unwrap_or_else(|| join_without(members));
    (text, mark)
}

/// Takes our member out where it stands as we write it: last, and followed by nothing.
fn cut_member(data: &str, key: &str, value: &str) -> Option<String> {
    let end = data.rfind('}')?;
    let (head, tail) = data.split_at(end);
    let head = head
        .trim_end()
        .strip_suffix(&format!("\"{key}\":\"{value}\""))?;
    let exact = head.strip_suffix(',');
    let spaced = head.trim_end().strip_suffix(',');
    let text = format!("{}{tail}", exact.or(spaced).unwrap_or(head));
    Members::of(&text).map(|_| text)
}

/// The object without our members, for a text that somebody has written anew.
fn join_without(members: &[(String, Value)]) -> String {
    let texts: Vec<String> = members
        .iter()
        .filter(|(key, _)| !is_ours(key))
        .map(|(key, value)| format!("{}:{value}", Value::from(key.as_str())))
        .collect();
    format!("{{{}}}", texts.join(","))
}

fn read_lines(data: &str) -> (String, Mark) {
    let mut start = 0;
    let mut found = Vec::new();
    for line in data.split('\n') {
        let end = start + line.len();
        if let Some(mark) = line_mark(line) {
            found.push((start, end, mark));
        }
        start = end + 1;
    }
    match found.as_slice() {
        [] => (data.to_owned(), without_mark(data)),
        [(start, end, mark)] if *mark != Mark::Unreadable => {
            (cut_line(data, *start, *end), mark.clone())
        }
        _ => (data.to_owned(), Mark::Unreadable),
    }
}

fn line_mark(line: &str) -> Option<Mark> {
    [OWNER, RELEASED].iter().find_map(|key| {
        let value = line.trim().strip_prefix(key)?.trim_start();
        Some(mark(key, value.strip_prefix('=')?.trim()))
    })
}

/// The text without a line and without the line break before it.
fn cut_line(data: &str, start: usize, end: usize) -> String {
    let (before, after) = (&data[..start], &data[end..]);
    match before.strip_suffix('\n') {
        Some(before) if after.trim().is_empty() => before.to_owned(),
        Some(before) => format!("{before}{after}"),
        None => after.trim_start_matches(['\r', '\n']).to_owned(),
    }
}

/// What a text without a mark says: nothing, unless our key stands somewhere in it as it would in a
/// mark that somebody has wrapped, quoted or broken.
fn without_mark(data: &str) -> Mark {
    let broken = [OWNER, RELEASED].iter().any(|key| {
        data.match_indices(key).any(|(at, _)| {
            let rest = data[at + key.len()..].trim_start();
            rest.is_empty() || rest.starts_with(['=', ':', '"', '\\', '&'])
        })
    });
    if broken { Mark::Unreadable } else { Mark::None }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};
    use serde_json::json;

    use super::*;

    fn keynote() -> Owner {
        Owner {
            cluster: "Prod_1".into(),
            namespace: "events".into(),
            name: "key.note".into(),
            uid: "0b1c".into(),
        }
    }

    #[test]
    fn stands_at_the_end() {
        let table = [
            (
                "",
                "livestream-operator.io/owner=Prod_1/events/key.note/0b1c",
            ),
            (
                "Camera 1",
                "Camera 1\nlivestream-operator.io/owner=Prod_1/events/key.note/0b1c",
            ),
            (
                "a\n",
                "a\n\nlivestream-operator.io/owner=Prod_1/events/key.note/0b1c",
            ),
            (
                "[1]",
                "[1]\nlivestream-operator.io/owner=Prod_1/events/key.note/0b1c",
            ),
            (
                "{}",
                r#"{"livestream-operator.io/owner":"Prod_1/events/key.note/0b1c"}"#,
            ),
            (
                " { \"a\" : {} } \n",
                " { \"a\" : {} ,\"livestream-operator.io/owner\":\"Prod_1/events/key.note/0b1c\"} \n",
            ),
        ];
        for (text, data) in table {
            let mark = Mark::Owned(keynote());
            assert_eq!(write(text, &mark).as_deref(), Ok(data));
            assert_eq!(read(data), (text.to_owned(), mark), "{data}");
        }
    }

    #[test]
    fn is_read_from_what_others_made_of_it() {
        let table = [
            // Re-serialised, reordered, indented.
            (
                r#"{"livestream-operator.io/owner": "Prod_1/events/key.note/0b1c", "b": [1, 2], "a": "x"}"#,
                r#"{"b":[1,2],"a":"x"}"#,
            ),
            (
                r#"{"b": 1, "livestream-operator.io/owner":"Prod_1/events/key.note/0b1c"}"#,
                r#"{"b": 1}"#,
            ),
            (
                "{\n  \"b\": 1,\n  \"livestream-operator.io/owner\": \"Prod_1/events/key.note/0b1c\"\n}\n",
                r#"{"b":1}"#,
            ),
            (
                "{\n  \"livestream-operator.io/owner\": \"Prod_1/events/key.note/0b1c\"\n}",
                "{}",
            ),
            (
                r#"{"b":1,"livestream-operator.io\/owner":"Prod_1\/events\/key.note\/0b1c"}"#,
                r#"{"b":1}"#,
            ),
            // White space, line ends of another system, other lines after it.
            (
                "Camera\n  livestream-operator.io/owner = Prod_1/events/key.note/0b1c \r\n",
                "Camera",
            ),
            (
                "livestream-operator.io/owner=Prod_1/events/key.note/0b1c\nCamera",
                "Camera",
            ),
            (
                "Cam\nlivestream-operator.io/owner=Prod_1/events/key.note/0b1c\nera",
                "Cam\nera",
            ),
            (
                "\n livestream-operator.io/owner=Prod_1/events/key.note/0b1c\n",
                "",
            ),
        ];
        for (data, text) in table {
            assert_eq!(
                read(data),
                (text.to_owned(), Mark::Owned(keynote())),
                "{data}"
            );
        }
    }

    #[test]
    fn doubt_is_not_absence() {
        let table = [
            "livestream-operator.io/owner=",
            "livestream-operator.io/owner=a/b/c",
            "livestream-operator.io/owner=a/b/c/d/e",
            "livestream-operator.io/owner=a//c/d",
            "livestream-operator.io/owner=a/b/c/d//",
            "livestream-operator.io/owner=a/b/c d/e",
            "livestream-operator.io/owner=a/b/ü/d",
            "livestream-operator.io/owner",
            "livestream-operator.io/owner=a/b/c/d\nlivestream-operator.io/owner=a/b/c/d",
            "livestream-operator.io/owner=a/b/c/d\nlivestream-operator.io/released=a/b/c/d",
            "livestream-operator.io/released=",
            "note: livestream-operator.io/owner=a/b/c/d",
            r#"{"livestream-operator.io/owner":"a/b/c"}"#,
            r#"{"livestream-operator.io/owner":7}"#,
            r#"{"livestream-operator.io/owner":"a/b/c/d","livestream-operator.io/owner":"a/b/c/d"}"#,
            r#"{"livestream-operator.io/owner":"a/b/c/d","livestream-operator.io/released":"a/b/c/d"}"#,
            r#"{"in":{"livestream-operator.io/owner":"a/b/c/d"}}"#,
            r#"{"text":"a\nlivestream-operator.io/owner=a/b/c/d"}"#,
            r#"["{\"livestream-operator.io/owner\":\"a/b/c/d\"}"]"#,
            r#"{"livestream-operator.io/owner":"a/b/c/d"} and more"#,
            r#"{"livestream-operator.io/owner":"a/b/c/d""#,
        ];
        for data in table {
            assert_eq!(read(data), (data.to_owned(), Mark::Unreadable), "{data}");
            assert_eq!(write(data, &Mark::None), Err(Reserved), "{data}");
        }
    }

    #[test]
    fn prose_is_no_mark() {
        for data in [
            "",
            "{}",
            "Camera 1",
            "see livestream-operator.io/owner or livestream-operator.io/ownership=x",
            r#"{"livestream-operator.io/owners":"a/b/c/d"}"#,
        ] {
            assert_eq!(read(data), (data.to_owned(), Mark::None), "{data}");
            assert_eq!(write(data, &Mark::None).as_deref(), Ok(data));
        }
    }

    #[test]
    fn what_could_not_be_read_again_is_not_written() {
        let mine = Mark::Owned(keynote());
        for text in [
            "livestream-operator.io/owner=a/b/c/d",
            "livestream-operator.io/released=?",
            r#"{"livestream-operator.io/owner":null}"#,
        ] {
            assert_eq!(write(text, &mine), Err(Reserved), "{text}");
        }
        for (cluster, uid) in [
            ("", "u"),
            ("a/b", "u"),
            ("c", ""),
            ("c", "u\n"),
            ("c", "\""),
        ] {
            let owner = Owner {
                cluster: cluster.into(),
                uid: uid.into(),
                ..keynote()
            };
            assert_eq!(write("", &Mark::Owned(owner)), Err(Reserved));
        }
        assert_eq!(write("", &Mark::Unreadable), Err(Reserved));
    }

    /// The user's 3584 characters and the longest mark fit into the provider's 4096.
    #[test]
    fn the_longest_fits() {
        let longest = Owner {
            cluster: "c".repeat(63),
            namespace: "n".repeat(63),
            name: "o".repeat(253),
            uid: "u".repeat(36),
        };
        let line = "ü".repeat(3584);
        let object = format!("{{\"a\":\"{}\"}}", "ü".repeat(3584 - 8));
        let mark = Mark::Released(longest);
        let lengths: Vec<usize> = [line, object]
            .iter()
            .map(|text| write(text, &mark).unwrap().chars().count())
            .collect();
        assert_eq!(lengths, [4035, 4039]);
    }

    fn name() -> impl Strategy<Value = String> {
        "[a-z0-9]([-a-z0-9.]{0,40}[a-z0-9])?"
    }

    fn owners() -> impl Strategy<Value = Owner> {
        ("[A-Za-z0-9_.-]{1,63}", name(), name(), "[a-z0-9-]{1,36}").prop_map(
            |(cluster, namespace, name, uid)| Owner {
                cluster,
                namespace,
                name,
                uid,
            },
        )
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..4).prop_map(Value::from),
                vec((any::<String>(), inner), 0..4)
                    .prop_map(|members| members.into_iter().collect::<Value>()),
            ]
        })
    }

    /// Objects as people write them: compact or indented, in white space.
    fn objects() -> impl Strategy<Value = String> {
        let members = vec((any::<String>(), values()), 0..5);
        (members, any::<bool>(), "[ \t\r\n]{0,3}", "[ \t\r\n]{0,3}").prop_map(
            |(members, indented, before, after)| {
                let object: Value = members.into_iter().collect();
                let text = if indented {
                    format!("{object:#}")
                } else {
                    object.to_string()
                };
                format!("{before}{text}{after}")
            },
        )
    }

    fn texts() -> impl Strategy<Value = String> {
        prop_oneof![
            vec(any::<char>(), 0..200).prop_map(String::from_iter),
            "[ -~\r\n{}\"]{0,60}",
            vec(any::<char>(), 3500..=3584).prop_map(String::from_iter),
            objects().prop_filter("as long as the schema allows", |t| t.chars().count()
                <= 3584),
        ]
    }

    /// Texts that hold our keys in every way that comes to mind.
    fn forged() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just(OWNER.to_owned()),
            Just(RELEASED.to_owned()),
            Just(format!("{OWNER}=a/b/c/d")),
            Just(format!("{RELEASED} = a/b/c/d")),
            Just(json!({ OWNER: "a/b/c/d" }).to_string()),
            Just(json!({ "x": 1, RELEASED: "a/b/c/d" }).to_string()),
            "[ \n=:,{}\"a]{0,4}",
        ];
        vec(piece, 0..5).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn text_and_mark_survive(text in texts(), owner in owners()) {
            let owned = Mark::Owned(owner.clone());
            let released = Mark::Released(owner);
            let data = write(&text, &owned).unwrap();
            prop_assert!(data.chars().count() <= 4096);
            prop_assert_eq!(read(&data), (text.clone(), owned));
            let (kept, _) = read(&data);
            let data = write(&kept, &released).unwrap();
            prop_assert!(data.chars().count() <= 4096);
            prop_assert_eq!(read(&data), (text, released));
        }

        #[test]
        fn an_object_written_anew_keeps_its_mark(text in objects(), owner in owners()) {
            let mark = Mark::Owned(owner);
            let data = write(&text, &mark).unwrap();
            let anew: Value = serde_json::from_str(&data).unwrap();
            let user: Value = serde_json::from_str(&text).unwrap();
            for data in [anew.to_string(), format!("{anew:#}"), format!("\n {data}\t")] {
                let (kept, seen) = read(&data);
                prop_assert_eq!(&seen, &mark);
                prop_assert_eq!(&serde_json::from_str::<Value>(&kept).unwrap(), &user);
            }
        }

        #[test]
        fn is_written_so_that_it_is_read_or_not_at_all(text in forged(), owner in owners()) {
            for mark in [Mark::None, Mark::Owned(owner.clone()), Mark::Released(owner)] {
                if let Ok(data) = write(&text, &mark) {
                    prop_assert_eq!(read(&data), (text.clone(), mark));
                }
            }
        }

        #[test]
        fn never_panics(data in prop_oneof![any::<String>(), forged()]) {
            let _ = read(&data);
        }
    }
}
