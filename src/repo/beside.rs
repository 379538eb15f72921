//! A second copy of a check tree, with what the work tree has and git ignores: for the question why a check fails in the
//! one and passes in the other. Nothing of the user's is touched, and the kept check tree stays as it is.

use std::path::{Path, PathBuf};

use super::Error;
use super::files;
use super::repo::Repo;

/// A copy of a check tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beside {
    /// What is ignored, stands in the work tree and not in the check tree; folders end with a slash.
    pub lacking: Vec<PathBuf>,
    /// Whether the copy was made: something is lacking, and all of it is small enough.
    pub copied: bool,
}

impl Repo {
    /// Copies a check tree to a folder that does not exist, and adds the work tree's ignored files that it lacks, if both
    /// together hold at most `limit` bytes. The caller discards the folder.
    ///
    /// # Errors
    /// If a file cannot be read or written, or whatever git says.
    pub fn copy_beside(&self, check_tree: &Path, into: &Path, limit: u64) -> Result<Beside, Error> {
        let mut lacking = self.ignored_present()?;
        let mut here = Vec::with_capacity(lacking.len());
        for path in &lacking {
            here.push(files::is_here(check_tree, path)?);
        }
        let mut here = here.into_iter();
        lacking.retain(|_| !here.next().unwrap_or(true));
        if lacking.is_empty() {
            return Ok(Beside { lacking, copied: false });
        }
        let mut left = limit;
        let mut fits = files::fits(check_tree, &mut left)?;
        for path in &lacking {
            fits = fits && files::fits(&self.work_tree().join(path), &mut left)?;
        }
        if fits {
            files::copy_tree(check_tree, into)?;
            for path in &lacking {
                files::copy_tree(&self.work_tree().join(path), &into.join(path))?;
            }
        }
        Ok(Beside { lacking, copied: fits })
    }
}
