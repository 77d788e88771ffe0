//! The writable fields of streams, broadcasts and videos: types, defaults and limits (API specification,
//! `createStream`, `createBroadcast`, `createVideo`), and how a body is read into them.

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
    Text,
    TextOrNull,
    /// At most so many characters.
    TextAtMost(usize),
    /// 10 to 80 printable ASCII characters, no space: `^[!-~]+$`.
    Passphrase,
    OneOf(&'static [&'static str]),
    /// One of these, written in any case and kept in lower case. Must not be left out.
    Status(&'static [&'static str]),
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

/// All writable fields of a kind of objects.
#[derive(Debug)]
pub(super) struct Schema {
    fields: &'static [Field],
    /// In no schema; the tutorial and older texts write them.
    legacy: &'static [Field],
}

const PROJECTIONS: Kind = Kind::OneOf(&["regular", "vr360", "vr180", "vr360tb"]);

pub(super) static STREAM: Schema = Schema {
    fields: STREAM_FIELDS,
    legacy: STREAM_LEGACY,
};

pub(super) static BROADCAST: Schema = Schema {
    fields: BROADCAST_FIELDS,
    legacy: &[],
};

pub(super) static VIDEO: Schema = Schema {
    fields: VIDEO_FIELDS,
    legacy: &[],
};

const STREAM_FIELDS: &[Field] = &[
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
    ("projection", PROJECTIONS, Fallback::Text("regular")),
];

/// That `status` is required stands in the text of the 422 only; its words, in the tutorial. The
/// default of `pending_message` is an example's.
const BROADCAST_FIELDS: &[Field] = &[
    ("name", Kind::Name, Fallback::Required),
    (
        "status",
        Kind::Status(&["pending", "live", "paused", "finished"]),
        Fallback::Required,
    ),
    ("stream_ids", Kind::WholeList, Fallback::EmptyList),
    ("share_url", Kind::Text, Fallback::Text("")),
    ("custom_iframe_url", Kind::Text, Fallback::Text("")),
    ("show_dvr_after_finish", Kind::Bool, Fallback::Bool(false)),
    (
        "pending_message",
        Kind::Text,
        Fallback::Text("Broadcast isn't started yet"),
    ),
    ("ad_id", Kind::WholeOrNull, Fallback::Null),
    ("player_id", Kind::WholeOrNull, Fallback::Null),
    ("poster", Kind::TextOrNull, Fallback::Null),
];

/// What only uploads have (`origin_url`, `source_bitrate_limit`, …) is passed over.
const VIDEO_FIELDS: &[Field] = &[
    ("name", Kind::Name, Fallback::Required),
    ("description", Kind::TextOrNull, Fallback::Null),
    ("priority", Kind::WholeWithin(-10, 10), Fallback::Whole(0)),
    ("quality_set_id", Kind::WholeOrNull, Fallback::Null),
    ("clip_start_seconds", Kind::WholeOrNull, Fallback::Null),
    ("clip_duration_seconds", Kind::WholeOrNull, Fallback::Null),
    ("directory_id", Kind::WholeOrNull, Fallback::Null),
    ("poster", Kind::TextOrNull, Fallback::Null),
    ("screenshot_id", Kind::Whole, Fallback::Whole(0)),
    ("client_user_id", Kind::WholeOrNull, Fallback::Null),
    ("ad_id", Kind::WholeOrNull, Fallback::Null),
    ("projection", PROJECTIONS, Fallback::Text("regular")),
    ("share_url", Kind::TextOrNull, Fallback::Null),
    ("custom_iframe_url", Kind::TextOrNull, Fallback::Null),
];

const STREAM_LEGACY: &[Field] = &[
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
            | Self::Text
            | Self::OneOf(_)
            | Self::Status(_) => false,
        }
    }

    /// The type is right, whatever the limits.
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Bool => value.is_boolean(),
            Self::Whole | Self::WholeWithin(..) => value.is_i64(),
            Self::WholeOrNull => value.is_null() || value.is_i64(),
            Self::WholeList => value.is_array(),
            Self::Name | Self::Text | Self::OneOf(_) => value.is_string(),
            Self::Status(words) => value.as_str().is_some_and(|word| words.contains(&word)),
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
            Self::Name | Self::Status(_) => {
                let blank = |name: &str| name.trim().is_empty();
                if value.is_null() || value.as_str().is_some_and(blank) {
                    return Err(BLANK.to_owned());
                }
                if let Self::Status(words) = self {
                    return Self::OneOf(words).check(value);
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
            Self::Text | Self::TextOrNull => right(value.is_string()),
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

impl Schema {
    fn all(&self) -> impl Iterator<Item = &'static Field> {
        self.fields.iter().chain(self.legacy)
    }
}

/// The writable fields of one object, all of them, each with a value of its kind.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    schema: &'static Schema,
    values: Map<String, Value>,
}

impl Settings {
    /// Every field at its default.
    pub(super) fn defaults(schema: &'static Schema) -> Self {
        let values = schema
            .all()
            .map(|(name, _, fallback)| ((*name).to_owned(), fallback.value()))
            .collect();
        Self { schema, values }
    }

    /// A new object's settings.
    pub(super) fn create(
        schema: &'static Schema,
        body: &Map<String, Value>,
        ways: &Behaviour,
    ) -> Result<Self, Invalid> {
        let mut settings = Self::defaults(schema);
        let mut invalid = settings.read(body, ways);
        for (name, _, fallback) in schema.fields {
            if matches!(fallback, Fallback::Required) && !body.contains_key(*name) {
                invalid.add(name, BLANK);
            }
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
        let legacy = if ways.legacy_fields {
            self.schema.legacy
        } else {
            &[]
        };
        let mut invalid = Invalid::default();
        for &(name, kind, fallback) in self.schema.fields.iter().chain(legacy) {
            let Some(value) = body.get(name) else {
                continue;
            };
            if ways.ignore_fields.iter().any(|ignored| ignored == name) {
                continue;
            }
            let value = normalised(name, kind, fallback, value.clone(), ways);
            match kind.check(&value) {
                Ok(()) => {
                    self.values.insert(name.to_owned(), value);
                }
                Err(message) => invalid.add(name, &message),
            }
        }
        invalid
    }

    /// Sets a field without asking whether its value is within the limits; its type must be right.
    /// `false`: this is no setting.
    pub(super) fn force(&mut self, name: &str, value: &Value) -> bool {
        let kind = self.schema.all().find(|field| field.0 == name);
        if !kind.is_some_and(|(_, kind, _)| kind.fits(value)) {
            return false;
        }
        self.set(name, value.clone());
        true
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.values.get(name).and_then(Value::as_bool) == Some(true)
    }

    pub(super) fn set(&mut self, name: &str, value: Value) {
        self.values.insert(name.to_owned(), value);
    }

    pub(super) fn name(&self) -> &str {
        self.text("name")
    }

    /// The ids in a field that holds a list of such.
    pub(super) fn ids(&self, name: &str) -> Vec<u64> {
        let items = self.values.get(name).and_then(Value::as_array);
        items
            .map(|items| items.iter().filter_map(Value::as_u64).collect())
            .unwrap_or_default()
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.values.get(name).and_then(Value::as_str).unwrap_or("")
    }

    pub(super) fn all(&self) -> &Map<String, Value> {
        &self.values
    }

    pub(super) fn legacy_names() -> impl Iterator<Item = &'static str> {
        STREAM_LEGACY.iter().map(|field| field.0)
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
    if let (Kind::Status(_), Some(word)) = (kind, value.as_str()) {
        return json!(word.to_lowercase());
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
