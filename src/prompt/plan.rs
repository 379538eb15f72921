//! The question to the manager: what stays the same first, then what changes, within a byte budget.

use super::fit::{Part, fit};
use super::made::{self, Made};
use super::quote::data;
use super::template::{Error, Prompts, Values};
use super::{brief, facts};
use crate::mission::Mission;
use crate::session::{PlanAsk, Session, morale};
use crate::words::boundary;

/// The budget of a whole prompt, in bytes: some 20,000 tokens.
pub const BUDGET: usize = 64 << 10;
/// What the changing part may use where mission and criteria fill the budget by themselves: they are never cut.
const LEAST_ROOM: usize = 12 << 10;
/// What the fixed words of the templates take of the changing part.
const FIXED: usize = 3 << 10;
/// The most pieces of evidence shown in a form of their own.
const VERDICTS: usize = 24;
/// Bytes of one piece of evidence, longest form first.
const VERDICT_BYTES: [usize; 4] = [5 << 10, 2 << 10, 800, 240];
/// Bytes of the worker's last words, longest form first.
const CLAIM_BYTES: [usize; 3] = [4 << 10, 1500, 400];
/// A value no session can have: what follows its first appearance is the changing part of the system prompt.
const MARK: &str = "\u{1}";

/// A question to the manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanPrompt {
    /// The part of the system prompt that is the same over the whole mission.
    pub system_stable: String,
    /// The part that changes.
    pub system_rest: String,
    /// The question.
    pub user: String,
}

impl PlanPrompt {
    /// Its size in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.system_stable.len() + self.system_rest.len() + self.user.len()
    }
}

impl Prompts {
    /// Asks for the next action. `heard` pieces of guidance are part of the question (`Stage::Planning`), and so are the
    /// files that the mission made so far.
    ///
    /// # Errors
    /// [`Error::Template`] where an override fails on the values.
    pub fn plan(
        &self,
        mission: &Mission,
        session: &Session,
        ask: PlanAsk,
        heard: usize,
        made: &[Made],
    ) -> Result<PlanPrompt, Error> {
        let (system_stable, system_rest) = self.system(mission, session)?;
        let taken = system_stable.len() + system_rest.len();
        let guidance = facts::guidance(session, heard);
        let standing = facts::standings(session);
        let room = BUDGET.saturating_sub(taken).max(LEAST_ROOM);
        let made = made::made(made);
        let room = room.saturating_sub(FIXED + guidance.len() + standing.len() + made.len()).max(LEAST_ROOM / 2);
        let mut values = fitted(session, room);
        values.extend([("guidance", guidance), ("standing", standing), ("made", made)]);
        values.extend(tone(session));
        values.insert("part", part(session));
        let user = self.render(ask.name(), &values)?;
        Ok(PlanPrompt { system_stable, system_rest, user })
    }

    /// The system prompt in its two parts: rules and everything before the first changing value, and the rest.
    fn system(&self, mission: &Mission, session: &Session) -> Result<(String, String), Error> {
        let mut values = Values::from([
            ("repository_path", self.repository.clone()),
            ("mission", brief::mission_text(mission)),
            ("dod_criteria", format!("\n{}", brief::criteria_text(mission))),
            ("progress_summary", MARK.to_owned()),
            ("cc_status", MARK.to_owned()),
        ]);
        let marked = self.render("system", &values)?;
        values.insert("progress_summary", facts::progress_summary(session));
        values.insert("cc_status", facts::cc_status(session));
        let whole = self.render("system", &values)?;
        let same = marked.bytes().zip(whole.bytes()).take_while(|(one, other)| one == other).count();
        let (stable, rest) = whole.split_at(boundary(&whole, same));
        // The line in which the first changing value stands belongs to the changing part as a whole.
        let stable = if rest.is_empty() { stable } else { &stable[..stable.rfind('\n').map_or(0, |at| at + 1)] };
        let rest = &whole[stable.len()..];
        let rules = self.render("rules", &Values::new())?;
        Ok((format!("{rules}\n\n{}", stable.trim_end()), rest.trim().to_owned()))
    }
}

/// The expendable parts, shortened to fit, oldest and least urgent first.
fn fitted(session: &Session, room: usize) -> Values {
    let failing = facts::failing(session);
    let history = [7, 3, 1].map(|most| facts::history(session, most)).to_vec();
    let lessons = [6, 3, 1].map(|most| facts::lessons(session, most));
    let lessons = lessons.map(|text| if text.is_empty() { text } else { data("errors and attempts", &text, 6 << 10) });
    let tasks = [40, 12, 4].map(|most| facts::tasks(session, most)).to_vec();
    let mut parts = vec![Part::new(history), Part::new(lessons.to_vec()), Part::new(tasks)];
    parts.extend(failing.iter().take(VERDICTS).rev().map(|verdict| {
        let (label, text) = (facts::verdict_label(verdict), facts::verdict_text(verdict));
        Part::new(VERDICT_BYTES.map(|bytes| data(&label, &text, bytes)).to_vec())
    }));
    let claim = session.history.back().map(|note| note.claim.as_str()).unwrap_or_default();
    let label = "the worker's last message";
    parts.push(Part::new(if claim.is_empty() {
        vec![]
    } else {
        CLAIM_BYTES.map(|bytes| data(label, claim, bytes)).to_vec()
    }));
    fit(&mut parts, room);
    let mut texts: Vec<String> = parts.iter().map(|part| part.text().to_owned()).collect();
    let claim = texts.pop().unwrap_or_default();
    let mut evidence: Vec<String> = texts.split_off(3.min(texts.len()));
    evidence.reverse();
    if failing.len() > VERDICTS {
        evidence.push(format!("and {} more that do not pass", failing.len() - VERDICTS));
    }
    let [history, lessons, tasks] = <[String; 3]>::try_from(texts).unwrap_or_default();
    Values::from([
        ("history", history),
        ("lessons", lessons),
        ("tasks", tasks),
        ("evidence", evidence.join("\n\n")),
        ("claim", claim),
        ("last_action", facts::last_action(session)),
    ])
}

fn tone(session: &Session) -> Values {
    let level = morale::assess(&session.progress, session.iteration.0);
    Values::from([
        ("encouragement", morale::encourage(level).to_owned()),
        ("blockers", facts::blockers(session)),
        ("ladder", facts::ladder(session)),
        ("footing", facts::footing(session)),
    ])
}

fn part(session: &Session) -> String {
    match session.charter.phases.get(session.phase) {
        Some(phase) if session.charter.phases.len() > 1 => format!("the phase “{phase}”"),
        Some(_) | None => "the mission".to_owned(),
    }
}
