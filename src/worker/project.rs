//! What a repository tells Claude Code: CLAUDE.md and its kin, agents, skills and commands, as they were at the seal.
//!
//! Claude Code is started without the repository's own settings, which shuts these out too (`--setting-sources ""`,
//! measured on claude 2.1.328). So cco reads them itself, once, and hands them over: what a worker writes into them later
//! does not reach the next worker (fault C8).

#![expect(clippy::disallowed_methods, reason = "reads the repository's instructions and keeps a copy")]

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::error::Error;

/// Files of instructions, in the order in which Claude Code reads them.
const INSTRUCTIONS: [&str; 3] = ["CLAUDE.md", ".claude/CLAUDE.md", "CLAUDE.local.md"];
/// The folder of further instructions.
const RULES: &str = ".claude/rules";
/// The folder of agents.
const AGENTS: &str = ".claude/agents";
/// Folders that a plugin may hold.
const PLUGIN: [&str; 2] = ["skills", "commands"];
/// How deep one file may import another, as in Claude Code.
const DEPTH: usize = 5;
/// The most that is handed over, in bytes; what is beyond is said and left out.
const LONGEST: usize = 128 << 10;

/// What a repository tells Claude Code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Project {
    /// The instructions as one text, each file under its name; empty: there are none.
    pub instructions: String,
    /// Agents in Claude Code's own form; `None`: there are none.
    pub agents: Option<Value>,
    /// The folder of the copied skills and commands; `None`: there are none.
    pub plugin: Option<PathBuf>,
    /// What was read, for people.
    pub loaded: Vec<String>,
    /// What was left out, and why, for people.
    pub left_out: Vec<String>,
}

impl Project {
    /// Reads a repository. Skills and commands are copied into `copy`.
    ///
    /// # Errors
    /// If a file that is there cannot be read, or the copy cannot be made.
    pub fn read(root: &Path, copy: &Path) -> Result<Self, Error> {
        let mut project = Self::default();
        let mut seen = BTreeSet::new();
        for name in INSTRUCTIONS {
            project.take(root, Path::new(name), &mut seen, 0)?;
        }
        for name in markdown_in(root, RULES)? {
            project.take(root, &name, &mut seen, 0)?;
        }
        project.read_agents(root)?;
        project.copy_plugin(root, copy)?;
        Ok(project)
    }

    /// Takes one file of instructions in, then those it imports.
    fn take(&mut self, root: &Path, name: &Path, seen: &mut BTreeSet<PathBuf>, depth: usize) -> Result<(), Error> {
        let Some(inside) = inside(name) else {
            self.left_out.push(format!("{}: outside of the repository", name.display()));
            return Ok(());
        };
        if depth > DEPTH || !seen.insert(inside.clone()) {
            return Ok(());
        }
        let Some(text) = read(&root.join(&inside))? else { return Ok(()) };
        if self.instructions.len() + text.len() > LONGEST {
            self.left_out.push(format!("{}: more than {} KiB of instructions", inside.display(), LONGEST >> 10));
            return Ok(());
        }
        self.instructions.push_str(&format!("Contents of {}:\n\n{}\n\n", inside.display(), text.trim()));
        self.loaded.push(inside.display().to_string());
        let folder = inside.parent().unwrap_or(Path::new("")).to_owned();
        for import in imports(&text) {
            self.take(root, &folder.join(import), seen, depth + 1)?;
        }
        Ok(())
    }

    fn read_agents(&mut self, root: &Path) -> Result<(), Error> {
        let mut agents = Map::new();
        for name in markdown_in(root, AGENTS)? {
            let Some(text) = read(&root.join(&name))? else { continue };
            match agent(&text) {
                Some((called, agent)) => {
                    agents.insert(called, agent);
                    self.loaded.push(name.display().to_string());
                }
                None => self.left_out.push(format!("{}: no name and description at its head", name.display())),
            }
        }
        self.agents = (!agents.is_empty()).then_some(Value::Object(agents));
        Ok(())
    }

