//! The settings of a channel, as requests name them (pages "Create channel" and "Change channel"): types,
//! limits, what must be there, and how a body is read into them.

use serde_json::{Map, Value, json};

use super::behaviour::{Behaviour, Unlisted};
use super::errors::{Code, Refusal};

/// What may stand in a field.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// 3 to 20 characters: Korean, A to Z, a to z, 0 to 9, `_`.
    Name,
    Bool,
    Whole,
    /// Only this number.
    Only(i64),
    Text,
    OneOf(&'static [&'static str]),
    Object,
    /// How clients write it differs: true, or `Y`.
    BoolOrLetter,
}

/// What a field that is left out, or null, means.
#[derive(Clone, Debug)]
enum Absent {
    Refused,
    Nothing,
    Default(Value),
}

const ENVIRONMENTS: Kind = Kind::OneOf(&["REAL", "DEV", "STAGE"]);
const OUTPUTS: Kind = Kind::OneOf(&["HLS", "LL_HLS", "HLS,DASH"]);
const INPUTS: Kind = Kind::OneOf(&["RTMP", "SRT"]);
const RECORDS: Kind = Kind::OneOf(&["NO_RECORD", "AUTO_UPLOAD", "MANUAL_UPLOAD"]);
const FORMATS: Kind = Kind::OneOf(&["MP4", "HLS", "ALL"]);
const ACCESS: Kind = Kind::OneOf(&["PRIVATE", "PUBLIC_READ"]);
const REGIONS: Kind = Kind::OneOf(&["KOREA", "JAPAN", "GLOBAL"]);

/// All fields that requests have.
const FIELDS: &[&str] = &[
    "channelName",
    "envType",
    "outputProtocol",
    "ingestProtocol",
    "cdn",
    "qualitySetId",
    "useDvr",
    "timemachineMin",
    "immediateOnAir",
    "record",
    "isStreamFailOver",
    "drmEnabledYn",
    "drm",
];

/// A channel's settings. What is in here has been checked, or was put there by hand.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Settings(Map<String, Value>);

impl Settings {
    /// The settings of a new channel.
    pub(super) fn create(body: &Map<String, Value>, ways: &Behaviour) -> Result<Self, Refusal> {
        let mut read = Reader::new(body, String::new());
        read.take("channelName", Kind::Name, &Absent::Refused)?;
        read.take("envType", ENVIRONMENTS, &default("REAL"))?;
        read.take("outputProtocol", OUTPUTS, &default("HLS"))?;
        read.take("ingestProtocol", INPUTS, &default("RTMP"))?;
        read.take("qualitySetId", Kind::Whole, &Absent::Refused)?;
        read.dvr()?;
        let off = Absent::Default(json!(false));
        read.take("immediateOnAir", Kind::Bool, &off)?;
        read.take("isStreamFailOver", Kind::Bool, &off)?;
        read.take("drmEnabledYn", Kind::BoolOrLetter, &Absent::Nothing)?;
        read.take("drm", Kind::Object, &Absent::Nothing)?;
        read.within("record", |record| record.record(ways))?;
        read.within("cdn", Reader::cdn)?;
        let settings = Self(read.end(ways)?);
        let output = settings.text("outputProtocol");
        if settings.text("ingestProtocol") == "SRT" && output != "HLS" {
            return Err(invalid("ingestProtocol", "SRT is for HLS only"));
        }
        let region = settings.part("cdn", "regionType");
        if output == "LL_HLS" && region.is_some_and(|region| region != "KOREA") {
            return Err(invalid("outputProtocol", "LL_HLS is for KOREA only"));
        }
        Ok(settings)
    }

    /// The settings after a change, which takes the whole of them.
    pub(super) fn update(
        &self,
        body: &Map<String, Value>,
        ways: &Behaviour,
    ) -> Result<Self, Refusal> {
        let kept = |name: &str, reset: &str| {
            if ways.update_resets_absent {
                return default(reset);
            }
            Absent::Default(self.0.get(name).cloned().unwrap_or_default())
        };
        let mut read = Reader::new(body, String::new());
        read.take("channelName", Kind::Name, &Absent::Refused)?;
        read.take("envType", ENVIRONMENTS, &kept("envType", "REAL"))?;
        let output = kept("outputProtocol", "HLS");
        read.take("outputProtocol", OUTPUTS, &output)?;
        read.dvr()?;
        read.take("immediateOnAir", Kind::Bool, &Absent::Refused)?;
        read.within("record", |record| record.record(ways))?;
        let mut settings = self.clone();
        settings.0.remove("timemachineMin");
        settings.0.extend(read.end(ways)?);
        let family = |settings: &Self| settings.text("outputProtocol") == "LL_HLS";
        if family(self) != family(&settings) {
            let message = "LL_HLS and the others cannot be changed into each other";
            return Err(invalid("outputProtocol", message));
        }
        Ok(settings)
    }

