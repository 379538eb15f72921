//! Cargo.

use super::listing::Listing;
use super::proposal::{Check, Part, Proposal, Role, Validator};

pub(super) fn look(listing: &Listing, proposal: &mut Proposal) {
    const FILE: &str = "Cargo.toml";
    if !listing.has(FILE) {
        return;
    }
    proposal.found.push("Rust (Cargo.toml)".to_owned());
    let workspace = if listing.content(FILE).contains("[workspace]") { " --workspace" } else { "" };
    let mut add = |check| proposal.checks.push(check);
    add(Check::new(Part::Rust, Role::Tests, "All tests pass", tests(listing, workspace), FILE));
    let clippy = format!("cargo clippy{workspace} --all-targets -- -D warnings");
    add(Check::new(Part::Rust, Role::Lint, "Clippy has no warning", Validator::command(clippy), FILE));
    let validator = Validator::Coverage {
        run: format!("cargo llvm-cov{workspace} --lcov --output-path lcov.info"),
        report: "lcov.info".to_owned(),
    };
    proposal.later.push(Check::new(Part::Rust, Role::Coverage, "Tests run most of the lines", validator, FILE));
}

/// With nextest's JUnit report tests are counted: a run that selects none is not taken for a pass.
fn tests(listing: &Listing, workspace: &str) -> Validator {
    let nextest = listing.content(".config/nextest.toml");
    let profile = nextest.lines().find_map(|line| {
        let header = line.trim().strip_prefix("[profile.")?;
        header.strip_suffix(".junit]")
    });
    match profile {
        Some(profile) => Validator::Tests {
            run: format!("cargo nextest run{workspace} --profile {profile}"),
            report: format!("target/nextest/{profile}/junit.xml"),
        },
        None if listing.has(".config/nextest.toml") => Validator::command(format!("cargo nextest run{workspace}")),
        None => Validator::command(format!("cargo test{workspace}")),
    }
}
