//! From inputs to a running daemon: the lock, the run to go on with or to begin, the adapters, the first event.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::control::Control;
use super::equip::{self, Crew};
use super::error::Error;
use super::inputs::{Inputs, lock_hash};
use super::observer::Observer;
use super::perform::{SealedInputs, Tools};
use super::run::{Anchor, Daemon, Ended, Inlets};
use super::{charter, clock, leftovers, pins, seal, trees};
use crate::repo::{BranchChoice, Repo};
use crate::session::{
    Charter, Event, Leave, Limits, Patience, PauseReason, Reserves, SealMark, Session, Stage, StopHow, WorkerDollars,
};
use crate::store::{self, Lock, Opened, StateDir, Store};
use crate::words::{Actor, Hash, RunId, Via};

/// What a daemon is started with.
pub struct Options {
    /// What people wrote.
    pub inputs: Inputs,
    /// The repository.
    pub repo: Repo,
    /// cco's own program: it is its own supervisor.
    pub program: PathBuf,
    /// cco's own environment.
    pub environment: BTreeMap<OsString, OsString>,
    /// The login name of who starts it.
    pub user: String,
    /// Which run.
    pub begin: Begin,
    /// How long it waits for what it cannot bring about itself.
    pub patience: Patience,
    /// When it checkpoints and leaves.
    pub time_limit: Option<Duration>,
    /// How much it does.
    pub span: Span,
    /// Who watches.
    pub observer: Observer,
}

/// Which run a daemon works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// The unfinished one if there is one that was sealed with the same inputs, else a new one.
    Either,
    /// A new one; an unfinished one is put aside and stays readable.
    Fresh,
    /// The unfinished one, or none.
    Resume,
}

/// How much a daemon does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// The mission.
    Whole,
    /// One iteration (`cco next`).
    OneIteration,
}

/// Runs a daemon to its end.
///
/// # Errors
/// Why it could not start, or had to stop; the state is safe in either case.
pub async fn start(mut options: Options) -> Result<Ended, Error> {
    let state = StateDir::create(options.repo.state_dir())?;
    let state = trees::place(state, &options.repo, &options.environment, &options.observer);
    let lock = Lock::acquire(&state, clock::now())?;
    // What is done already asks nobody: not even what models cost.
    let chosen = match choose(&options, &state, lock).await? {
        Chosen::AlreadyDone(session) => {
            return Ok(Ended { leave: Leave::Done, signal: None, session: Arc::new(*session) });
        }
        Chosen::Work(work) => work,
    };
    if let Work::GoOn(opened) = &chosen {
        options.inputs.prompts = sealed_prompts(&options, &state, &opened.session)?;
    }
    let crew = equip::crew(&options, &state).await?;
    let opened = match chosen {
        Work::GoOn(opened) => {
            equip::mission_fits(&options.inputs, &crew)?;
            *opened
        }
        Work::Begin(room) => begin(&options, &state, room, &crew)?,
    };
    for repaired in &opened.repaired {
        options.observer.note(repaired.clone());
    }
    let (supervisor, watched) = watch::channel(None);
    let address = socket_place(&state, &options.environment)?;
    let (answers, inbox) = mpsc::unbounded_channel();
    let (broken, breaks) = mpsc::unbounded_channel();
    let Options { inputs, repo, environment, user, observer, patience, begin, span, time_limit, .. } = options;
    let limits = inputs.limits_after(&opened.session.charter.limits);
    let bounds = Bounds { limits, reserves: crew.reserves, worker_dollars: crew.worker_dollars };
    let config = inputs.config();
    let prompts = inputs.prompts(repo.work_tree())?;
    let tools = Tools {
        caches: opened.store.caches().clone(),
        worker: crew.worker,
        models: crew.models,
        judges: crew.judges,
        verifier: crew.verifier,
        manager: crew.manager,
        prompts,
        branch: branch(&inputs),
        sealed: SealedInputs {
            mission: inputs.mission_hash,
            config: inputs.config_hash(),
            prompts: pins::pin_prompts(&state, &inputs.prompts)?,
        },
        environment,
        jobs: usize::try_from(config.verify.jobs).unwrap_or(1),
        user,
        observer: observer.clone(),
        said: std::sync::Mutex::default(),
        supervisor,
        repo,
        state,
    };
    let mut daemon = Daemon {
        anchor: Anchor::newest(&opened.store, &opened.session.stage)?,
        session: Arc::new(opened.session),
        store: opened.store,
        tools: Arc::new(tools),
        mission: Arc::new(inputs.mission),
        running: None,
        answers,
        broken,
        observer,
        patience,
        signals: 0,
        started_at: clock::now(),
    };
    // Made after the daemon and so gone before it, on every way out: the socket belongs to who holds the lock.
    let (control, asks) = Control::listen(&address, watched).map_err(Error::Control)?;
    let inlets = Inlets::open(inbox, breaks, asks, time_limit).map_err(Error::Control)?;
    take_over(&mut daemon, begin, span, bounds)?;
    let supervisor = daemon.tools.worker.supervisor.clone();
    let ended = daemon.run(inlets).await;
    control.close().await;
    supervisor.dismiss().await;
    ended
}

