//! The Live Station simulator as a program.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use simulator::live_station::{Behaviour, GatewayClock, Options, Simulator, Unlisted};
use tracing_subscriber::EnvFilter;

/// The client of keys that name none.
const DEFAULT_CLIENT: u64 = 1001;

/// NAVER Cloud Platform's Live Station API as its documents describe it. Steered under /_sim/, see
/// README.md.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:8091")]
    listen: SocketAddr,

    /// An access key that is good, its secret key, and the client they belong to (1001 if not said). Can be
    /// repeated.
    #[arg(
        long = "api-key",
        value_name = "ACCESS:SECRET[=CLIENT_ID]",
        required = true,
        value_parser = api_key
    )]
    api_keys: Vec<Key>,

    /// How many of the provider's seconds pass in a real one. The gateway's clock is the real one, then.
    #[arg(long, default_value_t = 1)]
    speed: u32,

    /// Pass over fields that the documents do not list, and calls without a content type.
    #[arg(long)]
    lenient: bool,

    /// What to log: a level, or directives as in `simulator=debug`.
    #[arg(long, default_value = "info")]
    log: String,
}

/// A key and its client. Not `Debug` with its text: it might be somebody's real one.
#[derive(Clone)]
struct Key {
    access: String,
    secret: String,
    client: u64,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key(…, {})", self.client)
    }
}

/// A secret key may hold `=` itself; only digits after the last one are a client.
fn api_key(text: &str) -> Result<Key, String> {
    let (pair, client) = match text.rsplit_once('=') {
        Some((pair, digits))
            if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) =>
        {
            let client = digits.parse();
            (pair, client.map_err(|_| "the client's id is too large")?)
        }
        _ => (text, DEFAULT_CLIENT),
    };
    match pair.split_once(':') {
        Some((access, secret)) if !access.is_empty() && !secret.is_empty() => Ok(Key {
            access: access.to_owned(),
            secret: secret.to_owned(),
            client,
        }),
        _ => Err("give an access key, a colon, and its secret key".to_owned()),
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(&arguments.log))
        .init();
    let mut behaviour = Behaviour::default();
    if arguments.speed != 1 {
        behaviour.gateway_clock = GatewayClock::Machine;
    }
    if arguments.lenient {
        behaviour.unlisted_fields = Unlisted::Ignored;
        behaviour.require_content_type = false;
    }
    let options = Options {
        listen: arguments.listen,
        speed: arguments.speed,
        behaviour,
        ..Options::default()
    };
    let simulator = match Simulator::start(options).await {
        Ok(simulator) => simulator,
        Err(error) => {
            tracing::error!(%error, address = %arguments.listen, "cannot listen");
            return ExitCode::FAILURE;
        }
    };
    for key in &arguments.api_keys {
        simulator.add_key(&key.access, &key.secret, key.client);
    }
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
        for (text, access, secret, client) in [
            ("A:s", "A", "s", 1001),
            ("A:s=7", "A", "s", 7),
            ("A:s==", "A", "s==", 1001),
            ("A:s:t=x=7", "A", "s:t=x", 7),
        ] {
            let key = api_key(text).expect("good");
            assert_eq!(
                (&*key.access, &*key.secret, key.client),
                (access, secret, client)
            );
        }
        for bad in ["", "A", "A:", ":s", "=7"] {
            assert!(api_key(bad).is_err(), "{bad}");
        }
    }
}
