//! What a client is built from, checked before anything is sent.

use std::net::IpAddr;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::error::Error;

/// What a client is built from.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The API's address up to and including its version, with or without a trailing slash.
    pub base_url: String,
    /// The key; white space around it is dropped.
    pub key: SecretString,
    /// When waiting for an answer is given up.
    pub time_outs: TimeOuts,
    /// How long a passing fault is waited out inside one call.
    pub patience: Patience,
    /// The largest body that is read, in bytes after decompression.
    pub max_body: usize,
}

/// When waiting for an answer is given up (`crates.md` section 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeOuts {
    /// To the open connection.
    pub connect: Duration,
    /// Between two reads; blank keep-alive lines count as reads.
    pub read: Duration,
    /// Of the whole exchange.
    pub total: Duration,
}

/// How long a passing fault is waited out inside one call; whatever takes longer is the core's to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The first delay; later ones double, each spread by half.
    pub first: Duration,
    /// The longest single delay, `Retry-After` included.
    pub longest: Duration,
    /// Over all delays and tries.
    pub total: Duration,
}

impl Settings {
    /// The settings for a key with the figures of the design.
    #[must_use]
    pub fn with_key(base_url: impl Into<String>, key: SecretString) -> Self {
        let time_outs = TimeOuts {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(120),
            total: Duration::from_secs(600),
        };
        let patience = Patience {
            first: Duration::from_millis(500),
            longest: Duration::from_secs(30),
            total: Duration::from_secs(90),
        };
        Self { base_url: base_url.into(), key, time_outs, patience, max_body: 8 << 20 }
    }

    /// The key as it is sent.
    pub(super) fn checked_key(&self) -> Result<SecretString, Error> {
        let key = self.key.expose_secret().trim();
        if key.is_empty() {
            return Err(wrong("the key is empty: set OPENROUTER_API_KEY or `openrouter.api_key`"));
        }
        if !key.chars().all(|c| c.is_ascii_graphic()) {
            return Err(wrong("the key contains a blank or a character that no key has; paste it again"));
        }
        Ok(SecretString::from(key.to_owned()))
    }

    /// The address as it is prefixed to each path.
    pub(super) fn checked_base(&self) -> Result<reqwest::Url, Error> {
        let text = self.base_url.trim().trim_end_matches('/');
        let url = reqwest::Url::parse(text)
            .map_err(|error| wrong(format!("`openrouter.base_url` {text:?} is not an address: {error}")))?;
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("`openrouter.base_url` may not carry a user, a password, a query or a fragment"));
        }
        match url.scheme() {
            "https" => Ok(url),
            "http" if is_near(&url) => Ok(url),
            "http" => Err(wrong(format!("the key would travel unencrypted to {text}: use https"))),
            other => Err(wrong(format!("`openrouter.base_url` must begin with https, not {other}"))),
        }
    }
}

fn wrong(what: impl Into<String>) -> Error {
    Error::Settings { what: what.into() }
}

/// Whether an address stays on this machine or its own network: loopback, private ranges, names without a dot.
fn is_near(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_private(),
        Ok(IpAddr::V6(address)) => address.is_loopback() || address.is_unique_local(),
        Err(_) => !host.contains('.'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(base_url: &str, key: &str) -> Settings {
        Settings::with_key(base_url, SecretString::from(key.to_owned()))
    }

    #[test]
    fn a_pasted_key_loses_its_line_break_and_a_broken_one_is_refused() {
        assert_eq!(settings("", " sk-or-1\n").checked_key().unwrap().expose_secret(), "sk-or-1");
        for broken in ["", " \n", "sk or", "sk-ö", "sk\u{0}"] {
            let error = settings("", broken).checked_key().unwrap_err().to_string();
            assert!(broken.trim().is_empty() || !error.contains(broken.trim()), "{error}");
        }
    }

    #[test]
    fn a_key_is_not_sent_unencrypted_beyond_the_own_network() {
        let base = |url| settings(url, "k").checked_base().map(|url| url.to_string());
        assert_eq!(base("https://openrouter.ai/api/v1/").unwrap(), "https://openrouter.ai/api/v1");
        for near in ["http://127.0.0.1:9/v1", "http://[::1]:9/v1", "http://localhost/v1", "http://litellm:4000"] {
            assert!(base(near).is_ok(), "{near}");
        }
        for far in ["http://openrouter.ai/api/v1", "ftp://x", "nonsense", "https://u:p@x.y/v1", "https://x.y/?a=b"] {
            assert!(base(far).is_err(), "{far}");
        }
    }

    #[test]
    fn the_key_is_not_in_the_debug_text() {
        assert!(!format!("{:?}", settings("https://x.y", "sk-secret")).contains("sk-secret"));
    }
}
