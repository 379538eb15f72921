//! Whether the work moves, and the ladder for when it does not.
//!
//! Progress is measured on what was verified, never on what was said: criteria that hold, checks that pass, the errors of
//! those that do not, and the tree itself. The same state seen again is a loop, whatever happened in between (fault F10);
//! so is a plan that is made again word for word and moves no more than it did.

use std::collections::VecDeque;

use super::charter::{Limits, OnStall};
use super::contradiction::{Contradictions, Turns};
use super::plan::{Action, Strategy};
use crate::words::{Hash, TreeId};

/// How many earlier states are remembered to see a loop.
const REMEMBERED: usize = 12;
/// How often a stalled mission is planned anew before a person is asked.
const REPLANS: u32 = 2;

/// What one iteration achieved, as verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The tree it left.
    pub tree: TreeId,
    /// Required criteria that hold.
    pub held: u32,
    /// Checks that pass.
    pub passing: u32,
    /// The normalised first error; empty where none.
    pub signature: String,
    /// Over which criteria hold and every normalised error; `None` where no error is known.
    pub state: Option<Hash>,
}

/// How an observation relates to what was known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Movement {
    /// More criteria hold than ever, or as many with more checks passing than ever.
    Forward,
    /// The tree changed and nothing was lost: work under way.
    Sideways,
    /// Nothing changed, or a state seen before came back.
    Still,
    /// Something that held does not any more.
    Backward,
}

/// The record of progress.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The most criteria that ever held, and the most checks that passed then.
    pub best: (u32, u32),
    /// Iterations since the last forward movement, sideways ones counted half.
    pub half_steps: u32,
    /// Iterations since the last forward movement.
    pub since_forward: u32,
    /// Full plans made anew because of a stall.
    pub replans: u32,
    /// The newest states, oldest first.
    pub recent: VecDeque<Observation>,
    /// The tree of the best state so far, to roll back to.
    pub best_tree: Option<TreeId>,
    /// The plans made since the last forward movement, by their words, oldest first; bounded.
    pub plans: VecDeque<Hash>,
    /// Whether the plan under way was made before.
    pub repeats: bool,
    /// Criteria that were never seen to hold together.
    pub contradictions: Option<Contradictions>,
}

/// What the ladder says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rung {
    /// Go on with this kind of step.
    Step(Strategy),
    /// Plan anew in a fresh conversation.
    Replan,
    /// Nothing is left but this.
    Stalled(OnStall),
}

impl Progress {
    /// Takes an iteration's result in and tells how it moved.
    pub fn observe(&mut self, now: Observation) -> Movement {
        let movement = self.movement(&now);
        match movement {
            Movement::Forward => {
                self.best = self.best.max((now.held, now.passing));
                self.best_tree = Some(now.tree.clone());
                self.half_steps = 0;
                self.since_forward = 0;
                self.replans = 0;
                self.plans.clear();
            }
            Movement::Sideways if !self.repeats => self.slip(1),
            Movement::Sideways | Movement::Still | Movement::Backward => self.slip(2),
        }
        self.repeats = false;
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
        movement
    }

    /// Sets the mark that later iterations are measured against, before any work.
    pub fn start_from(&mut self, baseline: Observation) {
        self.best = (baseline.held, baseline.passing);
        self.best_tree = Some(baseline.tree.clone());
        self.half_steps = 0;
        self.since_forward = 0;
        self.recent.clear();
        self.recent.push_back(baseline);
    }

    /// Starts the ladder anew without forgetting what was achieved.
    pub fn forgive(&mut self) {
        self.half_steps = 0;
        self.recent.clear();
        self.plans.clear();
        self.contradictions = None;
    }

    /// Notes a plan. One that says the same as an earlier one that led nowhere, but for numbers, paths and white space,
    /// is told apart from work under way.
    pub fn plan(&mut self, action: &Action) {
        let words = normalised(&format!("{}\n{}", action.title, action.prompt));
        let plan = Hash::of(words.as_bytes());
        self.repeats = self.plans.contains(&plan);
        if self.plans.len() == REMEMBERED {
            self.plans.pop_front();
        }
        self.plans.push_back(plan);
    }

    /// The tree to roll back to: the best one so far, where the newest state is worse than it.
    #[must_use]
    pub fn better_tree(&self) -> Option<&TreeId> {
        let now = self.recent.back()?;
        let best = self.best_tree.as_ref()?;
        ((now.held, now.passing) < self.best && now.tree != *best).then_some(best)
    }

