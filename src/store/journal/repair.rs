//! The way out of a damaged journal, taken only when a person asks for it: the whole part is kept, all of it is copied.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::line::Mark;
use super::reader::Records;
use crate::store::durable;
use crate::store::error::{Doing, Error};
use crate::words::Seq;

/// What a repair did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// The last record that was kept.
    pub kept: Seq,
    /// How many bytes after it were cut off.
    pub cut: u64,
    /// The journal as it was.
    pub copy: PathBuf,
}

/// Cuts a damaged journal after its last good record and keeps the damaged file beside it; `None` if there is nothing
/// to repair.
///
/// # Errors
/// [`Error::Damaged`] if not even the first record is whole: there is nothing to go on from.
pub(crate) fn repair(path: &Path, now: Timestamp) -> Result<Option<Repair>, Error> {
    let mut records = Records::after(path, &Mark::ORIGIN)?;
    let damage = loop {
        match records.next() {
            Ok(Some(_)) => {}
            Ok(None) => return Ok(None),
            Err(damage @ Error::Damaged { .. }) => break damage,
            Err(other) => return Err(other),
        }
    };
    let last = *records.last();
    if last.seq == Seq(0) {
        return Err(damage);
    }
    let whole = durable::read_if_there(path)?.unwrap_or_default();
    let copy = durable::free_name(path, "damaged", now);
    durable::write_whole(&copy, &whole)?;
    let good = usize::try_from(last.end).unwrap_or(usize::MAX);
    let good = whole.get(..good).ok_or_else(|| std::io::ErrorKind::UnexpectedEof.into()).doing("read", path)?;
    durable::write_whole(path, good)?;
    Ok(Some(Repair { kept: last.seq, cut: whole.len() as u64 - last.end, copy }))
}
