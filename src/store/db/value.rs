//! A value in sled: version, kind, body, CRC-32. sled can answer with bytes that were never written.

/// The version of every value in the database.
const VERSION: u8 = 1;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// A text about the database itself.
    Meta = b'm',
    /// Where the journal stood.
    Head = b'h',
    /// A restore point's entry.
    Point = b'p',
    /// A part of a restore point's session.
    Chunk = b'c',
    /// A cached value.
    Inline = b'i',
    /// The digest of a cached value that is a file.
    File = b'f',
    /// The key that was cached at a place in the order.
    Order = b'o',
}

/// Wraps a body.
pub(super) fn seal(kind: Kind, body: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(body.len() + 6);
    value.push(VERSION);
    value.push(kind as u8);
    value.extend_from_slice(body);
    let crc = crc32fast::hash(&value);
    value.extend_from_slice(&crc.to_le_bytes());
    value
}

/// The body, if the value is whole and of this kind.
pub(super) fn open(kind: Kind, value: &[u8]) -> Option<&[u8]> {
    let (content, crc) = value.split_last_chunk::<4>()?;
    let whole = crc32fast::hash(content) == u32::from_le_bytes(*crc);
    let body = content.strip_prefix(&[VERSION, kind as u8])?;
    whole.then_some(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_opens_as_what_it_was_sealed_as_and_nothing_else() {
        let value = seal(Kind::Point, b"body");
        assert_eq!(open(Kind::Point, &value), Some(b"body".as_slice()));
        assert_eq!(open(Kind::Chunk, &value), None);
        for place in 0..value.len() {
            let mut changed = value.clone();
            changed[place] ^= 1;
            assert_eq!(open(Kind::Point, &changed), None, "byte {place}");
            assert_eq!(open(Kind::Point, &value[..place]), None);
        }
    }
}
