//! Bytes to [`Node`]: UTF-8, size, syntax, duplicate keys, tags, aliases. What comes out is bounded in size and depth.

use std::collections::HashMap;

use granit_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Tag};

use super::{Code, Content, Diagnostic, Entry, Map, Node, Source, Span, keep};

/// Largest file that is read, in bytes (`crates.md` section 3).
const MAX_BYTES: usize = 256 * 1024;
/// Most values a file may have after its aliases are replaced by what they stand for. A file of [`MAX_BYTES`] cannot
/// have more without aliases.
const MAX_VALUES: usize = MAX_BYTES;
/// Deepest nesting; everything that walks the tree does so on the stack.
const MAX_DEPTH: usize = 64;

/// The bytes as text and as a tree.
///
/// # Errors
///
/// Every duplicate key and unknown tag, or the one thing that keeps the rest from being read.
pub(crate) fn parse<'a>(name: &'a str, bytes: &'a [u8]) -> Result<(Source<'a>, Node), Vec<Diagnostic>> {
    let source = text_of(name, bytes).map_err(|diagnostic| vec![*diagnostic])?;
    let mut reader = Reader { source, anchors: HashMap::new(), values: 0, mistakes: Vec::new() };
    match reader.document() {
        Ok(root) if reader.mistakes.is_empty() => Ok((source, root)),
        Ok(_) => Err(reader.mistakes),
        Err(stop) => {
            reader.mistakes.push(*stop);
            Err(reader.mistakes)
        }
    }
}

fn text_of<'a>(name: &'a str, bytes: &'a [u8]) -> Result<Source<'a>, Box<Diagnostic>> {
    if bytes.len() > MAX_BYTES {
        let message = format!("the file has {} bytes; at most {MAX_BYTES} are read", bytes.len());
        return Err(Box::new(Source { name, text: "" }.error(Code::TooLarge, Span::START, message)));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map(|text| Source { name, text }).map_err(|error| {
        let good = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
        let line = good.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = good.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
        let message = format!("byte {} is not UTF-8", error.valid_up_to() + 1);
        Box::new(Source { name, text: good }.error(Code::NotText, Span { line, column, length: 1 }, message))
    })
}

type Stop = Box<Diagnostic>;
type Events<'a> = Parser<'a, granit_parser::StrInput<'a>>;

struct Reader<'a> {
    source: Source<'a>,
    anchors: HashMap<usize, Anchor>,
    values: usize,
    mistakes: Vec<Diagnostic>,
}

/// What an alias stands for; `None` while the anchored value is still being read.
struct Anchor {
    node: Option<Node>,
    values: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Result<Node, Stop> {
        let options = granit_parser::options! {
            emit_comments: false,
            flow_nesting_limit: MAX_DEPTH,
            block_nesting_limit: MAX_DEPTH,
        };
        let mut events = Parser::new_from_str_with_options(self.source.text, options);
        let mut root = None;
        loop {
            let (event, at) = self.next(&mut events)?;
            match event {
                Event::StreamEnd => break,
                Event::DocumentStart(..) if root.is_some() => {
                    let message = "a second document begins here";
                    return Err(Box::new(self.source.error(Code::Documents, at, message)));
                }
                Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
                node => root = Some(self.node(&mut events, node, at, 0)?),
            }
        }
        match root {
            Some(root) if root.content != Content::Null => Ok(root),
            _ => Err(Box::new(
                self.source.error(Code::Empty, Span::START, "the file is empty").help("`cco init` writes one"),
            )),
        }
    }

    fn next(&self, events: &mut Events<'a>) -> Result<(Event<'a>, Span), Stop> {
        match events.next_event() {
            Some(Ok((event, span))) => {
                let length = match span.end.line() {
                    line if line == span.start.line() => span.end.col().saturating_sub(span.start.col()),
                    _ => 1,
                };
                Ok((event, Span { length: length.max(1), ..place(&span.start) }))
            }
            Some(Err(error)) => Err(self.syntax(&error)),
            None => Ok((Event::StreamEnd, Span::START)),
        }
    }