/// What may differ from one daemon of a run to the next.
struct Bounds {
    limits: Limits,
    reserves: Reserves,
    worker_dollars: WorkerDollars,
}

/// Records that this daemon is here, and what it was started for.
fn take_over(daemon: &mut Daemon, begin: Begin, span: Span, bounds: Bounds) -> Result<(), Error> {
    let actor = Actor::Operator { name: daemon.tools.user.clone(), via: Via::Cli };
    let Bounds { limits, reserves, worker_dollars } = bounds;
    // Before the daemon's own record: that enters the stage again, and sets aside by what holds then.
    if (daemon.session.charter.reserves, daemon.session.charter.worker_dollars) != (reserves, worker_dollars) {
        daemon.note(&Event::TermsSet { actor: actor.clone(), reserves, worker_dollars })?;
    }
    if daemon.session.charter.limits != limits {
        daemon.note(&Event::LimitsSet { actor: actor.clone(), limits })?;
    }
    let epoch = daemon.session.epoch + 1;
    let version = env!("CARGO_PKG_VERSION").to_owned();
    daemon.note(&Event::DaemonStarted { epoch, version, pid: std::process::id() })?;
    if goes_on(&daemon.session, begin) {
        daemon.note(&Event::ResumeAsked { actor: actor.clone() })?;
        // A person's pause that a stop was laid over.
        if matches!(daemon.session.stage, Stage::Paused { why: PauseReason::Operator, .. }) && begin == Begin::Resume {
            daemon.note(&Event::ResumeAsked { actor: actor.clone() })?;
        }
    }
    if span == Span::OneIteration {
        daemon.note(&Event::StopAsked { actor, how: StopHow::AfterOne })?;
    }
    Ok(())
}

/// Whether starting a daemon is itself the word to go on. A person's pause, a wait, or a question to a person is cut short
/// only by who says `resume`: a runner that is run again and again would undo the pause, and knock at a closed window each
/// time.
fn goes_on(session: &Session, begin: Begin) -> bool {
    let resumes = begin == Begin::Resume;
    match &session.stage {
        Stage::Paused { why: PauseReason::Operator, .. } => resumes,
        Stage::Paused { .. } | Stage::Ended(_) => true,
        Stage::Waiting { .. } | Stage::AwaitingHuman { .. } => resumes,
        Stage::Preparing
        | Stage::Deriving { .. }
        | Stage::Sealing
        | Stage::Verifying { .. }
        | Stage::Planning { .. }
        | Stage::Working(_)
        | Stage::Snapshotting { .. }
        | Stage::Restoring { .. }
        | Stage::Recording(_)
        | Stage::Proving { .. }
        | Stage::Stopping { .. } => resumes && session.wish.is_some(),
    }
}

