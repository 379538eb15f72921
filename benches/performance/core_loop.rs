//! The parts that can be measured within one process: decision and journal, resume, the manager's prompt, the parser.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use cco::manager::checklist;
use cco::mission::{Mission, read};
use cco::process::{Line, LineBuffer, MAX_LINE};
use cco::prompt::{Prompts, WorkFacts};
use cco::session::{Checkpoint, Effect, Session, Stage, step};
use cco::store::{Lock, StateDir, Store};
use cco::worker::parse;

use crate::drive::{answer, first_event, run_id, time};
use crate::machine::{Machine, scratch};
use crate::table::{Table, ms, spread};

/// Iterations in the long journal.
const LONG: u64 = 10_000;
/// Of the stream to parse, in bytes.
const STREAM: usize = 200 << 20;

/// The mission of `drive`, as people would have written it.
const MISSION: &str = "
mission:
  id: shop
  title: A shop that sells
  description: It lists what there is, and the basket adds up.
  phases: [{id: first, criteria: [list]}, {id: second, criteria: [basket]}]
  definition_of_done:
    - {id: list, criteria: list works as the users were told, validators: [{command: npm test list}]}
    - {id: basket, criteria: basket works as the users were told, validators: [{command: npm test basket}]}
";

pub(crate) fn measure(table: &mut Table, machine: &Machine) {
    let file = read("mission.yaml", MISSION).unwrap();
    let prompts = Prompts::new(&BTreeMap::new(), "/repository").unwrap();
    let folder = tempfile::tempdir_in(scratch()).unwrap();
    let dir = StateDir::create(folder.path().join("cco")).unwrap();
    let mut run = Run::begin(&dir, &file.mission, &prompts);
    let times: Vec<Duration> = (0..200).map(|_| run.iteration(Syncs::AsOwed)).collect();
    let (half, most) = spread(times);
    let syncs = f64::from(run.syncs) / 200.0;
    table.row(
        "own time of an iteration: decision, prompts, journal, restore point",
        "≤ 4 ms + 3 fsyncs",
        "8–13 ms",
        format!(
            "{} + {syncs:.1} fsyncs of {} = {} (p90 {})",
            ms(half.saturating_sub(machine.fsync.mul_f64(syncs))),
            ms(machine.fsync),
            ms(half),
            ms(most)
        ),
    );
    prompt_sizes(table, &dir, run);
    resume(table, &dir);
    parsing(table);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Syncs {
    /// As the daemon does.
    AsOwed,
    /// None but those of restore points: to get a long journal in little time.
    Few,
}

struct Run<'a> {
    mission: &'a Mission,
    prompts: &'a Prompts,
    store: Store,
    session: Session,
    syncs: u32,
}

impl<'a> Run<'a> {
    fn begin(dir: &StateDir, mission: &'a Mission, prompts: &'a Prompts) -> Self {
        let lock = Lock::acquire(dir, time(0)).unwrap();
        let opened = Store::create(dir.clone(), lock, time(0), &first_event(run_id(1))).unwrap();
        let mut run = Self { mission, prompts, store: opened.store, session: opened.session, syncs: 0 };
        while run.session.iteration.0 == 0 {
            run.turn(Syncs::Few);
        }
        run.syncs = 0;
        run
    }

    /// One iteration, the world's own time left out.
    fn iteration(&mut self, syncs: Syncs) -> Duration {
        let (now, mut took) = (self.session.iteration, Duration::ZERO);
        while self.session.iteration == now {
            took += self.turn(syncs);
        }
        took
    }

    /// One event: what the daemon does with it, and with the effect that follows.
    fn turn(&mut self, syncs: Syncs) -> Duration {
        let event = answer(&self.session, (3, u64::MAX)).unwrap();
        let before = self.session.attempt;
        let now = time(self.store.last().seq.0);
        let begun = Instant::now();
        let order = match &self.session.stage {
            Stage::Recording(order) => Some(order.checkpoint.clone()),
            _ => None,
        };
        self.session = step(self.session.clone(), now, &event).0;
        self.store.append(now, &event).unwrap();
        let due = order.filter(|kind| match syncs {
            Syncs::AsOwed => true,
            Syncs::Few => matches!(kind, Checkpoint::Named(_)) || self.session.iteration.0.is_multiple_of(500),
        });
        if let Some(kind) = due {
            self.syncs += if kind == Checkpoint::Light { 0 } else { 2 };
            self.store.checkpoint(&kind, &self.session).unwrap();
        }
        if syncs == Syncs::AsOwed && self.session.attempt != before {
            self.issue();
        }
        begun.elapsed()
    }