    fn syntax(&self, error: &ScanError) -> Stop {
        let text = error.info();
        let diagnostic = self.source.error(Code::Syntax, place(error.marker()), format!("not YAML: {text}"));
        Box::new(match hint_for(&diagnostic.snippet, &text) {
            Some(hint) => diagnostic.help(hint),
            None => diagnostic,
        })
    }

    /// One value, which begins with `event`; reads on to its end.
    fn node(&mut self, events: &mut Events<'a>, event: Event<'a>, at: Span, depth: usize) -> Result<Node, Stop> {
        self.count(1, depth, at)?;
        let before = self.values;
        let (content, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let as_text = self.tag(tag.as_deref(), at);
                (scalar(&text, style, as_text), anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.tag(tag.as_deref(), at);
                self.open(anchor);
                (Content::List(self.list(events, depth)?), anchor)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.tag(tag.as_deref(), at);
                self.open(anchor);
                (Content::Map(self.map(events, depth)?), anchor)
            }
            Event::Alias(id) => return self.alias(id, at, depth),
            // The parser ends a collection only where it has begun one, and anchors and comments are switched off.
            _ => (Content::Null, 0),
        };
        let node = Node { at, content };
        if anchor > 0 {
            let anchored = Anchor { values: self.values - before, depth: depth_of(&node), node: Some(node.clone()) };
            self.anchors.insert(anchor, anchored);
        }
        Ok(node)
    }

    fn open(&mut self, anchor: usize) {
        if anchor > 0 {
            self.anchors.insert(anchor, Anchor { node: None, values: 0, depth: 0 });
        }
    }

    fn list(&mut self, events: &mut Events<'a>, depth: usize) -> Result<Vec<Node>, Stop> {
        let mut items = Vec::new();
        loop {
            match self.next(events)? {
                (Event::SequenceEnd | Event::StreamEnd, _) => return Ok(items),
                (event, at) => items.push(self.node(events, event, at, depth + 1)?),
            }
        }
    }

    fn map(&mut self, events: &mut Events<'a>, depth: usize) -> Result<Map, Stop> {
        let mut map = Map::default();
        let mut seen: HashMap<String, Span> = HashMap::new();
        loop {
            let (key, key_at) = match self.next(events)? {
                (Event::MappingEnd | Event::StreamEnd, _) => return Ok(map),
                (event, at) => (self.node(events, event, at, depth + 1)?, at),
            };
            let (event, at) = self.next(events)?;
            let mut value = self.node(events, event, at, depth + 1)?;
            if value.content == Content::Null {
                // There is nothing to point at but the key.
                value.at = key_at;
            }
            let Some(key) = self.key(&key, key_at) else { continue };
            match seen.get(&key) {
                Some(first) => keep(&mut self.mistakes, || {
                    self.source
                        .error(Code::DuplicateKey, key_at, format!("the key `{key}` is given twice"))
                        .help(format!("it was given first in line {}; remove one of the two", first.line))
                }),
                None => {
                    seen.insert(key.clone(), key_at);
                    map.entries.push(Entry { key, key_at, value });
                }
            }
        }
    }

    /// A key as text: numbers and truth values as they would be written.
    fn key(&mut self, key: &Node, at: Span) -> Option<String> {
        match &key.content {
            Content::Text(text) => Some(text.clone()),
            Content::Number(number) => Some(number.to_string()),
            Content::Bool(value) => Some(value.to_string()),
            Content::Null | Content::List(_) | Content::Map(_) => {
                let message = format!("a key must be a text, not {}", key.kind());
                keep(&mut self.mistakes, || self.source.error(Code::WrongType, at, message));
                None
            }
        }
    }

