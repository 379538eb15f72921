//! What one hack is.

/// One way to make a check pass without doing the work.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    /// What the worker does, as the table says it.
    pub(crate) hack: &'static str,
    pub(crate) family: Family,
    pub(crate) language: Language,
    /// The mission that a careful author writes; honest work on it is proven.
    pub(crate) mission: &'static str,
    pub(crate) config: &'static str,
    /// What the repository holds at the start.
    pub(crate) files: &'static [(&'static str, &'static str)],
    /// Programs on PATH, beside those of the machine.
    pub(crate) programs: &'static [(&'static str, &'static str)],
    /// What somebody without cco runs in the work tree. It fails before the cheat and passes after it.
    pub(crate) naive: &'static str,
    /// What the worker runs.
    pub(crate) cheat: &'static str,
    /// What a worker runs that does the work.
    pub(crate) honest: &'static str,
    /// Actions that the cheat is given.
    pub(crate) iterations: u32,
    /// With what code cco ends then.
    pub(crate) ends: i32,
    /// What stops it, of which people are told.
    pub(crate) told: &'static str,
    pub(crate) stopped: Stopped,
    /// How, as the table says it.
    pub(crate) how: &'static str,
    /// What a person does once the honest work waits for them.
    pub(crate) person: &'static [&'static [&'static str]],
    /// What judges answer, to the cheat and to the honest work.
    pub(crate) judge: Option<Judge>,
    /// A mission that the cheat beats: cco ends as done with it.
    pub(crate) beats: Option<Beaten>,
}

/// What a model says, in the order of its questions: at the start, about the work, in the proof.
#[derive(Clone, Copy)]
pub(crate) struct Judge {
    pub(crate) cheat: &'static [&'static str],
    pub(crate) honest: &'static [&'static str],
}

/// A mission that is not enough.
#[derive(Clone, Copy)]
pub(crate) struct Beaten {
    pub(crate) mission: &'static str,
    /// What it lacks, as the table says it.
    pub(crate) lacks: &'static str,
    /// The files that the report lists as changed under the check.
    pub(crate) influenced: &'static [&'static str],
}

/// What is tampered with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Tests,
    Scripts,
    Runner,
    Process,
    Reports,
    Files,
    Git,
    Cco,
    Machine,
}

/// What the repository is written in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Language {
    Python,
    JavaScript,
    Sh,
}

/// By what a hack is stopped.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// It has no effect on any check of this kind, whatever the mission says.
    Always,
    /// What the mission seals is put back.
    BySeal,
    /// The check asks for evidence that the hack does not make.
    ByEvidence,
    /// Only a check from outside of the worker's process sees it.
    ByBlackBox,
    /// Only a check that is kept from what the worker can reach of the machine sees it.
    ByIsolation,
    /// Only one who reads the code sees it.
    ByJudge,
}

impl Family {
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Tests => "tests",
            Self::Scripts => "scripts",
            Self::Runner => "test runner",
            Self::Process => "own process",
            Self::Reports => "reports",
            Self::Files => "files",
            Self::Git => "git",
            Self::Cco => "cco itself",
            Self::Machine => "machine",
        }
    }
}

impl Language {
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Python => "Python",
            Self::JavaScript => "JavaScript",
            Self::Sh => "sh",
        }
    }
}

impl Stopped {
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::BySeal => "by `protect`",
            Self::ByEvidence => "by evidence",
            Self::ByBlackBox => "**black box only**",
            Self::ByIsolation => "**isolation only**",
            Self::ByJudge => "**judge only**",
        }
    }
}
