//! Python: pytest with a report, ruff, mypy or pyright, under uv or poetry where they are used.

use super::listing::Listing;
use super::proposal::{Check, Part, Proposal, Role, Validator};

pub(super) fn look(listing: &Listing, proposal: &mut Proposal) {
    let files = ["pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "requirements-dev.txt"];
    let Some(file) = files.into_iter().find(|file| listing.has(file)) else {
        return;
    };
    proposal.found.push(format!("Python ({file})"));
    let told = format!("{}\n{}", listing.content("pyproject.toml"), listing.content("requirements-dev.txt"));
    let (run, module) = runner(listing);
    let uses = |name: &str| told.contains(name);
    let mut add = |role, words: &str, run: String, report: Option<&str>| {
        let validator = match report {
            Some(report) => Validator::Tests { run, report: report.to_owned() },
            None => Validator::Command(run),
        };
        proposal.checks.push(Check::new(Part::Python, role, words, validator, file));
    };
    if uses("pytest") || listing.has("pytest.ini") || listing.has("conftest.py") || listing.folders.contains("tests") {
        add(Role::Tests, "All tests pass", format!("{module}pytest --junitxml=junit.xml"), Some("junit.xml"));
    }
    if uses("ruff") || listing.has("ruff.toml") || listing.has(".ruff.toml") {
        add(Role::Lint, "Ruff has nothing to say", format!("{run}ruff check ."), None);
    }
    if uses("mypy") || listing.has("mypy.ini") {
        add(Role::Types, "The types are right", format!("{run}mypy ."), None);
    } else if uses("pyright") || listing.has("pyrightconfig.json") {
        add(Role::Types, "The types are right", format!("{run}pyright"), None);
    }
    if uses("pytest-cov") {
        let run = format!("{module}pytest --cov --cov-report=xml");
        let validator = Validator::Coverage { run, report: "coverage.xml".to_owned() };
        proposal.later.push(Check::new(Part::Python, Role::Coverage, "Tests run most of the lines", validator, file));
    }
}

/// What stands before a program, and before one that should be found as a module of the project's own Python.
fn runner(listing: &Listing) -> (&'static str, &'static str) {
    if listing.has("uv.lock") {
        ("uv run ", "uv run ")
    } else if listing.has("poetry.lock") {
        ("poetry run ", "poetry run ")
    } else {
        ("", "python3 -m ")
    }
}
