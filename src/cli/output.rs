//! The one writer of the program: data to stdout, all else to stderr.
//!
//! A reader that closes its end early is not an error (`cco history | head`): what comes after is dropped in silence.
//! Every other failed write is told, once, by [`Output::finish`].

use std::io::{self, Write};

use super::environment::{Environment, Stream};
use super::screen::folded;

/// When colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum When {
    /// On a terminal that has them, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Whether there are colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Escape sequences for colours are written.
    On,
    /// None are.
    Off,
}

/// Which characters a terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// All.
    Unicode,
    /// Only the plain ones.
    Ascii,
}

/// How much is said beside the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Volume {
    /// Only errors.
    Quiet,
    /// What a person wants to know.
    Normal,
    /// More of it, by number of `-v`.
    Verbose(u8),
}

/// How something is drawn on one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Colours.
    pub colour: Colour,
    /// Characters.
    pub charset: Charset,
    /// Columns.
    pub width: usize,
    /// Rows; a live view never draws more.
    pub height: usize,
}

/// Colours text, or leaves it. Colour is never the only sign of anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint(pub Colour);

/// The two streams.
pub struct Output {
    out: Sink,
    err: Sink,
    volume: Volume,
}

struct Sink {
    writer: Box<dyn Write + Send>,
    style: Style,
    terminal: bool,
    closed: bool,
    failed: Option<io::Error>,
}

impl Style {
    /// How to draw on a stream.
    #[must_use]
    pub fn new(environment: &Environment, stream: Stream, when: When) -> Self {
        let size = match stream {
            Stream::Terminal(size) => size,
            Stream::Plain => None,
        };
        let told = |name| environment.text(name).and_then(|text| text.parse::<u16>().ok());
        let columns = told("COLUMNS").or(size.map(|(columns, _)| columns)).unwrap_or(80);
        let rows = told("LINES").or(size.map(|(_, rows)| rows)).unwrap_or(24);
        let style =
            Self { colour: colour(environment, stream, when), charset: charset(environment), width: 0, height: 0 };
        style.sized(columns, rows)
    }

    /// The same on a terminal of this size.
    #[must_use]
    pub fn sized(self, columns: u16, rows: u16) -> Self {
        // Beyond 120 columns lines are hard to read, below 40 nothing fits.
        Self { width: usize::from(columns).clamp(40, 120), height: usize::from(rows).max(8), ..self }
    }

    /// The colours of this style.
    #[must_use]
    pub const fn paint(self) -> Paint {
        Paint(self.colour)
    }
}

fn colour(environment: &Environment, stream: Stream, when: When) -> Colour {
    let forced = environment.text("CLICOLOR_FORCE").is_some_and(|value| value != "0");
    let dumb = environment.text("TERM").is_none_or(|term| term == "dumb");
    let on = match when {
        When::Always => true,
        When::Never => false,
        When::Auto if environment.text("NO_COLOR").is_some() => false,
        When::Auto => forced || stream.is_terminal() && !dumb,
    };
    if on { Colour::On } else { Colour::Off }
}

/// The first of the three that is set decides, as in `setlocale`. Without any of them UTF-8 is by far the likeliest.
fn charset(environment: &Environment) -> Charset {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| environment.text(name));
    let unicode = locale.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    });
    if unicode { Charset::Unicode } else { Charset::Ascii }
}

impl Paint {
    fn wrap(self, code: &str, text: &str) -> String {
        match self.0 {
            Colour::On if !text.is_empty() => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            Colour::On | Colour::Off => text.to_owned(),
        }
    }

    /// What the eye should find first.
    #[must_use]
    pub fn strong(self, text: &str) -> String {
        self.wrap("1", text)
    }

    /// What may be overlooked.
    #[must_use]
    pub fn faint(self, text: &str) -> String {
        self.wrap("2", text)
    }

    /// What is well.
    #[must_use]
    pub fn good(self, text: &str) -> String {
        self.wrap("32", text)
    }

    /// What is not.
    #[must_use]
    pub fn bad(self, text: &str) -> String {
        self.wrap("31", text)
    }

    /// What somebody should look at.
    #[must_use]
    pub fn warn(self, text: &str) -> String {
        self.wrap("33", text)
    }
}

impl Sink {
    fn tell(&mut self, text: &str) {
        if self.terminal {
            let width = self.style.width;
            let broken: Vec<String> = text.split('\n').flat_map(|line| folded(line, width)).collect();
            self.write(&broken.join("\n"));
        } else {
            self.write(text);
        }
    }

    fn write(&mut self, text: &str) {
        if self.closed || self.failed.is_some() {
            return;
        }
        let written = self.writer.write_all(text.as_bytes()).and_then(|()| self.writer.flush());
        match written {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.closed = true,
            Err(error) => self.failed = Some(error),
        }
    }
}

impl Output {
    /// The streams of this process.
    #[must_use]
    pub fn standard(environment: &Environment, when: When, volume: Volume) -> Self {
        Self::to(Box::new(io::stdout()), Box::new(io::stderr()), environment, when, volume)
    }

    /// Any two streams, drawn on as the environment says of stdout and stderr.
    #[must_use]
    pub fn to(
        out: Box<dyn Write + Send>,
        err: Box<dyn Write + Send>,
        environment: &Environment,
        when: When,
        volume: Volume,
    ) -> Self {
        let sink = |writer, stream: Stream| Sink {
            writer,
            style: Style::new(environment, stream, when),
            terminal: stream.is_terminal(),
            closed: false,
            failed: None,
        };
        Self { out: sink(out, environment.stdout), err: sink(err, environment.stderr), volume }
    }

