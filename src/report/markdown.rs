//! `report.md`: the same report for people, readable in a terminal and on a code host.
//!
//! Everything that came from a worker, a check or a file is quoted so that it cannot become markup or a command.

use std::fmt::Write;

use jiff::tz::TimeZone;

use super::artifact::ArtifactKind;
use super::report::{CriterionProof, Proof, Report};
use crate::view::{Iteration, State, dollars, printable, printable_line, span, tokens};
use crate::words::CriterionId;

/// The most files listed of one kind; the JSON has all.
const FILES: usize = 200;
/// The most iterations listed; the newest are kept.
const ITERATIONS: usize = 200;
/// The most lines of a failing check's output that are quoted.
const TAIL_LINES: usize = 20;

impl Report {
    /// The report as Markdown, with times in UTC.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let sections = [
            self.head_section(),
            self.criteria_section(),
            self.influence_section(),
            self.cost_section(),
            self.iterations_section(),
            self.artifacts_section(),
            self.commits_section(),
        ];
        let mut text = sections.into_iter().filter(|section| !section.is_empty()).collect::<Vec<_>>().join("\n");
        let _ = writeln!(text, "\nRun {} · written {}", self.run_id, self.written_at);
        text
    }

    fn head_section(&self) -> String {
        let mut text =
            format!("# {}: {}\n\n{}\n", plain(&self.mission.title), self.ending.word, plain(&self.ending.summary));
        if !self.ending.obstacles.is_empty() {
            text.push_str("\n**In the way**\n\n");
            bullets(&mut text, &self.ending.obstacles);
        }
        if let Some(amended) = &self.amended {
            let why = if amended.reason.is_empty() { String::new() } else { format!(": {}", plain(&amended.reason)) };
            let (times, by, at) = (amended.times, plain(&amended.by), amended.at);
            let _ = writeln!(text, "\n**Amended** {times} × under way, last by {by} at {at}{why}");
        }
        text.push_str("\n**Next**\n\n");
        for step in &self.ending.next {
            // These sentences are cco's own and carry code spans on purpose.
            let _ = writeln!(text, "- {}", printable_line(step));
        }
        text
    }

    fn criteria_section(&self) -> String {
        let mut text =
            "## Definition of done\n\n| state | criterion | priority | checks |\n|---|---|---|---|\n".to_owned();
        for criterion in &self.criteria {
            let passed = criterion.checks.iter().filter(|check| check.verdict == Some(crate::words::Outcome::Pass));
            let count = format!("{} of {} passed", passed.count(), criterion.checks.len());
            let words = cell(&criterion.criteria);
            let _ = writeln!(text, "| {} | {words} | {} | {count} |", word(criterion.state), criterion.priority);
        }
        for criterion in &self.criteria {
            text.push_str(&criterion_section(criterion));
        }
        text
    }

    fn influence_section(&self) -> String {
        let derived: Vec<&str> = self.criteria.iter().filter(|one| one.derived).map(|one| one.id.as_str()).collect();
        if self.influenced.is_empty() && derived.is_empty() && self.vacuous.is_empty() {
            return String::new();
        }
        let mut text = "## To be looked at\n".to_owned();
        if !self.vacuous.is_empty() {
            let names = self.vacuous.iter().map(CriterionId::as_str).collect::<Vec<_>>().join(", ");
            let _ = writeln!(
                text,
                "\nThese criteria prove nothing, because all of their checks pass on a tree without a single file: {}.",
                plain(&names)
            );
        }
        if !derived.is_empty() {
            let names = derived.join(", ");
            let _ =
                writeln!(text, "\nThe checks of these criteria were derived from words by a model: {}.", plain(&names));
        }
        if !self.influenced.is_empty() {
            text.push_str(
                "\nThese files existed before, may decide what a check finds, and were changed by the worker:\n\n",
            );
            for path in &self.influenced {
                let _ = writeln!(text, "- {}", code(path));
            }
        }
        text
    }

    fn cost_section(&self) -> String {
        let cost = &self.cost;
        let mut text = "## Cost\n\n| | reported | estimated | in all |\n|---|---:|---:|---:|\n".to_owned();
        let rows = [
            ("manager", cost.manager_usd, cost.manager_estimated_usd),
            ("worker", cost.worker_usd, cost.worker_estimated_usd),
            ("judge", cost.judge_usd, cost.judge_estimated_usd),
            ("**total**", cost.total_usd, cost.estimated_usd),
        ];
        for (name, all, estimated) in rows {
            let (reported, sum) = (dollars(all - estimated, false), dollars(all, estimated > 0.0));
            let _ = writeln!(text, "| {name} | {reported} | {} | {sum} |", dollars(estimated, estimated > 0.0));
        }
        if cost.equivalent_usd > 0.0 {
            let price = dollars(cost.equivalent_usd, true);
            let _ =
                writeln!(text, "\nA subscription paid for work with a list price of {price}; it is not in the total.");
        }
        let time = span(self.elapsed_seconds);
        let _ = writeln!(text, "\n{} tokens in {} calls, over {time}.", tokens(cost.tokens), cost.calls);
        text
    }

    fn iterations_section(&self) -> String {
        if self.iterations.is_empty() {
            return String::new();
        }
        let mut text = "## Iterations\n\n".to_owned();
        let left_out = self.iterations.len().saturating_sub(ITERATIONS);
        let before = self.earlier_iterations + left_out as u64;
        if before > 0 {
            let _ = writeln!(text, "The oldest {before} are left out here; `cco history` has them.\n");
        }
        text.push_str("| # | began | action | strategy | worker | lines | hold | dollars | commit |\n");
        text.push_str("|---:|---|---|---|---|---|---|---:|---|\n");
        for iteration in self.iterations.iter().skip(left_out) {
            text.push_str(&iteration_row(iteration));
        }
        text
    }

    fn artifacts_section(&self) -> String {
        if self.artifacts.is_empty() {
            return String::new();
        }
        let mut text = "## What was made\n".to_owned();
        for kind in [ArtifactKind::Code, ArtifactKind::Test, ArtifactKind::Documentation, ArtifactKind::Other] {
            let files: Vec<_> = self.artifacts.iter().filter(|artifact| artifact.kind == kind).collect();
            if files.is_empty() {
                continue;
            }
            let _ = writeln!(text, "\n**{}**\n", kind.word());
            for file in files.iter().take(FILES) {
                let blob = file.blob.as_deref().map_or("removed", |blob| blob.get(..10).unwrap_or(blob));
                let _ = writeln!(text, "- {} ({})", code(&file.path), plain(blob));
            }
            if files.len() > FILES {
                let _ = writeln!(text, "- and {} more, in `report.json`", files.len() - FILES);
            }
        }
        text
    }

    fn commits_section(&self) -> String {
        if self.commits.is_empty() {
            return String::new();
        }
        let branch = self.branch.as_deref().unwrap_or("the mission's branch");
        let mut text = format!("## Commits on {}\n\n", code(branch));
        for commit in &self.commits {
            let _ = writeln!(text, "- `{}` {}", plain(commit.id.short()), plain(&commit.subject));
        }
        text
    }
}

