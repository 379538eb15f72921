//! Damage: whatever happens to the files, cco rebuilds or stops; it never goes on with less in silence.

use std::fs;

use cco::session::Event;
use cco::store::{Error, Mark, StateDir, read_events, read_session, repair_journal};
use cco::words::{Hash, Seq};

use crate::drive::{operator, time};
use crate::{copy, create, open, play, state, turn};

/// A run under way with a few restore points, closed.
fn played() -> (tempfile::TempDir, StateDir, cco::session::Session) {
    let (folder, dir) = state();
    let opened = create(&dir, 1);
    let mut store = opened.store;
    let session = play(&mut store, opened.session, 150, (7, u64::MAX));
    drop(store);
    (folder, dir, session)
}

#[test]
fn a_database_damaged_anywhere_is_rebuilt_or_refused() {
    let (_folder, dir, session) = played();
    let (_copies, spoilt) = state();
    let mut rebuilt = 0;
    for round in 0..200_u64 {
        fs::remove_dir_all(spoilt.root()).unwrap();
        copy(dir.root(), spoilt.root());
        let file = spoilt.db().join("db");
        let mut bytes = fs::read(&file).unwrap();
        // Spots that hold something: sled's file is mostly zeros.
        let used: Vec<usize> = (0..bytes.len()).filter(|place| bytes[*place] != 0).collect();
        let roll = Hash::of(&round.to_le_bytes());
        let roll = u64::from_le_bytes(roll.as_bytes()[..8].try_into().unwrap()) as usize;
        let at = used[roll % used.len()];
        let end = (at + if round % 2 == 0 { 64 } else { 4096 }).min(bytes.len());
        bytes[at..end].iter_mut().for_each(|byte| *byte = if round % 2 == 0 { !*byte } else { 0 });
        fs::write(&file, bytes).unwrap();
        let opened = open(&spoilt).unwrap_or_else(|error| panic!("round {round}, byte {at}: {error}"));
        assert_eq!(opened.session, session, "round {round}, byte {at}");
        rebuilt += u32::from(!opened.repaired.is_empty());
    }
    assert!(rebuilt > 20, "only {rebuilt} of 200 were noticed: the damage does not reach anything");
}

#[test]
fn a_journal_cut_at_a_record_is_seen_by_what_the_database_knows() {
    let (_folder, dir, _) = played();
    let ends: Vec<u64> = fs::read(dir.journal())
        .unwrap()
        .iter()
        .zip(1..)
        .filter(|(byte, _)| **byte == b'\n')
        .map(|(_, end)| end)
        .collect();
    let file = fs::OpenOptions::new().write(true).open(dir.journal()).unwrap();
    for end in ends.iter().rev().skip(20).step_by(30) {
        file.set_len(*end).unwrap();
        assert!(matches!(open(&dir), Err(Error::Damaged { .. })), "cut at {end}");
    }
}

#[test]
fn a_journal_rewritten_with_a_whole_chain_is_seen_by_what_the_database_knows() {
    let (_folder, dir, session) = played();
    // Another journal of the same run, its chain whole, but not the one that was acknowledged.
    let (_other_folder, other) = state();
    let opened = create(&other, 1);
    let mut store = opened.store;
    let said = Event::Guided { actor: operator(), text: "it was always so".into() };
    let rewritten = turn(&mut store, opened.session, &said);
    play(&mut store, rewritten, 150, (7, u64::MAX));
    drop(store);
    fs::copy(other.journal(), dir.journal()).unwrap();
    assert!(matches!(open(&dir), Err(Error::Damaged { .. })));
    drop(session);
}

#[test]
fn both_damaged_stops_and_says_where_and_how_to_go_on() {
    let (_folder, dir, _) = played();
    let mut bytes = fs::read(dir.journal()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(dir.journal(), &bytes).unwrap();
    fs::write(dir.db().join("db"), "no database").unwrap();
    let Err(error @ Error::Damaged { .. }) = open(&dir).map(drop) else { panic!("went on") };
    assert!(error.to_string().contains("cco doctor --fix"), "{error}");
    let Error::Damaged { seq, offset, .. } = error else { unreachable!() };
    assert!(offset < middle as u64);
    assert!(matches!(read_session(&dir, None), Err(Error::Damaged { .. })));
    assert_eq!(fs::read(dir.journal()).unwrap(), bytes, "nothing was touched");

    let lock = crate::lock(&dir);
    let repair = repair_journal(&dir, &lock, time(0)).unwrap().unwrap();
    assert_eq!(repair.kept.next(), seq);
    assert_eq!(fs::read(&repair.copy).unwrap(), bytes);
    assert_eq!(repair_journal(&dir, &lock, time(0)).unwrap(), None);
    drop(lock);
    assert_eq!(open(&dir).unwrap().seq, repair.kept);
}

#[test]
fn a_journal_of_a_newer_cco_is_refused_and_left_alone() {
    let (_folder, dir) = state();
    let opened = create(&dir, 1);
    let mut store = opened.store;
    play(&mut store, opened.session, 4, (2, 4));
    let last = *store.last();
    drop(store);
    // The same line as this cco writes, but for a kind that it does not know.
    let rest = format!("{} {} {} {}", last.seq.next(), time(9), last.hash, r#"{"dreamt":{"attempt":1}}"#);
    let crc = crc32fast::hash(format!("1 {rest}").as_bytes());
    let mut bytes = fs::read(dir.journal()).unwrap();
    bytes.extend(format!("1 {crc:08x} {rest}\n").as_bytes());
    fs::write(dir.journal(), &bytes).unwrap();
    for _ in 0..2 {
        assert!(matches!(open(&dir), Err(Error::Newer { .. })));
    }
    assert_eq!(fs::read(dir.journal()).unwrap(), bytes);
    let mut events = read_events(&dir, None, &Mark::ORIGIN).unwrap();
    assert_eq!(events.by_ref().take(4).map(|event| event.unwrap().0).last(), Some(Seq(4)));
    assert!(matches!(events.next(), Some(Err(Error::Newer { .. }))));
}
