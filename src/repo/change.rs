//! What a comparison of two trees gives.

use std::path::PathBuf;

/// One path that differs between two trees. Renames are told as a deletion and an addition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// From the root of the tree.
    pub path: PathBuf,
    /// What happened to it.
    pub kind: ChangeKind,
    /// Lines added and removed; none for binary files and changed types.
    pub lines: Option<(u64, u64)>,
}

/// What happened to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// Content or mode differ.
    Modified,
    /// It is gone.
    Deleted,
    /// A file became a link, a submodule or the other way round.
    TypeChanged,
}

/// A comparison in three numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiffStat {
    /// Paths that differ.
    pub files: usize,
    /// Lines added, binary files not counted.
    pub added: u64,
    /// Lines removed, binary files not counted.
    pub removed: u64,
}

impl DiffStat {
    /// Sums up changes.
    #[must_use]
    pub fn of(changes: &[Change]) -> Self {
        let lines = changes.iter().filter_map(|change| change.lines);
        let (added, removed) = lines.fold((0, 0), |(added, removed), (more, fewer)| (added + more, removed + fewer));
        Self { files: changes.len(), added, removed }
    }
}

/// A comparison as unified diff.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiffText {
    /// The diff, cut after a whole line; bytes that are not UTF-8 replaced. Binary files are named, not shown.
    pub text: String,
    /// How many bytes of the whole diff are not in `text`.
    pub omitted: usize,
}

impl DiffText {
    /// Cuts a whole diff to at most `max` bytes.
    pub(super) fn cut(whole: &[u8], max: usize) -> Self {
        let kept = match whole.get(..max) {
            Some(start) if whole.len() > max => {
                &start[..start.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)]
            }
            Some(_) | None => whole,
        };
        Self { text: String::from_utf8_lossy(kept).into_owned(), omitted: whole.len() - kept.len() }
    }
}

/// One entry of a tree, sub-trees resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeEntry {
    /// From the root of the tree.
    pub path: PathBuf,
    /// Git's mode: `0o100644`, `0o100755`, `0o120000` (link) or `0o160000` (submodule).
    pub mode: u32,
    /// The object's id.
    pub id: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_is_cut_after_a_whole_line_and_says_how_much_is_missing() {
        let cut = DiffText::cut(b"one\ntwo\nthree\n", 9);
        assert_eq!((cut.text.as_str(), cut.omitted), ("one\ntwo\n", 6));
        assert_eq!(DiffText::cut(b"one\n", 4), DiffText { text: "one\n".to_owned(), omitted: 0 });
        assert_eq!(DiffText::cut(b"a long line\n", 3).omitted, 12);
    }
}
