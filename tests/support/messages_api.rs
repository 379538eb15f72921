//! A scripted Anthropic Messages API on loopback, to drive the real `claude` in tests.
//!
//! Steps are used up in order; each request that asks for a message is recorded whole. Nothing checks the key and
//! nothing leaves the machine. Dropping the server opens its gates, shuts its connections and joins its threads.

mod answer;
mod gate;
mod record;
mod script;

use std::collections::BTreeMap;
use std::io::{self, BufReader};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};

use serde_json::{Value, json};

use super::PATIENCE;
use super::http::{self, Incoming};
pub(crate) use gate::Gate;
pub(crate) use record::{Outcome, Request};
use script::{Act, Ending};
pub(crate) use script::{Script, Step, When};

const JSON: &str = "application/json";

/// A running scripted Messages API.
#[derive(Debug)]
pub(crate) struct MessagesApi {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    came: Condvar,
}

#[derive(Debug)]
struct State {
    script: Script,
    used: Vec<usize>,
    requests: Vec<Request>,
    connections: BTreeMap<usize, TcpStream>,
    /// Set once, when the server is dropped: no further connection is served.
    ended: bool,
}

impl MessagesApi {
    /// Starts serving a script on a free port of 127.0.0.1.
    pub(crate) fn start(script: Script) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let state = State {
            used: vec![0; script.steps.len()],
            script,
            requests: Vec::new(),
            connections: BTreeMap::new(),
            ended: false,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), came: Condvar::new() });
        let of_listener = Arc::clone(&shared);
        let listener = Some(thread::spawn(move || accept(&listener, &of_listener)));
        Self { address, shared, listener }
    }

    /// What `ANTHROPIC_BASE_URL` is set to.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests for a message so far, in the order in which they came.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.state.lock().unwrap().requests.clone()
    }

    /// Waits until so many requests have come, and gives all of them.
    pub(crate) fn wait_for_requests(&self, count: usize) -> Vec<Request> {
        let guard = self.shared.state.lock().unwrap();
        let waiting = self.shared.came.wait_timeout_while(guard, PATIENCE, |state| state.requests.len() < count);
        let requests = waiting.unwrap().0.requests.clone();
        assert!(requests.len() >= count, "{} of {count} requests came within {PATIENCE:?}", requests.len());
        requests
    }

    /// How many requests no step of the script had foreseen.
    pub(crate) fn unscripted(&self) -> usize {
        self.requests().iter().filter(|request| request.step.is_none()).count()
    }

    /// How many steps have not been used up; a step that serves for ever counts until it has served once.
    pub(crate) fn steps_left(&self) -> usize {
        let state = self.shared.state.lock().unwrap();
        state.script.steps.iter().zip(&state.used).filter(|(step, used)| **used < step.times.unwrap_or(1)).count()
    }

    /// Puts one more step at the end of the script.
    pub(crate) fn then(&self, step: Step) {
        let mut state = self.shared.state.lock().unwrap();
        state.script.steps.push(step);
        state.used.push(0);
    }
}

impl Drop for MessagesApi {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.ended = true;
        let steps = state.script.steps.iter().chain([&state.script.fallback]);
        steps.filter_map(|step| step.gate.as_ref()).for_each(Gate::open);
        for connection in state.connections.values() {
            // A connection that the client has left is not there to be shut.
            drop(connection.shutdown(Shutdown::Both));
        }
        drop(state);
        // The listener sits in `accept`; a connection wakes it, and it sees that the server has ended.
        drop(TcpStream::connect(self.address));
        if let Some(listener) = self.listener.take() {
            drop(listener.join());
        }
    }
}

/// Serves each connection on a thread of its own until the server ends, then joins them all.
fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut threads = Vec::new();
    for (number, connection) in listener.incoming().enumerate() {
        let Ok(stream) = connection else { continue };
        {
            let mut state = shared.state.lock().unwrap();
            if state.ended {
                break;
            }
            state.connections.insert(number, stream.try_clone().unwrap());
        }
        let shared = Arc::clone(shared);
        threads.push(thread::spawn(move || {
            serve(&stream, &shared);
            // This clone would hold the socket open, and a reset would never be sent.
            shared.state.lock().unwrap().connections.remove(&number);
        }));
    }
    for thread in threads {
        drop(thread.join());
    }
}

/// Answers the requests of one connection until either side closes it.
fn serve(stream: &TcpStream, shared: &Shared) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Ok(Some(incoming)) = http::read_request(&mut reader) {
        match respond(stream, &incoming, shared) {
            Ok(Next::Request) => {}
            Ok(Next::Close) | Err(_) => break,
        }
    }
}

/// Whether a connection goes on after an answer.
enum Next {
    Request,
    Close,
}

