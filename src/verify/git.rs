//! `git`: what changed since the mission's start, and the commits since. Pure: the history is handed in, read from cco's
//! own git dir, because the `.git` of a check tree is within reach of the programs that ran before.

use super::files;
use super::finding::{Finding, Tally, number};
use super::ground::Place;
use super::text::short;
use crate::mission::{Check, CheckKind, GitCheck};

/// So many paths or subjects are named where there are more.
const NAMED: usize = 5;

/// What happened between the mission's start and the tree under check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// The paths that differ between the tree of the start and this one, sorted.
    pub changes: Vec<Changed>,
    /// The first lines of the messages of the commits since the start, the oldest first.
    pub subjects: Vec<String>,
    /// The paths that differ between the newest commit and this tree.
    pub uncommitted: Vec<String>,
}

/// One path that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// From the root of the tree.
    pub path: String,
    /// Lines added and removed; `None` where lines cannot be counted, as in a binary file.
    pub lines: Option<u64>,
}

/// Whether a check, or a part of it, asks for the history.
#[must_use]
pub fn asks_history(check: &Check) -> bool {
    matches!(check.kind, CheckKind::Git(_)) || check.parts().iter().any(asks_history)
}

pub(super) fn check(place: &Place<'_>, what: &GitCheck) -> Finding {
    let finding = match &place.ground.history {
        Some(history) => judge(what, history, &place.check.cwd),
        None => Finding::inconclusive("there is no commit to compare this tree with"),
    };
    finding.subject("changes since the start")
}

fn judge(what: &GitCheck, history: &History, cwd: &str) -> Finding {
    let mut tally = Tally::default();
    tally.measure("changed_files", number(history.changes.len() as u64), "");
    for glob in &what.changed {
        match matching(history, cwd, glob) {
            Err(reason) => tally.note_undecided(reason),
            Ok(paths) if paths.is_empty() => tally.note(false, format!("nothing at `{glob}` changed")),
            Ok(paths) => tally.note(true, format!("changed at `{glob}`: {}", some(&paths))),
        }
    }
    for glob in &what.unchanged {
        match matching(history, cwd, glob) {
            Err(reason) => tally.note_undecided(reason),
            Ok(paths) if paths.is_empty() => tally.note(true, format!("nothing at `{glob}` changed")),
            Ok(paths) => tally.note(false, format!("changed at `{glob}`: {}, asked for no change", some(&paths))),
        }
    }
    if let Some(most) = what.max_diff {
        note_size(&mut tally, history, most);
    }
    if what.conventional_commits {
        note_subjects(&mut tally, &history.subjects);
    }
    if what.clean {
        let paths: Vec<&str> = history.uncommitted.iter().map(String::as_str).collect();
        let phrase = match paths.len() {
            0 => "the tree is that of the newest commit".to_owned(),
            count => format!("{count} paths are not committed: {}", some(&paths)),
        };
        tally.note(paths.is_empty(), phrase);
    }
    tally.finding()
}

/// The changed paths that a glob selects; globs are relative to the check's folder.
fn matching<'h>(history: &'h History, cwd: &str, glob: &str) -> Result<Vec<&'h str>, String> {
    let matcher = files::glob(glob.trim_start_matches("./")).map_err(|error| format!("`{glob}` {error}"))?;
    let below = |path: &'h str| match cwd.trim_matches('/') {
        "" | "." => Some(path),
        cwd => path.strip_prefix(cwd)?.strip_prefix('/'),
    };
    let paths = history.changes.iter().map(|change| change.path.as_str());
    // A folder stands for all that is in it.
    let folder = format!("{}/", glob.trim_start_matches("./").trim_end_matches('/'));
    Ok(paths
        .filter(|path| below(path).is_some_and(|path| matcher.is_match(path) || path.starts_with(&folder)))
        .collect())
}

fn note_size(tally: &mut Tally, history: &History, most: u64) {
    let lines = history.changes.iter().filter_map(|change| change.lines).fold(0, u64::saturating_add);
    let uncounted = history.changes.iter().filter(|change| change.lines.is_none()).count();
    tally.measure("changed_lines", number(lines), format!("<= {most}"));
    let beside = if uncounted == 0 { String::new() } else { format!(" beside {uncounted} files without lines") };
    tally.note(lines <= most, format!("{lines} lines added and removed{beside}, asked for {most} at most"));
}

fn note_subjects(tally: &mut Tally, subjects: &[String]) {
    let odd: Vec<&str> = subjects.iter().map(String::as_str).filter(|subject| !is_conventional(subject)).collect();
    tally.measure("commits", number(subjects.len() as u64), "");
    let phrase = match (subjects.len(), odd.len()) {
        (0, _) => "no commit since the start".to_owned(),
        (count, 0) => format!("{count} commits follow Conventional Commits"),
        (count, wrong) => format!("{wrong} of {count} commits do not follow Conventional Commits: {}", some(&odd)),
    };
    tally.note(odd.is_empty(), phrase);
}

