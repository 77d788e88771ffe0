//! Log lines.

use tracing_subscriber::{
    filter::Targets, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use crate::cli::LogFormat;

/// Begins to log to standard error.
///
/// # Errors
/// What is wrong with the filter.
pub fn start(filter: &str, format: LogFormat) -> Result<(), String> {
    // Targets and levels are all that is asked for; a filter that knows spans, too, brings an engine
    // for regular expressions, which an idle operator would have in memory.
    let targets: Targets = filter
        .parse()
        .map_err(|error| format!("--log {filter:?} cannot be read: {error}"))?;
    let layer = fmt::layer().with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(targets);
    match format {
        LogFormat::Json => registry
            .with(
                layer
                    .json()
                    .flatten_event(true)
                    .with_current_span(false)
                    .with_span_list(false),
            )
            .init(),
        LogFormat::Text => registry.with(layer).init(),
    }
    Ok(())
}
