//! `cco init`: look at the project, propose a mission, write it.
//!
//! A file appears whole or not at all, and never in the place of another: each is written beside its place, brought to
//! disk, and then given its name.
#![expect(clippy::disallowed_methods, reason = "init reads the project's files and writes the first ones of cco")]

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::cli::code::Code;
use crate::cli::context::Context;
use crate::cli::doctor;
use crate::cli::error::Error;
use crate::cli::init::{Listing, Proposal, config_text, mission_text, propose};
use crate::cli::output::Output;
use crate::cli::trust::{self, Subject};
use crate::view::printable_line;

/// The most of a file that is looked at, in bytes.
const LOOK: u64 = 256 * 1024;
/// The most names of a folder that are looked at.
const NAMES: usize = 5_000;
/// The title until somebody writes a better one.
const TITLE: &str = "Say in one line what is wanted";

/// Look at this project, propose a mission with checks, and write it to .cco/.
///
/// Files that are there already are left alone.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cco init               then edit .cco/mission.yaml, then `cco validate`
  cco init --dry-run     print the mission instead of writing it")]
pub struct InitArgs {
    /// Where to write the mission
    #[arg(long, value_name = "FILE", default_value = ".cco/mission.yaml")]
    pub mission: PathBuf,
    /// Print the mission on stdout, write nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Trust what is there afterwards, also what was there before
    #[arg(short = 'y', long)]
    pub yes: bool,
}

impl InitArgs {
    /// Proposes a mission for the repository, trusts what it wrote itself, and tells what the worker would be told.
    ///
    /// # Errors
    /// As [`InitArgs::propose`]; or if trust cannot be recorded.
    pub fn run(&self, context: &mut Context<'_>) -> Result<(), Error> {
        // The repository here, and not one that a mission which is there already names.
        let repo = context.repo_at(&context.folder()?)?;
        let root = repo.work_tree().to_owned();
        let written = self.propose(&root, context.output)?;
        if written.is_empty() {
            return Ok(());
        }
        let mission = root.join(&self.mission);
        let subject = Subject { repo: &repo, mission: &mission, config: None };
        let others = trust::files(subject)?.into_iter().filter(|file| !written.contains(file)).count();
        // What somebody else wrote is read before it is trusted; what was just written here is shown above.
        if others == 0 || self.yes {
            trust::record_trust(context, subject)?;
        } else {
            context.output.note("trust: there were files before; read them, then `cco trust`\n");
        }
        let project = doctor::loaded(&root)?;
        if !project.loaded.is_empty() {
            let told = format!("the worker will be told: {}", project.loaded.join(", "));
            context.output.note(&format!("{}\n", printable_line(&told)));
        }
        Ok(())
    }

    /// Proposes a mission for the repository whose root is given; returns the files that were written.
    ///
    /// # Errors
    /// If the folder cannot be read, both files exist already, or one cannot be written.
    pub fn propose(&self, root: &Path, output: &mut Output) -> Result<Vec<PathBuf>, Error> {
        let proposal = propose(&list(root)?);
        let mission = mission_text(&proposal, TITLE);
        if self.dry_run {
            output.data(&mission);
            return Ok(Vec::new());
        }
        let files = [(root.join(&self.mission), mission), (root.join(".cco/config.yaml"), config_text())];
        let mut written = Vec::new();
        for (path, text) in &files {
            if create(path, text)? {
                written.push(path.clone());
            }
        }
        if written.is_empty() {
            return Err(Error::new(Code::Exists, "this repository has a mission and a configuration already")
                .at(self.mission.display().to_string())
                .hint("edit them, or move them away and run `cco init` again"));
        }
        let names: Vec<String> =
            written.iter().map(|path| path.strip_prefix(root).unwrap_or(path).display().to_string()).collect();
        output.note(&told(&proposal, &names));
        Ok(written)
    }
}

fn told(proposal: &Proposal, written: &[String]) -> String {
    let found = if proposal.found.is_empty() { "nothing that I know".to_owned() } else { proposal.found.join(", ") };
    let mut text = format!("found: {}\n", printable_line(&found));
    for check in &proposal.checks {
        let run = printable_line(check.validator.run());
        text.push_str(&format!("  check {}: {run}\n", proposal.id(check)));
    }
    text.push_str(&format!("wrote: {}\n", written.join(", ")));
    text.push_str("next:  say what is wanted in the mission, then `cco validate`, then `cco start`\n");
    text
}

