//! The private index: seeded from the user's (its stat cache makes the first snapshot fast), then cco's own.
//!
//! Invariant: no assume-unchanged bit is in it, so a worker that hides an edit in the user's index hides nothing here.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use git2::{IndexEntryExtendedFlag, IndexEntryFlag};

use super::git::{nul_list, path, records};
use super::repo::Repo;
use super::{Error, files};

/// Where the list of paths is kept that the user chose not to have in the work tree, in case the index must be rebuilt.
const SKIPPED: &str = "skip-worktree";

/// Where the list of submodule paths is kept: no git of ours may look into one, its configuration is not pinned.
const GITLINKS: &str = "gitlinks";

/// The mode of a submodule, and the bits that tell the sides of a conflict.
const GITLINK: u32 = 0o160_000;
const STAGE: u16 = 0x3000;

/// What the user's index says beside content.
#[derive(Default)]
pub(super) struct Flags {
    /// Marked skip-worktree: left out of the work tree on purpose, by sparse checkout or by hand.
    pub(super) skipped: Vec<PathBuf>,
    assumed: Vec<PathBuf>,
    gitlinks: Vec<PathBuf>,
    unmerged: Vec<PathBuf>,
}

impl Flags {
    /// Reads the bits of each entry (`git help index-format`).
    fn of(index: &git2::Index) -> Self {
        let mut flags = Self::default();
        for entry in index.iter() {
            let name = path(&entry.path);
            if entry.mode == GITLINK {
                flags.gitlinks.push(name.clone());
            }
            if entry.flags & STAGE != 0 {
                flags.unmerged.push(name.clone());
            } else if entry.flags_extended & IndexEntryExtendedFlag::SKIP_WORKTREE.bits() != 0 {
                flags.skipped.push(name.clone());
            }
            if entry.flags & IndexEntryFlag::VALID.bits() != 0 {
                flags.assumed.push(name);
            }
        }
        flags.unmerged.dedup();
        flags
    }

    /// Reads `ls-files -s -v -z`: `TAG mode oid stage<TAB>path`, the tag in lower case for assume-unchanged.
    fn parse(listed: &[u8]) -> Self {
        let mut flags = Self::default();
        for record in records(listed) {
            let Some(tab) = record.iter().position(|byte| *byte == b'\t') else { continue };
            let (head, name) = (&record[..tab], path(&record[tab + 1..]));
            let tag = head.first().copied().unwrap_or(b'H');
            if head.get(2..8) == Some(b"160000") {
                flags.gitlinks.push(name.clone());
            }
            match tag.to_ascii_uppercase() {
                b'S' => flags.skipped.push(name.clone()),
                b'M' => flags.unmerged.push(name.clone()),
                _ => {}
            }
            if tag.is_ascii_lowercase() {
                flags.assumed.push(name);
            }
        }
        flags.unmerged.dedup();
        flags
    }
}

impl Repo {
    /// Copies the user's index into the private one, whole and without its hiding bits. Before any worker lives.
    pub(super) fn seed_index(&self) -> Result<Flags, Error> {
        let flags = match self.libgit2_of_users().and_then(|repository| repository.index().ok()) {
            Some(index) => Flags::of(&index),
            None => Flags::parse(&self.git_on_users().args(["ls-files", "-s", "-v", "-z"]).run()?),
        };
        if !flags.unmerged.is_empty() {
            return Err(Error::Unmerged { paths: flags.unmerged });
        }
        files::write(&self.private().join(SKIPPED), &nul_list(flags.skipped.iter().map(PathBuf::as_path)))?;
        files::write(&self.private().join(GITLINKS), &nul_list(flags.gitlinks.iter().map(PathBuf::as_path)))?;
        self.remove_old_indexes(None)?;
        self.copy_users_index(&self.index_path(), &flags.assumed)?;
        Ok(flags)
    }

    /// Sees to it that this process has a private index: the newest one there is, or one built from HEAD.
    pub(super) fn have_index(&self) -> Result<(), Error> {
        self.must_be_prepared()?;
        let own = self.index_path();
        // This process runs one git at a time on its own index, so a lock can only be what a killed one left.
        if files::look(&own)?.is_some() {
            return files::remove(&lock_of(&own));
        }
        if self.drop_lost_objects()? {
            return self.rebuild_index();
        }
        if files::copy(&self.newest_index()?, &own)? {
            self.remove_old_indexes(Some(&own))
        } else {
            self.rebuild_index()
        }
    }

