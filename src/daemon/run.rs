//! The one loop: an event comes in, the core decides, the journal keeps, the effect is done.
//!
//! The daemon is the only owner of session and store. Everything else talks to it by message; whoever asked is answered
//! after the save.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::clock;
use super::control::Asked;
use super::error::Error;
#[cfg(feature = "test-fakes")]
use super::failpoint::{self, Side};
use super::observer::{Observer, Update};
use super::perform::{Answer, Tools};
use super::protocol::{Ask, Reply};
use super::reporting;
use super::running::{Ending, Running};
use super::said;
use super::work::claim;
use crate::mission::Mission;
use crate::session::{self, Checkpoint, Effect, Event, Leave, Notice, Patience, Session, Stage, StopHow};
use crate::store::{self, Mark, Store};
use crate::view;
use crate::words::{Actor, AttemptId, Hash, PhaseId, Seq, Via};

/// A daemon about to run, or running.
pub(super) struct Daemon {
    pub(super) session: Arc<Session>,
    pub(super) tools: Arc<Tools>,
    pub(super) mission: Arc<Mission>,
    pub(super) running: Option<Running>,
    pub(super) answers: mpsc::UnboundedSender<Answer>,
    /// Where it is told that an effect broke.
    pub(super) broken: mpsc::UnboundedSender<String>,
    pub(super) observer: Observer,
    pub(super) patience: Patience,
    pub(super) signals: u8,
    /// The place in the journal that commits name.
    pub(super) anchor: Anchor,
    /// When this daemon began.
    pub(super) started_at: Timestamp,
    /// Holds the lock, and so goes last.
    pub(super) store: Store,
}

/// The newest `verified` record: what a commit's time, attempt and trailer are taken from, so that a commit made again
/// after a crash is the same commit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Anchor {
    pub(super) seq: Seq,
    pub(super) hash: Hash,
    pub(super) at: Timestamp,
    pub(super) attempt: AttemptId,
}

impl Anchor {
    const NONE: Self = Self { seq: Seq(0), hash: Hash::ZERO, at: Timestamp::UNIX_EPOCH, attempt: AttemptId(0) };

    /// Finds it in a journal. Read as a whole, but only by a daemon that takes over in the middle of a recording.
    pub(super) fn newest(store: &Store, stage: &Stage) -> Result<Self, Error> {
        let mut newest = Self::NONE;
        if matches!(stage.innermost(), Stage::Recording(_)) {
            let mut events = store::read_events(store.dir(), None, &Mark::ORIGIN)?;
            while let Some(record) = events.next() {
                let (seq, at, event) = record?;
                if let Event::Verified { attempt, .. } = event {
                    newest = Self { seq, hash: events.mark().hash, at, attempt };
                }
            }
        }
        Ok(newest)
    }
}

/// Where events come from.
pub(super) struct Inlets {
    pub(super) answers: mpsc::UnboundedReceiver<Answer>,
    pub(super) broken: mpsc::UnboundedReceiver<String>,
    pub(super) asks: mpsc::Receiver<Asked>,
    pub(super) interrupt: Signal,
    pub(super) terminate: Signal,
    /// The terminal is gone: as TERM, because nobody can press a second key there.
    pub(super) hangup: Signal,
    /// When the time slice of the whole daemon is over.
    pub(super) deadline: Option<Instant>,
}

/// One thing the loop heard.
enum Heard {
    Answer(Box<Answer>),
    /// An effect panicked: its answer will never come.
    Broke(String),
    Asked(Asked),
    Interrupted,
    Terminated,
    TimeIsUp,
}

/// How a daemon ended.
#[derive(Debug)]
pub struct Ended {
    /// Why it left.
    pub leave: Leave,
    /// The signal that made it leave, if one did.
    pub signal: Option<i32>,
    /// The session as saved.
    pub session: Arc<Session>,
}

impl Inlets {
    pub(super) fn open(
        answers: mpsc::UnboundedReceiver<Answer>,
        broken: mpsc::UnboundedReceiver<String>,
        asks: mpsc::Receiver<Asked>,
        time_limit: Option<Duration>,
    ) -> std::io::Result<Self> {
        let interrupt = signal(SignalKind::interrupt())?;
        let terminate = signal(SignalKind::terminate())?;
        let hangup = signal(SignalKind::hangup())?;
        let deadline = time_limit.map(|limit| Instant::now() + limit);
        Ok(Self { answers, broken, asks, interrupt, terminate, hangup, deadline })
    }

    async fn next(&mut self) -> Heard {
        let deadline = self.deadline;
        let time_is_up = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => pending().await,
            }
        };
        tokio::select! {
            Some(answer) = self.answers.recv() => Heard::Answer(Box::new(answer)),
            Some(what) = self.broken.recv() => Heard::Broke(what),
            Some(asked) = self.asks.recv() => Heard::Asked(asked),
            Some(()) = self.interrupt.recv() => Heard::Interrupted,
            Some(()) = self.terminate.recv() => Heard::Terminated,
            Some(()) = self.hangup.recv() => Heard::Terminated,
            () = time_is_up => Heard::TimeIsUp,
        }
    }
}

