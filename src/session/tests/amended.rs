//! A mission that is changed while it is under way.

use super::*;

impl Told {
    /// An amendment: the check is another one from now on.
    fn amended(self, change: impl FnOnce(&mut Charter)) -> Self {
        let mut charter = self.session.charter.clone();
        change(&mut charter);
        let after = InputHashes { mission: Hash::of(b"new"), config: Hash::ZERO, lock: None };
        let (actor, charter, reason) = (operator(), Box::new(charter), "the port was wrong".to_owned());
        self.take(&Event::Amended { actor, charter, before: None, after, reason })
    }

    fn sealed_on(self, tree: &str) -> Self {
        let seal = Seal {
            mission: Hash::of(b"new"),
            config: Hash::ZERO,
            lock: None,
            prompts: Hash::ZERO,
            paths: vec![],
            pinned: None,
            vacuous: vec![],
            tree: Some(TreeId::new(tree)),
        };
        self.answer(|attempt| Event::Sealed { attempt, seal, actor: operator() })
    }
}

fn another_check(charter: &mut Charter) {
    charter.criteria[0].checks[0].hash = Hash::of(b"another");
}

#[test]
fn an_amended_mission_is_sealed_and_looked_at_anew_and_what_was_spent_stays() {
    let told = begun(Some(1000)).planning().working().ended(WorkerOutcome::Finished, Some(7)).snapshotted("t1");
    let told = told.verified("t1", Outcome::Pass);
    assert_eq!((told.stage(), told.session.held()), ("recording", (1, 1)));
    let told = told.answer(|attempt| Event::Recorded { attempt, commit: Some(CommitId::new("c1")) });
    assert_eq!(told.stage(), "proving");
    let (spent, iteration) = (told.session.ledger.spent(), told.session.iteration);
    let told = told.amended(another_check);
    assert_eq!((told.stage(), told.session.held()), ("sealing", (0, 1)));
    assert!(told.session.conversation.is_none() && told.session.records[0].verdicts.is_empty());
    let told = told.sealed_on("t2");
    assert_eq!(told.session.sealed_tree(), Some(&TreeId::new("t2")));
    assert_eq!(told.session.tree, Some(TreeId::new("t2")));
    // The old check's verdict comes too late to count: its hash is not the sealed one.
    let told = told.verified("t2", Outcome::Pass);
    assert_eq!((told.stage(), told.session.held()), ("planning", (0, 1)));
    assert_eq!((told.session.ledger.spent(), told.session.iteration), (spent, iteration));
    let amended = told.session.amended.unwrap();
    assert_eq!((amended.times, amended.actor, amended.reason.as_str()), (1, operator(), "the port was wrong"));
}

#[test]
fn a_criterion_that_is_the_same_keeps_its_past_and_a_changed_one_does_not() {
    let told = begun(None).planning().working().ended(WorkerOutcome::Finished, Some(1)).snapshotted("t1");
    let told = told.verified("t1", Outcome::Pass);
    let told = told.answer(|attempt| Event::Recorded { attempt, commit: Some(CommitId::new("c1")) });
    let same =
        Told { session: told.session.clone(), said: vec![] }.amended(|charter| charter.criteria[0].required = true);
    assert!(same.session.records[0].last_held.is_some() && !same.session.records[0].holding);
    let changed = told.amended(another_check);
    assert_eq!(changed.session.records[0], CriterionRecord::default());
}

#[test]
fn a_commit_under_way_is_finished_before_an_amendment_counts() {
    let told = begun(None).planning().working().ended(WorkerOutcome::Finished, Some(1)).snapshotted("t1");
    let told = told.verified("t1", Outcome::Pass);
    let before = told.session.charter.clone();
    let told = told.amended(another_check);
    assert_eq!((told.stage(), &told.session.charter), ("recording", &before));
    assert_eq!(told.session.sealed.as_ref().unwrap().mission, Hash::of(b"new"));
    let told = told.answer(|attempt| Event::Recorded { attempt, commit: Some(CommitId::new("c1")) });
    assert_eq!((told.stage(), told.session.head.as_ref()), ("sealing", Some(&CommitId::new("c1"))));
    assert_eq!(told.session.charter.criteria[0].checks[0].hash, Hash::of(b"another"));
}

#[test]
fn a_pause_outlives_an_amendment_and_new_words_are_derived_first() {
    let told = begun(None).planning().take(&Event::PauseAsked { actor: operator() });
    let told = told.working();
    assert_eq!(told.stage(), "paused");
    let told = told.amended(|charter| charter.criteria[0].checks.clear());
    assert!(matches!(&told.session.stage, Stage::Paused { why: PauseReason::Operator, then }
        if matches!(**then, Stage::Deriving { .. })));
    let done = Stage::Ended(End::Done { commit: CommitId::new("c0") });
    let done = Told { session: Session { stage: done, ..told.session }, said: vec![] }.amended(|_| {});
    assert!(matches!(done.session.stage, Stage::Ended(End::Done { .. })));
}
