//! The flags, from the command line's own description.

use std::fmt::Write as _;

use clap::{Arg, Command, CommandFactory as _};
use livestream_operator::cli::Cli;

use crate::plain;

const BEGINNING: &str = "<!-- Generated from src/cli.rs by `make reference`; do not edit. -->

# Command line

Each flag of `livestream-operator run` has a twin in the environment; where both are given the flag holds. Durations are written like `500ms`, `30s` or
`5m`. `livestream-operator COMMAND --help` shows the same. Which cluster it talks to is found as every client finds it: `KUBECONFIG`, `~/.kube/config`, or the service account of
its Pod. A proxy to the provider is taken from `HTTPS_PROXY` and `NO_PROXY`.
";

/// The page.
pub fn page() -> String {
    let mut text = BEGINNING.to_owned();
    for command in Cli::command().get_subcommands() {
        describe(&mut text, command);
    }
    text
}

fn describe(text: &mut String, command: &Command) {
    writeln!(text, "\n## `livestream-operator {}`\n", command.get_name()).unwrap();
    let about = command.get_long_about().or(command.get_about());
    writeln!(text, "{}", sentence(&about.unwrap().to_string())).unwrap();
    for arg in command.get_arguments() {
        if let Some(flag) = arg.get_long().filter(|_| !arg.is_hide_set()) {
            argument(text, arg, flag);
        }
    }
}

fn argument(text: &mut String, arg: &Arg, flag: &str) {
    let takes = arg.get_action().takes_values();
    let value = arg.get_value_names().unwrap_or_default().join(" ");
    let value = if takes && !value.is_empty() {
        format!(" {value}")
    } else {
        String::new()
    };
    writeln!(text, "\n### `--{flag}`\n").unwrap();
    let mut facts = vec![format!("`--{flag}{value}`")];
    if let Some(name) = arg.get_env() {
        facts.push(format!("environment `{}`", name.to_string_lossy()));
    }
    let words: Vec<String> = arg
        .get_possible_values()
        .iter()
        .map(|value| format!("`{}`", value.get_name()))
        .collect();
    if takes && !words.is_empty() {
        facts.push(format!("one of {}", words.join(", ")));
    }
    for default in arg.get_default_values() {
        facts.push(format!("default `{}`", default.to_string_lossy()));
    }
    writeln!(text, "*{}*\n", facts.join("; ")).unwrap();
    let help = arg.get_long_help().or(arg.get_help()).unwrap();
    writeln!(text, "{}", sentence(&help.to_string())).unwrap();
}

/// The last full stop is taken off where the command line itself shows the text.
fn sentence(text: &str) -> String {
    let end = if text.ends_with('.') { "" } else { "." };
    format!("{}{end}", plain(text))
}
