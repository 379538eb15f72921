//! With which credential the worker calls its model, in the order of design section 9.

use std::fmt;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};

/// What there is to choose from.
#[derive(Debug, Default)]
pub struct Available {
    /// `claude_code.api_key`, written by the user.
    pub configured_key: Option<SecretString>,
    /// `CLAUDE_CODE_OAUTH_TOKEN`.
    pub oauth_token: Option<SecretString>,
    /// A Bedrock or Vertex switch that is set in the user's environment.
    pub cloud: Option<Cloud>,
    /// The configuration directory of an existing login.
    pub login: Option<PathBuf>,
    /// `ANTHROPIC_API_KEY`.
    pub api_key: Option<SecretString>,
}

/// A cloud provider's own authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cloud {
    /// `CLAUDE_CODE_USE_BEDROCK`.
    Bedrock,
    /// `CLAUDE_CODE_USE_VERTEX`.
    Vertex,
}

/// The credential in use.
#[derive(Debug)]
pub enum Credential {
    /// The key in cco's configuration.
    ConfiguredKey(SecretString),
    /// A subscription's token.
    OauthToken(SecretString),
    /// The cloud's.
    Cloud(Cloud),
    /// The user's own login, in this configuration directory.
    Login(PathBuf),
    /// The key of the user's environment.
    ApiKey(SecretString),
}

/// Who pays: whether the worker's dollars count against a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Billing {
    /// By use: dollars are dollars.
    Metered,
    /// By subscription: dollars are what the API would have cost.
    Subscription,
}

impl Available {
    /// The first of the order: what the user wrote down for cco before what happens to lie in the environment.
    #[must_use]
    pub fn choose(self) -> Option<Credential> {
        let Self { configured_key, oauth_token, cloud, login, api_key } = self;
        configured_key
            .map(Credential::ConfiguredKey)
            .or_else(|| oauth_token.map(Credential::OauthToken))
            .or_else(|| cloud.map(Credential::Cloud))
            .or_else(|| login.map(Credential::Login))
            .or_else(|| api_key.map(Credential::ApiKey))
    }
}

impl Credential {
    /// Who pays.
    #[must_use]
    pub const fn billing(&self) -> Billing {
        match self {
            Self::ConfiguredKey(_) | Self::Cloud(_) | Self::ApiKey(_) => Billing::Metered,
            Self::OauthToken(_) | Self::Login(_) => Billing::Subscription,
        }
    }

    /// The variable that carries it, with its value.
    pub(super) fn variable(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::ConfiguredKey(key) | Self::ApiKey(key) => Some(("ANTHROPIC_API_KEY", key.expose_secret())),
            Self::OauthToken(token) => Some(("CLAUDE_CODE_OAUTH_TOKEN", token.expose_secret())),
            Self::Cloud(_) | Self::Login(_) => None,
        }
    }

    /// Names, and beginnings of names, of the user's variables that belong to this credential.
    pub(super) const fn companions(&self) -> &'static [&'static str] {
        match self {
            Self::Cloud(Cloud::Bedrock) => &["CLAUDE_CODE_USE_BEDROCK", "AWS_", "ANTHROPIC_BEDROCK_"],
            Self::Cloud(Cloud::Vertex) => &[
                "CLAUDE_CODE_USE_VERTEX",
                "CLOUD_ML_REGION",
                "VERTEX_REGION_",
                "ANTHROPIC_VERTEX_",
                "GOOGLE_APPLICATION_CREDENTIALS",
                "GOOGLE_CLOUD_PROJECT",
            ],
            // A key of the environment is meant for the gateway of the environment.
            Self::ApiKey(_) => &["ANTHROPIC_BASE_URL", "ANTHROPIC_CUSTOM_HEADERS"],
            Self::ConfiguredKey(_) | Self::OauthToken(_) | Self::Login(_) => &[],
        }
    }
}

impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConfiguredKey(_) => f.write_str("the API key of claude_code.api_key"),
            Self::OauthToken(_) => f.write_str("the subscription token of CLAUDE_CODE_OAUTH_TOKEN"),
            Self::Cloud(Cloud::Bedrock) => f.write_str("Amazon Bedrock"),
            Self::Cloud(Cloud::Vertex) => f.write_str("Google Vertex AI"),
            Self::Login(dir) => write!(f, "the login in {}", dir.display()),
            Self::ApiKey(_) => f.write_str("the API key of ANTHROPIC_API_KEY"),
        }
    }
}

/// The configuration directory that holds a login: `CLAUDE_CONFIG_DIR` if that is set, else `~/.claude`.
#[must_use]
pub fn find_login(home: &Path, config_dir: Option<&Path>) -> Option<PathBuf> {
    let dir = config_dir.map_or_else(|| home.join(".claude"), Path::to_owned);
    let has_helper = || user_settings(&dir).contains_key("apiKeyHelper");
    (dir.join(".credentials.json").is_file() || has_helper()).then_some(dir)
}

/// Keys of the user's settings that a login may need; everything else (hooks, permissions, plugins) stays behind.
const LOGIN_SETTINGS: [&str; 5] = ["apiKeyHelper", "env", "awsAuthRefresh", "awsCredentialExport", "gcpAuthRefresh"];

/// What of the user's settings is passed on with a login; shown to the user by whoever asks.
#[expect(clippy::disallowed_methods, reason = "the one file of the user that this room reads")]
#[must_use]
pub fn user_settings(config_dir: &Path) -> serde_json::Map<String, serde_json::Value> {
    let text = std::fs::read(config_dir.join("settings.json")).unwrap_or_default();
    let Ok(serde_json::Value::Object(settings)) = serde_json::from_slice(&text) else {
        return serde_json::Map::new();
    };
    settings.into_iter().filter(|(key, _)| LOGIN_SETTINGS.contains(&key.as_str())).collect()
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test writes the file that is read")]
mod tests {
    use super::*;

    fn all() -> Available {
        Available {
            configured_key: Some("configured".into()),
            oauth_token: Some("token".into()),
            cloud: None,
            login: Some("/home/u/.claude".into()),
            api_key: Some("environment".into()),
        }
    }

    #[test]
    fn the_first_of_the_order_is_taken() {
        assert!(matches!(all().choose(), Some(Credential::ConfiguredKey(_))));
        let rest = Available { configured_key: None, ..all() };
        assert!(matches!(rest.choose(), Some(Credential::OauthToken(_))));
        let rest = Available { configured_key: None, oauth_token: None, ..all() };
        assert!(matches!(rest.choose(), Some(Credential::Login(_))));
        let rest = Available { configured_key: None, oauth_token: None, login: None, ..all() };
        assert!(matches!(rest.choose(), Some(Credential::ApiKey(_))));
        assert!(Available::default().choose().is_none());
    }

    #[test]
    fn no_secret_is_printed() {
        let credential = all().choose().unwrap();
        assert!(!format!("{credential} {credential:?}").contains("configured\""));
        assert_eq!(credential.variable(), Some(("ANTHROPIC_API_KEY", "configured")));
    }

    #[test]
    fn of_the_users_settings_only_what_a_login_needs_is_passed_on() {
        let dir = tempfile::tempdir().unwrap();
        let settings =
            r#"{"apiKeyHelper":"helper","env":{"A":"b"},"hooks":{"Stop":[]},"permissions":{"allow":["Bash"]}}"#;
        std::fs::write(dir.path().join("settings.json"), settings).unwrap();
        let kept: Vec<String> = user_settings(dir.path()).into_iter().map(|(key, _)| key).collect();
        assert_eq!(kept, ["apiKeyHelper", "env"]);
        assert_eq!(find_login(Path::new("/nowhere"), Some(dir.path())), Some(dir.path().to_owned()));
        assert_eq!(find_login(Path::new("/nowhere"), None), None);
    }
}