    fn issue(&mut self) {
        let effect = self.session.effect().unwrap();
        if effect.owes_sync() {
            self.syncs += 1;
            self.store.sync().unwrap();
        }
        match effect {
            Effect::Plan { ask, heard } => drop(checklist(self.mission, &self.session, ask, heard)),
            Effect::Work(order) => {
                let facts = WorkFacts { mission: self.mission, session: &self.session, order: &order, sealed: &[] };
                drop(self.prompts.work(&facts).unwrap());
            }
            _ => {}
        }
    }
}

/// The size of the question to a model manager, early and late; leaves the long journal behind.
fn prompt_sizes(table: &mut Table, dir: &StateDir, run: Run<'_>) {
    let Run { mission, prompts, store, .. } = run;
    let lock = store.close();
    cco::store::archive_run(dir, &lock).unwrap();
    drop(lock);
    let mut run = Run::begin(dir, mission, prompts);
    let mut sizes = BTreeMap::new();
    while run.session.iteration.0 < LONG {
        run.turn(Syncs::Few);
        let n = run.session.iteration.0;
        if let (10 | 1_000 | 9_999, Some(Effect::Plan { ask, heard })) = (n, run.session.effect()) {
            sizes.insert(n, prompts.plan(mission, &run.session, ask, heard, &[]).unwrap().bytes());
        }
    }
    run.store.sync().unwrap();
    let ratio = sizes[&1_000] as f64 / sizes[&10] as f64;
    table.row(
        "the manager's prompt at iteration 1,000 beside iteration 10",
        "≤ 1.2 ×",
        "",
        format!("{ratio:.2} × ({} and {} bytes; at 9,999 {} bytes)", sizes[&1_000], sizes[&10], sizes[&9_999]),
    );
}

/// Opening the run again, as `cco resume` does, on a journal of 10,000 iterations.
fn resume(table: &mut Table, dir: &StateDir) {
    let times = (0..7).map(|_| {
        let begun = Instant::now();
        drop(Store::open(dir.clone(), Lock::acquire(dir, time(0)).unwrap(), time(0)).unwrap());
        begun.elapsed()
    });
    let (half, most) = spread(times.collect());
    let records = cco::store::verify_run(dir, None).unwrap().seq;
    table.row(
        "resume with 10,000 iterations in the journal",
        "≤ 300 ms",
        "",
        format!("{} (worst of 7 {}); {records} records", ms(half), ms(most)),
    );
}

/// The worker's stream, from bytes to events: the recorded transcripts over and over.
fn parsing(table: &mut Table) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/transcripts");
    let mut once = Vec::new();
    for name in ["t1_basic", "rec_first", "rec_resume", "x_big_edit", "a_subagent_fg"] {
        once.extend(fs::read(fixtures.join(format!("{name}.ndjson"))).unwrap());
    }
    let stream: Vec<u8> = once.iter().copied().cycle().take(STREAM.div_ceil(once.len()) * once.len()).collect();
    let times = (0..3).map(|_| {
        let begun = Instant::now();
        let (mut lines, mut events) = (LineBuffer::new(MAX_LINE), 0_u64);
        for chunk in stream.chunks(256 << 10) {
            lines.push(chunk);
            while let Some(line) = lines.next_line() {
                if let Line::Whole(bytes) = line {
                    std::hint::black_box(parse(bytes));
                    events += 1;
                }
            }
        }
        assert!(events > 1_000);
        begun.elapsed()
    });
    let (half, _) = spread(times.collect());
    let rate = stream.len() as f64 / 1e6 / half.as_secs_f64();
    table.row("parsing of a stream of 200 MB", "≥ 200 MB/s", "", format!("{rate:.0} MB/s"));
}
