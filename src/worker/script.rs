//! The script of the stub worker: one scene per action, the last one again for every action after it. Pure.

use std::time::Duration;

use serde::Deserialize;

use crate::words::{IterationNumber, Money};

/// The demo's script, embedded.
const DEMO: &str = include_str!("../../missions/demo.worker.yaml");

/// What the stub does, action by action.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// One scene per action; never empty.
    pub(super) scenes: Vec<Scene>,
}

/// One action.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scene {
    /// What is done, in this order.
    #[serde(default)]
    pub(super) steps: Vec<Step>,
    /// The last words.
    pub(super) result: String,
    /// What it pretends to have cost.
    #[serde(default)]
    cost_usd: f64,
}

/// One thing a scripted worker does.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Step {
    /// Says something.
    Say(String),
    /// Writes a file, its folder included.
    Write(WriteStep),
    /// Runs a command with `sh -c`; the prompt is its standard input.
    Run(String),
    /// Waits, in seconds, so that a viewer can follow.
    Pause(f64),
}

/// A file to write.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WriteStep {
    /// Relative to the repository.
    pub(super) path: String,
    /// All of it.
    pub(super) content: String,
}

/// A script that cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// It is not a script.
    #[error("the worker's script cannot be read: {0}")]
    Syntax(String),
    /// It has no scene.
    #[error("the worker's script has no scenes")]
    Empty,
    /// A path leads out of the repository.
    #[error("the worker's script writes to {0:?}, which is not inside the repository")]
    Outside(String),
}

impl Script {
    /// Reads a script in YAML.
    pub fn read(text: &str) -> Result<Self, ScriptError> {
        let script: Self = serde_saphyr::from_str(text).map_err(|error| ScriptError::Syntax(error.to_string()))?;
        if script.scenes.is_empty() {
            return Err(ScriptError::Empty);
        }
        let outside = script.writes().find(|step| !is_inside(&step.path));
        outside.map_or(Ok(()), |step| Err(ScriptError::Outside(step.path.clone())))?;
        Ok(script)
    }

    /// The script of `cco demo`.
    pub fn demo() -> Result<Self, ScriptError> {
        Self::read(DEMO)
    }

    /// The scene of an action, counted from 1.
    pub(super) fn scene(&self, action: IterationNumber) -> &Scene {
        let last = self.scenes.len() - 1;
        let index = usize::try_from(action.0.saturating_sub(1)).unwrap_or(last);
        &self.scenes[index.min(last)]
    }

    /// What all actions up to this one pretend to have cost: a session's cost is cumulative.
    pub(super) fn cost_up_to(&self, action: IterationNumber) -> Money {
        (1..=action.0).map(|number| self.scene(IterationNumber(number)).cost()).sum()
    }

    fn writes(&self) -> impl Iterator<Item = &WriteStep> {
        self.scenes.iter().flat_map(|scene| &scene.steps).filter_map(|step| match step {
            Step::Write(write) => Some(write),
            Step::Say(_) | Step::Run(_) | Step::Pause(_) => None,
        })
    }
}

impl Scene {
    /// What it pretends to have cost.
    pub(super) fn cost(&self) -> Money {
        Money::from_dollars(self.cost_usd).unwrap_or_default()
    }
}

impl Step {
    /// How long a pause is at a pace in percent; anything that is no sensible number is none.
    pub(super) fn pause(seconds: f64, pace: u32) -> Duration {
        Duration::try_from_secs_f64(seconds * f64::from(pace) / 100.0)
            .unwrap_or_default()
            .min(Duration::from_secs(3600))
    }
}

fn is_inside(path: &str) -> bool {
    let path = std::path::Path::new(path);
    path.components().all(|part| matches!(part, std::path::Component::Normal(_))) && path.file_name().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_scene_is_played_for_ever() {
        let script = Script::read("scenes: [{result: one, cost_usd: 0.5}, {result: two}]").unwrap();
        let results = [1, 2, 9].map(|number| script.scene(IterationNumber(number)).result.clone());
        assert_eq!(results, ["one", "two", "two"]);
        assert_eq!(script.cost_up_to(IterationNumber(9)), Money::from_micros(500_000));
    }

    #[test]
    fn mistakes_are_refused() {
        for wrong in [
            "scenes: []",
            "scenes: [{result: x, stepz: []}]",
            "scenes: [{result: x, steps: [{dance: y}]}]",
            "scenes: [{result: x, steps: [{write: {path: ../y, content: z}}]}]",
            "scenes: [{result: x, steps: [{write: {path: /y, content: z}}]}]",
        ] {
            assert!(Script::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_demo_is_a_script_that_takes_about_twenty_seconds_at_most() {
        let script = Script::demo().unwrap();
        let pause = |step: &Step| match step {
            Step::Pause(seconds) => *seconds,
            Step::Say(_) | Step::Run(_) | Step::Write(_) => 0.0,
        };
        let pauses: f64 = script.scenes.iter().flat_map(|scene| &scene.steps).map(pause).sum();
        assert!((8.0..18.0).contains(&pauses), "{pauses} s");
    }
}