impl Daemon {
    /// Runs until there is a reason to leave. Then nothing of an effect is under way any more; the lock is still held.
    pub(super) async fn run(&mut self, inlets: Inlets) -> Result<Ended, Error> {
        let reason = self.heed(inlets).await;
        if let Some(running) = self.running.take() {
            running.end().await;
        }
        let (leave, signal) = reason?;
        self.close(leave, signal)
    }

    /// The loop. The first event is already in the journal; its effect is issued here.
    async fn heed(&mut self, mut inlets: Inlets) -> Result<(Leave, Option<i32>), Error> {
        self.issue()?;
        let mut last_signal = None;
        loop {
            if let Some(leave) = session::leave(&self.session, self.patience, clock::now()) {
                return Ok((leave, last_signal));
            }
            match inlets.next().await {
                Heard::Answer(answer) => self.take_answer(*answer)?,
                Heard::Broke(what) => {
                    // What became of the effect is not known: nothing is recorded, and the next daemon enters the stage again.
                    self.store.sync()?;
                    return Err(Error::Broke(what));
                }
                Heard::Asked(asked) => self.take_ask(asked)?,
                Heard::Interrupted => {
                    last_signal = Some(nix::libc::SIGINT);
                    self.signalled(StopHow::Drain)?;
                }
                Heard::Terminated => {
                    last_signal = Some(nix::libc::SIGTERM);
                    self.signalled(StopHow::Now)?;
                }
                Heard::TimeIsUp => {
                    inlets.deadline = None;
                    self.take(&Event::StopAsked { actor: Actor::Cco, how: StopHow::TimeLimit })?;
                }
            }
        }
    }

    fn take_answer(&mut self, answer: Answer) -> Result<(), Error> {
        // What a late answer derived is pinned in the lock file, and not part of the session.
        if let Some(mission) = answer.mission.filter(|_| answer.event.attempt() == Some(self.session.attempt)) {
            self.mission = mission;
        }
        self.take(&answer.event).map(drop)
    }

    /// Signals climb a ladder: finish the iteration, stop the worker, kill it (design section 9, Time).
    fn signalled(&mut self, first: StopHow) -> Result<(), Error> {
        let rung = self.signals.max(u8::from(first == StopHow::Now));
        self.signals = rung.saturating_add(1);
        let (how, told) = match rung {
            0 => (StopHow::Drain, "stopping after this iteration; again to stop now"),
            1 => (StopHow::Now, "stopping the worker; again to kill it"),
            _ => (StopHow::Kill, "killing the worker"),
        };
        self.observer.note(told);
        let actor = Actor::Operator { name: self.tools.user.clone(), via: Via::Signal };
        self.take(&Event::StopAsked { actor, how }).map(drop)
    }

    fn take_ask(&mut self, asked: Asked) -> Result<(), Error> {
        let Asked { ask, actor, reply } = asked;
        let event = match ask {
            Ask::Status => return self.answer(reply, Reply::Status(Box::new(self.status()))),
            Ask::Done { note, phase } => return self.done(reply, actor, &note, phase),
            ask => match said::event(&self.session, actor, ask) {
                Ok(event) => event,
                Err(refused) => return self.answer(reply, refused),
            },
        };
        let notices = self.take(&event)?;
        self.store.sync()?;
        let notes = notices.into_iter().map(|notice| notice.text).collect();
        self.answer(reply, Reply::Taken { stage: self.session.stage.name().to_owned(), notes })
    }

    fn answer(&self, reply: oneshot::Sender<Reply>, text: Reply) -> Result<(), Error> {
        if reply.send(text).is_err() {
            self.observer.note("a face left before its answer");
        }
        Ok(())
    }

    /// The worker's word that it is done: kept, and it ends an action only where a person works in its place and means the
    /// phase that is under way.
    fn done(
        &mut self,
        reply: oneshot::Sender<Reply>,
        actor: Actor,
        note: &str,
        phase: Option<String>,
    ) -> Result<(), Error> {
        let phase = phase.map(PhaseId::new);
        let place = |phase| self.session.charter.phases.iter().position(|known| known == phase);
        let meant = phase.as_ref().map(place);
        if meant == Some(None) {
            let known: Vec<&str> = self.session.charter.phases.iter().map(PhaseId::as_str).collect();
            let text = format!("there is no such phase; the mission's are: {}", known.join(", "));
            return self.answer(reply, nothing_by_that_name(text));
        }
        let now = meant.is_none_or(|meant| meant == Some(self.session.phase));
        let note = claim(note).to_owned();
        self.observer.tell(Update::Chip(format!("[Done: {}]", view::printable_line(&note))));
        self.take(&Event::Signalled { actor, phase, note })?;
        self.store.sync()?;
        let taken = now && self.running.as_ref().is_some_and(Running::done);
        let text = if taken { "noted; the checks decide" } else { "noted as a hint; the checks decide" };
        let stage = self.session.stage.name().to_owned();
        self.answer(reply, Reply::Taken { stage, notes: vec![text.to_owned()] })
    }

