//! The files that a mission made, with their versions: what the last action left as it was is finished.

use super::quote::{data, line};

/// The most files shown of each kind.
const SHOWN: usize = 40;
/// The longest path shown, in characters.
const PATH_CHARS: usize = 160;
/// Hexadecimal digits shown of a version.
const VERSION_DIGITS: usize = 10;

/// One file that differs from where the mission began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Relative to the repository.
    pub path: String,
    /// Its version: the git object id of its content.
    pub blob: String,
    /// Whether the last action changed it.
    pub by_the_last: bool,
}

/// The files with their versions, as data; empty where there is none.
pub(super) fn made(files: &[Made]) -> String {
    let (changed, finished): (Vec<&Made>, Vec<&Made>) = files.iter().partition(|file| file.by_the_last);
    let parts =
        [listed("changed by the last action", &changed), listed("finished: unchanged by the last action", &finished)];
    let text = parts.into_iter().flatten().collect::<Vec<_>>().join("\n");
    if text.is_empty() { text } else { data("files and their versions", &text, 8 << 10) }
}

fn listed(title: &str, files: &[&Made]) -> Option<String> {
    if files.is_empty() {
        return None;
    }
    let mut lines = vec![format!("{title}:")];
    lines.extend(files.iter().take(SHOWN).map(|file| {
        let version: String = file.blob.chars().take(VERSION_DIGITS).collect();
        format!("- {} @ {version}", line(&file.path, PATH_CHARS))
    }));
    if files.len() > SHOWN {
        lines.push(format!("- and {} more", files.len() - SHOWN));
    }
    Some(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, blob: &str, by_the_last: bool) -> Made {
        Made { path: path.into(), blob: blob.into(), by_the_last }
    }

    #[test]
    fn unchanged_files_are_finished_and_each_has_its_version() {
        let text = made(&[file("src/a.rs", "0123456789abcdef", false), file("src/b.rs", "fedcba9876543210", true)]);
        let changed = "changed by the last action:\n- src/b.rs @ fedcba9876";
        let finished = "finished: unchanged by the last action:\n- src/a.rs @ 0123456789";
        assert!(text.contains(&format!("{changed}\n{finished}")), "{text}");
        assert_eq!(made(&[]), "");
    }

    #[test]
    fn the_list_is_bounded_and_says_so() {
        let many: Vec<Made> = (0..100).map(|n| file(&format!("{n}/{}", "x".repeat(900)), "ab", true)).collect();
        let text = made(&many);
        assert!(text.contains("- and 60 more") && text.len() < (8 << 10) + 200, "{}", text.len());
    }
}