    /// A body for a channel that somebody makes by hand: what is needed and not said is made up.
    pub(super) fn by_hand(fields: &Map<String, Value>) -> Map<String, Value> {
        let plain = json!({
            "channelName": "by_hand",
            "cdn": {
                "createCdn": true, "cdnType": "GLOBAL_EDGE", "profileId": 1, "regionType": "KOREA",
            },
            "qualitySetId": 4,
            "useDvr": false,
            "record": {"type": "NO_RECORD"},
        });
        let mut body = plain.as_object().cloned().unwrap_or_default();
        body.extend(fields.iter().map(|(k, v)| (k.clone(), v.clone())));
        body
    }

    /// Sets a field past every check. `false`: requests have none such.
    pub(super) fn force(&mut self, name: &str, value: &Value) -> bool {
        let known = FIELDS.contains(&name);
        if known {
            self.0.insert(name.to_owned(), value.clone());
        }
        known
    }

    pub(super) fn get(&self, name: &str) -> Value {
        self.0.get(name).cloned().unwrap_or_default()
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// A text within an object.
    pub(super) fn part(&self, object: &str, name: &str) -> Option<&str> {
        self.0.get(object)?.get(name)?.as_str()
    }

    /// Whether what is broadcast can be recorded at all.
    pub(super) fn records(&self) -> bool {
        let kind = self.part("record", "type");
        kind.is_some_and(|kind| kind != "NO_RECORD")
    }
}

fn default(word: &str) -> Absent {
    Absent::Default(json!(word))
}

fn invalid(field: &str, what: &str) -> Refusal {
    Refusal::new(Code::FormValidationFailed, format!("{field}: {what}."))
}

/// Reads the fields of one object, and knows which it was asked for.
struct Reader<'a> {
    body: &'a Map<String, Value>,
    /// The object's name and a dot; nothing for the body itself.
    path: String,
    known: Vec<&'static str>,
    read: Map<String, Value>,
}

impl<'a> Reader<'a> {
    fn new(body: &'a Map<String, Value>, path: String) -> Self {
        Self {
            body,
            path,
            known: Vec::new(),
            read: Map::new(),
        }
    }

    fn take(&mut self, name: &'static str, kind: Kind, absent: &Absent) -> Result<(), Refusal> {
        self.known.push(name);
        let field = format!("{}{name}", self.path);
        match (self.body.get(name).filter(|value| !value.is_null()), absent) {
            (Some(value), _) => {
                kind.check(&field, value)?;
                self.read.insert(name.to_owned(), value.clone());
            }
            (None, Absent::Refused) => {
                let message = format!("{field} is required.");
                return Err(Refusal::new(Code::NeedValue, message));
            }
            (None, Absent::Nothing) => {}
            (None, Absent::Default(value)) => {
                self.read.insert(name.to_owned(), value.clone());
            }
        }
        Ok(())
    }