    fn copy_plugin(&mut self, root: &Path, copy: &Path) -> Result<(), Error> {
        let fail = |path: &Path, source| Error::File { path: path.to_owned(), source };
        match fs::remove_dir_all(copy) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fail(copy, error)),
            _ => {}
        }
        for part in PLUGIN {
            let from = root.join(".claude").join(part);
            if from.is_dir() {
                copy_folder(&from, &copy.join(part))?;
                self.loaded.push(format!(".claude/{part}"));
                self.plugin = Some(copy.to_owned());
            }
        }
        if self.plugin.is_some() {
            let manifest = copy.join(".claude-plugin");
            fs::create_dir_all(&manifest).map_err(|error| fail(&manifest, error))?;
            let text =
                r#"{"name":"repository","version":"1.0.0","description":"Skills and commands of this repository"}"#;
            let path = manifest.join("plugin.json");
            fs::write(&path, text).map_err(|error| fail(&path, error))?;
        }
        Ok(())
    }
}

/// The paths that a text imports: `@path` at the start of a word, outside of code.
fn imports(text: &str) -> Vec<PathBuf> {
    let mut fenced = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        // Every second part between back-quotes is code.
        let prose = line.split('`').step_by(2).flat_map(str::split_whitespace);
        let named =
            prose.filter_map(|word| word.strip_prefix('@')).map(|path| path.trim_end_matches(['.', ',', ';', ')']));
        found.extend(named.filter(|path| path.contains(['/', '.'])).map(PathBuf::from));
    }
    found
}

/// The path with `.` and `..` resolved; `None` if it leaves the repository.
fn inside(path: &Path) -> Option<PathBuf> {
    let mut inside = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) if name != "~" => inside.push(name),
            Component::CurDir => {}
            Component::ParentDir if inside.pop() => {}
            Component::Normal(_) | Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(inside)
}

/// An agent's name and definition, from the head of its file.
fn agent(text: &str) -> Option<(String, Value)> {
    let rest = text.strip_prefix("---\n")?;
    let (head, body) = rest.split_once("\n---")?;
    let head: Map<String, Value> = serde_saphyr::from_str(head).ok()?;
    let name = head.get("name")?.as_str()?.to_owned();
    let mut agent = Map::new();
    agent.insert("description".to_owned(), head.get("description")?.clone());
    agent.insert("prompt".to_owned(), body.trim_start_matches('-').trim().into());
    match head.get("tools") {
        Some(Value::String(tools)) => {
            let tools: Vec<Value> = tools.split(',').map(|tool| tool.trim().into()).collect();
            agent.insert("tools".to_owned(), tools.into());
        }
        Some(tools @ Value::Array(_)) => {
            agent.insert("tools".to_owned(), tools.clone());
        }
        Some(_) | None => {}
    }
    if let Some(model) = head.get("model").filter(|model| model.is_string()) {
        agent.insert("model".to_owned(), model.clone());
    }
    Some((name, Value::Object(agent)))
}

/// The Markdown files of a folder of the repository, by name.
fn markdown_in(root: &Path, folder: &str) -> Result<Vec<PathBuf>, Error> {
    let path = root.join(folder);
    let fail = |source| Error::File { path: path.clone(), source };
    let entries = match fs::read_dir(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        found => found.map_err(fail)?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(fail)?.file_name();
        if Path::new(&name).extension().is_some_and(|extension| extension == "md") {
            names.push(Path::new(folder).join(name));
        }
    }
    names.sort();
    Ok(names)
}

