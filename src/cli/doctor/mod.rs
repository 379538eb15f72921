//! What `cco doctor` looks at. Each look is a function that gives findings and never fails: what cannot be found out is a
//! finding too. `machine` looks at git, repository, state and disk; `models` at keys, logins and programs of the models;
//! `project` at what the mission needs and what Claude Code would be told.

mod machine;
mod models;
mod project;

use super::command::doctor::{Examination, Finding, Health};
use super::context::Context;
use super::error::Error;
use super::place::Place;
use crate::config::Config;
use crate::daemon::Inputs;

pub use machine::is_damaged;
pub(crate) use project::loaded;

/// Looks at everything, in the order in which people would.
#[must_use]
pub fn examine(context: &Context<'_>) -> Examination {
    let mut findings = vec![fine("cco", env!("CARGO_PKG_VERSION")), machine::git(context)];
    let place = match Place::find(context, None) {
        Ok(place) => place,
        Err(error) => {
            findings.push(broken("repository", &error));
            return Examination::new(findings);
        }
    };
    let (repo, root) = (place.repo(), &place.root);
    findings.push(machine::repository(repo.as_ref()));
    if let Ok(repo) = &repo {
        findings.extend(machine::state(context, repo));
        findings.push(machine::disk(&repo.state_dir()));
    }
    let inputs = context.inputs(&place, &[]);
    findings.extend(project::mission(context, &place, &inputs));
    match config(context, &place, inputs.as_ref().ok()) {
        Ok(config) => {
            findings.extend(models::manager(context, &config));
            findings.extend(models::worker(context, &config, root));
        }
        Err(error) => findings.push(broken("config", &error)),
    }
    findings.push(fine("sandbox", "off: worker and checks run with your rights, without a fence around them"));
    findings.push(project::told_to_the_worker(root));
    findings.push(machine::port());
    Examination::new(findings)
}

/// The configuration, also where there is no mission yet.
fn config(context: &Context<'_>, place: &Place, inputs: Option<&Inputs>) -> Result<Config, Error> {
    match inputs {
        Some(inputs) => Ok(inputs.config().clone()),
        None => Ok(context.config(place)?.config),
    }
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
