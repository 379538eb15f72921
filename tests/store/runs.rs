//! Resume, archive, and reading without the lock.

use std::fs;

use cco::session::{End, Event, Stage};
use cco::store::{Error, Mark, archive_run, read_events, read_session, runs, verify_run};
use cco::words::{Hash, Seq};

use crate::drive::{operator, run_id, time};
use crate::{create, open, play, state, turn};

#[test]
fn a_run_resumed_at_every_record_ends_as_the_uninterrupted_one() {
    let (_folder, dir) = state();
    let opened = create(&dir, 1);
    let mut store = opened.store;
    let whole = play(&mut store, opened.session, u64::MAX, (2, 4));
    let records = store.last().seq.0;
    assert!(matches!(whole.stage, Stage::Ended(End::Done { .. })), "{:?}", whole.stage);
    let names: Vec<_> = store.checkpoints().named().unwrap().into_iter().filter_map(|point| point.name).collect();
    assert_eq!(names, ["CP1", "CP2"]);

    let (_folder, dir) = state();
    drop(create(&dir, 1));
    for seq in 2..=records {
        let mut opened = open(&dir).unwrap();
        assert_eq!((opened.repaired.as_slice(), opened.seq), ([].as_slice(), Seq(seq - 1)));
        play(&mut opened.store, opened.session, seq, (2, 4));
    }
    let resumed = open(&dir).unwrap();
    assert_eq!(resumed.session, whole);
    assert_eq!(resumed.store.checkpoints().named().unwrap().len(), 2);
    resumed.store.verify_all().unwrap();
}

#[test]
fn without_its_database_a_run_is_rebuilt_with_its_named_points_and_says_so() {
    let (_folder, dir) = state();
    let opened = create(&dir, 1);
    let mut store = opened.store;
    let whole = play(&mut store, opened.session, u64::MAX, (2, 4));
    let named = store.checkpoints().named().unwrap();
    let sessions: Vec<_> = named.iter().map(|point| store.checkpoints().session(point).unwrap().unwrap()).collect();
    drop(store);
    fs::remove_dir_all(dir.db()).unwrap();
    let opened = open(&dir).unwrap();
    assert_eq!(opened.session, whole);
    assert!(opened.repaired[0].contains("rebuilt from the journal"), "{:?}", opened.repaired);
    let points = opened.store.checkpoints();
    assert_eq!(points.named().unwrap(), named);
    let again: Vec<_> = named.iter().map(|point| points.session(point).unwrap().unwrap()).collect();
    assert_eq!(again, sessions);
    drop(opened);
    assert_eq!(open(&dir).unwrap().repaired, [] as [String; 0]);
}

#[test]
fn caches_outlive_a_restart() {
    let (_folder, dir) = state();
    let opened = create(&dir, 1);
    let key = Hash::of(b"request");
    opened.store.caches().keep_reply(&key, b"{\"plan\":1}").unwrap();
    opened.store.caches().keep_verdict(&key, b"{\"pass\":1}").unwrap();
    drop(opened);
    let opened = open(&dir).unwrap();
    assert_eq!(opened.store.caches().reply(&key).unwrap().unwrap(), b"{\"plan\":1}");
    assert_eq!(opened.store.caches().verdict(&key).unwrap().unwrap(), b"{\"pass\":1}");
}

#[test]
fn a_restore_point_of_another_session_is_refused() {
    let (_folder, dir) = state();
    let opened = create(&dir, 1);
    let mut store = opened.store;
    let old = opened.session.clone();
    play(&mut store, opened.session, 5, (2, 4));
    let refused = store.checkpoint(&cco::session::Checkpoint::Full, &old);
    assert!(matches!(refused, Err(Error::Unwritable { .. })));
}

#[test]
fn a_finished_run_stays_readable_and_a_new_one_begins_beside_it() {
    let (_folder, dir) = state();
    let opened = create(&dir, 1);
    let mut store = opened.store;
    let first = play(&mut store, opened.session, u64::MAX, (1, 1));
    fs::create_dir_all(dir.attempts().join("3")).unwrap();
    fs::write(dir.report_text(), "it is done").unwrap();
    let lock = store.close();
    assert_eq!(archive_run(&dir, &lock).unwrap(), run_id(1));
    assert!(matches!(archive_run(&dir, &lock), Err(Error::NoRun { .. })));
    assert!(matches!(read_session(&dir, None), Err(Error::NoRun { .. })));
    drop(lock);
    let second = create(&dir, 2);
    assert_eq!(second.repaired, [] as [String; 0]);

    let known = runs(&dir).unwrap();
    assert_eq!(known.iter().map(|run| run.id).collect::<Vec<_>>(), [run_id(2), run_id(1)]);
    let archived = &known[1].dir;
    assert!(archived.attempts().join("3").is_dir() && archived.report_text().is_file() && archived.db().is_dir());
    assert!(!dir.attempts().exists());
    assert_eq!(read_session(&dir, Some(run_id(1))).unwrap().0, first);
    assert_eq!(read_session(&dir, None).unwrap().0, second.session);
    assert_eq!(verify_run(&dir, Some(run_id(2))).unwrap().seq, Seq(1));
    assert!(matches!(read_session(&dir, Some(run_id(3))), Err(Error::UnknownRun { .. })));
}

