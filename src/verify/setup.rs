//! What prepares a check tree: the mission's `setup`, or what the lock files imply. Shown to the user, and run again
//! only when its key changes.
//!
//! The table is conservative: only commands that install exactly what a lock file pins, into the tree. What a build tool
//! fetches by itself needs nothing; what would have to guess (requirements.txt: which environment?) is said, not done.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::error::Error;
use super::files::{self, READ_CAP};
use super::finding::Finding;
use super::ground::{Ground, variables};
use super::shell::{self, Line, seconds};
use super::stopwatch::Stopwatch;
use crate::process::Stdin;
use crate::words::{Hash, Outcome};

/// All commands together (design section 9, Check trees).
pub const SETUP_TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// Lock files at the root, and what each implies. Of several of one family the first counts.
const IMPLIED: [(Family, &str, &str); 12] = [
    (Family::Node, "pnpm-lock.yaml", "pnpm install --frozen-lockfile"),
    (Family::Node, "bun.lock", "bun install --frozen-lockfile"),
    (Family::Node, "bun.lockb", "bun install --frozen-lockfile"),
    (Family::Node, "yarn.lock", "yarn install --frozen-lockfile"),
    (Family::Node, "npm-shrinkwrap.json", "npm ci"),
    (Family::Node, "package-lock.json", "npm ci"),
    (Family::Python, "uv.lock", "uv sync --frozen"),
    (Family::Python, "poetry.lock", "poetry install --no-interaction"),
    (Family::Python, "Pipfile.lock", "pipenv sync --dev"),
    (Family::Ruby, "Gemfile.lock", "BUNDLE_FROZEN=true bundle install"),
    (Family::Php, "composer.lock", "composer install --no-interaction"),
    (Family::Elixir, "mix.lock", "mix deps.get --check-locked"),
];

/// Lock files that need no set-up, and why.
const NEEDS_NOTHING: [(&str, &str); 5] = [
    ("Cargo.lock", "cargo fetches what it needs when it builds"),
    ("go.sum", "go fetches what it needs when it builds"),
    ("gradle.lockfile", "gradle fetches what it needs when it builds"),
    ("pom.xml", "maven fetches what it needs when it builds"),
    ("packages.lock.json", "dotnet restores when it builds"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Node,
    Python,
    Ruby,
    Php,
    Elixir,
}

/// What prepares a check tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// Shell lines, run one after the other at the tree's root.
    pub commands: Vec<String>,
    /// Why these, and what was left out: lines for the user.
    pub notes: Vec<String>,
    /// Changes when the commands or the lock files do; part of the environment's hash.
    pub key: Hash,
}

impl Setup {
    /// Decides what prepares the tree in `dir`. `given` is the mission's `setup`; an empty one turns it off.
    ///
    /// # Errors
    /// If a lock file cannot be read.
    pub fn of(given: Option<&[String]>, dir: &Path) -> Result<Self, Error> {
        let (commands, notes) = match given {
            Some([]) => (Vec::new(), vec!["setup: [] turns it off".to_owned()]),
            Some(lines) => (lines.to_vec(), vec!["as the mission says".to_owned()]),
            None => implied(|name| dir.join(name).is_file()),
        };
        let key = key(&commands, dir)?;
        Ok(Self { commands, notes, key })
    }

    /// Whether it must be run in a tree where it was last run with this key.
    #[must_use]
    pub fn is_due(&self, last: Option<Hash>) -> bool {
        !self.commands.is_empty() && last != Some(self.key)
    }
}

