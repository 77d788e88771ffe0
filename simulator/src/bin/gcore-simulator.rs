//! The Gcore simulator as a program.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use simulator::gcore::{Behaviour, Options, Simulator};
use tracing_subscriber::EnvFilter;

/// The client of keys that name none.
const DEFAULT_CLIENT: u64 = 1001;

/// Gcore's streaming API as its documents describe it. Steered under /_sim/, see README.md.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:8090")]
    listen: SocketAddr,

    /// A key that is good, and the client it belongs to (1001 if not said). Can be repeated.
    #[arg(long = "api-key", value_name = "KEY[=CLIENT_ID]", required = true, value_parser = api_key)]
    api_keys: Vec<Key>,

    /// How many of the provider's seconds pass in a real one.
    #[arg(long, default_value_t = 1)]
    speed: u32,

    /// Take both forms of bodies that the documents show, flat and wrapped.
    #[arg(long)]
    lenient: bool,

    /// Answer with the fields, too, that were seen in 2022 but are in no schema.
    #[arg(long)]
    legacy_fields: bool,

    /// What to log: a level, or directives as in `simulator=debug`.
    #[arg(long, default_value = "info")]
    log: String,
}

/// A key and its client. Not `Debug` with its text: it might be somebody's real one.
#[derive(Clone)]
struct Key(String, u64);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key(…, {})", self.1)
    }
}

/// A key may hold `=` itself; only digits after the last one are a client.
fn api_key(text: &str) -> Result<Key, String> {
    let (key, client) = match text.rsplit_once('=') {
        Some((key, digits)) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
            let client = digits.parse();
            (key, client.map_err(|_| "the client's id is too large")?)
        }
        _ => (text, DEFAULT_CLIENT),
    };
    if key.is_empty() {
        return Err("the key is empty".to_owned());
    }
    Ok(Key(key.to_owned(), client))
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(&arguments.log))
        .init();
    let keys = arguments.api_keys.into_iter();
    let options = Options {
        listen: arguments.listen,
        keys: keys.map(|Key(key, client)| (key, client)).collect(),
        speed: arguments.speed,
        behaviour: Behaviour {
            strict: !arguments.lenient,
            legacy_fields: arguments.legacy_fields,
            ..Behaviour::default()
        },
        ..Options::default()
    };
    let simulator = match Simulator::start(options).await {
        Ok(simulator) => simulator,
        Err(error) => {
            tracing::error!(%error, address = %arguments.listen, "cannot listen");
            return ExitCode::FAILURE;
        }
    };
    tracing::info!(url = simulator.url(), "listening");
    stop_signal().await;
    simulator.stop().await;
    ExitCode::SUCCESS
}

/// Ctrl-C, or a termination signal where there are such.
async fn stop_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_their_clients() {
        for (text, key, client) in [
            ("12$ab", "12$ab", 1001),
            ("12$ab=7", "12$ab", 7),
            ("12_ab==", "12_ab==", 1001),
            ("a=b=7", "a=b", 7),
        ] {
            let Key(found, of) = api_key(text).expect("good");
            assert_eq!((found.as_str(), of), (key, client), "{text}");
        }
        assert!(api_key("=7").is_err());
        assert!(api_key("").is_err());
    }
}