    /// Iterations without progress, a sideways one counted half.
    #[must_use]
    pub const fn streak(&self) -> u32 {
        self.half_steps / 2
    }

    /// Criteria that were seen to take turns.
    #[must_use]
    pub fn suspected(&self) -> Option<&Turns> {
        self.contradictions.as_ref()?.suspected()
    }

    /// Criteria that took turns too often to be met together.
    #[must_use]
    pub fn contradictory(&self) -> Option<&Turns> {
        self.contradictions.as_ref()?.found()
    }

    /// What the ladder says now (design section 4, step 7).
    #[must_use]
    pub fn rung(&self, limits: &Limits) -> Rung {
        let streak = self.streak();
        if streak >= limits.stall_after.max(1) {
            return match limits.on_stall {
                OnStall::Replan if self.replans < REPLANS => Rung::Replan,
                OnStall::Replan => Rung::Stalled(OnStall::Escalate),
                other => Rung::Stalled(other),
            };
        }
        Rung::Step(match streak {
            // Criteria that take turns are not met by more of the same; those that never meet are put aside.
            0 | 1 if self.contradictory().is_some() => Strategy::Partial,
            0 | 1 if self.suspected().is_some() => Strategy::Alternative,
            0 => Strategy::Proceed,
            1 => Strategy::RetryModified,
            2 => Strategy::Alternative,
            _ => Strategy::Partial,
        })
    }

    const fn slip(&mut self, half_steps: u32) {
        self.half_steps = self.half_steps.saturating_add(half_steps);
        self.since_forward = self.since_forward.saturating_add(1);
    }

    fn movement(&self, now: &Observation) -> Movement {
        if (now.held, now.passing) > self.best {
            return Movement::Forward;
        }
        if self.recent.iter().any(|seen| seen.tree == now.tree) {
            return Movement::Still;
        }
        let last = self.recent.back();
        if last.is_some_and(|last| (now.held, now.passing) < (last.held, last.passing)) {
            return Movement::Backward;
        }
        let same_error = last.is_some_and(|last| !now.signature.is_empty() && last.signature == now.signature);
        // Trees that differ in noise alone: the same criteria hold and the same errors stay, now and some states ago.
        let same_state = self.recent.iter().any(|seen| now.state.is_some() && seen.state == now.state);
        if same_error || same_state { Movement::Still } else { Movement::Sideways }
    }
}

