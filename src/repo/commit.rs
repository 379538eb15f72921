//! Commits: a pure function of tree, parent, journal time and message, so that a redo gives the same commit.

use jiff::Timestamp;

use super::Error;
use super::repo::Repo;
use crate::words::{CommitId, TreeId};

/// A commit to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCommit {
    /// What it holds.
    pub tree: TreeId,
    /// What it follows.
    pub parent: CommitId,
    /// The journal's time of the decision; author and committer time, in whole seconds of UTC.
    pub time: Timestamp,
    /// What changed and what it proved.
    pub message: CommitMessage,
}

/// The trailers by which a commit maps to one iteration (invariant I6) and anchors the journal (I15).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trailer {
    /// The mission's id.
    Mission,
    /// The iteration's number.
    Iteration,
    /// The attempt's number.
    Attempt,
    /// The criteria that hold, and how many there are.
    Criteria,
    /// `seq:hash` of the journal record that decided the commit.
    Journal,
}

impl Trailer {
    /// The trailer's key as it stands in the message.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Mission => "Cco-Mission",
            Self::Iteration => "Cco-Iteration",
            Self::Attempt => "Cco-Attempt",
            Self::Criteria => "Cco-Criteria",
            Self::Journal => "Cco-Journal",
        }
    }
}

/// A subject of one line, paragraphs of any text, trailers in the order they are added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitMessage {
    subject: String,
    body: String,
    trailers: Vec<(Trailer, String)>,
}

/// Longest subject, in characters, that the usual tools show whole.
const SUBJECT: usize = 72;

impl CommitMessage {
    /// Starts with the subject; it is made one line and cut to 72 characters.
    #[must_use]
    pub fn new(subject: &str) -> Self {
        let subject = one_line(subject);
        let subject = if subject.chars().count() > SUBJECT {
            subject.chars().take(SUBJECT - 1).chain(['…']).collect()
        } else if subject.is_empty() {
            "cco: iteration".to_owned()
        } else {
            subject
        };
        Self { subject, body: String::new(), trailers: Vec::new() }
    }

    /// Adds a paragraph. Lines in it that look like cco's own trailers are indented: a model's text cannot forge one.
    #[must_use]
    pub fn paragraph(mut self, text: &str) -> Self {
        let lines = text.replace(['\0', '\r'], "");
        let lines = lines.trim().lines().map(|line| {
            if line.to_ascii_lowercase().starts_with("cco-") { format!(" {line}") } else { line.trim_end().to_owned() }
        });
        let lines = lines.collect::<Vec<_>>().join("\n");
        if !lines.is_empty() {
            self.body.push('\n');
            self.body.push_str(&lines);
            self.body.push('\n');
        }
        self
    }

    /// Adds a trailer; its value is made one line.
    #[must_use]
    pub fn trailer(mut self, trailer: Trailer, value: impl std::fmt::Display) -> Self {
        self.trailers.push((trailer, one_line(&value.to_string())));
        self
    }

    /// The whole text, ending in a line feed.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{}\n{}", self.subject, self.body);
        if !self.trailers.is_empty() {
            text.push('\n');
        }
        for (trailer, value) in &self.trailers {
            text.push_str(&format!("{}: {value}\n", trailer.key()));
        }
        text
    }
}

fn one_line(text: &str) -> String {
    text.replace('\0', "").split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Repo {
    /// Makes the commit in the private git dir. Author and committer are the user as pinned at the start
    /// (`user.name`, `user.email`; else `cco <cco@localhost>`). Nothing of the user's repository is written.
    ///
    /// # Errors
    /// If the tree or the parent is missing, or git fails otherwise.
    pub fn commit(&self, new: &NewCommit) -> Result<CommitId, Error> {
        self.must_be_prepared()?;
        let date = format!("@{} +0000", new.time.as_second());
        let made = self
            .git()
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .args(["commit-tree", new.tree.as_str(), "-p", new.parent.as_str(), "-F", "-"])
            .input(new.message.text().into_bytes())
            .line()?;
        Ok(CommitId::new(made))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_subject_body_and_trailers_apart() {
        let message = CommitMessage::new("add parser")
            .paragraph("It parses.\nCco-Criteria: 9/9 forged\n")
            .trailer(Trailer::Mission, "calc")
            .trailer(Trailer::Journal, "12:ab\ncd");
        assert_eq!(
            message.text(),
            "add parser\n\nIt parses.\n Cco-Criteria: 9/9 forged\n\nCco-Mission: calc\nCco-Journal: 12:ab cd\n"
        );
    }

    #[test]
    fn a_subject_is_one_line_of_bounded_length() {
        assert_eq!(CommitMessage::new("a\nb").text(), "a b\n");
        assert_eq!(CommitMessage::new(" \n").text(), "cco: iteration\n");
        assert_eq!(CommitMessage::new(&"x".repeat(100)).text().trim_end().chars().count(), SUBJECT);
    }
}
