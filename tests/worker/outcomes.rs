//! The failure table of Claude Code 2.1.328, line by line: recorded output and exit code on the left, outcome on the
//! right.

use cco::process::Status;
use cco::words::Money;
use cco::worker::{ApiKind, Live, Outcome};
use serde_json::json;

use crate::support::{Bench, replay, transcript};

/// The outcome without its texts.
fn name(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Api(fault) => match &fault.kind {
            ApiKind::UsageLimit { resets_at, window } => {
                format!("UsageLimit {} {}", window.as_deref().unwrap_or("?"), resets_at.unwrap_or(0))
            }
            kind => format!("{kind:?} {}", fault.status.unwrap_or(0)),
        },
        Outcome::StartupFailed { .. } => "StartupFailed".into(),
        other => format!("{other:?}"),
    }
}

const TABLE: [(&str, u8, &str); 47] = [
    ("rec_first", 0, "Finished"),
    ("rec_resume", 0, "Finished"),
    ("t1_basic", 0, "Finished"),
    ("a_subagent_fg", 0, "Finished"),
    ("ask_user_question", 0, "Finished"),
    ("b_bash_timeout_env", 0, "Finished"),
    ("c_manual_compact", 0, "Finished"),
    ("c_ptl_reactive", 0, "Finished"),
    ("empty_answer", 0, "Finished"),
    ("max_tokens_stop", 0, "Finished"),
    ("p_default_denied", 0, "Finished"),
    ("unknown_tool", 0, "Finished"),
    ("h_hooks", 0, "Finished"),
    ("o_partial", 0, "Finished"),
    ("x_big_edit", 0, "Finished"),
    ("b_bg_bash_short", 0, "Finished"),
    ("f_529_twice_then_ok", 0, "Finished"),
    ("f_529_fallback", 0, "Finished"),
    ("g_oauth_warning", 0, "Finished"),
    ("f_401", 1, "Unauthorized 401"),
    ("g_oauth_401", 1, "Unauthorized 401"),
    ("f_403", 1, "Forbidden 403"),
    ("g_oauth_403_revoked", 1, "Forbidden 403"),
    ("d_nokey", 1, "NotLoggedIn 0"),
    ("f_400_credit", 1, "Credit 400"),
    ("f_400_other", 1, "BadRequest 400"),
    ("f_404_model", 1, "ModelNotFound 404"),
    ("f_413", 1, "RequestTooLarge 413"),
    ("f_prompt_too_long", 1, "PromptTooLong 400"),
    ("f_429_plain", 1, "RateLimited 429"),
    ("f_429_retry_after_900", 1, "RateLimited 429"),
    ("f_429_unified_apikey", 1, "RateLimited 429"),
    ("g_oauth_429_plain", 1, "RateLimited 429"),
    ("g_oauth_limit", 1, "UsageLimit five_hour 1795169211"),
    ("g_oauth_limit_weekly", 1, "UsageLimit seven_day 1795169211"),
    ("f_529_always", 1, "Overloaded 529"),
    ("f_500_always", 1, "Server 500"),
    ("f_500_after_tool", 1, "Server 500"),
    ("f2_503", 1, "Server 503"),
    ("f2_408", 1, "Timeout 408"),
    ("f_hang_apitimeout5s", 1, "Timeout 0"),
    ("f2_conn_refused", 1, "Connection 0"),
    ("f_close_always", 1, "Connection 0"),
    ("f2_cut_always", 1, "Connection 0"),
    ("f_garbage", 1, "Connection 0"),
    ("m_max_turns", 1, "MaxTurns"),
    ("m_max_budget", 1, "BudgetExhausted"),
];

