//! The flags about the Lease.

use std::time::Duration;

use clap::Args;

use super::duration;

/// Which of several processes acts: the one that holds a Lease.
#[derive(Debug, Args)]
pub struct LeaseArgs {
    /// Of all processes that name the same Lease, one acts; the others keep their caches warm and stand
    /// by. Without it this process acts at once, and must be the only one.
    #[arg(long, env = "LIVESTREAM_OPERATOR_LEASE", value_name = "NAME", value_parser = name)]
    pub lease: Option<String>,

    /// The namespace of the Lease. The default is the namespace of this process.
    #[arg(
        long,
        env = "LIVESTREAM_OPERATOR_LEASE_NAMESPACE",
        value_name = "NAMESPACE"
    )]
    pub lease_namespace: Option<String>,

    /// What this process is called in the Lease. Two must never have the same: the default is the name
    /// of the host and a random word.
    #[arg(
        long,
        env = "LIVESTREAM_OPERATOR_LEASE_IDENTITY",
        value_name = "IDENTITY"
    )]
    pub lease_identity: Option<String>,

    /// How long the Lease lasts after each renewal, and so how long nobody may act after its holder was
    /// killed. It is renewed six times in this time. No change is sent that could outlast it, so it
    /// must be at least one and a half times the call deadline.
    #[arg(long, env = "LIVESTREAM_OPERATOR_LEASE_DURATION", default_value = "30s", value_parser = whole, value_name = "TIME")]
    pub lease_duration: Duration,
}

impl LeaseArgs {
    /// What is wrong with the flags taken together.
    pub(super) fn check(&self, call_deadline: Duration) -> Result<(), String> {
        if self.lease.is_some() && self.lease_duration < call_deadline + call_deadline / 2 {
            return Err(format!(
                "--lease-duration ({:?}) must be at least one and a half times --call-deadline ({call_deadline:?}): a change must not be under way when another process may act",
                self.lease_duration
            ));
        }
        Ok(())
    }
}

/// A time that a Lease can say: whole seconds.
fn whole(text: &str) -> Result<Duration, String> {
    let span = duration(text)?;
    if span.subsec_nanos() == 0 {
        Ok(span)
    } else {
        Err("the time must be whole seconds".to_owned())
    }
}

/// A name that an object can have.
fn name(text: &str) -> Result<String, String> {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    let end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let fine = text.len() <= 253
        && text.chars().all(inner)
        && end(text.chars().next())
        && end(text.chars().next_back());
    if fine {
        Ok(text.to_owned())
    } else {
        Err("a name has lower-case letters, digits, dashes and dots, and begins and ends with a letter or digit".to_owned())
    }
}
