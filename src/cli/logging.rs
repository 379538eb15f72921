//! The program's own log: on stderr, and only where `CCO_LOG` or `-vv` asks for it. What people need is told, not logged.

use super::environment::Environment;
use super::output::Volume;

/// What is logged of a dependency whatever is asked for: it would put whole answers of models into the log.
const NEVER: &str = "async_openai=off";

/// Starts the log if the environment asks for one, such as `CCO_LOG=cco=debug`, or else if everything is to be said.
pub(super) fn start(environment: &Environment, volume: Volume) {
    let everything = matches!(volume, Volume::Verbose(2..)).then_some("cco=debug");
    let Some(filter) = environment.text("CCO_LOG").or(everything) else { return };
    let filter = tracing_subscriber::EnvFilter::new(format!("{filter},{NEVER}"));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let subscriber = subscriber.with_ansi(environment.stderr.is_terminal());
    // Somebody who embeds the library may have one of their own.
    if subscriber.try_init().is_err() {
        tracing::debug!("there is a log already");
    }
}