    fn alias(&mut self, id: usize, at: Span, depth: usize) -> Result<Node, Stop> {
        let Some(anchor) = self.anchors.get(&id) else { return Ok(Node { at, content: Content::Null }) };
        let (values, below) = (anchor.values, anchor.depth);
        let Some(node) = anchor.node.clone() else {
            return Err(Box::new(self.source.error(Code::Expansion, at, "an alias stands for itself")));
        };
        self.count(values, depth + below, at)?;
        Ok(Node { at, ..node })
    }

    /// Counts values before they are made, so that a bomb never goes off.
    fn count(&mut self, values: usize, depth: usize, at: Span) -> Result<(), Stop> {
        self.values = self.values.saturating_add(values);
        let message = match () {
            () if self.values > MAX_VALUES => format!("aliases make more than {MAX_VALUES} values of this file"),
            () if depth > MAX_DEPTH => format!("nested more than {MAX_DEPTH} levels deep"),
            () => return Ok(()),
        };
        Err(Box::new(self.source.error(Code::Expansion, at, message)))
    }

    /// Whether a tag asks for text; a tag that cco does not know is a mistake.
    fn tag(&mut self, tag: Option<&Tag>, at: Span) -> bool {
        let Some(tag) = tag else { return false };
        if !tag.is_yaml_core_schema() && tag.original() != "!" {
            let message = format!("the tag `{}` has no meaning here", tag.original());
            keep(&mut self.mistakes, || self.source.error(Code::Tag, at, message).help("remove it"));
        }
        tag.is_yaml_core_schema_tag("str") || tag.original() == "!"
    }
}

fn place(mark: &Marker) -> Span {
    Span { line: mark.line().max(1), column: mark.col() + 1, length: 1 }
}

fn depth_of(node: &Node) -> usize {
    match &node.content {
        Content::List(items) => 1 + items.iter().map(depth_of).max().unwrap_or(0),
        Content::Map(map) => 1 + map.entries.iter().map(|entry| depth_of(&entry.value)).max().unwrap_or(0),
        Content::Null | Content::Bool(_) | Content::Number(_) | Content::Text(_) => 0,
    }
}

/// A scalar by the core schema of YAML 1.2: `yes`, `no`, `on` and `off` are texts.
fn scalar(text: &str, style: ScalarStyle, as_text: bool) -> Content {
    if style != ScalarStyle::Plain || as_text {
        return Content::Text(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Content::Null,
        "true" | "True" | "TRUE" => Content::Bool(true),
        "false" | "False" | "FALSE" => Content::Bool(false),
        _ => number(text).map_or_else(|| Content::Text(text.to_owned()), Content::Number),
    }
}

fn number(text: &str) -> Option<serde_json::Number> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if let Some(hex) = text.strip_prefix("0x") {
        return u64::from_str_radix(hex, 16).ok().map(Into::into);
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return u64::from_str_radix(octal, 8).ok().map(Into::into);
    }
    let starts = digits.starts_with(|c: char| c.is_ascii_digit())
        || digits.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if !starts || !digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')) {
        return None;
    }
    let plain = text.strip_prefix('+').unwrap_or(text);
    plain
        .parse::<u64>()
        .map(Into::into)
        .or_else(|_| plain.parse::<i64>().map(Into::into))
        .ok()
        .or_else(|| plain.parse::<f64>().ok().and_then(serde_json::Number::from_f64))
}

