//! Process trees under the real supervisor: how they end, what is kept of their output, and that nothing outlives
//! them. Real processes throughout; what has to be waited for is waited for through pipes, files and pidfds.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests build folders and start programs")]

mod daemon;
mod ends;
mod output;
mod support;
