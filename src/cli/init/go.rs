//! Go.

use super::listing::Listing;
use super::proposal::{Check, Part, Proposal, Role, Validator};

pub(super) fn look(listing: &Listing, proposal: &mut Proposal) {
    const FILE: &str = "go.mod";
    if !listing.has(FILE) {
        return;
    }
    proposal.found.push("Go (go.mod)".to_owned());
    let linter = [".golangci.yml", ".golangci.yaml", ".golangci.toml"].iter().any(|file| listing.has(file));
    let lint = if linter { "golangci-lint run" } else { "go vet ./..." };
    let checks =
        [(Role::Tests, "All tests pass", "go test ./..."), (Role::Lint, "Vet and linter have nothing to say", lint)];
    for (role, words, run) in checks {
        proposal.checks.push(Check::new(Part::Go, role, words, Validator::command(run), FILE));
    }
}
