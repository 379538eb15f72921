//! A scripted OpenRouter on loopback: answers each chat completion with the next reply of its script, good or faulty,
//! records what it was sent, and keeps a meter of what it would have billed.
//!
//! Plain threads over `std::net`, so that a fault is exactly the bytes written here and nothing a server would mend.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// One entry of a script.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// A completion with this content that costs so many micro-dollars.
    Says { content: String, micros: u64 },
    /// Any status, headers and body.
    Http { status: u16, headers: Vec<(String, String)>, body: Vec<u8> },
    /// Nothing, until the client gives up.
    Hang,
    /// The connection is closed without a byte.
    Close,
    /// The head announces more than the body that comes.
    Cut { body: Vec<u8> },
    /// One blank at a time, for ever.
    Drip,
    /// Blank keep-alive lines, then a completion.
    Blanks { content: String },
    /// A body of so many bytes that begins like a completion.
    Huge { bytes: usize },
    /// A small compressed body that becomes this many times 258 bytes.
    Bomb { matches: usize },
}

/// One request as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Value,
}

struct Shared {
    script: Mutex<VecDeque<Reply>>,
    /// What each `GET` is answered; nothing: never.
    reads: Mutex<BTreeMap<String, Option<Value>>>,
    seen: Mutex<Vec<Seen>>,
    billed: AtomicU64,
    over: AtomicBool,
}

/// The server; it ends when dropped.
pub(crate) struct OpenRouter {
    address: std::net::SocketAddr,
    shared: Arc<Shared>,
}

impl Reply {
    /// A completion that costs 0.0021 dollars.
    pub(crate) fn says(content: impl Into<String>) -> Self {
        Self::Says { content: content.into(), micros: 2100 }
    }

    /// A JSON body with a status.
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::Http { status, headers: vec![], body: body.to_string().into_bytes() }
    }

    /// An error in OpenRouter's form, whose codes are integers.
    pub(crate) fn error(status: u16, message: &str) -> Self {
        Self::json(status, &json!({ "error": { "code": status, "message": message } }))
    }

    /// The same with another header.
    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        match self {
            Self::Http { status, mut headers, body } => {
                headers.push((name.to_owned(), value.to_owned()));
                Self::Http { status, headers, body }
            }
            other => panic!("{other:?} has no headers"),
        }
    }

    /// A body that is not JSON.
    pub(crate) fn raw(status: u16, body: &str) -> Self {
        Self::Http { status, headers: vec![], body: body.as_bytes().to_vec() }
    }
}

/// A completion as OpenRouter sends it.
pub(crate) fn completion(content: &str, micros: u64) -> Value {
    json!({
        "id": "gen-1700000000-abc", "provider": "Test", "model": "test/served", "object": "chat.completion",
        "created": 1_700_000_000,
        "choices": [{ "index": 0, "finish_reason": "stop", "native_finish_reason": "end_turn",
            "message": { "role": "assistant", "content": content, "refusal": null, "reasoning": null } }],
        "usage": { "prompt_tokens": 1000, "completion_tokens": 50, "total_tokens": 1050,
            "cost": micros as f64 / 1e6, "is_byok": false,
            "prompt_tokens_details": { "cached_tokens": 600 },
            "completion_tokens_details": { "reasoning_tokens": 0 } },
    })
}

impl OpenRouter {
    pub(crate) fn start(script: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            script: Mutex::new(script.into()),
            reads: Mutex::default(),
            seen: Mutex::default(),
            billed: AtomicU64::new(0),
            over: AtomicBool::new(false),
        });
        let ours = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if ours.over.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(stream), shared) = (stream, Arc::clone(&ours)) else { continue };
                // A client that hangs up in the middle is part of many scripts.
                thread::spawn(move || serve(stream, &shared).ok());
            }
        });
        Self { address, shared }
    }

    /// The address of the API, as `openrouter.base_url` takes it.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/api/v1", self.address)
    }

    /// Adds replies to the script.
    pub(crate) fn script(&self, replies: impl IntoIterator<Item = Reply>) {
        self.shared.script.lock().unwrap().extend(replies);
    }

    /// Answers `GET path` with a JSON body.
    pub(crate) fn reads(&self, path: &str, body: Value) {
        self.shared.reads.lock().unwrap().insert(path.to_owned(), Some(body));
    }

    /// Never answers `GET path`.
    pub(crate) fn hangs(&self, path: &str) {
        self.shared.reads.lock().unwrap().insert(path.to_owned(), None);
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// The chat completions so far.
    pub(crate) fn chats(&self) -> Vec<Value> {
        self.seen().into_iter().filter(|seen| seen.method == "POST").map(|seen| seen.body).collect()
    }

    /// What the completions so far would have cost, in micro-dollars.
    pub(crate) fn billed(&self) -> u64 {
        self.shared.billed.load(Ordering::SeqCst)
    }
}