fn respond(stream: &TcpStream, incoming: &Incoming, shared: &Shared) -> io::Result<Next> {
    let path = incoming.path.split('?').next().unwrap_or_default();
    match (incoming.method.as_str(), path) {
        ("POST", "/v1/messages") => respond_with_step(stream, incoming, shared),
        ("POST", "/v1/messages/count_tokens") => {
            json_answer(stream, 200, &[], &json!({"input_tokens": incoming.body.len() / 4}))
        }
        ("GET", "/v1/models") => json_answer(stream, 200, &[], &json!({"data": [], "has_more": false})),
        ("HEAD", _) => http::write_whole(stream, 200, &[], JSON, b"").map(|()| Next::Request),
        _ => json_answer(
            stream,
            404,
            &[],
            &json!({"type": "error", "error": {"type": "not_found_error", "message": path}}),
        ),
    }
}

fn json_answer(stream: &TcpStream, status: u16, headers: &[(String, String)], body: &Value) -> io::Result<Next> {
    http::write_whole(stream, status, headers, JSON, body.to_string().as_bytes()).map(|()| Next::Request)
}

fn respond_with_step(stream: &TcpStream, incoming: &Incoming, shared: &Shared) -> io::Result<Next> {
    let Ok(body) = serde_json::from_slice::<Value>(&incoming.body) else {
        let error = json!({"type": "error", "error": {"type": "invalid_request_error", "message": "not JSON"}});
        return json_answer(stream, 400, &[], &error);
    };
    let streamed = body["stream"] == true;
    let (number, step) = shared.take(Request::new(incoming, body.clone()));
    if let Some(gate) = &step.gate {
        gate.pass();
    }
    let result = perform(stream, &step, &body, streamed);
    let outcome = if result.is_ok() { Outcome::Served } else { Outcome::ClientLeft };
    shared.state.lock().unwrap().requests[number].outcome = outcome;
    shared.came.notify_all();
    result
}

impl Shared {
    /// Records a request and uses up the step that serves it.
    fn take(&self, mut request: Request) -> (usize, Step) {
        let mut state = self.state.lock().unwrap();
        let free =
            |(step, used): (&Step, &usize)| step.times.is_none_or(|times| *used < times) && request.fits(&step.when);
        let place = state.script.steps.iter().zip(&state.used).position(free);
        let step = match place {
            Some(place) => {
                state.used[place] += 1;
                state.script.steps[place].clone()
            }
            None => state.script.fallback.clone(),
        };
        request.step = place;
        state.requests.push(request);
        self.came.notify_all();
        (state.requests.len() - 1, step)
    }
}

/// Does what the step says.
fn perform(stream: &TcpStream, step: &Step, request: &Value, streamed: bool) -> io::Result<Next> {
    match &step.act {
        Act::Http { status, body } => json_answer(stream, *status, &step.headers, body),
        Act::Hang => hang(stream),
        Act::Close => reset(stream),
        Act::Garbage(page) => {
            http::write_whole(stream, 200, &step.headers, "text/html", page.as_bytes()).map(|()| Next::Request)
        }
        Act::Answer { blocks, ending } => {
            let message = answer::message(step, blocks, request);
            if streamed {
                stream_answer(stream, step, &message, ending)
            } else {
                whole_answer(stream, step, &message, ending)
            }
        }
    }
}

fn hang(stream: &TcpStream) -> io::Result<Next> {
    http::wait_until_gone(stream);
    Ok(Next::Close)
}

fn reset(stream: &TcpStream) -> io::Result<Next> {
    http::reset_when_dropped(stream)?;
    Ok(Next::Close)
}

fn whole_answer(stream: &TcpStream, step: &Step, message: &Value, ending: &Ending) -> io::Result<Next> {
    match ending {
        Ending::Whole => json_answer(stream, 200, &step.headers, message),
        Ending::Cut(_) => reset(stream),
        Ending::Stall(_) => hang(stream),
        Ending::Error(_, kind, text) => json_answer(stream, 529, &step.headers, &error_event(kind, text)),
    }
}

fn stream_answer(stream: &TcpStream, step: &Step, message: &Value, ending: &Ending) -> io::Result<Next> {
    let events = answer::events(message);
    let sent = match ending {
        Ending::Whole => events.len(),
        Ending::Cut(sent) | Ending::Stall(sent) | Ending::Error(sent, _, _) => *sent,
    };
    http::begin_chunks(stream, &step.headers, "text/event-stream; charset=utf-8")?;
    for event in events.iter().take(sent) {
        http::write_chunk(stream, &wire(event))?;
    }
    match ending {
        Ending::Whole => {}
        Ending::Cut(_) => return reset(stream),
        Ending::Stall(_) => return hang(stream),
        Ending::Error(_, kind, text) => http::write_chunk(stream, &wire(&error_event(kind, text)))?,
    }
    http::end_chunks(stream).map(|()| Next::Request)
}

fn error_event(kind: &str, message: &str) -> Value {
    json!({"type": "error", "error": {"type": kind, "message": message}})
}

/// An event as server-sent events have it.
fn wire(event: &Value) -> Vec<u8> {
    format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or_default()).into_bytes()
}