/// `type(scope)!: description`, by Conventional Commits 1.0: the type is a noun, the scope a noun in brackets, and a colon
/// and a space stand before the description.
fn is_conventional(subject: &str) -> bool {
    let Some((prefix, description)) = subject.split_once(": ") else { return false };
    let prefix = prefix.strip_suffix('!').unwrap_or(prefix);
    let (kind, scope) = match prefix.split_once('(') {
        Some((kind, rest)) => match rest.strip_suffix(')') {
            Some(scope) => (kind, Some(scope)),
            None => return false,
        },
        None => (prefix, None),
    };
    let noun = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "-_".contains(c));
    let scoped = scope.is_none_or(|scope| !scope.trim().is_empty() && !scope.contains(['(', ')']));
    noun(kind) && scoped && !description.trim().is_empty()
}

fn some(names: &[&str]) -> String {
    let named: Vec<String> = names.iter().take(NAMED).map(|name| short(name)).collect();
    let more = if names.len() > NAMED { format!(" and {} more", names.len() - NAMED) } else { String::new() };
    format!("{}{more}", named.join(", "))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::words::Outcome::{Fail, Pass};

    fn history(changes: &[(&str, Option<u64>)], subjects: &[&str]) -> History {
        History {
            changes: changes.iter().map(|(path, lines)| Changed { path: (*path).into(), lines: *lines }).collect(),
            subjects: subjects.iter().map(ToString::to_string).collect(),
            uncommitted: vec![],
        }
    }

    #[test]
    fn globs_tell_what_must_and_what_must_not_have_changed() {
        let history = history(&[("src/a.rs", Some(3)), ("tests/deep/b.rs", Some(1))], &[]);
        let changed = |glob: &str| judge(&GitCheck { changed: vec![glob.into()], ..GitCheck::default() }, &history, "");
        let unchanged = |glob: &str, cwd| {
            judge(&GitCheck { unchanged: vec![glob.into()], ..GitCheck::default() }, &history, cwd).outcome
        };
        assert_eq!((changed("src/*.rs").outcome, changed("docs/**").outcome), (Pass, Fail));
        assert_eq!(
            (unchanged("tests/**", ""), unchanged("tests", ""), unchanged("tests/*.rs", "")),
            (Fail, Fail, Pass)
        );
        assert_eq!((unchanged("deep/*.rs", "tests"), unchanged("src/**", "tests")), (Fail, Pass));
    }

    #[test]
    fn the_size_of_a_change_is_that_of_its_lines() {
        let history = history(&[("a", Some(7)), ("b", Some(3)), ("logo.png", None)], &[]);
        let most = |most| judge(&GitCheck { max_diff: Some(most), ..GitCheck::default() }, &history, "");
        assert_eq!((most(10).outcome, most(9).outcome), (Pass, Fail));
        assert!(most(9).evidence.summary.contains("beside 1 files without lines"));
    }

    #[test]
    fn subjects_are_held_against_the_convention() {
        for good in ["feat: x", "fix(api)!: y", "docs!: z", "build(deps-dev): a: b", "revert: \"x\""] {
            assert!(is_conventional(good), "{good}");
        }
        for bad in [
            "",
            "feat:x",
            "feat : x",
            "feat(: x",
            "feat(): x",
            ": x",
            "Add a thing",
            "feat: ",
            "fix api: x",
            "feat(a)b: x",
        ] {
            assert!(!is_conventional(bad), "{bad}");
        }
        let of = |subjects: &[&str]| {
            judge(&GitCheck { conventional_commits: true, ..GitCheck::default() }, &history(&[], subjects), "")
        };
        assert_eq!((of(&["feat: a", "Add b"]).outcome, of(&["feat: a"]).outcome, of(&[]).outcome), (Fail, Pass, Pass));
    }

    #[test]
    fn clean_means_that_nothing_differs_from_the_newest_commit() {
        let mut history = history(&[("a", Some(1))], &[]);
        let clean = GitCheck { clean: true, ..GitCheck::default() };
        assert_eq!(judge(&clean, &history, "").outcome, Pass);
        history.uncommitted = vec!["a".into()];
        assert_eq!(judge(&clean, &history, "").outcome, Fail);
    }

    proptest! {
        #[test]
        fn no_history_makes_it_panic(paths in prop::collection::vec("\\PC{0,20}", 0..20), glob in "\\PC{0,12}", cwd in "[a-z./]{0,6}") {
            let changes: Vec<(&str, Option<u64>)> = paths.iter().map(|path| (path.as_str(), Some(u64::MAX))).collect();
            let subjects: Vec<&str> = paths.iter().map(String::as_str).collect();
            let what = GitCheck { clean: true, changed: vec![glob.clone()], unchanged: vec![glob], max_diff: Some(1), conventional_commits: true };
            drop(judge(&what, &history(&changes, &subjects), &cwd));
        }
    }
}
