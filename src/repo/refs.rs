//! The user's refs, to notice a worker that commits, rebases, moves or deletes them (`faults.md` D3).

use std::collections::BTreeMap;

use super::git::{path, records};
use super::repo::Repo;
use super::{Error, files, read_cli};

/// Where the refs are noted as they were last told: name and target in turn.
const KNOWN: &str = "refs-known";

/// The refs that are a person's work. Those of remotes move with every fetch.
const WATCHED: [&str; 3] = ["refs/heads/", "refs/tags/", "refs/stash"];

/// All refs of the user's repository by full name, with the object each leads to; `HEAD` with its branch or commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refs {
    /// Full name to object id; `HEAD` to `ref: refs/heads/…` or an object id.
    pub refs: BTreeMap<String, String>,
}

/// One ref that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefChange {
    /// The full name.
    pub name: String,
    /// Where it led; none if it did not exist.
    pub before: Option<String>,
    /// Where it leads; none if it is gone.
    pub after: Option<String>,
}

impl Refs {
    /// What is different in `later`, sorted by name.
    #[must_use]
    pub fn changes_to(&self, later: &Self) -> Vec<RefChange> {
        let names: std::collections::BTreeSet<&String> = self.refs.keys().chain(later.refs.keys()).collect();
        let changes = names.into_iter().map(|name| RefChange {
            name: name.clone(),
            before: self.refs.get(name).cloned(),
            after: later.refs.get(name).cloned(),
        });
        changes.filter(|change| change.before != change.after).collect()
    }
}

impl Repo {
    /// Reads all refs. The caller leaves out of the comparison what it moved itself.
    ///
    /// # Errors
    /// If a ref cannot be read.
    pub fn refs(&self) -> Result<Refs, Error> {
        match self.libgit2_of_users() {
            Some(repository) => from_libgit2(&repository),
            None => read_cli::refs(self),
        }
    }
}

impl Repo {
    /// The branches, tags and stash that lead elsewhere than when they were last asked for here, or at the start; the
    /// mission's own branch aside. They are noted, so that a change is told once.
    ///
    /// # Errors
    /// If refs cannot be read, or not be noted.
    pub fn moved_refs(&self, own_branch: &str) -> Result<Vec<RefChange>, Error> {
        let own = format!("refs/heads/{own_branch}");
        let before = self.noted_refs()?;
        let mut now = self.refs()?;
        now.refs.retain(|name, _| WATCHED.iter().any(|watched| name.starts_with(watched)));
        self.write_refs(&now)?;
        let Some(before) = before else { return Ok(Vec::new()) };
        Ok(before.changes_to(&now).into_iter().filter(|change| change.name != own).collect())
    }

    fn noted_refs(&self) -> Result<Option<Refs>, Error> {
        let Some(noted) = files::read_if_there(&self.private().join(KNOWN))? else { return Ok(None) };
        let mut words = records(&noted).map(|word| path(word).display().to_string());
        let refs = std::iter::from_fn(|| Some((words.next()?, words.next()?))).collect();
        Ok(Some(Refs { refs }))
    }

    fn write_refs(&self, refs: &Refs) -> Result<(), Error> {
        let noted: String = refs.refs.iter().map(|(name, target)| format!("{name}\0{target}\0")).collect();
        files::write(&self.private().join(KNOWN), noted.as_bytes())
    }

    /// Forgets what was noted in an earlier run and notes the refs of the start.
    pub(super) fn note_refs(&self) -> Result<(), Error> {
        files::remove(&self.private().join(KNOWN))?;
        self.moved_refs("").map(drop)
    }
}

fn from_libgit2(repository: &git2::Repository) -> Result<Refs, Error> {
    let mut refs = BTreeMap::new();
    for reference in repository.references()? {
        let reference = reference?;
        let target = match reference.symbolic_target()? {
            Some(target) => format!("ref: {target}"),
            None => reference.target().map(|oid| oid.to_string()).unwrap_or_default(),
        };
        refs.insert(String::from_utf8_lossy(reference.name_bytes()).into_owned(), target);
    }
    let head = repository.find_reference("HEAD")?;
    let target = match head.symbolic_target()? {
        Some(target) => format!("ref: {target}"),
        None => head.target().map(|oid| oid.to_string()).unwrap_or_default(),
    };
    refs.insert("HEAD".to_owned(), target);
    Ok(Refs { refs })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refs(pairs: &[(&str, &str)]) -> Refs {
        Refs { refs: pairs.iter().map(|(name, oid)| ((*name).to_owned(), (*oid).to_owned())).collect() }
    }

    #[test]
    fn moved_new_and_deleted_refs_are_told() {
        let before = refs(&[("refs/heads/a", "1"), ("refs/heads/b", "1"), ("refs/heads/c", "1")]);
        let after = refs(&[("refs/heads/a", "1"), ("refs/heads/b", "2"), ("refs/tags/t", "1")]);
        let names: Vec<String> = before
            .changes_to(&after)
            .into_iter()
            .map(|change| format!("{} {:?} {:?}", change.name, change.before, change.after))
            .collect();
        assert_eq!(
            names,
            [r#"refs/heads/b Some("1") Some("2")"#, r#"refs/heads/c Some("1") None"#, r#"refs/tags/t None Some("1")"#]
        );
    }
}
