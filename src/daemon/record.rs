//! Commits and publishes an iteration.
//!
//! The commit is a pure function of what the journal holds: done again after a crash it gives the same sha. So its
//! time, attempt and trailer come from the anchor, the newest `verified` record, and not from the clock.

use super::perform::{Task, Tools, unfit};
use super::run::Anchor;
use crate::repo::{CommitMessage, Error, NewCommit, Published, Trailer};
use crate::session::{
    CharterCriterion, CriterionRecord, Event, Fault, IterationNote, Publish, RecordOrder, Session, Standing,
};
use crate::words::{CommitId, TreeId};

pub(super) async fn record(task: &Task, order: RecordOrder) -> Result<Event, Fault> {
    let attempt = task.attempt;
    let branch = task.session.prepared.as_ref().map(|prepared| prepared.branch.clone()).unwrap_or_default();
    task.blocking(move |tools| return_to(tools, &branch)).await?;
    let commit = match order.publish {
        Publish::Hold => None,
        Publish::Commit => {
            let (session, anchor) = (task.session.clone(), task.anchor);
            Some(task.blocking(move |tools| commit_and_publish(tools, &session, &anchor, &order)).await?)
        }
    };
    Ok(Event::Recorded { attempt, commit })
}

/// A worker may have switched branches; what follows, and the user at the end, stands on the mission's.
fn return_to(tools: &Tools, branch: &str) -> Result<(), Fault> {
    if tools.repo.return_to_branch(branch).map_err(|error| unfit(&error))? {
        tools.observer.note(format!("HEAD was moved while the worker acted; it is back on {branch}"));
    }
    Ok(())
}

fn commit_and_publish(
    tools: &Tools,
    session: &Session,
    anchor: &Anchor,
    order: &RecordOrder,
) -> Result<CommitId, Fault> {
    let new = NewCommit {
        tree: order.tree.clone(),
        parent: order.parent.clone(),
        time: anchor.at,
        message: message(session, anchor, order),
    };
    let commit = tools.repo.commit(&new).map_err(|error| unfit(&error))?;
    let branch = session.prepared.as_ref().map(|prepared| prepared.branch.clone()).unwrap_or_default();
    let publish = crate::repo::Publish {
        branch,
        new: commit.clone(),
        expected: Some(order.parent.clone()),
        reason: format!("cco: iteration {}", order.iteration),
    };
    publish_over_workers_commits(tools, publish, order)?;
    match tools.repo.refresh_index(&commit) {
        Ok(()) => {}
        // A lock that a killed git left is the user's to remove; the branch has the work all the same.
        Err(error @ Error::IndexLocked { .. }) => tools.observer.note(error.to_string()),
        Err(error) => return Err(unfit(&error)),
    }
    Ok(commit)
}

/// Publishes; where the worker has committed by itself, its commits are kept under a ref of cco's own, and the branch
/// carries what was verified (invariant I6: each published commit maps to one iteration).
fn publish_over_workers_commits(
    tools: &Tools,
    publish: crate::repo::Publish,
    order: &RecordOrder,
) -> Result<Published, Fault> {
    match tools.repo.publish(&publish) {
        Err(Error::BranchMoved { found: Some(found), branch, .. }) => {
            let kept = format!("moved/{}", order.iteration);
            tools.repo.keep(&kept, found.as_str()).map_err(|error| unfit(&error))?;
            tools.observer.note(format!(
                "{branch} was moved to {} while the worker acted; that commit is kept as refs/cco/{kept} in cco's git \
                 dir, and the branch carries cco's commit of the same tree",
                found.short()
            ));
            let publish = crate::repo::Publish { expected: Some(found), ..publish };
            tools.repo.publish(&publish).map_err(|error| unfit(&error))
        }
        other => other.map_err(|error| unfit(&error)),
    }
}

/// What changed and what it proved.
fn message(session: &Session, anchor: &Anchor, order: &RecordOrder) -> CommitMessage {
    let (held, total) = shown(session, &order.tree);
    let since = unpublished(session);
    let subject = since.last().map_or_else(|| "Keep what was there at the start".to_owned(), |note| note.title.clone());
    let mut message = CommitMessage::new(&subject);
    if since.len() > 1 {
        let steps = since.iter().map(|note| format!("- iteration {}: {}", note.number, note.title));
        message = message.paragraph(&steps.collect::<Vec<_>>().join("\n"));
    }
    message
        .paragraph(&proved(session, &order.tree))
        .trailer(Trailer::Mission, &session.charter.mission)
        .trailer(Trailer::Iteration, order.iteration)
        .trailer(Trailer::Attempt, anchor.attempt)
        .trailer(Trailer::Criteria, format!("{held}/{total}"))
        .trailer(Trailer::Journal, format!("{}:{}", anchor.seq, anchor.hash))
}

/// The newest iterations, as far as they are remembered; which of them were published before is in the git log.
fn unpublished(session: &Session) -> Vec<&IterationNote> {
    let changed = |note: &&IterationNote| note.change.files > 0;
    let newest = session.history.back().map(|note| note.number);
    session.history.iter().filter(|note| changed(note) || Some(note.number) == newest).collect()
}

/// A criterion whose checks run only later is not said to hold: a commit is for ever.
fn proved(session: &Session, tree: &TreeId) -> String {
    let line = |(criterion, record): (&CharterCriterion, &CriterionRecord)| match record.standing(criterion, tree) {
        Standing::Holds => format!("[x] {}", criterion.text),
        Standing::HoldsSoFar | Standing::AwaitsPerson => format!("[ ] {} (looked at later)", criterion.text),
        Standing::Fails | Standing::Unknown => format!("[ ] {}", criterion.text),
    };
    session.charter.criteria.iter().zip(&session.records).map(line).collect::<Vec<_>>().join("\n")
}

/// How many required criteria were shown to hold on a tree, and how many there are.
fn shown(session: &Session, tree: &TreeId) -> (usize, usize) {
    let required: Vec<_> =
        session.charter.criteria.iter().zip(&session.records).filter(|(criterion, _)| criterion.required).collect();
    let hold = required.iter().filter(|(criterion, record)| record.standing(criterion, tree) == Standing::Holds);
    (hold.count(), required.len())
}
