//! The writable fields of a stream: types, defaults and limits (API specification, `createStream`), and how
//! a body is read into them.

use serde_json::{Map, Value, json};

use super::behaviour::Behaviour;
use super::errors::Invalid;

/// What may stand in a field.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Text that is not blank.
    Name,
    Bool,
    Whole,
    WholeWithin(i64, i64),
    WholeOrNull,
    WholeList,
    TextOrNull,
    /// At most so many characters.
    TextAtMost(usize),
    /// 10 to 80 printable ASCII characters, no space: `^[!-~]+$`.
    Passphrase,
    OneOf(&'static [&'static str]),
}

#[derive(Clone, Copy, Debug)]
enum Fallback {
    Required,
    Null,
    Bool(bool),
    Whole(i64),
    Text(&'static str),
    EmptyList,
}

/// Name, kind, default.
type Field = (&'static str, Kind, Fallback);

const FIELDS: &[Field] = &[
    ("name", Kind::Name, Fallback::Required),
    ("active", Kind::Bool, Fallback::Bool(false)),
    ("pull", Kind::Bool, Fallback::Bool(false)),
    ("uri", Kind::TextOrNull, Fallback::Null),
    ("srt_passphrase", Kind::Passphrase, Fallback::Null),
    ("auto_record", Kind::Bool, Fallback::Bool(false)),
    (
        "record_type",
        Kind::OneOf(&["origin", "transcoded"]),
        Fallback::Text("origin"),
    ),
    ("hls_mpegts_endlist_tag", Kind::Bool, Fallback::Bool(true)),
    ("dvr_enabled", Kind::Bool, Fallback::Bool(false)),
    // The limits stand in the text only. The stricter reading: refused outside.
    (
        "dvr_duration",
        Kind::WholeWithin(30, 14400),
        Fallback::Whole(3600),
    ),
    ("cdn_id", Kind::WholeOrNull, Fallback::Null),
    ("client_user_id", Kind::WholeOrNull, Fallback::Null),
    ("client_entity_data", Kind::TextAtMost(4096), Fallback::Null),
    ("html_overlay", Kind::Bool, Fallback::Bool(false)),
    ("quality_set_id", Kind::WholeOrNull, Fallback::Null),
    ("broadcast_ids", Kind::WholeList, Fallback::EmptyList),
    (
        "projection",
        Kind::OneOf(&["regular", "vr360", "vr180", "vr360tb"]),
        Fallback::Text("regular"),
    ),
];

/// In no schema; the tutorial and older texts write them.
const LEGACY_FIELDS: &[Field] = &[
    ("transcoding_region", Kind::TextOrNull, Fallback::Null),
    ("webrtc", Kind::Bool, Fallback::Bool(false)),
    ("low_latency_enabled", Kind::Bool, Fallback::Bool(true)),
];

impl Fallback {
    fn value(self) -> Value {
        match self {
            Self::Required | Self::Null => Value::Null,
            Self::Bool(value) => json!(value),
            Self::Whole(value) => json!(value),
            Self::Text(value) => json!(value),
            Self::EmptyList => json!([]),
        }
    }
}

impl Kind {
    fn nullable(self) -> bool {
        match self {
            Self::WholeOrNull | Self::TextOrNull | Self::TextAtMost(_) | Self::Passphrase => true,
            Self::Name
            | Self::Bool
            | Self::Whole
            | Self::WholeWithin(..)
            | Self::WholeList
            | Self::OneOf(_) => false,
        }
    }

    /// The type is right, whatever the limits.
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Bool => value.is_boolean(),
            Self::Whole | Self::WholeWithin(..) => value.is_i64(),
            Self::WholeOrNull => value.is_null() || value.is_i64(),
            Self::WholeList => value.is_array(),
            Self::Name | Self::OneOf(_) => value.is_string(),
            Self::TextOrNull | Self::TextAtMost(_) | Self::Passphrase => {
                value.is_null() || value.is_string()
            }
        }
    }

    fn check(self, value: &Value) -> Result<(), String> {
        let right = |holds: bool| {
            if holds {
                Ok(())
            } else {
                Err("is invalid".to_owned())
            }
        };
        if value.is_null() && self.nullable() {
            return Ok(());
        }
        match self {
            Self::Name => {
                let blank = |name: &str| name.trim().is_empty();
                if value.is_null() || value.as_str().is_some_and(blank) {
                    return Err(BLANK.to_owned());
                }
                right(value.is_string())
            }
            Self::Bool => right(value.is_boolean()),
            Self::Whole | Self::WholeOrNull => whole(value).map(drop),
            Self::WholeWithin(least, most) => match whole(value)? {
                n if n < least => Err(format!("must be greater than or equal to {least}")),
                n if n > most => Err(format!("must be less than or equal to {most}")),
                _ => Ok(()),
            },
            Self::WholeList => {
                let items = value.as_array().ok_or("is invalid")?;
                items.iter().try_for_each(|item| Self::Whole.check(item))
            }
            Self::TextOrNull => right(value.is_string()),
            Self::TextAtMost(most) => {
                let text = value.as_str().ok_or("is invalid")?;
                if text.chars().count() > most {
                    return Err(format!("is too long (maximum is {most} characters)"));
                }
                Ok(())
            }
            Self::Passphrase => {
                let text = value.as_str().ok_or("is invalid")?;
                match text.chars().count() {
                    0..10 => Err("is too short (minimum is 10 characters)".to_owned()),
                    10..=80 => right(text.chars().all(|c| c.is_ascii_graphic())),
                    _ => Err("is too long (maximum is 80 characters)".to_owned()),
                }
            }
            Self::OneOf(words) => match value.as_str() {
                Some(word) if words.contains(&word) => Ok(()),
                _ => Err("is not included in the list".to_owned()),
            },
        }
    }
}

