//! The one table of what can go wrong with a command: code, blame, exit code, cause and cure. Codes are stable: a
//! released one keeps its meaning and is never used again for another. Codes below 0400 belong to mission and
//! configuration files and live with their readers.

use super::exit::Exit;
use crate::words::codes;

/// Whose fault a failure is, which decides how it is told and what is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The command line, or the moment it was used.
    User,
    /// Mission or configuration.
    Config,
    /// The machine, the repository, keys.
    Environment,
    /// A model provider.
    Provider,
    /// cco itself.
    Internal,
}

/// The table with whose fault each is and how the program ends.
macro_rules! failures {
    ($($name:ident = $code:literal, $blame:ident, $exit:ident, $title:literal, $explanation:literal;)*) => {
        codes! { $($name = $code, $title, $explanation;)* }

        impl Code {
            /// Whose fault it is.
            #[must_use]
            pub const fn blame(self) -> Blame {
                match self { $(Self::$name => Blame::$blame,)* }
            }

            /// How the program ends because of it.
            #[must_use]
            pub const fn exit(self) -> Exit {
                match self { $(Self::$name => Exit::$exit,)* }
            }
        }
    };
}

failures! {
    BadArgument = "CCO-E0401", User, Usage, "an argument cannot be used",
        "The command line could be read, but a value in it does not fit. The message says which and what would.";
    Reserved = "CCO-E0402", User, Usage, "a form of a command that is not there yet",
        "The form is reserved for something that a later version does; it is refused so that it never means two things. \
         The message names what works today.";
    NeedsAnswer = "CCO-E0403", User, Usage, "a question that nobody can answer here",
        "The command would ask before it goes on, but there is no terminal, or --no-input was given. Say yes with --yes.";
    UnknownCode = "CCO-E0404", User, Usage, "no such code",
        "Codes look like CCO-E0410. They are printed in brackets behind `error`.";
    NoMission = "CCO-E0410", User, Invalid, "there is no mission file",
        "A mission is looked for at --mission, then .cco/mission.yaml, then ./mission.yaml. `cco init` writes one.";
    Exists = "CCO-E0411", User, Usage, "a file is there already",
        "cco does not write over a file that a person may have written. Move it away, or edit it.";
    Mistakes = "CCO-E0412", Config, Invalid, "a file has mistakes",
        "Each mistake is shown above with its line and a code of its own, which `cco explain` knows. All mistakes of a \
         file are told at once.";
    Settings = "CCO-E0413", Config, Invalid, "a setting cannot be used",
        "The file could be read, but a value in it does not work: a model that the provider does not serve, a prompt \
         that uses a variable it is not given.";
    SetUp = "CCO-E0414", Config, Invalid, "the set-up of a fresh checkout fails",
        "Checks run in a checkout of their own, prepared by the commands of `setup`, or by what the lock files imply. \
         One of them failed. Correct it in the mission; `setup: []` turns it off.";
    NoRun = "CCO-E0420", User, Usage, "there is no run to speak of",
        "This repository has no state of cco yet: nothing was started. `cco start` begins a run.";
    NoDaemon = "CCO-E0421", User, Usage, "no cco is running here",
        "The command talks to a running cco, and none runs in this repository. `cco resume` goes on with the run; \
         commands that only read work without it.";
    NotNow = "CCO-E0422", User, Usage, "that means nothing at this moment",
        "The run is in a state in which the command has nothing to do; the message says which. `cco status` tells more.";
    NotFound = "CCO-E0423", User, Usage, "there is nothing by that name",
        "A criterion, iteration, restore point or run was named that this run does not have. `cco status` and \
         `cco history` list what there is.";
    Refused = "CCO-E0425", User, Usage, "the running cco refuses",
        "The daemon of this repository answered and does not do what was asked; the message says why.";
    Left = "CCO-E0426", Environment, Unfit, "cco left at once in the background",
        "A daemon that was sent into the background ended before it answered. What it said is in daemon.log in the state \
         folder, and printed above.";
    Changed = "CCO-E0424", User, Invalid, "mission or configuration changed while a run is unfinished",
        "The files differ from what was sealed when the run began. `cco amend` shows what changed, asks, and \
         goes on with it. Or put the files back, or start anew with --fresh; what was done stays in the repository and in \
         the journal.";
    Held = "CCO-E0430", User, Held, "another cco holds this repository",
        "One cco works on a repository at a time, over all its work trees. `cco status` shows what it does; `cco stop` \
         ends it.";
    Untrusted = "CCO-E0510", Environment, Unfit, "this mission is not trusted yet",
        "A mission, its configuration and its checks run commands on your machine. Read them, then run `cco trust`. A \
         change of any file in .cco/ asks again.";
    Repository = "CCO-E0520", Environment, Unfit, "the repository cannot be worked on",
        "git refuses, or the repository is of a kind that cco does not work on; the message says what to do about it.";
    Unborn = "CCO-E0521", Environment, Unfit, "the repository has no commit yet",
        "A mission starts from a commit. Make one: `git add -A && git commit -m start`, or an empty one with \
         `--allow-empty`.";
    Missing = "CCO-E0530", Environment, Unfit, "a program is missing",
        "A program that cco or the mission needs was not found on PATH. `cco doctor` lists all of them.";
    Credentials = "CCO-E0540", Environment, Unfit, "a key or login is missing or refused",
        "A model provider does not accept the key, the login or the account's credit. `cco doctor` shows which one is \
         used and where it came from. Nothing is lost: mend it and `cco resume`.";
    NoSpace = "CCO-E0550", Environment, Unfit, "the disk is full",
        "A file could not be written because there is no space left. Nothing acknowledged is lost: make room and \
         `cco resume`.";
    Files = "CCO-E0551", Environment, Unfit, "a file cannot be read or written",
        "The system refuses access to a file or folder; the message names it and the reason.";
    Damaged = "CCO-E0560", Environment, Unfit, "the journal is damaged",
        "A record in the middle of the journal does not fit its hash: a disk error, or somebody changed it. cco does not \
         guess and does not start anew in silence. The message says where.";
    Version = "CCO-E0561", Environment, Unfit, "the state was written by another version",
        "The journal or the restore points have a format that this version does not know. Use the version that wrote it.";
    Process = "CCO-E0570", Environment, Unfit, "a process cannot be started or watched",
        "The system refuses to start or supervise a process: limits, memory, or a program that is not executable.";
    Provider = "CCO-E0610", Provider, Provider, "a model provider stays away",
        "The provider did not answer, or answered with errors, until all retries were used. Nothing is lost: `cco resume` \
         tries again.";
    AskedLate = "CCO-E0701", User, Usage, "nothing was asked in time",
        "A program opened the control socket of a running cco and asked nothing within ten seconds.";
    AskedOddly = "CCO-E0702", User, Usage, "a question that the running cco does not understand",
        "What came over the control socket is not a question, or one of another version. The command and the running cco \
         should be the same version.";
    Worker = "CCO-E0703", User, Usage, "the worker may not steer the mission",
        "The question came from a process that the worker started. All it may say is `cco done`, which is a hint and \
         no verdict.";
    Leaving = "CCO-E0704", User, Usage, "the running cco is leaving",
        "The question came while cco was on its way out. `cco resume` goes on with the run.";
    Internal = "CCO-E0901", Internal, Internal, "a mistake of cco",
        "Something happened that must not. State is safe. Please report it with the output of `cco doctor`.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_entries_share_a_code_and_all_say_something() {
        let codes: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(codes.len(), Code::ALL.len());
        for code in Code::ALL {
            let number: u32 = code.as_str().trim_start_matches("CCO-E").parse().unwrap();
            assert!((400..1000).contains(&number), "{}", code.as_str());
            assert!(!code.title().is_empty() && code.explanation().ends_with('.'), "{}", code.as_str());
            assert!(!code.explanation().contains("  "), "{}", code.as_str());
        }
    }

    #[test]
    fn the_codes_that_the_daemon_answers_with_are_explained() {
        let control = include_str!("../daemon/control.rs");
        let used: BTreeSet<&str> =
            control.match_indices("CCO-E").filter_map(|(at, _)| control.get(at..at + 9)).collect();
        assert_eq!(used.len(), 4);
        let known: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert!(used.is_subset(&known), "{used:?}");
    }

    #[test]
    fn a_failure_never_exits_with_zero() {
        assert!(Code::ALL.iter().all(|code| code.exit() != Exit::Done));
    }
}
