//! Figures of the store for `docs/performance.md`, measured beside the machine's own fsync; printed, never judged.
//!
//! `cargo bench --bench store`; with `--profile dev` an upper bound without an optimised build.
#![expect(clippy::disallowed_methods, reason = "a bench measures time and owns its files")]
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench may fall over, and prints its figures")]

#[path = "../tests/store/drive.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod drive;

use std::fs;
use std::io::Write;
use std::time::{Duration, Instant};

use cco::session::{Checkpoint, Event, Stage, step};
use cco::store::{Lock, Mark, Opened, StateDir, Store, read_events, read_session};
use cco::words::Hash;

use crate::drive::{operator, time};

/// Iterations in the long journal.
const ITERATIONS: u64 = 10_000;

fn open(dir: &StateDir) -> Opened {
    Store::open(dir.clone(), Lock::acquire(dir, time(0)).unwrap(), time(0)).unwrap()
}

fn p50(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort_unstable();
    (times[times.len() / 2], times[times.len() * 99 / 100])
}

fn measure(what: &str, times: usize, mut once: impl FnMut(usize)) {
    let times = (0..times).map(|n| {
        let begun = Instant::now();
        once(n);
        begun.elapsed()
    });
    let (half, most) = p50(times.collect());
    println!("{what:<58} p50 {half:>10.2?}  p99 {most:>10.2?}");
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let dir = StateDir::create(folder.path().join("cco")).unwrap();
    let mut plain = fs::File::create(dir.root().join("plain")).unwrap();
    measure("the machine: write 700 bytes + fdatasync", 200, |_| {
        plain.write_all(&[b'x'; 700]).unwrap();
        plain.sync_data().unwrap();
    });

    let lock = Lock::acquire(&dir, time(0)).unwrap();
    let opened = Store::create(dir.clone(), lock, time(0), &drive::first_event(drive::run_id(1))).unwrap();
    let (mut store, mut session) = (opened.store, opened.session);
    let begun = Instant::now();
    while session.iteration.0 < ITERATIONS {
        let event = drive::answer(&session, (3, u64::MAX)).unwrap();
        let now = time(store.last().seq.0);
        store.append(now, &event).unwrap();
        session = step(session, now, &event).0;
        // Restore points as a run makes them, but for most of those that nothing at the end depends on.
        if let Stage::Recording(order) = &session.stage {
            let named = matches!(order.checkpoint, Checkpoint::Named(_));
            if named || session.iteration.0.is_multiple_of(500) {
                store.checkpoint(&order.checkpoint, &session).unwrap();
            }
        }
    }
    store.sync().unwrap();
    let (took, records) = (begun.elapsed(), store.last().seq.0);
    let bytes = store.last().end;
    println!("{records} records of {ITERATIONS} iterations written in {took:.2?}; {bytes} bytes");

    let guided = |n: usize| Event::Guided { actor: operator(), text: format!("note {n} {}", "x".repeat(600)) };
    let next = |store: &Store| time(store.last().seq.0);
    let (mut s, mut st) = (Some(session), store);
    let turn = |st: &mut Store, s: &mut Option<_>, n| {
        let now = next(st);
        st.append(now, &guided(n)).unwrap();
        *s = s.take().map(|session| step(session, now, &guided(n)).0);
    };
    measure("append, no sync", 500, |n| turn(&mut st, &mut s, n));
    st.sync().unwrap();
    measure("append + sync (1 fsync)", 200, |n| {
        turn(&mut st, &mut s, n);
        st.sync().unwrap();
    });
    measure("checkpoint light (no fsync)", 200, |_| {
        st.checkpoint(&Checkpoint::Light, s.as_ref().unwrap()).unwrap();
    });
    measure("checkpoint full, journal synced (1 fsync)", 200, |_| {
        st.checkpoint(&Checkpoint::Full, s.as_ref().unwrap()).unwrap();
    });
    measure("reply put, small (1 fsync)", 100, |n| {
        st.caches().keep_reply(&Hash::of(&n.to_le_bytes()), &[b'r'; 3000]).unwrap();
    });
    measure("verdict put (no fsync)", 500, |n| {
        st.caches().keep_verdict(&Hash::of(&n.to_le_bytes()), &[b'v'; 1500]).unwrap();
    });
    let size: u64 = fs::read_dir(dir.db()).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum();
    let json = cco::store::session_json(s.as_ref().unwrap()).unwrap().len();
    println!("db on disk: {size} bytes; session: {json} bytes of JSON");
    drop(st);

    measure("open at a recent restore point", 5, |_| drop(open(&dir)));
    measure("whole chain checked", 3, |_| {
        let mut events = read_events(&dir, None, &Mark::ORIGIN).unwrap();
        events.skip_to(cco::words::Seq(u64::MAX)).unwrap();
    });
    measure("read_session (folds all, no lock)", 3, |_| drop(read_session(&dir, None).unwrap()));
    measure("open without database (rebuild)", 3, |_| {
        fs::remove_dir_all(dir.db()).unwrap();
        assert_eq!(open(&dir).repaired.len(), 1);
    });
}