    /// Writes data.
    pub fn data(&mut self, text: &str) {
        self.out.write(text);
    }

    /// Writes one JSON value on a line of its own, several lines if a person looks at it.
    ///
    /// # Errors
    /// If the value cannot be written as JSON.
    pub fn json(&mut self, value: &impl serde::Serialize) -> Result<(), serde_json::Error> {
        let text = if self.out.terminal { serde_json::to_string_pretty(value)? } else { serde_json::to_string(value)? };
        self.out.write(&text);
        self.out.write("\n");
        Ok(())
    }

    /// Tells a person something, unless they asked for quiet. On a terminal long lines are broken between words.
    pub fn note(&mut self, text: &str) {
        if self.volume > Volume::Quiet {
            self.err.tell(text);
        }
    }

    /// Tells of a failure, always; broken as a note is.
    pub fn failure(&mut self, text: &str) {
        self.err.tell(text);
    }

    /// Writes what draws itself on the terminal, as it is, unless quiet was asked for.
    pub fn draw(&mut self, bytes: &str) {
        if self.volume > Volume::Quiet {
            self.err.write(bytes);
        }
    }

    /// How to draw data.
    #[must_use]
    pub const fn data_style(&self) -> Style {
        self.out.style
    }

    /// How to draw all else.
    #[must_use]
    pub const fn note_style(&self) -> Style {
        self.err.style
    }

    /// Takes a new size of the terminal on stderr over.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.err.style = self.err.style.sized(columns, rows);
    }

    /// Whether lines on stderr can be drawn anew in place. With `-v` nothing may be drawn over.
    #[must_use]
    pub const fn can_redraw(&self) -> bool {
        self.err.terminal && matches!(self.volume, Volume::Normal)
    }

    /// Whether more is to be said than a person usually wants to know.
    #[must_use]
    pub const fn is_verbose(&self) -> bool {
        matches!(self.volume, Volume::Verbose(_))
    }

    /// Whether the reader of the data is gone: a stream of data may stop.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.out.closed
    }

    /// The write of data that failed, if one did: the data is not whole.
    pub fn finish(&mut self) -> Option<io::Error> {
        self.out.failed.take()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A stream that can be read afterwards.
    #[derive(Clone, Default)]
    pub(crate) struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Kept {
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// An output whose two streams are kept.
    pub(crate) fn kept(volume: Volume) -> (Output, Kept, Kept) {
        let (out, err) = (Kept::default(), Kept::default());
        let environment = Environment::default();
        let output = Output::to(Box::new(out.clone()), Box::new(err.clone()), &environment, When::Auto, volume);
        (output, out, err)
    }

    struct Fails(io::ErrorKind);

    impl Write for Fails {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn failing(kind: io::ErrorKind) -> Output {
        let environment = Environment::default();
        Output::to(Box::new(Fails(kind)), Box::new(io::sink()), &environment, When::Auto, Volume::Normal)
    }

    fn environment(variables: &[(&str, &str)]) -> Environment {
        let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Environment { variables, ..Environment::default() }
    }

    fn colour_of(variables: &[(&str, &str)], when: When) -> Colour {
        Style::new(&environment(variables), Stream::Terminal(None), when).colour
    }

    #[test]
    fn a_reader_that_leaves_early_is_not_an_error_and_a_full_disk_is() {
        let mut left = failing(io::ErrorKind::BrokenPipe);
        left.data("x");
        assert!(left.is_closed() && left.finish().is_none());
        let mut full = failing(io::ErrorKind::StorageFull);
        full.data("x");
        assert_eq!(full.finish().unwrap().kind(), io::ErrorKind::StorageFull);
    }

    #[test]
    fn data_and_notes_go_their_own_ways() {
        let (mut output, out, err) = kept(Volume::Quiet);
        output.data("data");
        output.note("note");
        output.failure("error");
        assert_eq!((out.text(), err.text()), ("data".to_owned(), "error".to_owned()));
    }

    #[test]
    fn colours_follow_flag_then_variables_then_the_terminal() {
        let term = ("TERM", "xterm");
        assert_eq!(colour_of(&[term], When::Auto), Colour::On);
        assert_eq!(colour_of(&[term, ("NO_COLOR", "1")], When::Auto), Colour::Off);
        assert_eq!(colour_of(&[term, ("NO_COLOR", "1")], When::Always), Colour::On);
        assert_eq!(colour_of(&[("TERM", "dumb")], When::Auto), Colour::Off);
        assert_eq!(colour_of(&[("TERM", "dumb"), ("CLICOLOR_FORCE", "1")], When::Auto), Colour::On);
        assert_eq!(colour_of(&[term], When::Never), Colour::Off);
        let pipe = Style::new(&environment(&[term]), Stream::Plain, When::Auto);
        assert_eq!((pipe.colour, pipe.width), (Colour::Off, 80));
    }

    #[test]
    fn a_terminal_that_cannot_show_marks_gets_plain_ones() {
        let of = |variables: &[(&str, &str)]| Style::new(&environment(variables), Stream::Plain, When::Auto).charset;
        assert_eq!(of(&[("LANG", "de_DE.UTF-8")]), Charset::Unicode);
        assert_eq!(of(&[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")]), Charset::Ascii);
        assert_eq!(of(&[]), Charset::Unicode);
    }
}