/// The words of a plan: lower case, each run of digits as one `#`, paths by their last part, white space folded.
fn normalised(text: &str) -> String {
    text.lines().map(|line| super::lessons::normalise(line).to_lowercase()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::{prop, prop_assert, proptest};

    use super::*;

    fn limits(on_stall: OnStall) -> Limits {
        Limits {
            max_iterations: None,
            stall_after: 5,
            on_stall,
            checkpoint_interval: 5,
            usd: None,
            tokens: None,
            warn_at: vec![],
            human_wait: Duration::from_secs(60),
            written: None,
        }
    }

    fn seen(tree: &str, held: u32, passing: u32, signature: &str) -> Observation {
        let state = (!signature.is_empty()).then(|| Hash::of(format!("{held} {signature}").as_bytes()));
        Observation { tree: TreeId::new(tree), held, passing, signature: signature.to_owned(), state }
    }

    fn action(prompt: &str) -> Action {
        Action {
            title: "t".into(),
            prompt: prompt.into(),
            criteria: vec![],
            agent: None,
            tier: crate::session::ModelTier::Standard,
        }
    }

    #[test]
    fn a_no_op_worker_climbs_the_ladder_one_rung_at_a_time() {
        let mut progress = Progress::default();
        progress.start_from(seen("a", 0, 0, "e"));
        let rungs: Vec<Rung> = (0..5)
            .map(|_| {
                progress.observe(seen("a", 0, 0, "e"));
                progress.rung(&limits(OnStall::Stop))
            })
            .collect();
        let steps = [Strategy::RetryModified, Strategy::Alternative, Strategy::Partial, Strategy::Partial];
        assert_eq!(rungs[..4], steps.map(Rung::Step));
        assert_eq!(rungs[4], Rung::Stalled(OnStall::Stop));
    }

    #[test]
    fn slow_but_real_work_does_not_trip_the_ladder() {
        let mut progress = Progress::default();
        progress.start_from(seen("start", 0, 0, ""));
        for n in 0..40_u32 {
            // A new check passes every sixth iteration; in between the tree grows with a different error each time.
            let movement = progress.observe(seen(&format!("t{n}"), 0, n / 6, &format!("error {n}")));
            assert_ne!(movement, Movement::Backward);
            assert!(!matches!(progress.rung(&limits(OnStall::Stop)), Rung::Stalled(_)), "tripped at {n}");
        }
    }

    #[test]
    fn ping_pong_between_two_states_is_a_loop() {
        let mut progress = Progress::default();
        progress.start_from(seen("a", 1, 3, "x"));
        progress.observe(seen("b", 1, 3, "y"));
        assert_eq!(progress.observe(seen("a", 1, 3, "x")), Movement::Still);
        assert_eq!(progress.observe(seen("b", 1, 3, "y")), Movement::Still);
    }

    #[test]
    fn ping_pong_between_two_errors_is_a_loop_although_no_tree_comes_back() {
        let mut progress = Progress::default();
        progress.start_from(seen("start", 1, 3, "x"));
        assert_eq!(progress.observe(seen("t1", 1, 3, "y")), Movement::Sideways);
        for n in 2..8 {
            let error = if n % 2 == 0 { "x" } else { "y" };
            assert_eq!(progress.observe(seen(&format!("t{n}"), 1, 3, error)), Movement::Still, "{n}");
        }
    }

    #[test]
    fn a_plan_made_again_weighs_a_whole_step_until_something_moves() {
        let mut progress = Progress::default();
        progress.start_from(seen("start", 0, 0, ""));
        progress.plan(&action("Fix src/a.rs, line 12"));
        progress.observe(seen("t1", 0, 0, "one"));
        assert_eq!(progress.half_steps, 1);
        progress.plan(&action("fix  lib/a.rs, line 99"));
        assert!(progress.repeats);
        progress.observe(seen("t2", 0, 0, "two"));
        assert_eq!(progress.half_steps, 3);
        progress.plan(&action("Write it anew"));
        progress.observe(seen("t3", 1, 1, "three"));
        progress.plan(&action("Fix src/a.rs, line 12"));
        assert!(!progress.repeats, "what moved once may be done again");
    }

    #[test]
    fn the_best_tree_is_gone_back_to_only_from_a_worse_one() {
        let mut progress = Progress::default();
        progress.start_from(seen("start", 0, 0, ""));
        progress.observe(seen("good", 1, 2, "a"));
        assert_eq!(progress.better_tree(), None);
        progress.observe(seen("other", 1, 2, "b"));
        assert_eq!(progress.better_tree(), None, "as good as the best is no reason to throw work away");
        progress.observe(seen("bad", 1, 1, "c"));
        assert_eq!(progress.better_tree(), Some(&TreeId::new("good")));
    }

    #[test]
    fn replanning_is_bounded() {
        let mut progress = Progress { replans: REPLANS, half_steps: 10, ..Progress::default() };
        assert_eq!(progress.rung(&limits(OnStall::Replan)), Rung::Stalled(OnStall::Escalate));
        progress.replans = 0;
        assert_eq!(progress.rung(&limits(OnStall::Replan)), Rung::Replan);
    }

    proptest! {
        #[test]
        fn without_forward_movement_every_mission_stalls_within_a_bound(trees in prop::collection::vec(0_u8..6, 40)) {
            let mut progress = Progress::default();
            progress.start_from(seen("start", 2, 2, ""));
            let stalled = trees.iter().any(|tree| {
                progress.observe(seen(&tree.to_string(), 2, 2, ""));
                matches!(progress.rung(&limits(OnStall::Escalate)), Rung::Stalled(_))
            });
            prop_assert!(stalled);
        }

        #[test]
        fn the_best_never_falls(steps in prop::collection::vec((0_u32..5, 0_u32..9), 1..60)) {
            let mut progress = Progress::default();
            let mut best = (0, 0);
            for (n, (held, passing)) in steps.into_iter().enumerate() {
                progress.observe(seen(&n.to_string(), held, passing, ""));
                prop_assert!(progress.best >= best);
                best = progress.best;
            }
        }
    }
}