fn implied(exists: impl Fn(&str) -> bool) -> (Vec<String>, Vec<String>) {
    let (mut commands, mut notes, mut families) = (Vec::new(), Vec::new(), Vec::new());
    for (family, lock, command) in IMPLIED.into_iter().filter(|(_, lock, _)| exists(lock)) {
        if families.contains(&family) {
            notes.push(format!("{lock}: passed over, there is another lock file of its kind; say `setup:` to choose"));
            continue;
        }
        families.push(family);
        // Yarn from version 2 on has its own settings file, and another word for the same thing.
        let command = if lock == "yarn.lock" && exists(".yarnrc.yml") { "yarn install --immutable" } else { command };
        notes.push(format!("{lock}: `{command}`"));
        commands.push(command.to_owned());
    }
    notes.extend(
        NEEDS_NOTHING.into_iter().filter(|(lock, _)| exists(lock)).map(|(lock, why)| format!("{lock}: nothing, {why}")),
    );
    if exists("requirements.txt") && !families.contains(&Family::Python) {
        notes.push(
            "requirements.txt: nothing, it does not say into which environment; say `setup:` if checks need it"
                .to_owned(),
        );
    }
    (commands, notes)
}

/// The commands' text and every lock file below the root, two folders deep: monorepos keep them in packages.
fn key(commands: &[String], dir: &Path) -> Result<Hash, Error> {
    let mut parts: Vec<Vec<u8>> = commands.iter().map(|line| line.clone().into_bytes()).collect();
    if commands.is_empty() {
        return Ok(Hash::of_parts([]));
    }
    let fail = |path: &Path, source| Error::LockFile { path: path.display().to_string(), source };
    let names = IMPLIED
        .iter()
        .map(|(_, lock, _)| *lock)
        .chain(NEEDS_NOTHING.iter().map(|(lock, _)| *lock))
        .chain(["requirements.txt"]);
    for name in names {
        for pattern in [name.to_owned(), format!("*/{name}"), format!("*/*/{name}")] {
            for found in files::matching(dir, "", &pattern).map_err(|source| fail(Path::new(&pattern), source))? {
                let bytes = files::read(dir, &found.path, READ_CAP).map_err(|source| fail(&found.path, source))?;
                parts.push(found.path.to_string_lossy().into_owned().into_bytes());
                parts.push(Hash::of(&bytes).as_bytes().to_vec());
            }
        }
    }
    Ok(Hash::of_parts(parts.iter().map(Vec::as_slice)))
}

/// A tree that is not ready for checks, because its set-up did not succeed or because it reaches out of itself: what
/// stands in the tree is as likely the reason as the machine, so it is evidence for the checks that need it, and not an
/// error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The command as written or implied, or the paths.
    pub subject: String,
    /// Why, as a clause.
    pub reason: String,
    /// The end of its output.
    pub tail: String,
    /// What the checks that need it come to: fail where the command itself failed, else inconclusive.
    pub outcome: Outcome,
}

impl Broken {
    /// The same where nothing was worked on yet: there may be nothing to set up, which says nothing about a criterion.
    #[must_use]
    pub fn undecided(self) -> Self {
        Self { outcome: Outcome::Inconclusive, ..self }
    }

    /// A tree with links that lead out of it: a check would see what is no part of the work, and pass on it.
    #[must_use]
    pub fn by_links(links: &[PathBuf]) -> Self {
        let subject = links.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
        let reason = format!("the work has links that lead out of the repository: {subject}");
        Self { subject, reason, tail: String::new(), outcome: Outcome::Fail }
    }

    pub(super) fn finding(&self) -> Finding {
        let summary = format!("not run, because {}", self.reason);
        Finding::new(self.outcome, summary).subject(self.subject.clone()).tail(self.tail.clone())
    }
}

/// Runs a set-up in the ground's folder; tells what broke it, if anything did.
pub(super) async fn run(ground: &Arc<Ground>, setup: &Setup) -> Result<Option<Broken>, Error> {
    let watch = Stopwatch::start();
    for command in &setup.commands {
        let left = SETUP_TIMEOUT.saturating_sub(watch.elapsed());
        if let Some(broken) = run_one(ground, command, left).await? {
            return if files::is_full(&ground.dir) { Err(no_room(ground)) } else { Ok(Some(broken)) };
        }
    }
    Ok(None)
}

