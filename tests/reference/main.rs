//! docs/reference/ is what the types say: the fields from the definitions, the flags from the command
//! line, and the names that other tools meet. `make reference` writes the pages.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on ends"
)]

mod command_line;
mod fields;
mod names;
mod providers;

use std::{collections::BTreeMap, fs, path::Path};

/// The pages, by file name.
fn pages() -> BTreeMap<String, String> {
    let kinds = livestream_operator::api::definitions();
    let mut pages: BTreeMap<String, String> = kinds
        .iter()
        .map(|(_, definition)| {
            let definition = serde_json::to_value(definition).unwrap();
            fields::page(&definition)
        })
        .collect();
    pages.insert("command-line.md".to_owned(), command_line::page());
    pages.insert("names.md".to_owned(), names::page());
    pages.insert("providers.md".to_owned(), providers::page());
    pages
}

#[test]
#[allow(
    clippy::disallowed_methods,
    reason = "whoever calls it says whether the pages are to be written"
)]
fn the_reference_is_what_the_types_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference");
    let pages = pages();
    if std::env::var_os("WRITE_REFERENCE").is_some() {
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in &pages {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    let mut committed: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    committed.sort();
    assert_eq!(committed, pages.keys().cloned().collect::<Vec<_>>());
    for (name, text) in &pages {
        assert!(
            fs::read_to_string(folder.join(name)).unwrap() == *text,
            "docs/reference/{name} is not what the types say: run `make reference` and commit it"
        );
    }
}

/// A text of the types as Markdown: what looks like HTML is none.
fn plain(text: &str) -> String {
    let mut code = false;
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        code ^= sign == '`';
        match sign {
            '<' if !code => out.push_str("&lt;"),
            '*' if !code => out.push_str("\\*"),
            sign => out.push(sign),
        }
    }
    out
}

#[test]
fn what_looks_like_markup_is_shown_as_it_stands() {
    assert_eq!(plain("a <b> `c <d>` *"), "a &lt;b> `c <d>` \\*");
}
