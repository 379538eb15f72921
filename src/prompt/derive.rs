//! Questions beside the plan: words into checks, and the rules for a judge.

use super::brief;
use super::quote::{data, line};
use super::template::{Error, Prompts, Values};
use crate::mission::{Criterion, Mission};
use crate::words::CriterionId;

/// The most bytes of the description of the repository.
const REPOSITORY_BYTES: usize = 12 << 10;

/// A question with its rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asking {
    /// The rules: the same for every question of the kind.
    pub system: String,
    /// The question.
    pub user: String,
}

/// A proposal that was refused, to be made better.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Whose checks they were.
    pub criterion: CriterionId,
    /// The proposal and why it was refused: a mistake in its shape, or a check that passes on an empty tree.
    pub why: String,
}

impl Prompts {
    /// Asks for checks of criteria that are only words. `repository` is a description of what is there (files, build
    /// tool, tests); it is quoted as data.
    ///
    /// # Errors
    /// [`Error::Template`] where an override fails on the values.
    pub fn derive(
        &self,
        mission: &Mission,
        criteria: &[CriterionId],
        repository: &str,
        refused: &[Refused],
    ) -> Result<Asking, Error> {
        let services: Vec<&str> = mission.services.iter().map(|service| service.name.as_str()).collect();
        let system = self.render(
            "derive",
            &Values::from([
                ("mission", brief::mission_text(mission)),
                ("services", services.join(", ")),
                ("repository", data("the repository", repository, REPOSITORY_BYTES)),
            ]),
        )?;
        let wanted = mission.criteria.iter().filter(|criterion| criteria.contains(&criterion.id)).map(wanted_text);
        let refused = refused.iter().map(|refused| format!("- `{}`: {}", refused.criterion, line(&refused.why, 1200)));
        let user = self.render(
            "derive_ask",
            &Values::from([
                ("criteria", wanted.collect::<Vec<_>>().join("\n")),
                ("refused", refused.collect::<Vec<_>>().join("\n")),
            ]),
        )?;
        Ok(Asking { system, user })
    }

    /// The rules for a judge; its questions, with the files they are about, are made by `verify`.
    ///
    /// # Errors
    /// [`Error::Template`] where an override fails.
    pub fn judge_rules(&self) -> Result<String, Error> {
        self.render("judge", &Values::new())
    }
}

fn wanted_text(criterion: &Criterion) -> String {
    let unmeasurable = if criterion.measurable { "" } else { ", not measurable" };
    format!("- `{}` ({}{unmeasurable}): {}", criterion.id, criterion.priority, line(&criterion.text, 4000))
}
