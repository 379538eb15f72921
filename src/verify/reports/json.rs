//! JSON of reports: read into types that name what counts, so that everything else is passed over without being kept.
//! Nesting is bounded by serde_json (128 levels), numbers by their types: a negative or a broken count is an error.

use serde::Deserialize;

/// Reads a whole document.
pub(super) fn whole<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| format!("is not JSON that can be read: {error}"))
}

/// Reads each line that begins an object; programs write other lines in between.
pub(super) fn lines<'a, T: Deserialize<'a>>(text: &'a str) -> impl Iterator<Item = Result<T, String>> {
    let objects = text.lines().enumerate().filter(|(_, line)| line.starts_with('{'));
    objects.map(|(at, line)| {
        serde_json::from_str(line).map_err(|error| format!("has a line {} that cannot be read: {error}", at + 1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deep_nesting_and_odd_numbers_are_refused() {
        #[derive(Debug, Deserialize)]
        struct Count {
            #[serde(rename = "n")]
            _number: u64,
        }
        assert!(whole::<Count>("{\"n\": 1, \"rest\": [1, {\"a\": null}]}").is_ok());
        for wrong in ["{\"n\": -1}", "{\"n\": NaN}", "{\"n\": 1e999}", "{\"n\": 1.5}", "{\"n\": 1, \"n\": 2}", "{\"n\""]
        {
            assert!(whole::<Count>(wrong).is_err(), "{wrong}");
        }
        assert!(whole::<Vec<Vec<u64>>>(&"[".repeat(1_000_000)).is_err());
    }
}
