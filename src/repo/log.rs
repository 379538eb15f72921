//! The commits between two points, for the report: by libgit2, or by the command line where it cannot read.

use git2::Sort;
use jiff::Timestamp;

use super::git::records;
use super::repo::Repo;
use super::{Error, Trailer};
use crate::words::{CommitId, IterationNumber};

/// One commit as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// Its object id.
    pub id: CommitId,
    /// The first line of its message.
    pub subject: String,
    /// The iteration its trailer names.
    pub iteration: Option<IterationNumber>,
    /// When it was committed, in whole seconds.
    pub at: Timestamp,
}

impl Repo {
    /// The commits that `head` has and `base` has not, the oldest first.
    ///
    /// # Errors
    /// If one of them is not there.
    pub fn commits_between(&self, base: &CommitId, head: &CommitId) -> Result<Vec<Logged>, Error> {
        let Some(repository) = self.libgit2_of_objects() else { return self.commits_by_git(base, head) };
        let mut walk = repository.revwalk()?;
        walk.set_sorting(Sort::TOPOLOGICAL | Sort::REVERSE)?;
        walk.push(git2::Oid::from_str(head.as_str())?)?;
        walk.hide(git2::Oid::from_str(base.as_str())?)?;
        let mut commits = Vec::new();
        for oid in walk {
            let oid = oid?;
            let commit = repository.find_commit(oid)?;
            let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
            commits.push(logged(&oid.to_string(), commit.time().seconds(), &message));
        }
        Ok(commits)
    }

    fn commits_by_git(&self, base: &CommitId, head: &CommitId) -> Result<Vec<Logged>, Error> {
        let range = format!("{base}..{head}");
        let args =
            ["log", "-z", "--reverse", "--topo-order", "--no-show-signature", "--format=%H %ct%n%B", &range, "--"];
        let listed = self.git_reading().args(args).run()?;
        let commits = records(&listed).filter_map(|record| {
            let text = String::from_utf8_lossy(record);
            let (head, message) = text.split_once('\n')?;
            let (id, seconds) = head.split_once(' ')?;
            Some(logged(id, seconds.parse().ok()?, message))
        });
        Ok(commits.collect())
    }
}

fn logged(id: &str, seconds: i64, message: &str) -> Logged {
    Logged {
        id: CommitId::new(id),
        subject: message.lines().next().unwrap_or_default().to_owned(),
        iteration: trailer(message, Trailer::Iteration).and_then(|number| number.parse().ok()).map(IterationNumber),
        // A time beyond the calendar is a forged one.
        at: Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH),
    }
}

/// The value of one of cco's trailers; they stand in the last paragraph.
fn trailer(message: &str, trailer: Trailer) -> Option<&str> {
    let last = message.trim_end().rsplit("\n\n").next()?;
    last.lines().rev().find_map(|line| line.strip_prefix(trailer.key())?.strip_prefix(':').map(str::trim))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::CommitMessage;

    #[test]
    fn a_trailer_is_read_where_it_was_written_and_nowhere_else() {
        let message =
            CommitMessage::new("Mend it").paragraph("Cco-Iteration: 9\nand more").trailer(Trailer::Iteration, 3);
        let read = logged("c1", 1_700_000_000, &message.text());
        assert_eq!((read.subject.as_str(), read.iteration), ("Mend it", Some(IterationNumber(3))));
        assert_eq!(logged("c1", i64::MAX, "by hand\n").iteration, None);
        assert_eq!(logged("c1", 0, "a\n\nCco-Iteration: 4\n\nSigned-off-by: x\n").iteration, None);
    }
}
