//! The real Claude Code: where it is, and how a test starts it.

use std::path::{Path, PathBuf};

use super::program::Program;
use super::{MessagesApi, Place};

/// The pin that `scripts/fetch-claude.sh` reads.
const PIN: &str = include_str!("../../scripts/claude.pin");

/// The pinned version.
pub(crate) fn version() -> &'static str {
    PIN.lines().find_map(|line| line.strip_prefix("version ")).expect("scripts/claude.pin names a version").trim()
}

/// The program of the pinned version, or the one that `CCO_TEST_CLAUDE` names.
///
/// A missing program fails the test: these tests are never skipped.
pub(crate) fn program() -> PathBuf {
    let path = std::env::var_os("CCO_TEST_CLAUDE").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/claude").join(version()).join("claude"),
        PathBuf::from,
    );
    assert!(path.is_file(), "no Claude Code at {}: run scripts/fetch-claude.sh, or ./test.sh", path.display());
    path
}

/// The variables that make a real `claude` talk to the scripted API alone and fail within seconds.
pub(crate) fn environment(api: &MessagesApi) -> Vec<(&'static str, String)> {
    let fixed = [
        ("ANTHROPIC_API_KEY", "sk-test-not-a-key"),
        ("CLAUDE_CODE_MAX_RETRIES", "1"),
        ("API_TIMEOUT_MS", "5000"),
        ("CLAUDE_BYTE_STREAM_IDLE_TIMEOUT_MS", "10000"),
        ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
        ("CLAUDE_CODE_DISABLE_BACKGROUND_TASKS", "1"),
        ("CLAUDE_CODE_STARTUP_FAILURE_RESULTS", "1"),
        ("DISABLE_AUTOUPDATER", "1"),
        ("DISABLE_TELEMETRY", "1"),
        ("DISABLE_ERROR_REPORTING", "1"),
        ("IS_SANDBOX", "1"),
    ];
    let url = ("ANTHROPIC_BASE_URL", api.url());
    fixed.map(|(name, value)| (name, value.to_owned())).into_iter().chain([url]).collect()
}

/// A headless `claude` in a folder, its prompt on stdin, its events as JSON lines on stdout.
pub(crate) fn headless(place: &Place, folder: &Path, api: &MessagesApi, prompt: &str) -> Program {
    let mut claude = place.program(&program()).within(folder).input(prompt.as_bytes());
    for (name, value) in environment(api) {
        claude = claude.env(name, &value);
    }
    claude.args(["-p", "--output-format", "stream-json", "--verbose", "--permission-mode", "bypassPermissions"])
}