impl Drop for OpenRouter {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        // Wakes the listener; whether it is still there does not matter.
        drop(TcpStream::connect(self.address));
    }
}

fn serve(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let seen = read_request(&stream)?;
    let (method, path) = (seen.method.clone(), seen.path.clone());
    shared.seen.lock().unwrap().push(seen);
    if method == "GET" {
        let plain = path.split('?').next().unwrap_or_default().trim_start_matches("/api/v1").to_owned();
        let known = shared.reads.lock().unwrap().get(&plain).cloned();
        let reply = match known {
            Some(Some(body)) => Reply::json(200, &body),
            Some(None) => Reply::Hang,
            None => Reply::error(404, "no such thing"),
        };
        return write_reply(&mut stream, reply, shared);
    }
    let next = shared.script.lock().unwrap().pop_front();
    write_reply(&mut stream, next.unwrap_or_else(|| Reply::error(400, "the script is over")), shared)
}

fn read_request(stream: &TcpStream) -> std::io::Result<Seen> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Seen { method, path, headers, body: serde_json::from_slice(&body).unwrap_or(Value::Null) })
}

fn write_reply(stream: &mut TcpStream, reply: Reply, shared: &Shared) -> std::io::Result<()> {
    let json_head = |length: usize| {
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
        )
    };
    let endless = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n";
    match reply {
        Reply::Says { content, micros } => {
            shared.billed.fetch_add(micros, Ordering::SeqCst);
            let body = completion(&content, micros).to_string();
            stream.write_all(json_head(body.len()).as_bytes())?;
            stream.write_all(body.as_bytes())
        }
        Reply::Http { status, headers, body } => {
            let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
            let length = body.len();
            let head =
                format!("HTTP/1.1 {status} Scripted\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n");
            stream.write_all(head.as_bytes())?;
            stream.write_all(&body)
        }
        Reply::Hang => wait_for_hang_up(stream),
        Reply::Close => stream.shutdown(Shutdown::Both),
        Reply::Cut { body } => {
            stream.write_all(json_head(body.len() + 1000).as_bytes())?;
            stream.write_all(&body)
        }
        Reply::Drip => {
            stream.write_all(endless.as_bytes())?;
            loop {
                stream.write_all(b" ")?;
                thread::sleep(Duration::from_millis(20));
            }
        }
        Reply::Blanks { content } => {
            shared.billed.fetch_add(2100, Ordering::SeqCst);
            let body = format!("{}{}", "\n         \n".repeat(40), completion(&content, 2100));
            stream.write_all(json_head(body.len()).as_bytes())?;
            stream.write_all(body.as_bytes())
        }
        Reply::Huge { bytes } => {
            stream.write_all(endless.as_bytes())?;
            stream.write_all(b"{\"id\":\"gen-17-huge\",\"x\":\"")?;
            let chunk = [b'x'; 65536];
            (0..bytes / chunk.len() + 1).try_for_each(|_| stream.write_all(&chunk))
        }
        Reply::Bomb { matches } => {
            let body = bomb(matches);
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes())?;
            stream.write_all(&body)
        }
    }
}

fn wait_for_hang_up(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut rest = [0; 64];
    while stream.read(&mut rest)? > 0 {}
    Ok(())
}

/// A gzip stream of one blank and so many copies of 258 more: a fixed-Huffman block with matches at distance one.
fn bomb(matches: usize) -> Vec<u8> {
    let mut bits: Vec<bool> = vec![true, true, false];
    let mut code = |value: u32, width: u32| bits.extend((0..width).rev().map(|bit| value >> bit & 1 == 1));
    code(0x30 + 0x20, 8);
    for _ in 0..matches {
        code(0b1100_0101, 8);
        code(0, 5);
    }
    code(0, 7);
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    out.extend(
        bits.chunks(8).map(|byte| byte.iter().enumerate().map(|(place, bit)| u8::from(*bit) << place).sum::<u8>()),
    );
    out.extend([0; 8]);
    out
}
