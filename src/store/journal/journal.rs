//! The writer of the journal: append, then sync before anything is done that a crash must not forget.
//!
//! A failed write or fsync leaves it uncertain what the disk holds; a second fsync may say yes and mean nothing. So the
//! journal refuses further work until [`Journal::reopen`] has checked the chain and written again what was not synced.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::line::{self, LONGEST, Mark};
use super::reader::{Record, Records};
use crate::session::Event;
use crate::store::durable;
use crate::store::error::{Doing, Error};
use crate::store::record;
use crate::words::{Hash, Seq};

/// The journal of one run, open for appending. There is one at a time: it is opened under the lock.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    last: Mark,
    synced: Mark,
    /// The lines after `synced`, to be written again if an fsync fails.
    unsynced: Vec<u8>,
    sure: bool,
}

/// A journal that was opened, and what had to be done for it.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) journal: Journal,
    pub(crate) torn: Option<Torn>,
}

/// A last line that was not whole: its append was never acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Torn {
    /// It was dropped.
    Dropped {
        /// How many bytes there were of it.
        bytes: u64,
    },
    /// Only its line feed was missing; the record is kept.
    Ended,
}

impl Journal {
    /// Begins a journal with its first record. It appears under its name only when that record is on disk.
    pub(crate) fn create(path: &Path, now: Timestamp, first: &Event) -> Result<Self, Error> {
        let new = path.with_extension("new");
        durable::remove_if_there(&new)?;
        let file = durable::private().append(true).create_new(true).open(&new).doing("create", &new)?;
        let (last, synced) = (Mark::ORIGIN, Mark::ORIGIN);
        let mut journal = Self { path: path.to_owned(), file, last, synced, unsynced: Vec::new(), sure: true };
        journal.append(now, first)?;
        journal.sync()?;
        durable::rename(&new, path)?;
        durable::sync_dir(durable::parent(path))?;
        Ok(journal)
    }

    /// Opens a journal, checks it from the mark on and hands each record after it to `visit`, in order.
    /// A last line that is not whole is dropped; everything read is synced before this returns.
    pub(crate) fn open(
        path: &Path,
        after: &Mark,
        mut visit: impl FnMut(&Record) -> Result<(), Error>,
    ) -> Result<Opened, Error> {
        let mut records = Records::after(path, after)?;
        while let Some(record) = records.next()? {
            visit(&record)?;
        }
        let mut file = durable::private().append(true).open(path).doing("open", path)?;
        let torn = mend(&mut file, path, &records)?;
        let mut last = *records.last();
        if torn == Some(Torn::Ended) {
            let mut records = Records::after(path, &last)?;
            if let Some(record) = records.next()? {
                visit(&record)?;
            }
            last = *records.last();
        }
        file.sync_data().doing("sync", path)?;
        let journal = Self { path: path.to_owned(), file, last, synced: last, unsynced: Vec::new(), sure: true };
        Ok(Opened { journal, torn })
    }

    /// Appends a record without waiting for the disk. It is acknowledged by the next [`Journal::sync`].
    ///
    /// # Errors
    /// Nothing was appended. After a failed write the journal is [`Error::Unsure`] until it is reopened.
    pub fn append(&mut self, now: Timestamp, event: &Event) -> Result<Seq, Error> {
        self.certain()?;
        let body = record::encode_event(event)
            .map_err(|error| Error::Unwritable { what: event.name(), why: error.to_string() })?;
        let seq = self.last.seq.next();
        let line = line::encode(seq, now, self.last.hash, &body);
        let content = line.strip_suffix(b"\n").unwrap_or(&line);
        if content.len() > LONGEST {
            return Err(Error::TooLong { bytes: content.len(), limit: LONGEST });
        }
        if let Err(error) = self.file.write_all(&line) {
            self.sure = false;
            return Err(Error::io("append to", &self.path, error));
        }
        let (start, end) = (self.last.end, self.last.end + line.len() as u64);
        self.last = Mark { seq, start, end, hash: Hash::of(content) };
        self.unsynced.extend_from_slice(&line);
        Ok(seq)
    }

