//! cco as a whole, run over repositories: the start, the iterations, the stream.

use std::fs;
use std::time::Duration;

use crate::machine::Machine;
use crate::mission::{Checks, Mission};
use crate::table::{Table, ms, spread};

/// Waits for the disk between a worker's end and the next start in an iteration that commits, counted with
/// `strace -f -e trace=fsync,fdatasync,syncfs`: the worker's two spools, its exit record and their folder; the journal
/// before the commit, the plan and the worker; the objects of the commit.
const FSYNCS: u32 = 8;

/// From the start of `cco` to the first instruction of the worker.
pub(crate) fn start(table: &mut Table, machine: &Machine) {
    let (mut times, mut baselines) = (Vec::new(), Vec::new());
    for _ in 0..15 {
        let mission = Mission::new(20, Checks::One);
        let ran = mission.run(1);
        let whole = mission.stamps("begun")[0].duration_since(ran.begun).unwrap();
        let baseline = mission.baseline();
        times.push(whole.saturating_sub(baseline));
        baselines.push(baseline);
    }
    let ((half, most), (baseline, _)) = (spread(times), spread(baselines));
    table.row(
        "start to the worker's spawn, without baseline",
        "≤ 25 ms",
        "8–52 ms",
        format!("{} (p90 {}); the baseline of one check {}", ms(half), ms(most), ms(baseline)),
    );
    table.note(format!("start: the p50 fsync was {}", ms(machine.fsync)));
}

/// From a worker's end to the next one's start.
pub(crate) fn iteration(table: &mut Table, machine: &Machine) {
    for (what, files, iterations, target) in [
        ("own time of an iteration with snapshot, two checks, commit, 20 files", 20, 40, "≤ 30 ms + fsyncs"),
        ("the same with 50,000 files", 50_000, 12, "≤ 250 ms + fsyncs"),
    ] {
        let mission = Mission::new(files, Checks::Two);
        // The first run finds the repository cold.
        mission.run(2);
        let base = mission.run(1).processor;
        let each = (mission.run(iterations).processor - base) / u32::try_from(iterations - 1).unwrap();
        let (half, most) = spread(mission.gaps());
        let synced = machine.fsync * FSYNCS;
        let found = format!(
            "{} + {FSYNCS} fsyncs of {} = {} (p90 {}); processor time {}",
            ms(half.saturating_sub(synced)),
            ms(machine.fsync),
            ms(half),
            ms(most),
            ms(each)
        );
        table.row(what, target, "8–13 ms without durable state or commit, 18–24, 31, 257", found);
        for line in stages(&mission) {
            table.note(format!("{files} files: {line}"));
        }
    }
}

/// Where the time of an iteration goes, by what the journal noted when.
fn stages(mission: &Mission) -> Vec<String> {
    let events = mission.events();
    let steps = [
        ("worker_ended", "snapshotted"),
        ("snapshotted", "verified"),
        ("verified", "recorded"),
        ("recorded", "planned"),
        ("planned", "worker_seen"),
    ];
    let times = steps.map(|(from, to)| {
        let took = events.windows(8).filter_map(|events| {
            let (begun, _) = events.first().filter(|(_, event)| event.name() == from)?;
            let (ended, _) = events.iter().skip(1).find(|(_, event)| event.name() == to)?;
            Duration::try_from(ended.duration_since(*begun)).ok()
        });
        format!("{from} to {to} {}", ms(spread(took.collect()).0))
    });
    times.to_vec()
}

/// How the length of the worker's stream tells.
pub(crate) fn events(table: &mut Table, _machine: &Machine) {
    let mission = Mission::new(20, Checks::One);
    let stream = mission.path("stream");
    let mut halves = Vec::new();
    for (count, iterations) in [(0, 20), (300, 20), (4_000, 8), (100_000, 4)] {
        fs::write(&stream, stream_of(count)).unwrap();
        mission.work(&[&stream]);
        mission.run(iterations);
        halves.push((count, spread(mission.gaps()).0, spread(lives(&mission)).0));
    }
    let (_, base, base_life) = halves[0];
    let added = |at: usize| (halves[at].1 + halves[at].2).saturating_sub(base + base_life);
    table.row(
        "300 events in the stream add",
        "≤ 5 ms",
        "0 (one dies at 4,096 events, another takes 22 s for 300)",
        format!("{} (of it after the worker's end {})", ms(added(1)), ms(halves[1].1.saturating_sub(base))),
    );
    table.row(
        "4,000 and 100,000 events add, each event",
        "linear",
        "",
        format!(
            "{:.1} µs and {:.1} µs",
            added(2).as_secs_f64() * 1e6 / f64::from(halves[2].0),
            added(3).as_secs_f64() * 1e6 / f64::from(halves[3].0)
        ),
    );
}

fn lives(mission: &Mission) -> Vec<Duration> {
    let (begun, ended) = (mission.stamps("begun"), mission.stamps("ended"));
    begun.iter().zip(ended).map(|(begun, ended)| ended.duration_since(*begun).unwrap()).collect()
}

/// Tool calls and their results by turns, as Claude Code prints them.
fn stream_of(events: u32) -> String {
    let text = "a line of output ".repeat(20);
    let event = |n: u32| {
        let id = format!("toolu_{:020}", n / 2);
        if n.is_multiple_of(2) {
            serde_json::json!({"type": "assistant", "message": {"id": format!("msg_{n}"), "type": "message",
                "role": "assistant", "model": "worker-model", "content": [{"type": "tool_use", "id": id,
                "name": "Bash", "input": {"command": format!("ls {n}"), "description": text}}],
                "usage": {"input_tokens": 5, "cache_read_input_tokens": 20_000 + n, "output_tokens": 3}},
                "parent_tool_use_id": null, "session_id": "00000000-0000-0000-0000-000000000000"})
        } else {
            serde_json::json!({"type": "user", "message": {"role": "user", "content": [{"type": "tool_result",
                "tool_use_id": id, "content": text, "is_error": false}]}, "parent_tool_use_id": null,
                "session_id": "00000000-0000-0000-0000-000000000000", "tool_use_result": {"stdout": text}})
        }
    };
    (0..events).map(|n| format!("{}\n", event(n))).collect()
}
