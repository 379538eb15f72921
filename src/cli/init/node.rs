//! package.json: npm, pnpm, yarn or bun by lock file; scripts before guesses.

use serde_json::Value;

use super::listing::Listing;
use super::proposal::{Check, Part, Proposal, Role, Validator};

const FILE: &str = "package.json";

/// How a package manager runs scripts and programs.
struct Manager {
    name: &'static str,
    exec: &'static str,
}

pub(super) fn look(listing: &Listing, proposal: &mut Proposal) {
    if !listing.has(FILE) {
        return;
    }
    let manager = manager(listing);
    proposal.found.push(format!("Node (package.json, {})", manager.name));
    let package: Value = serde_json::from_str(listing.content(FILE)).unwrap_or(Value::Null);
    let project = Project { package, manager };
    let mut add = |role, words: &str, validator: Option<Validator>| {
        proposal.checks.extend(validator.map(|validator| Check::new(Part::Node, role, words, validator, FILE)));
    };
    add(Role::Tests, "All tests pass", project.tests());
    add(Role::Lint, "The linter has nothing to say", project.lint(listing));
    add(Role::Types, "The types are right", project.types(listing));
    add(Role::Build, "It can be built", project.script(&["build"]));
    if project.depends_on("vitest") {
        let run = format!("{} vitest run --coverage --coverage.reporter=lcov", project.manager.exec);
        let validator = Validator::Coverage { run, report: "coverage/lcov.info".to_owned() };
        proposal.later.push(Check::new(Part::Node, Role::Coverage, "Tests run most of the lines", validator, FILE));
    } else if project.depends_on("jest") {
        let run = format!("{} jest --coverage --coverageReporters=lcov", project.manager.exec);
        let validator = Validator::Coverage { run, report: "coverage/lcov.info".to_owned() };
        proposal.later.push(Check::new(Part::Node, Role::Coverage, "Tests run most of the lines", validator, FILE));
    }
}

struct Project {
    package: Value,
    manager: Manager,
}

impl Project {
    fn depends_on(&self, name: &str) -> bool {
        ["dependencies", "devDependencies"].iter().any(|key| self.package[key].get(name).is_some())
    }

    /// The first of these scripts that the package has. The one that `npm init` writes is no test.
    fn script(&self, names: &[&str]) -> Option<Validator> {
        let real = |name: &&&str| {
            let text = self.package["scripts"][**name].as_str().unwrap_or_default();
            !text.is_empty() && !text.contains("no test specified")
        };
        let name = names.iter().find(real)?;
        let run = match (self.manager.name, *name) {
            (manager, "test") if manager != "bun" => format!("{manager} test"),
            (manager, name) => format!("{manager} run {name}"),
        };
        Some(Validator::Command(run))
    }

    /// A report is better than an exit code: tests are counted, and a run that selects none is not taken for a pass.
    fn tests(&self) -> Option<Validator> {
        let exec = self.manager.exec;
        let report = "junit.xml".to_owned();
        if self.depends_on("vitest") {
            return Some(Validator::Tests {
                run: format!("{exec} vitest run --reporter=junit --outputFile={report}"),
                report,
            });
        }
        if self.depends_on("jest") && self.depends_on("jest-junit") {
            return Some(Validator::Tests { run: format!("{exec} jest --reporters=jest-junit"), report });
        }
        self.script(&["test", "tests"])
    }

    fn lint(&self, listing: &Listing) -> Option<Validator> {
        let configured =
            listing.files.iter().any(|file| file.starts_with("eslint.config.") || file.starts_with(".eslintrc"));
        let guess = || Validator::Command(format!("{} eslint .", self.manager.exec));
        self.script(&["lint"]).or_else(|| configured.then(guess))
    }

    fn types(&self, listing: &Listing) -> Option<Validator> {
        let guess = || Validator::Command(format!("{} tsc --noEmit", self.manager.exec));
        self.script(&["typecheck", "type-check", "tsc"]).or_else(|| listing.has("tsconfig.json").then(guess))
    }
}

fn manager(listing: &Listing) -> Manager {
    let locks = [
        ("pnpm-lock.yaml", "pnpm", "pnpm exec"),
        ("yarn.lock", "yarn", "yarn"),
        ("bun.lock", "bun", "bunx"),
        ("bun.lockb", "bun", "bunx"),
    ];
    let found = locks.into_iter().find(|(lock, ..)| listing.has(lock));
    let (_, name, exec) = found.unwrap_or(("", "npm", "npx"));
    Manager { name, exec }
}
