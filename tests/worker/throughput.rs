//! A stream far larger than a pipe goes through the whole path with nothing lost.

use serde_json::json;

use crate::support::{Bench, transcript};

#[tokio::test]
async fn thirty_thousand_events_arrive() {
    let bench = Bench::new();
    let steps = json!([{"replay": transcript("rec_first")}, {"flood": 30_000}, {"replay": transcript("rec_resume")}]);
    let (report, _) = bench.play(&steps).await;
    assert_eq!(report.text, "continued");
    assert!(std::fs::metadata(bench.path("attempt/stdout")).unwrap().len() > 30_000_000);
}
