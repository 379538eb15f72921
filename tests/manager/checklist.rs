//! The embedded manager: which criterion, which words, and that the same state gives the same plan.

use cco::manager::checklist;
use cco::session::{ConversationWish, Plan, Strategy, TaskState, WorkerOutcome};
use cco::words::CriterionId;

use crate::story::Story;

const ERROR: &str = "TypeError: x is undefined\n    at a.js:3";

fn plan(story: &Story) -> Plan {
    let (ask, heard) = story.ask();
    checklist(&story.mission, &story.session, ask, heard)
}

/// One iteration planned by the checklist itself.
fn iterate(story: &mut Story, tree: &str, passing: &[&str]) {
    let planned = plan(story);
    story.planned(planned.strategy, &planned.action.title);
    story.worked(WorkerOutcome::Finished, "Done.", tree);
    story.checked(passing, ERROR);
    story.recorded();
}

#[test]
fn it_takes_the_unmet_criterion_of_highest_priority_and_quotes_its_evidence() {
    let mut story = Story::begun();
    let first = plan(&story);
    assert_eq!(first.action.criteria, [CriterionId::new("crud")]);
    assert_eq!(first.tasks.len(), 3);
    iterate(&mut story, "t1", &["crud"]);
    let second = plan(&story);
    assert_eq!(second.action.criteria, [CriterionId::new("validation")]);
    assert!(second.action.prompt.contains("TypeError: x is undefined"));
    assert!(second.action.prompt.contains("must still hold afterwards: `crud`"));
    let done: Vec<&str> =
        second.tasks.iter().filter(|task| task.state == TaskState::Completed).map(|task| task.id.as_str()).collect();
    assert_eq!(done, ["crud"]);
    insta::assert_snapshot!(second.action.prompt);
}

#[test]
fn its_strategy_changes_with_repeated_failure() {
    let mut story = Story::begun();
    iterate(&mut story, "t0", &[]);
    let plans: Vec<Plan> = (0..5)
        .map(|_| {
            let planned = plan(&story);
            iterate(&mut story, "t0", &[]);
            planned
        })
        .collect();
    let strategies: Vec<Strategy> = plans.iter().map(|plan| plan.strategy).collect();
    use Strategy::{Alternative, Partial, RetryModified};
    assert_eq!(strategies, [RetryModified, Alternative, Partial, Partial, Partial]);
    assert_eq!(plans[1].conversation, ConversationWish::Fresh);
    let aims: Vec<&str> = plans.iter().map(|plan| plan.action.criteria[0].as_str()).collect();
    assert_eq!(aims, ["crud", "crud", "validation", "docs", "crud"], "the stuck one is left for the next ones in turn");
    let prompts: std::collections::BTreeSet<&str> = plans.iter().map(|plan| plan.action.prompt.as_str()).collect();
    assert!(prompts.len() >= 4, "no two alike in a row");
    assert!(plans[2].action.prompt.contains("Tried already"), "{}", plans[2].action.prompt);
}

#[test]
fn an_operators_words_are_passed_on_as_they_are() {
    let mut story = Story::begun();
    story.guided("Use  `zod`;\n  not joi.");
    iterate(&mut story, "t1", &[]);
    let planned = plan(&story);
    assert!(planned.action.prompt.contains("The operator says:\n\nada: Use  `zod`;\n  not joi."));
}

#[test]
fn an_action_that_did_not_end_is_gone_on_with_in_smaller_steps() {
    let mut story = Story::begun();
    story.planned(Strategy::Proceed, "All at once");
    story.worked(WorkerOutcome::MaxTurns, "", "t1");
    story.checked(&[], ERROR);
    story.recorded();
    assert!(plan(&story).action.prompt.contains("did not come to its end (max turns)"));
}

#[test]
fn the_same_state_gives_the_same_plan_and_a_crash_changes_nothing() {
    let mut story = Story::begun();
    iterate(&mut story, "t1", &["docs"]);
    let before = plan(&story);
    assert_eq!(before, plan(&story));
    story.take(&cco::session::Event::DaemonStarted { epoch: 2, version: "1".to_owned(), pid: 9 });
    assert_eq!(before, plan(&story));
}

#[test]
fn a_title_is_one_bounded_line() {
    let mut mission = crate::story::mission();
    mission.criteria[0].text = format!("line one\nline two {}", "x".repeat(400));
    let title = plan(&Story::begun_with(mission)).action.title;
    assert!(!title.contains('\n') && title.chars().count() <= 101, "{title}");
}

#[test]
fn what_held_and_was_lost_comes_before_what_is_more_urgent() {
    let mut story = Story::begun();
    iterate(&mut story, "t1", &["docs"]);
    assert_eq!(plan(&story).action.criteria, [CriterionId::new("crud")], "nothing was lost");
    iterate(&mut story, "t2", &["crud"]);
    assert_eq!(
        plan(&story).action.criteria,
        [CriterionId::new("docs")],
        "validation is more urgent, and was never there"
    );
}

#[test]
fn criteria_that_take_turns_are_told_of_and_then_put_aside() {
    let mut story = Story::begun();
    for n in 1..=3 {
        iterate(&mut story, &format!("t{n}"), if n % 2 == 0 { &["docs"] } else { &["crud"] });
    }
    let told = plan(&story);
    assert!(told.action.prompt.contains("crud and docs never held together"), "{}", told.action.prompt);
    assert_eq!((told.strategy, told.conversation), (Strategy::Alternative, ConversationWish::Fresh));
    for n in 4..=5 {
        iterate(&mut story, &format!("t{n}"), if n % 2 == 0 { &["docs"] } else { &["crud"] });
    }
    let rest = plan(&story);
    assert_eq!(rest.action.criteria, [CriterionId::new("validation")]);
    assert!(rest.action.prompt.contains("Put both aside and finish what else is open"), "{}", rest.action.prompt);
}
