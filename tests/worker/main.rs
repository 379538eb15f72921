//! The worker room against the fake `claude`, under the real supervisor: what goes in, what each kind of failure
//! comes to, when it is cut off, and what is adopted after the daemon was away.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests build folders and read them")]

mod adoption;
mod driving;
mod outcomes;
mod scripted;
mod support;

mod throughput;