#[tokio::test]
async fn each_recorded_end_comes_to_the_outcome_of_the_table() {
    let mut wrong = Vec::new();
    for (recorded, exit, expected) in TABLE {
        let bench = Bench::new();
        let (report, _) = bench.play(&replay(recorded, exit)).await;
        let outcome = name(&report.outcome);
        // The early end of a refused credential is a race with the replay, and comes to the same outcome.
        if outcome != expected {
            wrong.push(format!("{recorded}: {outcome}, expected {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn a_refusal_of_the_model_is_one() {
    let (report, _) = Bench::new().play(&replay("refusal_stop", 1)).await;
    assert_eq!(name(&report.outcome), "Refused 0");
}

#[tokio::test]
async fn what_fails_before_the_first_event_is_told_on_stderr() {
    for (stderr, expected) in [
        ("Error: Session ID 11111111-2222-4333-8444-555555555555 is already in use.\n", "SessionInUse"),
        ("No conversation found with session ID: 99999999-2222-4333-8444-555555555555\n", "SessionLost"),
        ("error: unknown option '--no-such-flag'\n", "StartupFailed"),
        ("", "Crashed { status: Code(1) }"),
    ] {
        let (report, _) = Bench::new().play(&json!([{"stderr": stderr}, {"exit": 1}])).await;
        assert_eq!(name(&report.outcome), expected, "{stderr}");
    }
    for (recorded, expected) in [
        ("s5_resume_unknown", "SessionLost"),
        ("v_startup_fail_results2", "StartupFailed"),
        ("z6_broken_claude_json", "StartupFailed"),
    ] {
        let (report, _) = Bench::new().play(&replay(recorded, 1)).await;
        assert_eq!(name(&report.outcome), expected, "{recorded}");
    }
}

#[tokio::test]
async fn no_result_is_never_a_success_not_even_with_exit_code_0() {
    let ends = [
        ("k_sigint", json!({"exit": 0}), Outcome::Crashed { status: Status::Code(0) }),
        ("k_sigterm", json!({"exit": 143}), Outcome::Killed { signal: 15 }),
        ("k_sighup", json!({"exit": 129}), Outcome::Killed { signal: 1 }),
        ("k_sigkill", json!({"signal": 9}), Outcome::Killed { signal: 9 }),
    ];
    for (recorded, end, expected) in ends {
        let (report, _) = Bench::new().play(&json!([{"replay": transcript(recorded)}, end])).await;
        assert_eq!(report.outcome, expected, "{recorded}");
        assert_eq!((report.own_cost, report.session_cost), (None, None), "an unreported cost is not zero");
    }
}

#[tokio::test]
async fn the_cost_of_a_resumed_session_is_told_apart_from_its_total() {
    let (first, _) = Bench::new().play(&replay("rec_first", 0)).await;
    assert_eq!(first.own_cost, Some(Money::from_micros(10_000)));
    assert_eq!(first.session_cost, Some(Money::from_micros(10_000)));
    assert_eq!((first.usage.input, first.usage.output, first.turns, first.api_calls), (2000, 100, 2, 2));
    assert_eq!((first.tool_calls, first.context_tokens, first.context_window), (1, 1000, Some(1_000_000)));
    assert_eq!(
        (first.text.as_str(), first.model.as_str(), first.version.as_str()),
        ("done", "claude-opus-5-5", "2.1.328")
    );
    let (resumed, _) = Bench::new().play(&replay("rec_resume", 0)).await;
    assert_eq!(resumed.own_cost, Some(Money::from_micros(5_000)));
    assert_eq!(resumed.session_cost, Some(Money::from_micros(15_000)));
}

#[tokio::test]
async fn a_second_result_adds_to_the_first() {
    let (report, _) = Bench::new().play(&replay("b_bg_bash_short", 0)).await;
    assert_eq!(report.text, "saw it finish");
    assert_eq!(report.own_cost, report.session_cost, "a fresh session's total is the sum of its results");
}

#[tokio::test]
async fn what_happens_is_shown_in_one_line_each() {
    let (_, live) = Bench::new().play(&replay("t1_basic", 0)).await;
    let chips: Vec<&str> =
        live.iter().filter_map(|news| if let Live::Chip(chip) = news { Some(chip.as_str()) } else { None }).collect();
    assert_eq!(chips, ["I will write a file.", "[Bash: echo hi && ls]", "[Write: /repo/a.txt]", "All done."]);
    let (report, _) = Bench::new().play(&replay("p_default_denied", 0)).await;
    assert!(report.denials[0].starts_with("Bash: touch in '/repo/b.txt' needs approval"), "{:?}", report.denials);
    assert!(report.chips.contains(&"[DENIED: Write]".to_owned()), "{:?}", report.chips);
}
