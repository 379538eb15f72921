//! What people wrote, read from disk: mission, lock, configuration, prompts. All mistakes at once.

#![expect(clippy::disallowed_methods, reason = "reads the input files")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::charter;
use super::error::Error;
use crate::config::{self, Config, Flag, Layers, Loaded, Origin};
use crate::mission::{self, Every, Lock, Mission};
use crate::prompt::Prompts;
use crate::reading::Diagnostic;
use crate::session::{Limits, Written};
use crate::store::StateDir;
use crate::words::{CriterionId, Hash, Priority};

/// Where inputs are looked for.
#[derive(Clone, Debug)]
pub struct Places<'a> {
    /// The root of the repository, or of what stands for it until it is known.
    pub root: &'a Path,
    /// `--mission`.
    pub mission: Option<&'a Path>,
    /// `--config`.
    pub config: Option<&'a Path>,
    /// Flags that are configuration.
    pub flags: &'a [Flag<'a>],
    /// The environment.
    pub environment: &'a BTreeMap<OsString, OsString>,
}

/// What people wrote.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// The mission, derived checks of the lock attached.
    pub mission: Mission,
    /// Its file.
    pub mission_path: PathBuf,
    /// Hash of the file.
    pub mission_hash: Hash,
    /// The configuration with its origins.
    pub loaded: Loaded,
    /// The limits that a command line can set, without what this one says of them.
    pub written: Written,
    /// Overrides of prompts, by file name.
    pub prompts: BTreeMap<String, String>,
    /// What someone should know.
    pub warnings: Vec<Diagnostic>,
}

/// A configuration file's name and bytes.
type NamedFile = (String, Vec<u8>);

impl Inputs {
    /// Reads everything.
    ///
    /// # Errors
    /// [`Error::Mistakes`] with those of all files, [`Error::Unsupported`], [`Error::NoMission`], [`Error::File`].
    pub fn read(places: &Places<'_>) -> Result<Self, Error> {
        let (mission_path, text) = find_mission(places)?;
        let name = mission_path.strip_prefix(places.root).unwrap_or(&mission_path).display().to_string();
        let files = config_files(places)?;
        let loaded = load_config(places, &files);
        let read = mission::read(&name, &text);
        let (file, loaded) = match (read, loaded) {
            (Ok(file), Ok(loaded)) => (file, loaded),
            (file, loaded) => {
                let mut mistakes = file.err().unwrap_or_default();
                mistakes.extend(loaded.err().unwrap_or_default());
                return Err(Error::Mistakes(mistakes));
            }
        };
        let mut unsupported = file.unsupported;
        unsupported.extend(loaded.unsupported.iter().cloned());
        if !unsupported.is_empty() {
            return Err(Error::Unsupported(unsupported));
        }
        let mut warnings = file.warnings;
        warnings.extend(loaded.warnings.iter().cloned());
        let mut mission = file.mission;
        if let Some(lock) = read_lock(places.root)? {
            mission::apply_lock(&mut mission, &lock)?;
        }
        constraints_become_criteria(&mut mission);
        let prompts = read_prompts(places.root, &loaded.config)?;
        let unflagged = load_config(&Places { flags: &[], ..places.clone() }, &files).map_err(Error::Mistakes)?;
        let Limits { max_iterations, usd, .. } = charter::limits(&mission, &unflagged.config);
        let written = Written { max_iterations, usd };
        Ok(Self { mission, mission_path, mission_hash: Hash::of(&text), loaded, written, prompts, warnings })
    }