#[test]
fn an_archive_cut_short_anywhere_is_finished_by_the_next() {
    for done in 0..5 {
        let (_folder, dir) = state();
        let opened = create(&dir, 1);
        let mut store = opened.store;
        let first = play(&mut store, opened.session, 20, (2, 4));
        drop(store);
        fs::create_dir_all(dir.attempts().join("3")).unwrap();
        fs::write(dir.report_text(), "not yet").unwrap();
        // What a crash leaves: the note of intent, and the first few of the moves.
        fs::write(dir.root().join("archiving"), run_id(1).to_string()).unwrap();
        let to = dir.run(run_id(1));
        if done > 0 {
            fs::create_dir_all(to.root()).unwrap();
        }
        let parts = [(dir.attempts(), to.attempts()), (dir.report_text(), to.report_text()), (dir.db(), to.db())];
        for (from, to) in parts.iter().take(done.max(1) - 1) {
            fs::rename(from, to).unwrap();
        }
        assert_eq!(read_session(&dir, Some(run_id(1))).unwrap().0, first, "readable at every moment");
        assert_eq!(create(&dir, 2).repaired, [] as [String; 0]);
        assert_eq!(read_session(&dir, Some(run_id(1))).unwrap().0, first);
        assert!(to.attempts().join("3").is_dir() && to.db().is_dir() && to.report_text().is_file());
    }
}

#[test]
fn a_second_run_is_not_begun_over_the_first() {
    let (_folder, dir) = state();
    drop(create(&dir, 1));
    let lock = crate::lock(&dir);
    let again = cco::store::Store::create(dir, lock, time(0), &crate::drive::first_event(run_id(2)));
    assert!(matches!(again, Err(Error::RunExists { .. })));
}

#[test]
fn a_reader_follows_while_the_daemon_writes() {
    let (_folder, dir) = state();
    let opened = create(&dir, 1);
    let (mut store, mut session) = (opened.store, opened.session);
    let mut events = read_events(&dir, None, &Mark::ORIGIN).unwrap();
    assert_eq!(events.by_ref().count(), 1);
    assert!(events.next().is_none(), "nothing new");
    for n in 0..5 {
        let said = Event::Guided { actor: operator(), text: format!("note {n}") };
        session = turn(&mut store, session, &said);
        let (seq, at, event) = events.next().unwrap().unwrap();
        assert_eq!((seq, at, event), (Seq(n + 2), time(n + 1), said));
        assert!(events.next().is_none());
    }
    let mark = *events.mark();
    turn(&mut store, session, &Event::PauseAsked { actor: operator() });
    let later: Vec<_> = read_events(&dir, None, &mark).unwrap().map(|event| event.unwrap().0).collect();
    assert_eq!(later, [Seq(7)]);
    let mut skipping = read_events(&dir, None, &Mark::ORIGIN).unwrap();
    skipping.skip_to(Seq(4)).unwrap();
    assert_eq!(skipping.map(|event| event.unwrap().0).collect::<Vec<_>>(), [Seq(5), Seq(6), Seq(7)]);
}

#[test]
fn half_a_line_is_not_there_yet() {
    let (_folder, dir) = state();
    let opened = create(&dir, 1);
    let mut store = opened.store;
    play(&mut store, opened.session, 4, (2, 4));
    let whole = fs::read(dir.journal()).unwrap();
    let last = store.last().start as usize;
    fs::write(dir.journal(), &whole[..last + 30]).unwrap();
    let mut events = read_events(&dir, None, &Mark::ORIGIN).unwrap();
    assert_eq!(events.by_ref().map(|event| event.unwrap().0).last(), Some(Seq(3)));
    fs::write(dir.journal(), &whole).unwrap();
    assert_eq!(events.next().unwrap().unwrap().0, Seq(4));
}
