//! Runs the daemon in this terminal and shows what it does: a view that is drawn anew where that can be done, dated lines
//! where it cannot.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::sync::mpsc;

use super::code::Code;
use super::environment::Environment;
use super::error::Error;
use super::keyboard::Silence;
use super::output::{Output, Style};
use super::screen::live::{Scene, Screen, frame};
use super::screen::{folded, plain};
use crate::daemon::{self, Ended, Options, Update, clock};
use crate::session::{Notice, NoticeKind, Session};
use crate::view::{Status, printable, printable_line, status};

/// The newest chips kept for the view.
const CHIPS: usize = 8;
/// How often the view is drawn anew while nothing happens: its clocks go on.
const TICK: Duration = Duration::from_secs(1);

/// How it is shown.
#[derive(Clone, Copy)]
pub(super) struct Manner<'a> {
    /// The zone of the clocks.
    pub(super) zone: &'a TimeZone,
    /// Who reads the lines.
    pub(super) reader: Reader,
    /// Whether the terminal's own size counts, and not one that the environment names.
    pub(super) may_resize: bool,
}

/// Who reads the dated lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// A person, or a file.
    Plain,
    /// A runner of GitHub, which folds what stands between two of its own words.
    GitHub,
}

impl<'a> Manner<'a> {
    /// As the surroundings say.
    pub(super) fn of(environment: &Environment, zone: &'a TimeZone) -> Self {
        let on_github = environment.text("GITHUB_ACTIONS") == Some("true");
        let reader = if on_github { Reader::GitHub } else { Reader::Plain };
        Self { zone, reader, may_resize: environment.text("COLUMNS").is_none() && environment.text("LINES").is_none() }
    }
}

/// Runs a daemon to its end and shows it.
///
/// # Errors
/// Why it could not start, or had to stop.
pub(super) fn run(
    options: Options,
    inbox: mpsc::Receiver<Update>,
    manner: Manner<'_>,
    output: &mut Output,
) -> Result<Ended, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| Error::new(Code::Internal, error.to_string()))?;
    let ended = runtime.block_on(async {
        let daemon = tokio::spawn(daemon::start(options));
        let mut view = View::new(manner, output);
        let silence = if view.output.can_redraw() { Silence::begin() } else { None };
        view.watch(inbox).await;
        view.close();
        drop(silence);
        daemon.await
    });
    // A worker of a daemon that could not end it in time is ended by its supervisor.
    runtime.shutdown_timeout(Duration::from_secs(2));
    Ok(ended.map_err(|error| Error::new(Code::Internal, format!("the daemon broke: {error}")))??)
}

/// Does work that has no run, and prints its notes as they come. `None`: Ctrl-C ended it; its processes are gone then.
///
/// # Errors
/// If the work broke.
pub(super) fn notes<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
    mut inbox: mpsc::Receiver<Update>,
    output: &mut Output,
) -> Result<Option<T>, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| Error::new(Code::Internal, error.to_string()))?;
    let done = runtime.block_on(async {
        let work = tokio::spawn(work);
        let end = work.abort_handle();
        let interrupted = tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                end.abort();
            }
        });
        while let Some(update) = inbox.recv().await {
            if let Update::Note(text) = update {
                output.note(&format!("{}\n", printable_line(&text)));
            }
        }
        let done = work.await;
        interrupted.abort();
        done
    });
    // Services that were up get the time to be brought down.
    runtime.shutdown_timeout(Duration::from_secs(10));
    match done {
        Ok(done) => Ok(Some(done)),
        Err(error) if error.is_cancelled() => Ok(None),
        Err(error) => Err(Error::new(Code::Internal, format!("the checks broke: {error}"))),
    }
}

/// What is shown.
struct View<'a> {
    zone: &'a TimeZone,
    reader: Reader,
    may_resize: bool,
    group: Option<u64>,
    output: &'a mut Output,
    screen: Screen,
    session: Option<Arc<Session>>,
    shown: Option<Status>,
    chips: VecDeque<String>,
    frames: usize,
}

impl<'a> View<'a> {
    fn new(manner: Manner<'a>, output: &'a mut Output) -> Self {
        let Manner { zone, reader, may_resize } = manner;
        let (screen, chips) = (Screen::default(), VecDeque::new());
        Self { zone, reader, may_resize, group: None, output, screen, session: None, shown: None, chips, frames: 0 }
    }

