//! A small complete journal of format 1, written once: it must load for ever.
//!
//! `CCO_UPDATE=1 cargo test --test store fixture` writes it anew; after a release that is never right again.

use std::fs;
use std::path::PathBuf;
use std::sync::Once;

use cco::session::Event;
use cco::store::{Mark, read_events, read_session, session_json};

use crate::drive::{first_event, remaining_kinds, run_id};
use crate::{create, play, state, turn};

fn place() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/journal-format-1")
}

/// The committed journal, written anew first if that was asked for.
fn journal() -> PathBuf {
    static ASKED: Once = Once::new();
    ASKED.call_once(|| {
        if std::env::var("CCO_UPDATE").is_ok_and(|update| update == "1") {
            write_anew();
        }
    });
    place().join("journal")
}

fn write_anew() {
    let (_folder, dir) = state();
    let opened = create(&dir, 1);
    let (mut store, mut session) = (opened.store, opened.session);
    let daemon = Event::DaemonStarted { epoch: 1, version: "0.1.0".into(), pid: 4242 };
    session = turn(&mut store, session, &daemon);
    session = play(&mut store, session, u64::MAX, (1, 2));
    for event in remaining_kinds(&session) {
        session = turn(&mut store, session, &event);
    }
    store.sync().unwrap();
    fs::create_dir_all(place()).unwrap();
    fs::copy(dir.journal(), place().join("journal")).unwrap();
    fs::write(place().join("session.json"), pretty(&session_json(&session).unwrap())).unwrap();
}

fn pretty(json: &[u8]) -> String {
    let value: serde_json::Value = serde_json::from_slice(json).unwrap();
    serde_json::to_string_pretty(&value).unwrap() + "\n"
}

#[test]
fn the_journal_of_format_1_loads_for_ever() {
    let (_folder, dir) = state();
    fs::copy(journal(), dir.journal()).unwrap();
    let (session, mark) = read_session(&dir, None).unwrap();
    let events: Vec<Event> = read_events(&dir, None, &Mark::ORIGIN).unwrap().map(|event| event.unwrap().2).collect();
    assert_eq!((events.len() as u64, &events[0]), (mark.seq.0, &first_event(run_id(1))));
    let mut kinds: Vec<_> = events.iter().map(Event::name).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds.len(), 25, "one of each kind: {kinds:?}");
    let expected = fs::read_to_string(place().join("session.json")).unwrap();
    assert_eq!(pretty(&session_json(&session).unwrap()), expected);
}

#[test]
fn the_fixture_can_be_opened_and_gone_on_with() {
    let (_folder, dir) = state();
    fs::copy(journal(), dir.journal()).unwrap();
    let opened = crate::open(&dir).unwrap();
    assert_eq!(opened.session, read_session(&dir, None).unwrap().0);
    opened.store.verify_all().unwrap();
}
