//! Keeps secrets out of messages: what is shown of a file may hold a key that someone wrote into it (invariant I10).

/// Starts of well-known keys and tokens.
const PREFIXES: &[&str] = &[
    "sk-",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "xapp-",
    "AKIA",
    "ASIA",
    "AIza",
    "eyJ",
];

/// Key names whose values are not shown, wherever they end so.
const SECRET_KEYS: &[&str] = &["key", "token", "secret", "password", "passwd", "credential", "credentials"];

/// The text with what looks like a secret replaced by `***`, column for column no longer exact behind it.
pub(crate) fn mask(text: &str) -> String {
    match secret_value(text) {
        Some(start) => format!("{}***", mask_words(&text[..start])),
        None => mask_words(text),
    }
}

/// Where on a line such as `api_key: abc` the first value starts that is a secret and does not only say where one is.
fn secret_value(line: &str) -> Option<usize> {
    line.match_indices(": ").find_map(|(colon, _)| {
        let before = line.get(..colon)?;
        let key = before.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').next()?.to_lowercase();
        let value = line.get(colon + 2..)?.trim_start();
        let bare = value.trim_start_matches(['"', '\'']);
        let place = ["file:", "cmd:", "keyring:"].iter().any(|place| bare.starts_with(place));
        let variable = bare.strip_prefix("${").and_then(|rest| rest.split_once('}'));
        let only = variable.is_some_and(|(_, rest)| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '$'));
        let secret = SECRET_KEYS
            .iter()
            .any(|name| key.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with(['_', 'i'])));
        (secret && !bare.is_empty() && !place && !only).then(|| line.len() - value.len())
    })
}

fn mask_words(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c: char| !is_token(c)).unwrap_or(rest.len());
        if end == 0 {
            shown.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let (word, tail) = rest.split_at(end);
        let secret = word.len() >= 16 && PREFIXES.iter().any(|prefix| word.starts_with(prefix));
        shown.push_str(if secret { "***" } else { word });
        rest = tail;
    }
    shown
}

fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_shown() {
        assert_eq!(mask("  api_key: hunter2hunter2"), "  api_key: ***");
        assert_eq!(mask("apiKey: \"abc\""), "apiKey: ***");
        assert_eq!(mask("openrouter: {model: x, api_key: abc}"), "openrouter: {model: x, api_key: ***");
        assert_eq!(mask("api_key: ${A}bc"), "api_key: ***");
        assert_eq!(mask("  api_kye: sk-or-v1-0123456789abcdef"), "  api_kye: ***");
        assert_eq!(mask("found text `ghp_0123456789abcdef0123`"), "found text `***`");
    }

    #[test]
    fn what_only_names_a_secret_stays_readable() {
        for line in [
            "api_key: ${OPENROUTER_API_KEY}",
            "token: file:/run/token",
            "max_tokens: twenty",
            "key: ",
            "run: sk-ip it",
            "x: {api_key: ${A}, b: 1}",
        ] {
            assert_eq!(mask(line), line);
        }
    }
}
