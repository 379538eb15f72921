//! Floor 4: git. Snapshots, commits, the mission's branch, check trees, comparison.
//!
//! Invariant: what a worker writes into the repository's `.git` never runs and never decides. Everything that writes
//! goes through the git command line on a private git dir (`<common>/cco/git`: own index, own configuration pinned
//! at [`Repo::prepare`], the user's objects borrowed). The user's own git dir is written in four places only: the
//! objects and the ref of a publish, HEAD when the mission's branch is entered, the index when it is refreshed.
//!
//! Whoever calls what writes (prepare, snapshot, publish, refresh, restore, check trees) holds the repository's lock
//! (`store`) and uses one [`Repo`] and its clones; readers may open their own at any time.
//!
//! All calls block: the shell runs them on a blocking thread. In reading order: `repo` (what is open), `open`
//! (discovery and refusals), `git` (one run of git), `pinned` and `prepare` (the private git dir), `index` and
//! `users_index`, `snapshot`, `status`, `take_in` and `leave_out`, `commit`, `publish` and `transfer`, `branch`, `check_tree`, `links`, `restore`,
//! `read`, `refs`, `take_over`, `audit`.

mod audit;
mod beside;
mod branch;
mod change;
mod check_tree;
mod commit;
mod environment;
mod error;
mod files;
mod git;
mod index;
mod leave_out;
mod links;
mod log;
mod open;
mod pinned;
mod prepare;
mod publish;
mod reach;
mod read;
mod read_cli;
mod refs;
#[expect(clippy::module_inception, reason = "the file that carries the room's main idea has the plain name")]
mod repo;
mod restore;
mod snapshot;
mod status;
mod submodule;
mod take_in;
mod take_over;
mod transfer;
mod users_index;

pub use beside::Beside;
pub use branch::BranchChoice;
pub use change::{Change, ChangeKind, DiffStat, DiffText, TreeEntry};
pub use check_tree::CheckTree;
pub use commit::{CommitMessage, NewCommit, Trailer};
pub use environment::Environment;
pub use error::Error;
pub use files::Standing;
pub use leave_out::{LeftOut, Why};
pub use links::links_out;
pub use log::Logged;
pub use open::{Options, git_version};
pub use prepare::Prepared;
pub use publish::{Publish, Published};
pub use refs::{RefChange, Refs};
pub use repo::{Head, ObjectFormat, Repo};
pub use restore::Restored;
pub use snapshot::Snapshot;
pub use submodule::Submodule;
pub use take_over::TakeOver;
