//! Where the log goes and what it holds.

use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::config::{LogFormat, LogSettings};

/// Lucien's own crates; of the others only warnings are of use to an operator, and their debug
/// lines may hold what must not be logged.
const OURS: [&str; 6] = ["bot", "lucien", "store", "telegram", "voice", "sim"];

/// Where the log is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// A server's log.
    Stdout,
    /// Beside a command's own output.
    Stderr,
}

/// Starts logging; the first call of a process counts.
pub(crate) fn start(settings: LogSettings, destination: Destination) {
    let others = settings.level.min(Level::WARN);
    let filter = Targets::new()
        .with_default(LevelFilter::from_level(others))
        .with_targets(OURS.map(|name| (name, settings.level)));
    let layer = fmt::layer().with_ansi(false);
    let layer = match destination {
        Destination::Stdout => layer.with_writer(fmt::writer::BoxMakeWriter::new(std::io::stdout)),
        Destination::Stderr => layer.with_writer(fmt::writer::BoxMakeWriter::new(std::io::stderr)),
    };
    let layer = match settings.format {
        LogFormat::Text => layer.boxed(),
        LogFormat::Json => layer.json().boxed(),
    };
    // A second start, in tests, changes nothing.
    let _ = tracing_subscriber::registry()
        .with(layer.with_filter(filter))
        .try_init();
    if settings.level_unknown {
        tracing::warn!("LOG_LEVEL names no level: INFO is used");
    }
}
