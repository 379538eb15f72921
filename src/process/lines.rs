//! Bytes into lines of any length up to [`MAX_LINE`], without a fixed buffer and without copying a line twice.
//!
//! A real `claude` writes lines of 3 MB (measured on claude 2.1.328: an edit of a large file); a line above the
//! bound is left out as a whole and reported as [`Line::Skipped`], never as a truncated piece of JSON.

/// The longest line that is handed on, in bytes (`faults.md` B8: far above the real ones).
pub const MAX_LINE: usize = 16 << 20;

/// One line without its newline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// Its bytes; nothing is promised about their encoding.
    Whole(&'a [u8]),
    /// It was longer than the bound.
    Skipped {
        /// How long it was.
        bytes: u64,
    },
}

/// Collects chunks and gives complete lines.
#[derive(Debug)]
pub struct LineBuffer {
    bytes: Vec<u8>,
    /// Where the next line begins.
    start: usize,
    /// Up to where there is no newline.
    searched: usize,
    /// The end of the next line, once it is found.
    newline: Option<usize>,
    /// Bytes of the current line that were already thrown away.
    skipped: u64,
    limit: usize,
}

impl Default for LineBuffer {
    fn default() -> Self {
        Self::new(MAX_LINE)
    }
}

impl LineBuffer {
    /// A buffer that skips lines of more than `limit` bytes.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), start: 0, searched: 0, newline: None, skipped: 0, limit }
    }

    /// Room at the end for the next chunk; what was used of it is told to [`Self::filled`].
    pub fn space(&mut self, size: usize) -> &mut [u8] {
        if self.start > 0 {
            // Lines that were handed out make room; what is left is at most one partial line.
            self.bytes.drain(..self.start);
            self.searched -= self.start;
            self.newline = self.newline.map(|newline| newline - self.start);
            self.start = 0;
        }
        let old = self.bytes.len();
        self.bytes.resize(old + size, 0);
        &mut self.bytes[old..]
    }

    /// Keeps the first `used` of the `size` bytes given out by [`Self::space`].
    pub fn filled(&mut self, size: usize, used: usize) {
        self.bytes.truncate(self.bytes.len() - size + used.min(size));
    }

    /// Adds a chunk.
    pub fn push(&mut self, chunk: &[u8]) {
        self.space(chunk.len()).copy_from_slice(chunk);
    }

    /// Whether [`Self::next_line`] has one.
    pub fn has_line(&mut self) -> bool {
        if self.newline.is_none() {
            self.search();
        }
        self.newline.is_some()
    }

    /// The next complete line.
    pub fn next_line(&mut self) -> Option<Line<'_>> {
        self.has_line();
        let end = self.newline.take()?;
        Some(self.cut(end, end + 1))
    }

    /// After the end of input: what stands behind the last newline, if anything.
    pub fn rest(&mut self) -> Option<Line<'_>> {
        let end = self.bytes.len();
        (end > self.start || self.skipped > 0).then(|| self.cut(end, end))
    }

    fn search(&mut self) {
        if let Some(offset) = memchr::memchr(b'\n', &self.bytes[self.searched..]) {
            self.newline = Some(self.searched + offset);
            return;
        }
        self.searched = self.bytes.len();
        if self.searched - self.start > self.limit {
            self.skipped += (self.searched - self.start) as u64;
            self.bytes.clear();
            (self.start, self.searched) = (0, 0);
        }
    }

    fn cut(&mut self, end: usize, next: usize) -> Line<'_> {
        let start = self.start;
        let bytes = self.skipped + (end - start) as u64;
        (self.start, self.searched, self.skipped) = (next, next, 0);
        if bytes > self.limit as u64 { Line::Skipped { bytes } } else { Line::Whole(&self.bytes[start..end]) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn collect(buffer: &mut LineBuffer, chunks: &[&[u8]]) -> Vec<Result<Vec<u8>, u64>> {
        let own = |line: Line<'_>| match line {
            Line::Whole(bytes) => Ok(bytes.to_vec()),
            Line::Skipped { bytes } => Err(bytes),
        };
        let mut lines = Vec::new();
        for chunk in chunks {
            buffer.push(chunk);
            while let Some(line) = buffer.next_line() {
                lines.push(own(line));
            }
        }
        lines.extend(buffer.rest().map(own));
        lines
    }

    #[test]
    fn a_line_over_the_bound_is_skipped_to_its_newline() {
        let mut buffer = LineBuffer::new(4);
        let lines = collect(&mut buffer, &[b"abcd\nabcde\n", b"1234", b"5678", b"9\nok"]);
        assert_eq!(lines, vec![Ok(b"abcd".to_vec()), Err(5), Err(9), Ok(b"ok".to_vec())]);
    }

    #[test]
    fn memory_stays_bounded_while_a_huge_line_goes_by() {
        let mut buffer = LineBuffer::new(1000);
        for _ in 0..10_000 {
            buffer.push(&[b'x'; 100]);
            assert_eq!(buffer.next_line(), None);
        }
        assert!(buffer.bytes.len() <= 1100);
        buffer.push(b"\n");
        assert_eq!(buffer.next_line(), Some(Line::Skipped { bytes: 1_000_000 }));
    }

    proptest! {
        #[test]
        fn cutting_the_input_anywhere_gives_the_same_lines(
            text in proptest::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..200),
            cuts in proptest::collection::vec(0usize..200, 0..6),
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.sort_unstable();
            cuts.push(text.len());
            let mut chunks = Vec::new();
            let mut from = 0;
            for to in cuts {
                chunks.push(&text[from..to]);
                from = to;
            }
            let mut expected: Vec<Result<Vec<u8>, u64>> = text
                .split(|byte| *byte == b'\n')
                .map(|line| if line.len() > 20 { Err(line.len() as u64) } else { Ok(line.to_vec()) })
                .collect();
            if expected.last() == Some(&Ok(Vec::new())) {
                expected.pop();
            }
            prop_assert_eq!(collect(&mut LineBuffer::new(20), &chunks), expected);
        }
    }
}
