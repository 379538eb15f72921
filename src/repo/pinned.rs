//! The configuration of the private git dir: what of the user's configuration changes bytes, as it is at the start.
//!
//! Invariant: the private configuration is written by [`super::Repo::prepare`] only. What a worker adds to the user's
//! configuration later (`filter.*.clean`, `core.fsmonitor`, `include.path` …) is never read by a git that writes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use super::files;
use super::git::{Git, path};
use super::repo::{ObjectFormat, Repo};
use super::{Environment, Error};

/// Settings that change which bytes or modes end up in a tree or a checkout (design section 9, "Private git dir").
const BYTES: [&str; 10] = [
    "core.autocrlf",
    "core.eol",
    "core.filemode",
    "core.symlinks",
    "core.ignorecase",
    "core.precomposeunicode",
    "core.protecthfs",
    "core.protectntfs",
    "core.sparsecheckout",
    "core.sparsecheckoutcone",
];

/// Who the commits are by. The environment's `GIT_AUTHOR_*` do not count: a redo must give the same commit.
const IDENTITY: [&str; 2] = ["user.name", "user.email"];

/// The resolved configuration as the user's git sees it.
#[derive(Debug)]
pub(super) struct UserConfig {
    /// Every setting in git's order, those that a later one outranks included.
    all: Vec<(String, String)>,
    /// The last value of each key.
    values: BTreeMap<String, String>,
}

impl UserConfig {
    pub(super) fn read(repo: &Repo) -> Result<Self, Error> {
        let listed = Git::reading_the_users(&repo.inner.environment)
            .on(repo.git_dir(), repo.work_tree())
            .args(["config", "--list", "-z"])
            .run()?;
        let values = listed.split(|byte| *byte == 0).filter(|record| !record.is_empty()).map(|record| {
            let text = String::from_utf8_lossy(record);
            // A key without `=` is a yes.
            let (key, value) = text.split_once('\n').unwrap_or((&text, "true"));
            (key.to_owned(), value.to_owned())
        });
        Ok(Self::of(values.collect()))
    }

    fn of(all: Vec<(String, String)>) -> Self {
        Self { values: all.iter().cloned().collect(), all }
    }

    /// Every setting there is. What cco's own command line outranks is among them: the user's git is not outranked.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.all.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// As [`Repo::fit`] has just judged it, or read now.
    pub(super) fn judged(repo: &Repo) -> Result<Self, Error> {
        let kept = repo.inner.config.lock().unwrap_or_else(PoisonError::into_inner).take();
        kept.map_or_else(|| Self::read(repo), Ok)
    }

    /// Spares the start that follows a judgement the second reading.
    pub(super) fn keep_for_pinning(self, repo: &Repo) {
        *repo.inner.config.lock().unwrap_or_else(PoisonError::into_inner) = Some(self);
    }

