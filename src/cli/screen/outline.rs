//! `cco plan` for people: the definition of done with what proves it, what is sealed, and what is worth a look.

use super::mark;
use super::text::{cell, fit, plain, wrap};
use crate::cli::command::plan::{Outline, Row};
use crate::cli::output::Style;
use crate::mission::Remark;
use crate::view::dollars;

/// Facts are set in by this much.
const MARGIN: usize = 2;
/// The widest word before a fact.
const LABEL: usize = 11;
/// The most sealed files that are named.
const FILES: usize = 6;

/// Draws what a mission would do.
#[must_use]
pub fn outline(outline: &Outline, style: Style) -> String {
    let mut text = format!("{}\n", style.paint().strong(&fit(&outline.title, style.width, style)));
    fact(&mut text, "works on", &outline.repository.display().to_string(), style);
    fact(&mut text, "commits to", outline.branch.as_deref().unwrap_or("the branch that is checked out"), style);
    let budget = outline.budget_usd.map_or_else(|| "no limit".to_owned(), |usd| dollars(usd, false));
    fact(&mut text, "budget", &budget, style);
    let setup = match (outline.setup.commands.is_empty(), outline.setup.implied) {
        (true, _) => "nothing".to_owned(),
        (false, true) => format!("{} (implied by the lock files)", outline.setup.commands.join(" && ")),
        (false, false) => outline.setup.commands.join(" && "),
    };
    fact(&mut text, "set-up", &setup, style);
    if outline.phases.len() > 1 {
        let names: Vec<&str> = outline.phases.iter().map(|phase| phase.id.as_str()).collect();
        fact(&mut text, "phases", &names.join(", then "), style);
    }
    text.push_str(&format!("\n{}\n", style.paint().strong("Definition of done")));
    outline.criteria.iter().for_each(|row| text.push_str(&criterion(row, style)));
    text.push_str(&format!("\n{}\n", style.paint().strong("Sealed: a change by the worker is undone")));
    lines(&mut text, &outline.seals.patterns.join(", "), MARGIN, style);
    lines(&mut text, &named(&outline.seals.files), MARGIN, style);
    text.push_str(&remarks(&outline.remarks, style));
    text
}

/// What is worth a look; empty where nothing is.
#[must_use]
pub fn remarks(remarks: &[Remark], style: Style) -> String {
    if remarks.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{}\n", style.paint().strong("Worth a look before it starts"));
    for remark in remarks {
        let told = format!("{}: {}", remark.criterion, remark.text);
        for (place, line) in wrap(&told, style.width - MARGIN - 2).iter().enumerate() {
            let sign = if place == 0 { mark::ALERT } else { " " };
            text.push_str(&format!(
                "{}{}\n",
                " ".repeat(MARGIN),
                style.paint().warn(&format!("{sign} {}", plain(line, style)))
            ));
        }
        lines(&mut text, &remark.help, MARGIN + 2, style);
    }
    text
}

fn criterion(row: &Row, style: Style) -> String {
    let mut facts = vec![row.priority.to_string()];
    facts.extend((!row.required).then(|| "not required".to_owned()));
    facts.extend(row.derived.then(|| "checks derived from the words".to_owned()));
    let mut text = String::new();
    lines(&mut text, &format!("{} ({})", row.criteria, facts.join(", ")), MARGIN, style);
    if row.checks.is_empty() {
        lines(&mut text, "words only: a model proposes a check at the start", MARGIN + 4, style);
    }
    for check in &row.checks {
        for line in wrap(check, style.width - MARGIN - 4) {
            text.push_str(&format!("{}{}\n", " ".repeat(MARGIN + 4), style.paint().faint(&plain(&line, style))));
        }
    }
    text
}

fn fact(text: &mut String, label: &str, value: &str, style: Style) {
    for (place, line) in wrap(value, style.width - MARGIN - LABEL).iter().enumerate() {
        let label = style.paint().faint(&cell(if place == 0 { label } else { "" }, LABEL, style));
        text.push_str(&format!("{}{label}{}\n", " ".repeat(MARGIN), plain(line, style)));
    }
}

fn lines(text: &mut String, value: &str, margin: usize, style: Style) {
    for line in wrap(value, style.width - margin) {
        text.push_str(&format!("{}{}\n", " ".repeat(margin), plain(&line, style)));
    }
}

fn named(files: &[String]) -> String {
    let count = files.len();
    let mut text = match count {
        0 => "no file of the newest commit is among them".to_owned(),
        1 => format!("1 file now: {}", files.join(", ")),
        _ => format!("{count} files now: {}", files.iter().take(FILES).cloned().collect::<Vec<_>>().join(", ")),
    };
    if count > FILES {
        text.push_str(&format!(" and {} more", count - FILES));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::command::plan::{Part, Seals, SetUp};
    use crate::cli::screen::mark::tests::STYLE;
    use crate::cli::screen::text::width;
    use crate::mission::RemarkKind;
    use crate::words::{CriterionId, PhaseId, Priority};

    fn sample() -> Outline {
        Outline {
            schema: "cco.plan",
            version: 1,
            title: "A parser for the new format".to_owned(),
            repository: "parser".into(),
            branch: Some("cco/a-parser-for-the-new-format".to_owned()),
            budget_usd: Some(20.0),
            setup: SetUp { commands: vec!["npm ci".to_owned()], implied: true },
            phases: vec![Part { id: PhaseId::new("main"), criteria: vec![CriterionId::new("v2")] }],
            criteria: vec![Row {
                id: CriterionId::new("v2"),
                criteria: "Version 2 files are read".to_owned(),
                priority: Priority::Critical,
                required: true,
                derived: false,
                checks: vec!["command: pytest tests/v2 | tee log".to_owned()],
            }],
            seals: Seals { patterns: vec![".cco/**".to_owned()], files: vec![".cco/mission.yaml".to_owned()] },
            remarks: vec![Remark {
                criterion: CriterionId::new("v2"),
                kind: RemarkKind::CannotFail,
                text: "cannot fail: the exit code of a pipe is that of its last program, `tee`".to_owned(),
                help: "let the exit code of the program that decides be the last word".to_owned(),
            }],
        }
    }

    #[test]
    fn a_plan_for_people() {
        insta::assert_snapshot!(outline(&sample(), STYLE));
    }

    #[test]
    fn a_plan_fits_a_small_terminal() {
        let text = outline(&sample(), Style { width: 40, ..STYLE });
        assert!(text.lines().all(|line| width(line) <= 40), "{text}");
    }
}
