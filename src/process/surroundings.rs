//! Which of the user's variables a worker or a check may see: an allow-list, pure.
//!
//! Everything else stays with cco: tokens of the shell that started it, `GIT_*` that would redirect git, `LD_*`,
//! `BASH_ENV`, and the marks of a Claude Code session cco itself may have been started in (`faults.md` C13).

use std::ffi::{OsStr, OsString};

/// Passed by name (design section 9, The worker's surroundings).
const NAMES: [&str; 38] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TERM",
    "TZ",
    // Proxies, in both spellings in use.
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    // Certificate authorities, as OpenSSL, Node, Python, curl, Cargo, git, pip, AWS and Deno name them.
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "CARGO_HTTP_CAINFO",
    "GIT_SSL_CAINFO",
    "PIP_CERT",
    "AWS_CA_BUNDLE",
    "DENO_CERT",
    // Homes of tool chains.
    "CARGO_HOME",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "JAVA_HOME",
    "GOPATH",
    "GOROOT",
    "NVM_DIR",
    "PYENV_ROOT",
    "VIRTUAL_ENV",
    "PNPM_HOME",
    "DOCKER_HOST",
];

/// Passed by the beginning of the name.
const FAMILIES: [&str; 2] = ["LC_", "XDG_"];

/// Ends of names that are not passed, whatever family they belong to.
const SECRET_ENDS: [&str; 4] = ["_KEY", "_TOKEN", "_SECRET", "_PASSWORD"];

/// The variables of `environment` that are passed: those of the allow-list and those named in `pass`.
#[must_use]
pub fn surroundings(environment: &[(OsString, OsString)], pass: &[String]) -> Vec<(OsString, OsString)> {
    environment.iter().filter(|(name, _)| is_passed(name, pass)).cloned().collect()
}

/// Whether a variable of this name is passed: it is on the allow-list, or named in `pass`.
#[must_use]
pub fn is_passed(name: &OsStr, pass: &[String]) -> bool {
    let Some(name) = name.to_str() else { return false };
    let listed = NAMES.contains(&name) || FAMILIES.iter().any(|family| name.starts_with(family));
    let secret = SECRET_ENDS.iter().any(|end| name.to_ascii_uppercase().ends_with(end));
    listed && !secret || pass.iter().any(|named| named == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_allowed_or_named_is_passed() {
        let environment: Vec<(OsString, OsString)> = [
            "PATH",
            "LC_ALL",
            "XDG_CACHE_HOME",
            "XDG_API_KEY",
            "DATABASE_URL",
            "ANTHROPIC_API_KEY",
            "GITHUB_TOKEN",
            "GIT_DIR",
            "LD_PRELOAD",
            "BASH_ENV",
            "NODE_OPTIONS",
            "SSH_AUTH_SOCK",
            "CLAUDECODE",
            "OPENROUTER_API_KEY",
        ]
        .map(|name| (name.into(), "x".into()))
        .to_vec();
        let passed = surroundings(&environment, &["DATABASE_URL".to_owned()]);
        let names: Vec<&str> = passed.iter().filter_map(|(name, _)| name.to_str()).collect();
        assert_eq!(names, ["PATH", "LC_ALL", "XDG_CACHE_HOME", "DATABASE_URL"]);
    }
}
