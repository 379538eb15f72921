//! `verify/` with real processes, real servers and real files: what a check says about a folder.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests make the files they look at")]

mod commands;
mod kinds;
mod opinions;
mod reports;
mod services;
mod support;