    /// Takes an object, which must be there.
    fn within(
        &mut self,
        name: &'static str,
        read: impl FnOnce(Reader<'a>) -> Result<Map<String, Value>, Refusal>,
    ) -> Result<(), Refusal> {
        self.take(name, Kind::Object, &Absent::Refused)?;
        if let Some(Value::Object(inner)) = self.body.get(name) {
            let inner = read(Reader::new(inner, format!("{name}.")))?;
            self.read.insert(name.to_owned(), Value::Object(inner));
        }
        Ok(())
    }

    fn said(&self, name: &str) -> &str {
        self.read
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    fn dvr(&mut self) -> Result<(), Refusal> {
        self.take("useDvr", Kind::Bool, &Absent::Refused)?;
        let used = self.read.get("useDvr") == Some(&json!(true));
        let absent = if used {
            Absent::Refused
        } else {
            Absent::Nothing
        };
        self.take("timemachineMin", Kind::Only(360), &absent)?;
        if !used {
            self.read.remove("timemachineMin");
        }
        Ok(())
    }

    fn record(mut self, ways: &Behaviour) -> Result<Map<String, Value>, Refusal> {
        self.take("type", RECORDS, &Absent::Refused)?;
        let uploads = self.said("type") == "AUTO_UPLOAD";
        let needed = |uploads: bool| {
            if uploads {
                Absent::Refused
            } else {
                Absent::Nothing
            }
        };
        self.take("format", FORMATS, &needed(uploads))?;
        self.take("bucketName", Kind::Text, &needed(uploads))?;
        self.take("filePath", Kind::Text, &needed(uploads))?;
        let access = uploads && ways.access_control_required;
        self.take("accessControl", ACCESS, &needed(access))?;
        self.end(ways)
    }

    /// What else is in here is not looked at: the page shows more of it than could be read.
    fn cdn(mut self) -> Result<Map<String, Value>, Refusal> {
        self.take("createCdn", Kind::Bool, &Absent::Refused)?;
        self.take("cdnType", Kind::OneOf(&["GLOBAL_EDGE"]), &Absent::Refused)?;
        self.take("profileId", Kind::Whole, &Absent::Refused)?;
        if self.read.get("createCdn") == Some(&json!(true)) {
            self.take("regionType", REGIONS, &Absent::Refused)?;
        } else {
            self.take("cdnDomain", Kind::Text, &Absent::Refused)?;
            self.take("cdnInstanceNo", Kind::Whole, &Absent::Refused)?;
        }
        Ok(self.read)
    }

    /// What was read, if there is nothing else.
    fn end(self, ways: &Behaviour) -> Result<Map<String, Value>, Refusal> {
        let other = self
            .body
            .keys()
            .find(|name| !self.known.contains(&name.as_str()));
        match other {
            Some(name) if ways.unlisted_fields == Unlisted::Refused => {
                let message = format!("{}{name} is not known here.", self.path);
                Err(Refusal::new(Code::BadRequest, message))
            }
            _ => Ok(self.read),
        }
    }
}

impl Kind {
    fn check(self, field: &str, value: &Value) -> Result<(), Refusal> {
        let type_is_right = match self {
            Self::Name | Self::Text | Self::OneOf(_) => value.is_string(),
            Self::Bool => value.is_boolean(),
            Self::Whole | Self::Only(_) => value.is_i64() || value.is_u64(),
            Self::Object => value.is_object(),
            Self::BoolOrLetter => value.is_boolean() || value == "Y" || value == "N",
        };
        if !type_is_right {
            let message = format!("{field} has the wrong type.");
            return Err(Refusal::new(Code::ParamTypeError, message));
        }
        let text = value.as_str().unwrap_or_default();
        match self {
            Self::Name if !is_name(text) => {
                let message = "3 to 20 characters of Korean, A-Z, a-z, 0-9 and _";
                Err(invalid(field, message))
            }
            Self::Text if text.is_empty() => Err(invalid(field, "must not be empty")),
            Self::OneOf(words) if !words.contains(&text) => {
                let message = format!("must be one of {}", words.join(", "));
                Err(invalid(field, &message))
            }
            Self::Only(number) if value.as_i64() != Some(number) => {
                Err(invalid(field, &format!("must be {number}")))
            }
            Self::Name
            | Self::Bool
            | Self::Whole
            | Self::Only(_)
            | Self::Text
            | Self::OneOf(_)
            | Self::Object
            | Self::BoolOrLetter => Ok(()),
        }
    }
}

/// Korean: syllables and single letters.
fn is_name(text: &str) -> bool {
    let letter = |c: char| {
        c.is_ascii_alphanumeric()
            || c == '_'
            || matches!(c, '가'..='힣' | 'ㄱ'..='ㅎ' | 'ㅏ'..='ㅣ')
    };
    (3..=20).contains(&text.chars().count()) && text.chars().all(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> Map<String, Value> {
        Settings::by_hand(&Map::new())
    }

    fn changed(at: &[&str], value: Value) -> Map<String, Value> {
        let mut body = Value::Object(whole());
        let mut place = &mut body;
        for name in at {
            place = &mut place[*name];
        }
        *place = value;
        body.as_object().expect("an object").clone()
    }

    fn code(body: &Map<String, Value>) -> Option<Code> {
        let made = Settings::create(body, &Behaviour::default());
        made.err().map(|refusal| refusal.code)
    }

    #[test]
    fn names() {
        for good in [
            "abc",
            "A_9",
            "채널_하나",
            "ㄱㅏㅎ",
            &"x".repeat(20),
            &"한".repeat(20),
        ] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "ab", "a-b", "a b c", "a.b.c", "äöü", &"x".repeat(21)] {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[test]
    fn what_a_new_channel_needs() {
        assert_eq!(code(&whole()), None);
        for at in [
            &["channelName"][..],
            &["cdn"],
            &["cdn", "createCdn"],
            &["cdn", "cdnType"],
            &["cdn", "profileId"],
            &["cdn", "regionType"],
            &["qualitySetId"],
            &["useDvr"],
            &["record"],
            &["record", "type"],
        ] {
            let body = changed(at, Value::Null);
            assert_eq!(code(&body), Some(Code::NeedValue), "{at:?}");
        }
    }

    #[test]
    fn what_may_stand_in_a_field() {
        let form = Some(Code::FormValidationFailed);
        let kind = Some(Code::ParamTypeError);
        let table = [
            (&["channelName"][..], json!("no"), form),
            (&["channelName"], json!(7), kind),
            (&["envType"], json!("TEST"), form),
            (&["envType"], json!("DEV"), None),
            (&["outputProtocol"], json!("DASH"), form),
            (&["outputProtocol"], json!("HLS,DASH"), None),
            (&["outputProtocol"], json!("LL_HLS"), None),
            (&["ingestProtocol"], json!("SRT"), None),
            (&["cdn", "cdnType"], json!("CDN_PLUS"), form),
            (&["cdn", "regionType"], json!("EUROPE"), form),
            (&["cdn", "profileId"], json!("1"), kind),
            (&["cdn", "createCdn"], json!(false), Some(Code::NeedValue)),
            (&["qualitySetId"], json!("4"), kind),
            (&["useDvr"], json!("true"), kind),
            (&["useDvr"], json!(true), Some(Code::NeedValue)),
            (&["timemachineMin"], json!(360), None),
            (&["timemachineMin"], json!(60), form),
            (&["record", "type"], json!("AUTO"), form),
            (&["record", "type"], json!("MANUAL_UPLOAD"), None),
            (
                &["record", "type"],
                json!("AUTO_UPLOAD"),
                Some(Code::NeedValue),
            ),
            (&["record"], json!("NO_RECORD"), kind),
            (&["drmEnabledYn"], json!("N"), None),
            (&["useDVR"], json!(true), Some(Code::BadRequest)),
            (&["record", "bucket"], json!("b"), Some(Code::BadRequest)),
        ];
        for (at, value, expected) in table {
            assert_eq!(
                code(&changed(at, value.clone())),
                expected,
                "{at:?} {value}"
            );
        }
        let mut body = changed(&["outputProtocol"], json!("LL_HLS"));
        body.insert("ingestProtocol".to_owned(), json!("SRT"));
        assert_eq!(code(&body), form);
        let mut body = changed(&["cdn", "regionType"], json!("JAPAN"));
        body.insert("outputProtocol".to_owned(), json!("LL_HLS"));
        assert_eq!(code(&body), form);
    }

    #[test]
    fn a_change_takes_the_whole_settings_and_puts_back_what_it_leaves_out() {
        let ways = Behaviour::default();
        let mut body = changed(&["envType"], json!("DEV"));
        body.insert("outputProtocol".to_owned(), json!("HLS,DASH"));
        let before = Settings::create(&body, &ways).expect("good");
        let change = json!({
            "channelName": "other", "useDvr": true, "timemachineMin": 360,
            "immediateOnAir": true, "record": {"type": "MANUAL_UPLOAD"},
        });
        let change = change.as_object().expect("an object");
        let after = before.update(change, &ways).expect("good");
        assert_eq!(
            (after.text("envType"), after.text("outputProtocol")),
            ("REAL", "HLS")
        );
        assert_eq!(after.get("timemachineMin"), 360);
        let mut without = change.clone();
        without.insert("useDvr".to_owned(), json!(false));
        without.remove("timemachineMin");
        let without = after.update(&without, &ways).expect("good");
        assert_eq!(without.get("timemachineMin"), Value::Null);
        assert_eq!(after.get("qualitySetId"), before.get("qualitySetId"));
        assert!(after.is("immediateOnAir") && after.records() && !before.records());
        let keeps = Behaviour {
            update_resets_absent: false,
            ..Behaviour::default()
        };
        let kept = before.update(change, &keeps).expect("good");
        assert_eq!(
            (kept.text("envType"), kept.text("outputProtocol")),
            ("DEV", "HLS,DASH")
        );
        for name in ["channelName", "useDvr", "immediateOnAir", "record"] {
            let mut less = change.clone();
            less.remove(name);
            let refused = before.update(&less, &ways).expect_err("refused");
            assert_eq!(refused.code, Code::NeedValue, "{name}");
        }
        for (name, value) in [("qualitySetId", json!(9)), ("cdn", json!({}))] {
            let mut more = change.clone();
            more.insert(name.to_owned(), value);
            let refused = before.update(&more, &ways).expect_err("refused");
            assert_eq!(refused.code, Code::BadRequest, "{name}");
            let ignoring = Behaviour {
                unlisted_fields: Unlisted::Ignored,
                ..Behaviour::default()
            };
            let after = before.update(&more, &ignoring).expect("passed over");
            assert_eq!(after.get(name), before.get(name));
        }
        let mut other = change.clone();
        other.insert("outputProtocol".to_owned(), json!("LL_HLS"));
        let refused = before.update(&other, &ways).expect_err("another family");
        assert_eq!(refused.code, Code::FormValidationFailed);
    }
}
