//! A criterion as faces show it: state, evidence, and when it last held.
//!
//! `proven` is said only of verdicts of a proof, on the newest tree, with the checks as sealed (invariants I2 and I3).

use serde::{Deserialize, Serialize};

use crate::mission::Every;
use crate::session::{CharterCheck, CharterCriterion, CriterionRecord, Session, Standing};
use crate::words::{CheckId, CriterionId, Evidence, IterationNumber, Outcome, Priority, TreeId, Verdict};

/// How a criterion stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// All its checks passed in the proof, on a fresh checkout of the newest commit.
    Proven,
    /// All its checks passed when they last ran.
    Holds,
    /// It held once and does not any more.
    HeldBefore,
    /// A check fails.
    Failing,
    /// A check has not run yet or could not be decided.
    Unknown,
    /// Only a person's answer is missing.
    AwaitsPerson,
}

impl State {
    /// The word for people.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Holds => "holds",
            Self::HeldBefore => "held before",
            Self::Failing => "failing",
            Self::Unknown => "unknown",
            Self::AwaitsPerson => "awaits you",
        }
    }

    /// Whether the criterion counts as met at the moment.
    #[must_use]
    pub const fn is_met(self) -> bool {
        matches!(self, Self::Proven | Self::Holds)
    }
}

/// One item of the definition of done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Criterion {
    /// Its name.
    pub id: CriterionId,
    /// What must hold, in words.
    pub criteria: String,
    /// The order of work.
    pub priority: Priority,
    /// How it stands.
    pub state: State,
    /// Whether `state` was seen on the newest tree; `false` while checks have still to run on it.
    pub current: bool,
    /// Whether the mission can end without it.
    pub required: bool,
    /// Whether its checks were derived from words by a model.
    pub derived: bool,
    /// The phase it belongs to.
    pub phase: String,
    /// When all its checks last passed on one tree; `null`: never.
    pub last_proven: Option<LastProven>,
    /// Whether it held before any work.
    pub held_at_baseline: bool,
    /// How often it was lost again.
    pub regressions: u32,
    /// Its checks; empty until they are derived.
    pub checks: Vec<Check>,
}

/// When a criterion last held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastProven {
    /// On which tree.
    pub tree: TreeId,
    /// After which iteration; 0 is the baseline.
    pub iteration: IterationNumber,
    /// Whether it was the proof on a fresh checkout.
    pub in_proof: bool,
}

/// One check and its newest verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Its place in the mission.
    pub id: CheckId,
    /// The kind as written in the mission.
    pub kind: String,
    /// The newest outcome; `null`: it has not run.
    pub verdict: Option<Outcome>,
    /// Why; `null`: it has not run.
    pub evidence: Option<Evidence>,
    /// The tree the verdict is about.
    pub tree: Option<TreeId>,
    /// Whether that is the newest tree.
    pub current: bool,
    /// Whether the verdict is the proof's.
    pub in_proof: bool,
    /// How often it runs: `iteration`, `phase` or `final`.
    pub every: String,
    /// How long the run took.
    pub duration_ms: Option<u64>,
    /// Whether the verdict was taken over from an earlier run on the same inputs.
    pub cached: bool,
}

impl Criterion {
    /// All criteria of a session, in the order of the mission.
    #[must_use]
    pub fn all(session: &Session) -> Vec<Self> {
        let parallel = session.charter.criteria.iter().zip(&session.records);
        parallel.map(|(criterion, record)| Self::of(session, criterion, record)).collect()
    }

    fn of(session: &Session, criterion: &CharterCriterion, record: &CriterionRecord) -> Self {
        let checks: Vec<Check> = criterion.checks.iter().map(|check| Check::of(session, record, check)).collect();
        let proven = is_proven(session, criterion);
        let state = if proven { State::Proven } else { state(session, criterion, record, &checks) };
        let phase = session.charter.phases.get(criterion.phase).map(ToString::to_string).unwrap_or_default();
        let last = record.last_held.as_ref();
        Self {
            id: criterion.id.clone(),
            criteria: criterion.text.clone(),
            priority: criterion.priority,
            state,
            current: proven || is_seen(&checks),
            required: criterion.required,
            derived: criterion.derived,
            phase,
            last_proven: last.map(|held| LastProven {
                tree: held.tree.clone(),
                iteration: held.iteration,
                in_proof: proven,
            }),
            held_at_baseline: record.held_at_baseline,
            regressions: record.regressions,
            checks,
        }
    }
}