/// A text file; `None`: there is none. A link is followed only by nobody: it could lead anywhere.
fn read(path: &Path) -> Result<Option<String>, Error> {
    let fail = |source| Error::File { path: path.to_owned(), source };
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => {}
        Ok(_) => return Ok(None),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(fail(error)),
    }
    Ok(Some(String::from_utf8_lossy(&fs::read(path).map_err(fail)?).into_owned()))
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), Error> {
    let fail = |path: &Path, source| Error::File { path: path.to_owned(), source };
    fs::create_dir_all(to).map_err(|error| fail(to, error))?;
    for entry in fs::read_dir(from).map_err(|error| fail(from, error))? {
        let entry = entry.map_err(|error| fail(from, error))?;
        let kind = entry.file_type().map_err(|error| fail(&entry.path(), error))?;
        let target = to.join(entry.file_name());
        if kind.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), &target).map_err(|error| fail(&target, error))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn project(files: &[(&str, &str)]) -> Project {
        let (folder, copy) = (repository(files), tempfile::tempdir().unwrap());
        let copy = copy.path().join("plugin");
        Project { plugin: None, ..Project::read(folder.path(), &copy).unwrap() }
    }

    #[test]
    fn instructions_come_in_order_with_what_they_import_once() {
        let project = project(&[
            ("CLAUDE.md", "Top. See @docs/style.md and `@docs/code.md`.\n```\n@docs/fenced.md\n```\n"),
            ("docs/style.md", "Style. Back to @../CLAUDE.md"),
            ("docs/code.md", "not imported"),
            ("docs/fenced.md", "not imported"),
            (".claude/rules/b.md", "B"),
            (".claude/rules/a.md", "A"),
            ("CLAUDE.local.md", "Local"),
        ]);
        assert_eq!(
            project.loaded,
            ["CLAUDE.md", "docs/style.md", "CLAUDE.local.md", ".claude/rules/a.md", ".claude/rules/b.md"]
        );
        assert!(project.instructions.starts_with("Contents of CLAUDE.md:\n\nTop."));
        assert!(!project.instructions.contains("not imported"));
    }

    #[test]
    fn imports_do_not_lead_out_of_the_repository() {
        let project = project(&[("CLAUDE.md", "@../secret.md @~/.ssh/id.md @/etc/passwd.md mail me@x.org")]);
        assert_eq!(project.loaded, ["CLAUDE.md"]);
        assert_eq!(project.left_out.len(), 3, "{:?}", project.left_out);
    }

    #[test]
    fn too_much_is_left_out_and_said() {
        let project = project(&[("CLAUDE.md", &"x".repeat(LONGEST + 1)), ("CLAUDE.local.md", "short")]);
        assert_eq!(project.loaded, ["CLAUDE.local.md"]);
        assert!(project.left_out[0].contains("CLAUDE.md"));
    }

    #[test]
    fn agents_are_read_from_the_head_of_their_files() {
        let text = "---\nname: reviewer\ndescription: Reviews\ntools: Read, Grep\nmodel: haiku\n---\n\nLook closely.\n";
        let project = project(&[(".claude/agents/reviewer.md", text), (".claude/agents/odd.md", "no head")]);
        let agents = project.agents.unwrap();
        assert_eq!(agents["reviewer"]["prompt"], "Look closely.");
        assert_eq!(agents["reviewer"]["tools"], serde_json::json!(["Read", "Grep"]));
        assert_eq!(project.left_out.len(), 1);
    }

    #[test]
    fn skills_and_commands_are_copied_as_they_are_now() {
        let folder = repository(&[(".claude/skills/x/SKILL.md", "skill"), (".claude/commands/go.md", "go")]);
        let copy = tempfile::tempdir().unwrap().path().join("plugin");
        let read = Project::read(folder.path(), &copy).unwrap();
        assert_eq!(read.plugin.as_deref(), Some(copy.as_path()));
        fs::write(folder.path().join(".claude/commands/go.md"), "changed").unwrap();
        assert_eq!(fs::read_to_string(copy.join("commands/go.md")).unwrap(), "go");
        assert!(copy.join(".claude-plugin/plugin.json").exists());
    }
}
