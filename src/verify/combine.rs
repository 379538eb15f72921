//! `all`, `any`, `not`: three-valued, so that what could not be decided never turns into a pass. Pure.

use super::finding::Finding;
use crate::mission::Check;
use crate::words::{CheckId, Outcome};

/// The parts of a combination with their ids: `criterion/0.1` is the second part of `criterion/0`.
pub(super) fn parts<'c>(id: &CheckId, check: &'c Check) -> Vec<(CheckId, &'c Check)> {
    let parts = check.parts().iter().enumerate();
    parts.map(|(at, part)| (CheckId::new(format!("{id}.{at}")), part)).collect()
}

/// Fails if one fails, passes if all pass. Nothing to combine is nothing proved.
pub(super) fn all(outcomes: &[Outcome]) -> Outcome {
    match outcomes {
        [] => Outcome::Inconclusive,
        _ if outcomes.contains(&Outcome::Fail) => Outcome::Fail,
        _ if outcomes.contains(&Outcome::Inconclusive) => Outcome::Inconclusive,
        _ => Outcome::Pass,
    }
}

/// Passes if one passes, fails if all fail.
pub(super) fn any(outcomes: &[Outcome]) -> Outcome {
    not(all(&outcomes.iter().map(|outcome| not(*outcome)).collect::<Vec<_>>()))
}

/// Turns pass and fail; inconclusive stays.
pub(super) const fn not(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Pass => Outcome::Fail,
        Outcome::Fail => Outcome::Pass,
        Outcome::Inconclusive => Outcome::Inconclusive,
    }
}

/// One finding of all parts: each is named in the summary, and the one that decides shows its evidence.
pub(super) fn finding(kind: &str, outcome: Outcome, parts: Vec<(String, Finding)>) -> Finding {
    let phrases: Vec<String> =
        parts.iter().map(|(name, part)| format!("{name} {}: {}", part.outcome, part.evidence.summary)).collect();
    let mut whole = Finding::new(outcome, format!("{kind} of {}: {}", parts.len(), phrases.join(" | ")));
    let subjects: Vec<&str> = parts.iter().map(|(_, part)| part.evidence.subject.as_str()).collect();
    whole.evidence.subject = subjects.join(" | ");
    let deciding = if kind == "not" { not(outcome) } else { outcome };
    if let Some((_, part)) = parts.iter().find(|(_, part)| part.outcome == deciding) {
        whole.evidence.tail.clone_from(&part.evidence.tail);
        whole.evidence.exit_code = part.evidence.exit_code;
    }
    for (_, part) in parts {
        whole.evidence.measures.extend(part.evidence.measures);
        whole.evidence.citations.extend(part.evidence.citations);
        whole.passed.extend(part.passed);
    }
    whole
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, Strategy, prop, prop_assert, prop_oneof, proptest};

    use super::*;
    use Outcome::{Fail, Inconclusive, Pass};

    #[test]
    fn the_three_values_are_combined_as_kleene_did() {
        assert_eq!(all(&[Pass, Pass]), Pass);
        assert_eq!(all(&[Pass, Inconclusive]), Inconclusive);
        assert_eq!(all(&[Fail, Inconclusive]), Fail);
        assert_eq!(any(&[Fail, Fail]), Fail);
        assert_eq!(any(&[Fail, Inconclusive]), Inconclusive);
        assert_eq!(any(&[Pass, Inconclusive]), Pass);
        assert_eq!(not(Inconclusive), Inconclusive);
    }

    #[test]
    fn nothing_combined_proves_nothing() {
        assert_eq!(all(&[]), Inconclusive);
        assert_eq!(any(&[]), Inconclusive);
    }

    fn outcomes() -> impl Strategy<Value = Vec<Outcome>> {
        prop::collection::vec(prop_oneof![Just(Pass), Just(Fail), Just(Inconclusive)], 1..6)
    }

    proptest! {
        #[test]
        fn deciding_the_undecided_never_turns_a_decision(mut parts in outcomes(), decided in prop_oneof![Just(Pass), Just(Fail)]) {
            let (all_before, any_before) = (all(&parts), any(&parts));
            for part in parts.iter_mut().filter(|part| **part == Inconclusive) {
                *part = decided;
            }
            prop_assert!(all_before == Inconclusive || all_before == all(&parts));
            prop_assert!(any_before == Inconclusive || any_before == any(&parts));
        }
    }
}
