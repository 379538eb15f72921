//! A result that was paid for is taken over, not bought again.

use cco::worker::{Outcome, adopt};
use serde_json::json;

use crate::support::{Bench, replay};

#[tokio::test]
async fn a_finished_attempt_is_adopted_as_it_was() {
    let bench = Bench::new();
    let (report, _) = bench.play(&replay("t1_basic", 0)).await;
    let mut adopted = adopt(&bench.path("attempt")).await.unwrap().unwrap();
    assert_eq!(adopted.outcome, Outcome::Finished);
    // The record keeps milliseconds.
    assert!(report.duration.abs_diff(adopted.duration).as_millis() < 2);
    adopted.duration = report.duration;
    assert_eq!(adopted, report);
}

#[tokio::test]
async fn a_cut_is_adopted_as_a_cut() {
    let mut bench = Bench::new();
    bench.limits.slice = std::time::Duration::from_millis(100);
    bench.play(&json!([{"line": {"type": "system", "subtype": "init"}}, {"hang": null}])).await;
    assert_eq!(adopt(&bench.path("attempt")).await.unwrap().unwrap().outcome, Outcome::Sliced);
}

#[tokio::test]
async fn an_attempt_without_an_end_is_lost() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path("attempt")).unwrap();
    assert!(adopt(&bench.path("attempt")).await.unwrap().is_none());
}