enum Chosen {
    Work(Work),
    AlreadyDone(Box<Session>),
}

/// What there is to work on.
enum Work {
    GoOn(Box<Opened>),
    Begin(Room),
}

/// Where a new run begins.
enum Room {
    /// Where there is none.
    Free(Lock),
    /// Where another one is put aside for it.
    Taken(Box<Store>),
}

/// Goes on with the run that is there, or begins one (design section 9, Start again).
async fn choose(options: &Options, state: &StateDir, lock: Lock) -> Result<Chosen, Error> {
    let now = clock::now();
    if store::current_run(state)?.is_none() {
        if options.begin == Begin::Resume {
            return Err(Error::NothingToResume);
        }
        return Ok(Chosen::Work(Work::Begin(Room::Free(lock))));
    }
    let opened = Store::open(state.clone(), lock, now)?;
    leftovers::end(state, opened.session.attempt).await?;
    let done = matches!(opened.session.stage, Stage::Ended(crate::session::End::Done { .. }));
    let goes_on = options.begin != Begin::Fresh && !done;
    if let Some(sealed) = opened.session.sealed.as_ref().filter(|_| goes_on) {
        pins::hold(state, sealed)?;
    }
    let mut changed = changed(options, &opened.session)?.map(str::to_owned);
    if changed.is_none() && goes_on {
        changed = changed_meanwhile(options, state, &opened.session)?;
    }
    match (options.begin, done, changed) {
        (Begin::Resume, true, Some(_)) => Err(Error::NothingToResume),
        (Begin::Either | Begin::Resume, true, None) => {
            // "Done" is said again only of a journal that is whole; a restore point alone would not tell.
            opened.store.verify_all()?;
            Ok(Chosen::AlreadyDone(Box::new(opened.session)))
        }
        (Begin::Either | Begin::Resume, false, Some(what)) => Err(Error::Changed { what }),
        (Begin::Either | Begin::Resume, false, None) => Ok(Chosen::Work(Work::GoOn(Box::new(opened)))),
        (Begin::Fresh, _, _) | (Begin::Either, true, Some(_)) => {
            Ok(Chosen::Work(Work::Begin(Room::Taken(Box::new(opened.store)))))
        }
    }
}

/// Begins a run, once it is known that it can be worked on.
fn begin(options: &Options, state: &StateDir, room: Room, crew: &Crew) -> Result<Opened, Error> {
    equip::mission_fits(&options.inputs, crew)?;
    options.repo.fit()?;
    options.repo.can_enter(&branch(&options.inputs))?;
    let (mission, config) = (&options.inputs.mission, options.inputs.config());
    let limits = options.inputs.limits();
    let charter = Charter { limits, ..charter::charter(mission, config, crew.reserves, crew.worker_dollars) };
    let first = Event::RunStarted {
        run: RunId(uuid::Uuid::now_v7()),
        charter: Box::new(charter),
        actor: Actor::Operator { name: options.user.clone(), via: Via::Cli },
    };
    let lock = match room {
        Room::Free(lock) => lock,
        Room::Taken(store) => {
            let lock = store.close();
            store::archive_run(state, &lock)?;
            lock
        }
    };
    Ok(Store::create(state.clone(), lock, clock::now(), &first)?)
}

/// What differs from the seal of a run, or from its charter where it was not sealed yet.
fn changed(options: &Options, session: &Session) -> Result<Option<&'static str>, Error> {
    let Some(SealMark { mission, config, lock, .. }) = &session.sealed else {
        let (mission, config) = (&options.inputs.mission, options.inputs.config());
        let Charter { reserves, worker_dollars, .. } = session.charter;
        return Ok(charter::differs(&session.charter, &charter::charter(mission, config, reserves, worker_dollars)));
    };
    Ok(if *mission != options.inputs.mission_hash {
        Some("the mission")
    } else if *config != options.inputs.config_hash() {
        Some("the configuration")
    } else if !lock_holds(options, session, lock.as_ref())? {
        Some("the lock of derived checks")
    } else {
        None
    })
}

