//! The ladder in sentences: what two criteria and a few iterations lead to.

use super::*;

impl Told {
    /// What a check of a criterion says; each has one.
    pub(super) fn verdict_of(self, criterion: &str, tree: &str, outcome: Outcome) -> Self {
        let verdict = Verdict {
            criterion: CriterionId::new(criterion),
            check: CheckId::new(format!("{criterion}/0")),
            kind: "command".into(),
            outcome,
            tree: TreeId::new(tree),
            check_hash: Hash::ZERO,
            environment_hash: Hash::ZERO,
            evidence: Evidence::default(),
            duration_ms: 1,
            cached: false,
        };
        self.answer(|attempt| Event::VerdictRecorded { attempt, verdict: Box::new(verdict) })
    }
}

/// A mission of two criteria, `a` and `b`, of which an iteration meets those that are named.
fn iteration(told: Told, tree: &str, met: &[&str]) -> Told {
    let mut told = told.working().ended(WorkerOutcome::Finished, Some(1)).snapshotted(tree);
    for id in ["a", "b"] {
        told = told.verdict_of(id, tree, if met.contains(&id) { Outcome::Pass } else { Outcome::Fail });
    }
    told = told.answer(|attempt| Event::Verified { attempt, bill: None });
    told.answer(|attempt| Event::Recorded { attempt, commit: None })
}

fn of_two(on_stall: OnStall) -> Told {
    let mut told = begun(None);
    let mut second = told.session.charter.criteria[0].clone();
    second.id = CriterionId::new("b");
    second.checks[0].id = CheckId::new("b/0");
    told.session.charter.criteria.push(second);
    told.session.charter.limits.on_stall = on_stall;
    told.session.records.push(CriterionRecord::default());
    told.planning()
}

#[test]
fn criteria_that_take_turns_end_the_mission_with_the_reason() {
    let mut told = of_two(OnStall::Replan);
    for n in 1..=4 {
        told = iteration(told, &format!("t{n}"), if n % 2 == 0 { &["b"] } else { &["a"] });
        assert_eq!(told.stage(), "planning", "iteration {n}");
    }
    assert_eq!(told.session.progress.rung(&told.session.charter.limits), Rung::Step(Strategy::Alternative));
    let told = iteration(told, "t5", &["a"]);
    let Stage::Ended(End::Impossible { criterion, why }) = &told.session.stage else { panic!("{}", told.stage()) };
    assert_eq!(criterion.as_str(), "b", "the one that does not hold");
    assert!(why.contains("a and b never held together"), "{why}");
    // Who knows better begins the ladder anew.
    let told = told.take(&Event::ResumeAsked { actor: operator() });
    assert_eq!((told.stage(), told.session.progress.contradictions.clone()), ("planning", None));
}

#[test]
fn a_repository_that_got_worse_goes_back_to_its_best_state_before_the_partial_step() {
    let told = of_two(OnStall::Stop);
    let told = iteration(told, "good", &["a"]);
    let told = iteration(told, "bad-1", &[]);
    let told = iteration(told, "bad-2", &[]);
    assert_eq!(told.stage(), "planning");
    let told = iteration(told, "bad-3", &[]);
    assert_eq!(told.session.effect(), Some(Effect::Restore { tree: TreeId::new("good") }));
    let told = told.answer(|attempt| Event::Restored { attempt, tree: TreeId::new("good") });
    assert_eq!((told.stage(), told.session.tree.as_ref()), ("verifying", Some(&TreeId::new("good"))));
    let told = told.verdict_of("a", "good", Outcome::Pass).verdict_of("b", "good", Outcome::Fail);
    let told = told.answer(|attempt| Event::Verified { attempt, bill: None });
    assert_eq!((told.stage(), told.session.held()), ("planning", (1, 2)));
    assert_eq!(told.session.progress.rung(&told.session.charter.limits), Rung::Step(Strategy::Partial));
    assert!(told.session.fresh_next, "the old conversation believes in files that are gone");
    assert!(told.said.iter().any(|notice| notice.text.contains("put back to the best state")));
    let told = iteration(told, "other", &["a"]);
    assert_eq!(told.stage(), "planning", "a state that is as good as the best stays");
    let told = iteration(told, "bad-4", &[]);
    assert_eq!(told.session.stage, Stage::Ended(End::Stalled));
    assert!(told.said.iter().any(|notice| notice.text.ends_with("what does not hold: a, b")));
}