    /// The private index that was last written, by whichever process; this process's own if there is none.
    pub(super) fn newest_index(&self) -> Result<PathBuf, Error> {
        let newest = self.indexes()?.into_iter().max_by_key(|(changed, _)| *changed);
        Ok(newest.map_or_else(|| self.index_path(), |(_, found)| found))
    }

    /// Builds the private index from the commit cco stands on; every file is then read once by the next snapshot.
    pub(super) fn rebuild_index(&self) -> Result<(), Error> {
        let own = self.index_path();
        files::remove(&own)?;
        files::remove(&lock_of(&own))?;
        self.git_on_tree().args(["read-tree", "HEAD"]).run()?;
        let skipped = files::read_if_there(&self.private().join(SKIPPED))?.unwrap_or_default();
        if skipped.is_empty() {
            return Ok(());
        }
        let mark = ["update-index", "--skip-worktree", "-z", "--stdin"];
        self.git_on_tree().args(mark).input(skipped).run().map(drop)
    }

    /// The submodules that the private index holds as commits.
    pub(super) fn gitlinks(&self) -> Result<Vec<PathBuf>, Error> {
        let listed = files::read_if_there(&self.private().join(GITLINKS))?.unwrap_or_default();
        Ok(records(&listed).map(path).collect())
    }

    /// Notes the submodules of a tree that the private index was moved to.
    pub(super) fn note_gitlinks(&self, gitlinks: &[PathBuf]) -> Result<(), Error> {
        files::write(&self.private().join(GITLINKS), &nul_list(gitlinks.iter().map(PathBuf::as_path)))
    }

    fn indexes(&self) -> Result<Vec<(SystemTime, PathBuf)>, Error> {
        let mut found = Vec::new();
        for name in files::names(&self.private())? {
            let is_index = name.file_stem().is_some_and(|stem| stem == "index")
                && name.extension().is_some_and(|pid| pid.as_encoded_bytes().iter().all(u8::is_ascii_digit));
            if let (true, Some(metadata)) = (is_index, files::look(&name)?) {
                found.push((metadata.modified().map_err(Error::io("looking at", &name))?, name));
            }
        }
        Ok(found)
    }

    fn remove_old_indexes(&self, keep: Option<&Path>) -> Result<(), Error> {
        for (_, name) in self.indexes()? {
            if Some(name.as_path()) != keep {
                files::remove(&name)?;
                files::remove(&lock_of(&name))?;
            }
        }
        Ok(())
    }
}

/// How many entries an index file has, by its header: `DIRC`, the version, the number. `None` if there is no such file.
pub(super) fn entries(index: &Path) -> Result<Option<u32>, Error> {
    let header: Option<[u8; 12]> = files::first(index)?;
    Ok(header.and_then(|header| header.last_chunk().copied()).map(u32::from_be_bytes))
}

/// Whether an error means that the index itself cannot be read, as after a power cut.
pub(super) fn is_damaged(error: &Error) -> bool {
    ["index file corrupt", "bad signature", "index file smaller", "bad index version", "index file open failed"]
        .iter()
        .any(|sentence| error.git_said(sentence))
}

fn lock_of(index: &Path) -> PathBuf {
    let mut name = index.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_listing_gives_hidden_skipped_unmerged_and_submodule_paths() {
        let oid = "0123456789012345678901234567890123456789";
        let listed = format!(
            "H 100644 {oid} 0\tplain\0h 100644 {oid} 0\tassumed\0S 100644 {oid} 0\tskipped\0s 100644 {oid} 0\tboth\0\
             M 100644 {oid} 1\tconflict\0M 100644 {oid} 2\tconflict\0H 160000 {oid} 0\tsub\0"
        );
        let flags = Flags::parse(listed.as_bytes());
        let names = |paths: &[PathBuf]| paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
        assert_eq!(names(&flags.assumed), ["assumed", "both"]);
        assert_eq!(names(&flags.skipped), ["skipped", "both"]);
        assert_eq!(names(&flags.unmerged), ["conflict"]);
        assert_eq!(names(&flags.gitlinks), ["sub"]);
    }
}
