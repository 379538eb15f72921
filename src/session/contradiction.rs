//! Criteria that take turns: whenever one comes to hold, the other is lost.
//!
//! Verified, and no opinion: only verdicts on trees count. A pair that was seen to hold together once, contradicts itself
//! no more. The ladder is told at the second turn; at the fourth the two are put aside, and when nothing else can be finished
//! the mission ends (design section 9, Opinions).

use crate::words::CriterionId;

/// Turns after which the approach is changed and the manager told of it.
const TOLD: u32 = 2;
/// Turns after which the two are given up.
const ENOUGH: u32 = 4;
/// The most pairs kept; the one with the fewest turns goes first.
const PAIRS: usize = 16;

/// The pairs under suspicion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contradictions {
    /// Each with its turns; bounded.
    pub pairs: Vec<Turns>,
}

/// Two criteria that take turns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turns {
    /// The one that came first in the mission.
    pub one: CriterionId,
    /// The other.
    pub other: CriterionId,
    /// How often one came to hold while the other was lost.
    pub count: u32,
}

impl Contradictions {
    /// Takes in what a verification after an action found: what came to hold, what was lost, and all that holds.
    /// Returns whether a suspicion has just come up.
    pub fn observe(&mut self, gained: &[CriterionId], lost: &[CriterionId], holding: &[CriterionId]) -> bool {
        let before = self.suspected().is_some();
        self.pairs.retain(|pair| !(holding.contains(&pair.one) && holding.contains(&pair.other)));
        for gained in gained {
            for lost in lost {
                self.turn(gained, lost);
            }
        }
        !before && self.suspected().is_some()
    }

    fn turn(&mut self, gained: &CriterionId, lost: &CriterionId) {
        let (one, other) = if gained < lost { (gained, lost) } else { (lost, gained) };
        if let Some(pair) = self.pairs.iter_mut().find(|pair| pair.one == *one && pair.other == *other) {
            pair.count = pair.count.saturating_add(1);
            return;
        }
        if self.pairs.len() == PAIRS {
            let fewest = self.pairs.iter().enumerate().min_by_key(|(_, pair)| pair.count).map_or(0, |(at, _)| at);
            self.pairs.remove(fewest);
        }
        self.pairs.push(Turns { one: one.clone(), other: other.clone(), count: 1 });
    }

    /// The pair that is to be told of, the one with the most turns first.
    #[must_use]
    pub fn suspected(&self) -> Option<&Turns> {
        self.pairs.iter().filter(|pair| pair.count >= TOLD).max_by_key(|pair| pair.count)
    }

    /// The pair that is given up.
    #[must_use]
    pub fn found(&self) -> Option<&Turns> {
        self.suspected().filter(|pair| pair.count >= ENOUGH)
    }
}

impl Turns {
    /// Whether a criterion is one of the two.
    #[must_use]
    pub fn names(&self, criterion: &CriterionId) -> bool {
        self.one == *criterion || self.other == *criterion
    }

    /// The reason in a sentence.
    #[must_use]
    pub fn why(&self) -> String {
        let Self { one, other, count } = self;
        format!("{one} and {other} never held together: {count} times one came to hold and the other was lost")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(names: &[&str]) -> Vec<CriterionId> {
        names.iter().map(|name| CriterionId::new(*name)).collect()
    }

    #[test]
    fn four_turns_are_a_contradiction_and_two_are_told_of() {
        let mut seen = Contradictions::default();
        for turn in 1..=4_u32 {
            let (gained, lost) = if turn % 2 == 0 { ("a", "b") } else { ("b", "a") };
            let is_new = seen.observe(&ids(&[gained]), &ids(&[lost]), &ids(&[gained]));
            let (suspected, found) = (seen.suspected().is_some(), seen.found().is_some());
            assert_eq!((suspected, is_new, found), (turn >= 2, turn == 2, turn == 4), "turn {turn}");
        }
        assert!(seen.found().unwrap().why().starts_with("a and b never held together: 4 times"));
    }

    #[test]
    fn what_held_together_once_is_no_contradiction() {
        let mut seen = Contradictions::default();
        for _ in 0..20 {
            seen.observe(&ids(&["b"]), &ids(&["a"]), &ids(&["b"]));
            seen.observe(&ids(&["a"]), &ids(&["b"]), &ids(&["a"]));
            seen.observe(&ids(&["b"]), &[], &ids(&["a", "b"]));
        }
        assert_eq!(seen.found(), None);
    }

    #[test]
    fn the_record_stays_bounded_and_keeps_what_takes_turns_most() {
        let mut seen = Contradictions::default();
        for n in 0..100 {
            let name = format!("x{n}");
            seen.observe(&ids(&["b"]), &ids(&["a"]), &ids(&["b"]));
            seen.observe(&ids(&[&name]), &ids(&["b"]), &ids(&[&name]));
        }
        assert!(seen.pairs.len() <= PAIRS);
        assert!(seen.found().is_some());
    }
}
