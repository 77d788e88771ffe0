//! The values at the edges of what a schema allows, and beyond. Which of them are valid, the apiserver says.

use serde_json::{Value, json};

/// The values to try for a field with this schema; the plainest first.
pub fn of(schema: &Value) -> Vec<Value> {
    let mut values = match schema["type"].as_str() {
        Some("boolean") => vec![json!(false), json!(true), json!("true"), json!(0)],
        Some("integer") => numbers(schema),
        Some("array") => lists(schema),
        Some("object") => vec![json!({}), json!({"noSuchField": 1}), json!([]), json!("")],
        _ if schema["enum"].is_array() => words(schema),
        _ => texts(schema),
    };
    values.push(Value::Null);
    let mut different: Vec<Value> = Vec::new();
    for value in values {
        if !different.contains(&value) {
            different.push(value);
        }
    }
    different
}

fn numbers(schema: &Value) -> Vec<Value> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the bounds are whole numbers"
    )]
    let bound = |name: &str| schema[name].as_f64().map(|bound| bound as i64);
    let (least, most) = (bound("minimum"), bound("maximum"));
    let edges = [least, most, least.map(|n| n - 1), most.map(|n| n + 1)];
    let mut values: Vec<Value> = edges.into_iter().flatten().map(Value::from).collect();
    values.extend([
        json!(0),
        json!(-1),
        json!(i64::from(i32::MAX) + 1),
        json!(i64::MAX),
        json!(1.5),
        json!("5"),
    ]);
    values
}

fn words(schema: &Value) -> Vec<Value> {
    let known = schema["enum"].as_array().cloned().unwrap_or_default();
    let first = known.first().and_then(Value::as_str).unwrap_or_default();
    let other_case = if first.to_uppercase() == first {
        first.to_lowercase()
    } else {
        first.to_uppercase()
    };
    let mut values = known.clone();
    values.extend([
        json!(other_case),
        json!("no-such-word"),
        json!(""),
        json!(1),
    ]);
    values
}

fn texts(schema: &Value) -> Vec<Value> {
    let length = |name: &str| schema[name].as_u64().and_then(|n| usize::try_from(n).ok());
    let most = length("maxLength").unwrap_or(4096);
    let address = |length: usize| format!("https://{}", "a".repeat(length.saturating_sub(8)));
    let mut values = vec![
        json!("a"),
        json!(address(20)),
        json!("7"),
        json!("a".repeat(length("minLength").unwrap_or(0))),
        json!("a".repeat(most)),
        json!("a".repeat(most + 1)),
        json!("ü".repeat(most)),
        json!(address(most)),
        json!(address(most + 1)),
    ];
    for text in [
        "",
        " ",
        " a ",
        "a b",
        "a\u{0}b",
        "a\r\nb",
        "a\nb",
        "a\tb",
        "\u{202e}abc",
        "👩‍👩‍👧 🎥",
        "{\"a\": [1, \"b\"], \"c\": null}",
        "{\"a\": 1, \"a\": 2}",
        "[1, 2]",
        "null",
        "\\u0000 %00 ' \" ; -- <b>",
        "../..",
        "-a-",
        "a\u{301}",
        "\u{feff}a",
    ] {
        values.push(json!(text));
    }
    values.push(json!(5));
    values
}

fn lists(schema: &Value) -> Vec<Value> {
    let items = &schema["items"];
    let most = schema["maxItems"].as_u64().unwrap_or(20);
    let item = |n: u64| -> Value {
        if items["type"] == "object" {
            // By the id of something that is not there, unless the campaign knows better.
            json!({"id": n.to_string()})
        } else if items["type"] == "integer" {
            json!(n)
        } else {
            json!(format!("rtmp://example.com/{n}"))
        }
    };
    let many = |count: u64| Value::from((1..=count).map(item).collect::<Vec<_>>());
    let mut values = vec![
        many(1),
        many(2),
        json!([]),
        many(most),
        many(most + 1),
        json!([item(1), item(1)]),
        json!([null]),
        json!([{}]),
        json!(["", "no address"]),
        json!("a"),
    ];
    if items["type"] == "string" {
        let longest = items["maxLength"].as_u64().unwrap_or(2048);
        let address = format!(
            "rtmp://{}",
            "a".repeat(usize::try_from(longest).unwrap() - 7)
        );
        values.push(json!([address]));
        values.push(json!([format!("{address}a")]));
        values.push(json!(["rtmp://user:password@example.com/a"]));
    }
    values
}