    /// The configuration.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.loaded.config
    }

    /// Hash over what of the configuration is sealed: all but the limits and the model, whose change is an event of its
    /// own or means nothing to what was proven.
    #[must_use]
    pub fn config_hash(&self) -> Hash {
        let mut config = self.loaded.config.clone();
        let defaults = Config::default();
        config.budget = defaults.budget;
        config.orchestrator.max_iterations = defaults.orchestrator.max_iterations;
        config.claude_code.model = defaults.claude_code.model;
        Hash::of(config.seal_text().as_bytes())
    }

    /// The limits of a run that goes on: what this command line names, and what the files say; but what was acknowledged
    /// before stays where the files say of it what they said then.
    pub(super) fn limits_after(&self, before: &Limits) -> Limits {
        let mut limits = self.limits();
        let Some(written) = before.written else { return limits };
        let named = |key| matches!(self.loaded.origin(key), Origin::Flag(_));
        if !named("orchestrator.max_iterations") && written.max_iterations == self.written.max_iterations {
            limits.max_iterations = before.max_iterations;
        }
        if !named("budget.usd") && written.usd == self.written.usd {
            limits.usd = before.usd;
        }
        limits
    }

    /// The limits of a run that begins.
    pub(super) fn limits(&self) -> Limits {
        Limits { written: Some(self.written), ..charter::limits(&self.mission, self.config()) }
    }

    /// The prompts in use.
    ///
    /// # Errors
    /// The first override that cannot be used.
    pub fn prompts(&self, repository: &Path) -> Result<Prompts, Error> {
        Ok(Prompts::new(&self.prompts, repository.display().to_string())?)
    }

    /// The texts of criteria that have no check.
    #[must_use]
    pub fn only_words(&self) -> Vec<String> {
        let bare = self.mission.criteria.iter().filter(|criterion| criterion.checks.is_empty());
        bare.map(|criterion| criterion.text.clone()).collect()
    }
}

/// Reads the configuration alone.
///
/// # Errors
/// [`Error::Mistakes`], [`Error::File`].
pub fn read_config(places: &Places<'_>) -> Result<Loaded, Error> {
    load_config(places, &config_files(places)?).map_err(Error::Mistakes)
}

fn load_config(places: &Places<'_>, files: &[NamedFile]) -> Result<Loaded, Vec<Diagnostic>> {
    let environment = places.environment.iter();
    let environment: BTreeMap<String, String> =
        environment.filter_map(|(name, value)| Some((name.to_str()?.to_owned(), value.to_str()?.to_owned()))).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    config::load(&Layers { flags: places.flags, environment: &environment, files: &files })
}

/// The mission file and its bytes: `--mission`, `.cco/mission.yaml`, `./mission.yaml`.
fn find_mission(places: &Places<'_>) -> Result<(PathBuf, Vec<u8>), Error> {
    if let Some(named) = places.mission {
        let path = places.root.join(named);
        return match read_if_there(&path)? {
            Some(bytes) => Ok((path, bytes)),
            None => Err(Error::NoMission { looked_for: vec![path] }),
        };
    }
    let looked_for: Vec<PathBuf> =
        [".cco/mission.yaml", "mission.yaml"].iter().map(|place| places.root.join(place)).collect();
    for path in &looked_for {
        if let Some(bytes) = read_if_there(path)? {
            return Ok((path.clone(), bytes));
        }
    }
    Err(Error::NoMission { looked_for })
}

/// The configuration files that exist, the strongest first.
fn config_files(places: &Places<'_>) -> Result<Vec<NamedFile>, Error> {
    let mut files = Vec::new();
    let mut take = |path: PathBuf, must: bool| -> Result<(), Error> {
        let bytes = if must {
            Some(std::fs::read(&path).map_err(|source| Error::File { doing: "read", path: path.clone(), source })?)
        } else {
            read_if_there(&path)?
        };
        let name = path.strip_prefix(places.root).unwrap_or(&path).display().to_string();
        files.extend(bytes.map(|bytes| (name, bytes)));
        Ok(())
    };
    match places.config {
        Some(named) => take(places.root.join(named), true)?,
        None => take(places.root.join(".cco/config.yaml"), false)?,
    }
    let variable = |name: &str| places.environment.get(std::ffi::OsStr::new(name)).map(PathBuf::from);
    let home = variable("XDG_CONFIG_HOME").or_else(|| Some(variable("HOME")?.join(".config")));
    if let Some(home) = home {
        take(home.join("cco/config.yaml"), false)?;
    }
    take(PathBuf::from("/etc/cco/config.yaml"), false)?;
    Ok(files)
}

fn lock_path(root: &Path) -> PathBuf {
    root.join(".cco/mission.lock.yaml")
}

