//! What `cco doctor` looks at. Each look is a function that gives findings and never fails: what cannot be found out is a
//! finding too. `machine` looks at git, repository, state and disk; `models` at keys, logins and programs of the models;
//! `project` at what the mission needs and what Claude Code would be told.

mod machine;
mod models;
mod project;

use std::path::PathBuf;

use super::command::doctor::{Examination, Finding, Health};
use super::context::Context;
use super::error::Error;
use crate::config::Config;
use crate::daemon::{Inputs, Places, read_config};

pub use machine::is_damaged;
pub(crate) use project::loaded;

/// Looks at everything, in the order in which people would.
#[must_use]
pub fn examine(context: &Context<'_>) -> Examination {
    let mut findings = vec![fine("cco", env!("CARGO_PKG_VERSION")), machine::git(context)];
    let repo = context.repo();
    findings.push(machine::repository(repo.as_ref()));
    let root = match &repo {
        Ok(repo) => repo.work_tree().to_owned(),
        Err(_) => context.folder().unwrap_or_else(|_| PathBuf::from(".")),
    };
    if let Ok(repo) = &repo {
        findings.extend(machine::state(context, repo));
        findings.push(machine::disk(&repo.state_dir()));
    }
    let inputs = context.inputs(&root, None, &[]);
    findings.extend(project::mission(context, &root, &inputs));
    match config(context, &root, inputs.as_ref().ok()) {
        Ok(config) => {
            findings.extend(models::manager(context, &config));
            findings.extend(models::worker(context, &config, &root));
        }
        Err(error) => findings.push(broken("config", &error)),
    }
    findings.push(fine("sandbox", "off: worker and checks run with your rights, without a fence around them"));
    findings.push(project::told_to_the_worker(&root));
    findings.push(machine::port());
    Examination::new(findings)
}

/// The configuration, also where there is no mission yet.
fn config(context: &Context<'_>, root: &std::path::Path, inputs: Option<&Inputs>) -> Result<Config, Error> {
    if let Some(inputs) = inputs {
        return Ok(inputs.config().clone());
    }
    let (config, environment) = (context.global.config.as_deref(), context.variables());
    Ok(read_config(&Places { root, mission: None, config, flags: &[], environment })?.config)
}

fn fine(name: &str, found: impl Into<String>) -> Finding {
    Finding { name: name.to_owned(), health: Health::Fine, found: found.into(), hint: None }
}

fn doubtful(name: &str, found: impl Into<String>, hint: impl Into<String>) -> Finding {
    Finding { name: name.to_owned(), health: Health::Doubtful, found: found.into(), hint: Some(hint.into()) }
}

/// A failure as any command would tell it: mistakes of a file by their first line, the rest by `cco validate`.
fn broken(name: &str, error: &Error) -> Finding {
    let told = error.diagnostics.first().and_then(|diagnostic| diagnostic.lines().next());
    let found = told.map_or_else(|| error.message.clone(), |first| format!("{}; the first: {first}", error.message));
    Finding { name: name.to_owned(), health: Health::Broken, found, hint: error.hint.clone() }
}