    async fn watch(&mut self, mut inbox: mpsc::Receiver<Update>) {
        if !self.output.can_redraw() {
            // Nothing to draw, so nothing to wake up for: a daemon that waits uses no processor time.
            while let Some(update) = inbox.recv().await {
                self.take(update);
            }
            return;
        }
        loop {
            match tokio::time::timeout(TICK, inbox.recv()).await {
                Ok(Some(update)) => self.take(update),
                Ok(None) => break,
                Err(_) => self.draw(),
            }
        }
    }

    fn take(&mut self, update: Update) {
        match update {
            Update::Session(session) => {
                self.session = Some(session);
                if self.output.can_redraw() { self.draw() } else { self.tell_changes() }
            }
            Update::Chip(chip) => self.chip(chip),
            Update::Notice(notice) => self.notice(&notice),
            Update::Instruction(text) => self.instruct(&text),
            Update::Note(text) => self.above(&text),
        }
    }

    /// Tells a person what is theirs to do: a text of several lines that keeps its form.
    fn instruct(&mut self, text: &str) {
        let text = printable(text);
        if self.output.can_redraw() {
            self.above(&format!("\n{}\n", text.trim_end()));
        } else {
            self.output.note(&format!("\n{}\n\n", text.trim_end()));
        }
    }

    /// Tells what no line of the status tells: the rest is seen in what changes.
    fn notice(&mut self, notice: &Notice) {
        match notice.kind {
            NoticeKind::Odd | NoticeKind::Budget => self.above(&notice.text),
            NoticeKind::Dropped => tracing::debug!(what = notice.text, "dropped"),
            NoticeKind::Milestone
            | NoticeKind::Regression
            | NoticeKind::NeedsYou
            | NoticeKind::Waiting
            | NoticeKind::End => {
                if self.output.is_verbose() {
                    self.above(&notice.text);
                }
            }
        }
    }

    fn chip(&mut self, chip: String) {
        if self.output.can_redraw() {
            if self.chips.len() == CHIPS {
                self.chips.pop_front();
            }
            self.chips.push_back(chip);
            self.draw();
        } else {
            let line = plain::chip(clock::now(), &chip, self.output.note_style(), self.zone);
            self.output.note(&format!("{line}\n"));
        }
    }

    fn lines(&mut self) -> Vec<String> {
        let Some(session) = &self.session else { return Vec::new() };
        let status = status(session, clock::now());
        self.frames += 1;
        let chips: Vec<String> = self.chips.iter().cloned().collect();
        let scene = Scene { status: &status, chips: &chips, frame: self.frames, zone: self.zone };
        let style = self.output.note_style();
        // A terminal whose last column is written to may break the line when its size changes.
        frame(scene, Style { width: style.width - 1, ..style })
    }

    fn draw(&mut self) {
        self.measure();
        let lines = self.lines();
        let bytes = self.screen.draw(&lines);
        self.output.draw(&bytes);
    }

    fn above(&mut self, text: &str) {
        if self.output.can_redraw() {
            self.measure();
            let columns = self.output.note_style().width;
            let text: Vec<String> = printable(text).lines().flat_map(|line| folded(line, columns)).collect();
            let lines = self.lines();
            let bytes = self.screen.above(&text.join("\n"), &lines);
            self.output.draw(&bytes);
        } else {
            let line = plain::chip(clock::now(), text, self.output.note_style(), self.zone);
            self.output.note(&format!("{line}\n"));
        }
    }

    /// Looks how large the terminal is now, unless the caller's environment says.
    fn measure(&mut self) {
        if let Some((columns, rows)) = Environment::terminal_size() {
            self.screen.resize(columns);
            if self.may_resize {
                self.output.resize(columns, rows);
            }
        }
    }

    /// Takes the view away: what came of it all is told in full by whoever began it.
    fn close(&mut self) {
        if self.output.can_redraw() {
            self.measure();
            let bytes = self.screen.clear();
            self.output.draw(&bytes);
        }
        self.close_group();
    }

    fn tell_changes(&mut self) {
        let Some(session) = &self.session else { return };
        let after = status(session, clock::now());
        self.enter_group(after.iterations);
        for line in plain::lines(self.shown.as_ref(), &after, self.output.note_style(), self.zone) {
            self.output.note(&format!("{line}\n"));
        }
        self.shown = Some(after);
    }

    /// What happens in an iteration is one group of a runner's log; the baseline belongs to none.
    fn enter_group(&mut self, iteration: u64) {
        if self.reader == Reader::GitHub && iteration > 0 && self.group != Some(iteration) {
            self.close_group();
            self.output.note(&format!("::group::iteration {iteration}\n"));
            self.group = Some(iteration);
        }
    }

    fn close_group(&mut self) {
        if self.group.take().is_some() {
            self.output.note("::endgroup::\n");
        }
    }
}
