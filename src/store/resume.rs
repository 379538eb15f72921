//! What to go on from: the newest restore point that the journal bears out, plus the journal's tail; without one, the
//! whole journal. sled and journal are compared both ways.

use std::path::Path;

use super::db::{Checkpoints, Head, State};
use super::error::Error;
use super::fold::Fold;
use super::journal::{Journal, Mark, Record, Torn};
use crate::session::{Checkpoint, RecordOrder, Session, Stage};

/// Records folded at open beyond which a restore point is made at once.
const LONG_TAIL: u64 = 1000;

/// A journal open for appending, and the session after its newest record.
pub(super) struct Loaded {
    pub(super) journal: Journal,
    pub(super) session: Session,
}

/// Loads a run; what had to be put right is said in `repaired`.
pub(super) fn load(
    path: &Path,
    points: &Checkpoints,
    state: &State,
    repaired: &mut Vec<String>,
) -> Result<Loaded, Error> {
    let folded = match from_point(path, points, repaired)? {
        Some(folded) => folded,
        None => from_the_beginning(path, points, state, repaired)?,
    };
    match folded.torn {
        None => {}
        Some(Torn::Dropped { bytes }) => {
            repaired.push(format!("{bytes} bytes of a record that was never finished were dropped from the journal"));
        }
        Some(Torn::Ended) => repaired.push("the journal's last record lacked its line feed; it was added".to_owned()),
    }
    Ok(Loaded { journal: folded.journal, session: folded.session })
}

/// The newest restore point and the tail after it; `None` if there is no point to begin at, or a named one is missing.
fn from_point(path: &Path, points: &Checkpoints, repaired: &mut Vec<String>) -> Result<Option<Folded>, Error> {
    let Some((mark, session)) = newest(points, repaired)? else {
        return Ok(None);
    };
    let folded = fold(path, &mark, Some(session), points.head()?, None)?;
    if !names_are_complete(points, &folded.session)? {
        repaired.push("a named restore point was missing; it was made again from the journal".to_owned());
        return Ok(None);
    }
    if folded.count > LONG_TAIL {
        points.put_point(folded.journal.last(), None, &folded.session)?;
    }
    Ok(Some(folded))
}

/// The whole journal, with the restore points that it tells of.
fn from_the_beginning(
    path: &Path,
    points: &Checkpoints,
    state: &State,
    repaired: &mut Vec<String>,
) -> Result<Folded, Error> {
    let folded = fold(path, &Mark::ORIGIN, None, points.head()?, Some(points))?;
    points.put_point(folded.journal.last(), None, &folded.session)?;
    // The database of a run that has only begun may not have been made yet.
    if *state == State::Empty && folded.count > 1 {
        repaired.push("the database was missing; it was rebuilt from the journal".to_owned());
    }
    Ok(folded)
}

/// The newest restore point whose session is whole; damaged ones are stepped over.
fn newest(points: &Checkpoints, repaired: &mut Vec<String>) -> Result<Option<(Mark, Session)>, Error> {
    for point in points.list()?.iter().rev() {
        if let Some(session) = points.session(point)? {
            return Ok(Some((point.mark, session)));
        }
        let seq = point.mark.seq;
        repaired.push(format!("the restore point at record {seq} is damaged; the session was rebuilt from before it"));
    }
    Ok(None)
}

struct Folded {
    journal: Journal,
    session: Session,
    count: u64,
    torn: Option<Torn>,
}

/// Opens the journal after a mark and folds its tail; with `points`, named restore points are made on the way.
fn fold(
    path: &Path,
    after: &Mark,
    session: Option<Session>,
    head: Option<Head>,
    points: Option<&Checkpoints>,
) -> Result<Folded, Error> {
    let mut fold = Fold::from(path, session);
    let mut count = 0;
    let opened = Journal::open(path, after, |record| {
        borne_out(path, head, record)?;
        let session = fold.take(record)?;
        count += 1;
        match (points, named_order(session)) {
            (Some(points), Some(name)) => points.put_point(&record.mark, Some(name), session),
            _ => Ok(()),
        }
    })?;
    let last = opened.journal.last();
    if let Some(head) = head.filter(|head| head.mark.seq > last.seq) {
        return Err(Error::Damaged {
            path: path.to_owned(),
            line: last.seq.next().0,
            offset: last.end,
            seq: last.seq.next(),
            why: format!("it is missing: the journal once went on to record {}", head.mark.seq),
        });
    }
    Ok(Folded { session: fold.finish()?, journal: opened.journal, count, torn: opened.torn })
}

/// Compares a record with what sled noted of it.
fn borne_out(path: &Path, head: Option<Head>, record: &Record) -> Result<(), Error> {
    let noted = head.filter(|head| head.mark.seq == record.mark.seq);
    if noted.is_some_and(|head| head.mark != record.mark) {
        return Err(Error::Damaged {
            path: path.to_owned(),
            line: record.mark.seq.0,
            offset: record.mark.start,
            seq: record.mark.seq,
            why: "it is not the record that the database noted".to_owned(),
        });
    }
    Ok(())
}

/// The name of the restore point that a session has just asked for.
fn named_order(session: &Session) -> Option<&str> {
    match &session.stage {
        Stage::Recording(order) => match &order.checkpoint {
            Checkpoint::Named(name) => Some(name),
            Checkpoint::Light | Checkpoint::Full => None,
        },
        _ => None,
    }
}

/// Whether every named restore point that the journal tells of is there; the one being made may not be yet.
fn names_are_complete(points: &Checkpoints, session: &Session) -> Result<bool, Error> {
    let expected = session.checkpoints.saturating_sub(u32::from(names_a_point(&session.stage)));
    Ok(points.named()?.len() >= expected as usize)
}

/// Whether a named restore point is to be made in this stage, or in one that it holds back.
fn names_a_point(stage: &Stage) -> bool {
    matches!(stage.innermost(), Stage::Recording(RecordOrder { checkpoint: Checkpoint::Named(_), .. }))
}
