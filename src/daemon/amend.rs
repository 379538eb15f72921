//! `cco amend`: changed inputs become those of the unfinished run (design section 9, Start again).
//!
//! Done without a daemon, under its lock: while one lives, so may its worker, and what a worker has written must not
//! become what it is measured by. What is recorded here is sealed by the next daemon.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::baseline::BASELINE;
use super::boot::branch;
use super::charter::{self, what_changed};
use super::error::Error;
use super::inputs::{Inputs, lock_hash};
use super::observer::Observer;
use super::{clock, leftovers, seal};
use crate::repo::{BranchChoice, DiffText, Repo};
use crate::session::{Charter, End, Event, InputHashes, Session, Stage};
use crate::store::{self, Lock, Mark, StateDir, Store};
use crate::words::{Actor, Hash, TreeId, Via};

/// The longest difference of files that is shown, in bytes.
const LONGEST: usize = 256 << 10;
/// The most files whose difference is shown.
const FILES: usize = 500;

/// An amendment that is not recorded yet. Nobody else can work on the run meanwhile.
pub struct Amending {
    store: Store,
    session: Session,
    charter: Charter,
    after: InputHashes,
    /// What it changes, for a person to read.
    pub difference: Difference,
}

/// What an amendment changes.
#[derive(Debug, Default)]
pub struct Difference {
    /// In words: criteria, checks, limits, what is protected.
    pub words: Vec<String>,
    /// Of the files that are sealed, as far as git holds them.
    pub files: DiffText,
}

/// Sealed paths with the hashes of their bytes; `None`: absent.
type Paths = BTreeMap<String, Option<Hash>>;

/// Holds the inputs against the unfinished run and takes its lock; `None`: they are what is sealed.
///
/// # Errors
/// [`Error::NothingToResume`], [`Error::CannotAmend`]; the store's error if a daemon holds the repository.
pub async fn amending(inputs: &Inputs, repo: &Repo, observer: &Observer) -> Result<Option<Amending>, Error> {
    let state = StateDir::create(repo.state_dir())?;
    let lock = Lock::acquire(&state, clock::now())?;
    if store::current_run(&state)?.is_none() {
        return Err(Error::NothingToResume);
    }
    let opened = Store::open(state.clone(), lock, clock::now())?;
    opened.repaired.into_iter().for_each(|repaired| observer.note(repaired));
    let (store, session) = (opened.store, opened.session);
    if matches!(session.stage, Stage::Ended(End::Done { .. })) {
        return Err(Error::NothingToResume);
    }
    leftovers::end(&state, session.attempt).await?;
    must_be_the_same_mission(inputs, &session)?;
    let Charter { reserves, worker_dollars, .. } = session.charter;
    // As the next daemon will have them; it writes them down itself.
    let limits = inputs.limits_after(&session.charter.limits);
    let charter = Charter { limits, ..charter::charter(&inputs.mission, inputs.config(), reserves, worker_dollars) };
    let after =
        InputHashes { mission: inputs.mission_hash, config: inputs.config_hash(), lock: lock_hash(repo.work_tree())? };
    let mut difference = Difference::default();
    difference.words.extend(what_changed(&session.charter, &charter));
    let before = hashes(&session);
    if before.is_some_and(|before| before.config != after.config) {
        difference.words.push("the configuration is another one".to_owned());
    }
    if before == Some(after) && difference.words.is_empty() && is_sealed_next(&session) {
        return Ok(None);
    }
    of_sealed_paths(inputs, repo, &state, &session, &mut difference)?;
    let same = before == Some(after) && difference.words.is_empty() && difference.files.text.is_empty();
    Ok((!same).then_some(Amending { store, session, charter, after, difference }))
}

impl Amending {
    /// Records the amendment; on disk when this returns.
    ///
    /// # Errors
    /// The store's: nothing is amended.
    pub fn record(mut self, user: &str, reason: &str) -> Result<(), Error> {
        let event = Event::Amended {
            actor: Actor::Operator { name: user.to_owned(), via: Via::Cli },
            charter: Box::new(self.charter),
            before: hashes(&self.session),
            after: self.after,
            reason: reason.to_owned(),
        };
        // What was found under the old seal is not taken over under the new one.
        self.store.caches().forget_verdicts()?;
        self.store.caches().forget(BASELINE)?;
        self.store.append(clock::now(), &event)?;
        Ok(self.store.sync()?)
    }
}