/// Whether the lock is as it was sealed. Checks that are derived after an amendment are pinned before their seal is taken:
/// until then the lock may also be the one that cco wrote last.
fn lock_holds(options: &Options, session: &Session, sealed: Option<&Hash>) -> Result<bool, Error> {
    let lock = lock_hash(options.repo.work_tree())?;
    let deriving = matches!(session.stage.innermost(), Stage::Deriving { .. } | Stage::Sealing);
    let own = || Ok::<_, Error>(lock.is_some() && lock == StateDir::at(options.repo.state_dir()).own_lock()?);
    Ok(lock.as_ref() == sealed || deriving && own()?)
}

/// What of the sealed people changed while nobody worked. Where an action was under way it is the worker's doing: that is
/// for the snapshot to tell and to put back.
fn changed_meanwhile(options: &Options, state: &StateDir, session: &Session) -> Result<Option<String>, Error> {
    let (Some(sealed), Some(tree)) = (&session.sealed, &session.tree) else { return Ok(None) };
    if an_action_may_have(session) {
        return Ok(None);
    }
    if let Some(held) = sealed.prompts
        && pins::prompts(state, &held)? != options.inputs.prompts
    {
        return Ok(Some("a prompt in `.cco/prompts`".to_owned()));
    }
    let now = options.repo.snapshot()?.tree;
    let changes = options.repo.changed_paths(tree, &now)?;
    let start = session.sealed_tree().unwrap_or(tree);
    let broken = seal::broken(&options.repo, &options.inputs.mission, start, &changes)
        .map_err(|fault| Error::Broke(fault.text))?;
    let named: Vec<String> = broken.iter().map(|path| format!("`{}`", path.display())).collect();
    Ok((!named.is_empty()).then(|| format!("what is sealed ({})", named.join(", "))))
}

/// Whether the work tree may hold what no snapshot has seen: what an action did, or an amendment that is being sealed.
fn an_action_may_have(session: &Session) -> bool {
    matches!(
        session.stage.innermost(),
        Stage::Working(_) | Stage::Snapshotting { .. } | Stage::Deriving { .. } | Stage::Sealing
    )
}

/// The prompts of a run that goes on: as they were sealed, whatever the worker has left in the work tree.
fn sealed_prompts(options: &Options, state: &StateDir, session: &Session) -> Result<BTreeMap<String, String>, Error> {
    let amended = matches!(session.stage.innermost(), Stage::Deriving { .. } | Stage::Sealing);
    match session.sealed.as_ref().and_then(|sealed| sealed.prompts) {
        Some(sealed) if !amended => pins::prompts(state, &sealed),
        _ => Ok(options.inputs.prompts.clone()),
    }
}

pub(super) fn branch(inputs: &Inputs) -> BranchChoice {
    match inputs.config().repository.branch.as_str() {
        "current" => BranchChoice::Current,
        pattern => BranchChoice::Named(pattern.replace("{mission}", inputs.mission.id.as_str())),
    }
}

/// Where the control socket is bound: in the state folder, or where its path fits into a socket's address.
fn socket_place(state: &StateDir, environment: &BTreeMap<OsString, OsString>) -> Result<PathBuf, Error> {
    if state.control_fits() {
        state.forget_control_fallback()?;
        return Ok(state.control_path()?);
    }
    let runtime = environment.get(std::ffi::OsStr::new("XDG_RUNTIME_DIR")).map(PathBuf::from);
    let runtime = runtime.filter(|folder| folder.is_dir()).unwrap_or_else(|| PathBuf::from("/tmp"));
    Ok(state.control_fallback(&runtime)?)
}