impl Check {
    fn of(session: &Session, record: &CriterionRecord, check: &CharterCheck) -> Self {
        let proof = proof_verdicts(session, check).next_back();
        let verdict = proof.or_else(|| record.verdicts.get(&check.id));
        Self {
            id: check.id.clone(),
            kind: check.kind.clone(),
            verdict: verdict.map(|verdict| verdict.outcome),
            evidence: verdict.map(|verdict| verdict.evidence.clone()),
            tree: verdict.map(|verdict| verdict.tree.clone()),
            current: verdict.is_some_and(|verdict| is_current(session, check, verdict)),
            in_proof: proof.is_some(),
            every: match check.every {
                Every::Iteration => "iteration",
                Every::Phase => "phase",
                Every::Final => "final",
            }
            .to_owned(),
            duration_ms: verdict.map(|verdict| verdict.duration_ms),
            cached: verdict.is_some_and(|verdict| verdict.cached),
        }
    }
}

/// Whether every check that runs in each iteration has run on the newest tree.
fn is_seen(checks: &[Check]) -> bool {
    !checks.is_empty() && checks.iter().all(|check| check.current || check.every != "iteration")
}

fn is_current(session: &Session, check: &CharterCheck, verdict: &Verdict) -> bool {
    Some(&verdict.tree) == session.tree.as_ref() && verdict.check_hash == check.hash
}

fn proof_verdicts<'a>(
    session: &'a Session,
    check: &'a CharterCheck,
) -> impl DoubleEndedIterator<Item = &'a Verdict> + 'a {
    session.proof.iter().filter(move |verdict| verdict.check == check.id && is_current(session, check, verdict))
}

fn is_proven(session: &Session, criterion: &CharterCriterion) -> bool {
    !criterion.checks.is_empty()
        && criterion.checks.iter().all(|check| {
            let mut verdicts = proof_verdicts(session, check).peekable();
            verdicts.peek().is_some() && verdicts.all(|verdict| verdict.outcome == Outcome::Pass)
        })
}

fn state(session: &Session, criterion: &CharterCriterion, record: &CriterionRecord, checks: &[Check]) -> State {
    let standing = session.tree.as_ref().map_or(Standing::Unknown, |tree| record.standing(criterion, tree));
    let failing = || if record.last_held.is_some() { State::HeldBefore } else { State::Failing };
    let untouched = !checks.iter().any(|check| check.current);
    match standing {
        Standing::Holds => State::Holds,
        Standing::Fails => failing(),
        Standing::AwaitsPerson => State::AwaitsPerson,
        // What runs only at the end is not said to hold on the word of an older tree that it failed on.
        Standing::HoldsSoFar if checks.iter().all(|check| check.verdict == Some(Outcome::Pass)) => State::Holds,
        Standing::HoldsSoFar => State::Unknown,
        // The newest tree has not been looked at: what was last seen stands until it is.
        Standing::Unknown if untouched && record.holding => State::Holds,
        Standing::Unknown if untouched && checks.iter().any(|check| check.verdict == Some(Outcome::Fail)) => failing(),
        Standing::Unknown => State::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample;

    fn states(session: &Session) -> Vec<State> {
        Criterion::all(session).into_iter().map(|criterion| criterion.state).collect()
    }

    #[test]
    fn each_state_is_told_from_verdicts_on_the_newest_tree() {
        let session = sample::working();
        let expected = [State::Holds, State::HeldBefore, State::Failing, State::Unknown, State::AwaitsPerson];
        assert_eq!(states(&session), expected);
        assert!(Criterion::all(&session).iter().take(3).all(|criterion| criterion.current));
    }

    #[test]
    fn a_criterion_is_proven_only_by_the_proof_of_the_newest_tree() {
        let mut session = sample::done();
        assert!(states(&session).iter().take(3).all(|state| *state == State::Proven));
        session.tree = Some(TreeId::new("another"));
        assert!(!states(&session).contains(&State::Proven));
    }

    #[test]
    fn one_failed_run_in_the_proof_is_enough_not_to_be_proven() {
        let mut session = sample::done();
        let mut flaky = session.proof[0].clone();
        flaky.outcome = Outcome::Fail;
        session.proof.insert(0, flaky);
        assert_ne!(states(&session)[0], State::Proven);
    }

    #[test]
    fn a_tree_that_nobody_has_looked_at_yet_keeps_what_was_last_seen() {
        let mut session = sample::working();
        session.tree = Some(TreeId::new("newer"));
        let criteria = Criterion::all(&session);
        assert_eq!(criteria[0].state, State::Holds);
        assert_eq!(criteria[1].state, State::HeldBefore);
        assert!(criteria.iter().take(3).all(|criterion| !criterion.current));
    }

    #[test]
    fn a_verdict_of_a_check_that_was_written_anew_says_nothing() {
        let mut session = sample::working();
        session.charter.criteria[0].checks[0].hash = crate::words::Hash::of(b"written anew");
        session.records[0].holding = false;
        assert_eq!(states(&session)[0], State::Unknown);
    }
}
