//! kill -9 at any moment: what was acknowledged is there, and the chain is whole.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cco::session::Event;
use cco::store::{StateDir, read_session, verify_run};
use cco::words::{Hash, Seq};

use crate::drive::{self, operator};
use crate::{create, open, state, turn};

/// Names the state folder to the child.
const CHILD: &str = "CCO_STORE_CHILD";
/// Rounds of kill and restart on one folder.
const ROUNDS: u64 = 40;
/// Where the rounds end early on a slow machine.
const LONGEST: Duration = Duration::from_secs(20);

/// The process that is killed: opens the store and works, acknowledging each record on stdout once it is synced.
#[test]
fn child() {
    let Some(root) = std::env::var_os(CHILD) else {
        return;
    };
    let opened = open(&StateDir::at(PathBuf::from(root))).unwrap();
    let (mut store, mut session) = (opened.store, opened.session);
    let mut out = std::io::stdout();
    writeln!(out, "\nrecord {}", opened.seq).unwrap();
    loop {
        let event = drive::answer(&session, (3, u64::MAX)).unwrap_or_else(|| Event::ResumeAsked { actor: operator() });
        session = turn(&mut store, session, &event);
        store.sync().unwrap();
        let seq = store.last().seq;
        writeln!(out, "record {seq}").unwrap();
        if let Event::Planned { .. } = event {
            store.caches().keep_reply(&key(seq), key(seq).to_string().as_bytes()).unwrap();
            writeln!(out, "reply {seq}").unwrap();
        }
    }
}

#[test]
fn nothing_acknowledged_is_lost_to_a_kill() {
    let (_folder, dir) = state();
    drop(create(&dir, 1));
    let begun = Instant::now();
    let mut acknowledged = Seq(1);
    let mut replies = Vec::new();
    let mut rounds = 0;
    while rounds < ROUNDS && begun.elapsed() < LONGEST {
        rounds += 1;
        for said in kill_once(&dir, rounds) {
            match said {
                Said::Record(seq) => acknowledged = acknowledged.max(seq),
                Said::Reply(seq) => replies.push(seq),
            }
        }
        let opened = open(&dir).unwrap_or_else(|error| panic!("round {rounds}: {error}"));
        assert!(opened.seq >= acknowledged, "round {rounds}: {acknowledged} was lost, {} is the last", opened.seq);
        opened.store.verify_all().unwrap();
        let rebuilt = opened.repaired.iter().any(|said| said.contains("database") || said.contains("restore point"));
        assert!(!rebuilt, "round {rounds}: {:?}", opened.repaired);
        let folded = read_session(&dir, None).unwrap().0;
        assert_eq!(opened.session, folded, "round {rounds}: restore point and tail differ from the whole");
        for seq in &replies {
            let reply = opened.store.caches().reply(&key(*seq)).unwrap();
            assert_eq!(reply, Some(key(*seq).to_string().into_bytes()), "round {rounds}: the reply of record {seq}");
        }
        acknowledged = opened.seq;
    }
    assert!(rounds > 3 && acknowledged > Seq(20) && !replies.is_empty(), "{rounds} rounds reached {acknowledged}");
    assert_eq!(verify_run(&dir, None).unwrap().seq, acknowledged);
}

/// What the child says is safe.
enum Said {
    Record(Seq),
    Reply(Seq),
}

/// Lets a child work for a while and kills it; returns all that it acknowledged.
fn kill_once(dir: &StateDir, round: u64) -> Vec<Said> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::child", "--nocapture", "--test-threads", "1"])
        .env(CHILD, dir.root())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let roll = *Hash::of(&round.to_le_bytes()).as_bytes();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said = Vec::new();
    // Every third round the kill falls into the opening, the others after some records, each a little later.
    if round.is_multiple_of(3) {
        std::thread::sleep(Duration::from_micros(u64::from(roll[0]) * 100));
    } else {
        said.extend(read(&mut lines).take(1 + usize::from(roll[1] % 40)));
        std::thread::sleep(Duration::from_micros(u64::from(roll[2]) * 20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    said.extend(read(&mut lines));
    said
}

fn read(lines: &mut impl Iterator<Item = std::io::Result<String>>) -> impl Iterator<Item = Said> {
    lines.map_while(Result::ok).filter_map(|line| {
        let (what, seq) = line.split_once(' ')?;
        let seq = Seq(seq.parse().ok()?);
        match what {
            "record" => Some(Said::Record(seq)),
            "reply" => Some(Said::Reply(seq)),
            _ => None,
        }
    })
}

fn key(seq: Seq) -> Hash {
    Hash::of(&seq.0.to_le_bytes())
}
