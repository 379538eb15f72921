//! What is known of each criterion: its verdicts on the newest tree, and when it was last proven.
//!
//! Invariant I2: a criterion holds only by passing verdicts of all its checks on exactly the tree in question.

use std::collections::BTreeMap;

use super::charter::{Charter, CharterCheck, CharterCriterion};
use super::stage::Scope;
use crate::mission::Every;
use crate::words::{Actor, CheckId, CriterionId, IterationNumber, Outcome, TreeId, Verdict};

/// What is known of one criterion.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CriterionRecord {
    /// The newest verdict of each check.
    pub verdicts: BTreeMap<CheckId, Verdict>,
    /// The last time all of its checks passed on one tree.
    pub last_held: Option<LastHeld>,
    /// Whether it held before any work.
    pub held_at_baseline: bool,
    /// How often it was lost again after it had held.
    pub regressions: u32,
    /// Whether it held at the end of the last verification.
    pub holding: bool,
    /// A person's answer to its manual checks.
    pub answer: Option<PersonsAnswer>,
}

/// When a criterion last held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastHeld {
    /// On which tree.
    pub tree: TreeId,
    /// After which iteration; 0 is the baseline.
    pub iteration: IterationNumber,
}

/// What a person said about a criterion, about exactly one tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonsAnswer {
    /// The tree.
    pub tree: TreeId,
    /// Whether it holds.
    pub approved: bool,
    /// Who said so.
    pub actor: Actor,
    /// Why, in their words.
    pub note: String,
}

/// How a criterion stands on a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Every check passed.
    Holds,
    /// Every check of the scope passed; some run only later.
    HoldsSoFar,
    /// Only a person's answer is missing.
    AwaitsPerson,
    /// A check failed.
    Fails,
    /// A check could not be decided, or has not run.
    Unknown,
}

/// How all criteria of a phase stand together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhaseStanding {
    /// All required ones hold, as far as checks outside the proof can tell.
    Holds,
    /// All hold so far; the checks of a phase's end have not run.
    NeedsPhaseChecks,
    /// All else holds; these wait for a person.
    AwaitsPerson(Vec<CriterionId>),
    /// At least one does not hold.
    Open,
}

impl CharterCheck {
    /// Whether the check belongs to a scope.
    #[must_use]
    pub const fn runs_in(&self, scope: Scope) -> bool {
        match scope {
            Scope::Baseline => true,
            Scope::Phase => !matches!(self.every, Every::Final),
            Scope::Iteration => matches!(self.every, Every::Iteration),
        }
    }
}

impl CriterionRecord {
    /// Whether it held at the end of a verification and did not at the end of the last one.
    #[must_use]
    pub const fn regressed(&self) -> bool {
        self.last_held.is_some() && !self.holding
    }

    /// How the criterion stands on a tree.
    #[must_use]
    pub fn standing(&self, criterion: &CharterCriterion, tree: &TreeId) -> Standing {
        if criterion.checks.is_empty() {
            return Standing::Unknown;
        }
        let outcomes = criterion.checks.iter().map(|check| (check, self.outcome_on(check, tree)));
        let mut standing = Standing::Holds;
        for (check, outcome) in outcomes {
            let one = match outcome {
                Some(Outcome::Pass) => Standing::Holds,
                Some(Outcome::Fail) => Standing::Fails,
                Some(Outcome::Inconclusive) if check.asks_person() => Standing::AwaitsPerson,
                Some(Outcome::Inconclusive) => Standing::Unknown,
                None if matches!(check.every, Every::Iteration) => Standing::Unknown,
                None => Standing::HoldsSoFar,
            };
            standing = worse(standing, one);
        }
        standing
    }

    /// The outcome of a check on exactly this tree and this definition.
    fn outcome_on(&self, check: &CharterCheck, tree: &TreeId) -> Option<Outcome> {
        let verdict = self.verdicts.get(&check.id)?;
        (verdict.tree == *tree && verdict.check_hash == check.hash).then_some(verdict.outcome)
    }
}

const fn worse(one: Standing, other: Standing) -> Standing {
    const fn rank(standing: Standing) -> u8 {
        match standing {
            Standing::Holds => 0,
            Standing::HoldsSoFar => 1,
            Standing::AwaitsPerson => 2,
            Standing::Unknown => 3,
            Standing::Fails => 4,
        }
    }
    if rank(other) > rank(one) { other } else { one }
}

/// How the required criteria up to a phase stand on a tree. The first phase's criteria must still hold in the second.
#[must_use]
pub fn phase_standing(charter: &Charter, records: &[CriterionRecord], phase: usize, tree: &TreeId) -> PhaseStanding {
    let mut waiting = Vec::new();
    let mut unrun = false;
    for (criterion, record) in charter.criteria.iter().zip(records) {
        if !criterion.required || criterion.phase > phase {
            continue;
        }
        match record.standing(criterion, tree) {
            Standing::Holds => {}
            Standing::HoldsSoFar => unrun |= has_unrun_phase_check(criterion, record, tree),
            Standing::AwaitsPerson => waiting.push(criterion.id.clone()),
            Standing::Fails | Standing::Unknown => return PhaseStanding::Open,
        }
    }
    if unrun {
        PhaseStanding::NeedsPhaseChecks
    } else if waiting.is_empty() {
        PhaseStanding::Holds
    } else {
        PhaseStanding::AwaitsPerson(waiting)
    }
}

fn has_unrun_phase_check(criterion: &CharterCriterion, record: &CriterionRecord, tree: &TreeId) -> bool {
    criterion.checks.iter().any(|check| matches!(check.every, Every::Phase) && record.outcome_on(check, tree).is_none())
}
