//! The program's own log: on stderr, and only where `CCO_LOG` asks for it. What people need is told, not logged.

use super::environment::Environment;

/// What is logged of a dependency whatever is asked for: it would put whole answers of models into the log.
const NEVER: &str = "async_openai=off";

/// Starts the log if the environment asks for one, such as `CCO_LOG=cco=debug`.
pub(super) fn start(environment: &Environment) {
    let Some(filter) = environment.text("CCO_LOG") else { return };
    let filter = tracing_subscriber::EnvFilter::new(format!("{filter},{NEVER}"));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Somebody who embeds the library may have one of their own.
    if subscriber.try_init().is_err() {
        tracing::debug!("there is a log already");
    }
}
