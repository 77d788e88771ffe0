//! values.yaml as people read it: each value, its comment and its default.

use std::fs;

use crate::helm::chart;

/// A value.
#[derive(Debug, PartialEq)]
pub struct Documented {
    /// Such as `image.tag`.
    pub path: String,
    /// What it is for.
    pub comment: String,
    /// Its default, as JSON on one line.
    pub default: String,
}

/// All values with a comment, in the order of the file, and the paths of those without one.
pub fn documented() -> (Vec<Documented>, Vec<String>) {
    let text = fs::read_to_string(chart().join("values.yaml")).unwrap();
    let all: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
    let (mut found, mut silent) = (Vec::new(), Vec::new());
    // The keys above a line, with their indentation; and the comment that stands over it.
    let mut above: Vec<(usize, String)> = Vec::new();
    let mut comment: Option<String> = None;
    // A value with a comment stands for all that is in it.
    let mut inside: Option<usize> = None;
    for line in text.lines() {
        let trimmed = line.trim_start();
        let indent = line.len() - trimmed.len();
        if let Some(begin) = trimmed.strip_prefix("# -- ") {
            comment = Some(begin.to_owned());
            continue;
        }
        if let Some(more) = trimmed.strip_prefix("# ") {
            if let Some(comment) = &mut comment {
                comment.push(' ');
                comment.push_str(more);
            }
            continue;
        }
        if trimmed.is_empty() {
            comment = None;
            continue;
        }
        if inside.is_some_and(|whole| indent > whole) {
            continue;
        }
        inside = None;
        let Some((key, rest)) = trimmed.split_once(':') else {
            continue;
        };
        above.retain(|(outer, _)| *outer < indent);
        above.push((indent, key.to_owned()));
        let keys: Vec<&str> = above.iter().map(|(_, key)| key.as_str()).collect();
        let path = keys.join(".");
        if let Some(comment) = comment.take() {
            let pointer = format!("/{}", keys.join("/"));
            let default = all.pointer(&pointer).unwrap().to_string();
            found.push(Documented {
                path,
                comment,
                default,
            });
            inside = Some(indent);
        } else if !rest.trim().is_empty() {
            silent.push(path);
        }
    }
    (found, silent)
}
