//! What people wrote down themselves: targets of Make, just and Task, a Dockerfile, lines of workflows, the commands in
//! CLAUDE.md. Targets are proposed where no language gave a better check; the rest is only mentioned.

use super::listing::Listing;
use super::proposal::{Check, Part, Proposal, Role, Validator};

/// Words that make a line of a workflow worth mentioning.
const TELLING: [&str; 9] = ["test", "lint", "clippy", "check", "fmt", "format", "build", "coverage", "vet"];

pub(super) fn look(listing: &Listing, proposal: &mut Proposal) {
    for (file, program) in
        [("Makefile", "make"), ("justfile", "just"), ("Taskfile.yml", "task"), ("Taskfile.yaml", "task")]
    {
        if listing.has(file) {
            targets(listing, file, program, proposal);
        }
    }
    if listing.has("Dockerfile") {
        let validator = Validator::command("docker build .");
        let check = Check::new(Part::Image, Role::Build, "The container image can be built", validator, "Dockerfile");
        proposal.checks.push(Check { required: false, ..check });
    }
    let workflows: Vec<String> = listing.workflows().map(str::to_owned).collect();
    for file in workflows {
        for line in run_lines(listing.content(&file)) {
            proposal.mention(&line, &file);
        }
    }
    for line in commands_block(listing.content("CLAUDE.md")) {
        proposal.mention(&line, "CLAUDE.md");
    }
}

fn targets(listing: &Listing, file: &str, program: &str, proposal: &mut Proposal) {
    let known = [
        ("test", Role::Tests, "All tests pass"),
        ("lint", Role::Lint, "The linter has nothing to say"),
        ("check", Role::Lint, "All of the project's own checks pass"),
    ];
    let content = listing.content(file);
    let mut taken = Vec::new();
    for (target, role, words) in known.into_iter().filter(|(target, ..)| has_target(content, target, program)) {
        let run = format!("{program} {target}");
        if proposal.has(role) {
            proposal.mention(&run, file);
        } else {
            proposal.checks.push(Check::new(Part::Any, role, words, Validator::command(run), file));
        }
        taken.push(target);
    }
    if !taken.is_empty() {
        proposal.found.push(format!("{file} ({})", taken.join(", ")));
    }
}

/// `target:` at the beginning of a line; in a Taskfile one level in, under `tasks:`.
fn has_target(content: &str, target: &str, program: &str) -> bool {
    content.lines().any(|line| {
        let indented = line.starts_with([' ', '\t']);
        let rest = line.trim_start().strip_prefix(target);
        let ends = |rest: &str| rest.trim_start().starts_with(':') && !rest.trim_start().starts_with(":=");
        match program {
            "task" => indented && rest.is_some_and(ends),
            // A recipe of just may have parameters before the colon.
            "just" => !indented && rest.is_some_and(|rest| ends(rest) || rest.starts_with(' ') && rest.contains(':')),
            _ => !indented && rest.is_some_and(ends),
        }
    })
}

/// The commands behind `run:` in a workflow, one line each, without those that need the runner's own expressions.
fn run_lines(workflow: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut block: Option<usize> = None;
    for line in workflow.lines() {
        let depth = line.len() - line.trim_start().len();
        let text = line.trim();
        if let Some(margin) = block {
            if depth > margin || text.is_empty() {
                found.push(text.to_owned());
                continue;
            }
            block = None;
        }
        if let Some(rest) = text.trim_start_matches("- ").strip_prefix("run:") {
            match rest.trim() {
                "|" | "|-" | ">" | ">-" | "|+" => block = Some(depth),
                command => found.push(command.trim_matches(['"', '\'']).to_owned()),
            }
        }
    }
    let worth = |line: &String| {
        let lower = line.to_ascii_lowercase();
        !line.contains("${{") && !line.ends_with('\\') && TELLING.iter().any(|word| lower.contains(word))
    };
    found.into_iter().filter(worth).collect()
}

/// The commands under a heading of CLAUDE.md with “command” in it: lines of code blocks, and code spans of list items.
fn commands_block(text: &str) -> Vec<String> {
    let (mut inside, mut fenced) = (false, false);
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            let command = line.split(" #").next().unwrap_or_default().trim().trim_start_matches("$ ");
            if inside && !command.is_empty() && !command.starts_with('#') {
                found.push(command.to_owned());
            }
        } else if line.starts_with('#') {
            inside = line.to_ascii_lowercase().contains("command");
        } else if inside && line.starts_with(['-', '*']) {
            found.extend(line.split('`').nth(1).filter(|command| !command.is_empty()).map(str::to_owned));
        }
    }
    found
}