    /// Waits until every appended record is on disk. One fsync, or none if there is nothing to wait for.
    ///
    /// # Errors
    /// The journal is [`Error::Unsure`] until it is reopened.
    pub fn sync(&mut self) -> Result<(), Error> {
        self.certain()?;
        if self.synced == self.last {
            return Ok(());
        }
        if let Err(error) = self.file.sync_data() {
            self.sure = false;
            return Err(Error::io("sync", &self.path, error));
        }
        self.all_is_synced();
        Ok(())
    }

    /// After a failed write or fsync: checks the chain up to the last synced record, cuts what may be there after it,
    /// and writes and syncs again what had been appended. Appended records keep their numbers; none is lost.
    ///
    /// # Errors
    /// The journal stays uncertain; this can be called again.
    pub fn reopen(&mut self) -> Result<(), Error> {
        self.sure = false;
        let path = &self.path;
        let mut records = Records::after(path, &Mark::ORIGIN)?;
        while records.last().seq < self.synced.seq {
            if records.next()?.is_none() {
                return Err(records.damaged("it was written, and is gone"));
            }
        }
        if *records.last() != self.synced {
            return Err(records.damaged("the record before it is not the one that was written"));
        }
        let mut file = durable::private().append(true).open(path).doing("open", path)?;
        file.set_len(self.synced.end).doing("cut", path)?;
        file.write_all(&self.unsynced).doing("append to", path)?;
        file.sync_data().doing("sync", path)?;
        self.file = file;
        self.sure = true;
        self.all_is_synced();
        Ok(())
    }

    /// Checks the whole chain, and that it ends where it was written to. Bodies are not looked at.
    ///
    /// # Errors
    /// [`Error::Damaged`], naming the first record that is not what was written.
    pub fn verify(&self) -> Result<(), Error> {
        let mut records = Records::after(&self.path, &Mark::ORIGIN)?;
        while records.next()?.is_some() {}
        if *records.last() != self.last {
            return Err(records.damaged("it was written, and is gone"));
        }
        Ok(())
    }

    /// The newest record.
    #[must_use]
    pub const fn last(&self) -> &Mark {
        &self.last
    }

    /// The newest record that is certain to be on disk.
    #[must_use]
    pub const fn synced(&self) -> &Mark {
        &self.synced
    }

    fn certain(&self) -> Result<(), Error> {
        if self.sure { Ok(()) } else { Err(Error::Unsure { path: self.path.clone() }) }
    }

    fn all_is_synced(&mut self) {
        self.synced = self.last;
        self.unsynced.clear();
    }
}

