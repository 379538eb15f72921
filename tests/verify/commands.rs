//! `command`, `file` and combinations.

use std::path::Path;
use std::time::Duration;

use cco::mission::{Check, CheckKind, CommandCheck, FileCheck, PathCondition};
use cco::verify::{Setup, gather, place};
use cco::words::Outcome::{Fail, Inconclusive, Pass};
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn a_command_is_judged_by_its_exit_and_what_it_says() {
    let tree = Tree::new();
    assert_eq!(tree.run(command("true")).await.outcome, Pass);
    let failed = tree.run(command("echo why >&2; exit 3")).await;
    assert_eq!((failed.outcome, failed.evidence.exit_code), (Fail, Some(3)));
    assert_eq!((failed.evidence.summary.as_str(), failed.evidence.tail.as_str()), ("exit 3, asked for 0", "why"));
    let of = |what: CommandCheck| tree.run(check(CheckKind::Command(what)));
    assert_eq!(of(CommandCheck { exit_code: 3, ..says("exit 3") }).await.outcome, Pass);
    assert_eq!(of(CommandCheck { stderr_empty: true, ..says("echo x >&2") }).await.outcome, Fail);
    let contains = |text: &str| CommandCheck { stdout_contains: vec![text.into()], ..says("echo 12 passed") };
    assert_eq!(of(contains("12 passed")).await.outcome, Pass);
    assert_eq!(of(contains("13 passed")).await.outcome, Fail);
    let json = |value| CommandCheck { json: query("$.n", PathCondition::Equals(value)), ..says(r#"echo '{"n": 2}'"#) };
    assert_eq!(of(json(json!(2))).await.outcome, Pass);
    assert_eq!(of(json(json!(3))).await.outcome, Fail);
}

#[tokio::test]
async fn a_verdict_is_bound_to_tree_check_and_environment() {
    let tree = Tree::new();
    let job = tree.job(vec![command("true")]);
    let (id, environment) = (job.tree.clone(), job.environment.hash());
    let verdict = run(job).await.verdicts.remove(0);
    assert_eq!((verdict.tree, verdict.environment_hash, verdict.cached), (id, environment, false));
    assert_eq!((verdict.check.as_str(), verdict.kind.as_str()), ("c/0", "command"));
    assert_eq!(verdict.evidence.subject, "true");
}

#[tokio::test]
async fn a_time_out_is_inconclusive_and_nothing_runs_on() {
    let tree = Tree::new();
    let hangs = Check { timeout: Duration::from_millis(300), ..command("echo $$ > pid; echo begun; sleep 600") };
    let verdict = tree.run(hangs.clone()).await;
    assert_eq!((verdict.outcome, verdict.evidence.tail.as_str()), (Inconclusive, "begun"));
    assert!(verdict.evidence.summary.contains("time-out (300 ms)"), "{}", verdict.evidence.summary);
    assert!(!Path::new("/proc").join(tree.read("pid").trim()).exists());
    let not = tree.run(check(CheckKind::Not(Box::new(hangs)))).await;
    assert_eq!(not.outcome, Inconclusive, "the opposite of undecided is undecided");
}

#[tokio::test]
async fn a_flood_is_cut_and_what_was_not_seen_is_undecided() {
    let tree = Tree::new();
    let yes = "yes aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa | head -c 40000000";
    let flood = &format!("{yes}; echo the middle; {yes}");
    let verdict = tree.run(command(flood)).await;
    assert_eq!(verdict.outcome, Pass);
    assert!(!verdict.evidence.tail.is_empty() && verdict.evidence.tail.len() <= 4096);
    let wanted = CommandCheck { stdout_contains: vec!["the middle".into()], ..says(flood) };
    assert_eq!(tree.run(check(CheckKind::Command(wanted))).await.outcome, Inconclusive);
}

#[tokio::test]
async fn a_missing_tool_is_inconclusive_and_named() {
    let tree = Tree::new();
    let verdict = tree.run(command("no-such-tool-of-cco --version")).await;
    assert_eq!((verdict.outcome, verdict.evidence.exit_code), (Inconclusive, Some(127)));
    assert!(verdict.evidence.summary.contains("missing") && verdict.evidence.summary.contains("no-such-tool-of-cco"));
    tree.write("script", "#!/bin/sh\n");
    assert_eq!(tree.run(command("./script")).await.outcome, Fail, "its mode is the worker's to set");
    tree.write("calls", "no-such-tool-of-cco\n");
    let verdict = tree.run(command("sh ./calls")).await;
    assert_eq!((verdict.outcome, verdict.evidence.exit_code), (Fail, Some(127)), "a script is the worker's to mend");
}

#[tokio::test]
async fn a_check_sees_the_listed_variables_and_secrets_are_masked() {
    let mut tree = Tree::new();
    for (name, value) in [("OPENROUTER_API_KEY", "sk-or-v1-x"), ("DATABASE_URL", "postgres://u:pw@h"), ("EDITOR", "vi")]
    {
        tree.variables.insert(name.into(), value.into());
    }
    tree.pass_env = vec!["DATABASE_URL".into()];
    let verdict = tree.run(command("env | sort; test -d \"$TMPDIR\" && touch \"$TMPDIR/x\"")).await;
    assert_eq!(verdict.outcome, Pass);
    let tail = verdict.evidence.tail;
    assert!(tail.contains("DATABASE_URL=***") && tail.contains("TMPDIR="), "{tail}");
    assert!(!tail.contains("sk-or") && !tail.contains("EDITOR") && !tail.contains("pw@h"), "{tail}");
}

#[tokio::test]
async fn retries_are_kept_in_the_evidence() {
    let tree = Tree::new();
    let flaky = Check { retries: 2, ..command("echo try; test -f once || { touch once; exit 1; }") };
    let verdict = tree.run(flaky).await;
    assert_eq!(verdict.outcome, Pass);
    assert!(verdict.evidence.summary.contains("run 2") && verdict.evidence.summary.contains("before: fail: exit 1"));
    assert!(verdict.evidence.tail.contains("[run 1: fail]\ntry\n[run 2: pass]\ntry"), "{}", verdict.evidence.tail);
    assert!(verdict.evidence.measures.iter().any(|measure| measure.name == "runs" && measure.value == 2.0));
    let never = tree.run(Check { retries: 2, ..command("echo x >> runs; false") }).await;
    assert_eq!((never.outcome, tree.read("runs").lines().count()), (Fail, 3));
}

#[tokio::test]
async fn files_are_counted_by_what_they_hold() {
    let tree = Tree::new();
    tree.write("src/a.ts", "z.object({})");
    tree.write("src/deep/b.ts", "nothing");
    tree.write("docs/openapi.yaml", "paths:\n  /tasks: {}\n");
    let of = |what: FileCheck| tree.run(check(CheckKind::File(what)));
    let matching = |least| FileCheck { matches: vec![r"z\.object".into()], min_count: least, ..holds("src/**/*.ts") };
    assert_eq!(of(matching(1)).await.outcome, Pass);
    let short = of(matching(2)).await;
    assert_eq!(short.outcome, Fail);
    assert!(short.evidence.summary.contains("1 of 2 files") && short.evidence.summary.contains("src/deep/b.ts"));
    assert_eq!(of(FileCheck { max_count: Some(1), ..holds("src/**/*.ts") }).await.outcome, Fail);
    assert_eq!(of(FileCheck { exists: false, ..holds("src/**/*.ts") }).await.outcome, Fail);
    assert_eq!(of(FileCheck { exists: false, ..holds("*.tmp") }).await.outcome, Pass);
    let yaml = |path: &str| FileCheck { yaml: query(path, PathCondition::Exists(true)), ..holds("docs/openapi.yaml") };
    assert_eq!(of(yaml("$.paths['/tasks']")).await.outcome, Pass);
    assert_eq!(of(yaml("$.paths['/users']")).await.outcome, Fail);
    assert_eq!(of(FileCheck { sha256: Some("0".repeat(64)), ..holds("src/a.ts") }).await.outcome, Fail);
    assert_eq!(of(FileCheck { min_bytes: Some(13), ..holds("src/a.ts") }).await.outcome, Fail);
    assert_eq!(of(FileCheck { min_bytes: Some(12), ..holds("src/a.ts") }).await.outcome, Pass);
}

#[tokio::test]
async fn a_link_out_of_the_tree_is_no_evidence() {
    let (tree, outside) = (Tree::new(), Tree::new());
    outside.write("done.txt", "done");
    std::os::unix::fs::symlink(outside.at("done.txt"), tree.at("done.txt")).unwrap();
    std::os::unix::fs::symlink(outside.path(), tree.at("out")).unwrap();
    assert_eq!(tree.run(file("done.txt")).await.outcome, Fail);
    assert_ne!(tree.run(file("out/*.txt")).await.outcome, Pass);
    assert_ne!(tree.run(file("../**/done.txt")).await.outcome, Pass);
    let elsewhere = Check { cwd: "out".into(), ..command("true") };
    assert_eq!(tree.run(elsewhere).await.outcome, Inconclusive);
}

#[tokio::test]
async fn a_folder_that_is_not_there_yet_is_inconclusive_for_a_command() {
    let verdict = Tree::new().run(Check { cwd: "services/api".into(), ..command("true") }).await;
    assert_eq!(verdict.outcome, Inconclusive);
    assert!(verdict.evidence.summary.contains("`services/api` does not exist"), "{}", verdict.evidence.summary);
}

#[tokio::test]
async fn combinations_summarise_their_parts() {
    let tree = Tree::new();
    let named = |name: &str, check: Check| Check { name: name.into(), ..check };
    let parts = vec![named("lint", command("true")), named("types", command("echo TS2322; exit 2"))];
    let all = tree.run(check(CheckKind::All(parts.clone()))).await;
    assert_eq!((all.outcome, all.evidence.exit_code, all.evidence.tail.as_str()), (Fail, Some(2), "TS2322"));
    assert!(all.evidence.summary.contains("lint pass") && all.evidence.summary.contains("types fail: exit 2"));
    assert_eq!(tree.run(check(CheckKind::Any(parts))).await.outcome, Pass);
    assert_eq!(tree.run(check(CheckKind::Not(Box::new(command("false"))))).await.outcome, Pass);
}

#[tokio::test]
async fn checks_run_side_by_side_only_as_far_as_asked() {
    let tree = Tree::new();
    nix::unistd::mkfifo(&tree.at("meet"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    // Each needs the other to be running at the same time.
    let pair = || vec![command("echo hello > meet"), command("read line < meet && test \"$line\" = hello")];
    let mut job = tree.job(pair());
    job.jobs = 2;
    let mut seen = 0;
    let report = verifier().run(job, |_, _| seen += 1).await.unwrap();
    assert_eq!(report.verdicts.iter().map(|verdict| verdict.outcome).collect::<Vec<_>>(), [Pass, Pass]);
    assert_eq!((seen, report.verdicts[0].check.as_str()), (2, "c/0"));
    let hurried = pair().into_iter().map(|check| Check { timeout: Duration::from_millis(300), ..check }).collect();
    let alone = run(tree.job(hurried)).await;
    assert!(alone.verdicts.iter().all(|verdict| verdict.outcome == Inconclusive));
}

#[tokio::test]
async fn set_up_prepares_the_tree_or_says_what_failed() {
    let tree = Tree::new();
    let setup = |line: &str| Setup::of(Some(&[line.to_owned()]), tree.path()).unwrap();
    verifier().set_up(tree.job(vec![]), &setup("echo installed > deps")).await.unwrap();
    assert_eq!(tree.read("deps"), "installed\n");
    let broken = verifier().set_up(tree.job(vec![]), &setup("echo E404; exit 1")).await.unwrap().unwrap();
    let told = (broken.reason.as_str(), broken.tail.as_str(), broken.outcome);
    assert_eq!(told, ("the set-up command `echo E404; exit 1` exits 1", "E404", Fail));
    let missing = verifier().set_up(tree.job(vec![]), &setup("no-such-tool")).await.unwrap().unwrap();
    assert_eq!(missing.outcome, Inconclusive, "nothing ran, so nothing failed");
}

#[tokio::test]
async fn carried_files_are_there_when_checks_run() {
    let (work, tree) = (Tree::new(), Tree::new());
    work.write(".env.test", "A=1");
    let carried = gather(work.path(), &[".env.test".into()], |_| false).unwrap();
    place(&carried, tree.path()).unwrap();
    assert_eq!(tree.run(command("grep -q A=1 .env.test")).await.outcome, Pass);
    assert_eq!(std::fs::read_dir(tree.path()).unwrap().count(), 1);
}
