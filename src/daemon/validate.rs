//! Every check once on the tree as it is, without a run and without a model: `cco validate`.
//!
//! Nothing of an unfinished run is touched but the kept check tree, which belongs to whoever holds the lock.

#![expect(clippy::disallowed_methods, reason = "removes the spools of its checks")]

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::access;
use super::charter::charter;
use super::clock;
use super::equip::not_only_words;
use super::error::Error;
use super::ground::{Checking, Said, SetUp, approvals};
use super::history::history;
use super::inputs::Inputs;
use super::observer::Observer;
use super::running::Hold;
use super::{pins, trees};
use crate::process::Supervisor;
use crate::repo::Repo;
use crate::session::{End, Reserves, Session, Stage, WorkerDollars};
use crate::store::{self, Lock, StateDir};
use crate::verify::{self, Occasion, Verifier};
use crate::view::{self, Validation};
use crate::words::{CriterionId, TreeId, Verdict};

/// What is looked at.
pub struct Look {
    /// What people wrote.
    pub inputs: Inputs,
    /// The repository.
    pub repo: Repo,
    /// cco's own program: it is its own supervisor.
    pub program: PathBuf,
    /// cco's own environment.
    pub environment: BTreeMap<OsString, OsString>,
    /// Only these criteria; empty: all.
    pub criteria: BTreeSet<CriterionId>,
    /// Who watches.
    pub observer: Observer,
}

/// Runs the checks of the criteria asked for, each once, on a snapshot of the work tree.
///
/// # Errors
/// [`Error::OnlyWords`] where a criterion has no check and no model could derive one; the store's error if a daemon
/// holds the repository; whatever keeps checks from being run at all.
pub async fn validate(look: Look) -> Result<Validation, Error> {
    let Look { mut inputs, repo, program, environment, criteria, observer } = look;
    if !criteria.is_empty() {
        inputs.mission.criteria.retain(|criterion| criteria.contains(&criterion.id));
    }
    if access::manager_key(inputs.config(), &environment)?.is_none() {
        not_only_words(&inputs)?;
    }
    let state = trees::place(StateDir::create(repo.state_dir())?, &repo, &environment, &observer);
    let _lock = Lock::acquire(&state, clock::now())?;
    let session = unfinished(&state)?;
    let tree = tree(&repo, session.as_ref(), &observer)?;
    let spool = state.root().join("validate");
    forget(&spool)?;
    let mission = &inputs.mission;
    let checking = Checking {
        repo: &repo,
        state: &state,
        verifier: &Verifier::new(Arc::new(Supervisor::new(&program))),
        mission,
        hold: Hold::new().0,
        environment: &environment,
        jobs: usize::try_from(inputs.config().verify.jobs).unwrap_or(1),
        observer: &observer,
        spool: spool.clone(),
        marker: format!("validate-{}", std::process::id()),
    };
    let verdicts = run(&checking, &tree, session.as_ref()).await?;
    forget(&spool)?;
    let charter = charter(mission, inputs.config(), Reserves::default(), WorkerDollars::Billed);
    Ok(view::validation(charter, tree, &verdicts, clock::now()))
}

/// The run that is under way and has taken the repository over.
fn unfinished(state: &StateDir) -> Result<Option<Session>, Error> {
    if store::current_run(state)?.is_none() {
        return Ok(None);
    }
    let (session, _) = store::read_session(state, None)?;
    let done = matches!(session.stage, Stage::Ended(End::Done { .. }));
    Ok(Some(session).filter(|session| !done && session.tree.is_some()))
}

/// The work tree as it is. While a run is unfinished, what was taken over for it at its start must stay as it is.
fn tree(repo: &Repo, unfinished: Option<&Session>, observer: &Observer) -> Result<TreeId, Error> {
    let snapshot = if unfinished.is_some() { repo.snapshot()? } else { repo.prepare()?.dirty };
    for left in &snapshot.left_out {
        observer.note(format!("not in the check tree: {} ({})", left.path.display(), left.why));
    }
    Ok(snapshot.tree)
}

async fn run(checking: &Checking<'_>, tree: &TreeId, session: Option<&Session>) -> Result<Vec<Verdict>, Error> {
    let dir = checking.checkout_kept(tree).await?;
    let carried = pins::live(checking.repo, checking.mission, tree)?;
    let mut ground = checking.prepare(tree.clone(), dir, SetUp::WhenDue, carried).await?;
    if let Some(broken) = ground.broken.take() {
        return Err(verify::Error::Setup(broken).into());
    }
    let check_hash = crate::mission::Check::hash;
    let items = verify::items(&checking.mission.criteria, verify::Scope::All, Occasion::Baseline, check_hash);
    let approvals = session.map(|session| approvals(session, tree)).unwrap_or_default();
    let history = history(checking.repo, session, tree, &items)?;
    let mut verdicts = Vec::new();
    checking
        .run(&ground, items, Said { approvals, history, ..Said::default() }, |verdict, _| {
            verdicts.push(verdict.clone());
        })
        .await?;
    verdicts.iter_mut().filter(|verdict| verdict.kind == "judge").for_each(say_that_no_model_was_asked);
    Ok(verdicts)
}

fn say_that_no_model_was_asked(verdict: &mut Verdict) {
    "no model is asked here; a judge decides only while a mission runs".clone_into(&mut verdict.evidence.summary);
}

fn forget(spool: &Path) -> Result<(), Error> {
    match std::fs::remove_dir_all(spool) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::File { doing: "remove", path: spool.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}