/// Drops or ends a last line without a line feed. A whole line followed by another byte lost its line feed to damage,
/// not to a torn write: that record may have been acknowledged.
fn mend(file: &mut File, path: &Path, records: &Records) -> Result<Option<Torn>, Error> {
    let partial = records.partial();
    let Some((_, but_one)) = partial.split_last() else {
        return Ok(None);
    };
    if line::decode(partial).is_ok() {
        file.write_all(b"\n").doing("append to", path)?;
        return Ok(Some(Torn::Ended));
    }
    if line::decode(but_one).is_ok() {
        return Err(records.damaged("its line feed is not what was written"));
    }
    file.set_len(records.last().end).doing("cut", path)?;
    Ok(Some(Torn::Dropped { bytes: partial.len() as u64 }))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the tests damage files")]
mod tests {
    use std::fs;

    use super::*;
    use crate::store::record::sample::{Dice, Sample};
    use crate::words::{Actor, AttemptId, Via};

    fn now() -> Timestamp {
        Timestamp::from_second(1_700_000_000).unwrap()
    }

    fn guided(n: u64) -> Event {
        let actor = Actor::Operator { name: "ada".into(), via: Via::Cli };
        Event::Guided { actor, text: format!("piece {n}") }
    }

    fn journal(records: u64) -> (tempfile::TempDir, PathBuf, Journal) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut journal = Journal::create(&path, now(), &guided(1)).unwrap();
        for n in 2..=records {
            assert_eq!(journal.append(now(), &guided(n)).unwrap(), Seq(n));
        }
        journal.sync().unwrap();
        (folder, path, journal)
    }

    /// The events of a journal, or why it does not open.
    fn read(path: &Path) -> Result<(Vec<Event>, Option<Torn>), Error> {
        let mut events = Vec::new();
        let opened = Journal::open(path, &Mark::ORIGIN, |record| {
            events.push(record.event(path)?);
            Ok(())
        })?;
        opened.journal.verify()?;
        Ok((events, opened.torn))
    }

    #[test]
    fn what_was_appended_is_read() {
        let (_folder, path, mut journal) = journal(3);
        let mut dice = Dice::new(9);
        let events: Vec<_> = (0..50).map(|_| Event::sample(&mut dice)).collect();
        for event in &events {
            journal.append(now(), event).unwrap();
        }
        journal.sync().unwrap();
        let (read, torn) = read(&path).unwrap();
        assert_eq!((&read[3..], torn), (events.as_slice(), None));
    }

    #[test]
    fn cut_at_any_byte_it_loses_the_torn_line_and_nothing_else() {
        let (_folder, path, _) = journal(3);
        let whole = fs::read(&path).unwrap();
        let ends: Vec<usize> = (0..whole.len()).filter(|place| whole[*place] == b'\n').map(|place| place + 1).collect();
        for cut in 0..=whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            let (events, torn) = read(&path).unwrap();
            let ended = ends.iter().filter(|end| **end <= cut).count();
            let only_feed_missing = ends.contains(&(cut + 1));
            assert_eq!(events.len(), ended + usize::from(only_feed_missing), "cut at {cut}");
            let expected = match (ends.contains(&cut) || cut == 0, only_feed_missing) {
                (true, _) => None,
                (_, true) => Some(Torn::Ended),
                _ => Some(Torn::Dropped { bytes: (cut - ends.get(ended.wrapping_sub(1)).unwrap_or(&0)) as u64 }),
            };
            assert_eq!(torn, expected, "cut at {cut}");
            assert_eq!(read(&path).unwrap(), (events, None), "what was mended stays mended");
        }
    }

    #[test]
    fn no_changed_byte_anywhere_is_a_shorter_or_different_history() {
        let (_folder, path, _) = journal(3);
        let whole = fs::read(&path).unwrap();
        for place in 0..whole.len() {
            for change in [1, 0x20, 0x80, 0xff, whole[place] ^ b'\n', whole[place] ^ b' ', whole[place]] {
                let mut changed = whole.clone();
                changed[place] ^= change;
                if changed == whole {
                    continue;
                }
                fs::write(&path, &changed).unwrap();
                let Err(Error::Damaged { seq, line, .. }) = read(&path) else { panic!("byte {place} ^ {change}") };
                assert!((1..=3).contains(&seq.0) && line == seq.0);
                assert_eq!(fs::read(&path).unwrap(), changed, "a damaged journal is not touched");
            }
        }
    }

    #[test]
    fn a_removed_or_exchanged_line_is_seen() {
        let (_folder, path, _) = journal(4);
        let whole = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = whole.split_inclusive('\n').collect();
        for order in [vec![1, 2, 3], vec![0, 2, 3], vec![0, 1, 3], vec![0, 2, 1, 3], vec![0, 0, 1, 2, 3]] {
            fs::write(&path, order.iter().map(|n| lines[*n]).collect::<String>()).unwrap();
            assert!(matches!(read(&path), Err(Error::Damaged { .. })), "{order:?}");
        }
    }

    #[test]
    fn a_tail_of_zeros_is_a_torn_tail() {
        let (_folder, path, _) = journal(2);
        let mut whole = fs::read(&path).unwrap();
        whole.extend([0; 4096]);
        fs::write(&path, &whole).unwrap();
        let (events, torn) = read(&path).unwrap();
        assert_eq!((events.len(), torn), (2, Some(Torn::Dropped { bytes: 4096 })));
    }

    #[test]
    fn a_line_without_end_is_refused_without_being_read_whole() {
        let (_folder, path, _) = journal(1);
        let file = fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.set_len(64 << 20).unwrap();
        assert!(matches!(read(&path), Err(Error::Damaged { .. })));
    }

    #[test]
    fn reading_from_a_mark_checks_that_it_is_the_same_record() {
        let (_folder, path, mut journal) = journal(3);
        let mark = *journal.last();
        journal.append(now(), &guided(4)).unwrap();
        let mut seen = Vec::new();
        Journal::open(&path, &mark, |record| {
            seen.push(record.mark.seq);
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, [Seq(4)]);
        let wrong = Mark { hash: Hash::ZERO, ..mark };
        assert!(matches!(Journal::open(&path, &wrong, |_| Ok(())), Err(Error::Damaged { seq: Seq(3), .. })));
        fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(mark.start).unwrap();
        let Err(Error::Damaged { why, .. }) = Journal::open(&path, &mark, |_| Ok(())) else { panic!("not seen") };
        assert!(why.contains("shorter"), "{why}");
    }

    #[test]
    fn a_full_disk_acknowledges_nothing_and_loses_nothing() {
        let (_folder, path, mut journal) = journal(2);
        journal.append(now(), &guided(3)).unwrap();
        journal.file = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        assert!(matches!(journal.append(now(), &guided(4)), Err(Error::NoSpace { .. })));
        assert!(matches!(journal.append(now(), &guided(4)), Err(Error::Unsure { .. })));
        assert!(matches!(journal.sync(), Err(Error::Unsure { .. })));
        // The failed write may have left a part of its line.
        fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"1 0000").unwrap();
        journal.reopen().unwrap();
        assert_eq!(journal.append(now(), &guided(4)).unwrap(), Seq(4));
        journal.sync().unwrap();
        let (events, torn) = read(&path).unwrap();
        assert_eq!((events, torn), ((1..=4).map(guided).collect(), None));
    }

    #[test]
    fn after_a_failed_fsync_what_was_not_synced_is_written_again() {
        let (_folder, path, mut journal) = journal(2);
        journal.append(now(), &guided(3)).unwrap();
        // A device that cannot be synced stands for a disk that fails to.
        journal.file = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        assert!(journal.sync().is_err());
        assert!(matches!(journal.append(now(), &guided(4)), Err(Error::Unsure { .. })));
        // The kernel dropped the page it could not write.
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(journal.synced.end).unwrap();
        journal.reopen().unwrap();
        journal.append(now(), &guided(4)).unwrap();
        journal.sync().unwrap();
        assert_eq!(read(&path).unwrap().0, (1..=4).map(guided).collect::<Vec<_>>());
    }

    #[test]
    fn a_record_that_is_too_long_is_refused_and_the_journal_goes_on() {
        let (_folder, path, mut journal) = journal(1);
        let huge = Event::Guided { actor: Actor::Cco, text: "x".repeat(LONGEST) };
        assert!(matches!(journal.append(now(), &huge), Err(Error::TooLong { .. })));
        journal.append(now(), &Event::Cancelled { attempt: AttemptId(1) }).unwrap();
        journal.sync().unwrap();
        assert_eq!(read(&path).unwrap().0.len(), 2);
    }

    #[test]
    fn a_journal_that_was_not_finished_being_created_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        fs::write(path.with_extension("new"), "half a li").unwrap();
        Journal::create(&path, now(), &guided(1)).unwrap();
        assert_eq!(read(&path).unwrap().0, [guided(1)]);
        assert!(!path.with_extension("new").exists());
    }
}