async fn run_one(ground: &Arc<Ground>, command: &str, left: Duration) -> Result<Option<Broken>, Error> {
    let broken = |reason: String, tail: &str, outcome| {
        let tail = ground.environment.mask(tail);
        let reason = format!("the set-up command `{command}` {reason}");
        Ok(Some(Broken { subject: command.to_owned(), reason, tail, outcome }))
    };
    if left.is_zero() {
        return broken(format!("was not reached within {}", seconds(SETUP_TIMEOUT)), "", Outcome::Inconclusive);
    }
    let (folder, variables) = (ground.dir.clone(), variables(ground, None));
    let line =
        Line { name: "setup", run: command.to_owned(), folder, variables, timeout: Some(left), stdin: Stdin::Null };
    let process = shell::start(ground, &line).await.map_err(|finding| Error::SetupNotStarted {
        command: command.to_owned(),
        reason: finding.evidence.summary.clone(),
    })?;
    match shell::end_of(process, &line, 0).await {
        Ok(ran) if ran.code == 0 => Ok(None),
        Ok(ran) => broken(format!("exits {}", ran.code), &ran.tail(), Outcome::Fail),
        Err(finding) => broken(finding.evidence.summary.clone(), &finding.evidence.tail, finding.outcome),
    }
}

fn no_room(ground: &Ground) -> Error {
    Error::Spool { path: ground.dir.clone(), source: std::io::ErrorKind::StorageFull.into() }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make the files they look at")]
mod tests {
    use std::fs;

    use super::*;

    fn of(names: &[&str]) -> (Vec<String>, Vec<String>) {
        implied(|name| names.contains(&name))
    }

    #[test]
    fn each_family_is_prepared_once() {
        assert_eq!(of(&["package-lock.json", "uv.lock"]).0, ["npm ci", "uv sync --frozen"]);
        let (commands, notes) = of(&["pnpm-lock.yaml", "package-lock.json"]);
        assert_eq!(commands, ["pnpm install --frozen-lockfile"]);
        assert!(notes.iter().any(|note| note.starts_with("package-lock.json: passed over")));
        assert_eq!(of(&["yarn.lock", ".yarnrc.yml"]).0, ["yarn install --immutable"]);
    }

    #[test]
    fn what_builds_itself_or_would_be_a_guess_is_said_and_not_done() {
        let (commands, notes) = of(&["Cargo.lock", "go.sum", "requirements.txt"]);
        assert_eq!(commands, Vec::<String>::new());
        assert_eq!(notes.len(), 3);
    }

    #[test]
    fn the_key_changes_with_the_text_and_the_lock_files_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("web")).unwrap();
        fs::write(dir.path().join("web/package-lock.json"), "1").unwrap();
        let given = ["cd web && npm ci".to_owned()];
        let key = |given: &[String]| Setup::of(Some(given), dir.path()).unwrap().key;
        let first = key(&given);
        fs::write(dir.path().join("web/index.js"), "x").unwrap();
        assert_eq!(key(&given), first);
        fs::write(dir.path().join("web/package-lock.json"), "2").unwrap();
        assert_ne!(key(&given), first);
        assert_ne!(key(&["npm ci".to_owned()]), key(&given));
        assert_eq!(key(&[]), Setup::of(None, dir.path()).unwrap().key, "nothing to run is nothing");
    }

    #[test]
    fn it_is_due_until_it_was_run_with_its_key() {
        let dir = tempfile::tempdir().unwrap();
        let setup = Setup::of(Some(&["true".to_owned()]), dir.path()).unwrap();
        assert!(setup.is_due(None) && setup.is_due(Some(Hash::ZERO)) && !setup.is_due(Some(setup.key)));
        assert!(!Setup::of(Some(&[]), dir.path()).unwrap().is_due(None));
    }
}
