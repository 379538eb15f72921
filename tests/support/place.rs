//! A hermetic place: folders of its own for everything a program looks for, and nothing inherited but PATH.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::Repository;
use super::program::Program;

/// A temporary home for programs under test; it ends with the folder removed and its processes killed.
#[derive(Debug)]
pub(crate) struct Place {
    root: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let root = tempfile::Builder::new().prefix("cco-test-").tempdir().unwrap();
        for folder in ["home/.claude", "config", "cache", "data", "state", "run", "tmp"] {
            fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        Self { root }
    }

    /// The folder that holds all others.
    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.root().join("home")
    }

    /// The configuration folder of Claude Code.
    pub(crate) fn claude_config(&self) -> PathBuf {
        self.root().join("home/.claude")
    }

    /// The whole environment of a program here: PATH, folders below the root, a git identity.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let folder = |name: &str| self.root().join(name).display().to_string();
        let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".to_owned());
        let pairs = [
            ("PATH", path),
            ("HOME", folder("home")),
            ("CLAUDE_CONFIG_DIR", folder("home/.claude")),
            ("XDG_CONFIG_HOME", folder("config")),
            ("XDG_CACHE_HOME", folder("cache")),
            ("XDG_DATA_HOME", folder("data")),
            ("XDG_STATE_HOME", folder("state")),
            ("XDG_RUNTIME_DIR", folder("run")),
            ("TMPDIR", folder("tmp")),
            ("CLAUDE_CODE_TMPDIR", folder("tmp")),
            ("LANG", "C.UTF-8".to_owned()),
            ("TERM", "dumb".to_owned()),
            ("TZ", "UTC".to_owned()),
            ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
            ("GIT_AUTHOR_NAME", "A Tester".to_owned()),
            ("GIT_AUTHOR_EMAIL", "tester@example.invalid".to_owned()),
            ("GIT_COMMITTER_NAME", "A Tester".to_owned()),
            ("GIT_COMMITTER_EMAIL", "tester@example.invalid".to_owned()),
        ];
        pairs.map(|(name, value)| (name.to_owned(), value)).to_vec()
    }

    /// A program to run here; it starts in the root with no arguments and an empty input.
    pub(crate) fn program(&self, path: &Path) -> Program {
        Program::new(path, self.root(), self.environment())
    }

    /// The `cco` of this build.
    pub(crate) fn cco<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Program {
        self.program(Path::new(env!("CARGO_BIN_EXE_cco"))).args(arguments)
    }

    /// A git repository of one commit, in the folder of this name.
    pub(crate) fn repository(&self, name: &str) -> Repository<'_> {
        Repository::create(self, &self.root().join(name))
    }

    /// The live processes of this place: its programs and all that they left behind, in whatever group or session.
    ///
    /// They are known by a folder of the place in their environment, HOME for one, or by where they stand. No process
    /// of anyone else names a folder with this random name.
    pub(crate) fn processes(&self) -> Vec<Pid> {
        let root = self.root();
        let name = root.as_os_str().as_bytes();
        let belongs = |pid: &i32| {
            // A process that has ended meanwhile, or is not ours to read, is not one of the place.
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            let stands = fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|folder| folder.starts_with(root));
            stands || environment.windows(name.len()).any(|part| part == name)
        };
        let entries = fs::read_dir("/proc").unwrap().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        pids.filter(belongs).map(Pid::from_raw).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // A tool may start another while it is being killed; a few rounds reach all that do not multiply on purpose.
        for _ in 0..10 {
            let alive = self.processes();
            if alive.is_empty() {
                break;
            }
            for pid in alive {
                // One that is gone already needs no signal.
                let _ = kill(pid, Signal::SIGKILL);
            }
        }
    }
}