    fn status(&self) -> serde_json::Value {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let daemon = view::Daemon { pid: std::process::id(), started_at: self.started_at, version, page: None };
        serde_json::to_value(view::status(&self.session, clock::now()).owned_by(daemon)).unwrap_or_default()
    }

    fn append(&mut self, now: Timestamp, event: &Event) -> Result<(), Error> {
        #[cfg(feature = "test-fakes")]
        failpoint::reach(&self.tools.environment, Side::Before, self.store.last().seq.next());
        self.store.append(now, event)?;
        #[cfg(feature = "test-fakes")]
        failpoint::reach(&self.tools.environment, Side::After, self.store.last().seq);
        Ok(())
    }

    /// Decide, keep, do: the one law.
    fn take(&mut self, event: &Event) -> Result<Vec<Notice>, Error> {
        let now = clock::now();
        let before = self.session.attempt;
        tracing::debug!(event = event.name(), attempt = %before, "taken in");
        let (next, notices) = session::step(self.session.as_ref().clone(), now, event);
        self.append(now, event)?;
        if let Event::Verified { attempt, .. } = *event {
            let Mark { seq, hash, .. } = *self.store.last();
            self.anchor = Anchor { seq, hash, at: now, attempt };
        }
        let checkpoint = checkpoint_after(&self.session.stage, event);
        self.session = Arc::new(next);
        if matches!(event, Event::Proved { .. }) && !matches!(self.session.stage, Stage::Ended(_)) {
            // One of the verdicts that were taken over was wrong: none of them counts any more.
            self.store.caches().forget_verdicts()?;
        }
        if let Some(kind) = checkpoint {
            self.checkpoint(&kind);
        }
        for notice in &notices {
            self.observer.tell(Update::Notice(notice.clone()));
        }
        if self.session.attempt != before {
            self.issue()?;
        }
        if !matches!(event, Event::VerdictRecorded { .. }) || self.session.attempt != before {
            self.observer.tell(Update::Session(Arc::clone(&self.session)));
        }
        Ok(notices)
    }

    /// Issues the effect of the stage just entered.
    fn issue(&mut self) -> Result<(), Error> {
        let Some(effect) = self.session.effect() else {
            self.running = None;
            return self.store.sync().map_err(Error::from);
        };
        if self.session.owes_sync(&effect) {
            self.store.sync()?;
        }
        if matches!(effect, Effect::Prove { .. }) {
            self.store.verify_all()?;
        }
        tracing::debug!(effect = effect.name(), attempt = %self.session.attempt, "issued");
        match effect {
            Effect::Cancel { attempt, force } => self.cancel(attempt, force),
            effect => {
                let (task, over) = self.tools.task(&self.mission, &self.session, &self.answers, self.anchor);
                self.running = Some(Running::start(task, over, effect, self.broken.clone()));
            }
        }
        Ok(())
    }

    fn cancel(&mut self, attempt: crate::words::AttemptId, force: session::CancelForce) {
        let over = match self.running.as_mut().map(|running| running.cancel(force)) {
            Some(Ending::Answers) => return,
            Some(Ending::Silent(over)) => Some(over),
            None => None,
        };
        let answers = self.answers.clone();
        tokio::spawn(async move {
            if let Some(over) = over {
                over.wait().await;
            }
            let answer = Answer { event: Event::Cancelled { attempt }, mission: None };
            if answers.send(answer).is_err() {
                tracing::debug!("a cancellation came after the loop had ended");
            }
        });
    }

    /// Keeps a restore point. The run can go on without one: the journal has it all.
    fn checkpoint(&mut self, kind: &Checkpoint) {
        if let Err(error) = self.store.checkpoint(kind, &self.session) {
            self.observer.note(format!("a restore point was not kept: {error}"));
        }
    }

    /// Decides and keeps without acting: for the events before the loop begins.
    pub(super) fn note(&mut self, event: &Event) -> Result<(), Error> {
        let now = clock::now();
        let (next, notices) = session::step(self.session.as_ref().clone(), now, event);
        self.append(now, event)?;
        self.session = Arc::new(next);
        for notice in notices {
            self.observer.tell(Update::Notice(notice));
        }
        Ok(())
    }

    fn close(&mut self, leave: Leave, signal: Option<i32>) -> Result<Ended, Error> {
        self.store.sync()?;
        self.checkpoint(&Checkpoint::Full);
        let Tools { state, repo, .. } = &*self.tools;
        if let Err(error) = reporting::write(state, repo, &self.session, clock::now()) {
            self.observer.note(format!("the report was not written: {error}"));
        }
        Ok(Ended { leave, signal, session: Arc::clone(&self.session) })
    }
}

/// The restore point an event asks for.
fn checkpoint_after(stage: &Stage, event: &Event) -> Option<Checkpoint> {
    match (stage, event) {
        (Stage::Recording(order), Event::Recorded { .. }) => Some(order.checkpoint.clone()),
        _ => None,
    }
}

fn nothing_by_that_name(text: String) -> Reply {
    Reply::Refused { code: "CCO-E0423".to_owned(), text }
}