fn read_lock(root: &Path) -> Result<Option<Lock>, Error> {
    let Some(bytes) = read_if_there(&lock_path(root))? else { return Ok(None) };
    mission::read_lock(".cco/mission.lock.yaml", bytes).map(Some).map_err(Error::Mistakes)
}

/// The lock file as it is, where there is one.
pub(super) fn lock_bytes(root: &Path) -> Result<Option<Vec<u8>>, Error> {
    read_if_there(&lock_path(root))
}

/// Hash of the lock file, where there is one.
pub(super) fn lock_hash(root: &Path) -> Result<Option<Hash>, Error> {
    Ok(lock_bytes(root)?.map(|bytes| Hash::of(&bytes)))
}

/// Makes the lock file what it was, absent where it was absent.
pub(super) fn restore_lock(root: &Path, bytes: Option<&[u8]>) -> Result<(), Error> {
    let path = lock_path(root);
    if let Some(bytes) = bytes {
        return write_lock(root, bytes);
    }
    std::fs::remove_file(&path).map_err(|source| Error::File { doing: "remove", path, source })
}

/// Written whole or not at all.
fn write_lock(root: &Path, bytes: &[u8]) -> Result<(), Error> {
    let path = lock_path(root);
    let fail = |doing, source| Error::File { doing, path: path.clone(), source };
    let folder = root.join(".cco");
    std::fs::create_dir_all(&folder).map_err(|source| fail("create the folder of", source))?;
    let part = folder.join("mission.lock.yaml.part");
    std::fs::write(&part, bytes).map_err(|source| fail("write", source))?;
    std::fs::rename(&part, &path).map_err(|source| fail("write", source))
}

/// Adds derived checks to the lock file; what is pinned already stays. Written whole or not at all, and noted in the
/// state folder as written by cco.
pub(super) fn pin(
    root: &Path,
    state: &StateDir,
    mission: &Mission,
    entries: Vec<mission::LockEntry>,
) -> Result<Lock, Error> {
    let mut lock =
        read_lock(root)?.unwrap_or_else(|| Lock { mission: mission::mission_hash(mission), entries: Vec::new() });
    lock.mission = mission::mission_hash(mission);
    lock.entries.retain(|old| entries.iter().all(|new| new.criterion != old.criterion));
    lock.entries.extend(entries);
    let text = mission::write_lock(&lock);
    state.note_own_lock(&Hash::of(text.as_bytes()))?;
    write_lock(root, text.as_bytes())?;
    Ok(lock)
}

fn read_prompts(root: &Path, config: &Config) -> Result<BTreeMap<String, String>, Error> {
    let mut prompts = BTreeMap::new();
    let folder = root.join(".cco/prompts");
    let entries = match std::fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        found => Some(found.map_err(|source| Error::File { doing: "read", path: folder.clone(), source })?),
    };
    for entry in entries.into_iter().flatten() {
        let path = entry.map_err(|source| Error::File { doing: "read", path: folder.clone(), source })?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if Path::new(&name).extension().is_some_and(|extension| extension == "md") {
            let text = std::fs::read_to_string(&path).map_err(|source| Error::File { doing: "read", path, source })?;
            prompts.insert(name, text);
        }
    }
    if !config.openrouter.system_prompt.is_empty() {
        prompts.insert("system.md".to_owned(), config.openrouter.system_prompt.clone());
    }
    Ok(prompts)
}

/// A constraint with a check must hold at the end like a criterion.
fn constraints_become_criteria(mission: &mut Mission) {
    let guarded: Vec<_> = mission
        .constraints
        .iter()
        .enumerate()
        .filter_map(|(at, constraint)| {
            let check = constraint.check.clone()?;
            let check = mission::Check { every: Every::Final, ..check };
            let id = CriterionId::new(format!("constraint-{}", at + 1));
            Some(mission::Criterion {
                id,
                text: constraint.rule.clone(),
                measurable: true,
                priority: Priority::Low,
                required: true,
                stable_for: 1,
                checks: vec![check],
                derived: false,
            })
        })
        .collect();
    if let Some(last) = mission.phases.last_mut() {
        last.criteria.extend(guarded.iter().map(|criterion| criterion.id.clone()));
    }
    mission.criteria.extend(guarded);
}

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::File { doing: "read", path: path.to_owned(), source }),
    }
}
