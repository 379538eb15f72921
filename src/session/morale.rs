//! The motivational framework of the specification (section 5.2.3): four pure functions that set the prompts' tone.
//!
//! Nothing here decides anything; the level and the sentences are read by the manager's prompt, the worker's prompt and
//! the page.

use super::progress::Progress;

/// How the work feels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MoraleLevel {
    /// Stuck for long.
    Frustrated,
    /// Stuck.
    Strained,
    /// Moving.
    Steady,
    /// Something was just achieved.
    High,
}

impl MoraleLevel {
    /// The word used in prompts, page and `status`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Frustrated => "frustrated",
            Self::Strained => "strained",
            Self::Steady => "steady",
            Self::High => "high",
        }
    }
}

/// Reads the level off the record of progress: the streak without progress, and whether the last step went forward.
#[must_use]
pub const fn assess(progress: &Progress, iterations: u64) -> MoraleLevel {
    match progress.streak() {
        0 if iterations > 0 && progress.since_forward == 0 => MoraleLevel::High,
        0 => MoraleLevel::Steady,
        1 | 2 => MoraleLevel::Strained,
        _ => MoraleLevel::Frustrated,
    }
}

/// One sentence of encouragement that fits the level.
#[must_use]
pub const fn encourage(level: MoraleLevel) -> &'static str {
    match level {
        MoraleLevel::High => "The last step moved the mission forward: keep the same care and pace.",
        MoraleLevel::Steady => "Steady work counts: one verified step at a time, quality before speed.",
        MoraleLevel::Strained => "A setback is information: read the evidence closely and change one thing at a time.",
        MoraleLevel::Frustrated => {
            "This is hard, and there is no deadline: step back, question the assumption everything rests on, and try the smallest experiment that could show it wrong."
        }
    }
}

/// One line for a milestone, or nothing where none was reached.
#[must_use]
pub fn celebrate(newly_held: &[String], held: usize, total: usize) -> Option<String> {
    match newly_held {
        [] => None,
        _ if held == total => Some(format!("All {total} criteria hold: on to the proof.")),
        [one] => Some(format!("“{one}” now holds: {held} of {total}.")),
        many => Some(format!("{} criteria now hold: {held} of {total}.", many.len())),
    }
}

/// What to say about what blocks the work, bounded to three blockers; nothing where nothing does.
#[must_use]
pub fn handle_frustration(blockers: &[String], streak: u32) -> Option<String> {
    if blockers.is_empty() || streak == 0 {
        return None;
    }
    let named = blockers.iter().take(3).map(String::as_str).collect::<Vec<_>>().join("; ");
    let more = blockers.len().saturating_sub(3);
    let rest = if more > 0 { format!(" (and {more} more)") } else { String::new() };
    Some(format!(
        "No progress for {streak} iterations. In the way: {named}{rest}. What was tried already need not be tried again."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_falls_with_the_streak_and_rises_with_progress() {
        let at = |half_steps, since_forward| assess(&Progress { half_steps, since_forward, ..Progress::default() }, 4);
        assert_eq!(
            [at(0, 0), at(1, 1), at(2, 1), at(6, 3)],
            [MoraleLevel::High, MoraleLevel::Steady, MoraleLevel::Strained, MoraleLevel::Frustrated]
        );
    }

    #[test]
    fn milestones_are_named_and_bounded() {
        assert_eq!(celebrate(&[], 1, 3), None);
        assert_eq!(celebrate(&["Tests pass".into()], 2, 3).unwrap(), "“Tests pass” now holds: 2 of 3.");
        assert!(celebrate(&["a".into()], 3, 3).unwrap().contains("proof"));
    }

    #[test]
    fn blockers_are_named_only_while_they_block() {
        let blockers: Vec<String> = ["a", "b", "c", "d"].map(String::from).to_vec();
        assert_eq!(handle_frustration(&blockers, 0), None);
        assert!(handle_frustration(&blockers, 2).unwrap().contains("and 1 more"));
    }
}
