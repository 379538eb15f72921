//! What the machine gives at the moment: fsync, and the start of a process.

use std::fmt;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::table::{ms, spread};

pub(crate) struct Machine {
    /// 700 bytes written and synced.
    pub(crate) fsync: Duration,
    /// `syncfs` after two small new files.
    syncfs: Duration,
    /// `git version`: what any run of git costs at least.
    git: Duration,
    /// The load average: above the number of cores, times say more about the others than about cco.
    load: String,
}

impl Machine {
    pub(crate) fn measure() -> Self {
        let folder = tempfile::tempdir_in(scratch()).unwrap();
        let mut file = fs::File::create(folder.path().join("synced")).unwrap();
        let fsync = repeat(40, |_| {
            file.write_all(&[b'x'; 700]).unwrap();
            file.sync_data().unwrap();
        });
        let opened = fs::File::open(folder.path()).unwrap();
        let syncfs = repeat(10, |n| {
            fs::write(folder.path().join(format!("{n}")), "new").unwrap();
            fs::write(folder.path().join(format!("{n}.too")), "new").unwrap();
            nix::unistd::syncfs(&opened).unwrap();
        });
        let git = repeat(20, |_| drop(Command::new("git").arg("version").output().unwrap()));
        let load = fs::read_to_string("/proc/loadavg").unwrap();
        let load = load.split_whitespace().next().unwrap().to_owned();
        Self { fsync, syncfs, git, load }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fsync, syncfs, git, load } = self;
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        write!(
            f,
            "p50 of fsync {}, of syncfs {}, of a bare run of git {}; load {load} on {cores} cores",
            ms(*fsync),
            ms(*syncfs),
            ms(*git)
        )
    }
}

fn repeat(times: usize, mut once: impl FnMut(usize)) -> Duration {
    let times = (0..times).map(|n| {
        let begun = Instant::now();
        once(n);
        begun.elapsed()
    });
    spread(times.collect()).0
}

/// Where the benches put their repositories: beside the build, on a real disk; `/tmp` may be memory.
pub(crate) fn scratch() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
}
