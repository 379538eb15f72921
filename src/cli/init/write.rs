//! The two files as text: short, commented where a choice is to be made, valid as they are.

use std::fmt::Write;

use super::proposal::{Check, Commented, Proposal, Validator};

/// Lets editors complete and check the file.
const MISSION_MODELINE: &str = "# yaml-language-server: $schema=./schema/mission.json";
/// The same for the configuration.
const CONFIG_MODELINE: &str = "# yaml-language-server: $schema=./schema/config.json";

/// The text of `.cco/mission.yaml`.
#[must_use]
pub fn mission_text(proposal: &Proposal, title: &str) -> String {
    let mut text = format!(
        "{MISSION_MODELINE}
# (for the line above: mkdir -p .cco/schema && cco schema mission > .cco/schema/mission.json)
#
# A mission: what is wanted, and the checks that prove it. `cco validate` runs the checks, `cco start` begins.

title: {}
description: |
  Say what is wanted: what it is for, what belongs to it and what does not.
  Manager and worker read this; the checks below decide.

# Done means: every check of every required criterion passed on a fresh checkout of the final commit.
definition_of_done:
",
        quoted(title)
    );
    if proposal.checks.is_empty() {
        text.push_str(NOTHING_FOUND);
    }
    for check in &proposal.checks {
        criterion(&mut text, proposal, check, "  ");
    }
    if !proposal.later.is_empty() {
        text.push_str("\n  # With a bound of your choice:\n");
        for check in &proposal.later {
            criterion(&mut text, proposal, check, "  # ");
        }
    }
    text.push_str(MORE_KINDS);
    if !proposal.mentioned.is_empty() {
        text.push_str("\n# Seen in this repository, and not used above:\n");
        for (command, file) in &proposal.mentioned {
            let _ = writeln!(text, "#   {}   ({})", one_line(command), one_line(file));
        }
    }
    text.push_str(&list(
        "protect",
        "Files that the worker must not change; a change is undone.",
        &proposal.protect,
        "tests/contract/**",
    ));
    text.push_str(&list(
        "carry",
        "Files that git ignores and checks need: copied into each check's folder, never committed.",
        &proposal.carry,
        ".env.test",
    ));
    text.push_str(TAIL);
    text
}

const NOTHING_FOUND: &str =
    "  # Nothing was recognised here. Say how it is tested: any command that exits 0 when it holds.
  - criteria: \"The project's own check passes\"
    id: check
    validator: sh ./check.sh
";

const MORE_KINDS: &str = "
  # What is wanted comes here. Other kinds of checks:
  # - criteria: \"The API is documented\"
  #   validator: { file: { path: docs/openapi.yaml, contains: [\"/tasks\"] } }
  # - criteria: \"Every message says what to do\"
  #   validator: { judge: { rubric: \"Each error names a next step\", evidence: [\"src/**\"] } }
  # - criteria: \"It looks right\"
  #   measurable: false
  #   validator: { manual: \"Open the start page and look\" }
";

const TAIL: &str = "
# Rules that manager and worker are told:
# constraints:
#   - \"No new dependencies\"

# Commands that prepare a fresh checkout. Left out: what the lock files imply.
# setup: [\"npm ci\"]

# budget: { usd: 40 }
";

/// The text of `.cco/config.yaml`.
#[must_use]
pub fn config_text() -> String {
    format!(
        "{CONFIG_MODELINE}
# (for the line above: mkdir -p .cco/schema && cco schema config > .cco/schema/config.json)
#
# How cco works here. Everything has a default: `cco config show --origin` prints what is in force and why.

# The manager plans. With a key of OpenRouter a model does, else the embedded checklist manager.
# openrouter:
#   api_key: \"${{OPENROUTER_API_KEY}}\"
#   model: anthropic/claude-sonnet-4.5

# The worker acts. Without a key here, the login of `claude` is used.
# claude_code:
#   model: sonnet

# repository:
#   branch: \"cco/{{mission}}\"
#   commit_frequency: per_session   # per_iteration|per_session|per_phase|on_completion

orchestrator:
  manager: auto                     # auto|openrouter|checklist
#  max_iterations: unlimited
#  on_stall: replan                 # replan|escalate|pause|stop
"
    )
}

fn criterion(text: &mut String, proposal: &Proposal, check: &Check, margin: &str) {
    let _ = writeln!(text, "{margin}- criteria: {}   # from {}", quoted(&check.words), one_line(&check.why));
    let _ = writeln!(text, "{margin}  id: {}", proposal.id(check));
    if !check.required {
        let _ = writeln!(text, "{margin}  required: false");
    }
    let validator = match &check.validator {
        Validator::Command(run) => quoted(run),
        Validator::Tests { run, report } => {
            format!("{{ tests: {{ run: {}, report: {} }} }}", quoted(run), quoted(report))
        }
        Validator::Coverage { run, report } => {
            format!("{{ coverage: {{ run: {}, report: {}, lines: \">=80%\" }} }}", quoted(run), quoted(report))
        }
    };
    let _ = writeln!(text, "{margin}  validator: {validator}");
}

/// A list with its active lines in force; a list without any is a comment as a whole.
fn list(key: &str, what: &str, lines: &[Commented], example: &str) -> String {
    let mut text = format!("\n# {what}\n");
    let active = lines.iter().any(|line| line.active);
    let _ = writeln!(text, "{}{key}:", if active { "" } else { "# " });
    for line in lines {
        let sign = if line.active { "" } else { "# " };
        let _ = writeln!(text, "{sign}  - {}   # {}", quoted(&line.value), line.why);
    }
    if lines.is_empty() {
        let _ = writeln!(text, "#   - {}", quoted(example));
    }
    text
}

/// A JSON string is a double-quoted YAML scalar.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// What goes into a comment stays on its line.
fn one_line(text: &str) -> String {
    crate::view::printable_line(text)
}
