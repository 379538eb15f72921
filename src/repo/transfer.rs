//! Objects on their way from the private git dir to the user's, and after a power cut.
//!
//! Invariant: when a ref of the user's is moved, all it leads to is on disk. Objects are copied, never linked: a worker
//! that spoils the user's object files spoils none of cco's (`faults.md` D3).

use std::path::{Path, PathBuf};

use super::repo::Repo;
use super::{Error, files};
use crate::words::CommitId;

/// Where the boot is noted in which the private git dir was last used.
const BOOT: &str = "boot";

impl Repo {
    /// Copies what a commit needs and the user's repository lacks, and waits until it is on disk.
    pub(super) fn transfer(&self, new: &CommitId, old: Option<&CommitId>) -> Result<(), Error> {
        let objects = self.common_dir().join("objects");
        if !self.copy_loose(new, old, &objects)? {
            self.pack_and_unpack(new, old, &objects)?;
        }
        // One flush for all: syncing each loose object costs several milliseconds apiece.
        files::sync_file_system(&objects)
    }

    /// The fast way, for objects that lie as files of their own. Returns whether it could be gone.
    fn copy_loose(&self, new: &CommitId, old: Option<&CommitId>, objects: &Path) -> Result<bool, Error> {
        let own = self.private().join("objects");
        if !files::names(&own.join("pack"))?.is_empty() {
            return Ok(false);
        }
        for id in self.objects_beyond(new, old)? {
            let Some((folder, name)) = id.split_at_checked(2) else { continue };
            let (from, to) = (own.join(folder).join(name), objects.join(folder).join(name));
            // What is not among our own objects is borrowed, so the user has it.
            let Some(ours) = files::look(&from)? else { continue };
            // An interrupted copy of before a power cut may be there in name only.
            if files::look(&to)?.is_none_or(|theirs| theirs.len() != ours.len()) {
                files::copy_object(&from, &to, objects)?;
            }
        }
        Ok(true)
    }

    /// The general way: git packs what only the private git dir has, and unpacks it where it is wanted.
    fn pack_and_unpack(&self, new: &CommitId, old: Option<&CommitId>, objects: &Path) -> Result<(), Error> {
        let without_old = old.map(|old| format!("^{old}\n")).unwrap_or_default();
        let wanted = format!("{new}\n{without_old}");
        let pack = ["pack-objects", "--revs", "--local", "--stdout", "-q", "--window=0", "--threads=1"];
        let unpack = self.git().env("GIT_OBJECT_DIRECTORY", objects).args(["unpack-objects", "-q"]);
        self.git().args(pack).input(wanted.into_bytes()).piped_into(unpack)
    }

    /// Removes what a power cut left of objects that were written but not yet on disk: files without content, which git
    /// would take for the objects. Looks only once per boot. Returns whether there were any.
    pub(super) fn drop_lost_objects(&self) -> Result<bool, Error> {
        let noted = self.private().join(BOOT);
        let boot = files::read_if_there(Path::new("/proc/sys/kernel/random/boot_id"))?.unwrap_or_default();
        if files::read_if_there(&noted)?.is_some_and(|last| last == boot) {
            return Ok(false);
        }
        let lost = self.empty_objects()?;
        for object in &lost {
            tracing::warn!(object = %object.display(), "removing an object that did not survive a power cut");
            files::remove(object)?;
        }
        files::write(&noted, &boot)?;
        Ok(!lost.is_empty())
    }

    fn empty_objects(&self) -> Result<Vec<PathBuf>, Error> {
        let mut empty = Vec::new();
        for folder in files::names(&self.private().join("objects"))? {
            if folder.file_name().is_none_or(|name| name.len() != 2) {
                continue;
            }
            for object in files::names(&folder)? {
                if files::look(&object)?.is_some_and(|found| found.len() == 0) {
                    empty.push(object);
                }
            }
        }
        Ok(empty)
    }
}