    pub(super) fn value(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    fn is_on(&self, key: &str) -> bool {
        matches!(self.value(key).map(str::to_ascii_lowercase).as_deref(), Some("true" | "yes" | "on" | "1"))
    }

    /// The command that turns a partial clone into a whole one; none if it is no partial clone.
    pub(super) fn completion(&self) -> Option<String> {
        let of_remote = |key: &str, end: &str| key.starts_with("remote.") && key.ends_with(end);
        let promises: Vec<&str> = self
            .keys()
            .filter(|(key, _)| of_remote(key, ".promisor") && self.is_on(key) || of_remote(key, ".partialclonefilter"))
            .map(|(key, _)| key)
            .chain(self.value("extensions.partialclone").map(|_| "extensions.partialclone"))
            .collect();
        let first = promises.first()?;
        let remote = match self.value("extensions.partialclone") {
            Some(remote) => remote,
            None => first.trim_start_matches("remote.").rsplit_once('.').map_or("origin", |(name, _)| name),
        };
        let unset = promises.iter().map(|key| format!(" && git config --unset-all {key}")).collect::<String>();
        Some(format!("git fetch --refetch --no-filter {remote}{unset}"))
    }

    /// A file named by a setting, or the place where git looks without one.
    pub(super) fn file(&self, key: &str, default_name: &str, repo: &Repo) -> Option<PathBuf> {
        let environment = &repo.inner.environment;
        match self.value(key) {
            Some("") => None,
            Some(value) => Some(expand(value, repo.work_tree(), environment)),
            None => default_folder(environment).map(|folder| folder.join(default_name)),
        }
    }
}

fn expand(value: &str, work_tree: &Path, environment: &Environment) -> PathBuf {
    match (value.strip_prefix("~/"), environment.value("HOME")) {
        (Some(rest), Some(home)) => Path::new(home).join(rest),
        _ => work_tree.join(value),
    }
}

fn default_folder(environment: &Environment) -> Option<PathBuf> {
    match environment.value("XDG_CONFIG_HOME") {
        Some(folder) => Some(Path::new(folder).join("git")),
        None => environment.value("HOME").map(|home| Path::new(home).join(".config/git")),
    }
}

/// What a pinned configuration is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The private git dir, looking at the user's work tree as the user's git does.
    WorkTree,
    /// A check tree: whole, whatever the user's sparse checkout leaves out.
    CheckTree,
}

/// The text of a pinned configuration file for a git dir at `home`.
///
/// # Errors
/// If the user's index cannot be read: ours are written in its format version.
pub(super) fn render(user: &UserConfig, home: &Path, repo: &Repo, purpose: Purpose) -> Result<String, Error> {
    let mut text = Text::default();
    match repo.object_format() {
        ObjectFormat::Sha1 => text.set("core.repositoryformatversion", "0"),
        ObjectFormat::Sha256 => {
            text.set("core.repositoryformatversion", "1");
            text.set("extensions.objectformat", "sha256");
        }
    }
    text.set("core.bare", "false");
    text.set("core.logallrefupdates", "false");
    text.set("core.safecrlf", "false");
    text.set("core.hookspath", "/dev/null");
    text.set("core.fsmonitor", "false");
    text.set("core.attributesfile", &home.join("attributes").to_string_lossy());
    text.set("core.excludesfile", &home.join("excludes").to_string_lossy());
    text.set("gc.auto", "0");
    text.set("index.version", repo.users_index_version()?);
    text.set("feature.manyfiles", "false");
    for (key, value) in user.keys() {
        if is_pinned(key, purpose) {
            text.set(key, value);
        }
    }
    if user.value("user.name").is_none() {
        text.set("user.name", "cco");
    }
    if user.value("user.email").is_none() {
        text.set("user.email", "cco@localhost");
    }
    text.set("lfs.storage", &lfs_storage(user, repo).to_string_lossy());
    Ok(text.0)
}

fn is_pinned(key: &str, purpose: Purpose) -> bool {
    let sparse = key.starts_with("core.sparse");
    let filter = key.starts_with("filter.")
        && [".clean", ".smudge", ".process", ".required"].iter().any(|end| key.ends_with(end));
    filter || IDENTITY.contains(&key) || BYTES.contains(&key) && (purpose == Purpose::WorkTree || !sparse)
}

/// Where git-lfs keeps its objects: relative to the common git dir unless absolute.
fn lfs_storage(user: &UserConfig, repo: &Repo) -> PathBuf {
    repo.common_dir().join(user.value("lfs.storage").unwrap_or("lfs"))
}

#[derive(Default)]
struct Text(String);

impl Text {
    /// Adds one setting; the middle of a three-part key is its subsection, kept as written.
    fn set(&mut self, key: &str, value: &str) {
        let (Some((section, rest)), Some((_, name))) = (key.split_once('.'), key.rsplit_once('.')) else { return };
        let heading = match rest.strip_suffix(name).map(|middle| middle.trim_end_matches('.')) {
            Some("") | None => format!("[{section}]"),
            Some(middle) => format!("[{section} \"{}\"]", middle.replace('\\', "\\\\").replace('"', "\\\"")),
        };
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t");
        self.0.push_str(&format!("{heading}\n\t{name} = \"{value}\"\n"));
    }
}

