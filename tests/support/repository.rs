//! A git repository of a test.

use std::fs;
use std::path::{Path, PathBuf};

use super::Place;

/// A repository with one commit on `main`, worked on through the real git.
#[derive(Debug)]
pub(crate) struct Repository<'a> {
    place: &'a Place,
    folder: PathBuf,
}

impl<'a> Repository<'a> {
    pub(super) fn create(place: &'a Place, folder: &Path) -> Self {
        fs::create_dir_all(folder).unwrap();
        let repository = Self { place, folder: folder.to_owned() };
        repository.git(["init", "--quiet", "--initial-branch=main"]);
        repository.write("README.md", "# A repository of a test\n");
        repository.commit("the first commit");
        repository
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs git here and gives what it prints, without the last line's end; a failure fails the test.
    #[track_caller]
    pub(crate) fn git<'b>(&self, arguments: impl IntoIterator<Item = &'b str>) -> String {
        let git = self.place.program(Path::new("git")).within(&self.folder).args(arguments);
        git.run().expect_code(0).stdout.trim_end().to_owned()
    }

    /// Writes a file, its folders included.
    pub(crate) fn write(&self, path: &str, content: &str) {
        let path = self.folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    #[track_caller]
    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.folder.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        self.folder.join(path).exists()
    }

    /// Commits everything there is.
    pub(crate) fn commit(&self, message: &str) {
        self.git(["add", "--all"]);
        self.git(["commit", "--quiet", "--message", message]);
    }

    /// The commit that HEAD is on.
    pub(crate) fn head(&self) -> String {
        self.git(["rev-parse", "HEAD"])
    }

    /// What differs from HEAD and from the index; empty for a clean work tree.
    pub(crate) fn status(&self) -> String {
        self.git(["status", "--porcelain"])
    }
}
