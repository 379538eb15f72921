//! Going back: where the ladder has tried the same and another way, and the repository is worse than it was, the work goes
//! on from the best state that was seen. Nothing is lost: each iteration's tree is kept.

use super::stage::{Purpose, Scope, Stage};
use super::step::{NoticeKind, Turn};
use crate::words::TreeId;

impl Turn {
    /// Enters a stage, or goes back to a better tree first; what follows is then decided on what holds there.
    pub(super) fn enter_from_the_best(&mut self, better: Option<TreeId>, otherwise: impl FnOnce(&mut Self)) {
        match better {
            Some(tree) => {
                // The conversation believes in files that will not be there.
                self.s.fresh_next = true;
                self.enter(Stage::Restoring { tree });
            }
            None => otherwise(self),
        }
    }

    /// The better tree to go back to, unless the repository is there already.
    pub(super) fn better(&self) -> Option<TreeId> {
        let better = self.s.progress.better_tree()?;
        (self.s.tree.as_ref() != Some(better)).then(|| better.clone())
    }

    pub(super) fn restored(&mut self, tree: TreeId) {
        let (held, passing) = self.s.progress.best;
        let text = format!(
            "the repository was put back to the best state so far ({held} criteria held, {passing} checks passed); what came \
             after it is kept as snapshots"
        );
        self.tell(NoticeKind::Odd, text);
        self.s.tree = Some(tree.clone());
        self.enter(Stage::Verifying { tree, scope: Scope::Iteration, purpose: Purpose::Baseline, done: Vec::new() });
    }
}
