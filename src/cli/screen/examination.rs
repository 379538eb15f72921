//! `cco doctor` for people: one line for each thing, and under what is not fine what to do about it.

use super::text::{cell, plain, wrap};
use crate::cli::command::doctor::{Examination, Finding, Health};
use crate::cli::output::{Charset, Style};

/// The widest name of a thing.
const NAME: usize = 14;
/// What was found begins here.
const TEXT: usize = 2 + NAME + 1;

/// Draws what was found.
#[must_use]
pub fn examination(examination: &Examination, style: Style) -> String {
    let mut text: String = examination.findings.iter().map(|finding| rows(finding, style)).collect();
    let count = |health| examination.findings.iter().filter(|finding| finding.health == health).count();
    let sum = match (count(Health::Broken), count(Health::Doubtful)) {
        (0, 0) => style.paint().good("everything is there"),
        (0, doubtful) => style.paint().warn(&format!("a mission can start; {doubtful} to look at")),
        (broken, _) => style.paint().bad(&format!("no mission can start: {broken} to mend")),
    };
    text.push_str(&format!("\n{sum}\n"));
    text
}

fn rows(finding: &Finding, style: Style) -> String {
    let sign = match (finding.health, style.charset) {
        (Health::Fine, Charset::Unicode) => "✓",
        (Health::Broken, Charset::Unicode) => "✗",
        (Health::Fine, Charset::Ascii) => "+",
        (Health::Broken, Charset::Ascii) => "x",
        (Health::Doubtful, Charset::Unicode | Charset::Ascii) => "!",
    };
    let head = format!("{sign} {} ", cell(&finding.name, NAME, style));
    let head = match finding.health {
        Health::Fine => style.paint().good(&head),
        Health::Doubtful => style.paint().warn(&head),
        Health::Broken => style.paint().bad(&head),
    };
    let mut text = String::new();
    for (place, line) in wrap(&finding.found, style.width - TEXT).iter().enumerate() {
        let head = if place == 0 { head.clone() } else { " ".repeat(TEXT) };
        text.push_str(&format!("{head}{}\n", plain(line, style)));
    }
    if let Some(hint) = finding.hint.as_ref().filter(|_| finding.health != Health::Fine) {
        for line in wrap(hint, style.width - TEXT) {
            text.push_str(&format!("{}{}\n", " ".repeat(TEXT), plain(&line, style)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::screen::mark::tests::STYLE;

    fn finding(name: &str, health: Health, found: &str, hint: &str) -> Finding {
        let hint = Some(hint.to_owned()).filter(|hint| !hint.is_empty());
        Finding { name: name.to_owned(), health, found: found.to_owned(), hint }
    }

    #[test]
    fn each_thing_with_what_to_do_about_it() {
        let found = Examination::new(vec![
            finding("git", Health::Fine, "2.43.0", ""),
            finding("manager", Health::Doubtful, "no key: the checklist manager plans", "set OPENROUTER_API_KEY"),
            finding("claude", Health::Broken, "not found on PATH", "npm install -g @anthropic-ai/claude-code"),
        ]);
        assert_eq!(found.worst(), Health::Broken);
        insta::assert_snapshot!(examination(&found, STYLE));
        assert_eq!(Examination::new(Vec::new()).worst(), Health::Fine);
    }
}