/// API specification, 422 of `createStream`.
const BLANK: &str = "can't be blank";

fn whole(value: &Value) -> Result<i64, String> {
    value.as_i64().ok_or_else(|| "is not a number".to_owned())
}

/// The writable fields of one stream, all of them, each with a value of its kind.
#[derive(Clone, Debug)]
pub(super) struct Settings(Map<String, Value>);

impl Settings {
    /// A new stream's settings.
    pub(super) fn create(body: &Map<String, Value>, ways: &Behaviour) -> Result<Self, Invalid> {
        let defaults = FIELDS.iter().chain(LEGACY_FIELDS);
        let mut settings = Self(
            defaults
                .map(|(name, _, fallback)| ((*name).to_owned(), fallback.value()))
                .collect(),
        );
        let mut invalid = settings.read(body, ways);
        if !body.contains_key("name") {
            invalid.add("name", BLANK);
        }
        if invalid.is_empty() {
            Ok(settings)
        } else {
            Err(invalid)
        }
    }

    /// These settings with a body's fields changed: what is absent stays, arrays are replaced.
    pub(super) fn updated(
        &self,
        body: &Map<String, Value>,
        ways: &Behaviour,
    ) -> Result<Self, Invalid> {
        let mut settings = self.clone();
        let invalid = settings.read(body, ways);
        if invalid.is_empty() {
            Ok(settings)
        } else {
            Err(invalid)
        }
    }

    /// Unknown fields, and those that only the server writes, are passed over silently.
    fn read(&mut self, body: &Map<String, Value>, ways: &Behaviour) -> Invalid {
        let legacy: &[Field] = if ways.legacy_fields {
            LEGACY_FIELDS
        } else {
            &[]
        };
        let mut invalid = Invalid::default();
        for &(name, kind, fallback) in FIELDS.iter().chain(legacy) {
            let Some(value) = body.get(name) else {
                continue;
            };
            if ways.ignore_fields.iter().any(|ignored| ignored == name) {
                continue;
            }
            let value = normalised(name, kind, fallback, value.clone(), ways);
            match kind.check(&value) {
                Ok(()) => {
                    self.0.insert(name.to_owned(), value);
                }
                Err(message) => invalid.add(name, &message),
            }
        }
        invalid
    }

    /// Sets a field without asking whether its value is within the limits; its type must be right.
    /// `false`: this is no setting.
    pub(super) fn force(&mut self, name: &str, value: &Value) -> bool {
        let kind = FIELDS.iter().chain(LEGACY_FIELDS).find(|f| f.0 == name);
        if !kind.is_some_and(|(_, kind, _)| kind.fits(value)) {
            return false;
        }
        self.set(name, value.clone());
        true
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool) == Some(true)
    }

    pub(super) fn set(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    pub(super) fn name(&self) -> &str {
        self.0.get("name").and_then(Value::as_str).unwrap_or("")
    }

    pub(super) fn all(&self) -> &Map<String, Value> {
        &self.0
    }

    pub(super) fn legacy_names() -> impl Iterator<Item = &'static str> {
        LEGACY_FIELDS.iter().map(|field| field.0)
    }
}

/// What the server makes of a value, by its switches.
fn normalised(
    name: &str,
    kind: Kind,
    fallback: Fallback,
    mut value: Value,
    ways: &Behaviour,
) -> Value {
    if ways.null_means_default && value.is_null() && !kind.nullable() {
        return fallback.value();
    }
    if ways.empty_means_null && value.as_str() == Some("") && kind.nullable() {
        return Value::Null;
    }
    if ways.sort_arrays
        && let Some(items) = value.as_array_mut()
    {
        items.sort_by_key(Value::as_i64);
    }
    match name {
        "name" if ways.trim_names => match value.as_str() {
            Some(name) => json!(name.trim()),
            None => value,
        },
        "dvr_duration" if ways.round_dvr > 0 => match value.as_u64() {
            Some(length) => json!(length - length % ways.round_dvr),
            None => value,
        },
        _ => value,
    }
}
