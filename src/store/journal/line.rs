//! One line of the journal: `version crc seq time prev body`.
//!
//! `crc` is the CRC-32 of everything else on the line, `prev` the BLAKE3 of the whole line before. All later formats
//! keep `version crc …`, so that a line of a newer cco is told from a damaged one. Fields are compared as they are
//! written: there is one spelling of each, so no changed byte goes unseen.

use jiff::Timestamp;

use crate::words::{Hash, Seq};

/// The longest line, in bytes. Bodies are bounded by what the core keeps; this bounds what a damaged file can cost.
pub(crate) const LONGEST: usize = 16 << 20;

/// The version of the line format and of the records inside.
const VERSION: &str = "1";

/// Where a record stands: enough to go on reading after it and to see that it is still the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The record; 0 before the first.
    pub seq: Seq,
    /// The first byte of its line.
    pub start: u64,
    /// The first byte after its line.
    pub end: u64,
    /// BLAKE3 of its line, without the line feed.
    pub hash: Hash,
}

impl Mark {
    /// The place before the first record.
    pub const ORIGIN: Self = Self { seq: Seq(0), start: 0, end: 0, hash: Hash::ZERO };
}

/// What a line says, borrowed from its bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) seq: Seq,
    pub(super) at: Timestamp,
    pub(super) prev: Hash,
    pub(super) body: &'a [u8],
}

/// Why a line is not one of this format.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Its checksum is right and its version is not ours.
    Newer(String),
    /// It is not what was written.
    Damaged(&'static str),
}

/// Writes a line, its line feed included.
pub(super) fn encode(seq: Seq, at: Timestamp, prev: Hash, body: &[u8]) -> Vec<u8> {
    let mut rest = format!("{seq} {at} {prev} ").into_bytes();
    rest.extend_from_slice(body);
    let mut line = format!("{VERSION} {:08x} ", checksum(VERSION.as_bytes(), &rest)).into_bytes();
    line.append(&mut rest);
    line.push(b'\n');
    line
}

/// Reads a line, given without its line feed.
pub(super) fn decode(line: &[u8]) -> Result<Line<'_>, Fault> {
    let (version, after) = word(line).ok_or(Fault::Damaged("its header is not complete"))?;
    let (crc, rest) = word(after).ok_or(Fault::Damaged("its header is not complete"))?;
    if format!("{:08x}", checksum(version, rest)).as_bytes() != crc {
        return Err(Fault::Damaged("its checksum does not match"));
    }
    if version != VERSION.as_bytes() {
        return Err(Fault::Newer(format!("journal format {}", String::from_utf8_lossy(version))));
    }
    fields(rest).ok_or(Fault::Damaged("its header cannot be read"))
}

fn fields(rest: &[u8]) -> Option<Line<'_>> {
    let (seq, rest) = word(rest)?;
    let (at, rest) = word(rest)?;
    let (prev, body) = word(rest)?;
    let text = |bytes| std::str::from_utf8(bytes).ok();
    Some(Line {
        seq: Seq(text(seq)?.parse().ok()?),
        at: text(at)?.parse().ok()?,
        prev: text(prev)?.parse().ok()?,
        body,
    })
}

/// The bytes before the first space, and those after it.
fn word(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = bytes.iter().position(|byte| *byte == b' ')?;
    Some((bytes.get(..space)?, bytes.get(space + 1..)?))
}

fn checksum(version: &[u8], rest: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(version);
    crc.update(b" ");
    crc.update(rest);
    crc.finalize()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::*;

    fn line() -> Vec<u8> {
        let at = "2026-01-02T03:04:05.678901234Z".parse().unwrap();
        let mut line = encode(Seq(7), at, Hash::of(b"before"), br#"{"cancelled":{"attempt":3}}"#);
        assert_eq!(line.pop(), Some(b'\n'));
        line
    }

    #[test]
    fn a_line_reads_as_it_was_written() {
        let line = line();
        let read = decode(&line).unwrap();
        assert_eq!(
            (read.seq, read.prev, read.body),
            (Seq(7), Hash::of(b"before"), br#"{"cancelled":{"attempt":3}}"#.as_slice())
        );
        assert_eq!(read.at.to_string(), "2026-01-02T03:04:05.678901234Z");
    }

    #[test]
    fn every_changed_byte_is_seen() {
        let line = line();
        for place in 0..line.len() {
            for change in 1..=255 {
                let mut changed = line.clone();
                changed[place] ^= change;
                assert!(matches!(decode(&changed), Err(Fault::Damaged(_))), "byte {place} ^ {change}");
            }
        }
    }

    #[test]
    fn a_newer_format_is_told_from_damage() {
        let rest = b"something else entirely";
        let line = [format!("2 {:08x} ", checksum(b"2", rest)).as_bytes(), rest].concat();
        assert_eq!(decode(&line), Err(Fault::Newer("journal format 2".into())));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_decoder_fall_over(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(decode(&bytes).is_err());
        }

        #[test]
        fn any_body_and_time_come_back(second in -4_000_000_000_i64..8_000_000_000, nano in 0..1_000_000_000_i32, body in "[^\n]*") {
            let at = Timestamp::new(second, nano).unwrap();
            let line = encode(Seq(1), at, Hash::ZERO, body.as_bytes());
            let read = decode(&line[..line.len() - 1]).unwrap();
            prop_assert_eq!((read.at, read.body), (at, body.as_bytes()));
        }
    }
}
