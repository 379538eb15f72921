//! What people say to a run, as events: over the socket while a daemon runs, else written down for the next one.

use super::clock;
use super::error::Error;
use super::protocol::{Ask, Reply, StopWhen};
use crate::session::{self, Answer, CharterCheck, End, Event, Session, Stage, StopHow};
use crate::store::{self, Lock, StateDir, Store};
use crate::words::{Actor, CriterionId, Via};

/// The event of what somebody asks for; a refusal where it names what the run does not have.
pub(super) fn event(session: &Session, actor: Actor, ask: Ask) -> Result<Event, Reply> {
    Ok(match ask {
        Ask::Pause => match session.stage {
            Stage::Stopping { .. } => {
                return Err(refused("CCO-E0422", "cco is stopping; say it again once it has left"));
            }
            Stage::Ended(_) => return Err(refused("CCO-E0422", "the mission has ended: there is nothing to pause")),
            _ => Event::PauseAsked { actor },
        },
        Ask::Resume => Event::ResumeAsked { actor },
        Ask::Stop { when } => Event::StopAsked { actor, how: stop_how(when) },
        Ask::Guide { text } => Event::Guided { actor, text },
        Ask::Limits { max_iterations, usd } => {
            let mut limits = session.charter.limits.clone();
            limits.max_iterations = max_iterations.or(limits.max_iterations);
            limits.usd = usd.or(limits.usd);
            Event::LimitsSet { actor, limits }
        }
        Ask::Answer { criterion, approve, note } => {
            let criterion = has_manual_check(session, &criterion)?;
            let answer = if approve { Answer::Approve } else { Answer::Reject };
            Event::Answered { actor, criterion, answer, note }
        }
        Ask::Done { .. } | Ask::Status => return Err(refused("CCO-E0422", "there is nothing to write down")),
    })
}

fn has_manual_check(session: &Session, name: &str) -> Result<CriterionId, Reply> {
    let id = CriterionId::new(name);
    let Some(criterion) = session.charter.criterion(&id) else {
        return Err(refused("CCO-E0423", &format!("there is no criterion “{name}”; `cco status` lists them")));
    };
    match criterion.checks.iter().any(CharterCheck::asks_person) {
        true => Ok(id),
        false => Err(refused("CCO-E0423", &format!("the criterion “{name}” has no manual check: its checks decide"))),
    }
}

fn refused(code: &str, text: &str) -> Reply {
    Reply::Refused { code: code.to_owned(), text: text.to_owned() }
}

const fn stop_how(when: StopWhen) -> StopHow {
    match when {
        StopWhen::AfterIteration => StopHow::Drain,
        StopWhen::Now => StopHow::Now,
        StopWhen::Kill => StopHow::Kill,
    }
}

/// Writes down what somebody says while no daemon runs; the next one finds it in the journal. Nothing is done here: a
/// run that waits for a person is stopped first, so that the answer enters no stage whose effect nobody would perform;
/// whoever starts it next goes on.
///
/// # Errors
/// The store's: there is no run, a daemon has come meanwhile, the disk.
pub fn tell(state: &StateDir, user: &str, ask: Ask) -> Result<Reply, Error> {
    if store::current_run(state)?.is_none() {
        return Err(store::Error::NoRun { path: state.root().to_owned() }.into());
    }
    let lock = Lock::acquire(state, clock::now())?;
    let opened = Store::open(state.clone(), lock, clock::now())?;
    let (mut store, mut session) = (opened.store, opened.session);
    if matches!(session.stage, Stage::Ended(End::Done { .. })) {
        return Ok(refused("CCO-E0422", "the mission is done and proven: nobody would read it"));
    }
    let actor = Actor::Operator { name: user.to_owned(), via: Via::Cli };
    let said = match event(&session, actor.clone(), ask) {
        Ok(event) => event,
        Err(refused) => return Ok(refused),
    };
    let waits = matches!(session.stage, Stage::AwaitingHuman { .. });
    let mut notes = opened.repaired;
    for event in waits.then_some(Event::StopAsked { actor, how: StopHow::Now }).into_iter().chain([said]) {
        let now = clock::now();
        let (next, notices) = session::step(session, now, &event);
        store.append(now, &event)?;
        session = next;
        notes.extend(notices.into_iter().map(|notice| notice.text));
    }
    store.sync()?;
    Ok(Reply::Taken { stage: session.stage.name().to_owned(), notes })
}
