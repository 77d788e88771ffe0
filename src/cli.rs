//! What was typed: commands and flags, each flag with its twin in the environment.

mod lease;

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use ipnet::IpNet;
use jiff::SignedDuration;

pub use self::lease::LeaseArgs;
use crate::webhooks;

/// Keeps live streams at a streaming provider as their Kubernetes manifests say.
#[derive(Debug, Parser)]
#[command(name = "livestream-operator", version, about, propagate_version = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the operator.
    Run(Box<RunArgs>),
    /// Print the CustomResourceDefinitions as YAML.
    Crds(CrdsArgs),
}

/// Where the definitions go.
#[derive(Debug, Args)]
pub struct CrdsArgs {
    /// Write one file for each kind into this folder instead of printing them.
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
}

/// How the operator runs. Durations are written like 500ms, 30s or 5m.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Serve only this namespace; may be given several times. The default is all namespaces.
    #[arg(
        long,
        env = "LIVESTREAM_OPERATOR_NAMESPACE",
        value_name = "NAME",
        value_delimiter = ','
    )]
    pub namespace: Vec<String>,

    /// The cluster's id in owner marks. The default is the uid of the namespace kube-system. It must
    /// never change while streams exist that carry it.
    #[arg(long, env = "LIVESTREAM_OPERATOR_CLUSTER_ID", value_name = "ID", value_parser = cluster_id)]
    pub cluster_id: Option<String>,

    /// Let objects take over streams that carry the mark of an object of the same namespace and name
    /// in this other cluster, which must be gone; may be given several times.
    #[arg(long, env = "LIVESTREAM_OPERATOR_TAKE_OVER_FROM", value_name = "ID", value_delimiter = ',', value_parser = cluster_id)]
    pub take_over_from: Vec<String>,

    /// Let accounts name this endpoint beside the provider's own; may be given several times.
    #[arg(
        long,
        env = "LIVESTREAM_OPERATOR_ALLOW_ENDPOINT",
        value_name = "URL",
        value_delimiter = ','
    )]
    pub allow_endpoint: Vec<String>,

    /// Where /livez, /readyz and /metrics are served.
    #[arg(
        long,
        env = "LIVESTREAM_OPERATOR_LISTEN",
        default_value = "127.0.0.1:8080",
        value_name = "ADDRESS"
    )]
    pub listen: SocketAddr,

    /// Where webhooks of the provider are received, as plain HTTP: an address such as 0.0.0.0:8081.
    /// Without it none are received, and all works, only slower.
    #[arg(
        long,
        env = "LIVESTREAM_OPERATOR_WEBHOOK_LISTEN",
        value_name = "ADDRESS"
    )]
    pub webhook_listen: Option<SocketAddr>,

    /// Let only this range of addresses post webhooks, such as 92.223.112.0/24; may be given several
    /// times. The default is everybody. What counts is the peer of the connection: behind a proxy or
    /// an Ingress that is the proxy.
    #[arg(long, env = "LIVESTREAM_OPERATOR_WEBHOOK_SOURCE", value_name = "CIDR", value_delimiter = ',', value_parser = webhooks::range)]
    pub webhook_source: Vec<IpNet>,

    /// The address at which other processes of this operator reach this one: in a cluster that of the
    /// Pod. With it one that stands by receives webhooks too, and passes them on to the one that
    /// leads. Where --webhook-source is given, the addresses of the Pods must be in it.
    #[arg(long, env = "LIVESTREAM_OPERATOR_POD_IP", value_name = "IP")]
    pub pod_ip: Option<IpAddr>,

    /// Which of several processes acts.
    #[command(flatten)]
    pub lease: LeaseArgs,

    /// How many objects of a kind are worked on at once.
    #[arg(long, env = "LIVESTREAM_OPERATOR_CONCURRENCY", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256), value_name = "N")]
    pub concurrency: u16,

    /// How long a write at the provider may take to show in its lists. Nothing is created again
    /// before this time is over, so it must be longer than the call deadline.
    #[arg(long, env = "LIVESTREAM_OPERATOR_SETTLING", default_value = "60s", value_parser = duration, value_name = "TIME")]
    pub settling: Duration,

    /// The deadline of one call to the provider, all of it.
    #[arg(long, env = "LIVESTREAM_OPERATOR_CALL_DEADLINE", default_value = "20s", value_parser = duration, value_name = "TIME")]
    pub call_deadline: Duration,

    /// The deadline for connecting to the provider.
    #[arg(long, env = "LIVESTREAM_OPERATOR_CONNECT_DEADLINE", default_value = "5s", value_parser = duration, value_name = "TIME")]
    pub connect_deadline: Duration,

    /// The deadline of one call to the apiserver, with all repeats.
    #[arg(long, env = "LIVESTREAM_OPERATOR_APISERVER_DEADLINE", default_value = "20s", value_parser = duration, value_name = "TIME")]
    pub apiserver_deadline: Duration,

    /// How long a watch of the apiserver may be silent before it is begun anew. The apiserver says
    /// about once a minute that it is there.
    #[arg(long, env = "LIVESTREAM_OPERATOR_WATCH_SILENCE", default_value = "3m", value_parser = duration, value_name = "TIME")]
    pub watch_silence: Duration,

    /// How long something that an object refers to may be missing, from the object's creation on,
    /// before that counts as a mistake.
    #[arg(long, env = "LIVESTREAM_OPERATOR_GRACE", default_value = "60s", value_parser = duration, value_name = "TIME")]
    pub grace: Duration,

    /// The least time between two switchings-on of a pull stream that the provider switched off.
    #[arg(long, env = "LIVESTREAM_OPERATOR_REACTIVATION", default_value = "1h", value_parser = duration, value_name = "TIME")]
    pub reactivation: Duration,

    /// How long a recording that was asked for may take to show before it is asked for again, and how
    /// long a stream may be live without a recording that is wanted before it is not ready any more.
    /// Gcore says that a recording begins 3 to 7 seconds after the call.
    #[arg(long, env = "LIVESTREAM_OPERATOR_RECORDING_PATIENCE", default_value = "30s", value_parser = duration, value_name = "TIME")]
    pub recording_patience: Duration,

    /// How often a stream is read that is on air, or about to be: that records or is to, or that was
    /// just changed. Many such streams are read by the list instead, and never with more than half of
    /// the account's calls.
    #[arg(long, env = "LIVESTREAM_OPERATOR_LIVE_POLL", default_value = "2s", value_parser = duration, value_name = "TIME")]
    pub live_poll: Duration,

    /// The first wait after a failure; it doubles with each further one, up to five minutes.
    #[arg(long, env = "LIVESTREAM_OPERATOR_RETRY_BASE", default_value = "1s", value_parser = duration, value_name = "TIME")]
    pub retry_base: Duration,

    /// When an object that a human must mend is tried again by itself.
    #[arg(long, env = "LIVESTREAM_OPERATOR_STALLED_RETRY", default_value = "1h", value_parser = duration, value_name = "TIME")]
    pub stalled_retry: Duration,

    /// How often every object is looked at, whether something woke it or not. That costs no calls.
    #[arg(long, env = "LIVESTREAM_OPERATOR_RESYNC", default_value = "10m", value_parser = duration, value_name = "TIME")]
    pub resync: Duration,

    /// What is logged: a level (error, warn, info, debug, trace) or directives such as
    /// `info,livestream_operator=debug`.
    #[arg(
        long,
        env = "LIVESTREAM_OPERATOR_LOG",
        default_value = "info",
        value_name = "FILTER"
    )]
    pub log: String,

    /// How log lines look.
    #[arg(
        long,
        env = "LIVESTREAM_OPERATOR_LOG_FORMAT",
        default_value = "json",
        value_enum
    )]
    pub log_format: LogFormat,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// Words for people.
    Text,
}

