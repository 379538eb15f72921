//! The command line as values: what every command shares, and the list of commands.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory, Parser, Subcommand};

use super::command::{
    amend, approve, completions, config, demo, diff, doctor, done, explain, guide, history, init, logs, man, next,
    pause, plan, reject, resume, schema, show, start, status, stop, trust, validate,
};
use super::output::{Volume, When};

/// Examples stand before usage and options: most people read no further.
const TEMPLATE: &str = "{about}{after-help}\n\n{usage-heading} {usage}\n\n{all-args}";

/// Loops one Claude Code worker over one git repository until every criterion of a mission is proven.
#[derive(Debug, Parser)]
#[command(
    name = "cco",
    version,
    disable_help_subcommand = true,
    arg_required_else_help = true,
    subcommand_required = true,
    after_help = "\
Examples:
  cco demo                    watch a whole mission on a throwaway repository
  cco init                    propose a mission for this repository
  cco validate                run its checks now, no model needed
  cco start                   work until every criterion is proven
  cco status                  what it does, what is proven, what it cost
  cco guide \"use port 3000\"   tell manager and worker something"
)]
pub struct Cli {
    /// What all commands share.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// What all commands share.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Repository to work on [default: the one the mission names, else the current one]
    #[arg(long, global = true, value_name = "DIR")]
    pub repo: Option<PathBuf>,
    /// Configuration file instead of .cco/config.yaml
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// When to use colours
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t, hide_possible_values = false)]
    pub color: When,
    /// Say nothing but errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more; twice for everything, the log too (as CCO_LOG=cco=debug)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Never ask; a question becomes an error
    #[arg(long, global = true)]
    pub no_input: bool,
}

impl Global {
    /// How much is said.
    #[must_use]
    pub const fn volume(&self) -> Volume {
        match (self.quiet, self.verbose) {
            (true, _) => Volume::Quiet,
            (false, 0) => Volume::Normal,
            (false, times) => Volume::Verbose(times),
        }
    }
}

/// Every command, in the order people meet them.
#[derive(Debug, Subcommand)]
pub enum Command {
    Init(init::InitArgs),
    Plan(plan::PlanArgs),
    Validate(validate::ValidateArgs),
    Start(start::StartArgs),
    Next(next::NextArgs),
    Resume(resume::ResumeArgs),
    Status(status::StatusArgs),
    Pause(pause::PauseArgs),
    Stop(stop::StopArgs),
    Guide(guide::GuideArgs),
    Approve(approve::ApproveArgs),
    Reject(reject::RejectArgs),
    Done(done::DoneArgs),
    History(history::HistoryArgs),
    Show(show::ShowArgs),
    Logs(logs::LogsArgs),
    Diff(diff::DiffArgs),
    Amend(amend::AmendArgs),
    Trust(trust::TrustArgs),
    Doctor(doctor::DoctorArgs),
    Config(config::ConfigArgs),
    Schema(schema::SchemaArgs),
    Explain(explain::ExplainArgs),
    Demo(demo::DemoArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

impl Command {
    /// Whether it was said that a runner, and no person, reads what is printed.
    #[must_use]
    pub const fn is_for_a_runner(&self) -> bool {
        match self {
            Self::Start(args) => args.stay.ci,
            Self::Resume(args) => args.stay.ci,
            _ => false,
        }
    }

    /// The name as typed.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Init(_) => "init",
            Self::Plan(_) => "plan",
            Self::Validate(_) => "validate",
            Self::Start(_) => "start",
            Self::Next(_) => "next",
            Self::Resume(_) => "resume",
            Self::Status(_) => "status",
            Self::Pause(_) => "pause",
            Self::Stop(_) => "stop",
            Self::Guide(_) => "guide",
            Self::Approve(_) => "approve",
            Self::Reject(_) => "reject",
            Self::Done(_) => "done",
            Self::History(_) => "history",
            Self::Show(_) => "show",
            Self::Logs(_) => "logs",
            Self::Diff(_) => "diff",
            Self::Amend(_) => "amend",
            Self::Trust(_) => "trust",
            Self::Doctor(_) => "doctor",
            Self::Config(_) => "config",
            Self::Schema(_) => "schema",
            Self::Explain(_) => "explain",
            Self::Demo(_) => "demo",
            Self::Completions(_) => "completions",
            Self::Man(_) => "man",
        }
    }
}

/// The command line's grammar; help, manual and completions are made of this.
#[must_use]
pub fn grammar() -> clap::Command {
    with_template(Cli::command())
}

fn with_template(command: clap::Command) -> clap::Command {
    command.help_template(TEMPLATE).mut_subcommands(with_template)
}

/// A span of time on the command line: `90s`, `30m`, `5h30m`, `2d`.
pub(super) fn span(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is not a span of time, such as 90s, 30m, 5h30m or 2d");
    // A bare number is refused on purpose: seconds for one reader are minutes for another.
    let span: jiff::Span = text.trim().parse().map_err(|_| wrong())?;
    let options = jiff::SpanRelativeTo::days_are_24_hours();
    let duration = span.to_duration(options).map_err(|_| wrong())?;
    Duration::try_from(duration).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_holds_together() {
        grammar().debug_assert();
    }

    #[test]
    fn spans_of_time_name_their_unit() {
        assert_eq!(span("5h30m"), Ok(Duration::from_secs(19_800)));
        assert_eq!(span("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(span("2d"), Ok(Duration::from_secs(172_800)));
        for wrong in ["", "90", "-5m", "soon", "1mo"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_help_of_every_command() {
        let mut text = String::new();
        collect(grammar().term_width(100), &mut text);
        insta::assert_snapshot!(text);
    }

    fn collect(mut command: clap::Command, text: &mut String) {
        command.build();
        text.push_str(&format!("===== {} =====\n", command.get_bin_name().unwrap_or("cco")));
        text.push_str(&command.render_long_help().to_string());
        text.push('\n');
        let children: Vec<_> = command.get_subcommands().cloned().collect();
        for child in children {
            collect(child, text);
        }
    }

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn flags_of_the_issue_are_understood() {
        let line = "cco start --mission m.yaml --repo . --config c.yaml --max-iterations 9 --time-limit 5h --budget 2.5 \
                    --no-dashboard --detach --yes --no-wait --max-wait 5m --fresh --json -n -p qa -m sonnet";
        assert!(parse(line).is_ok());
        for line in [
            "cco start --ci",
            "cco next --phase",
            "cco status --json --run 0195 --exit-code",
            "cco stop --now",
            "cco history --limit 5",
            "cco show 7",
            "cco logs -f",
            "cco diff 3..7",
            "cco done --status blocked --reason why",
            "cco reject docs -m why",
            "cco config show --origin",
            "cco schema mission",
            "cco validate docs --dry-run --mission m.yaml",
            "cco -vv status",
        ] {
            assert!(parse(line).is_ok(), "{line}");
        }
        for line in
            ["cco", "cco -q -v status", "cco start --budget -1", "cco guide", "cco history --limit 0", "cco frobnicate"]
        {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