/// Whether an amendment is recorded whose seal is still to be taken: it takes the files as they are then.
fn is_sealed_next(session: &Session) -> bool {
    session.amended.is_some() && session.sealed.as_ref().is_some_and(|mark| mark.tree.is_none())
}

/// A mission is known by its name, and its branch by it: another one is another run.
fn must_be_the_same_mission(inputs: &Inputs, session: &Session) -> Result<(), Error> {
    if inputs.mission.id != session.charter.mission {
        let why =
            format!("the run is one of the mission `{}`, and this is `{}`", session.charter.mission, inputs.mission.id);
        return Err(Error::CannotAmend { why });
    }
    match (branch(inputs), &session.prepared) {
        (BranchChoice::Named(name), Some(prepared)) if name != prepared.branch => {
            let why = format!("the run publishes on {}, and the configuration now says {name}", prepared.branch);
            Err(Error::CannotAmend { why })
        }
        _ => Ok(()),
    }
}

fn hashes(session: &Session) -> Option<InputHashes> {
    session.sealed.as_ref().map(|mark| InputHashes { mission: mark.mission, config: mark.config, lock: mark.lock })
}

/// What is protected from now on and was not, and the other way round; and what of it has other bytes.
fn of_sealed_paths(
    inputs: &Inputs,
    repo: &Repo,
    state: &StateDir,
    session: &Session,
    difference: &mut Difference,
) -> Result<(), Error> {
    let Some(before) = session.sealed_tree().filter(|_| repo.is_prepared().unwrap_or(false)) else { return Ok(()) };
    let Some(sealed) = sealed_paths(state)? else { return Ok(()) };
    let tree = repo.snapshot()?.tree;
    let paths = seal::paths(repo, &inputs.mission, &tree).map_err(|fault| Error::CannotAmend { why: fault.text })?;
    let now: Paths = paths.into_iter().map(|path| (path.path, path.content)).collect();
    for (path, content) in &sealed {
        match (content, now.get(path)) {
            (Some(_), None) if exists(repo, &tree, path)? => {
                difference.words.push(format!("{path} is not protected any more"));
            }
            (Some(_), None) => difference.words.push(format!("{path}, which is protected, is gone")),
            (old, Some(new)) if old != new => {
                difference.words.push(format!("{path}, which is protected, has other bytes"));
            }
            _ => {}
        }
    }
    let added = now.iter().filter(|(path, content)| content.is_some() && !sealed.contains_key(*path));
    difference.words.extend(added.map(|(path, _)| format!("{path} is protected from now on")));
    let shown = shown(inputs, repo, &sealed, &now);
    let changed = repo.changed_paths(before, &tree)?.into_iter().map(|change| change.path);
    let changed: Vec<PathBuf> = changed.filter(|path| shown.contains(path)).take(FILES).collect();
    difference.files = repo.diff_of_paths(before, &tree, &changed, LONGEST)?;
    Ok(())
}

fn exists(repo: &Repo, tree: &TreeId, path: &str) -> Result<bool, Error> {
    Ok(repo.contains(tree, Path::new(path))?)
}

/// The files whose difference is shown: what is or was sealed, and the mission wherever it lies in the repository.
fn shown(inputs: &Inputs, repo: &Repo, sealed: &Paths, now: &Paths) -> BTreeSet<PathBuf> {
    let mission = inputs.mission_path.strip_prefix(repo.work_tree()).ok().map(Path::to_owned);
    sealed.keys().chain(now.keys()).map(PathBuf::from).chain(mission).collect()
}

/// The paths of the newest seal; `None`: nothing was sealed yet.
fn sealed_paths(state: &StateDir) -> Result<Option<Paths>, Error> {
    let mut sealed = None;
    for record in store::read_events(state, None, &Mark::ORIGIN)? {
        if let (_, _, Event::Sealed { seal, .. }) = record? {
            sealed = Some(seal.paths.into_iter().map(|path| (path.path, path.content)).collect());
        }
    }
    Ok(sealed)
}