/// Lays out a git dir by hand: no template, no hooks, the objects borrowed.
pub(super) fn lay_out(home: &Path, config: &str, borrowed: &[PathBuf]) -> Result<(), Error> {
    files::private_folder(&home.join("objects/info"))?;
    files::private_folder(&home.join("refs"))?;
    files::private_folder(&home.join("info"))?;
    files::write(&home.join("objects/info/alternates"), &alternates(borrowed))?;
    files::write(&home.join("config"), config.as_bytes())
}

fn alternates(borrowed: &[PathBuf]) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    let mut bytes = Vec::new();
    for folder in borrowed {
        bytes.extend_from_slice(folder.as_os_str().as_bytes());
        bytes.push(b'\n');
    }
    bytes
}

/// Copies the rules that sit in files: excludes, attributes, the sparse set and the shallow border.
pub(super) fn take_over_rules(home: &Path, user: &UserConfig, repo: &Repo) -> Result<(), Error> {
    let (common, own) = (repo.common_dir(), repo.git_dir());
    let excludes = user.file("core.excludesfile", "ignore", repo);
    let attributes = user.file("core.attributesfile", "attributes", repo);
    let taken = [
        (Some(common.join("info/exclude")), "info/exclude"),
        (Some(common.join("info/attributes")), "info/attributes"),
        (Some(own.join("info/sparse-checkout")), "info/sparse-checkout"),
        (Some(common.join("shallow")), "shallow"),
        (excludes, "excludes"),
        (attributes, "attributes"),
    ];
    for (from, to) in taken {
        let bytes = from.map(|from| files::read_if_there(&from)).transpose()?.flatten();
        files::write_or_remove(&home.join(to), bytes.as_deref())?;
    }
    Ok(())
}

/// The folder of objects that `objects/info/alternates` of a submodule or repository lead to.
pub(super) fn objects_of(git_dir: &Path) -> Result<PathBuf, Error> {
    let common = match files::read_if_there(&git_dir.join("commondir"))? {
        Some(bytes) => git_dir.join(path(bytes.trim_ascii_end())),
        None => git_dir.to_owned(),
    };
    files::real(&common.join("objects"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(pairs: &[(&str, &str)]) -> UserConfig {
        UserConfig::of(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn a_setting_keeps_its_subsection_and_is_quoted() {
        let mut text = Text::default();
        text.set("filter.my.lfs.clean", "sed \"s/a/b/\" \\ -- %f");
        text.set("core.bare", "false");
        assert_eq!(
            text.0,
            "[filter \"my.lfs\"]\n\tclean = \"sed \\\"s/a/b/\\\" \\\\ -- %f\"\n[core]\n\tbare = \"false\"\n"
        );
    }

    #[test]
    fn only_settings_that_change_bytes_or_name_the_author_are_pinned() {
        for key in ["core.autocrlf", "filter.lfs.clean", "filter.lfs.required", "user.email"] {
            assert!(is_pinned(key, Purpose::WorkTree), "{key}");
        }
        for key in ["core.hookspath", "core.fsmonitor", "include.path", "diff.external", "core.sshcommand", "alias.add"]
        {
            assert!(!is_pinned(key, Purpose::WorkTree), "{key}");
        }
        assert!(
            is_pinned("core.sparsecheckout", Purpose::WorkTree)
                && !is_pinned("core.sparsecheckout", Purpose::CheckTree)
        );
    }

    #[test]
    fn the_command_that_completes_a_partial_clone_undoes_every_promise() {
        let partial = config(&[("remote.up.promisor", "true"), ("remote.up.partialclonefilter", "blob:none")]);
        assert_eq!(
            partial.completion().as_deref(),
            Some(
                "git fetch --refetch --no-filter up && git config --unset-all remote.up.partialclonefilter \
                  && git config --unset-all remote.up.promisor"
            )
        );
        assert_eq!(config(&[("remote.up.url", "x")]).completion(), None);
    }
}