impl RunArgs {
    /// What is wrong with the flags taken together.
    ///
    /// # Errors
    /// Says which flag, and what to do.
    pub fn check(&self) -> Result<(), String> {
        if self.settling <= self.call_deadline {
            return Err(format!(
                "--settling ({:?}) must be longer than --call-deadline ({:?}): a creation whose call may still be under way would be sent again",
                self.settling, self.call_deadline
            ));
        }
        self.lease.check(self.call_deadline)
    }
}

/// A time span like 500ms or 5m, from a millisecond to a week.
fn duration(text: &str) -> Result<Duration, String> {
    let span: SignedDuration = text
        .parse()
        .map_err(|_| "write a time like 500ms, 30s or 5m".to_owned())?;
    let span = Duration::try_from(span).map_err(|_| "a time cannot be negative".to_owned())?;
    if span < Duration::from_millis(1) || span > Duration::from_hours(7 * 24) {
        return Err("the time must be from 1ms to 168h".to_owned());
    }
    Ok(span)
}

/// An id that fits into an owner mark.
fn cluster_id(text: &str) -> Result<String, String> {
    let fine = !text.is_empty()
        && text.len() <= 63
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
    if fine {
        Ok(text.to_owned())
    } else {
        Err("an id has 1 to 63 letters, digits, dots, dashes and underscores".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(flags: &[&str]) -> Result<RunArgs, String> {
        let typed = ["livestream-operator", "run"].iter().chain(flags);
        match Cli::try_parse_from(typed)
            .map_err(|error| error.to_string())?
            .command
        {
            Command::Run(args) => args.check().map(|()| *args),
            Command::Crds(_) => Err("another command".to_owned()),
        }
    }

    #[test]
    fn the_defaults_hold_together() {
        let args = run(&[]).unwrap();
        assert_eq!(
            (args.settling, args.call_deadline),
            (Duration::from_secs(60), Duration::from_secs(20))
        );
    }

    #[test]
    fn nothing_is_open_to_the_network_unless_it_is_asked_for() {
        let args = run(&[]).unwrap();
        assert!(args.listen.ip().is_loopback());
        assert_eq!(args.webhook_listen, None);
        assert!(args.allow_endpoint.is_empty());
    }

    #[test]
    fn a_settling_time_below_the_call_deadline_is_refused() {
        let error = run(&["--settling=5s", "--call-deadline=5s"]).unwrap_err();
        assert!(error.contains("--call-deadline"), "{error}");
    }

    #[test]
    fn a_lease_that_a_call_could_outlast_is_refused() {
        let flags = ["--lease=one", "--lease-duration=20s", "--call-deadline=15s"];
        let error = run(&flags).unwrap_err();
        assert!(error.contains("--lease-duration"), "{error}");
        let unused = run(&flags[1..]);
        assert!(unused.is_ok(), "there is no Lease");
    }

    #[test]
    fn bad_values_are_refused_with_what_to_do() {
        for flag in [
            "--settling=soon",
            "--settling=-3s",
            "--settling=0s",
            "--cluster-id=a/b",
            "--concurrency=0",
            "--webhook-listen=8081",
            "--webhook-source=92.223.112.0/33",
            "--lease=Not/A/Name",
            "--lease-duration=500ms",
        ] {
            assert!(run(&[flag]).is_err(), "{flag}");
        }
    }
}
