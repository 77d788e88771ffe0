//! Log lines.

use tracing_subscriber::{EnvFilter, fmt};

use crate::cli::LogFormat;

/// Begins to log to standard error.
///
/// # Errors
/// What is wrong with the filter.
pub fn start(filter: &str, format: LogFormat) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| format!("--log {filter:?} cannot be read: {error}"))?;
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Json => builder
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .init(),
        LogFormat::Text => builder.init(),
    }
    Ok(())
}