/// What usually is behind a syntax error on such a line.
fn hint_for(line: &str, text: &str) -> Option<&'static str> {
    let indent = &line[..line.len() - line.trim_start().len()];
    if indent.contains('\t') || text.contains("tab") {
        return Some("indent with spaces: YAML does not allow tabs");
    }
    if line.matches(": ").count() > 1 && !line.contains(['"', '\'', '{']) {
        return Some("put a text that contains `: ` in quotes");
    }
    if line.contains(": *") || line.contains("- *") {
        return Some("put a text that begins with `*` in quotes");
    }
    if line.contains(": @") || line.contains(": `") || line.contains(": %") {
        return Some("put a text that begins with `@`, `%` or a back-tick in quotes");
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn json(text: &str) -> serde_json::Value {
        parse("f.yaml", text.as_bytes()).unwrap().1.to_json()
    }

    fn codes(text: &str) -> Vec<(Code, usize, usize)> {
        parse("f.yaml", text.as_bytes()).unwrap_err().iter().map(|d| (d.code, d.line, d.column)).collect()
    }

    #[test]
    fn scalars_are_those_of_yaml_1_2() {
        let read = json("{a: no, b: off, c: 012, d: 1e3, e: 0x1F, f: '5', g: 1.5, h: ~, i: 1.2.3, j: !!str 7, l: 1-2}");
        let wanted = serde_json::json!({"a": "no", "b": "off", "c": 12, "d": 1000.0, "e": 31, "f": "5", "g": 1.5, "h": null,
            "i": "1.2.3", "j": "7", "l": "1-2"});
        assert_eq!(read, wanted);
    }

    #[test]
    fn an_alias_stands_for_its_value() {
        assert_eq!(json("a: &x [1, 2]\nb: *x\n"), serde_json::json!({"a": [1, 2], "b": [1, 2]}));
    }

    #[test]
    fn duplicate_keys_and_tags_are_all_found() {
        assert_eq!(
            codes("a: 1\nb: !thing 2\na: 3\n"),
            [(Code::Tag, 2, 11), (Code::DuplicateKey, 3, 1)].map(|(c, l, k)| (c, l, k))
        );
    }

    #[test]
    fn bombs_are_refused_before_they_go_off() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for level in 1..9 {
            let alias = vec![format!("*a{}", level - 1); 9].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{alias}]\n"));
        }
        assert_eq!(codes(&bomb)[0].0, Code::Expansion);
        assert_eq!(codes("a: &a [*a]")[0].0, Code::Expansion);
        assert_eq!(codes(&"[".repeat(100_000))[0].0, Code::Syntax);
        assert_eq!(codes(&" ".repeat(MAX_BYTES + 1))[0].0, Code::TooLarge);
    }

    #[test]
    fn aliases_cannot_nest_deeper_than_the_file_may() {
        let mut deep = format!("a0: &a0 {}x{}\n", "[".repeat(60), "]".repeat(60));
        deep.push_str(&format!("b: {}*a0{}\n", "[".repeat(60), "]".repeat(60)));
        assert_eq!(codes(&deep)[0].0, Code::Expansion);
    }

    #[test]
    fn what_is_not_one_text_document_is_refused_at_its_place() {
        assert_eq!(codes("# only a comment\n"), [(Code::Empty, 1, 1)]);
        assert_eq!(codes("a: 1\n---\nb: 2\n"), [(Code::Documents, 2, 1)]);
        let wrong = parse("f", b"a: 1\nb: \xff").unwrap_err();
        assert_eq!((wrong[0].code, wrong[0].line, wrong[0].column), (Code::NotText, 2, 4));
    }

    #[test]
    fn common_slips_get_a_hint() {
        let tab = parse("f", b"a:\n\tb: 1\n").unwrap_err();
        assert!(tab[0].hint.as_deref().unwrap().contains("tabs"), "{tab:?}");
        assert_eq!(tab[0].line, 2);
        let colon = parse("f", b"a: 1\nrun: echo foo: bar\n").unwrap_err();
        assert!(colon[0].hint.as_deref().unwrap().contains("quotes"), "{colon:?}");
        assert_eq!(colon[0].line, 2);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            drop(parse("f", &bytes));
        }

        #[test]
        fn no_yaml_like_text_makes_it_panic(text in "[-a-c:&*!\\[\\]{}|>'\"#?,% \n\t]{0,200}") {
            drop(parse("f", text.as_bytes()));
        }
    }
}