fn criterion_section(criterion: &CriterionProof) -> String {
    let mut text = format!("\n### {}\n\n", plain(&criterion.criteria));
    let mut facts = vec![format!("{}: {}", code(criterion.id.as_str()), word(criterion.state))];
    for (holds, fact) in [
        (!criterion.required, "not required".to_owned()),
        (criterion.derived, "checks derived from words".to_owned()),
        (criterion.held_at_baseline, "held before any work".to_owned()),
        (criterion.regressions > 0, format!("lost {} times on the way", criterion.regressions)),
    ] {
        if holds {
            facts.push(fact);
        }
    }
    let _ = writeln!(text, "{}", facts.join(" · "));
    for check in &criterion.checks {
        text.push_str(&check_lines(check));
    }
    text
}

fn check_lines(check: &Proof) -> String {
    let Some((verdict, evidence)) = check.verdict.zip(check.evidence.as_ref()) else {
        return format!("\n- **not run** · {}\n", plain(&check.kind));
    };
    let mut text = format!("\n- **{verdict}** · {} · {}\n", plain(&check.kind), plain(&evidence.summary));
    if !evidence.subject.is_empty() {
        let _ = writeln!(text, "  - {}", code(&evidence.subject));
    }
    for measure in &evidence.measures {
        let bound = if measure.bound.is_empty() { String::new() } else { format!(" against {}", measure.bound) };
        let _ = writeln!(text, "  - {}", plain(&format!("{} {}{bound}", measure.name, measure.value)));
    }
    for citation in &evidence.citations {
        let _ = writeln!(text, "  - {}", code(citation));
    }
    let tree = check.tree.as_ref().map_or("", |tree| tree.short());
    let place = match &check.commit {
        Some(commit) => format!("fresh checkout of commit {}, tree {tree}", commit.short()),
        None => format!("tree {tree}"),
    };
    let _ = writeln!(text, "  - {}", plain(&place));
    if verdict != crate::words::Outcome::Pass && !evidence.tail.is_empty() {
        text.push_str(&quoted(&evidence.tail));
    }
    text
}

