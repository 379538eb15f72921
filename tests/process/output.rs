//! What is kept of an output, and how it is followed.

use cco::process::{Line, Process};

use crate::support::{Bench, fifo, read};

async fn lines(process: &Process) -> Vec<String> {
    let mut follower = process.follow_stdout().unwrap();
    let mut lines = Vec::new();
    while let Some(line) = follower.next().await.unwrap() {
        lines.push(match line {
            Line::Whole(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Line::Skipped { bytes } => format!("<{bytes} bytes skipped>"),
        });
    }
    lines
}

#[tokio::test]
async fn lines_come_while_the_program_still_runs() {
    let bench = Bench::new();
    fifo(&bench.dir.path().join("go"));
    // Each line waits until the one before was read: a follower that is not woken hangs this test.
    let mut process =
        bench.start(&bench.shell("exec 3<>go; for i in 1 2 3; do echo $i; read _ <&3; done; printf last")).await;
    let mut follower = process.follow_stdout().unwrap();
    for expected in ["1", "2", "3"] {
        assert_eq!(follower.next().await.unwrap(), Some(Line::Whole(expected.as_bytes())));
        let go = bench.dir.path().join("go");
        tokio::task::spawn_blocking(move || std::fs::write(go, "\n").unwrap()).await.unwrap();
    }
    assert_eq!(follower.next().await.unwrap(), Some(Line::Whole(b"last")));
    assert_eq!(follower.next().await.unwrap(), None);
    assert!(process.wait().await.unwrap().status.success());
}

#[tokio::test]
async fn a_second_follower_reads_from_the_beginning() {
    let bench = Bench::new();
    let mut process = bench.start(&bench.shell("echo a; echo b")).await;
    assert_eq!(lines(&process).await, ["a", "b"]);
    process.wait().await.unwrap();
    assert_eq!(lines(&process).await, ["a", "b"]);
}

#[tokio::test]
async fn a_line_of_megabytes_comes_whole_and_one_over_the_bound_is_skipped() {
    let bench = Bench::new();
    let script =
        "head -c 3000000 /dev/zero | tr '\\0' x; echo; head -c 17000000 /dev/zero | tr '\\0' y; echo; echo end";
    let mut command = bench.shell(script);
    command.output_limit = 64 << 20;
    let mut process = bench.start(&command).await;
    let lines = lines(&process).await;
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0].len(), 3_000_000);
    assert_eq!(lines[1..], ["<17000000 bytes skipped>", "end"]);
    assert!(!process.wait().await.unwrap().output_cut);
}

#[tokio::test]
async fn a_flood_is_bounded_and_its_end_is_kept() {
    let bench = Bench::new();
    let mut command =
        bench.shell("yes 0123456789 | head -c 50000000; echo; echo the end; yes 2>/dev/null | head -c 9999999 >&2");
    command.output_limit = 100_000;
    let mut process = bench.start(&command).await;
    let exit = process.wait().await.unwrap();
    assert!(exit.output_cut && exit.status.success());
    let out = std::fs::read_to_string(process.stdout_path()).unwrap();
    assert!(out.len() < 101_000 && out.starts_with("0123456789\n") && out.ends_with("\nthe end\n"));
    assert!(out.contains("bytes left out]"));
    assert!(std::fs::metadata(process.stderr_path()).unwrap().len() < 101_000);
}

#[tokio::test]
async fn an_orphan_that_holds_the_output_open_does_not_hold_cco() {
    let bench = Bench::new();
    fifo(&bench.dir.path().join("ready"));
    let mut process = bench.start(&bench.shell("setsid sh -c 'echo up > ready; exec sleep 1000' & exit 0")).await;
    read(bench.dir.path().join("ready")).await;
    let exit = tokio::time::timeout(std::time::Duration::from_secs(30), process.wait()).await.unwrap().unwrap();
    assert_eq!(exit.swept, 1);
}

#[tokio::test]
async fn bytes_that_are_not_text_pass_unharmed() {
    let bench = Bench::new();
    let mut process = bench.start(&bench.shell("printf 'a\\000\\377b\\n\\033[31mred\\n'")).await;
    let mut follower = process.follow_stdout().unwrap();
    assert_eq!(follower.next().await.unwrap(), Some(Line::Whole(b"a\0\xffb")));
    assert_eq!(follower.next().await.unwrap(), Some(Line::Whole(b"\x1b[31mred")));
    process.wait().await.unwrap();
}
