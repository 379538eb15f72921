//! Questions beside the plan: words into checks, and a judge's question.

use super::brief;
use super::quote::{data, line, visible};
use super::template::{Error, Prompts, Values};
use crate::mission::{Criterion, Mission};
use crate::words::CriterionId;

/// The most bytes of the description of the repository.
const REPOSITORY_BYTES: usize = 12 << 10;
/// The most bytes of one piece of a judge's evidence.
const EVIDENCE_BYTES: usize = 24 << 10;

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

/// What a judge is asked.
#[derive(Clone, Copy, Debug)]
pub struct JudgeQuestion<'a> {
    /// The criterion in words.
    pub criterion: &'a str,
    /// What must be true.
    pub rubric: &'a str,
    /// What it is decided on.
    pub evidence: &'a [Evidence],
}

/// A piece of a judge's evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The path of the file, or what else it is.
    pub name: String,
    /// Its text, with line numbers where citations are wanted.
    pub text: String,
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

    /// Asks a judge.
    ///
    /// # Errors
    /// [`Error::Template`] where an override fails on the values.
    pub fn judge(&self, question: &JudgeQuestion<'_>) -> Result<Asking, Error> {
        let blocks = question.evidence.iter().map(|piece| data(&line(&piece.name, 200), &piece.text, EVIDENCE_BYTES));
        let values = Values::from([
            ("criterion", visible(question.criterion.trim())),
            ("rubric", visible(question.rubric.trim())),
            ("evidence", blocks.collect::<Vec<_>>().join("\n\n")),
        ]);
        Ok(Asking { system: self.render("judge", &Values::new())?, user: self.render("judge_ask", &values)? })
    }
}

fn wanted_text(criterion: &Criterion) -> String {
    let unmeasurable = if criterion.measurable { "" } else { ", not measurable" };
    format!("- `{}` ({}{unmeasurable}): {}", criterion.id, criterion.priority, line(&criterion.text, 4000))
}
