//! Which of the user's variables a worker or a check may see: an allow-list, pure.
//!
//! Everything else stays with cco: tokens of the shell that started it, `GIT_*` that would redirect git, `LD_*`,
//! `BASH_ENV`, and the marks of a Claude Code session cco itself may have been started in (`faults.md` C13).

use std::ffi::OsString;

/// Passed by name (design section 9, The worker's surroundings).
const NAMES: [&str; 33] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TERM",
    "TZ",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
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
const PREFIXES: [&str; 2] = ["LC_", "XDG_"];

/// The variables of `environment` that are passed: those of the allow-list and those named in `pass`.
#[must_use]
pub fn surroundings(environment: &[(OsString, OsString)], pass: &[String]) -> Vec<(OsString, OsString)> {
    environment.iter().filter(|(name, _)| name.to_str().is_some_and(|name| passes(name, pass))).cloned().collect()
}

fn passes(name: &str, pass: &[String]) -> bool {
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || pass.iter().any(|p| p == name)
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