fn iteration_row(iteration: &Iteration) -> String {
    let began = iteration.started_at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M").to_string();
    let lines = format!("+{} −{} in {}", iteration.change.added, iteration.change.removed, iteration.change.files);
    let hold = format!("{} of {}", iteration.held, iteration.required);
    let commit = iteration.commit.as_ref().map_or(String::new(), |commit| format!("`{}`", plain(commit.short())));
    format!(
        "| {} | {began} | {} | {} | {} | {lines} | {hold} | {} | {commit} |\n",
        iteration.number,
        cell(&iteration.title),
        iteration.strategy,
        iteration.outcome(),
        dollars(iteration.cost_usd, iteration.estimated),
    )
}

fn bullets(text: &mut String, lines: &[String]) {
    for line in lines {
        let _ = writeln!(text, "- {}", plain(line));
    }
}

const fn word(state: State) -> &'static str {
    match state {
        State::AwaitsPerson => "awaits a person",
        State::Proven | State::Holds | State::HeldBefore | State::Failing | State::Unknown => state.word(),
    }
}

/// One line in which nothing is markup.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in printable_line(text).chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '!' | '~' | '@') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// The same in a table's cell.
fn cell(text: &str) -> String {
    plain(text)
}

/// A code span whose fence is longer than any run of back-ticks inside.
fn code(text: &str) -> String {
    let line = printable_line(text);
    let longest = line.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if line.starts_with('`') || line.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{line}{pad}{fence}")
}

/// The end of an output as an indented block inside a list item.
fn quoted(tail: &str) -> String {
    let text = printable(tail);
    let lines: Vec<&str> = text.lines().collect();
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let shown = lines.iter().skip(lines.len().saturating_sub(TAIL_LINES));
    let body: String = shown.map(|line| format!("    {line}\n")).collect();
    format!("\n    {fence}text\n{body}    {fence}\n")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};

    use super::*;
    use crate::report::{Artifact, ChangeKind, Commit, Sources};
    use crate::session::Session;
    use crate::view::{history, sample};
    use crate::words::{CommitId, IterationNumber};

    fn report(session: &Session) -> Report {
        let events = sample::events();
        let iterations = history(sample::moments(&events), 100).iterations;
        let blob = || Some("8f94139338f9404f26296befa88755fc2598c289".to_owned());
        let artifacts = [
            Artifact::new("src/routes.ts", blob(), ChangeKind::Changed),
            Artifact::new("tests/routes.test.ts", blob(), ChangeKind::Added),
            Artifact::new("docs/openapi.yaml", blob(), ChangeKind::Added),
            Artifact::new("old.cfg", None, ChangeKind::Removed),
        ];
        let commits = [Commit {
            id: CommitId::new("c0ffeeb0000000000000"),
            subject: "Mend the failing test".to_owned(),
            iteration: Some(IterationNumber(2)),
            at: sample::now(),
        }];
        let influenced = ["tests/fixtures/rows.json".to_owned()];
        Report::new(&Sources {
            session,
            iterations: &iterations,
            earlier_iterations: 0,
            artifacts: &artifacts,
            commits: &commits,
            influenced: &influenced,
            vacuous: &[],
            now: sample::now(),
        })
    }

    #[test]
    fn the_report_of_a_proven_mission() {
        insta::assert_snapshot!(report(&sample::done()).to_markdown());
    }

    #[test]
    fn the_report_of_an_impossible_mission_tells_what_was_tried() {
        insta::assert_snapshot!(report(&sample::impossible()).to_markdown());
    }

    #[test]
    fn the_report_of_a_mission_that_needs_a_person() {
        let text = report(&sample::awaiting_person()).to_markdown();
        assert!(text.contains("`cco approve error-words`"), "{text}");
    }

    #[test]
    fn the_json_reads_back_the_same_and_names_artifacts_by_type() {
        let report = report(&sample::done());
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["artifacts"][1]["type"], "test");
        assert_eq!(json["criteria"][0]["state"], "proven");
        assert_eq!(json["criteria"][0]["checks"][0]["commit"], json["head"]);
        assert_eq!(serde_json::from_value::<Report>(json).unwrap(), report);
        assert!(report.is_done());
    }

    #[test]
    fn only_a_proof_names_a_commit() {
        let json = serde_json::to_value(report(&sample::impossible())).unwrap();
        assert_eq!(json["criteria"][0]["checks"][0]["commit"], serde_json::Value::Null);
        assert_eq!(json["ending"]["word"], "impossible");
    }

    proptest! {
        #[test]
        fn quoted_text_cannot_leave_its_quotes(text in "[`a|\\\\\n<>*_]{0,40}") {
            let span = code(&text);
            let fence: String = span.chars().take_while(|c| *c == '`').collect();
            let inner = span.trim_start_matches(&fence).trim_end_matches('`');
            prop_assert!(text.trim().is_empty() || text.contains('`') || !inner.contains('`'));
            prop_assert!(!plain(&text).contains('\n'));
        }
    }
}