fn list(root: &Path) -> Result<Listing, Error> {
    let mut listing = Listing::default();
    let fault = |path: &Path, error: &io::Error| Error::file("read", path, error);
    for (name, is_folder) in names(root).map_err(|error| fault(root, &error))? {
        if is_folder {
            listing.folders.insert(name);
        } else {
            listing.files.insert(name);
        }
    }
    for folder in Listing::FOLDERS {
        match names(&root.join(folder)) {
            Ok(found) => {
                let files = found.into_iter().filter(|(_, is_folder)| !is_folder);
                listing.files.extend(files.map(|(name, _)| format!("{folder}/{name}")));
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            Err(error) => return Err(fault(&root.join(folder), &error)),
        }
    }
    for file in listing.wanted() {
        let path = root.join(&file);
        let text = beginning(&path).map_err(|error| fault(&path, &error))?;
        listing.contents.insert(file, text);
    }
    Ok(listing)
}

/// The entries of a folder that have a name in UTF-8, each with whether it is a folder. Links are not followed.
fn names(folder: &Path) -> io::Result<Vec<(String, bool)>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)?.take(NAMES) {
        let entry = entry?;
        let kind = entry.file_type()?;
        if let (Ok(name), false) = (entry.file_name().into_string(), kind.is_symlink()) {
            names.push((name, kind.is_dir()));
        }
    }
    Ok(names)
}

fn beginning(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(LOOK).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Writes a file that is not there yet; returns whether it was written.
fn create(path: &Path, text: &str) -> Result<bool, Error> {
    let fault = |error: &io::Error| Error::file("write", path, error);
    if path.symlink_metadata().is_ok() {
        return Ok(false);
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|error| fault(&error))?;
    // 0666 less the umask, as for any file an editor makes.
    let mode = fs::Permissions::from_mode(0o666);
    let mut file = tempfile::Builder::new()
        .prefix(".init-")
        .permissions(mode)
        .tempfile_in(folder)
        .map_err(|error| fault(&error))?;
    file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(|error| fault(&error))?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(fault(&error.error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::Volume;
    use crate::cli::output::tests::kept;

    fn args() -> InitArgs {
        InitArgs { mission: ".cco/mission.yaml".into(), dry_run: false, yes: false }
    }

    fn project() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("Cargo.toml"), "[package]\n").unwrap();
        fs::create_dir_all(root.path().join(".github/workflows")).unwrap();
        fs::write(root.path().join(".github/workflows/ci.yml"), "steps:\n  - run: cargo fmt --check\n").unwrap();
        root
    }

    #[test]
    fn a_project_gets_a_mission_and_a_configuration() {
        let root = project();
        let (mut output, out, err) = kept(Volume::Normal);
        args().propose(root.path(), &mut output).unwrap();
        let mission = fs::read_to_string(root.path().join(".cco/mission.yaml")).unwrap();
        assert!(mission.contains("cargo test") && mission.contains("cargo fmt --check"));
        assert!(root.path().join(".cco/config.yaml").exists());
        assert_eq!(out.text(), "");
        assert!(err.text().contains("wrote: .cco/mission.yaml, .cco/config.yaml"), "{}", err.text());
        let left: Vec<_> = names(&root.path().join(".cco")).unwrap();
        assert_eq!(left.len(), 2, "nothing else is left behind: {left:?}");
    }

    #[test]
    fn what_a_person_wrote_is_never_written_over_and_a_half_done_init_can_be_finished() {
        let root = project();
        fs::create_dir_all(root.path().join(".cco")).unwrap();
        fs::write(root.path().join(".cco/mission.yaml"), "mine").unwrap();
        let (mut output, _, err) = kept(Volume::Normal);
        args().propose(root.path(), &mut output).unwrap();
        assert!(err.text().contains("wrote: .cco/config.yaml"), "{}", err.text());
        assert_eq!(fs::read_to_string(root.path().join(".cco/mission.yaml")).unwrap(), "mine");
        let again = args().propose(root.path(), &mut output).unwrap_err();
        assert_eq!(again.code, Code::Exists);
    }

    #[test]
    fn a_dry_run_writes_nothing() {
        let root = project();
        let (mut output, out, _) = kept(Volume::Normal);
        InitArgs { dry_run: true, ..args() }.propose(root.path(), &mut output).unwrap();
        assert!(out.text().contains("definition_of_done:"));
        assert!(!root.path().join(".cco").exists());
    }

    #[test]
    fn a_folder_that_cannot_be_read_is_said() {
        let (mut output, ..) = kept(Volume::Normal);
        let error = args().propose(Path::new("/nonexistent/project"), &mut output).unwrap_err();
        assert_eq!(error.code, Code::Files);
        assert!(error.message.contains("/nonexistent/project"));
    }
}
