//! How the models are reached: the manager's key, the worker's credential, programs on PATH. Used when a daemon is
//! equipped, and by `cco doctor`, which tells which one it would be and never what it is.

#![expect(clippy::disallowed_methods, reason = "looks for programs and reads the files that hold secrets")]

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::error::Error;
use crate::config::{Config, ManagerChoice, SecretSource, resolve_env};
use crate::worker::{Available, Cloud, Credential, find_login};

/// The environment that cco was started with.
type Variables = BTreeMap<OsString, OsString>;

/// The key of the manager's provider; `None`: the embedded checklist manager plans.
///
/// # Errors
/// If a key must be there and is not, or its place fails.
pub fn manager_key(config: &Config, environment: &Variables) -> Result<Option<SecretString>, Error> {
    let key = || secret(environment, "openrouter.api_key", &config.openrouter.api_key);
    match config.orchestrator.manager {
        ManagerChoice::Checklist => Ok(None),
        ManagerChoice::OpenRouter => key(),
        // A key whose variable is not set is none; one whose file or command fails was meant to be there.
        ManagerChoice::Auto => match key() {
            Err(Error::Secret(_)) => Ok(None),
            found => found,
        },
    }
}

/// The first credential of the worker in the order of design section 9.
///
/// # Errors
/// [`Error::NoCredential`], or the place of the configured one fails.
pub fn credential(config: &Config, environment: &Variables) -> Result<Credential, Error> {
    let configured = match &config.claude_code.api_key {
        // The specification's own text names the variable: then it is no more than the environment's key.
        Some(source) => secret(environment, "claude_code.api_key", source)?,
        None => None,
    };
    let set = |name: &str| variable(environment, name).filter(|value| !value.is_empty());
    let switched = |name: &str| set(name).is_some_and(|value| !matches!(value.as_str(), "0" | "false"));
    let cloud = if switched("CLAUDE_CODE_USE_BEDROCK") {
        Some(Cloud::Bedrock)
    } else {
        switched("CLAUDE_CODE_USE_VERTEX").then_some(Cloud::Vertex)
    };
    let home = set("HOME").map(PathBuf::from);
    let config_dir = set("CLAUDE_CONFIG_DIR").map(PathBuf::from);
    Available {
        configured_key: configured,
        oauth_token: set("CLAUDE_CODE_OAUTH_TOKEN").map(SecretString::from),
        cloud,
        login: home.and_then(|home| find_login(&home, config_dir.as_deref())),
        api_key: set("ANTHROPIC_API_KEY").map(SecretString::from),
    }
    .choose()
    .ok_or(Error::NoCredential)
}

/// Fetches a secret from its place.
fn secret(environment: &Variables, key: &str, source: &SecretSource) -> Result<Option<SecretString>, Error> {
    if let Some(secret) = resolve_env(key, source, |name| variable(environment, name))? {
        return Ok(Some(SecretString::from(secret.expose().to_owned())));
    }
    let fail = |why: String| Error::SecretPlace { key: key.to_owned(), place: source.to_string(), why };
    let text = match source {
        SecretSource::File(path) => std::fs::read_to_string(path).map_err(|error| fail(error.to_string()))?,
        SecretSource::Command(command) => printed_by(command).map_err(fail)?,
        SecretSource::Keyring(_) => {
            return Err(fail("key rings are not supported yet; use `cmd:secret-tool …`".to_owned()));
        }
        SecretSource::Environment(_) | SecretSource::Literal(_) => String::new(),
    };
    let text = text.trim();
    if text.is_empty() { Err(fail("it is empty".to_owned())) } else { Ok(Some(SecretString::from(text.to_owned()))) }
}

fn printed_by(command: &str) -> Result<String, String> {
    let output = std::process::Command::new("sh").args(["-c", command]).stdin(std::process::Stdio::null()).output();
    let output = output.map_err(|error| error.to_string())?;
    if output.status.success() {
        String::from_utf8(output.stdout).map_err(|_| "it printed what is no text".to_owned())
    } else {
        Err(format!("the command ended with {}", output.status))
    }
}

/// A variable that is text.
#[must_use]
pub fn variable(environment: &Variables, name: &str) -> Option<String> {
    environment.get(OsStr::new(name)).and_then(|value| value.to_str()).map(str::to_owned)
}

/// Finds a program: a path from the root of the repository as it is, a name on PATH.
///
/// # Errors
/// [`Error::MissingProgram`].
pub fn program(name: &str, root: &Path, environment: &Variables) -> Result<PathBuf, Error> {
    let missing = || Error::MissingProgram { program: name.to_owned() };
    if name.contains('/') {
        let path = root.join(name);
        return if is_program(&path) { Ok(path) } else { Err(missing()) };
    }
    let path = variable(environment, "PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| is_program(path)).ok_or_else(missing)
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}
