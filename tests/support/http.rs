//! As much of HTTP/1.1 as a scripted loopback server needs: reading requests, writing whole or chunked answers, and
//! breaking a connection on purpose.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use nix::libc::linger;
use nix::sys::socket::{setsockopt, sockopt::Linger};

/// The largest request body taken; a conversation of a test is far below.
const BODY_LIMIT: u64 = 64 << 20;

/// A request as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Incoming {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Incoming {
    /// The value of a header, whatever the case of its name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Reads one request; `None` when the client has closed the connection between two requests.
pub(crate) fn read_request(reader: &mut BufReader<TcpStream>) -> io::Result<Option<Incoming>> {
    let mut first = String::new();
    if reader.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    let mut words = first.split_whitespace();
    let (Some(method), Some(path)) = (words.next(), words.next()) else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("not a request line: {first:?}")));
    };
    let mut request =
        Incoming { method: method.to_owned(), path: path.to_owned(), headers: Vec::new(), body: Vec::new() };
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        request.headers.push((name.to_owned(), value.trim().to_owned()));
    }
    request.body = read_body(reader, &request)?;
    Ok(Some(request))
}

fn read_body(reader: &mut BufReader<TcpStream>, request: &Incoming) -> io::Result<Vec<u8>> {
    if request.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        return read_chunks(reader);
    }
    let length = request.header("content-length").and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    read_exactly(reader, length)
}

fn read_chunks(reader: &mut BufReader<TcpStream>) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut size = String::new();
        reader.read_line(&mut size)?;
        let length = u64::from_str_radix(size.trim(), 16).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        body.extend(read_exactly(reader, length)?);
        read_exactly(reader, 2)?;
        if length == 0 {
            return Ok(body);
        }
    }
}

fn read_exactly(reader: &mut BufReader<TcpStream>, length: u64) -> io::Result<Vec<u8>> {
    if length > BODY_LIMIT {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a body of {length} bytes")));
    }
    let mut bytes = Vec::new();
    reader.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == length { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Writes a whole answer of a known length.
pub(crate) fn write_whole(
    mut stream: &TcpStream,
    status: u16,
    headers: &[(String, String)],
    kind: &str,
    body: &[u8],
) -> io::Result<()> {
    let mut answer = head(status, headers, kind);
    answer.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    stream.write_all(&[answer.as_bytes(), body].concat())?;
    stream.flush()
}

/// Opens a chunked answer; [`write_chunk`] follows, and [`end_chunks`] closes it.
pub(crate) fn begin_chunks(mut stream: &TcpStream, headers: &[(String, String)], kind: &str) -> io::Result<()> {
    let mut answer = head(200, headers, kind);
    answer.push_str("cache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n");
    stream.write_all(answer.as_bytes())
}

/// Writes one chunk at once.
pub(crate) fn write_chunk(mut stream: &TcpStream, bytes: &[u8]) -> io::Result<()> {
    let size = format!("{:x}\r\n", bytes.len());
    stream.write_all(&[size.as_bytes(), bytes, b"\r\n"].concat())?;
    stream.flush()
}

/// Ends a chunked answer properly.
pub(crate) fn end_chunks(mut stream: &TcpStream) -> io::Result<()> {
    stream.write_all(b"0\r\n\r\n")?;
    stream.flush()
}

fn head(status: u16, headers: &[(String, String)], kind: &str) -> String {
    let mut head = format!("HTTP/1.1 {status} Scripted\r\ncontent-type: {kind}\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head
}

/// Makes the end of this connection a reset, which is what a client sees of a network that fails.
pub(crate) fn reset_when_dropped(stream: &TcpStream) -> io::Result<()> {
    setsockopt(stream, Linger, &linger { l_onoff: 1, l_linger: 0 }).map_err(io::Error::from)
}

/// Blocks until the client has closed its side or the server has shut this one.
pub(crate) fn wait_until_gone(mut stream: &TcpStream) {
    let mut waste = [0; 4096];
    while matches!(stream.read(&mut waste), Ok(1..)) {}
}
